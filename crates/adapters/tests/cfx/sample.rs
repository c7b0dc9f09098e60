//! The published samples, and a veil whose work is easy to see.

use std::fmt::Write;
use std::path::PathBuf;

use adapters::cfx::{Documents, Identity, Malformed, Raw, Transcribed, Veil, Zones, transcribe};
use kernel::event::Event;

/// A published message body.
pub(crate) struct Sample {
    /// The message's name.
    pub(crate) name: String,
    /// Its body, as published.
    pub(crate) body: String,
}

/// The folder of the samples.
pub(crate) fn folder() -> PathBuf {
    let folder = std::env::var("TRACEWRIGHT_SAMPLES")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/samples").to_owned());
    let folder = PathBuf::from(folder).join("cfx");
    assert!(
        folder.is_dir(),
        "no samples at `{}`; set TRACEWRIGHT_SAMPLES to the folder that holds `cfx`",
        folder.display()
    );
    folder
}

/// All samples of a folder. `CFX.A.B.1.json` is an example of `CFX.A.B`.
pub(crate) fn samples(under: &str) -> Vec<Sample> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder().join(under))
        .expect("the folder reads")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.ends_with("manifest.json"))
        .collect();
    paths.sort();
    let samples: Vec<Sample> = paths
        .into_iter()
        .map(|path| {
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let name = match stem.rsplit_once('.') {
                Some((name, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
                _ => stem,
            };
            Sample { name, body: std::fs::read_to_string(&path).expect("a sample reads") }
        })
        .collect();
    assert!(!samples.is_empty(), "`{under}` holds no samples");
    samples
}

/// All messages that read, each in an envelope: published and repaired ones.
pub(crate) fn envelopes() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for sample in samples("messages").into_iter().chain(samples("repaired")) {
        let number = all.len();
        let text =
            if sample.name == "CFX.CFXEnvelope" { sample.body } else { envelope(&sample.name, number, &sample.body) };
        all.push((sample.name, text));
    }
    all
}

/// Lines of the wrapper before the body's first line.
pub(crate) const LINES_BEFORE: u64 = 5;

/// Wraps a body textually, on lines of its own.
pub(crate) fn envelope(name: &str, number: usize, body: &str) -> String {
    format!(
        "{{\n\"MessageName\": \"{name}\",\n\"Version\": \"1.7\", \"UniqueID\": \"id-{number}\",\n\"TimeStamp\": \"2021-06-23T15:39:23.0062167-04:00\", \"Source\": \"Maker.Model.{number}\",\n\"MessageBody\":\n{body}\n}}"
    )
}

/// The text without white space.
pub(crate) fn compact(text: &str) -> String {
    serde_json::to_string(&serde_json::from_str::<serde_json::Value>(text).expect("JSON")).expect("JSON")
}

/// A veil that shows what it covers.
#[derive(Default)]
pub(crate) struct GlassVeil {
    /// Whoever was named.
    pub(crate) persons: Vec<Identity>,
    /// Every secret.
    pub(crate) secrets: Vec<String>,
}

impl Veil for GlassVeil {
    fn person(&mut self, identity: &Identity) -> String {
        let at = self.persons.iter().position(|known| known == identity).unwrap_or(self.persons.len());
        if at == self.persons.len() {
            self.persons.push(identity.clone());
        }
        format!("person-{at}")
    }

    fn secret(&mut self, text: &str) -> String {
        self.secrets.push(text.to_owned());
        format!("digest-of-{}-letters", text.chars().count())
    }
}

/// What an input gives.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) events: Vec<Event>,
    pub(crate) heartbeats: usize,
    pub(crate) malformed: Vec<Malformed>,
}

/// Reads a whole input.
pub(crate) fn read(input: &[u8]) -> Reading {
    let mut reading = Reading::default();
    for raw in Documents::new(input) {
        match raw.and_then(|raw| transcribe(&raw, &mut GlassVeil::default(), &Zones::default())) {
            Ok(Transcribed::Event(event)) => reading.events.push(event),
            Ok(Transcribed::Heartbeat { .. }) => reading.heartbeats += 1,
            Err(malformed) => reading.malformed.push(*malformed),
        }
    }
    reading
}

/// Reads one message that is an event.
pub(crate) fn event(text: &str) -> Event {
    match transcribe(&Raw::alone(text.as_bytes().to_vec()), &mut GlassVeil::default(), &Zones::default()) {
        Ok(Transcribed::Event(event)) => event,
        Ok(other) => panic!("{other:?} is no event"),
        Err(malformed) => panic!("{malformed}: {text}"),
    }
}

/// The stored form, an attachment in its place; what is read back is the event.
pub(crate) fn stored(event: &Event) -> String {
    let stored = kernel::stored::encode(event).expect("encodes");
    let mut fetch = |_: &str| stored.attachment.as_ref().map(|(_, bytes)| bytes.clone());
    assert_eq!(&kernel::stored::decode(&stored.entry, &mut fetch).expect("decodes"), event);
    let entry = String::from_utf8(stored.entry).expect("UTF-8");
    match stored.attachment {
        None => entry,
        Some((_, fact)) => {
            format!("{},\"fact\":{}}}", entry.trim_end_matches('}'), String::from_utf8(fact).expect("UTF-8"))
        }
    }
}

/// A summary of damage, a line each.
pub(crate) fn places(malformed: &[Malformed]) -> String {
    let mut out = String::new();
    for damage in malformed {
        writeln!(out, "{damage}").expect("writes");
    }
    out
}
