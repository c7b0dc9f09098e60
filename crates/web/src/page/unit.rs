//! A unit: what it is, what is in it, what happened to it, and what is not known.

use std::collections::{BTreeSet, HashSet};

use app::answer::{Belonging, BoardPosition, Component, HistoryLine, Relation, Trace};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::piece::{Count, Maybe, Note, Sure, Thing, Things, When, count, subject, tone};
use super::shell::{Page, Shell, sent};
use super::svg::{Colour, Drawing, draw};
use crate::api::as_of;
use crate::csv;
use crate::link;
use crate::problem::Problem;
use crate::state::Desk;

/// Rows that a table shows before somebody asks for all.
const ROWS_SHOWN: usize = 200;
/// Lines of history shown before somebody asks for all.
const LINES_SHOWN: usize = 100;

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct UnitParams {
    #[serde(default)]
    name: String,
    as_of: Option<String>,
    colour: Option<String>,
    side: Option<String>,
    rows: Option<String>,
    find: Option<String>,
}

#[derive(Template)]
#[template(path = "unit.html")]
struct UnitPage {
    shell: Shell,
    unit: String,
    path: String,
    names: Vec<String>,
    product: Option<Thing>,
    orders: Things,
    verdict: Option<Verdict>,
    whereabouts: Whereabouts,
    installed: Count,
    possible: Count,
    removed: Count,
    exposed: Count,
    findings: Vec<Note>,
    gaps: Vec<Note>,
    board: Option<Drawing>,
    colours: Vec<Choice>,
    sides: Vec<Choice>,
    table: Table,
    history: Vec<Line>,
    history_more: Option<(Count, String)>,
    verdicts: Vec<Verdict>,
    within: Vec<Member>,
    contains: Vec<Member>,
    as_of: Count,
    asked_as_of: String,
    kept: Vec<(&'static str, String)>,
    csv: String,
}

struct Verdict {
    word: String,
    tone: &'static str,
    what: String,
    station: Thing,
    at: When,
    details: Vec<String>,
}

enum Whereabouts {
    Within(Thing, String),
    Seen(Thing, When),
    Nowhere,
}

struct Choice {
    word: &'static str,
    href: String,
    chosen: bool,
}

struct Table {
    rows: Vec<Row>,
    all: Count,
    matching: Count,
    find: String,
    show_all: Option<String>,
}

struct Row {
    position: Maybe,
    subject: Option<Thing>,
    part: Option<Thing>,
    maker_part: String,
    lot: Option<Thing>,
    supplier: Option<Thing>,
    station: Option<Thing>,
    place: Maybe,
    at: When,
    removed: Option<When>,
    sure: Sure,
    via: Option<Thing>,
    index: Option<u64>,
}

struct Line {
    at: When,
    recorded_at: When,
    station: Thing,
    what: String,
    details: Vec<String>,
    result: Option<(String, &'static str)>,
    index: u64,
}

struct Member {
    kind: String,
    thing: Thing,
    position: Maybe,
    from: When,
    until: When,
    over: bool,
}

/// `GET /unit?name=`
pub(super) async fn by_query(state: State<Desk>, Query(params): Query<UnitParams>) -> Page {
    let name = params.name.clone();
    unit(state, Path(name), Query(params)).await
}

/// `GET /unit/{name}`
pub(super) async fn unit(State(desk): State<Desk>, Path(name): Path<String>, Query(params): Query<UnitParams>) -> Page {
    let when = as_of(params.as_of.as_deref())?;
    let asked = format!("unit:{name}");
    let (trace, positions) = desk
        .ask(move |house| {
            let trace = house.trace(&asked, when)?;
            let positions = house.board(&asked)?.unwrap_or_default();
            Ok::<_, app::QuestionError>((trace, positions))
        })
        .await?;
    let colour = Colour::parse(params.colour.as_deref());
    let defects = defects(&trace.history);
    let bottom = match params.side.as_deref() {
        Some(side) => side == "bottom",
        None => most_is_below(&positions, &trace.components),
    };
    let board = (!positions.is_empty()).then(|| draw(&positions, &trace.components, &defects, colour, bottom));
    sent(&UnitPage::of(Shell::new(&desk, "", format!("Unit {}", trace.unit)), &trace, board, colour, bottom, &params))
}

/// Whether more of what is reported lies on the bottom: that side is shown when nobody chose.
fn most_is_below(positions: &[BoardPosition], components: &[Component]) -> bool {
    let reported: HashSet<&str> = components.iter().filter_map(|row| row.position.as_deref()).collect();
    let on = |bottom: bool| {
        let here = positions.iter().filter(|at| (at.side == "bottom") == bottom);
        here.filter(|at| reported.contains(at.designator.as_str())).count()
    };
    on(true) > on(false)
}

/// Positions that a failed inspection, test or repair complains of. What was called off as a false call is none.
fn defects(history: &[HistoryLine]) -> BTreeSet<String> {
    let failed = history.iter().filter(|line| line.result.as_deref().is_some_and(|result| tone(result) == "bad"));
    let complains = |detail: &&String| {
        let detail = detail.to_lowercase();
        (detail.contains("defect") || tone(&detail) == "bad") && !detail.contains("false")
    };
    let words = failed
        .flat_map(|line| &line.details)
        .filter(complains)
        .flat_map(|detail| detail.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map(str::to_owned));
    let is_designator = |word: &String| {
        word.starts_with(|c: char| c.is_ascii_uppercase()) && word.contains(|c: char| c.is_ascii_digit())
    };
    words.filter(is_designator).collect()
}

impl UnitPage {
    fn of(
        shell: Shell,
        trace: &Trace,
        board: Option<Drawing>,
        colour: Colour,
        bottom: bool,
        params: &UnitParams,
    ) -> UnitPage {
        let path = link::unit_path(&trace.unit);
        let here = Here { path: &path, params };
        let tally = |keep: &dyn Fn(&Component) -> bool| count(trace.components.iter().filter(|row| keep(row)).count());
        let is_installed = |row: &Component| row.relation == Relation::Installed && row.removed_at.is_none();
        let verdicts = verdicts(&trace.history);
        let lines = if params.rows.as_deref() == Some("all") { usize::MAX } else { LINES_SHOWN };
        UnitPage {
            unit: trace.unit.clone(),
            names: trace.names.iter().filter(|name| **name != trace.unit).cloned().collect(),
            product: trace.product.as_deref().map(|product| Thing::plain("product", product)),
            orders: Things(trace.orders.iter().map(|order| Thing::plain("order", order)).collect()),
            verdict: verdicts.first().map(|line| Verdict::of(line)),
            whereabouts: Whereabouts::of(trace),
            installed: tally(&is_installed),
            possible: tally(&|row| is_installed(row) && row.evidence == app::answer::Evidence::Possible),
            removed: tally(&|row| row.removed_at.is_some()),
            exposed: tally(&|row| row.relation == Relation::Exposed),
            findings: Note::all(&trace.findings),
            gaps: Note::all(&trace.gaps),
            board,
            colours: Colour::ALL
                .into_iter()
                .map(|choice| Choice {
                    word: choice.word(),
                    href: here.with("colour", choice.word(), "board"),
                    chosen: choice == colour,
                })
                .collect(),
            sides: ["top", "bottom"]
                .into_iter()
                .map(|side| Choice {
                    word: side,
                    href: here.with("side", side, "board"),
                    chosen: (side == "bottom") == bottom,
                })
                .collect(),
            table: Table::of(&trace.components, &here),
            history: trace.history.iter().rev().take(lines).map(Line::of).collect(),
            history_more: (trace.history.len() > lines)
                .then(|| (count(trace.history.len()), here.with("rows", "all", "history"))),
            verdicts: verdicts.into_iter().map(Verdict::of).collect(),
            within: trace.within.iter().map(Member::of).collect(),
            contains: trace.contains.iter().map(Member::of).collect(),
            as_of: Count(trace.as_of),
            asked_as_of: params.as_of.clone().unwrap_or_default(),
            kept: here.kept(&["find", "rows"]),
            csv: format!(
                "/export/components.csv?name={}&as_of={}",
                link::query(&trace.unit),
                link::query(params.as_of.as_deref().unwrap_or_default())
            ),
            path,
            shell,
        }
    }
}

/// This page with the choices made so far, to link to it with another.
struct Here<'a> {
    path: &'a str,
    params: &'a UnitParams,
}

impl Here<'_> {
    fn chosen(&self) -> [(&'static str, Option<&str>); 5] {
        let UnitParams { as_of, colour, side, rows, find, .. } = self.params;
        [
            ("as_of", as_of.as_deref()),
            ("colour", colour.as_deref()),
            ("side", side.as_deref()),
            ("rows", rows.as_deref()),
            ("find", find.as_deref()),
        ]
    }

    fn with(&self, name: &str, value: &str, part: &str) -> String {
        let mut url = self.path.to_owned();
        let kept = self.chosen().into_iter().filter(|(other, _)| *other != name);
        let fields = kept.filter_map(|(other, value)| Some((other, value.filter(|value| !value.is_empty())?)));
        for (name, value) in fields.chain([(name, value)]) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&format!("{name}={}", link::query(value)));
        }
        format!("{url}#{part}")
    }

    /// Choices that a form must carry along.
    fn kept(&self, except: &[&str]) -> Vec<(&'static str, String)> {
        let chosen = self.chosen().into_iter().filter(|(name, _)| !except.contains(name));
        chosen.filter_map(|(name, value)| Some((name, value?.to_owned()))).collect()
    }
}

