//! What things are in: assemblies, containers, shipments, customers.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kernel::id::Id;
use kernel::row::{Belonging, Within};
use kernel::thing::Kind;
use kernel::time::Time;

use super::Result;
use super::desk::{Desk, Rows};
use super::unit::{Stint, UnitClass};

/// Where a unit is now, as far as recalls care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whereabouts {
    InProcess,
    Packed,
    Shipped,
    Returned,
}

impl Whereabouts {
    /// Where a unit is now that is, or was, in these.
    pub(super) fn of(holders: &[Stint]) -> Whereabouts {
        let open =
            |belonging: Belonging| holders.iter().any(|stint| stint.belonging == belonging && stint.until == Time::MAX);
        let ever_shipped = holders.iter().any(|stint| stint.belonging == Belonging::Shipped);
        if open(Belonging::Shipped) {
            Whereabouts::Shipped
        } else if ever_shipped {
            Whereabouts::Returned
        } else if open(Belonging::Packed) {
            Whereabouts::Packed
        } else {
            Whereabouts::InProcess
        }
    }
}

impl Desk<'_> {
    /// What a thing was in, by time. Cycles on carriers are not among them.
    pub(super) fn stints_of(&self, child: Id) -> Result<Rc<[Stint]>> {
        self.memo(|memo| &mut memo.stints, child, || Ok(self.find_stints(child)?.into()))
    }

    fn find_stints(&self, child: Id) -> Result<Vec<Stint>> {
        let own = self.moves_of(child)?;
        let comings = || own.iter().filter(|within| within.on && within.belonging != Belonging::Carried);
        if comings().next().is_none() {
            return Ok(Vec::new());
        }
        // It may leave under another of its names.
        let mut named: Vec<Within> = own.to_vec();
        if self.name(child)?.is_some_and(|name| name.kind == Kind::Unit) && !self.is_carrier(child.whole())? {
            for key in self.keys(child, None)? {
                for id in self.lasting_ids(&*self.class(key)?).into_iter().filter(|id| *id != child) {
                    named.extend(self.moves_of(id)?.iter().cloned());
                }
            }
        }
        let mut stints = Vec::new();
        for coming in comings() {
            let emptied = self.memo(
                |memo| &mut memo.emptied,
                coming.parent,
                || Ok(Rc::new(self.snapshot.reader.emptied(coming.parent)?)),
            )?;
            // At equal times what ends comes first.
            let ends = named.iter().chain(emptied.iter()).filter(|end| {
                let there = end.parent == coming.parent || end.parent == Id(0);
                !end.on && there && end.belonging == coming.belonging && end.at > coming.at
            });
            // Put into the same kind of thing again: it has left the first, seen or not.
            let again = named.iter().filter(|next| {
                let one_at_a_time = matches!(coming.belonging, Belonging::Packed | Belonging::Shipped);
                one_at_a_time
                    && next.on
                    && next.belonging == coming.belonging
                    && next.parent != coming.parent
                    && next.at > coming.at
            });
            let until = ends.chain(again).map(|end| end.at).min().unwrap_or(Time::MAX);
            stints.push(Stint {
                child,
                parent: coming.parent,
                belonging: coming.belonging,
                position: coming.position.clone(),
                from: coming.at,
                until,
            });
        }
        stints.sort_by(|a, b| (a.from, a.parent, &a.position).cmp(&(b.from, b.parent, &b.position)));
        stints.dedup();
        Ok(stints)
    }

    /// What was said of a thing's coming into others and leaving them.
    pub(super) fn moves_of(&self, child: Id) -> Result<Rows<Within>> {
        self.every(|memo| &mut memo.within, child, |children| self.find_moves(children))
    }

    /// Looks up together what was said of things' coming into others and leaving them.
    pub(super) fn gather_moves(&self, children: BTreeSet<Id>) -> Result<()> {
        self.gather(|memo| &mut memo.within, children, |children| self.find_moves(children))
    }

    fn find_moves(&self, children: &[Id]) -> Result<Vec<(Id, Within)>> {
        let moves = self.snapshot.reader.within_of(children)?.into_iter();
        Ok(moves.filter_map(|(_, within)| Some((within.child?, within))).collect())
    }

    /// What was in a thing, by time.
    pub(super) fn contents(&self, parent: Id) -> Result<Vec<Stint>> {
        let children: BTreeSet<Id> = self
            .snapshot
            .reader
            .contents_of(parent)?
            .into_iter()
            .filter(|(_, within)| within.belonging != Belonging::Carried)
            .filter_map(|(_, within)| within.child)
            .collect();
        let mut stints = Vec::new();
        for child in children {
            stints.extend(self.stints_of(child)?.iter().filter(|stint| stint.parent == parent).cloned());
        }
        Ok(stints)
    }

    /// Identities under which a unit is put into things.
    pub(super) fn lasting_ids(&self, class: &UnitClass) -> Vec<Id> {
        let mut ids: Vec<Id> =
            class.aliases.iter().filter(|alias| alias.from == Time::MIN).map(|alias| alias.id).collect();
        ids.dedup();
        ids
    }

    /// All that units are or were in, transitively: containers, shipments, customers; the boxes of boxes too.
    pub(super) fn holders(&self, ids: &[Id]) -> Result<Vec<Stint>> {
        let mut found = Vec::new();
        let mut seen: BTreeSet<Id> = ids.iter().copied().collect();
        // A frontier thing, and when the unit was in it.
        let mut frontier: Vec<(Id, Time, Time)> = ids.iter().map(|id| (*id, Time::MIN, Time::MAX)).collect();
        while let Some((thing, from, until)) = frontier.pop() {
            for stint in self.stints_of(thing)?.iter() {
                let (begin, end) = (stint.from.max(from), stint.until.min(until));
                if stint.belonging == Belonging::Assembled || begin >= end {
                    continue;
                }
                if seen.insert(stint.parent) {
                    frontier.push((stint.parent, begin, end));
                }
                found.push(Stint { from: begin, until: end, ..stint.clone() });
            }
        }
        found.sort_by_key(|stint| (stint.from, stint.parent));
        found.dedup();
        Ok(found)
    }

    /// Customers of a shipment.
    pub(super) fn customers(&self, shipment: Id) -> Result<Vec<Id>> {
        let mut parties = Vec::new();
        for whole in self.snapshot.reader.wholes_of(shipment)? {
            if self.name(whole)?.is_some_and(|name| name.kind == Kind::Party) {
                parties.push(whole);
            }
        }
        Ok(parties)
    }

    /// Assemblies that a unit is or was built into, directly: by key.
    pub(super) fn assemblies(&self, class: &UnitClass) -> Result<BTreeMap<Id, Stint>> {
        let mut parents = BTreeMap::new();
        for id in self.lasting_ids(class) {
            for stint in self.stints_of(id)?.iter().filter(|stint| stint.belonging == Belonging::Assembled) {
                for key in self.keys(stint.parent, Some(stint.from))? {
                    // One that was taken out and put back is there.
                    let known = parents.entry(key).or_insert_with(|| stint.clone());
                    let until = known.until.max(stint.until);
                    if (stint.from, &stint.position) < (known.from, &known.position) {
                        *known = stint.clone();
                    }
                    known.until = until;
                }
            }
        }
        Ok(parents)
    }

    /// What is or was built into a unit, directly.
    pub(super) fn built_in(&self, class: &UnitClass) -> Result<Vec<Stint>> {
        let mut stints = Vec::new();
        for alias in &class.aliases {
            let inside = self.contents(alias.id)?.into_iter().filter(|stint| stint.belonging == Belonging::Assembled);
            stints.extend(inside.filter(|stint| alias.from <= stint.from && stint.from < alias.until));
        }
        stints.sort_by_key(|a| (a.from, a.child));
        stints.dedup();
        Ok(stints)
    }
}
