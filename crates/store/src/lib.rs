//! The events, the read models and the only SQL.
//!
//! A [`Store`] is the one writer of a site: it appends a batch of events, projects them and commits, all in one transaction. [`Reader`]s answer
//! from snapshots, as of any index of the log. The read model can be thrown away and made anew.

mod sqlite;

pub use sqlite::{
    Attachment, Departing, Draw, Fault, FaultHook, Heartbeats, Lasting, Mounted, Outcome, OwnStore, PassRow, Person,
    QuarantineFilter, QuarantineRow, Reader, ReportRow, SiteReader, Snapshot, Step, Store, StoreError, TailCommit,
    Waiting, WaitingStation,
};
