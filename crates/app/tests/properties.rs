//! Answers on thousands of random histories: equal to the naive oracle's, whatever the order of arrival, as of any index, after a rebuild.
//!
//! `TRACEWRIGHT_CASES` sets the number of histories, `TRACEWRIGHT_SEED` the first seed. A failure prints the seed and the history with every event
//! left out that the failure does not need.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use app::answer::{Component, Evidence, Relation, Trace, WhereUsed};
use app::question::{self, Desk, Snapshot};
use kernel::event::{
    Carrier, Event, Installed, Location, Mount, Mounted, Package, PassArrived, PassDeparted, PassEnded, PassStarted,
    UnitGroup, UnitStatus, UnitsMatched, UnitsSeparated, Unmounted,
};
use kernel::id::Seq;
use kernel::time::Time;
use store::{Outcome, SiteReader, Store};
use testkit::build::{carrier, event, group, location, material, mention, mount, mount_program, package};
use testkit::history::{Features, history};
use testkit::oracle::Oracle;
use testkit::random::Random;

/// Histories that share a store, side by side: a store costs more than a history.
const ABREAST: usize = 25;

/// Events in a store, and which entry of the log each became.
struct Recorded {
    store: Store,
    reader: SiteReader,
    log: Vec<Event>,
    _folder: tempfile::TempDir,
}

impl Recorded {
    fn empty() -> Recorded {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("site.db")).expect("a store");
        let reader = store.reader().expect("opens").expect("a store in a file");
        Recorded { store, reader, log: Vec::new(), _folder: folder }
    }

    fn record(&mut self, batch: &[Event]) {
        let outcomes = self.store.record(batch, &[]).expect("records");
        for (event, outcome) in batch.iter().zip(outcomes) {
            let (Outcome::Recorded(Seq(index)) | Outcome::Contradicts(Seq(index))) = outcome else { continue };
            let index = usize::try_from(index).expect("fits");
            while self.log.len() <= index {
                self.log.push(event.clone());
            }
            self.log[index] = event.clone();
        }
    }

    fn ask<T>(&self, question: impl FnOnce(&Desk<'_>) -> T) -> T {
        ask(&self.reader, &self.log, question)
    }
}

fn ask<T>(reader: &SiteReader, log: &[Event], question: impl FnOnce(&Desk<'_>) -> T) -> T {
    let events = |seq: Seq| log.get(usize::try_from(seq.0).ok()?).cloned().map(Arc::new);
    let snapshot = Snapshot { reader, events: &events, pseudonyms: &|_| Vec::new(), quarantined: &[] };
    question(&Desk::new(&snapshot))
}

fn in_batches(events: &[Event], random: &mut Random) -> Recorded {
    let mut recorded = Recorded::empty();
    let mut rest = events;
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(random.between(1, 40.max(events.len() / 3)).min(rest.len()));
        recorded.record(batch);
        rest = later;
    }
    recorded
}

// What an answer says, as lines.

fn evidence_word(certain: bool) -> &'static str {
    if certain { "certain" } else { "possible" }
}

fn relation_word(installed: bool) -> &'static str {
    if installed { "installed" } else { "exposed" }
}

fn component_line(row: &Component) -> String {
    let thing = row.package.as_ref().map(|package| format!("package:{package}")).or(row.thing.clone());
    format!(
        "{} at {} {} {}{}{}{}",
        thing.as_deref().unwrap_or("?"),
        row.position.as_deref().unwrap_or("-"),
        relation_word(row.relation == Relation::Installed),
        evidence_word(row.evidence == Evidence::Certain),
        row.removed_at.as_ref().map(|at| format!(" removed {at}")).unwrap_or_default(),
        row.station.as_ref().map(|station| format!(" by {station}")).unwrap_or_default(),
        row.via.as_ref().map(|via| format!(" via {via}")).unwrap_or_default(),
    )
}

