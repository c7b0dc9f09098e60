//! The one writer: appends events and projects them, batch by batch, each batch one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};

use kernel::event::Event;
use kernel::id::{Designator, Id, PassId, PatternId, Seq};
use kernel::pass::{FactKind, PassFact, Role};
use kernel::placement::Pattern;
use kernel::project::{DAY, HOUR, State, is_visit, project};
use kernel::row::{Belonging, Row, Statement};
use kernel::stored;
use kernel::thing::Kind;
use kernel::time::Time;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::tail::{pack_entries, unpack_entries};
use super::{HOUR_ANY, Long, Reader, SITE, StoreError, open_reader, open_writer, prepare};

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
    uses: HashSet<(Id, PatternId, i64)>,
    statements: HashMap<Id, Statement>,
    note_names: HashMap<String, i64>,
    /// Facts of passes touched lately, for the programs and patterns that they name.
    facts: HashMap<PassId, Vec<(Role, Id)>>,
    /// Passes of the running batch, written at its end.
    dirty: BTreeMap<PassId, DirtyPass>,
    /// Keys of passes that begin in the running batch.
    new_keys: HashMap<PassId, u64>,
    /// Names of units, learned in the running batch, beside which the unit has others.
    renamed: HashSet<Id>,
    mixed: HashSet<Id>,
    ordinal: (u64, i64),
}

