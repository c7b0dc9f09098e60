//! What pages load: style, scripts, pictures. Embedded in the binary, served under a URL that holds the content's hash, so that a browser
//! asks once and never sees an old file with a new page.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Embedded;

/// Hash by name, of everything there is.
static TAGS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let tag = |name: &str| Embedded::get(name).map(|file| hex(&file.metadata.sha256_hash()[..8]));
    Embedded::iter().filter_map(|name| Some((name.to_string(), tag(&name)?))).collect()
});

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The URL of an asset.
pub(crate) fn url(name: &str) -> String {
    match TAGS.get(name) {
        Some(tag) => format!("/assets/{tag}/{name}"),
        None => format!("/assets/missing/{name}"),
    }
}

/// `GET /assets/{hash}/{name}`
pub(crate) async fn get(Path((tag, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let (Some(file), Some(current)) = (Embedded::get(&name), TAGS.get(&name)) else {
        return Problem::unknown(format!("there is no asset `{name}`")).into_response();
    };
    let etag = format!("\"{current}\"");
    let kept = if tag == *current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let caching = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, kept.to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, content_type(&name))], Body::from(file.data)).into_response()
}

/// `GET /favicon.ico`: browsers ask for it whatever a page says.
pub(crate) async fn favicon() -> Response {
    let picture = Embedded::get("logo.svg").map(|file| file.data).unwrap_or_default();
    ([(header::CONTENT_TYPE, "image/svg+xml")], Body::from(picture)).into_response()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
