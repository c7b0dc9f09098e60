//! Errors of the factory.

/// Why a factory cannot be set up or written down.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The built-in board files cannot be read.
    #[error("bill of materials cannot be read")]
    Board(#[source] csv::Error),
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
