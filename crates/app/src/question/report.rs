//! Installation reports, decoded.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use kernel::event::{Fact, Package, Placed, UnitMaterial};
use kernel::id::{Designator, Id, PatternId, Seq};
use kernel::pass::{FactKind, PassFact};
use kernel::placement::{Cell, Fate, decode};
use kernel::project::{place_key, tool_key, unit_key};
use kernel::time::Time;
use store::{Departing, ReportRow};

use super::Result;
use super::desk::{Decoded, Desk, PlacedKey, PlacedTimes, Report, Source};

impl Desk<'_> {
    pub(super) fn report(&self, station: Id, pattern: PatternId, seq: Seq) -> Result<Option<Rc<Report>>> {
        self.memo(
            |memo| &mut memo.reports,
            (station, pattern, seq),
            || {
                let Some((row, Departing { units, differences })) =
                    self.snapshot.reader.report(station, pattern, seq)?
                else {
                    return Ok(None);
                };
                let pattern = self.snapshot.reader.pattern(pattern)?;
                Ok(Some(Rc::new(Report { row, pattern, units, differences, decoded: OnceCell::new() })))
            },
        )
    }

    /// The components of a report.
    pub(super) fn decoded<'r>(&self, report: &'r Report) -> Result<&'r Decoded> {
        if let Some(known) = report.decoded.get() {
            return Ok(known);
        }
        let Report { row, pattern, units, differences, .. } = report;
        let draws = (0..pattern.groups.len()).map(|origin| self.draw(row, origin)).collect::<Result<Vec<_>>>()?;
        let cells = decode(pattern, units, &draws, differences);
        let mut by_unit: Vec<(Id, Range<usize>)> = Vec::new();
        let mut sources: BTreeMap<(Option<Id>, &[Id]), Vec<usize>> = BTreeMap::new();
        for (nth, cell) in cells.iter().enumerate() {
            match by_unit.last_mut() {
                Some((unit, range)) if *unit == cell.unit => range.end = nth + 1,
                _ => by_unit.push((cell.unit, nth..nth + 1)),
            }
            if cell.fate == Fate::Installed {
                sources.entry((cell.package, &cell.doubt.leading)).or_default().push(nth);
            }
        }
        let sources =
            sources.into_iter().map(|((package, leading), cells)| Source { package, leading: leading.to_vec(), cells });
        let sources = sources.collect();
        Ok(report.decoded.get_or_init(|| Decoded { cells, by_unit, sources }))
    }

    /// What an origin of a report's pattern drew on.
    pub(super) fn draw(&self, report: &ReportRow, origin: usize) -> Result<Option<Id>> {
        let key = (report.station, report.pattern, origin);
        if let Some(draw) = self.kept(|memo| &mut memo.draws, &key)
            && draw.from <= report.seq
            && report.seq < draw.until
        {
            return Ok(draw.thing);
        }
        let draw = self.snapshot.reader.draw_at(report.station, report.pattern, origin, report.seq)?;
        self.keep(|memo| &mut memo.draws, key, draw);
        Ok(draw.thing)
    }

    /// Reports of a pass's facts.
    pub(super) fn reports(&self, station: Id, facts: &[Rc<PassFact>]) -> Result<Vec<Rc<Report>>> {
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
        let decoded = self.decoded(report)?;
        let cell = &decoded.cells[nth];
        let before = decoded.of_unit(cell.unit).take_while(|other| *other < nth);
        let before = before.filter(|other| decoded.cells[*other] == *cell).count();
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

impl Decoded {
    /// Numbers of a unit's cells.
    pub(super) fn of_unit(&self, unit: Id) -> Range<usize> {
        let nth = self.by_unit.binary_search_by_key(&unit, |(unit, _)| *unit);
        nth.map_or(0..0, |nth| self.by_unit[nth].1.clone())
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
