//! How long what is given to a ledger may be.

/// Longest entry: its length is written in 16 bits.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;
/// Largest attachment.
pub const ATTACHMENT_BYTES_MAX: usize = 256 << 20;
