//! Tables in text: where the heading is, what separates cells, and what each column means.
//!
//! Every tool writes some lines before its table and names its columns its own way. So the heading is looked for: the line and the
//! separator under which most cells are names we know. Known names are in [`field_of`], and in `docs/board-data.md` for readers.

use super::error::BoardError;
use super::format::Format;
use super::quantity::Unit;

/// The heading must stand within this many lines.
const PREAMBLE_LINES_MAX: usize = 300;

/// A heading may have at most this many bytes.
const HEADING_BYTES_MAX: usize = 64 * 1024;

/// A quoted cell may span at most this many lines; beyond, a quotation mark was never closed.
const CELL_LINES_MAX: usize = 100;

/// A table found in a text.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) format: Format,
    pub(super) headings: Vec<Heading>,
    pub(super) rows: Vec<Row>,
    /// Lines before the heading, and comment lines, with their number.
    pub(super) preamble: Vec<(u64, String)>,
    pub(super) heading_line: u64,
    /// What had to be guessed about the shape.
    pub(super) notes: Vec<(u64, String)>,
    /// Lines that do not fit the columns: line and reason.
    pub(super) problems: Vec<(u64, String)>,
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Heading {
    /// As written.
    pub(super) text: String,
    pub(super) unit: Option<Unit>,
    pub(super) field: Option<Field>,
}

/// What a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Designator,
    X,
    Y,
    Rotation,
    Side,
    Mirror,
    Value,
    Package,
    Quantity,
    LineNumber,
    InternalNumber,
    /// A part number that may be the maker's or the house's.
    PartNumber,
    Manufacturer,
    Mpn,
    Description,
    Policy,
    /// Says yes when the part is fitted.
    Fitted,
    /// Says yes when the part is not fitted.
    NotFitted,
    /// Free remarks.
    Remark,
    /// The maker of the nth further part.
    OtherManufacturer(u8),
    /// The maker's number of the nth further part.
    OtherMpn(u8),
}

impl Table {
    /// The first column with this meaning.
    pub(super) fn column(&self, field: Field) -> Option<usize> {
        self.headings.iter().position(|heading| heading.field == Some(field))
    }
}

/// Finds the table in a text.
pub(super) fn find(file: &str, text: &str, forced: Option<Format>) -> Result<Table, BoardError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let found = heading(&text, forced);
    let mut table = match found {
        Some(found) if found.separator == Separator::Blanks => fixed_width(&text, &found),
        Some(found) => delimited(&text, &found),
        None => headless_allegro(&text).ok_or_else(|| unrecognised(file, &text, forced))?,
    };
    if let Some(format) = forced {
        table.format = format;
    }
    Ok(table)
}

fn unrecognised(file: &str, text: &str, forced: Option<Format>) -> BoardError {
    let wanted = match forced {
        Some(Format::Bill) => {
            "no heading with a column of reference designators and one of quantities, values or part numbers"
        }
        Some(_) => "no heading with columns for the designator, x and y",
        None => "no heading with a column of reference designators next to x and y, quantities, values or part numbers",
    };
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let first: String = first.trim().chars().filter(|c| !c.is_control()).take(60).collect();
    let reason = format!("{wanted} in its first {PREAMBLE_LINES_MAX} lines; it begins with `{first}`");
    BoardError::Unrecognised { file: file.to_owned(), reason }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Char(u8),
    Blanks,
}

#[derive(Debug)]
struct Found {
    separator: Separator,
    /// Index of the line.
    line: usize,
    /// Where the line begins in the text.
    offset: usize,
    cells: Vec<String>,
    score: usize,
}

fn heading(text: &str, forced: Option<Format>) -> Option<Found> {
    const SEPARATORS: [Separator; 6] = [
        Separator::Char(b','),
        Separator::Char(b';'),
        Separator::Char(b'\t'),
        Separator::Char(b'!'),
        Separator::Char(b'|'),
        Separator::Blanks,
    ];
    let mut best: Option<Found> = None;
    let mut offset = 0;
    for (line, content) in text.split('\n').enumerate().take(PREAMBLE_LINES_MAX) {
        for separator in SEPARATORS {
            let cells = match separator {
                Separator::Char(separator) if content.as_bytes().contains(&separator) => {
                    first_record(&text[offset..], separator)
                }
                Separator::Char(_) => continue,
                Separator::Blanks => header_words(content).into_iter().map(|word| word.text).collect(),
            };
            let score = score(&cells, forced, separator);
            if score > best.as_ref().map_or(0, |best| best.score) {
                best = Some(Found { separator, line, offset, cells, score });
            }
        }
        offset += content.len() + 1;
        // A heading may span lines only inside quotes, so the next line is always a new candidate.
        if offset > text.len() {
            break;
        }
    }
    best
}

