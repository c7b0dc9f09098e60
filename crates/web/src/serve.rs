//! The server: which handler answers where, and what stands before them all.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::csrf::CsrfLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

use crate::guard::{self, Hosts, Patience, check_listen};
use crate::house::House;
use crate::pulse::Pulse;
use crate::state::Desk;
use crate::{api, asset, page};

/// How to serve. `Options::default()` is right for a factory.
pub struct Options {
    /// Listen where others than this machine can reach it, although nobody has to say who they are.
    pub allow_unauthenticated: bool,
    /// Names under which browsers may open the server, besides addresses and `localhost`.
    pub hosts: Vec<String>,
    /// Longest body of a request, in bytes.
    pub body_bytes_max: usize,
    /// Longest time for an answer. Streams have none.
    pub answer_time_max: Duration,
    /// Requests answered at the same time.
    pub answers_max: usize,
    /// Live streams at the same time.
    pub streams_max: usize,
    /// The server stops when this is done: it finishes what it answers, and ends the streams.
    pub shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            allow_unauthenticated: false,
            hosts: Vec::new(),
            body_bytes_max: 64 << 20,
            answer_time_max: Duration::from_secs(60),
            answers_max: 64,
            streams_max: 256,
            shutdown: Box::pin(std::future::pending()),
        }
    }
}

/// Serves a site until `options.shutdown` is done.
///
/// # Errors
/// When the listener may not be used ([`check_listen`]) or fails.
pub async fn serve(site: app::Site, listener: TcpListener, options: Options) -> io::Result<()> {
    check_listen(listener.local_addr()?, options.allow_unauthenticated)
        .map_err(|refused| io::Error::new(io::ErrorKind::PermissionDenied, refused))?;
    let (router, desk, shutdown) = assemble(Arc::new(site), options);
    let stop = async move {
        shutdown.await;
        desk.pulse.stopping.send_replace(true);
    };
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

/// Everything that answers, for a house of any kind. Must be called inside a tokio runtime.
pub fn router(house: Arc<dyn House>, options: Options) -> Router {
    assemble(house, options).0
}

fn assemble(house: Arc<dyn House>, options: Options) -> (Router, Desk, Pin<Box<dyn Future<Output = ()> + Send>>) {
    let desk = Desk { pulse: Pulse::start(&house, options.streams_max), house, body_bytes_max: options.body_bytes_max };
    let hosts = Hosts(options.hosts.into());
    let patience = Patience { places: Arc::new(Semaphore::new(options.answers_max)), timeout: options.answer_time_max };

    let answered = Router::new()
        .merge(page::routes())
        .merge(api::routes())
        .fallback(page::error::no_such_page)
        .layer(from_fn_with_state(patience, guard::in_turn))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(
            // A tile is hashes: it only grows.
            NotForContentType::const_new("application/octet-stream"),
        )));
    let streamed = api::stream::routes();
    let assets = Router::new()
        .route("/assets/{hash}/{*name}", get(asset::get))
        .route("/favicon.ico", get(asset::favicon))
        .layer(CompressionLayer::new());

    let router = answered
        .merge(streamed)
        .merge(assets)
        .with_state(desk.clone())
        .layer(DefaultBodyLimit::max(options.body_bytes_max))
        .layer(CsrfLayer::new())
        .layer(from_fn_with_state(desk.clone(), page::error::faces))
        .layer(from_fn(guard::strict_headers))
        .layer(from_fn_with_state(hosts, guard::known_host))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(TraceLayer::new_for_http())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid));
    (router, desk, options.shutdown)
}
