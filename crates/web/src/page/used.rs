//! Where a thing went, as the part of a page that the thing's own page and the ask page share.

use app::WhereUsedQuery;
use app::answer::{Counts, Holder, WhereUsed, WhereUsedRow};
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::piece::{Count, Note, Sure, Thing, Things, When, count, evidence, relation};
use crate::api::{Cut, as_of, instant};
use crate::csv;
use crate::link;
use crate::problem::Problem;
use crate::state::Desk;

/// Rows of one page.
const ROWS: usize = 200;
/// Designators that a cell names; the rest are counted.
const POSITIONS_SHOWN: usize = 12;
/// Containers or shipments shown.
const HOLDERS_SHOWN: usize = 500;

/// What narrows the question.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct UsedParams {
    #[serde(default, alias = "name")]
    pub(super) q: String,
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
    pub(super) as_of: Option<String>,
    pub(super) cursor: Option<String>,
}

impl UsedParams {
    /// The question, and which page of the answer.
    pub(super) fn question(&self, thing: &str) -> Result<(WhereUsedQuery, Cut), Problem> {
        let cut =
            Cut::parse(self.cursor.as_deref().filter(|cursor| !cursor.is_empty()), self.as_of.as_deref(), Some(ROWS))?;
        let query = WhereUsedQuery {
            thing: thing.to_owned(),
            from: instant("from", self.from.as_deref())?,
            until: instant("until", self.until.as_deref())?,
            as_of: cut.as_of,
        };
        Ok((query, cut))
    }

    fn fields(&self) -> String {
        let fields = [("from", &self.from), ("until", &self.until), ("as_of", &self.as_of)];
        let given =
            fields.into_iter().filter_map(|(name, value)| Some((name, value.as_deref().filter(|v| !v.is_empty())?)));
        given.map(|(name, value)| format!("&{name}={}", link::query(value))).collect()
    }
}

/// The answer, ready to show.
pub(super) struct Used {
    pub(super) counts: Counts,
    pub(super) units: Count,
    pub(super) bars: [Bar; 2],
    pub(super) expanded: Things,
    pub(super) expanded_more: usize,
    pub(super) rows: Vec<Row>,
    pub(super) first: Count,
    pub(super) last: Count,
    pub(super) all: Count,
    pub(super) next: Option<String>,
    pub(super) back: Option<String>,
    pub(super) containers: Vec<HolderRow>,
    pub(super) shipments: Vec<HolderRow>,
    pub(super) customers: Vec<(Thing, Count)>,
    pub(super) findings: Vec<Note>,
    pub(super) gaps: Vec<Note>,
    pub(super) as_of: Count,
    pub(super) csv: String,
}

/// A bar of shares.
pub(super) struct Bar {
    pub(super) label: &'static str,
    pub(super) shares: Vec<Share>,
}

pub(super) struct Share {
    pub(super) class: &'static str,
    pub(super) label: &'static str,
    pub(super) units: Count,
    pub(super) x: f64,
    pub(super) width: f64,
}

pub(super) struct Row {
    pub(super) unit: Thing,
    pub(super) via: Option<Thing>,
    pub(super) sure: Sure,
    pub(super) positions: String,
    pub(super) more_positions: usize,
    pub(super) removed: Option<When>,
    pub(super) at: When,
    pub(super) stations: Things,
    pub(super) packages: Things,
}

pub(super) struct HolderRow {
    pub(super) thing: Thing,
    pub(super) customer: Option<Thing>,
    pub(super) units: Count,
    pub(super) from: When,
    pub(super) until: When,
    pub(super) over: bool,
}

impl Used {
    /// `here` is the page's URL with its question, to which a cursor is added.
    pub(super) fn of(mut answer: WhereUsed, cut: Cut, params: &UsedParams, here: &str) -> Used {
        let all = answer.units.len();
        let next = cut.apply(&mut answer);
        let joint = if here.contains('?') { '&' } else { '?' };
        let fields = params.fields();
        let page = |cursor: &str| format!("{here}{joint}cursor={}{fields}#used", link::query(cursor));
        let back = (cut.skip > 0).then(|| page(&format!("{}.{}", answer.as_of, cut.skip.saturating_sub(cut.limit))));
        Used {
            counts: answer.counts,
            units: count(answer.counts.units),
            bars: bars(&answer.counts),
            expanded: Things(
                answer
                    .expanded
                    .iter()
                    .filter(|thing| **thing != answer.thing)
                    .take(24)
                    .map(|thing| Thing::new(thing.clone()))
                    .collect(),
            ),
            expanded_more: answer.expanded.len().saturating_sub(24),
            first: count(if answer.units.is_empty() { 0 } else { cut.skip + 1 }),
            last: count(cut.skip + answer.units.len()),
            all: count(all),
            rows: answer.units.iter().map(Row::of).collect(),
            next: next.as_deref().map(page),
            back,
            customers: customers(&answer.shipments),
            containers: answer
                .containers
                .iter()
                .take(HOLDERS_SHOWN)
                .map(|holder| HolderRow::of("container", holder))
                .collect(),
            shipments: answer
                .shipments
                .iter()
                .take(HOLDERS_SHOWN)
                .map(|holder| HolderRow::of("shipment", holder))
                .collect(),
            findings: Note::all(&answer.findings),
            gaps: Note::all(&answer.gaps),
            as_of: Count(answer.as_of),
            csv: format!("/export/where-used.csv?q={}{fields}", link::query(&answer.thing)),
        }
    }
}

