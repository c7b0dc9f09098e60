//! What is said and how: tables for people, JSON for programs, errors with a hint.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use app::{QuestionError, SiteError};
use comfy_table::presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// As it should.
    Well,
    /// The answer is no, or problems were found.
    No,
}

impl Done {
    pub(crate) fn code(self) -> ExitCode {
        match self {
            Done::Well => ExitCode::SUCCESS,
            Done::No => ExitCode::from(1),
        }
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    error: anyhow::Error,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    /// A misuse: the arguments cannot be right.
    pub(crate) fn misuse(text: impl Display) -> Failure {
        Failure { error: anyhow::anyhow!("{text}"), hint: None, code: 2 }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Failure {
        Failure { hint: Some(hint.into()), ..self }
    }

    /// A failure of something below.
    pub(crate) fn failed(error: anyhow::Error) -> Failure {
        Failure { error, hint: None, code: 1 }
    }

    /// A failure of anything, as it says itself.
    pub(crate) fn of(error: impl Into<anyhow::Error>) -> Failure {
        Failure::failed(error.into())
    }

    /// A file that cannot be read or written.
    pub(crate) fn file(action: &str, path: impl Display, error: io::Error) -> Failure {
        let code =
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) { 2 } else { 1 };
        Failure { error: anyhow::Error::new(error).context(format!("cannot {action} `{path}`")), hint: None, code }
    }

    /// Tells the person and gives the exit code.
    pub(crate) fn tell(self) -> ExitCode {
        if let Some(error) = self.error.downcast_ref::<io::Error>()
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            return ExitCode::SUCCESS;
        }
        let mut text = String::new();
        for cause in self.error.chain() {
            let cause = cause.to_string();
            // Some causes say what their outer error says already.
            if !text.ends_with(&cause) {
                if !text.is_empty() {
                    text.push_str(": ");
                }
                text.push_str(&cause);
            }
        }
        let mut stderr = io::stderr().lock();
        writeln!(stderr, "error: {}", clean(&text)).ok();
        if let Some(hint) = self.hint {
            writeln!(stderr, "hint: {}", clean(&hint)).ok();
        }
        ExitCode::from(self.code)
    }
}

impl From<SiteError> for Failure {
    fn from(error: SiteError) -> Failure {
        let hint = error.hint().map(str::to_owned);
        let code = match &error {
            SiteError::Missing(_)
            | SiteError::InUse(_)
            | SiteError::Config(_)
            | SiteError::Refused(_)
            | SiteError::Panel(_)
            | SiteError::Board(_) => 2,
            _ => 1,
        };
        Failure { error: error.into(), hint, code }
    }
}

impl From<QuestionError> for Failure {
    fn from(error: QuestionError) -> Failure {
        let (hint, code) = match &error {
            QuestionError::Ambiguous { candidates, .. } => {
                (candidates.first().map(|first| format!("name one of them with its kind, such as `{first}`")), 1)
            }
            QuestionError::Malformed { .. } => (None, 2),
            _ => (None, 1),
        };
        Failure { error: error.into(), hint, code }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure { error: error.into(), hint: None, code: 1 }
    }
}

/// Writes an answer as JSON.
pub(crate) fn json(answer: &impl Serialize) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, answer).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

/// Writes a line.
pub(crate) fn line(text: impl Display) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{}", clean(&text.to_string()))?;
    Ok(())
}

/// Writes a table under a heading; nothing when it has no rows.
pub(crate) fn table(
    heading: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<(), Failure> {
    let mut table = Table::new();
    let terminal = io::stdout().is_terminal();
    table.load_style(if terminal { UTF8_FULL_CONDENSED } else { ASCII_MARKDOWN });
    table.set_content_arrangement(if terminal { ContentArrangement::Dynamic } else { ContentArrangement::Disabled });
    table.set_header(columns.iter().copied());
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell)));
    }
    if table.is_empty() {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    if !heading.is_empty() {
        writeln!(out, "\n{}", clean(heading))?;
    }
    writeln!(out, "{table}")?;
    Ok(())
}

/// What machines sent may hold anything; a terminal shall show it and not obey it.
fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() && letter != '\n' { '\u{fffd}' } else { letter }).collect()
}

/// A text for a cell that may be empty.
pub(crate) fn or_dash(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned()
}

/// A bar on standard error, if that is a terminal.
pub(crate) fn progress(total: Option<u64>, what: &str, bytes: bool) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = match total {
        Some(total) => ProgressBar::new(total),
        None => ProgressBar::new_spinner(),
    };
    let (position, speed) = if bytes { ("{bytes}", "{bytes_per_sec}") } else { ("{human_pos}", "{per_sec}") };
    let of = match (total, bytes) {
        (None, _) => "",
        (Some(_), true) => " of {total_bytes} [{bar:30}]",
        (Some(_), false) => " of {human_len} [{bar:30}]",
    };
    if let Ok(style) = ProgressStyle::with_template(&format!("{{msg}} {position}{of} {speed} {{eta}}")) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
