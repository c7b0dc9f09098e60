//! A SHA-256 value, the one currency of this crate: tree nodes, roots and attachment names are all of this type.
//!
//! Two texts exist: hexadecimal where a person or a file name needs it, base64 where the C2SP formats say so. Both
//! are read strictly, so a value has exactly one spelling.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// A SHA-256 value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Hash::BYTES]);

impl Hash {
    /// Length of a hash in bytes.
    pub const BYTES: usize = 32;

    /// The SHA-256 of `data`, without any prefix: what names an attachment.
    pub fn of(data: &[u8]) -> Hash {
        Hash(Sha256::digest(data).into())
    }

    /// The SHA-256 of several parts, one after the other.
    pub(crate) fn of_parts(parts: &[&[u8]]) -> Hash {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Hash(hasher.finalize().into())
    }

    /// Takes 32 bytes as a hash.
    pub const fn from_bytes(bytes: [u8; Hash::BYTES]) -> Hash {
        Hash(bytes)
    }

    /// Takes a slice as a hash if it has the right length.
    pub fn from_slice(bytes: &[u8]) -> Option<Hash> {
        Some(Hash(bytes.try_into().ok()?))
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; Hash::BYTES] {
        &self.0
    }

    /// Standard base64 with padding, as in checkpoints and proofs.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads standard base64; refuses any spelling [`Hash::to_base64`] would not write.
    pub fn from_base64(text: &str) -> Option<Hash> {
        Hash::from_slice(&STANDARD.decode(text).ok()?)
    }

    /// Lower-case hexadecimal, 64 characters.
    pub fn to_hex(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The text was not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a hash of 64 lower-case hexadecimal digits")]
pub struct BadHash(String);

impl FromStr for Hash {
    type Err = BadHash;

    fn from_str(text: &str) -> Result<Hash, BadHash> {
        hex_bytes(text).map(Hash).ok_or_else(|| BadHash(text.to_owned()))
    }
}

/// Reads exactly `N` bytes of lower-case hexadecimal.
pub(crate) fn hex_bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    fn digit(character: u8) -> Option<u8> {
        match character {
            b'0'..=b'9' => Some(character - b'0'),
            b'a'..=b'f' => Some(character - b'a' + 10),
            _ => None,
        }
    }
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_spelling() {
        let hash = Hash::of(b"reel");
        assert_eq!(hash.to_hex().parse(), Ok(hash));
        assert!(hash.to_hex().to_uppercase().parse::<Hash>().is_err());
        assert!(hash.to_hex()[1..].parse::<Hash>().is_err());

        let text = Hash::from_bytes([0; 32]).to_base64();
        assert_eq!(Hash::from_base64(&text), Some(Hash::from_bytes([0; 32])));
        // The last character carries two unused bits; setting one of them would be a second spelling.
        assert_eq!(Hash::from_base64(&text.replace("A=", "B=")), None);
        assert_eq!(Hash::from_base64(text.trim_end_matches('=')), None);
    }
}
