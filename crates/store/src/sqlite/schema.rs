//! A site's database is made, or brought up to date, when it is opened for writing.

use std::path::Path;

use kernel::id::Id;
use rusqlite::{Connection, OpenFlags};

use super::{SCHEMA_VERSION, SITE, StoreError, left, open, part, pass, program};

/// Opens for writing and makes the tables if there are none.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 4096;",
    )?;
    prepare(&connection)?;
    Ok(connection)
}

/// Makes the tables if there are none, and brings those of the version before up to date.
pub(super) fn prepare(connection: &Connection) -> Result<(), StoreError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match found {
        0 => {
            connection.execute_batch(&format!(
                "BEGIN; {} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;",
                include_str!("schema.sql")
            ))?;
            Ok(())
        }
        SCHEMA_VERSION => Ok(()),
        // Since 4: `part_use`; since 5: `several`; since 6: visits over midnight have an end;
        // since 7: so have those of boards that come one after another; since 8: at which positions something was removed, and what lacks a side because of
        // others is known to. All follow from the other tables.
        4..=8 => {
            connection.execute_batch("BEGIN")?;
            let filled = fill(connection, found);
            let end = if filled.is_ok() {
                format!("PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
            } else {
                "ROLLBACK;".into()
            };
            connection.execute_batch(&end)?;
            filled
        }
        found => Err(StoreError::SchemaVersion { found }),
    }
}

/// Makes and fills what was not kept in an earlier version.
fn fill(connection: &Connection, found: i64) -> Result<(), StoreError> {
    let removed: Vec<Id> = connection
        .prepare("SELECT unit FROM removed WHERE site = ?1")?
        .query_map([SITE], |row| Ok(Id(row.get(0)?)))?
        .collect::<rusqlite::Result<_>>()?;
    connection.execute_batch("DROP TABLE removed")?;
    make(connection, "removed")?;
    pass::fill_removed(connection, &removed)?;
    if found == 4 {
        make(connection, "part_use")?;
        part::fill(connection)?;
        program::check_all(connection)?;
    }
    if found <= 5 {
        make(connection, "several")?;
    }
    pass::look_anew(connection, found < 6)?;
    left::bound_all(connection)
}

/// Makes one table of the schema.
fn make(connection: &Connection, name: &str) -> Result<(), StoreError> {
    let schema = include_str!("schema.sql");
    let table = schema.split_inclusive(';').find(|part| part.contains(&format!("CREATE TABLE {name} ")));
    Ok(connection.execute_batch(table.unwrap_or_default())?)
}
