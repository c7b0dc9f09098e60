//! The scan box: whatever a scanner or a person enters leads to the page of the thing it names.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::link::{scanned, thing_path};
use crate::problem::Problem;
use crate::state::Desk;

/// Things that are offered when a text may mean several.
const CANDIDATES_MAX: usize = 50;

#[derive(Deserialize)]
pub(super) struct ScanParams {
    #[serde(default)]
    q: String,
}

/// `GET /scan?q=`
pub(super) async fn scan(State(desk): State<Desk>, Query(params): Query<ScanParams>) -> Result<Response, Problem> {
    let text = scanned(&params.q);
    if text.is_empty() {
        return Ok(Redirect::to("/").into_response());
    }
    let asked = text.clone();
    let found = desk.ask(move |house| house.look_up(&asked, CANDIDATES_MAX)).await?;
    match meant(&text, &found) {
        Some(thing) => Ok(Redirect::to(&thing_path(thing)).into_response()),
        None if found.is_empty() => Err(app::QuestionError::Unknown(text).into()),
        None => Err(app::QuestionError::Ambiguous { text, candidates: found }.into()),
    }
}

/// The one thing that bears exactly this identifier; else the only one whose identifier begins with it.
fn meant<'a>(text: &str, found: &'a [String]) -> Option<&'a String> {
    let is_it = |thing: &&String| {
        let id = thing.split_once(':').map_or(thing.as_str(), |(_, id)| id);
        id.eq_ignore_ascii_case(text) || thing.eq_ignore_ascii_case(text)
    };
    let mut exact = found.iter().filter(is_it);
    match (exact.next(), exact.next(), found) {
        (Some(thing), None, _) => Some(thing),
        (None, _, [thing]) => Some(thing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_name_wins_over_what_begins_with_it() {
        let check = |text: &str, found: &[&str], thing: Option<&str>| {
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(meant(text, &found).map(String::as_str), thing);
        };
        check("P1", &["unit:P1", "unit:P1/1", "unit:P10"], Some("unit:P1"));
        check("p1", &["unit:P1", "unit:P10"], Some("unit:P1"));
        check("lot:P1", &["lot:P1"], Some("lot:P1"));
        check("A7", &["lot:A7", "order:A7"], None);
        check("A", &["lot:A7"], Some("lot:A7"));
        check("A", &[], None);
    }
}
