//! The factory's own history into plain tables: what it knows was reported, a row for each component.

use std::collections::{BTreeSet, HashMap};

use ::factory::{Config, Simulation, Truth};
use serde::Serialize;

use super::copy::copy;
use super::server::Server;
use crate::bench::kept::Wanted;
use crate::bench::timing::Stopwatch;
use crate::say::{self, Failure};

/// What loading cost.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Loaded {
    pub(super) rows: u64,
    copy_wall_s: f64,
    indexes_wall_s: f64,
    pub(super) wall_s: f64,
    /// Of the server.
    pub(super) cpu_s: f64,
    pub(super) rows_per_s: f64,
    pub(super) placement_bytes: i64,
    /// Without indexes.
    placement_heap_bytes: i64,
    pub(super) tables_bytes: i64,
    pub(super) database_bytes: i64,
}

/// The truth of a history that was built and closed.
pub(super) fn truth(wanted: Wanted) -> Result<Truth, Failure> {
    let config = Config {
        seed: wanted.seed,
        panels: Some(wanted.panels),
        panels_per_order: crate::bench::stream::PANELS_PER_ORDER,
        ..Config::default()
    };
    let mut simulation = Simulation::new(config).map_err(Failure::of)?;
    let bar = say::progress(None, "lines of the factory, for PostgreSQL", false);
    for _ in simulation.by_ref() {
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(simulation.truth())
}

/// Loads all tables in one transaction, then makes the indexes, and waits until all is on the disk.
pub(super) fn load(server: &Server, truth: &Truth) -> Result<Loaded, Failure> {
    let mut client = server.connect().map_err(Failure::of)?;
    let cpu = server.cpu_s();
    let mut watch = Stopwatch::default();
    let transaction = server.runtime.block_on(client.transaction()).map_err(Failure::of)?;
    watch
        .time(|| server.runtime.block_on(transaction.batch_execute(include_str!("schema.sql"))))
        .map_err(Failure::of)?;
    lists(server, &transaction, &mut watch, truth)?;
    let bar = say::progress(Some(truth.placements() as u64), "rows", false);
    let rows = copy(server, &transaction, &mut watch, "placement", truth.installations(), |rows, row| {
        rows.row(7).time(row.at).int(row.unit).int_or_null(row.package).small(row.position);
        match row.station {
            Some(station) => rows.small(station.into()),
            None => rows.null(),
        };
        rows.yes(row.certain).yes(row.removed);
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    watch.time(|| server.runtime.block_on(transaction.commit())).map_err(Failure::of)?;
    let copy_wall_s = watch.seconds();
    watch.time(|| server.runtime.block_on(client.batch_execute(include_str!("indexes.sql")))).map_err(Failure::of)?;
    watch.time(|| server.runtime.block_on(client.batch_execute("checkpoint"))).map_err(Failure::of)?;
    let sizes = server.runtime.block_on(client.query_one(include_str!("sizes.sql"), &[])).map_err(Failure::of)?;
    let wall_s = watch.seconds();
    Ok(Loaded {
        rows,
        copy_wall_s,
        indexes_wall_s: wall_s - copy_wall_s,
        wall_s,
        cpu_s: server.cpu_s() - cpu,
        rows_per_s: rows as f64 / wall_s,
        placement_bytes: sizes.get(0),
        placement_heap_bytes: sizes.get(1),
        tables_bytes: sizes.get(2),
        database_bytes: sizes.get(3),
    })
}

/// Everything but the placements.
fn lists(
    server: &Server,
    to: &tokio_postgres::Transaction<'_>,
    watch: &mut Stopwatch,
    truth: &Truth,
) -> Result<(), Failure> {
    let board = truth.board();
    copy(server, to, watch, "part", (0..).zip(&board.parts), |rows, (id, part)| {
        rows.row(4).int(id).text(&part.number).text(&part.manufacturer).text(&part.mpn);
    })?;
    copy(server, to, watch, "lot", (0..).zip(truth.lots()), |rows, (id, (code, manufacturer, mpn))| {
        rows.row(4).int(id).text(code).text(manufacturer).text(mpn);
    })?;
    copy(server, to, watch, "station", (0..).zip(truth.stations()), |rows, (id, name)| {
        rows.row(2).small(id).text(name);
    })?;
    copy(server, to, watch, "position", (0..).zip(&board.positions), |rows, (id, position)| {
        rows.row(2).small(id).text(&position.name);
    })?;
    let packages: Vec<::factory::Labelled<'_>> = truth.packages().collect();
    copy(server, to, watch, "package", (0..).zip(&packages), |rows, (id, package)| {
        rows.row(4).int(id).text(package.name).int(package.part.into()).int_or_null(package.parent);
    })?;
    let stated = (0u32..).zip(&packages).flat_map(|(id, package)| package.lots.iter().map(move |lot| (id, *lot)));
    copy(server, to, watch, "package_lot", stated, |rows, (package, (lot, superseded))| {
        rows.row(3).int(lot).int(package).yes(superseded);
    })?;
    let parent = |package: &u32| packages.get(*package as usize).and_then(|package| package.parent);
    let wholes = |part: u32| std::iter::successors(Some(part), parent).map(move |whole| (whole, part));
    copy(server, to, watch, "piece", (0..packages.len() as u32).flat_map(wholes), |rows, (whole, part)| {
        rows.row(2).int(whole).int(part);
    })?;
    units(server, to, watch, truth)
}

/// Boards and assemblies, and the boxes, pallets and shipments they are in.
fn units(
    server: &Server,
    to: &tokio_postgres::Transaction<'_>,
    watch: &mut Stopwatch,
    truth: &Truth,
) -> Result<(), Failure> {
    let products: BTreeSet<&str> = truth.assemblies().map(|(product, _)| product).collect();
    let names: Vec<String> = truth.unit_names().chain(products.into_iter().map(str::to_owned)).collect();
    let ids: HashMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
    copy(server, to, watch, "unit", (0..).zip(&names), |rows, (id, name)| {
        rows.row(2).int(id).text(name);
    })?;
    let assemblies = truth.assemblies().filter_map(|(product, child)| Some((*ids.get(&*child)?, *ids.get(product)?)));
    copy(server, to, watch, "assembly", assemblies, |rows, (child, parent)| {
        rows.row(2).int(child).int(parent);
    })?;
    // Boxes hold units, pallets hold boxes.
    let mut containers: HashMap<String, u32> = HashMap::new();
    let mut pallets: HashMap<u32, u32> = HashMap::new();
    let mut packed = Vec::new();
    let held = truth.packed();
    let shipped = truth.shipments().flat_map(|(_, _, containers)| containers.iter().cloned());
    let number = |containers: &mut HashMap<String, u32>, name: &str| {
        let next = containers.len() as u32;
        *containers.entry(name.to_owned()).or_insert(next)
    };
    for (content, container) in held {
        let container = number(&mut containers, container);
        match ids.get(&*content) {
            Some(unit) => packed.push((*unit, container)),
            None => {
                let content = number(&mut containers, &content);
                pallets.insert(content, container);
            }
        }
    }
    for pallet in shipped {
        number(&mut containers, &pallet);
    }
    copy(server, to, watch, "container", &containers, |rows, (name, id)| {
        rows.row(3).int(*id).text(name).int_or_null(pallets.get(id).copied());
    })?;
    copy(server, to, watch, "packed", packed, |rows, (unit, container)| {
        rows.row(2).int(unit).int(container);
    })?;
    copy(server, to, watch, "shipment", (0..).zip(truth.shipments()), |rows, (id, (name, customer, _))| {
        rows.row(3).int(id).text(name).text(customer);
    })?;
    let on_board =
        (0..).zip(truth.shipments()).flat_map(|(id, (_, _, pallets))| pallets.iter().map(move |name| (name, id)));
    copy(server, to, watch, "shipped", on_board, |rows, (pallet, shipment): (&String, u32)| {
        rows.row(2).int(containers[pallet]).int(shipment);
    })?;
    Ok(())
}
