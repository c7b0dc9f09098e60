//! `bench limits`: what the machine itself can do, one thing at a time. No record path and no question is faster than what it is made of, so where a budget
//! is missed, these say how much of the distance is ours.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Instant;

use seal::Hash;
use serde::Serialize;

use super::cache::drop_cached;
use super::ingest::{self, Lines, Rate};
use super::machine;
use super::outcome::{self, Circumstances};
use super::timing::{Taken, Times};
use crate::arguments::bench::Limits;
use crate::say::{self, Done, Failure};

/// Panels whose messages are read and named.
const PANELS: u32 = 100;
const SEED: u64 = 1;
/// Of the file that is read page by page: more than any cache of the processor holds.
const BYTES: usize = 256 << 20;
/// What a database reads at once.
const PAGE: usize = 4096;
/// Pages that are read, and appends that are synced.
const TIMES: usize = 2_000;
/// Pages lie so many apart, so that nothing is read ahead; prime, so that each is another.
const STRIDE: usize = 7_919;

#[derive(Debug, Serialize)]
struct Measured {
    /// Read and written: the bytes of a copy count once.
    memory_copy_gb_per_s: f64,
    /// SHA-256, which names every message and every entry.
    sha256_mb_per_cpu_s: f64,
    /// CFX read and understood on one thread, nothing recorded.
    read: Rate,
    /// A page of a file that the system has in memory, microseconds.
    page_us: f64,
    /// A page of a file that it has not: the disk, and what lies between.
    page_cold: Times,
    /// Whether the system forgot the file.
    cold_from_disk: bool,
    /// An append of a page, durable.
    sync: Times,
}

pub(super) fn limits(given: &Limits, json: bool) -> Result<Done, Failure> {
    let circumstances = Circumstances::of("limits");
    let mut builder = tempfile::Builder::new();
    builder.prefix("tracewright-bench-");
    let folder = match &given.within {
        Some(within) => builder.tempdir_in(within)?,
        None => builder.tempdir()?,
    };
    let bar = say::progress(Some(5), "measurements", false);
    let messages = Lines::of(PANELS, SEED)?.all;
    let read = ingest::read(&folder.path().join("read"), &messages)?;
    bar.inc(1);
    let (memory_copy_gb_per_s, sha256_mb_per_cpu_s) = (copies(), sha256(&messages));
    bar.inc(1);
    let pages = folder.path().join("pages");
    fs::create_dir(&pages)?;
    let path = pages.join("file");
    fs::write(&path, vec![7; BYTES])?;
    let cold_from_disk = drop_cached(&pages, None)?;
    let (page_cold, _) = page_reads(&path)?;
    bar.inc(1);
    // The first look takes all of it into memory.
    io::copy(&mut File::open(&path)?, &mut io::sink())?;
    let (_, page_us) = page_reads(&path)?;
    bar.inc(1);
    let sync = syncs(&pages.join("synced"))?;
    bar.finish_and_clear();
    let figures =
        Measured { memory_copy_gb_per_s, sha256_mb_per_cpu_s, read, page_us, page_cold, cold_from_disk, sync };
    outcome::tell(&circumstances, &figures, &given.out, json)?;
    Ok(Done::Well)
}

/// The best of a few: others take memory's time too.
fn copies() -> f64 {
    let from = vec![7_u8; BYTES];
    let mut to = vec![0_u8; BYTES];
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let begun = Instant::now();
        to.copy_from_slice(black_box(&from));
        black_box(&mut to);
        best = best.min(begun.elapsed().as_secs_f64());
    }
    BYTES as f64 / 1e9 / best
}

/// Each message by itself, as they are named.
fn sha256(messages: &[u8]) -> f64 {
    let cpu = machine::thread_cpu_s();
    for message in messages.split_inclusive(|byte| *byte == b'\n') {
        black_box(Hash::of(message));
    }
    messages.len() as f64 / 1e6 / (machine::thread_cpu_s() - cpu)
}

/// Pages of a file here and there, and microseconds of one on average.
fn page_reads(path: &Path) -> Result<(Times, f64), Failure> {
    let mut file = File::open(path)?;
    let mut page = [0; PAGE];
    let mut taken = Taken::default();
    let begun = Instant::now();
    for number in 0..TIMES {
        let at = number * STRIDE % (BYTES / PAGE) * PAGE;
        taken.take(|| {
            file.seek(SeekFrom::Start(at as u64))?;
            file.read_exact(&mut page).map(|()| 1)
        })?;
    }
    let each = begun.elapsed().as_secs_f64() * 1e6 / TIMES as f64;
    Ok((taken.times(), each))
}

/// Pages appended to a file, each on the disk before the next.
fn syncs(path: &Path) -> Result<Times, Failure> {
    let mut file = File::create(path)?;
    let mut taken = Taken::default();
    for _ in 0..TIMES {
        taken.take(|| {
            file.write_all(&[7; PAGE])?;
            file.sync_data().map(|()| 1)
        })?;
    }
    Ok(taken.times())
}
