//! Recording over HTTP. The answer is sent when what it says is durable. Sending the same again is harmless: a repeat (same source, message
//! identifier and body) is recognised, counted as `duplicates` and not recorded twice.

use app::Captured;
use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Query, Request, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::schema;
use crate::problem::Problem;
use crate::state::Desk;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CaptureParams {
    /// Who sends, to find it again in quarantine; `http` when left out.
    source: Option<String>,
}

impl CaptureParams {
    fn source(self) -> String {
        self.source.filter(|source| !source.trim().is_empty()).unwrap_or_else(|| "http".to_owned())
    }
}

/// Records CFX messages: one envelope, a JSON array, NDJSON or concatenated documents; plain, gzip or zstd (found by their first bytes).
#[utoipa::path(post, path = "/api/v1/capture/cfx", tag = "capture", params(CaptureParams),
    request_body(content = String, content_type = "application/json", description = "messages in any of the input forms"),
    responses((status = 200, description = "durable; says what became of each message", body = schema::Captured),
        (status = 413, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn cfx(
    State(desk): State<Desk>,
    Query(params): Query<CaptureParams>,
    request: Request,
) -> Answer<Captured> {
    let bytes = body(request, desk.body_bytes_max).await?;
    desk.ask(move |house| house.capture_cfx(&params.source(), bytes)).await.map(Json)
}

/// Records events in their own JSON form (`docs/events.md`): packing, assembly, shipping, return, master data.
#[utoipa::path(post, path = "/api/v1/events", tag = "capture", params(CaptureParams),
    request_body(content = String, content_type = "application/json", description = "events, one or many"),
    responses((status = 200, description = "durable; says what became of each event", body = schema::Captured),
        (status = 413, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn events(
    State(desk): State<Desk>,
    Query(params): Query<CaptureParams>,
    request: Request,
) -> Answer<Captured> {
    let bytes = body(request, desk.body_bytes_max).await?;
    desk.ask(move |house| house.capture_events(&params.source(), bytes)).await.map(Json)
}

/// The whole body, within the limit.
pub(crate) async fn body(request: Request, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let whole = to_bytes(request.into_body(), bytes_max).await.map_err(|_| Problem::too_large(bytes_max))?;
    if whole.is_empty() {
        return Err(Problem::malformed("the body is empty"));
    }
    Ok(whole.into())
}
