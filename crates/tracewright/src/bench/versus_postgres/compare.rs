//! The same questions to both: are the answers equal, and how long do they take.

use std::time::{Duration, Instant};

use app::{AsOf, Site};
use serde::Serialize;
use tokio_postgres::{Client, Statement};

use super::answer::{Answer, OurRecall, OurTrace, OurUse, TheirRecall, TheirTrace, TheirUse};
use super::server::Server;
use crate::bench::ask::{LOTS_MAX, Things};
use crate::bench::recall;
use crate::bench::timing::{Taken, Times};
use crate::say::{self, Failure};

/// Differences that are told; there should be none.
const TOLD_MAX: usize = 20;
/// No question is asked again after so long.
const ASKING_MAX: Duration = Duration::from_secs(120);

/// What was compared, and how it compares.
#[derive(Debug, Default, Serialize)]
pub(super) struct Compared {
    pub(super) equal: bool,
    reels: usize,
    lots: usize,
    units: usize,
    /// Facts found in both answers, all questions together.
    equal_facts: u64,
    differing_facts: u64,
    differences: Vec<String>,
}

/// A question's times with both.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Both {
    ours: Times,
    postgres: Times,
    /// How often ours fits into theirs.
    pub(super) ratio_p50: f64,
    ratio_p99: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Asked {
    where_used_reel: Both,
    where_used_lot: Both,
    trace_unit: Both,
    recall: Both,
    recall_lots: usize,
    recall_certain_units: usize,
}

/// Who is asked.
pub(super) struct Sides<'a> {
    pub(super) site: &'a Site,
    pub(super) server: &'a Server,
    pub(super) client: Client,
    /// Names of positions, by number.
    pub(super) designators: Vec<String>,
}

struct Statements {
    where_used: Statement,
    trace: Statement,
    recall: Statement,
}

/// Asks for reels, lots and units spread over the history, and for the recall of the lots that went into most units.
pub(super) fn ask(
    sides: &Sides<'_>,
    panels: u32,
    questions: usize,
    recall_units: usize,
) -> Result<(Asked, Compared), Failure> {
    let statements = Statements {
        where_used: sides.prepare(include_str!("where_used.sql"))?,
        trace: sides.prepare(include_str!("trace.sql"))?,
        recall: sides.prepare(include_str!("recall.sql"))?,
    };
    let site = sides.site;
    let things = Things::of(site, panels, questions, questions.min(LOTS_MAX))?;
    let mut compared = Compared {
        reels: things.reels.len(),
        lots: things.lots.len(),
        units: things.units.len(),
        ..Compared::default()
    };

    let ours = |thing: &String| Ok::<OurUse, Failure>(OurUse(recall::asked(site, std::slice::from_ref(thing))?));
    let theirs = |packages: &[&str], lots: &[&str]| {
        let rows = sides.query(&statements.where_used, &[&packages, &lots])?;
        Ok::<TheirUse<'_>, Failure>(TheirUse { rows, designators: &sides.designators })
    };
    let where_used_reel = compared.both(&things.reels, ours, |reel| theirs(&[name(reel)], &[]))?;
    let where_used_lot = compared.both(&things.lots, ours, |lot| theirs(&[], &[code(lot)]))?;
    let trace_unit = compared.both(
        &things.units,
        |unit| Ok(OurTrace(site.trace(unit, AsOf::Latest)?)),
        |unit| Ok(TheirTrace(sides.query(&statements.trace, &[unit])?)),
    )?;

    let lots = recall::enough(site, &recall::largest_first(site, panels)?, recall_units)?;
    let ours = || Ok::<OurRecall, Failure>(OurRecall(recall::asked(site, &lots)?));
    let theirs = || {
        let codes: Vec<&str> = lots.iter().map(|lot| code(lot)).collect();
        Ok::<TheirRecall, Failure>(TheirRecall(sides.query(&statements.recall, &[&codes])?))
    };
    let (our_recall, their_recall) = (ours()?, theirs()?);
    let ours_hold = our_recall.holders();
    for missing in their_recall.holders().difference(&ours_hold) {
        compared.differ(format!("recall: `{missing}` only in PostgreSQL"));
    }
    let recall_certain_units = their_recall.rows();
    let recall = compared.both(&vec![(); questions.min(10)], |()| ours(), |()| theirs())?;
    compared.equal = compared.differing_facts == 0;
    let recall_lots = lots.len();
    Ok((Asked { where_used_reel, where_used_lot, trace_unit, recall, recall_lots, recall_certain_units }, compared))
}

impl Sides<'_> {
    fn prepare(&self, statement: &str) -> Result<Statement, Failure> {
        self.server.runtime.block_on(self.client.prepare(statement)).map_err(Failure::of)
    }

    fn query(
        &self,
        statement: &Statement,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, Failure> {
        self.server.runtime.block_on(self.client.query(statement, parameters)).map_err(Failure::of)
    }
}

impl Compared {
    /// Once to compare, which warms both; once more to take the time.
    fn both<T, Ours: Answer, Theirs: Answer>(
        &mut self,
        things: &[T],
        ours: impl Fn(&T) -> Result<Ours, Failure>,
        theirs: impl Fn(&T) -> Result<Theirs, Failure>,
    ) -> Result<Both, Failure> {
        let bar = say::progress(Some(things.len() as u64 * 2), "questions to both", false);
        for thing in things {
            self.compare(&ours(thing)?, &theirs(thing)?);
            bar.inc(1);
        }
        let (mut our_times, mut their_times) = (Taken::default(), Taken::default());
        let begun = Instant::now();
        for thing in things {
            our_times.take(|| ours(thing).map(|answer| answer.rows()))?;
            bar.inc(1);
            if begun.elapsed() > ASKING_MAX {
                break;
            }
        }
        for thing in things {
            their_times.take(|| theirs(thing).map(|answer| answer.rows()))?;
        }
        bar.finish_and_clear();
        let (ours, postgres) = (our_times.times(), their_times.times());
        Ok(Both { ours, postgres, ratio_p50: postgres.p50_ms / ours.p50_ms, ratio_p99: postgres.p99_ms / ours.p99_ms })
    }

    fn compare(&mut self, ours: &impl Answer, theirs: &impl Answer) {
        let (ours, theirs) = (ours.facts(), theirs.facts());
        self.equal_facts += ours.intersection(&theirs).count() as u64;
        for fact in ours.difference(&theirs) {
            self.differ(format!("`{fact}` only in ours"));
        }
        for fact in theirs.difference(&ours) {
            self.differ(format!("`{fact}` only in PostgreSQL"));
        }
    }

    fn differ(&mut self, difference: String) {
        self.differing_facts += 1;
        if self.differences.len() < TOLD_MAX {
            self.differences.push(difference);
        }
    }
}

/// The name of a package that is asked for.
fn name(reel: &str) -> &str {
    reel.strip_prefix("package:").unwrap_or(reel)
}

/// The code of a lot that is asked for with its maker; unique in the factory.
fn code(lot: &str) -> &str {
    lot.rsplit_once('/').map_or(lot, |(_, code)| code)
}
