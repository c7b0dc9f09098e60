//! A site on a disk that fails at random, under load: whatever fails, before or after it happened, nothing acknowledged is lost, nothing is
//! there twice, the ledger verifies and a rebuild answers alike.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use app::fault::{Fault, Faults, Place};
use app::{AsOf, OpenOptions, Outcome, Site, SiteError, VerifyOptions};
use tempfile::TempDir;
use testkit::random::Random;

/// How many rounds; more by hand.
const ROUNDS_VARIABLE: &str = "TRACEWRIGHT_FAULT_ROUNDS";
const ROUNDS: u64 = 24;
const SEED_VARIABLE: &str = "TRACEWRIGHT_SEED";
/// Rounds that go on with the same folder, so that one stands on what others left.
const ROUNDS_OF_A_FOLDER: u64 = 8;
/// Sources that speak at the same time.
const SOURCES: u64 = 3;
/// Requests of each in a round.
const REQUESTS: u64 = 6;

/// Which steps fail, and what was made to fail so far.
struct Plan {
    random: Random,
    /// One step in so many fails.
    one_in: usize,
    left: u64,
    done: BTreeMap<(&'static str, &'static str), u64>,
}

impl Plan {
    fn ask(&mut self, place: Place) -> Option<Fault> {
        if self.left == 0 || self.random.below(self.one_in) > 0 {
            return None;
        }
        self.left -= 1;
        let fault = match self.random.below(3) {
            0 => Fault::NotDone,
            1 => Fault::AnswerLost,
            _ => Fault::Torn(self.random.below(300)),
        };
        let place = match place {
            Place::Ledger => "ledger",
            Place::Database => "site.db",
            Place::Own => "own.db",
        };
        let what = match fault {
            Fault::NotDone => "not done",
            Fault::AnswerLost => "done, answer lost",
            Fault::Torn(_) => "torn",
        };
        *self.done.entry((place, what)).or_default() += 1;
        Some(fault)
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What a source sends at once: events of all sizes, a person, and one line that cannot be understood.
fn request(round: u64, source: u64, request: u64, random: &mut Random) -> Vec<String> {
    let unit = |number: usize| format!("U{round}-{source}-{request}-{number}");
    let mut lines: Vec<String> = (0..1 + random.below(8))
        .map(|number| {
            let name = unit(number);
            // Some are too large for an entry and become attachments.
            let large = if random.below(20) == 0 { "x".repeat(70_000) } else { String::new() };
            format!(
                "{{\"type\":\"Packed\",\"at\":\"2026-03-02T10:00:00Z\",\"container\":\"B{round}-{source}\",\
                 \"units\":[\"{name}\",\"{name}{large}\"]}}"
            )
        })
        .collect();
    let badge = random.below(5);
    lines.push(format!(
        "{{\"type\":\"Mounted\",\"at\":\"2026-03-02T09:00:00Z\",\"source\":\"Bench {}\",\
         \"mounts\":[{{\"person\":{{\"badge\":\"{badge}-{round}\"}}}}]}}",
        unit(0)
    ));
    if random.below(4) == 0 {
        lines.push(format!("{{\"type\":\"Packed\",\"unit\":\"{}\"}}", unit(0)));
    }
    lines
}

/// What a round's sources sent, and whether they were told that it is kept.
#[derive(Default)]
struct Sent {
    requests: Vec<(Vec<String>, bool)>,
}

fn send(site: &Site, lines: &[String]) -> Result<Vec<Outcome>, SiteError> {
    let captured = site.capture_events("load", lines.join("\n").into_bytes())?;
    Ok(captured.messages.into_iter().map(|message| message.outcome).collect())
}

/// Sources send to a site on a failing disk until they are through, or have had enough.
fn load(dir: &Path, round: u64, seed: u64, faults: &Faults, heals: bool) -> Sent {
    let sent = Mutex::new(Sent::default());
    let Ok(site) = Site::open_with_faults(dir, OpenOptions { create: true }, faults.clone()) else {
        return sent.into_inner().unwrap_or_else(PoisonError::into_inner);
    };
    std::thread::scope(|scope| {
        for source in 0..SOURCES {
            let (site, sent) = (&site, &sent);
            scope.spawn(move || {
                let mut random = Random::new(seed ^ (source + 1));
                for number in 0..REQUESTS {
                    let lines = request(round, source, number, &mut random);
                    // A source that is not answered mostly repeats, and sometimes gives up.
                    let mut kept = false;
                    while !kept {
                        kept = send(site, &lines).is_ok();
                        if !kept && random.below(4) == 0 {
                            break;
                        }
                    }
                    sent.lock().unwrap_or_else(PoisonError::into_inner).requests.push((lines, kept));
                }
            });
        }
    });
    if heals {
        // The notary tries again by itself until the disk is well.
        let begun = Instant::now();
        while site.ledger().is_ok_and(|ledger| ledger.sealed < ledger.recorded) {
            assert!(begun.elapsed() < Duration::from_secs(120), "the notary has given up");
            std::thread::yield_now();
        }
    }
    site.close().ok();
    sent.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the folder on a disk that is well, sends everything again and says how many events are in the log.
fn check(dir: &Path, sent: &Sent, context: &str) -> u64 {
    let site = Site::open(dir, OpenOptions { create: true }).unwrap_or_else(|error| panic!("{context}: {error:?}"));
    for (lines, acknowledged) in &sent.requests {
        let outcomes = send(&site, lines).unwrap_or_else(|error| panic!("{context}: {error:?}"));
        assert_eq!(outcomes.len(), lines.len(), "{context}");
        for (outcome, line) in outcomes.iter().zip(lines) {
            let good = match outcome {
                Outcome::Duplicate | Outcome::Quarantined { .. } => true,
                Outcome::Recorded { .. } => !acknowledged,
                _ => false,
            };
            assert!(good, "{context}: acknowledged {acknowledged}, sent again it is {outcome:?}: {line:.200}");
        }
    }
    site.close().unwrap_or_else(|error| panic!("{context}: {error:?}"));
    let options = VerifyOptions { at_rest: true, ..VerifyOptions::default() };
    Site::verify(dir, &options, &mut |_, _| {}).unwrap_or_else(|error| panic!("{context}: {error:?}")).entries
}

/// Some answers, in JSON.
fn answers(dir: &Path, rounds: std::ops::Range<u64>) -> Vec<String> {
    let site = Site::open_to_read(dir).expect("opens");
    let mut answers = Vec::new();
    for round in rounds {
        for source in 0..SOURCES {
            let query = app::WhereUsedQuery { thing: format!("container:B{round}-{source}"), ..Default::default() };
            answers.push(serde_json::to_string(&site.where_used(&query).ok()).expect("is JSON"));
            let trace = site.trace(&format!("U{round}-{source}-0-0"), AsOf::Latest).ok();
            answers.push(serde_json::to_string(&trace).expect("is JSON"));
        }
    }
    answers
}

#[test]
fn a_failing_disk_loses_nothing_and_doubles_nothing() {
    let rounds = number(ROUNDS_VARIABLE, ROUNDS);
    let seed = number(SEED_VARIABLE, 1);
    let begun = Instant::now();
    let mut done: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let (mut entries, mut acknowledged, mut unanswered) = (0, 0, 0);
    let mut folder = TempDir::new().expect("a folder");
    let mut expected = std::collections::BTreeSet::new();
    for round in 0..rounds {
        if round % ROUNDS_OF_A_FOLDER == 0 {
            folder = TempDir::new().expect("a folder");
            expected.clear();
        }
        let dir = folder.path();
        let context = format!("seed {seed}, round {round}");
        let round_seed = seed.wrapping_mul(1_000_003).wrapping_add(round);
        let mut random = Random::new(round_seed);
        let plan = Plan {
            one_in: 1 << (2 + random.below(5)),
            left: 1 + random.below(4) as u64,
            random: Random::new(random.next()),
            done: BTreeMap::new(),
        };
        let plan = Arc::new(Mutex::new(plan));
        let asked = Arc::clone(&plan);
        let faults = Faults::new(move |place| asked.lock().unwrap_or_else(PoisonError::into_inner).ask(place));
        let sent = load(dir, round, round_seed, &faults, round % 8 == 7);
        let counted = check(dir, &sent, &context);
        for (lines, kept) in &sent.requests {
            expected.extend(lines.iter().filter(|line| line.contains("\"at\"")).cloned());
            *(if *kept { &mut acknowledged } else { &mut unanswered }) += lines.len() as u64;
        }
        assert_eq!(counted, expected.len() as u64, "{context}: events in the log, and events that were sent");
        for (what, count) in &plan.lock().unwrap_or_else(PoisonError::into_inner).done {
            *done.entry(*what).or_default() += count;
        }
        if round % ROUNDS_OF_A_FOLDER == ROUNDS_OF_A_FOLDER - 1 || round + 1 == rounds {
            let range = round - round % ROUNDS_OF_A_FOLDER..round + 1;
            let before = answers(dir, range.clone());
            let rebuilt = Site::rebuild(dir, &mut |_, _| {}).unwrap_or_else(|error| panic!("{context}: {error:?}"));
            assert_eq!((rebuilt.events, rebuilt.carried_over), (counted, 0), "{context}");
            assert_eq!(answers(dir, range), before, "{context}: a rebuild answers otherwise");
            entries += counted;
        }
    }
    let faults: u64 = done.values().sum();
    eprintln!(
        "{rounds} rounds from seed {seed} in {:.0} s: {faults} faults injected, {acknowledged} messages acknowledged and \
         {unanswered} not, {entries} events in the ledgers\n{done:?}",
        begun.elapsed().as_secs_f64()
    );
}
