//! Use cases: record, trace, where-used, notary.
//!
//! [`Site`] is the one door: a data folder, opened to write or beside a running writer to read. It refuses to know status codes, arguments and
//! the environment; whoever calls it blocks until the answer is there.

pub mod answer;
mod backup;
mod board;
mod changes;
pub mod config;
mod error;
pub mod fault;
mod folder;
mod import;
mod notary;
mod own;
mod quarantine;
pub mod question;
mod read;
mod rebuild;
mod record;
mod site;

pub use backup::{Backup, BackupOptions, RestoreOptions};
pub use board::{BoardFile, BoardImport, BoardImported};
pub use changes::{Change, Changes};
pub use error::SiteError;
pub use import::{Captured, MessageOutcome, Outcome};
pub use question::{AsOf, QuestionError};
pub use rebuild::Rebuilt;
pub use record::Counters;
pub use site::{OpenOptions, QuarantinePage, Replay, Site, Verified, VerifyOptions, WhereUsedQuery};
pub use store::QuarantineFilter;
