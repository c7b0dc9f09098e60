//! The ledger: what was recorded, and proofs that it still is.

use app::answer::{EventShown, LedgerNow};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::Answer;
use super::schema;
use crate::problem::Problem;
use crate::state::Desk;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConsistencyParams {
    /// Size of the older log.
    old: u64,
    /// Size of the newer log; the newest checkpoint's when left out.
    new: Option<u64>,
}

/// The proof that one log is a beginning of another.
#[derive(Serialize, ToSchema)]
pub(crate) struct Consistency {
    /// Size of the older log.
    old: u64,
    /// Size of the newer log.
    new: u64,
    /// Hashes, base64 (RFC 6962, section 2.1.2).
    proof: Vec<String>,
}

/// The ledger as it stands.
#[utoipa::path(get, path = "/api/v1/ledger", tag = "ledger", responses((status = 200, body = schema::LedgerNow)))]
pub(crate) async fn ledger(State(desk): State<Desk>) -> Answer<LedgerNow> {
    desk.ask(|house| house.ledger()).await.map(Json)
}

/// An event of the log, as stored.
#[utoipa::path(get, path = "/api/v1/ledger/events/{index}", tag = "ledger", params(("index" = u64, Path)),
    responses((status = 200, body = schema::EventShown),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn event(State(desk): State<Desk>, Path(index): Path<u64>) -> Answer<EventShown> {
    desk.ask(move |house| house.event(index)).await.map(Json)
}

/// The proof that an event is in the ledger (C2SP tlog-proof): enough to verify offline, with the entry and the key.
#[utoipa::path(get, path = "/api/v1/ledger/proof/{index}", tag = "ledger", params(("index" = u64, Path)),
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn inclusion(State(desk): State<Desk>, Path(index): Path<u64>) -> Result<impl IntoResponse, Problem> {
    let proof = desk.ask(move |house| house.inclusion_proof(index)).await?;
    let name = format!("attachment; filename=\"event-{index}.tlog-proof\"");
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)], proof))
}

/// The proof that the log of one size is a beginning of the log of another.
#[utoipa::path(get, path = "/api/v1/ledger/consistency", tag = "ledger", params(ConsistencyParams),
    responses((status = 200, body = Consistency),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn consistency(
    State(desk): State<Desk>,
    Query(ConsistencyParams { old, new }): Query<ConsistencyParams>,
) -> Answer<Consistency> {
    desk.ask(move |house| {
        let new = new.map_or_else(|| house.ledger().map(|ledger| ledger.sealed), Ok)?;
        Ok::<_, app::SiteError>(Consistency { old, new, proof: house.consistency_proof(old, new)? })
    })
    .await
    .map(Json)
}
