//! `bench`: figures, measured here and now, of the real record path and the real questions.
//!
//! The factory's stream is made first, piece by piece, and is not timed; importing it is. Wall and CPU seconds stand side by side, because machines are shared.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use app::{AsOf, OpenOptions, Site, WhereUsedQuery};
use serde::{Deserialize, Serialize};

use crate::arguments::{Bench, BenchWhat, History};
use crate::say::{self, Done, Failure};

/// Bytes of messages that are imported at once.
const PIECE_BYTES: usize = 32 << 20;

pub(crate) fn bench(given: &Bench, json: bool) -> Result<Done, Failure> {
    match &given.what {
        BenchWhat::History(given) => history(given, json),
    }
}

/// What `bench history` measured.
#[derive(Debug, Serialize)]
struct Measured {
    machine: String,
    #[serde(flatten)]
    built: Built,
    where_used_reel: Times,
    where_used_lot: Times,
    trace_unit: Times,
    memory_peak_mb: f64,
    verify_wall_s: f64,
    verify_entries_per_s: f64,
}

/// What building a history cost; kept beside it.
#[derive(Debug, Serialize, Deserialize)]
struct Built {
    panels: u32,
    seed: u64,
    placements: u64,
    messages: u64,
    megabytes: f64,
    import_wall_s: f64,
    import_cpu_s: f64,
    megabytes_per_s: f64,
    megabytes_per_cpu_s: f64,
    messages_per_s: f64,
    placements_per_s: f64,
    database_bytes: u64,
    placement_bytes_per_placement: f64,
    tables_bytes_per_placement: f64,
    inbox_bytes_per_message: f64,
    tables: Vec<(String, u64)>,
    ledger_bytes: u64,
    ledger_bytes_per_message: f64,
}

/// Times of a question, milliseconds.
#[derive(Debug, Serialize)]
struct Times {
    asked: usize,
    rows_p50: usize,
    rows_max: usize,
    p50_ms: f64,
    p99_ms: f64,
}

fn history(given: &History, json: bool) -> Result<Done, Failure> {
    let temporary = tempfile::Builder::new().prefix("tracewright-bench-").tempdir().map_err(failed)?;
    let folder = given.keep.as_deref().unwrap_or(temporary.path());
    let kept = folder.join("bench-history.json");
    let built = if kept.exists() {
        let built: Built = serde_json::from_slice(&std::fs::read(&kept).map_err(failed)?).map_err(failed)?;
        if (built.panels, built.seed) != (given.panels, given.seed) {
            let reason = format!("{} holds {} panels of seed {}", folder.display(), built.panels, built.seed);
            return Err(Failure::failed(anyhow::anyhow!(reason)));
        }
        built
    } else {
        let built = build(given, folder)?;
        std::fs::write(&kept, serde_json::to_vec_pretty(&built).map_err(failed)?).map_err(failed)?;
        built
    };
    let site = Site::open(folder, OpenOptions::default())?;
    let [where_used_reel, where_used_lot, trace_unit] = ask(&site, given)?;
    let memory_peak_mb = memory_peak_mb();
    site.close()?;
    let verifying = Instant::now();
    let verified = Site::verify(folder, &app::VerifyOptions { key: None, at_rest: true }, &mut |_, _| ())?;
    let verify_wall_s = verifying.elapsed().as_secs_f64();
    let measured = Measured {
        machine: machine(),
        built,
        where_used_reel,
        where_used_lot,
        trace_unit,
        memory_peak_mb,
        verify_wall_s,
        verify_entries_per_s: verified.entries as f64 / verify_wall_s,
    };
    if json {
        say::json(&measured)?;
    } else {
        let value = serde_json::to_value(&measured).map_err(failed)?;
        let rows = value.as_object().into_iter().flatten().map(|(name, value)| vec![name.clone(), value.to_string()]);
        say::table("", &["what", "figure"], rows)?;
    }
    Ok(Done::Well)
}

/// Lets the factory build panels and imports what its machines say.
fn build(given: &History, folder: &Path) -> Result<Built, Failure> {
    let site = Site::open(folder, OpenOptions { create: true })?;
    let config = ::factory::Config {
        seed: given.seed,
        panels: Some(given.panels),
        truth: false,
        ..::factory::Config::default()
    };
    let simulation = ::factory::Simulation::new(config).map_err(failed)?;
    let mut load = Load::default();
    for output in simulation {
        let (stream, line) = match output.kind {
            ::factory::Kind::Cfx(line) => (&mut load.messages, line),
            ::factory::Kind::Event(line) => (&mut load.events, line),
        };
        if line.contains("\"CFX.Production.Assembly.MaterialsInstalled\"") {
            load.placements += line.matches("\"ReferenceDesignator\"").count() as u64;
        }
        stream.extend_from_slice(line.as_bytes());
        stream.push(b'\n');
        if load.messages.len() >= PIECE_BYTES {
            load.import(&site)?;
        }
    }
    load.import(&site)?;
    let sealing = Instant::now();
    while site.ledger()?.sealed < site.ledger()?.recorded && sealing.elapsed() < Duration::from_secs(60) {
        std::thread::yield_now();
    }
    let tables = site.sizes()?;
    site.close()?;
    let ledger_bytes = size_of(&folder.join("ledger"));
    let (wall, cpu) = (load.wall.as_secs_f64(), load.cpu_s);
    let megabytes = load.bytes as f64 / 1e6;
    Ok(Built {
        panels: given.panels,
        seed: given.seed,
        placements: load.placements,
        messages: load.count,
        megabytes,
        import_wall_s: wall,
        import_cpu_s: cpu,
        megabytes_per_s: megabytes / wall,
        megabytes_per_cpu_s: megabytes / cpu,
        messages_per_s: load.count as f64 / wall,
        placements_per_s: load.placements as f64 / wall,
        database_bytes: size_of(&folder.join("site.db")) + size_of(&folder.join("site.db-wal")),
        placement_bytes_per_placement: of_tables(&tables, is_placement) / load.placements as f64,
        tables_bytes_per_placement: of_tables(&tables, |name| !name.starts_with("inbox")) / load.placements as f64,
        inbox_bytes_per_message: of_tables(&tables, |name| name.starts_with("inbox")) / load.count as f64,
        tables,
        ledger_bytes,
        ledger_bytes_per_message: ledger_bytes as f64 / load.count as f64,
    })
}

