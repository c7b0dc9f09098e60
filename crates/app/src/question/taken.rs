//! Packages in units of passes whose reports leave nothing else open: what the reports say is all there is to say, and no unit needs a look of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kernel::id::{Designator, Id, PassId, Seq};
use kernel::placement::{Departure, Origin};
use kernel::thing::Kind;
use kernel::time::Time;
use store::ReportRow;

use super::Result;
use super::complete::Reached;
use super::desk::{Desk, Report, TOGETHER};
use super::evidence::{Finding, Focus};
use super::unit::told_within;
use crate::answer::{Evidence, Relation};

/// Components that units certainly have from a package, all from one report.
pub(super) struct Taken {
    /// The report's pass.
    pub(super) pass: PassId,
    package: Id,
    units: Vec<Id>,
    /// Their positions.
    designators: Rc<[Designator]>,
    at: Time,
    station: Id,
    seq: Seq,
}

impl Taken {
    /// The finding for each of the units.
    pub(super) fn finding(&self) -> Finding {
        Finding {
            thing: Some(self.package),
            kind: Kind::Package,
            relation: Relation::Installed,
            evidence: Evidence::Certain,
            designators: Rc::clone(&self.designators),
            at: Some(self.at),
            until: Some(self.at),
            removed_at: None,
            station: Some(self.station),
            place: None,
            reasons: Vec::new(),
            seq: Some(self.seq),
            via: None,
            position: None,
        }
    }
}

impl Desk<'_> {
    /// What a report of a settled pass says that units have from a package; `None` when the report alone does not tell.
    pub(super) fn taken(&self, package: Id, row: &ReportRow, reached: Reached) -> Result<Option<Vec<Taken>>> {
        let (from, until) = told_within((reached.from, reached.until), row.at);
        if !self.chain(package, from, until)?.is_empty() {
            return Ok(None);
        }
        let Some(report) = self.report(row.station, row.pattern, row.seq)? else { return Ok(None) };
        let mut keys = Vec::with_capacity(report.units.len());
        for unit in &report.units {
            if unit.row() == 0 || self.is_carrier(unit.whole())? || self.has_boards(*unit)? {
                return Ok(None);
            }
            let [key] = self.keys(*unit, None)?[..] else { return Ok(None) };
            keys.push((*unit, key));
        }
        let taken = |units: Vec<Id>, designators: Rc<[Designator]>| Taken {
            pass: report.row.pass,
            package,
            units,
            designators,
            at: report.row.at,
            station: report.row.station,
            seq: report.row.seq,
        };
        if report.differences.is_empty() {
            let designators = self.drawn_from(package, &report)?;
            return Ok(Some(vec![taken(keys.into_iter().map(|(_, key)| key).collect(), designators)]));
        }
        if report.differences.iter().any(|difference| leaves_doubt(&difference.departure)) {
            return Ok(None);
        }
        let decoded = self.decoded(&report)?;
        let mut of_unit: BTreeMap<Id, Vec<Designator>> = BTreeMap::new();
        for source in decoded.sources.iter().filter(|source| source.package == Some(package)) {
            for cell in source.cells.iter().map(|cell| &decoded.cells[*cell]) {
                let positions = of_unit.entry(cell.unit).or_default();
                positions.extend(Some(cell.designator).filter(|designator| *designator != Designator::NONE));
            }
        }
        let own = keys.into_iter().filter_map(|(unit, key)| Some(taken(vec![key], of_unit.remove(&unit)?.into())));
        Ok(Some(own.collect()))
    }

    /// Positions that a report, which follows its pattern in all, has from a package.
    fn drawn_from(&self, package: Id, report: &Report) -> Result<Rc<[Designator]>> {
        let mut designators = Vec::new();
        for (nth, (origin, drawing)) in report.pattern.groups.iter().enumerate() {
            if matches!(origin, Origin::Place(_)) && self.draw(&report.row, nth)? == Some(package) {
                designators.extend(drawing);
            }
        }
        Ok(designators.into())
    }

    /// What reports alone say, by unit. Those of `others` take a look of their own, at passes that are not told of; units from which some of these components
    /// may have been removed take one at all their passes, and are added to them.
    pub(super) fn told_by_reports<'t>(
        &self,
        taken: impl Iterator<Item = &'t Taken>,
        focus: &Focus,
        others: &mut BTreeSet<Id>,
    ) -> Result<BTreeMap<Id, Vec<&'t Taken>>> {
        let mut told: BTreeMap<Id, Vec<&Taken>> = BTreeMap::new();
        for taken in taken {
            let told_of = focus.told.contains(&taken.pass);
            for unit in taken.units.iter().filter(|unit| told_of || !others.contains(unit)) {
                told.entry(*unit).or_default().push(taken);
            }
        }
        let units: Vec<Id> = told.keys().copied().collect();
        for together in units.chunks(TOGETHER) {
            let classes = self.gather_classes(together)?;
            self.gather_lacking(&classes)?;
            for class in classes {
                let lacking = self.may_lack(&class)?;
                // One removed from no position that is named may be any.
                let may_be = |taken: &&Taken| {
                    lacking.contains(&Designator::NONE)
                        || taken.designators.iter().any(|designator| lacking.contains(designator))
                };
                let looked_at = || others.contains(&class.key) || told[&class.key].iter().any(may_be);
                if !lacking.is_empty() && looked_at() {
                    told.remove(&class.key);
                    others.insert(class.key);
                }
            }
        }
        Ok(told)
    }
}

/// Whether a difference leaves open which package components are from.
fn leaves_doubt(departure: &Departure) -> bool {
    match departure {
        Departure::Doubtful { .. } => true,
        Departure::Beside { doubt, .. } => doubt.grey || !doubt.leading.is_empty(),
        _ => false,
    }
}
