//! Programs: under which a report was made, and what they are known to install.

use std::collections::BTreeSet;
use std::rc::Rc;

use kernel::id::{Designator, Id, PassId, PatternId, Seq};
use kernel::mount::Stay;
use kernel::pass::{FactKind, Naming, Role};
use kernel::placement::Fate;
use kernel::thing::Kind;
use kernel::time::Time;
use store::PassRow;

use super::Result;
use super::desk::Desk;
use super::unit::{UnitClass, lanes_meet};

impl Desk<'_> {
    /// Programs under which a pass ran: those that its messages name, else those active at its station in its window.
    pub(super) fn programs_in(
        &self,
        named: Vec<Id>,
        station: Id,
        lane: Option<i64>,
        from: Time,
        until: Time,
    ) -> Result<Vec<Id>> {
        if !named.is_empty() {
            return Ok(named);
        }
        let mut programs = Vec::new();
        for stay in self.stays_at(station, Kind::Program, from, until)?.iter().filter(|stay| stay.meets(from, until)) {
            if lanes_meet(self.program_lane(stay)?, lane) {
                programs.push(stay.thing);
            }
        }
        programs.sort_unstable();
        programs.dedup();
        Ok(programs)
    }

    pub(super) fn program_lane(&self, stay: &Stay) -> Result<Option<i64>> {
        let Some(place) = stay.place else { return Ok(None) };
        let key = self.key_text(place)?;
        Ok(key.rsplit('|').nth(1).and_then(|lane| lane.parse().ok()))
    }

    /// Programs under which a message of a pass reported: those that its transaction names, else those active when it was sent. `None` stands for none.
    fn programs_of_report(&self, row: &PassRow, seq: Seq) -> Result<BTreeSet<Option<Id>>> {
        let mut lanes: BTreeSet<i64> = BTreeSet::new();
        if !row.visit {
            let namings = row.facts.iter().flat_map(|fact| &fact.namings);
            let named: BTreeSet<Option<Id>> =
                namings.filter(|naming| naming.role == Role::Program).map(|naming| Some(naming.thing)).collect();
            if !named.is_empty() {
                return Ok(named);
            }
            lanes.extend(row.facts.iter().filter_map(|fact| fact.lane));
        }
        let mut programs = BTreeSet::new();
        if let Some(fact) = row.facts.iter().find(|fact| fact.seq == seq) {
            let stays = self.stays_at(row.station, Kind::Program, fact.at, fact.at)?;
            for stay in stays.iter().filter(|stay| stay.meets(fact.at, fact.at)) {
                if lanes.is_empty() || self.program_lane(stay)?.is_none_or(|lane| lanes.contains(&lane)) {
                    programs.insert(Some(stay.thing));
                }
            }
        }
        if programs.is_empty() {
            programs.insert(None);
        }
        Ok(programs)
    }

    /// Every position that any report of this station under this program accounted for, ascending.
    pub(super) fn known_positions(&self, station: Id, program: Id) -> Result<Rc<[Designator]>> {
        self.memo(
            |memo| &mut memo.known,
            (station, program),
            || {
                let reader = self.snapshot.reader;
                let sighted = reader.patterns_under(station, program)?;
                let mut known = BTreeSet::new();
                for pattern in &sighted {
                    known.extend(reader.pattern(*pattern)?.designators());
                }
                for pattern in reader.patterns_maybe_under(station, program)? {
                    let positions = reader.pattern(pattern)?.designators();
                    let tells = !sighted.contains(&pattern) && !positions.is_subset(&known);
                    if tells && self.is_used_under(station, program, pattern)? {
                        known.extend(positions);
                    }
                }
                known.remove(&Designator::NONE);
                Ok(known.into_iter().collect())
            },
        )
    }

    /// Whether any report that accounts for a pattern was made at a station under a program, other than in a pass that names it.
    fn is_used_under(&self, station: Id, program: Id, pattern: PatternId) -> Result<bool> {
        let reader = self.snapshot.reader;
        for stay in self.stays_of(program)?.iter().rev().filter(|stay| stay.station == station) {
            let (from, until) = (stay.from.plus(-stay.margin), stay.until.plus(stay.margin));
            // Most often the first tells.
            for limit in [1, usize::MAX] {
                let uses = reader.uses(station, pattern, from, until, limit)?;
                for (pass, seq) in &uses {
                    if let Some(row) = reader.pass(*pass)?
                        && self.programs_of_report(&row, *seq)?.contains(&Some(program))
                    {
                        return Ok(true);
                    }
                }
                if uses.len() < limit {
                    break;
                }
            }
        }
        Ok(false)
    }

    /// Whether reports of this station under this program (or under none) installed or applied this part.
    pub(super) fn program_needs(&self, station: Id, program: Option<Id>, part: Id) -> Result<bool> {
        self.memo(
            |memo| &mut memo.needs,
            (station, program, part),
            || {
                let reader = self.snapshot.reader;
                let under = |row: &PassRow, seq: Seq| -> Result<bool> {
                    Ok(self.programs_of_report(row, seq)?.contains(&program))
                };
                for package in self.packages_of_part(part)? {
                    let mut checked: BTreeSet<PassId> = BTreeSet::new();
                    for report in reader.reports_naming(package)?.into_iter().filter(|report| report.station == station)
                    {
                        if !checked.insert(report.pass) {
                            continue;
                        }
                        let Some(row) = reader.pass(report.pass)? else { continue };
                        if !under(&row, report.seq)? {
                            if row.visit {
                                checked.remove(&report.pass);
                            }
                            continue;
                        }
                        let installs = self.report(station, report.pattern, report.seq)?.is_some_and(|report| {
                            report
                                .cells
                                .iter()
                                .any(|cell| cell.fate == Fate::Installed && cell.package == Some(package))
                        });
                        if installs {
                            return Ok(true);
                        }
                        checked.remove(&report.pass);
                    }
                    for row in reader.passes_linked(package)?.into_iter().filter(|row| row.station == station) {
                        for fact in row.facts.iter().filter(|fact| fact.kind == FactKind::Applied) {
                            let applies =
                                |naming: &Naming| naming.thing == package && naming.role != Role::AppliedLeading;
                            if fact.namings.iter().any(applies) && under(&row, fact.seq)? {
                                return Ok(true);
                            }
                        }
                    }
                }
                Ok(false)
            },
        )
    }

    /// Products of a unit: its own, its orders', its programs'.
    pub(super) fn products(&self, class: &UnitClass, programs: &[Id]) -> Result<Vec<Id>> {
        let mut products = self.memo(
            |memo| &mut memo.products,
            class.key,
            || {
                let reader = self.snapshot.reader;
                let mut products = Vec::new();
                let mut ids: BTreeSet<Id> =
                    class.aliases.iter().filter(|alias| alias.from == Time::MIN).map(|alias| alias.id).collect();
                ids.extend(class.aliases.iter().filter(|alias| alias.from == Time::MIN).map(|alias| alias.id.whole()));
                for id in ids {
                    for whole in reader.wholes_of(id)? {
                        match self.name(whole)?.map(|name| name.kind) {
                            Some(Kind::Product) => products.push(whole),
                            Some(Kind::Order) => products.extend(reader.wholes_of(whole)?),
                            _ => {}
                        }
                    }
                }
                Ok(products)
            },
        )?;
        for program in programs {
            products.extend(self.snapshot.reader.products_of_program(*program)?);
        }
        products.sort_unstable();
        products.dedup();
        Ok(products)
    }
}
