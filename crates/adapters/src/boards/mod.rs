//! Board data: bills of materials, placement files and IPC-2581 become the positions of a board.
//!
//! A factory gets a product as two or three files from different tools, and they rarely agree to the last line. This module reads
//! each file on its own (`placement`, `bill`, `ipc2581`) and then lays them over each other (`reconcile`): one [`Position`] for each
//! reference designator that any file names, and one [`Disagreement`] for each point on which two statements differ. Nothing is
//! dropped and nothing is decided silently: a line that cannot be read is a [`Problem`], a reading that needed a guess is a note.
//!
//! It is pure: bytes in, a [`Board`] out. It opens no files and knows no events. Lengths are whole micrometres and angles whole
//! thousandths of a degree, read from the decimal text without floating point. Coordinates of the bottom side stay as the file has
//! them; they are not mirrored. See `docs/board-data.md` for the formats and the names of columns.

mod bill;
mod board;
mod contents;
mod designator;
mod error;
mod format;
mod ipc2581;
mod outline;
mod panel;
mod placement;
mod quantity;
mod reconcile;
mod table;
mod text;

pub use board::{
    About, Alternate, Attribute, BillLine, Board, Disagreement, FileRead, Fitted, Note, POSITIONS_MAX, PartRef, Place,
    Position, Problem, Said, Side,
};
pub use error::BoardError;
pub use format::Format;
pub use outline::{Bounds, Edge, Outline, Point};
pub use panel::{PANEL_BOARDS_MAX, PanelBoard, PanelError, PanelLayout};
pub use text::{DecodeError, Decoded, Encoding, FILE_BYTES_MAX, decode};

use contents::Contents;

/// One file of a product revision, as the caller read it.
#[derive(Debug, Clone, Copy)]
pub struct BoardFile<'a> {
    /// The name used in messages.
    pub name: &'a str,
    /// The content; gzip and zstd are unpacked.
    pub bytes: &'a [u8],
    /// What the file is; `None` tells it from the content.
    pub format: Option<Format>,
}

/// Reads the files of one product revision: a bill of materials, placements, both, or one IPC-2581 file with everything.
///
/// # Errors
///
/// If a file is unreadable, of no known kind, or has nothing for a board. Single lines that cannot be read are not errors but
/// [`Board::problems`].
pub fn import(files: &[BoardFile<'_>]) -> Result<Board, BoardError> {
    if files.is_empty() {
        return Err(BoardError::NoFiles);
    }
    let read = files.iter().map(read_file).collect::<Result<Vec<_>, _>>()?;
    Ok(reconcile::reconcile(read))
}

fn read_file(file: &BoardFile<'_>) -> Result<Contents, BoardError> {
    let decoded = decode(file.bytes)
        .map_err(|reason| BoardError::Unreadable { file: file.name.to_owned(), reason: reason.to_string() })?;
    let looks_like_xml = decoded.text.trim_start().starts_with('<');
    let mut contents = match file.format {
        Some(Format::Ipc2581) => ipc2581::read(file.name, &decoded)?,
        None if looks_like_xml => ipc2581::read(file.name, &decoded)?,
        format => {
            let table = table::find(file.name, &decoded.text, format)?;
            if table.format == Format::Bill {
                bill::read(file.name, &decoded, table)
            } else {
                placement::read(file.name, &decoded, table)
            }
        }
    };
    if decoded.encoding == Encoding::Windows1252 {
        contents.note(None, "not valid UTF-8: read as Windows-1252, so letters outside ASCII may be wrong");
    }
    let lines = contents.bill.as_ref().map_or(0, Vec::len);
    let listed = contents.bill.iter().flatten().map(|listed| listed.line.designators.len()).sum::<usize>();
    let placed = contents.placements.as_ref().map_or(0, Vec::len);
    if lines.max(listed).max(placed) > POSITIONS_MAX {
        return Err(BoardError::TooLarge { file: file.name.to_owned() });
    }
    if lines == 0
        && placed == 0
        && contents.not_fitted.is_empty()
        && contents.problems.is_empty()
        && contents.panel.is_none()
    {
        return Err(BoardError::NothingInside { file: file.name.to_owned(), content: contents.purpose });
    }
    Ok(contents)
}
