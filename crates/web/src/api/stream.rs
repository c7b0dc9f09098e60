//! What changes, live: `text/event-stream`.
//!
//! Two events: `changed` when events were recorded or sealed since the last one, `counters` once a second. Both carry a whole [`Beat`], so a
//! listener that missed some has missed nothing it needs. The id is the size of the log: a browser that comes back names the last one it saw
//! and is told at once whether anything changed meanwhile.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use tokio::sync::broadcast::error::RecvError;
use tokio_stream::Stream;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::Problem;
use crate::pulse::Beat;
use crate::state::Desk;

/// A comment is sent when nothing else was for so long, so that proxies keep the line open.
const HEARTBEAT: Duration = Duration::from_secs(15);

pub(crate) fn routes() -> Router<Desk> {
    OpenApiRouter::<Desk>::new().routes(routes!(stream)).split_for_parts().0
}

pub(crate) fn described() -> utoipa::openapi::OpenApi {
    OpenApiRouter::<Desk>::with_openapi(Empty::openapi()).routes(routes!(stream)).split_for_parts().1
}

#[derive(OpenApi)]
#[openapi()]
struct Empty;

/// What changes, live: events `changed` and `counters`, each with a `Beat` as data.
#[utoipa::path(get, path = "/api/v1/stream", tag = "live",
    params(("last-event-id" = Option<u64>, Header, description = "size of the log when the last event was seen")),
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = 503, description = "too many streams", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn stream(
    State(desk): State<Desk>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let place = std::sync::Arc::clone(&desk.pulse.streams).try_acquire_owned();
    let place = place.map_err(|_| Problem::busy("too many live streams are open"))?;
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let mut beats = desk.pulse.listen();
    let mut stopping = desk.pulse.stopping.subscribe();
    let mut told = Told::new(desk.pulse.latest(), seen);
    tokio::spawn(async move {
        let _place = place;
        let mut next = Some(told.last);
        loop {
            for event in next.map(|beat| told.events(&beat)).unwrap_or_default() {
                if sender.send(Ok(event)).await.is_err() {
                    return;
                }
            }
            next = tokio::select! {
                beat = beats.recv() => match beat {
                    Ok(beat) => Some(beat),
                    Err(RecvError::Lagged(_)) => None,
                    Err(RecvError::Closed) => return,
                },
                () = sender.closed() => return,
                _ = stopping.wait_for(|stopping| *stopping) => return,
            };
        }
    });
    let events = tokio_stream::wrappers::ReceiverStream::new(receiver);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("alive")))
}

/// What a listener knows already.
struct Told {
    last: Beat,
    recorded: Option<u64>,
    sealed: Option<u64>,
}

impl Told {
    /// A listener without an id has just loaded the page: what stands now is not news to it.
    fn new(latest: Beat, seen: Option<u64>) -> Told {
        Told { last: latest, recorded: Some(seen.unwrap_or(latest.recorded)), sealed: Some(latest.sealed) }
    }

    fn events(&mut self, beat: &Beat) -> Vec<Event> {
        let changed = self.recorded != Some(beat.recorded) || self.sealed != Some(beat.sealed);
        self.recorded = Some(beat.recorded);
        self.sealed = Some(beat.sealed);
        let kinds: &[&str] = if changed { &["changed", "counters"] } else { &["counters"] };
        let data = serde_json::to_string(beat).unwrap_or_default();
        kinds.iter().map(|kind| Event::default().event(*kind).id(beat.recorded.to_string()).data(&data)).collect()
    }
}
