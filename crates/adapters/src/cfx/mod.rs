//! IPC-CFX (IPC-2591): messages of machines, read into events.
//!
//! Two steps, both pure: [`Documents`] cuts an input into raw documents, whatever it is packed and wrapped in, and finds its way again after damage;
//! [`transcribe`] reads one document into the event it tells. Nothing is looked up and nothing is lost: what has no field stays in `extra`, what nobody
//! interprets becomes `Noted`, what cannot be read becomes [`Malformed`], with its place and bytes. Persons and secrets are replaced before anything is
//! kept. No link and no store: where bytes come from and events go is the caller's business.

mod clock;
pub(crate) mod damage;
mod dictionary;
mod documents;
mod fields;
pub(crate) mod json;
mod material;
mod message;
mod order;
pub(crate) mod person;
mod production;
mod quality;
mod raw;
mod station;

pub use clock::{ZONE_MARGIN, Zones};
pub use damage::Malformed;
pub use dictionary::{MESSAGES, is_known};
pub use documents::{Documents, MESSAGE_BYTES_MAX};
pub use json::DEPTH_MAX;
pub use message::{ENVELOPE_BYTES_MAX, Transcribed, transcribe};
pub use person::{Identity, Veil};
pub use raw::Raw;
