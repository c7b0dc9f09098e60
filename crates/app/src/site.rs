//! A site: the one door to a data folder.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use adapters::cfx::Zones;
use kernel::event::{Event, Fact, Source, StationProfiled};
use kernel::id::Seq;
use kernel::stored;
use kernel::time::{Moment, Time};
use seal::verify::{Options, Progress, Tail};
use seal::{Bundle, Ledger, LedgerError, SignedCheckpoint, Tile, VerifierKey};
use serde::Serialize;
use store::{OwnStore, QuarantineFilter, SiteReader, Store, StoreError};

use crate::answer::{
    BoardPosition, EventShown, Imported, LedgerNow, Quarantined, StationNow, ThingAbout, Trace, WhereUsed,
};
use crate::backup::{self, Backup, BackupOptions, RestoreOptions};
use crate::board::{self, BoardImport, BoardImported};
use crate::changes::{Board, Changes};
use crate::config::Settings;
use crate::error::{SiteError, chain};
use crate::fault::{Faults, Place};
use crate::folder::Folder;
use crate::import::{Captured, Intake, Protocol};
use crate::notary::{KNOWN, Notary};
use crate::own::Own;
use crate::quarantine;
use crate::question::{self, AsOf, Desk, QuestionError, Snapshot};
use crate::read::{Archive, Pool, references};
use crate::rebuild::{self, Rebuilt};
use crate::record::{Batch, Counters, Recorded, Tally, Wake, Writer, now};

/// How to open a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Make the data folder when there is none.
    pub create: bool,
}

/// A site, open. Clones are the same site; every method blocks until it is done.
#[derive(Clone)]
pub struct Site {
    inner: Arc<Inner>,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("folder", &self.inner.folder.path()).finish_non_exhaustive()
    }
}

struct Inner {
    folder: Folder,
    settings: Settings,
    zones: Zones,
    key: VerifierKey,
    own: Own,
    pool: Pool,
    archive: Archive,
    tally: Arc<Tally>,
    changes: Arc<Board>,
    working: Option<Working>,
}

/// What only the one writer of a folder has.
struct Working {
    writer: Arc<Writer>,
    notary: Mutex<Option<JoinHandle<Result<(), SiteError>>>>,
    wake_notary: Mutex<Option<Sender<Wake>>>,
    lock: Mutex<Option<File>>,
}

/// The question where a thing went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhereUsedQuery {
    /// The thing, `kind:identifier` or bare.
    pub thing: String,
    /// Only what happened from here on.
    pub from: Option<Time>,
    /// Only what happened before this.
    pub until: Option<Time>,
    /// As known when.
    pub as_of: AsOf,
}

/// What to replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Everything that waits.
    All,
    /// These.
    Ids(Vec<u64>),
    /// One, with repaired bytes in place of those that were kept.
    Repaired {
        /// Which.
        id: u64,
        /// The bytes to read instead.
        bytes: Vec<u8>,
    },
}

/// A page of the quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuarantinePage {
    /// The messages, by number.
    pub messages: Vec<Quarantined>,
    /// Where to go on; `None` when this is all.
    pub next: Option<u64>,
}

/// How to verify.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyOptions {
    /// The key to believe, `<name>+<id>+<base64>`; without it the one in the data folder.
    pub key: Option<String>,
    /// Nobody writes: anything above the newest checkpoint is a finding.
    pub at_rest: bool,
}

/// What a verification found good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Origin of the ledger.
    pub origin: String,
    /// Entries.
    pub entries: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// Attachments.
    pub attachments: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Root of the newest checkpoint, base64.
    pub root: String,
}

/// Setting that holds the profiles that were recorded from the configuration.
const PROFILES: &str = "profiles";
/// Where profiles of the configuration come from.
const PROFILE_SOURCE: &str = "tracewright.toml";

impl Site {
    /// Opens the site in a folder to write; only one process can.
    ///
    /// # Errors
    /// When there is no site, it is in use, or it is not as it was left.
    pub fn open(dir: &Path, options: OpenOptions) -> Result<Site, SiteError> {
        Site::open_on(dir, options, None)
    }

