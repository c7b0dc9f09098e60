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
mod designator;
mod ipc2581;
mod outline;
mod panel;
mod placement;
mod quantity;
mod reconcile;
mod table;
mod text;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

pub use outline::{Bounds, Edge, Outline, Point};
pub use panel::{PANEL_BOARDS_MAX, PanelBoard, PanelError, PanelLayout};
pub use text::{DecodeError, Decoded, Encoding, decode};

/// A file as given, compressed or not, may unpack to at most this many bytes.
pub const FILE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A board may have at most this many positions.
pub const POSITIONS_MAX: usize = 200_000;

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

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// IPC-2581 revision B or C.
    Ipc2581,
    /// KiCad footprint positions, text or CSV (millimetres unless the file says otherwise).
    KicadPlacement,
    /// Altium pick and place, text or CSV.
    AltiumPlacement,
    /// Allegro component or placement report (mils unless the file says otherwise).
    AllegroPlacement,
    /// Any other placement table with a designator, x and y, such as the one JLC asks for (millimetres unless it says otherwise).
    Placement,
    /// A bill of materials as a table.
    Bill,
}

impl Format {
    /// All formats, in the order they are documented.
    pub const ALL: [Self; 6] = [
        Self::Ipc2581,
        Self::KicadPlacement,
        Self::AltiumPlacement,
        Self::AllegroPlacement,
        Self::Placement,
        Self::Bill,
    ];

    /// The name to type when a format is forced.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ipc2581 => "ipc-2581",
            Self::KicadPlacement => "kicad-placement",
            Self::AltiumPlacement => "altium-placement",
            Self::AllegroPlacement => "allegro-placement",
            Self::Placement => "placement",
            Self::Bill => "bom",
        }
    }

    /// The format with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A product revision as its files describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Board {
    /// The name the files give the assembly, where they do (IPC-2581).
    pub assembly: Option<String>,
    /// The revision the files give the assembly, where they do (IPC-2581).
    pub revision: Option<String>,
    /// One for each reference designator that any file names, in the order of the first mention (placements before the bill).
    pub positions: Vec<Position>,
    /// The lines of the bill of materials, also those without a designator (cables, labels, boxes).
    pub lines: Vec<BillLine>,
    /// The edge of the board, if a file has it.
    pub outline: Option<Outline>,
    /// Where the boards lie on their panel, if a file says so.
    pub panel: Option<PanelLayout>,
    /// Points on which two statements differ.
    pub disagreements: Vec<Disagreement>,
    /// Lines or fields that could not be read.
    pub problems: Vec<Problem>,
    /// Readings that needed a guess or a choice, and text that was kept aside.
    pub notes: Vec<Note>,
    /// The files, as they were understood.
    pub files: Vec<FileRead>,
}

impl Board {
    /// The position with this reference designator.
    pub fn position(&self, designator: &str) -> Option<&Position> {
        self.positions.iter().find(|position| position.designator == designator)
    }
}

/// How one file was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileRead {
    /// The name given by the caller.
    pub name: String,
    /// What it is.
    pub format: Format,
    /// How its text is encoded.
    pub encoding: Encoding,
    /// How many placements it has.
    pub placements: usize,
    /// How many lines of a bill of materials it has.
    pub bill_lines: usize,
}

/// One place on the board for one component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The reference designator.
    pub designator: String,
    /// The x coordinate in micrometres, as in the file (not mirrored on the bottom).
    pub x_um: Option<i64>,
    /// The y coordinate in micrometres, as in the file.
    pub y_um: Option<i64>,
    /// The rotation in thousandths of a degree, 0 to 359,999, counter-clockwise as in the file.
    pub rotation_mdeg: Option<i64>,
    /// The side of the board.
    pub side: Option<Side>,
    /// What belongs there.
    pub part: Option<Arc<PartRef>>,
    /// The package as the bill of materials names it, or else as the placement file does.
    pub package: Option<String>,
    /// The land pattern as the placement file names it.
    pub footprint: Option<String>,
    /// Whether a component is to be there.
    pub fitted: Fitted,
    /// The line in [`Board::lines`].
    pub bill_line: Option<usize>,
    /// Where the placement stands.
    pub placed_at: Option<Place>,
    /// Columns of the placement file that have no field here.
    pub attributes: Vec<Attribute>,
}

/// A side of the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The component side.
    Top,
    /// The solder side.
    Bottom,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Top => "top",
            Self::Bottom => "bottom",
        })
    }
}