fn first_record(text: &str, separator: u8) -> Vec<String> {
    // A quotation mark that is never closed would swallow the whole file, for each line anew.
    let text = &text[..text.floor_char_boundary(HEADING_BYTES_MAX)];
    let mut reader = reader(text, separator, true);
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().take(500).map(clean).collect(),
        _ => Vec::new(),
    }
}

/// How many cells are names of columns; zero when it cannot be a heading.
fn score(cells: &[String], forced: Option<Format>, separator: Separator) -> usize {
    let headings = headings(cells);
    let has = |field: Field| headings.iter().any(|heading| heading.field == Some(field));
    let placed = has(Field::X) && has(Field::Y);
    let known = headings.iter().filter(|heading| heading.field.is_some()).count();
    let useful = match forced {
        // Between words of prose there are blanks too: there only a placement table is told from it.
        None if separator == Separator::Blanks => placed,
        Some(Format::Bill) | None => known >= 2,
        Some(_) => placed,
    };
    // Prose with one or two familiar words is no heading: most cells of a heading are short.
    let prose = cells.iter().any(|cell| cell.chars().count() > 80);
    if has(Field::Designator) && useful && !prose { known + if placed { 2 } else { 0 } } else { 0 }
}

fn reader(text: &str, separator: u8, quoting: bool) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .has_headers(false)
        .quoting(quoting)
        .from_reader(text.as_bytes())
}

fn clean(cell: &str) -> String {
    cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').to_owned()
}

fn delimited(text: &str, found: &Found) -> Table {
    let Separator::Char(separator) = found.separator else { unreachable!("only called for a separator character") };
    let mut table = empty(found, text);
    let body = &text[found.offset..];
    let (rows, unclosed) = records(body, separator, true, found.line);
    table.rows = match unclosed {
        None => rows,
        Some(line) => {
            table.notes.push((
                line,
                "a quotation mark is never closed: all quotation marks are read as plain text".to_owned(),
            ));
            let mut rows = records(body, separator, false, found.line).0;
            for cell in rows.iter_mut().flat_map(|row| &mut row.cells) {
                if let Some(inner) = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')) {
                    *cell = clean(inner);
                }
            }
            rows
        }
    };
    if !table.rows.is_empty() {
        table.rows.remove(0);
    }
    extracta(&mut table);
    table.rows.retain(|row| {
        let comment = row.cells.first().is_some_and(|cell| cell.starts_with("##") || cell.starts_with("###"));
        if comment {
            table.preamble.push((row.line, row.cells.join(" ")));
        }
        !comment && row.cells.iter().any(|cell| !cell.is_empty())
    });
    table
}

/// The records with their lines, and the line of a quotation mark that is never closed.
fn records(body: &str, separator: u8, quoting: bool, lines_before: usize) -> (Vec<Row>, Option<u64>) {
    let mut reader = reader(body, separator, quoting);
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    let (mut counted, mut line) = (0, lines_before as u64 + 1);
    let odd = quoting && body.bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
    let mut unclosed = None;
    // The reader gives bytes of valid UTF-8 and knows no other error.
    while let Ok(true) = reader.read_record(&mut record) {
        let at = record.position().map_or(counted, |position| usize::try_from(position.byte()).unwrap_or(counted));
        // The position lies before the empty lines that were skipped.
        let blank = body.as_bytes()[at..].iter().take_while(|byte| **byte == b'\n').count();
        line += body.as_bytes()[counted..at + blank].iter().filter(|byte| **byte == b'\n').count() as u64;
        counted = at + blank;
        let cells: Vec<_> = record.iter().map(clean).collect();
        let longest = record.iter().map(|cell| cell.matches('\n').count()).max().unwrap_or(0);
        if longest > CELL_LINES_MAX || (odd && longest > 0 && reader.is_done()) {
            unclosed.get_or_insert(line);
        }
        rows.push(Row { line, cells });
    }
    (rows, unclosed)
}

