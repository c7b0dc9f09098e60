//! Packages: what they are, and what they were spliced to.

use std::collections::BTreeSet;
use std::rc::Rc;

use kernel::id::Id;
use kernel::row::{Descent, MountChange};
use kernel::thing::Kind;
use kernel::time::Time;

use super::Result;
use super::desk::{Desk, Splice};

impl Desk<'_> {
    /// Parts of which some message said that the package is; when none says, those of what it was split from.
    pub(super) fn parts(&self, package: Id) -> Result<Rc<BTreeSet<Id>>> {
        self.memo(
            |memo| &mut memo.parts,
            package,
            || {
                let mut parts = BTreeSet::new();
                let mut seen = BTreeSet::from([package]);
                let mut frontier = vec![package];
                while let Some(next) = frontier.pop() {
                    let own = self.stated_parts(next)?;
                    if own.is_empty() {
                        for (source, descent, _) in self.snapshot.reader.derived(next, false)? {
                            if descent == Descent::Split && seen.insert(source) {
                                frontier.push(source);
                            }
                        }
                    }
                    parts.extend(own);
                }
                Ok(Rc::new(parts))
            },
        )
    }

    fn stated_parts(&self, package: Id) -> Result<BTreeSet<Id>> {
        let statements = self.snapshot.reader.statements(package)?;
        Ok(statements.iter().filter_map(|(_, statement)| statement.part).collect())
    }

    /// Packages of a part: those of which it was said, and what was split from them of which nobody said any.
    pub(super) fn packages_of_part(&self, part: Id) -> Result<BTreeSet<Id>> {
        let reader = self.snapshot.reader;
        let mut frontier = reader.packages_of(Kind::Part, part)?;
        let mut packages: BTreeSet<Id> = frontier.iter().copied().collect();
        while let Some(next) = frontier.pop() {
            for (child, descent, _) in reader.derived(next, true)? {
                if descent == Descent::Split && self.stated_parts(child)?.is_empty() && packages.insert(child) {
                    frontier.push(child);
                }
            }
        }
        Ok(packages)
    }

    /// Packages spliced directly to this one, and for how long.
    pub(super) fn splices(&self, package: Id) -> Result<Rc<Vec<Splice>>> {
        self.memo(
            |memo| &mut memo.splices,
            package,
            || {
                let reader = self.snapshot.reader;
                let forward = reader.derived(package, true)?;
                let backward = reader.derived(package, false)?;
                let mut splices = Vec::new();
                let joined = |links: &[(Id, Descent, Time)], leads: bool| -> Vec<(Id, Time, bool)> {
                    links.iter().filter(|link| link.1 == Descent::Joined).map(|link| (link.0, link.2, leads)).collect()
                };
                for (other, from, leads) in joined(&forward, true).into_iter().chain(joined(&backward, false)) {
                    let parted = forward
                        .iter()
                        .chain(&backward)
                        .filter(|link| link.1 == Descent::Parted && link.0 == other)
                        .map(|link| link.2);
                    let leading = if leads { package } else { other };
                    let depleted = reader.mounts_of(leading)?;
                    let depleted =
                        depleted.iter().filter(|point| point.change == MountChange::Depleted).map(|point| point.at);
                    let until = parted.chain(depleted).filter(|at| *at >= from).min().unwrap_or(Time::MAX);
                    splices.push(Splice { other, from, until });
                }
                Ok(Rc::new(splices))
            },
        )
    }

    /// Other members of the chain that was open for a package at some time of a closed window.
    pub(super) fn chain(&self, package: Id, from: Time, until: Time) -> Result<BTreeSet<Id>> {
        self.spliced(package, &|splice| splice.from <= until && splice.until >= from)
    }

    /// Whether the chain of a package was the same all through a closed window.
    pub(super) fn is_chain_steady(&self, package: Id, from: Time, until: Time) -> Result<bool> {
        let throughout = self.spliced(package, &|splice| splice.from <= from && splice.until >= until)?;
        Ok(throughout == self.chain(package, from, until)?)
    }

    /// Packages that hang together with this one by splices of a certain sort.
    fn spliced(&self, package: Id, counts: &dyn Fn(&Splice) -> bool) -> Result<BTreeSet<Id>> {
        let mut members = BTreeSet::from([package]);
        let mut frontier = vec![package];
        while let Some(next) = frontier.pop() {
            for splice in self.splices(next)?.iter() {
                if counts(splice) && members.insert(splice.other) {
                    frontier.push(splice.other);
                }
            }
        }
        members.remove(&package);
        Ok(members)
    }
}
