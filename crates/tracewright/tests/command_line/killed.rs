//! `kill -9` at random moments: of imports, and of a server that several machines send to.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::{Server, post};
use crate::{answer, counts, factory, text, tracewright};

/// How often something is killed; more by hand.
const KILL_ROUNDS: u64 = 20;
/// Machines that send at once.
const SENDERS: usize = 3;
/// Messages that a machine sends in one request.
const TOGETHER: usize = 8;
/// A server is killed at the latest so long after it listens.
const SERVED_MAX: Duration = Duration::from_millis(80);
/// One that is killed while it starts, at the latest so long after it was started.
const STARTED_MAX: Duration = Duration::from_millis(40);

fn rounds() -> u64 {
    std::env::var("TRACEWRIGHT_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(KILL_ROUNDS)
}

/// Chance.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 32
    }

    /// A part of a duration, evenly spread.
    fn of(&mut self, whole: Duration) -> Duration {
        whole.mul_f64(f64::from(u32::try_from(self.next()).unwrap_or(0)) / f64::from(u32::MAX))
    }
}

/// What a folder in which nothing was killed says.
struct Whole {
    lines: Vec<String>,
    recorded: u64,
    lot: String,
    used: Value,
}

impl Whole {
    fn new(folder: &Path) -> (Whole, Duration) {
        let (cfx, _) = factory(folder);
        let data = folder.join("whole");
        let begun = Instant::now();
        let [_, recorded, ..] = counts(&answer(&data, &["import", "cfx", text(&cfx)]));
        let usual = begun.elapsed();
        let trace = answer(&data, &["trace", "PNL-000001/1"]);
        let lot = format!("lot:{}", trace["components"][0]["lot"].as_str().expect("a lot"));
        let used = answer(&data, &["where-used", &lot]);
        let lines = fs::read_to_string(&cfx).expect("reads").lines().map(str::to_owned).collect();
        (Whole { lines, recorded, lot, used }, usual)
    }

    /// Holds a folder against it: all is there, once, and answers alike, from the ledger alone too.
    fn assert_same(&self, data: &Path, context: &str) {
        assert_eq!(answer(data, &["verify", "--at-rest"])["entries"], self.recorded, "{context}");
        let same = |context: &str| {
            let again = answer(data, &["where-used", &self.lot]);
            assert_eq!((&again["units"], &again["counts"]), (&self.used["units"], &self.used["counts"]), "{context}");
        };
        same(context);
        assert_eq!(answer(data, &["rebuild"])["events"], self.recorded, "{context}");
        same(&format!("{context}, rebuilt"));
    }
}

#[test]
fn an_import_that_is_killed_loses_nothing_and_doubles_nothing() {
    let folder = TempDir::new().expect("a folder");
    let (whole, usual) = Whole::new(folder.path());
    // Parts that are imported one after the other; those that ended well are acknowledged.
    let parts: Vec<PathBuf> = whole
        .lines
        .chunks(whole.lines.len().div_ceil(4))
        .enumerate()
        .map(|(number, lines)| {
            let path = folder.path().join(format!("part-{number}.ndjson"));
            fs::write(&path, lines.join("\n")).expect("writes");
            path
        })
        .collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (rounds, run_begun, mut killed, mut kept, mut again_recorded) = (rounds(), Instant::now(), 0, 0, 0);
    for round in 0..rounds {
        let victim = usize::try_from(random.next() >> 28).unwrap_or(0) % parts.len();
        let after = random.of(usual / 2);
        let data = folder.path().join(format!("round-{round}"));
        for part in &parts[..victim] {
            answer(&data, &["import", "cfx", text(part)]);
        }
        let mut import =
            tracewright(&data, &["import", "cfx", text(&parts[victim])]).stdout(Stdio::null()).spawn().expect("runs");
        let begun = Instant::now();
        let mut acknowledged = victim;
        while begun.elapsed() < after {
            if let Some(status) = import.try_wait().expect("is asked") {
                assert!(status.success(), "round {round}");
                acknowledged = victim + 1;
                break;
            }
            std::thread::yield_now();
        }
        import.kill().ok();
        import.wait().expect("ends");
        killed += u64::from(acknowledged == victim);

        let context = format!("round {round}: part {victim} killed after {after:?}");
        if data.join("ledger/checkpoint").exists() && data.join("keys/ledger.pub").exists() {
            answer(&data, &["verify"]);
        }
        for (number, part) in parts.iter().enumerate() {
            let again = answer(&data, &["import", "cfx", text(part)]);
            if number < acknowledged {
                assert_eq!(counts(&again)[1], 0, "{context}: part {number} was acknowledged");
                kept += counts(&again)[0];
            }
            again_recorded += counts(&again)[1];
        }
        whole.assert_same(&data, &context);
        fs::remove_dir_all(&data).expect("removes");
    }
    eprintln!(
        "{rounds} rounds in {:.0} s: {killed} imports killed, the others had ended; {kept} acknowledged messages all there, \
         {again_recorded} others recorded afterwards",
        run_begun.elapsed().as_secs_f64()
    );
}

