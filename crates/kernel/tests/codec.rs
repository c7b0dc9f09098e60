//! The placement codec is lossless: whatever machines report comes back, from the draws in log order and the differences.

use std::collections::{BTreeMap, BTreeSet};

use kernel::id::{Designator, Id};
use kernel::placement::{Cell, Coded, Difference, Doubt, Fate, Pattern, decode, encode};
use proptest::prelude::*;

/// Patterns that the coder remembers, newest first, as the store does.
const RECENT: usize = 4;

/// From which index on, what.
type Draw = (usize, Option<Id>);

/// A log of coded messages, with the draws that changed and nothing else.
#[derive(Default)]
struct Log {
    recent: Vec<Pattern>,
    /// (pattern, origin) -> (index, what it draws on from then on).
    draws: BTreeMap<(Pattern, usize), Vec<Draw>>,
    coded: Vec<Vec<Coded>>,
}

impl Log {
    fn record(&mut self, cells: &[Cell]) {
        let index = self.coded.len();
        let draws = &self.draws;
        let last = |pattern: &Pattern, origin: usize| {
            draws.get(&(pattern.clone(), origin)).and_then(|draws| draws.last()).map(|(_, thing)| *thing)
        };
        let coded = encode(cells, &self.recent, &mut |pattern, origin| last(pattern, origin));
        for report in &coded {
            for (origin, draw) in report.draws.iter().enumerate() {
                let known = self.draws.entry((report.pattern.clone(), origin)).or_default();
                if known.last().map(|(_, thing)| *thing) != Some(*draw) {
                    known.push((index, *draw));
                }
            }
            self.recent.retain(|pattern| *pattern != report.pattern);
            self.recent.insert(0, report.pattern.clone());
            self.recent.truncate(RECENT);
        }
        self.coded.push(coded);
    }

    /// The cells of a message, read from what is stored: its draws are the newest at or before its own index.
    fn read(&self, index: usize) -> Vec<Cell> {
        let mut cells = Vec::new();
        for report in &self.coded[index] {
            let pattern = Pattern::unpack(&report.pattern.pack()).expect("a pattern unpacks");
            let draw = |origin: usize| {
                let draws = &self.draws[&(pattern.clone(), origin)];
                draws.iter().rev().find(|(at, _)| *at <= index).and_then(|(_, thing)| *thing)
            };
            let draws: Vec<Option<Id>> = (0..pattern.groups.len()).map(draw).collect();
            let unpack =
                |difference: &Difference| Difference::unpack(&difference.pack()).expect("a difference unpacks");
            let differences: Vec<Difference> = report.differences.iter().map(unpack).collect();
            cells.extend(decode(&pattern, &report.units, &draws, &differences));
        }
        cells.sort();
        cells
    }
}

fn thing(kind: i64, number: u8) -> Id {
    Id::of_row(kind * 100 + i64::from(number))
}

fn maybe<T: std::fmt::Debug + Clone + 'static>(
    percent: u32,
    some: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    prop_oneof![percent => some.prop_map(Some), 100 - percent => Just(None)].boxed()
}

/// A component somewhere: mostly as the line is set up, sometimes from anywhere.
fn cell() -> impl Strategy<Value = Cell> {
    let doubt = (prop::collection::vec(0..4u8, 0..3), prop::bool::weighted(0.2));
    let doubt = maybe(15, doubt).prop_map(|doubt| {
        let (leading, grey) = doubt.unwrap_or_default();
        Doubt { leading: leading.into_iter().map(|number| thing(1, number)).collect(), grey }
    });
    (
        (0..2u8, 0..4u8),
        0..7u32,
        maybe(80, 0..3u8),
        maybe(90, 0..4u8),
        maybe(50, 0..3u8),
        prop::bool::weighted(0.85),
        doubt,
    )
        .prop_map(|((panel, position), designator, place, package, tool, installed, doubt)| Cell {
            unit: thing(4, panel).at(u32::from(position)).expect("fits"),
            designator: Designator(designator),
            place: place.map(|number| thing(3, number)),
            package: package.map(|number| thing(1, number)),
            tool: tool.map(|number| thing(2, number)),
            fate: if installed { Fate::Installed } else { Fate::NotInstalled },
            doubt,
        })
}

/// What a machine does all day: the same positions from the same places board after board, with splices, rejects and losses.
fn routine() -> impl Strategy<Value = Vec<Cell>> {
    let board = prop::collection::vec((0..100u8, 0..4u8), 6);
    (prop::collection::vec(board, 1..4), prop::collection::vec(0..4u8, 3)).prop_map(|(boards, mounted)| {
        let mut cells = Vec::new();
        for (position, board) in boards.iter().enumerate() {
            for (designator, (chance, other)) in board.iter().enumerate() {
                let place = designator % 3;
                let spliced = *chance < 8;
                let package = if spliced { *other } else { mounted[place] };
                let usual = Cell {
                    unit: thing(4, 9).at(position as u32 + 1).expect("fits"),
                    designator: Designator(designator as u32 + 1),
                    place: Some(thing(3, place as u8)),
                    package: Some(thing(1, package)),
                    tool: (designator < 4).then(|| thing(2, (designator / 2) as u8)),
                    fate: Fate::Installed,
                    doubt: Doubt {
                        leading: if spliced { vec![thing(1, mounted[place])] } else { Vec::new() },
                        grey: false,
                    },
                };
                if *chance > 95 {
                    continue;
                }
                if (90..96).contains(chance) {
                    cells.push(Cell { fate: Fate::NotInstalled, ..usual.clone() });
                }
                if !(90..93).contains(chance) {
                    cells.push(usual);
                }
            }
        }
        cells
    })
}

fn message() -> impl Strategy<Value = Vec<Cell>> {
    prop_oneof![2 => routine(), 1 => prop::collection::vec(cell(), 0..14)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_was_reported_comes_back(messages in prop::collection::vec(message(), 1..8)) {
        let mut log = Log::default();
        messages.iter().for_each(|cells| log.record(cells));
        for (index, cells) in messages.iter().enumerate() {
            let mut expected = cells.clone();
            expected.sort();
            prop_assert_eq!(log.read(index), expected, "message {}", index);
        }
    }

    #[test]
    fn a_report_accounts_for_what_it_names(messages in prop::collection::vec(message(), 1..6)) {
        let mut log = Log::default();
        messages.iter().for_each(|cells| log.record(cells));
        for (cells, coded) in messages.iter().zip(&log.coded) {
            let named: BTreeSet<Designator> =
                cells.iter().map(|cell| cell.designator).filter(|designator| *designator != Designator::NONE).collect();
            let accounted: BTreeSet<Designator> = coded.iter().flat_map(Coded::accounted).collect();
            prop_assert_eq!(accounted, named);
        }
    }
}
