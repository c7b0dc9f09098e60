//! Errors of the factory.

/// Why a factory cannot be set up or written down.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The built-in board files cannot be read.
    #[error("bill of materials cannot be read")]
    Board(#[source] csv::Error),
    /// A scenario file cannot be read from the disk.
    #[error("scenario `{name}` is none of those that are shipped, and no file that can be read")]
    NoScenario {
        /// As asked for.
        name: String,
        /// Why the file cannot be read.
        #[source]
        source: std::io::Error,
    },
    /// A scenario does not read as TOML, or has a key that nobody knows.
    #[error("scenario `{name}` does not read")]
    Scenario {
        /// Which.
        name: String,
        /// Line, column and key.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A value of a scenario makes no sense.
    #[error("scenario `{name}`{}: `{key}` {reason}", .line.map_or_else(String::new, |line| format!(", line {line}")))]
    Value {
        /// Which.
        name: String,
        /// Line in the file, from 1, if the key is given once.
        line: Option<usize>,
        /// The key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be written.
    #[error("cannot write `{path}`")]
    Write {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