/// Lines that give a verdict, the newest first.
fn verdicts(history: &[HistoryLine]) -> Vec<&HistoryLine> {
    let is_verdict = |line: &&HistoryLine| {
        let what = line.what.to_ascii_lowercase();
        line.result.is_some()
            && ["inspect", "test", "repair", "disqualif", "scrap"].iter().any(|word| what.contains(word))
    };
    history.iter().rev().filter(is_verdict).collect()
}

impl Verdict {
    fn of(line: &HistoryLine) -> Verdict {
        let word = line.result.clone().unwrap_or_default();
        Verdict {
            tone: tone(&word),
            word,
            what: line.what.clone(),
            station: Thing::plain("station", &line.station),
            at: When::at(&line.at),
            details: line.details.clone(),
        }
    }
}

impl Whereabouts {
    fn of(trace: &Trace) -> Whereabouts {
        let outermost = |kind: &str| trace.within.iter().find(|within| within.kind == kind && within.until.is_none());
        let holder =
            ["customer", "shipment", "container", "assembly", "carrier"].iter().find_map(|kind| outermost(kind));
        match (holder, trace.history.last()) {
            (Some(within), _) => Whereabouts::Within(Thing::plain_of(&within.thing), within.kind.clone()),
            (None, Some(line)) => Whereabouts::Seen(Thing::plain("station", &line.station), When::at(&line.at)),
            (None, None) => Whereabouts::Nowhere,
        }
    }
}

