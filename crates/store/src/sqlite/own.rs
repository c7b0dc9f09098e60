//! What is a site's own and no part of the log: who is behind a pseudonym, what waits in quarantine, keys and settings.
//!
//! Nothing here can be made anew from the ledger, and everything here can be erased: a person whose rows are deleted is a pseudonym that nobody
//! can resolve any more.

use std::collections::BTreeSet;
use std::path::Path;

use kernel::time::Time;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::fault::{FaultHook, Faults, Step};
use super::{StoreError, open, open_to_read};

/// Version of `own_schema.sql`, kept in SQLite's `user_version`.
const OWN_SCHEMA_VERSION: i64 = 1;

/// `own.db` of a site.
#[derive(Debug)]
pub struct OwnStore {
    connection: Connection,
    faults: Faults,
}

/// What messages show of a person. Empty texts are not shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Person<'a> {
    /// Badge or staff number.
    pub badge: &'a str,
    /// Login.
    pub login: &'a str,
    /// Whole name.
    pub name: &'a str,
}

/// A message in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its number; 0 for one that is not kept yet.
    pub id: u64,
    /// Which reader refused it: `cfx` or `events`.
    pub protocol: String,
    /// When it was received.
    pub received: Time,
    /// File, link or `-`.
    pub source: String,
    /// The sender as far as it could be read.
    pub station: String,
    /// Line from 1.
    pub line: u64,
    /// Column from 1.
    pub column: u64,
    /// The field.
    pub field: String,
    /// The reason in plain words.
    pub reason: String,
    /// Number of bytes kept.
    pub bytes: u64,
    /// Whether it was replayed.
    pub replayed: bool,
}

/// Which messages of the quarantine are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuarantineFilter {
    /// Those that wait.
    #[default]
    Waiting,
    /// Those that were recorded after a fix.
    Replayed,
    /// All.
    All,
}

/// What waits in quarantine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Messages in all.
    pub messages: u64,
    /// Stations with the most.
    pub stations: Vec<WaitingStation>,
}

/// What waits of one station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingStation {
    /// The sender as far as it could be read; empty when it could not.
    pub station: String,
    /// Its messages.
    pub messages: u64,
    /// The lowest number among them.
    pub first: u64,
}

