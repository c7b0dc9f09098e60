//! Forward: where did this thing go.
//!
//! A thing stands for others (a lot for its packages, a package for those split from it); those name passes; the passes' units are evaluated, each for
//! these things in these passes only. Then up: assemblies, containers, shipments.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use kernel::id::{Id, PassId};
use kernel::mount::Stay;
use kernel::row::Belonging as Row;
use kernel::thing::Kind;
use kernel::time::Time;
use store::PassRow;

use super::complete::Reached;
use super::desk::{Desk, TOGETHER};
use super::evidence::{Finding, Focus};
use super::pass::{listed_wholes, window};
use super::query::{Query, parse};
use super::reach::{Reach, is_certain};
use super::taken::Taken;
use super::targets::Targets;
use super::unit::{Stint, UnitClass};
use super::{QuestionError, Result};
use crate::answer::{Evidence, Relation, WhereUsed};

/// Where a thing went, within a window of time.
///
/// # Errors
/// When nothing is called so, the text names things of several kinds, or the store fails.
pub fn where_used(desk: &Desk<'_>, thing: &str, from: Option<Time>, until: Option<Time>) -> Result<WhereUsed> {
    // A thing that is called exactly like this is meant, even if its name reads like a question.
    let query = match desk.resolve(thing) {
        Ok(_) => Query::Thing { text: thing.trim().to_owned(), from: None, until: None },
        Err(QuestionError::Unknown(_)) => parse(thing)?,
        Err(error) => return Err(error),
    };
    let mut reach = desk.reach(&query, from, until)?;
    reach.gaps.extend(desk.snapshot.quarantined.iter().cloned());
    let mut answer = desk.told(thing.trim(), reach)?;
    answer.as_of = desk.snapshot.reader.size()?.0;
    Ok(answer)
}

/// What is found on the way from things to units.
#[derive(Default)]
struct Search {
    focus: Focus,
    /// Passes whose units take a look each.
    rows: BTreeMap<PassId, Rc<PassRow>>,
    /// What reports say that leave nothing else open.
    taken: Vec<Taken>,
    /// Passes that were looked at, and the reach of those that leave nothing open.
    settled: HashMap<PassId, Option<Reached>>,
}

