//! What is known of things, and how the stations stand.

use app::answer::{StationNow, ThingAbout};
use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::Answer;
use super::question::AsOfParams;
use super::schema;
use crate::problem::Problem;
use crate::state::Desk;

/// Things that one look-up lists.
const THINGS_MAX: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ThingsParams {
    /// What the identifier begins with, or all of it.
    prefix: String,
    /// At most so many, 1 to 200; 50 when left out.
    limit: Option<usize>,
}

/// Things that a text may mean.
#[derive(Serialize, ToSchema)]
pub(crate) struct Things {
    /// As `kind:identifier`.
    things: Vec<String>,
}

/// The server is up and the site answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    status: &'static str,
    /// Events in the log.
    recorded: u64,
    /// Events under the newest checkpoint.
    sealed: u64,
}

/// Things that a text may mean.
#[utoipa::path(get, path = "/api/v1/things", tag = "things", params(ThingsParams), responses((status = 200, body = Things)))]
pub(crate) async fn things(State(desk): State<Desk>, Query(params): Query<ThingsParams>) -> Answer<Things> {
    let limit = params.limit.unwrap_or(50).clamp(1, THINGS_MAX);
    let things = desk.ask(move |house| house.look_up(&params.prefix, limit)).await?;
    Ok(Json(Things { things }))
}

/// What is known of a thing that is not a unit.
#[utoipa::path(get, path = "/api/v1/things/{*thing}", tag = "things", params(
    ("thing" = String, Path, description = "`kind:identifier`; slashes may stand as they are"), AsOfParams),
    responses((status = 200, body = schema::ThingAbout),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn about(
    State(desk): State<Desk>,
    Path(thing): Path<String>,
    Query(params): Query<AsOfParams>,
) -> Answer<ThingAbout> {
    let as_of = params.checked()?;
    desk.ask(move |house| house.about(&thing, as_of)).await.map(Json)
}

/// The stations as they stand.
#[utoipa::path(get, path = "/api/v1/now", tag = "things", responses((status = 200, body = Vec<schema::StationNow>)))]
pub(crate) async fn now(State(desk): State<Desk>) -> Answer<Vec<StationNow>> {
    desk.ask(|house| house.now()).await.map(Json)
}

/// Whether the server is up and the site answers.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, body = Health)))]
pub(crate) async fn health(State(desk): State<Desk>) -> Answer<Health> {
    let counters = desk.ask(|house| house.counters()).await?;
    Ok(Json(Health { status: "ok", recorded: counters.recorded, sealed: counters.sealed }))
}
