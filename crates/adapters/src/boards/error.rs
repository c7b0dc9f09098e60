//! Errors of an import as a whole.

use super::board::POSITIONS_MAX;

/// Why nothing could be imported.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// No files were given.
    #[error("no files given: a board needs a bill of materials, a placement file or an IPC-2581 file")]
    NoFiles,
    /// The bytes are not text.
    #[error("file `{file}` cannot be read: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why, in plain words.
        reason: String,
    },
    /// It is neither a bill of materials nor a placement file.
    #[error("file `{file}` is not recognised: {reason}")]
    Unrecognised {
        /// The file.
        file: String,
        /// What was missing, in plain words.
        reason: String,
    },
    /// The file is sound and has nothing for a board.
    #[error("file `{file}`: no placements and no bill of materials in this file{}", content_text(.content))]
    NothingInside {
        /// The file.
        file: String,
        /// What it says it is for, such as `STENCIL`.
        content: Option<String>,
    },
    /// The files together name too many positions.
    #[error("file `{file}` has more than {POSITIONS_MAX} positions or lines")]
    TooLarge {
        /// The file that passed the limit.
        file: String,
    },
}

fn content_text(content: &Option<String>) -> String {
    content.as_ref().map(|content| format!(" (it says it is for `{content}`)")).unwrap_or_default()
}
