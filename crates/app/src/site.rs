//! A site: the one door to a data folder.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use kernel::time::Time;
use serde::Serialize;
use store::QuarantineFilter;

use crate::answer::{
    BoardPosition, EventShown, Imported, LedgerNow, Quarantined, StationNow, ThingAbout, Trace, WhereUsed,
};
use crate::board::{BoardImport, BoardImported};
use crate::changes::{Board, Changes};
use crate::config::Settings;
use crate::error::SiteError;
use crate::import::Captured;
use crate::question::{AsOf, QuestionError};
use crate::rebuild::Rebuilt;
use crate::record::Counters;

/// How to open a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Make the data folder when there is none.
    pub create: bool,
}

/// A site, open. Clones are the same site; every method blocks until it is done.
#[derive(Clone, Debug)]
pub struct Site {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    changes: Board,
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

fn later<T>() -> Result<T, SiteError> {
    Err(SiteError::Stopped("this is being built".to_owned()))
}

impl Site {
    /// Opens the site in a folder to write; only one process can.
    ///
    /// # Errors
    /// When there is no site, it is in use, or it is not as it was left.
    pub fn open(dir: &Path, _options: OpenOptions) -> Result<Site, SiteError> {
        let settings = Settings::read(dir)?;
        Ok(Site { inner: Arc::new(Inner { settings, changes: Board::default() }) })
    }

    /// Opens the site in a folder for questions only, beside a running server or without one.
    ///
    /// # Errors
    /// When there is no site.
    pub fn open_to_read(dir: &Path) -> Result<Site, SiteError> {
        Site::open(dir, OpenOptions::default())
    }

    /// The configuration.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Imports CFX messages in any of the input forms. `progress` is told the bytes read so far.
    ///
    /// # Errors
    /// When recording fails. What cannot be understood is no error, but quarantined.
    pub fn import_cfx(
        &self,
        _source: &str,
        _input: &mut dyn Read,
        _progress: &mut dyn FnMut(u64),
    ) -> Result<Imported, SiteError> {
        later()
    }

    /// Records CFX messages in any of the input forms and says what became of each.
    ///
    /// # Errors
    /// When recording fails.
    pub fn capture_cfx(&self, _source: &str, _bytes: Vec<u8>) -> Result<Captured, SiteError> {
        later()
    }

    /// Imports events in their JSON form (`docs/events.md`). `progress` is told the bytes read so far.
    ///
    /// # Errors
    /// When recording fails.
    pub fn import_events(
        &self,
        _source: &str,
        _input: &mut dyn Read,
        _progress: &mut dyn FnMut(u64),
    ) -> Result<Imported, SiteError> {
        later()
    }

    /// Records events in their JSON form and says what became of each.
    ///
    /// # Errors
    /// When recording fails.
    pub fn capture_events(&self, _source: &str, _bytes: Vec<u8>) -> Result<Captured, SiteError> {
        later()
    }

    /// Imports the files of a product revision.
    ///
    /// # Errors
    /// When the files cannot be understood, or recording fails.
    pub fn import_board(&self, _board: &BoardImport) -> Result<BoardImported, SiteError> {
        later()
    }

    /// What is in quarantine, by number, from above `cursor`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn quarantine_list(
        &self,
        _filter: QuarantineFilter,
        _cursor: Option<u64>,
        _limit: usize,
    ) -> Result<QuarantinePage, SiteError> {
        later()
    }

    /// A message in quarantine with its bytes.
    ///
    /// # Errors
    /// When there is none with this number.
    pub fn quarantine_show(&self, _id: u64) -> Result<(Quarantined, Vec<u8>), SiteError> {
        later()
    }

    /// Reads messages of the quarantine again.
    ///
    /// # Errors
    /// When one is not there, or recording fails.
    pub fn quarantine_replay(&self, _replay: &Replay) -> Result<Captured, SiteError> {
        later()
    }

    /// What is in a unit and what happened to it.
    ///
    /// # Errors
    /// When nothing is known by that name, or the store fails.
    pub fn trace(&self, thing: &str, _as_of: AsOf) -> Result<Trace, QuestionError> {
        Err(QuestionError::Unknown(thing.to_owned()))
    }

