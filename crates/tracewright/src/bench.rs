//! `bench`: figures, measured here and now, of the real record path and the real questions.
//!
//! The factory's stream is made first, piece by piece, and is not timed; what is done with it is. Wall and CPU seconds stand side by side, because
//! machines are shared. Each command gives one result, with the circumstances it came about in (`outcome`); `plot` draws such results. There is no
//! `bench interlock`, because there is no interlock yet.

mod ask;
mod cache;
mod disk;
mod history;
mod ingest;
mod kept;
mod ledger;
mod limits;
mod machine;
mod outcome;
mod plot;
mod post;
mod recall;
mod stream;
mod timing;
#[cfg(feature = "bench-postgres")]
mod versus_postgres;

use crate::arguments::bench::{Bench, BenchWhat};
use crate::say::{Done, Failure};

pub(crate) fn bench(given: &Bench, json: bool) -> Result<Done, Failure> {
    match &given.what {
        BenchWhat::History(given) => history::history(given, json),
        BenchWhat::Ingest(given) => ingest::ingest(given, json),
        BenchWhat::Limits(given) => limits::limits(given, json),
        BenchWhat::Recall(given) => recall::recall(given, json),
        BenchWhat::Rebuild(given) => ledger::rebuild(given, json),
        BenchWhat::Verify(given) => ledger::verify(given, json),
        BenchWhat::Ask(given) => ask::ask(given),
        BenchWhat::Plot(given) => plot::plot(given),
        #[cfg(feature = "bench-postgres")]
        BenchWhat::VersusPostgres(given) => {
            versus_postgres::versus_postgres(given, &std::env::var("PATH").unwrap_or_default(), json)
        }
        #[cfg(not(feature = "bench-postgres"))]
        BenchWhat::VersusPostgres(_) => Err(Failure::misuse("this tracewright was built without PostgreSQL's driver")
            .hint("build it with `--features bench-postgres`")),
    }
}
