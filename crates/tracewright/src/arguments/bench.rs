//! Arguments of `bench`, as given.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    pub(crate) what: BenchWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchWhat {
    /// A factory's history into a data folder: rates, disk, memory, and how fast questions are answered, cold and warm
    History(History),
    /// What the record path takes, from a file and over HTTP, beside what reading alone would take
    Ingest(Ingest),
    /// The recall of lots that went into many units, on a history that `bench history` kept
    Recall(Recall),
    /// The database of a kept history made anew from its ledger
    Rebuild(Kept),
    /// The ledger of a kept history recomputed and checked
    Verify(Kept),
    /// What the machine itself can do, one thing at a time: reading, hashing, memory, pages, syncing
    Limits(Limits),
    /// The same history and questions in a PostgreSQL with a row for each placement: equal answers, ratios (only when built with
    /// `--features bench-postgres`)
    VersusPostgres(VersusPostgres),
    /// Drawings (SVG) of what result files say
    Plot(Plot),
    /// The questions of `bench history`, in a process of their own
    #[command(hide = true)]
    Ask(Ask),
}

/// Where the result goes besides standard output.
#[derive(Debug, Args)]
pub(crate) struct Out {
    /// Write the result as JSON into this file as well
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// How large a history is.
#[derive(Debug, Args)]
pub(crate) struct Size {
    /// Panels of four boards, about 2,950 placements each [default: 300]
    #[arg(long, value_name = "N")]
    pub(crate) panels: Option<u32>,
    /// About so many placements, such as 10M or 1G, in place of --panels
    #[arg(long, value_name = "N", value_parser = count, conflicts_with = "panels")]
    pub(crate) placements: Option<u64>,
    /// Same seed, same factory
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) size: Size,
    /// Questions of each kind
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub(crate) questions: usize,
    /// Keep the history in this folder. One that is there already is only asked, or built on until it has the size
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// The factory works on while its last piece is imported: done sooner, but the import's wall times are of a machine that does both
    #[arg(long)]
    pub(crate) ahead: bool,
    #[command(flatten)]
    pub(crate) out: Out,
}

#[derive(Debug, Args)]
pub(crate) struct Ingest {
    /// Panels of four boards
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) panels: u32,
    /// Same seed, same factory
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Connections that send at the same time
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub(crate) connections: usize,
    /// Messages sent one by one, at most
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    pub(crate) singles: usize,
    #[command(flatten)]
    pub(crate) out: Out,
}

#[derive(Debug, Args)]
pub(crate) struct Recall {
    #[command(flatten)]
    pub(crate) kept: Kept,
    /// Join lots until the recall reaches so many units
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    pub(crate) units: usize,
    /// How often each recall is asked
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) questions: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Limits {
    /// Measure the disk that this folder is on [default: the one for temporary files]
    #[arg(long, value_name = "DIR")]
    pub(crate) within: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) out: Out,
}

#[derive(Debug, Args)]
pub(crate) struct Kept {
    /// The folder that `bench history --keep` filled
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: PathBuf,
    #[command(flatten)]
    pub(crate) out: Out,
}

#[derive(Debug, Args)]
pub(crate) struct VersusPostgres {
    #[command(flatten)]
    pub(crate) size: Size,
    /// Questions of each kind
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) questions: usize,
    /// Join lots until the recall reaches so many units
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    pub(crate) units: usize,
    /// Keep our history in this folder; one that is there already is taken
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Where initdb and postgres are [default: in PATH, else the newest under /usr/lib/postgresql]
    #[arg(long, value_name = "DIR")]
    pub(crate) postgres: Option<PathBuf>,
    /// Memory that PostgreSQL may take for its buffers, in MB [default: a quarter of the machine's]
    #[arg(long, value_name = "MB")]
    pub(crate) shared_buffers_mb: Option<u64>,
    #[command(flatten)]
    pub(crate) out: Out,
}

#[derive(Debug, Args)]
pub(crate) struct Plot {
    /// Result files (--out of the other commands)
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Folder to draw into
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// The folder
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: PathBuf,
    /// Panels in it
    #[arg(long)]
    pub(crate) panels: u32,
    /// Questions of each kind
    #[arg(long)]
    pub(crate) questions: usize,
    /// From the disk, not from memory
    #[arg(long)]
    pub(crate) cold: bool,
}

/// A count with an optional `k`, `M` or `G`.
fn count(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no count such as 300000, 10M or 1G");
    let digits = text.trim_end_matches(['k', 'K', 'M', 'G']);
    let unit = match text.get(digits.len()..) {
        Some("") => 1,
        Some("k" | "K") => 1_000,
        Some("M") => 1_000_000,
        Some("G") => 1_000_000_000,
        _ => return Err(wrong()),
    };
    digits.parse().ok().and_then(|number: u64| number.checked_mul(unit)).ok_or_else(wrong)
}
