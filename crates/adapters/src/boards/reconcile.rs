//! Several statements about one board, laid over each other.
//!
//! The first statement is taken, and a later one that differs is a disagreement: nothing is averaged and nothing is overruled in
//! silence. The bill of materials speaks for parts, the placement file for places.

use std::collections::HashMap;
use std::sync::Arc;

use super::board::{
    About, BillLine, Board, Disagreement, FileRead, Fitted, Note, PartRef, Place, Position, Said, Side,
};
use super::contents::{Contents, Listed, ListedDesignator, Placement};
use super::quantity::{Decimal, Mark, millimetres};

pub(super) fn reconcile(files: Vec<Contents>) -> Board {
    let mut board = Board::default();
    let mut names = Names::default();
    let mut placements: Vec<Placement> = Vec::new();
    let mut listed: Vec<Listed> = Vec::new();
    let mut not_fitted = Vec::new();
    for file in files {
        board.files.push(FileRead {
            name: file.name.to_string(),
            format: file.format,
            encoding: file.encoding,
            placements: file.placements.as_ref().map_or(0, Vec::len),
            bill_lines: file.bill.as_ref().map_or(0, Vec::len),
        });
        if file.placements.is_some() {
            names.placements.push(Arc::clone(&file.name));
        }
        if file.bill.is_some() {
            names.bills.push(Arc::clone(&file.name));
        }
        board.assembly = board.assembly.or(file.assembly);
        board.revision = board.revision.or(file.revision);
        board.outline = board.outline.or(file.outline);
        board.panel = board.panel.or(file.panel);
        board.disagreements.extend(file.disagreements);
        board.problems.extend(file.problems);
        board.notes.extend(file.notes);
        placements.extend(file.placements.into_iter().flatten());
        listed.extend(file.bill.into_iter().flatten());
        not_fitted.extend(file.not_fitted);
    }
    let mut merge =
        Merge { board, index: HashMap::new(), packages: Vec::new(), spoken_of: HashMap::new(), repeated: Vec::new() };
    for placement in placements {
        merge.place(placement);
    }
    merge.spelling(&mut listed);
    for listed in listed {
        merge.list(listed);
    }
    for (designator, text, place) in not_fitted {
        merge.leave_open(designator, text, &place);
    }
    merge.finish(&names)
}

/// The files that speak of placements and of bills.
#[derive(Default)]
struct Names {
    placements: Vec<Arc<str>>,
    bills: Vec<Arc<str>>,
}

struct Merge {
    board: Board,
    /// From the designator to the position.
    index: HashMap<String, usize>,
    /// Packages that cannot be compared because bill and placements name them differently: both names, the first place, how many.
    packages: Vec<(String, String, Place, usize)>,
    /// Designators of which free text says that they are not fitted.
    spoken_of: HashMap<String, Place>,
    /// Files that say the same again, with how many designators.
    repeated: Vec<(Arc<str>, usize)>,
}

impl Merge {
    fn disagree(&mut self, about: About, designator: &str, taken: Said, other: Said) {
        self.board.disagreements.push(Disagreement { about, designator: designator.to_owned(), taken, other });
    }

    fn position(&mut self, designator: &str) -> usize {
        if let Some(index) = self.index.get(designator) {
            return *index;
        }
        self.board.positions.push(Position {
            designator: designator.to_owned(),
            x_um: None,
            y_um: None,
            rotation_mdeg: None,
            side: None,
            part: None,
            package: None,
            footprint: None,
            fitted: Fitted::Unknown,
            bill_line: None,
            placed_at: None,
            attributes: Vec::new(),
        });
        let index = self.board.positions.len() - 1;
        self.index.insert(designator.to_owned(), index);
        index
    }

    fn place(&mut self, placement: Placement) {
        let index = self.position(&placement.designator);
        let position = &mut self.board.positions[index];
        if let Some(first) = position.placed_at.clone() {
            let same = (position.x_um, position.y_um, position.rotation_mdeg, position.side)
                == (placement.x_um, placement.y_um, placement.rotation_mdeg, placement.side);
            if same && first.file != placement.place.file {
                self.repeat(&placement.place.file);
                return;
            }
            let taken =
                Said::at(&first, whereabouts(position.x_um, position.y_um, position.rotation_mdeg, position.side));
            let text = whereabouts(placement.x_um, placement.y_um, placement.rotation_mdeg, placement.side);
            self.disagree(About::PlacedTwice, &placement.designator, taken, Said::at(&placement.place, text));
            return;
        }
        position.x_um = placement.x_um;
        position.y_um = placement.y_um;
        position.rotation_mdeg = placement.rotation_mdeg;
        position.side = placement.side;
        position.package.clone_from(&placement.footprint);
        position.footprint = placement.footprint;
        position.attributes = placement.attributes;
        position.placed_at = Some(placement.place);
        if placement.part != PartRef::default() {
            position.part = Some(Arc::new(placement.part));
        }
        if let Some(text) = placement.not_fitted {
            position.fitted = Fitted::No(text);
        }
    }

