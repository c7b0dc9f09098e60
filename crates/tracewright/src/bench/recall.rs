//! `bench recall`: where the largest lots went, up to the customers, with every row.

use std::time::{Duration, Instant};

use app::answer::{Counts, WhereUsed};
use app::{AsOf, QuestionError, Site, WhereUsedQuery};
use serde::Serialize;

use super::ask::Things;
use super::kept::Kept;
use super::ledger::{Size, Sized};
use super::outcome::{self, Circumstances};
use super::timing::{Taken, Times};
use crate::arguments::bench::Recall;
use crate::say::{self, Done, Failure};

/// Units whose lots are looked at.
const SAMPLE_UNITS: usize = 200;
/// Lots that are looked at, at most: a question joins no more things.
const LOTS_MAX: usize = 200;
/// No recall is asked again after so long, however often it was to be asked.
const ASKING_MAX: Duration = Duration::from_secs(120);

#[derive(Debug, Serialize)]
struct Measured {
    largest_lot: Answered,
    joined_lots: Answered,
}

/// What a recall said, and how long it took.
#[derive(Debug, Serialize)]
struct Answered {
    lots: usize,
    counts: Counts,
    rows: usize,
    containers: usize,
    shipments: usize,
    /// Bytes of the whole answer as JSON.
    answer_bytes: usize,
    times: Times,
}

pub(super) fn recall(given: &Recall, json: bool) -> Result<Done, Failure> {
    let circumstances = Circumstances::of("recall");
    let kept = Kept::existing(&given.kept.keep)?;
    let site = Site::open_to_read(&kept.folder)?;
    let lots = largest_first(&site, kept.built.panels)?;
    let some = enough(&site, &lots, given.units)?;
    let figures = Measured {
        largest_lot: answered(&site, &lots[..lots.len().min(1)], given.questions)?,
        joined_lots: answered(&site, &some, given.questions)?,
    };
    outcome::tell(&circumstances, &Sized { size: Size::of(&kept), figures }, &given.kept.out, json)?;
    Ok(Done::Well)
}

/// Lots that went into units spread over the history; those that went into most units first.
pub(super) fn largest_first(site: &Site, panels: u32) -> Result<Vec<String>, Failure> {
    let lots = Things::of(site, panels, SAMPLE_UNITS, LOTS_MAX)?.lots;
    let mut sizes = Vec::with_capacity(lots.len());
    let bar = say::progress(Some(lots.len() as u64), "lots", false);
    for lot in lots {
        sizes.push((asked(site, std::slice::from_ref(&lot))?.counts.units, lot));
        bar.inc(1);
    }
    bar.finish_and_clear();
    sizes.sort_by(|one, other| other.cmp(one));
    Ok(sizes.into_iter().map(|(_, lot)| lot).collect())
}

/// The first of these lots that together reach so many units; all, if they do not.
pub(super) fn enough(site: &Site, lots: &[String], units: usize) -> Result<Vec<String>, Failure> {
    let mut joined = 1;
    while joined < lots.len() {
        let reached = asked(site, &lots[..joined])?.counts.units;
        if reached >= units {
            break;
        }
        // As many as it takes if the next are as large and overlap as little.
        joined = (joined * units).div_ceil(reached.max(1)).clamp(joined + 1, joined * 2);
    }
    Ok(lots[..joined.min(lots.len())].to_vec())
}

/// The recall of these lots together.
pub(super) fn asked(site: &Site, lots: &[String]) -> Result<WhereUsed, QuestionError> {
    let thing = match lots {
        [lot] => lot.clone(),
        lots => lots.iter().map(|lot| format!("\"{lot}\"")).collect::<Vec<_>>().join(" or "),
    };
    site.where_used(&WhereUsedQuery { thing, from: None, until: None, as_of: AsOf::Latest })
}

fn answered(site: &Site, lots: &[String], questions: usize) -> Result<Answered, Failure> {
    let answer = asked(site, lots)?;
    let mut taken = Taken::default();
    let begun = Instant::now();
    let bar = say::progress(Some(questions as u64), "recalls", false);
    for _ in 0..questions {
        taken.take(|| asked(site, lots).map(|answer| answer.units.len()))?;
        bar.inc(1);
        if begun.elapsed() > ASKING_MAX {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(Answered {
        lots: lots.len(),
        counts: answer.counts,
        rows: answer.units.len(),
        containers: answer.containers.len(),
        shipments: answer.shipments.len(),
        answer_bytes: serde_json::to_vec(&answer).map_err(Failure::of)?.len(),
        times: taken.times(),
    })
}
