//! The stored form of events: canonical JSON bytes. What is hashed is what is stored.
//!
//! `{"kind":..,"v":1,"at":..,"source":{..},"fact":{..},"extra":{..},"recorded":..}` in exactly this order, without white space; members with nothing
//! to say are left out. A kind's version rises when its shape changes; readers of old versions stay. A fact too large for an entry is an
//! attachment, and the entry carries its SHA-256 in place of it: `"attached":"<hex>"`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

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
    /// What stands around the fact does not fit an entry.
    #[error("an event of {0} bytes does not fit an entry of the log")]
    TooLarge(usize),
    /// The attachment is missing or not text.
    #[error("the attachment `{0}` of a stored event is missing or damaged")]
    Attachment(String),
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

/// An event in its stored form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The entry of the log.
    pub entry: Vec<u8>,
    /// The fact, when it is too large for an entry: SHA-256 and bytes.
    pub attachment: Option<([u8; 32], Vec<u8>)>,
    /// SHA-256 of all but the time of receipt: two deliveries of one message agree in it.
    pub content: [u8; 32],
}

/// The stored form of an event.
///
/// # Errors
/// When a value cannot be written as JSON, or what stands around the fact is itself too large for an entry.
pub fn encode(event: &Event) -> Result<Stored, StoredError> {
    let fact = event.fact.body()?;
    let mut head = String::with_capacity(fact.len() + 256);
    head.push_str("{\"kind\":\"");
    head.push_str(event.fact.kind());
    head.push_str("\",\"v\":1,\"at\":");
    head.push_str(&serde_json::to_string(&event.at)?);
    head.push_str(",\"source\":");
    head.push_str(&serde_json::to_string(&event.source)?);
    let extra = if event.extra.is_empty() {
        String::new()
    } else {
        format!(",\"extra\":{}", serde_json::to_string(&event.extra)?)
    };
    let around = head.len() + extra.len() + 48;
    let attachment =
        (around + fact.len() > EVENT_BYTES_MAX).then(|| (sha256(fact.as_bytes()), fact.clone().into_bytes()));
    match &attachment {
        None => {
            head.push_str(",\"fact\":");
            head.push_str(&fact);
        }
        Some((digest, _)) => {
            head.push_str(",\"attached\":\"");
            head.push_str(&hex(digest));
            head.push('"');
        }
    }
    head.push_str(&extra);
    let content = sha256(head.as_bytes());
    head.push_str(",\"recorded\":");
    head.push_str(&event.recorded.0.to_string());
    head.push('}');
    if head.len() > EVENT_BYTES_MAX {
        return Err(StoredError::TooLarge(head.len()));
    }
    Ok(Stored { entry: head.into_bytes(), attachment, content })
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Deserialize)]
struct StoredEvent<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    v: u32,
    at: Moment,
    recorded: Time,
    source: Source,
    #[serde(borrow, default)]
    fact: Option<&'a RawValue>,
    #[serde(borrow, default)]
    attached: Option<Cow<'a, str>>,
    #[serde(default)]
    extra: Extra,
}

/// The attachment that an entry refers to, by its SHA-256.
#[must_use]
pub fn attached(entry: &[u8]) -> Option<[u8; 32]> {
    let stored: StoredEvent<'_> = serde_json::from_slice(entry).ok()?;
    digest_of(&stored.attached?)
}

/// The SHA-256 that is written so; `None` for any other spelling.
fn digest_of(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    (hex(&digest) == text).then_some(digest)
}

/// Reads an entry. `fetch` gives the bytes of an attachment by its SHA-256 in hexadecimal digits.
///
/// # Errors
/// When the bytes are not the stored form of a known kind and version, or its attachment is not there.
pub fn decode(entry: &[u8], fetch: &mut dyn FnMut(&str) -> Option<Vec<u8>>) -> Result<Event, StoredError> {
    let stored: StoredEvent<'_> = serde_json::from_slice(entry)?;
    if stored.v != 1 {
        return Err(StoredError::Version { kind: stored.kind.into_owned(), version: stored.v });
    }
    let fact = match (stored.fact, stored.attached) {
        (Some(fact), _) => Cow::Borrowed(fact.get()),
        (None, Some(digest)) => {
            let bytes = fetch(&digest).ok_or_else(|| StoredError::Attachment(digest.clone().into_owned()))?;
            Cow::Owned(String::from_utf8(bytes).map_err(|_| StoredError::Attachment(digest.into_owned()))?)
        }
        (None, None) => Cow::Borrowed("{}"),
    };
    let fact = Fact::read(&stored.kind, &fact).ok_or_else(|| StoredError::Kind(stored.kind.to_string()))??;
    Ok(Event { at: stored.at, recorded: stored.recorded, source: stored.source, fact, extra: stored.extra })
}
