//! Rebuild: the database made anew from the ledger.

use serde::Serialize;

/// What a rebuild did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    /// Events replayed from the ledger.
    pub events: u64,
    /// Events that stood only in the old database and were carried over.
    pub carried_over: u64,
}
