//! `bench versus-postgres`: the same history in a plain PostgreSQL with a row for each placement, and the same questions.
//!
//! No straw man: a server of its own with tuned memory, small keys, COPY of ready rows, indexes made after the load, one of them covering, prepared
//! statements over a local socket. Its rows come from the factory's own records, so it is spared reading messages, recognising repeats and keeping evidence, and it
//! is told which installations are certain, which it could not find out. Its SQL stands in files of its own: it is the other side's, not ours.

mod answer;
mod compare;
mod copy;
mod load;
mod server;

use app::Site;
use serde::Serialize;

use super::disk::Disk;
use super::kept::{Built, Kept, Wanted};
use super::ledger::{Size, Sized};
use super::outcome::{self, Circumstances};
use crate::arguments::bench::VersusPostgres;
use crate::say::{Done, Failure};
use compare::{Asked, Compared, Sides};
use load::Loaded;
use server::{Server, Settings};

#[derive(Debug, Serialize)]
struct Measured {
    postgres_version: String,
    settings: Settings,
    compared: Compared,
    ours: Ours,
    postgres: Loaded,
    ratios: Ratios,
    questions: Asked,
}

/// What ours took. Import starts from the machines' messages, ends with a signed ledger.
#[derive(Debug, Serialize)]
struct Ours {
    placement_bytes: f64,
    tables_bytes: f64,
    /// With the inbox.
    database_bytes: u64,
    ledger_bytes: u64,
    import_wall_s: f64,
    import_cpu_s: f64,
    placements_per_s: f64,
}

/// How often ours fits into theirs.
#[derive(Debug, Serialize)]
struct Ratios {
    placement_tables: f64,
    all_tables: f64,
    /// Our database and ledger against their database.
    everything: f64,
    load_wall: f64,
    load_cpu: f64,
}

pub(super) fn versus_postgres(given: &VersusPostgres, path: &str, json: bool) -> Result<Done, Failure> {
    let circumstances = Circumstances::of("versus-postgres");
    let programs = server::programs(given.postgres.as_deref(), path)?;
    let wanted = Wanted::closed(&given.size);
    let kept = Kept::build(given.keep.as_deref(), wanted, false)?;
    let truth = load::truth(wanted)?;
    let server = Server::start(&programs, Settings::of(given.shared_buffers_mb))?;
    let loaded = load::load(&server, &truth)?;
    let designators = truth.board().positions.iter().map(|position| position.name.clone()).collect();
    // It may be gigabytes, and the questions shall have the memory.
    drop(truth);
    let site = Site::open_to_read(&kept.folder)?;
    let client = server.connect().map_err(Failure::of)?;
    let sides = Sides { site: &site, server: &server, client, designators };
    let (questions, compared) = compare::ask(&sides, wanted.panels, given.questions, given.units)?;
    let done = if compared.equal { Done::Well } else { Done::No };
    let ours = kept.built.disk.as_ref().map(|disk| Ours::of(&kept.built, disk));
    let ours = ours.ok_or_else(|| Failure::of(anyhow::anyhow!("the history has no sizes")))?;
    let figures = Measured {
        postgres_version: server.version.clone(),
        settings: server.settings.clone(),
        ratios: Ratios::of(&ours, &loaded),
        compared,
        ours,
        postgres: loaded,
        questions,
    };
    outcome::tell(&circumstances, &Sized { size: Size::of(&kept), figures }, &given.out, json)?;
    Ok(done)
}

impl Ours {
    fn of(built: &Built, disk: &Disk) -> Ours {
        Ours {
            placement_bytes: disk.placement_bytes(),
            tables_bytes: disk.tables_bytes(),
            database_bytes: disk.database_bytes,
            ledger_bytes: disk.ledger_bytes,
            import_wall_s: built.import_wall_s,
            import_cpu_s: built.import_cpu_s,
            placements_per_s: built.placements as f64 / built.import_wall_s,
        }
    }
}

impl Ratios {
    fn of(ours: &Ours, theirs: &Loaded) -> Ratios {
        Ratios {
            placement_tables: theirs.placement_bytes as f64 / ours.placement_bytes,
            all_tables: theirs.tables_bytes as f64 / ours.tables_bytes,
            everything: theirs.database_bytes as f64 / (ours.database_bytes + ours.ledger_bytes) as f64,
            load_wall: theirs.wall_s / ours.import_wall_s,
            load_cpu: theirs.cpu_s / ours.import_cpu_s,
        }
    }
}
