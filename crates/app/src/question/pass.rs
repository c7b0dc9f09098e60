//! The passes of a unit: which messages belong together, from when to when, and whether the unit was in it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kernel::event::UnitStatus;
use kernel::id::{Id, PassId};
use kernel::pass::{FactKind, PassFact};
use kernel::project::DAY;
use kernel::time::Time;
use store::{Lasting, PassRow};

use super::Result;
use super::desk::{Desk, Rows};
use super::evidence::Focus;
use super::unit::{UnitClass, UnitPass, lanes_meet};

/// Units, as a whole, that messages of a pass list.
pub(super) fn listed_wholes(row: &PassRow) -> impl Iterator<Item = Id> {
    let listed = row.facts.iter().flat_map(|fact| &fact.units).map(|member| member.unit.whole());
    listed.filter(|whole| whole.row() != 0)
}

/// How a list of units means a unit: position, status, shared.
fn listed(class: &UnitClass, fact: &PassFact) -> Option<(u32, UnitStatus, bool)> {
    listed_as_of(class, fact, fact.at)
}

/// How a list of units means a unit, its names taken as they stood at a time.
fn listed_as_of(class: &UnitClass, fact: &PassFact, at: Time) -> Option<(u32, UnitStatus, bool)> {
    let meant = fact.units.iter().filter_map(|member| {
        let (by_whole, shared) = class.lists(member.unit, at)?;
        Some((by_whole, shared, member))
    });
    // Itself before its panel, a name of its own before a shared one.
    let (_, shared, member) =
        meant.min_by_key(|(by_whole, shared, member)| (*by_whole, *shared, member.position, member.status))?;
    let position = if member.position > 0 { member.position } else { own_position(class, member.unit, at) };
    Some((position, member.status, shared))
}

/// How several lists mean a unit: by a name of its own before a shared one, then the earliest.
fn listed_by<'a>(class: &UnitClass, facts: impl Iterator<Item = &'a PassFact>) -> Option<(u32, UnitStatus, bool)> {
    first_listed(facts.filter_map(|fact| Some((fact.at, listed(class, fact)?))))
}

fn first_listed(listed: impl Iterator<Item = (Time, (u32, UnitStatus, bool))>) -> Option<(u32, UnitStatus, bool)> {
    let first = listed.min_by_key(|(at, (position, status, shared))| (*shared, *at, *position, *status));
    first.map(|(_, found)| found)
}

/// When a transaction started. A carrier may be empty again when the end that names it is sent: its names there mean what they meant at a start too.
fn starts(row: &PassRow) -> BTreeSet<Time> {
    let starts = row.facts.iter().filter(|fact| !row.visit && fact.kind == FactKind::Started);
    starts.map(|fact| fact.at).collect()
}

/// Position of a unit on the panel or carrier that is named as a whole.
fn own_position(class: &UnitClass, whole: Id, at: Time) -> u32 {
    let on =
        class.aliases.iter().find(|alias| alias.id.whole() == whole.whole() && alias.from <= at && at < alias.until);
    on.map(|alias| alias.id.position()).filter(|position| *position > 0).unwrap_or(class.key.position())
}