    fn repeat(&mut self, file: &Arc<str>) {
        match self.repeated.iter_mut().find(|(known, _)| known == file) {
            Some((_, count)) => *count += 1,
            None => self.repeated.push((Arc::clone(file), 1)),
        }
    }

    /// A designator of the bill that no placement has, but that one has in other letters, is that one.
    fn spelling(&mut self, listed: &mut [Listed]) {
        let mut folded: HashMap<String, Option<String>> = HashMap::new();
        for designator in self.index.keys() {
            let same = folded.entry(designator.to_lowercase()).or_insert_with(|| Some(designator.clone()));
            if same.as_ref() != Some(designator) {
                *same = None;
            }
        }
        let in_bill: std::collections::HashSet<String> =
            listed.iter().flat_map(|listed| &listed.line.designators).cloned().collect();
        for line in listed.iter_mut().map(|listed| &mut listed.line) {
            for designator in &mut line.designators {
                if self.index.contains_key(designator.as_str()) {
                    continue;
                }
                let Some(Some(other)) = folded.get(&designator.to_lowercase()) else { continue };
                if in_bill.contains(other) {
                    continue;
                }
                let placed_at = self.board.positions[self.index[other]].placed_at.clone();
                if let Some(placed_at) = placed_at {
                    let (taken, said) =
                        (Said::at(&placed_at, other.clone()), Said::at(&line.place, designator.clone()));
                    let about = About::Spelling;
                    self.board.disagreements.push(Disagreement {
                        about,
                        designator: other.clone(),
                        taken,
                        other: said,
                    });
                    designator.clone_from(other);
                }
            }
        }
    }

    fn list(&mut self, listed: Listed) {
        let number = self.board.lines.len();
        for (designator, each) in listed.line.designators.iter().zip(&listed.each) {
            let index = self.position(designator);
            match self.board.positions[index].bill_line {
                Some(first) => self.list_again(index, first, &listed.line),
                None => self.list_first(index, number, &listed.line, each),
            }
        }
        self.board.lines.push(listed.line);
    }

    fn list_again(&mut self, index: usize, first: usize, line: &BillLine) {
        let designator = self.board.positions[index].designator.clone();
        let first = &self.board.lines.get(first);
        let Some(first) = first else { return };
        let label = |part: &PartRef| part.label().unwrap_or("no part").to_owned();
        let same_part = first.part.mpn == line.part.mpn
            && first.part.internal_number == line.part.internal_number
            && first.part.manufacturer == line.part.manufacturer
            && first.part.value == line.part.value;
        if same_part && first.place.file != line.place.file {
            let file = Arc::clone(&line.place.file);
            self.repeat(&file);
            return;
        }
        let (taken, other) = (Said::at(&first.place, label(&first.part)), Said::at(&line.place, label(&line.part)));
        self.disagree(About::OnTwoBomLines, &designator, taken, other);
    }

    fn list_first(&mut self, index: usize, number: usize, line: &BillLine, each: &ListedDesignator) {
        let position = &mut self.board.positions[index];
        let placed_part = position.part.replace(Arc::clone(&line.part));
        position.bill_line = Some(number);
        if let Some(package) = &each.package {
            position.package = Some(package.clone());
        }
        let reason = each.not_fitted.clone().or_else(|| line.not_fitted.clone());
        let placed_says_no = matches!(position.fitted, Fitted::No(_));
        if let Some(reason) = reason {
            position.fitted = Fitted::No(reason);
        } else if !placed_says_no {
            position.fitted = Fitted::Yes;
        }
        let (designator, side, footprint) = (position.designator.clone(), position.side, position.footprint.clone());
        let fitted = position.fitted.clone();
        let Some(placed_at) = position.placed_at.clone() else {
            position.side = each.side;
            return;
        };
        if side.is_none() {
            position.side = each.side;
        }
        if let (true, Fitted::No(text)) =
            (placed_says_no && each.not_fitted.is_none() && line.not_fitted.is_none(), fitted)
        {
            self.disagree(About::Fitted, &designator, Said::at(&placed_at, text), Said::at(&line.place, "fitted"));
        }
        if let (Some(placed), Some(listed)) = (side, each.side)
            && placed != listed
        {
            let (taken, other) = (Said::at(&placed_at, placed.to_string()), Said::at(&line.place, listed.to_string()));
            self.disagree(About::Side, &designator, taken, other);
        }
        if let Some(placed) = placed_part {
            self.compare_parts(&designator, line, &placed, &placed_at);
        }
        if let (Some(package), Some(footprint)) = (&each.package, &footprint) {
            self.compare_packages(&designator, package, footprint, &line.place, &placed_at);
        }
    }

