//! Attachments: blobs too large for an entry, each in a file named by its SHA-256.
//!
//! ```text
//! "tracewright-att1"  length u64  zstd frame  check
//! ```
//!
//! The name proves the content, the check at the end covers every byte of the file.

use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::{LedgerError, Problem};
use crate::hash::Hash;
use crate::limit::ATTACHMENT_BYTES_MAX;
use crate::segment::{CHECK_BYTES, check_of};

/// The folder of the attachments.
pub(crate) const FOLDER: &str = "attachments";

const MAGIC: &[u8; 16] = b"tracewright-att1";
const HEAD_BYTES: usize = 24;
const ZSTD_LEVEL: i32 = 3;

/// Where an attachment lies below the ledger folder.
pub(crate) fn name(hash: Hash) -> PathBuf {
    let hex = hash.to_hex();
    PathBuf::from(FOLDER).join(&hex[..2]).join(hex)
}

/// The bytes of the file that holds `content`.
pub(crate) fn encode(content: &[u8]) -> Result<Vec<u8>, LedgerError> {
    let frame =
        zstd::bulk::compress(content, ZSTD_LEVEL).map_err(LedgerError::io("compress for", Path::new(FOLDER)))?;
    let mut bytes = Vec::with_capacity(HEAD_BYTES + frame.len() + CHECK_BYTES);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&(content.len() as u64).to_be_bytes());
    bytes.extend_from_slice(&frame);
    let check = check_of(&[&bytes]);
    bytes.extend_from_slice(&check);
    Ok(bytes)
}

/// Reads and checks an attachment; `None` if there is no such file.
pub(crate) fn read(dir: &Path, hash: Hash) -> Result<Option<Vec<u8>>, LedgerError> {
    let name = name(hash);
    let Some(bytes) = disk::read_if_there(&dir.join(&name))? else { return Ok(None) };
    match decode(&bytes) {
        Ok(content) if Hash::of(&content) == hash => Ok(Some(content)),
        Ok(_) => Err(Problem::new(name, None, "the content is not what the name says").into()),
        Err(reason) => Err(Problem::new(name, None, reason).into()),
    }
}

fn decode(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let (covered, check) = bytes.split_last_chunk().ok_or("the file is too short")?;
    if check_of(&[covered]) != *check {
        return Err("the file does not match its checksum");
    }
    let (magic, rest) = covered.split_at_checked(MAGIC.len()).ok_or("the file is too short")?;
    let (length, frame) = rest.split_first_chunk().ok_or("the file is too short")?;
    let length = usize::try_from(u64::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if magic != MAGIC || length > ATTACHMENT_BYTES_MAX {
        return Err("the file is not an attachment");
    }
    let content = zstd::bulk::decompress(frame, length).map_err(|_| "the content does not decompress")?;
    if content.len() == length { Ok(content) } else { Err("the content has another length") }
}
