//! Reading a ledger folder: entries, bundles, tiles, proofs. Any number of readers, beside the writer or without one.
//!
//! A reader sees what the newest checkpoint covers and nothing else. It checks the checksum of whatever it reads, but
//! believes the folder otherwise: to believe nothing, [`verify`](crate::verify::verify()).
//!
//! Tiles of level 0 are not stored; they are hashed anew from their bundle. Neither are partial tiles: those of level 1
//! come from the bundle hashes in the segment, those above from full tiles below.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::attachment;
use crate::checkpoint::SignedCheckpoint;
use crate::error::{LedgerError, Problem};
use crate::folder::CHECKPOINT;
use crate::hash::Hash;
use crate::history::Checkpoints;
use crate::proof::Proof;
use crate::segment::{self, SEGMENT_ENTRIES, SegmentReader};
use crate::tile::{Bundle, TILE_WIDTH, Tile, TileNodes, TileReader};
use crate::tree::{self, NodeReader as _};

/// Segments kept open.
const SEGMENTS_OPEN_MAX: usize = 8;
/// Tiles of level 0 kept, 8 kB each.
const TILES_KEPT_MAX: usize = 64;
/// Roots of full tiles kept, one for each 65,536 entries or more.
const ROOTS_KEPT_MAX: usize = 1 << 16;

/// A ledger folder open for reading.
pub struct Reader {
    archive: Archive,
    newest: Mutex<SignedCheckpoint>,
}

impl Reader {
    /// Opens a ledger folder. Signatures are not checked: there is no key.
    pub fn open(dir: impl AsRef<Path>) -> Result<Reader, LedgerError> {
        let newest = Mutex::new(read_checkpoint(dir.as_ref())?);
        Ok(Reader { archive: Archive::new(dir.as_ref()), newest })
    }

    /// The newest checkpoint, read anew.
    pub fn checkpoint(&self) -> Result<SignedCheckpoint, LedgerError> {
        let checkpoint = read_checkpoint(&self.archive.dir)?;
        *lock(&self.newest) = checkpoint.clone();
        Ok(checkpoint)
    }

    /// Every checkpoint ever signed, oldest first.
    pub fn checkpoints(&self) -> Result<Checkpoints, LedgerError> {
        let origin = lock(&self.newest).checkpoint().origin.clone();
        Checkpoints::open(&self.archive.dir, &origin)
    }

    /// Number of sealed entries, read anew.
    pub fn size(&self) -> Result<u64, LedgerError> {
        Ok(self.checkpoint()?.size())
    }

    /// An entry.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, LedgerError> {
        let view = self.view_with(index)?;
        let segment = view.segment(index / SEGMENT_ENTRIES)?;
        let segment = segment.read().unwrap_or_else(PoisonError::into_inner);
        let entry = segment.entry(index % SEGMENT_ENTRIES)?;
        entry.ok_or_else(|| view.problem(index, "the entry is missing").into())
    }

    /// Entries one after the other, a bundle in memory at a time: what a rebuild reads.
    pub fn entries(&self, range: Range<u64>) -> Result<Entries<'_>, LedgerError> {
        if let Some(last) = range.end.checked_sub(1).filter(|_| !range.is_empty()) {
            self.view_with(last)?;
        }
        Ok(Entries { reader: self, range, bundle: Vec::new().into_iter() })
    }

    /// The bytes of an entry bundle, as served under [`Bundle::path`].
    pub fn bundle(&self, bundle: Bundle) -> Result<Vec<u8>, LedgerError> {
        let last = bundle.index().saturating_mul(TILE_WIDTH).saturating_add(u64::from(bundle.width()) - 1);
        self.view_with(last)?.bundle(bundle)
    }

    /// The bytes of a tile, as served under [`Tile::path`].
    pub fn tile(&self, tile: Tile) -> Result<Vec<u8>, LedgerError> {
        let mut size = lock(&self.newest).size();
        if !tile.is_within(size) {
            size = self.size()?;
        }
        if !tile.is_within(size) {
            let hashes = tile.index().saturating_mul(TILE_WIDTH).saturating_add(tile.width().into());
            let leaves = 1_u64.checked_shl(8 * u32::from(tile.level())).and_then(|each| hashes.checked_mul(each));
            return Err(LedgerError::NotSealed { index: leaves.map_or(u64::MAX, |leaves| leaves - 1), size });
        }
        let hashes = self.archive.view(size).hashes(tile)?;
        Ok(hashes.iter().flat_map(|hash| *hash.as_bytes()).collect())
    }

    /// The leaf hash of an entry.
    pub fn leaf(&self, index: u64) -> Result<Hash, LedgerError> {
        let mut view = self.view_with(index)?;
        TileNodes::new(view.size, &mut view).node(0, index)
    }

    /// The root of the tree of the first `size` entries.
    pub fn root(&self, size: u64) -> Result<Hash, LedgerError> {
        let mut view = self.view_of(size)?;
        tree::root(size, &mut TileNodes::new(view.size, &mut view))
    }

    /// The proof that an entry is in the tree of the first `size` entries.
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>, LedgerError> {
        if index >= size {
            return Err(LedgerError::NotSealed { index, size });
        }
        let mut view = self.view_of(size)?;
        tree::inclusion_proof(index, size, &mut TileNodes::new(view.size, &mut view))
    }

    /// The proof that the first `old` entries are a beginning of the first `new` ones.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, LedgerError> {
        if old > new {
            return Err(LedgerError::NotSealed { index: old - 1, size: new });
        }
        let mut view = self.view_of(new)?;
        tree::consistency_proof(old, new, &mut TileNodes::new(view.size, &mut view))
    }

    /// The proof to hand out for an entry, under the newest checkpoint.
    pub fn proof(&self, index: u64) -> Result<Proof, LedgerError> {
        let checkpoint = self.checkpoint()?;
        let hashes = self.inclusion_proof(index, checkpoint.size())?;
        Ok(Proof { extra: None, index, hashes, checkpoint })
    }

    /// An attachment's content, `None` if there is no such attachment.
    pub fn attachment(&self, hash: Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        attachment::read(&self.archive.dir, hash)
    }

    /// What is sealed, which must include entry `index`.
    fn view_with(&self, index: u64) -> Result<View<'_>, LedgerError> {
        self.view_of(index.saturating_add(1))
    }

    /// What is sealed, which must be at least `size` entries. The checkpoint is read again only if the one known is too
    /// small.
    fn view_of(&self, size: u64) -> Result<View<'_>, LedgerError> {
        let known = lock(&self.newest).size();
        let sealed = if size <= known { known } else { self.size()? };
        if size > sealed {
            return Err(LedgerError::NotSealed { index: size - 1, size: sealed });
        }
        Ok(self.archive.view(sealed))
    }
}

