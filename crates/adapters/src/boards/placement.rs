//! Placement files: where each component lies.

use super::board::{Attribute, PartRef, Side};
use super::contents::{Contents, Placement};
use super::designator::says_not_fitted;
use super::format::Format;
use super::quantity::{Mark, MarkEvidence, Unit, angle_mdeg, length_um, split_unit};
use super::table::{Field, Heading, Row, Table};
use super::text::Decoded;

pub(super) fn read(name: &str, decoded: &Decoded, table: Table) -> Contents {
    let mut contents = Contents::new(name, table.format, decoded.encoding);
    for (line, text) in &table.notes {
        contents.note(Some(*line), text.clone());
    }
    for (line, reason) in &table.problems {
        contents.problem(*line, None, None, reason.clone());
    }
    let unit = unit(&mut contents, &table);
    let mark = mark(&mut contents, &table);
    if table.column(Field::Side).is_none() && table.column(Field::Mirror).is_none() {
        contents.note(Some(table.heading_line), "no column for the side of the board: the side stays open");
    }
    if table.column(Field::Rotation).is_none() {
        contents.note(Some(table.heading_line), "no column for the rotation: the rotation stays open");
    }
    let mut placements = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        placements.extend(placement(&mut contents, &table.headings, row, unit, mark));
    }
    contents.placements = Some(placements);
    contents
}

/// The unit of values that carry none, from the heading, the lines before it, or the custom of the tool.
fn unit(contents: &mut Contents, table: &Table) -> Unit {
    if let Some(unit) = table.headings.iter().find_map(|heading| heading.unit) {
        return unit;
    }
    if let Some(unit) = table.preamble.iter().find_map(|(_, line)| declared_unit(line)) {
        return unit;
    }
    let column = table.column(Field::X);
    let carries_unit = |row: &Row| {
        column
            .and_then(|column| row.cells.get(column))
            .is_some_and(|cell| Unit::from_name(split_unit(cell).1).is_some())
    };
    let unit = match contents.format {
        Format::AllegroPlacement => Unit::Mil,
        _ => Unit::Millimetre,
    };
    if !table.rows.iter().all(carries_unit) {
        contents.note(Some(table.heading_line), format!("no unit given: read as {}", unit.word()));
    }
    unit
}

/// `## Unit = mm, Angle = deg.`, `Units used: mil`, `UUNITS = MILS`, `Units: inches`, or the job line of extracta.
fn declared_unit(line: &str) -> Option<Unit> {
    let lower = line.to_lowercase();
    if lower.starts_with("j ") || lower.starts_with("j!") {
        return lower
            .split([' ', '!'])
            .find_map(|word| Unit::from_name(word).filter(|_| word.len() > 2 || word == "mm"));
    }
    let at = lower.find("unit")?;
    let rest = lower[at + 4..].split_once(['=', ':', ','])?.1;
    rest.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).and_then(Unit::from_name)
}

fn mark(contents: &mut Contents, table: &Table) -> Mark {
    let mut evidence = MarkEvidence::default();
    for field in [Field::X, Field::Y] {
        if let Some(column) = table.column(field) {
            table.rows.iter().filter_map(|row| row.cells.get(column)).for_each(|cell| evidence.see(cell));
        }
    }
    let (mark, guessed) = evidence.mark();
    if guessed {
        contents.note(
            Some(table.heading_line),
            "coordinates such as `1,234` are read with a decimal comma, not in thousands",
        );
    }
    mark
}