fn trace_lines(answer: &Trace) -> Vec<String> {
    let mut lines: Vec<String> = answer.components.iter().map(component_line).collect();
    lines.sort();
    lines
}

fn used_lines(answer: &WhereUsed) -> Vec<String> {
    let mut lines: Vec<String> = answer
        .units
        .iter()
        .map(|row| {
            let positions: BTreeSet<&str> = row.positions.iter().map(String::as_str).collect();
            format!(
                "{} {} {} {positions:?}{}",
                row.unit,
                relation_word(row.relation == Relation::Installed),
                evidence_word(row.evidence == Evidence::Certain),
                row.removed_at.as_ref().map(|at| format!(" removed {at}")).unwrap_or_default(),
            )
        })
        .collect();
    lines.sort();
    lines
}

fn oracle_trace(oracle: &Oracle, unit: &str) -> Vec<String> {
    let line = |row: &testkit::oracle::Row| {
        format!(
            "{} at {} {} {}{}{}{}",
            row.thing.as_deref().unwrap_or("?"),
            row.position.as_deref().unwrap_or("-"),
            relation_word(row.installed),
            evidence_word(row.certain),
            row.removed_at.map(|at| format!(" removed {}", Time(at))).unwrap_or_default(),
            row.station.as_ref().map(|station| format!(" by {station}")).unwrap_or_default(),
            row.via.as_ref().map(|via| format!(" via {via}")).unwrap_or_default(),
        )
    };
    let mut lines: Vec<String> = oracle.trace(unit).iter().map(line).collect();
    lines.sort();
    lines
}

fn oracle_used(oracle: &Oracle, thing: &str) -> Vec<String> {
    let line = |row: testkit::oracle::Used| {
        let positions: BTreeSet<&str> = row.positions.iter().map(String::as_str).collect();
        format!(
            "{} {} {} {positions:?}{}",
            row.unit,
            relation_word(row.installed),
            evidence_word(row.certain),
            row.removed_at.map(|at| format!(" removed {}", Time(at))).unwrap_or_default(),
        )
    };
    let mut lines: Vec<String> = oracle.where_used(thing).into_iter().map(line).collect();
    lines.sort();
    lines
}

/// Lines that only one side has, marked with the side.
fn difference(of: &str, (left, lefts): (&str, &[String]), (right, rights): (&str, &[String])) -> String {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    lefts.iter().for_each(|line| *counts.entry(line).or_default() += 1);
    rights.iter().for_each(|line| *counts.entry(line).or_default() -= 1);
    let mut text = format!("{of}:\n");
    for (line, count) in counts {
        if count != 0 {
            let (side, side_lines) = if count > 0 { (left, lefts) } else { (right, rights) };
            let of = side_lines.iter().filter(|known| *known == line).count();
            let more = if of > count.unsigned_abs() as usize { format!(" ({of} times)") } else { String::new() };
            writeln!(text, "  only {side}{more}: {line}").expect("writes");
        }
    }
    text
}

fn same(of: &str, left: (&str, &[String]), right: (&str, &[String])) -> Result<(), String> {
    if left.1 == right.1 { Ok(()) } else { Err(difference(of, left, right)) }
}

fn traced(desk: &Desk<'_>, unit: &str) -> Result<Trace, String> {
    question::trace(desk, &format!("unit:{unit}")).map_err(|error| format!("{unit}: {error:?}"))
}

fn used(desk: &Desk<'_>, thing: &str) -> Result<WhereUsed, String> {
    question::where_used(desk, thing, None, None).map_err(|error| format!("{thing}: {error:?}"))
}

/// The answers to all questions about a history, with nothing in them that the order of arrival may change.
fn all_answers(reader: &SiteReader, log: &[Event], oracle: &Oracle) -> Vec<String> {
    ask(reader, log, |desk| all_at(desk, oracle))
}

