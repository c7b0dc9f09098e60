//! Passes: a unit went through a station. What messages say of one pass is kept as a list of facts, packed into one row.

use crate::event::UnitStatus;
use crate::id::{Designator, Id, Seq};
use crate::time::Time;
use crate::varint::{Unpack, put, put_signed};

macro_rules! fact_kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// What a message said of a pass.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum FactKind { $($(#[$doc])* $name = $code,)+ }

        impl FactKind {
            /// The word as shown in histories.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(FactKind::$name => stringify!($name),)+ }
            }

            fn from_code(code: u64) -> Option<FactKind> {
                match code { $($code => Some(FactKind::$name),)+ _ => None }
            }
        }
    };
}

fact_kinds! {
    /// Units arrived.
    Arrived = 0,
    /// Work began.
    Started = 1,
    /// A stage began, ended, paused or went on.
    Stage = 2,
    /// Work ended.
    Ended = 3,
    /// Units left.
    Departed = 4,
    /// Components were installed.
    Installed = 5,
    /// Components were removed.
    Removed = 6,
    /// Process material was applied.
    Applied = 7,
    /// Process material was taken off.
    Unapplied = 8,
    /// Tools were used.
    ToolUsed = 9,
    /// The process was measured.
    Measured = 10,
    /// Units were inspected.
    Inspected = 11,
    /// Units were tested.
    Tested = 12,
    /// Units were repaired.
    Repaired = 13,
    /// Units got data of their own.
    Personalized = 14,
    /// Units came into being.
    Created = 15,
    /// Units were taken out of production.
    Disqualified = 16,
    /// Names of units were read or given.
    Named = 17,
}

/// A unit as a pass fact lists it. Row 0 is the pass itself: `Id(n)` below 256 is "position n of this pass", `Id(0)` all its units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// The unit.
    pub unit: Id,
    /// Its position number in the message, when the identity does not hold it.
    pub position: u32,
    /// Its state.
    pub status: UnitStatus,
}

/// In which role a message names a thing for a unit of the pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// The program that ran.
    Program = 0,
    /// Who worked, inspected, tested, repaired.
    Person = 1,
    /// The tool that was used.
    Tool = 2,
    /// Process material.
    Applied = 3,
    /// Process material of which another of its chain may have come instead.
    AppliedDoubtful = 4,
    /// A pattern by which the message's report is coded, all of whose positions it accounts for (its number in place of a thing).
    Pattern = 5,
    /// A pattern by which the message's report is coded, not all of whose positions it accounts for.
    Partial = 6,
    /// The positions that such a report accounts for, as a pattern.
    Accounted = 7,
    /// Process material whose package leads, in a splice chain, the one that was named.
    AppliedLeading = 8,
}

impl Role {
    fn from_code(code: u64) -> Option<Role> {
        [
            Role::Program,
            Role::Person,
            Role::Tool,
            Role::Applied,
            Role::AppliedDoubtful,
            Role::Pattern,
            Role::Partial,
            Role::Accounted,
            Role::AppliedLeading,
        ]
        .into_iter()
        .find(|role| *role as u64 == code)
    }

    /// Whether it names process material.
    #[must_use]
    pub fn applies(self) -> bool {
        matches!(self, Role::Applied | Role::AppliedDoubtful | Role::AppliedLeading)
    }

    /// Whether it names the pattern by which a report is coded.
    #[must_use]
    pub fn codes(self) -> bool {
        matches!(self, Role::Pattern | Role::Partial)
    }

    /// Whether it names the positions that a report accounts for.
    #[must_use]
    pub fn accounts(self) -> bool {
        matches!(self, Role::Pattern | Role::Accounted)
    }
}

/// A thing that a message names for a unit of the pass (`Id(0)`: for all its units).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Naming {
    /// In which role.
    pub role: Role,
    /// The thing.
    pub thing: Id,
    /// For which unit.
    pub unit: Id,
    /// Interned kind of a tool, 0 for all else.
    pub tool_kind: Id,
}

/// A component that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Removal {
    /// From which unit.
    pub unit: Id,
    /// From which position.
    pub designator: Designator,
    /// Of which package, if one was named.
    pub package: Option<Id>,
}

/// What one message said of a pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PassFact {
    /// When, by the station's clock.
    pub at: Time,
    /// What.
    pub kind: FactKind,
    /// Index of the event.
    pub seq: Seq,
    /// How far `at` may be off, microseconds.
    pub margin: i64,
    /// Lane.
    pub lane: Option<i64>,
    /// Units it lists.
    pub units: Vec<Member>,
    /// Things it names.
    pub namings: Vec<Naming>,
    /// Components it removes.
    pub removals: Vec<Removal>,
    /// Result or state word.
    pub word: String,
    /// First and last own time of components that it installs: what was mounted, or spliced, then matters.
    pub placed: Option<(Time, Time)>,
}

