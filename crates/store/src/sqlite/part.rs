//! Which parts may have been used where: kept when either is learned, so that a question need not look through all packages of a part.

use kernel::id::Id;
use kernel::row::Descent;
use rusqlite::{Connection, params};

use super::{SITE, StoreError};

/// In place of a pattern: process material that was applied.
pub(super) const APPLIED: i64 = -1;

/// A package was drawn on, or applied, at a station: whatever part it is said to be, or what it was split from.
pub(super) fn used(
    connection: &Connection,
    seq: i64,
    package: Id,
    station: Id,
    pattern: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO part_use (site, station, part, pattern, seq)
             WITH RECURSIVE up (package) AS (
               SELECT ?3
               UNION
               SELECT derived.parent FROM up CROSS JOIN derived INDEXED BY derived_child
                 ON derived.site = ?1 AND derived.child = up.package AND derived.descent = ?6)
             SELECT ?1, ?4, statement.part, ?5, ?2 FROM up CROSS JOIN statement ON statement.site = ?1 AND statement.package = up.package
             WHERE +statement.part IS NOT NULL",
        )?
        .execute(params![SITE, seq, package.0, station.0, pattern, Descent::Split as u8])?;
    Ok(())
}

/// More is known of what part a package is: wherever it was used, and what was split from it.
pub(super) fn learned(connection: &Connection, seq: i64, package: Id) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO part_use (site, station, part, pattern, seq)
             WITH RECURSIVE up (package) AS (
               SELECT ?3
               UNION
               SELECT derived.parent FROM up CROSS JOIN derived INDEXED BY derived_child
                 ON derived.site = ?1 AND derived.child = up.package AND derived.descent = ?4),
             down (package) AS (
               SELECT ?3
               UNION
               SELECT derived.child FROM down CROSS JOIN derived
                 ON derived.site = ?1 AND derived.parent = down.package AND derived.descent = ?4),
             used (station, pattern) AS (
               SELECT draw.station, draw.pattern FROM down CROSS JOIN draw INDEXED BY draw_thing
                 ON draw.site = ?1 AND draw.thing = down.package
               UNION
               SELECT difference_thing.station, difference_thing.pattern FROM down CROSS JOIN difference_thing
                 ON difference_thing.site = ?1 AND difference_thing.thing = down.package
               UNION
               SELECT pass.station, ?5 FROM down CROSS JOIN link ON link.site = ?1 AND link.thing = down.package
                 CROSS JOIN pass ON pass.site = ?1 AND pass.id = link.pass)
             SELECT ?1, used.station, statement.part, used.pattern, ?2
             FROM used CROSS JOIN up CROSS JOIN statement ON statement.site = ?1 AND statement.package = up.package
             WHERE +statement.part IS NOT NULL",
        )?
        .execute(params![SITE, seq, package.0, Descent::Split as u8, APPLIED])?;
    Ok(())
}

/// Fills the table of a database that has none yet.
pub(super) fn fill(connection: &Connection) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare("SELECT DISTINCT package FROM statement WHERE site = ?1 AND part IS NOT NULL")?;
    let packages: Vec<i64> = statement.query_map([SITE], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for package in packages {
        learned(connection, 0, Id(package))?;
    }
    Ok(())
}