#[derive(Debug)]
struct DirtyPass {
    station: Id,
    first_at: i64,
    last_at: i64,
    last: i64,
    facts: Vec<u8>,
    units: HashSet<Id>,
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
        let mut store = Store { connection, path, size: 0, memory: Memory::default() };
        store.refresh()?;
        Ok(store)
    }

    /// Reads where the log and the numbering stand.
    fn refresh(&mut self) -> Result<(), StoreError> {
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

    /// Records a batch: in one transaction each event is appended and projected, unless it is a repeat. When this returns, what it says is durable.
    /// Outcomes stand in the order of the events handed in.
    ///
    /// # Errors
    /// When nothing of the batch was recorded.
    pub fn record(&mut self, events: &[Event]) -> Result<Vec<Outcome>, StoreError> {
        let result = self.try_record(events);
        if result.is_err() {
            self.connection.execute_batch("ROLLBACK").ok();
            self.refresh()?;
        }
        result
    }

    fn try_record(&mut self, events: &[Event]) -> Result<Vec<Outcome>, StoreError> {
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
        if entries.is_empty() {
            self.connection.execute_batch("ROLLBACK")?;
            return Ok(outcomes);
        }
        let count = entries.len() as u64;
        Transaction { connection: &self.connection, memory: &mut self.memory, seq: Seq(self.size) }.flush()?;
        self.connection
            .prepare_cached("INSERT INTO tail (site, first, count, entries) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![SITE, first.cast_signed(), count.cast_signed(), pack_entries(&entries)?])?;
        let recorded = events.iter().map(|event| event.recorded.0).max().unwrap_or_default();
        self.tick(recorded, first + count)?;
        self.connection.execute_batch("COMMIT")?;
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

    /// Counts heartbeats of a source.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count_heartbeats(&mut self, handle: &str, count: u64, last: Time) -> Result<(), StoreError> {
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
        transaction.commit()?;
        Ok(())
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
        let result = self.try_replay(first, events);
        if result.is_err() {
            self.connection.execute_batch("ROLLBACK").ok();
            self.refresh()?;
        }
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
        Transaction { connection: &self.connection, memory: &mut self.memory, seq: Seq(self.size) }.flush()?;
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
        drop_set_if_large(&mut self.aliases);
        drop_set_if_large(&mut self.named);
        drop_set_if_large(&mut self.links);
        drop_set_if_large(&mut self.memberships);
        drop_set_if_large(&mut self.sightings);
        drop_set_if_large(&mut self.uses);
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

    fn pass_fact(&mut self, pass: PassId, station: Id, fact: &PassFact) {
        let dirty = self.memory.dirty.entry(pass).or_insert_with(|| DirtyPass {
            station,
            first_at: i64::MAX,
            last_at: i64::MIN,
            last: 0,
            facts: Vec::new(),
            units: HashSet::new(),
        });
        dirty.first_at = dirty.first_at.min(fact.at.0);
        dirty.last_at = dirty.last_at.max(fact.at.0);
        if let Some((first, last)) = fact.placed {
            dirty.first_at = dirty.first_at.min(first.0);
            dirty.last_at = dirty.last_at.max(last.0);
        }
        dirty.last = dirty.last.max(fact.seq.0.cast_signed());
        dirty.units.extend(fact.units.iter().map(|member| member.unit).filter(|unit| unit.row() != 0).map(Id::whole));
        fact.pack(&mut dirty.facts);
        if let Some(known) = self.memory.facts.get_mut(&pass) {
            known.extend(fact.namings.iter().map(|naming| (naming.role, naming.thing)));
        }
    }

    /// Writes the passes of the batch.
    fn flush(&mut self) -> Result<(), StoreError> {
        for (pass, dirty) in std::mem::take(&mut self.memory.dirty) {
            let hour;
            let visit = match self.memory.new_keys.remove(&pass) {
                Some(key) => {
                    let visit = is_visit(key);
                    let facts = PassFact::unpack_all(&dirty.facts).ok_or(StoreError::Packed("pass"))?;
                    let extent = extent(facts, visit, dirty.last_at - dirty.first_at);
                    hour = hour_of(dirty.first_at, dirty.last_at);
                    self.insert(
                        "INSERT INTO pass (site, id, station, key, first_at, last_at, long, unlisted, facts, last)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                        params![
                            SITE,
                            pass.0,
                            dirty.station.0,
                            key.cast_signed(),
                            dirty.first_at,
                            dirty.last_at,
                            extent.long as u8,
                            extent.unlisted,
                            dirty.facts,
                            dirty.last
                        ],
                    )?;
                    visit
                }
                None => {
                    // SQLite's `||` makes text of blobs: the row is read and written whole.
                    let (mut facts, key, first_at, last_at) = self
                        .connection
                        .prepare_cached("SELECT facts, key, first_at, last_at FROM pass WHERE site = ?1 AND id = ?2")?
                        .query_row(params![SITE, pass.0], |row| {
                            let key = row.get::<_, i64>(1)?.cast_unsigned();
                            Ok((row.get::<_, Vec<u8>>(0)?, key, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
                        })?;
                    facts.extend_from_slice(&dirty.facts);
                    let known = hour_of(first_at, last_at);
                    let (first_at, last_at) = (first_at.min(dirty.first_at), last_at.max(dirty.last_at));
                    hour = hour_of(first_at, last_at);
                    let visit = is_visit(key);
                    let unpacked = PassFact::unpack_all(&facts).ok_or(StoreError::Packed("pass"))?;
                    if hour != known {
                        let members = unpacked.iter().flat_map(|fact| &fact.units);
                        for unit in members.map(|member| member.unit.whole()).collect::<BTreeSet<Id>>() {
                            self.insert(
                                "UPDATE OR IGNORE pass_unit SET hour = ?4 WHERE site = ?1 AND unit = ?2 AND hour = ?3 AND pass = ?5",
                                params![SITE, unit.0, known, hour, pass.0],
                            )?;
                        }
                    }
                    let extent = extent(unpacked, visit, last_at - first_at);
                    self.insert(
                        "UPDATE pass SET first_at = ?3, last_at = ?4, long = ?5, unlisted = ?6, facts = ?7, last = max(last, ?8)
                         WHERE site = ?1 AND id = ?2",
                        params![SITE, pass.0, first_at, last_at, extent.long as u8, extent.unlisted, facts, dirty.last],
                    )?;
                    visit
                }
            };
            for unit in dirty.units {
                self.insert(
                    "INSERT OR IGNORE INTO pass_unit (site, unit, hour, pass) VALUES (?1, ?2, ?3, ?4)",
                    params![SITE, unit.0, hour, pass.0],
                )?;
                if visit && !self.memory.mixed.contains(&dirty.station) && self.is_one_of_several(unit)? {
                    self.mix(dirty.station)?;
                }
            }
        }
        self.memory.new_keys.clear();
        for unit in std::mem::take(&mut self.memory.renamed) {
            let stations: Vec<i64> = self
                .connection
                .prepare_cached(
                    "SELECT DISTINCT pass.station FROM pass_unit CROSS JOIN pass ON pass.site = pass_unit.site AND pass.id = pass_unit.pass
                     WHERE pass_unit.site = ?1 AND pass_unit.unit = ?2 AND pass.key & 1 = 1",
                )?
                .query_map(params![SITE, unit.0], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            for station in stations {
                self.mix(Id(station))?;
            }
        }
        Ok(())
    }

    fn mix(&mut self, station: Id) -> Result<(), StoreError> {
        if self.memory.mixed.insert(station) {
            self.insert("INSERT OR IGNORE INTO mixed (site, station) VALUES (?1, ?2)", params![SITE, station.0])?;
        }
        Ok(())
    }

    /// Whether a name of a unit is one beside which the unit has others: its own while it lay on a panel, or a carrier's.
    fn is_one_of_several(&self, unit: Id) -> Result<bool, StoreError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM name WHERE site = ?1 AND thing BETWEEN ?2 AND ?3 AND scope NOT BETWEEN ?2 AND ?3)
                   OR EXISTS (SELECT 1 FROM within INDEXED BY within_parent WHERE site = ?1 AND parent = ?2 AND belonging = ?4)",
            )?
            .query_row(params![SITE, unit.0, unit.0 | 0xff, Belonging::Carried as u8], |row| row.get(0))?;
        Ok(found)
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
            self.memory.new_keys.insert(pass, key);
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
            let mut facts = PassFact::unpack_all(&stored).ok_or(StoreError::Packed("pass"))?;
            if let Some(dirty) = self.memory.dirty.get(&pass) {
                facts.extend(PassFact::unpack_all(&dirty.facts).ok_or(StoreError::Packed("pass"))?);
            }
            let named = facts.iter().flat_map(|fact| &fact.namings).map(|naming| (naming.role, naming.thing)).collect();
            self.memory.facts.insert(pass, named);
        }
        let named = self.memory.facts.get(&pass).map(Vec::as_slice).unwrap_or_default();
        Ok(named.iter().filter(|(of, _)| *of == role).map(|(_, thing)| *thing).collect())
    }

    fn is_new_sighting(&mut self, station: Id, program: Id, pattern: PatternId) -> Result<bool, StoreError> {
        Ok(self.memory.sightings.insert((station, program, pattern)))
    }

    fn is_new_use(&mut self, station: Id, pattern: PatternId, hour: i64) -> Result<bool, StoreError> {
        Ok(self.memory.uses.insert((station, pattern, hour)))
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
                        self.memory.renamed.insert(thing.whole());
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
            Row::Pass { pass, station, fact } => self.pass_fact(pass, station, &fact),
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
            Row::Use { station, pattern, hour } => self.insert(
                "INSERT OR IGNORE INTO pattern_use (site, station, pattern, hour, seq) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![SITE, station.0, pattern.0, hour, index],
            )?,
            Row::ProgramNamed { station, program, hour } => self.insert(
                "INSERT OR IGNORE INTO program_named (site, station, program, hour, seq) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![SITE, station.0, program.0, hour, index],
            )?,
            Row::Mount(point) => {
                let ordinal = self.ordinal(seq);
                let carriers: Vec<String> = point.carriers.iter().map(|carrier| carrier.0.to_string()).collect();
                self.insert(
                    "INSERT INTO mount (site, seq, ordinal, at, change, thing, kind, station, place, carriers, margin)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                    params![
                        SITE,
                        index,
                        ordinal,
                        point.at.0,
                        point.change as u8,
                        point.thing.map(|id| id.0),
                        point.kind.map(|kind| kind as u8),
                        point.station.0,
                        point.place.map(|id| id.0),
                        carriers.join(","),
                        point.margin
                    ],
                )?;
                for carrier in &point.carriers {
                    self.insert(
                        "INSERT OR IGNORE INTO mount_carrier (site, carrier, thing, seq) VALUES (?1, ?2, ?3, ?4)",
                        params![SITE, carrier.0, point.thing.map(|id| id.0), index],
                    )?;
                }
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
                    self.memory.statements.insert(package, statement);
                }
            }
            Row::Derived { at, parent, child, descent } => self.insert(
                "INSERT OR IGNORE INTO derived (site, parent, child, seq, at, descent) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![SITE, parent.0, child.0, index, at.0, descent as u8],
            )?,
            Row::Within(within) => {
                if within.belonging == Belonging::Carried {
                    self.memory.renamed.insert(within.parent.whole());
                }
                let ordinal = self.ordinal(seq);
                self.insert(
                    "INSERT INTO within (site, seq, ordinal, at, child, parent, belonging, coming, position) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    params![
                        SITE,
                        index,
                        ordinal,
                        within.at.0,
                        within.child.map_or(-1, |id| id.0),
                        within.parent.0,
                        within.belonging as u8,
                        within.on,
                        within.position
                    ],
                )?;
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

