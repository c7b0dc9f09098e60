//! The one writer: appends events and projects them, batch by batch, each batch one transaction.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};

use kernel::event::Event;
use kernel::id::{Designator, Id, PassId, PatternId, Seq};
use kernel::pass::{PassFact, Role};
use kernel::placement::Pattern;
use kernel::project::{State, project};
use kernel::row::{Belonging, Descent, Row, Statement};
use kernel::stored;
use kernel::thing::Kind;
use kernel::time::Time;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::fault::{FaultHook, Faults, Step};
use super::part::APPLIED;
use super::pass::Passes;
use super::schema::{open_writer, prepare};
use super::tail::{pack_entries, unpack_entries};
use super::{Reader, SITE, StoreError, open_reader};

/// What became of an event that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is entry `0` of the log, durably.
    Recorded(Seq),
    /// The same message was recorded before.
    Duplicate,
    /// Its identifier was recorded before with another body. It is recorded, and that is a finding.
    Contradicts(Seq),
}

/// Entries of one commit that the ledger does not hold yet.
#[derive(Debug)]
pub struct TailCommit {
    /// Index of the first.
    pub first: Seq,
    /// The entries.
    pub entries: Vec<Vec<u8>>,
}

/// Handle of a source, how many signs of life it gave, and when the last.
pub type Heartbeats = (String, u64, Time);

/// SHA-256 and bytes of a fact too large for an entry.
pub type Attachment = ([u8; 32], Vec<u8>);

/// Longest that a memory of recent names may grow before it is dropped and filled anew.
const CACHE_ENTRIES_MAX: usize = 400_000;

/// Patterns of a station that an incomplete report is compared with.
const RECENT_PATTERNS: usize = 12;

/// The writer of a site.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: Option<PathBuf>,
    size: u64,
    memory: Memory,
    /// A write failed: size and memory may be those of a transaction that is gone.
    stale: bool,
    faults: Faults,
}

/// What the writer remembers, so that hot names cost no query. Dropped when a transaction fails.
#[derive(Debug, Default)]
struct Memory {
    next_thing: i64,
    next_designator: u32,
    next_pattern: i64,
    next_note_name: i64,
    last_clock: i64,
    things: HashMap<(Kind, Box<str>), Id>,
    designators: HashMap<Box<str>, Designator>,
    patterns: HashMap<Pattern, PatternId>,
    recent: HashMap<Id, VecDeque<Pattern>>,
    draws: HashMap<(Id, PatternId, usize), Option<Option<Id>>>,
    passes: HashMap<u64, PassId>,
    seen: HashSet<Id>,
    aliases: HashSet<(Id, String)>,
    named: HashSet<(Id, u32, Id, i64)>,
    links: HashSet<(Id, PassId)>,
    memberships: HashSet<(Id, Id)>,
    sightings: HashSet<(Id, Id, PatternId)>,
    statements: HashMap<Id, Statement>,
    /// Process material applied at a station.
    applied: HashSet<(Id, Id)>,
    note_names: HashMap<String, i64>,
    /// Facts of passes touched lately, for the programs and patterns that they name.
    facts: HashMap<PassId, Vec<(Role, Id)>>,
    /// Passes of the running batch, written at its end.
    batch: Passes,
    ordinal: (u64, i64),
}