/// Allegro's extracta begins each line with its kind: `A` names, `J` the job with its unit, `S` data.
fn extracta(table: &mut Table) {
    if table.headings.first().is_none_or(|heading| heading.text != "A") {
        return;
    }
    let (data, other): (Vec<_>, Vec<_>) =
        std::mem::take(&mut table.rows).into_iter().partition(|row| row.cells.first().is_some_and(|cell| cell == "S"));
    table.rows = data;
    for row in &mut table.rows {
        row.cells[0].clear();
    }
    table.preamble.extend(other.into_iter().map(|row| (row.line, row.cells.join(" "))));
}

fn empty(found: &Found, text: &str) -> Table {
    let headings = headings(&found.cells);
    let preamble = text
        .split('\n')
        .enumerate()
        .take(found.line)
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| (index as u64 + 1, line.trim().to_owned()))
        .collect::<Vec<_>>();
    let format = format_of(&headings, &preamble);
    Table {
        format,
        headings,
        rows: Vec::new(),
        preamble,
        heading_line: found.line as u64 + 1,
        notes: Vec::new(),
        problems: Vec::new(),
    }
}

fn format_of(headings: &[Heading], preamble: &[(u64, String)]) -> Format {
    let keys: Vec<_> = headings.iter().map(|heading| key(&heading.text)).collect();
    let has = |name: &str| keys.iter().any(|key| key == name);
    let field = |field: Field| headings.iter().any(|heading| heading.field == Some(field));
    if !(field(Field::X) && field(Field::Y)) {
        Format::Bill
    } else if has("symx") {
        Format::AllegroPlacement
    } else if has("posx") {
        Format::KicadPlacement
    } else if has("centerx") || has("refx") || has("padx") || preamble.iter().any(|(_, line)| line.contains("Altium")) {
        Format::AltiumPlacement
    } else {
        Format::Placement
    }
}

// ---- Tables whose columns stand below each other ------------------------------------------------------------------------------

struct Word {
    text: String,
    /// In characters.
    start: usize,
}

/// The headings of a table separated by blanks: words, but `Mid X` and the like are one.
fn header_words(line: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for word in blank_separated(line) {
        let joins = words.last().is_some_and(|last| {
            let adjacent = last.start + last.text.chars().count() + 1 == word.start;
            let axis = matches!(word.text.chars().next(), Some('X' | 'Y' | 'x' | 'y'))
                && !word.text[1..].starts_with(|c: char| c.is_alphanumeric());
            adjacent
                && axis
                && matches!(key(&last.text).as_str(), "mid" | "ref" | "pad" | "center" | "centre" | "pos" | "loc")
        });
        match words.last_mut() {
            Some(last) if joins => {
                last.text.push(' ');
                last.text.push_str(&word.text);
            }
            _ => words.push(word),
        }
    }
    if words.first().is_some_and(|word| word.text.chars().all(|c| c == '#')) {
        words.remove(0);
    }
    words
}

/// Words, where a text in double quotes is one word without them.
fn blank_separated(line: &str) -> Vec<Word> {
    let chars: Vec<_> = line.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at].is_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let closing = (chars[at] == '"')
            .then(|| {
                (at + 1..chars.len())
                    .find(|end| chars[*end] == '"' && chars.get(end + 1).is_none_or(|next| next.is_whitespace()))
            })
            .flatten();
        if let Some(end) = closing {
            words.push(Word { text: chars[at + 1..end].iter().collect::<String>().trim().to_owned(), start });
            at = end + 1;
        } else {
            while at < chars.len() && !chars[at].is_whitespace() {
                at += 1;
            }
            words.push(Word { text: chars[start..at].iter().collect(), start });
        }
    }
    words
}

