//! Import and capture: bytes of machines and files become events, or quarantined messages with a reason.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read};
use std::sync::mpsc::sync_channel;

use adapters::cfx::{self, Malformed, Raw, Transcribed, Zones};
use adapters::events;
use kernel::event::{Event, Source};
use kernel::stored;
use kernel::time::Time;
use serde::Serialize;
use store::QuarantineRow;

use crate::answer::Imported;
use crate::changes::{Board, Change};
use crate::error::SiteError;
use crate::own::Own;
use crate::record::{Batch, Pending, Recorded, Tally, Writer, now};

/// What became of a captured input, message by message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Captured {
    /// The counts.
    pub counts: Imported,
    /// The messages, in the order of the input.
    pub messages: Vec<MessageOutcome>,
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageOutcome {
    /// The message's identifier, as far as it could be read.
    pub message: String,
    /// The message's kind, as far as it could be read.
    pub name: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// Recorded, durably.
    Recorded {
        /// Index in the log.
        index: u64,
    },
    /// Known already.
    Duplicate,
    /// Recorded, although its identifier was known with another body.
    Contradicts {
        /// Index in the log.
        index: u64,
    },
    /// A sign of life, counted.
    Heartbeat,
    /// Put in quarantine.
    Quarantined {
        /// Its number there.
        id: u64,
        /// Line from 1.
        line: u64,
        /// Column from 1.
        column: u64,
        /// The field.
        field: String,
        /// The reason in plain words.
        reason: String,
    },
}

/// Which reader understands a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Cfx,
    Events,
}

impl Protocol {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Protocol::Cfx => "cfx",
            Protocol::Events => "events",
        }
    }

    pub(crate) fn from_word(word: &str) -> Protocol {
        if word == "events" { Protocol::Events } else { Protocol::Cfx }
    }

    fn documents<'r>(self, input: impl Read + 'r, message_bytes_max: usize) -> Box<dyn Iterator<Item = Document> + 'r> {
        match self {
            Protocol::Cfx => Box::new(cfx::Documents::with_limit(input, message_bytes_max)),
            Protocol::Events => Box::new(events::Documents::with_limit(input, message_bytes_max)),
        }
    }

    fn transcribe(self, raw: &Raw, veil: &mut dyn cfx::Veil, zones: &Zones) -> Result<Transcribed, Box<Malformed>> {
        match self {
            Protocol::Cfx => cfx::transcribe(raw, veil, zones),
            Protocol::Events => events::transcribe(raw, veil, zones),
        }
    }
}

type Document = Result<Raw, Box<Malformed>>;

/// Messages read together.
const CHUNK_MESSAGES_MAX: usize = 512;
/// Bytes after which a chunk is full.
const CHUNK_BYTES_MAX: usize = 1 << 20;
/// Chunks on their way to the disk at the same time.
const ON_THEIR_WAY_MAX: usize = 4;
/// Threads that read messages, beside the one that cuts the input and the one that waits for the disk.
const READERS_MAX: usize = 4;

/// What an import needs of a site.
pub(crate) struct Intake<'a> {
    pub(crate) protocol: Protocol,
    pub(crate) source: &'a str,
    pub(crate) own: &'a Own,
    pub(crate) writer: &'a Writer,
    pub(crate) tally: &'a Tally,
    pub(crate) changes: &'a Board,
    pub(crate) zones: &'a Zones,
    pub(crate) message_bytes_max: usize,
    /// Whether what is malformed goes into quarantine; a replay leaves it where it is.
    pub(crate) keeps_malformed: bool,
}

