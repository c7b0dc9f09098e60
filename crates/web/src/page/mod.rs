//! Pages. Each is a struct next to its handler, and its template (`templates/`) sees nothing else. A page is whole without scripts: what htmx
//! swaps on a click is the same page's part, asked for by the same link.

mod ask;
pub(crate) mod error;
mod ledger;
mod now;
mod piece;
mod quarantine;
mod search;
mod svg;
mod thing;
mod unit;
mod used;

use askama::Template;
use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};

use crate::asset;
use crate::problem::Problem;
use crate::state::Desk;

pub(crate) fn routes() -> Router<Desk> {
    Router::new()
        .route("/", get(now::now))
        .route("/scan", get(search::scan))
        .route("/ask", get(ask::ask))
        .route("/unit", get(unit::by_query))
        .route("/unit/{*name}", get(unit::unit))
        .route("/thing", get(thing::by_query))
        .route("/thing/{kind}/{*id}", get(thing::thing))
        .route("/export/components.csv", get(unit::components_csv))
        .route("/export/where-used.csv", get(used::units_csv))
        .route("/quarantine", get(quarantine::list))
        .route("/quarantine/{id}", get(quarantine::show))
        .route("/quarantine/{id}/replay", post(quarantine::replay))
        .route("/ledger", get(ledger::ledger))
        .route("/ledger/event/{index}", get(ledger::event))
}

/// A page as it is sent, or why there is none.
type Page = Result<Html<String>, Problem>;

fn sent(page: &impl Template) -> Page {
    page.render().map(Html).map_err(|error| Problem::fault(&error))
}

/// What is around every page.
pub(crate) struct Shell {
    title: String,
    site: String,
    tab: &'static str,
    scan: String,
    focus: bool,
    waiting: u64,
    version: &'static str,
    logo: String,
    tabler: String,
    style: String,
    theme: String,
    htmx: String,
    script: String,
    charts: String,
}

impl Shell {
    fn new(desk: &Desk, tab: &'static str, title: impl Into<String>) -> Shell {
        Shell {
            title: title.into(),
            site: desk.house.name(),
            tab,
            scan: String::new(),
            focus: true,
            waiting: desk.pulse.latest().quarantined_waiting,
            version: env!("CARGO_PKG_VERSION"),
            logo: asset::url("logo.svg"),
            tabler: asset::url("vendor/tabler.min.css"),
            style: asset::url("tracewright.css"),
            theme: asset::url("theme.js"),
            htmx: asset::url("vendor/htmx.min.js"),
            script: asset::url("tracewright.js"),
            charts: asset::url("vendor/echarts.simple.min.js"),
        }
    }

    /// The page is a form of its own: the scan box leaves the caret to it.
    fn without_focus(mut self) -> Shell {
        self.focus = false;
        self
    }
}