impl Table {
    fn of(components: &[Component], here: &Here<'_>) -> Table {
        let find = here.params.find.as_deref().unwrap_or_default().trim().to_lowercase();
        let matching: Vec<&Component> =
            components.iter().filter(|row| find.is_empty() || mentions(row, &find)).collect();
        let shown = if here.params.rows.as_deref() == Some("all") { usize::MAX } else { ROWS_SHOWN };
        Table {
            rows: matching.iter().take(shown).map(|row| Row::of(row)).collect(),
            all: count(components.len()),
            matching: count(matching.len()),
            show_all: (matching.len() > shown).then(|| here.with("rows", "all", "components")),
            find: here.params.find.clone().unwrap_or_default(),
        }
    }

    fn shown(&self) -> Count {
        count(self.rows.len())
    }
}

fn mentions(row: &Component, find: &str) -> bool {
    let fields = [
        &row.position,
        &row.package,
        &row.thing,
        &row.part,
        &row.lot,
        &row.manufacturer,
        &row.manufacturer_part,
        &row.supplier,
        &row.station,
        &row.place,
        &row.via,
    ];
    fields.into_iter().flatten().any(|field| field.to_lowercase().contains(find))
        || super::piece::evidence(row.evidence) == find
        || super::piece::relation(row.relation) == find
        || (find == "removed" && row.removed_at.is_some())
}