fn bars(counts: &Counts) -> [Bar; 2] {
    let elsewhere = counts.shipped + counts.packed + counts.in_process + counts.returned + counts.scrapped;
    let unknown = counts.units.saturating_sub(elsewhere);
    [
        bar("How sure", &[("certain", "certain", counts.certain), ("possible", "possible", counts.possible)]),
        bar(
            "Where they are",
            &[
                ("shipped", "at a customer", counts.shipped),
                ("packed", "packed", counts.packed),
                ("inside", "in the factory", counts.in_process),
                ("returned", "came back", counts.returned),
                ("scrapped", "scrapped", counts.scrapped),
                ("unknown", "not known", unknown),
            ],
        ),
    ]
}

fn bar(label: &'static str, shares: &[(&'static str, &'static str, usize)]) -> Bar {
    let all = shares.iter().map(|(_, _, units)| units).sum::<usize>().max(1) as f64;
    let mut x = 0.0;
    let mut share = |&(class, label, units): &(&'static str, &'static str, usize)| {
        let width = 1000.0 * units as f64 / all;
        let share = Share { class, label, units: count(units), x, width };
        x += width;
        share
    };
    Bar { label, shares: shares.iter().filter(|(_, _, units)| *units > 0).map(&mut share).collect() }
}

/// Customers with the number of affected units shipped to them, the largest first.
fn customers(shipments: &[Holder]) -> Vec<(Thing, Count)> {
    let mut customers: Vec<(&str, usize)> = Vec::new();
    for shipment in shipments {
        let Some(customer) = shipment.customer.as_deref() else { continue };
        match customers.iter_mut().find(|(name, _)| *name == customer) {
            Some((_, units)) => *units += shipment.units,
            None => customers.push((customer, shipment.units)),
        }
    }
    customers.sort_by_key(|(name, units)| (std::cmp::Reverse(*units), *name));
    customers.into_iter().map(|(name, units)| (Thing::plain("party", name), count(units))).collect()
}

impl Row {
    fn of(row: &WhereUsedRow) -> Row {
        let things = |kind: &str, ids: &[String]| Things(ids.iter().map(|id| Thing::plain(kind, id)).collect());
        Row {
            unit: Thing::unit(&row.unit),
            via: row.via.as_deref().map(Thing::unit),
            sure: Sure::new(row.relation, row.evidence, &row.reasons),
            positions: row.positions.iter().take(POSITIONS_SHOWN).map(String::as_str).collect::<Vec<_>>().join(" "),
            more_positions: row.positions.len().saturating_sub(POSITIONS_SHOWN),
            removed: row.removed_at.as_deref().map(When::at),
            at: When::maybe(row.at.as_deref()),
            stations: things("station", &row.stations),
            packages: things("package", &row.packages),
        }
    }
}

impl HolderRow {
    fn of(kind: &str, holder: &Holder) -> HolderRow {
        HolderRow {
            thing: Thing::plain(kind, &holder.id),
            customer: holder.customer.as_deref().map(|customer| Thing::plain("party", customer)),
            units: count(holder.units),
            from: When::maybe(holder.from.as_deref()),
            until: When::maybe(holder.until.as_deref()),
            over: holder.until.is_some(),
        }
    }
}

/// `GET /export/where-used.csv?q=`
pub(super) async fn units_csv(State(desk): State<Desk>, Query(params): Query<UsedParams>) -> Result<Response, Problem> {
    let query = WhereUsedQuery {
        as_of: as_of(params.as_of.as_deref())?,
        from: instant("from", params.from.as_deref())?,
        until: instant("until", params.until.as_deref())?,
        thing: params.q,
    };
    let answer = desk.ask(move |house| house.where_used(&query)).await?;
    const HEAD: &[&str] =
        &["unit", "relation", "evidence", "positions", "removed_at", "at", "stations", "packages", "via", "reasons"];
    Ok(csv::download(&format!("where-used-{}", answer.thing), HEAD, answer.units, |row| {
        vec![
            row.unit.clone(),
            relation(row.relation).to_owned(),
            evidence(row.evidence).to_owned(),
            row.positions.join(" "),
            row.removed_at.clone().unwrap_or_default(),
            row.at.clone().unwrap_or_default(),
            row.stations.join(" "),
            row.packages.join(" "),
            row.via.clone().unwrap_or_default(),
            row.reasons.join("; "),
        ]
    }))
}