/// Asks where reels and lots were used, and what is in units that they went into.
fn ask(site: &Site, given: &History) -> Result<[Times; 3], Failure> {
    let step = (given.panels as usize / given.questions.max(1)).max(1);
    let units: Vec<String> = (0..given.panels as usize)
        .step_by(step)
        .map(|panel| format!("PNL-{:06}/{}", panel + 1, panel % 4 + 1))
        .collect();
    let (mut reels, mut lots) = (BTreeSet::new(), BTreeSet::new());
    let trace_unit = times(&units, given.questions, |unit| {
        let answer = site.trace(unit, AsOf::Latest)?;
        for row in answer.components.iter().filter(|row| row.position.is_some()) {
            reels.extend(row.package.as_ref().map(|package| format!("package:{package}")));
            let words = [&row.manufacturer, &row.manufacturer_part, &row.lot].map(|word| word.as_deref().unwrap_or(""));
            lots.extend(row.lot.as_ref().map(|_| format!("lot:{}", words.join("/"))));
        }
        Ok::<usize, app::QuestionError>(answer.components.len())
    })?;
    let (reels, lots): (Vec<String>, Vec<String>) = (reels.into_iter().collect(), lots.into_iter().collect());
    let where_used = |thing: &String| {
        let query = WhereUsedQuery { thing: thing.clone(), from: None, until: None, as_of: AsOf::Latest };
        site.where_used(&query).map(|answer| answer.units.len())
    };
    let where_used_reel = times(&reels, given.questions, where_used)?;
    let where_used_lot = times(&lots, given.questions.min(50), where_used)?;
    Ok([where_used_reel, where_used_lot, trace_unit])
}

/// The stream between factory and site, and what importing it cost.
#[derive(Default)]
struct Load {
    messages: Vec<u8>,
    events: Vec<u8>,
    placements: u64,
    count: u64,
    bytes: u64,
    wall: Duration,
    cpu_s: f64,
}

impl Load {
    fn import(&mut self, site: &Site) -> Result<(), Failure> {
        let (messages, events) = (std::mem::take(&mut self.messages), std::mem::take(&mut self.events));
        self.bytes += (messages.len() + events.len()) as u64;
        let (begun, cpu) = (Instant::now(), cpu_s());
        let imported = site.import_cfx("bench", &mut Cursor::new(messages), &mut |_| ())?;
        self.count += imported.messages;
        let imported = site.import_events("bench", &mut Cursor::new(events), &mut |_| ())?;
        self.count += imported.messages;
        self.wall += begun.elapsed();
        self.cpu_s += cpu_s() - cpu;
        Ok(())
    }
}

fn times<E: Into<Failure>>(
    things: &[String],
    most: usize,
    mut ask: impl FnMut(&String) -> Result<usize, E>,
) -> Result<Times, Failure> {
    let mut taken = Vec::new();
    let mut rows = Vec::new();
    let step = (things.len() / most.max(1)).max(1);
    for thing in things.iter().step_by(step).take(most) {
        let begun = Instant::now();
        rows.push(ask(thing).map_err(Into::into)?);
        taken.push(begun.elapsed());
    }
    taken.sort_unstable();
    rows.sort_unstable();
    let at = |share: usize| {
        taken.get((taken.len() * share / 100).min(taken.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    let ms = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
    Ok(Times {
        asked: taken.len(),
        rows_p50: rows.get(rows.len() / 2).copied().unwrap_or(0),
        rows_max: rows.last().copied().unwrap_or(0),
        p50_ms: ms(at(50)),
        p99_ms: ms(at(99)),
    })
}

fn failed(error: impl Into<anyhow::Error>) -> Failure {
    Failure::failed(error.into())
}

/// Whether a table or index holds where components came from: patterns, reports, draws, differences, mounts.
fn is_placement(name: &str) -> bool {
    ["pattern", "report", "draw", "difference", "mount"].iter().any(|table| name.starts_with(table))
}

fn of_tables(tables: &[(String, u64)], wanted: impl Fn(&str) -> bool) -> f64 {
    tables.iter().filter(|(name, _)| wanted(name)).map(|(_, bytes)| *bytes as f64).sum()
}

fn size_of(path: &Path) -> u64 {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        return entries.map(|entry| size_of(&entry.path())).sum();
    }
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Processor, cores and memory, as far as the system says.
fn machine() -> String {
    let read = |path: &str, name: &str| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores, {}, memory {}", read("/proc/cpuinfo", "model name"), read("/proc/meminfo", "MemTotal"))
}

/// CPU seconds of this process so far (Linux; elsewhere 0).
fn cpu_s() -> f64 {
    const TICKS_PER_S: f64 = 100.0;
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks: f64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_S
}

/// Largest resident memory of this process, the factory included (Linux; elsewhere 0).
fn memory_peak_mb() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).map_or(0.0, |kb| kb / 1024.0)
}
