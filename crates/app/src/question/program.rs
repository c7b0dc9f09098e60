//! Programs: under which a report was made, and what they are known to install.

use std::collections::BTreeSet;
use std::rc::Rc;

use kernel::id::{Designator, Id, PassId, PatternId, Seq};
use kernel::mount::Stay;
use kernel::pass::{FactKind, Naming, Role};
use kernel::thing::Kind;
use kernel::time::Time;
use store::PassRow;

use super::Result;
use super::desk::Desk;
use super::unit::{UnitClass, lanes_meet};

/// Uses of a pattern that are looked at, whenever they were, before those in each run of a program.
const FEW: usize = 32;

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
        let is_under = |uses: &[(PassId, Seq)]| -> Result<bool> {
            for (pass, seq) in uses {
                if let Some(row) = self.row(*pass)?
                    && self.programs_of_report(&row, *seq)?.contains(&Some(program))
                {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        // Most often the newest tells, or it was used a few times only.
        for limit in [1, FEW] {
            let uses = reader.uses(station, pattern, Time::MIN, Time::MAX, limit)?;
            if is_under(&uses)? {
                return Ok(true);
            }
            if uses.len() < limit {
                return Ok(false);
            }
        }
        for stay in self.stays_of(program)?.iter().rev().filter(|stay| stay.station == station) {
            let (from, until) = (stay.from.plus(-stay.margin), stay.until.plus(stay.margin));
            for limit in [1, usize::MAX] {
                let uses = reader.uses(station, pattern, from, until, limit)?;
                if is_under(&uses)? {
                    return Ok(true);
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
                let uses = self.snapshot.reader.part_uses(station, part)?;
                if !self.may_be_coded_under(station, program, &uses)? {
                    return Ok(false);
                }
                // Most often one of the newest tells.
                for package in self.snapshot.reader.newest_packages_of(part, FEW)? {
                    if self.parts(package)?.contains(&part) && self.is_needed_of(station, program, package)? {
                        return Ok(true);
                    }
                }
                for package in self.packages_of_part(part)? {
                    if self.is_needed_of(station, program, package)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            },
        )
    }

    /// Whether any of the patterns by which packages of a part were installed at a station can have been used under a program. Process material (`None`)
    /// can.
    fn may_be_coded_under(&self, station: Id, program: Option<Id>, uses: &[Option<PatternId>]) -> Result<bool> {
        let Some(program) = program.filter(|_| uses.iter().all(Option::is_some)) else { return Ok(!uses.is_empty()) };
        if uses.is_empty() {
            return Ok(false);
        }
        let reader = self.snapshot.reader;
        let mut under = reader.patterns_under(station, program)?;
        under.extend(reader.patterns_maybe_under(station, program)?);
        for coded in uses.iter().flatten() {
            // A report accounts for the positions of the pattern by which it is coded, or for some of them.
            let all = reader.pattern(*coded)?.designators();
            for accounted in &under {
                if accounted == coded || reader.pattern(*accounted)?.designators().is_subset(&all) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether a report of a station under a program (or under none) installed or applied a package.
    fn is_needed_of(&self, station: Id, program: Option<Id>, package: Id) -> Result<bool> {
        let reader = self.snapshot.reader;
        let under =
            |row: &PassRow, seq: Seq| -> Result<bool> { Ok(self.programs_of_report(row, seq)?.contains(&program)) };
        let mut checked: BTreeSet<PassId> = BTreeSet::new();
        for report in reader.reports_naming(package)?.into_iter().filter(|report| report.station == station) {
            if !checked.insert(report.pass) {
                continue;
            }
            let Some(row) = self.row(report.pass)? else { continue };
            if !under(&row, report.seq)? {
                if row.visit {
                    checked.remove(&report.pass);
                }
                continue;
            }
            if let Some(report) = self.report(station, report.pattern, report.seq)?
                && self.decoded(&report)?.sources.iter().any(|source| source.package == Some(package))
            {
                return Ok(true);
            }
            checked.remove(&report.pass);
        }
        for row in reader.passes_linked(package)?.into_iter().filter(|row| row.station == station) {
            for fact in row.facts.iter().filter(|fact| fact.kind == FactKind::Applied) {
                let applies = |naming: &Naming| naming.thing == package && naming.role != Role::AppliedLeading;
                if fact.namings.iter().any(applies) && under(&row, fact.seq)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
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