impl OwnStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it cannot be opened, or was made by another version.
    pub fn open(path: &Path) -> Result<OwnStore, StoreError> {
        let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;",
        )?;
        OwnStore::prepare(connection)
    }

    /// Opens the file for reading, beside a writer or without one.
    ///
    /// # Errors
    /// When it cannot be opened, or was made by another version.
    pub fn open_to_read(path: &Path) -> Result<OwnStore, StoreError> {
        let connection = open_to_read(path)?;
        match connection.query_row("PRAGMA user_version", [], |row| row.get(0))? {
            OWN_SCHEMA_VERSION => Ok(OwnStore { connection, faults: Faults::default() }),
            found => Err(StoreError::OwnVersion { found }),
        }
    }

    /// One in memory.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn in_memory() -> Result<OwnStore, StoreError> {
        OwnStore::prepare(Connection::open_in_memory()?)
    }

    fn prepare(connection: Connection) -> Result<OwnStore, StoreError> {
        match connection.query_row("PRAGMA user_version", [], |row| row.get(0))? {
            0 => connection.execute_batch(&format!(
                "BEGIN; {} PRAGMA user_version = {OWN_SCHEMA_VERSION}; COMMIT;",
                include_str!("own_schema.sql")
            ))?,
            OWN_SCHEMA_VERSION => {}
            found => return Err(StoreError::OwnVersion { found }),
        }
        Ok(OwnStore { connection, faults: Faults::default() })
    }

    /// Asks `hook` before every step of a write from here on: for tests of durability.
    pub fn fail_by(&mut self, hook: FaultHook) {
        self.faults.set(hook);
    }

    // People.

    /// The pseudonym of a person: the one that was given before, or a new one, made by `invent`. Durable when this returns.
    ///
    /// A badge decides; without one the login; without that the name. What a message shows beside it is linked, so that the person is found by
    /// any of them. A login or name that belongs to somebody with another badge does not decide: logins are shared, and names are common.
    ///
    /// # Errors
    /// When the database fails.
    pub fn pseudonym(
        &mut self,
        person: Person<'_>,
        seen: Time,
        invent: &mut dyn FnMut() -> String,
    ) -> Result<String, StoreError> {
        let keys: Vec<(&str, &str)> = [("badge", person.badge), ("login", person.login), ("name", person.name)]
            .into_iter()
            .map(|(kind, text)| (kind, text.trim()))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut found = None;
        for (rank, (kind, text)) in keys.iter().enumerate() {
            for pseudonym in pseudonyms_of(&transaction, kind, &fold(text))? {
                let taken = keys[..rank]
                    .iter()
                    .map(|(higher, _)| has_kind(&transaction, &pseudonym, higher))
                    .collect::<Result<Vec<_>, _>>()?
                    .contains(&true);
                if !taken {
                    found = Some(pseudonym);
                    break;
                }
            }
            if found.is_some() {
                break;
            }
        }
        let pseudonym = match found {
            Some(pseudonym) => pseudonym,
            None => loop {
                let pseudonym = invent();
                let sql = "SELECT count(*) FROM person WHERE pseudonym = ?1";
                if transaction.query_row(sql, [&pseudonym], |row| row.get::<_, i64>(0))? == 0 {
                    break pseudonym;
                }
            },
        };
        for (kind, text) in keys {
            transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO person (kind, folded, shown, pseudonym, seen) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![kind, fold(text), text, pseudonym, seen.0])?;
        }
        self.faults.step(Step::Commit, || Ok(transaction.commit()?))?;
        Ok(pseudonym)
    }

    /// Pseudonyms of everybody who is known by a text: a badge, a login, a name or a pseudonym, whatever its case.
    ///
    /// # Errors
    /// When the database fails.
    pub fn pseudonyms(&self, text: &str) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT pseudonym FROM person WHERE folded = ?1 OR pseudonym = ?2 ORDER BY seen, pseudonym";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params![fold(text.trim()), text.trim()], |row| row.get(0))?;
        let found: BTreeSet<String> = rows.collect::<rusqlite::Result<_>>()?;
        Ok(found.into_iter().collect())
    }

    /// What is known of the person behind a pseudonym: kind and text.
    ///
    /// # Errors
    /// When the database fails.
    pub fn person(&self, pseudonym: &str) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT kind, shown FROM person WHERE pseudonym = ?1 ORDER BY kind, folded";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([pseudonym], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Erases who is behind a pseudonym. Gives the number of rows that are gone.
    ///
    /// # Errors
    /// When the database fails.
    pub fn erase(&mut self, pseudonym: &str) -> Result<usize, StoreError> {
        Ok(self.connection.execute("DELETE FROM person WHERE pseudonym = ?1", [pseudonym])?)
    }

    // Quarantine.

    /// Keeps messages that could not be understood; gives their numbers. The same bytes at the same place of a source are kept once while they wait.
    /// Durable when this returns.
    ///
    /// # Errors
    /// When nothing was kept.
    pub fn quarantine(&mut self, messages: &[(QuarantineRow, &[u8])]) -> Result<Vec<u64>, StoreError> {
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut ids = Vec::with_capacity(messages.len());
        for (row, bytes) in messages {
            let digest: [u8; 32] = Sha256::digest(bytes).into();
            let known: Option<i64> = transaction
                .prepare_cached("SELECT id FROM quarantine WHERE digest = ?1 AND source = ?2 AND line = ?3 AND \"column\" = ?4 AND state = 'waiting'")?
                .query_row(params![digest, row.source, row.line.cast_signed(), row.column.cast_signed()], |row| row.get(0))
                .optional()?;
            if let Some(id) = known {
                ids.push(id.cast_unsigned());
                continue;
            }
            transaction
                .prepare_cached(
                    "INSERT INTO quarantine (protocol, received, source, station, line, \"column\", field, reason, digest, bytes, body, state)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'waiting')",
                )?
                .execute(params![
                    row.protocol,
                    row.received.0,
                    row.source,
                    row.station,
                    row.line.cast_signed(),
                    row.column.cast_signed(),
                    row.field,
                    row.reason,
                    digest,
                    i64::try_from(bytes.len()).unwrap_or(i64::MAX),
                    zstd::bulk::compress(bytes, 3)?,
                ])?;
            ids.push(transaction.last_insert_rowid().cast_unsigned());
        }
        self.faults.step(Step::Commit, || Ok(transaction.commit()?))?;
        Ok(ids)
    }

    /// Messages in quarantine above a number, in order, at most so many.
    ///
    /// # Errors
    /// When the database fails.
    pub fn quarantined(
        &self,
        filter: QuarantineFilter,
        above: u64,
        limit: usize,
    ) -> Result<Vec<QuarantineRow>, StoreError> {
        let sql = match filter {
            QuarantineFilter::Waiting => "state = 'waiting'",
            QuarantineFilter::Replayed => "state = 'replayed'",
            QuarantineFilter::All => "1 = 1",
        };
        let sql = format!("{QUARANTINE_ROW} WHERE {sql} AND id > ?1 ORDER BY id LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![above.cast_signed(), limit.cast_signed()], quarantine_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// A message in quarantine with its bytes.
    ///
    /// # Errors
    /// When the database fails.
    pub fn quarantined_message(&self, id: u64) -> Result<Option<(QuarantineRow, Vec<u8>)>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{QUARANTINE_ROW} WHERE id = ?1"))?;
        let Some(row) = statement.query_row([id.cast_signed()], quarantine_row).optional()? else { return Ok(None) };
        let body: Vec<u8> = self
            .connection
            .prepare_cached("SELECT body FROM quarantine WHERE id = ?1")?
            .query_row([id.cast_signed()], |row| row.get(0))?;
        Ok(Some((row, zstd::stream::decode_all(body.as_slice())?)))
    }

    /// Marks messages as replayed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn replayed(&mut self, ids: &[u64]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        for id in ids {
            transaction
                .prepare_cached("UPDATE quarantine SET state = 'replayed' WHERE id = ?1")?
                .execute([id.cast_signed()])?;
        }
        self.faults.step(Step::Commit, || Ok(transaction.commit()?))
    }

    /// How many messages wait, in all and of each station, the most first, at most so many stations.
    ///
    /// # Errors
    /// When the database fails.
    pub fn waiting(&self, stations_max: usize) -> Result<Waiting, StoreError> {
        let number = |row: &Row<'_>, column: usize| row.get::<_, i64>(column).map(i64::cast_unsigned);
        let total = "SELECT count(*) FROM quarantine WHERE state = 'waiting'";
        let messages = self.connection.query_row(total, [], |row| number(row, 0))?;
        let sql = "SELECT station, count(*), min(id) FROM quarantine WHERE state = 'waiting' GROUP BY station ORDER BY 2 DESC, 1 LIMIT ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([stations_max.cast_signed()], |row| {
            Ok(WaitingStation { station: row.get(0)?, messages: number(row, 1)?, first: number(row, 2)? })
        })?;
        Ok(Waiting { messages, stations: rows.collect::<rusqlite::Result<_>>()? })
    }

    /// Forgets the bytes and rows of replayed messages that were received before a time.
    ///
    /// # Errors
    /// When the database fails.
    pub fn prune_replayed(&mut self, before: Time) -> Result<usize, StoreError> {
        Ok(self.connection.execute("DELETE FROM quarantine WHERE state = 'replayed' AND received < ?1", [before.0])?)
    }

    // Settings.

    /// A setting.
    ///
    /// # Errors
    /// When the database fails.
    pub fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT value FROM setting WHERE name = ?1")?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Keeps a setting.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.faults.step(Step::Commit, || Ok(self.connection.execute(sql, params![name, value]).map(drop)?))
    }
}

