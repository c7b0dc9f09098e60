//! `demo`: a factory that runs live into a fresh data folder, and the server on it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use app::{BoardFile, BoardImport, OpenOptions, Site};
use factory::{BOM_CSV, Config, Kind, Output, POSITIONS_TXT, PRODUCT, Simulation};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::arguments::{Demo, LISTEN};
use crate::say::{self, Done, Failure};
use crate::serve;

/// Messages handed over together.
const BATCH_MAX: usize = 400;
/// Small orders: something changes while one looks.
const PANELS_PER_ORDER: u32 = 10;
/// Longest sleep before the factory looks whether it shall stop.
const NAP: Duration = Duration::from_millis(100);

/// What the demo's line is called and what its stations are.
const CONFIGURATION: &str = include_str!("demo.toml");

pub(crate) fn demo(data: Option<&Path>, given: &Demo) -> Result<Done, Failure> {
    if !(given.speed.is_finite() && given.speed > 0.0) {
        return Err(Failure::misuse(format!("the speed must be above zero, and `{}` is not", given.speed)));
    }
    if let Some(folder) = data.filter(|folder| folder.join("ledger").exists()) {
        return Err(Failure::misuse(format!("`{}` holds a site already, and a demo begins afresh", folder.display()))
            .hint("look at it with `serve`, or name another folder"));
    }
    let runtime = Runtime::new()?;
    let listener = listen(&runtime, given)?;
    say::line(format!("Tracewright demo: http://{}", listener.local_addr()?))?;

    let fresh = tempfile::Builder::new().prefix("tracewright-demo-").tempdir()?;
    let folder = data.unwrap_or(fresh.path());
    std::fs::create_dir_all(folder).map_err(|error| Failure::file("create", folder.display(), error))?;
    let configuration = folder.join("tracewright.toml");
    if !configuration.exists() {
        std::fs::write(&configuration, CONFIGURATION)
            .map_err(|error| Failure::file("write", configuration.display(), error))?;
    }
    let site = Site::open(folder, OpenOptions { create: true })?;
    say::line(format!(
        "  data in `{}`{}",
        folder.display(),
        if data.is_none() { ", gone when the demo ends" } else { "" }
    ))?;
    say::line(format!(
        "  about {} panels were built already; the line goes on at {} times real time",
        given.panels, given.speed
    ))?;
    say::line("  stop with Ctrl+C")?;

    let stop = Arc::new(AtomicBool::new(false));
    let line = start(&site, given, Arc::clone(&stop))?;
    let done = serve::run(&runtime, &site, listener, given.allow_unauthenticated, Vec::new());
    stop.store(true, Ordering::Relaxed);
    line.join().ok();
    done
}

fn listen(runtime: &Runtime, given: &Demo) -> Result<TcpListener, Failure> {
    if let Some(address) = given.listen {
        serve::may_listen(address, given.allow_unauthenticated)?;
        return serve::listen(runtime, address);
    }
    let usual: SocketAddr = LISTEN.parse().map_err(|_| Failure::misuse("the usual address does not read"))?;
    serve::listen(runtime, usual).or_else(|_| serve::listen(runtime, SocketAddr::new(usual.ip(), 0)))
}

/// Starts the factory on a thread of its own.
fn start(site: &Site, given: &Demo, stop: Arc<AtomicBool>) -> Result<JoinHandle<()>, Failure> {
    let config = Config { seed: given.seed, panels: None, panels_per_order: PANELS_PER_ORDER, ..Config::default() };
    let config = Config { truth: false, ..config };
    let simulation = |config: Config| Simulation::new(config).map_err(|error| Failure::failed(error.into()));
    // In the middle of an order: who opens the demo shall see the line at work, not being set up.
    let panel = given.panels.saturating_sub(PANELS_PER_ORDER / 2).max(2);
    let before_s = reached(simulation(config.clone())?, config.start, panel);
    let start = Timestamp::from_second(Timestamp::now().as_second() - before_s).unwrap_or(Timestamp::UNIX_EPOCH);
    let simulation = simulation(Config { start, ..config })?;
    let (site, speed) = (site.clone(), given.speed);
    Ok(std::thread::Builder::new().name("factory".to_owned()).spawn(move || {
        release(&site);
        let mut play = Play { site, stop, begun: Instant::now(), now: Timestamp::now(), speed };
        play.run(simulation);
    })?)
}

