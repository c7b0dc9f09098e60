//! A unit as questions see it: its names, and its passes.

use std::rc::Rc;

use kernel::event::UnitStatus;
use kernel::id::{Id, PassId};
use kernel::pass::{FactKind, PassFact, Role};
use kernel::project::REPORT_REACH;
use kernel::row::Belonging;
use kernel::time::Time;

/// An identity under which facts of a unit stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alias {
    /// The identity.
    pub(super) id: Id,
    /// From when it means this unit.
    pub(super) from: Time,
    /// Until when, half-open.
    pub(super) until: Time,
    /// Another unit bears the same name: what stands under it is possible only.
    pub(super) shared: bool,
    /// It is a name of the panel that the unit is a board of.
    pub(super) by_whole: bool,
}

impl Alias {
    /// Whether it means the unit whenever it is said.
    pub(super) fn is_lasting(&self) -> bool {
        self.from == Time::MIN && self.until == Time::MAX
    }

    fn holds(&self, at: Time) -> bool {
        self.from <= at && at < self.until
    }
}

/// A unit with all identities under which messages speak of it.
#[derive(Clone, Debug)]
pub(super) struct UnitClass {
    /// The identity that stands for the unit.
    pub(super) key: Id,
    /// Its aliases, ascending.
    pub(super) aliases: Vec<Alias>,
}

impl UnitClass {
    /// How an identity mentioned at a time means this unit: `None` not at all, else whether it is shared.
    pub(super) fn means(&self, id: Id, at: Time) -> Option<bool> {
        let matching = self.aliases.iter().filter(|alias| alias.id == id && alias.holds(at));
        matching.map(|alias| alias.shared).min()
    }

    /// How a list means this unit that names an identity at a time: whether by its panel or carrier only, and whether by a shared name.
    pub(super) fn lists(&self, id: Id, at: Time) -> Option<(bool, bool)> {
        let matching = self.aliases.iter().filter(|alias| alias.id == id && alias.holds(at));
        let direct = matching.map(|alias| (alias.by_whole, alias.shared)).min();
        direct.or_else(|| Some((true, self.lies_on(id, at)?)))
    }

    /// Whether a message speaks of the panel (or carrier in its cycle) that the unit lies on, or of any position of it.
    pub(super) fn is_beside(&self, fact: &PassFact) -> bool {
        let wholes = || self.aliases.iter().filter(|alias| alias.holds(fact.at)).map(|alias| alias.id.whole());
        fact.units.iter().any(|member| wholes().any(|whole| whole == member.unit.whole()))
    }

    /// Whether a panel (or carrier in its cycle) mentioned as a whole holds this unit.
    pub(super) fn lies_on(&self, id: Id, at: Time) -> Option<bool> {
        let whole = id.position() == 0;
        let matching = self
            .aliases
            .iter()
            .filter(|alias| whole && alias.id.whole() == id && alias.id.position() > 0 && alias.holds(at));
        matching.map(|alias| alias.shared).min()
    }
}

/// A thing was in another, half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stint {
    /// What was inside.
    pub(super) child: Id,
    /// What it was in.
    pub(super) parent: Id,
    pub(super) belonging: Belonging,
    pub(super) position: String,
    pub(super) from: Time,
    pub(super) until: Time,
}

/// A cycle of a carrier: this unit lay at this position.
#[derive(Clone, Debug)]
pub(super) struct Cycle {
    pub(super) carrier: Id,
    pub(super) position: u32,
    pub(super) unit: Id,
    pub(super) from: Time,
    pub(super) until: Time,
}

/// A unit's pass through a station.
#[derive(Clone, Debug)]
pub(super) struct UnitPass {
    /// Rows that it is made of.
    pub(super) rows: Vec<PassId>,
    /// Its number among the unit's passes through the station, by begin.
    pub(super) nth: usize,
    /// The station (as its handle names it).
    pub(super) station: Id,
    /// Lane, if said.
    pub(super) lane: Option<i64>,
    /// What messages said, by time.
    pub(super) facts: Vec<Rc<PassFact>>,
    /// The unit is one of the pass's units. (Else it is only named in a report.)
    pub(super) member: bool,
    /// The unit is possible only: its name is shared.
    pub(super) shared: bool,
    /// Its state here: Skip or Scrap when it was not processed.
    pub(super) status: UnitStatus,
    /// Its position number in the pass.
    pub(super) position: u32,
    /// Installations were reported in it, for whichever unit.
    pub(super) reported: bool,
    /// Begin; `None` when not known.
    pub(super) start: Option<Time>,
    /// End; `None` when open.
    pub(super) end: Option<Time>,
    /// How far its edges may be off.
    pub(super) margin: i64,
    /// The time in which what was mounted may bear on it: its window, and whenever it is said to have installed something.
    pub(super) reach: (Time, Time),
}

