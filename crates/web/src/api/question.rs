//! `trace` and `where-used`.

use app::answer::{Trace, WhereUsed};
use app::{AsOf, WhereUsedQuery};
use axum::Json;
use axum::extract::{Path, Query, State};
use kernel::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::answer::Answer;
use super::schema;
use crate::problem::Problem;
use crate::state::Desk;

/// Most rows of one page of an answer.
const ROWS_MAX: usize = 10_000;
/// Rows of one page when nothing is said.
const ROWS: usize = 1_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AsOfParams {
    /// As known when: an index of the log, or an RFC 3339 time.
    as_of: Option<String>,
}

impl AsOfParams {
    pub(crate) fn checked(&self) -> Result<AsOf, Problem> {
        as_of(self.as_of.as_deref())
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhereUsedParams {
    /// The thing, `kind:identifier` or a bare identifier.
    thing: String,
    /// Only what happened from here on (RFC 3339).
    from: Option<String>,
    /// Only what happened before this (RFC 3339).
    until: Option<String>,
    /// As known when: an index of the log, or an RFC 3339 time.
    as_of: Option<String>,
    /// Where to go on, from the last page's `next`.
    cursor: Option<String>,
    /// Rows of this page, 1 to 10,000; 1,000 when left out.
    limit: Option<usize>,
}

/// An answer, one page of it.
#[derive(Serialize)]
pub(crate) struct WhereUsedPage {
    #[serde(flatten)]
    answer: WhereUsed,
    next: Option<String>,
}

/// What is in a unit and what happened to it.
#[utoipa::path(get, path = "/api/v1/trace/{*thing}", tag = "questions", params(
    ("thing" = String, Path, description = "the unit, by any of its names; slashes may stand as they are"), AsOfParams),
    responses((status = 200, body = schema::Trace),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "the name is not unique", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn trace(
    State(desk): State<Desk>,
    Path(thing): Path<String>,
    Query(params): Query<AsOfParams>,
) -> Answer<Trace> {
    let as_of = params.checked()?;
    desk.ask(move |house| house.trace(&thing, as_of)).await.map(Json)
}

/// Where a thing went. Rows are paged; counts, containers, shipments and gaps are always those of the whole answer.
#[utoipa::path(get, path = "/api/v1/where-used", tag = "questions", params(WhereUsedParams),
    responses((status = 200, body = schema::WhereUsedPage),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "the name is not unique", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn where_used(
    State(desk): State<Desk>,
    Query(params): Query<WhereUsedParams>,
) -> Answer<WhereUsedPage> {
    let cut = Cut::parse(params.cursor.as_deref(), params.as_of.as_deref(), params.limit)?;
    let query = WhereUsedQuery {
        thing: params.thing,
        from: instant("from", params.from.as_deref())?,
        until: instant("until", params.until.as_deref())?,
        as_of: cut.as_of,
    };
    let mut answer = desk.ask(move |house| house.where_used(&query)).await?;
    let next = cut.apply(&mut answer);
    Ok(Json(WhereUsedPage { answer, next }))
}

/// A page of rows: from where, how many, and as of when, so that later pages come from the answer of the first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) as_of: AsOf,
    pub(crate) skip: usize,
    pub(crate) limit: usize,
}

impl Cut {
    /// A cursor is `<size of the log>.<rows seen>`.
    pub(crate) fn parse(cursor: Option<&str>, as_of_text: Option<&str>, limit: Option<usize>) -> Result<Cut, Problem> {
        let limit = limit.unwrap_or(ROWS);
        if !(1..=ROWS_MAX).contains(&limit) {
            return Err(Problem::malformed(format!("`limit` is 1 to {ROWS_MAX}, not {limit}")));
        }
        let Some(cursor) = cursor else { return Ok(Cut { as_of: as_of(as_of_text)?, skip: 0, limit }) };
        let parts = cursor.split_once('.').and_then(|(size, seen)| Some((size.parse().ok()?, seen.parse().ok()?)));
        let Some((size, skip)) = parts else {
            return Err(
                Problem::malformed(format!("`{cursor}` is no cursor of ours")).with_hint("begin without a cursor")
            );
        };
        Ok(Cut { as_of: AsOf::Index(size), skip, limit })
    }

    /// Leaves the rows of this page, and says where the next begins.
    pub(crate) fn apply(self, answer: &mut WhereUsed) -> Option<String> {
        let all = answer.units.len();
        let seen = self.skip.saturating_add(self.limit).min(all);
        answer.units.truncate(seen);
        answer.units.drain(..self.skip.min(seen));
        (seen < all).then(|| format!("{}.{seen}", answer.as_of))
    }
}

/// An index of the log, or a time.
pub(crate) fn as_of(text: Option<&str>) -> Result<AsOf, Problem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(AsOf::Latest) };
    if let Ok(index) = text.parse() {
        return Ok(AsOf::Index(index));
    }
    instant("as_of", Some(text)).map(|at| at.map_or(AsOf::Latest, AsOf::Time))
}

/// A time as machines, people or a browser's date field write it; without a zone it is UTC.
pub(crate) fn instant(field: &str, text: Option<&str>) -> Result<Option<Time>, Problem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let zoned = || Time::parse(text);
    let plain = || {
        let at: jiff::civil::DateTime = text.parse().ok()?;
        Some(Time(at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond()))
    };
    match zoned().or_else(plain) {
        Some(at) => Ok(Some(at)),
        None => Err(Problem::malformed(format!("`{field}` is no time: `{text}`"))
            .with_hint("write it as 2026-03-02T14:05:00Z, with another offset if you like")),
    }
}
