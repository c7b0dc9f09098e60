//! The tail of the log, notes, and sizes.

use std::borrow::Borrow;

use kernel::id::{Id, Seq};
use kernel::time::Time;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Reader, Result};
use crate::sqlite::SITE;
use crate::sqlite::tail::unpack_entries;

impl<C: Borrow<Connection>> Reader<C> {
    /// Notes of a station in a window, newest first: when, index, kind of message.
    ///
    /// # Errors
    /// When the database fails.
    pub fn notes(&self, station: Id, from: Time, until: Time, limit: usize) -> Result<Vec<(Time, Seq, String)>> {
        let sql = "SELECT note.at, note.seq, note_name.text FROM note JOIN note_name ON note_name.site = note.site AND note_name.id = note.name
                   WHERE note.site = ?1 AND note.station = ?2 AND note.at BETWEEN ?3 AND ?4 AND note.seq < ?5 ORDER BY note.at DESC, note.seq DESC LIMIT ?6";
        let values = params![SITE, station.0, from.0, until.0, self.bound(), limit.cast_signed()];
        self.rows(sql, values, |row| Ok((Time(row.get(0)?), Seq(row.get::<_, i64>(1)?.cast_unsigned()), row.get(2)?)))
    }

    /// Entries of the log that only the tail holds yet: the commit that holds this index.
    ///
    /// # Errors
    /// When the database fails.
    pub fn tail_entry(&self, seq: Seq) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT first, entries FROM tail WHERE site = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1";
        let mut statement = self.connection.borrow().prepare_cached(sql)?;
        let row = statement
            .query_row(params![SITE, seq.0.cast_signed()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
            .optional()?;
        let Some((first, packed)) = row else { return Ok(None) };
        let entries = unpack_entries(&packed)?;
        let index = usize::try_from(seq.0 - first.cast_unsigned()).unwrap_or(usize::MAX);
        Ok(entries.into_iter().nth(index))
    }

    /// A fact too large for an entry, while the ledger folder does not hold it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn attachment(&self, sha256: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT body FROM attachment WHERE site = ?1 AND sha256 = ?2";
        let mut statement = self.connection.borrow().prepare_cached(sql)?;
        let packed: Option<Vec<u8>> = statement.query_row(params![SITE, sha256], |row| row.get(0)).optional()?;
        packed.map(|packed| Ok(zstd::stream::decode_all(packed.as_slice())?)).transpose()
    }

    /// Heartbeats counted: source, number, last.
    ///
    /// # Errors
    /// When the database fails.
    pub fn heartbeats(&self) -> Result<Vec<(String, u64, Time)>> {
        let sql = "SELECT handle, count, last FROM heartbeat WHERE site = ?1 ORDER BY handle";
        self.rows(sql, params![SITE], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned(), Time(row.get(2)?))))
    }

    /// Bytes in tables and indexes, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sizes(&self) -> Result<Vec<(String, u64)>> {
        self.rows("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC", [], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        })
    }
}
