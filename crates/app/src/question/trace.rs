//! Backward: what is in this unit, and what happened to it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kernel::id::{Id, Seq};
use kernel::row::{Belonging as Row, Descent, Statement};
use kernel::thing::Kind;
use kernel::time::Time;

use super::desk::Desk;
use super::evidence::{Finding, UnitEvidence};
use super::unit::UnitClass;
use super::{QuestionError, Result};
use crate::answer::{Belonging, Component, Evidence, Gap, Relation, Trace};

/// What is in a unit and what happened to it.
///
/// # Errors
/// When nothing or no unit is called so, or the store fails.
pub fn trace(desk: &Desk<'_>, thing: &str) -> Result<Trace> {
    let found = desk.resolve(thing)?;
    let units: BTreeSet<Id> = found.iter().filter(|(kind, _)| *kind == Kind::Unit).map(|(_, id)| *id).collect();
    if units.is_empty() {
        let text = desk.thing_text(found[0].1)?;
        return Err(QuestionError::Malformed { text, reason: "it is no unit; ask where it was used".into() });
    }
    let mut keys: BTreeSet<Id> = BTreeSet::new();
    for unit in units {
        keys.extend(desk.keys(unit, None)?);
    }
    let Some(&key) = keys.first() else { return Err(QuestionError::Unknown(thing.to_owned())) };
    let mut answer = desk.trace_unit(&*desk.class(key)?)?;
    for other in keys.iter().skip(1) {
        let another = desk.trace_unit(&*desk.class(*other)?)?;
        let text = format!("`{thing}` is a name of `{}` and of `{}`: both are answered", answer.unit, another.unit);
        answer.findings.push(Gap { kind: "NameTwice".into(), station: None, text });
        answer.names.extend(another.names);
        answer.orders.extend(another.orders);
        answer.components.extend(another.components);
        answer.history.extend(another.history);
        answer.within.extend(another.within);
        answer.contains.extend(another.contains);
        answer.gaps.extend(another.gaps);
    }
    if keys.len() > 1 {
        for row in &mut answer.components {
            row.evidence = Evidence::Possible;
            row.reasons.push("the name is also another unit's".into());
        }
        super::history::sort_by_time(&mut answer.history);
        answer.history.dedup_by_key(|line| line.index);
    }
    answer.gaps.extend(desk.snapshot.quarantined.iter().cloned());
    answer.as_of = desk.snapshot.reader.size()?.0;
    Ok(answer)
}