    /// As [`Site::open`], on a disk that fails as it is told: for tests of durability.
    ///
    /// # Errors
    /// Also when the disk failed.
    pub fn open_with_faults(dir: &Path, options: OpenOptions, faults: Faults) -> Result<Site, SiteError> {
        Site::open_on(dir, options, Some(faults))
    }

    fn open_on(dir: &Path, options: OpenOptions, faults: Option<Faults>) -> Result<Site, SiteError> {
        let folder = if options.create { Folder::create(dir)? } else { Folder::existing(dir)? };
        let lock = folder.lock()?;
        let settings = Settings::read(dir)?;
        for path in [folder.site_db(), folder.own_db()] {
            folder.reserve(&path)?;
        }
        let mut own = OwnStore::open(&folder.own_db())?;
        if let Some(faults) = &faults {
            own.fail_by(faults.of_database(Place::Own));
        }
        let own = Own::new(own)?;
        let signer = folder.signer(&settings)?;
        let key = signer.verifier().clone();
        let ledger_folder = folder.ledger();
        let open_ledger = {
            let faults = faults.clone();
            move || match &faults {
                Some(faults) => Ledger::open_with_faults(&ledger_folder, signer.clone(), faults.of_ledger()),
                None => Ledger::open(&ledger_folder, signer.clone()),
            }
        };
        let ledger = open_ledger()?;
        if let Some(known) = own.store().setting(KNOWN)?
            && let Ok(known) = SignedCheckpoint::parse(&known)
        {
            ledger.require(known.checkpoint())?;
        }
        let mut store = Store::open(&folder.site_db())?;
        if let Some(faults) = &faults {
            store.fail_by(faults.of_database(Place::Database));
        }
        reconcile(&store, &ledger)?;

        let tally = Arc::new(Tally::started(store.size().0, ledger.size()));
        let changes = Arc::new(Board::default());
        let archive = Archive::new(ledger.reader()?);
        let (wake, wakes) = channel();
        let batch_max = settings.limits.batch_events_max;
        let writer = Arc::new(Writer::start(store, batch_max, Arc::clone(&tally), Arc::clone(&changes), wake.clone())?);
        let mut notary = Notary {
            ledger: Some(ledger),
            reopen: Box::new(move || Ok(open_ledger()?)),
            writer: Arc::clone(&writer),
            own: own.clone(),
            tally: Arc::clone(&tally),
            changes: Arc::clone(&changes),
        };
        // Before anybody asks, what a crash left unsealed is sealed, and found out if it does not fit.
        if let Err(error) = notary.seal_all() {
            // A start that fails leaves nobody behind who has the database open.
            writer.stop();
            return Err(error);
        }
        let thread = std::thread::Builder::new().name("notary".to_owned()).spawn(move || notary.run(&wakes));
        let thread = thread.map_err(|error| SiteError::Stopped(format!("the notary does not start: {error}")))?;
        let site = Site {
            inner: Arc::new(Inner {
                zones: Zones { site: settings.zone.clone() },
                pool: Pool::new(&folder.site_db(), settings.limits.readers_max),
                archive,
                folder,
                key,
                own,
                tally,
                changes,
                working: Some(Working {
                    writer,
                    notary: Mutex::new(Some(thread)),
                    wake_notary: Mutex::new(Some(wake)),
                    lock: Mutex::new(Some(lock)),
                }),
                settings,
            }),
        };
        site.record_profiles()?;
        site.prune()?;
        Ok(site)
    }

    /// Opens the site in a folder for questions only, beside a running server or without one.
    ///
    /// # Errors
    /// When there is no site.
    pub fn open_to_read(dir: &Path) -> Result<Site, SiteError> {
        let folder = Folder::existing(dir)?;
        if !folder.site_db().exists() || !folder.own_db().exists() {
            return Err(SiteError::Missing(dir.to_owned()));
        }
        let settings = Settings::read(dir)?;
        let own = Own::to_read(OwnStore::open_to_read(&folder.own_db())?);
        let pool = Pool::new(&folder.site_db(), settings.limits.readers_max);
        let archive = Archive::new(seal::Reader::open(folder.ledger())?);
        let recorded = pool.with(|_| Ok(Seq::LATEST), |reader| reader.size().map_err(SiteError::from))?;
        let sealed = archive.ledger().size()?;
        if recorded.0 < sealed {
            return Err(SiteError::Behind { recorded: recorded.0, sealed });
        }
        Ok(Site {
            inner: Arc::new(Inner {
                zones: Zones { site: settings.zone.clone() },
                key: folder.verifier()?,
                pool,
                archive,
                folder,
                own,
                tally: Arc::new(Tally::started(recorded.0, sealed)),
                changes: Arc::default(),
                working: None,
                settings,
            }),
        })
    }

