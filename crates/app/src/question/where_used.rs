//! Forward: where did this thing go.
//!
//! A thing stands for others (a lot for its packages, a package for those split from it); those name passes; the passes' units are evaluated, each for
//! these things in these passes only. Then up: assemblies, containers, shipments.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use kernel::id::{Designator, Id, PassId};
use kernel::mount::Stay;
use kernel::pass::FactKind;
use kernel::project::{DAY, REPORT_REACH};
use kernel::row::{Belonging as Row, Descent};
use kernel::thing::Kind;
use kernel::time::Time;
use store::{PassRow, ReportRow};

use super::belonging::Whereabouts;
use super::complete::Reached;
use super::desk::{Desk, Source, Splice, TOGETHER};
use super::evidence::{Finding, Focus};
use super::pass::listed_wholes;
use super::query::{Query, parse};
use super::taken::Taken;
use super::unit::{Stint, UnitClass};
use super::{QuestionError, Result};
use crate::answer::{Counts, Evidence, Gap, Holder, Relation, WhereUsed, WhereUsedRow};

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

/// What a thing reached.
#[derive(Default)]
struct Reach {
    /// What the question stood for.
    expanded: BTreeSet<Id>,
    /// Findings by unit.
    units: BTreeMap<Id, Vec<Finding>>,
    /// Passes whose units cannot be named.
    unidentified: BTreeSet<PassId>,
    /// Containers and shipments asked for themselves, or that a unit asked for is in.
    asked: BTreeSet<Id>,
    gaps: BTreeSet<Gap>,
    broken: BTreeSet<Gap>,
}

/// What a question stands for.
#[derive(Default)]
struct Targets {
    /// Things, and whether they are certainly meant.
    things: BTreeMap<Id, Evidence>,
    /// Units that are meant themselves.
    units: BTreeSet<Id>,
    /// Units that the thing only holds or groups.
    members: BTreeSet<Id>,
    /// Stations all of whose passes are meant.
    stations: BTreeSet<Id>,
    /// Containers and shipments.
    holders: BTreeSet<Id>,
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

/// How far what is said of a pass may lie apart, unless it is one of the lasting ones: it begins and ends within a day, and a visit over midnight lies in two.
/// (With room for clocks that are off.)
const PASS_MAX: i64 = 4 * DAY;

/// Why a package is possible only.
const SUPERSEDED: &str = "the package was stated to be of this lot, and later of another";

impl Targets {
    /// A finding of a thing that is only possibly meant is possible only.
    fn mean(&self, finding: &mut Finding) {
        let meant = finding.thing.and_then(|thing| self.things.get(&thing));
        if meant == Some(&Evidence::Possible) {
            doubt(finding, SUPERSEDED);
        }
    }
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
                            .for_each(|finding| doubt(finding, "one of the joined conditions is only possible"));
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
                            findings.iter_mut().for_each(|finding| doubt(finding, "the excluded condition is possible"))
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

    // What a thing stands for.

