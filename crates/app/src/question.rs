//! Questions: what is in this, and where did it go.

use kernel::event::Event;
use kernel::id::Seq;
use kernel::time::Time;
use store::{SiteReader, StoreError};

use crate::answer::{self, StationNow, ThingAbout, Trace, WhereUsed};

/// What a question is answered from. The reader is bounded to what the question may know.
pub struct Snapshot<'a> {
    /// The rows.
    pub reader: &'a SiteReader,
    /// The events, decoded.
    pub events: &'a dyn Fn(Seq) -> Option<Event>,
    /// Pseudonyms of everybody known by a text.
    pub pseudonyms: &'a dyn Fn(&str) -> Vec<String>,
    /// What waits in quarantine.
    pub quarantined: &'a [answer::Gap],
}

/// As known when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AsOf {
    /// All that is recorded.
    #[default]
    Latest,
    /// The first so many events of the log.
    Index(u64),
    /// What was recorded up to a time.
    Time(Time),
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// Nothing is known by that name.
    #[error("nothing is known of `{0}`")]
    Unknown(String),
    /// The text names several things.
    #[error("`{text}` names several things: {}", candidates.join(", "))]
    Ambiguous {
        /// The text.
        text: String,
        /// What it could mean, as `kind:identifier`.
        candidates: Vec<String>,
    },
    /// The text cannot be asked for.
    #[error("`{text}` cannot be asked for: {reason}")]
    Malformed {
        /// The text.
        text: String,
        /// Why.
        reason: String,
    },
    /// The store failed.
    #[error("the question cannot be answered")]
    Store(#[from] StoreError),
}

/// What is in a unit and what happened to it.
pub fn trace(_snapshot: &Snapshot<'_>, thing: &str) -> Result<Trace, QuestionError> {
    Err(QuestionError::Unknown(thing.to_owned()))
}

/// Where a thing went, within a window of time.
pub fn where_used(
    _snapshot: &Snapshot<'_>,
    thing: &str,
    _from: Option<Time>,
    _until: Option<Time>,
) -> Result<WhereUsed, QuestionError> {
    Err(QuestionError::Unknown(thing.to_owned()))
}

/// What is known of a thing that is not a unit.
pub fn about(_snapshot: &Snapshot<'_>, thing: &str) -> Result<ThingAbout, QuestionError> {
    Err(QuestionError::Unknown(thing.to_owned()))
}

/// Things that a text may mean, for the scan box.
pub fn look_up(_snapshot: &Snapshot<'_>, text: &str, _limit: usize) -> Result<Vec<String>, QuestionError> {
    Err(QuestionError::Unknown(text.to_owned()))
}

/// The stations as they stand.
pub fn now(_snapshot: &Snapshot<'_>) -> Result<Vec<StationNow>, QuestionError> {
    Ok(Vec::new())
}
