//! The names in a ledger folder that more than one module knows.

/// The newest signed checkpoint, as it is served.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// An empty file that the writer holds locked.
pub(crate) const LOCK: &str = "lock";
/// Files on their way to their place.
pub(crate) const TMP: &str = "tmp";