    fn expand(&self, kind: Kind, id: Id, targets: &mut Targets) -> Result<()> {
        let reader = self.snapshot.reader;
        match kind {
            Kind::Package => self.with_descendants(id, Evidence::Certain, targets)?,
            Kind::Lot | Kind::Part | Kind::Receipt => {
                for package in reader.packages_of(kind, id)? {
                    let evidence =
                        if self.is_superseded(kind, package, id)? { Evidence::Possible } else { Evidence::Certain };
                    self.with_descendants(package, evidence, targets)?;
                }
            }
            Kind::Party => {
                for package in reader.packages_of(kind, id)? {
                    self.with_descendants(package, Evidence::Certain, targets)?;
                }
                targets.holders.extend(reader.members_of(id)?);
            }
            Kind::Tool | Kind::Person | Kind::Program | Kind::Component => {
                targets.things.insert(id, Evidence::Certain);
            }
            Kind::Carrier => {
                for package in reader.carried_by(id)? {
                    self.with_descendants(package, Evidence::Possible, targets)?;
                }
                let key = self.key_text(id)?;
                if let Some(unit) = reader.thing(Kind::Unit, &key)? {
                    for cycle in self.cycles(unit)? {
                        targets.members.extend(self.keys(cycle.unit, Some(cycle.from))?);
                    }
                }
            }
            Kind::Unit => {
                if self.is_carrier(id.whole())? && id.position() == 0 {
                    for cycle in self.cycles(id)? {
                        targets.members.extend(self.keys(cycle.unit, Some(cycle.from))?);
                    }
                } else if self.has_boards(id)? {
                    targets.members.extend(self.boards(id)?);
                } else {
                    targets.units.extend(self.keys(id, None)?);
                }
            }
            Kind::Order => self.expand_members(id, targets)?,
            Kind::Product => {
                for member in reader.members_of(id)? {
                    match self.name(member)?.map(|name| name.kind) {
                        Some(Kind::Order) => self.expand_members(member, targets)?,
                        _ => targets.members.extend(self.keys(member, None)?),
                    }
                }
            }
            Kind::Station => {
                targets.stations.insert(id);
            }
            Kind::Container | Kind::Shipment => {
                targets.holders.insert(id);
            }
            Kind::Software | Kind::Document | Kind::Case | Kind::Place => {
                let text = self.thing_text(id)?;
                return Err(QuestionError::Malformed {
                    text,
                    reason: format!("where a {kind} was used is not recorded yet"),
                });
            }
        }
        Ok(())
    }

    fn expand_members(&self, order: Id, targets: &mut Targets) -> Result<()> {
        for member in self.snapshot.reader.members_of(order)? {
            if self.has_boards(member)? {
                targets.members.extend(self.boards(member)?);
            } else {
                targets.members.extend(self.keys(member, None)?);
            }
        }
        Ok(())
    }

    /// Whether a later message said that the package is of another lot, part or delivery.
    fn is_superseded(&self, kind: Kind, package: Id, id: Id) -> Result<bool> {
        let statements = self.snapshot.reader.statements(package)?;
        let stated = statements.iter().filter_map(|(_, statement)| {
            let stated = match kind {
                Kind::Lot => statement.lot,
                Kind::Part => statement.part,
                Kind::Receipt => statement.receipt,
                _ => None,
            };
            Some((statement.at, stated?))
        });
        let last = stated.clone().map(|(at, _)| at).max();
        // Machines repeat part numbers, and only what is new of that is kept: any other part makes it doubtful. Of two lots stated for the same instant
        // neither is certain.
        Ok(stated.into_iter().any(|(at, stated)| stated != id && (kind == Kind::Part || Some(at) == last)))
    }

    fn with_descendants(&self, package: Id, evidence: Evidence, targets: &mut Targets) -> Result<()> {
        let mut frontier = vec![package];
        while let Some(next) = frontier.pop() {
            match targets.things.get(&next) {
                Some(known) if *known <= evidence => continue,
                _ => targets.things.insert(next, evidence),
            };
            for (child, descent, _) in self.snapshot.reader.derived(next, true)? {
                if descent == Descent::Split {
                    frontier.push(child);
                }
            }
        }
        Ok(())
    }

    // From things to units.

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

