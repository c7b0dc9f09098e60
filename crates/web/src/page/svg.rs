//! The board as a drawing: every position of the product where it really is, coloured by what is asked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use app::answer::{BoardPosition, Component, Evidence, Relation};

use super::piece::Thing;
use crate::link;

/// What the colours tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Reel,
    Lot,
    Part,
    Defect,
    Evidence,
}

impl Colour {
    pub(super) const ALL: [Colour; 5] = [Colour::Reel, Colour::Lot, Colour::Part, Colour::Defect, Colour::Evidence];

    pub(super) fn parse(text: Option<&str>) -> Colour {
        Colour::ALL.into_iter().find(|colour| Some(colour.word()) == text).unwrap_or(Colour::Reel)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Colour::Reel => "reel",
            Colour::Lot => "lot",
            Colour::Part => "part",
            Colour::Defect => "defect",
            Colour::Evidence => "evidence",
        }
    }
}

/// One side of a board, drawn. Lengths are millimetres.
pub(super) struct Drawing {
    pub(super) view: String,
    pub(super) outline: Shape,
    pub(super) marks: Vec<Mark>,
    pub(super) legend: Vec<Group>,
    /// Positions of this side without a reported component.
    pub(super) unreported: usize,
    /// Positions of the other side.
    pub(super) other_side: usize,
}

/// A rectangle.
pub(super) struct Shape {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// One position.
pub(super) struct Mark {
    pub(super) designator: String,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) rotation: String,
    pub(super) half_width: f64,
    pub(super) half_height: f64,
    pub(super) radius: f64,
    pub(super) fill: String,
    /// `reported`, `possible`, `removed`, `unreported`.
    pub(super) state: &'static str,
    pub(super) defect: bool,
    pub(super) group: usize,
    pub(super) href: String,
    pub(super) part: String,
    pub(super) package: String,
    pub(super) supplier: String,
    pub(super) lot: String,
    /// Size of the text on it; 0: none.
    pub(super) label: f64,
}

impl Mark {
    pub(super) fn width(&self) -> f64 {
        self.half_width * 2.0
    }

    pub(super) fn height(&self) -> f64 {
        self.half_height * 2.0
    }
}

/// An entry of the legend.
pub(super) struct Group {
    pub(super) number: usize,
    pub(super) colour: String,
    pub(super) name: Option<Thing>,
    pub(super) text: String,
    pub(super) positions: usize,
}

/// Draws one side.
pub(super) fn draw(
    positions: &[BoardPosition],
    components: &[Component],
    defects: &BTreeSet<String>,
    colour: Colour,
    bottom: bool,
) -> Drawing {
    let here: Vec<&BoardPosition> = positions.iter().filter(|at| (at.side == "bottom") == bottom).collect();
    let rows = installed(components);
    let keys: Vec<Key> =
        here.iter().map(|at| key(rows.get(at.designator.as_str()).copied(), &at.designator, defects, colour)).collect();
    let legend = legend(&keys, colour);
    let frame = Frame::around(positions, bottom);
    let mut marks: Vec<Mark> = here
        .iter()
        .zip(&keys)
        .map(|(at, key)| {
            mark(at, body(at, &here), rows.get(at.designator.as_str()).copied(), key, &legend, &frame, defects)
        })
        .collect();
    // The large lie below the small.
    marks.sort_by(|a, b| (b.width() * b.height()).total_cmp(&(a.width() * a.height())));
    Drawing {
        view: format!("0 0 {:.2} {:.2}", frame.width, frame.height),
        outline: Shape { x: 0.4, y: 0.4, width: frame.width - 0.8, height: frame.height - 0.8 },
        unreported: marks.iter().filter(|mark| mark.state == "unreported").count(),
        other_side: positions.len() - here.len(),
        marks,
        legend,
    }
}

/// The row that a position shows: what is there now before what was removed, certain before possible.
fn installed(components: &[Component]) -> HashMap<&str, &Component> {
    let mut rows: HashMap<&str, &Component> = HashMap::new();
    for row in components.iter().filter(|row| row.relation == Relation::Installed) {
        let Some(position) = row.position.as_deref() else { continue };
        let rank = |row: &Component| (row.removed_at.is_some(), row.evidence);
        rows.entry(position)
            .and_modify(|kept| {
                if rank(row) < rank(kept) {
                    *kept = row
                }
            })
            .or_insert(row);
    }
    rows
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Thing(String),
    Word(&'static str),
    Unreported,
}

fn key(row: Option<&Component>, designator: &str, defects: &BTreeSet<String>, colour: Colour) -> Key {
    if colour == Colour::Defect {
        return Key::Word(if defects.contains(designator) { "defect reported" } else { "no defect reported" });
    }
    let Some(row) = row else { return Key::Unreported };
    let thing = |kind: &str, id: &Option<String>, none: &'static str| {
        id.as_ref().map_or(Key::Word(none), |id| Key::Thing(format!("{kind}:{id}")))
    };
    match colour {
        Colour::Reel => thing("package", &row.package, "no package named"),
        Colour::Lot => thing("lot", &row.lot, "no lot named"),
        Colour::Part => thing("part", &row.part, "no part named"),
        Colour::Defect | Colour::Evidence if row.removed_at.is_some() => Key::Word("removed"),
        Colour::Defect | Colour::Evidence => match row.evidence {
            Evidence::Certain => Key::Word("certain"),
            Evidence::Possible => Key::Word("possible"),
        },
    }
}