/// Whether a component is to be at a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fitted {
    /// The bill of materials lists it.
    Yes,
    /// The bill lists it and the placement file does not: no machine places it.
    HandPlaced,
    /// It stays empty, and this is the text that says so.
    No(String),
    /// Only the placement file names it, so nobody says.
    Unknown,
}

/// What belongs at a position, as a bill of materials names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PartRef {
    /// The house's own part number.
    pub internal_number: Option<String>,
    /// The maker.
    pub manufacturer: Option<String>,
    /// The maker's part number.
    pub mpn: Option<String>,
    /// The value, such as `100nF`.
    pub value: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The package.
    pub package: Option<String>,
    /// Further parts the bill allows.
    pub alternates: Vec<Alternate>,
    /// What the bill says about substitution, as free text.
    pub substitution_policy: Option<String>,
    /// Columns that have no field here.
    pub attributes: Vec<Attribute>,
}

impl PartRef {
    /// The shortest text that tells this part from another: the maker's number, else the house's number, value or description.
    pub fn label(&self) -> Option<&str> {
        [&self.mpn, &self.internal_number, &self.value, &self.description].into_iter().find_map(|text| text.as_deref())
    }
}

/// A part that may be used instead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Alternate {
    /// The maker.
    pub manufacturer: Option<String>,
    /// The maker's part number.
    pub mpn: Option<String>,
    /// The description, where it has its own.
    pub description: Option<String>,
    /// Whether the file says it is qualified (IPC-2581).
    pub qualified: Option<bool>,
    /// Columns that have no field here.
    pub attributes: Vec<Attribute>,
}

/// A line of a bill of materials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BillLine {
    /// The number of the line as the bill gives it.
    pub number: Option<String>,
    /// The quantity as the bill gives it.
    pub quantity: Option<String>,
    /// The reference designators, ranges expanded; empty for things without a place on the board.
    pub designators: Vec<String>,
    /// The part.
    pub part: Arc<PartRef>,
    /// The text that says that the line is not fitted.
    pub not_fitted: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A column without a field of its own, kept as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attribute {
    /// The heading.
    pub name: String,
    /// The text.
    pub value: String,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Place {
    /// The name of the file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` line {}", self.file, self.line)
    }
}

/// Something that could not be read; the rest was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{place}{}: {reason}", column_text(*.column, .field.as_deref()))]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// The column, from 1.
    pub column: Option<usize>,
    /// The heading of the column or name of the field.
    pub field: Option<String>,
    /// Why, in plain words.
    pub reason: String,
}

fn column_text(column: Option<usize>, field: Option<&str>) -> String {
    let field = field.map(one_line);
    match (column, field) {
        (Some(column), Some(field)) => format!(", column {column} (`{field}`)"),
        (Some(column), None) => format!(", column {column}"),
        (None, Some(field)) => format!(", field `{field}`"),
        (None, None) => String::new(),
    }
}

/// A reading that needed a guess or a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The file.
    pub file: Arc<str>,
    /// The line, where the note is about one.
    pub line: Option<u64>,
    /// What was understood.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "`{}` line {line}: {}", self.file, self.text),
            None => write!(f, "`{}`: {}", self.file, self.text),
        }
    }
}

/// A point on which two statements differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// On what.
    pub about: About,
    /// The designator it is about; for a quantity all designators of the line, separated by commas.
    pub designator: String,
    /// The statement that was taken.
    pub taken: Said,
    /// The statement against it.
    pub other: Said,
}

/// What a disagreement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// In the bill of materials and not among the placements.
    OnlyInBom,
    /// Among the placements and not in the bill of materials.
    OnlyInPlacements,
    /// Placed twice.
    PlacedTwice,
    /// Twice on one line of the bill.
    ListedTwice,
    /// On two lines of the bill.
    OnTwoBomLines,
    /// The quantity is not the number of designators.
    Quantity,
    /// The value.
    Value,
    /// The package.
    Package,
    /// The part number.
    Part,
    /// The side of the board.
    Side,
    /// Written in capitals in one file and in small letters in another.
    Spelling,
    /// Said to be fitted and not to be fitted.
    Fitted,
}

