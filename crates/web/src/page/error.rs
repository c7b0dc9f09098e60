//! Errors with a face: whatever goes wrong, a person gets a page that says what, and what to do; a machine gets `problem+json`.

use askama::Template;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::piece::{Prose, Thing};
use super::shell::Shell;
use crate::problem::Problem;
use crate::state::Desk;

/// Bytes of a refusal's text that are read.
const TEXT_MAX: usize = 4_096;
/// Near things that are offered.
const NEAR_MAX: usize = 12;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    shell: Shell,
    problem: Problem,
    detail: Prose,
    hint: Option<Prose>,
    near: Vec<Thing>,
}

pub(crate) async fn no_such_page(uri: Uri) -> Problem {
    Problem::unknown(format!("there is no page `{}`", uri.path()))
}

/// Gives every refusal its face, those of the layers below included.
pub(crate) async fn faces(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let for_people = is_for_people(request.uri().path(), request.headers());
    let response = next.run(request).await;
    if !(response.status().is_client_error() || response.status().is_server_error()) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let problem = match parts.extensions.get::<Problem>() {
        Some(problem) => problem.clone(),
        None => Problem::of(parts.status, &to_bytes(body, TEXT_MAX).await.unwrap_or_default()),
    };
    let mut response = if for_people { page(&desk, problem).await } else { problem.into_response() };
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = parts.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

async fn page(desk: &Desk, problem: Problem) -> Response {
    let candidates = match (&problem.asked, problem.candidates.is_empty()) {
        (Some(asked), true) => near(desk, asked).await,
        _ => problem.candidates.to_vec(),
    };
    let status = if problem.is_choice() { StatusCode::MULTIPLE_CHOICES } else { problem.status };
    let mut shell = Shell::new(desk, "", problem.title);
    shell.scan = problem.asked.as_deref().unwrap_or_default().to_owned();
    let page = ErrorPage {
        shell,
        near: candidates.into_iter().map(Thing::new).collect(),
        detail: Prose(problem.detail.to_string()),
        hint: problem.hint.as_deref().map(|hint| Prose(hint.to_owned())),
        problem,
    };
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => page.problem.into_response(),
    }
}

/// Things whose names begin as this one does, the longest beginning that finds any.
async fn near(desk: &Desk, asked: &str) -> Vec<String> {
    let id = asked.split_once(':').map_or(asked, |(_, id)| id).to_owned();
    let search = move |house: &dyn crate::House| {
        let lengths = [id.chars().count(), id.chars().count() * 3 / 4, id.chars().count() / 2];
        for length in lengths.into_iter().filter(|length| *length >= 2) {
            let beginning: String = id.chars().take(length).collect();
            let found = house.look_up(&beginning, NEAR_MAX)?;
            if !found.is_empty() {
                return Ok::<_, app::QuestionError>(found);
            }
        }
        Ok(Vec::new())
    };
    desk.ask(search).await.unwrap_or_default()
}

fn is_for_people(path: &str, headers: &HeaderMap) -> bool {
    let machine = ["/api/", "/assets/", "/ledger/tile/", "/ledger/checkpoint", "/healthz"];
    let accepts = headers.get(header::ACCEPT).is_none_or(|accept| {
        let accept = String::from_utf8_lossy(accept.as_bytes());
        accept.contains("text/html") || accept.contains("*/*")
    });
    accepts && !machine.iter().any(|prefix| path.starts_with(prefix))
}