    /// Where a thing went.
    ///
    /// # Errors
    /// When nothing is known by that name, or the store fails.
    pub fn where_used(&self, query: &WhereUsedQuery) -> Result<WhereUsed, QuestionError> {
        Err(QuestionError::Unknown(query.thing.clone()))
    }

    /// What is known of a thing that is not a unit.
    ///
    /// # Errors
    /// When nothing is known by that name, or the store fails.
    pub fn about(&self, thing: &str, _as_of: AsOf) -> Result<ThingAbout, QuestionError> {
        Err(QuestionError::Unknown(thing.to_owned()))
    }

    /// Things that a text may mean, as `kind:identifier`: for the scan box.
    ///
    /// # Errors
    /// When the store fails.
    pub fn look_up(&self, _text: &str, _limit: usize) -> Result<Vec<String>, QuestionError> {
        Ok(Vec::new())
    }

    /// The stations as they stand.
    ///
    /// # Errors
    /// When the store fails.
    pub fn now(&self) -> Result<Vec<StationNow>, QuestionError> {
        Ok(Vec::new())
    }

    /// Positions of a unit's product to draw; `None` when its product is not known or was not released with positions.
    ///
    /// # Errors
    /// When nothing is known of the unit.
    pub fn board(&self, unit: &str) -> Result<Option<Vec<BoardPosition>>, QuestionError> {
        Err(QuestionError::Unknown(unit.to_owned()))
    }

    /// Counts for the Now page.
    ///
    /// # Errors
    /// When the database fails.
    pub fn counters(&self) -> Result<Counters, SiteError> {
        later()
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
        later()
    }

    /// The newest checkpoint, as signed.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn checkpoint_text(&self) -> Result<String, SiteError> {
        later()
    }

    /// The newest checkpoints, newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn checkpoints(&self, _limit: usize) -> Result<Vec<String>, SiteError> {
        later()
    }

    /// An event of the log.
    ///
    /// # Errors
    /// When there is none at this index.
    pub fn event(&self, _index: u64) -> Result<EventShown, SiteError> {
        later()
    }

    /// The proof that an event is in the ledger, to hand out (C2SP `tlog-proof`).
    ///
    /// # Errors
    /// When the event is not sealed.
    pub fn inclusion_proof(&self, _index: u64) -> Result<String, SiteError> {
        later()
    }

    /// The proof that the first `old` entries are a beginning of the first `new`: base64 hashes.
    ///
    /// # Errors
    /// When they are not sealed.
    pub fn consistency_proof(&self, _old: u64, _new: u64) -> Result<Vec<String>, SiteError> {
        later()
    }

    /// The bytes of a tile (C2SP `tlog-tiles`).
    ///
    /// # Errors
    /// When there is no such tile.
    pub fn tile(&self, _level: u8, _index: u64, _width: u16) -> Result<Vec<u8>, SiteError> {
        later()
    }

    /// The bytes of an entry bundle.
    ///
    /// # Errors
    /// When there is no such bundle.
    pub fn entry_bundle(&self, _index: u64, _width: u16) -> Result<Vec<u8>, SiteError> {
        later()
    }

    /// Recomputes the whole ledger. `progress` is told entries done and entries there are.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn verify(_dir: &Path, _progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, SiteError> {
        later()
    }

    /// Makes the database anew from the ledger. No server may run. `progress` is told events done and events there are.
    ///
    /// # Errors
    /// When the ledger is damaged or the folder in use.
    pub fn rebuild(_dir: &Path, _progress: &mut dyn FnMut(u64, u64)) -> Result<Rebuilt, SiteError> {
        later()
    }

    /// Seals everything and stops. Later calls that record are refused.
    ///
    /// # Errors
    /// When the ledger could not be sealed; the events are safe in the database.
    pub fn close(&self) -> Result<(), SiteError> {
        self.inner.changes.close();
        Ok(())
    }
}
