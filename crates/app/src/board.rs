//! Board data: files of a product revision become the event `ProductReleased`, and positions to draw.

use serde::Serialize;

use crate::answer::Imported;

/// A file of a product revision.
#[derive(Clone, Debug)]
pub struct BoardFile {
    /// Name, for messages.
    pub name: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// A product revision to import.
#[derive(Clone, Debug, Default)]
pub struct BoardImport {
    /// Product.
    pub product: String,
    /// Revision.
    pub revision: String,
    /// Programs that build it, `name` or `name@revision`.
    pub programs: Vec<String>,
    /// Panel layout as typed, if the files do not say it.
    pub panel: Option<String>,
    /// Bill of materials, placement file, or IPC-2581.
    pub files: Vec<BoardFile>,
}

/// What an import of a board found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoardImported {
    /// Product, with `@revision`.
    pub product: String,
    /// Counts of the log: one event.
    pub counts: Imported,
    /// Positions.
    pub positions: usize,
    /// Positions that stay empty.
    pub not_fitted: usize,
    /// Lines of the bill of materials.
    pub bill_lines: usize,
    /// Boards of a panel; 0: no layout.
    pub panel_boards: usize,
    /// How the files were understood.
    pub files: Vec<String>,
    /// Where two statements differ.
    pub disagreements: Vec<String>,
    /// Lines that could not be read.
    pub problems: Vec<String>,
    /// Readings that needed a guess.
    pub notes: Vec<String>,
}