    /// Passes that name another of the thing's splice chain, and may have run while the thing was spliced. What may have been in its chain then is added to
    /// `chained`.
    fn passes_by_chain(&self, thing: Id, chained: &mut BTreeSet<Id>) -> Result<Vec<Rc<PassRow>>> {
        let reader = self.snapshot.reader;
        let splices = self.splices(thing)?;
        let mut found = Vec::new();
        for splice in splices.iter() {
            // Whatever joins another to the thing during a pass was spliced during that pass: so near to this splice, unless the pass lasted. As of an
            // earlier index any may have lasted.
            let (from, until) = match reader.sees_all()? {
                true => (splice.from.plus(-PASS_MAX), splice.until.plus(PASS_MAX)),
                false => (Time::MIN, Time::MAX),
            };
            let near = self.chain(thing, from, until)?;
            let mut stations: BTreeSet<Id> = BTreeSet::new();
            for member in &near {
                stations.extend(reader.stations_naming(*member)?);
            }
            for station in stations {
                for row in self.passes_at(station, splice.from, splice.until)? {
                    if self.may_name(&row, splice, &near)? {
                        found.push(row);
                    }
                }
            }
            chained.extend(near);
        }
        if splices.is_empty() {
            return Ok(found);
        }
        let mut lasting: BTreeMap<(Time, Time), Vec<PassId>> = BTreeMap::new();
        for station in reader.stations_lasting()? {
            for pass in self.lasting(station)?.iter() {
                let (first, last) = pass.told;
                lasting.entry((first.plus(-REPORT_REACH), last.plus(REPORT_REACH))).or_default().push(pass.pass);
            }
        }
        for ((from, until), passes) in lasting {
            let then = |splice: &&Splice| splice.from <= until && splice.until >= from;
            if splices.iter().find(then).is_none() {
                continue;
            }
            self.gather_rows(&passes)?;
            let names_packages = |row: &PassRow| {
                row.facts.iter().any(|fact| fact.links().next().is_some() || fact.kind == FactKind::Installed)
            };
            let rows = passes.iter().map(|pass| self.row(*pass)).collect::<Result<Vec<_>>>()?;
            let rows: Vec<Rc<PassRow>> = rows.into_iter().flatten().filter(|row| names_packages(row)).collect();
            if rows.is_empty() {
                continue;
            }
            let members = self.chain(thing, from, until)?;
            for row in rows {
                for splice in splices.iter().filter(then) {
                    if self.may_name(&row, splice, &members)? {
                        found.push(Rc::clone(&row));
                        break;
                    }
                }
            }
            chained.extend(members);
        }
        Ok(found)
    }

    /// Whether a pass that may have run during a splice names any of the packages that hang together with it.
    fn may_name(&self, row: &PassRow, splice: &Splice, members: &BTreeSet<Id>) -> Result<bool> {
        // A pass whose units cannot be named counts only when it ran then.
        let (from, until) = window(row);
        let then = from <= splice.until && splice.from <= until || !self.units_of(row)?.is_empty();
        Ok(then && self.names_any(row, members)?)
    }