impl Store {
    /// Opens the database of a site, or makes it.
    ///
    /// # Errors
    /// When it cannot be opened, or was made by another version.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        Store::of(open_writer(path)?, Some(path.to_owned()))
    }

    /// A store in memory that nobody else can read.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn in_memory() -> Result<Store, StoreError> {
        let connection = Connection::open_in_memory()?;
        connection.set_prepared_statement_cache_capacity(128);
        prepare(&connection)?;
        Store::of(connection, None)
    }

    fn of(connection: Connection, path: Option<PathBuf>) -> Result<Store, StoreError> {
        let mut store =
            Store { connection, path, size: 0, memory: Memory::default(), stale: true, faults: Faults::default() };
        store.refresh()?;
        Ok(store)
    }

    /// Asks `hook` before every step of a write from here on: for tests of durability.
    pub fn fail_by(&mut self, hook: FaultHook) {
        self.faults.set(hook);
    }

    /// After a failed write: takes back what is left of it, and reads anew where the log and the numbering stand.
    ///
    /// INVARIANT: nothing is written from the memory of a transaction that did not come to be. If it cannot be mended now (the disk that failed
    /// the write may fail the reading too), every write tries again first.
    fn refresh(&mut self) -> Result<(), StoreError> {
        if !self.stale {
            return Ok(());
        }
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        self.faults.step(Step::Refresh, || Ok(()))?;
        let number = |sql: &str| self.connection.query_row(sql, [SITE], |row| row.get::<_, Option<i64>>(0));
        self.size = number("SELECT max(size) FROM clock WHERE site = ?1")?.unwrap_or(0).cast_unsigned();
        let tail = number("SELECT max(first + count) FROM tail WHERE site = ?1")?.unwrap_or(0).cast_unsigned();
        self.size = self.size.max(tail);
        self.memory = Memory {
            next_thing: number("SELECT max(id) FROM thing WHERE site = ?1")?.unwrap_or(0) + 1,
            next_designator: u32::try_from(number("SELECT max(id) FROM designator WHERE site = ?1")?.unwrap_or(0) + 1)
                .unwrap_or(u32::MAX),
            next_pattern: number("SELECT max(id) FROM pattern WHERE site = ?1")?.unwrap_or(0) + 1,
            next_note_name: number("SELECT max(id) FROM note_name WHERE site = ?1")?.unwrap_or(0) + 1,
            last_clock: number("SELECT max(recorded) FROM clock WHERE site = ?1")?.unwrap_or(i64::MIN),
            ..Memory::default()
        };
        self.stale = false;
        Ok(())
    }

    /// Number of events recorded.
    #[must_use]
    pub fn size(&self) -> Seq {
        Seq(self.size)
    }

    /// A reader of its own, beside the writer. `None` for a store in memory.
    ///
    /// # Errors
    /// When the database cannot be opened again.
    pub fn reader(&self) -> Result<Option<Reader<Connection>>, StoreError> {
        self.path.as_deref().map(|path| Ok(Reader::new(open_reader(path)?))).transpose()
    }

    /// A reader on the writer's own connection.
    #[must_use]
    pub fn read(&self) -> Reader<&Connection> {
        Reader::new(&self.connection)
    }

    /// Records a batch: in one transaction each event is appended and projected, unless it is a repeat, and heartbeats are counted. When this returns,
    /// what it says is durable. Outcomes stand in the order of the events handed in.
    ///
    /// # Errors
    /// When nothing of the batch was recorded.
    pub fn record(&mut self, events: &[Event], heartbeats: &[Heartbeats]) -> Result<Vec<Outcome>, StoreError> {
        self.refresh()?;
        let result = self.try_record(events, heartbeats);
        self.mend(&result);
        result
    }

    fn mend<T>(&mut self, result: &Result<T, StoreError>) {
        if result.is_err() {
            self.stale = true;
            self.refresh().ok();
        }
    }

    fn try_record(&mut self, events: &[Event], heartbeats: &[Heartbeats]) -> Result<Vec<Outcome>, StoreError> {
        // Sorted by station, machine time and message, so that runs of the same draws stay long.
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by(|a, b| {
            let key = |index: &usize| {
                let event = &events[*index];
                (&event.source.handle, event.at.at, &event.source.message)
            };
            key(a).cmp(&key(b))
        });
        let mut outcomes = vec![Outcome::Duplicate; events.len()];
        let mut entries = Vec::with_capacity(events.len());
        let first = self.size;
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        self.memory.bound();
        for index in order {
            let event = &events[index];
            let stored = stored::encode(event)?;
            let known = self.in_inbox(event, &stored.content)?;
            if known == Some(Outcome::Duplicate) {
                continue;
            }
            let seq = Seq(first + entries.len() as u64);
            if let Some((sha256, body)) = &stored.attachment {
                self.connection
                    .prepare_cached("INSERT OR IGNORE INTO attachment (site, sha256, body) VALUES (?1, ?2, ?3)")?
                    .execute(params![SITE, sha256, zstd::bulk::compress(body, 1)?])?;
            }
            entries.push(stored.entry);
            project(&mut Transaction { connection: &self.connection, memory: &mut self.memory, seq }, seq, event)?;
            outcomes[index] = if known.is_some() { Outcome::Contradicts(seq) } else { Outcome::Recorded(seq) };
        }
        if entries.is_empty() && heartbeats.is_empty() {
            self.connection.execute_batch("ROLLBACK")?;
            return Ok(outcomes);
        }
        let count = entries.len() as u64;
        if !entries.is_empty() {
            self.faults.step(Step::Write, || self.memory.batch.flush(&self.connection))?;
            self.connection
                .prepare_cached("INSERT INTO tail (site, first, count, entries) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![SITE, first.cast_signed(), count.cast_signed(), pack_entries(&entries)?])?;
            let recorded = events.iter().map(|event| event.recorded.0).max().unwrap_or_default();
            self.tick(recorded, first + count)?;
        }
        for beats in heartbeats {
            self.count(beats)?;
        }
        self.faults.step(Step::Commit, || Ok(self.connection.execute_batch("COMMIT")?))?;
        self.size = first + count;
        Ok(outcomes)
    }

    /// Keeps where the log stood, at most once a second: a row is moved on within its second.
    fn tick(&mut self, recorded: i64, size: u64) -> Result<(), StoreError> {
        const SECOND: i64 = 1_000_000;
        if recorded.saturating_sub(self.memory.last_clock) < SECOND {
            self.connection
                .prepare_cached("UPDATE clock SET size = ?3 WHERE site = ?1 AND recorded = ?2")?
                .execute(params![SITE, self.memory.last_clock, size.cast_signed()])?;
        } else {
            self.connection
                .prepare_cached("INSERT INTO clock (site, recorded, size) VALUES (?1, ?2, ?3)")?
                .execute(params![SITE, recorded, size.cast_signed()])?;
            self.memory.last_clock = recorded;
        }
        Ok(())
    }

    fn in_inbox(&mut self, event: &Event, content: &[u8; 32]) -> Result<Option<Outcome>, StoreError> {
        let mut hash = Sha256::new();
        hash.update(event.source.handle.as_bytes());
        hash.update([0]);
        hash.update(event.source.message.as_bytes());
        let source: [u8; 32] = hash.finalize().into();
        let number = |bytes: &[u8; 32]| i64::from_le_bytes(bytes[..8].try_into().unwrap_or_default());
        let (source, content) = (number(&source), number(content));
        let mut known = None;
        let mut statement =
            self.connection.prepare_cached("SELECT content FROM inbox WHERE site = ?1 AND at = ?2 AND source = ?3")?;
        let mut rows = statement.query(params![SITE, event.at.at.0, source])?;
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(0)? == content {
                return Ok(Some(Outcome::Duplicate));
            }
            known = Some(Outcome::Contradicts(Seq(0)));
        }
        self.connection
            .prepare_cached("INSERT INTO inbox (site, at, source, content) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![SITE, event.at.at.0, source, content])?;
        Ok(known)
    }

    fn count(&self, (handle, count, last): &Heartbeats) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO heartbeat (site, handle, count, last) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (site, handle) DO UPDATE SET count = heartbeat.count + excluded.count, last = max(heartbeat.last, excluded.last)",
            )?
            .execute(params![SITE, handle, count.cast_signed(), last.0])?;
        Ok(())
    }

    /// Commits that the ledger does not hold yet, oldest first, up to about `entries_max` entries.
    ///
    /// # Errors
    /// When the database fails.
    pub fn tail(&self, entries_max: usize) -> Result<Vec<TailCommit>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT first, entries FROM tail WHERE site = ?1 ORDER BY first")?;
        let mut rows = statement.query([SITE])?;
        let mut commits = Vec::new();
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let entries = unpack_entries(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?;
            count += entries.len();
            commits.push(TailCommit { first: Seq(row.get::<_, i64>(0)?.cast_unsigned()), entries });
            if count >= entries_max {
                break;
            }
        }
        Ok(commits)
    }

    /// Attachments that the ledger folder does not hold yet: SHA-256 and bytes.
    ///
    /// # Errors
    /// When the database fails.
    pub fn attachments(&self) -> Result<Vec<Attachment>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT sha256, body FROM attachment WHERE site = ?1")?;
        let rows = statement.query_map([SITE], |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        rows.map(|row| {
            let (sha256, body) = row?;
            Ok((sha256, zstd::stream::decode_all(body.as_slice())?))
        })
        .collect()
    }

    /// Forgets the tail below `size`, and attachments, once the ledger holds them durably.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sealed(&mut self, size: Seq, attachments: &[[u8; 32]]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        transaction
            .prepare_cached("DELETE FROM tail WHERE site = ?1 AND first + count <= ?2")?
            .execute(params![SITE, size.0.cast_signed()])?;
        for sha256 in attachments {
            transaction
                .prepare_cached("DELETE FROM attachment WHERE site = ?1 AND sha256 = ?2")?
                .execute(params![SITE, sha256])?;
        }
        self.faults.step(Step::Commit, || Ok(transaction.commit()?))
    }

    /// Forgets messages received before a time: a repeat after that is logged again.
    ///
    /// # Errors
    /// When the database fails.
    pub fn prune_inbox(&mut self, before: Time) -> Result<usize, StoreError> {
        Ok(self.connection.execute("DELETE FROM inbox WHERE site = ?1 AND at < ?2", params![SITE, before.0])?)
    }

    /// Replays entries of the ledger into an empty store: projects them as they were recorded, without a tail.
    ///
    /// # Errors
    /// When the store is not at `first`, or an entry does not read.
    pub fn replay(&mut self, first: Seq, events: &[(Event, [u8; 32])]) -> Result<(), StoreError> {
        self.refresh()?;
        let result = self.try_replay(first, events);
        self.mend(&result);
        result
    }

    fn try_replay(&mut self, first: Seq, events: &[(Event, [u8; 32])]) -> Result<(), StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        self.memory.bound();
        let mut size = first.0;
        for (event, content) in events {
            self.in_inbox(event, content)?;
            let seq = Seq(size);
            project(&mut Transaction { connection: &self.connection, memory: &mut self.memory, seq }, seq, event)?;
            size += 1;
            self.tick(event.recorded.0, size)?;
        }
        self.memory.batch.flush(&self.connection)?;
        self.connection.execute_batch("COMMIT")?;
        self.size = size;
        Ok(())
    }
}

