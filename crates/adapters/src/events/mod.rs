//! Events in their own JSON form: what people, scripts and other systems tell that no machine says. Packing, shipping, assembly, profiles, releases.
//!
//! One object an event, `{"type":"Packed","at":"2026-03-02T10:00:00Z","container":"BOX-1","units":["A1"]}`, one a line, in a list, or one after the
//! other. `docs/events.md` describes them, `docs/schema/event.schema.json` is made from [`schema`]. Strict, because people write these: a field that
//! is not known is refused with the nearest that is. Persons are veiled here as they are in CFX.

mod documents;
mod read;
mod shape;

pub use documents::Documents;
pub use read::{KINDS, transcribe};
pub use shape::schema;
