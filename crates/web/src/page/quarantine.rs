//! Messages that could not be understood: what they say, where they go wrong, and another try.

use app::answer::Quarantined;
use app::{Captured, Outcome, QuarantineFilter, Replay};
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::piece::{Count, When, count};
use super::shell::{Page, Shell, sent};
use crate::state::Desk;

/// Messages of one page.
const MESSAGES: usize = 100;
/// Lines shown before and after the wrong one.
const AROUND: usize = 12;
/// Longest part of a line that is shown, in characters.
const LINE_MAX: usize = 400;
/// Longest message that can be mended in the browser.
const MENDED_MAX: usize = 512 << 10;

#[derive(Deserialize)]
pub(super) struct ListParams {
    state: Option<String>,
    cursor: Option<u64>,
}

#[derive(Template)]
#[template(path = "quarantine.html")]
struct ListPage {
    shell: Shell,
    messages: Vec<Row>,
    next: Option<u64>,
    state: &'static str,
    first_page: bool,
}

struct Row {
    id: u64,
    received: When,
    bytes: Count,
    message: Quarantined,
}

#[derive(Template)]
#[template(path = "quarantined.html")]
struct ShowPage {
    shell: Shell,
    message: Quarantined,
    received: When,
    bytes: Count,
    lines: Vec<Line>,
    above: usize,
    below: usize,
    readable: bool,
    mend: Option<String>,
    outcome: Option<Replayed>,
}

/// A line of the message, cut at the column where it goes wrong.
struct Line {
    number: usize,
    before: String,
    wrong: Option<String>,
    after: String,
}

struct Replayed {
    good: bool,
    text: String,
    index: Option<u64>,
}

/// `GET /quarantine`
pub(super) async fn list(State(desk): State<Desk>, Query(params): Query<ListParams>) -> Page {
    let (state, filter) = match params.state.as_deref() {
        Some("replayed") => ("replayed", QuarantineFilter::Replayed),
        Some("all") => ("all", QuarantineFilter::All),
        _ => ("waiting", QuarantineFilter::Waiting),
    };
    let page = desk.ask(move |house| house.quarantine_list(filter, params.cursor, MESSAGES)).await?;
    let row = |message: Quarantined| Row {
        id: message.id,
        received: When::at(&message.received),
        bytes: count(message.bytes),
        message,
    };
    sent(&ListPage {
        shell: Shell::new(&desk, "quarantine", "Quarantine"),
        messages: page.messages.into_iter().map(row).collect(),
        next: page.next,
        state,
        first_page: params.cursor.is_none(),
    })
}

/// `GET /quarantine/{id}`
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<u64>) -> Page {
    let (message, bytes) = desk.ask(move |house| house.quarantine_show(id)).await?;
    sent(&ShowPage::of(&desk, message, &bytes, None))
}

#[derive(Deserialize)]
pub(super) struct ReplayForm {
    text: Option<String>,
}

/// `POST /quarantine/{id}/replay`
pub(super) async fn replay(State(desk): State<Desk>, Path(id): Path<u64>, Form(form): Form<ReplayForm>) -> Page {
    let replay = match form.text {
        Some(text) => Replay::Repaired { id, bytes: text.replace("\r\n", "\n").into_bytes() },
        None => Replay::Ids(vec![id]),
    };
    let captured = desk.ask(move |house| house.quarantine_replay(&replay)).await?;
    let (message, bytes) = desk.ask(move |house| house.quarantine_show(id)).await?;
    sent(&ShowPage::of(&desk, message, &bytes, Some(Replayed::of(&captured))))
}

impl ShowPage {
    fn of(desk: &Desk, message: Quarantined, bytes: &[u8], outcome: Option<Replayed>) -> ShowPage {
        let text = String::from_utf8_lossy(bytes);
        let wrong = usize::try_from(message.line.max(1)).unwrap_or(usize::MAX);
        let column = usize::try_from(message.column.max(1)).unwrap_or(usize::MAX);
        let all: Vec<&str> = text.lines().collect();
        let first = wrong.saturating_sub(AROUND + 1).min(all.len());
        let last = wrong.saturating_add(AROUND).min(all.len());
        let line =
            |(at, line): (usize, &&str)| Line::of(first + at + 1, line, (first + at + 1 == wrong).then_some(column));
        ShowPage {
            shell: Shell::new(desk, "quarantine", format!("Quarantine {}", message.id)),
            received: When::at(&message.received),
            bytes: count(message.bytes),
            lines: all[first..last].iter().enumerate().map(line).collect(),
            above: first,
            below: all.len() - last,
            readable: std::str::from_utf8(bytes).is_ok(),
            mend: (message.state == "waiting" && bytes.len() <= MENDED_MAX).then(|| text.clone().into_owned()),
            message,
            outcome,
        }
    }
}

impl Line {
    /// Long lines are cut so that the wrong place stays in sight.
    fn of(number: usize, line: &str, column: Option<usize>) -> Line {
        let Some(column) = column else {
            let cut: String = line.chars().take(LINE_MAX).collect();
            let after = if cut.len() < line.len() { format!("{cut} …") } else { cut };
            return Line { number, before: after, wrong: None, after: String::new() };
        };
        let chars: Vec<char> = line.chars().collect();
        let at = (column - 1).min(chars.len());
        let begin = at.saturating_sub(LINE_MAX / 2);
        let end = at.saturating_add(LINE_MAX / 2).min(chars.len());
        let text = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
        let wrong_end = (at + 1).min(chars.len());
        let wrong = if at == chars.len() { "⏎".to_owned() } else { text(at, wrong_end) };
        Line {
            number,
            before: format!("{}{}", if begin > 0 { "… " } else { "" }, text(begin, at)),
            wrong: Some(wrong),
            after: format!("{}{}", text(wrong_end, end.max(wrong_end)), if end < chars.len() { " …" } else { "" }),
        }
    }
}

impl Replayed {
    fn of(captured: &Captured) -> Replayed {
        let bad = |text: String| Replayed { good: false, text, index: None };
        match captured.messages.first().map(|message| &message.outcome) {
            Some(Outcome::Recorded { index }) => {
                Replayed { good: true, text: "Recorded.".to_owned(), index: Some(*index) }
            }
            Some(Outcome::Contradicts { index }) => Replayed {
                good: true,
                text: "Recorded, although its identifier was known with another body; that is a finding.".to_owned(),
                index: Some(*index),
            },
            Some(Outcome::Duplicate) => {
                Replayed { good: true, text: "It was recorded before; nothing was added.".to_owned(), index: None }
            }
            Some(Outcome::Heartbeat) => {
                Replayed { good: true, text: "A sign of life; it was counted.".to_owned(), index: None }
            }
            Some(Outcome::Quarantined { line, column, field, reason, .. }) => {
                bad(format!("Still not understood: line {line}, column {column}, `{field}`: {reason}"))
            }
            None => bad("Nothing could be read.".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrong_column_is_marked_and_long_lines_are_cut_around_it() {
        let line = Line::of(3, "{\"a\": x}", Some(7));
        assert_eq!((line.before.as_str(), line.wrong.as_deref(), line.after.as_str()), ("{\"a\": ", Some("x"), "}"));
        let past = Line::of(1, "ab", Some(9));
        assert_eq!((past.before.as_str(), past.wrong.as_deref(), past.after.as_str()), ("ab", Some("⏎"), ""));
        let long = Line::of(1, &"é".repeat(10_000), Some(5_000));
        assert!(long.before.chars().count() <= LINE_MAX && long.after.chars().count() <= LINE_MAX);
    }
}
