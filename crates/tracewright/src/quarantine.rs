//! `quarantine list | show | replay`.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use app::answer::Quarantined;
use app::{Captured, OpenOptions, Outcome, QuarantineFilter, Replay, Site};
use serde::Serialize;

use crate::arguments::{Quarantine, QuarantineWhat, State};
use crate::say::{self, Done, Failure};

pub(crate) fn quarantine(data: &Path, given: &Quarantine, json: bool) -> Result<Done, Failure> {
    match &given.what {
        QuarantineWhat::List { state, after, limit } => list(data, *state, *after, *limit, json),
        QuarantineWhat::Show { id, raw } => show(data, *id, *raw, json),
        QuarantineWhat::Replay { ids, all, with } => {
            let replay = match (with, ids.as_slice()) {
                _ if *all => Replay::All,
                (None, ids) => Replay::Ids(ids.to_vec()),
                (Some(path), [id]) => Replay::Repaired { id: *id, bytes: read(path)? },
                (Some(_), _) => return Err(Failure::misuse("repaired bytes replace one message, several are named")),
            };
            self::replay(data, &replay, json)
        }
    }
}

fn list(data: &Path, state: State, after: Option<u64>, limit: usize, json: bool) -> Result<Done, Failure> {
    let filter = match state {
        State::Waiting => QuarantineFilter::Waiting,
        State::Replayed => QuarantineFilter::Replayed,
        State::All => QuarantineFilter::All,
    };
    let page = Site::open_to_read(data)?.quarantine_list(filter, after, limit)?;
    if json {
        say::json(&page)?;
        return Ok(Done::Well);
    }
    if page.messages.is_empty() {
        say::line("nothing is in quarantine")?;
    }
    let rows = page.messages.iter().map(|message| {
        vec![
            message.id.to_string(),
            message.received.clone(),
            format!("{}:{}:{}", message.source, message.line, message.column),
            message.field.clone(),
            message.reason.clone(),
            message.state.clone(),
        ]
    });
    say::table("", &["id", "received", "where", "field", "reason", "state"], rows)?;
    if let Some(next) = page.next {
        say::line(format!("there are more: `--after {next}`"))?;
    }
    Ok(Done::Well)
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    message: &'a Quarantined,
    /// The bytes as text; what is no UTF-8 is replaced.
    text: String,
}

fn show(data: &Path, id: u64, raw: bool, json: bool) -> Result<Done, Failure> {
    let (message, bytes) = Site::open_to_read(data)?.quarantine_show(id)?;
    if raw {
        io::stdout().lock().write_all(&bytes)?;
        return Ok(Done::Well);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if json {
        say::json(&Shown { message: &message, text })?;
        return Ok(Done::Well);
    }
    say::line(format!("message {} ({}), received {}", message.id, message.state, message.received))?;
    say::line(format!("  {}, line {}, column {}", message.source, message.line, message.column))?;
    if !message.field.is_empty() {
        say::line(format!("  field: {}", message.field))?;
    }
    say::line(format!("  reason: {}\n", message.reason))?;
    say::line(text)?;
    Ok(Done::Well)
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    fs::read(path).map_err(|error| Failure::file("read", path.display(), error))
}

fn replay(data: &Path, replay: &Replay, json: bool) -> Result<Done, Failure> {
    let site = Site::open(data, OpenOptions::default())?;
    let captured = site.quarantine_replay(replay)?;
    site.close()?;
    if json {
        say::json(&captured)?;
    } else {
        show_replayed(&captured)?;
    }
    Ok(if captured.counts.quarantined > 0 { Done::No } else { Done::Well })
}

fn show_replayed(captured: &Captured) -> Result<(), Failure> {
    let counts = &captured.counts;
    say::line(format!(
        "{} messages read again: {} recorded, {} duplicates, {} still in quarantine",
        counts.messages, counts.recorded, counts.duplicates, counts.quarantined
    ))?;
    let rows = captured.messages.iter().filter_map(|message| match &message.outcome {
        Outcome::Quarantined { id, line, column, field, reason } => {
            Some(vec![id.to_string(), format!("{line}:{column}"), field.clone(), reason.clone()])
        }
        _ => None,
    });
    say::table("", &["id", "where", "field", "reason"], rows)
}
