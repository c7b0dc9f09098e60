//! What a question reached, and how it is told: a row for each unit, what holds them, how many they are.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kernel::id::{Designator, Id, PassId};
use kernel::pass::FactKind;
use kernel::thing::Kind;
use kernel::time::Time;

use super::Result;
use super::belonging::Whereabouts;
use super::desk::{Desk, TOGETHER};
use super::evidence::Finding;
use super::unit::{Stint, UnitClass};
use crate::answer::{Counts, Evidence, Gap, Holder, Relation, WhereUsed, WhereUsedRow};

/// What a thing reached.
#[derive(Default)]
pub(super) struct Reach {
    /// What the question stood for.
    pub(super) expanded: BTreeSet<Id>,
    /// Findings by unit.
    pub(super) units: BTreeMap<Id, Vec<Finding>>,
    /// Passes whose units cannot be named.
    pub(super) unidentified: BTreeSet<PassId>,
    /// Containers and shipments asked for themselves, or that a unit asked for is in.
    pub(super) asked: BTreeSet<Id>,
    pub(super) gaps: BTreeSet<Gap>,
    pub(super) broken: BTreeSet<Gap>,
}

impl Desk<'_> {
    /// The answer.
    pub(super) fn told(&self, thing: &str, reach: Reach) -> Result<WhereUsed> {
        let mut units = Vec::new();
        let mut counts =
            Counts { units: reach.units.len(), unidentified: reach.unidentified.len(), ..Counts::default() };
        let mut held: BTreeMap<Id, Held> = reach.asked.iter().map(|asked| (*asked, Held::default())).collect();
        let affected: Vec<Id> = reach.units.keys().copied().collect();
        for (nth, unit) in affected.iter().enumerate() {
            if nth % TOGETHER == 0 {
                self.gather_classes(&affected[nth..affected.len().min(nth + TOGETHER)])?;
            }
            let (class, findings) = (self.class(*unit)?, &reach.units[unit]);
            let certain = is_certain(findings);
            counts.certain += usize::from(certain);
            counts.possible += usize::from(!certain);
            // What is built into an assembly is where the assembly is.
            let ids = self.outermost_ids(&class)?;
            let holders = self.holders(&ids)?;
            match Whereabouts::of(&holders) {
                Whereabouts::Shipped => counts.shipped += 1,
                Whereabouts::Packed => counts.packed += 1,
                Whereabouts::Returned => counts.returned += 1,
                Whereabouts::InProcess if self.is_scrapped(&class)? => counts.scrapped += 1,
                Whereabouts::InProcess => counts.in_process += 1,
            }
            for stint in &holders {
                held.entry(stint.parent).or_default().note(stint);
            }
            units.extend(self.rows(class.key, findings)?);
        }
        units.sort_by(|a: &WhereUsedRow, b| {
            (a.relation, &a.unit, a.evidence, a.removed_at.is_some()).cmp(&(
                b.relation,
                &b.unit,
                b.evidence,
                b.removed_at.is_some(),
            ))
        });
        let mut gaps = reach.gaps;
        if !reach.unidentified.is_empty() {
            let text = format!("{} passes that bear on this have units that cannot be named", reach.unidentified.len());
            gaps.insert(Gap { kind: "UnidentifiedUnits".into(), station: None, text });
        }
        let mut containers = Vec::new();
        let mut shipments = Vec::new();
        for (id, held) in held {
            let holder = self.holder(id, &held)?;
            match self.name(id)?.map(|name| name.kind) {
                Some(Kind::Shipment) => shipments.push(holder),
                _ => containers.push(holder),
            }
        }
        containers.sort_by(|a, b| a.id.cmp(&b.id));
        shipments.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(WhereUsed {
            thing: thing.to_owned(),
            expanded: reach.expanded.iter().map(|id| self.thing_text(*id)).collect::<Result<_>>()?,
            units,
            containers,
            shipments,
            counts,
            findings: reach.broken.into_iter().collect(),
            gaps: gaps.into_iter().collect(),
            as_of: 0,
        })
    }

    fn holder(&self, id: Id, held: &Held) -> Result<Holder> {
        let customer = self.customers(id)?.first().map(|party| self.key_text(*party)).transpose()?;
        let from = (held.units > 0).then(|| held.from.to_string());
        let until = (held.units > 0 && held.until != Time::MAX).then(|| held.until.to_string());
        Ok(Holder { id: self.key_text(id)?, customer, units: held.units, from, until })
    }

    /// Identities of a unit and of all assemblies that it is in now.
    fn outermost_ids(&self, class: &UnitClass) -> Result<Vec<Id>> {
        let mut ids = self.lasting_ids(class);
        let mut seen = BTreeSet::from([class.key]);
        let mut frontier = vec![Rc::new(class.clone())];
        while let Some(next) = frontier.pop() {
            for (parent, stint) in self.assemblies(&next)? {
                if stint.until == Time::MAX && seen.insert(parent) {
                    let parent = self.class(parent)?;
                    ids.extend(self.lasting_ids(&parent));
                    frontier.push(parent);
                }
            }
        }
        Ok(ids)
    }

    fn is_scrapped(&self, class: &UnitClass) -> Result<bool> {
        Ok(self
            .unit_passes(class)?
            .iter()
            .any(|pass| pass.facts.iter().any(|fact| fact.kind == FactKind::Disqualified)))
    }

    /// One row per relation, evidence and removal state.
    fn rows(&self, unit: Id, findings: &[Finding]) -> Result<Vec<WhereUsedRow>> {
        let mut groups: BTreeMap<(Relation, Evidence, bool), Vec<&Finding>> = BTreeMap::new();
        for finding in findings {
            groups.entry((finding.relation, finding.evidence, finding.removed_at.is_some())).or_default().push(finding);
        }
        let mut rows = Vec::new();
        for ((relation, evidence, _), group) in groups {
            let mut stations = BTreeSet::new();
            let mut packages = BTreeSet::new();
            let mut reasons = BTreeSet::new();
            let mut vias = BTreeSet::new();
            for finding in &group {
                stations.extend(finding.station);
                if finding.kind == Kind::Package {
                    packages.extend(finding.thing);
                }
                reasons.extend(finding.reasons.iter().cloned());
                vias.extend(finding.via.map(|via| self.key_text(via)).transpose()?);
            }
            let texts = |ids: BTreeSet<Id>, text: &dyn Fn(Id) -> Result<String>| -> Result<Vec<String>> {
                let texts: BTreeSet<String> = ids.into_iter().map(text).collect::<Result<_>>()?;
                Ok(texts.into_iter().collect())
            };
            rows.push(WhereUsedRow {
                unit: self.key_text(unit)?,
                relation,
                evidence,
                positions: self.positions(&group)?,
                removed_at: group.iter().filter_map(|finding| finding.removed_at).max().map(|at| at.to_string()),
                at: group.iter().filter_map(|finding| finding.at).min().map(|at| at.to_string()),
                stations: texts(stations, &|station| self.station_text(station))?,
                packages: texts(packages, &|package| self.key_text(package))?,
                via: vias.pop_first(),
                reasons: reasons.into_iter().collect(),
            });
        }
        Ok(rows)
    }

    /// How the positions of findings are written, R2 before R10.
    fn positions(&self, findings: &[&Finding]) -> Result<Vec<String>> {
        let mut designators: Vec<Designator> =
            findings.iter().flat_map(|finding| finding.designators.iter().copied()).collect();
        designators.sort_unstable();
        designators.dedup();
        let designators: Rc<[Designator]> = designators.into();
        let written = self.memo(
            |memo| &mut memo.written,
            Rc::clone(&designators),
            || {
                let mut texts = designators
                    .iter()
                    .map(|designator| self.designator_text(*designator))
                    .collect::<Result<Vec<_>>>()?;
                texts.sort_by_cached_key(|text| natural(text));
                Ok(Rc::from(texts))
            },
        )?;
        let mut positions: Vec<String> = written.iter().map(ToString::to_string).collect();
        let others: BTreeSet<&String> = findings.iter().filter_map(|finding| finding.position.as_ref()).collect();
        if !others.is_empty() {
            positions.extend(others.into_iter().cloned());
            positions.sort_by_cached_key(|text| natural(text));
            positions.dedup();
        }
        Ok(positions)
    }
}