    fn compare_parts(&mut self, designator: &str, line: &BillLine, placed: &PartRef, placed_at: &Place) {
        if let (Some(listed), Some(placed)) = (&line.part.value, &placed.value)
            && !same_value(listed, placed)
        {
            let (taken, other) = (Said::at(&line.place, listed.clone()), Said::at(placed_at, placed.clone()));
            self.disagree(About::Value, designator, taken, other);
        }
        let design_number = line.part.attributes.iter().find(|attribute| attribute.name == "OEMDesignNumberRef");
        let listed_number = design_number.map(|attribute| &attribute.value).or(line.part.internal_number.as_ref());
        for (listed, placed) in [(listed_number, &placed.internal_number), (line.part.mpn.as_ref(), &placed.mpn)] {
            if let (Some(listed), Some(placed)) = (listed, placed)
                && !same_words(listed, placed)
            {
                let (taken, other) = (Said::at(&line.place, listed.clone()), Said::at(placed_at, placed.clone()));
                self.disagree(About::Part, designator, taken, other);
            }
        }
    }

    fn compare_packages(&mut self, designator: &str, listed: &str, placed: &str, listed_at: &Place, placed_at: &Place) {
        match same_package(listed, placed) {
            Some(true) => {}
            Some(false) => {
                let (taken, other) = (Said::at(listed_at, listed), Said::at(placed_at, placed));
                self.disagree(About::Package, designator, taken, other);
            }
            None => match self.packages.iter_mut().find(|(a, b, ..)| a == listed && b == placed) {
                Some((.., count)) => *count += 1,
                None => self.packages.push((listed.to_owned(), placed.to_owned(), listed_at.clone(), 1)),
            },
        }
    }

    /// Free text says that a designator stays empty.
    fn leave_open(&mut self, designator: String, text: String, place: &Place) {
        let index = self.position(&designator);
        let position = &mut self.board.positions[index];
        let on_a_line = position.bill_line.and_then(|line| self.board.lines.get(line)).map(|line| line.place.clone());
        let contradicts = position.fitted == Fitted::Yes;
        position.fitted = Fitted::No(text.clone());
        if let (true, Some(line)) = (contradicts, on_a_line)
            && line != *place
        {
            self.disagree(About::Fitted, &designator, Said::at(place, text), Said::at(&line, "listed as fitted"));
        }
        self.spoken_of.entry(designator).or_insert_with(|| place.clone());
    }

    fn finish(mut self, names: &Names) -> Board {
        let mut only = Vec::new();
        for position in &mut self.board.positions {
            let line = position.bill_line.and_then(|line| self.board.lines.get(line));
            let named = line.is_some() || (position.placed_at.is_none());
            if let (false, Some(placed_at)) = (named, &position.placed_at) {
                if let Some(bill) = names.bills.first() {
                    let text = position.part.as_ref().and_then(|part| part.label().map(str::to_owned));
                    let text =
                        text.or_else(|| position.footprint.clone()).unwrap_or_else(|| position.designator.clone());
                    let (taken, other) = (Said::at(placed_at, text), Said::nothing(bill));
                    only.push((About::OnlyInPlacements, position.designator.clone(), taken, other));
                }
            } else if position.placed_at.is_none()
                && let Some(file) = names.placements.first()
            {
                let reason = match &position.fitted {
                    Fitted::No(text) => Some(text.as_str()),
                    _ => None,
                };
                let taken = match (line, self.spoken_of.get(&position.designator)) {
                    (Some(line), _) => {
                        Said::at(&line.place, line.part.label().or(reason).unwrap_or(&position.designator))
                    }
                    (None, Some(place)) => Said::at(place, reason.unwrap_or(&position.designator)),
                    (None, None) => Said::nothing(file),
                };
                if position.fitted == Fitted::Yes {
                    position.fitted = Fitted::HandPlaced;
                }
                only.push((About::OnlyInBom, position.designator.clone(), taken, Said::nothing(file)));
            }
        }
        for (about, designator, taken, other) in only {
            self.disagree(about, &designator, taken, other);
        }
        self.final_notes(names);
        self.board
    }