fn fixed_width(text: &str, found: &Found) -> Table {
    let mut table = empty(found, text);
    let words = header_words(text[found.offset..].split('\n').next().unwrap_or_default());
    let starts: Vec<_> = words.iter().map(|word| word.start).collect();
    for (index, content) in text.split('\n').enumerate().skip(found.line + 1) {
        let line = index as u64 + 1;
        let trimmed = content.trim();
        if trimmed.is_empty() || trimmed.chars().all(|c| matches!(c, '-' | '=' | ' ' | '+')) {
            continue;
        }
        if trimmed.starts_with('#') {
            table.preamble.push((line, trimmed.to_owned()));
            continue;
        }
        match fixed_row(content, &starts, &table.headings) {
            Some(cells) => table.rows.push(Row { line, cells }),
            None => table.problems.push((line, format!("`{}` does not fit under the headings", shorten(trimmed)))),
        }
    }
    table
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn fixed_row(content: &str, starts: &[usize], headings: &[Heading]) -> Option<Vec<String>> {
    let words = blank_separated(content);
    let numbers_fit = |cells: &[String]| {
        headings.iter().zip(cells).all(|(heading, cell)| {
            let number = matches!(heading.field, Some(Field::X | Field::Y | Field::Rotation));
            !number
                || cell
                    .trim_start_matches(['-', '+'])
                    .starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','))
        })
    };
    if words.len() == headings.len() {
        let cells: Vec<_> = words.iter().map(|word| word.text.clone()).collect();
        if numbers_fit(&cells) {
            return Some(cells);
        }
    }
    let below = sliced(content, starts).filter(|cells| numbers_fit(cells));
    let fitting =
        below.or_else(|| from_the_right(content, &words, starts, headings).filter(|cells| numbers_fit(cells)));
    // As many words as headings: the row is whole, and a number in it is not one.
    fitting.or_else(|| (words.len() == headings.len()).then(|| words.into_iter().map(|word| word.text).collect()))
}

/// Cells begin where their headings begin.
fn sliced(content: &str, starts: &[usize]) -> Option<Vec<String>> {
    let chars: Vec<_> = content.chars().collect();
    let mut cells = Vec::with_capacity(starts.len());
    for (index, start) in starts.iter().enumerate() {
        let start = if index == 0 { 0 } else { *start };
        let end = starts.get(index + 1).map_or(chars.len(), |end| *end).min(chars.len());
        let begins_inside_a_word = start > 0 && start < chars.len() && !chars[start - 1].is_whitespace();
        if begins_inside_a_word {
            return None;
        }
        let cell: String = chars.get(start.min(end)..end)?.iter().collect();
        cells.push(clean(cell.trim().trim_matches('"')));
    }
    Some(cells)
}

/// KiCad pads texts on the right and numbers on the left: the last columns are counted from the right, the texts stand below their
/// headings.
fn from_the_right(content: &str, words: &[Word], starts: &[usize], headings: &[Heading]) -> Option<Vec<String>> {
    let is_tail =
        |heading: &Heading| matches!(heading.field, Some(Field::X | Field::Y | Field::Rotation | Field::Side));
    let tail = headings.iter().rev().take_while(|heading| is_tail(heading)).count();
    let texts = headings.len() - tail;
    if tail < 3 || words.len() < tail + 1 || texts == 0 {
        return None;
    }
    let (front, back) = words.split_at(words.len() - tail);
    let chars: Vec<_> = content.chars().collect();
    let end = back.first()?.start;
    let mut cells = Vec::with_capacity(headings.len());
    for index in 0..texts {
        let start = if index == 0 { 0 } else { starts[index] };
        let end = if index + 1 < texts { starts[index + 1].min(end) } else { end };
        cells.push(clean(&chars.get(start.min(end)..end)?.iter().collect::<String>()));
    }
    let cut_word = front.iter().any(|word| {
        let end = word.start + word.text.chars().count();
        starts[1..texts].iter().any(|start| word.start < *start && *start < end)
    });
    cells.extend(back.iter().map(|word| word.text.clone()));
    (!cut_word).then_some(cells)
}