impl Intake<'_> {
    /// Reads an input to its end. The counts are of what is durable; `each` is told what became of every message, in order.
    ///
    /// Three steps beside each other: this thread cuts the input, some read the messages, one waits for the disk.
    pub(crate) fn import(
        &self,
        input: &mut dyn Read,
        progress: &mut dyn FnMut(u64),
        each: &mut (dyn FnMut(MessageOutcome) + Send),
    ) -> Result<Imported, SiteError> {
        let read = Cell::new(0);
        let failure = RefCell::new(None);
        let input = Counted { input, read: &read, failure: &failure };
        let mut chunks = Chunks { documents: self.protocol.documents(input, self.message_bytes_max) };
        let mut settling = Settling { intake: self, on_their_way: VecDeque::new(), counts: Imported::default(), each };
        let mut first = chunks.next();
        let second = first.as_ref().and_then(|_| chunks.next());
        if second.is_none() {
            // What fits one chunk needs no threads.
            if let Some(chunk) = first.take() {
                settling.take(self.prepare(chunk)?)?;
            }
            let counts = settling.finish()?;
            progress(read.get());
            return input_failure(self.source, &failure).map_or(Ok(counts), Err);
        }
        let readers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(2, READERS_MAX);
        std::thread::scope(|scope| {
            let mut to_read = Vec::new();
            let mut to_settle = Vec::new();
            for _ in 0..readers {
                let (chunk_sender, chunks) = sync_channel::<Vec<Document>>(2);
                let (prepared_sender, prepared) = sync_channel(2);
                scope.spawn(move || {
                    for chunk in chunks {
                        if prepared_sender.send(self.prepare(chunk)).is_err() {
                            break;
                        }
                    }
                });
                to_read.push(chunk_sender);
                to_settle.push(prepared);
            }
            let settler = scope.spawn(move || {
                // Chunks were dealt out in turn, so they are taken in turn: the input's order stays.
                for prepared in to_settle.iter().cycle() {
                    let Ok(prepared) = prepared.recv() else { break };
                    settling.take(prepared?)?;
                }
                settling.finish()
            });
            for (chunk, reader) in first.into_iter().chain(second).chain(chunks).zip(to_read.iter().cycle()) {
                if reader.send(chunk).is_err() {
                    break;
                }
                progress(read.get());
            }
            drop(to_read);
            settler.join().unwrap_or_else(|_| Err(SiteError::Stopped("an import failed".to_owned())))
        })
        .and_then(|counts| input_failure(self.source, &failure).map_or(Ok(counts), Err))
    }

    /// Reads an input to its end on this thread and hands nothing on. Gives the number of messages understood.
    pub(crate) fn read(&self, input: &mut dyn Read) -> Result<u64, SiteError> {
        let (read, failure) = (Cell::new(0), RefCell::new(None));
        let input = Counted { input, read: &read, failure: &failure };
        let mut understood = 0;
        for chunk in (Chunks { documents: self.protocol.documents(input, self.message_bytes_max) }) {
            let prepared = self.prepare(chunk)?;
            understood += prepared.fates.iter().filter(|fate| !matches!(fate, Fate::Malformed(_))).count() as u64;
        }
        input_failure(self.source, &failure).map_or(Ok(understood), Err)
    }

    /// Reads the messages of a chunk.
    fn prepare(&self, chunk: Vec<Document>) -> Result<Prepared, SiteError> {
        let mut veil = self.own.veil();
        let mut prepared = Prepared::default();
        let recorded = now();
        for document in chunk {
            let raw = match document {
                Ok(raw) => raw,
                Err(malformed) => {
                    prepared.fates.push(Fate::Malformed(malformed));
                    continue;
                }
            };
            let fate = match self.protocol.transcribe(&raw, &mut veil, self.zones) {
                Ok(Transcribed::Event(mut event)) => {
                    event.recorded = recorded;
                    if event.source.message.trim().is_empty()
                        && let Ok(stored) = stored::encode(&event)
                    {
                        event.source.message = format!("content:{}", stored::hex(&stored.content[..16]));
                    }
                    let fate =
                        Fate::Event { message: event.source.message.clone(), name: event.source.name.clone(), raw };
                    prepared.events.push(event);
                    fate
                }
                Ok(Transcribed::Heartbeat { source, at }) => {
                    let (count, last) = prepared.heartbeats.entry(source.handle).or_insert((0, at.at));
                    *count += 1;
                    *last = (*last).max(at.at);
                    Fate::Heartbeat { message: source.message, name: source.name }
                }
                Err(malformed) => Fate::Malformed(malformed),
            };
            prepared.fates.push(fate);
        }
        veil.check()?;
        Ok(prepared)
    }

    /// Keeps malformed messages; gives their numbers.
    fn quarantine(&self, malformed: &[(&Malformed, &[u8])]) -> Result<Vec<u64>, SiteError> {
        if malformed.is_empty() || !self.keeps_malformed {
            return Ok(Vec::new());
        }
        let received = now();
        let rows: Vec<(QuarantineRow, &[u8])> = malformed
            .iter()
            .map(|(message, bytes)| {
                let row = QuarantineRow {
                    id: 0,
                    protocol: self.protocol.word().to_owned(),
                    received,
                    source: self.source.to_owned(),
                    station: message.source.handle.clone(),
                    line: message.line,
                    column: message.column,
                    field: message.field.clone(),
                    reason: message.reason.clone(),
                    bytes: bytes.len() as u64,
                    replayed: false,
                };
                (row, *bytes)
            })
            .collect();
        let ids = self.own.store().quarantine(&rows)?;
        self.changes.tell(Change::Quarantined { messages: ids.len() as u64 });
        Ok(ids)
    }
}

