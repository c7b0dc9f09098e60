//! Verification of a ledger folder: believe a public key, recompute the rest.
//!
//! Every file must be one that belongs there, every byte must be what writing it again would give, every signature must
//! hold, and every checkpoint ever signed must be the root over the entries at its size. The first finding ends it: a
//! [`Problem`] that names file, entry and reason, as [`LedgerError::Damaged`].
//!
//! Entries are streamed, so memory does not grow with them; only the names of attachments are held.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::attachment;
use crate::checkpoint::SignedCheckpoint;
use crate::disk;
use crate::error::{LedgerError, Problem};
use crate::folder::{CHECKPOINT, LOCK, TMP};
use crate::hash::Hash;
use crate::history::{self, Checkpoints};
use crate::ledger::{TILE_LEVELS, put_back};
use crate::note::VerifierKey;
use crate::segment::{self, Record, SEGMENT_ENTRIES, Walk};
use crate::tile::{self, TILE_HEIGHT, TILE_WIDTH, Tile};
use crate::tree::{self, Edge};

/// What to make of things above the newest checkpoint: entries not sealed yet, files on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tail {
    /// A finding. Right for a folder at rest, a copy or a backup: nothing may stand above the newest checkpoint.
    #[default]
    Refused,
    /// Passed over. Right while a writer is at work.
    Tolerated,
}

/// How far a verification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entries hashed.
    pub entries: u64,
    /// Entries there are.
    pub entries_total: u64,
    /// Attachments read.
    pub attachments: u64,
    /// Attachments there are.
    pub attachments_total: u64,
}

/// Entries between two calls of [`Options::progress`].
const TOLD_EVERY: u64 = 4096;

/// Finds the attachments that an entry refers to.
pub type References<'a> = &'a dyn Fn(&[u8]) -> Vec<Hash>;

/// How to verify.
#[derive(Default)]
pub struct Options<'a> {
    /// What to make of things above the newest checkpoint.
    pub tail: Tail,
    /// Names the attachments an entry refers to, so that a missing one is found. Without it only those that stand are
    /// checked.
    pub references: Option<References<'a>>,
    /// Told every few thousand entries.
    pub progress: Option<&'a mut dyn FnMut(Progress)>,
}

/// A ledger folder found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The newest checkpoint.
    pub checkpoint: SignedCheckpoint,
    /// Entries.
    pub entries: u64,
    /// Bundles, the last one perhaps unfinished.
    pub bundles: u64,
    /// Records the entries are stored in.
    pub records: u64,
    /// Stored tiles.
    pub tiles: u64,
    /// Checkpoints ever signed.
    pub checkpoints: u64,
    /// Attachments.
    pub attachments: u64,
    /// Size of all files.
    pub bytes: u64,
}

/// Verifies the ledger folder `dir` of the log with this key, as a folder at rest.
pub fn verify(dir: impl AsRef<Path>, log: &VerifierKey) -> Result<Report, LedgerError> {
    verify_with(dir, log, Options::default())
}

/// Verifies the ledger folder `dir` of the log with this key.
pub fn verify_with(dir: impl AsRef<Path>, log: &VerifierKey, options: Options<'_>) -> Result<Report, LedgerError> {
    let dir = dir.as_ref();
    let checkpoint = read_checkpoint(dir, log)?;
    let inventory = Inventory::take(dir, checkpoint.size(), options.tail)?;
    let mut report = Report {
        entries: checkpoint.size(),
        bundles: checkpoint.size().div_ceil(TILE_WIDTH),
        records: 0,
        tiles: 0,
        checkpoints: 0,
        attachments: inventory.attachments.len() as u64,
        bytes: inventory.bytes,
        checkpoint,
    };
    let history = HistoryCheck::open(dir, log, &report.checkpoint, options.tail)?;
    let mut run = Run { dir, log, options, inventory: &inventory, history, report: &mut report, tree: Tree::default() };
    run.entries()?;
    run.attachments()?;
    Ok(report)
}

struct Run<'a, 'o> {
    dir: &'a Path,
    log: &'a VerifierKey,
    options: Options<'o>,
    inventory: &'a Inventory,
    history: HistoryCheck<'a>,
    report: &'a mut Report,
    tree: Tree,
}

