//! Programs: under which a report was made, and what they are known to install.

use std::collections::BTreeSet;
use std::rc::Rc;

use kernel::id::{Designator, Id, PassId, PatternId, Seq};
use kernel::mount::Stay;
use kernel::pass::{FactKind, Member, Naming, PassFact, Role};
use kernel::placement::Fate;
use kernel::project::HOUR;
use kernel::thing::Kind;
use kernel::time::Time;
use store::PassRow;

use super::Result;
use super::desk::{Desk, Programs};
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
        for stay in self.stays_at(station)?.iter().filter(|stay| stay.kind == Kind::Program && stay.meets(from, until))
        {
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

    /// Programs under which a message of a pass reported: those that the pass's messages name, else those active in its window. `None` is among them
    /// when there was none, for any of the units.
    pub(super) fn programs_of_report(&self, row: &PassRow, seq: Seq) -> Result<Rc<Programs>> {
        let key = (row.id, row.visit.then_some(seq));
        self.memo(
            |memo| &mut memo.programs,
            key,
            || {
                let namings = row.facts.iter().flat_map(|fact| &fact.namings);
                let named: Programs =
                    namings.filter(|naming| naming.role == Role::Program).map(|naming| Some(naming.thing)).collect();
                if !row.visit && !named.is_empty() {
                    return Ok(Rc::new(named));
                }
                let or_none = |programs: Vec<Id>| -> Vec<Option<Id>> {
                    if programs.is_empty() { vec![None] } else { programs.into_iter().map(Some).collect() }
                };
                let times = |kind: FactKind| row.facts.iter().filter(move |fact| fact.kind == kind).map(|fact| fact.at);
                // Whether everybody of whom the messages speak was there from begin to end.
                let on_side = |kind: FactKind, unit: Id| {
                    row.facts.iter().filter(|fact| fact.kind == kind).any(|fact| {
                        let names = |member: &Member| {
                            member.unit == unit || member.unit == unit.whole() || member.unit.whole() == unit
                        };
                        fact.units.is_empty() || fact.units.iter().any(names)
                    })
                };
                let one_window = row.facts.iter().all(|fact| {
                    let listed = fact.units.iter().map(|member| member.unit);
                    let mut units =
                        listed.chain(fact.namings.iter().map(|naming| naming.unit)).filter(|unit| unit.row() != 0);
                    units.all(|unit| on_side(FactKind::Started, unit) && on_side(FactKind::Ended, unit))
                });
                if let (false, Some(from), Some(until), true) =
                    (row.visit, times(FactKind::Started).min(), times(FactKind::Ended).max(), one_window)
                {
                    let lane = row.facts.iter().find_map(|fact| fact.lane);
                    let active = self.programs_in(Vec::new(), row.station, lane, from, until)?;
                    return Ok(Rc::new(or_none(active).into_iter().collect()));
                }
                // Whose pass it is, and from when to when, differs from unit to unit.
                let mut programs: Programs = BTreeSet::new();
                for unit in self.units_of(row)?.iter() {
                    for pass in self.passes_through(&*self.class(*unit)?, row.station)?.iter() {
                        let is_of = |fact: &PassFact| fact.seq == seq || !row.visit && pass.rows.contains(&row.id);
                        if pass.facts.iter().any(is_of) {
                            let (from, until) = pass.window();
                            let active = self.programs_in(pass.programs(), row.station, pass.lane, from, until)?;
                            programs.extend(or_none(active));
                        }
                    }
                }
                if programs.is_empty() {
                    programs.insert(None);
                }
                Ok(Rc::new(programs))
            },
        )
    }

    /// Every position that any report of this station under this program accounted for.
    pub(super) fn known_positions(&self, station: Id, program: Id) -> Result<Rc<BTreeSet<Designator>>> {
        self.memo(
            |memo| &mut memo.known,
            (station, program),
            || {
                let reader = self.snapshot.reader;
                let mut patterns: BTreeSet<PatternId> = reader.patterns_under(station, program)?.into_iter().collect();
                let hour = |at: Time| at.0.div_euclid(HOUR);
                // A pass that reports in an hour may have begun in the one before, or end in the next.
                let mut ran: Vec<(i64, i64)> =
                    reader.hours_named(station, program)?.into_iter().map(|hour| (hour - 1, hour + 1)).collect();
                let stays = self.stays_at(station)?;
                let runs = stays.iter().filter(|stay| stay.kind == Kind::Program && stay.thing == program);
                ran.extend(runs.map(|stay| (hour(stay.from) - 1, hour(stay.until).saturating_add(1))));
                for pattern in reader
                    .patterns_at(station)?
                    .into_iter()
                    .filter(|pattern| !patterns.contains(pattern))
                    .collect::<Vec<_>>()
                {
                    if self.is_used_under(station, program, pattern, &ran)? {
                        patterns.insert(pattern);
                    }
                }
                let mut known = BTreeSet::new();
                for pattern in patterns {
                    known.extend(reader.pattern(pattern)?.designators());
                }
                known.remove(&Designator::NONE);
                Ok(Rc::new(known))
            },
        )
    }

    /// Whether any report of a station that the pattern codes was made under a program, which ran there within these closed ranges of hours.
    fn is_used_under(&self, station: Id, program: Id, pattern: PatternId, ran: &[(i64, i64)]) -> Result<bool> {
        let reader = self.snapshot.reader;
        // Most often the newest report answers it.
        if let Some(report) = reader.newest_report(station, pattern)?
            && let Some(row) = reader.pass(report.pass)?
            && row.facts.iter().any(|fact| fact.seq == report.seq && accounts(fact, pattern))
            && self.programs_of_report(&row, report.seq)?.contains(&Some(program))
        {
            return Ok(true);
        }
        for (first, last) in ran.iter().rev() {
            for hour in reader.hours_of_use(station, pattern, *first, *last)? {
                if self.used_in_hour(station, hour)?.contains(&(program, pattern)) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Patterns that reports of a station accounted for within an hour, with the programs under which they were made.
    fn used_in_hour(&self, station: Id, hour: i64) -> Result<Rc<BTreeSet<(Id, PatternId)>>> {
        self.memo(
            |memo| &mut memo.used,
            (station, hour),
            || {
                let mut used = BTreeSet::new();
                let (from, until) = (Time(hour * HOUR), Time((hour + 1) * HOUR));
                for row in self.snapshot.reader.passes_at(station, from, until)? {
                    for fact in row.facts.iter().filter(|fact| fact.at >= from && fact.at < until) {
                        let patterns = fact.namings.iter().filter(|naming| naming.role.accounts());
                        let patterns: Vec<PatternId> = patterns.map(|naming| PatternId(naming.thing.0)).collect();
                        if patterns.is_empty() {
                            continue;
                        }
                        for program in self.programs_of_report(&row, fact.seq)?.iter().flatten() {
                            used.extend(patterns.iter().map(|pattern| (*program, *pattern)));
                        }
                    }
                }
                Ok(Rc::new(used))
            },
        )
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

/// Whether a message accounts for all positions of a pattern.
fn accounts(fact: &PassFact, pattern: PatternId) -> bool {
    fact.namings.iter().any(|naming| naming.role.accounts() && naming.thing.0 == pattern.0)
}
