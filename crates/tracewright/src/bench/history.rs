//! `bench history`: a history built through the real record path, what it takes, and how fast it answers.

use serde::Serialize;

use super::ask::{self, Asked};
use super::kept::{Built, Kept, Rates, Wanted};
use super::ledger::{self, Verification};
use super::outcome::{self, Circumstances};
use super::timing::Times;
use crate::arguments::bench::History;
use crate::say::{Done, Failure};

#[derive(Debug, Serialize)]
struct Measured {
    #[serde(flatten)]
    built: Built,
    #[serde(flatten)]
    rates: Rates,
    where_used_reel: Times,
    where_used_lot: Times,
    trace_unit: Times,
    where_used_reel_cold: Times,
    where_used_lot_cold: Times,
    trace_unit_cold: Times,
    /// Whether the system forgot the files before each cold question; if not, only the site was opened anew.
    cold_from_disk: bool,
    start_ms: f64,
    start_cold_ms: f64,
    /// Of the process that answers, once it is ready, and at most.
    memory_start_mb: f64,
    memory_peak_mb: f64,
    #[serde(flatten)]
    verification: Verification,
}

pub(super) fn history(given: &History, json: bool) -> Result<Done, Failure> {
    let circumstances = Circumstances::of("history");
    let kept = Kept::build(given.keep.as_deref(), Wanted::open(&given.size), given.ahead)?;
    let cold = ask::apart(&kept, given.questions, true)?;
    let warm = ask::apart(&kept, given.questions, false)?;
    let verification = ledger::verified(&kept.folder)?;
    outcome::tell(&circumstances, &measured(kept.built.clone(), &cold, &warm, verification), &given.out, json)?;
    Ok(Done::Well)
}

fn measured(built: Built, cold: &Asked, warm: &Asked, verification: Verification) -> Measured {
    Measured {
        rates: built.rates(),
        built,
        where_used_reel: warm.where_used_reel,
        where_used_lot: warm.where_used_lot,
        trace_unit: warm.trace_unit,
        where_used_reel_cold: cold.where_used_reel,
        where_used_lot_cold: cold.where_used_lot,
        trace_unit_cold: cold.trace_unit,
        cold_from_disk: cold.forgotten,
        start_ms: warm.start_ms,
        start_cold_ms: cold.start_ms,
        memory_start_mb: warm.memory_start_mb,
        memory_peak_mb: warm.memory_peak_mb,
        verification,
    }
}
