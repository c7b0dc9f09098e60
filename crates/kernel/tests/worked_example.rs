//! The worked example of `docs/ARCHITECTURE.md`: what the codec keeps of five reports.

use std::collections::BTreeMap;

use kernel::id::{Designator, Id};
use kernel::placement::{Cell, Coded, Departure, Doubt, Fate, Pattern, decode, encode};

const F14: Id = Id(14 << 8);
const F15: Id = Id(15 << 8);
const A: Id = Id(1 << 8);
const B: Id = Id(2 << 8);
const K: Id = Id(3 << 8);
const U1: u32 = 4;

/// What a machine reports: board of panel, position, package.
fn cells(panel: i64, placed: &[(u32, u32, Id, Fate)]) -> Vec<Cell> {
    let unit = |board: u32| Id((panel << 8) | i64::from(board));
    let mut cells: Vec<Cell> = placed
        .iter()
        .map(|(board, designator, package, fate)| Cell {
            unit: unit(*board),
            designator: Designator(*designator),
            place: Some(if *designator == U1 { F15 } else { F14 }),
            package: Some(*package),
            tool: None,
            fate: *fate,
            doubt: Doubt::default(),
        })
        .collect();
    cells.sort();
    cells
}

fn board(number: u32, capacitors: [Id; 3]) -> Vec<(u32, u32, Id, Fate)> {
    let mut placed: Vec<_> = (1..).zip(capacitors).map(|(c, package)| (number, c, package, Fate::Installed)).collect();
    placed.push((number, U1, K, Fate::Installed));
    placed
}

#[test]
fn five_reports_are_one_pattern_three_draws_and_two_differences() {
    let mut rejected = board(1, [B; 3]);
    rejected[3].3 = Fate::NotInstalled;
    let reports = [
        [board(1, [A; 3]), board(2, [A; 3])].concat(),
        [board(1, [A; 3]), board(2, [A; 3])].concat(),
        [board(1, [A; 3]), board(2, [A, B, B])].concat(),
        [board(1, [B; 3]), board(2, [B; 3])].concat(),
        rejected,
    ];
    let mut patterns: Vec<Pattern> = Vec::new();
    let mut drawn: BTreeMap<usize, Option<Id>> = BTreeMap::new();
    let (mut draws, mut differences) = (Vec::new(), Vec::new());
    for (panel, placed) in (10..).zip(&reports) {
        let cells = cells(panel, placed);
        let coded: Vec<Coded> = encode(&cells, &patterns, &mut |_, origin| drawn.get(&origin).copied());
        let [coded] = &coded[..] else { panic!("both boards share a pattern") };
        assert_eq!(decode(&coded.pattern, &coded.units, &coded.draws, &coded.differences), cells, "nothing is lost");
        if !patterns.contains(&coded.pattern) {
            patterns.push(coded.pattern.clone());
        }
        for (origin, draw) in coded.draws.iter().enumerate() {
            if drawn.insert(origin, *draw) != Some(*draw) {
                draws.push((panel, origin, *draw));
            }
        }
        differences.extend(
            coded.differences.iter().map(|difference| (panel, difference.departure.clone(), difference.cells.clone())),
        );
    }
    assert_eq!(patterns.len(), 1);
    assert_eq!(draws, [(10, 0, Some(A)), (10, 1, Some(K)), (13, 0, Some(B))]);
    let board_2 = Id((12 << 8) | 2);
    assert_eq!(
        differences,
        [
            (12, Departure::Instead { package: Some(B) }, vec![(board_2, Designator(2)), (board_2, Designator(3))]),
            (14, Departure::NotInstalled { package: Some(K) }, vec![(Id((14 << 8) | 1), Designator(U1))]),
        ]
    );
}
