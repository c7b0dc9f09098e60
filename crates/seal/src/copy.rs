//! A copy of a ledger folder, made while its writer goes on: a ledger folder at rest, up to a checkpoint that was signed.
//!
//! Finished segments, tiles and attachments never change what they say, so they are taken file by file; or from an earlier copy, as another name
//! of the same file. The unfinished segment is written anew from its entries, since the writer may be adding to it, or packing it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::attachment;
use crate::checkpoint::SignedCheckpoint;
use crate::disk::{self, Disk};
use crate::error::LedgerError;
use crate::folder::CHECKPOINT;
use crate::history;
use crate::ledger::TILE_LEVELS;
use crate::reader::{self, Reader};
use crate::segment::{self, SEGMENT_ENTRIES, SegmentWriter};
use crate::tile::{self, Bundle, TILE_WIDTH, Tile};
use crate::tree;

/// Copies what the newest checkpoint of at most `entries_max` entries covers from the ledger in `dir` into the folder `to`, which must be new or
/// empty. Files that an `earlier` copy has are not written again. Nothing is verified: whoever needs that verifies the copy.
pub fn copy(
    dir: impl AsRef<Path>,
    entries_max: u64,
    to: impl AsRef<Path>,
    earlier: Option<&Path>,
) -> Result<SignedCheckpoint, LedgerError> {
    let (dir, to) = (dir.as_ref(), to.as_ref());
    if !disk::list(to)?.is_empty() {
        return Err(LedgerError::NotEmpty(to.to_owned()));
    }
    let reader = Reader::open(dir)?;
    let origin = reader.checkpoint()?.checkpoint().origin.clone();
    let earlier = match earlier {
        Some(earlier) => Some((earlier, reader::read_checkpoint(earlier)?)),
        None => None,
    };
    let earlier = earlier.filter(|(_, checkpoint)| checkpoint.checkpoint().origin == origin);
    let mut copying = Copying { dir, to, disk: Disk::default(), unsynced: BTreeSet::new() };
    copying.disk.create_folder(to)?;
    let checkpoint = history::copy(&mut copying.disk, dir, &origin, entries_max, to)?;
    let size = checkpoint.size();

    let finished = size / SEGMENT_ENTRIES;
    for number in 0..finished {
        let covered = |(_, earlier): &&(_, SignedCheckpoint)| (number + 1) * SEGMENT_ENTRIES <= earlier.size();
        copying.take(&segment::name(number), earlier.as_ref().filter(covered).map(|(folder, _)| *folder))?;
    }
    if !size.is_multiple_of(SEGMENT_ENTRIES) {
        copying.unfinished_segment(&reader, finished, size, &origin)?;
    }
    let earlier = earlier.map(|(folder, _)| folder);
    for level in 1..TILE_LEVELS {
        for index in 0..tile::full_tiles(level, size) {
            copying.take(Path::new(&Tile::full(level, index).path()), earlier)?;
        }
    }
    for folder in disk::list(&dir.join(attachment::FOLDER))? {
        for path in disk::list(&folder)? {
            let name = path.strip_prefix(dir).expect("a listed path lies in the folder");
            copying.take(name, earlier)?;
        }
    }
    let Copying { mut disk, unsynced, .. } = copying;
    for folder in unsynced {
        disk.sync_folder(&folder)?;
    }
    disk.place(&to.join(CHECKPOINT), &to.join("checkpoint.part"), checkpoint.to_string().as_bytes())?;
    disk.sync_folder(to)?;
    Ok(checkpoint)
}

struct Copying<'a> {
    dir: &'a Path,
    to: &'a Path,
    disk: Disk,
    unsynced: BTreeSet<PathBuf>,
}

impl Copying<'_> {
    /// Takes a file that does not change any more, from an earlier copy if that has it.
    fn take(&mut self, name: &Path, earlier: Option<&Path>) -> Result<(), LedgerError> {
        let path = self.place_for(name)?;
        // Not every file system has several names for a file.
        if earlier.is_some_and(|earlier| fs::hard_link(earlier.join(name), &path).is_ok()) {
            return Ok(());
        }
        self.disk.copy(&self.dir.join(name), &path)
    }

    fn unfinished_segment(&mut self, reader: &Reader, number: u64, size: u64, origin: &str) -> Result<(), LedgerError> {
        let path = self.place_for(&segment::name(number))?;
        let mut segment = SegmentWriter::start(&mut self.disk, path, number, origin)?;
        let first = number * (SEGMENT_ENTRIES / TILE_WIDTH);
        for bundle in (first..).map_while(|index| Bundle::at(index, size)) {
            let raw = reader.bundle(bundle)?;
            let count = u64::from(bundle.width());
            let node = (count == TILE_WIDTH).then(|| {
                let entries =
                    segment::split_entries(&raw, bundle.width().into()).expect("a reader gives whole bundles");
                tree::root_of(&entries.into_iter().map(tree::leaf_hash).collect::<Vec<_>>())
            });
            segment.append(&mut self.disk, (bundle.index() - first) * TILE_WIDTH, count, size, &raw, node)?;
        }
        segment.sync(&mut self.disk)
    }

    /// Makes the folder of a file.
    fn place_for(&mut self, name: &Path) -> Result<PathBuf, LedgerError> {
        let path = self.to.join(name);
        let folders = path.ancestors().skip(1).take_while(|folder| folder.starts_with(self.to));
        self.unsynced.extend(folders.map(Path::to_owned));
        let folder = path.parent().expect("a file of the ledger lies in a folder");
        self.disk.create_folder(folder)?;
        Ok(path)
    }
}
