//! `bench ingest`: what the record path takes, from a file and over HTTP, beside what reading alone would take.
//!
//! All of it happens in this process, so CPU seconds hold the sender's as well. A message counts when its acknowledgement is there; CPU is counted until all is sealed.

use std::fs::File;
use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use app::{OpenOptions, Site};
use serde::Serialize;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::outcome::{self, Circumstances};
use super::stream::{self, Stream};
use super::timing::{Taken, Times};
use super::{machine, post::Sender};
use crate::arguments::bench::Ingest;
use crate::say::{self, Done, Failure};
use crate::serve;

/// Bytes of messages in one request, where several are sent together.
const BATCH_BYTES: usize = 1 << 20;

#[derive(Debug, Serialize)]
struct Measured {
    panels: u32,
    seed: u64,
    connections: usize,
    placements: u64,
    /// Reading alone, on one thread: cut, understood, nothing recorded. No record path can be faster on one core.
    read_big: Rate,
    read_small: Rate,
    file_all: Rate,
    file_big: Rate,
    file_small: Rate,
    /// Many messages in a request.
    http_batches: Rate,
    /// A message in a request, as machines send.
    http_singles: Rate,
    http_singles_answer: Times,
}

#[derive(Debug, Serialize)]
pub(super) struct Rate {
    messages: u64,
    megabytes: f64,
    wall_s: f64,
    cpu_s: f64,
    megabytes_per_s: f64,
    megabytes_per_cpu_s: f64,
    messages_per_s: f64,
    messages_per_cpu_s: f64,
}

impl Rate {
    fn of(messages: u64, bytes: usize, wall: Duration, cpu_s: f64) -> Rate {
        let (count, megabytes, wall_s) = (messages as f64, bytes as f64 / 1e6, wall.as_secs_f64());
        Rate {
            messages,
            megabytes,
            wall_s,
            cpu_s,
            megabytes_per_s: megabytes / wall_s,
            megabytes_per_cpu_s: megabytes / cpu_s,
            messages_per_s: count / wall_s,
            messages_per_cpu_s: count / cpu_s,
        }
    }
}

/// CFX of a factory, one message a line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) all: Vec<u8>,
    /// Placement reports, a line of them some ten thousand bytes.
    big: Vec<u8>,
    small: Vec<u8>,
    placements: u64,
}

impl Lines {
    pub(super) fn of(panels: u32, seed: u64) -> Result<Lines, Failure> {
        let mut lines = Lines::default();
        for piece in Stream::new(panels, seed, true)? {
            lines.placements += piece.placements;
            for line in piece.messages.split_inclusive(|byte| *byte == b'\n') {
                if stream::is_placement_report(line) { &mut lines.big } else { &mut lines.small }
                    .extend_from_slice(line);
            }
            lines.all.extend_from_slice(&piece.messages);
        }
        Ok(lines)
    }
}

pub(super) fn ingest(given: &Ingest, json: bool) -> Result<Done, Failure> {
    let circumstances = Circumstances::of("ingest");
    let folder = tempfile::Builder::new().prefix("tracewright-bench-").tempdir()?;
    let lines = Lines::of(given.panels, given.seed)?;
    let bar = say::progress(Some(7), "measurements", false);
    let step = |name: &str| {
        bar.inc(1);
        folder.path().join(name)
    };
    let figures = Measured {
        panels: given.panels,
        seed: given.seed,
        connections: given.connections,
        placements: lines.placements,
        read_big: read(&step("read-big"), &lines.big)?,
        read_small: read(&step("read-small"), &lines.small)?,
        file_all: from_file(&step("file-all"), &lines.all)?,
        file_big: from_file(&step("file-big"), &lines.big)?,
        file_small: from_file(&step("file-small"), &lines.small)?,
        http_batches: over_http(&step("http-batches"), &batches(&lines.all), given.connections)?.0,
        http_singles: Rate::of(0, 0, Duration::from_secs(1), 1.0),
        http_singles_answer: Taken::default().times(),
    };
    let singles: Vec<&[u8]> = lines.all.split_inclusive(|byte| *byte == b'\n').take(given.singles).collect();
    let (http_singles, http_singles_answer) = over_http(&step("http-singles"), &singles, given.connections)?;
    bar.finish_and_clear();
    outcome::tell(&circumstances, &Measured { http_singles, http_singles_answer, ..figures }, &given.out, json)?;
    Ok(Done::Well)
}