impl Desk<'_> {
    /// All passes of a unit, by begin.
    pub(super) fn unit_passes(&self, class: &UnitClass) -> Result<Rc<Vec<UnitPass>>> {
        self.memo(|memo| &mut memo.passes, (class.key, None), || Ok(Rc::new(self.find_passes(class, None)?)))
    }

    /// Passes of a unit through one station, by begin.
    pub(super) fn passes_through(&self, class: &UnitClass, station: Id) -> Result<Rc<Vec<UnitPass>>> {
        let station = Some(station);
        self.memo(|memo| &mut memo.passes, (class.key, station), || Ok(Rc::new(self.find_passes(class, station)?)))
    }

    fn find_passes(&self, class: &UnitClass, station: Option<Id>) -> Result<Vec<UnitPass>> {
        let mut rows: BTreeMap<PassId, Rc<PassRow>> = BTreeMap::new();
        for alias in &class.aliases {
            for row in self.rows_of(alias.id.whole(), station, alias.from, alias.until)?.iter() {
                rows.insert(row.id, Rc::clone(row));
            }
        }
        let mut passes: Vec<UnitPass> = Vec::new();
        let mut visits: BTreeMap<Id, Vec<(PassId, Rc<PassFact>)>> = BTreeMap::new();
        let mut beside: BTreeMap<Id, Vec<Time>> = BTreeMap::new();
        for row in rows.into_values() {
            if row.visit {
                let installed = row.facts.iter().filter(|fact| fact.kind == FactKind::Installed);
                let together = installed.filter(|fact| class.is_beside(fact)).map(|fact| fact.at);
                beside.entry(row.station).or_default().extend(together);
                let facts = row.facts.iter().filter(|fact| listed(class, fact).is_some() || names_unit(class, fact));
                visits.entry(row.station).or_default().extend(facts.map(|fact| (row.id, Rc::clone(fact))));
            } else {
                passes.extend(self.of_transaction(class, &row));
            }
        }
        for (station, mut facts) in visits {
            facts.sort_by(|a, b| a.1.cmp(&b.1));
            let before = passes.len();
            self.match_by_time(class, station, facts, &mut passes)?;
            // A panel's report need not name the boards that were skipped.
            for pass in &mut passes[before..] {
                let within = |at: &Time| {
                    pass.start.is_some_and(|from| from <= *at) && pass.end.is_some_and(|until| *at <= until)
                };
                pass.reported |= beside.get(&station).is_some_and(|times| times.iter().any(within));
            }
        }
        passes.sort_by_key(|pass| (pass.start, pass.end, pass.station, pass.rows.first().copied()));
        let mut through: BTreeMap<Id, usize> = BTreeMap::new();
        for pass in &mut passes {
            let next = through.entry(pass.station).or_default();
            pass.nth = *next;
            *next += 1;
        }
        Ok(passes)
    }

    /// Rows of passes that list a unit or positions of it, with anything said of them in a closed window.
    pub(super) fn rows_of(
        &self,
        whole: Id,
        station: Option<Id>,
        from: Time,
        until: Time,
    ) -> Result<Rc<Vec<Rc<PassRow>>>> {
        let find = || {
            if (from, until) != (Time::MIN, Time::MAX) {
                let rows = self.snapshot.reader.passes_of(whole, station, from, until)?;
                return Ok(Rc::new(rows.into_iter().map(Rc::new).collect()));
            }
            let listing = self.listing(whole)?;
            let there = listing.iter().filter(|(_, at)| station.is_none_or(|station| station == *at));
            let there: Vec<PassId> = there.map(|(pass, _)| *pass).collect();
            self.gather_rows(&there)?;
            let rows = there.iter().map(|pass| self.row(*pass)).collect::<Result<Vec<_>>>()?;
            Ok(Rc::new(rows.into_iter().flatten().collect()))
        };
        self.memo(|memo| &mut memo.rows, (whole, station, from, until), find)
    }

    /// Passes that list a unit or positions of it, and their stations.
    pub(super) fn listing(&self, whole: Id) -> Result<Rows<(PassId, Id)>> {
        self.every(|memo| &mut memo.listing, whole, |wholes| Ok(self.snapshot.reader.passes_listing(wholes)?))
    }

    /// Passes at a station that may overlap a closed window.
    pub(super) fn passes_at(&self, station: Id, from: Time, until: Time) -> Result<Vec<Rc<PassRow>>> {
        let reader = self.snapshot.reader;
        let mut rows: BTreeMap<PassId, Rc<PassRow>> = BTreeMap::new();
        for row in reader.passes_at(station, from, until)? {
            rows.insert(row.id, self.keep_row(row));
        }
        let lasting = self.lasting(station)?;
        let then = lasting.iter().filter(|pass| pass.from <= until && pass.until >= from).map(|pass| pass.pass);
        let then: Vec<PassId> = then.filter(|pass| !rows.contains_key(pass)).collect();
        self.gather_rows(&then)?;
        for pass in then {
            rows.extend(self.row(pass)?.map(|row| (pass, row)));
        }
        Ok(rows.into_values().collect())
    }

    /// Passes at a station that lasted for more than a day, or may have.
    pub(super) fn lasting(&self, station: Id) -> Result<Rc<[Lasting]>> {
        self.memo(|memo| &mut memo.lasting, station, || Ok(self.snapshot.reader.passes_lasting(station)?.into()))
    }

    /// A pass, if it is visible.
    pub(super) fn row(&self, pass: PassId) -> Result<Option<Rc<PassRow>>> {
        self.gather_rows(&[pass])?;
        Ok(self.kept(|memo| &mut memo.pass_rows, &pass).flatten())
    }

    /// Keeps a row that was read.
    pub(super) fn keep_row(&self, row: PassRow) -> Rc<PassRow> {
        let row = Rc::new(row);
        self.keep(|memo| &mut memo.pass_rows, row.id, Some(Rc::clone(&row)));
        row
    }

    /// Looks up passes together.
    pub(super) fn gather_rows(&self, passes: &[PassId]) -> Result<()> {
        let asked = self.not_kept(|memo| &mut memo.pass_rows, passes.iter().copied());
        if asked.is_empty() {
            return Ok(());
        }
        let found = self.snapshot.reader.passes_numbered(&asked)?;
        for pass in asked {
            self.keep(|memo| &mut memo.pass_rows, pass, None);
        }
        for row in found {
            self.keep_row(row);
        }
        Ok(())
    }

    /// Looks up together the rows of units' passes that may matter to a question.
    pub(super) fn gather_passes(&self, classes: &[Rc<UnitClass>], focus: &Focus) -> Result<()> {
        let wholes = self.gather_lacking(classes)?;
        self.gather_listed(&wholes, |pass, station| focus.stations.contains(&station) && !focus.told.contains(&pass))
    }

    /// Looks up together at which positions units may lack components. Gives back the units, as a whole, that their lasting names are of.
    pub(super) fn gather_lacking(&self, classes: &[Rc<UnitClass>]) -> Result<BTreeSet<Id>> {
        let always = classes.iter().flat_map(|class| &class.aliases).filter(|alias| alias.is_lasting());
        let wholes: BTreeSet<Id> = always.map(|alias| alias.id.whole()).collect();
        let reader = self.snapshot.reader;
        self.gather(|memo| &mut memo.lacking, wholes.iter().copied(), |wholes| Ok(reader.may_lack(wholes)?))?;
        Ok(wholes)
    }

    /// Looks up together the rows of passes that list units, as a whole, where they are wanted.
    pub(super) fn gather_listed(&self, wholes: &BTreeSet<Id>, wanted: impl Fn(PassId, Id) -> bool) -> Result<()> {
        let reader = self.snapshot.reader;
        self.gather(|memo| &mut memo.listing, wholes.iter().copied(), |wholes| Ok(reader.passes_listing(wholes)?))?;
        let mut passes = Vec::new();
        for whole in wholes {
            let listing = self.listing(*whole)?;
            passes.extend(listing.iter().filter(|(pass, station)| wanted(*pass, *station)).map(|(pass, _)| *pass));
        }
        self.gather_rows(&passes)
    }

    /// The part of a transaction that concerns a unit.
    fn of_transaction(&self, class: &UnitClass, row: &PassRow) -> Option<UnitPass> {
        let listing = |kind: FactKind| {
            let of_kind = row.facts.iter().filter(move |fact| fact.kind == kind && !fact.units.is_empty());
            of_kind.map(|fact| &**fact).collect::<Vec<&PassFact>>()
        };
        let mut listing = [listing(FactKind::Started), listing(FactKind::Ended)].into_iter();
        let listing = listing.find(|listing| !listing.is_empty()).unwrap_or_default();
        let starts = starts(row);
        let lists = |fact: &PassFact| {
            listed(class, fact).or_else(|| {
                let mut starts = starts.iter().filter(|_| fact.kind == FactKind::Ended);
                starts.find_map(|at| listed_as_of(class, fact, *at))
            })
        };
        let first = |facts: &mut dyn Iterator<Item = &PassFact>| {
            first_listed(facts.filter_map(|fact| Some((fact.at, lists(fact)?))))
        };
        let membership = first(&mut listing.iter().copied());
        let concerns = |fact: &PassFact| {
            fact.units.is_empty() && fact.namings.iter().all(|naming| naming.unit == Id(0))
                || lists(fact).is_some()
                || fact.units.iter().any(|member| member.unit.row() == 0)
                || names_unit(class, fact)
        };
        let facts: Vec<Rc<PassFact>> = row.facts.iter().filter(|fact| concerns(fact)).cloned().collect();
        let partial = first(&mut facts.iter().map(|fact| &**fact)).or_else(|| {
            facts.iter().any(|fact| names_unit(class, fact)).then_some((class.key.position(), UnitStatus::Pass, false))
        });
        // Nobody lists the pass's units: those that its messages speak of are in it.
        let nobody = listing.is_empty();
        let (position, status, shared) = membership.or(partial)?;
        let mut pass =
            UnitPass::of(vec![row.id], row.station, facts, membership.is_some() || nobody, (position, status, shared));
        pass.reported = row.facts.iter().any(|fact| fact.kind == FactKind::Installed);
        Some(pass)
    }

    /// Messages without a transaction, by station, lane, unit and time.
    fn match_by_time(
        &self,
        class: &UnitClass,
        station: Id,
        facts: Vec<(PassId, Rc<PassFact>)>,
        passes: &mut Vec<UnitPass>,
    ) -> Result<()> {
        let mut rest: Vec<(PassId, Rc<PassFact>)> = Vec::new();
        let moves: Vec<(Time, FactKind)> = facts.iter().map(|(_, fact)| (fact.at, fact.kind)).collect();
        let moved = |kind: FactKind, when: &dyn Fn(Time) -> bool| moves.iter().any(|(at, of)| *of == kind && when(*at));
        // As the transactions were before anything joined them: else it would matter what of one instant came first.
        let spans: Vec<Option<(Time, Time, Time)>> = passes
            .iter()
            .filter(|pass| pass.station == station)
            .map(|pass| Some((pass.first()?, pass.end.or(pass.last())?, pass.window().1)))
            .collect();
        for (row, fact) in facts {
            let host = passes.iter_mut().filter(|pass| pass.station == station).zip(&spans);
            let host = host.filter(|(pass, _)| lanes_meet(pass.lane, fact.lane));
            // The nearest; of several equally near each.
            let nearness = |span: Option<(Time, Time, Time)>| -> Option<std::cmp::Reverse<Time>> {
                let (first, last, until) = span?;
                let near = match fact.kind {
                    // Who came again, or left, in between was here for something else; so was who left as it began, or came as it ended.
                    FactKind::Arrived => {
                        let again = moved(FactKind::Arrived, &|at| fact.at < at && at <= first);
                        let left = moved(FactKind::Departed, &|at| fact.at < at && at <= first && at < last);
                        (first >= fact.at && !again && !left).then_some(first)
                    }
                    FactKind::Departed => {
                        let before = moved(FactKind::Departed, &|at| last <= at && at < fact.at);
                        let came = moved(FactKind::Arrived, &|at| first < at && last <= at && at < fact.at);
                        (last <= fact.at && !before && !came).then_some(Time(last.0.saturating_neg()))
                    }
                    _ => (first <= fact.at && until >= fact.at).then_some(Time(first.0.saturating_neg())),
                };
                near.map(std::cmp::Reverse)
            };
            let hosts: Vec<_> = host.filter_map(|(pass, span)| Some((pass, nearness(*span)?))).collect();
            let nearest = hosts.iter().map(|(_, near)| *near).max();
            let mut hosted = false;
            for (pass, _) in hosts.into_iter().filter(|(_, near)| Some(*near) == nearest) {
                pass.facts.push(Rc::clone(&fact));
                if !pass.rows.contains(&row) {
                    pass.rows.push(row);
                }
                hosted = true;
            }
            if !hosted {
                rest.push((row, fact));
            }
        }
        for pass in passes.iter_mut().filter(|pass| pass.station == station) {
            pass.bound();
        }
        for group in groups(rest) {
            let rows: Vec<PassId> = group.iter().map(|(row, _)| *row).collect();
            let facts: Vec<Rc<PassFact>> = group.into_iter().map(|(_, fact)| fact).collect();
            let moves = |kind: FactKind| facts.iter().find(|fact| fact.kind == kind).map(|fact| fact.at);
            let (arrived, departed) = (moves(FactKind::Arrived), moves(FactKind::Departed));
            let works = facts.iter().any(|fact| {
                !matches!(
                    fact.kind,
                    FactKind::Arrived
                        | FactKind::Departed
                        | FactKind::Created
                        | FactKind::Named
                        | FactKind::Disqualified
                )
            });
            // An arrival may list the units of a transaction that lists none; of several that start at one instant, of either.
            let hosts = match arrived {
                Some(arrived) if !works => self.unlisted_passes(station, arrived, departed)?,
                _ => Vec::new(),
            };
            let contested = hosts.len() > 1;
            let hosts: Vec<Option<PassRow>> =
                if hosts.is_empty() { vec![None] } else { hosts.into_iter().map(Some).collect() };
            for host in hosts {
                let (mut rows, mut facts) = (rows.clone(), facts.clone());
                if let Some(host) = host {
                    rows.push(host.id);
                    facts.extend(host.facts);
                }
                let kinds = [FactKind::Started, FactKind::Ended, FactKind::Arrived];
                let lists = |kind: FactKind| {
                    facts.iter().map(|fact| &**fact).filter(move |fact| fact.kind == kind && !fact.units.is_empty())
                };
                let listing = kinds.iter().find(|kind| lists(**kind).next().is_some());
                let membership = listing.and_then(|kind| listed_by(class, lists(*kind)));
                let Some(any) = listed_by(class, facts.iter().map(|fact| &**fact)) else { continue };
                let only_moves = facts
                    .iter()
                    .all(|fact| matches!(fact.kind, FactKind::Created | FactKind::Named | FactKind::Disqualified));
                let member = !only_moves && (membership.is_some() || listing.is_none());
                let (position, status, shared) = membership.unwrap_or(any);
                passes.push(UnitPass::of(rows, station, facts, member, (position, status, shared || contested)));
            }
        }
        Ok(())
    }

    /// The units of a pass, and those that its reports speak of.
    pub(super) fn units_of(&self, row: &PassRow) -> Result<Rc<BTreeSet<Id>>> {
        self.memo(|memo| &mut memo.units_of, row.id, || Ok(Rc::new(self.find_units_of(row)?)))
    }

    fn find_units_of(&self, row: &PassRow) -> Result<BTreeSet<Id>> {
        let mut units = self.units_named(row.facts.iter().map(|fact| (&**fact, fact.at)))?;
        for at in starts(row) {
            let ends = row.facts.iter().filter(|fact| fact.kind == FactKind::Ended);
            units.extend(self.units_named(ends.map(|fact| (&**fact, at)))?);
        }
        let mut listing = row.facts.iter().filter(|fact| matches!(fact.kind, FactKind::Started | FactKind::Ended));
        if !row.visit && listing.all(|fact| fact.units.is_empty()) {
            // The transaction lists no units: whoever arrived.
            let started = row.facts.iter().filter(|fact| fact.kind == FactKind::Started).map(|fact| fact.at).min();
            if let Some(at) = started {
                let rows = self.passes_at(row.station, at.plus(-DAY), at)?;
                let visits = rows.iter().filter(|visit| visit.visit).flat_map(|visit| &visit.facts);
                let arrived =
                    visits.filter(|fact| fact.kind == FactKind::Arrived && at.plus(-DAY) <= fact.at && fact.at <= at);
                units.extend(self.units_named(arrived.map(|fact| (&**fact, fact.at)))?);
            }
        }
        Ok(units)
    }

    /// Units that facts list or name, each as the names stood at a time.
    fn units_named<'f>(&self, facts: impl Iterator<Item = (&'f PassFact, Time)>) -> Result<BTreeSet<Id>> {
        let mut units = BTreeSet::new();
        for (fact, at) in facts {
            let listed = fact.units.iter().map(|member| member.unit);
            let named =
                fact.namings.iter().map(|naming| naming.unit).chain(fact.removals.iter().map(|removal| removal.unit));
            for id in listed.chain(named).filter(|id| id.row() != 0) {
                if self.has_boards(id)? {
                    units.extend(self.boards(id)?);
                } else if id.position() == 0 && self.is_carrier(id)? {
                    let cycles = self.cycles_in(id, at, at)?;
                    for cycle in cycles.iter().filter(|cycle| cycle.from <= at && at < cycle.until) {
                        units.extend(self.units_on(cycle, Some(at))?);
                    }
                } else {
                    units.extend(self.keys(id, Some(at))?);
                }
            }
        }
        Ok(units)
    }

    /// The first transaction that lists no units between an arrival and a departure at its station; all that start at that instant.
    fn unlisted_passes(&self, station: Id, arrived: Time, departed: Option<Time>) -> Result<Vec<PassRow>> {
        let until = departed.unwrap_or(Time::MAX).min(arrived.plus(DAY));
        let begin = |row: &PassRow| starts(row).into_iter().min();
        let mut unlisted = self.snapshot.reader.passes_unlisted(station, arrived, until)?;
        unlisted.retain(|row| {
            let listing = |fact: &PassFact| matches!(fact.kind, FactKind::Started | FactKind::Ended);
            let lists = row.facts.iter().any(|fact| listing(fact) && !fact.units.is_empty());
            !lists && begin(row).is_some_and(|at| arrived <= at && at <= until)
        });
        let first = unlisted.iter().map(begin).min();
        unlisted.retain(|row| Some(begin(row)) == first);
        Ok(unlisted)
    }
}