fn placement(contents: &mut Contents, headings: &[Heading], row: &Row, unit: Unit, mark: Mark) -> Option<Placement> {
    let mut placed = Placement {
        designator: String::new(),
        x_um: None,
        y_um: None,
        rotation_mdeg: None,
        side: None,
        footprint: None,
        part: PartRef::default(),
        not_fitted: None,
        attributes: Vec::new(),
        place: contents.place(row.line),
    };
    let mut coordinates = [false; 2];
    for (index, cell) in row.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
        let Some(heading) = headings.get(index) else {
            placed.attributes.push(Attribute { name: format!("column {}", index + 1), value: cell.clone() });
            continue;
        };
        let text = || Some(cell.clone());
        let taken: Result<(), String> = match heading.field {
            Some(Field::Designator) => {
                placed.designator = cell.clone();
                Ok(())
            }
            Some(Field::X) => {
                coordinates[0] = true;
                length_um(cell, heading.unit.unwrap_or(unit), mark).map(|um| placed.x_um = Some(um))
            }
            Some(Field::Y) => {
                coordinates[1] = true;
                length_um(cell, heading.unit.unwrap_or(unit), mark).map(|um| placed.y_um = Some(um))
            }
            Some(Field::Rotation) => {
                // Angles may be written with another mark than the coordinates.
                let own = if cell.contains('.') {
                    Mark::Point
                } else if cell.contains(',') {
                    Mark::Comma
                } else {
                    mark
                };
                angle_mdeg(cell, own).map(|mdeg| placed.rotation_mdeg = Some(mdeg))
            }
            Some(Field::Side) => side(cell).map(|side| placed.side = Some(side)),
            Some(Field::Mirror) => mirror(cell).map(|side| placed.side = placed.side.or(Some(side))),
            Some(Field::Package) => {
                placed.footprint = text();
                Ok(())
            }
            Some(Field::Value) => {
                placed.part.value = text();
                Ok(())
            }
            Some(Field::InternalNumber) => {
                placed.part.internal_number = text();
                Ok(())
            }
            Some(Field::Manufacturer) => {
                placed.part.manufacturer = text();
                Ok(())
            }
            Some(Field::Mpn) => {
                placed.part.mpn = text();
                Ok(())
            }
            Some(Field::Description) => {
                placed.part.description = text();
                Ok(())
            }
            Some(field @ (Field::Fitted | Field::NotFitted)) => match yes_or_no(cell) {
                Some(yes) => {
                    if yes == (field == Field::NotFitted) {
                        placed.not_fitted = Some(format!("{}: {cell}", heading.text));
                    }
                    Ok(())
                }
                None if says_not_fitted(cell) => {
                    placed.not_fitted = text();
                    Ok(())
                }
                None => Err(format!("`{cell}` is neither yes nor no")),
            },
            _ => {
                placed.attributes.push(Attribute { name: heading.text.clone(), value: cell.clone() });
                Ok(())
            }
        };
        if let Err(reason) = taken {
            contents.problem(row.line, Some(index + 1), Some(&heading.text), reason);
        }
    }
    if placed.designator.is_empty() {
        reject(contents, row, &placed, coordinates);
        return None;
    }
    for (given, axis) in coordinates.into_iter().zip(["x", "y"]) {
        if !given {
            contents.problem(row.line, None, Some(axis), format!("no {axis} coordinate for `{}`", placed.designator));
        }
    }
    Some(placed)
}

/// A row without a designator: a title or a total is a note, coordinates without a name are a problem.
fn reject(contents: &mut Contents, row: &Row, placed: &Placement, coordinates: [bool; 2]) {
    let text = row.cells.iter().filter(|cell| !cell.is_empty()).cloned().collect::<Vec<_>>().join(" ");
    if coordinates == [true; 2] && placed.x_um.is_some() && placed.y_um.is_some() {
        contents.problem(row.line, None, None, format!("no designator in `{text}`"));
    } else {
        contents.note(Some(row.line), format!("not a placement: `{text}`"));
    }
}

/// The side that a text names.
pub(super) fn side(text: &str) -> Result<Side, String> {
    match super::table::key(text).as_str() {
        "t" | "top" | "toplayer" | "f" | "fcu" | "front" | "topside" | "frontside" | "componentside" | "primary"
        | "primaryside" => Ok(Side::Top),
        "b" | "bot" | "bottom" | "bottomlayer" | "botlayer" | "bcu" | "back" | "bottomside" | "backside"
        | "solderside" | "secondary" | "secondaryside" => Ok(Side::Bottom),
        _ => Err(format!("`{text}` is neither top nor bottom")),
    }
}

fn mirror(text: &str) -> Result<Side, String> {
    match text.to_ascii_lowercase().as_str() {
        "m" | "mirror" | "mirrored" => Ok(Side::Bottom),
        lower => match yes_or_no(lower) {
            Some(true) => Ok(Side::Bottom),
            Some(false) => Ok(Side::Top),
            None => Err(format!("`{text}` is neither yes nor no")),
        },
    }
}

/// What a cell of a yes-or-no column says.
pub(super) fn yes_or_no(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "x" | "t" | "ja" => Some(true),
        "no" | "n" | "false" | "0" | "-" | "" | "f" | "nein" => Some(false),
        _ => None,
    }
}
