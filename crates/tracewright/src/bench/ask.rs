//! The questions of `bench history`, asked in a process of their own, so that neither memory nor time is that of the build.
//!
//! Warm: the site is open and the same questions were asked once before. Cold: before each question the site is opened anew and the system has forgotten its
//! files; attachments of the ledger, of which a long history has a million, only before each kind of question. Each question has a desk of its own: nothing is
//! kept from the one before.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Instant;

use app::{AsOf, OpenOptions, QuestionError, Site, WhereUsedQuery};
use serde::{Deserialize, Serialize};

use super::cache::drop_cached;
use super::kept::Kept;
use super::machine;
use super::timing::{Taken, Times, ms, spread};
use crate::arguments::bench::Ask;
use crate::say::{self, Done, Failure};

/// Recalls of lots are long: of these at most so many.
pub(super) const LOTS_MAX: usize = 50;
/// Cold questions of each kind, at most.
const COLD_MAX: usize = 20;

/// What one such process measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    /// From the call to the first answer to anything.
    pub(super) start_ms: f64,
    pub(super) memory_start_mb: f64,
    pub(super) memory_peak_mb: f64,
    /// Whether the system forgot the files, where it was to.
    pub(super) forgotten: bool,
    pub(super) where_used_reel: Times,
    pub(super) where_used_lot: Times,
    pub(super) trace_unit: Times,
}

/// Asks a kept history in another process.
pub(super) fn apart(kept: &Kept, questions: usize, cold: bool) -> Result<Asked, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "ask", "--panels", &kept.built.panels.to_string(), "--questions", &questions.to_string()]);
    command.arg("--keep").arg(&kept.folder).args(cold.then_some("--cold"));
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(Failure::of(anyhow::anyhow!("the questions were not answered")));
    }
    serde_json::from_slice(&output.stdout).map_err(Failure::of)
}

/// The other process.
pub(super) fn ask(given: &Ask) -> Result<Done, Failure> {
    let asked = if given.cold { cold(given)? } else { warm(given)? };
    say::json(&asked)?;
    Ok(Done::Well)
}

fn warm(given: &Ask) -> Result<Asked, Failure> {
    let begun = Instant::now();
    let site = Site::open(&given.keep, OpenOptions::default())?;
    site.counters()?;
    let (start_ms, memory_start_mb) = (ms(begun.elapsed()), machine::resident_mb());
    let things = Things::of(&site, given.panels, given.questions, given.questions.min(LOTS_MAX))?;
    let bar = say::progress(Some(things.count() * 2), "questions", false);
    let timed = |things: &[String], ask: fn(&Site, &str) -> Result<usize, QuestionError>| {
        let mut last = Taken::default();
        for _ in 0..2 {
            last = Taken::default();
            for thing in things {
                last.take(|| ask(&site, thing))?;
                bar.inc(1);
            }
        }
        Ok::<Times, Failure>(last.times())
    };
    let asked = Asked {
        start_ms,
        memory_start_mb,
        trace_unit: timed(&things.units, trace)?,
        where_used_reel: timed(&things.reels, where_used)?,
        where_used_lot: timed(&things.lots, where_used)?,
        memory_peak_mb: machine::resident_peak_mb(),
        forgotten: false,
    };
    bar.finish_and_clear();
    site.close()?;
    Ok(asked)
}

fn cold(given: &Ask) -> Result<Asked, Failure> {
    let folder = given.keep.as_path();
    let site = Site::open(folder, OpenOptions::default())?;
    let things = Things::of(&site, given.panels, given.questions.min(COLD_MAX), given.questions.min(COLD_MAX))?;
    site.close()?;
    drop(site);
    // The start reads none of them.
    let attachments = folder.join("ledger/attachments");
    let mut forgotten = drop_cached(folder, Some(&attachments))?;
    let begun = Instant::now();
    let site = Site::open(folder, OpenOptions::default())?;
    site.counters()?;
    let (start_ms, memory_start_mb) = (ms(begun.elapsed()), machine::resident_mb());
    site.close()?;
    drop(site);

    let bar = say::progress(Some(things.count()), "questions", false);
    let mut timed = |things: &[String], ask: fn(&Site, &str) -> Result<usize, QuestionError>| {
        let mut taken = Taken::default();
        forgotten &= drop_cached(folder, None)?;
        for thing in things {
            forgotten &= drop_cached(folder, Some(&attachments))?;
            let site = Site::open_to_read(folder)?;
            taken.take(|| ask(&site, thing))?;
            bar.inc(1);
        }
        Ok::<Times, Failure>(taken.times())
    };
    let trace_unit = timed(&things.units, trace)?;
    let where_used_reel = timed(&things.reels, where_used)?;
    let where_used_lot = timed(&things.lots, where_used)?;
    bar.finish_and_clear();
    let memory_peak_mb = machine::resident_peak_mb();
    Ok(Asked { start_ms, memory_start_mb, memory_peak_mb, forgotten, trace_unit, where_used_reel, where_used_lot })
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Things {
    pub(super) units: Vec<String>,
    pub(super) reels: Vec<String>,
    pub(super) lots: Vec<String>,
}

impl Things {
    /// Units spread over the history, and reels and lots that went into them.
    pub(super) fn of(site: &Site, panels: u32, questions: usize, lots_max: usize) -> Result<Things, Failure> {
        let step = (panels as usize / questions.max(1)).max(1);
        let numbers = (0..panels as usize).step_by(step).take(questions);
        let units: Vec<String> = numbers.map(|panel| format!("PNL-{:06}/{}", panel + 1, panel % 4 + 1)).collect();
        let (mut reels, mut lots) = (BTreeSet::new(), BTreeSet::new());
        let bar = say::progress(Some(units.len() as u64), "units to ask for", false);
        for unit in &units {
            let answer = site.trace(unit, AsOf::Latest)?;
            for row in answer.components.iter().filter(|row| row.position.is_some()) {
                reels.extend(row.package.as_ref().map(|package| format!("package:{package}")));
                let words =
                    [&row.manufacturer, &row.manufacturer_part, &row.lot].map(|word| word.as_deref().unwrap_or(""));
                lots.extend(row.lot.as_ref().map(|_| format!("lot:{}", words.join("/"))));
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let some = |things: BTreeSet<String>, most: usize| {
            let things: Vec<String> = things.into_iter().collect();
            spread(&things, most).cloned().collect()
        };
        Ok(Things { units, reels: some(reels, questions), lots: some(lots, lots_max) })
    }

    fn count(&self) -> u64 {
        (self.units.len() + self.reels.len() + self.lots.len()) as u64
    }
}

fn trace(site: &Site, unit: &str) -> Result<usize, QuestionError> {
    Ok(site.trace(unit, AsOf::Latest)?.components.len())
}

fn where_used(site: &Site, thing: &str) -> Result<usize, QuestionError> {
    let query = WhereUsedQuery { thing: thing.to_owned(), from: None, until: None, as_of: AsOf::Latest };
    Ok(site.where_used(&query)?.units.len())
}
