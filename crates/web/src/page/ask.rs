//! A question in words: where did this go, within that time.

use askama::Template;
use axum::extract::{Query, State};

use super::piece::Prose;
use super::shell::{Page, Shell, sent};
use super::used::{Used, UsedParams};
use crate::link;
use crate::problem::Problem;
use crate::state::Desk;

#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage {
    shell: Shell,
    q: String,
    from: String,
    until: String,
    asked_as_of: String,
    used: Option<Used>,
    refused: Option<Refused>,
}

struct Refused {
    title: &'static str,
    detail: Prose,
    hint: Option<Prose>,
}

/// `GET /ask?q=`
pub(super) async fn ask(State(desk): State<Desk>, Query(params): Query<UsedParams>) -> Page {
    let q = params.q.trim().to_owned();
    let answer = match q.as_str() {
        "" => Ok(None),
        q => answer(&desk, q, &params).await.map(Some),
    };
    let (used, refused) = match answer {
        Ok(used) => (used, None),
        Err(problem) if problem.status.is_server_error() || problem.is_choice() => return Err(problem),
        Err(problem) => {
            let refused = Refused {
                title: problem.title,
                detail: Prose(problem.detail.into()),
                hint: problem.hint.map(|hint| Prose(hint.into())),
            };
            (None, Some(refused))
        }
    };
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    sent(&AskPage {
        shell: Shell::new(&desk, "ask", "Ask").without_focus(),
        from: text(&params.from),
        until: text(&params.until),
        asked_as_of: text(&params.as_of),
        q,
        used,
        refused,
    })
}

async fn answer(desk: &Desk, q: &str, params: &UsedParams) -> Result<Used, Problem> {
    let (query, cut) = params.question(q)?;
    let answer = desk.ask(move |house| house.where_used(&query)).await?;
    Ok(Used::of(answer, cut, params, &format!("/ask?q={}", link::query(q))))
}