fn all_at(desk: &Desk<'_>, oracle: &Oracle) -> Vec<String> {
    let mut lines = Vec::new();
    for unit in oracle.units() {
        match question::trace(desk, &format!("unit:{unit}")) {
            Ok(mut answer) => {
                answer.as_of = 0;
                answer.names[1..].sort();
                for component in &mut answer.components {
                    component.index = None;
                    component.reasons.sort();
                }
                let mut components: Vec<String> = answer.components.iter().map(|row| format!("{row:?}")).collect();
                components.sort();
                answer.components.clear();
                let mut history: Vec<String> = Vec::new();
                for line in &mut answer.history {
                    (line.index, line.recorded_at) = (0, String::new());
                    history.push(format!("{line:?}"));
                }
                history.sort();
                answer.history.clear();
                lines.push(format!("trace {unit}: {answer:?}"));
                lines.extend(components.iter().chain(&history).map(|line| format!("trace {unit}: {line}")));
            }
            Err(error) => lines.push(format!("trace {unit}: {error}")),
        }
    }
    for thing in oracle.things() {
        match question::where_used(desk, &thing, None, None) {
            Ok(mut answer) => {
                answer.as_of = 0;
                answer.expanded.sort();
                let mut rows: Vec<String> = answer.units.iter().map(|row| format!("{row:?}")).collect();
                rows.sort();
                answer.units.clear();
                lines.push(format!("where-used {thing}: {answer:?}"));
                lines.extend(rows.iter().map(|row| format!("where-used {thing}: {row}")));
            }
            Err(error) => lines.push(format!("where-used {thing}: {error}")),
        }
    }
    lines
}

// The properties, each of one history in a store that may hold others.

fn equals_the_oracle(desk: &Desk<'_>, oracle: &Oracle) -> Result<(), String> {
    for unit in oracle.units() {
        let answer = traced(desk, unit)?;
        if answer.unit != *unit {
            return Err(format!("`{unit}` is answered as `{}`", answer.unit));
        }
        same(unit, ("product", &trace_lines(&answer)), ("oracle", &oracle_trace(oracle, unit)))?;
    }
    for thing in oracle.things() {
        let answer = used(desk, &thing)?;
        same(&thing, ("product", &used_lines(&answer)), ("oracle", &oracle_used(oracle, &thing)))?;
    }
    Ok(())
}

/// u in where-used(p) if and only if p in trace(u), in the product's own words.
fn directions_agree(desk: &Desk<'_>, oracle: &Oracle) -> Result<(), String> {
    type Group = (BTreeSet<String>, Option<String>);
    type Key = (String, bool, bool, bool);
    let mut expected: BTreeMap<String, BTreeMap<Key, Group>> = BTreeMap::new();
    for unit in oracle.units() {
        for row in traced(desk, unit)?.components {
            let Some(thing) = row.package.map(|package| format!("package:{package}")).or(row.thing) else { continue };
            let key = (
                unit.clone(),
                row.relation == Relation::Installed,
                row.evidence == Evidence::Certain,
                row.removed_at.is_some(),
            );
            let group = expected.entry(thing).or_default().entry(key).or_default();
            group.0.extend(row.position);
            group.1 = group.1.clone().max(row.removed_at);
        }
    }
    let has_splits = |answer: &WhereUsed| answer.expanded.len() > 1;
    for thing in oracle.things().iter().filter(|thing| !thing.starts_with("part:") && !thing.starts_with("lot:")) {
        let answer = used(desk, thing)?;
        if has_splits(&answer) {
            continue;
        }
        let lines = expected.remove(thing).unwrap_or_default();
        let mut lines: Vec<String> = lines
            .into_iter()
            .map(|((unit, installed, certain, _), (positions, removed))| {
                let removed = removed.map(|at| format!(" removed {at}")).unwrap_or_default();
                format!("{unit} {} {} {positions:?}{removed}", relation_word(installed), evidence_word(certain))
            })
            .collect();
        lines.sort();
        same(thing, ("where-used", &used_lines(&answer)), ("trace", &lines))?;
    }
    Ok(())
}