/// Messages on their way to a server that is killed again and again.
struct Delivery {
    waiting: Mutex<VecDeque<String>>,
    acknowledged: Mutex<Vec<String>>,
    /// Requests that were sent and not acknowledged.
    cut_off: AtomicUsize,
}

impl Delivery {
    fn of(lines: &[String]) -> Delivery {
        Delivery {
            waiting: Mutex::new(lines.chunks(TOGETHER).map(|lines| lines.join("\n")).collect()),
            acknowledged: Mutex::default(),
            cut_off: AtomicUsize::new(0),
        }
    }

    /// Sends one request after the other until one is not acknowledged: that one is sent again, next time.
    fn send(&self, address: &str, stopped: &AtomicBool) {
        while !stopped.load(Ordering::Relaxed) {
            let Some(body) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front() else { return };
            let answered = post(address, "/api/v1/capture/cfx?source=line", &body);
            if answered.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
                self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(body);
            } else {
                self.cut_off.fetch_add(1, Ordering::Relaxed);
                self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_front(body);
                return;
            }
        }
    }

    fn is_done(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

#[test]
fn a_server_that_is_killed_loses_nothing_and_doubles_nothing() {
    let folder = TempDir::new().expect("a folder");
    let (whole, _) = Whole::new(folder.path());
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let (rounds, run_begun) = (rounds(), Instant::now());
    let (mut killed, mut starting, mut histories, mut kept, mut cut_off) = (0, 0, 0, 0, 0);
    while killed < rounds {
        let data = folder.path().join(format!("history-{histories}"));
        let delivery = Delivery::of(&whole.lines);
        while killed < rounds && !delivery.is_done() {
            killed += 1;
            if random.next().is_multiple_of(8) {
                starting += 1;
                Server::start_and_kill_after(&data, random.of(STARTED_MAX));
                continue;
            }
            let server = Server::start(&data);
            let (after, stopped) = (random.of(SERVED_MAX), AtomicBool::new(false));
            let address = server.address().to_owned();
            std::thread::scope(|scope| {
                for _ in 0..SENDERS {
                    scope.spawn(|| delivery.send(&address, &stopped));
                }
                server.kill_after(after);
                stopped.store(true, Ordering::Relaxed);
            });
        }
        let context = format!("history {histories}, {killed} kills");
        // What was acknowledged is there; the rest is sent once more.
        let acknowledged = delivery.acknowledged.into_inner().unwrap_or_else(PoisonError::into_inner).join("\n");
        let path = folder.path().join("acknowledged.ndjson");
        fs::write(&path, acknowledged).expect("writes");
        let again = answer(&data, &["import", "cfx", text(&path)]);
        assert_eq!(counts(&again)[1], 0, "{context}: was acknowledged");
        kept += counts(&again)[0];
        answer(&data, &["import", "cfx", text(&folder.path().join("cfx.ndjson"))]);
        whole.assert_same(&data, &context);
        fs::remove_dir_all(&data).expect("removes");
        cut_off += delivery.cut_off.into_inner();
        histories += 1;
    }
    eprintln!(
        "{killed} kills in {:.0} s, {starting} of them while the server started: {histories} histories delivered, {kept} acknowledged messages all there, \
         {cut_off} requests cut off and sent again",
        run_begun.elapsed().as_secs_f64()
    );
}
