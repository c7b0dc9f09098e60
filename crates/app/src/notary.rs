//! The notary: takes what was committed into the ledger and signs a checkpoint, within a second.
//!
//! 1. It reads the tail: entries that the ledger does not hold yet, and their attachments.
//! 2. It puts the attachments into the ledger folder, then appends the entries.
//! 3. It seals: files and folder are durable, then the checkpoint is signed over them.
//! 4. Only then the database forgets the tail.
//!
//! A crash between any two steps leaves entries in both places, never in none: they are given to the ledger again, and must be equal.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use kernel::stored::hex;
use seal::{Hash, Ledger, LedgerError};
use store::StoreError;

use crate::changes::{Board, Change};
use crate::error::{SiteError, chain};
use crate::own::Own;
use crate::record::{Tally, Wake, Writer};

/// Entries taken into the ledger in one round.
const ROUND_ENTRIES_MAX: usize = 16_384;
/// Shortest time between two checkpoints while events come in.
const PACE: Duration = Duration::from_millis(150);
/// Longest wait for a commit, after which the tail is looked at anyway.
const IDLE: Duration = Duration::from_secs(5);
/// How often the newest checkpoint is noted outside the ledger.
const KNOWN_EVERY: Duration = Duration::from_secs(10);
/// Name of the setting that holds it.
pub(crate) const KNOWN: &str = "newest checkpoint";

/// How soon a ledger that failed is opened again.
const RETRY: Duration = Duration::from_secs(1);

pub(crate) struct Notary {
    /// None after a failure, until it is opened again.
    pub(crate) ledger: Option<Ledger>,
    pub(crate) reopen: Box<dyn Fn() -> Result<Ledger, SiteError> + Send>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) own: Own,
    pub(crate) tally: Arc<Tally>,
    pub(crate) changes: Arc<Board>,
}

impl Notary {
    /// Takes the whole tail into the ledger.
    pub(crate) fn seal_all(&mut self) -> Result<(), SiteError> {
        while self.round()? {}
        Ok(())
    }

    /// Works until it is told to stop, then seals what is left.
    pub(crate) fn run(mut self, wakes: &Receiver<Wake>) -> Result<(), SiteError> {
        let mut noted = Instant::now();
        let (mut stopping, mut waiting) = (false, true);
        loop {
            if waiting && !stopping {
                stopping |= matches!(wakes.recv_timeout(IDLE), Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected));
            }
            waiting = true;
            let begun = Instant::now();
            let mut pace = PACE;
            let mut sealed = self.seal_all();
            if sealed.is_ok() && (stopping || noted.elapsed() >= KNOWN_EVERY) {
                sealed = self.note_newest();
                noted = Instant::now();
            }
            match sealed {
                Ok(()) if stopping => return Ok(()),
                Ok(()) => {}
                Err(error) => {
                    tracing::error!(
                        error = chain(&error),
                        "the ledger cannot be sealed; events stay safe in the database"
                    );
                    let hopeless = matches!(error, SiteError::Diverged { .. } | SiteError::LedgerBehind { .. });
                    if stopping || hopeless {
                        return Err(error);
                    }
                    // A full disk may be emptied: what stands in the folder is found out by opening it again.
                    self.ledger = None;
                    pace = RETRY;
                    waiting = false;
                }
            }
            // Commits that come meanwhile share the next checkpoint; a stop does not wait.
            while !stopping && let Some(rest) = pace.checked_sub(begun.elapsed()) {
                match wakes.recv_timeout(rest) {
                    Ok(Wake::Committed) => waiting = false,
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => stopping = true,
                }
            }
        }
    }

    /// One round; `true` when there may be more.
    fn round(&mut self) -> Result<bool, SiteError> {
        let unsealed = self.writer.tail(ROUND_ENTRIES_MAX)?;
        if unsealed.commits.is_empty() {
            return Ok(false);
        }
        let ledger = match &mut self.ledger {
            Some(ledger) => ledger,
            none => none.insert((self.reopen)()?),
        };
        let mut attachments = Vec::with_capacity(unsealed.attachments.len());
        for (digest, content) in &unsealed.attachments {
            put_attachment(ledger, digest, content)?;
            attachments.push(*digest);
        }
        for commit in &unsealed.commits {
            ledger.append(commit.first.0, &commit.entries).map_err(|error| match error {
                LedgerError::Differs { index } => SiteError::Diverged { index },
                LedgerError::Gap { first, size } => SiteError::LedgerBehind { sealed: size, recorded: first },
                other => other.into(),
            })?;
        }
        let size = ledger.seal()?.size();
        self.writer.sealed(size, attachments)?;
        self.tally.sealed.store(size, Ordering::Relaxed);
        self.changes.tell(Change::Sealed { size });
        Ok(true)
    }

    /// Notes the newest checkpoint in `own.db`, so that an old ledger folder put in its place is known for what it is.
    fn note_newest(&self) -> Result<(), SiteError> {
        let Some(ledger) = &self.ledger else { return Ok(()) };
        Ok(self.own.store().set(KNOWN, ledger.checkpoint().to_string().as_bytes())?)
    }
}

/// Stores an attachment under the name that the database knows it by.
pub(crate) fn put_attachment(ledger: &mut Ledger, digest: &[u8; 32], content: &[u8]) -> Result<(), SiteError> {
    // What a bad disk made of it has another name; then the database must not forget it.
    if Hash::of(content).as_bytes() != digest {
        return Err(StoreError::Damaged(format!("attachment {} is not what was stored", hex(digest))).into());
    }
    ledger.put_attachment(content)?;
    Ok(())
}
