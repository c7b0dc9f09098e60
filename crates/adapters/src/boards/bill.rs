//! Bills of materials: which part belongs at which designators.
//!
//! A bill is written for people. A line may go on below itself (further approved parts, or the rest of its designators), and a line
//! of words may say something about all lines after it. Rows are told apart by what they have: designators, a quantity, a part.

use std::sync::Arc;

use super::board::{About, Alternate, Attribute, BillLine, Disagreement, POSITIONS_MAX, PartRef, Place, Said};
use super::contents::{Contents, Listed, ListedDesignator};
use super::designator::{Listing, list, not_fitted_in_brackets, says_not_fitted};
use super::placement::yes_or_no;
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
    let mut reading = Reading { contents, lines: Vec::new(), open: false, section: None };
    let mut designators = 0;
    for row in &table.rows {
        reading.row(&table.headings, row);
        designators += reading.lines.last().map_or(0, |line| line.designators.len());
        // The caller refuses such a file.
        if designators > 2 * POSITIONS_MAX {
            break;
        }
    }
    reading.finish()
}

struct Reading {
    contents: Contents,
    lines: Vec<Draft>,
    /// Whether the last line may go on in the next row.
    open: bool,
    /// What a row of words said about the rows below: the text if they are not fitted.
    section: Option<String>,
}

/// A line that may still go on.
struct Draft {
    cells: RowCells,
    designators: Vec<String>,
    alternates: Vec<Alternate>,
    not_fitted: Option<String>,
    place: Place,
}

/// A row sorted by meaning.
#[derive(Default)]
struct RowCells {
    designators: Option<String>,
    quantity: Option<String>,
    number: Option<String>,
    part: PartRef,
    not_fitted: Option<String>,
    /// All texts in which a remark on fitting may stand.
    remarks: Vec<String>,
}

impl RowCells {
    fn names_a_part(&self) -> bool {
        let PartRef { internal_number, manufacturer, mpn, value, description, .. } = &self.part;
        [internal_number, manufacturer, mpn, value, description].into_iter().any(Option::is_some)
    }
}

impl Reading {
    fn row(&mut self, headings: &[Heading], row: &Row) {
        let cells = self.sort(headings, row);
        let filled: Vec<_> = row.cells.iter().filter(|cell| !cell.is_empty()).collect();
        let quantity = cells.quantity.as_deref().and_then(whole_number);
        let listing = cells.designators.as_deref().map_or(Listing::Empty, |text| list(text, quantity));
        match listing {
            Listing::Words if filled.len() == 1 => self.words(row.line, filled[0]),
            Listing::Words => {
                let text = cells.designators.clone().unwrap_or_default();
                let column = headings.iter().position(|heading| heading.field == Some(Field::Designator));
                let name = column.map(|column| headings[column].text.clone());
                let reason = format!("`{text}` is not a list of designators; the line is kept without them");
                self.contents.problem(row.line, column.map(|column| column + 1), name.as_deref(), reason);
                self.start(cells, Vec::new(), row.line);
            }
            Listing::Empty if filled.len() == 1 && cells.quantity.is_none() && self.is_words(filled[0], &cells) => {
                self.words(row.line, filled[0]);
            }
            Listing::Empty => self.without_designators(cells, row.line),
            Listing::Designators { names, ranges } => {
                for range in ranges {
                    let text = match range.count {
                        1 => format!("`{}` is read as one designator and not as a range", range.text),
                        count => format!("range `{}` is read as {count} designators", range.text),
                    };
                    self.contents.note(Some(row.line), text);
                }
                let goes_on = self.open && cells.quantity.is_none() && !cells.names_a_part() && cells.number.is_none();
                let repeats = self.open
                    && cells.number.is_some()
                    && cells.quantity.is_none()
                    && self
                        .lines
                        .last()
                        .is_some_and(|last| last.cells.number == cells.number && last.designators == names);
                match self.lines.last_mut() {
                    Some(last) if goes_on => last.designators.extend(names),
                    Some(last) if repeats => last.alternates.push(alternate(cells)),
                    _ => self.start(cells, names, row.line),
                }
            }
        }
    }

