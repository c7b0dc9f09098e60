//! Rebuild: the database made anew from the ledger.
//!
//! The new one is made beside the old and takes its place in one step, so a rebuild that is broken off costs nothing. Events that only the old
//! database holds, because the notary had not got to them, are sealed first.

use std::fs;

use kernel::id::Seq;
use kernel::stored;
use seal::{Hash, Ledger, LedgerError};
use serde::Serialize;
use store::Store;

use crate::config::Settings;
use crate::error::{SiteError, chain};
use crate::folder::Folder;
use crate::notary::put_attachment;

/// What a rebuild did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    /// Events replayed from the ledger.
    pub events: u64,
    /// Those of them that stood only in the old database and were sealed first.
    pub carried_over: u64,
}

/// Events replayed in one transaction.
const BATCH_EVENTS: usize = 1024;

pub(crate) fn rebuild(
    folder: &Folder,
    settings: &Settings,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Rebuilt, SiteError> {
    let _lock = folder.lock()?;
    let mut ledger = Ledger::open(folder.ledger(), folder.signer(settings)?)?;
    let carried_over = carry_over(folder, &mut ledger)?;
    let total = ledger.size();

    let new = folder.site_db_new();
    for suffix in ["", "-wal", "-shm"] {
        remove(&beside(&new, suffix))?;
    }
    folder.reserve(&new)?;
    let mut store = Store::open(&new)?;
    let reader = ledger.reader()?;
    let mut batch = Vec::with_capacity(BATCH_EVENTS);
    let mut first = 0;
    for (index, entry) in (0..total).zip(reader.entries(0..total)?) {
        let entry = entry?;
        let mut failure = None;
        let mut fetch = |digest: &str| match attachment(&reader, digest) {
            Ok(content) => content,
            Err(error) => {
                failure = Some(error);
                None
            }
        };
        let event = stored::decode(&entry, &mut fetch).map_err(store::StoreError::from);
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        let event = event?;
        let content = stored::encode(&event).map_err(store::StoreError::from)?.content;
        batch.push((event, content));
        if batch.len() == BATCH_EVENTS || index + 1 == total {
            store.replay(Seq(first), &batch)?;
            first += batch.len() as u64;
            batch.clear();
            progress(first, total);
        }
    }
    // The last connection to go takes the write-ahead log with it.
    drop(store);
    let old = folder.site_db();
    for suffix in ["-wal", "-shm"] {
        remove(&beside(&old, suffix))?;
    }
    fs::rename(&new, &old).map_err(SiteError::io("replace", &old))?;
    folder.sync()?;
    Ok(Rebuilt { events: total, carried_over })
}

/// Seals what only the old database holds, if there is one that reads.
fn carry_over(folder: &Folder, ledger: &mut Ledger) -> Result<u64, SiteError> {
    let path = folder.site_db();
    if !path.exists() {
        return Ok(0);
    }
    let before = ledger.size();
    let mut store = match Store::open(&path) {
        Ok(store) => store,
        Err(error) => {
            tracing::warn!(error = chain(&error), "the old database does not open; what it alone held is lost");
            return Ok(0);
        }
    };
    let mut carry = || -> Result<(), SiteError> {
        loop {
            let commits = store.tail(16_384)?;
            let Some(commit) = commits.last() else { return Ok(()) };
            let end = commit.first.0 + commit.entries.len() as u64;
            let attachments = store.attachments()?;
            for (digest, content) in &attachments {
                put_attachment(ledger, digest, content)?;
            }
            for commit in &commits {
                ledger.append(commit.first.0, &commit.entries)?;
            }
            ledger.seal()?;
            store.sealed(Seq(end), &attachments.iter().map(|(digest, _)| *digest).collect::<Vec<_>>())?;
        }
    };
    match carry() {
        Ok(()) => {}
        // An old or foreign database beside a newer ledger: the ledger is the truth.
        Err(error @ SiteError::Ledger(LedgerError::Gap { .. } | LedgerError::Differs { .. })) => {
            tracing::warn!(
                error = chain(&error),
                "the old database does not belong to this ledger; nothing is taken over from it"
            );
        }
        Err(SiteError::Store(error)) => {
            tracing::warn!(error = chain(&error), "the old database cannot be read; what it alone held is lost");
        }
        Err(error) => return Err(error),
    }
    Ok(ledger.size() - before)
}

fn attachment(reader: &seal::Reader, digest: &str) -> Result<Option<Vec<u8>>, LedgerError> {
    match digest.parse::<Hash>() {
        Ok(hash) => reader.attachment(hash),
        Err(_) => Ok(None),
    }
}

fn beside(path: &std::path::Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(path: &std::path::Path) -> Result<(), SiteError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(SiteError::io("remove", path)(error)),
        _ => Ok(()),
    }
}