impl Reach {
    /// Takes in what something else reached.
    pub(super) fn join(&mut self, mut other: Reach) {
        for (unit, findings) in std::mem::take(&mut other.units) {
            self.units.entry(unit).or_default().extend(findings);
        }
        let units = std::mem::take(&mut self.units);
        *self = std::mem::take(self).with(other, units);
    }

    /// The same with other units, and all else that something else reached.
    pub(super) fn with(mut self, other: Reach, units: BTreeMap<Id, Vec<Finding>>) -> Reach {
        self.expanded.extend(other.expanded);
        self.unidentified.extend(other.unidentified);
        self.asked.extend(other.asked);
        self.gaps.extend(other.gaps);
        self.broken.extend(other.broken);
        self.units = units;
        self
    }
}

/// Affected units that a container or shipment holds, or held.
struct Held {
    units: usize,
    /// Since when the first.
    from: Time,
    /// When the last left it.
    until: Time,
}

impl Default for Held {
    fn default() -> Held {
        Held { units: 0, from: Time::MAX, until: Time::MIN }
    }
}

impl Held {
    fn note(&mut self, stint: &Stint) {
        self.units += 1;
        self.from = self.from.min(stint.from);
        self.until = self.until.max(stint.until);
    }
}

/// Whether any of a unit's findings is certain.
pub(super) fn is_certain(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.evidence == Evidence::Certain)
}

/// R2 before R10.
fn natural(text: &str) -> (String, u64, String) {
    let letters: String = text.chars().take_while(|c| !c.is_ascii_digit()).collect();
    let digits: String = text[letters.len()..].chars().take_while(char::is_ascii_digit).collect();
    (letters, digits.parse().unwrap_or(0), text.to_owned())
}
