//! Why a site cannot do what it was asked.

use std::io;
use std::path::{Path, PathBuf};

use seal::LedgerError;
use store::StoreError;

use crate::config::ConfigError;

/// Why a site cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// There is no site in the folder.
    #[error("folder `{}` holds no site", .0.display())]
    Missing(PathBuf),
    /// Another process writes to the folder.
    #[error("data folder `{}` is in use by another tracewright", .0.display())]
    InUse(PathBuf),
    /// The site is open for reading only.
    #[error("the site is open for reading only")]
    ReadOnly,
    /// The disk refused.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The input cannot be read.
    #[error("input `{name}` cannot be read")]
    Input {
        /// Its name.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database failed.
    #[error("the database of the site failed")]
    Store(#[from] StoreError),
    /// The ledger failed.
    #[error("the ledger of the site failed")]
    Ledger(#[from] LedgerError),
    /// A key file is damaged.
    #[error("key file `{}` is damaged", .0.display())]
    Key(PathBuf),
    /// A key file is missing, and the ledger was begun with it.
    #[error("key file `{}` is missing: this folder can be asked, but records nothing", .0.display())]
    KeyMissing(PathBuf),
    /// The database has fewer events than the ledger.
    #[error("the database holds {recorded} events, the ledger has {sealed}")]
    Behind {
        /// Events in the database.
        recorded: u64,
        /// Events in the ledger.
        sealed: u64,
    },
    /// The database and the ledger tell different stories.
    #[error("event {index} differs between the database and the ledger")]
    Diverged {
        /// The first event that differs.
        index: u64,
    },
    /// The ledger has fewer events than the database says were sealed.
    #[error("the ledger ends at {sealed} events, the database knows of {recorded} and has forgotten those between")]
    LedgerBehind {
        /// Events in the ledger.
        sealed: u64,
        /// Events in the database.
        recorded: u64,
    },
    /// Nothing of a batch could be recorded.
    #[error("nothing was recorded: {0}")]
    Recording(String),
    /// A backup is not as it was written.
    #[error("backup is damaged: `{file}`: {reason}")]
    Backup {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The writer has stopped.
    #[error("the site has stopped: {0}")]
    Stopped(String),
    /// There is no such thing.
    #[error("there is no {0}")]
    NotFound(String),
    /// Board files cannot be imported.
    #[error("the board cannot be imported")]
    Board(#[from] adapters::boards::BoardError),
    /// A panel layout cannot be read.
    #[error(transparent)]
    Panel(#[from] adapters::boards::PanelError),
    /// Something asked for cannot be.
    #[error("{0}")]
    Refused(String),
}

impl SiteError {
    /// What to do about it, when that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            SiteError::Missing(_) => Some("name the data folder with --data, or make one with `tracewright serve`"),
            SiteError::InUse(_) => Some(
                "stop the server first, or send it the data over HTTP; trace, where-used and verify work beside it",
            ),
            SiteError::Behind { .. } => Some("run `tracewright rebuild` to make the database anew from the ledger"),
            SiteError::LedgerBehind { .. } => {
                Some("restore the newest copy of the ledger folder: an old one was put in its place")
            }
            SiteError::Diverged { .. } => Some(
                "run `tracewright verify`; if the ledger holds, `tracewright rebuild` makes the database anew from it",
            ),
            SiteError::Ledger(LedgerError::Damaged(_)) => {
                Some("run `tracewright verify` and restore the ledger folder from a copy")
            }
            SiteError::Ledger(LedgerError::NotExtended { .. }) => Some(
                "a newer state of this ledger was signed than the one here: find its newest copy, or see `A second history` in docs/operations.md",
            ),
            SiteError::Store(error) if error.is_damage() => {
                Some("run `tracewright rebuild` to make site.db anew from the ledger; own.db comes from a backup")
            }
            SiteError::Backup { .. } => Some("take another backup; make a new one and remove this one"),
            SiteError::Ledger(LedgerError::InUse(_)) => Some("another program writes to this ledger: stop it first"),
            SiteError::KeyMissing(_) => Some(
                "put the key there from where you keep it; before that, see `A second history` in docs/operations.md",
            ),
            SiteError::Key(_) => {
                Some("restore the file from a backup: without it nothing can be signed under this origin")
            }
            _ => None,
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SiteError {
        let path = path.to_owned();
        move |source| SiteError::Io { action, path, source }
    }
}

/// An error with all its causes, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