impl Run<'_, '_> {
    fn entries(&mut self) -> Result<(), LedgerError> {
        let size = self.report.entries;
        self.report.checkpoints += self.history.check_at(&self.tree.edge)?;
        for number in 0..size.div_ceil(SEGMENT_ENTRIES) {
            self.segment(number)?;
            let first = number * SEGMENT_ENTRIES;
            self.report.tiles += self.tree.check_finished(self.dir, first)?;
            self.tell(self.tree.edge.size(), 0);
        }
        self.history.check_end()
    }

    fn segment(&mut self, number: u64) -> Result<(), LedgerError> {
        let size = self.report.entries;
        let mut walk = Walk::open(self.dir, number, self.log.name())?;
        while self.tree.edge.size() < size.min((number + 1) * SEGMENT_ENTRIES) {
            let Some(record) = walk.next()? else {
                return Err(walk.problem("the file ends before the newest checkpoint does").into());
            };
            self.record(&record, &walk)?;
        }
        if self.options.tail == Tail::Refused {
            match walk.next() {
                Ok(None) => {}
                Ok(Some(record)) => return Err(self.unsealed(&record, &walk).into()),
                Err(LedgerError::Damaged(problem)) => {
                    let reason = format!("bytes follow the newest checkpoint's last entry: {}", problem.reason);
                    return Err(Problem { reason, ..problem }.into());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn record(&mut self, record: &Record, walk: &Walk) -> Result<(), LedgerError> {
        let at = |index, reason: &str| Problem { index: Some(index), ..walk.problem(reason) };
        let count = record.head.count;
        // Beside a writer at work, a record may have been packed with entries that were sealed meanwhile.
        let within = (self.report.entries - record.first).min(count.into()) as usize;
        let whole = within == usize::from(count);
        if !whole && self.options.tail == Tail::Refused {
            return Err(self.unsealed(record, walk).into());
        }
        let raw = record.decompress().ok_or_else(|| at(record.first, "the record does not decompress"))?;
        let entries = segment::split_entries(&raw, count.into())
            .ok_or_else(|| at(record.first, "the record's entries are malformed"))?;
        for (index, entry) in (record.first..).zip(&entries[..within]) {
            self.tree.push(entry);
            self.report.checkpoints += self.history.check_at(&self.tree.edge)?;
            if let Some(references) = self.options.references {
                for hash in references(entry) {
                    self.inventory.require(self.dir, hash, index)?;
                }
            }
            if index.is_multiple_of(TOLD_EVERY) {
                self.tell(index, 0);
            }
        }
        if whole && record.node != self.tree.bundle.take() {
            return Err(at(record.first, "the stored bundle hash is not that of the entries").into());
        }
        self.report.records += 1;
        Ok(())
    }

    /// A record above the newest checkpoint: harmless after a crash, but proof of a fraud if it knows a later checkpoint.
    fn unsealed(&self, record: &Record, walk: &Walk) -> Problem {
        let problem = Problem { index: Some(record.first), ..walk.problem("the entry is not covered by a checkpoint") };
        let later = record.head.sealed > self.report.entries || record.first < self.report.entries;
        if later { put_back(problem) } else { problem }
    }

    fn attachments(&mut self) -> Result<(), LedgerError> {
        let mut hashes: Vec<_> = self.inventory.attachments.iter().copied().collect();
        hashes.sort();
        for (done, hash) in (1..).zip(hashes) {
            attachment::read(self.dir, hash)?
                .ok_or_else(|| Problem::new(attachment::name(hash), None, "the file is missing"))?;
            self.tell(self.report.entries, done);
        }
        Ok(())
    }

    fn tell(&mut self, entries: u64, attachments: u64) {
        let (entries_total, attachments_total) = (self.report.entries, self.report.attachments);
        if let Some(tell) = &mut self.options.progress {
            tell(Progress { entries, entries_total, attachments, attachments_total });
        }
    }
}

/// The tree as it is recomputed, with the tiles that must be stored.
#[derive(Default)]
struct Tree {
    edge: Edge,
    unfinished: [Vec<Hash>; TILE_LEVELS as usize],
    finished: Vec<(Tile, Vec<Hash>)>,
    /// The hash of the bundle just completed.
    bundle: Option<Hash>,
}

impl Tree {
    fn push(&mut self, entry: &[u8]) {
        let Tree { edge, unfinished, finished, bundle } = self;
        edge.push_and_tell(tree::leaf_hash(entry), |height, index, hash| {
            let level = (height / TILE_HEIGHT) as u8;
            if level == 0 || height % TILE_HEIGHT != 0 {
                return;
            }
            if level == 1 {
                *bundle = Some(hash);
            }
            let tile = &mut unfinished[usize::from(level)];
            tile.push(hash);
            if tile.len() as u64 == TILE_WIDTH {
                finished.push((Tile::full(level, index / TILE_WIDTH), std::mem::take(tile)));
            }
        });
    }

    /// Compares the tiles finished since the last call with the files; gives how many they were.
    fn check_finished(&mut self, dir: &Path, first: u64) -> Result<u64, LedgerError> {
        let finished = std::mem::take(&mut self.finished);
        for (tile, hashes) in &finished {
            let name = tile.path();
            let problem = |index, reason| Problem::new(&name, Some(index), reason);
            let Some(bytes) = disk::read_if_there(&dir.join(&name))? else {
                return Err(problem(first, "the file is missing").into());
            };
            if bytes.len() != hashes.len() * Hash::BYTES {
                return Err(problem(first, "the tile has the wrong length").into());
            }
            let differs =
                hashes.iter().zip(bytes.chunks_exact(Hash::BYTES)).position(|(hash, stored)| hash.as_bytes() != stored);
            if let Some(position) = differs {
                let covered = TILE_WIDTH.pow(tile.level().into());
                let index = (tile.index() * TILE_WIDTH + position as u64) * covered;
                return Err(problem(index, "a hash of the tile is not that of the entries").into());
            }
        }
        Ok(finished.len() as u64)
    }
}

/// The history, read along with the entries.
struct HistoryCheck<'a> {
    lines: Checkpoints,
    log: &'a VerifierKey,
    newest: SignedCheckpoint,
    tail: Tail,
    next: Option<SignedCheckpoint>,
    /// The last checkpoint that held.
    held: Option<SignedCheckpoint>,
}

impl HistoryCheck<'_> {
    fn open<'a>(
        dir: &Path,
        log: &'a VerifierKey,
        newest: &SignedCheckpoint,
        tail: Tail,
    ) -> Result<HistoryCheck<'a>, LedgerError> {
        let lines = Checkpoints::open(dir, log.name())?;
        let mut check = HistoryCheck { lines, log, newest: newest.clone(), tail, next: None, held: None };
        check.advance()?;
        Ok(check)
    }

