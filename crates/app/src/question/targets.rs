//! What a question stands for: a lot for its packages, a package for those split from it, an order for its units.

use std::collections::{BTreeMap, BTreeSet};

use kernel::id::Id;
use kernel::row::Descent;
use kernel::thing::Kind;

use super::desk::Desk;
use super::evidence::Finding;
use super::{QuestionError, Result};
use crate::answer::Evidence;

/// What a question stands for.
#[derive(Default)]
pub(super) struct Targets {
    /// Things, and whether they are certainly meant.
    pub(super) things: BTreeMap<Id, Evidence>,
    /// Units that are meant themselves.
    pub(super) units: BTreeSet<Id>,
    /// Units that the thing only holds or groups.
    pub(super) members: BTreeSet<Id>,
    /// Stations all of whose passes are meant.
    pub(super) stations: BTreeSet<Id>,
    /// Containers and shipments.
    pub(super) holders: BTreeSet<Id>,
}

/// Why a package is possible only.
const SUPERSEDED: &str = "the package was stated to be of this lot, and later of another";

impl Targets {
    /// A finding of a thing that is only possibly meant is possible only.
    pub(super) fn mean(&self, finding: &mut Finding) {
        let meant = finding.thing.and_then(|thing| self.things.get(&thing));
        if meant == Some(&Evidence::Possible) {
            finding.doubt(SUPERSEDED);
        }
    }
}

impl Desk<'_> {
    /// Adds what a thing stands for.
    pub(super) fn expand(&self, kind: Kind, id: Id, targets: &mut Targets) -> Result<()> {
        let reader = self.snapshot.reader;
        match kind {
            Kind::Package => self.with_descendants(id, Evidence::Certain, targets)?,
            Kind::Lot | Kind::Part | Kind::Receipt => {
                for package in reader.packages_of(kind, id)? {
                    let evidence =
                        if self.is_superseded(kind, package, id)? { Evidence::Possible } else { Evidence::Certain };
                    self.with_descendants(package, evidence, targets)?;
                }
            }
            Kind::Party => {
                for package in reader.packages_of(kind, id)? {
                    self.with_descendants(package, Evidence::Certain, targets)?;
                }
                targets.holders.extend(reader.members_of(id)?);
            }
            Kind::Tool | Kind::Person | Kind::Program | Kind::Component => {
                targets.things.insert(id, Evidence::Certain);
            }
            Kind::Carrier => {
                for package in reader.carried_by(id)? {
                    self.with_descendants(package, Evidence::Possible, targets)?;
                }
                let key = self.key_text(id)?;
                if let Some(unit) = reader.thing(Kind::Unit, &key)? {
                    for cycle in self.cycles(unit)? {
                        targets.members.extend(self.keys(cycle.unit, Some(cycle.from))?);
                    }
                }
            }
            Kind::Unit => {
                if self.is_carrier(id.whole())? && id.position() == 0 {
                    for cycle in self.cycles(id)? {
                        targets.members.extend(self.keys(cycle.unit, Some(cycle.from))?);
                    }
                } else if self.has_boards(id)? {
                    targets.members.extend(self.boards(id)?);
                } else {
                    targets.units.extend(self.keys(id, None)?);
                }
            }
            Kind::Order => self.expand_members(id, targets)?,
            Kind::Product => {
                for member in reader.members_of(id)? {
                    match self.name(member)?.map(|name| name.kind) {
                        Some(Kind::Order) => self.expand_members(member, targets)?,
                        _ => targets.members.extend(self.keys(member, None)?),
                    }
                }
            }
            Kind::Station => {
                targets.stations.insert(id);
            }
            Kind::Container | Kind::Shipment => {
                targets.holders.insert(id);
            }
            Kind::Software | Kind::Document | Kind::Case | Kind::Place => {
                let text = self.thing_text(id)?;
                return Err(QuestionError::Malformed {
                    text,
                    reason: format!("where a {kind} was used is not recorded yet"),
                });
            }
        }
        Ok(())
    }

    fn expand_members(&self, order: Id, targets: &mut Targets) -> Result<()> {
        for member in self.snapshot.reader.members_of(order)? {
            if self.has_boards(member)? {
                targets.members.extend(self.boards(member)?);
            } else {
                targets.members.extend(self.keys(member, None)?);
            }
        }
        Ok(())
    }

    /// Whether a later message said that the package is of another lot, part or delivery.
    fn is_superseded(&self, kind: Kind, package: Id, id: Id) -> Result<bool> {
        let statements = self.snapshot.reader.statements(package)?;
        let stated = statements.iter().filter_map(|(_, statement)| {
            let stated = match kind {
                Kind::Lot => statement.lot,
                Kind::Part => statement.part,
                Kind::Receipt => statement.receipt,
                _ => None,
            };
            Some((statement.at, stated?))
        });
        let last = stated.clone().map(|(at, _)| at).max();
        // Machines repeat part numbers, and only what is new of that is kept: any other part makes it doubtful. Of two lots stated for the same instant
        // neither is certain.
        Ok(stated.into_iter().any(|(at, stated)| stated != id && (kind == Kind::Part || Some(at) == last)))
    }

    fn with_descendants(&self, package: Id, evidence: Evidence, targets: &mut Targets) -> Result<()> {
        let mut frontier = vec![package];
        while let Some(next) = frontier.pop() {
            match targets.things.get(&next) {
                Some(known) if *known <= evidence => continue,
                _ => targets.things.insert(next, evidence),
            };
            for (child, descent, _) in self.snapshot.reader.derived(next, true)? {
                if descent == Descent::Split {
                    frontier.push(child);
                }
            }
        }
        Ok(())
    }
}
