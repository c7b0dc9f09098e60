//! The store on SQLite: WAL, `synchronous=FULL`, one writer, readers beside it.

mod fault;
mod mount;
mod own;
mod pass;
mod program;
mod reader;
mod span;
mod tail;
mod within;
mod writer;

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

pub use fault::{Fault, FaultHook, Step};
pub use own::{OwnStore, Person, QuarantineFilter, QuarantineRow, Waiting, WaitingStation};
pub use reader::{Mounted, PassRow, Reader, ReportRow};
pub use writer::{Attachment, Heartbeats, Outcome, Store, TailCommit};

/// The only site of a store, until sites are distributed.
const SITE: i64 = 1;

/// In place of the hour in which a pass began: it lasted longer than a day.
const HOUR_ANY: i64 = -1;

/// How far back a search by time must look for a pass.
#[derive(Clone, Copy, Debug)]
enum Long {
    /// It lasted an hour at most.
    Hour = 0,
    /// It lasted a day at most.
    Day = 1,
    /// It lasted longer, and has ended.
    Closed = 2,
    /// Its end may be open.
    Open = 3,
    /// Its begin may be open.
    OpenBegin = 4,
}

/// Version of the schema in `schema.sql`, kept in SQLite's `user_version`.
const SCHEMA_VERSION: i64 = 4;

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the database failed")]
    Sqlite(#[from] rusqlite::Error),
    /// An event has no stored form.
    #[error("an event cannot be stored")]
    Stored(#[from] kernel::stored::StoredError),
    /// A compressed row does not read.
    #[error("a stored row does not unpack")]
    Io(#[from] std::io::Error),
    /// A packed row does not read.
    #[error("the packed {0} does not read")]
    Packed(&'static str),
    /// The site's database was made by another version.
    #[error(
        "the database has schema version {found}, this program knows version {SCHEMA_VERSION} (an older one is made anew from the ledger by `tracewright rebuild`)"
    )]
    SchemaVersion {
        /// Version found.
        found: i64,
    },
    /// The database of what the site alone knows was made by another version.
    #[error("own.db has schema version {found}, this program knows another")]
    OwnVersion {
        /// Version found.
        found: i64,
    },
}

/// A reader with a connection of its own.
pub type SiteReader = Reader<Connection>;

impl Reader<Connection> {
    /// Opens a site's database for reading, beside a writer or without one.
    ///
    /// # Errors
    /// When it cannot be opened, or was made by another version.
    pub fn open(path: &Path) -> Result<SiteReader, StoreError> {
        let connection = open_reader(path)?;
        match connection.query_row("PRAGMA user_version", [], |row| row.get(0))? {
            SCHEMA_VERSION => Ok(Reader::new(connection)),
            found => Err(StoreError::SchemaVersion { found }),
        }
    }
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    // A connection is used by one thread at a time: whoever holds it.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // Plans do not depend on the values asked for: else every question would have its statements planned anew.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Opens for writing and makes the tables if there are none.
fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 4096;",
    )?;
    prepare(&connection)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match found {
        0 => {
            connection.execute_batch(&format!(
                "BEGIN; {} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;",
                include_str!("sqlite/schema.sql")
            ))?;
            Ok(())
        }
        SCHEMA_VERSION => Ok(()),
        found => Err(StoreError::SchemaVersion { found }),
    }
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.execute_batch("PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; PRAGMA query_only = ON;")?;
    Ok(connection)
}
