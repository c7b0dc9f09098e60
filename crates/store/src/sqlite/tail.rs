//! The tail: how entries that the ledger does not hold yet lie in a row. The row ends in a checksum: what a bad disk made of it is never signed.

use super::StoreError;

/// Entries as a row of the tail holds them.
pub(super) fn pack_entries(entries: &[Vec<u8>]) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| entry.len() + 4).sum());
    for entry in entries {
        bytes.extend_from_slice(&u32::try_from(entry.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    let mut compressor = zstd::bulk::Compressor::new(1)?;
    compressor.include_checksum(true)?;
    Ok(compressor.compress(&bytes)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_row_does_not_unpack() {
        let entries = vec![b"{\"container\":\"B1\"}".to_vec(), b"{\"container\":\"B2\"}".to_vec()];
        let packed = pack_entries(&entries).expect("packs");
        assert_eq!(unpack_entries(&packed).expect("unpacks"), entries);
        for byte in 0..packed.len() {
            for bit in 0..8 {
                let mut damaged = packed.clone();
                damaged[byte] ^= 1 << bit;
                // The frame has bits that mean nothing.
                assert!(unpack_entries(&damaged).map_or(true, |found| found == entries), "byte {byte} bit {bit}");
            }
        }
    }
}
