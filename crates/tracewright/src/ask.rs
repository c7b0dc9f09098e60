//! `trace` and `where-used`: beside a running server, or without one.

use std::path::Path;

use app::answer::{Belonging, Component, Evidence, Gap, Holder, Relation, Trace, WhereUsed};
use app::{AsOf, Site, WhereUsedQuery};
use jiff::civil;
use kernel::time::Time;

use crate::arguments;
use crate::say::{self, Done, Failure, or_dash};

pub(crate) fn trace(data: &Path, given: &arguments::Trace, json: bool) -> Result<Done, Failure> {
    let as_of = as_of(given.as_of.as_deref())?;
    let trace = Site::open_to_read(data)?.trace(&given.thing.join(" "), as_of)?;
    if json {
        say::json(&trace)?
    } else {
        show_trace(&trace)?
    }
    Ok(Done::Well)
}

pub(crate) fn where_used(data: &Path, given: &arguments::WhereUsed, json: bool) -> Result<Done, Failure> {
    let query = WhereUsedQuery {
        thing: given.thing.join(" "),
        from: time("--from", given.from.as_deref())?,
        until: time("--until", given.until.as_deref())?,
        as_of: as_of(given.as_of.as_deref())?,
    };
    let used = Site::open_to_read(data)?.where_used(&query)?;
    if json {
        say::json(&used)?
    } else {
        show_where_used(&used)?
    }
    Ok(Done::Well)
}

fn as_of(given: Option<&str>) -> Result<AsOf, Failure> {
    let Some(text) = given else { return Ok(AsOf::Latest) };
    if let Ok(index) = text.parse() {
        return Ok(AsOf::Index(index));
    }
    Ok(time("--as-of", given)?.map_or(AsOf::Latest, AsOf::Time))
}

/// A time with offset; or a date, whose beginning in UTC is meant.
fn time(option: &str, given: Option<&str>) -> Result<Option<Time>, Failure> {
    let Some(text) = given else { return Ok(None) };
    let day = || text.parse::<civil::Date>().ok().and_then(|date| Time::parse(&format!("{date}T00:00:00Z")));
    match Time::parse(text).or_else(day) {
        Some(time) => Ok(Some(time)),
        None => Err(Failure::misuse(format!("`{text}` for {option} is no time"))
            .hint("write it with its offset, such as 2026-03-02T08:00:00+01:00, or as a date")),
    }
}

fn show_trace(trace: &Trace) -> Result<(), Failure> {
    say::line(&trace.unit)?;
    if !trace.names.is_empty() {
        say::line(format!("  names: {}", trace.names.join(", ")))?;
    }
    if let Some(product) = &trace.product {
        say::line(format!("  product: {product}"))?;
    }
    if !trace.orders.is_empty() {
        say::line(format!("  orders: {}", trace.orders.join(", ")))?;
    }
    let columns = ["position", "thing", "part", "lot", "supplier", "station", "place", "at", "relation", "evidence"];
    say::table(&format!("Components ({})", trace.components.len()), &columns, trace.components.iter().map(component))?;
    let history = trace.history.iter().map(|line| {
        let mut what = line.what.clone();
        if let Some(result) = &line.result {
            what.push_str(&format!(": {result}"));
        }
        vec![line.index.to_string(), line.at.clone(), line.station.clone(), what, line.details.join("; ")]
    });
    say::table("History", &["index", "at", "station", "what", "details"], history)?;
    say::table("Within", BELONGING, trace.within.iter().map(belonging))?;
    say::table("Contains", BELONGING, trace.contains.iter().map(belonging))?;
    gaps("Findings", &trace.findings)?;
    gaps("Not known", &trace.gaps)?;
    say::line(format!("\nas of {} events", trace.as_of))
}

fn component(row: &Component) -> Vec<String> {
    let thing = row.package.as_deref().or(row.thing.as_deref());
    let mut at = or_dash(row.at.as_deref());
    if let Some(removed) = &row.removed_at {
        at.push_str(&format!(" (removed {removed})"));
    }
    vec![
        or_dash(row.position.as_deref()),
        or_dash(thing),
        or_dash(row.part.as_deref()),
        or_dash(row.lot.as_deref()),
        or_dash(row.supplier.as_deref()),
        or_dash(row.station.as_deref()),
        or_dash(row.place.as_deref()),
        at,
        relation(row.relation).to_owned(),
        evidence(row.evidence, &row.reasons),
    ]
}

const BELONGING: &[&str] = &["thing", "kind", "position", "from", "until"];

fn belonging(row: &Belonging) -> Vec<String> {
    vec![
        row.thing.clone(),
        row.kind.clone(),
        or_dash(row.position.as_deref()),
        or_dash(row.from.as_deref()),
        or_dash(row.until.as_deref()),
    ]
}

fn show_where_used(used: &WhereUsed) -> Result<(), Failure> {
    let counts = used.counts;
    say::line(&used.thing)?;
    if !used.expanded.is_empty() {
        say::line(format!("  stands for: {}", used.expanded.join(", ")))?;
    }
    say::line(format!(
        "  {} units: {} certain, {} possible; {} passes of unidentified units",
        counts.units, counts.certain, counts.possible, counts.unidentified
    ))?;
    say::line(format!(
        "  now: {} shipped, {} packed, {} in process, {} returned, {} scrapped",
        counts.shipped, counts.packed, counts.in_process, counts.returned, counts.scrapped
    ))?;
    let units = used.units.iter().map(|row| {
        vec![
            row.unit.clone(),
            relation(row.relation).to_owned(),
            evidence(row.evidence, &row.reasons),
            row.positions.join(" "),
            or_dash(row.at.as_deref()),
            row.stations.join(", "),
            or_dash(row.removed_at.as_deref()),
            or_dash(row.via.as_deref()),
        ]
    });
    say::table("Units", &["unit", "relation", "evidence", "positions", "at", "stations", "removed", "via"], units)?;
    say::table("Containers", HOLDER, used.containers.iter().map(holder))?;
    say::table("Shipments", HOLDER, used.shipments.iter().map(holder))?;
    gaps("Findings", &used.findings)?;
    gaps("Not known", &used.gaps)?;
    say::line(format!("\nas of {} events", used.as_of))
}

const HOLDER: &[&str] = &["identifier", "customer", "units", "from", "until"];

fn holder(row: &Holder) -> Vec<String> {
    vec![
        row.id.clone(),
        or_dash(row.customer.as_deref()),
        row.units.to_string(),
        or_dash(row.from.as_deref()),
        or_dash(row.until.as_deref()),
    ]
}

fn gaps(heading: &str, gaps: &[Gap]) -> Result<(), Failure> {
    let rows = gaps.iter().map(|gap| vec![gap.kind.clone(), or_dash(gap.station.as_deref()), gap.text.clone()]);
    say::table(heading, &["kind", "station", "what"], rows)
}

fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Installed => "installed",
        Relation::Exposed => "exposed",
    }
}

fn evidence(evidence: Evidence, reasons: &[String]) -> String {
    match evidence {
        Evidence::Certain => "certain".to_owned(),
        Evidence::Possible if reasons.is_empty() => "possible".to_owned(),
        Evidence::Possible => format!("possible: {}", reasons.join(", ")),
    }
}
