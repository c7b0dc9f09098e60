//! What comes out of the factory, for whoever reads it.

use jiff::Timestamp;

/// One line for a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// When it is delivered (true time, not the machine's clock).
    pub at: Timestamp,
    /// What it is.
    pub kind: Kind,
}

/// What is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A CFX envelope, one line of JSON.
    Cfx(String),
    /// An event of packing or shipping, one line of JSON.
    Event(String),
}
