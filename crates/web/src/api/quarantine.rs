//! Messages that could not be understood.

use app::answer::Quarantined;
use app::{Captured, QuarantineFilter, QuarantinePage, Replay};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::answer::Answer;
use super::schema;
use crate::problem::Problem;
use crate::state::Desk;

/// Messages of one page.
const MESSAGES_MAX: usize = 1_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// `waiting` (when left out), `replayed` or `all`.
    state: Option<String>,
    /// Where to go on, from the last page's `next`.
    cursor: Option<u64>,
    /// At most so many, 1 to 1,000; 100 when left out.
    limit: Option<usize>,
}

/// A message with what is kept of it.
#[derive(Serialize)]
pub(crate) struct Kept {
    #[serde(flatten)]
    message: Quarantined,
    text: String,
    utf8: bool,
}

/// What is in quarantine.
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "quarantine", params(ListParams),
    responses((status = 200, body = schema::QuarantinePage)))]
pub(crate) async fn list(State(desk): State<Desk>, Query(params): Query<ListParams>) -> Answer<QuarantinePage> {
    let filter = filter(params.state.as_deref())?;
    let limit = params.limit.unwrap_or(100).clamp(1, MESSAGES_MAX);
    desk.ask(move |house| house.quarantine_list(filter, params.cursor, limit)).await.map(Json)
}

/// A message in quarantine, with its text.
#[utoipa::path(get, path = "/api/v1/quarantine/{id}", tag = "quarantine", params(("id" = u64, Path)),
    responses((status = 200, body = schema::Kept),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn show(State(desk): State<Desk>, Path(id): Path<u64>) -> Answer<Kept> {
    let (message, bytes) = desk.ask(move |house| house.quarantine_show(id)).await?;
    let utf8 = std::str::from_utf8(&bytes).is_ok();
    Ok(Json(Kept { message, text: String::from_utf8_lossy(&bytes).into_owned(), utf8 }))
}

/// Reads a message of the quarantine again; with a body, that is read in its place.
#[utoipa::path(post, path = "/api/v1/quarantine/{id}/replay", tag = "quarantine", params(("id" = u64, Path)),
    request_body(content = String, content_type = "application/json", description = "repaired bytes; empty: those that were kept"),
    responses((status = 200, body = schema::Captured),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn replay(State(desk): State<Desk>, Path(id): Path<u64>, bytes: Bytes) -> Answer<Captured> {
    let replay = if bytes.is_empty() { Replay::Ids(vec![id]) } else { Replay::Repaired { id, bytes: bytes.into() } };
    desk.ask(move |house| house.quarantine_replay(&replay)).await.map(Json)
}

fn filter(state: Option<&str>) -> Result<QuarantineFilter, Problem> {
    match state.unwrap_or("waiting") {
        "waiting" => Ok(QuarantineFilter::Waiting),
        "replayed" => Ok(QuarantineFilter::Replayed),
        "all" => Ok(QuarantineFilter::All),
        other => Err(Problem::malformed(format!("`state` is waiting, replayed or all, not `{other}`"))),
    }
}