impl Desk<'_> {
    fn reach(&self, query: &Query, from: Option<Time>, until: Option<Time>) -> Result<Reach> {
        match query {
            Query::Thing { text, from: own_from, until: own_until } => {
                let (from, until) = narrowed((from, until), (*own_from, *own_until));
                self.reach_of_any(&[text], from, until)
            }
            Query::And(a, b) => {
                let (mut left, mut right) = (self.reach(a, from, until)?, self.reach(b, from, until)?);
                let mut units = BTreeMap::new();
                for (unit, mut findings) in std::mem::take(&mut left.units) {
                    let Some(others) = right.units.remove(&unit) else { continue };
                    let both = is_certain(&findings) && is_certain(&others);
                    findings.extend(others);
                    if !both {
                        findings
                            .iter_mut()
                            .for_each(|finding| finding.doubt("one of the joined conditions is only possible"));
                    }
                    units.insert(unit, findings);
                }
                Ok(left.with(right, units))
            }
            Query::Or(any) => {
                // Things that are asked for in one window are followed together: what they have in common is looked at once.
                let mut together: BTreeMap<(Option<Time>, Option<Time>), Vec<&str>> = BTreeMap::new();
                let mut reach = Reach::default();
                for one in any {
                    match one {
                        Query::Thing { text, from: own_from, until: own_until } => {
                            let window = narrowed((from, until), (*own_from, *own_until));
                            together.entry(window).or_default().push(text);
                        }
                        other => reach.join(self.reach(other, from, until)?),
                    }
                }
                for ((from, until), texts) in together {
                    reach.join(self.reach_of_any(&texts, from, until)?);
                }
                Ok(reach)
            }
            Query::Without(a, b) => {
                let (mut left, mut right) = (self.reach(a, from, until)?, self.reach(b, from, until)?);
                let mut units = BTreeMap::new();
                for (unit, mut findings) in std::mem::take(&mut left.units) {
                    match right.units.remove(&unit) {
                        Some(others) if is_certain(&others) => continue,
                        Some(_) => {
                            findings.iter_mut().for_each(|finding| finding.doubt("the excluded condition is possible"))
                        }
                        None => {}
                    }
                    units.insert(unit, findings);
                }
                Ok(left.with(right, units))
            }
        }
    }

    /// What any of some things reached.
    fn reach_of_any(&self, texts: &[&str], from: Option<Time>, until: Option<Time>) -> Result<Reach> {
        let mut targets = Targets::default();
        let mut expanded = BTreeSet::new();
        for text in texts {
            let (kind, ids) = self.resolve_one_kind(text)?;
            for id in &ids {
                self.expand(kind, *id, &mut targets)?;
            }
            if ids.len() > 1 {
                expanded.extend(ids);
            }
        }
        let mut reach = self.follow(&targets, from, until)?;
        reach.expanded.extend(targets.things.keys().copied().chain(expanded));
        Ok(reach)
    }

    fn follow(&self, targets: &Targets, from: Option<Time>, until: Option<Time>) -> Result<Reach> {
        let mut reach = Reach::default();
        let mut search = Search::default();
        search.focus.things.extend(targets.things.keys());
        let mut built_into: Vec<Stint> = Vec::new();
        for thing in targets.things.keys() {
            search.focus.kinds.extend(self.name(*thing)?.map(|name| name.kind));
            self.passes_bearing_on(*thing, &mut search)?;
            built_into
                .extend(self.stints_of(*thing)?.iter().filter(|stint| stint.belonging == Row::Assembled).cloned());
        }
        let Search { mut focus, rows, taken, settled } = search;
        // What settled passes have of packages, their reports say.
        if focus.kinds.iter().all(|kind| *kind == Kind::Package) {
            let settled = settled.iter().filter(|(_, reached)| reached.is_some()).map(|(pass, _)| *pass);
            focus.told.extend(settled.filter(|pass| !rows.contains_key(pass)));
        }
        let within = |finding: &Finding| {
            let begin = finding.at.or(finding.until).unwrap_or(Time::MIN);
            let end = finding.until.unwrap_or(begin).max(begin);
            from.is_none_or(|from| end >= from) && until.is_none_or(|until| begin <= until)
        };
        // Evaluate each unit once, for all passes that may matter to it.
        let mut units: BTreeSet<Id> = BTreeSet::new();
        let unsettled: Vec<Rc<PassRow>> = rows.values().cloned().collect();
        for together in unsettled.chunks(TOGETHER) {
            self.gather_names(&together.iter().flat_map(|row| listed_wholes(row)).collect())?;
            for row in together {
                let of_row = self.units_of(row)?;
                if of_row.is_empty() {
                    reach.unidentified.insert(row.id);
                }
                units.extend(of_row.iter());
            }
        }
        let taken = taken.iter().filter(|taken| !rows.contains_key(&taken.pass));
        for (unit, taken) in self.told_by_reports(taken, &focus, &mut units)? {
            let findings = taken.iter().map(|taken| taken.finding());
            let mut findings: Vec<Finding> = findings.filter(|finding| within(finding)).collect();
            findings.iter_mut().for_each(|finding| targets.mean(finding));
            if !findings.is_empty() {
                reach.units.insert(unit, findings);
            }
        }
        let units: Vec<Id> = units.into_iter().collect();
        let mut classes: Vec<Rc<UnitClass>> = Vec::with_capacity(units.len());
        for together in units.chunks(TOGETHER) {
            let found = self.gather_classes(together)?;
            self.gather_passes(&found, &focus)?;
            classes.extend(found);
        }
        for class in classes {
            let unit = class.key;
            let evidence = self.evaluate(&class, Some(&focus))?;
            let mut findings = evidence.findings;
            findings.iter_mut().for_each(|finding| targets.mean(finding));
            findings.retain(within);
            if !findings.is_empty() {
                reach.units.entry(unit).or_default().extend(findings);
                reach.gaps.extend(evidence.gaps);
            }
            reach.broken.extend(evidence.broken);
        }
        for stint in built_into {
            for key in self.keys(stint.parent, Some(stint.from))? {
                let kind = self.name(stint.child)?.map_or(Kind::Component, |name| name.kind);
                let mut finding = super::trace::built_in_finding(kind, &stint);
                targets.mean(&mut finding);
                if within(&finding) {
                    reach.units.entry(key).or_default().push(finding);
                }
            }
        }
        for station in &targets.stations {
            let mut seen = BTreeSet::new();
            for row in self.passes_at(*station, from.unwrap_or(Time::MIN), until.unwrap_or(Time::MAX))? {
                for unit in self.units_of(&row)?.iter().filter(|unit| seen.insert(**unit)) {
                    self.visited(*unit, *station, &within, &mut reach)?;
                }
            }
        }
        for unit in &targets.members {
            reach.units.entry(*unit).or_default().push(plain(None, None));
        }
        for holder in &targets.holders {
            reach.asked.insert(*holder);
            for unit in self.units_inside(*holder)? {
                reach.units.entry(unit).or_default().push(plain(None, None));
            }
        }
        for unit in &targets.units {
            let class = self.class(*unit)?;
            reach.asked.extend(self.holders(&self.lasting_ids(&class))?.into_iter().map(|stint| stint.parent));
        }
        self.rise(&targets.units, &mut reach)?;
        Ok(reach)
    }

    /// Passes that may bear on a thing: that name it, that report it or another of its chain, that ran while it was mounted.
    fn passes_bearing_on(&self, thing: Id, search: &mut Search) -> Result<()> {
        let reader = self.snapshot.reader;
        let is_package = self.name(thing)?.is_some_and(|name| name.kind == Kind::Package);
        let reports = reader.reports_naming(thing)?;
        for together in reports.chunks(TOGETHER) {
            self.gather_rows(&together.iter().map(|report| report.pass).collect::<Vec<_>>())?;
            if is_package {
                let mut at_station: BTreeMap<Id, Vec<Rc<PassRow>>> = BTreeMap::new();
                for report in together {
                    at_station.entry(report.station).or_default().extend(self.row(report.pass)?);
                }
                for (station, rows) in at_station {
                    self.settle(station, &rows, &mut search.settled)?;
                }
            }
            for report in together {
                search.focus.named_in.insert(report.pass);
                search.focus.stations.insert(report.station);
                if search.rows.contains_key(&report.pass) {
                    continue;
                }
                if is_package
                    && let Some(reach) = search.settled.get(&report.pass).copied().flatten()
                    && let Some(taken) = self.taken(thing, report, reach)?
                {
                    search.taken.extend(taken);
                    continue;
                }
                let Some(row) = self.row(report.pass)? else { continue };
                // Where a report may hold it is enough when its units can be looked at; else it must.
                if self.units_of(&row)?.is_empty() && !self.holds(report, &BTreeSet::from([thing]))? {
                    continue;
                }
                search.rows.insert(row.id, row);
            }
        }
        for row in reader.passes_linked(thing)? {
            search.focus.named_in.insert(row.id);
            search.focus.stations.insert(row.station);
            search.rows.entry(row.id).or_insert_with(|| self.keep_row(row));
        }
        for row in self.passes_by_chain(thing, &mut search.focus.chained)? {
            search.focus.named_in.insert(row.id);
            search.focus.stations.insert(row.station);
            search.rows.entry(row.id).or_insert(row);
        }
        let stays = self.stays_of(thing)?;
        for stay in stays.iter() {
            let mut there = self.passes_at(stay.station, stay.from, stay.until)?;
            if stay.kind == Kind::Package {
                for together in there.chunks(TOGETHER) {
                    self.settle(stay.station, together, &mut search.settled)?;
                }
                there.retain(|row| !search.settled.get(&row.id).is_some_and(Option::is_some));
            }
            for row in there.into_iter().filter(|row| !search.rows.contains_key(&row.id)).collect::<Vec<_>>() {
                // A pass whose units cannot be named counts only when it met the thing.
                if may_meet(&row, stay) || !self.units_of(&row)?.is_empty() {
                    search.rows.insert(row.id, row);
                }
            }
        }
        search.focus.stations.extend(stays.iter().map(|stay| stay.station));
        search.focus.stays.extend(stays.iter().cloned());
        Ok(())
    }

    fn visited(&self, unit: Id, station: Id, within: &dyn Fn(&Finding) -> bool, reach: &mut Reach) -> Result<()> {
        let mut findings = Vec::new();
        for pass in self.passes_through(&*self.class(unit)?, station)?.iter() {
            let mut finding = plain(pass.start, Some(pass.end.unwrap_or(Time::MAX)));
            finding.station = Some(station);
            if within(&finding) {
                findings.push(finding);
            }
        }
        if !findings.is_empty() {
            reach.units.entry(unit).or_default().extend(findings);
        }
        Ok(())
    }

    /// Units in a container or shipment, in its boxes, and what is built into them counts as them.
    fn units_inside(&self, holder: Id) -> Result<BTreeSet<Id>> {
        let mut units = BTreeSet::new();
        let mut seen = BTreeSet::from([holder]);
        let mut frontier = vec![holder];
        while let Some(next) = frontier.pop() {
            for stint in self.contents(next)? {
                match self.name(stint.child)?.map(|name| name.kind) {
                    Some(Kind::Unit) => units.extend(self.keys(stint.child, Some(stint.from))?),
                    Some(_) if seen.insert(stint.child) => frontier.push(stint.child),
                    _ => {}
                }
            }
        }
        Ok(units)
    }

    /// Up through assemblies, at any depth: an assembly's rows are its children's rows.
    fn rise(&self, asked: &BTreeSet<Id>, reach: &mut Reach) -> Result<()> {
        // A unit, what rises from it, and the units on the way.
        let mut frontier: Vec<(Id, Vec<Finding>, Vec<Id>)> = Vec::new();
        let units: Vec<Id> = reach.units.keys().copied().collect();
        for together in units.chunks(TOGETHER) {
            for class in self.gather_classes(together)? {
                if !self.assemblies(&class)?.is_empty() {
                    frontier.push((class.key, reach.units[&class.key].clone(), vec![class.key]));
                }
            }
        }
        let itself = |unit: Id| Finding {
            relation: Relation::Installed,
            thing: Some(unit),
            kind: Kind::Unit,
            ..plain(None, None)
        };
        frontier.extend(asked.iter().map(|unit| (*unit, vec![itself(*unit)], vec![*unit])));
        while let Some((unit, findings, way)) = frontier.pop() {
            for (parent, stint) in self.assemblies(&*self.class(unit)?)? {
                if way.contains(&parent) {
                    continue;
                }
                let left = (stint.until != Time::MAX).then_some(stint.until);
                let risen: Vec<Finding> = findings
                    .iter()
                    .map(|finding| Finding {
                        via: Some(finding.via.unwrap_or(unit)),
                        removed_at: finding.removed_at.or(left),
                        at: finding.at.or(Some(stint.from)),
                        position: finding
                            .position
                            .clone()
                            .or_else(|| (finding.kind == Kind::Unit).then(|| stint.position.clone())),
                        ..finding.clone()
                    })
                    .collect();
                reach.units.entry(parent).or_default().extend(risen.clone());
                let way = way.iter().copied().chain([parent]).collect();
                frontier.push((parent, risen, way));
            }
        }
        Ok(())
    }
}

/// A window within another.
fn narrowed(
    (from, until): (Option<Time>, Option<Time>),
    (own_from, own_until): (Option<Time>, Option<Time>),
) -> (Option<Time>, Option<Time>) {
    let until = match (until, own_until) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    (from.max(own_from), until)
}

/// Whether a pass, taken as a whole, may have run while a thing was there.
fn may_meet(row: &PassRow, stay: &Stay) -> bool {
    let (from, until) = window(row);
    stay.meets(from, until)
}

/// A finding that says no more than that the unit is meant.
fn plain(at: Option<Time>, until: Option<Time>) -> Finding {
    Finding {
        thing: None,
        kind: Kind::Station,
        relation: Relation::Exposed,
        evidence: Evidence::Certain,
        designators: Rc::default(),
        at,
        until,
        removed_at: None,
        station: None,
        place: None,
        reasons: Vec::new(),
        seq: None,
        via: None,
        position: None,
    }
}
