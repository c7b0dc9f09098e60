//! A simulated factory that speaks the machines' protocols and keeps its own ground truth.
//!
//! SMT lines build variants of a real board (ThunderScope TS-PCIe) in panels of four, bottom side first, and say so in IPC-CFX; planning, assembly, packing
//! and shipping speak plain JSON events. A scenario says what the factory is like; the same scenario and seed give the same bytes. The factory knows what
//! physically happened and which evidence of it got out, and computes from its own records what the answers must be
//! (`docs/answers.md`), with direct and slow code, one row per placement. It shares nothing with the product.

mod answer;
mod bench;
mod board;
mod cause;
mod config;
mod delivery;
mod dispatch;
mod error;
mod floor;
mod hand;
mod line;
mod output;
mod oven;
mod panel;
mod placer;
mod plan;
mod printer;
mod product;
mod random;
mod record;
mod scenario;
mod station;
mod stay;
mod stock;
mod tester;
mod truth;
mod warehouse;
mod works;

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;

pub use answer::{Balance, Cause, Evidence, Forward, Physical, Relation, Row};
pub use board::{BOM_CSV, Board, POSITIONS_TXT, PRODUCT, Part, Position, Product, Side};
pub use cause::CausePlan;
pub use config::{AssemblyPlan, Config};
pub use error::Error;
pub use output::{Kind, Output};
pub use product::ProductPlan;
pub use scenario::Scenario;
pub use truth::Truth;
pub use truth::plain::{Installation, Labelled};
use works::Works;

/// The running factory: an iterator over what it says, in order of delivery, made as it is asked for.
pub struct Simulation {
    works: Works,
}

impl Simulation {
    /// Sets up the line; nothing is said before the first `next`.
    pub fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { works: Works::new(config, Board::load()?) })
    }

    /// How often each message and each behaviour occurred so far.
    pub fn behaviours(&self) -> &BTreeMap<String, u64> {
        &self.works.floor.delivery.counts
    }

    /// The truth about everything generated so far. Ask when the iterator has ended: then all of it was delivered.
    pub fn truth(mut self) -> Truth {
        self.works.settle_all();
        let floor = self.works.floor;
        let listed = floor.config.product_listed.then_some(floor.products);
        Truth::new(floor.record, floor.board, floor.causes.effects, floor.stations.len(), listed)
    }
}

impl Iterator for Simulation {
    type Item = Output;

    fn next(&mut self) -> Option<Output> {
        loop {
            if let Some(output) = self.works.floor.delivery.pop(self.works.horizon) {
                return Some(output);
            }
            if !self.works.step() {
                return self.works.floor.delivery.pop(i64::MAX);
            }
        }
    }
}

/// Runs the factory to its end and writes `cfx.ndjson`, `events.ndjson`, `board.csv`, copies of the published board files
/// and `truth.json` into a folder. Returns the truth and the count of each behaviour.
pub fn write_ndjson(config: Config, folder: &Path) -> Result<(Truth, BTreeMap<String, u64>), Error> {
    let create = |name: &str| {
        let path = folder.join(name);
        std::fs::File::create(&path)
            .map(|file| (path.display().to_string(), BufWriter::new(file)))
            .map_err(|source| Error::Write { path: path.display().to_string(), source })
    };
    let (cfx_path, mut cfx) = create("cfx.ndjson")?;
    let (events_path, mut events) = create("events.ndjson")?;
    let mut simulation = Simulation::new(config)?;
    for output in simulation.by_ref() {
        let (file, path, line) = match &output.kind {
            Kind::Cfx(line) => (&mut cfx, &cfx_path, line),
            Kind::Event(line) => (&mut events, &events_path, line),
        };
        writeln!(file, "{line}").map_err(|source| Error::Write { path: path.clone(), source })?;
    }
    for (file, path) in [(&mut cfx, &cfx_path), (&mut events, &events_path)] {
        file.flush().map_err(|source| Error::Write { path: path.clone(), source })?;
    }
    let behaviours = simulation.behaviours().clone();
    let board = &simulation.works.floor.board;
    let boards: Vec<(String, String)> =
        board.products.iter().map(|product| (board_file(product, board), board.to_csv(product))).collect();
    let truth = simulation.truth();
    let published = [("bom.csv", BOM_CSV), ("positions.txt", POSITIONS_TXT)];
    let published = published.map(|(name, text)| (name.to_owned(), text.to_owned()));
    for (name, text) in boards.into_iter().chain(published) {
        let (path, mut file) = create(&name)?;
        file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(|source| Error::Write { path, source })?;
    }
    let (path, mut file) = create("truth.json")?;
    truth.write(&mut file).and_then(|()| file.flush()).map_err(|source| Error::Write { path, source })?;
    Ok((truth, behaviours))
}

/// The file that describes a product; the only one is `board.csv`.
fn board_file(product: &Product, board: &Board) -> String {
    match board.products.as_slice() {
        [_] => "board.csv".to_owned(),
        _ => format!(
            "board-{}{}{}.csv",
            product.name,
            if product.revision.is_empty() { "" } else { "-" },
            product.revision
        ),
    }
}