    fn sort(&mut self, headings: &[Heading], row: &Row) -> RowCells {
        let mut cells = RowCells::default();
        let mut others: Vec<(u8, Alternate)> = Vec::new();
        for (index, cell) in row.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let Some(heading) = headings.get(index) else {
                cells.remarks.push(cell.clone());
                cells.part.attributes.push(Attribute { name: format!("column {}", index + 1), value: cell.clone() });
                continue;
            };
            let part = &mut cells.part;
            match heading.field {
                Some(Field::Designator) => cells.designators = Some(cell.clone()),
                Some(Field::Quantity) => cells.quantity = Some(cell.clone()),
                Some(Field::LineNumber) => cells.number = Some(cell.clone()),
                Some(Field::InternalNumber) => part.internal_number = Some(cell.clone()),
                Some(Field::Manufacturer) => part.manufacturer = Some(cell.clone()),
                Some(Field::Mpn) => part.mpn = Some(cell.clone()),
                Some(Field::Package) => part.package = Some(cell.clone()),
                Some(Field::Policy) => part.substitution_policy = Some(cell.clone()),
                Some(Field::Value) => {
                    cells.remarks.push(cell.clone());
                    part.value = Some(cell.clone());
                }
                Some(Field::Description) => {
                    cells.remarks.push(cell.clone());
                    part.description = Some(cell.clone());
                }
                Some(Field::OtherManufacturer(number)) => {
                    numbered(&mut others, number).manufacturer = Some(cell.clone())
                }
                Some(Field::OtherMpn(number)) => numbered(&mut others, number).mpn = Some(cell.clone()),
                Some(field @ (Field::Fitted | Field::NotFitted)) => match yes_or_no(cell) {
                    Some(yes) if yes == (field == Field::NotFitted) => {
                        cells.not_fitted = Some(format!("{}: {cell}", heading.text));
                    }
                    Some(_) => {}
                    None if says_not_fitted(cell) => cells.not_fitted = Some(cell.clone()),
                    None if super::table::key(cell) == "fitted" || super::table::key(cell) == "populated" => {}
                    None => {
                        let reason = format!("`{cell}` is neither yes nor no; taken as fitted");
                        self.contents.problem(row.line, Some(index + 1), Some(&heading.text), reason);
                    }
                },
                _ => {
                    cells.remarks.push(cell.clone());
                    part.attributes.push(Attribute { name: heading.text.clone(), value: cell.clone() });
                }
            }
        }
        others.sort_by_key(|(number, _)| *number);
        cells.part.alternates.extend(others.into_iter().map(|(_, alternate)| alternate));
        cells
    }

    /// A single text in a row that is no part of a table: a remark, unless it stands where a part number would.
    fn is_words(&self, text: &str, cells: &RowCells) -> bool {
        let continues = self.open && (cells.part.mpn.is_some() || cells.part.manufacturer.is_some());
        !continues
            && (says_not_fitted(text) || cells.number.is_some() || text.split_whitespace().count() > 1 || !self.open)
    }

    /// A row of words: a heading of a section, or a list behind a colon.
    fn words(&mut self, line: u64, text: &str) {
        self.open = false;
        let after_colon = text.rsplit_once(':').map(|(_, after)| list(after, None));
        match after_colon {
            Some(Listing::Designators { names, .. }) if says_not_fitted(text) => {
                let place = self.contents.place(line);
                let count = names.len();
                self.contents.not_fitted.extend(names.into_iter().map(|name| (name, text.to_owned(), place.clone())));
                self.contents.note(Some(line), format!("`{text}` is read as: {count} designators are not fitted"));
            }
            _ if says_not_fitted(text) => {
                self.section = Some(text.to_owned());
                self.contents.note(Some(line), format!("`{text}` is read as: the lines below are not fitted"));
            }
            _ => {
                self.section = None;
                self.contents.note(Some(line), format!("text kept aside: `{text}`"));
            }
        }
    }

    fn without_designators(&mut self, cells: RowCells, line: u64) {
        let names_maker =
            cells.part.mpn.is_some() || cells.part.manufacturer.is_some() || cells.part.internal_number.is_some();
        let same_number = |last: &Draft| cells.number.is_none() || last.cells.number == cells.number;
        match self.lines.last_mut() {
            Some(last) if self.open && cells.quantity.is_none() && names_maker && same_number(last) => {
                last.alternates.push(alternate(cells));
            }
            // A remark that wrapped into the next row.
            Some(last) if self.open && cells.quantity.is_none() && cells.number.is_none() && !cells.names_a_part() => {
                last.cells.part.attributes.extend(cells.part.attributes);
                last.cells.remarks.extend(cells.remarks);
            }
            _ => self.start(cells, Vec::new(), line),
        }
    }

    fn start(&mut self, cells: RowCells, designators: Vec<String>, line: u64) {
        let mut not_fitted = cells.not_fitted.clone().or_else(|| self.section.clone());
        if not_fitted.is_none()
            && let Some(remark) = cells.remarks.iter().find(|remark| says_not_fitted(remark))
        {
            not_fitted = Some(remark.clone());
            self.contents.note(Some(line), format!("`{remark}` is read as: not fitted"));
        }
        if not_fitted.is_none()
            && !designators.is_empty()
            && cells.quantity.as_deref().and_then(whole_number) == Some(0)
        {
            not_fitted = Some("quantity 0".to_owned());
        }
        let place = self.contents.place(line);
        self.lines.push(Draft { cells, designators, alternates: Vec::new(), not_fitted, place });
        self.open = true;
    }

    fn finish(mut self) -> Contents {
        let mut bill = Vec::with_capacity(self.lines.len());
        for mut draft in std::mem::take(&mut self.lines) {
            self.listed_twice(&mut draft);
            self.check_quantity(&draft);
            for remark in &draft.cells.remarks {
                for name in not_fitted_in_brackets(remark) {
                    self.contents.not_fitted.push((name, remark.clone(), draft.place.clone()));
                }
            }
            let mut part = draft.cells.part;
            part.alternates.extend(draft.alternates);
            let each =
                vec![ListedDesignator { package: part.package.clone(), ..Default::default() }; draft.designators.len()];
            let line = BillLine {
                number: draft.cells.number,
                quantity: draft.cells.quantity,
                designators: draft.designators,
                part: Arc::new(part),
                not_fitted: draft.not_fitted,
                place: draft.place,
            };
            bill.push(Listed { line, each });
        }
        self.contents.bill = Some(bill);
        self.contents
    }

    fn listed_twice(&mut self, draft: &mut Draft) {
        let mut seen = std::collections::HashSet::new();
        let (names, twice): (Vec<_>, Vec<_>) =
            std::mem::take(&mut draft.designators).into_iter().partition(|name| seen.insert(name.clone()));
        draft.designators = names;
        for designator in twice {
            let said = Said::at(&draft.place, designator.clone());
            self.contents.disagreements.push(Disagreement {
                about: About::ListedTwice,
                designator,
                taken: said.clone(),
                other: said,
            });
        }
    }

    fn check_quantity(&mut self, draft: &Draft) {
        let Some(quantity) = &draft.cells.quantity else { return };
        if draft.designators.is_empty() {
            return;
        }
        match whole_number(quantity) {
            Some(number) if number == draft.designators.len() as u64 => {}
            Some(0) => {}
            Some(_) => self.contents.disagreements.push(quantity_differs(&draft.place, &draft.designators, quantity)),
            None => {
                let reason = format!("quantity `{quantity}` is not a whole number");
                self.contents.problem(draft.place.line, None, Some("quantity"), reason);
            }
        }
    }
}

