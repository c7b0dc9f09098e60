//! The tail: how entries that the ledger does not hold yet lie in a row.

use super::StoreError;

/// Entries as a row of the tail holds them.
pub(super) fn pack_entries(entries: &[Vec<u8>]) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| entry.len() + 4).sum());
    for entry in entries {
        bytes.extend_from_slice(&u32::try_from(entry.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(zstd::bulk::compress(&bytes, 1)?)
}

/// The entries of a row of the tail.
pub(super) fn unpack_entries(packed: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
    let bytes = zstd::stream::decode_all(packed)?;
    let mut rest = bytes.as_slice();
    let mut entries = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (entry, after) =
            after.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or(StoreError::Packed("tail"))?;
        entries.push(entry.to_vec());
        rest = after;
    }
    Ok(entries)
}
