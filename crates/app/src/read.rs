//! Reading: a bounded pool of readers, and events from wherever they lie: the tail, or the ledger.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use kernel::event::Event;
use kernel::id::Seq;
use kernel::stored;
use seal::Hash;
use store::{SiteReader, StoreError};

use crate::error::SiteError;

/// Readers, each with its own connection, at most so many. Whoever comes when all are taken waits.
pub(crate) struct Pool {
    path: PathBuf,
    readers_max: usize,
    state: Mutex<PoolState>,
    returned: Condvar,
}

#[derive(Default)]
struct PoolState {
    idle: Vec<SiteReader>,
    open: usize,
}

impl Pool {
    pub(crate) fn new(path: &Path, readers_max: usize) -> Pool {
        Pool { path: path.to_owned(), readers_max, state: Mutex::default(), returned: Condvar::new() }
    }

    /// Answers with a reader, bounded as `bound` says.
    pub(crate) fn with<T, E: From<StoreError>>(
        &self,
        bound: impl FnOnce(&SiteReader) -> Result<Seq, E>,
        ask: impl FnOnce(&SiteReader) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut lease = Lease { pool: self, reader: None };
        let reader = self.take()?;
        let reader = lease.reader.insert(reader);
        reader.hold()?;
        let bound = bound(reader)?;
        reader.bound_by(bound);
        ask(reader)
    }

    fn take(&self) -> Result<SiteReader, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(reader) = state.idle.pop() {
                return Ok(reader);
            }
            if state.open < self.readers_max {
                state.open += 1;
                drop(state);
                return SiteReader::open(&self.path);
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Gives a reader back, also when a question panics.
struct Lease<'a> {
    pool: &'a Pool,
    reader: Option<SiteReader>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let reader = self.reader.take().map(|mut reader| {
            reader.release();
            reader.bound_by(Seq::LATEST);
            reader
        });
        let mut state = self.pool.state.lock().unwrap_or_else(PoisonError::into_inner);
        match reader {
            Some(reader) => state.idle.push(reader),
            None => state.open -= 1,
        }
        self.pool.returned.notify_one();
    }
}

/// The events of the log.
pub(crate) struct Archive {
    ledger: seal::Reader,
    kept: Mutex<Kept>,
}

/// An entry of the log as stored, with its attachment if it has one.
pub(crate) struct Entry {
    pub(crate) bytes: Vec<u8>,
    pub(crate) attached: Option<Vec<u8>>,
}

impl Archive {
    pub(crate) fn new(ledger: seal::Reader) -> Archive {
        Archive { ledger, kept: Mutex::default() }
    }

    pub(crate) fn ledger(&self) -> &seal::Reader {
        &self.ledger
    }

    /// An entry. `None` when there is none at this index.
    pub(crate) fn entry(&self, reader: &SiteReader, seq: Seq) -> Result<Option<Entry>, SiteError> {
        // The tail first: what leaves it is in the ledger before.
        let bytes = match reader.tail_entry(seq)? {
            Some(bytes) => bytes,
            None => match self.ledger.entry(seq.0) {
                Ok(bytes) => bytes,
                Err(seal::LedgerError::NotSealed { .. }) => return Ok(None),
                Err(error) => return Err(error.into()),
            },
        };
        let attached = match stored::attached(&bytes) {
            None => None,
            Some(digest) => match reader.attachment(&digest)? {
                Some(content) => Some(content),
                None => self.ledger.attachment(Hash::from_bytes(digest))?,
            },
        };
        Ok(Some(Entry { bytes, attached }))
    }

    /// An event, decoded. `None` when there is none, or it does not read; that is logged, for a question goes on without it.
    pub(crate) fn event(&self, reader: &SiteReader, seq: Seq) -> Option<Arc<Event>> {
        if let Some(event) = self.kept().get(seq) {
            return Some(event);
        }
        let entry = match self.entry(reader, seq) {
            Ok(entry) => entry?,
            Err(error) => {
                tracing::error!(index = seq.0, error = crate::error::chain(&error), "an event cannot be read");
                return None;
            }
        };
        let length = entry.bytes.len() + entry.attached.as_ref().map_or(0, Vec::len);
        match stored::decode(&entry.bytes, &mut |_| entry.attached.clone()) {
            Ok(event) => {
                let event = Arc::new(event);
                self.kept().put(seq, Arc::clone(&event), length);
                Some(event)
            }
            Err(error) => {
                tracing::error!(index = seq.0, error = crate::error::chain(&error), "an event cannot be read");
                None
            }
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decoded events used lately: when the young are too many they become the old, and the old are dropped.
#[derive(Default)]
struct Kept {
    young: HashMap<Seq, Arc<Event>>,
    old: HashMap<Seq, Arc<Event>>,
    young_bytes: usize,
}

/// Stored bytes of the events in one generation.
const KEPT_BYTES_MAX: usize = 16 << 20;

impl Kept {
    fn get(&mut self, seq: Seq) -> Option<Arc<Event>> {
        if let Some(event) = self.young.get(&seq) {
            return Some(Arc::clone(event));
        }
        let event = self.old.remove(&seq)?;
        self.young.insert(seq, Arc::clone(&event));
        Some(event)
    }

    fn put(&mut self, seq: Seq, event: Arc<Event>, bytes: usize) {
        if self.young_bytes + bytes > KEPT_BYTES_MAX {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes;
        self.young.insert(seq, event);
    }
}

/// The hash of an attachment that an entry names, as `verify` asks for it.
pub(crate) fn references(entry: &[u8]) -> Vec<Hash> {
    stored::attached(entry).map(Hash::from_bytes).into_iter().collect()
}
