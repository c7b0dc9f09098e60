//! The API: answers, problems, and the document that describes them.

use std::path::Path;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::Value;
use tokio_stream::StreamExt;
use tower::ServiceExt;
use web::House;

use crate::pages::{Answer, get, send};
use crate::pretended::{EVENTS, LOT, Pretended, UNIT, served};

async fn json(path: &str) -> Value {
    let answer = get(&served(Pretended::default()), path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

async fn problem(path: &str, status: u16) -> Value {
    problem_of(get(&served(Pretended::default()), path).await, status)
}

fn problem_of(answer: Answer, status: u16) -> Value {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(problem["status"], status);
    for member in ["type", "title", "detail"] {
        assert!(problem[member].is_string(), "{problem}");
    }
    problem
}

#[tokio::test]
async fn the_same_questions_as_the_pages() {
    assert_eq!(json(&format!("/api/v1/trace/unit:{UNIT}")).await["names"][1], "SN 2609-004711");
    assert_eq!(json(&format!("/api/v1/trace/{UNIT}?as_of=4000")).await["as_of"], 4_000);
    assert_eq!(json("/api/v1/things?prefix=MK-2291").await["things"][0], LOT);
    assert_eq!(json(&format!("/api/v1/things/{LOT}")).await["facts"][0][0], "part");
    assert_eq!(json("/api/v1/now").await[2]["station"], "SMT-1");
    assert_eq!(json("/api/v1/quarantine").await["messages"].as_array().map(Vec::len), Some(4));
    assert_eq!(json("/api/v1/quarantine/2").await["field"], "UniqueID");
    assert_eq!(json("/api/v1/ledger").await["recorded"], EVENTS);
    assert_eq!(json("/api/v1/ledger/events/7").await["index"], 7);
    assert_eq!(json("/api/v1/ledger/consistency?old=5").await["new"], EVENTS - 2);
    assert_eq!(json("/healthz").await["status"], "ok");
    let proof = get(&served(Pretended::default()), "/api/v1/ledger/proof/7").await;
    assert!(proof.body.starts_with("c2sp.org/tlog-proof@v1\nindex 7\n"));
}

#[tokio::test]
async fn problems_are_documents() {
    assert_eq!(problem("/api/v1/trace/nothing", 404).await["type"], "/problems/unknown");
    assert_eq!(problem("/api/v1/trace/TWICE", 409).await["candidates"][1], "unit:TS-000002/3");
    assert!(problem("/api/v1/trace/BROKEN", 500).await["instance"].is_string());
    problem("/api/v1/trace/x?as_of=soon", 400).await;
    problem("/api/v1/where-used", 400).await;
    problem(&format!("/api/v1/where-used?thing={LOT}&limit=0"), 400).await;
    problem("/api/v1/quarantine?state=lost", 400).await;
    problem("/api/v1/ledger/events/99999", 404).await;
    problem("/api/v1/ledger/consistency?old=9&new=5", 409).await;
    problem("/api/v1/nowhere", 404).await;
    problem("/ledger/tile/0/1", 404).await;
    let wrong = Request::put("/api/v1/now").header(header::HOST, "localhost").body(Body::empty()).expect("a request");
    problem_of(send(&served(Pretended::default()), wrong).await, 405);
}

#[tokio::test]
async fn pages_of_an_answer_make_the_whole() {
    let (mut units, mut cursor) = (0, String::new());
    loop {
        let page = json(&format!("/api/v1/where-used?thing={LOT}&limit=3000{cursor}")).await;
        assert_eq!(page["counts"]["units"], 10_000, "counts are those of the whole answer");
        units += page["units"].as_array().map_or(0, Vec::len);
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(units, 10_000);
}

#[tokio::test]
async fn messages_are_captured_within_the_limit() {
    let router = served(Pretended::default());
    let post = |path: &str, body: String| {
        Request::post(path).header(header::HOST, "127.0.0.1").body(Body::from(body)).expect("a request")
    };
    let recorded = send(&router, post("/api/v1/capture/cfx", "{}".into())).await;
    assert!(recorded.body.contains(r#""outcome":"recorded","index":5317"#), "{}", recorded.body);
    let quarantined = send(&router, post("/api/v1/events?source=mes", "x".into())).await;
    assert!(quarantined.body.contains(r#""outcome":"quarantined","id":4"#), "{}", quarantined.body);
    problem_of(send(&router, post("/api/v1/capture/cfx", String::new())).await, 400);
    problem_of(send(&router, post("/api/v1/capture/cfx", "x".repeat(5_000))).await, 413);
    problem_of(send(&router, post("/api/v1/quarantine/1/replay", "x".repeat(5_000))).await, 413);
    let replayed = send(&router, post("/api/v1/quarantine/1/replay", "{}".into())).await;
    assert!(replayed.body.contains("recorded"));
    let foreign = Request::post("/api/v1/events")
        .header(header::HOST, "localhost")
        .header(header::ORIGIN, "https://evil.example");
    let foreign = send(&router, foreign.body(Body::from("{}")).expect("a request")).await;
    problem_of(foreign, 403);
}

#[tokio::test]
async fn the_ledger_is_served_as_tiles() {
    let router = served(Pretended::default());
    let checkpoint = get(&router, "/ledger/checkpoint").await;
    assert!(checkpoint.body.starts_with("tracewright.example/plant-7\n5315\n"));
    assert_eq!(checkpoint.header("content-type"), "text/plain; charset=utf-8");
    let tile = get(&router, "/ledger/tile/0/000.p/3").await;
    assert_eq!((tile.header("content-type"), tile.body.len()), ("application/octet-stream", 96));
    assert!(tile.header("cache-control").contains("immutable"));
    assert_eq!(get(&router, "/ledger/tile/entries/x001/000.p/2").await.body.len(), 6);
}

#[tokio::test]
async fn the_stream_says_what_changed() {
    let router = served(Pretended::default());
    let request = Request::get("/api/v1/stream").header(header::HOST, "localhost").header("last-event-id", "5");
    let response = router.oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let mut text = String::new();
    while text.matches("\n\n").count() < 2 {
        text.push_str(&String::from_utf8_lossy(&body.next().await.expect("a chunk").expect("no error")));
    }
    assert!(text.starts_with("event: changed\nid: "), "what changed meanwhile comes first: {text}");
    assert!(text.contains("event: counters\n") && text.contains("\"messages_per_s\":"));
}

/// The document is kept beside this test; `UPDATE=1` writes it anew.
#[test]
fn the_document_is_what_it_was() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web/openapi.json");
    let document = web::openapi() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &document).expect("the document is written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == document, "the API changed: look at the difference, then run this test with UPDATE=1");
}

fn value(answer: &impl serde::Serialize) -> Value {
    serde_json::to_value(answer).expect("answers are JSON")
}

/// Every member of every answer is in its schema, and the other way round.
#[test]
fn schemas_mirror_the_answers() {
    let document: Value = serde_json::from_str(&web::openapi()).expect("JSON");
    let house = Pretended::default();
    let query = app::WhereUsedQuery { thing: LOT.into(), ..Default::default() };
    let trace = house.trace(UNIT, app::AsOf::Latest).expect("an answer");
    let used = house.where_used(&query).expect("an answer");
    let about = house.about(LOT, app::AsOf::Latest).expect("an answer");
    let check = |schema: &str, answer: Value| {
        let described = document["components"]["schemas"][schema]["properties"].as_object().expect(schema);
        let described: Vec<&String> = described.keys().collect();
        let mut given: Vec<&String> = answer.as_object().expect(schema).keys().collect();
        given.sort();
        let mut sorted = described;
        sorted.sort();
        assert_eq!(given, sorted, "{schema}");
    };
    check("Trace", value(&trace));
    check("Component", value(&trace.components[0]));
    check("HistoryLine", value(&trace.history[0]));
    check("Belonging", value(&trace.within[0]));
    check("Gap", value(&trace.gaps[0]));
    check("WhereUsedRow", value(&used.units[0]));
    check("Holder", value(&used.containers[0]));
    check("Counts", value(&used.counts));
    check("WhereUsed", value(&used));
    check("ThingAbout", value(&about));
    check("MountedAt", value(&about.mounts[0]));
    check("StationNow", value(&house.now().expect("an answer")[0]));
    check("Quarantined", value(&house.quarantine_show(1).expect("an answer").0));
    check("LedgerNow", value(&house.ledger().expect("an answer")));
    check("EventShown", value(&house.event(1).expect("an answer")));
    check("Imported", value(&app::answer::Imported::default()));
}
