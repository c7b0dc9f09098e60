//! What the two stores say, brought to one form: facts that both must know.
//!
//! Compared are certain installations. PostgreSQL does not attempt the rest: possible rows and their reasons, exposure, tools and people, gaps, histories,
//! answers as of earlier, and signatures.

use std::collections::BTreeSet;

use app::answer::{Evidence, Relation, Trace, WhereUsed};
use tokio_postgres::Row;

pub(super) trait Answer {
    fn rows(&self) -> usize;
    fn facts(&self) -> BTreeSet<String>;
}

/// Units and positions that a reel or lot went to.
pub(super) struct OurUse(pub(super) WhereUsed);

impl Answer for OurUse {
    fn rows(&self) -> usize {
        self.0.units.len()
    }

    fn facts(&self) -> BTreeSet<String> {
        let certain = self.0.units.iter().filter(|row| is_fact(row.relation, row.evidence) && row.via.is_none());
        let each = certain.flat_map(|row| {
            let removed = row.removed_at.is_some();
            row.positions.iter().map(move |position| placed(&row.unit, position, removed))
        });
        each.collect()
    }
}

pub(super) struct TheirUse<'a> {
    pub(super) rows: Vec<Row>,
    pub(super) designators: &'a [String],
}

impl Answer for TheirUse<'_> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn facts(&self) -> BTreeSet<String> {
        let each = self.rows.iter().flat_map(|row| {
            let positions: Vec<i16> = row.get(2);
            positions.into_iter().map(move |position| {
                let designator = usize::try_from(position).ok().and_then(|position| self.designators.get(position));
                placed(row.get(0), designator.map_or("?", String::as_str), row.get(1))
            })
        });
        each.collect()
    }
}

/// Units that lots went into, up to the customers.
pub(super) struct OurRecall(pub(super) WhereUsed);

impl Answer for OurRecall {
    fn rows(&self) -> usize {
        self.0.units.len()
    }

    fn facts(&self) -> BTreeSet<String> {
        let certain = self.0.units.iter().filter(|row| is_fact(row.relation, row.evidence) && row.via.is_none());
        certain.map(|row| row.unit.clone()).collect()
    }
}

impl OurRecall {
    /// Boxes, pallets and shipments, those that held only possible units among them.
    pub(super) fn holders(&self) -> BTreeSet<&str> {
        self.0.containers.iter().chain(&self.0.shipments).map(|holder| holder.id.as_str()).collect()
    }
}

pub(super) struct TheirRecall(pub(super) Vec<Row>);

impl Answer for TheirRecall {
    fn rows(&self) -> usize {
        self.0.len()
    }

    fn facts(&self) -> BTreeSet<String> {
        self.0.iter().map(|row| row.get(0)).collect()
    }
}

impl TheirRecall {
    /// Boxes, pallets and shipments.
    pub(super) fn holders(&self) -> BTreeSet<&str> {
        self.0
            .iter()
            .flat_map(|row| [2, 3, 4].into_iter().filter_map(move |column| row.get::<usize, Option<&str>>(column)))
            .collect()
    }
}

/// What is in a unit.
pub(super) struct OurTrace(pub(super) Trace);

impl Answer for OurTrace {
    fn rows(&self) -> usize {
        self.0.components.len()
    }

    fn facts(&self) -> BTreeSet<String> {
        let certain = self.0.components.iter().filter(|row| is_fact(row.relation, row.evidence) && row.via.is_none());
        let each = certain.filter_map(|row| {
            Some(placed(row.package.as_deref()?, row.position.as_deref()?, row.removed_at.is_some()))
        });
        each.collect()
    }
}

pub(super) struct TheirTrace(pub(super) Vec<Row>);

impl Answer for TheirTrace {
    fn rows(&self) -> usize {
        self.0.len()
    }

    fn facts(&self) -> BTreeSet<String> {
        let certain = self.0.iter().filter(|row| row.get(8));
        certain.map(|row| placed(row.get::<usize, Option<&str>>(1).unwrap_or("?"), row.get(0), row.get(9))).collect()
    }
}

fn is_fact(relation: Relation, evidence: Evidence) -> bool {
    relation == Relation::Installed && evidence == Evidence::Certain
}

fn placed(what: &str, position: &str, removed: bool) -> String {
    format!("{what} {position}{}", if removed { " removed" } else { "" })
}
