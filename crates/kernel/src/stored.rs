//! The stored form of events: canonical JSON bytes. What is hashed is what is stored.
//!
//! `{"kind":..,"v":1,"at":..,"recorded":..,"source":{..},"fact":{..},"extra":{..}}` in exactly this order, without white space; members with nothing
//! to say are left out. A kind's version rises when its shape changes; readers of old versions stay.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::event::{Event, Extra, Fact, Source};
use crate::time::{Moment, Time};

/// Longest stored event, in bytes (the entry format of C2SP tlog-tiles). What is larger goes into attachments.
pub const EVENT_BYTES_MAX: usize = 65_535;

/// Why stored bytes are not an event.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// The bytes are not the JSON of an event.
    #[error("a stored event does not read")]
    Json(#[from] serde_json::Error),
    /// The kind is not in the list.
    #[error("a stored event is of the unknown kind `{0}`")]
    Kind(String),
    /// The version is not known.
    #[error("a stored `{kind}` is of the unknown version {version}")]
    Version {
        /// Its kind.
        kind: String,
        /// Its version.
        version: u32,
    },
}

/// The bytes of an event, as hashed and stored.
///
/// # Errors
/// When a value cannot be written as JSON, which no event that was read from one does.
pub fn encode(event: &Event) -> Result<Vec<u8>, StoredError> {
    let mut text = String::with_capacity(512);
    text.push_str("{\"kind\":\"");
    text.push_str(event.fact.kind());
    text.push_str("\",\"v\":1,\"at\":");
    text.push_str(&serde_json::to_string(&event.at)?);
    text.push_str(",\"recorded\":");
    text.push_str(&event.recorded.0.to_string());
    text.push_str(",\"source\":");
    text.push_str(&serde_json::to_string(&event.source)?);
    text.push_str(",\"fact\":");
    text.push_str(&event.fact.body()?);
    if !event.extra.is_empty() {
        text.push_str(",\"extra\":");
        text.push_str(&serde_json::to_string(&event.extra)?);
    }
    text.push('}');
    Ok(text.into_bytes())
}

#[derive(Deserialize)]
struct StoredEvent<'a> {
    #[serde(borrow)]
    kind: std::borrow::Cow<'a, str>,
    v: u32,
    at: Moment,
    recorded: Time,
    source: Source,
    #[serde(borrow)]
    fact: &'a RawValue,
    #[serde(default)]
    extra: Extra,
}

/// Reads stored bytes.
///
/// # Errors
/// When they are not the stored form of a known kind and version.
pub fn decode(bytes: &[u8]) -> Result<Event, StoredError> {
    let stored: StoredEvent<'_> = serde_json::from_slice(bytes)?;
    if stored.v != 1 {
        return Err(StoredError::Version { kind: stored.kind.into_owned(), version: stored.v });
    }
    let fact =
        Fact::read(&stored.kind, stored.fact.get()).ok_or_else(|| StoredError::Kind(stored.kind.to_string()))??;
    Ok(Event { at: stored.at, recorded: stored.recorded, source: stored.source, fact, extra: stored.extra })
}
