//! Who may talk to the server, before any handler sees a request. Access control comes later; until then it listens on loopback, and a page on
//! the internet must not be able to reach it through the browser of somebody inside.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::problem::Problem;

/// Everything a page loads comes from here; nothing runs or styles inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; \
                                       frame-ancestors 'none'; object-src 'none'";

/// Why the server does not listen there.
#[derive(Debug, thiserror::Error)]
#[error(
    "refusing to listen on `{address}`: there is no access control yet, and anybody who reaches it could read and record"
)]
pub struct ListenRefused {
    /// Where it was asked to listen.
    pub address: SocketAddr,
}

impl ListenRefused {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "listen on 127.0.0.1, or pass --allow-unauthenticated when the network itself keeps strangers out"
    }
}

/// Whether the server may listen on an address.
///
/// # Errors
/// When others than this machine could reach it and nobody allowed that.
pub fn check_listen(address: SocketAddr, allow_unauthenticated: bool) -> Result<(), ListenRefused> {
    if allow_unauthenticated || address.ip().to_canonical().is_loopback() {
        Ok(())
    } else {
        Err(ListenRefused { address })
    }
}

/// Host names under which the server answers.
#[derive(Clone, Debug)]
pub(crate) struct Hosts(pub(crate) Arc<[String]>);

impl Hosts {
    /// DNS rebinding needs a name of the attacker's: addresses, `localhost` and the names that were configured are none.
    fn know(&self, host: &str) -> bool {
        let name = without_port(host).trim_end_matches('.').to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']');
        name == "localhost"
            || name.ends_with(".localhost")
            || address.parse::<IpAddr>().is_ok()
            || self.0.iter().any(|known| known.eq_ignore_ascii_case(&name))
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// Refuses requests for a host name that is not ours.
pub(crate) async fn known_host(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    match requested_host(request.uri(), request.headers()) {
        Some(host) if !hosts.know(&host) => {
            let detail = format!("`{host}` is not a name of this server");
            let refused = Problem::forbidden(detail).with_hint("open it by its address, or start it with --host NAME");
            Problem { status: StatusCode::MISDIRECTED_REQUEST, ..refused }.into_response()
        }
        _ => next.run(request).await,
    }
}

fn requested_host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let named = headers.get(header::HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    named.or_else(|| uri.host().map(str::to_owned))
}

/// Adds the headers that keep browsers strict.
pub(crate) async fn strict_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "same-origin");
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert("permissions-policy", HeaderValue::from_static("camera=(), geolocation=(), microphone=()"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// How many requests are answered at once, and for how long each may take.
#[derive(Clone)]
pub(crate) struct Patience {
    pub(crate) places: Arc<Semaphore>,
    pub(crate) timeout: Duration,
}

/// Keeps a burst of requests from starving the line: what finds no place within its time is told to come again.
pub(crate) async fn in_turn(State(patience): State<Patience>, request: Request, next: Next) -> Response {
    let answer = async {
        match patience.places.acquire().await {
            Ok(_place) => next.run(request).await,
            Err(_) => Problem::busy("the server is stopping").into_response(),
        }
    };
    tokio::time::timeout(patience.timeout, answer).await.unwrap_or_else(|_| Problem::slow().into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_without_leave() {
        let check = |address: &str| check_listen(address.parse().expect("an address"), false).is_ok();
        assert!(check("127.0.0.1:8080") && check("[::1]:80") && check("[::ffff:127.0.0.1]:80"));
        assert!(!check("0.0.0.0:8080") && !check("[::]:80") && !check("192.168.1.4:80"));
        check_listen("0.0.0.0:80".parse().expect("an address"), true).expect("allowed");
    }

    #[test]
    fn names_that_were_not_configured_are_refused() {
        let hosts = Hosts(Arc::from(["trace.plant.example".to_owned()]));
        for host in ["localhost:80", "127.0.0.1", "[::1]:8080", "10.0.0.7:80", "Trace.Plant.Example:443", "::1"] {
            assert!(hosts.know(host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example", ""] {
            assert!(!hosts.know(host), "{host}");
        }
    }
}
