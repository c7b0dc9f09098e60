//! Recording: one writer thread owns the store and commits what all sources bring, in groups.
//!
//! Whoever brings events gets the answer after the commit is durable, never before. While one commit is on its way to the disk the next group
//! gathers by itself, so nobody waits for a clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use jiff::Timestamp;
use kernel::event::Event;
use kernel::id::Seq;
use kernel::stored::{self, StoredError};
use kernel::time::Time;
use serde::Serialize;
use store::{Heartbeats, Outcome, Store, StoreError, TailCommit};

use crate::changes::{Board, Change};
use crate::error::SiteError;

/// Batches that may wait for the writer.
const WAITING_MAX: usize = 64;

/// The system's clock.
pub(crate) fn now() -> Time {
    Time(Timestamp::now().as_microsecond())
}

/// Counts since the site was opened, and of the whole log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Counters {
    /// Events in the log.
    pub recorded: u64,
    /// Events under the newest checkpoint.
    pub sealed: u64,
    /// Events recorded since the site was opened.
    pub recorded_here: u64,
    /// Messages a second, over the last ten seconds, duplicates and heartbeats included.
    pub messages_per_s: f64,
    /// Repeats dropped since the site was opened.
    pub duplicates: u64,
    /// Contradictions since the site was opened.
    pub contradictions: u64,
    /// Heartbeats since the site was opened.
    pub heartbeats: u64,
    /// Messages that wait in quarantine.
    pub quarantined_waiting: u64,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// As the store says.
    Done(Outcome),
    /// It has no stored form; the reason.
    Refused(String),
}

/// Entries that the ledger does not hold yet.
#[derive(Debug)]
pub(crate) struct Unsealed {
    pub(crate) commits: Vec<TailCommit>,
    pub(crate) attachments: Vec<([u8; 32], Vec<u8>)>,
}

/// What one source brings.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) events: Vec<Event>,
    pub(crate) heartbeats: Vec<Heartbeats>,
}

type Reply<T> = SyncSender<Result<T, SiteError>>;

enum Job {
    Record(Batch, Reply<Vec<Recorded>>),
    Tail(usize, Reply<Unsealed>),
    Sealed(Seq, Vec<[u8; 32]>, Reply<()>),
    Prune(Time, Reply<usize>),
    Stop,
}

/// What wakes the notary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// Something was committed.
    Committed,
    /// The site closes.
    Stop,
}

/// The way to the writer thread.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: SyncSender<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// An answer that is on its way.
pub(crate) struct Pending<T>(Receiver<Result<T, SiteError>>);

impl<T> Pending<T> {
    pub(crate) fn wait(self) -> Result<T, SiteError> {
        self.0.recv().map_err(|_| stopped())?
    }
}

fn stopped() -> SiteError {
    SiteError::Stopped("its writer is closed".to_owned())
}

impl Writer {
    /// Starts the thread. `committed` is told after every commit: the notary listens there.
    pub(crate) fn start(
        store: Store,
        batch_max: usize,
        tally: Arc<Tally>,
        changes: Arc<Board>,
        committed: Sender<Wake>,
    ) -> Result<Writer, SiteError> {
        let (jobs, queue) = sync_channel(WAITING_MAX);
        let mut writing = Writing { store, batch_max, tally, changes, committed };
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || writing.run(&queue));
        let thread = thread.map_err(|error| SiteError::Stopped(format!("the writer does not start: {error}")))?;
        Ok(Writer { jobs, thread: Mutex::new(Some(thread)) })
    }

    fn send<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<Pending<T>, SiteError> {
        let (reply, answer) = sync_channel(1);
        self.jobs.send(job(reply)).map_err(|_| stopped())?;
        Ok(Pending(answer))
    }

    /// Hands a batch in; outcomes come in the order of its events, once all of it is durable.
    pub(crate) fn record(&self, batch: Batch) -> Result<Pending<Vec<Recorded>>, SiteError> {
        self.send(|reply| Job::Record(batch, reply))
    }

    pub(crate) fn tail(&self, entries_max: usize) -> Result<Unsealed, SiteError> {
        self.send(|reply| Job::Tail(entries_max, reply))?.wait()
    }

    pub(crate) fn sealed(&self, size: u64, attachments: Vec<[u8; 32]>) -> Result<(), SiteError> {
        self.send(|reply| Job::Sealed(Seq(size), attachments, reply))?.wait()
    }

    pub(crate) fn prune_inbox(&self, before: Time) -> Result<usize, SiteError> {
        self.send(|reply| Job::Prune(before, reply))?.wait()
    }

    /// Finishes what was handed in and ends the thread.
    pub(crate) fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            self.jobs.send(Job::Stop).ok();
            thread.join().ok();
        }
    }
}

struct Writing {
    store: Store,
    batch_max: usize,
    tally: Arc<Tally>,
    changes: Arc<Board>,
    committed: Sender<Wake>,
}

