//! Pages without a browser: what they answer, in all states.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use tower::ServiceExt;

use crate::pretended::{Pretended, served};

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 64 << 20).await.expect("a body");
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
}

pub(crate) async fn get(router: &Router, path: &str) -> Answer {
    let request = Request::get(path).header(header::HOST, "localhost:8080").body(Body::empty()).expect("a request");
    send(router, request).await
}

/// The page answers so, and says all of these.
async fn check(path: &str, status: u16, says: &[&str]) {
    let answer = get(&served(Pretended::default()), path).await;
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
    assert!(answer.header("content-type").starts_with("text/html"), "{path}");
    for text in says {
        assert!(answer.body.contains(text), "{path} does not say {text}");
    }
    assert!(!answer.body.contains(" style=\"") && !answer.body.contains("<script>"), "{path} needs nothing inline");
}

#[tokio::test]
async fn every_page_answers() {
    check("/", 200, &["SMT-1", "Unscheduled downtime", "98.3 %", ">/5</a>", "1 doubtful"]).await;
    check(
        "/unit/TS-000123/2",
        200,
        &["SN 2609-004711", "Not complete: 2 gaps", "PKG-105003", "class=\"removed\"", "svg class=\"board\""],
    )
    .await;
    check("/unit?name=TS-000123%2F2", 200, &["SN 2609-004711"]).await;
    check("/unit/BARE", 200, &["No component has been reported", "No positions are known"]).await;
    check(
        "/thing/lot/MK-2291",
        200,
        &["10,000", "at a customer", "Acme Instruments", "rows 1 to 200 of 10,000", "unexplained"],
    )
    .await;
    check("/thing?name=lot%3AMK-2291", 200, &["10,000"]).await;
    check("/thing/lot/UNUSED", 200, &["No unit is known to have met it."]).await;
    check("/thing/station/SMT-1", 200, &["name a time window"]).await;
    check("/ask", 200, &["How to ask"]).await;
    check("/ask?q=lot%3A(", 200, &["a bracket is not closed"]).await;
    check("/quarantine", 200, &["/quarantine/4"]).await;
    check("/quarantine/1", 200, &["<mark>“</mark>", "&#60;script&#62;alert(1)&#60;/script&#62;"]).await;
    check("/ledger", 200, &["5316", "Newest checkpoint"]).await;
    check("/ledger/event/4711", 200, &["c2sp.org/tlog-proof@v1"]).await;
    check("/ledger/event/5316", 200, &["not sealed"]).await;
}

#[tokio::test]
async fn errors_are_pages() {
    check("/nowhere", 404, &["there is no page"]).await;
    check("/unit/TS-000129", 404, &["Near it", "/unit/TS-000123/2"]).await;
    check("/unit/TWICE", 300, &["/unit/TS-000002/3"]).await;
    check("/unit/BROKEN", 500, &["something broke here", "Its number is"]).await;
    check("/unit/TS-000123/2?as_of=yesterday", 400, &["is no time"]).await;
    check("/quarantine/99", 404, &["message 99 in quarantine"]).await;
    check("/quarantine/x", 400, &["cannot be understood"]).await;
    check("/scan?q=nothing", 404, &["nothing is known of"]).await;
    check("/thing/lot/MK-2291?cursor=7", 400, &["is no cursor of ours"]).await;
}

#[tokio::test]
async fn names_are_escaped_wherever_they_stand() {
    let answer = get(&served(Pretended::default()), "/unit?name=A%2F..%2F%3Cb%3E%22%26%27").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.body.contains("<b>\"&'"), "a name is never markup");
}

#[tokio::test]
async fn a_scan_leads_to_the_thing() {
    let router = served(Pretended::default());
    for (scanned, to) in [
        ("%5Dd2TS-000123%2F2%0D", "/unit/TS-000123/2"),
        ("MK-2292", "/thing/lot/MK-2292"),
        ("lot%3AA7", "/thing/lot/A7"),
        ("+", "/"),
    ] {
        let answer = get(&router, &format!("/scan?q={scanned}")).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, to), "{scanned}");
    }
}

#[tokio::test]
async fn long_tables_are_cut_and_can_be_had_whole() {
    let router = served(Pretended::default());
    let rows = async |path: &str| get(&router, path).await.body.matches("<th scope=\"row\"").count();
    let short = rows("/unit/LONG").await;
    assert!((200..300).contains(&short), "{short}");
    assert!(rows("/unit/LONG?rows=all").await >= 3_000);
    let page = get(&router, "/thing/lot/MK-2291?cursor=5317.9900").await.body;
    assert!(page.contains("rows 9,901 to 10,000 of 10,000") && page.contains("cursor=5317.9700"));
}

#[tokio::test]
async fn tables_can_be_had_as_csv() {
    let router = served(Pretended::default());
    let units = get(&router, "/export/where-used.csv?q=lot%3AMK-2291").await;
    assert_eq!(units.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(units.header("content-disposition"), "attachment; filename=\"where-used-lot_MK-2291.csv\"");
    assert_eq!(units.body.lines().count(), 10_001);
    let components = get(&router, "/export/components.csv?name=LONG").await;
    assert_eq!(components.body.lines().count(), 3_001);
    assert!(components.body.starts_with("position,package,thing,part,"));
}

#[tokio::test]
async fn a_message_is_mended_in_the_browser() {
    let router = served(Pretended::default());
    let post = |body: &'static str, site: &'static str| {
        Request::post("/quarantine/1/replay")
            .header(header::HOST, "localhost")
            .header("sec-fetch-site", site)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .expect("a request")
    };
    let mended = send(&router, post("text=%7B%7D", "same-origin")).await;
    assert!(mended.status == StatusCode::OK && mended.body.contains("/ledger/event/77"), "{}", mended.body);
    let again = send(&router, post("", "same-origin")).await;
    assert!(again.body.contains("Still not understood"));
    let foreign = send(&router, post("", "cross-site")).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    assert!(foreign.body.contains("another site may not write here"));
}

#[tokio::test]
async fn pages_are_strict_and_strangers_are_refused() {
    let router = served(Pretended::default());
    let page = get(&router, "/").await;
    assert!(page.header("content-security-policy").starts_with("default-src 'self'"));
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(!page.header("x-request-id").is_empty());
    let rebound = Request::get("/").header(header::HOST, "evil.example").body(Body::empty()).expect("a request");
    assert_eq!(send(&router, rebound).await.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn assets_are_kept_for_good_and_compressed() {
    let router = served(Pretended::default());
    let page = get(&router, "/").await.body;
    let url = page.split('"').find(|part| part.ends_with("tabler.min.css")).expect("a style sheet");
    let request = Request::get(url).header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).expect("a request");
    let style = send(&router, request).await;
    assert_eq!((style.status, style.header("content-encoding")), (StatusCode::OK, "gzip"));
    assert!(style.header("cache-control").contains("immutable"));
    let known =
        Request::get(url).header(header::IF_NONE_MATCH, style.header("etag")).body(Body::empty()).expect("a request");
    assert_eq!(send(&router, known).await.status, StatusCode::NOT_MODIFIED);
    assert_eq!(get(&router, "/assets/0/../Cargo.toml").await.status, StatusCode::NOT_FOUND);
}