/// Allegro's placement export has no heading: `UUNITS = MILS`, then designator, x, y, rotation, `m` if mirrored, symbol.
fn headless_allegro(text: &str) -> Option<Table> {
    let mut preamble = Vec::new();
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    let mut declared = false;
    for (index, content) in text.split('\n').enumerate() {
        let line = index as u64 + 1;
        let words: Vec<_> = content.split_whitespace().collect();
        if content.trim_start().starts_with("UUNITS") {
            declared = true;
            preamble.push((line, content.trim().to_owned()));
        } else if !declared {
            if index > PREAMBLE_LINES_MAX {
                return None;
            }
            preamble.push((line, content.trim().to_owned()));
        } else {
            let (mirror, symbol) = match words.get(4..) {
                None => {
                    if !words.is_empty() {
                        problems.push((
                            line,
                            format!("`{}` is not designator, x, y, rotation and symbol", shorten(content.trim())),
                        ));
                    }
                    continue;
                }
                Some([m, symbol @ ..]) if *m == "m" => ("yes", symbol.join(" ")),
                Some(symbol) => ("no", symbol.join(" ")),
            };
            let cells = [words[0], words[1], words[2], words[3], mirror, &symbol].map(str::to_owned).to_vec();
            rows.push(Row { line, cells });
        }
    }
    let names = ["REFDES", "SYM_X", "SYM_Y", "SYM_ROTATE", "SYM_MIRROR", "COMP_PACKAGE"].map(str::to_owned);
    (declared && !rows.is_empty()).then(|| Table {
        format: Format::AllegroPlacement,
        headings: headings(&names),
        rows,
        preamble,
        heading_line: 1,
        notes: Vec::new(),
        problems,
    })
}

// ---- What columns mean --------------------------------------------------------------------------------------------------------