/// A chunk whose messages are read.
#[derive(Default)]
struct Prepared {
    events: Vec<Event>,
    heartbeats: BTreeMap<String, (u64, Time)>,
    /// One for each message, in order.
    fates: Vec<Fate>,
}

enum Fate {
    /// The next of the events.
    Event {
        message: String,
        name: String,
        raw: Raw,
    },
    Heartbeat {
        message: String,
        name: String,
    },
    Malformed(Box<Malformed>),
}

/// A chunk that the writer has.
struct OnItsWay {
    fates: Vec<Fate>,
    recording: Pending<Vec<Recorded>>,
}

/// Hands chunks to the writer and waits for them, in order.
struct Settling<'a> {
    intake: &'a Intake<'a>,
    on_their_way: VecDeque<OnItsWay>,
    counts: Imported,
    each: &'a mut (dyn FnMut(MessageOutcome) + Send),
}

impl Settling<'_> {
    fn take(&mut self, prepared: Prepared) -> Result<(), SiteError> {
        let beats: u64 = prepared.heartbeats.values().map(|(count, _)| count).sum();
        self.intake.tally.count_heartbeats(beats);
        let heartbeats = prepared.heartbeats.into_iter().map(|(handle, (count, last))| (handle, count, last)).collect();
        let recording = self.intake.writer.record(Batch { events: prepared.events, heartbeats })?;
        self.on_their_way.push_back(OnItsWay { fates: prepared.fates, recording });
        if self.on_their_way.len() > ON_THEIR_WAY_MAX { self.settle_first() } else { Ok(()) }
    }

    fn finish(mut self) -> Result<Imported, SiteError> {
        while !self.on_their_way.is_empty() {
            self.settle_first()?;
        }
        Ok(self.counts)
    }

    fn settle_first(&mut self) -> Result<(), SiteError> {
        let Some(OnItsWay { mut fates, recording }) = self.on_their_way.pop_front() else { return Ok(()) };
        let mut recorded = recording.wait()?.into_iter();
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(fates.len());
        for fate in &mut fates {
            let outcome = match fate {
                Fate::Malformed(_) => None,
                Fate::Heartbeat { .. } => Some(Outcome::Heartbeat),
                Fate::Event { message, name, raw } => match recorded.next() {
                    Some(Recorded::Done(store::Outcome::Recorded(seq))) => Some(Outcome::Recorded { index: seq.0 }),
                    Some(Recorded::Done(store::Outcome::Contradicts(seq))) => {
                        Some(Outcome::Contradicts { index: seq.0 })
                    }
                    Some(Recorded::Done(store::Outcome::Duplicate)) => Some(Outcome::Duplicate),
                    refused => {
                        let reason = match refused {
                            Some(Recorded::Refused(reason)) => reason,
                            _ => "it was not recorded".to_owned(),
                        };
                        *fate = Fate::Malformed(Box::new(Malformed {
                            line: raw.line,
                            column: raw.column,
                            offset: raw.offset,
                            field: String::new(),
                            reason,
                            bytes: std::mem::take(&mut raw.bytes),
                            source: Source {
                                message: std::mem::take(message),
                                name: std::mem::take(name),
                                ..Source::default()
                            },
                            at: None,
                        }));
                        None
                    }
                },
            };
            outcomes.push(outcome);
        }
        let malformed: Vec<(&Malformed, &[u8])> = fates
            .iter()
            .filter_map(|fate| match fate {
                Fate::Malformed(malformed) => Some((&**malformed, malformed.bytes.as_slice())),
                _ => None,
            })
            .collect();
        let mut ids = self.intake.quarantine(&malformed)?.into_iter();
        for (fate, outcome) in fates.into_iter().zip(outcomes) {
            let (message, name, outcome) = match (fate, outcome) {
                (Fate::Event { message, name, .. } | Fate::Heartbeat { message, name }, Some(outcome)) => {
                    (message, name, outcome)
                }
                (Fate::Malformed(malformed), _) => {
                    let Malformed { line, column, field, reason, source, .. } = *malformed;
                    let id = ids.next().unwrap_or(0);
                    (source.message, source.name, Outcome::Quarantined { id, line, column, field, reason })
                }
                (Fate::Event { message, name, .. } | Fate::Heartbeat { message, name }, None) => {
                    (message, name, Outcome::Duplicate)
                }
            };
            self.counts.messages += 1;
            match outcome {
                Outcome::Recorded { .. } => self.counts.recorded += 1,
                Outcome::Duplicate => self.counts.duplicates += 1,
                Outcome::Contradicts { .. } => {
                    self.counts.recorded += 1;
                    self.counts.contradictions += 1;
                }
                Outcome::Heartbeat => self.counts.heartbeats += 1,
                Outcome::Quarantined { .. } => self.counts.quarantined += 1,
            }
            (self.each)(MessageOutcome { message, name, outcome });
        }
        Ok(())
    }
}

