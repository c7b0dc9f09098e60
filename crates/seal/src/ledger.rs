//! The one writer of a ledger folder: append, seal, and recover after a crash.
//!
//! Entries become durable and visible by [`Ledger::seal`], in this order: attachments and segments are synced, full tiles
//! stored, folders synced; then the checkpoint is signed, noted in the history and put in its place. A crash anywhere
//! leaves either the old checkpoint or the new one. What lies above the newest checkpoint was never promised to anybody:
//! it is cut off when the folder is opened again, and the caller appends it anew. What is missing below is an error.
//!
//! In memory: the right edge of the tree, the unfinished bundle and a few caches, whatever the size of the log.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::attachment;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::disk::{self, Disk, FaultHook};
use crate::folder::{CHECKPOINT, LOCK, TMP};
use crate::hash::Hash;
use crate::history::{self, HistoryWriter};
use crate::limit::{ATTACHMENT_BYTES_MAX, ENTRY_BYTES_MAX};
use crate::note::SignerKey;
use crate::reader::{Archive, Reader};
use crate::segment::{self, Check, SEGMENT_ENTRIES, SegmentReader, SegmentWriter, Walk};
use crate::tile::{self, TILE_HEIGHT, TILE_WIDTH, Tile, TileNodes, TileReader as _};
use crate::tree::{self, Edge};

pub use crate::error::{LedgerError, Problem};

/// Levels of tiles that a 64-bit size can have.
pub(crate) const TILE_LEVELS: u8 = 8;

/// A finished segment with more records than this is rewritten with one record a bundle.
const LOOSE_RECORDS_MAX: usize = 2 * TILE_WIDTH as usize;

/// A ledger folder open for writing.
pub struct Ledger {
    dir: PathBuf,
    key: SignerKey,
    disk: Disk,
    _lock: File,
    archive: Archive,
    history: HistoryWriter,
    newest: SignedCheckpoint,
    /// The tree over all entries appended, sealed or not.
    edge: Edge,
    /// Hashes of the unfinished last tile of each level.
    unfinished: [Vec<Hash>; TILE_LEVELS as usize],
    /// Full tiles above level 0 that are not stored yet.
    finished: Vec<(Tile, Vec<Hash>)>,
    /// Entries of the unfinished bundle that are in no record yet, as bundle bytes.
    pending: Vec<u8>,
    pending_count: u64,
    segment: Option<SegmentWriter>,
    /// The check the last segment ends in, until it is opened for writing.
    segment_end: Check,
    /// Sealed segments whose records may be loose.
    loose: Vec<u64>,
    /// Folders with names that are not durable yet.
    unsynced: BTreeSet<PathBuf>,
    stopped: bool,
}

impl Ledger {
    /// Opens a ledger folder, or makes one with a signed checkpoint of size 0. The key's name is the log's origin.
    ///
    /// What a crash left above the newest checkpoint is cut off. Anything missing or damaged below is an error; so is
    /// anything that proves a later checkpoint than the newest one here, for then an old copy was put back.
    pub fn open(dir: impl AsRef<Path>, key: SignerKey) -> Result<Ledger, LedgerError> {
        Ledger::open_on(Disk::default(), dir.as_ref(), key)
    }

    /// As [`Ledger::open`], asking `hook` before every change to the folder: for tests of durability.
    pub fn open_with_faults(dir: impl AsRef<Path>, key: SignerKey, hook: FaultHook) -> Result<Ledger, LedgerError> {
        Ledger::open_on(Disk::with_hook(hook), dir.as_ref(), key)
    }