    /// Compares the tree with the checkpoint of its size, if there is one; gives how many there were.
    fn check_at(&mut self, edge: &Edge) -> Result<u64, LedgerError> {
        let Some(next) = self.next.take_if(|next| next.size() == edge.size()) else { return Ok(0) };
        if next.root() != edge.root() {
            let reason = format!("the checkpoint of {} entries has another root than the entries", next.size());
            return Err(self.problem(reason).into());
        }
        self.held = Some(next);
        self.advance()?;
        Ok(1)
    }

    /// All entries are read: the last checkpoint must have been the newest.
    fn check_end(&self) -> Result<(), LedgerError> {
        if self.next.is_none() && self.held.as_ref() == Some(&self.newest) {
            return Ok(());
        }
        Err(self.problem("the last line is not the newest checkpoint").into())
    }

    fn advance(&mut self) -> Result<(), LedgerError> {
        let done = self.held_size() == Some(self.newest.size());
        if done && self.tail == Tail::Tolerated {
            return Ok(());
        }
        let Some(next) = self.lines.next().transpose()? else { return Ok(()) };
        if let Err(error) = next.verify(self.log) {
            let reason = format!("the checkpoint of {} entries: {}", next.size(), in_full(&error));
            return Err(self.problem(reason).into());
        }
        if next.size() > self.newest.size() {
            return Err(put_back(self.problem("")).into());
        }
        self.next = Some(next);
        Ok(())
    }

    fn held_size(&self) -> Option<u64> {
        self.held.as_ref().map(SignedCheckpoint::size)
    }

    fn problem(&self, reason: impl Into<String>) -> Problem {
        Problem::new(history::NAME, Some(self.held_size().unwrap_or(0)), reason)
    }
}

