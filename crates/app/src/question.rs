//! Questions: what is in this unit and what happened to it; where did this thing go.
//!
//! Both directions come from one evaluation (`evidence`): `trace` evaluates the passes of a unit, `where_used` finds the passes that may bear on a
//! thing and evaluates those. So they agree by construction. What the answers mean is `docs/answers.md`.

mod about;
mod belonging;
mod complete;
mod desk;
mod evidence;
mod history;
mod names;
mod now;
mod package;
mod pass;
mod program;
mod query;
mod reach;
mod report;
mod splice;
mod station;
mod taken;
mod targets;
mod trace;
mod unit;
mod where_used;

use std::sync::Arc;

use kernel::event::Event;
use kernel::id::Seq;
use kernel::time::Time;
use store::{SiteReader, StoreError};

use crate::answer;

pub use about::{about, look_up};
pub use desk::Desk;
pub use now::now;
pub use trace::trace;
pub use where_used::where_used;

/// What a question is answered from. The reader is bounded to what the question may know.
pub struct Snapshot<'a> {
    /// The rows.
    pub reader: &'a SiteReader,
    /// The events, decoded.
    pub events: &'a dyn Fn(Seq) -> Option<Arc<Event>>,
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

type Result<T> = std::result::Result<T, QuestionError>;
