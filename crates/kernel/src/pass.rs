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

    /// Appends the packed form. Each fact stands alone, so that a row grows by appending.
    pub fn pack(&self, out: &mut Vec<u8>) {
        let flags = u64::from(self.margin != 0)
            | u64::from(self.lane.is_some()) << 1
            | u64::from(!self.units.is_empty()) << 2
            | u64::from(!self.namings.is_empty()) << 3
            | u64::from(!self.removals.is_empty()) << 4
            | u64::from(!self.word.is_empty()) << 5
            | u64::from(self.placed.is_some()) << 6;
        put(out, (self.kind as u64) << 7 | flags);
        put(out, self.seq.0);
        put_signed(out, self.at.0);
        if self.margin != 0 {
            put_signed(out, self.margin);
        }
        if let Some(lane) = self.lane {
            put_signed(out, lane);
        }
        if !self.units.is_empty() {
            put(out, self.units.len() as u64);
            let mut last = 0;
            for member in &self.units {
                put_signed(out, member.unit.0 - last);
                last = member.unit.0;
                let own = member.position == member.unit.position();
                put(out, (member.status as u64) << 1 | u64::from(!own));
                if !own {
                    put(out, u64::from(member.position));
                }
            }
        }
        if !self.namings.is_empty() {
            put(out, self.namings.len() as u64);
            for naming in &self.namings {
                put(out, naming.role as u64);
                put_signed(out, naming.thing.0);
                put_signed(out, naming.unit.0);
                put_signed(out, naming.tool_kind.0);
            }
        }
        if !self.removals.is_empty() {
            put(out, self.removals.len() as u64);
            for removal in &self.removals {
                put_signed(out, removal.unit.0);
                put(out, u64::from(removal.designator.0));
                put_signed(out, removal.package.map_or(-1, |id| id.0));
            }
        }
        if !self.word.is_empty() {
            put(out, self.word.len() as u64);
            out.extend_from_slice(self.word.as_bytes());
        }
        if let Some((first, last)) = self.placed {
            put_signed(out, first.0.wrapping_sub(self.at.0));
            put_signed(out, last.0.wrapping_sub(self.at.0));
        }
    }

    /// Reads packed facts.
    #[must_use]
    pub fn unpack_all(bytes: &[u8]) -> Option<Vec<PassFact>> {
        let mut unpack = Unpack(bytes);
        let mut facts = Vec::new();
        while !unpack.is_empty() {
            facts.push(PassFact::unpack(&mut unpack)?);
        }
        Some(facts)
    }

    fn unpack(unpack: &mut Unpack<'_>) -> Option<PassFact> {
        let head = unpack.next()?;
        let mut fact = PassFact::new(FactKind::from_code(head >> 7)?, Seq(unpack.next()?), Time(unpack.next_signed()?));
        let flag = |bit: u64| head >> bit & 1 == 1;
        if flag(0) {
            fact.margin = unpack.next_signed()?;
        }
        if flag(1) {
            fact.lane = Some(unpack.next_signed()?);
        }
        if flag(2) {
            let mut last = 0;
            for _ in 0..unpack.next()? {
                last += unpack.next_signed()?;
                let unit = Id(last);
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
        }
        if flag(3) {
            for _ in 0..unpack.next()? {
                fact.namings.push(Naming {
                    role: Role::from_code(unpack.next()?)?,
                    thing: Id(unpack.next_signed()?),
                    unit: Id(unpack.next_signed()?),
                    tool_kind: Id(unpack.next_signed()?),
                });
            }
        }
        if flag(4) {
            for _ in 0..unpack.next()? {
                let unit = Id(unpack.next_signed()?);
                let designator = Designator(u32::try_from(unpack.next()?).ok()?);
                let package = unpack.next_signed()?;
                fact.removals.push(Removal { unit, designator, package: (package >= 0).then_some(Id(package)) });
            }
        }
        if flag(5) {
            let length = usize::try_from(unpack.next()?).ok()?;
            let (word, rest) = unpack.0.split_at_checked(length)?;
            fact.word = String::from_utf8(word.to_vec()).ok()?;
            unpack.0 = rest;
        }
        if flag(6) {
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
        let mut bytes = Vec::new();
        fact.pack(&mut bytes);
        plain.pack(&mut bytes);
        assert_eq!(PassFact::unpack_all(&bytes), Some(vec![fact, plain]));
    }
}