/// Reads the file `checkpoint`, which must be signed by the log alone and be exactly what signing writes.
fn read_checkpoint(dir: &Path, log: &VerifierKey) -> Result<SignedCheckpoint, LedgerError> {
    let problem = |reason: String| LedgerError::from(Problem::new(CHECKPOINT, None, reason));
    let bytes = disk::read_if_there(&dir.join(CHECKPOINT))?.ok_or_else(|| problem("the file is missing".to_owned()))?;
    let checkpoint = SignedCheckpoint::parse(&bytes).map_err(|error| problem(in_full(&error)))?;
    checkpoint.verify(log).map_err(|error| problem(in_full(&error)))?;
    if checkpoint.note().signatures().len() != 1 || checkpoint.to_string().as_bytes() != bytes {
        return Err(problem("the file has more in it than the log's signed checkpoint".to_owned()));
    }
    Ok(checkpoint)
}

/// The files of a ledger folder, all of which belong there.
struct Inventory {
    attachments: HashSet<Hash>,
    bytes: u64,
}

impl Inventory {
    fn take(dir: &Path, size: u64, tail: Tail) -> Result<Inventory, LedgerError> {
        let mut files = HashMap::new();
        list_files(dir, dir, &mut files)?;
        let mut inventory = Inventory { attachments: HashSet::new(), bytes: 0 };
        let mut names: Vec<_> = files.into_iter().collect();
        names.sort();
        for (name, length) in names {
            let parts: Vec<_> = name.iter().map(|part| part.to_str().unwrap_or_default()).collect();
            match place_of(&parts, length, size) {
                Place::Expected => {}
                Place::Attachment(hash) => {
                    inventory.attachments.insert(hash);
                }
                Place::Above(_) if tail == Tail::Tolerated => continue,
                Place::Above(reason) => return Err(Problem::new(name, None, reason).into()),
                Place::Unknown => return Err(Problem::new(name, None, "the file does not belong here").into()),
            }
            inventory.bytes += length;
        }
        Ok(inventory)
    }

    fn require(&self, dir: &Path, hash: Hash, index: u64) -> Result<(), Problem> {
        let name = attachment::name(hash);
        // One that came after the inventory was taken counts as well.
        if self.attachments.contains(&hash) || dir.join(&name).is_file() {
            return Ok(());
        }
        Err(Problem::new(name, Some(index), "the attachment that the entry refers to is missing"))
    }
}

/// What a file is.
enum Place {
    Expected,
    Attachment(Hash),
    /// Belongs to what lies above the newest checkpoint.
    Above(&'static str),
    Unknown,
}

fn place_of(parts: &[&str], length: u64, size: u64) -> Place {
    match *parts {
        [CHECKPOINT] | [history::NAME] => Place::Expected,
        [LOCK] if length == 0 => Place::Expected,
        [TMP, _] => Place::Above("the file was left unfinished"),
        [segment::FOLDER, name] => match segment::number_of(name) {
            Some(number) if number < size.div_ceil(SEGMENT_ENTRIES) => Place::Expected,
            Some(_) => Place::Above("the segment lies above the newest checkpoint"),
            None => Place::Unknown,
        },
        [attachment::FOLDER, folder, name] => match name.parse() {
            Ok(hash) if name.starts_with(folder) && folder.len() == 2 => Place::Attachment(hash),
            _ => Place::Unknown,
        },
        [tile::FOLDER, ..] => match parts.join("/").parse::<Tile>() {
            Ok(tile) if tile.level() > 0 && tile.is_full() && tile.is_within(size) => Place::Expected,
            Ok(tile) if tile.level() > 0 && tile.is_full() => Place::Above("the tile lies above the newest checkpoint"),
            _ => Place::Unknown,
        },
        _ => Place::Unknown,
    }
}

/// Lists files with their lengths, by their names below the ledger folder.
fn list_files(dir: &Path, folder: &Path, files: &mut HashMap<PathBuf, u64>) -> Result<(), LedgerError> {
    for path in disk::list(folder)? {
        let name = path.strip_prefix(dir).expect("a listed path lies in the folder").to_owned();
        let kind = match path.symlink_metadata() {
            Ok(kind) => kind,
            // A writer at work moves files to their place meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(LedgerError::io("read", &path)(error)),
        };
        let known_folder =
            || [segment::FOLDER, attachment::FOLDER, tile::FOLDER, TMP].iter().any(|known| name.starts_with(known));
        if kind.is_file() {
            files.insert(name, kind.len());
        } else if kind.is_dir() && known_folder() {
            list_files(dir, &path, files)?;
        } else {
            return Err(Problem::new(name, None, "neither a file nor a folder that belongs here").into());
        }
    }
    Ok(())
}

/// An error with its causes, on one line.
fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