impl PassFact {
    /// Things that the message names, by which its pass is found: programs, people, tools, packages.
    pub fn links(&self) -> impl Iterator<Item = Id> {
        let named = self.namings.iter().filter(|naming| !naming.role.codes() && !naming.role.accounts());
        named.map(|naming| naming.thing).chain(self.removals.iter().filter_map(|removal| removal.package))
    }

    /// A fact that says nothing but its kind and time.
    #[must_use]
    pub fn new(kind: FactKind, seq: Seq, at: Time) -> PassFact {
        PassFact {
            at,
            kind,
            seq,
            margin: 0,
            lane: None,
            units: Vec::new(),
            namings: Vec::new(),
            removals: Vec::new(),
            word: String::new(),
            placed: None,
        }
    }

    /// Packs the facts of a pass: each as its difference to the one before.
    #[must_use]
    pub fn pack_all(facts: &[PassFact]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut last = Last::default();
        facts.iter().for_each(|fact| last.pack(fact, &mut out));
        out
    }

    /// Reads packed facts.
    #[must_use]
    pub fn unpack_all(bytes: &[u8]) -> Option<Vec<PassFact>> {
        let mut unpack = Unpack(bytes);
        let mut facts = Vec::new();
        let mut last = Last::default();
        while !unpack.is_empty() {
            facts.push(last.unpack(&mut unpack)?);
        }
        Some(facts)
    }
}

/// Members that a pass's facts may list by reference to the fact before: what little of a damaged row stands for stays bounded.
const REPEATED_MAX: usize = 1 << 22;

/// What the next fact of a pass is written against.
#[derive(Default)]
struct Last {
    seq: u64,
    at: i64,
    units: Vec<Member>,
    /// Members listed by reference so far.
    repeated: usize,
    thing: i64,
    unit: i64,
    tool_kind: i64,
}

/// Puts a value down as its difference to the last of its sort.
fn put_next(out: &mut Vec<u8>, last: &mut i64, value: i64) {
    put_signed(out, value.wrapping_sub(*last));
    *last = value;
}

fn next_of(unpack: &mut Unpack<'_>, last: &mut i64) -> Option<i64> {
    *last = last.wrapping_add(unpack.next_signed()?);
    Some(*last)
}

impl Last {
    /// Counts members that are listed by reference, up to the bound.
    fn repeat(&mut self) -> Option<()> {
        let repeated = self.repeated + self.units.len();
        (repeated <= REPEATED_MAX).then(|| self.repeated = repeated)
    }

    fn pack(&mut self, fact: &PassFact, out: &mut Vec<u8>) {
        let as_before = !fact.units.is_empty() && fact.units == self.units && self.repeat().is_some();
        let flags = u64::from(fact.margin != 0)
            | u64::from(fact.lane.is_some()) << 1
            | u64::from(!fact.units.is_empty() && !as_before) << 2
            | u64::from(as_before) << 3
            | u64::from(!fact.namings.is_empty()) << 4
            | u64::from(!fact.removals.is_empty()) << 5
            | u64::from(!fact.word.is_empty()) << 6
            | u64::from(fact.placed.is_some()) << 7;
        put(out, (fact.kind as u64) << 8 | flags);
        put_signed(out, fact.seq.0.wrapping_sub(self.seq).cast_signed());
        self.seq = fact.seq.0;
        put_next(out, &mut self.at, fact.at.0);
        if fact.margin != 0 {
            put_signed(out, fact.margin);
        }
        if let Some(lane) = fact.lane {
            put_signed(out, lane);
        }
        if !fact.units.is_empty() && !as_before {
            put(out, fact.units.len() as u64);
            let mut last = self.units.first().map_or(0, |member| member.unit.0);
            for member in &fact.units {
                put_next(out, &mut last, member.unit.0);
                let own = member.position == member.unit.position();
                put(out, (member.status as u64) << 1 | u64::from(!own));
                if !own {
                    put(out, u64::from(member.position));
                }
            }
            self.units.clone_from(&fact.units);
        }
        if !fact.namings.is_empty() {
            put(out, fact.namings.len() as u64);
            for naming in &fact.namings {
                put(out, naming.role as u64);
                put_next(out, &mut self.thing, naming.thing.0);
                put_next(out, &mut self.unit, naming.unit.0);
                put_next(out, &mut self.tool_kind, naming.tool_kind.0);
            }
        }
        if !fact.removals.is_empty() {
            put(out, fact.removals.len() as u64);
            for removal in &fact.removals {
                put_signed(out, removal.unit.0);
                put(out, u64::from(removal.designator.0));
                put_signed(out, removal.package.map_or(-1, |id| id.0));
            }
        }
        if !fact.word.is_empty() {
            put(out, fact.word.len() as u64);
            out.extend_from_slice(fact.word.as_bytes());
        }
        if let Some((first, last)) = fact.placed {
            put_signed(out, first.0.wrapping_sub(fact.at.0));
            put_signed(out, last.0.wrapping_sub(fact.at.0));
        }
    }

