//! The factory's ground truth against answers: exact, for every package, lot, tool, person and program, certain and possible alike.
//!
//! Every scenario that is shipped is run. `TRACEWRIGHT_PANELS` and `TRACEWRIGHT_SEED` make factories larger, or others; `TRACEWRIGHT_SCENARIO` runs one only, which
//! may be a file.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::atomic::{AtomicUsize, Ordering};

use app::answer::{Evidence, Relation};
use app::question::Desk;
use app::{AsOf, OpenOptions, QuestionError, Site, question};
use factory::{Scenario, Truth};

fn number(name: &str, default: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Panels of a scenario unless the environment says otherwise: enough that every line has had a change-over.
const PANELS: u32 = 14;

#[test]
fn answers_equal_the_factorys_ground_truth() {
    let asked = std::env::var("TRACEWRIGHT_SCENARIO").ok();
    let scenarios = match &asked {
        Some(name) => vec![Scenario::open(name).expect("a scenario")],
        None => Scenario::shipped().expect("scenarios"),
    };
    let mut wrong = Vec::new();
    for scenario in scenarios {
        let differences = differences(&scenario);
        if !differences.is_empty() {
            let first = differences[..differences.len().min(40)].join("\n");
            wrong.push(format!("{}: {} rows differ:\n{first}", scenario.name, differences.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs a scenario into a fresh site and asks everything.
fn differences(scenario: &Scenario) -> Vec<String> {
    let seed = u64::from(number("TRACEWRIGHT_SEED", scenario.config.seed as u32));
    let panels = number("TRACEWRIGHT_PANELS", PANELS);
    let config = factory::Config { seed, panels: Some(panels), ..scenario.config.clone() };
    let mut simulation = factory::Simulation::new(config).expect("a factory");
    let (mut messages, mut events, mut count) = (Vec::new(), Vec::new(), 0);
    for output in simulation.by_ref() {
        let (stream, line) = match output.kind {
            factory::Kind::Cfx(line) => (&mut messages, line),
            factory::Kind::Event(line) => (&mut events, line),
        };
        stream.extend_from_slice(line.as_bytes());
        stream.push(b'\n');
        count += 1;
    }
    let truth = simulation.truth();
    let folder = tempfile::tempdir().expect("a folder");
    let site = Site::open(folder.path(), OpenOptions { create: true }).expect("a site");
    let imported = site.import_cfx("factory", &mut Cursor::new(messages), &mut |_| ()).expect("the messages");
    assert_eq!(imported.quarantined, 0, "{}", scenario.name);
    let imported = site.import_events("factory", &mut Cursor::new(events), &mut |_| ()).expect("the events");
    assert_eq!(imported.quarantined, 0, "{}", scenario.name);

    // Things that were used about the same time one after the other: what is looked up for one serves the next.
    let mut things = truth.things();
    things.sort_by_cached_key(|thing| truth.where_used(thing).first().map(|row| row.unit.clone()));
    let desks = std::thread::available_parallelism().map_or(1, usize::from);
    let done = AtomicUsize::new(0);
    let compared: Vec<(usize, Vec<String>)> = std::thread::scope(|scope| {
        let (site, truth, done) = (&site, &truth, &done);
        let ask = |things| scope.spawn(move || site.ask(AsOf::Latest, |desk| Ok(compare(desk, truth, things, done))));
        let asking: Vec<_> = things.chunks(things.len().div_ceil(desks)).map(ask).collect();
        asking.into_iter().map(|desk| desk.join().expect("does not panic").expect("answers")).collect()
    });
    site.close().expect("closes");
    let rows: usize = compared.iter().map(|(rows, _)| rows).sum();
    let differences: Vec<String> = compared.into_iter().flat_map(|(_, differences)| differences).collect();
    println!(
        "{}: {panels} panels, seed {seed}: {} placements, {count} messages, {} things, {rows} rows, {} differ",
        scenario.name,
        truth.placements(),
        things.len(),
        differences.len()
    );
    assert!(things.len() > 100 && rows > 1_000, "{} is too small to tell anything", scenario.name);
    differences
}

/// What is expected of things, in rows, and what of that the answers do not say, or say besides.
fn compare(desk: &Desk<'_>, truth: &Truth, things: &[String], done: &AtomicUsize) -> (usize, Vec<String>) {
    let (mut rows, mut differences) = (0, Vec::new());
    for thing in things {
        let expected: BTreeSet<String> = truth
            .where_used(thing)
            .iter()
            .map(|row| {
                let relation = format!("{:?}", row.relation);
                show(&row.unit, &relation, &format!("{:?}", row.evidence), row.removed, &row.positions)
            })
            .collect();
        let answered: BTreeSet<String> = match question::where_used(desk, thing, None, None) {
            Ok(answer) => answer.units.iter().map(shown).collect(),
            Err(QuestionError::Unknown(_)) => BTreeSet::new(),
            Err(error) => panic!("{thing}: {error}"),
        };
        rows += expected.len();
        for row in expected.symmetric_difference(&answered) {
            let side = if expected.contains(row) { "missing" } else { "extra" };
            differences.push(format!("{thing}: {side} {row}"));
        }
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(500) {
            println!("{done} things, {} rows differ at this desk", differences.len());
        }
    }
    (rows, differences)
}

fn shown(row: &app::answer::WhereUsedRow) -> String {
    let relation = match row.relation {
        Relation::Installed => "Installed",
        Relation::Exposed => "Exposed",
    };
    let evidence = match row.evidence {
        Evidence::Certain => "Certain",
        Evidence::Possible => "Possible",
    };
    show(&row.unit, relation, evidence, row.removed_at.is_some(), &row.positions)
}

fn show(unit: &str, relation: &str, evidence: &str, removed: bool, positions: &[String]) -> String {
    let positions: BTreeSet<&String> = positions.iter().collect();
    let positions: Vec<&str> = positions.into_iter().map(String::as_str).collect();
    let removed = if removed { " removed" } else { "" };
    format!("{unit} {relation} {evidence}{removed} {}", positions.join(","))
}