    fn open_on(mut disk: Disk, dir: &Path, key: SignerKey) -> Result<Ledger, LedgerError> {
        for folder in [dir, &dir.join(segment::FOLDER), &dir.join(TMP)] {
            disk.create_folder(folder)?;
        }
        let lock = disk::lock(&dir.join(LOCK))?;
        for left in disk::list(&dir.join(TMP))? {
            disk.remove(&left)?;
        }

        let known = known_checkpoints(dir, &key)?;
        if known.end.torn {
            disk.truncate(&dir.join(history::NAME), known.end.length)?;
        }
        let check = known.end.newest.as_ref().map(|(_, check)| *check);
        let mut history = HistoryWriter::open(&mut disk, dir, key.name(), check)?;
        let newest = match known.end.newest {
            Some((newest, _)) => newest,
            None => {
                let first = Checkpoint::new(key.name(), 0, tree::empty_root()).sign(&key)?;
                history.append(&mut disk, &first)?;
                disk.sync_folder(dir)?;
                first
            }
        };
        if known.file.as_ref() != Some(&newest) {
            place_checkpoint(&mut disk, dir, &newest)?;
        }

        let size = newest.size();
        let segment_end = cut_segments(&mut disk, dir, key.name(), size)?;
        cut_tiles(&mut disk, dir, size)?;
        let archive = Archive::new(dir);
        let mut view = archive.view(size);
        let edge = Edge::read(size, &mut TileNodes::new(size, &mut view))?;
        if edge.root() != newest.root() {
            let reason = "the root over the entries is not that of the newest checkpoint";
            return Err(Problem::new(CHECKPOINT, None, reason).into());
        }
        let mut unfinished: [Vec<Hash>; TILE_LEVELS as usize] = Default::default();
        for (level, hashes) in (0..).zip(&mut unfinished) {
            if let Some(tile) = Tile::at(level, tile::full_tiles(level, size), size) {
                *hashes = view.hashes(tile)?;
            }
        }
        Ok(Ledger {
            dir: dir.to_owned(),
            key,
            disk,
            _lock: lock,
            archive,
            history,
            newest,
            edge,
            unfinished,
            finished: Vec::new(),
            pending: Vec::new(),
            pending_count: 0,
            segment: None,
            segment_end,
            loose: (size / SEGMENT_ENTRIES).checked_sub(1).into_iter().collect(),
            unsynced: BTreeSet::new(),
            stopped: false,
        })
    }

    /// Number of entries appended, sealed or not: the index of the next one.
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Root over the entries appended, sealed or not.
    pub fn root(&self) -> Hash {
        self.edge.root()
    }

