//! What must hold of any bytes that come from outside, however malformed: one function for each parser.
//!
//! Each takes bytes and panics if a promise is broken: nothing panics, an accepted thing reads back equal, an error names a place that exists and
//! fits on a line. The targets in `fuzz/` call these functions with bytes that a fuzzer thinks up; a test calls them with what `fuzz/corpus` and
//! `fuzz/cases` hold. So what fuzzing found once is tried by every run of the tests. For tests only.

mod boards;
mod ledger;
mod messages;
mod packed;
mod sealed;
mod site;
mod stored;
mod text;
mod words;

pub use boards::{boards, panel};
pub use ledger::{attachment, checkpoints, segment};
pub use messages::{cfx, events};
pub use packed::{difference, pass, pattern};
pub use sealed::{note, path, proof};
pub use site::{question, record};
pub use stored::stored;
pub use text::{configuration, name, zones};

/// A parser's name, which is that of its folders below `fuzz/`, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All parsers of bytes from outside.
pub const TARGETS: &[Target] = &[
    ("attachment", attachment),
    ("boards", boards),
    ("cfx", cfx),
    ("checkpoints", checkpoints),
    ("configuration", configuration),
    ("difference", difference),
    ("events", events),
    ("name", name),
    ("note", note),
    ("panel", panel),
    ("pass", pass),
    ("path", path),
    ("pattern", pattern),
    ("proof", proof),
    ("question", question),
    ("record", record),
    ("segment", segment),
    ("stored", stored),
    ("zones", zones),
];