impl Memory {
    fn bound(&mut self) {
        fn drop_if_large<K, V>(map: &mut HashMap<K, V>) {
            if map.len() > CACHE_ENTRIES_MAX {
                map.clear();
            }
        }
        fn drop_set_if_large<K>(set: &mut HashSet<K>) {
            if set.len() > CACHE_ENTRIES_MAX {
                set.clear();
            }
        }
        drop_if_large(&mut self.things);
        drop_if_large(&mut self.designators);
        drop_if_large(&mut self.draws);
        drop_if_large(&mut self.passes);
        drop_if_large(&mut self.statements);
        if self.patterns.len() > 10_000 {
            self.patterns.clear();
        }
        if self.facts.len() > 50_000 {
            self.facts.clear();
        }
        drop_set_if_large(&mut self.seen);
        drop_set_if_large(&mut self.applied);
        drop_set_if_large(&mut self.aliases);
        drop_set_if_large(&mut self.named);
        drop_set_if_large(&mut self.links);
        drop_set_if_large(&mut self.memberships);
        drop_set_if_large(&mut self.sightings);
    }
}

/// The state that events are projected on, inside the running transaction.
struct Transaction<'a> {
    connection: &'a Connection,
    memory: &'a mut Memory,
    /// Index of the event that is projected.
    seq: Seq,
}