    /// The newest checkpoint.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.newest
    }

    /// A reader of the sealed part of this ledger.
    pub fn reader(&self) -> Result<Reader, LedgerError> {
        Reader::open(&self.dir)
    }

    /// Checks that this ledger extends a checkpoint known from elsewhere: a witness, a database, a backup's label. Call
    /// it before the first [`Ledger::seal`], so that a folder restored from an old copy never signs a second history.
    pub fn require(&self, known: &Checkpoint) -> Result<(), LedgerError> {
        let size = self.newest.size();
        let mut view = self.archive.view(size);
        let extended = known.size <= size
            && known.origin == self.key.name()
            && tree::root(known.size, &mut TileNodes::new(size, &mut view))? == known.root;
        if extended { Ok(()) } else { Err(LedgerError::NotExtended { known: known.size, size }) }
    }

    /// Appends entries, the first of which has index `first_index`; gives the new size. Nothing is durable before
    /// [`Ledger::seal`].
    ///
    /// Entries that stand already may be given again, so a caller who does not know how far it got can repeat; but they
    /// must be the same.
    pub fn append<E: AsRef<[u8]>>(&mut self, first_index: u64, entries: &[E]) -> Result<u64, LedgerError> {
        self.check_running()?;
        if first_index > self.size() {
            return Err(LedgerError::Gap { first: first_index, size: self.size() });
        }
        for (index, entry) in (first_index..).zip(entries) {
            let bytes = entry.as_ref().len();
            if bytes > ENTRY_BYTES_MAX {
                return Err(LedgerError::EntryTooLong { index, bytes });
            }
        }
        let standing = entries.len().min((self.size() - first_index) as usize);
        let (again, new) = entries.split_at(standing);
        for (index, entry) in (first_index..).zip(again) {
            if self.leaf(index)? != tree::leaf_hash(entry.as_ref()) {
                return Err(LedgerError::Differs { index });
            }
        }
        for entry in new {
            self.stop_on_error(|ledger| ledger.push(entry.as_ref()))?;
        }
        Ok(self.size())
    }

    /// Stores an attachment and gives its name. Durable with the next [`Ledger::seal`].
    pub fn put_attachment(&mut self, content: &[u8]) -> Result<Hash, LedgerError> {
        self.check_running()?;
        if content.len() > ATTACHMENT_BYTES_MAX {
            return Err(LedgerError::AttachmentTooLarge { bytes: content.len() });
        }
        let hash = Hash::of(content);
        let path = self.dir.join(attachment::name(hash));
        if path.exists() {
            // It may be left from before a crash, its name not durable yet.
            self.sync_names_of(&path);
        } else {
            let bytes = attachment::encode(content)?;
            self.stop_on_error(|ledger| ledger.place(&path, &bytes))?;
        }
        Ok(hash)
    }

    /// Makes everything appended durable and signs a checkpoint over it. Without anything new, gives the newest one.
    pub fn seal(&mut self) -> Result<SignedCheckpoint, LedgerError> {
        self.check_running()?;
        self.stop_on_error(Ledger::try_seal)
    }

    fn try_seal(&mut self) -> Result<SignedCheckpoint, LedgerError> {
        self.pack_one()?;
        self.write_pending(None)?;
        if let Some(segment) = &self.segment {
            segment.sync(&mut self.disk)?;
        }
        for (tile, hashes) in std::mem::take(&mut self.finished) {
            let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
            self.place(&self.dir.join(tile.path()), &bytes)?;
        }
        for folder in std::mem::take(&mut self.unsynced) {
            self.disk.sync_folder(&folder)?;
        }
        if self.size() > self.newest.size() {
            // INVARIANT: all entries below `size` are durable here, and `newest` is the last checkpoint ever signed.
            let checkpoint = Checkpoint::new(self.key.name(), self.size(), self.root()).sign(&self.key)?;
            self.history.append(&mut self.disk, &checkpoint)?;
            place_checkpoint(&mut self.disk, &self.dir, &checkpoint)?;
            self.loose.extend(self.newest.size() / SEGMENT_ENTRIES..checkpoint.size() / SEGMENT_ENTRIES);
            self.newest = checkpoint;
        }
        Ok(self.newest.clone())
    }

    fn push(&mut self, entry: &[u8]) -> Result<(), LedgerError> {
        segment::push_entry(&mut self.pending, entry);
        self.pending_count += 1;
        let mut bundle = None;
        let Ledger { edge, unfinished, finished, .. } = self;
        edge.push_and_tell(tree::leaf_hash(entry), |height, index, hash| {
            if height % TILE_HEIGHT != 0 {
                return;
            }
            let level = (height / TILE_HEIGHT) as u8;
            if level == 1 {
                bundle = Some(hash);
            }
            let tile = &mut unfinished[usize::from(level)];
            tile.push(hash);
            if tile.len() as u64 == TILE_WIDTH {
                let hashes = std::mem::take(tile);
                if level > 0 {
                    finished.push((Tile::full(level, index / TILE_WIDTH), hashes));
                }
            }
        });
        match bundle {
            Some(_) => self.write_pending(bundle),
            None => Ok(()),
        }
    }

    /// Writes what is pending as a record; `node` is the bundle's hash if the bundle is complete.
    fn write_pending(&mut self, node: Option<Hash>) -> Result<(), LedgerError> {
        if self.pending_count == 0 {
            return Ok(());
        }
        let first = self.edge.size() - self.pending_count;
        let (number, position) = (first / SEGMENT_ENTRIES, first % SEGMENT_ENTRIES);
        if self.segment.as_ref().is_none_or(|segment| segment.number != number) {
            self.turn_to_segment(number, position)?;
        }
        let segment = self.segment.as_mut().expect("just turned to");
        let sealed = self.newest.size();
        segment.append(&mut self.disk, position, self.pending_count, sealed, &self.pending, node)?;
        self.pending.clear();
        self.pending_count = 0;
        Ok(())
    }

    fn turn_to_segment(&mut self, number: u64, position: u64) -> Result<(), LedgerError> {
        if let Some(full) = self.segment.take() {
            full.sync(&mut self.disk)?;
        }
        let path = self.dir.join(segment::name(number));
        self.segment = Some(if position > 0 {
            SegmentWriter::resume(&mut self.disk, path, number, self.segment_end)?
        } else {
            self.unsynced.insert(self.dir.join(segment::FOLDER));
            SegmentWriter::start(&mut self.disk, path, number, self.key.name())?
        });
        Ok(())
    }

    /// Rewrites one finished segment with one record a bundle, if many small rounds left it loose. Small records compress
    /// badly, and a reader has to step over each.
    fn pack_one(&mut self) -> Result<(), LedgerError> {
        let Some(number) = self.loose.pop() else { return Ok(()) };
        let mut loose = SegmentReader::open(&self.dir, number)?;
        loose.learn(SEGMENT_ENTRIES)?;
        if loose.records() <= LOOSE_RECORDS_MAX {
            return Ok(());
        }
        let beside = self.dir.join(TMP).join("segment");
        let mut packed = SegmentWriter::start(&mut self.disk, beside.clone(), number, self.key.name())?;
        let sealed = (number + 1) * SEGMENT_ENTRIES;
        for (bundle, node) in (0..).zip(loose.nodes()) {
            let (raw, count) = loose.bundle(bundle)?;
            packed.append(&mut self.disk, bundle * TILE_WIDTH, count as u64, sealed, &raw, Some(node))?;
        }
        packed.sync(&mut self.disk)?;
        self.disk.rename(&beside, &self.dir.join(segment::name(number)))?;
        self.disk.sync_folder(&self.dir.join(segment::FOLDER))
    }

    /// Puts a finished file in its place. Its bytes are durable then, its name only once the folders are synced.
    fn place(&mut self, path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
        let folder = path.parent().expect("a file of the ledger lies in a folder");
        self.disk.create_folder(folder)?;
        self.disk.place(path, &self.dir.join(TMP).join("file"), bytes)?;
        self.sync_names_of(path);
        Ok(())
    }

    /// Remembers the folders on the way to a file, to be synced before the next checkpoint.
    fn sync_names_of(&mut self, path: &Path) {
        let folders = path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.dir));
        self.unsynced.extend(folders.map(Path::to_owned));
    }

    /// The leaf hash of an entry that was appended.
    fn leaf(&self, index: u64) -> Result<Hash, LedgerError> {
        let (bundle, offset) = (index / TILE_WIDTH, (index % TILE_WIDTH) as usize);
        if bundle == self.size() / TILE_WIDTH {
            return Ok(self.unfinished[0][offset]);
        }
        // A complete bundle is written as soon as it is complete.
        Ok(self.archive.view((bundle + 1) * TILE_WIDTH).hashes(Tile::full(0, bundle))?[offset])
    }

    fn check_running(&self) -> Result<(), LedgerError> {
        if self.stopped { Err(LedgerError::Stopped) } else { Ok(()) }
    }

    fn stop_on_error<T>(&mut self, act: impl FnOnce(&mut Ledger) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        let result = act(self);
        self.stopped |= result.is_err();
        result
    }
}