/// What of a pass a search by time must know: columns of its row.
struct Extent {
    long: Long,
    unlisted: bool,
}

/// The extent of a pass whose facts span so many microseconds.
fn extent(mut facts: Vec<PassFact>, visit: bool, micros: i64) -> Extent {
    let mut listing = facts.iter().filter(|fact| matches!(fact.kind, FactKind::Started | FactKind::Ended));
    let unlisted = !visit && listing.all(|fact| fact.units.is_empty());
    let long = match open_side(&mut facts, visit) {
        Some(Side::Begin) => Long::OpenBegin,
        Some(Side::End) => Long::Open,
        None if micros > DAY => Long::Closed,
        None if micros > HOUR => Long::Day,
        None => Long::Hour,
    };
    Extent { long, unlisted }
}

/// The hour by which a pass is found whose facts span from one time to another.
fn hour_of(first_at: i64, last_at: i64) -> i64 {
    if last_at - first_at > DAY { HOUR_ANY } else { first_at.div_euclid(HOUR) }
}

/// A side of a pass.
enum Side {
    Begin,
    End,
}

/// Which side of a pass, or of one of several in a visit, may be open. When both may, or in doubt, the begin.
fn open_side(facts: &mut [PassFact], visit: bool) -> Option<Side> {
    let has = |kind: FactKind| facts.iter().any(|fact| fact.kind == kind);
    if !visit && !has(FactKind::Started) {
        return Some(Side::Begin);
    }
    // At one instant what lies between comes before the end.
    let rank = |kind: FactKind| match kind {
        FactKind::Arrived => 0,
        FactKind::Started => 1,
        FactKind::Ended => 3,
        FactKind::Departed => 4,
        _ => 2,
    };
    let ended = has(FactKind::Ended);
    facts.sort_by_key(|fact| (fact.at, rank(fact.kind)));
    let moves = |fact: &PassFact| {
        matches!(fact.kind, FactKind::Arrived | FactKind::Started | FactKind::Ended | FactKind::Departed)
    };
    // Who is listed on one side only has no other.
    let mut listed: Option<Vec<Id>> = None;
    // Whoever names the panel names its boards.
    let covers = |units: &[Id], unit: Id| units.contains(&unit) || units.contains(&unit.whole());
    for fact in facts.iter().filter(|fact| moves(fact) && !fact.units.is_empty()) {
        let units: Vec<Id> = fact.units.iter().map(|member| member.unit).collect();
        match &listed {
            None => listed = Some(units),
            Some(known) => {
                let alike = known.iter().all(|unit| covers(&units, *unit))
                    && units
                        .iter()
                        .all(|unit| covers(known, *unit) || known.iter().any(|known| known.whole() == *unit));
                if !alike {
                    return Some(Side::Begin);
                }
            }
        }
    }
    if !visit {
        // Nobody knows when those were there that a report speaks of and no list names.
        let reported = facts.iter().filter(|fact| fact.kind == FactKind::Installed).flat_map(|fact| &fact.units);
        let mut strangers = reported.filter(|member| member.unit.row() != 0);
        if listed.is_some_and(|listed| strangers.any(|member| !covers(&listed, member.unit))) {
            return Some(Side::Begin);
        }
        return (!ended).then_some(Side::End);
    }
    let (mut begun, mut started, mut ended, mut departed) = (false, false, false, false);
    // The next begins before the last has ended.
    let mut left_open = false;
    let mut begun_at = Time::MIN;
    for fact in facts.iter() {
        // What ends at the instant of a begin may have ended what another row tells of.
        left_open |= matches!(fact.kind, FactKind::Ended | FactKind::Departed) && fact.at == begun_at;
        if matches!(fact.kind, FactKind::Arrived | FactKind::Started) {
            begun_at = fact.at;
        }
        match fact.kind {
            FactKind::Arrived => {
                left_open |= begun && !ended;
                (begun, started, ended, departed) = (true, false, false, false);
            }
            FactKind::Started => {
                left_open |= started && !ended;
                (begun, started, ended, departed) = (true, true, false, false);
            }
            FactKind::Ended if begun && !ended => ended = true,
            FactKind::Departed if begun && !departed => (ended, departed) = (true, true),
            FactKind::Created | FactKind::Named | FactKind::Disqualified => {}
            _ if begun && !ended => {}
            _ => return Some(Side::Begin),
        }
    }
    (left_open || !ended).then_some(Side::End)
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
