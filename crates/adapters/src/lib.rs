//! Protocols: pure parsers that turn what machines and files say into events.

pub mod boards;
pub mod cfx;
pub mod events;
