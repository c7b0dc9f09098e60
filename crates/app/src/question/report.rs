//! Installation reports, decoded.

use std::collections::BTreeMap;
use std::rc::Rc;

use kernel::event::Fact;
use kernel::id::{Designator, Id, PatternId, Seq};
use kernel::pass::{FactKind, PassFact};
use kernel::placement::{Cell, decode};
use kernel::time::Time;
use store::ReportRow;

use super::Result;
use super::desk::{Desk, PlacedTimes, Report};

impl Desk<'_> {
    pub(super) fn report(&self, station: Id, pattern: PatternId, seq: Seq) -> Result<Option<Rc<Report>>> {
        self.memo(
            |memo| &mut memo.reports,
            (station, pattern, seq),
            || {
                let found = self.snapshot.reader.report(station, pattern, seq)?;
                Ok(found.map(|(row, coded)| {
                    let cells = decode(&coded);
                    let mut by_unit: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
                    for (nth, cell) in cells.iter().enumerate() {
                        by_unit.entry(cell.unit).or_default().push(nth);
                    }
                    Rc::new(Report { row, cells, by_unit })
                }))
            },
        )
    }

    /// Reports of a pass's facts.
    pub(super) fn reports(&self, station: Id, facts: &[PassFact]) -> Result<Vec<Rc<Report>>> {
        let mut reports = Vec::new();
        for fact in facts.iter().filter(|fact| fact.kind == FactKind::Installed) {
            for naming in fact.namings.iter().filter(|naming| naming.role.codes()) {
                reports.extend(self.report(station, PatternId(naming.thing.0), fact.seq)?);
            }
        }
        Ok(reports)
    }

    pub(super) fn placed_times(&self, seq: Seq) -> Result<Rc<PlacedTimes>> {
        self.memo(
            |memo| &mut memo.times,
            seq,
            || {
                let mut times = PlacedTimes::new();
                if let Some(Fact::Installed(fact)) = (self.snapshot.events)(seq).as_deref().map(|event| &event.fact) {
                    for material in &fact.materials {
                        for placed in &material.components {
                            if let Some(at) = &placed.at {
                                let key = (
                                    material.identifier.clone(),
                                    material.position.unwrap_or(0),
                                    placed.designator.clone(),
                                );
                                times.insert(key, at.at);
                            }
                        }
                    }
                }
                Ok(Rc::new(times))
            },
        )
    }

    /// When a component was installed by its own time, if the report gives one.
    pub(super) fn placed_at(&self, report: &ReportRow, cell: &Cell) -> Result<Option<Time>> {
        if !report.timed {
            return Ok(None);
        }
        let times = self.placed_times(report.seq)?;
        let identifier = if cell.unit.row() == 0 {
            String::new()
        } else {
            self.name(cell.unit)?.map(|name| name.key.to_string()).unwrap_or_default()
        };
        let designator = if cell.designator == Designator::NONE {
            String::new()
        } else {
            self.designator_text(cell.designator)?.to_string()
        };
        Ok(times.get(&(identifier, cell.unit.position(), designator)).copied())
    }
}
