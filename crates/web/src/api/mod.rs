//! The HTTP API, `/api/v1`: the same questions as the pages, in JSON. `docs/api.md` is its manual; the OpenAPI document is made from the
//! handlers and held by a snapshot.
#![expect(unused_qualifications, reason = "utoipa names the parameters of a handler by their path")]

mod answer;
mod capture;
mod ledger;
mod look;
mod quarantine;
mod question;
mod schema;
pub(crate) mod stream;
mod tiles;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::Desk;

pub(crate) use question::{Cut, as_of, instant};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tracewright",
        description = "Traceability for electronics manufacturing. What an answer means: docs/answers.md.",
        version = "1",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(crate::problem::Problem, crate::pulse::Beat))
)]
struct Document;

fn described() -> (Router<Desk>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(question::trace))
        .routes(routes!(question::where_used))
        .routes(routes!(look::things))
        .routes(routes!(look::about))
        .routes(routes!(look::now))
        .routes(routes!(look::health))
        .routes(routes!(capture::cfx))
        .routes(routes!(capture::events))
        .routes(routes!(quarantine::list))
        .routes(routes!(quarantine::show))
        .routes(routes!(quarantine::replay))
        .routes(routes!(ledger::ledger))
        .routes(routes!(ledger::event))
        .routes(routes!(ledger::inclusion))
        .routes(routes!(ledger::consistency))
        .split_for_parts()
}

/// The OpenAPI 3.1 document of the API.
///
/// # Panics
/// Never: the document is JSON.
#[must_use]
pub fn openapi() -> String {
    let mut document = described().1;
    document.merge(stream::described());
    // `{*thing}` is how the router says that slashes belong to it; OpenAPI has no word for that.
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    document.to_pretty_json().expect("the document is JSON")
}

pub(crate) fn routes() -> Router<Desk> {
    described().0.merge(tiles::routes()).route("/api/openapi.json", get(document))
}

async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi())
}
