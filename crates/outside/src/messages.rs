//! Messages of machines (CFX), and events in their own JSON form.

use std::io::Read;

use adapters::cfx::{self, Identity, Malformed, Raw, Transcribed, Veil, Zones};
use adapters::events;

use crate::stored::reads_back;
use crate::words::is_message;

/// Longest message that is read here: short, so that the limit is met.
const MESSAGE_BYTES: usize = 1 << 16;
/// Of a packed input, so much is looked at: how long it is unpacked is no property of the parser.
const UNPACKED_BYTES: u64 = 1 << 20;

/// An input of CFX messages: one, a list, one a line, packed.
pub fn cfx(bytes: &[u8]) {
    let cut = |input: &mut dyn Read| until_enough(cfx::Documents::with_limit(input, MESSAGE_BYTES));
    all_of(bytes, &cut, &|raw| cfx::transcribe(raw, &mut Cover, &Zones::default()));
}

/// An input of events.
pub fn events(bytes: &[u8]) {
    let cut = |input: &mut dyn Read| until_enough(events::Documents::with_limit(input, MESSAGE_BYTES));
    all_of(bytes, &cut, &|raw| events::transcribe(raw, &mut Cover, &Zones::default()));
}

type Document = Result<Raw, Box<Malformed>>;
type Transcribe<'a> = &'a dyn Fn(&Raw) -> Result<Transcribed, Box<Malformed>>;

fn until_enough(documents: impl Iterator<Item = Document>) -> Vec<Document> {
    let offset = |document: &Document| document.as_ref().map_or_else(|damage| damage.offset, |raw| raw.offset);
    documents.take_while(|document| offset(document) < UNPACKED_BYTES).collect()
}

fn all_of(bytes: &[u8], cut: &dyn Fn(&mut dyn Read) -> Vec<Document>, transcribe: Transcribe<'_>) {
    let documents = cut(&mut &*bytes);
    let packed = bytes.starts_with(&[0x1F, 0x8B]) || bytes.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]);
    if !packed {
        nothing_is_lost(bytes, &documents);
        let step = bytes.len() / 13 + 1;
        let slowly = cut(&mut Slow { rest: bytes, step });
        nothing_is_lost(bytes, &slowly);
        // What a slow link brings bit by bit is cut like what comes at once. A damaged message may be cut in two, where the link pauses behind a closing
        // bracket: to wait there for what follows would hold back every good one.
        if documents.iter().all(is_json) {
            assert_eq!(slowly, documents, "cut otherwise in pieces of {step} bytes");
        }
    }
    let lines = 1 + bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    let is_damage = |damage: &Malformed| {
        is_message(&damage.to_string());
        assert!(damage.line >= 1 && damage.column >= 1, "{damage}");
        assert!(packed || damage.line <= lines, "{damage}, and there are {lines} lines");
        assert!(packed || damage.offset <= bytes.len() as u64, "{damage} at {}", damage.offset);
    };
    for document in documents {
        match document.and_then(|raw| transcribe(&raw)) {
            Ok(Transcribed::Event(event)) => reads_back(&event),
            Ok(Transcribed::Heartbeat { .. }) => {}
            Err(damage) => is_damage(&damage),
        }
    }
}

fn is_json(document: &Document) -> bool {
    document.as_ref().is_ok_and(|raw| serde_json::from_slice::<serde_json::Value>(&raw.bytes).is_ok())
}

/// Every byte of the input is punctuation or stands in a document.
fn nothing_is_lost(bytes: &[u8], documents: &[Document]) {
    let mut at = 0;
    for document in documents {
        let (offset, own) = match document {
            Ok(raw) => (raw.offset, &raw.bytes),
            Err(damage) => (damage.offset, &damage.bytes),
        };
        let offset = usize::try_from(offset).expect("an offset in the input");
        assert!(offset >= at, "documents overlap at {offset}");
        is_punctuation(&bytes[at..offset]);
        assert_eq!(&bytes[offset..offset + own.len()], own, "a document is not what stands at {offset}");
        at = offset + own.len();
    }
    is_punctuation(&bytes[at..]);
}

fn is_punctuation(bytes: &[u8]) {
    if let Some(lost) = bytes.iter().position(|byte| !b" \n\r\t,[]\xEF\xBB\xBF".contains(byte)) {
        panic!("lost: {:?}", String::from_utf8_lossy(&bytes[lost..]));
    }
}

/// Gives its bytes piece by piece.
struct Slow<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let (piece, rest) = self.rest.split_at(self.step.min(self.rest.len()).min(buffer.len()));
        buffer[..piece.len()].copy_from_slice(piece);
        self.rest = rest;
        Ok(piece.len())
    }
}

struct Cover;

impl Veil for Cover {
    fn person(&mut self, identity: &Identity) -> String {
        format!("P-{}", identity.identifier.len())
    }

    fn secret(&mut self, text: &str) -> String {
        format!("digest:{}", text.len())
    }
}
