//! Arguments, as given.

pub(crate) mod bench;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Environment variable with the log filter (`info`, `app=debug`, ...).
pub(crate) const LOG_VARIABLE: &str = "TRACEWRIGHT_LOG";

/// Where the server listens unless told otherwise.
pub(crate) const LISTEN: &str = "127.0.0.1:8642";

/// Where the data lie unless told otherwise.
const DATA: &str = "tracewright-data";

/// Traceability for electronics manufacturing: what is in this unit, and where did this thing go?
#[derive(Debug, Parser)]
#[command(name = "tracewright", version, about, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 the answer is no or problems were found, 2 misuse.")]
pub(crate) struct Arguments {
    /// Data folder [default: ./tracewright-data; demo: a fresh one]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// The data folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| Path::new(DATA).to_owned())
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A simulated factory running live, and the server on it
    Demo(Demo),
    /// Run the server
    Serve(Serve),
    /// Import messages, events or board data
    Import(Import),
    /// What is in a unit, and what happened to it
    Trace(Trace),
    /// Where a thing went: lot, reel, tool, person, program, ...
    WhereUsed(WhereUsed),
    /// Recompute the whole ledger and check every signature
    Verify(Verify),
    /// Make the database anew from the ledger
    Rebuild,
    /// Copy the data folder, beside a running server or without one, and verify the copy
    Backup(Backup),
    /// Put a backup into a new data folder, verified
    Restore(Restore),
    /// Messages that could not be understood
    Quarantine(Quarantine),
    /// A simulated factory: what its machines say, and the truth about it
    Factory(Factory),
    /// Write things out for others
    Export(Export),
    /// Measure the record path and the questions, here and now
    Bench(bench::Bench),
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Address to listen on [default: 127.0.0.1:8642, or any free port when that is taken]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// How much faster than real time the factory runs
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub(crate) speed: f64,
    /// Panels that were built before you came, about
    #[arg(long, default_value_t = 40, value_name = "N")]
    pub(crate) panels: u32,
    /// Same seed, same factory
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Listen where others than this machine can reach it
    #[arg(long)]
    pub(crate) allow_unauthenticated: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on
    #[arg(long, default_value = LISTEN, value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Name under which browsers may open the server, besides addresses and `localhost`; may be repeated
    #[arg(long = "host", value_name = "NAME")]
    pub(crate) hosts: Vec<String>,
    /// Listen where others than this machine can reach it, although there is no access control yet
    #[arg(long)]
    pub(crate) allow_unauthenticated: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(subcommand)]
    pub(crate) what: ImportWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportWhat {
    /// IPC-CFX messages: one, a list, one a line, plain, .gz or .zst
    Cfx(ImportFiles),
    /// Events in their JSON form (docs/events.md)
    Events(ImportFiles),
    /// A product revision: bill of materials, placement file, or IPC-2581
    Board(ImportBoard),
}

#[derive(Debug, Args)]
pub(crate) struct ImportFiles {
    /// Files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Exit with 1 when something was quarantined
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportBoard {
    /// Product
    #[arg(long, value_name = "P")]
    pub(crate) product: String,
    /// Revision
    #[arg(long, default_value = "", value_name = "R")]
    pub(crate) revision: String,
    /// Program that builds it; may be repeated
    #[arg(long = "program", value_name = "NAME[@REV]")]
    pub(crate) programs: Vec<String>,
    /// Panel layout: `4x1 pitch 60.0x90.0`, or `1,0,0; 2,60.0,0,180`
    #[arg(long, value_name = "SPEC")]
    pub(crate) panel: Option<String>,
    /// Files of the revision
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// The unit: a serial, `PANEL/3`, or any of its names
    #[arg(required = true, num_args = 1.., value_name = "THING")]
    pub(crate) thing: Vec<String>,
    /// As known when the log had so many events, or at a time
    #[arg(long, value_name = "INDEX|TIME")]
    pub(crate) as_of: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct WhereUsed {
    /// The thing, `kind:identifier` or bare; or several joined by `and`, `or`, `not`
    #[arg(required = true, num_args = 1.., value_name = "THING")]
    pub(crate) thing: Vec<String>,
    /// Only what happened from here on
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Only what happened before this
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// As known when the log had so many events, or at a time
    #[arg(long, value_name = "INDEX|TIME")]
    pub(crate) as_of: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Public key to believe [default: the one in the data folder]
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Nobody writes to the folder: anything above the newest checkpoint is a problem
    #[arg(long)]
    pub(crate) at_rest: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Folder of the backup: new, or that of an earlier backup, which is replaced once the new one is verified
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
    /// Take the key that signs along; whoever has the backup can then sign in the name of this site
    #[arg(long)]
    pub(crate) with_key: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// Folder of the backup
    #[arg(long, value_name = "DIR")]
    pub(crate) from: PathBuf,
    /// Go on with this copy: nothing was signed after the backup was made, or all who hold it are told
    #[arg(long)]
    pub(crate) with_key: bool,
    /// The newest checkpoint known from elsewhere: a backup that does not reach it is refused
    #[arg(long, value_name = "FILE")]
    pub(crate) newest: Option<PathBuf>,
    /// Public key to believe [default: the one in the backup]
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(subcommand)]
    pub(crate) what: ExportWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExportWhat {
    /// The ledger as plain C2SP files: checkpoint, tiles, entry bundles
    Ledger {
        /// A new or empty folder
        #[arg(value_name = "DIR")]
        to: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Quarantine {
    #[command(subcommand)]
    pub(crate) what: QuarantineWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineWhat {
    /// List messages
    List {
        /// Which
        #[arg(long, value_enum, default_value_t = State::Waiting)]
        state: State,
        /// Only those with higher numbers
        #[arg(long, value_name = "ID")]
        after: Option<u64>,
        /// At most so many
        #[arg(long, default_value_t = 100, value_name = "N")]
        limit: usize,
    },
    /// Show one with its bytes
    Show {
        /// Its number
        id: u64,
        /// The bytes only, as they came
        #[arg(long)]
        raw: bool,
    },
    /// Read messages again, after a fix
    Replay {
        /// Their numbers
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<u64>,
        /// Everything that waits
        #[arg(long)]
        all: bool,
        /// Repaired bytes to read in place of those that were kept; `-` is standard input
        #[arg(long, value_name = "FILE", conflicts_with = "all")]
        with: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum State {
    /// Those that wait
    Waiting,
    /// Those that were recorded after a fix
    Replayed,
    /// All
    All,
}

#[derive(Debug, Args)]
pub(crate) struct Factory {
    #[command(subcommand)]
    pub(crate) what: FactoryWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FactoryWhat {
    /// Run a factory to its end: into files, or to a running server
    Run(FactoryRun),
    /// The scenarios that are shipped
    List,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("where").required(true).args(["out", "to"]))]
pub(crate) struct FactoryRun {
    /// A shipped scenario, or a scenario file (docs/factory.md)
    pub(crate) scenario: String,
    /// Folder to write messages, events, board data and the truth into
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Server to deliver to, `http://HOST:PORT`
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// How many panels to build [default: what the scenario says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) panels: Option<u32>,
    /// Same seed, same bytes [default: what the scenario says]
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
}