/// The further part with this number.
fn numbered(others: &mut Vec<(u8, Alternate)>, number: u8) -> &mut Alternate {
    let at = others.iter().position(|(known, _)| *known == number).unwrap_or_else(|| {
        others.push((number, Alternate::default()));
        others.len() - 1
    });
    &mut others[at].1
}

/// The disagreement between a quantity and the number of designators beside it.
pub(super) fn quantity_differs(place: &Place, designators: &[String], quantity: &str) -> Disagreement {
    Disagreement {
        about: About::Quantity,
        designator: designators.join(","),
        taken: Said::at(
            place,
            match designators.len() {
                1 => "1 designator".to_owned(),
                count => format!("{count} designators"),
            },
        ),
        other: Said::at(place, format!("quantity {quantity}")),
    }
}

fn alternate(cells: RowCells) -> Alternate {
    let part = cells.part;
    let mut attributes = part.attributes;
    let further = [
        ("internal number", part.internal_number),
        ("value", part.value),
        ("package", part.package),
        ("substitution policy", part.substitution_policy),
    ];
    for (name, value) in further {
        attributes.extend(value.map(|value| Attribute { name: name.to_owned(), value }));
    }
    Alternate {
        manufacturer: part.manufacturer,
        mpn: part.mpn,
        description: part.description,
        qualified: None,
        attributes,
    }
}

/// `149`, `149.0` and `149 pcs` are whole numbers.
pub(super) fn whole_number(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let rest = rest.trim_start_matches('.').trim_start_matches('0').trim();
    let unit =
        matches!(rest.to_ascii_lowercase().trim_end_matches('.'), "" | "pcs" | "pc" | "ea" | "each" | "stk" | "x");
    digits.parse().ok().filter(|_| unit)
}
