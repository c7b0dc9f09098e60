//! Which patterns a program may have installed in passes that do not name it: kept when either is learned, so that a question need not look through
//! all runs of a program.

use kernel::id::{Id, PatternId};
use kernel::row::{MountChange, MountPoint};
use kernel::thing::Kind;
use kernel::time::Time;
use rusqlite::{Connection, params};

use super::span::{SPANS, longest};
use super::{SITE, StoreError};

/// A pattern was used at a time: under whatever may have been active then.
pub(super) fn used(
    connection: &Connection,
    seq: i64,
    station: Id,
    pattern: PatternId,
    at: Time,
) -> Result<(), StoreError> {
    for span in 0..SPANS {
        let first = longest(span).map_or(Time::MIN, |longest| at.plus(-longest));
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO may_use (site, station, program, pattern, seq)
                 SELECT site, station, thing, ?6, ?7 FROM mount INDEXED BY mount_during
                 WHERE site = ?1 AND station = ?2 AND kind = ?3 AND span = ?4 AND at BETWEEN ?8 AND ?5 AND until > ?5",
            )?
            .execute(params![SITE, station.0, Kind::Program as u8, span, at.0, pattern.0, seq, first.0])?;
    }
    Ok(())
}

/// A program became active, as one learns late: whatever was used since, until it ended at the latest.
pub(super) fn activated(connection: &Connection, seq: i64, ordinal: i64, point: &MountPoint) -> Result<(), StoreError> {
    let Some(program) = point.thing.filter(|_| point.kind == Some(Kind::Program) && point.change == MountChange::On)
    else {
        return Ok(());
    };
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO may_use (site, station, program, pattern, seq)
             WITH RECURSIVE here (pattern) AS (
               SELECT min(pattern) FROM pattern_use WHERE site = ?1 AND station = ?2
               UNION ALL
               SELECT (SELECT min(pattern) FROM pattern_use WHERE site = ?1 AND station = ?2 AND pattern > here.pattern) FROM here
               WHERE here.pattern IS NOT NULL)
             SELECT ?1, ?2, ?3, here.pattern, ?4 FROM here
             WHERE here.pattern IS NOT NULL AND EXISTS (
               SELECT 1 FROM pattern_use WHERE site = ?1 AND station = ?2 AND pattern = here.pattern AND at >= ?6
                 AND at < (SELECT until FROM mount WHERE site = ?1 AND seq = ?4 AND ordinal = ?5))",
        )?
        .execute(params![SITE, point.station.0, program.0, seq, ordinal, point.at.0])?;
    Ok(())
}