/// What the folder says about its newest checkpoint.
struct Known {
    /// The file `checkpoint`.
    file: Option<SignedCheckpoint>,
    /// The end of the history, whose last line is the newest.
    end: history::End,
}

fn known_checkpoints(dir: &Path, key: &SignerKey) -> Result<Known, LedgerError> {
    let file = match disk::read_if_there(&dir.join(CHECKPOINT))? {
        Some(bytes) => Some(SignedCheckpoint::parse(&bytes).map_err(LedgerError::Checkpoint)?),
        None => None,
    };
    let end = history::end(dir, key.name())?;
    for checkpoint in file.iter().chain(end.newest.iter().map(|(newest, _)| newest)) {
        checkpoint.verify(key.verifier()).map_err(LedgerError::Checkpoint)?;
    }
    let refuse = |name: &str, reason: &str| Err(Problem::new(name, None, reason).into());
    match (&file, &end.newest) {
        (None, None) if !disk::list(&dir.join(segment::FOLDER))?.is_empty() => {
            refuse(CHECKPOINT, "the file is missing, but there are entries")
        }
        (Some(_), None) => refuse(history::NAME, "the history of checkpoints is missing or damaged"),
        (Some(file), Some((newest, _))) if file.size() > newest.size() => {
            refuse(history::NAME, "the history ends before the newest checkpoint")
        }
        (Some(file), Some((newest, _))) if file.size() == newest.size() && file != newest => {
            refuse(CHECKPOINT, "the file is not what the history says")
        }
        _ => Ok(Known { file, end }),
    }
}

