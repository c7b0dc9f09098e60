//! Complete reports: what they account for, and which passes leave nothing open about what was mounted.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use kernel::event::UnitStatus;
use kernel::id::{Designator, Id, PassId, PatternId};
use kernel::pass::{FactKind, PassFact, Role};
use kernel::placement::{Departure, Fate};
use kernel::row::Belonging;
use kernel::time::Time;
use store::PassRow;

use super::Result;
use super::desk::{Account, Desk, Report, Spoken};
use super::pass::{groups, listed_wholes};
use super::unit::{UnitPass, lanes_meet};

/// The time in which what was mounted, or spliced, may bear on a pass, closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    pub(super) from: Time,
    pub(super) until: Time,
}

impl Desk<'_> {
    /// What the reports of a unit's pass account for.
    pub(super) fn account(&self, pass: &UnitPass, spoken: &[Spoken]) -> Result<Account> {
        let (from, until) = pass.window();
        let programs = self.programs_in(pass.programs(), pass.station, pass.lane, from, until)?;
        let departs = |departs: &dyn Fn(&Departure) -> bool| {
            spoken.iter().any(|spoken| {
                let mut differences = spoken.report.differences.iter();
                differences.any(|difference| {
                    departs(&difference.departure) && difference.cells.iter().any(|(unit, _)| *unit == spoken.unit)
                })
            })
        };
        if !departs(&|departure| *departure == Departure::Missing) {
            let reports = || spoken.iter().map(|spoken| &*spoken.report);
            let (known, missing) = self.lacking_patterns(pass.station, &programs, reports)?;
            if missing == 0 || !departs(&|departure| matches!(departure, Departure::Beside { .. })) {
                let speaks = spoken.iter().any(|spoken| !spoken.report.pattern.groups.is_empty());
                return Ok(Account { speaks, programs, known, missing });
            }
        }
        let mut accounted: BTreeSet<Designator> = BTreeSet::new();
        let mut speaks = false;
        for Spoken { report, unit, .. } in spoken {
            let decoded = self.decoded(report)?;
            let cells = decoded.of_unit(*unit);
            speaks |= !cells.is_empty();
            accounted.extend(decoded.cells[cells].iter().map(|cell| cell.designator));
        }
        let (known, missing) = self.lacking(pass.station, &programs, &accounted)?;
        Ok(Account { speaks, programs, known, missing })
    }

    /// How many positions programs are known to install at a station, and how many of them the patterns of reports do not hold.
    fn lacking_patterns<'r, R: Iterator<Item = &'r Report>>(
        &self,
        station: Id,
        programs: &[Id],
        reports: impl Fn() -> R,
    ) -> Result<(usize, usize)> {
        let mut patterns: Vec<PatternId> = reports().map(|report| report.row.pattern).collect();
        patterns.sort_unstable();
        patterns.dedup();
        self.memo(
            |memo| &mut memo.lacks,
            (station, programs.to_vec(), patterns),
            || self.lacking(station, programs, &reports().flat_map(|report| report.pattern.designators()).collect()),
        )
    }

    /// How many positions programs are known to install at a station, and how many of them are not accounted for.
    fn lacking(&self, station: Id, programs: &[Id], accounted: &BTreeSet<Designator>) -> Result<(usize, usize)> {
        let mut known: BTreeSet<Designator> = BTreeSet::new();
        for program in programs {
            known.extend(self.known_positions(station, *program)?.iter());
        }
        Ok((known.len(), known.difference(accounted).count()))
    }

    /// Whether a report names the package of each component that it says was installed.
    pub(super) fn names_all(&self, report: &Report) -> Result<bool> {
        let (station, pattern) = (report.row.station, report.row.pattern);
        let unnamed = || Ok(self.snapshot.reader.may_draw_unnamed(station, pattern)?);
        let unnamed = self.memo(|memo| &mut memo.unnamed, (station, pattern), unnamed)?;
        let names = |departure: &Departure| match departure {
            Departure::Instead { package } | Departure::Beside { package, fate: Fate::Installed, .. } => {
                package.is_some()
            }
            _ => true,
        };
        Ok(!unnamed && report.differences.iter().all(|difference| names(&difference.departure)))
    }

    /// Finds out which of some passes at a station have nothing of a package unless they name it, whenever it was mounted there and whichever unit is
    /// asked about: the reports are complete for all that were there. Passes that are told of in any other way than the common one are not among them:
    /// they take a look at each unit. Those that are known already are not looked at again.
    pub(super) fn settle(
        &self,
        station: Id,
        rows: &[Rc<PassRow>],
        known: &mut HashMap<PassId, Option<Reached>>,
    ) -> Result<()> {
        let rows: Vec<&Rc<PassRow>> = rows.iter().filter(|row| !known.contains_key(&row.id)).collect();
        known.extend(rows.iter().map(|row| (row.id, None)));
        // There, what a visit was for does not follow from its own row.
        if rows.is_empty() || self.snapshot.reader.is_mixed(station)? {
            return Ok(());
        }
        let mut wholes: BTreeSet<Id> = rows.iter().flat_map(|row| listed_wholes(row)).collect();
        self.gather_names(&wholes)?;
        for whole in wholes.clone() {
            if self.is_carrier(whole)? {
                wholes.remove(&whole);
            }
        }
        self.gather_listed(&wholes, |_, at| at == station)?;
        for whole in wholes {
            if let Some(panel) = Panel::of(&self.rows_of(whole, Some(station), Time::MIN, Time::MAX)?) {
                self.settle_panel(station, whole, &panel, known)?;
            }
        }
        Ok(())
    }

    /// Finds out which passes of a unit, as a whole, at a station leave nothing open.
    fn settle_panel(
        &self,
        station: Id,
        whole: Id,
        panel: &Panel,
        known: &mut HashMap<PassId, Option<Reached>>,
    ) -> Result<()> {
        // What a transaction of something else, such as a carrier, was for does not follow from this panel.
        for pass in panel.transactions.iter().filter(|pass| pass.units.iter().all(|(unit, _)| unit.whole() == whole)) {
            let ended = match pass.ended {
                Some(at) => Some(at),
                None if self.is_named_elsewhere(whole, station)? => None,
                None => pass.left(&panel.moves, &panel.transactions),
            };
            if let Some(until) = ended
                && self.is_settled(station, pass, until)?
            {
                known.insert(pass.row, Some(Reached { from: pass.from, until: until.max(pass.last) }));
            }
        }
        // What was said without a transaction is settled when all that stands in its row is.
        let mut open: BTreeSet<PassId> = panel.unsettled.clone();
        for (rows, pass) in &panel.visits {
            if self.is_named_elsewhere(whole, station)? || !self.is_settled(station, pass, pass.last)? {
                open.extend(rows);
            }
        }
        for row in panel.rows.difference(&open) {
            known.insert(*row, Some(Reached { from: Time::MIN, until: Time::MAX }));
        }
        Ok(())
    }

    /// Whether passes at a station list boards of a panel by names of their own, or by those of a carrier.
    fn is_named_elsewhere(&self, whole: Id, station: Id) -> Result<bool> {
        let mut ids: BTreeSet<Id> = self.mentioned(whole)?.iter().copied().chain([whole]).collect();
        for (_, named, _) in self.named_on(whole)?.iter() {
            ids.insert(*named);
            if named.whole() != whole && !self.rows_of(named.whole(), Some(station), Time::MIN, Time::MAX)?.is_empty() {
                return Ok(true);
            }
        }
        for id in ids {
            for point in self.moves_of(id)?.iter().filter(|point| point.on && point.belonging == Belonging::Carried) {
                let cycles = self.cycles_in(point.parent, point.at, point.at)?;
                for cycle in cycles.iter().filter(|cycle| cycle.unit == id && cycle.from == point.at) {
                    if !self.rows_of(point.parent.whole(), Some(station), cycle.from, cycle.until)?.is_empty() {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Whether reports account for everything that the units of a pass may have got there.
    fn is_settled(&self, station: Id, pass: &Work, until: Time) -> Result<bool> {
        let reports = self.reports(station, &pass.facts)?;
        if reports.is_empty() || pass.facts.iter().any(|fact| fact.margin != 0) {
            return Ok(false);
        }
        for report in &reports {
            let complete = report.differences.iter().all(|difference| difference.departure != Departure::Missing);
            if !complete || report.pattern.groups.is_empty() || !self.names_all(report)? {
                return Ok(false);
            }
        }
        let programs = self.programs_in(pass.programs.clone(), station, pass.lane, pass.from, until)?;
        for (unit, status) in &pass.units {
            if matches!(status, UnitStatus::Skip | UnitStatus::Scrap) {
                continue;
            }
            let boards = if self.has_boards(*unit)? { self.boards(*unit)? } else { BTreeSet::from([*unit]) };
            for board in boards {
                let names = |report: &&Rc<Report>| {
                    let named = |unit: Id| report.units.binary_search(&unit).is_ok();
                    named(board) || named(board.whole())
                };
                let own = || reports.iter().filter(names).map(|report| &**report);
                if own().next().is_none() || self.lacking_patterns(station, &programs, own)?.1 > 0 {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// All that was said of a panel at a station, where it is as common as can be: transactions that listed its boards when they began, and beside them
/// arrivals, departures and passes without a transaction, all of which list the same boards.
struct Panel {
    transactions: Vec<Work>,
    /// Arrivals and departures.
    moves: Vec<Rc<PassFact>>,
    /// Rows of what was said without a transaction.
    rows: BTreeSet<PassId>,
    /// Those of them that say more than is understood here.
    unsettled: BTreeSet<PassId>,
    /// Passes without a transaction, and the rows that tell of them.
    visits: Vec<(BTreeSet<PassId>, Work)>,
}

impl Panel {
    fn of(rows: &[Rc<PassRow>]) -> Option<Panel> {
        let (beside, transactions): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.visit);
        let transactions = transactions.iter().map(|row| Work::of(row.id, &row.facts)).collect::<Option<Vec<_>>>()?;
        let mut said: Vec<(PassId, Rc<PassFact>)> =
            beside.iter().flat_map(|row| row.facts.iter().map(|fact| (row.id, Rc::clone(fact)))).collect();
        said.sort_by(|one, other| one.1.cmp(&other.1));
        let moves: Vec<Rc<PassFact>> =
            said.iter().map(|(_, fact)| fact).filter(|fact| is_move(fact)).cloned().collect();
        if !moves.iter().all(|fact| fact.namings.is_empty() && fact.removals.is_empty()) {
            return None;
        }
        let mut rest: Vec<(PassId, Rc<PassFact>)> = Vec::new();
        let mut vague = false;
        for (row, fact) in said {
            if is_move(&fact) {
                if transactions.iter().any(|pass| pass.is_joined_by(&fact, &moves)) {
                    continue;
                }
                vague |= transactions.iter().any(|pass| pass.may_be_joined_by(&fact, &moves));
            } else if transactions
                .iter()
                .any(|pass| pass.from <= fact.at && pass.ended.is_none_or(|end| fact.at <= end))
            {
                return None;
            }
            rest.push((row, fact));
        }
        let mut panel = Panel {
            transactions,
            moves,
            rows: beside.iter().map(|row| row.id).collect(),
            unsettled: BTreeSet::new(),
            visits: Vec::new(),
        };
        let boards = |fact: &PassFact| fact.units.iter().map(|member| member.unit).collect::<BTreeSet<Id>>();
        let listed = rest.first().map(|(_, fact)| boards(fact)).unwrap_or_default();
        let alike = rest.iter().all(|(_, fact)| match fact.kind {
            FactKind::Arrived | FactKind::Departed | FactKind::Started | FactKind::Ended => boards(fact) == listed,
            FactKind::Installed => boards(fact).is_subset(&listed),
            _ => false,
        });
        // One instant may have been in another order.
        if vague || !alike || rest.windows(2).any(|pair| pair[0].1.at == pair[1].1.at) {
            // Of the transactions it is known at least which messages are theirs.
            panel.unsettled.extend(rest.iter().map(|(row, _)| *row));
            return Some(panel);
        }
        for group in groups(rest) {
            let rows: BTreeSet<PassId> = group.iter().map(|(row, _)| *row).collect();
            let facts: Vec<Rc<PassFact>> =
                group.into_iter().map(|(_, fact)| fact).filter(|fact| !is_move(fact)).collect();
            let row = rows.first().copied()?;
            match Work::of(row, &facts) {
                Some(pass) if pass.ended == Some(pass.last) => panel.visits.push((rows, pass)),
                _ => panel.unsettled.extend(rows),
            }
        }
        Some(panel)
    }
}

/// Whether a message says that units came or left.
fn is_move(fact: &PassFact) -> bool {
    matches!(fact.kind, FactKind::Arrived | FactKind::Departed)
}

/// A pass as the common ones are: it began, and listed its units, of one panel, when it began.
struct Work {
    row: PassId,
    facts: Vec<Rc<PassFact>>,
    /// Its units and their state.
    units: Vec<(Id, UnitStatus)>,
    from: Time,
    /// When it ended, if it said so.
    ended: Option<Time>,
    /// When the newest was said of it.
    said: Time,
    /// The same, or when the last component was placed.
    last: Time,
    /// Lane of its start. Another message's may be overruled by that of an arrival.
    lane: Option<i64>,
    /// Lane of its earliest message that names one: where it looks for arrivals and departures.
    met: Option<i64>,
    /// Programs that its start names.
    programs: Vec<Id>,
}

impl Work {
    fn of(row: PassId, facts: &[Rc<PassFact>]) -> Option<Work> {
        let of_kind = |kind: FactKind| facts.iter().filter(move |fact| fact.kind == kind);
        let mut starts = of_kind(FactKind::Started);
        let (start, None) = (starts.next()?, starts.next()) else { return None };
        let units: Vec<(Id, UnitStatus)> = start.units.iter().map(|member| (member.unit, member.status)).collect();
        let whole = units.first()?.0.whole();
        if whole.row() == 0 || units.iter().any(|(unit, _)| unit.whole() != whole) {
            return None;
        }
        // Whom the end does not name has none.
        let ends =
            |end: &PassFact, unit: Id| end.units.iter().any(|member| [unit, unit.whole()].contains(&member.unit));
        let all_end = |end: &Rc<PassFact>| end.units.is_empty() || units.iter().all(|(unit, _)| ends(end, *unit));
        if !of_kind(FactKind::Ended).all(all_end) {
            return None;
        }
        // What runs for some of the units only takes a look at each.
        let names_program = |role: Role| role == Role::Program;
        let elsewhere = facts.iter().filter(|fact| fact.kind != FactKind::Started);
        if elsewhere.flat_map(|fact| &fact.namings).any(|naming| names_program(naming.role)) {
            return None;
        }
        let named = start.namings.iter().filter(|naming| names_program(naming.role));
        let mut programs: Vec<Id> = named.map(|naming| naming.thing).collect();
        programs.sort_unstable();
        programs.dedup();
        let ended = of_kind(FactKind::Ended).map(|fact| fact.at).max();
        let placed = |fact: &Rc<PassFact>| fact.placed.map_or(fact.at, |(_, last)| last.max(fact.at));
        let said = facts.iter().map(|fact| fact.at).max()?;
        let last = facts.iter().map(placed).max()?;
        let first = facts.iter().map(|fact| fact.placed.map_or(fact.at, |(first, _)| first.min(fact.at))).min()?;
        // What was said before the start, or placed, makes its reach another than its window.
        let lanes = facts.iter().filter_map(|fact| Some((fact.kind != FactKind::Started, fact.at, fact.lane?)));
        let met = lanes.min().map(|(.., lane)| lane);
        let (from, lane, facts) = (start.at, start.lane, facts.to_vec());
        (first == from).then_some(Work { row, facts, units, from, ended, said, last, lane, met, programs })
    }

    /// When its units left the station, if that ended it for all of them.
    fn left(&self, moves: &[Rc<PassFact>], passes: &[Work]) -> Option<Time> {
        let next = moves.iter().filter(|fact| fact.at >= self.said).map(|fact| fact.at).min()?;
        let mut then = moves.iter().filter(|fact| fact.at == next);
        let (departed, None) = (then.next()?, then.next()) else { return None };
        let left = |unit: Id| departed.units.iter().any(|member| member.unit == unit || member.unit == unit.whole());
        let ended = departed.kind == FactKind::Departed
            && lanes_meet(self.met, departed.lane)
            && self.units.iter().all(|(unit, _)| left(*unit));
        // Else it may have ended another.
        let alone = passes.iter().all(|other| other.said <= self.said || other.from > next);
        (ended && alone).then_some(next)
    }

    /// Whether one of its units' arrivals and departures joins it for all units that it lists: who arrived began next, who departed had ended last.
    fn is_joined_by(&self, fact: &PassFact, moves: &[Rc<PassFact>]) -> bool {
        let listed = |unit: Id| self.units.iter().any(|(own, _)| *own == unit || *own == unit.whole());
        if !lanes_meet(self.met, fact.lane) || !fact.units.iter().all(|member| listed(member.unit)) {
            return false;
        }
        let other = |when: &dyn Fn(Time) -> bool| moves.iter().any(|other| when(other.at));
        let end = self.ended.unwrap_or(self.said);
        match fact.kind {
            FactKind::Arrived => self.from >= fact.at && !other(&|at| fact.at < at && at <= self.from),
            _ => end <= fact.at && !other(&|at| end <= at && at < fact.at),
        }
    }

    /// Whether an arrival or departure may join it for any unit.
    fn may_be_joined_by(&self, fact: &PassFact, moves: &[Rc<PassFact>]) -> bool {
        let moved = |kind: FactKind, when: &dyn Fn(Time) -> bool| {
            moves.iter().any(|other| other.kind == kind && when(other.at))
        };
        let end = self.ended.unwrap_or(self.said);
        match fact.kind {
            FactKind::Arrived => {
                let again = moved(FactKind::Arrived, &|at| fact.at < at && at <= self.from);
                let left = moved(FactKind::Departed, &|at| fact.at < at && at < self.from);
                self.from >= fact.at && !again && !left
            }
            _ => {
                let before = moved(FactKind::Departed, &|at| end <= at && at < fact.at);
                let came = moved(FactKind::Arrived, &|at| end < at && at < fact.at);
                end <= fact.at && !before && !came
            }
        }
    }
}