impl UnitPass {
    /// The window, closed; open sides reach to the ends of time.
    pub(super) fn window(&self) -> (Time, Time) {
        (self.start.unwrap_or(Time::MIN), self.end.unwrap_or(Time::MAX))
    }

    /// Whether both ends are known exactly.
    pub(super) fn is_closed(&self) -> bool {
        self.start.is_some() && self.end.is_some() && self.margin == 0
    }

    /// Programs that its messages name.
    pub(super) fn programs(&self) -> Vec<Id> {
        let namings = self.facts.iter().flat_map(|fact| &fact.namings);
        let mut programs: Vec<Id> =
            namings.filter(|naming| naming.role == Role::Program).map(|naming| naming.thing).collect();
        programs.sort_unstable();
        programs.dedup();
        programs
    }

    /// How an identity in one of its messages means the unit: `None` not at all, else whether through a shared name.
    pub(super) fn names(&self, class: &UnitClass, id: Id, at: Time) -> Option<bool> {
        if id.row() == 0 {
            let meant = id == Id(0) || self.position == id.position();
            return (self.member && meant).then_some(self.shared);
        }
        // A board inherits what is said of its panel.
        class.means(id, at).or_else(|| class.lies_on(id, at))
    }

    pub(super) fn of(
        rows: Vec<PassId>,
        station: Id,
        facts: Vec<Rc<PassFact>>,
        member: bool,
        (position, status, shared): (u32, UnitStatus, bool),
    ) -> UnitPass {
        let mut pass = UnitPass {
            rows,
            nth: 0,
            station,
            lane: None,
            facts,
            member,
            shared,
            status,
            position,
            reported: false,
            start: None,
            end: None,
            margin: 0,
            reach: (Time::MIN, Time::MAX),
        };
        pass.bound();
        pass
    }

    /// Begin, end, lane and margin as its facts have them.
    pub(super) fn bound(&mut self) {
        self.facts.sort();
        self.facts.dedup();
        self.reported |= self.facts.iter().any(|fact| fact.kind == FactKind::Installed);
        let times = |kind: FactKind| self.facts.iter().filter(move |fact| fact.kind == kind).map(|fact| fact.at);
        self.start = times(FactKind::Started).min().or(times(FactKind::Arrived).max());
        self.end = times(FactKind::Ended).max().or(times(FactKind::Departed).min());
        let lanes = self.facts.iter().filter_map(|fact| Some((fact.kind != FactKind::Started, fact.at, fact.lane?)));
        self.lane = lanes.min().map(|(.., lane)| lane);
        self.margin = self.facts.iter().map(|fact| fact.margin).max().unwrap_or(0);
        // Nothing but a report: what it stands between is not known.
        let moved = [FactKind::Started, FactKind::Arrived, FactKind::Ended, FactKind::Departed];
        if !self.facts.iter().any(|fact| moved.contains(&fact.kind)) {
            (self.start, self.end) = (None, None);
        }
        self.reach = self.window();
        for fact in self.facts.iter().filter(|fact| fact.kind == FactKind::Installed) {
            let (first, last) = fact.placed.unwrap_or((fact.at, fact.at));
            self.reach.0 = self.reach.0.min(first).min(fact.at);
            self.reach.1 = self.reach.1.max(last).max(fact.at);
        }
    }

    pub(super) fn first(&self) -> Option<Time> {
        self.start.or_else(|| self.facts.iter().map(|fact| fact.at).min())
    }

    pub(super) fn last(&self) -> Option<Time> {
        self.facts.iter().map(|fact| fact.at).max()
    }
}

/// When a component was installed that a report of a pass gives no time for: while the pass ran, or when the report was sent, and near its being sent.
pub(super) fn told_within((from, until): (Time, Time), sent: Time) -> (Time, Time) {
    (from.min(sent).max(sent.plus(-REPORT_REACH)), until.max(sent).min(sent.plus(REPORT_REACH)))
}

pub(super) fn lanes_meet(a: Option<i64>, b: Option<i64>) -> bool {
    a.is_none() || b.is_none() || a == b
}
