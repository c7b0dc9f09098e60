//! What events mean: identifiers, events with their stored form, the placement codec and the rules of evidence.
//!
//! Pure: no clocks, no I/O, no SQL, no async, no web. Whatever a decision needs is handed in; the same input gives the same
//! output, which is what makes rebuild, as-of and live one function.

pub mod time;

pub mod thing;

pub mod id;

pub mod event;

pub mod stored;

mod varint;

pub mod placement;

pub mod pass;

pub mod row;

pub mod mount;

pub mod project;