/// Reading alone, on this thread.
pub(super) fn read(folder: &Path, bytes: &[u8]) -> Result<Rate, Failure> {
    let site = Site::open(folder, OpenOptions { create: true })?;
    let (begun, cpu) = (Instant::now(), machine::thread_cpu_s());
    let messages = site.read_cfx("bench", &mut Cursor::new(bytes))?;
    let rate = Rate::of(messages, bytes.len(), begun.elapsed(), machine::thread_cpu_s() - cpu);
    site.close()?;
    Ok(rate)
}

fn from_file(folder: &Path, bytes: &[u8]) -> Result<Rate, Failure> {
    let site = Site::open(folder, OpenOptions { create: true })?;
    let path = folder.join("messages.ndjson");
    std::fs::write(&path, bytes)?;
    let (begun, cpu) = (Instant::now(), machine::cpu_s());
    let imported = site.import_cfx("bench", &mut File::open(&path)?, &mut |_| ())?;
    let wall = begun.elapsed();
    site.close()?;
    Ok(Rate::of(imported.messages, bytes.len(), wall, machine::cpu_s() - cpu))
}

/// Posts each body; the connections take turns at them.
fn over_http(folder: &Path, bodies: &[&[u8]], connections: usize) -> Result<(Rate, Times), Failure> {
    let site = Site::open(folder, OpenOptions { create: true })?;
    let runtime = Runtime::new()?;
    let listener = serve::listen(&runtime, ([127, 0, 0, 1], 0).into())?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let options = web::Options {
        shutdown: Box::pin(async {
            stopped.await.ok();
        }),
        ..web::Options::default()
    };
    let server = runtime.spawn(web::serve(site.clone(), listener, options));

    let (begun, cpu) = (Instant::now(), machine::cpu_s());
    let connections = connections.clamp(1, bodies.len().max(1));
    let sent: Vec<Result<Taken, Failure>> = std::thread::scope(|scope| {
        let connection = |number: usize| {
            move || {
                let mut sender = Sender::connect(address)?;
                let mut taken = Taken::default();
                for body in bodies.iter().skip(number).step_by(connections) {
                    taken.take(|| sender.post("/api/v1/capture/cfx", body).map(|()| count_lines(body)))?;
                }
                Ok(taken)
            }
        };
        let sending: Vec<_> = (0..connections).map(|number| scope.spawn(connection(number))).collect();
        let ended = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err(Failure::of(anyhow::anyhow!("a sender failed"))))
        };
        sending.into_iter().map(ended).collect()
    });
    let wall = begun.elapsed();
    let mut all = Taken::default();
    for taken in sent {
        all.add(taken?);
    }
    stop.send(()).ok();
    runtime.block_on(server).map_err(Failure::of)??;
    site.close()?;
    let (messages, bytes) = (all.rows(), bodies.iter().map(|body| body.len()).sum());
    Ok((Rate::of(messages as u64, bytes, wall, machine::cpu_s() - cpu), all.times()))
}

/// Whole lines, about a megabyte of them together.
fn batches(bytes: &[u8]) -> Vec<&[u8]> {
    let mut batches = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let least = rest.len().min(BATCH_BYTES);
        let end = rest[least..].iter().position(|byte| *byte == b'\n').map_or(rest.len(), |more| least + more + 1);
        let (batch, more) = rest.split_at(end);
        batches.push(batch);
        rest = more;
    }
    batches
}

fn count_lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}