impl Row {
    fn of(row: &Component) -> Row {
        let thing = |kind: &str, id: &Option<String>| id.as_deref().map(|id| Thing::plain(kind, id));
        let maker = [row.manufacturer.as_deref(), row.manufacturer_part.as_deref()];
        Row {
            position: Maybe(row.position.clone()),
            subject: subject(row),
            part: thing("part", &row.part),
            maker_part: maker.into_iter().flatten().collect::<Vec<_>>().join(" "),
            lot: thing("lot", &row.lot),
            supplier: thing("party", &row.supplier),
            station: thing("station", &row.station),
            place: Maybe(row.place.clone()),
            at: When::maybe(row.at.as_deref()),
            removed: row.removed_at.as_deref().map(When::at),
            sure: Sure::new(row.relation, row.evidence, &row.reasons),
            via: thing("unit", &row.via),
            index: row.index,
        }
    }
}

impl Line {
    fn of(line: &HistoryLine) -> Line {
        Line {
            at: When::at(&line.at),
            recorded_at: When::at(&line.recorded_at),
            station: Thing::plain("station", &line.station),
            what: line.what.clone(),
            details: line.details.clone(),
            result: line.result.as_ref().map(|result| (result.clone(), tone(result))),
            index: line.index,
        }
    }
}

impl Member {
    fn of(belonging: &Belonging) -> Member {
        Member {
            kind: belonging.kind.clone(),
            thing: Thing::new(belonging.thing.clone()),
            position: Maybe(belonging.position.clone()),
            from: When::maybe(belonging.from.as_deref()),
            until: When::maybe(belonging.until.as_deref()),
            over: belonging.until.is_some(),
        }
    }
}

/// `GET /export/components.csv?name=`
pub(super) async fn components_csv(
    State(desk): State<Desk>,
    Query(params): Query<UnitParams>,
) -> Result<Response, Problem> {
    let when = as_of(params.as_of.as_deref())?;
    if params.name.is_empty() {
        return Ok(Redirect::to("/").into_response());
    }
    let asked = format!("unit:{}", params.name);
    let trace = desk.ask(move |house| house.trace(&asked, when)).await?;
    const HEAD: &[&str] = &[
        "position",
        "package",
        "thing",
        "part",
        "manufacturer",
        "manufacturer_part",
        "lot",
        "supplier",
        "station",
        "place",
        "at",
        "removed_at",
        "relation",
        "evidence",
        "reasons",
        "via",
        "index",
    ];
    Ok(csv::download(&format!("components-{}", trace.unit), HEAD, trace.components, fields))
}

fn fields(row: &Component) -> Vec<String> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    vec![
        text(&row.position),
        text(&row.package),
        text(&row.thing),
        text(&row.part),
        text(&row.manufacturer),
        text(&row.manufacturer_part),
        text(&row.lot),
        text(&row.supplier),
        text(&row.station),
        text(&row.place),
        text(&row.at),
        text(&row.removed_at),
        super::piece::relation(row.relation).to_owned(),
        super::piece::evidence(row.evidence).to_owned(),
        row.reasons.join("; "),
        text(&row.via),
        row.index.map(|index| index.to_string()).unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_is_what_a_failed_check_complains_of() {
        let line = |result: &str, details: &[&str]| HistoryLine {
            at: String::new(),
            recorded_at: String::new(),
            station: "AOI".into(),
            what: "inspected (AOI)".into(),
            details: details.iter().map(ToString::to_string).collect(),
            result: Some(result.into()),
            index: 0,
        };
        let failed = line(
            "Failed",
            &["defect SHIFT C70_1 shifted", "height: Passed at R9", "defect BRIDGE U4 , operator: FalseCall"],
        );
        let found = defects(&[failed, line("Passed", &["defect TOMB R1"])]);
        assert_eq!(found, BTreeSet::from(["C70_1".to_owned()]));
    }
}