impl Desk<'_> {
    fn trace_unit(&self, class: &UnitClass) -> Result<Trace> {
        let mut evidence = self.evidence_of(class)?;
        evidence.findings.sort_by(|a, b| {
            let order = |finding: &Finding| (finding.relation, finding.kind, finding.designators.is_empty());
            (order(a), a.at, a.thing, &a.designators).cmp(&(order(b), b.at, b.thing, &b.designators))
        });
        let mut components = Vec::with_capacity(evidence.findings.len());
        for finding in &evidence.findings {
            components.push(self.component(finding)?);
        }
        components.sort_by_key(|a| (a.relation, designator_order(a)));
        let mut orders = BTreeSet::new();
        let mut products = BTreeSet::new();
        for id in self.lasting_ids(class) {
            for whole in self.snapshot.reader.wholes_of(id)? {
                match self.name(whole)?.map(|name| name.kind) {
                    Some(Kind::Order) => orders.insert(self.key_text(whole)?),
                    Some(Kind::Product) => products.insert(self.key_text(whole)?),
                    _ => false,
                };
            }
        }
        for product in self.products(class, &self.programs_met(&evidence))? {
            products.insert(self.key_text(product)?);
        }
        evidence.gaps.sort();
        evidence.gaps.dedup();
        evidence.broken.sort();
        evidence.broken.dedup();
        Ok(Trace {
            unit: self.key_text(class.key)?,
            names: self.names(class)?,
            product: products.into_iter().next(),
            orders: orders.into_iter().collect(),
            components,
            history: self.history(class)?,
            within: self.within_text(class)?,
            contains: self.contains_text(class)?,
            findings: evidence.broken,
            gaps: evidence.gaps,
            as_of: 0,
        })
    }

    fn programs_met(&self, evidence: &UnitEvidence) -> Vec<Id> {
        evidence
            .findings
            .iter()
            .filter(|finding| finding.kind == Kind::Program)
            .filter_map(|finding| finding.thing)
            .collect()
    }

    /// What the evidence says of a unit, with what is built into it, at any depth.
    pub(super) fn evidence_of(&self, class: &UnitClass) -> Result<UnitEvidence> {
        if self.has_boards(class.key)? {
            return Ok(UnitEvidence::default());
        }
        self.evidence_within(class, &mut BTreeSet::from([class.key]))
    }

    fn evidence_within(&self, class: &UnitClass, way: &mut BTreeSet<Id>) -> Result<UnitEvidence> {
        let mut evidence = self.evaluate(class, None)?;
        let stints = self.built_in(class)?;
        // A child that was taken out and put back is there.
        let mut left: BTreeMap<Id, Time> = BTreeMap::new();
        let mut told: BTreeSet<Id> = BTreeSet::new();
        for stint in &stints {
            for key in self.keys(stint.child, Some(stint.from))? {
                let until = left.entry(key).or_insert(stint.until);
                *until = stint.until.max(*until);
            }
        }
        for stint in stints {
            match self.name(stint.child)?.map(|name| name.kind) {
                Some(Kind::Unit) => {
                    for key in self.keys(stint.child, Some(stint.from))? {
                        // Once by each way: out of one assembly it may be in another.
                        if !told.insert(key) || !way.insert(key) {
                            continue;
                        }
                        let removed_at = left.get(&key).copied().filter(|until| *until != Time::MAX);
                        let child = self.evidence_within(&*self.class(key)?, way)?;
                        way.remove(&key);
                        evidence.gaps.extend(child.gaps);
                        evidence.broken.extend(child.broken);
                        evidence.findings.extend(child.findings.into_iter().map(|finding| Finding {
                            via: Some(finding.via.unwrap_or(key)),
                            removed_at: finding.removed_at.or(removed_at),
                            ..finding
                        }));
                    }
                }
                Some(kind) => evidence.findings.push(built_in_finding(kind, &stint)),
                None => {}
            }
        }
        Ok(evidence)
    }

    /// Whether this is a panel whose boards are known: they are the units.
    pub(super) fn has_boards(&self, key: Id) -> Result<bool> {
        self.memo(|memo| &mut memo.panels, key, || self.find_whether_boards(key))
    }

    fn find_whether_boards(&self, key: Id) -> Result<bool> {
        if key.position() > 0 || self.is_carrier(key)? {
            return Ok(false);
        }
        Ok(self.named_on(key)?.iter().any(|(position, ..)| *position > 0) || self.mentioned(key)?.len() > 2)
    }

    fn component(&self, finding: &Finding) -> Result<Component> {
        let package = finding.thing.filter(|_| finding.kind == Kind::Package);
        let other = finding.thing.filter(|_| finding.kind != Kind::Package);
        let mut component = Component {
            position: finding.position.clone(),
            package: package.map(|package| self.key_text(package)).transpose()?,
            thing: other.map(|thing| self.thing_text(thing)).transpose()?,
            part: None,
            lot: None,
            manufacturer: None,
            manufacturer_part: None,
            supplier: None,
            station: finding.station.map(|station| self.station_text(station)).transpose()?,
            place: finding.place.map(|place| self.place_text(place)).transpose()?,
            at: finding.at.map(|at| at.to_string()),
            removed_at: finding.removed_at.map(|at| at.to_string()),
            relation: finding.relation,
            evidence: finding.evidence,
            reasons: finding.reasons.clone(),
            via: finding.via.map(|via| self.key_text(via)).transpose()?,
            from: Vec::new(),
            index: finding.seq.map(|Seq(index)| index),
        };
        if let Some(designator) = finding.designators.first() {
            component.position = Some(self.designator_text(*designator)?.to_string());
        }
        if let Some(package) = package {
            self.describe(package, &mut component)?;
        }
        Ok(component)
    }

    /// What messages said of a package, and of those it was split from.
    fn describe(&self, package: Id, component: &mut Component) -> Result<()> {
        let mut lineage = vec![package];
        lineage.extend(self.ancestors(package)?);
        component.from = lineage[1..].iter().map(|ancestor| self.key_text(*ancestor)).collect::<Result<_>>()?;
        for package in lineage {
            let statements = self.snapshot.reader.statements(package)?;
            if component.part.is_none() {
                component.part = self.last_stated(&statements, |statement| statement.part)?;
            }
            if component.supplier.is_none() {
                component.supplier = self.last_stated(&statements, |statement| statement.supplier)?;
            }
            if component.lot.is_none()
                && let Some(key) = self.last_stated(&statements, |statement| statement.lot)?
            {
                let (manufacturer, part, code) = lot_parts(&key);
                component.lot = Some(code.to_owned());
                component.manufacturer = Some(manufacturer.to_owned()).filter(|text| !text.is_empty());
                component.manufacturer_part = Some(part.to_owned()).filter(|text| !text.is_empty());
            }
        }
        Ok(())
    }

    /// What was stated last; of several things stated for one instant the last by name.
    fn last_stated(
        &self,
        statements: &[(Seq, Statement)],
        of: impl Fn(&Statement) -> Option<Id>,
    ) -> Result<Option<String>> {
        let mut last: Option<(Time, String)> = None;
        for (_, statement) in statements {
            if let Some(thing) = of(statement) {
                last = last.max(Some((statement.at, self.key_text(thing)?)));
            }
        }
        Ok(last.map(|(_, text)| text))
    }

    /// Packages that a package was split from, nearest first.
    pub(super) fn ancestors(&self, package: Id) -> Result<Vec<Id>> {
        let mut ancestors = Vec::new();
        let mut frontier = vec![package];
        while let Some(next) = frontier.pop() {
            let mut parents: Vec<(String, Id)> = Vec::new();
            for (parent, descent, _) in self.snapshot.reader.derived(next, false)? {
                if descent == Descent::Split && parent != package && !ancestors.contains(&parent) {
                    parents.push((self.key_text(parent)?, parent));
                }
            }
            parents.sort();
            parents.dedup();
            ancestors.extend(parents.iter().map(|(_, parent)| *parent));
            frontier.extend(parents.iter().rev().map(|(_, parent)| *parent));
        }
        Ok(ancestors)
    }

    fn within_text(&self, class: &UnitClass) -> Result<Vec<Belonging>> {
        let mut within = Vec::new();
        if class.key.position() > 0 {
            within.push(Belonging {
                thing: self.thing_text(class.key.whole())?,
                kind: "panel".into(),
                position: Some(class.key.position().to_string()),
                from: None,
                until: None,
            });
        }
        for alias in class.aliases.iter().filter(|alias| alias.from != Time::MIN) {
            within.push(Belonging {
                thing: self.thing_text(alias.id.whole())?,
                kind: "carrier".into(),
                position: Some(alias.id.position().to_string()),
                from: Some(alias.from.to_string()),
                until: (alias.until != Time::MAX).then(|| alias.until.to_string()),
            });
        }
        // Which thing was heard of first says nothing.
        let by_time = |a: &Belonging, b: &Belonging| (&a.from, &a.thing, &a.until).cmp(&(&b.from, &b.thing, &b.until));
        within.sort_by(by_time);
        let carried = within.len();
        for (parent, stint) in self.assemblies(class)? {
            within.push(Belonging {
                thing: self.thing_text(parent)?,
                kind: "assembly".into(),
                position: Some(stint.position.clone()).filter(|text| !text.is_empty()),
                from: Some(stint.from.to_string()),
                until: (stint.until != Time::MAX).then(|| stint.until.to_string()),
            });
        }
        within[carried..].sort_by(by_time);
        let mut holders = Vec::new();
        for stint in self.holders(&self.lasting_ids(class))? {
            holders.push((stint.from, self.thing_text(stint.parent)?, stint));
        }
        holders.sort_by(|a, b| (a.0, &a.1, a.2.until).cmp(&(b.0, &b.1, b.2.until)));
        for (_, parent, stint) in holders {
            let kind = if stint.belonging == Row::Shipped { "shipment" } else { "container" };
            within.push(Belonging {
                thing: parent,
                kind: kind.into(),
                position: None,
                from: Some(stint.from.to_string()),
                until: (stint.until != Time::MAX).then(|| stint.until.to_string()),
            });
            for customer in self.customers(stint.parent)? {
                within.push(Belonging {
                    thing: self.thing_text(customer)?,
                    kind: "customer".into(),
                    position: None,
                    from: Some(stint.from.to_string()),
                    until: (stint.until != Time::MAX).then(|| stint.until.to_string()),
                });
            }
        }
        Ok(within)
    }

    fn contains_text(&self, class: &UnitClass) -> Result<Vec<Belonging>> {
        let mut contains = Vec::new();
        if self.has_boards(class.key)? {
            for board in self.boards(class.key)? {
                contains.push(Belonging {
                    thing: self.thing_text(board)?,
                    kind: "board".into(),
                    position: Some(board.position().to_string()),
                    from: None,
                    until: None,
                });
            }
        }
        let boards = contains.len();
        for stint in self.built_in(class)? {
            contains.push(Belonging {
                thing: self.thing_text(stint.child)?,
                kind: "child".into(),
                position: Some(stint.position.clone()).filter(|text| !text.is_empty()),
                from: Some(stint.from.to_string()),
                until: (stint.until != Time::MAX).then(|| stint.until.to_string()),
            });
        }
        contains[boards..].sort_by(|a, b| (&a.from, &a.thing, &a.position).cmp(&(&b.from, &b.thing, &b.position)));
        Ok(contains)
    }

    /// Boards of a panel.
    pub(super) fn boards(&self, panel: Id) -> Result<BTreeSet<Id>> {
        let mentioned = self.mentioned(panel)?;
        let mut boards: BTreeSet<Id> = mentioned.iter().copied().filter(|id| id.position() > 0).collect();
        boards.extend(
            self.named_on(panel)?
                .iter()
                .filter_map(|(position, ..)| panel.at(*position))
                .filter(|id| id.position() > 0),
        );
        Ok(boards)
    }
}

