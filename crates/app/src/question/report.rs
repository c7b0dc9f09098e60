//! Installation reports, decoded.

use std::collections::BTreeMap;
use std::rc::Rc;

use kernel::event::{Fact, Package, Placed, UnitMaterial};
use kernel::id::{Designator, Id, PatternId, Seq};
use kernel::pass::{FactKind, PassFact};
use kernel::placement::{Cell, decode};
use kernel::project::{place_key, tool_key, unit_key};
use kernel::time::Time;

use super::Result;
use super::desk::{Desk, PlacedKey, PlacedTimes, Report};

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

    /// When a component of a report was installed by its own time, if the message gives one.
    pub(super) fn placed_at(&self, report: &Report, nth: usize) -> Result<Option<Time>> {
        if !report.row.timed {
            return Ok(None);
        }
        let cell = &report.cells[nth];
        let like = report.by_unit.get(&cell.unit).into_iter().flatten().filter(|other| report.cells[**other] == *cell);
        let before = like.filter(|other| **other < nth).count();
        let times = self.placed_times(report.row.seq)?;
        Ok(times.get(&self.placed_key(cell)?).and_then(|times| times.get(before).copied().flatten()))
    }

    fn placed_times(&self, seq: Seq) -> Result<Rc<PlacedTimes>> {
        self.memo(
            |memo| &mut memo.times,
            seq,
            || {
                let mut times = PlacedTimes::new();
                if let Some(event) = (self.snapshot.events)(seq)
                    && let Fact::Installed(fact) = &event.fact
                {
                    for material in &fact.materials {
                        for placed in &material.components {
                            let key = said_key(&event.source.handle, material, placed);
                            times.entry(key).or_default().push(placed.at.as_ref().map(|moment| moment.at));
                        }
                    }
                }
                Ok(Rc::new(times))
            },
        )
    }

    fn placed_key(&self, cell: &Cell) -> Result<PlacedKey> {
        let text = |thing: Option<Id>| -> Result<String> {
            let name = thing.filter(|thing| thing.row() != 0).map(|thing| self.name(thing)).transpose()?.flatten();
            Ok(name.map(|name| name.key.to_string()).unwrap_or_default())
        };
        let designator = match cell.designator {
            Designator::NONE => String::new(),
            designator => self.designator_text(designator)?.to_string(),
        };
        Ok(PlacedKey {
            unit: text(Some(cell.unit))?,
            position: cell.unit.position(),
            designator,
            place: text(cell.place)?,
            package: text(cell.package)?,
            tool: text(cell.tool)?,
            leading: cell.doubt.leading.iter().map(|package| text(Some(*package))).collect::<Result<_>>()?,
            grey: cell.doubt.grey,
        })
    }
}

/// The key of a component as its message writes it.
fn said_key(handle: &str, material: &UnitMaterial, placed: &Placed) -> PlacedKey {
    let (unit, position) = unit_key(&material.identifier, material.position);
    let package = material.package.as_ref();
    PlacedKey {
        unit,
        position,
        designator: placed.designator.clone(),
        place: material.location.as_ref().and_then(|location| place_key(handle, location)).unwrap_or_default(),
        package: package.map(|package| package.id.clone()).unwrap_or_default(),
        tool: placed.tool.as_ref().and_then(|tool| tool_key(handle, tool)).unwrap_or_default(),
        leading: package.into_iter().flat_map(Package::leaders).map(|leader| leader.id.clone()).collect(),
        grey: package.is_some_and(Package::is_grey),
    }
}