fn place_checkpoint(disk: &mut Disk, dir: &Path, checkpoint: &SignedCheckpoint) -> Result<(), LedgerError> {
    let bytes = checkpoint.to_string();
    disk.place(&dir.join(CHECKPOINT), &dir.join(TMP).join(CHECKPOINT), bytes.as_bytes())?;
    disk.sync_folder(dir)
}

/// Cuts off what lies above `size` and gives the check that the last segment then ends in.
fn cut_segments(disk: &mut Disk, dir: &Path, origin: &str, size: u64) -> Result<Check, LedgerError> {
    let (last, position) = (size / SEGMENT_ENTRIES, size % SEGMENT_ENTRIES);
    for number in 0..last {
        if !dir.join(segment::name(number)).is_file() {
            return Err(
                Problem::new(segment::name(number), Some(number * SEGMENT_ENTRIES), "the file is missing").into()
            );
        }
    }
    let mut check = Check::default();
    let mut cut = None;
    if position > 0 {
        let mut walk = Walk::open(dir, last, origin)?;
        while walk.next_index() < size {
            if walk.next()?.is_none() {
                return Err(walk.problem("the file ends before the newest checkpoint does").into());
            }
        }
        if walk.next_index() > size {
            return Err(put_back(walk.problem("")).into());
        }
        check = walk.check();
        cut = Some(walk.offset());
        refuse_later_seals(walk, size)?;
    }
    // Everything is looked at before anything is cut.
    let mut above = Vec::new();
    for path in disk::list(&dir.join(segment::FOLDER))? {
        let number = path.file_name().and_then(|name| segment::number_of(name.to_str()?));
        if let Some(number) = number.filter(|number| *number > last || (*number == last && position == 0)) {
            if let Ok(walk) = Walk::open(dir, number, origin) {
                refuse_later_seals(walk, size)?;
            }
            above.push(path);
        }
    }
    for path in above.iter().rev() {
        disk.remove(path)?;
    }
    if let Some(length) = cut {
        let path = dir.join(segment::name(last));
        let there = path.metadata().map_err(LedgerError::io("read", &path))?.len();
        if there > length {
            disk.truncate(&path, length)?;
        }
    }
    Ok(check)
}

/// Looks at the records above the newest checkpoint, as far as they are whole.
fn refuse_later_seals(mut walk: Walk, size: u64) -> Result<(), LedgerError> {
    while let Ok(Some(record)) = walk.next() {
        if record.head.sealed > size {
            return Err(put_back(Problem { index: Some(record.first), ..walk.problem("") }).into());
        }
    }
    Ok(())
}

/// A finding that the folder once had a later checkpoint than it has now.
pub(crate) fn put_back(at: Problem) -> Problem {
    Problem {
        reason: "a later checkpoint sealed this than the newest one here: an old one was put back".to_owned(),
        ..at
    }
}

/// Removes full tiles that a crash left above `size`.
fn cut_tiles(disk: &mut Disk, dir: &Path, size: u64) -> Result<(), LedgerError> {
    for level in 1..TILE_LEVELS {
        for index in tile::full_tiles(level, size).. {
            let path = dir.join(Tile::full(level, index).path());
            if !path.is_file() {
                break;
            }
            disk.remove(&path)?;
        }
    }
    Ok(())
}
