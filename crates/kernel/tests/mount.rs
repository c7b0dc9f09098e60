//! Stays from points: small histories of one place, written as text.

use kernel::event::Discipline;
use kernel::id::Id;
use kernel::mount::stays;
use kernel::row::{MountChange, MountPoint};
use kernel::thing::Kind;
use kernel::time::Time;

/// `A+3` came at 3, `A-5` left, `A!5` ran empty, `*7` the place was cleaned out. Stays as `A 3..5`, with doubts as `?3..4`.
fn check(kind: Kind, discipline: Discipline, history: &str, expected: &str) {
    let points: Vec<MountPoint> = history.split_whitespace().map(|text| point(kind, text)).collect();
    let found = stays(&points, &|_, _, _| discipline);
    let time = |at: Time| if at == Time::MAX { String::new() } else { at.0.to_string() };
    let mut shown: Vec<String> = found
        .iter()
        .map(|stay| {
            let doubts: String =
                stay.doubts.iter().map(|(from, until)| format!(" ?{}..{}", time(*from), time(*until))).collect();
            let name = char::from(u8::try_from(stay.thing.row()).expect("a letter"));
            format!("{name} {}..{}{doubts}", time(stay.from), time(stay.until))
        })
        .collect();
    shown.sort();
    assert_eq!(shown.join(", "), expected, "{history}");
}

fn point(kind: Kind, text: &str) -> MountPoint {
    let (name, change, at) = match text.strip_prefix('*') {
        Some(at) => (None, MountChange::Cleaned, at),
        None => {
            let change = match &text[1..2] {
                "+" => MountChange::On,
                "-" => MountChange::Off,
                _ => MountChange::Depleted,
            };
            (text.bytes().next(), change, &text[2..])
        }
    };
    MountPoint {
        at: Time(at.parse().expect("a time")),
        change,
        thing: name.map(|name| Id::of_row(i64::from(name))),
        kind: name.map(|_| kind),
        station: Id::of_row(1),
        place: Some(Id::of_row(2)),
        carriers: Vec::new(),
        margin: 0,
    }
}

#[test]
fn at_a_single_place_the_next_thing_ends_the_last() {
    let check = |history: &str, expected: &str| check(Kind::Program, Discipline::Single, history, expected);
    check("A+1 B+4", "A 1..4, B 4..");
    check("A+1 B+4 A+6", "A 1..4, A 6.., B 4..6");
    check("A+1 A-4 B+4 B-6 A+6", "A 1..4, A 6.., B 4..6");
    check("A+1 A+2 B+4 A+6 A+7 B+9", "A 1..4, A 6..9, B 4..6, B 9..");
}

#[test]
fn without_a_profile_another_thing_makes_both_doubtful() {
    let check = |history: &str, expected: &str| check(Kind::Package, Discipline::Unknown, history, expected);
    check("A+1 A-4 B+4", "A 1..4, B 4..");
    check("A+1 B+4 A-6", "A 1..6 ?4..6, B 4.. ?4..6");
    check("A+1 A!6 B+4", "A 1..6 ?4..6, B 4.. ?4..6");
}

#[test]
fn a_chain_lasts_until_depletion_and_a_mix_until_cleaned_out() {
    check(Kind::Package, Discipline::Chain, "A+1 B+4 A!6", "A 1..6, B 4..");
    check(Kind::Package, Discipline::Mix, "A+1 A-3 B+4 *8 B+9", "A 1..8 ?4..8, B 4..8 ?4..8, B 9..");
}
