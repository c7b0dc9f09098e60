//! Rows of what came into what, and how long what was put on a carrier lies there at most.

use kernel::id::Id;
use kernel::row::{Belonging, Within};
use kernel::time::Time;
use rusqlite::{Connection, params};

use super::span::{SPAN_END, SPANS, longest, span_of};
use super::{SITE, StoreError};

/// Writes a point, and shortens what it surely ends.
pub(super) fn add(connection: &Connection, seq: i64, ordinal: i64, within: &Within) -> Result<(), StoreError> {
    let loads = within.belonging == Belonging::Carried && within.on;
    let until = if loads { until(connection, within)? } else { within.at.0 };
    connection
        .prepare_cached(
            "INSERT INTO within (site, seq, ordinal, at, child, parent, belonging, coming, position, until, span)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            SITE,
            seq,
            ordinal,
            within.at.0,
            within.child.map_or(-1, |id| id.0),
            within.parent.0,
            within.belonging as u8,
            within.on,
            within.position,
            until,
            if loads { span_of(within.at.0, until) } else { SPAN_END }
        ])?;
    if within.belonging == Belonging::Carried && !within.on {
        shorten(connection, within)?;
    }
    Ok(())
}

/// When what is put on a carrier is surely off it: everything is taken off, or it, or what lies at its position.
fn until(connection: &Connection, within: &Within) -> Result<i64, StoreError> {
    let end: Option<i64> = connection
        .prepare_cached(
            "SELECT min(at) FROM within INDEXED BY within_carried
             WHERE site = ?1 AND parent = ?2 AND belonging = 3 AND span = ?3 AND at > ?4
               AND (child = -1 OR child = ?5 OR child BETWEEN ?2 AND (?2 | 255) AND position = ?6)",
        )?
        .query_row(
            params![SITE, within.parent.0, SPAN_END, within.at.0, within.child.map_or(-1, |id| id.0), within.position],
            |row| row.get(0),
        )?;
    Ok(end.unwrap_or(Time::MAX.0))
}

fn shorten(connection: &Connection, end: &Within) -> Result<(), StoreError> {
    let child = end.child.map_or(-1, |id| id.0);
    for span in 0..SPANS {
        let first = longest(span).map_or(i64::MIN, |longest| end.at.0.saturating_sub(longest));
        let rows: Vec<(i64, i64, i64)> = connection
            .prepare_cached(
                "SELECT seq, ordinal, at FROM within INDEXED BY within_carried
                 WHERE site = ?1 AND parent = ?2 AND belonging = 3 AND span = ?3 AND at >= ?4 AND at < ?5 AND until > ?5
                   AND (?6 = -1 OR child = ?6 OR ?6 BETWEEN ?2 AND (?2 | 255) AND position = ?7)",
            )?
            .query_map(params![SITE, end.parent.0, span, first, end.at.0, child, end.position], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        for (seq, ordinal, at) in rows {
            connection
                .prepare_cached(
                    "UPDATE within SET until = ?4, span = ?5 WHERE site = ?1 AND seq = ?2 AND ordinal = ?3",
                )?
                .execute(params![SITE, seq, ordinal, end.at.0, span_of(at, end.at.0)])?;
        }
    }
    Ok(())
}

/// Whether anything was put on a thing, or taken off it, before.
pub(super) fn carries(connection: &Connection, thing: Id) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT 1 FROM within INDEXED BY within_parent WHERE site = ?1 AND parent = ?2 AND belonging = ?3 LIMIT 1",
        )?
        .exists(params![SITE, thing.0, Belonging::Carried as u8])?;
    Ok(found)
}

/// When something was put on a carrier (or else taken off it), after one time and until another.
pub(super) fn moves(
    connection: &Connection,
    carrier: Id,
    after: Time,
    until: Time,
) -> Result<Vec<(Time, bool)>, StoreError> {
    let mut found = Vec::new();
    for span in (0..SPANS).chain([SPAN_END]) {
        let mut statement = connection.prepare_cached(
            "SELECT DISTINCT at, coming FROM within INDEXED BY within_carried
             WHERE site = ?1 AND parent = ?2 AND belonging = 3 AND span = ?3 AND at > ?4 AND at <= ?5",
        )?;
        let values = params![SITE, carrier.0, span, after.0, until.0];
        let moves = statement.query_map(values, |row| Ok((Time(row.get(0)?), row.get(1)?)))?;
        found.extend(moves.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    Ok(found)
}
