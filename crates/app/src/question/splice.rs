//! Splice chains: what hung together with a package when, and passes that name another of its chain.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kernel::id::{Id, PassId};
use kernel::pass::FactKind;
use kernel::project::{DAY, REPORT_REACH};
use kernel::row::{Descent, MountChange};
use kernel::time::Time;
use store::{PassRow, ReportRow};

use super::Result;
use super::desk::{Desk, Source, Splice};
use super::pass::window;

/// How far what is said of a pass may lie apart, unless it is one of the lasting ones: it begins and ends within a day, and a visit over midnight lies in two.
/// (With room for clocks that are off.)
const PASS_MAX: i64 = 4 * DAY;

impl Desk<'_> {
    /// Packages spliced directly to this one, and for how long.
    pub(super) fn splices(&self, package: Id) -> Result<Rc<Vec<Splice>>> {
        self.memo(
            |memo| &mut memo.splices,
            package,
            || {
                let reader = self.snapshot.reader;
                let forward = reader.derived(package, true)?;
                let backward = reader.derived(package, false)?;
                let mut splices = Vec::new();
                let joined = |links: &[(Id, Descent, Time)], leads: bool| -> Vec<(Id, Time, bool)> {
                    links.iter().filter(|link| link.1 == Descent::Joined).map(|link| (link.0, link.2, leads)).collect()
                };
                for (other, from, leads) in joined(&forward, true).into_iter().chain(joined(&backward, false)) {
                    let parted = forward
                        .iter()
                        .chain(&backward)
                        .filter(|link| link.1 == Descent::Parted && link.0 == other)
                        .map(|link| link.2);
                    let leading = if leads { package } else { other };
                    let depleted = reader.mounts_of(leading)?;
                    let depleted =
                        depleted.iter().filter(|point| point.change == MountChange::Depleted).map(|point| point.at);
                    let until = parted.chain(depleted).filter(|at| *at >= from).min().unwrap_or(Time::MAX);
                    splices.push(Splice { other, from, until });
                }
                Ok(Rc::new(splices))
            },
        )
    }

    /// Other members of the chain that was open for a package at some time of a closed window.
    pub(super) fn chain(&self, package: Id, from: Time, until: Time) -> Result<BTreeSet<Id>> {
        self.spliced(package, &|splice| splice.from <= until && splice.until >= from)
    }

    /// Whether the chain of a package was the same all through a closed window.
    pub(super) fn is_chain_steady(&self, package: Id, from: Time, until: Time) -> Result<bool> {
        let throughout = self.spliced(package, &|splice| splice.from <= from && splice.until >= until)?;
        Ok(throughout == self.chain(package, from, until)?)
    }

    /// Packages that hang together with this one by splices of a certain sort.
    fn spliced(&self, package: Id, counts: &dyn Fn(&Splice) -> bool) -> Result<BTreeSet<Id>> {
        let mut members = BTreeSet::from([package]);
        let mut frontier = vec![package];
        while let Some(next) = frontier.pop() {
            for splice in self.splices(next)?.iter() {
                if counts(splice) && members.insert(splice.other) {
                    frontier.push(splice.other);
                }
            }
        }
        members.remove(&package);
        Ok(members)
    }

    /// Passes that name another of the thing's splice chain, and may have run while the thing was spliced. What may have been in its chain then is added to
    /// `chained`.
    pub(super) fn passes_by_chain(&self, thing: Id, chained: &mut BTreeSet<Id>) -> Result<Vec<Rc<PassRow>>> {
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
    pub(super) fn holds(&self, report: &ReportRow, things: &BTreeSet<Id>) -> Result<bool> {
        let Some(report) = self.report(report.station, report.pattern, report.seq)? else { return Ok(false) };
        let decoded = self.decoded(&report)?;
        let named = |thing: Option<Id>| thing.is_some_and(|thing| things.contains(&thing));
        let from = |source: &Source| named(source.package) || source.leading.iter().any(|lead| things.contains(lead));
        Ok(decoded.sources.iter().any(from) || decoded.cells.iter().any(|cell| named(cell.tool)))
    }
}
