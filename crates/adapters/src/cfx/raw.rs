//! A document as it came: what [`Documents`](super::Documents) cuts and [`transcribe`](super::transcribe()) reads.

/// One document as it came, and where it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Line of its first byte, from 1.
    pub line: u64,
    /// Column of its first byte, in characters, from 1.
    pub column: u64,
    /// Offset of its first byte in the unpacked input.
    pub offset: u64,
}

impl Raw {
    /// A document that is a whole input of its own, such as a message from a broker.
    #[must_use]
    pub fn alone(bytes: Vec<u8>) -> Raw {
        Raw { bytes, line: 1, column: 1, offset: 0 }
    }
}
