//! From the machine to the reader: envelopes, and what the network does to them on the way (twice, late).
//! Whether a report is lost is decided by the line, because the record must know it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::Serialize;

use crate::output::{Kind, Output};
use crate::random::Random;

/// A machine as the network sees it.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) handle: String,
    /// Its clock runs ahead of true time by this many microseconds.
    pub(crate) clock_us: i64,
    /// The offset from UTC in which it writes its times.
    pub(crate) zone_hours: i8,
}

impl Source {
    /// What this machine's clock shows at a true time.
    pub(crate) fn clock(&self, at: i64) -> i64 {
        at + self.clock_us
    }

    /// A true time as this machine writes it: seven fractional digits, as .NET does.
    pub(crate) fn stamp(&self, at: i64) -> String {
        let shown = Timestamp::from_microsecond(self.clock(at)).unwrap_or(Timestamp::UNIX_EPOCH);
        let local = Offset::constant(self.zone_hours).to_datetime(shown);
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}0+{:02}:00",
            local.year(),
            local.month(),
            local.day(),
            local.hour(),
            local.minute(),
            local.second(),
            local.subsec_nanosecond() / 1000,
            self.zone_hours
        )
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a, Body> {
    message_name: &'a str,
    version: &'a str,
    time_stamp: String,
    #[serde(rename = "UniqueID")]
    unique_id: String,
    source: &'a str,
    target: Option<&'a str>,
    #[serde(rename = "RequestID")]
    request_id: Option<&'a str>,
    message_body: Body,
}

/// Messages on their way, in order of delivery.
pub(crate) struct Delivery {
    waiting: BinaryHeap<Reverse<(i64, u64, bool, String)>>,
    sequence: u64,
    random: Random,
    late: f64,
    duplicate: f64,
    shuffle_us: i64,
    /// Sources that deliver nothing from one moment to another.
    offline: Vec<(String, i64, i64)>,
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Delivery {
    /// A network with its faults: shares of late and repeated messages, and seconds by which any may be held back.
    pub(crate) fn new(seed: u64, late: f64, duplicate: f64, shuffle_s: u32) -> Self {
        Self {
            waiting: BinaryHeap::new(),
            sequence: 0,
            random: Random::new(seed ^ 0x0dd5_ea50),
            late,
            duplicate,
            shuffle_us: i64::from(shuffle_s) * 1_000_000,
            offline: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    pub(crate) fn count(&mut self, behaviour: &str) {
        match self.counts.get_mut(behaviour) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(behaviour.to_owned(), 1);
            }
        }
    }

    /// Sends one CFX message that the source writes at a true time.
    pub(crate) fn send(&mut self, source: &Source, at: i64, name: &str, body: &impl Serialize) {
        let envelope = Envelope {
            message_name: name,
            version: "2.1",
            time_stamp: source.stamp(at),
            unique_id: self.random.guid(),
            source: &source.handle,
            target: None,
            request_id: None,
            message_body: body,
        };
        // Bodies are built here from strings and numbers: serialising them cannot fail.
        let line = serde_json::to_string(&envelope).unwrap_or_default();
        self.count(name.rsplit('.').next().unwrap_or(name));
        let held = self.held(&source.handle, at);
        self.post(held, true, line);
    }

    /// Sends one line of the events file.
    pub(crate) fn event(&mut self, at: i64, kind: &str, body: &impl Serialize) {
        let line = serde_json::to_string(body).unwrap_or_default();
        self.count(kind);
        self.post(at, false, line);
    }

    /// From now on a source has no network between two moments: what it says then is delivered afterwards.
    pub(crate) fn cut_off(&mut self, handle: String, from: i64, until: i64) {
        self.offline.push((handle, from, until));
    }

    /// When a message of a source gets to the network.
    fn held(&mut self, handle: &str, at: i64) -> i64 {
        let cut = self.offline.iter().find(|(other, from, until)| other == handle && (*from..*until).contains(&at));
        let Some(until) = cut.map(|(_, _, until)| *until) else { return at };
        self.count("delivered after being offline");
        until + self.random.between(0, 30_000_000)
    }

    fn post(&mut self, at: i64, cfx: bool, line: String) {
        let mut arrives = at + self.random.between(60_000, 240_000);
        if self.shuffle_us > 0 {
            arrives += self.random.between(0, self.shuffle_us);
        }
        if self.random.chance(self.late) {
            self.count("late message");
            arrives += self.random.between(60_000_000, 10_800_000_000);
        }
        if self.random.chance(self.duplicate) {
            self.count("duplicate message");
            let again = arrives + self.random.between(500_000, 600_000_000);
            self.push(again, cfx, line.clone());
        }
        self.push(arrives, cfx, line);
    }

    fn push(&mut self, at: i64, cfx: bool, line: String) {
        self.sequence += 1;
        self.waiting.push(Reverse((at, self.sequence, cfx, line)));
    }

    /// The next message that is certain to be next: nothing before `horizon` can still be sent.
    pub(crate) fn pop(&mut self, horizon: i64) -> Option<Output> {
        if self.waiting.peek()?.0.0 >= horizon {
            return None;
        }
        let Reverse((at, _, cfx, line)) = self.waiting.pop()?;
        Some(Output {
            at: Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH),
            kind: if cfx { Kind::Cfx(line) } else { Kind::Event(line) },
        })
    }
}