/// Groups, the largest first; what is not reported has no colour.
fn legend(keys: &[Key], colour: Colour) -> Vec<Group> {
    let mut counts: BTreeMap<&Key, usize> = BTreeMap::new();
    for key in keys.iter().filter(|key| **key != Key::Unreported) {
        *counts.entry(key).or_default() += 1;
    }
    let mut groups: Vec<(&Key, usize)> = counts.into_iter().collect();
    groups.sort_by_key(|(key, count)| (std::cmp::Reverse(*count), (*key).clone()));
    let group = |(number, (key, positions)): (usize, (&Key, usize))| match key {
        Key::Thing(name) => {
            Group { number, colour: hue(number), name: Some(Thing::plain_of(name)), text: name.clone(), positions }
        }
        Key::Word(word) => {
            Group { number, colour: word_colour(word).to_owned(), name: None, text: (*word).to_owned(), positions }
        }
        Key::Unreported => Group { number, colour: String::new(), name: None, text: String::new(), positions },
    };
    let mut legend: Vec<Group> = groups.into_iter().enumerate().map(group).collect();
    if colour == Colour::Defect {
        legend.sort_by_key(|group| group.text != "defect reported");
    }
    legend
}

/// Colours that neighbours in the legend never share: around the circle by the golden angle, in three rings.
fn hue(number: usize) -> String {
    let degrees = (200 + number * 137) % 360;
    let (saturation, lightness) = [(62, 48), (52, 62), (70, 36)][(number / 9) % 3];
    format!("hsl({degrees} {saturation}% {lightness}%)")
}

fn word_colour(word: &str) -> &'static str {
    match word {
        "certain" => "#2c8f8a",
        "possible" => "#d98a1f",
        "removed" => "#8a8f98",
        "defect reported" => "#d33a3a",
        _ => "#9aa7b0",
    }
}

/// Where the board lies in the drawing: a margin around all positions of both sides, y up, the bottom seen from below.
struct Frame {
    left: f64,
    top: f64,
    right: f64,
    width: f64,
    height: f64,
    bottom: bool,
}

/// Millimetres around the outermost positions.
const MARGIN_MM: f64 = 4.0;

impl Frame {
    fn around(positions: &[BoardPosition], bottom: bool) -> Frame {
        let span = |values: &mut dyn Iterator<Item = i64>| {
            values.fold((f64::MAX, f64::MIN), |(low, high), value| {
                let value = millimetres(value);
                (low.min(value), high.max(value))
            })
        };
        let (left, right) = span(&mut positions.iter().map(|at| at.x_um));
        let (low, high) = span(&mut positions.iter().map(|at| at.y_um));
        let (left, right) = (left - MARGIN_MM, right + MARGIN_MM);
        let top = high + MARGIN_MM;
        Frame { left, top, right, width: right - left, height: top - (low - MARGIN_MM), bottom }
    }

    fn place(&self, at: &BoardPosition) -> (f64, f64) {
        let x = millimetres(at.x_um);
        (if self.bottom { self.right - x } else { x - self.left }, self.top - millimetres(at.y_um))
    }
}

fn millimetres(um: i64) -> f64 {
    um as f64 / 1_000.0
}

fn mark(
    at: &BoardPosition,
    (width, height): (f64, f64),
    row: Option<&Component>,
    key: &Key,
    legend: &[Group],
    frame: &Frame,
    defects: &BTreeSet<String>,
) -> Mark {
    let (x, y) = frame.place(at);
    let turn = at.rotation_mdeg as f64 / -1_000.0;
    let rotation = if frame.bottom { -turn } else { turn };
    let name = match key {
        Key::Thing(name) => name.as_str(),
        Key::Word(word) => word,
        Key::Unreported => "",
    };
    let group = legend.iter().find(|group| group.text == name);
    let state = match row {
        None => "unreported",
        Some(row) if row.removed_at.is_some() => "removed",
        Some(row) if row.evidence == Evidence::Possible => "possible",
        Some(_) => "reported",
    };
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    let package = row.and_then(|row| row.package.as_ref());
    let part = row.and_then(|row| row.part.clone()).unwrap_or_else(|| at.part.clone());
    let length = f64::from(u32::try_from(at.designator.len()).unwrap_or(u32::MAX));
    let label = (width.max(height) * 1.35 / length).min(width.min(height) * 0.6);
    Mark {
        x: format!("{x:.3}"),
        y: format!("{y:.3}"),
        rotation: format!("{rotation:.1}"),
        half_width: width / 2.0,
        half_height: height / 2.0,
        radius: (width.min(height) / 6.0).min(0.4),
        fill: group.map_or_else(|| "none".to_owned(), |group| group.colour.clone()),
        state,
        defect: defects.contains(&at.designator),
        group: group.map_or(usize::MAX, |group| group.number),
        href: match package {
            Some(package) => link::thing_path(&format!("package:{package}")),
            None => link::thing_path(&format!("part:{part}")),
        },
        package: text(package),
        supplier: text(row.and_then(|row| row.supplier.as_ref().or(row.manufacturer.as_ref()))),
        lot: text(row.and_then(|row| row.lot.as_ref())),
        label: if label >= 0.75 { label } else { 0.0 },
        designator: at.designator.clone(),
        part,
    }
}

