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

/// A program was active for less long than was known: patterns that were used when it was not are its own only if they were used in another run of it.
pub(super) fn shortened(
    connection: &Connection,
    station: Id,
    program: Id,
    from: i64,
    until: i64,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT pattern FROM may_use WHERE site = ?1 AND station = ?2 AND program = ?3
           AND EXISTS (SELECT 1 FROM pattern_use WHERE pattern_use.site = ?1 AND pattern_use.station = ?2
                         AND pattern_use.pattern = may_use.pattern AND pattern_use.at >= ?4 AND pattern_use.at < ?5)",
    )?;
    let patterns: Vec<i64> = statement
        .query_map(params![SITE, station.0, program.0, from, until], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for pattern in patterns {
        check(connection, station.0, program.0, pattern)?;
    }
    Ok(())
}

/// Checks all that is kept, of a database that was never checked.
pub(super) fn check_all(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection.prepare("SELECT station, program, pattern FROM may_use WHERE site = ?1")?;
    let rows: Vec<(i64, i64, i64)> = statement
        .query_map([SITE], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (station, program, pattern) in rows {
        check(connection, station, program, pattern)?;
    }
    Ok(())
}

/// Forgets that a program may have used a pattern, if it was used in none of its runs.
fn check(connection: &Connection, station: i64, program: i64, pattern: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM may_use WHERE site = ?1 AND station = ?2 AND program = ?3 AND pattern = ?4
               AND NOT EXISTS (SELECT 1 FROM mount INDEXED BY mount_thing WHERE mount.site = ?1 AND mount.thing = ?3 AND mount.station = ?2
                 AND mount.change = ?5
                 AND EXISTS (SELECT 1 FROM pattern_use WHERE pattern_use.site = ?1 AND pattern_use.station = ?2
                               AND pattern_use.pattern = ?4 AND pattern_use.at >= mount.at AND pattern_use.at < mount.until))",
        )?
        .execute(params![SITE, station, program, pattern, MountChange::On as u8])?;
    Ok(())
}
