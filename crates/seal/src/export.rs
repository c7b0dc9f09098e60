//! Export of a ledger as plain C2SP files, for any web server: `checkpoint`, `tile/<level>/..`, `tile/entries/..`.
//!
//! What the ledger folder leaves out because it follows from the entries, tiles of level 0 and partial tiles, is written
//! out. The checkpoint comes last, so whoever finds it finds all it covers.

use std::fs;
use std::path::Path;

use crate::checkpoint::SignedCheckpoint;
use crate::disk;
use crate::error::LedgerError;
use crate::folder::CHECKPOINT;
use crate::reader::Reader;
use crate::tile::{self, Bundle};

/// Writes what the newest checkpoint of `reader` covers into the folder `to`, which must be new or empty.
pub fn export(reader: &Reader, to: impl AsRef<Path>) -> Result<SignedCheckpoint, LedgerError> {
    let to = to.as_ref();
    if !disk::list(to)?.is_empty() {
        return Err(LedgerError::NotEmpty(to.to_owned()));
    }
    let checkpoint = reader.checkpoint()?;
    for tile in tile::tiles(checkpoint.size()) {
        write(&to.join(tile.path()), &reader.tile(tile)?)?;
        if tile.level() == 0 {
            let bundle = Bundle::new(tile.index(), tile.width()).expect("a tile's width is a bundle's");
            write(&to.join(bundle.path()), &reader.bundle(bundle)?)?;
        }
    }
    write(&to.join(CHECKPOINT), checkpoint.to_string().as_bytes())?;
    Ok(checkpoint)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(LedgerError::io("create", folder))?;
    }
    fs::write(path, bytes).map_err(LedgerError::io("write", path))
}