    /// Whether a message of a pass names any of these packages.
    fn names_any(&self, row: &PassRow, packages: &BTreeSet<Id>) -> Result<bool> {
        if row.facts.iter().any(|fact| fact.links().any(|linked| packages.contains(&linked))) {
            return Ok(true);
        }
        for report in self.reports(row.station, &row.facts)? {
            if self.holds(&report.row, packages)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a report has a component installed from any of these packages, or one treated by any of these tools.
    fn holds(&self, report: &ReportRow, things: &BTreeSet<Id>) -> Result<bool> {
        let Some(report) = self.report(report.station, report.pattern, report.seq)? else { return Ok(false) };
        let decoded = self.decoded(&report)?;
        let named = |thing: Option<Id>| thing.is_some_and(|thing| things.contains(&thing));
        let from = |source: &Source| named(source.package) || source.leading.iter().any(|lead| things.contains(lead));
        Ok(decoded.sources.iter().any(from) || decoded.cells.iter().any(|cell| named(cell.tool)))
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

    // The answer.

    fn told(&self, thing: &str, reach: Reach) -> Result<WhereUsed> {
        let mut units = Vec::new();
        let mut counts =
            Counts { units: reach.units.len(), unidentified: reach.unidentified.len(), ..Counts::default() };
        let mut held: BTreeMap<Id, Held> = reach.asked.iter().map(|asked| (*asked, Held::default())).collect();
        let affected: Vec<Id> = reach.units.keys().copied().collect();
        for (nth, unit) in affected.iter().enumerate() {
            if nth % TOGETHER == 0 {
                self.gather_classes(&affected[nth..affected.len().min(nth + TOGETHER)])?;
            }
            let (class, findings) = (self.class(*unit)?, &reach.units[unit]);
            let certain = is_certain(findings);
            counts.certain += usize::from(certain);
            counts.possible += usize::from(!certain);
            // What is built into an assembly is where the assembly is.
            let ids = self.outermost_ids(&class)?;
            let holders = self.holders(&ids)?;
            match Whereabouts::of(&holders) {
                Whereabouts::Shipped => counts.shipped += 1,
                Whereabouts::Packed => counts.packed += 1,
                Whereabouts::Returned => counts.returned += 1,
                Whereabouts::InProcess if self.is_scrapped(&class)? => counts.scrapped += 1,
                Whereabouts::InProcess => counts.in_process += 1,
            }
            for stint in &holders {
                held.entry(stint.parent).or_default().note(stint);
            }
            units.extend(self.rows(class.key, findings)?);
        }
        units.sort_by(|a: &WhereUsedRow, b| {
            (a.relation, &a.unit, a.evidence, a.removed_at.is_some()).cmp(&(
                b.relation,
                &b.unit,
                b.evidence,
                b.removed_at.is_some(),
            ))
        });
        let mut gaps = reach.gaps;
        if !reach.unidentified.is_empty() {
            let text = format!("{} passes that bear on this have units that cannot be named", reach.unidentified.len());
            gaps.insert(Gap { kind: "UnidentifiedUnits".into(), station: None, text });
        }
        let mut containers = Vec::new();
        let mut shipments = Vec::new();
        for (id, held) in held {
            let holder = self.holder(id, &held)?;
            match self.name(id)?.map(|name| name.kind) {
                Some(Kind::Shipment) => shipments.push(holder),
                _ => containers.push(holder),
            }
        }
        containers.sort_by(|a, b| a.id.cmp(&b.id));
        shipments.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(WhereUsed {
            thing: thing.to_owned(),
            expanded: reach.expanded.iter().map(|id| self.thing_text(*id)).collect::<Result<_>>()?,
            units,
            containers,
            shipments,
            counts,
            findings: reach.broken.into_iter().collect(),
            gaps: gaps.into_iter().collect(),
            as_of: 0,
        })
    }

    fn holder(&self, id: Id, held: &Held) -> Result<Holder> {
        let customer = self.customers(id)?.first().map(|party| self.key_text(*party)).transpose()?;
        let from = (held.units > 0).then(|| held.from.to_string());
        let until = (held.units > 0 && held.until != Time::MAX).then(|| held.until.to_string());
        Ok(Holder { id: self.key_text(id)?, customer, units: held.units, from, until })
    }

    /// Identities of a unit and of all assemblies that it is in now.
    fn outermost_ids(&self, class: &UnitClass) -> Result<Vec<Id>> {
        let mut ids = self.lasting_ids(class);
        let mut seen = BTreeSet::from([class.key]);
        let mut frontier = vec![Rc::new(class.clone())];
        while let Some(next) = frontier.pop() {
            for (parent, stint) in self.assemblies(&next)? {
                if stint.until == Time::MAX && seen.insert(parent) {
                    let parent = self.class(parent)?;
                    ids.extend(self.lasting_ids(&parent));
                    frontier.push(parent);
                }
            }
        }
        Ok(ids)
    }

    fn is_scrapped(&self, class: &UnitClass) -> Result<bool> {
        Ok(self
            .unit_passes(class)?
            .iter()
            .any(|pass| pass.facts.iter().any(|fact| fact.kind == FactKind::Disqualified)))
    }

    /// One row per relation, evidence and removal state.
    fn rows(&self, unit: Id, findings: &[Finding]) -> Result<Vec<WhereUsedRow>> {
        let mut groups: BTreeMap<(Relation, Evidence, bool), Vec<&Finding>> = BTreeMap::new();
        for finding in findings {
            groups.entry((finding.relation, finding.evidence, finding.removed_at.is_some())).or_default().push(finding);
        }
        let mut rows = Vec::new();
        for ((relation, evidence, _), group) in groups {
            let mut stations = BTreeSet::new();
            let mut packages = BTreeSet::new();
            let mut reasons = BTreeSet::new();
            let mut vias = BTreeSet::new();
            for finding in &group {
                stations.extend(finding.station);
                if finding.kind == Kind::Package {
                    packages.extend(finding.thing);
                }
                reasons.extend(finding.reasons.iter().cloned());
                vias.extend(finding.via.map(|via| self.key_text(via)).transpose()?);
            }
            let texts = |ids: BTreeSet<Id>, text: &dyn Fn(Id) -> Result<String>| -> Result<Vec<String>> {
                let texts: BTreeSet<String> = ids.into_iter().map(text).collect::<Result<_>>()?;
                Ok(texts.into_iter().collect())
            };
            rows.push(WhereUsedRow {
                unit: self.key_text(unit)?,
                relation,
                evidence,
                positions: self.positions(&group)?,
                removed_at: group.iter().filter_map(|finding| finding.removed_at).max().map(|at| at.to_string()),
                at: group.iter().filter_map(|finding| finding.at).min().map(|at| at.to_string()),
                stations: texts(stations, &|station| self.station_text(station))?,
                packages: texts(packages, &|package| self.key_text(package))?,
                via: vias.pop_first(),
                reasons: reasons.into_iter().collect(),
            });
        }
        Ok(rows)
    }

    /// How the positions of findings are written, R2 before R10.
    fn positions(&self, findings: &[&Finding]) -> Result<Vec<String>> {
        let mut designators: Vec<Designator> =
            findings.iter().flat_map(|finding| finding.designators.iter().copied()).collect();
        designators.sort_unstable();
        designators.dedup();
        let designators: Rc<[Designator]> = designators.into();
        let written = self.memo(
            |memo| &mut memo.written,
            Rc::clone(&designators),
            || {
                let mut texts = designators
                    .iter()
                    .map(|designator| self.designator_text(*designator))
                    .collect::<Result<Vec<_>>>()?;
                texts.sort_by_cached_key(|text| natural(text));
                Ok(Rc::from(texts))
            },
        )?;
        let mut positions: Vec<String> = written.iter().map(ToString::to_string).collect();
        let others: BTreeSet<&String> = findings.iter().filter_map(|finding| finding.position.as_ref()).collect();
        if !others.is_empty() {
            positions.extend(others.into_iter().cloned());
            positions.sort_by_cached_key(|text| natural(text));
            positions.dedup();
        }
        Ok(positions)
    }
}

impl Reach {
    /// Takes in what something else reached.
    fn join(&mut self, mut other: Reach) {
        for (unit, findings) in std::mem::take(&mut other.units) {
            self.units.entry(unit).or_default().extend(findings);
        }
        let units = std::mem::take(&mut self.units);
        *self = std::mem::take(self).with(other, units);
    }

    fn with(mut self, other: Reach, units: BTreeMap<Id, Vec<Finding>>) -> Reach {
        self.expanded.extend(other.expanded);
        self.unidentified.extend(other.unidentified);
        self.asked.extend(other.asked);
        self.gaps.extend(other.gaps);
        self.broken.extend(other.broken);
        self.units = units;
        self
    }
}

/// Affected units that a container or shipment holds, or held.
struct Held {
    units: usize,
    /// Since when the first.
    from: Time,
    /// When the last left it.
    until: Time,
}

impl Default for Held {
    fn default() -> Held {
        Held { units: 0, from: Time::MAX, until: Time::MIN }
    }
}

impl Held {
    fn note(&mut self, stint: &Stint) {
        self.units += 1;
        self.from = self.from.min(stint.from);
        self.until = self.until.max(stint.until);
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

/// When a pass, taken as a whole, may have run.
fn window(row: &PassRow) -> (Time, Time) {
    let times = |kind: FactKind| row.facts.iter().filter(move |fact| fact.kind == kind).map(|fact| fact.at);
    let from = times(FactKind::Started).min().or(times(FactKind::Arrived).min());
    let until = times(FactKind::Ended).max().or(times(FactKind::Departed).max());
    (from.unwrap_or(Time::MIN), until.unwrap_or(Time::MAX))
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

fn is_certain(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.evidence == Evidence::Certain)
}

fn doubt(finding: &mut Finding, reason: &str) {
    finding.evidence = Evidence::Possible;
    finding.reasons.push(reason.to_owned());
}

/// R2 before R10.
fn natural(text: &str) -> (String, u64, String) {
    let letters: String = text.chars().take_while(|c| !c.is_ascii_digit()).collect();
    let digits: String = text[letters.len()..].chars().take_while(char::is_ascii_digit).collect();
    (letters, digits.parse().unwrap_or(0), text.to_owned())
}
