//! The ledger: what was recorded, in order, and how anybody can prove that it still is what it was.

use app::SiteError;
use app::answer::{EventShown, LedgerNow};
use askama::Template;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::piece::{Count, When};
use super::shell::{Page, Shell, sent};
use crate::state::Desk;

/// Events of one page.
const EVENTS: u64 = 50;

#[derive(Deserialize)]
pub(super) struct LedgerParams {
    /// Show the events before this index.
    before: Option<u64>,
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct LedgerPage {
    shell: Shell,
    ledger: LedgerNow,
    recorded: Count,
    sealed: Count,
    unsealed: u64,
    events: Vec<Row>,
    older: Option<u64>,
    newer: Option<String>,
}

struct Row {
    index: u64,
    event: EventShown,
    at: When,
    recorded_at: When,
    sealed: bool,
}

#[derive(Template)]
#[template(path = "event.html")]
struct EventPage {
    shell: Shell,
    event: EventShown,
    at: When,
    recorded_at: When,
    entry: String,
    attached: Option<String>,
    proof: Option<String>,
    why_no_proof: Option<String>,
    key: String,
    previous: Option<u64>,
    next: u64,
}

/// `GET /ledger`
pub(super) async fn ledger(State(desk): State<Desk>, Query(params): Query<LedgerParams>) -> Page {
    let (ledger, events) = desk
        .ask(move |house| {
            let ledger = house.ledger()?;
            let end = params.before.unwrap_or(ledger.recorded).min(ledger.recorded);
            let events: Vec<EventShown> =
                (end.saturating_sub(EVENTS)..end).rev().map(|index| house.event(index)).collect::<Result<_, _>>()?;
            Ok::<_, SiteError>((ledger, events))
        })
        .await?;
    let first = events.last().map_or(0, |event| event.index);
    let newest = events.first().map_or(0, |event| event.index + 1);
    let newer = match newest.saturating_add(EVENTS) {
        _ if newest >= ledger.recorded => None,
        above if above >= ledger.recorded => Some("/ledger#events".to_owned()),
        above => Some(format!("/ledger?before={above}#events")),
    };
    sent(&LedgerPage {
        shell: Shell::new(&desk, "ledger", "Ledger"),
        recorded: Count(ledger.recorded),
        sealed: Count(ledger.sealed),
        unsealed: ledger.recorded.saturating_sub(ledger.sealed),
        events: events.into_iter().map(|event| Row::of(event, ledger.sealed)).collect(),
        older: (first > 0).then_some(first),
        newer,
        ledger,
    })
}

impl Row {
    fn of(event: EventShown, sealed: u64) -> Row {
        Row {
            index: event.index,
            at: When::at(&event.at),
            recorded_at: When::at(&event.recorded_at),
            sealed: event.index < sealed,
            event,
        }
    }
}

/// `GET /ledger/event/{index}`
pub(super) async fn event(State(desk): State<Desk>, Path(index): Path<u64>) -> Page {
    let (event, proof, ledger) = desk
        .ask(move |house| {
            let event = house.event(index)?;
            Ok::<_, SiteError>((event, house.inclusion_proof(index), house.ledger()?))
        })
        .await?;
    let (proof, why_no_proof) = match proof {
        Ok(proof) => (Some(proof), None),
        Err(error) => (None, Some(error.to_string())),
    };
    sent(&EventPage {
        shell: Shell::new(&desk, "ledger", format!("Event {index}")),
        at: When::at(&event.at),
        recorded_at: When::at(&event.recorded_at),
        entry: pretty(&event.entry),
        attached: event.attached.as_deref().map(pretty),
        proof,
        why_no_proof,
        key: ledger.key,
        previous: index.checked_sub(1),
        next: index + 1,
        event,
    })
}

/// JSON with line breaks for people; other text as it is.
fn pretty(entry: &str) -> String {
    serde_json::from_str::<&serde_json::value::RawValue>(entry)
        .map_or_else(|_| entry.to_owned(), |raw| broken(raw.get()))
}

/// Breaks and indents JSON without touching its members' order or its numbers' digits.
fn broken(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    let mut chars = json.chars().peekable();
    let newline = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth.min(64)));
    };
    while let Some(c) = chars.next() {
        if in_text {
            out.push(c);
            in_text = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                in_text = true;
                out.push(c);
            }
            '{' | '[' if chars.peek().is_some_and(|next| matches!(next, '}' | ']')) => {
                out.push(c);
                out.extend(chars.next());
            }
            '{' | '[' => {
                depth += 1;
                out.push(c);
                newline(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                newline(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                newline(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_broken_into_lines_and_keeps_its_digits() {
        let check = |json: &str, lines: &str| assert_eq!(pretty(json), lines);
        check(
            r#"{"a":1.50,"b":[],"c":{"d":"x,\"}"}}"#,
            "{\n  \"a\": 1.50,\n  \"b\": [],\n  \"c\": {\n    \"d\": \"x,\\\"}\"\n  }\n}",
        );
        check("not json", "not json");
    }
}