impl Transaction<'_> {
    /// Number of a row of one event, for rows that have no other key.
    fn ordinal(&mut self, seq: Seq) -> i64 {
        if self.memory.ordinal.0 != seq.0 {
            self.memory.ordinal = (seq.0, 0);
        }
        self.memory.ordinal.1 += 1;
        self.memory.ordinal.1 - 1
    }

    fn insert(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }
}

impl State for Transaction<'_> {
    type Error = StoreError;

    fn thing(&mut self, kind: Kind, key: &str) -> Result<Id, StoreError> {
        if let Some(id) = self.memory.things.get(&(kind, key) as &dyn ThingKey) {
            return Ok(*id);
        }
        let found = self
            .connection
            .prepare_cached("SELECT id FROM thing WHERE site = ?1 AND key = ?2 AND kind = ?3")?
            .query_row(params![SITE, key, kind as u8], |row| row.get::<_, i64>(0))
            .optional()?;
        let row = match found {
            Some(row) => row,
            None => {
                let row = self.memory.next_thing;
                self.memory.next_thing += 1;
                self.insert(
                    "INSERT INTO thing (site, id, kind, key, seq) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![SITE, row, kind as u8, key, self.seq.0.cast_signed()],
                )?;
                row
            }
        };
        let id = Id::of_row(row);
        self.memory.things.insert((kind, key.into()), id);
        Ok(id)
    }

    fn designator(&mut self, text: &str) -> Result<Designator, StoreError> {
        if let Some(designator) = self.memory.designators.get(text) {
            return Ok(*designator);
        }
        let found = self
            .connection
            .prepare_cached("SELECT id FROM designator WHERE site = ?1 AND text = ?2")?
            .query_row(params![SITE, text], |row| row.get::<_, u32>(0))
            .optional()?;
        let id = match found {
            Some(id) => id,
            None => {
                let id = self.memory.next_designator;
                self.memory.next_designator += 1;
                self.insert("INSERT INTO designator (site, id, text) VALUES (?1, ?2, ?3)", params![SITE, id, text])?;
                id
            }
        };
        self.memory.designators.insert(text.into(), Designator(id));
        Ok(Designator(id))
    }

    fn pass(&mut self, key: u64, seq: Seq) -> Result<PassId, StoreError> {
        if let Some(pass) = self.memory.passes.get(&key) {
            return Ok(*pass);
        }
        let found = self
            .connection
            .prepare_cached("SELECT id FROM pass WHERE site = ?1 AND key = ?2")?
            .query_row(params![SITE, key.cast_signed()], |row| row.get::<_, i64>(0))
            .optional()?;
        let pass = PassId(found.unwrap_or(seq.0.cast_signed()));
        if found.is_none() {
            self.memory.batch.begin(pass, key);
            self.memory.facts.insert(pass, Vec::new());
        }
        self.memory.passes.insert(key, pass);
        Ok(pass)
    }

    fn pattern(&mut self, pattern: &Pattern) -> Result<PatternId, StoreError> {
        if let Some(id) = self.memory.patterns.get(pattern) {
            return Ok(*id);
        }
        let packed = pattern.pack();
        let sha256: [u8; 32] = Sha256::digest(&packed).into();
        let found = self
            .connection
            .prepare_cached("SELECT id FROM pattern WHERE site = ?1 AND sha256 = ?2")?
            .query_row(params![SITE, sha256], |row| row.get::<_, i64>(0))
            .optional()?;
        let id = match found {
            Some(id) => id,
            None => {
                let id = self.memory.next_pattern;
                self.memory.next_pattern += 1;
                self.insert(
                    "INSERT INTO pattern (site, id, sha256, body) VALUES (?1, ?2, ?3, ?4)",
                    params![SITE, id, sha256, zstd::bulk::compress(&packed, 3)?],
                )?;
                id
            }
        };
        self.memory.patterns.insert(pattern.clone(), PatternId(id));
        Ok(PatternId(id))
    }

    fn recent_patterns(&mut self, station: Id) -> Result<Vec<Pattern>, StoreError> {
        Ok(self.memory.recent.get(&station).map(|recent| recent.iter().cloned().collect()).unwrap_or_default())
    }

    fn drawn(&mut self, station: Id, pattern: PatternId, origin: usize) -> Result<Option<Option<Id>>, StoreError> {
        if let Some(drawn) = self.memory.draws.get(&(station, pattern, origin)) {
            return Ok(*drawn);
        }
        let drawn = self
            .connection
            .prepare_cached(
                "SELECT thing FROM draw WHERE site = ?1 AND station = ?2 AND pattern = ?3 AND origin = ?4 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row(params![SITE, station.0, pattern.0, origin.cast_signed()], |row| row.get::<_, i64>(0))
            .optional()?
            .map(|thing| (thing >= 0).then_some(Id(thing)));
        self.memory.draws.insert((station, pattern, origin), drawn);
        Ok(drawn)
    }

    fn named_in(&mut self, pass: PassId, role: Role) -> Result<Vec<Id>, StoreError> {
        if !self.memory.facts.contains_key(&pass) {
            let stored = self
                .connection
                .prepare_cached("SELECT facts FROM pass WHERE site = ?1 AND id = ?2")?
                .query_row(params![SITE, pass.0], |row| row.get::<_, Vec<u8>>(0))
                .optional()?
                .unwrap_or_default();
            let known = PassFact::unpack_all(&stored).ok_or(StoreError::Packed("pass"))?;
            let facts = known.iter().chain(self.memory.batch.facts(pass));
            let named = facts.flat_map(|fact| &fact.namings).map(|naming| (naming.role, naming.thing)).collect();
            self.memory.facts.insert(pass, named);
        }
        let named = self.memory.facts.get(&pass).map(Vec::as_slice).unwrap_or_default();
        Ok(named.iter().filter(|(of, _)| *of == role).map(|(_, thing)| *thing).collect())
    }

    fn is_new_sighting(&mut self, station: Id, program: Id, pattern: PatternId) -> Result<bool, StoreError> {
        Ok(self.memory.sightings.insert((station, program, pattern)))
    }

    fn is_new_statement(&mut self, package: Id, statement: &Statement) -> Result<bool, StoreError> {
        // Only what machines say in passing, a part number, is worth forgetting: everything else is a statement of its own.
        let in_passing = statement.lot.is_none()
            && statement.supplier.is_none()
            && statement.receipt.is_none()
            && statement.initial.is_empty();
        if in_passing {
            if let Some(known) = self.memory.statements.get(&package) {
                return Ok(known.part != statement.part);
            }
            let known = self
                .connection
                .prepare_cached("SELECT count(*) FROM statement WHERE site = ?1 AND package = ?2 AND part = ?3")?
                .query_row(params![SITE, package.0, statement.part.map(|part| part.0)], |row| row.get::<_, i64>(0))?;
            if known > 0 {
                self.memory.statements.insert(package, statement.clone());
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn emit(&mut self, seq: Seq, row: Row) -> Result<(), StoreError> {
        let index = seq.0.cast_signed();
        match row {
            Row::Seen { unit } => {
                if self.memory.seen.insert(unit) {
                    self.insert(
                        "INSERT OR IGNORE INTO unit (site, id, seq) VALUES (?1, ?2, ?3)",
                        params![SITE, unit.0, index],
                    )?;
                }
            }
            Row::Named { scope, position, thing, at } => {
                if self.memory.named.insert((scope, position, thing, at.0)) {
                    if thing.whole() != scope.whole() {
                        self.memory.batch.named(thing.whole());
                    }
                    self.insert(
                        "INSERT OR IGNORE INTO name (site, scope, position, thing, at, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                        params![SITE, scope.0, position, thing.0, at.0, index],
                    )?;
                }
            }
            Row::Alias { kind, text, thing } => {
                if self.memory.aliases.insert((thing, text.clone())) {
                    self.insert(
                        "INSERT OR IGNORE INTO alias (site, text, kind, thing, seq) VALUES (?1, ?2, ?3, ?4, ?5)",
                        params![SITE, text, kind as u8, thing.0, index],
                    )?;
                }
            }
            Row::Pass { pass, station, fact } => {
                for naming in fact.namings.iter().filter(|naming| naming.role.applies()) {
                    if self.memory.applied.insert((station, naming.thing)) {
                        super::part::used(self.connection, index, naming.thing, station, APPLIED)?;
                    }
                }
                self.memory.batch.add(pass, station, &fact);
                if let Some(known) = self.memory.facts.get_mut(&pass) {
                    known.extend(fact.namings.iter().map(|naming| (naming.role, naming.thing)));
                }
            }
            Row::Link { thing, pass } => {
                if self.memory.links.insert((thing, pass)) {
                    self.insert(
                        "INSERT OR IGNORE INTO link (site, thing, pass) VALUES (?1, ?2, ?3)",
                        params![SITE, thing.0, pass.0],
                    )?;
                }
            }
            Row::Report { pass, station, at, pattern, coded, draws, timed } => {
                let mut boards: BTreeMap<Id, i64> = BTreeMap::new();
                for unit in &coded.units {
                    match unit.position() {
                        position @ 1..=62 => *boards.entry(unit.whole()).or_default() |= 1 << position,
                        _ => *boards.entry(*unit).or_default() |= 1,
                    }
                }
                for (unit, mask) in boards {
                    self.insert(
                        "INSERT INTO report (site, station, pattern, seq, unit, boards, pass, at, timed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                        params![SITE, station.0, pattern.0, index, unit.0, mask, pass.0, at.0, timed],
                    )?;
                }
                for (origin, thing) in draws {
                    self.insert(
                        "INSERT INTO draw (site, station, pattern, origin, seq, thing) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                        params![SITE, station.0, pattern.0, origin.cast_signed(), index, thing.map_or(-1, |id| id.0)],
                    )?;
                    self.memory.draws.insert((station, pattern, origin), Some(thing));
                    if let Some(thing) = thing {
                        super::part::used(self.connection, index, thing, station, pattern.0)?;
                    }
                }
                for (ordinal, difference) in coded.differences.iter().enumerate() {
                    self.insert(
                        "INSERT INTO difference (site, seq, pattern, ordinal, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                        params![SITE, index, pattern.0, ordinal.cast_signed(), difference.pack()],
                    )?;
                    for thing in difference.departure.things() {
                        self.insert(
                            "INSERT OR IGNORE INTO difference_thing (site, thing, seq, pattern, station) VALUES (?1, ?2, ?3, ?4, ?5)",
                            params![SITE, thing.0, index, pattern.0, station.0],
                        )?;
                        super::part::used(self.connection, index, thing, station, pattern.0)?;
                    }
                }
                let recent = self.memory.recent.entry(station).or_default();
                recent.retain(|known| *known != coded.pattern);
                recent.push_front(coded.pattern);
                recent.truncate(RECENT_PATTERNS);
            }
            Row::Sighting { station, program, pattern } => self.insert(
                "INSERT OR IGNORE INTO sighting (site, station, program, pattern, seq) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![SITE, station.0, program.0, pattern.0, index],
            )?,
            Row::Use { station, pattern, at, pass } => {
                self.insert(
                    "INSERT INTO pattern_use (site, station, pattern, at, seq, pass) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![SITE, station.0, pattern.0, at.0, index, pass.0],
                )?;
                super::program::used(self.connection, index, station, pattern, at)?;
            }
            Row::Mount(point) => {
                let ordinal = self.ordinal(seq);
                super::mount::add(self.connection, index, ordinal, &point)?;
                super::program::activated(self.connection, index, ordinal, &point)?;
            }
            Row::Package { package, statement } => {
                self.insert(
                    "INSERT OR REPLACE INTO statement (site, package, seq, at, part, lot, supplier, receipt, initial)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    params![
                        SITE,
                        package.0,
                        index,
                        statement.at.0,
                        statement.part.map(|id| id.0),
                        statement.lot.map(|id| id.0),
                        statement.supplier.map(|id| id.0),
                        statement.receipt.map(|id| id.0),
                        statement.initial
                    ],
                )?;
                if statement.part.is_some() {
                    self.memory.batch.learned(index, package);
                    self.memory.statements.insert(package, statement);
                }
            }
            Row::Derived { at, parent, child, descent } => {
                self.insert(
                    "INSERT OR IGNORE INTO derived (site, parent, child, seq, at, descent) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![SITE, parent.0, child.0, index, at.0, descent as u8],
                )?;
                if descent == Descent::Split {
                    self.memory.batch.learned(index, child);
                }
            }
            Row::Within(within) => {
                // Of a known carrier nothing new is learned: the passes of its years are not looked at for each load.
                if within.belonging == Belonging::Carried && !super::within::carries(self.connection, within.parent)? {
                    self.memory.batch.named(within.parent.whole());
                    self.memory.batch.carries(within.parent.whole());
                }
                if within.belonging == Belonging::Carried {
                    self.memory.batch.moved(within.parent.whole(), within.at);
                }
                let ordinal = self.ordinal(seq);
                super::within::add(self.connection, index, ordinal, &within)?;
            }
            Row::Profile { handle, at, profile } => {
                let body = serde_json::to_string(&profile).map_err(|_| StoreError::Packed("profile"))?;
                self.insert(
                    "INSERT INTO profile (site, handle, seq, at, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![SITE, handle.0, index, at.0, body],
                )?;
            }
            Row::Product { product, parts, programs } => {
                self.insert(
                    "INSERT OR IGNORE INTO product_release (site, product, seq) VALUES (?1, ?2, ?3)",
                    params![SITE, product.0, index],
                )?;
                for part in parts {
                    self.insert(
                        "INSERT OR IGNORE INTO product_part (site, product, part, seq) VALUES (?1, ?2, ?3, ?4)",
                        params![SITE, product.0, part.0, index],
                    )?;
                }
                for program in programs {
                    self.insert(
                        "INSERT OR IGNORE INTO product_program (site, program, product, seq) VALUES (?1, ?2, ?3, ?4)",
                        params![SITE, program.0, product.0, index],
                    )?;
                }
            }
            Row::Of { thing, whole, at } => {
                if self.memory.memberships.insert((thing, whole)) {
                    self.insert(
                        "INSERT OR IGNORE INTO membership (site, thing, whole, at, seq) VALUES (?1, ?2, ?3, ?4, ?5)",
                        params![SITE, thing.0, whole.0, at.0, index],
                    )?;
                }
            }
            Row::Note { station, at, name } => {
                let name = self.note_name(&name)?;
                self.insert(
                    "INSERT OR IGNORE INTO note (site, station, at, seq, name) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![SITE, station.0, at.0, index, name],
                )?;
            }
        }
        Ok(())
    }
}

impl Transaction<'_> {
    fn note_name(&mut self, text: &str) -> Result<i64, StoreError> {
        if let Some(id) = self.memory.note_names.get(text) {
            return Ok(*id);
        }
        let found = self
            .connection
            .prepare_cached("SELECT id FROM note_name WHERE site = ?1 AND text = ?2")?
            .query_row(params![SITE, text], |row| row.get::<_, i64>(0))
            .optional()?;
        let id = match found {
            Some(id) => id,
            None => {
                let id = self.memory.next_note_name;
                self.memory.next_note_name += 1;
                self.insert("INSERT INTO note_name (site, id, text) VALUES (?1, ?2, ?3)", params![SITE, id, text])?;
                id
            }
        };
        self.memory.note_names.insert(text.to_owned(), id);
        Ok(id)
    }
}

/// Looks a thing up by borrowed parts.
trait ThingKey {
    fn parts(&self) -> (Kind, &str);
}

impl ThingKey for (Kind, Box<str>) {
    fn parts(&self) -> (Kind, &str) {
        (self.0, &self.1)
    }
}

impl ThingKey for (Kind, &str) {
    fn parts(&self) -> (Kind, &str) {
        (self.0, self.1)
    }
}

impl std::hash::Hash for dyn ThingKey + '_ {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl PartialEq for dyn ThingKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn ThingKey + '_ {}

impl<'a> std::borrow::Borrow<dyn ThingKey + 'a> for (Kind, Box<str>) {
    fn borrow(&self) -> &(dyn ThingKey + 'a) {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use kernel::event::{PassArrived, PassDeparted, UnitStatus, UnitsMatched, UnitsSeparated};
    use testkit::build::{event, group, mention};

    use super::*;

    /// A pallet of the house takes a board, carries it through a station and gives it back.
    fn round(number: i64) -> Vec<Event> {
        let (tick, board) = (number * 4, format!("BRD-{number}"));
        let on_it = || group("PALLET", vec![mention(&board, Some(1), UnitStatus::Pass)]);
        let named = |what: &str| format!("{what} {number}");
        vec![
            event(
                "HOUSE",
                tick,
                &named("on"),
                UnitsMatched { carrier: "PALLET".into(), units: on_it(), ..Default::default() },
            ),
            event("OVEN", tick + 1, &named("in"), PassArrived { units: group("PALLET", vec![]), ..Default::default() }),
            event(
                "OVEN",
                tick + 2,
                &named("out"),
                PassDeparted { units: group("PALLET", vec![]), ..Default::default() },
            ),
            event(
                "HOUSE",
                tick + 3,
                &named("off"),
                UnitsSeparated { carrier: "PALLET".into(), units: on_it(), ..Default::default() },
            ),
        ]
    }

    #[test]
    fn a_round_of_a_carrier_costs_no_more_after_years() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(&folder.path().join("site.db")).expect("a store");
        let steps = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&steps);
        let count = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        store.connection.progress_handler(1, Some(count)).expect("steps are counted");
        let mut taken = Vec::new();
        for number in 0..1_000 {
            steps.store(0, Ordering::Relaxed);
            store.record(&round(number), &[]).expect("records");
            taken.push(steps.load(Ordering::Relaxed));
        }
        let of = |rounds: std::ops::Range<usize>| taken[rounds].iter().sum::<u64>();
        let (early, late) = (of(100..200), of(900..1_000));
        println!("{early} steps of the database for 100 rounds, and {late} for 100 after 800 more");
        assert!(late < early + early / 4, "{early} steps for 100 rounds, {late} after 800 more");
    }
}