/// What any of two things reached is what each of them did. (A package that certainly is of one of two lots, and possibly of the other, certainly is of
/// either.)
fn joined_as_alone(desk: &Desk<'_>, oracle: &Oracle) -> Result<(), String> {
    type Key = (String, bool, bool, bool);
    type Rows = BTreeMap<Key, BTreeSet<String>>;
    let rows = |answer: WhereUsed, into: &mut Rows| {
        for row in answer.units {
            let (installed, certain) = (row.relation == Relation::Installed, row.evidence == Evidence::Certain);
            into.entry((row.unit, installed, certain, row.removed_at.is_some())).or_default().extend(row.positions);
        }
    };
    let surest = |rows: Rows| -> Rows {
        let certain: BTreeSet<Key> = rows.keys().filter(|key| key.2).cloned().collect();
        let surer = |key: &Key| !key.2 && certain.contains(&(key.0.clone(), key.1, true, key.3));
        rows.into_iter().filter(|(key, _)| !surer(key)).collect()
    };
    let things: Vec<String> = oracle.things().into_iter().collect();
    for pair in things.chunks(2).filter(|pair| pair.len() == 2) {
        let (mut alone, mut joined, mut expanded) = (Rows::new(), Rows::new(), Vec::new());
        for thing in pair {
            let answer = used(desk, thing)?;
            expanded.push(answer.expanded.iter().cloned().collect::<BTreeSet<String>>());
            rows(answer, &mut alone);
        }
        let text = format!("\"{}\" or \"{}\"", pair[0], pair[1]);
        rows(used(desk, &text)?, &mut joined);
        if !expanded[0].is_disjoint(&expanded[1]) {
            (alone, joined) = (surest(alone), surest(joined));
        }
        if alone != joined {
            return Err(format!("{text}:\n  alone  {alone:?}\n  joined {joined:?}"));
        }
    }
    Ok(())
}

fn order_does_not_matter(recorded: &Recorded, other: &Recorded, oracle: &Oracle) -> Result<(), String> {
    let left = all_answers(&recorded.reader, &recorded.log, oracle);
    let right = all_answers(&other.reader, &other.log, oracle);
    same("in another order", ("first", &left), ("second", &right))
}

fn rebuilt(recorded: &Recorded) -> Recorded {
    let mut again = Recorded::empty();
    let entries: Vec<(Event, [u8; 32])> = recorded
        .log
        .iter()
        .map(|event| {
            let stored = kernel::stored::encode(event).expect("encodes");
            (kernel::stored::decode(&stored.entry, &mut |_| None).expect("decodes"), stored.content)
        })
        .collect();
    let (early, late) = entries.split_at(entries.len() / 2);
    again.store.replay(Seq(0), early).expect("replays");
    again.store.replay(Seq(early.len() as u64), late).expect("replays");
    again.log = entries.into_iter().map(|(event, _)| event).collect();
    again
}

// Running them.

type Check = fn(&[Vec<Event>], u64) -> Result<(), (usize, String)>;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Features by which a unit gets several names, or a message belongs to a pass for what it says only.
const SEVERAL_NAMES: u32 = Features::SERIALS | Features::CARRIERS | Features::TWICE | Features::NTH | Features::NIL;

/// What may occur in the history of a seed. Every fourth has one name for each unit, as most stations of a factory do.
fn features(seed: u64) -> Features {
    let chosen = number("TRACEWRIGHT_FEATURES").map(|bits| Features(u32::try_from(bits).unwrap_or(u32::MAX)));
    let without = match seed % 4 {
        3 => SEVERAL_NAMES,
        1 => Features::CARRIERS,
        _ => 0,
    };
    let usual = Features(Features::ALL.0 & !without);
    chosen.unwrap_or(usual)
}