    fn unpack(&mut self, unpack: &mut Unpack<'_>) -> Option<PassFact> {
        let head = unpack.next()?;
        let flag = |bit: u64| head >> bit & 1 == 1;
        self.seq = self.seq.wrapping_add(unpack.next_signed()?.cast_unsigned());
        let at = Time(next_of(unpack, &mut self.at)?);
        let mut fact = PassFact::new(FactKind::from_code(head >> 8)?, Seq(self.seq), at);
        if flag(0) {
            fact.margin = unpack.next_signed()?;
        }
        if flag(1) {
            fact.lane = Some(unpack.next_signed()?);
        }
        if flag(2) {
            let mut last = self.units.first().map_or(0, |member| member.unit.0);
            let count = unpack.next().filter(|count| *count > 0)?;
            for _ in 0..count {
                let unit = Id(next_of(unpack, &mut last)?);
                let code = unpack.next()?;
                let position = if code & 1 == 1 { u32::try_from(unpack.next()?).ok()? } else { unit.position() };
                let status = match code >> 1 {
                    0 => UnitStatus::Pass,
                    1 => UnitStatus::Fail,
                    2 => UnitStatus::Scrap,
                    3 => UnitStatus::Skip,
                    _ => return None,
                };
                fact.units.push(Member { unit, position, status });
            }
            self.units.clone_from(&fact.units);
        }
        if flag(3) {
            self.repeat()?;
            fact.units.clone_from(&self.units);
        }
        if flag(4) {
            for _ in 0..unpack.next()? {
                fact.namings.push(Naming {
                    role: Role::from_code(unpack.next()?)?,
                    thing: Id(next_of(unpack, &mut self.thing)?),
                    unit: Id(next_of(unpack, &mut self.unit)?),
                    tool_kind: Id(next_of(unpack, &mut self.tool_kind)?),
                });
            }
        }
        if flag(5) {
            for _ in 0..unpack.next()? {
                let unit = Id(unpack.next_signed()?);
                let designator = Designator(u32::try_from(unpack.next()?).ok()?);
                let package = unpack.next_signed()?;
                fact.removals.push(Removal { unit, designator, package: (package >= 0).then_some(Id(package)) });
            }
        }
        if flag(6) {
            let length = usize::try_from(unpack.next()?).ok()?;
            let (word, rest) = unpack.0.split_at_checked(length)?;
            fact.word = String::from_utf8(word.to_vec()).ok()?;
            unpack.0 = rest;
        }
        if flag(7) {
            let at = |distance: i64| Time(fact.at.0.wrapping_add(distance));
            fact.placed = Some((at(unpack.next_signed()?), at(unpack.next_signed()?)));
        }
        Some(fact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back() {
        let mut fact = PassFact::new(FactKind::Started, Seq(900), Time(1_700_000_000_000_000));
        fact.margin = 5;
        fact.lane = Some(2);
        fact.word = "Completed".into();
        fact.units = vec![
            Member { unit: Id::of_row(7).at(1).expect("fits"), position: 1, status: UnitStatus::Pass },
            Member { unit: Id::of_row(9), position: 3, status: UnitStatus::Skip },
        ];
        fact.namings = vec![Naming { role: Role::Tool, thing: Id::of_row(4), unit: Id(0), tool_kind: Id::of_row(5) }];
        fact.placed = Some((Time(5), Time(9)));
        fact.removals = vec![Removal { unit: Id(1), designator: Designator(3), package: None }];
        let plain = PassFact::new(FactKind::Departed, Seq(901), Time(-4));
        // The same units again, named against what was named before; then others; out of order, and at the ends of time.
        let mut again = PassFact::new(FactKind::Ended, Seq(3), Time(i64::MAX));
        again.units.clone_from(&fact.units);
        again.namings = vec![Naming { role: Role::Person, thing: Id::of_row(1), unit: Id(9), tool_kind: Id(0) }];
        let mut others = PassFact::new(FactKind::Ended, Seq(u64::MAX), Time(i64::MIN));
        others.units = vec![Member { unit: Id::of_row(3), position: 0, status: UnitStatus::Scrap }];
        let facts = vec![fact, plain, again, others];
        assert_eq!(PassFact::unpack_all(&PassFact::pack_all(&facts)), Some(facts));
    }
}