/// Entries in order, from [`Reader::entries`].
pub struct Entries<'a> {
    reader: &'a Reader,
    range: Range<u64>,
    bundle: std::vec::IntoIter<Vec<u8>>,
}

impl Entries<'_> {
    fn next_bundle(&mut self) -> Result<Vec<Vec<u8>>, LedgerError> {
        let start = self.range.start;
        let view = self.reader.view_with(start)?;
        let bundle = Bundle::at(start / TILE_WIDTH, view.size).expect("the view has the entry");
        let raw = view.bundle(bundle)?;
        let entries = segment::split_entries(&raw, bundle.width().into())
            .ok_or_else(|| view.problem(start, "the record's entries are malformed"))?;
        Ok(entries[(start % TILE_WIDTH) as usize..].iter().map(|entry| entry.to_vec()).collect())
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Vec<u8>, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.range.is_empty() {
            return None;
        }
        if self.bundle.len() == 0 {
            match self.next_bundle() {
                Ok(entries) => self.bundle = entries.into_iter(),
                Err(error) => {
                    self.range.end = self.range.start;
                    return Some(Err(error));
                }
            }
        }
        self.range.start += 1;
        self.bundle.next().map(Ok)
    }
}

/// The files of a ledger and what is remembered of them. Knows no checkpoint: see [`View`].
pub(crate) struct Archive {
    dir: PathBuf,
    segments: Mutex<Recent<u64, Arc<RwLock<SegmentReader>>>>,
    leaves: Mutex<Recent<u64, Vec<Hash>>>,
    roots: Mutex<HashMap<(u8, u64), Hash>>,
}

impl Archive {
    pub(crate) fn new(dir: &Path) -> Archive {
        Archive {
            dir: dir.to_owned(),
            segments: Mutex::new(Recent::new(SEGMENTS_OPEN_MAX)),
            leaves: Mutex::new(Recent::new(TILES_KEPT_MAX)),
            roots: Mutex::new(HashMap::new()),
        }
    }

    /// The first `size` entries. They must be on disk and never change again.
    pub(crate) fn view(&self, size: u64) -> View<'_> {
        View { archive: self, size }
    }
}

/// The first entries of a ledger.
pub(crate) struct View<'a> {
    archive: &'a Archive,
    size: u64,
}