    fn final_notes(&mut self, names: &Names) {
        let notes = &mut self.board.notes;
        for (listed, placed, place, count) in self.packages.drain(..) {
            let text = format!(
                "package `{listed}` is called `{placed}` among the placements ({count} positions): not compared"
            );
            notes.push(Note::new(place.file, Some(place.line), &text));
        }
        for (file, count) in self.repeated.drain(..) {
            let text = format!("{count} designators are given again, with the same content");
            notes.push(Note::new(file, None, &text));
        }
        if let (Some(file), true) = (names.placements.first(), names.bills.is_empty()) {
            let text = "no bill of materials given: nobody says what is fitted";
            notes.push(Note::new(Arc::clone(file), None, text));
        }
        if let (Some(file), true) = (names.bills.first(), names.placements.is_empty()) {
            let text = "no placements given: positions have no coordinates";
            notes.push(Note::new(Arc::clone(file), None, text));
        }
    }
}

fn whereabouts(x_um: Option<i64>, y_um: Option<i64>, rotation_mdeg: Option<i64>, side: Option<Side>) -> String {
    let number = |number: Option<i64>| number.map_or("?".to_owned(), millimetres);
    let side = side.map_or("?".to_owned(), |side| side.to_string());
    format!("x {} mm, y {} mm, {} degrees, {side}", number(x_um), number(y_um), number(rotation_mdeg))
}

/// Equal but for capitals, blanks, underscores and hyphens, which exporters put in each other's place.
fn same_words(a: &str, b: &str) -> bool {
    folded(a) == folded(b)
}

fn folded(text: &str) -> String {
    spaced(text).to_lowercase()
}

/// Without blanks, underscores and hyphens; capitals stay, since `m` and `M` are a milliard apart.
fn spaced(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-')).collect()
}

/// The same words, or the same electrical value with at most further details behind it: `100nF` is `0.1uF`, and `10uF` is `10uF,16V`.
fn same_value(a: &str, b: &str) -> bool {
    if spaced(a) == spaced(b) {
        return true;
    }
    let details = |text: &str| {
        let words = text.split([',', '/', ';', ' ', '_']).map(str::trim).filter(|word| !word.is_empty());
        words.map(|word| word.to_lowercase()).collect::<Vec<_>>()
    };
    // A space may stand between number and unit: `100 nF`.
    let value = |text: &str| -> Option<(Value, Vec<String>)> {
        let words: Vec<_> =
            text.split([',', '/', ';', ' ', '_']).map(str::trim).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [number, unit, rest @ ..] if electrical(number).is_some() && unit.chars().all(char::is_alphabetic) => {
                electrical(&format!("{number}{unit}"))
                    .map(|value| (value, rest.iter().map(|word| word.to_lowercase()).collect()))
            }
            [first, rest @ ..] => {
                electrical(first).map(|value| (value, rest.iter().map(|word| word.to_lowercase()).collect()))
            }
            [] => None,
        }
    };
    let (Some((left, left_rest)), Some((right, right_rest))) = (value(a), value(b)) else {
        if same_words(a, b) {
            return true;
        }
        let (left, right) = (details(a), details(b));
        // Plain words: one says no more than the other begins with.
        let (short, long) = if left.len() < right.len() { (left, right) } else { (right, left) };
        return a.contains(',') != b.contains(',') && long.starts_with(&short);
    };
    let one_says_less = left_rest.iter().all(|word| right_rest.contains(word))
        || right_rest.iter().all(|word| left_rest.contains(word));
    left.same(right) && one_says_less
}

/// A number with its power of a thousandth, and its unit if written.
#[derive(Clone, Copy)]
struct Value {
    pico: i128,
    unit: Option<char>,
}

impl Value {
    fn same(self, other: Self) -> bool {
        self.pico == other.pico && (self.unit.is_none() || other.unit.is_none() || self.unit == other.unit)
    }
}

