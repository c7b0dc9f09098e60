//! The store on SQLite: WAL, `synchronous=FULL`, one writer, readers beside it.

mod fault;
mod left;
mod mount;
mod own;
mod part;
mod pass;
mod program;
mod reader;
mod schema;
mod side;
mod snapshot;
mod span;
mod tail;
mod within;
mod writer;

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

pub use fault::{Fault, FaultHook, Step};
pub use own::{OwnStore, Person, QuarantineFilter, QuarantineRow, Waiting, WaitingStation};
pub use reader::{Departing, Draw, Lasting, Mounted, PassRow, Reader, ReportRow};
pub use snapshot::Snapshot;
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
    /// Other passes of its units say how far it goes: an hour at most.
    Left = 5,
}

/// Version of the schema in `schema.sql`, kept in SQLite's `user_version`.
const SCHEMA_VERSION: i64 = 9;

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
    /// A database does not hold together.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The site's database was made by another version.
    #[error(
        "the database has schema version {found}, this program knows version {SCHEMA_VERSION} (from version 4 on one is brought up to date when the server or an import opens it, an older one is made anew from the ledger by `tracewright rebuild`)"
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

impl StoreError {
    /// Whether what stands in the database is not what was written.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            StoreError::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
            ),
            StoreError::Io(_) | StoreError::Packed(_) | StoreError::Damaged(_) => true,
            _ => false,
        }
    }
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
    rusqlite::vtab::array::load_module(&connection)?;
    Ok(connection)
}

/// Opens for reading, also where nothing can be written.
fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let readable = connection.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0));
    let refused = readable.is_err_and(|error| error.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen));
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if !refused || std::fs::metadata(log).is_ok_and(|log| log.len() > 0) {
        return Ok(connection);
    }
    // On a read-only disk the files that readers and a writer share cannot be made. Without a write-ahead log the database is at rest.
    let text = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let uri = format!("file:{text}?immutable=1");
    open(Path::new(&uri), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = open_to_read(path)?;
    connection.execute_batch("PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; PRAGMA query_only = ON;")?;
    Ok(connection)
}
