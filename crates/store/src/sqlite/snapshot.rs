//! A database as it stood at one moment, to be copied while others write to it.

use std::path::Path;

use kernel::id::Seq;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::{Reader, StoreError, open_reader};

/// A database as it stood when this was taken. The file beside it that keeps what is written meanwhile grows until it is dropped.
#[derive(Debug)]
pub struct Snapshot {
    connection: Connection,
}

impl Snapshot {
    /// Holds the state of a database.
    ///
    /// # Errors
    /// When it cannot be opened or does not read.
    pub fn of(path: &Path) -> Result<Snapshot, StoreError> {
        let connection = open_reader(path)?;
        connection.execute_batch("BEGIN")?;
        // The state is held from the first read on.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        Ok(Snapshot { connection })
    }

    /// Events recorded in the database of a site.
    ///
    /// # Errors
    /// When the database fails.
    pub fn size(&self) -> Result<Seq, StoreError> {
        Reader::new(&self.connection).size()
    }

    /// Copies the database into a new or empty file and checks that the copy is whole.
    ///
    /// # Errors
    /// When the disk refuses, or the database is damaged.
    pub fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        let mut copy = Connection::open(to)?;
        // All pages in one step: with more, every commit of the writer would begin the copy anew.
        let step = Backup::new(&self.connection, &mut copy)?.step(-1)?;
        if step != StepResult::Done {
            return Err(StoreError::Damaged(format!("the copy ended with {step:?}")));
        }
        match copy.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?.as_str() {
            "ok" => Ok(()),
            found => Err(StoreError::Damaged(found.to_owned())),
        }
    }
}
