//! Packages: which parts they are.

use std::collections::BTreeSet;
use std::rc::Rc;

use kernel::id::Id;
use kernel::row::Descent;
use kernel::thing::Kind;

use super::Result;
use super::desk::Desk;

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
}
