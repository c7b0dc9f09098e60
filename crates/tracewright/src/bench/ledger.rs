//! `bench verify` and `bench rebuild`: what the ledger of a kept history takes to be checked, and to be made into a database again.

use std::path::Path;
use std::time::Instant;

use app::{Site, VerifyOptions};
use serde::Serialize;

use super::kept::Kept;
use super::outcome::{self, Circumstances};
use super::{disk, machine};
use crate::arguments::bench;
use crate::say::{self, Done, Failure};

/// What checking cost.
#[derive(Debug, Serialize)]
pub(super) struct Verification {
    verify_entries: u64,
    verify_megabytes: f64,
    verify_wall_s: f64,
    verify_cpu_s: f64,
    verify_entries_per_s: f64,
    verify_entries_per_cpu_s: f64,
}

pub(super) fn verify(given: &bench::Kept, json: bool) -> Result<Done, Failure> {
    let circumstances = Circumstances::of("verify");
    let kept = Kept::existing(&given.keep)?;
    outcome::tell(
        &circumstances,
        &Sized { size: Size::of(&kept), figures: verified(&kept.folder)? },
        &given.out,
        json,
    )?;
    Ok(Done::Well)
}

/// Checks the whole ledger of a folder.
pub(super) fn verified(folder: &Path) -> Result<Verification, Failure> {
    let bar = say::progress(Some(0), "verifying", false);
    let (begun, cpu) = (Instant::now(), machine::cpu_s());
    let verified = Site::verify(folder, &VerifyOptions { key: None, at_rest: true }, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), machine::cpu_s() - cpu);
    bar.finish_and_clear();
    Ok(Verification {
        verify_entries: verified.entries,
        verify_megabytes: verified.bytes as f64 / 1e6,
        verify_wall_s: wall,
        verify_cpu_s: cpu,
        verify_entries_per_s: verified.entries as f64 / wall,
        verify_entries_per_cpu_s: verified.entries as f64 / cpu,
    })
}

#[derive(Debug, Serialize)]
struct Rebuilding {
    rebuild_events: u64,
    rebuild_wall_s: f64,
    rebuild_cpu_s: f64,
    rebuild_events_per_s: f64,
    rebuild_events_per_cpu_s: f64,
    rebuild_placements_per_s: f64,
    /// Of the database made anew; the one that the history was kept with had `database_bytes`.
    rebuilt_bytes: u64,
    database_bytes: u64,
}

pub(super) fn rebuild(given: &bench::Kept, json: bool) -> Result<Done, Failure> {
    let circumstances = Circumstances::of("rebuild");
    let kept = Kept::existing(&given.keep)?;
    let database_bytes = disk::database_bytes(&kept.folder);
    let bar = say::progress(Some(0), "rebuilding", false);
    let (begun, cpu) = (Instant::now(), machine::cpu_s());
    let rebuilt = Site::rebuild(&kept.folder, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), machine::cpu_s() - cpu);
    bar.finish_and_clear();
    let figures = Rebuilding {
        rebuild_events: rebuilt.events,
        rebuild_wall_s: wall,
        rebuild_cpu_s: cpu,
        rebuild_events_per_s: rebuilt.events as f64 / wall,
        rebuild_events_per_cpu_s: rebuilt.events as f64 / cpu,
        rebuild_placements_per_s: kept.built.placements as f64 / wall,
        rebuilt_bytes: disk::database_bytes(&kept.folder),
        database_bytes,
    };
    outcome::tell(&circumstances, &Sized { size: Size::of(&kept), figures }, &given.out, json)?;
    Ok(Done::Well)
}

/// Figures, and of how large a history.
#[derive(Debug, Serialize)]
pub(super) struct Sized<Figures> {
    #[serde(flatten)]
    pub(super) size: Size,
    #[serde(flatten)]
    pub(super) figures: Figures,
}

#[derive(Debug, Serialize)]
pub(super) struct Size {
    panels: u32,
    seed: u64,
    placements: u64,
    messages: u64,
}

impl Size {
    pub(super) fn of(kept: &Kept) -> Size {
        let built = &kept.built;
        Size { panels: built.panels, seed: built.seed, placements: built.placements, messages: built.messages }
    }
}
