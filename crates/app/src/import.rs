//! Import and capture: bytes of machines and files become events, or quarantined messages with a reason.

use serde::Serialize;

use crate::answer::Imported;

/// What became of a captured input, message by message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Captured {
    /// The counts.
    pub counts: Imported,
    /// The messages, in the order of the input.
    pub messages: Vec<MessageOutcome>,
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageOutcome {
    /// The message's identifier, as far as it could be read.
    pub message: String,
    /// The message's kind, as far as it could be read.
    pub name: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// Recorded, durably.
    Recorded {
        /// Index in the log.
        index: u64,
    },
    /// Known already.
    Duplicate,
    /// Recorded, although its identifier was known with another body.
    Contradicts {
        /// Index in the log.
        index: u64,
    },
    /// A sign of life, counted.
    Heartbeat,
    /// Put in quarantine.
    Quarantined {
        /// Its number there.
        id: u64,
        /// Line from 1.
        line: u64,
        /// Column from 1.
        column: u64,
        /// The field.
        field: String,
        /// The reason in plain words.
        reason: String,
    },
}