/// Facts without a transaction, sorted by time: every start (or, with none since the last end, every arrival) opens a pass, the next end closes it,
/// everything between belongs to it. What lies between no start and end is a pass of its own, of which neither side is known.
pub(super) fn groups(rest: Vec<(PassId, Rc<PassFact>)>) -> Vec<Vec<(PassId, Rc<PassFact>)>> {
    let moves_nobody =
        |fact: &PassFact| matches!(fact.kind, FactKind::Created | FactKind::Named | FactKind::Disqualified);
    let (aside, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(_, fact)| moves_nobody(fact));
    let mut visits = Visits::default();
    for instant in rest.chunk_by(|a, b| a.1.at == b.1.at) {
        let of = |wanted: &dyn Fn(FactKind) -> bool| -> Vec<(PassId, Rc<PassFact>)> {
            instant.iter().filter(|(_, fact)| wanted(fact.kind)).cloned().collect()
        };
        let moves = [FactKind::Arrived, FactKind::Started, FactKind::Ended, FactKind::Departed];
        let [arrivals, starts, ends, departures] = moves.map(|kind| of(&|of| of == kind));
        let between = of(&|of| !moves.contains(&of));
        visits.go_on(arrivals, starts, between, ends, departures);
    }
    if !aside.is_empty() {
        visits.groups.push(aside);
    }
    visits.groups
}