    /// The configuration.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    fn working(&self) -> Result<&Working, SiteError> {
        self.inner.working.as_ref().ok_or(SiteError::ReadOnly)
    }

    fn intake<'a>(&'a self, protocol: Protocol, source: &'a str) -> Result<Intake<'a>, SiteError> {
        let inner = &*self.inner;
        Ok(Intake {
            protocol,
            source,
            own: &inner.own,
            writer: &self.working()?.writer,
            tally: &inner.tally,
            changes: &inner.changes,
            zones: &inner.zones,
            message_bytes_max: inner.settings.limits.message_bytes_max,
            keeps_malformed: true,
        })
    }

    fn capture(&self, protocol: Protocol, source: &str, bytes: Vec<u8>) -> Result<Captured, SiteError> {
        let mut messages = Vec::new();
        let mut input = std::io::Cursor::new(bytes);
        let counts =
            self.intake(protocol, source)?.import(&mut input, &mut |_| {}, &mut |outcome| messages.push(outcome))?;
        Ok(Captured { counts, messages })
    }

    /// Imports CFX messages in any of the input forms. `progress` is told the bytes read so far.
    ///
    /// # Errors
    /// When recording fails. What cannot be understood is no error, but quarantined.
    pub fn import_cfx(
        &self,
        source: &str,
        input: &mut dyn Read,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Imported, SiteError> {
        self.intake(Protocol::Cfx, source)?.import(input, progress, &mut |_| {})
    }

    /// Reads CFX messages as an import does, on this thread, and records none: what reading alone costs. Gives how many were understood.
    ///
    /// # Errors
    /// When the input fails.
    pub fn read_cfx(&self, source: &str, input: &mut dyn Read) -> Result<u64, SiteError> {
        self.intake(Protocol::Cfx, source)?.read(input)
    }

    /// Records CFX messages in any of the input forms and says what became of each.
    ///
    /// # Errors
    /// When recording fails.
    pub fn capture_cfx(&self, source: &str, bytes: Vec<u8>) -> Result<Captured, SiteError> {
        self.capture(Protocol::Cfx, source, bytes)
    }

    /// Imports events in their JSON form (`docs/events.md`). `progress` is told the bytes read so far.
    ///
    /// # Errors
    /// When recording fails.
    pub fn import_events(
        &self,
        source: &str,
        input: &mut dyn Read,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Imported, SiteError> {
        self.intake(Protocol::Events, source)?.import(input, progress, &mut |_| {})
    }

    /// Records events in their JSON form and says what became of each.
    ///
    /// # Errors
    /// When recording fails.
    pub fn capture_events(&self, source: &str, bytes: Vec<u8>) -> Result<Captured, SiteError> {
        self.capture(Protocol::Events, source, bytes)
    }

    /// Imports the files of a product revision.
    ///
    /// # Errors
    /// When the files cannot be understood, or recording fails.
    pub fn import_board(&self, board: &BoardImport) -> Result<BoardImported, SiteError> {
        let (fact, mut imported) = board::release(board)?;
        let newest = self.ask(AsOf::Latest, |desk| board::newest_release(desk.snapshot, &imported.product));
        imported.counts = match newest {
            Ok(Some(newest)) if newest == fact => Imported { messages: 1, duplicates: 1, ..Imported::default() },
            Ok(_) => self.record_own("board files", now(), vec![fact.into()])?,
            Err(QuestionError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(SiteError::Refused(error.to_string())),
        };
        Ok(imported)
    }

    /// Records facts that come from people or files, not from messages. The identifier of each is made of its content.
    fn record_own(&self, handle: &str, at: Time, facts: Vec<Fact>) -> Result<Imported, SiteError> {
        let recorded = now();
        let mut events = Vec::with_capacity(facts.len());
        for fact in facts {
            let source = Source { handle: handle.to_owned(), name: fact.kind().to_owned(), ..Source::default() };
            let mut event = Event { at: Moment::from(at), recorded, source, fact, extra: Default::default() };
            let content = stored::encode(&event).map_err(StoreError::from)?.content;
            event.source.message = format!("content:{}", stored::hex(&content[..16]));
            events.push(event);
        }
        let mut counts = Imported { messages: events.len() as u64, ..Imported::default() };
        for outcome in self.working()?.writer.record(Batch { events, ..Batch::default() })?.wait()? {
            match outcome {
                Recorded::Done(store::Outcome::Recorded(_) | store::Outcome::Contradicts(_)) => counts.recorded += 1,
                Recorded::Done(store::Outcome::Duplicate) => counts.duplicates += 1,
                Recorded::Refused(reason) => return Err(SiteError::Recording(reason)),
            }
        }
        Ok(counts)
    }

    /// Records the stations of the configuration, when they are others than last time.
    ///
    /// They hold from the beginning: their time is 1970, with the seconds of today as microseconds, so that the newest of several is the last.
    fn record_profiles(&self) -> Result<(), SiteError> {
        let stations = &self.inner.settings.stations;
        let known: Vec<StationProfiled> = match self.inner.own.store().setting(PROFILES)? {
            Some(text) => serde_json::from_slice(&text).unwrap_or_default(),
            None => Vec::new(),
        };
        let changed = stations.iter().filter(|station| !known.contains(station)).cloned();
        let key = |station: &StationProfiled| (station.station.clone(), station.handle.clone(), station.lane);
        let gone = known.iter().filter(|known| !stations.iter().any(|station| key(station) == key(known)));
        let emptied = gone.map(|known| StationProfiled {
            station: known.station.clone(),
            handle: known.handle.clone(),
            lane: known.lane,
            ..StationProfiled::default()
        });
        let facts: Vec<Fact> = changed.chain(emptied).map(Fact::from).collect();
        if facts.is_empty() {
            return Ok(());
        }
        self.record_own(PROFILE_SOURCE, Time(now().0 / 1_000_000), facts)?;
        let text = serde_json::to_vec(stations).unwrap_or_default();
        Ok(self.inner.own.store().set(PROFILES, &text)?)
    }

    /// Forgets what is past its term: bytes of replayed messages, and repeats if the configuration says so. A message that comes again after
    /// that is recorded again, and files of old messages are imported again and again: so by default repeats are known for good.
    fn prune(&self) -> Result<(), SiteError> {
        const DAY: i64 = 86_400_000_000;
        let limits = self.inner.settings.limits;
        self.inner.own.store().prune_replayed(now().plus(-i64::from(limits.vault_days) * DAY))?;
        if let Some(days) = limits.inbox_days {
            self.working()?.writer.prune_inbox(now().plus(-i64::from(days) * DAY))?;
        }
        Ok(())
    }

    /// What is in quarantine, by number, from above `cursor`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn quarantine_list(
        &self,
        filter: QuarantineFilter,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<QuarantinePage, SiteError> {
        let mut rows = self.inner.own.store().quarantined(filter, cursor.unwrap_or(0), limit.saturating_add(1))?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(|row| row.id) } else { None };
        Ok(QuarantinePage { messages: rows.into_iter().map(quarantine::shown).collect(), next })
    }

    /// A message in quarantine with its bytes.
    ///
    /// # Errors
    /// When there is none with this number.
    pub fn quarantine_show(&self, id: u64) -> Result<(Quarantined, Vec<u8>), SiteError> {
        let found = self.inner.own.store().quarantined_message(id)?;
        let (row, bytes) = found.ok_or_else(|| SiteError::NotFound(format!("message {id} in quarantine")))?;
        Ok((quarantine::shown(row), bytes))
    }

    /// Reads messages of the quarantine again.
    ///
    /// # Errors
    /// When one is not there or was replayed already, or recording fails.
    pub fn quarantine_replay(&self, replay: &Replay) -> Result<Captured, SiteError> {
        let ids = match replay {
            Replay::All => {
                let rows = self.inner.own.store().quarantined(QuarantineFilter::Waiting, 0, usize::MAX >> 1)?;
                rows.into_iter().map(|row| row.id).collect()
            }
            Replay::Ids(ids) => ids.clone(),
            Replay::Repaired { id, .. } => vec![*id],
        };
        let mut captured = Captured::default();
        for id in ids {
            let found = self.inner.own.store().quarantined_message(id)?;
            let (row, kept) = found.ok_or_else(|| SiteError::NotFound(format!("message {id} in quarantine")))?;
            let bytes = match replay {
                Replay::Repaired { bytes, .. } => bytes,
                _ => &kept,
            };
            let intake =
                Intake { keeps_malformed: false, ..self.intake(Protocol::from_word(&row.protocol), &row.source)? };
            quarantine::replay(&row, bytes, &intake, &mut captured)?;
        }
        Ok(captured)
    }

    /// A desk at which any number of questions can be asked of one state of the log, as known at an index or a time.
    ///
    /// # Errors
    /// What asking returns, or when the store fails.
    pub fn ask<T>(
        &self,
        as_of: AsOf,
        ask: impl FnOnce(&Desk<'_>) -> Result<T, QuestionError>,
    ) -> Result<T, QuestionError> {
        let bound = |reader: &SiteReader| -> Result<Seq, QuestionError> {
            let size = reader.size()?;
            Ok(match as_of {
                AsOf::Latest => size,
                AsOf::Index(index) => size.min(Seq(index)),
                AsOf::Time(time) => reader.size_at(time)?.min(size),
            })
        };
        let gaps = quarantine::gaps(&self.inner.own)?;
        self.inner.pool.with(bound, |reader| {
            let snapshot = Snapshot {
                reader,
                events: &|seq| self.inner.archive.event(reader, seq),
                pseudonyms: &|text| {
                    self.inner.own.store().pseudonyms(text).unwrap_or_else(|error| {
                        tracing::error!(error = chain(&error), "people cannot be looked up");
                        Vec::new()
                    })
                },
                quarantined: &gaps,
            };
            ask(&Desk::new(&snapshot))
        })
    }

    /// What is in a unit and what happened to it.
    ///
    /// # Errors
    /// When nothing is known by that name, or the store fails.
    pub fn trace(&self, thing: &str, as_of: AsOf) -> Result<Trace, QuestionError> {
        self.ask(as_of, |desk| question::trace(desk, thing))
    }

    /// Where a thing went.
    ///
    /// # Errors
    /// When nothing is known by that name, or the store fails.
    pub fn where_used(&self, query: &WhereUsedQuery) -> Result<WhereUsed, QuestionError> {
        self.ask(query.as_of, |desk| question::where_used(desk, &query.thing, query.from, query.until))
    }

    /// What is known of a thing that is not a unit.
    ///
    /// # Errors
    /// When nothing is known by that name, or the store fails.
    pub fn about(&self, thing: &str, as_of: AsOf) -> Result<ThingAbout, QuestionError> {
        self.ask(as_of, |desk| question::about(desk, thing))
    }

    /// Things that a text may mean, as `kind:identifier`: for the scan box.
    ///
    /// # Errors
    /// When the store fails.
    pub fn look_up(&self, text: &str, limit: usize) -> Result<Vec<String>, QuestionError> {
        self.ask(AsOf::Latest, |desk| question::look_up(desk, text, limit))
    }

    /// The stations as they stand.
    ///
    /// # Errors
    /// When the store fails.
    pub fn now(&self) -> Result<Vec<StationNow>, QuestionError> {
        self.ask(AsOf::Latest, question::now)
    }

    /// Positions of a unit's product to draw, or of a `product:` itself; `None` when its product is not known or was not released with positions.
    ///
    /// # Errors
    /// When nothing is known of the unit.
    pub fn board(&self, unit: &str) -> Result<Option<Vec<BoardPosition>>, QuestionError> {
        self.ask(AsOf::Latest, |desk| board::positions(desk.snapshot, unit))
    }

    /// Counts for the Now page.
    ///
    /// # Errors
    /// When the database fails.
    pub fn counters(&self) -> Result<Counters, SiteError> {
        let waiting = self.inner.own.store().waiting(0)?;
        Ok(self.inner.tally.counters(self.recorded()?, self.sealed()?, waiting.messages))
    }

    /// Bytes in the database's tables and indexes, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sizes(&self) -> Result<Vec<(String, u64)>, SiteError> {
        self.inner.pool.with(|_| Ok(Seq::LATEST), |reader| Ok(reader.sizes()?))
    }

    /// Number of events recorded.
    fn recorded(&self) -> Result<u64, SiteError> {
        self.inner.pool.with(|_| Ok(Seq::LATEST), |reader| Ok(reader.size()?.0))
    }

    fn sealed(&self) -> Result<u64, SiteError> {
        Ok(self.inner.archive.ledger().size()?)
    }

    /// What changes from here on.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.inner.changes.subscribe()
    }

    /// The ledger as it stands.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn ledger(&self) -> Result<LedgerNow, SiteError> {
        let checkpoint = self.inner.archive.ledger().checkpoint()?;
        Ok(LedgerNow {
            origin: self.inner.key.name().to_owned(),
            key: self.inner.key.to_string(),
            sealed: checkpoint.size(),
            recorded: self.recorded()?.max(checkpoint.size()),
            checkpoint: checkpoint.to_string(),
        })
    }

    /// The newest checkpoint, as signed.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn checkpoint_text(&self) -> Result<String, SiteError> {
        Ok(self.inner.archive.ledger().checkpoint()?.to_string())
    }

    /// The newest checkpoints, as signed, newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn checkpoints(&self, limit: usize) -> Result<Vec<String>, SiteError> {
        let mut newest = std::collections::VecDeque::with_capacity(limit.min(1024));
        for checkpoint in self.inner.archive.ledger().checkpoints()? {
            match checkpoint {
                Ok(checkpoint) => newest.push_front(checkpoint.to_string()),
                // The writer may be in the middle of the last line.
                Err(LedgerError::Damaged(_)) if !newest.is_empty() && self.inner.working.is_none() => break,
                Err(error) => return Err(error.into()),
            }
            newest.truncate(limit);
        }
        Ok(newest.into())
    }

    /// An event of the log.
    ///
    /// # Errors
    /// When there is none at this index.
    pub fn event(&self, index: u64) -> Result<EventShown, SiteError> {
        let entry = self.inner.pool.with(|_| Ok(Seq::LATEST), |reader| self.inner.archive.entry(reader, Seq(index)))?;
        let entry = entry.ok_or_else(|| SiteError::NotFound(format!("event {index}")))?;
        let event = stored::decode(&entry.bytes, &mut |_| entry.attached.clone()).map_err(StoreError::from)?;
        Ok(EventShown {
            index,
            kind: event.fact.kind().to_owned(),
            at: event.at.at.to_string(),
            recorded_at: event.recorded.to_string(),
            source: event.source.handle,
            name: event.source.name,
            entry: String::from_utf8_lossy(&entry.bytes).into_owned(),
            attached: entry.attached.map(|content| String::from_utf8_lossy(&content).into_owned()),
        })
    }

    /// The proof that an event is in the ledger, to hand out (C2SP `tlog-proof`).
    ///
    /// # Errors
    /// When the event is not sealed.
    pub fn inclusion_proof(&self, index: u64) -> Result<String, SiteError> {
        Ok(self.inner.archive.ledger().proof(index)?.to_string())
    }

    /// The proof that the first `old` entries are a beginning of the first `new`: base64 hashes.
    ///
    /// # Errors
    /// When they are not sealed.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<String>, SiteError> {
        let proof = self.inner.archive.ledger().consistency_proof(old, new)?;
        Ok(proof.iter().map(seal::Hash::to_base64).collect())
    }

    /// The bytes of a tile (C2SP `tlog-tiles`).
    ///
    /// # Errors
    /// When there is no such tile.
    pub fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, SiteError> {
        let tile = Tile::new(level, index, width)
            .ok_or_else(|| SiteError::NotFound(format!("tile {level}/{index}.p/{width}")))?;
        Ok(self.inner.archive.ledger().tile(tile)?)
    }

    /// The bytes of an entry bundle.
    ///
    /// # Errors
    /// When there is no such bundle.
    pub fn entry_bundle(&self, index: u64, width: u16) -> Result<Vec<u8>, SiteError> {
        let bundle =
            Bundle::new(index, width).ok_or_else(|| SiteError::NotFound(format!("entry bundle {index}.p/{width}")))?;
        Ok(self.inner.archive.ledger().bundle(bundle)?)
    }

    /// Writes what the newest checkpoint covers as plain C2SP files into a new folder. Gives the checkpoint.
    ///
    /// # Errors
    /// When the ledger cannot be read or the folder not be written.
    pub fn export_ledger(&self, to: &Path) -> Result<String, SiteError> {
        Ok(seal::export(self.inner.archive.ledger(), to)?.to_string())
    }

    /// Recomputes the whole ledger of a data folder, beside a running server or without one. `progress` is told entries done and entries there are.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn verify(
        dir: &Path,
        options: &VerifyOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Verified, SiteError> {
        let folder = Folder::existing(dir)?;
        let key = match &options.key {
            Some(text) => {
                text.trim().parse().map_err(|_| SiteError::Refused(format!("`{text}` is no public key of a ledger")))?
            }
            None => folder.verifier()?,
        };
        let mut told = |progressed: Progress| progress(progressed.entries, progressed.entries_total);
        let report = seal::verify::verify_with(
            folder.ledger(),
            &key,
            Options {
                tail: if options.at_rest { Tail::Refused } else { Tail::Tolerated },
                references: Some(&references),
                progress: Some(&mut told),
            },
        )?;
        Ok(Verified {
            origin: key.name().to_owned(),
            entries: report.entries,
            checkpoints: report.checkpoints,
            attachments: report.attachments,
            bytes: report.bytes,
            root: report.checkpoint.root().to_base64(),
        })
    }

    /// Makes the database anew from the ledger. No server may run. `progress` is told events done and events there are.
    ///
    /// # Errors
    /// When the ledger is damaged or the folder in use.
    pub fn rebuild(dir: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Rebuilt, SiteError> {
        let folder = Folder::existing(dir)?;
        rebuild::rebuild(&folder, &Settings::read(dir)?, progress)
    }

    /// Copies a data folder, beside a running server or without one, and verifies the copy. `progress` is told entries verified and entries
    /// there are.
    ///
    /// # Errors
    /// When something of it is damaged, or the copy cannot be written.
    pub fn backup(
        dir: &Path,
        options: &BackupOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Backup, SiteError> {
        backup::backup(&Folder::existing(dir)?, options, progress)
    }

    /// Puts a backup into a new or empty data folder, verified before it stands there. Without the key it can be asked, not written to.
    ///
    /// # Errors
    /// When the backup is damaged, or the folder is not empty.
    pub fn restore(
        dir: &Path,
        options: &RestoreOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Backup, SiteError> {
        backup::restore(dir, options, progress)
    }

    /// Seals everything and stops. Later calls that record are refused; questions go on.
    ///
    /// # Errors
    /// When the ledger could not be sealed; the events are safe in the database.
    pub fn close(&self) -> Result<(), SiteError> {
        self.inner.close()
    }
}

impl Inner {
    fn close(&self) -> Result<(), SiteError> {
        let Some(working) = &self.working else { return Ok(()) };
        if let Some(wake) = take(&working.wake_notary) {
            wake.send(Wake::Stop).ok();
        }
        let sealed = match take(&working.notary) {
            Some(thread) => thread.join().unwrap_or_else(|_| Err(SiteError::Stopped("the notary failed".to_owned()))),
            None => Ok(()),
        };
        working.writer.stop();
        self.changes.close();
        take(&working.lock);
        sealed
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(error = chain(&error), "the site was not closed in order; events are safe in the database");
        }
    }
}

fn take<T>(from: &Mutex<Option<T>>) -> Option<T> {
    from.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Whether database and ledger are of one history: the ledger may lag by exactly the tail, and never lead.
fn reconcile(store: &Store, ledger: &Ledger) -> Result<(), SiteError> {
    let (recorded, sealed) = (store.size().0, ledger.size());
    if sealed > recorded {
        return Err(SiteError::Behind { recorded, sealed });
    }
    let first_unsealed = store.tail(1)?.first().map_or(recorded, |commit| commit.first.0);
    if first_unsealed > sealed {
        return Err(SiteError::LedgerBehind { sealed, recorded: first_unsealed });
    }
    Ok(())
}