/// Documents, some together.
struct Chunks<'r> {
    documents: Box<dyn Iterator<Item = Document> + 'r>,
}

impl Iterator for Chunks<'_> {
    type Item = Vec<Document>;

    fn next(&mut self) -> Option<Vec<Document>> {
        let mut chunk = Vec::new();
        let mut bytes = 0;
        while chunk.len() < CHUNK_MESSAGES_MAX && bytes < CHUNK_BYTES_MAX {
            let Some(document) = self.documents.next() else { break };
            bytes += match &document {
                Ok(raw) => raw.bytes.len(),
                Err(malformed) => malformed.bytes.len(),
            };
            chunk.push(document);
        }
        (!chunk.is_empty()).then_some(chunk)
    }
}

/// An input whose bytes are counted, and whose failure is kept: an input that cannot be read on is not the same as one that ends.
struct Counted<'a> {
    input: &'a mut dyn Read,
    read: &'a Cell<u64>,
    failure: &'a RefCell<Option<io::Error>>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.input.read(buffer) {
            Ok(read) => {
                self.read.set(self.read.get() + read as u64);
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let told = io::Error::new(error.kind(), error.to_string());
                *self.failure.borrow_mut() = Some(error);
                Err(told)
            }
        }
    }
}

fn input_failure(source: &str, failure: &RefCell<Option<io::Error>>) -> Option<SiteError> {
    failure.take().map(|error| SiteError::Input { name: source.to_owned(), source: error })
}