impl View<'_> {
    /// A segment that knows its records as far as this view goes.
    fn segment(&self, number: u64) -> Result<Arc<RwLock<SegmentReader>>, LedgerError> {
        let known = lock(&self.archive.segments).get(&number);
        let segment = match known {
            Some(segment) => segment,
            None => {
                let segment = Arc::new(RwLock::new(SegmentReader::open(&self.archive.dir, number)?));
                lock(&self.archive.segments).put(number, segment.clone());
                segment
            }
        };
        let until = (self.size - number * SEGMENT_ENTRIES).min(SEGMENT_ENTRIES);
        let learnt = segment.read().unwrap_or_else(PoisonError::into_inner).knows(until);
        if !learnt {
            segment.write().unwrap_or_else(PoisonError::into_inner).learn(until)?;
        }
        Ok(segment)
    }

    /// A bundle that lies inside this view.
    fn bundle(&self, bundle: Bundle) -> Result<Vec<u8>, LedgerError> {
        let bundles = SEGMENT_ENTRIES / TILE_WIDTH;
        let segment = self.segment(bundle.index() / bundles)?;
        let segment = segment.read().unwrap_or_else(PoisonError::into_inner);
        let (mut raw, count) = segment.bundle(bundle.index() % bundles)?;
        let width = usize::from(bundle.width());
        let first = bundle.index() * TILE_WIDTH;
        let entries = segment::split_entries(&raw, count)
            .filter(|_| count >= width)
            .ok_or_else(|| self.problem(first, "the record's entries are malformed"))?;
        let beyond: usize = entries[width..].iter().map(|entry| entry.len() + 2).sum();
        raw.truncate(raw.len() - beyond);
        Ok(raw)
    }

    fn leaves(&self, tile: Tile) -> Result<Vec<Hash>, LedgerError> {
        if let Some(mut hashes) = lock(&self.archive.leaves).get(&tile.index()) {
            hashes.truncate(tile.width().into());
            return Ok(hashes);
        }
        let bundle = Bundle::new(tile.index(), tile.width()).expect("a tile's width is a bundle's");
        let raw = self.bundle(bundle)?;
        let entries = segment::split_entries(&raw, tile.width().into()).expect("the bundle was split before");
        let hashes: Vec<_> = entries.into_iter().map(tree::leaf_hash).collect();
        if tile.is_full() {
            lock(&self.archive.leaves).put(tile.index(), hashes.clone());
        }
        Ok(hashes)
    }

    /// A stored tile, `None` if it is not stored (not full, or not yet).
    fn stored(&self, tile: Tile) -> Result<Option<Vec<Hash>>, LedgerError> {
        let name = Tile::full(tile.level(), tile.index()).path();
        let path = self.archive.dir.join(&name);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LedgerError::io("read", &path)(error)),
        };
        if bytes.len() != TILE_WIDTH as usize * Hash::BYTES {
            return Err(Problem::new(name, None, "the tile has the wrong length").into());
        }
        let hashes = bytes.chunks_exact(Hash::BYTES).filter_map(Hash::from_slice);
        Ok(Some(hashes.take(tile.width().into()).collect()))
    }

    fn problem(&self, index: u64, reason: &str) -> Problem {
        Problem::new(segment::name(index / SEGMENT_ENTRIES), Some(index), reason)
    }
}

impl TileReader for View<'_> {
    type Error = LedgerError;

    fn hashes(&mut self, tile: Tile) -> Result<Vec<Hash>, LedgerError> {
        if tile.level() == 0 {
            return self.leaves(tile);
        }
        if let Some(hashes) = self.stored(tile)? {
            return Ok(hashes);
        }
        let width = usize::from(tile.width());
        if tile.level() == 1 {
            let segment = self.segment(tile.index())?;
            let mut nodes = segment.read().unwrap_or_else(PoisonError::into_inner).nodes();
            if nodes.len() < width {
                return Err(self.problem(tile.index() * SEGMENT_ENTRIES, "a bundle is missing").into());
            }
            nodes.truncate(width);
            return Ok(nodes);
        }
        let first = tile.index() * TILE_WIDTH;
        (first..first + u64::from(tile.width())).map(|index| self.root(tile.level() - 1, index)).collect()
    }

    fn root(&mut self, level: u8, index: u64) -> Result<Hash, LedgerError> {
        if let Some(root) = lock(&self.archive.roots).get(&(level, index)) {
            return Ok(*root);
        }
        let root = tree::root_of(&self.hashes(Tile::full(level, index))?);
        let mut roots = lock(&self.archive.roots);
        if roots.len() >= ROOTS_KEPT_MAX {
            roots.clear();
        }
        roots.insert((level, index), root);
        Ok(root)
    }
}

/// The few things used last.
struct Recent<K, V> {
    items: VecDeque<(K, V)>,
    max: usize,
}

impl<K: PartialEq, V: Clone> Recent<K, V> {
    fn new(max: usize) -> Recent<K, V> {
        Recent { items: VecDeque::with_capacity(max), max }
    }

    fn get(&mut self, key: &K) -> Option<V> {
        let at = self.items.iter().position(|(known, _)| known == key)?;
        let item = self.items.remove(at)?;
        let value = item.1.clone();
        self.items.push_front(item);
        Some(value)
    }

    fn put(&mut self, key: K, value: V) {
        self.items.retain(|(known, _)| *known != key);
        self.items.truncate(self.max - 1);
        self.items.push_front((key, value));
    }
}

pub(crate) fn read_checkpoint(dir: &Path) -> Result<SignedCheckpoint, LedgerError> {
    let path = dir.join(CHECKPOINT);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Problem::new(CHECKPOINT, None, "the file is missing").into());
        }
        Err(error) => return Err(LedgerError::io("read", &path)(error)),
    };
    SignedCheckpoint::parse(&bytes).map_err(LedgerError::Checkpoint)
}

/// Caches hold nothing half-done, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