const QUARANTINE_ROW: &str =
    "SELECT id, protocol, received, source, station, line, \"column\", field, reason, bytes, state FROM quarantine";

fn quarantine_row(row: &Row<'_>) -> rusqlite::Result<QuarantineRow> {
    let number = |column: usize| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok(QuarantineRow {
        id: number(0)?,
        protocol: row.get(1)?,
        received: Time(row.get(2)?),
        source: row.get(3)?,
        station: row.get(4)?,
        line: number(5)?,
        column: number(6)?,
        field: row.get(7)?,
        reason: row.get(8)?,
        bytes: number(9)?,
        replayed: row.get::<_, String>(10)? == "replayed",
    })
}

fn pseudonyms_of(connection: &Connection, kind: &str, folded: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT pseudonym FROM person WHERE kind = ?1 AND folded = ?2 ORDER BY seen, pseudonym";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([kind, folded], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn has_kind(connection: &Connection, pseudonym: &str, kind: &str) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM person WHERE pseudonym = ?1 AND kind = ?2";
    Ok(connection.prepare_cached(sql)?.query_row([pseudonym, kind], |row| row.get::<_, i64>(0))? > 0)
}

/// What is compared: case and surplus space do not tell people apart.
fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> impl FnMut() -> String {
        let mut next = 0;
        move || {
            next += 1;
            format!("P-{next}")
        }
    }

    #[test]
    fn a_person_is_known_by_any_name_that_was_shown() {
        let mut own = OwnStore::in_memory().expect("opens");
        let mut invent = names();
        let mut ask = |badge: &str, login: &str, name: &str| {
            own.pseudonym(Person { badge, login, name }, Time(1), &mut invent).expect("answers")
        };
        assert_eq!(ask("B1", "jd", "Jane Doe"), "P-1");
        assert_eq!(ask("", "JD", ""), "P-1");
        assert_eq!(ask("b1", "", ""), "P-1");
        // A shared login does not make two badges one person.
        assert_eq!(ask("B2", "jd", ""), "P-2");
        // A login that was seen alone gets its badge later.
        assert_eq!(ask("", "max", ""), "P-3");
        assert_eq!(ask("B3", "max", ""), "P-3");
        assert_eq!(own.pseudonyms("JD").expect("answers"), ["P-1", "P-2"]);
        assert_eq!(own.pseudonyms("jane  doe").expect("answers"), ["P-1"]);
        assert_eq!(own.pseudonyms("P-3").expect("answers"), ["P-3"]);
        assert_eq!(own.erase("P-1").expect("erases"), 3);
        assert!(own.pseudonyms("B1").expect("answers").is_empty());
    }

    #[test]
    fn the_same_bytes_wait_once() {
        let mut own = OwnStore::in_memory().expect("opens");
        let row = QuarantineRow {
            id: 0,
            protocol: "cfx".into(),
            received: Time(5),
            source: "a.json".into(),
            station: "S".into(),
            line: 3,
            column: 4,
            field: "TimeStamp".into(),
            reason: "no time".into(),
            bytes: 0,
            replayed: false,
        };
        let keep = [(row, b"{bad".as_slice())];
        assert_eq!(own.quarantine(&keep).expect("keeps"), [1]);
        assert_eq!(own.quarantine(&keep).expect("keeps"), [1]);
        let station = WaitingStation { station: "S".into(), messages: 1, first: 1 };
        assert_eq!(own.waiting(9).expect("counts"), Waiting { messages: 1, stations: vec![station] });
        own.replayed(&[1]).expect("marks");
        assert_eq!(own.quarantined(QuarantineFilter::Waiting, 0, 9).expect("lists"), []);
        let (shown, bytes) = own.quarantined_message(1).expect("reads").expect("is there");
        assert!(shown.replayed);
        assert_eq!(bytes, b"{bad");
        assert_eq!(own.quarantine(&keep).expect("keeps"), [2]);
    }
}
