//! Pages. Each is a struct next to its handler, and its template (`templates/`) sees nothing else. A page is whole without scripts: what htmx
//! swaps on a click is the same page's part, asked for by the same link.

mod ask;
pub(crate) mod error;
mod ledger;
mod now;
mod piece;
mod quarantine;
mod search;
mod shell;
mod svg;
mod thing;
mod unit;
mod used;

use axum::Router;
use axum::routing::{get, post};

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