/// `100n`, `0.1uF`, `4k7`, `4R7`, `10kΩ`, `25MHz`; not part numbers.
fn electrical(text: &str) -> Option<Value> {
    let text = text.replace(['Ω', 'Ω'], "R").replace("ohm", "R").replace("Ohm", "R").replace("OHM", "R");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    if rest.is_empty() {
        let pico = Decimal::parse(number, Mark::Point).ok()?.times(10i128.pow(12), 1)?;
        return Some(Value { pico, unit: None });
    }
    let mut chars = rest.chars();
    let first = chars.next()?;
    let power = |c: char| match c {
        'p' | 'P' => Some(0),
        'n' | 'N' => Some(3),
        'u' | 'U' | 'µ' | 'μ' => Some(6),
        'm' => Some(9),
        'R' | 'r' => Some(12),
        'k' | 'K' => Some(15),
        'M' => Some(18),
        'G' => Some(21),
        _ => None,
    };
    let unit_of = |text: &str| match text.to_ascii_lowercase().as_str() {
        "" => Some(None),
        "f" => Some(Some('f')),
        "h" => Some(Some('h')),
        "r" => Some(Some('r')),
        "hz" => Some(Some('z')),
        "v" => Some(Some('v')),
        "a" => Some(Some('a')),
        _ => None,
    };
    let (exponent, behind) = match power(first) {
        Some(exponent) => (exponent, chars.as_str()),
        None => (12, rest),
    };
    // `4k7`: digits behind the letter are the fraction.
    let digits = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (fraction, unit) = behind.split_at(digits);
    if digits > 0 && (number.contains('.') || power(first).is_none()) {
        return None;
    }
    let number = if digits > 0 { format!("{number}.{fraction}") } else { number.to_owned() };
    let mut unit = unit_of(unit)?;
    if matches!(first, 'R' | 'r') && unit.is_none() {
        unit = Some('r');
    }
    let pico = Decimal::parse(&number, Mark::Point).ok()?.times(10i128.pow(exponent), 1)?;
    Some(Value { pico, unit })
}

/// Whether two names mean one package; `None` when they cannot be compared.
fn same_package(listed: &str, placed: &str) -> Option<bool> {
    let (a, b) = (folded_package(listed), folded_package(placed));
    if a == b || a.contains(&b) || b.contains(&a) {
        return Some(true);
    }
    match (chip_size(listed), chip_size(placed)) {
        (Some(a), Some(b)) => Some(a == b),
        _ => None,
    }
}

fn folded_package(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The size code of a chip, such as `0402`, if exactly one stands in the name (its metric twin does not count).
fn chip_size(text: &str) -> Option<u16> {
    const SIZES: [u16; 15] = [201, 402, 603, 805, 1008, 1206, 1210, 1806, 1808, 1812, 1825, 2010, 2220, 2225, 2512];
    let lower = text.to_ascii_lowercase();
    let mut found = None;
    for run in lower.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()) {
        // Allegro drops the leading zero: `402`, `805`.
        let code: u16 = match run.len() {
            4 => run.parse().ok()?,
            3 if run == text.trim() => run.parse().ok()?,
            _ => continue,
        };
        let metric = lower.contains(&format!("{run}metric")) || lower.contains(&format!("{run} metric"));
        if SIZES.contains(&code) && !metric {
            if found.is_some_and(|known| known != code) {
                return None;
            }
            found = Some(code);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for (a, b) in [
            ("2K TRIMPOT", "2K_TRIMPOT"),
            ("100nF", "0.1uF"),
            ("100n", "0.1UF"),
            ("4k7", "4.7K"),
            ("4R7", "4.7"),
            ("4R7", "4.7ohm"),
            ("10uF", "10uF,16V"),
            ("10uF 16V", "10uF,16V"),
            ("100 nF", "100nF"),
            ("25MHz", "25 MHz"),
            ("1M", "1000k"),
        ] {
            assert!(same_value(a, b) && same_value(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("100nF", "100pF"),
            ("1m", "1M"),
            ("10uF,16V", "10uF,25V"),
            ("IC FPGA XC7A35T-2CSG325C", "IC_FPGA_XC7A50T-2CSG325C"),
            ("10uH", "10uF"),
            ("LM317", "LM337"),
            ("2K", "2M"),
        ] {
            assert!(!same_value(a, b) && !same_value(b, a), "{a} {b}");
        }
    }

    #[test]
    fn packages() {
        for (a, b, same) in [
            ("0402", "GEN_C_0402", Some(true)),
            ("0402", "GEN_C_0603", Some(false)),
            ("C_0402_1005Metric", "C_0402_1005Metric_1", Some(true)),
            ("R_0603_1608Metric", "0603", Some(true)),
            ("SOT-23-5", "SOT23-5", Some(true)),
            ("2-SMD (3.8x3.6mm)", "BOU_3mm_POT", None),
            ("14-TSSOP", "SOP65P640X120-14N", None),
        ] {
            assert_eq!(same_package(a, b), same, "{a} {b}");
        }
    }
}