/// Passes without a transaction, as they follow each other.
#[derive(Default)]
struct Visits {
    groups: Vec<Vec<(PassId, Rc<PassFact>)>>,
    /// What the last of them has seen.
    arrived: bool,
    started: bool,
    ended: bool,
    departed: bool,
}

impl Visits {
    /// Takes in what was said of one instant. What order it happened in is not known: what lies between and what ends belongs to the pass that is open,
    /// else to the one that begins.
    fn go_on(
        &mut self,
        arrivals: Vec<(PassId, Rc<PassFact>)>,
        starts: Vec<(PassId, Rc<PassFact>)>,
        between: Vec<(PassId, Rc<PassFact>)>,
        ends: Vec<(PassId, Rc<PassFact>)>,
        departures: Vec<(PassId, Rc<PassFact>)>,
    ) {
        let open = (self.arrived || self.started) && !self.ended && !self.departed;
        let begins = !arrivals.is_empty() || !starts.is_empty();
        if open && arrivals.is_empty() && !self.started {
            self.push(starts);
            self.push(between);
            self.push(ends);
            self.push(departures);
        } else if open {
            self.push(between);
            self.push(ends);
            self.push(departures);
            if begins {
                self.begin();
                self.push(arrivals);
                self.push(starts);
            }
        } else {
            let mut departures = departures;
            if !self.groups.is_empty() && !self.departed && begins {
                self.push(std::mem::take(&mut departures));
            }
            if begins {
                self.begin();
            }
            self.push(arrivals);
            self.push(starts);
            if !between.is_empty() && (self.ended || self.departed) {
                self.begin();
            }
            self.push(between);
            if !ends.is_empty() && (self.ended || self.departed) {
                self.begin();
            }
            self.push(ends);
            if !departures.is_empty() && self.departed {
                self.begin();
            }
            self.push(departures);
        }
    }

