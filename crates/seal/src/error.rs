//! What can go wrong with a ledger folder, whoever reads or writes it.

use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::{CheckpointError, SignError};
use crate::limit::{ATTACHMENT_BYTES_MAX, ENTRY_BYTES_MAX};

/// Something in a ledger folder that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}`{}`: {reason}", index.map(|index| format!("entry {index} in ")).unwrap_or_default(), file.display())]
pub struct Problem {
    /// The file, below the ledger folder.
    pub file: PathBuf,
    /// The first entry that is not proven good, where entries are concerned.
    pub index: Option<u64>,
    /// What is wrong.
    pub reason: String,
}

impl Problem {
    pub(crate) fn new(file: impl Into<PathBuf>, index: Option<u64>, reason: impl Into<String>) -> Problem {
        Problem { file: file.into(), index, reason: reason.into() }
    }
}

/// What can go wrong with a ledger folder.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The disk refused.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder is not as it was left.
    #[error("ledger is damaged: {0}")]
    Damaged(#[from] Problem),
    /// Another writer has the folder open.
    #[error("ledger `{}` is in use by another writer", .0.display())]
    InUse(PathBuf),
    /// The folder's checkpoint is not signed by this key.
    #[error("ledger checkpoint is not one of this log")]
    Checkpoint(#[source] CheckpointError),
    /// The key cannot sign checkpoints.
    #[error("ledger cannot be sealed")]
    Sign(#[from] SignError),
    /// Entries between the log's end and the first one given are missing.
    #[error("entry {first} does not follow on the ledger's {size} entries")]
    Gap {
        /// The first index given.
        first: u64,
        /// The index that comes next.
        size: u64,
    },
    /// An entry was given again, with other bytes.
    #[error("entry {index} differs from the one in the ledger")]
    Differs {
        /// The entry.
        index: u64,
    },
    /// An entry is too long.
    #[error("entry {index} has {bytes} bytes, at most {ENTRY_BYTES_MAX} are allowed")]
    EntryTooLong {
        /// The entry.
        index: u64,
        /// Its length.
        bytes: usize,
    },
    /// An attachment is too large.
    #[error("attachment has {bytes} bytes, at most {ATTACHMENT_BYTES_MAX} are allowed")]
    AttachmentTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Asked for more than is sealed.
    #[error("entry {index} is not in the ledger's {size} sealed entries")]
    NotSealed {
        /// The highest entry needed.
        index: u64,
        /// The size of the newest checkpoint.
        size: u64,
    },
    /// The ledger does not extend a checkpoint that is known from elsewhere.
    #[error("ledger of {size} entries does not extend the known checkpoint of {known}")]
    NotExtended {
        /// Size of the known checkpoint.
        known: u64,
        /// Size of this ledger's newest.
        size: u64,
    },
    /// An earlier write failed; what stands on disk is uncertain until the folder is opened again.
    #[error("ledger is stopped by an earlier failure, open it again")]
    Stopped,
    /// An export must start from nothing.
    #[error("folder `{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
}

impl LedgerError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LedgerError {
        let path = path.to_owned();
        move |source| LedgerError::Io { action, path, source }
    }
}
