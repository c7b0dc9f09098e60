//! The Merkle log: tree, tiles, checkpoints, proofs, and verification of a ledger folder.
//!
//! Bytes in, proofs out. This crate refuses to know the domain: an entry is up to 65,535 bytes, an attachment is a blob
//! named by its SHA-256, and what they say is nobody's business here. So an auditor can link it alone. Formats are those
//! of C2SP (`signed-note`, `tlog-checkpoint`, `tlog-cosignature`, `tlog-tiles`, `tlog-proof`); the ledger folder itself
//! is ours and described in `docs/ledger.md`.
//!
//! It takes no time, no randomness and no environment: a key is made from the caller's seed, a cosignature carries the
//! caller's clock. One [`Ledger`] writes a folder, any number of [`Reader`]s read it, and [`verify()`] believes nothing in
//! it but what follows from a public key.

mod attachment;
pub mod checkpoint;
mod copy;
pub mod cosignature;
pub mod disk;
mod error;
pub mod export;
mod folder;
mod hash;
mod history;
pub mod ledger;
mod limit;
pub mod note;
pub mod proof;
pub mod reader;
mod segment;
pub mod tile;
pub mod tree;
pub mod verify;

pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use copy::copy;
pub use error::{LedgerError, Problem};
pub use export::export;
pub use hash::{BadHash, Hash};
pub use history::Checkpoints;
pub use ledger::Ledger;
pub use limit::{ATTACHMENT_BYTES_MAX, ENTRY_BYTES_MAX};
pub use note::{KeyKind, SignerKey, VerifierKey};
pub use proof::{Policy, Proof};
pub use reader::Reader;
pub use segment::SEGMENT_ENTRIES;
pub use tile::{Bundle, Tile};
pub use verify::{Report, verify};