impl About {
    /// The words used in messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::OnlyInBom => "only in the bill of materials",
            Self::OnlyInPlacements => "only among the placements",
            Self::PlacedTwice => "placed twice",
            Self::ListedTwice => "listed twice on one line",
            Self::OnTwoBomLines => "on two lines of the bill of materials",
            Self::Quantity => "quantity is not the number of designators",
            Self::Value => "value differs",
            Self::Package => "package differs",
            Self::Part => "part differs",
            Self::Side => "side differs",
            Self::Spelling => "spelled differently",
            Self::Fitted => "fitted and not fitted",
        }
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}: {}, ", one_line(&self.designator), self.about.words(), self.taken)?;
        match (self.about, &self.other.text) {
            (About::OnlyInBom, None) => write!(f, "no placement in `{}`", self.other.file),
            (About::OnlyInPlacements, None) => write!(f, "no line of a bill in `{}`", self.other.file),
            _ => write!(f, "{}", self.other),
        }
    }
}

/// What one file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// The file.
    pub file: Arc<str>,
    /// The line; `None` when the file does not mention it.
    pub line: Option<u64>,
    /// The text; `None` when the file does not mention it.
    pub text: Option<String>,
}

impl Said {
    fn at(place: &Place, text: impl Into<String>) -> Self {
        Self { file: Arc::clone(&place.file), line: Some(place.line), text: Some(text.into()) }
    }

    fn nothing(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), line: None, text: None }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.text, self.line) {
            (Some(text), Some(line)) => write!(f, "`{}` line {line} says `{}`", self.file, one_line(text)),
            (Some(text), None) => write!(f, "`{}` says `{}`", self.file, one_line(text)),
            (None, _) => write!(f, "`{}` does not mention it", self.file),
        }
    }
}

/// Messages have one line, and quote at most this many characters of a file.
const MESSAGE_CHARS_MAX: usize = 400;

fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = words.collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(MESSAGE_CHARS_MAX) {
        line.truncate(end);
        line.push('…');
    }
    line
}

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

/// What one file says, before it is compared with the others.
#[derive(Debug)]
struct Contents {
    name: Arc<str>,
    format: Format,
    encoding: Encoding,
    /// What the file says it is for (IPC-2581), for the message when nothing is inside.
    purpose: Option<String>,
    assembly: Option<String>,
    revision: Option<String>,
    /// `Some` if the file speaks of placements at all.
    placements: Option<Vec<Placement>>,
    /// `Some` if the file speaks of a bill of materials at all.
    bill: Option<Vec<Listed>>,
    /// Designators that free text says are not fitted, with the text.
    not_fitted: Vec<(String, String, Place)>,
    outline: Option<Outline>,
    panel: Option<PanelLayout>,
    disagreements: Vec<Disagreement>,
    problems: Vec<Problem>,
    notes: Vec<Note>,
}

impl Contents {
    fn new(name: &str, format: Format, encoding: Encoding) -> Self {
        Self {
            name: name.into(),
            format,
            encoding,
            purpose: None,
            assembly: None,
            revision: None,
            placements: None,
            bill: None,
            not_fitted: Vec::new(),
            outline: None,
            panel: None,
            disagreements: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn place(&self, line: u64) -> Place {
        Place { file: Arc::clone(&self.name), line }
    }

    fn problem(&mut self, line: u64, column: Option<usize>, field: Option<&str>, reason: impl Into<String>) {
        let place = self.place(line);
        self.problems.push(Problem {
            place,
            column,
            field: field.map(str::to_owned),
            reason: one_line(&reason.into()),
        });
    }

    fn note(&mut self, line: Option<u64>, text: impl Into<String>) {
        self.notes.push(Note { file: Arc::clone(&self.name), line, text: one_line(&text.into()) });
    }
}

/// A line of a placement file.
#[derive(Debug, Clone)]
struct Placement {
    designator: String,
    x_um: Option<i64>,
    y_um: Option<i64>,
    rotation_mdeg: Option<i64>,
    side: Option<Side>,
    footprint: Option<String>,
    /// The part as far as the placement file knows it.
    part: PartRef,
    not_fitted: Option<String>,
    attributes: Vec<Attribute>,
    place: Place,
}

/// A line of a bill of materials together with what only some of its designators have.
#[derive(Debug, Clone)]
struct Listed {
    line: BillLine,
    /// Per designator: package, side and whether it is fitted (IPC-2581 says so for each).
    each: Vec<ListedDesignator>,
}

#[derive(Debug, Clone, Default)]
struct ListedDesignator {
    package: Option<String>,
    side: Option<Side>,
    not_fitted: Option<String>,
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
