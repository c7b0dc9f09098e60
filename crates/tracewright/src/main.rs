//! The one binary: arguments, configuration, wiring.

mod arguments;
mod ask;
mod backup;
mod bench;
mod demo;
mod factory;
mod import;
mod ledger;
mod quarantine;
mod say;
mod serve;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};
use say::Done;

/// Questions and imports alike make millions of small values.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log(&arguments);
    let done = run(&arguments);
    match done {
        Ok(done) => done.code(),
        Err(failure) => failure.tell(),
    }
}

fn run(arguments: &Arguments) -> Result<Done, say::Failure> {
    let Arguments { data, json, command, .. } = arguments;
    let data = data.as_deref();
    match command {
        Command::Demo(given) => demo::demo(data, given),
        Command::Serve(given) => serve::serve(&arguments.folder(), given),
        Command::Import(given) => import::import(&arguments.folder(), given, *json),
        Command::Trace(given) => ask::trace(&arguments.folder(), given, *json),
        Command::WhereUsed(given) => ask::where_used(&arguments.folder(), given, *json),
        Command::Verify(given) => ledger::verify(&arguments.folder(), given, *json),
        Command::Rebuild => ledger::rebuild(&arguments.folder(), *json),
        Command::Backup(given) => backup::backup(&arguments.folder(), given, *json),
        Command::Restore(given) => backup::restore(&arguments.folder(), given, *json),
        Command::Export(given) => ledger::export(&arguments.folder(), given, *json),
        Command::Quarantine(given) => quarantine::quarantine(&arguments.folder(), given, *json),
        Command::Factory(given) => factory::factory(given, *json),
        Command::Bench(given) => bench::bench(given, *json),
    }
}

/// Logs go to standard error. The environment is read here and nowhere else.
fn log(arguments: &Arguments) {
    let usual = match arguments.command {
        Command::Serve(_) => "info",
        _ => "warn",
    };
    let filter = std::env::var(arguments::LOG_VARIABLE).unwrap_or_else(|_| usual.to_owned());
    let filter =
        tracing_subscriber::EnvFilter::try_new(&filter).unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