/// Seconds until the line hears of this panel for the first time: those before it go through the line then.
fn reached(mut simulation: Simulation, start: Timestamp, panel: u32) -> i64 {
    let name = format!("PNL-{panel:06}");
    let output = simulation.find(|output| matches!(&output.kind, Kind::Cfx(line) if line.contains(&name)));
    output.map_or(0, |output| output.at.as_second() - start.as_second())
}

/// Releases the product that the factory builds.
fn release(site: &Site) {
    let machines = ["PRT", "PL1", "PL2", "PL3", "PL4", "OVN", "AOI"];
    let programs = ["BOT", "TOP"].iter().flat_map(|side| {
        machines.iter().flat_map(move |machine| ["A", "B"].map(|revision| format!("TS53-{side}-{machine}@{revision}")))
    });
    let file = |name: &str, text: &str| BoardFile { name: name.to_owned(), bytes: text.as_bytes().to_vec() };
    let board = BoardImport {
        product: PRODUCT.to_owned(),
        revision: String::new(),
        programs: programs.collect(),
        panel: None,
        files: vec![file("bom.csv", BOM_CSV), file("positions.txt", POSITIONS_TXT)],
    };
    if let Err(error) = site.import_board(&board) {
        tracing::warn!(%error, "the demo's product was not released");
    }
}

struct Play {
    site: Site,
    stop: Arc<AtomicBool>,
    begun: Instant,
    now: Timestamp,
    speed: f64,
}

impl Play {
    fn run(&mut self, simulation: Simulation) {
        let mut batch = Batch::default();
        for output in simulation {
            if batch.full() || !self.is_due(&output) {
                if !self.hand_over(&mut batch) {
                    return;
                }
                while !self.is_due(&output) {
                    if self.stop.load(Ordering::Relaxed) {
                        return;
                    }
                    std::thread::sleep(NAP);
                }
            }
            batch.add(output);
        }
        self.hand_over(&mut batch);
    }

    /// Whether the moment has come in the factory's own time.
    fn is_due(&self, output: &Output) -> bool {
        let passed = self.begun.elapsed().as_secs_f64() * self.speed;
        let ahead = output.at.as_second() - self.now.as_second();
        #[expect(clippy::cast_precision_loss, reason = "seconds of a demo")]
        let ahead = ahead as f64;
        ahead <= passed
    }

    /// `false` when the factory shall stop.
    fn hand_over(&self, batch: &mut Batch) -> bool {
        let Batch { cfx, events, count } = std::mem::take(batch);
        let handed = [(cfx, Site::capture_cfx as fn(&_, &_, _) -> _), (events, Site::capture_events)]
            .into_iter()
            .filter(|(bytes, _)| !bytes.is_empty())
            .try_for_each(|(bytes, capture)| capture(&self.site, "demo", bytes).map(drop));
        if let Err(error) = handed {
            if !self.stop.load(Ordering::Relaxed) {
                tracing::error!(%error, messages = count, "the demo's messages were not recorded");
            }
            return false;
        }
        !self.stop.load(Ordering::Relaxed)
    }
}

#[derive(Default)]
struct Batch {
    cfx: Vec<u8>,
    events: Vec<u8>,
    count: usize,
}

impl Batch {
    fn full(&self) -> bool {
        self.count >= BATCH_MAX
    }

    fn add(&mut self, output: Output) {
        let (bytes, line) = match output.kind {
            Kind::Cfx(line) => (&mut self.cfx, line),
            Kind::Event(line) => (&mut self.events, line),
        };
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        self.count += 1;
    }
}