/// Letters and digits only, in small letters; `#` is `number`.
pub(super) fn key(text: &str) -> String {
    let text = text.trim().trim_start_matches('#').replace('#', "number");
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// `PosX [mm]` is `PosX` in millimetres.
fn split_heading_unit(text: &str) -> (String, Option<Unit>) {
    if let Some(open) = text.rfind(['(', '['])
        && let Some(close) = text[open..].find([')', ']'])
        && let Some(unit) = Unit::from_name(&text[open + 1..open + close])
    {
        return (text[..open].to_owned(), Some(unit));
    }
    if let Some((name, unit)) = text.rsplit_once(['_', ' ', '-', ','])
        && unit.len() > 1
        && let Some(unit) = Unit::from_name(unit)
        && matches!(field_of(&key(name)), Some((Field::X | Field::Y, _)))
    {
        return (name.to_owned(), Some(unit));
    }
    (text.to_owned(), None)
}

fn headings(cells: &[String]) -> Vec<Heading> {
    let mut ranks: Vec<(Option<Field>, u8)> = Vec::new();
    let mut headings: Vec<Heading> = Vec::new();
    for cell in cells {
        let (name, unit) = split_heading_unit(cell);
        let found = field_of(&key(&name)).or_else(|| field_of(&key(name.split(['(', '[']).next().unwrap_or_default())));
        ranks.push(found.map_or((None, 0), |(field, rank)| (Some(field), rank)));
        headings.push(Heading { text: cell.clone(), unit, field: found.map(|(field, _)| field) });
    }
    // Of several columns with one meaning the best name wins, then the first; the others stay attributes. Several makers' numbers
    // without a count are further parts.
    for index in 0..headings.len() {
        let Some(field) = headings[index].field else { continue };
        let better = |other: usize| {
            ranks[other].0 == Some(field)
                && (ranks[other].1 < ranks[index].1 || (ranks[other].1 == ranks[index].1 && other < index))
        };
        if (0..headings.len()).any(better) {
            headings[index].field = None;
        }
    }
    resolve_part_number(&mut headings);
    headings
}

/// A column that says no more than `Part Number` is the maker's where a maker stands beside it, and the house's otherwise.
fn resolve_part_number(headings: &mut [Heading]) {
    let has = |headings: &[Heading], field: Field| headings.iter().any(|heading| heading.field == Some(field));
    let field =
        match (has(headings, Field::Manufacturer), has(headings, Field::Mpn), has(headings, Field::InternalNumber)) {
            (true, false, _) => Some(Field::Mpn),
            (_, _, false) => Some(Field::InternalNumber),
            _ => None,
        };
    for heading in headings.iter_mut().filter(|heading| heading.field == Some(Field::PartNumber)) {
        heading.field = field;
    }
}

/// What a name of a column means, and its rank among names with the same meaning (0 is best).
pub(super) fn field_of(key: &str) -> Option<(Field, u8)> {
    if let Some(numbered) = numbered(key) {
        return numbered;
    }
    Some(match key {
        "designator"
        | "designators"
        | "refdes"
        | "refdeses"
        | "referencedesignator"
        | "referencedesignators"
        | "refdesignator"
        | "refdesignators" => (Field::Designator, 0),
        "reference"
        | "references"
        | "ref"
        | "refs"
        | "partreference"
        | "partreferences"
        | "componentdesignator"
        | "bauteilname" => (Field::Designator, 1),
        "parts" | "location" | "locations" => (Field::Designator, 2),
        "componentname" | "compname" | "component" => (Field::Designator, 3),

        "midx" | "centerx" | "centrex" | "centroidx" | "xcenter" | "xcentre" | "centerxcoord" => (Field::X, 0),
        "posx" | "symx" | "x" | "xpos" | "xposition" | "positionx" | "locationx" | "locx" | "xloc" | "xlocation"
        | "coordx" | "xcoord" | "xcoordinate" | "compx" | "placex" => (Field::X, 1),
        "refx" => (Field::X, 2),
        "midy" | "centery" | "centrey" | "centroidy" | "ycenter" | "ycentre" | "centerycoord" => (Field::Y, 0),
        "posy" | "symy" | "y" | "ypos" | "yposition" | "positiony" | "locationy" | "locy" | "yloc" | "ylocation"
        | "coordy" | "ycoord" | "ycoordinate" | "compy" | "placey" => (Field::Y, 1),
        "refy" => (Field::Y, 2),
        "rotation" | "rot" | "symrotate" | "rotate" | "angle" | "orientation" | "theta" | "rotationdeg"
        | "rotationangle" | "orient" => (Field::Rotation, 0),
        "side" | "layer" | "tb" | "boardside" | "placementside" | "placedside" | "mountside" | "topbottom"
        | "symside" => (Field::Side, 0),
        "symmirror" | "mirror" | "mirrored" => (Field::Mirror, 0),

        "value" | "val" | "compvalue" | "partvalue" => (Field::Value, 0),
        "comment" => (Field::Value, 1),
        "designation" => (Field::Value, 2),
        "name" => (Field::Value, 3),
        "package" | "pkg" | "comppackage" | "pcbpackage" => (Field::Package, 0),
        "footprint" | "pcbfootprint" | "footprints" | "pattern" | "landpattern" | "packagefootprint" => {
            (Field::Package, 1)
        }
        "case" | "casepackage" | "packagecase" | "symname" => (Field::Package, 2),

        "quantity" | "qty" | "qnty" | "quant" | "qtyboard" | "qtyperboard" | "qtyperassembly" | "quantityperboard"
        | "menge" | "anzahl" => (Field::Quantity, 0),
        "count" | "qtyreqd" | "qtyrequired" => (Field::Quantity, 1),
        "lineitem" | "item" | "itemnumber" | "itemno" | "line" | "lineno" | "linenumber" | "bomline" | "finditem"
        | "findnumber" | "findno" => (Field::LineNumber, 0),
        "number" | "id" | "no" | "nr" | "row" | "pos" => (Field::LineNumber, 1),

        "internalpartnumber" | "internalpn" | "ipn" | "housepartnumber" | "companypartnumber" | "oempartnumber"
        | "oempn" | "customerpartnumber" | "itemcode" | "stockcode" | "erpnumber" => (Field::InternalNumber, 0),
        "partnumber" | "partno" | "partnum" | "pn" | "partnr" | "artikelnummer" => (Field::PartNumber, 0),

        "manufacturer" | "mfr" | "mfg" | "manu" | "manuf" | "mfgr" | "maker" | "manufacturername" | "mfrname"
        | "mfgname" | "hersteller" | "brand" => (Field::Manufacturer, 0),
        "mpn"
        | "manufacturerpartnumber"
        | "manufacturerpartno"
        | "manufacturerpart"
        | "manufacturerpn"
        | "mfrpartnumber"
        | "mfrpartno"
        | "mfrpart"
        | "mfrpn"
        | "mfgpartnumber"
        | "mfgpartno"
        | "mfgpart"
        | "mfgpn"
        | "manufpartnumber"
        | "manupartnumber"
        | "makerpartnumber"
        | "manufacturersnumber"
        | "manufacturernumber"
        | "mfrnumber"
        | "mfgnumber"
        | "mfrno"
        | "mfgno"
        | "herstellernummer"
        | "manufacturerspartnumber" => (Field::Mpn, 0),
        "description" | "desc" | "partdescription" | "descr" | "beschreibung" | "itemdescription" => {
            (Field::Description, 0)
        }
        "substitutionspolicy"
        | "substitutionpolicy"
        | "substitution"
        | "substitutions"
        | "substitutes"
        | "substitutionsallowed"
        | "alternatespolicy"
        | "alternatepolicy"
        | "replacement" => (Field::Policy, 0),

        "fitted" | "fit" | "populate" | "populated" | "mounted" | "install" | "installed" | "stuff" | "stuffed" => {
            (Field::Fitted, 0)
        }
        "dnp" | "dni" | "dnf" | "dnm" | "donotpopulate" | "donotinstall" | "donotfit" | "donotplace" | "donotmount"
        | "notfitted" | "notpopulated" | "notmounted" | "nofit" | "nopop" | "nostuff" => (Field::NotFitted, 0),
        "note" | "notes" | "remark" | "remarks" | "comments" | "bemerkung" => (Field::Remark, 0),

        "alternatempn"
        | "alternatempns"
        | "altmpn"
        | "alternatepartnumber"
        | "altpartnumber"
        | "alternatemanufacturerpartnumber"
        | "secondsourcempn"
        | "alternatepart"
        | "alternativempn" => (Field::OtherMpn(2), 0),
        "alternatemanufacturer"
        | "altmanufacturer"
        | "altmfr"
        | "alternatemfr"
        | "secondsourcemanufacturer"
        | "alternativemanufacturer" => (Field::OtherManufacturer(2), 0),
        _ => return None,
    })
}

/// `Manufacturer 1` is the maker, `Manufacturer 2` the maker of the second part. `None` when the name carries no such number.
fn numbered(key: &str) -> Option<Option<(Field, u8)>> {
    let name = key.trim_end_matches(|c: char| c.is_ascii_digit());
    let number: u8 = key[name.len()..].parse().ok()?;
    let inner = match field_of(name) {
        Some((field @ (Field::Manufacturer | Field::Mpn), rank)) => match (field, number) {
            (field, 1) => Some((field, rank)),
            (Field::Manufacturer, number) => Some((Field::OtherManufacturer(number), 0)),
            (_, number) => Some((Field::OtherMpn(number), 0)),
        },
        Some((Field::OtherMpn(_), _)) => Some((Field::OtherMpn(number.saturating_add(1)), 0)),
        Some((Field::OtherManufacturer(_), _)) => Some((Field::OtherManufacturer(number.saturating_add(1)), 0)),
        _ => None,
    };
    Some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_columns() {
        let fields = |cells: &[&str]| {
            let cells: Vec<_> = cells.iter().map(|cell| (*cell).to_owned()).collect();
            headings(&cells).into_iter().map(|heading| heading.field).collect::<Vec<_>>()
        };
        assert_eq!(
            fields(&["Mid X", "Ref X", "Pad X", "Center-Y(mm)", "# Ref", "LCSC Part #"]),
            [Some(Field::X), None, None, Some(Field::Y), Some(Field::Designator), None]
        );
        assert_eq!(fields(&["MANU", "PART NUMBER"]), [Some(Field::Manufacturer), Some(Field::Mpn)]);
        assert_eq!(fields(&["Part Number", "MPN"]), [Some(Field::InternalNumber), Some(Field::Mpn)]);
        assert_eq!(
            fields(&["Manufacturer 1", "Manufacturer Part Number 1", "Manufacturer 2", "Manufacturer Part Number 2"]),
            [Some(Field::Manufacturer), Some(Field::Mpn), Some(Field::OtherManufacturer(2)), Some(Field::OtherMpn(2))]
        );
        assert_eq!(fields(&["X (inch)", "PosY_mm"]), [Some(Field::X), Some(Field::Y)]);
    }

    #[test]
    fn units_of_columns() {
        assert_eq!(split_heading_unit("Center-X(mil)").1, Some(Unit::Mil));
        assert_eq!(split_heading_unit("PosX [mm]").1, Some(Unit::Millimetre));
        assert_eq!(split_heading_unit("X_mm").1, Some(Unit::Millimetre));
        assert_eq!(split_heading_unit("Mid X").1, None);
        assert_eq!(split_heading_unit("Value (uF)").1, None);
    }
}
