//! One message: the envelope, and the body by its name.

use kernel::event::{Event, Extra, Fact, Noted, Source};
use kernel::time::{Moment, Time};

use super::clock::Zones;
use super::damage::{Malformed, malformed};
use super::fields::{Message, Reader, bare_name, members};
use super::json::{Next, Parsed, What, fault_at};
use super::person::Veil;
use super::raw::Raw;
use super::{dictionary, material, order, production, quality, station};

/// What a message becomes.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are events; boxing them would cost an allocation a message")]
pub enum Transcribed {
    /// An event, not yet recorded: `recorded` is zero.
    Event(Event),
    /// A sign of life, to be counted and not logged.
    Heartbeat {
        /// Who lives.
        source: Source,
        /// When.
        at: Moment,
    },
}

/// Largest envelope that is read, without its body, in bytes: it has to fit an entry of the log whatever its letters become there.
pub const ENVELOPE_BYTES_MAX: usize = 10_000;

/// Reads one message into its event: without any context, and without loss but for persons and secrets.
///
/// # Errors
/// When the message is damaged, or lacks what every message has.
pub fn transcribe(raw: &Raw, veil: &mut dyn Veil, zones: &Zones) -> Result<Transcribed, Box<Malformed>> {
    let mut message = Message::new(&raw.bytes, veil, zones);
    let mut envelope = Envelope::default();
    match message.envelope(&mut envelope) {
        Ok(transcribed) => Ok(transcribed),
        Err(fault) => {
            let mut damage = malformed(raw, &fault);
            damage.source = envelope.source;
            damage.at = envelope.at;
            Err(Box::new(damage))
        }
    }
}

/// The envelope as far as it was read.
#[derive(Default)]
struct Envelope {
    source: Source,
    at: Option<Moment>,
    extra: Extra,
    /// The fact, once the body was read.
    body: Option<Fact>,
    /// Where the body stands, when it came before the message's name.
    body_at: Option<usize>,
    time_at: usize,
}

impl Message<'_, '_> {
    fn envelope(&mut self, envelope: &mut Envelope) -> Parsed<Transcribed> {
        if self.cursor.next()? != Next::Object {
            return self
                .cursor
                .fault(What::Words { reason: "a message is an object { }, and this is none".into(), field: None });
        }
        members!(self, key, envelope.extra, {
            "MessageName" => envelope.source.name = self.text()?,
            "Version" => envelope.source.version = self.text()?,
            "TimeStamp" => {
                self.cursor.peek();
                envelope.time_at = self.cursor.at();
                let sent = self.text_as_sent()?;
                match self.zones.read(&sent) {
                    Ok(moment) => envelope.at = Some(moment),
                    Err(reason) => return fault_at(envelope.time_at, What::Words { reason, field: None }),
                }
            },
            "UniqueID" => envelope.source.message = self.text()?,
            "Source" => envelope.source.handle = self.text()?,
            "MessageBody" => {
                self.cursor.peek();
                let at = self.cursor.at();
                if envelope.source.name.is_empty() {
                    envelope.body_at = Some(at);
                    self.cursor.skip()?;
                } else {
                    envelope.body = self.body(&envelope.source.name)?;
                }
            },
        });
        self.cursor.end()?;
        let missing = |field, reason: &str| fault_at(0, What::Words { reason: reason.to_owned(), field: Some(field) });
        if let Some(at) = envelope.body_at {
            self.cursor = self.cursor.from(at);
            if envelope.source.name.trim().is_empty() {
                envelope.source.name = self.type_of_body()?;
                self.cursor = self.cursor.from(at);
            }
            if !envelope.source.name.is_empty() {
                envelope.body = self.body(&envelope.source.name)?;
            }
        }
        if envelope.source.name.trim().is_empty() {
            return missing("MessageName", "the message has no `MessageName`");
        }
        let Some(at) = envelope.at.take() else { return missing("TimeStamp", "the message has no `TimeStamp`") };
        let Source { handle, message: id, name, version } = &envelope.source;
        let around = [handle, id, name, version].iter().map(|text| text.len()).sum::<usize>()
            + envelope.extra.iter().map(|(key, value)| key.len() + value.text().len()).sum::<usize>()
            + at.sent.len();
        if around > ENVELOPE_BYTES_MAX {
            let reason = format!("the envelope has {around} bytes without its body, more than {ENVELOPE_BYTES_MAX}");
            return fault_at(0, What::Words { reason, field: None });
        }
        let source = std::mem::take(&mut envelope.source);
        let name = bare_name(&source.name);
        if dictionary::spelling(name) == Some("CFX.Heartbeat") {
            return Ok(Transcribed::Heartbeat { source, at });
        }
        let fact = match envelope.body.take() {
            Some(fact) => fact,
            None if needs_body(name) => {
                envelope.source = source;
                envelope.at = Some(at);
                return missing("MessageBody", "the message has no `MessageBody`");
            }
            None => match without_body(name) {
                Some(fact) => fact,
                None => Noted::default().into(),
            },
        };
        let extra = std::mem::take(&mut envelope.extra);
        Ok(Transcribed::Event(Event { at, recorded: Time(0), source, fact, extra }))
    }

    /// The type that a body names itself, when its envelope does not.
    fn type_of_body(&mut self) -> Parsed<String> {
        let mut kind = String::new();
        if self.cursor.next()? != Next::Object {
            return Ok(kind);
        }
        let mut first = true;
        self.cursor.begin_object()?;
        while let Some(key) = self.cursor.member(&mut first)? {
            if key == "$type" && self.cursor.next()? == Next::Text {
                kind = bare_name(&self.cursor.text()?).to_owned();
            } else {
                self.cursor.skip()?;
            }
        }
        Ok(kind)
    }

    /// The fact that the body at the cursor tells. None for a heartbeat.
    fn body(&mut self, name: &str) -> Parsed<Option<Fact>> {
        let start = self.cursor.at();
        let name = dictionary::spelling(bare_name(name)).unwrap_or(name);
        if name == "CFX.Heartbeat" {
            self.cursor.skip()?;
            return Ok(None);
        }
        if let Some(read) = reader_of(name) {
            if self.cursor.next()? != Next::Object {
                return self.cursor.fault(What::Type { wanted: "an object { }" });
            }
            if let Some(fact) = read(self, name)? {
                return Ok(Some(fact));
            }
            self.cursor = self.cursor.from(start);
        }
        Ok(Some(Noted { body: Some(self.json("MessageBody")?), extra: Extra::new() }.into()))
    }
}

/// Who reads the body of a message, by the standard's name. None: nobody interprets it.
fn reader_of(name: &str) -> Option<Reader> {
    production::reader(name)
        .or_else(|| material::reader(name))
        .or_else(|| quality::reader(name))
        .or_else(|| station::reader(name))
        .or_else(|| order::reader(name))
}

fn needs_body(name: &str) -> bool {
    reader_of(name).is_some() && without_body(name).is_none()
}

/// The fact of a message that may come without a body.
fn without_body(name: &str) -> Option<Fact> {
    station::without_body(name)
}