    fn begin(&mut self) {
        let groups = std::mem::take(&mut self.groups);
        *self = Visits { groups, ..Visits::default() };
        self.groups.push(Vec::new());
    }

    fn push(&mut self, facts: Vec<(PassId, Rc<PassFact>)>) {
        for (row, fact) in facts {
            match fact.kind {
                FactKind::Arrived => self.arrived = true,
                FactKind::Started => self.started = true,
                FactKind::Ended => self.ended = true,
                FactKind::Departed => self.departed = true,
                _ => {}
            }
            match self.groups.last_mut() {
                Some(group) => group.push((row, fact)),
                None => self.groups.push(vec![(row, fact)]),
            }
        }
    }
}

/// Whether a fact speaks of the unit in something it names or removes.
fn names_unit(class: &UnitClass, fact: &PassFact) -> bool {
    fact.namings
        .iter()
        .map(|naming| naming.unit)
        .chain(fact.removals.iter().map(|removal| removal.unit))
        .any(|unit| unit.row() != 0 && (class.means(unit, fact.at).is_some() || class.lies_on(unit, fact.at).is_some()))
}

/// When a pass, taken as a whole, may have run.
pub(super) fn window(row: &PassRow) -> (Time, Time) {
    let times = |kind: FactKind| row.facts.iter().filter(move |fact| fact.kind == kind).map(|fact| fact.at);
    let from = times(FactKind::Started).min().or(times(FactKind::Arrived).min());
    let until = times(FactKind::Ended).max().or(times(FactKind::Departed).max());
    (from.unwrap_or(Time::MIN), until.unwrap_or(Time::MAX))
}