impl Writing {
    fn run(&mut self, queue: &Receiver<Job>) {
        let mut next = None;
        while let Some(job) = next.take().or_else(|| queue.recv().ok()) {
            match job {
                Job::Record(batch, reply) => {
                    let mut group = Group::default();
                    group.add(batch, reply);
                    while group.batch.events.len() < self.batch_max {
                        match queue.try_recv() {
                            Ok(Job::Record(batch, reply)) => group.add(batch, reply),
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.record(group);
                }
                Job::Tail(entries_max, reply) => answer(&reply, self.tail(entries_max)),
                Job::Sealed(size, attachments, reply) => answer(&reply, self.store.sealed(size, &attachments)),
                Job::Prune(before, reply) => answer(&reply, self.store.prune_inbox(before)),
                Job::Stop => break,
            }
        }
    }

    fn tail(&self, entries_max: usize) -> Result<Unsealed, StoreError> {
        // INVARIANT: the entries are read before the attachments, so every attachment they name is among those or in the ledger.
        let commits = self.store.tail(entries_max)?;
        let attachments = if commits.is_empty() { Vec::new() } else { self.store.attachments()? };
        Ok(Unsealed { commits, attachments })
    }

    fn record(&mut self, group: Group) {
        let Group { batch: Batch { mut events, heartbeats }, replies } = group;
        let mut refused: Vec<Option<String>> = vec![None; events.len()];
        let mut outcomes = self.store.record(&events, &heartbeats);
        if matches!(outcomes, Err(StoreError::Stored(_))) {
            // One event without a stored form must not take the others with it.
            for (event, refused) in events.iter().zip(&mut refused) {
                *refused = stored::encode(event).err().map(|error| in_words(&error));
            }
            let mut keep = refused.iter().map(Option::is_none);
            events.retain(|_| keep.next().unwrap_or(true));
            outcomes = self.store.record(&events, &heartbeats);
        }
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(error) => {
                let reason = crate::error::chain(&error);
                tracing::error!(error = reason, "nothing of a batch was recorded");
                for (_, reply) in replies {
                    reply.send(Err(SiteError::Recording(reason.clone()))).ok();
                }
                return;
            }
        };
        let mut done = outcomes.into_iter();
        let mut recorded = refused.into_iter().map(|refused| match refused {
            Some(reason) => Recorded::Refused(reason),
            None => Recorded::Done(done.next().unwrap_or(Outcome::Duplicate)),
        });
        let mut count = 0;
        for (length, reply) in replies {
            let answer: Vec<Recorded> = recorded.by_ref().take(length).collect();
            count += self.tally.count(&answer);
            reply.send(Ok(answer)).ok();
        }
        if count > 0 {
            let size = self.store.size().0;
            self.tally.size.store(size, Ordering::Relaxed);
            self.changes.tell(Change::Recorded { events: count, size });
            self.committed.send(Wake::Committed).ok();
        }
    }
}

fn answer<T>(reply: &Reply<T>, result: Result<T, StoreError>) {
    reply.send(result.map_err(SiteError::from)).ok();
}

fn in_words(error: &StoredError) -> String {
    match error {
        StoredError::TooLarge(_) => {
            format!("{error}: what stands around its body is longer than {} bytes", stored::EVENT_BYTES_MAX)
        }
        other => crate::error::chain(other),
    }
}

#[derive(Default)]
struct Group {
    batch: Batch,
    replies: Vec<(usize, Reply<Vec<Recorded>>)>,
}

impl Group {
    fn add(&mut self, batch: Batch, reply: Reply<Vec<Recorded>>) {
        self.replies.push((batch.events.len(), reply));
        self.batch.events.extend(batch.events);
        self.batch.heartbeats.extend(batch.heartbeats);
    }
}

/// Running counts.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) size: AtomicU64,
    pub(crate) sealed: AtomicU64,
    recorded: AtomicU64,
    duplicates: AtomicU64,
    contradictions: AtomicU64,
    heartbeats: AtomicU64,
    rate: Mutex<VecDeque<(Instant, u64)>>,
}

/// Seconds over which a rate is taken.
const RATE_SECONDS: u64 = 10;

impl Tally {
    /// Counts from here on.
    pub(crate) fn started(size: u64, sealed: u64) -> Tally {
        Tally { size: AtomicU64::new(size), sealed: AtomicU64::new(sealed), ..Tally::default() }
    }

    /// Counts what was recorded; gives the number of new events.
    fn count(&self, answer: &[Recorded]) -> u64 {
        let (mut recorded, mut duplicates, mut contradictions) = (0, 0, 0);
        for outcome in answer {
            match outcome {
                Recorded::Done(Outcome::Recorded(_)) => recorded += 1,
                Recorded::Done(Outcome::Duplicate) => duplicates += 1,
                Recorded::Done(Outcome::Contradicts(_)) => contradictions += 1,
                Recorded::Refused(_) => {}
            }
        }
        self.recorded.fetch_add(recorded + contradictions, Ordering::Relaxed);
        self.duplicates.fetch_add(duplicates, Ordering::Relaxed);
        self.contradictions.fetch_add(contradictions, Ordering::Relaxed);
        self.pace(answer.len() as u64);
        recorded + contradictions
    }

    pub(crate) fn count_heartbeats(&self, count: u64) {
        self.heartbeats.fetch_add(count, Ordering::Relaxed);
        self.pace(count);
    }

    fn pace(&self, messages: u64) {
        let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match rate.back_mut().filter(|(since, _)| now.duration_since(*since).as_millis() < 500) {
            Some((_, count)) => *count += messages,
            None => rate.push_back((now, messages)),
        }
        while rate.front().is_some_and(|(since, _)| now.duration_since(*since).as_secs() >= RATE_SECONDS) {
            rate.pop_front();
        }
    }

    pub(crate) fn counters(&self, recorded: u64, sealed: u64, quarantined_waiting: u64) -> Counters {
        self.pace(0);
        let rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let messages: u64 = rate.iter().map(|(_, count)| count).sum();
        Counters {
            recorded,
            sealed,
            recorded_here: self.recorded.load(Ordering::Relaxed),
            #[expect(clippy::cast_precision_loss, reason = "a rate to look at")]
            messages_per_s: messages as f64 / RATE_SECONDS as f64,
            duplicates: self.duplicates.load(Ordering::Relaxed),
            contradictions: self.contradictions.load(Ordering::Relaxed),
            heartbeats: self.heartbeats.load(Ordering::Relaxed),
            quarantined_waiting,
        }
    }
}