/// Runs a check on many histories, several at a time in one store; what fails is tried alone and made small.
fn run(default_cases: u64, check: Check) {
    let cases = number("TRACEWRIGHT_CASES").unwrap_or(default_cases);
    let first = number("TRACEWRIGHT_SEED").unwrap_or(1);
    let shown_max = number("TRACEWRIGHT_FAILURES").unwrap_or(1);
    let seeds: Vec<u64> = (first..first + cases).collect();
    let mut failures = Vec::new();
    for seeds in seeds.chunks(ABREAST) {
        let histories: Vec<Vec<Event>> =
            seeds.iter().enumerate().map(|(nth, seed)| history(*seed, &format!("h{nth}-"), features(*seed))).collect();
        let Err((nth, text)) = check(&histories, seeds[0]) else { continue };
        let seed = seeds[nth];
        let mut small = history(seed, "", features(seed));
        // Alone it may fail in another order only.
        let mut alone =
            (seed..seed + 64).filter_map(|order| Some((order, check(std::slice::from_ref(&small), order).err()?.1)));
        failures.push(match alone.next() {
            None => format!("seed {seed} fails beside the {ABREAST} from {} only: {text}", seeds[0]),
            Some((order, text)) => {
                let text = shrink(&mut small, order, check, text);
                let events: Vec<String> = small.iter().map(shown).collect();
                format!("seed {seed} fails:\n{text}\nwith {} events:\n{}", events.len(), events.join("\n"))
            }
        });
        if failures.len() as u64 >= shown_max {
            break;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn shown(event: &Event) -> String {
    let stored = kernel::stored::encode(event).expect("encodes");
    let tick = (event.at.at.0 - testkit::build::DAWN) / testkit::build::TICK;
    let entry = String::from_utf8_lossy(&stored.entry).into_owned();
    let (kind, rest) = (event.fact.kind(), entry.split_once("\"fact\":").map_or("", |(_, rest)| rest));
    let fact = rest.rsplit_once(",\"recorded\"").map_or(rest, |(fact, _)| fact);
    format!("  {tick:>3} {} {kind} {fact}", event.source.handle)
}

/// Leaves out events, one by one, as long as the check still fails in one of a few orders.
fn shrink(events: &mut Vec<Event>, seed: u64, check: Check, mut text: String) -> String {
    let mut step = (events.len() / 4).max(1);
    loop {
        let mut index = 0;
        let mut fewer = false;
        while index < events.len() {
            let mut without = events.clone();
            without.drain(index..(index + step).min(events.len()));
            let still = (seed..seed + 8).find_map(|order| check(std::slice::from_ref(&without), order).err());
            match still {
                Some((_, still)) => (*events, text, fewer) = (without, still, true),
                None => index += step,
            }
        }
        if step == 1 && !fewer {
            break;
        }
        step = (step / 2).max(1);
    }
    // Two that only matter to each other, such as an arrival and its departure.
    let pairs =
        |events: &[Event]| (0..events.len()).flat_map(|one| (0..one).map(move |two| (one, two))).collect::<Vec<_>>();
    while let Some((without, still)) = pairs(events).into_iter().find_map(|(one, two)| {
        let kept = events.iter().enumerate().filter(|(index, _)| *index != one && *index != two);
        let without: Vec<Event> = kept.map(|(_, event)| event.clone()).collect();
        let still = (seed..seed + 8).find_map(|order| check(std::slice::from_ref(&without), order).err())?;
        Some((without, still.1))
    }) {
        (*events, text) = (without, still);
    }
    text
}

fn shuffled(histories: &[Vec<Event>], random: &mut Random) -> Vec<Event> {
    let mut all: Vec<Event> = histories.iter().flatten().cloned().collect();
    random.shuffle(&mut all);
    all
}

/// Half of the time some messages never came.
fn thinned(histories: &[Vec<Event>], random: &mut Random) -> Vec<Vec<Event>> {
    let lost = if random.percent(50) { random.between(1, 60) } else { 0 };
    let keep = |events: &Vec<Event>, random: &mut Random| {
        events.iter().filter(|_| !random.percent(lost)).cloned().collect::<Vec<Event>>()
    };
    histories.iter().map(|events| keep(events, random)).collect()
}

fn of_each(
    histories: &[Vec<Event>],
    mut check: impl FnMut(&Oracle) -> Result<(), String>,
) -> Result<(), (usize, String)> {
    for (nth, events) in histories.iter().enumerate() {
        check(&Oracle::new(events)).map_err(|text| (nth, text))?;
    }
    Ok(())
}

#[test]
fn answers_equal_the_oracle() {
    run(1000, |histories, seed| {
        let mut random = Random::new(seed);
        let histories = thinned(histories, &mut random);
        let recorded = in_batches(&shuffled(&histories, &mut random), &mut random);
        // A desk for each: what one question keeps must not change the answer to another.
        of_each(&histories, |oracle| recorded.ask(|desk| equals_the_oracle(desk, oracle)))
    });
}

/// Small histories, told in many orders.
fn agrees(told: &[Event]) {
    let oracle = Oracle::new(told);
    for seed in 0..12 {
        let mut random = Random::new(seed);
        let mut events = told.to_vec();
        random.shuffle(&mut events);
        let recorded = in_batches(&events, &mut random);
        let agrees =
            recorded.ask(|desk| equals_the_oracle(desk, &oracle).and_then(|()| directions_agree(desk, &oracle)));
        let order: Vec<String> = events.iter().map(shown).collect();
        agrees.unwrap_or_else(|text| panic!("{text}\nin this order:\n{}", order.join("\n")));
    }
}

/// A reel lies in a feeder from tick 1 to tick 3.
fn long_ago() -> [Event; 2] {
    let (on, off) = (vec![mount("REEL", Some("F1"))], vec![mount("REEL", None)]);
    [
        event("STATION", 1, "on", Mounted { mounts: on, ..Default::default() }),
        event("STATION", 3, "off", Unmounted { mounts: off, ..Default::default() }),
    ]
}

fn arrives(tick: i64, units: UnitGroup) -> Event {
    event("STATION", tick, &format!("arrives {tick}"), PassArrived { units, ..Default::default() })
}

fn departs(tick: i64, units: UnitGroup) -> Event {
    event("STATION", tick, &format!("departs {tick}"), PassDeparted { units, ..Default::default() })
}

fn starts(tick: i64, transaction: &str, units: UnitGroup) -> Event {
    let transaction = transaction.to_owned();
    event("STATION", tick, &format!("starts {tick}"), PassStarted { transaction, units, ..Default::default() })
}

fn ends(tick: i64, transaction: &str, units: UnitGroup) -> Event {
    let (transaction, result) = (transaction.to_owned(), "Completed".to_owned());
    event("STATION", tick, &format!("ends {tick}"), PassEnded { transaction, units, result, ..Default::default() })
}

fn loads(tick: i64, board: &str) -> Event {
    let units = group("", vec![mention(board, Some(1), UnitStatus::Pass)]);
    let loaded = UnitsMatched { carrier: "CARRIER".into(), units, ..Default::default() };
    event("HOUSE", tick, &format!("loads {tick}"), loaded)
}

fn unloads(tick: i64) -> Event {
    let emptied = UnitsSeparated { carrier: "CARRIER".into(), ..Default::default() };
    event("HOUSE", tick, &format!("unloads {tick}"), emptied)
}

#[test]
fn a_reel_left_with_the_trolley_that_only_another_reel_names() {
    let lying = |reel: &str, place: &str, feeder: Carrier| {
        let location = Location { carrier: Some(feeder), ..location(place) };
        Mounted { mounts: vec![Mount { location: Some(location), ..mount(reel, None) }], ..Default::default() }
    };
    let on_trolley = Carrier { parent: Some(Box::new(carrier("TROLLEY"))), ..carrier("FEEDER") };
    let gone = Mount { carrier: Some(carrier("TROLLEY")), ..Default::default() };
    let report = |named: &str, tick: i64| {
        let named = Package { part: "PART".into(), ..package(named) };
        let materials = vec![material(("ANOTHER", None), Some(named), None, &["R1"])];
        event("STATION", tick, &format!("installed {tick}"), Installed { materials, ..Default::default() })
    };
    agrees(&[
        event("ELSEWHERE", 0, "on", lying("OTHER", "F2", on_trolley)),
        event("ELSEWHERE", 3, "on too", lying("REEL", "F2", carrier("FEEDER"))),
        event("STATION", 11, "off", Unmounted { mounts: vec![gone], ..Default::default() }),
        report("REEL", 13),
        event("STATION", 17, "here", lying("REEL", "F1", carrier("ANOTHER FEEDER"))),
        starts(19, "", group("PANEL", vec![])),
        ends(20, "", group("PANEL", vec![])),
    ]);
}

#[test]
fn who_left_as_it_came_has_no_begin_when_a_transaction_has_it() {
    let panel = || group("PANEL", vec![]);
    let came = [arrives(23, panel()), departs(23, panel())];
    for others in [vec![], vec![starts(24, "T", panel())], vec![starts(22, "T", panel())]] {
        agrees(&[&long_ago()[..], &came, &others].concat());
    }
}

#[test]
fn who_left_in_the_middle_of_a_transaction_has_no_begin() {
    let panel = || group("PANEL", vec![]);
    let report = |tick: i64| {
        let materials = vec![material(("PANEL", None), None, Some("F1"), &["R1"])];
        event("STATION", tick, "installed", Installed { materials, ..Default::default() })
    };
    let visits: [&[Event]; 4] = [
        &[arrives(20, panel()), departs(23, panel())],
        &[arrives(20, panel()), report(21), departs(24, panel())],
        &[arrives(20, panel()), ends(21, "", panel())],
        &[starts(20, "", panel()), departs(24, panel())],
    ];
    for visit in visits {
        for (begin, end) in [(22, 24), (18, 22), (21, 22), (23, 23), (15, 17), (26, 27), (18, 25)] {
            let worked = [starts(begin, "T", panel()), ends(end, "T", panel())];
            let later = event(
                "STATION",
                40,
                "later",
                Mounted { mounts: vec![mount("LATE", Some("F1"))], ..Default::default() },
            );
            agrees(&[&long_ago()[..], visit, &worked, &[later]].concat());
        }
    }
}

#[test]
fn whom_the_end_of_a_transaction_does_not_name_has_none() {
    let of_both = |name: &str| {
        let boards = (1..=2).map(|position| mention(name, Some(position), UnitStatus::Pass));
        group(name, boards.collect())
    };
    let installed = |name: &str| {
        let materials = (1..=2).map(|position| material((name, Some(position)), Some(package("REEL")), None, &["R1"]));
        let report = Installed { transaction: "T".into(), materials: materials.collect(), ..Default::default() };
        event("STATION", 6, "installed", report)
    };
    let program = |tick: i64, name: &str| {
        let mounts = vec![mount_program(name, None, None)];
        event("STATION", tick, name, Mounted { mounts, ..Default::default() })
    };
    let known = |tick: i64, designator: &str| {
        let materials = vec![material(("ANOTHER", None), Some(package("REEL")), None, &[designator])];
        event("STATION", tick, &format!("known {tick}"), Installed { materials, ..Default::default() })
    };
    let later =
        event("STATION", 12, "later", Mounted { mounts: vec![mount("LATE", Some("F1"))], ..Default::default() });
    for name in ["CARRIER", "PANEL"] {
        let told = [starts(3, "T", of_both(name)), installed(name), ends(8, "T", of_both("OTHER")), later.clone()];
        agrees(&[&told[..], &[loads(0, "BOARD"), unloads(5)]].concat());
        agrees(&[&told[..], &[program(1, "A"), program(10, "B"), known(11, "R2")]].concat());
    }
}

#[test]
fn a_board_that_came_onto_a_carrier_during_a_pass_has_no_begin() {
    let carrier = || group("CARRIER", vec![]);
    let whole_day = [arrives(5, carrier()), departs(6, carrier()), arrives(15, carrier()), departs(17, carrier())];
    let worked = [starts(15, "T", carrier()), ends(17, "T", carrier())];
    let report = Installed {
        transaction: "T".into(),
        materials: vec![material(("CARRIER", Some(1)), None, Some("F1"), &["R1"])],
        ..Default::default()
    };
    let moves: [&[Event]; 4] = [
        &[loads(16, "BOARD")],
        &[loads(4, "BOARD"), unloads(16)],
        &[loads(10, "BOARD"), unloads(17)],
        &[loads(14, "BOARD"), unloads(18)],
    ];
    for moved in moves {
        agrees(&[&long_ago()[..], &whole_day, moved].concat());
        agrees(&[&long_ago()[..], &worked, &[event("STATION", 16, "installed", report.clone())], moved].concat());
    }
}

#[test]
fn trace_and_where_used_agree() {
    run(1000, |histories, seed| {
        let mut random = Random::new(seed);
        let histories = thinned(histories, &mut random);
        let recorded = in_batches(&shuffled(&histories, &mut random), &mut random);
        of_each(&histories, |oracle| {
            recorded.ask(|desk| directions_agree(desk, oracle))?;
            recorded.ask(|desk| joined_as_alone(desk, oracle))
        })
    });
}

#[test]
fn order_and_repeats_change_nothing() {
    run(1000, |histories, seed| {
        let mut random = Random::new(seed);
        let events: Vec<Event> = histories.iter().flatten().cloned().collect();
        let recorded = in_batches(&events, &mut random);
        let mut again = events.clone();
        again.extend(events.iter().filter(|_| random.percent(30)).cloned());
        random.shuffle(&mut again);
        let other = in_batches(&again, &mut random);
        of_each(histories, |oracle| order_does_not_matter(&recorded, &other, oracle))
    });
}

#[test]
fn as_of_equals_a_store_that_stopped_there() {
    run(100, |histories, seed| {
        let mut random = Random::new(seed);
        let recorded = in_batches(&shuffled(histories, &mut random), &mut random);
        let mut stopped = Recorded::empty();
        for _ in 0..4 {
            let until = random.between(stopped.log.len(), recorded.log.len());
            // One at a time, so that the log keeps its order.
            for event in &recorded.log[stopped.log.len()..until] {
                stopped.record(std::slice::from_ref(event));
            }
            let mut reader = recorded.store.reader().expect("opens").expect("in a file");
            reader.bound_by(Seq(until as u64));
            of_each(histories, |oracle| {
                let left = all_answers(&reader, &recorded.log, oracle);
                let right = all_answers(&stopped.reader, &stopped.log, oracle);
                same(&format!("as of {until}"), ("as-of", &left), ("stopped", &right))
            })?;
        }
        Ok(())
    });
}

#[test]
fn a_rebuild_answers_alike() {
    run(500, |histories, seed| {
        let mut random = Random::new(seed);
        let recorded = in_batches(&shuffled(histories, &mut random), &mut random);
        let again = rebuilt(&recorded);
        of_each(histories, |oracle| {
            let left = all_answers(&recorded.reader, &recorded.log, oracle);
            let right = all_answers(&again.reader, &again.log, oracle);
            same("rebuilt", ("live", &left), ("rebuilt", &right))
        })
    });
}