/// The size of a body in millimetres: what the land pattern's name tells, else a guess that leaves its neighbours in sight.
fn body(at: &BoardPosition, here: &[&BoardPosition]) -> (f64, f64) {
    if let Some(size) = told_size(&at.footprint) {
        return size;
    }
    let (width, height) = guessed_size(&at.footprint, &at.designator);
    let distance = |other: &&&BoardPosition| {
        let (x, y) = (millimetres(at.x_um - other.x_um), millimetres(at.y_um - other.y_um));
        x.abs().max(y.abs())
    };
    let nearest = here.iter().filter(|other| other.designator != at.designator).map(|other| distance(&other));
    let room = 1.3 * nearest.fold(f64::MAX, f64::min).max(0.5);
    let shrink = (room / width.max(height)).min(1.0);
    (width * shrink, height * shrink)
}

fn told_size(footprint: &str) -> Option<(f64, f64)> {
    const CHIPS: [(&str, (f64, f64)); 13] = [
        ("0201", (0.6, 0.3)),
        ("0402", (1.0, 0.5)),
        ("0508", (2.0, 1.25)),
        ("0603", (1.6, 0.8)),
        ("0606", (1.6, 1.6)),
        ("0805", (2.0, 1.25)),
        ("1206", (3.2, 1.6)),
        ("1210", (3.2, 2.5)),
        ("1812", (4.5, 3.2)),
        ("2010", (5.0, 2.5)),
        ("2512", (6.3, 3.2)),
        ("X1SON", (1.0, 0.6)),
        ("X2SON", (1.0, 1.0)),
    ];
    let chip = || CHIPS.iter().find(|(name, _)| footprint.contains(name)).map(|(_, size)| *size);
    written_size(footprint).or_else(chip)
}

fn guessed_size(footprint: &str, designator: &str) -> (f64, f64) {
    let upper = footprint.to_ascii_uppercase();
    let has = |names: &[&str]| names.iter().any(|name| upper.contains(name));
    let letter = designator.chars().next().unwrap_or('?');
    match letter {
        _ if has(&["BGA"]) => (13.0, 13.0),
        _ if has(&["QFN", "DFN", "LGA", "SON"]) => (5.0, 5.0),
        _ if has(&["QFP"]) => (9.0, 9.0),
        _ if has(&["SOT", "SC70", "SC-70"]) => (2.9, 1.5),
        _ if has(&["SO", "MSOP"]) => (5.0, 4.0),
        'U' => (5.0, 5.0),
        'J' | 'P' | 'X' => (7.0, 5.0),
        'L' | 'Y' | 'K' => (3.2, 2.5),
        'R' | 'C' => (1.0, 0.5),
        'F' | 'T' => (1.4, 1.4),
        _ => (2.0, 1.25),
    }
}

/// `QFN-48_7x7mm` and the like.
fn written_size(footprint: &str) -> Option<(f64, f64)> {
    let lower = footprint.to_ascii_lowercase();
    for (at, _) in lower.match_indices('x') {
        let before: String = lower[..at].chars().rev().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let before: String = before.chars().rev().collect();
        let after: String = lower[at + 1..].chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let (Ok(width), Ok(height)) = (before.parse::<f64>(), after.parse::<f64>()) else { continue };
        let sensible = |size: f64| (0.3..80.0).contains(&size);
        if sensible(width) && sensible(height) {
            return Some((width, height));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(designator: &str, footprint: &str, x_um: i64) -> BoardPosition {
        BoardPosition {
            designator: designator.into(),
            part: String::new(),
            footprint: footprint.into(),
            x_um,
            y_um: 0,
            rotation_mdeg: 0,
            side: "top".into(),
        }
    }

    #[test]
    fn bodies_are_as_large_as_their_land_pattern_says() {
        let check = |footprint: &str, designator: &str, size: (f64, f64)| {
            assert_eq!(body(&position(designator, footprint, 0), &[]), size);
        };
        check("R_0402_1005Metric", "R1", (1.0, 0.5));
        check("QFN-48-1EP_7x7mm_P0.5mm", "U1", (7.0, 7.0));
        check("BGA-256", "U2", (13.0, 13.0));
        check("", "C9", (1.0, 0.5));
        check("", "", (2.0, 1.25));
    }

    #[test]
    fn a_guessed_body_leaves_its_neighbours_in_sight() {
        let (chip, capacitor) = (position("U1", "", 0), position("C1", "0402", 2_000));
        assert_eq!(body(&chip, &[&chip, &capacitor]), (2.6, 2.6));
        assert_eq!(body(&capacitor, &[&chip, &capacitor]), (1.0, 0.5));
    }
}
