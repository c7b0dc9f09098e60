//! A board: what comes out when the files of a product revision are laid over each other.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::format::Format;
use super::outline::Outline;
use super::panel::PanelLayout;
use super::text::Encoding;

/// A board may have at most this many positions.
pub const POSITIONS_MAX: usize = 200_000;

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

impl Note {
    /// A note. What it quotes of a file is brought onto one line.
    pub(super) fn new(file: Arc<str>, line: Option<u64>, text: &str) -> Self {
        Self { file, line, text: one_line(text) }
    }
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
    pub(super) fn at(place: &Place, text: impl Into<String>) -> Self {
        Self { file: Arc::clone(&place.file), line: Some(place.line), text: Some(text.into()) }
    }

    pub(super) fn nothing(file: &Arc<str>) -> Self {
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

pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = words.collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(MESSAGE_CHARS_MAX) {
        line.truncate(end);
        line.push('…');
    }
    line
}