/// A package or serialised component that was built in as such.
pub(super) fn built_in_finding(kind: Kind, stint: &super::unit::Stint) -> Finding {
    Finding {
        thing: Some(stint.child),
        kind,
        relation: Relation::Installed,
        evidence: Evidence::Certain,
        designators: Rc::default(),
        at: Some(stint.from),
        until: Some(stint.from),
        removed_at: (stint.until != Time::MAX).then_some(stint.until),
        station: None,
        place: None,
        reasons: Vec::new(),
        seq: None,
        via: None,
        position: Some(stint.position.clone()).filter(|text| !text.is_empty()),
    }
}

/// Manufacturer, its part number and lot code of a lot's identifier.
pub(super) fn lot_parts(key: &str) -> (&str, &str, &str) {
    let (manufacturer, rest) = key.split_once('/').unwrap_or(("", key));
    let (part, code) = rest.rsplit_once('/').unwrap_or(("", rest));
    (manufacturer, part, code)
}

/// R2 before R10; unplaced ones last.
fn designator_order(component: &Component) -> (bool, String, u64, String) {
    let text = component.position.clone().unwrap_or_default();
    let letters: String = text.chars().take_while(|c| !c.is_ascii_digit()).collect();
    let digits: String = text[letters.len()..].chars().take_while(char::is_ascii_digit).collect();
    (component.position.is_none(), letters, digits.parse().unwrap_or(0), text)
}
