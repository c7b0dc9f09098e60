//! The line: its stations, the order of the day, and what every station has in common (passes, people, changeovers).
//!
//! Time runs panel by panel: each step takes one panel through all stations of one side, and every station is a queue. Nothing
//! said in a later step is earlier than the step's own start, which is how far the delivery may be read (`horizon`).

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::board::{Board, Side};
use crate::delivery::{Delivery, Source};
use crate::dispatch::Dispatch;
use crate::placer::{self, Placer};
use crate::printer::Printer;
use crate::random::Random;
use crate::record::{NONE, Pass, Record, Role};
use crate::tester::Tester;
use crate::warehouse::{Reel, Warehouse};
use crate::{Config, bench};

pub(crate) const LOADER: u8 = 0;
pub(crate) const PRINTER: u8 = 1;
pub(crate) const PLACERS: [u8; 4] = [2, 3, 4, 5];
pub(crate) const OVEN: u8 = 6;
pub(crate) const AOI: u8 = 7;
pub(crate) const BENCH: u8 = 8;
pub(crate) const HAND: u8 = 9;
pub(crate) const MARKER: u8 = 10;
pub(crate) const TESTER: u8 = 11;
pub(crate) const WAREHOUSE: u8 = 12;
pub(crate) const CABINET: u8 = 13;

const HANDLES: [&str; 14] = [
    "Loader.LD.001",
    "Printer.GX.001",
    "Placer.NX.001",
    "Placer.NX.002",
    "Placer.FX.003",
    "Placer.MX.004",
    "Oven.RF.001",
    "Inspector.AX.001",
    "Bench.RW.001",
    "Hand.HA.001",
    "Marker.LM.001",
    "Tester.FT.001",
    "Warehouse.WH.001",
    "DryCabinet.DC.001",
];
const STAFFED: [u8; 7] = [PRINTER, PLACERS[0], PLACERS[3], AOI, BENCH, HAND, TESTER];
const NAMES: [&str; 7] = ["Weber", "Okafor", "Lindqvist", "Tanaka", "Moreau", "Silva", "Novak"];

pub(crate) const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HEARTBEAT: i64 = 5 * MINUTE;

pub(crate) struct Station {
    pub(crate) source: Source,
    /// When it can take the next panel (true time).
    pub(crate) free: i64,
    /// Program name and revision that runs.
    pub(crate) recipe: Option<(String, String)>,
    /// Whether its WorkStarted names the program.
    names_recipe: bool,
}

/// A panel as it physically is.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(crate) index: u32,
    pub(crate) order: u32,
    /// Boards whose serial has been announced.
    pub(crate) serials: bool,
    pub(crate) boards: [PanelBoard; 4],
}

#[derive(Clone, Debug, Default)]
pub(crate) struct PanelBoard {
    pub(crate) skip: bool,
    pub(crate) scrap: bool,
    pub(crate) defects: Vec<Defect>,
    /// A part of the bad lot: where, and from which package.
    pub(crate) suspect: Option<Defect>,
    pub(crate) suspects: u32,
}

/// Something to repair.
#[derive(Clone, Debug)]
pub(crate) struct Defect {
    pub(crate) position: u16,
    /// The package it came from and whether the machine was sure of it; none when nothing was placed.
    pub(crate) package: Option<(u32, String, bool)>,
}

impl Panel {
    pub(crate) fn name(&self) -> String {
        panel_name(self.index)
    }

    pub(crate) fn unit(&self, board: usize) -> u32 {
        self.index * 4 + board as u32
    }

    pub(crate) fn listing(&self, with_serials: bool) -> Listing {
        let units = (0..4).map(|board| Listed {
            unit: self.unit(board),
            identifier: if with_serials { serial(self.unit(board)) } else { self.name() },
            number: board as u32 + 1,
            status: match &self.boards[board] {
                PanelBoard { skip: true, .. } => "Skip",
                PanelBoard { scrap: true, .. } => "Scrap",
                _ => "Pass",
            },
        });
        Listing { primary: self.name(), units: units.collect() }
    }
}

pub(crate) fn panel_name(index: u32) -> String {
    format!("PNL-{:06}", index + 1)
}

pub(crate) fn serial(unit: u32) -> String {
    format!("TS53-{:07}", unit + 1)
}

/// The units of a message.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) primary: String,
    pub(crate) units: Vec<Listed>,
}

#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) unit: u32,
    pub(crate) identifier: String,
    pub(crate) number: u32,
    pub(crate) status: &'static str,
}

impl Listing {
    pub(crate) fn to_json(&self) -> Vec<Value> {
        let unit = |listed: &Listed| {
            let (column, row) = ((listed.number - 1) % 2, (listed.number - 1) / 2);
            json!({
                "UnitIdentifier": listed.identifier,
                "PositionNumber": listed.number,
                "PositionName": format!("CIRCUIT{}", listed.number),
                "X": 10.0 + 128.5 * f64::from(column),
                "Y": 10.0 + 109.5 * f64::from(row),
                "Rotation": 0.0,
                "FlipX": false,
                "FlipY": false,
                "Status": listed.status,
            })
        };
        self.units.iter().map(unit).collect()
    }
}

/// How a station correlates the messages of one pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transaction {
    Given(String),
    Nil,
    Absent,
}

impl Transaction {
    /// Puts the transaction into a body; the standard spells the key in two ways.
    pub(crate) fn put(&self, mut body: Value, key: &str) -> Value {
        let text = match self {
            Transaction::Given(guid) => guid.as_str(),
            Transaction::Nil => "00000000-0000-0000-0000-000000000000",
            Transaction::Absent => return body,
        };
        body[key] = Value::from(text);
        body
    }
}

/// A pass that is running.
pub(crate) struct Run {
    pub(crate) station: u8,
    pub(crate) pass: u32,
    pub(crate) listing: Listing,
    pub(crate) transaction: Transaction,
    pub(crate) start: i64,
}

/// Part of the order of the day.
#[derive(Clone, Copy, Debug)]
enum Step {
    Changeover(Side),
    Panel(Side),
}

pub(crate) struct Line {
    pub(crate) config: Config,
    pub(crate) board: Board,
    pub(crate) random: Random,
    pub(crate) delivery: Delivery,
    pub(crate) record: Record,
    pub(crate) stations: Vec<Station>,
    pub(crate) warehouse: Warehouse,
    pub(crate) placers: Vec<Placer>,
    pub(crate) printer: Printer,
    pub(crate) bare_boards: Option<Reel>,
    pub(crate) bench: bench::Bench,
    pub(crate) hand: Vec<Option<Reel>>,
    pub(crate) tester: Tester,
    pub(crate) dispatch: Dispatch,
    /// Start of the running step, true time.
    pub(crate) now: i64,
    pub(crate) horizon: i64,
    start: i64,
    steps: VecDeque<Step>,
    magazine: VecDeque<Panel>,
    next_panel: u32,
    order: u32,
    finished: bool,
}

impl Line {
    pub(crate) fn new(config: Config, board: Board) -> Self {
        let mut random = Random::new(config.seed);
        let limit = i64::from(config.clock_offset_ms_max) * 1000;
        let stations = (0u8..).zip(HANDLES).map(|(number, handle)| Station {
            source: Source {
                handle: handle.to_owned(),
                clock_us: if limit == 0 { 0 } else { random.between(-limit, limit) },
                zone_hours: i8::from(number % 3 != 0),
            },
            free: 0,
            recipe: None,
            names_recipe: [PLACERS[0], PLACERS[2], AOI].contains(&number),
        });
        let stations = stations.collect();
        let start = config.start.as_microsecond();
        Self {
            delivery: Delivery::new(&config),
            record: Record { keep: config.truth, ..Record::default() },
            stations,
            warehouse: Warehouse::new(&board),
            placers: placer::plan(&board),
            printer: Printer::default(),
            bare_boards: None,
            bench: bench::Bench::default(),
            hand: vec![None; board.parts.len()],
            tester: Tester::default(),
            dispatch: Dispatch::default(),
            now: start,
            horizon: start,
            start,
            steps: VecDeque::new(),
            magazine: VecDeque::new(),
            next_panel: 0,
            order: 0,
            finished: false,
            config,
            board,
            random,
        }
    }

    pub(crate) fn send(&mut self, station: u8, at: i64, name: &str, body: &Value) {
        self.delivery.send(&self.stations[station as usize].source, at, name, body);
    }

    pub(crate) fn clock(&self, station: u8, at: i64) -> i64 {
        self.stations[station as usize].source.clock(at)
    }

    pub(crate) fn stamp(&self, station: u8, at: i64) -> String {
        self.stations[station as usize].source.stamp(at)
    }

    /// Takes one step; false when there is nothing left to do.
    pub(crate) fn step(&mut self) -> bool {
        if self.finished {
            return false;
        }
        if self.steps.is_empty() && !self.open_order() {
            self.close_down();
            return false;
        }
        self.restock(self.now);
        let Some(step) = self.steps.pop_front() else { return false };
        let mut next = match step {
            Step::Changeover(side) => self.change_over(side),
            Step::Panel(side) => self.run_panel(side),
        };
        if let Some(Step::Changeover(_)) | None = self.steps.front() {
            let line = self.stations[..=AOI as usize].iter().map(|station| station.free);
            next = next.max(line.max().unwrap_or(next)) + MINUTE;
        }
        self.background(self.now, next);
        self.now = next;
        self.horizon = next;
        true
    }

    /// Schedules the next work order.
    fn open_order(&mut self) -> bool {
        let left = self.config.panels.map_or(u32::MAX, |panels| panels - self.next_panel);
        let panels = left.min(self.config.panels_per_order);
        if panels == 0 {
            return false;
        }
        self.order += 1;
        for side in [Side::Bottom, Side::Top] {
            self.steps.push_back(Step::Changeover(side));
            self.steps.extend((0..panels).map(|_| Step::Panel(side)));
        }
        true
    }

    fn close_down(&mut self) {
        self.flush_tester();
        self.flush_dispatch();
        self.finished = true;
        self.horizon = i64::MAX;
    }

    fn run_panel(&mut self, side: Side) -> i64 {
        let at = self.now;
        if side == Side::Bottom {
            let mut panel = self.new_panel();
            let loaded = self.load(&mut panel, at);
            self.run_side(&mut panel, side, loaded);
            self.magazine.push_back(panel);
        } else if let Some(mut panel) = self.magazine.pop_front() {
            let done = self.run_side(&mut panel, side, at);
            let done = self.hand_place(&mut panel, done);
            let done = self.mark(&mut panel, done);
            self.queue_for_test(panel, done);
        }
        let pace = i64::from(self.config.pace_s) * SECOND;
        let queue = self.stations[PLACERS[0] as usize].free - 2 * pace;
        (at + pace + self.random.between(0, 4 * SECOND)).max(queue)
    }

    fn run_side(&mut self, panel: &mut Panel, side: Side, at: i64) -> i64 {
        let mut at = self.print(panel, at);
        for machine in 0..PLACERS.len() {
            at = self.place(panel, machine, side, at);
        }
        let at = self.reflow(panel, at);
        let at = self.inspect(panel, at);
        self.rework(panel, at)
    }

    fn new_panel(&mut self) -> Panel {
        let index = self.next_panel;
        self.next_panel += 1;
        let mut panel = Panel {
            index,
            order: self.order,
            serials: self.random.chance(self.config.early_serials),
            boards: Default::default(),
        };
        for board in &mut panel.boards {
            board.skip = self.random.chance(self.config.x_outs);
            if board.skip {
                self.delivery.count("x-out");
            }
        }
        if panel.boards.iter().all(|board| board.skip) {
            panel.boards[0].skip = false;
        }
        panel
    }

    /// The loader: bare boards become units.
    fn load(&mut self, panel: &mut Panel, at: i64) -> i64 {
        let start = at.max(self.stations[LOADER as usize].free);
        if self.config.silent_materials {
            self.load_bare_boards(start);
        }
        let listing = panel.listing(panel.serials);
        let body = json!({
            "TransactionID": null,
            "PrimaryIdentifier": listing.primary,
            "HermesIdentifier": null,
            "WorkOrderIdentifier": self.work_order(panel.order),
            "UnitCount": 4,
            "Units": listing.to_json(),
        });
        self.send(LOADER, start, "CFX.Production.UnitsInitialized", &body);
        if panel.serials {
            self.delivery.count("serials at initialisation");
            self.learn_serials(panel);
        }
        let transaction = Transaction::Given(self.random.guid());
        let run = self.open(LOADER, start + SECOND, start + 2 * SECOND, panel.listing(false), transaction);
        if let Some(stack) = &mut self.bare_boards {
            stack.quantity -= 1;
            for unit in panel.index * 4..panel.index * 4 + 4 {
                self.record.contact(stack.id, unit);
            }
        }
        self.close(&run, start + 8 * SECOND, start + 9 * SECOND);
        self.stations[LOADER as usize].free = start + 12 * SECOND;
        start + 12 * SECOND
    }

    fn load_bare_boards(&mut self, at: i64) {
        if self.bare_boards.as_ref().is_some_and(|stack| stack.quantity > 0) {
            return;
        }
        let location = |stack: &Reel, board: &Board| {
            json!({
                "LocationIdentifier": "LD-STACK",
                "LocationName": "STACK",
                "MaterialPackage": stack.package(board),
                "CarrierInformation": null,
            })
        };
        if let Some(stack) = self.bare_boards.take() {
            let body = json!({ "EmptyMaterials": [location(&stack, &self.board)] });
            self.send(LOADER, at, "CFX.Materials.Storage.MaterialsEmpty", &body);
            self.record.deplete(self.clock(LOADER, at), stack.id);
            self.settle(&stack);
        }
        let stack = self.take(self.board.bare_board);
        let body = json!({ "Materials": [location(&stack, &self.board)] });
        let at = at + SECOND / 2;
        self.send(LOADER, at, "CFX.Materials.Storage.MaterialsLoaded", &body);
        self.record.mount(self.clock(LOADER, at), stack.id, LOADER, 0);
        self.bare_boards = Some(stack);
    }

    /// From now on the serials of a panel may be used as names.
    pub(crate) fn learn_serials(&mut self, panel: &Panel) {
        if self.record.keep {
            self.record.serials.extend((0..4).map(|board| (panel.unit(board), serial(panel.unit(board)))));
        }
    }

    /// The laser marker gives the boards of a panel their serials, if they have none.
    fn mark(&mut self, panel: &mut Panel, at: i64) -> i64 {
        if panel.serials {
            return at;
        }
        let start = at.max(self.stations[MARKER as usize].free) + 2 * SECOND;
        let transaction = Transaction::Given(self.random.guid());
        let run = self.open(MARKER, start - SECOND, start, panel.listing(true), transaction);
        self.close(&run, start + 10 * SECOND, start + 11 * SECOND);
        self.stations[MARKER as usize].free = start + 11 * SECOND;
        panel.serials = true;
        self.delivery.count("serials at marking");
        self.learn_serials(panel);
        start + 11 * SECOND
    }

    /// The oven: it takes several panels at once, knows no transactions, and says only when they come and go.
    fn reflow(&mut self, panel: &Panel, at: i64) -> i64 {
        let enter = at.max(self.stations[OVEN as usize].free);
        let leave = enter + 240 * SECOND + self.random.between(0, 3 * SECOND);
        let mut listing = panel.listing(false);
        let as_panel = self.random.chance(self.config.panel_only);
        if as_panel {
            // Only the bar code of the panel is read; what is recorded on the panel holds for its boards.
            self.delivery.count("pass of the panel as a whole");
            listing.units.clear();
        }
        self.transfer(OVEN, enter, "UnitsArrived", &listing);
        let temperature =
            |random: &mut Random, set: i64| f64::from(random.between(set * 10 - 15, set * 10 + 15) as i32) / 10.0;
        let mut zones = Vec::new();
        for (number, (zone, set)) in
            [("PreHeat", 150), ("Soak", 190), ("Reflow", 245), ("Cool", 80)].into_iter().enumerate()
        {
            zones.push(json!({
                "Zone": { "ReflowZoneType": zone, "StageSequence": number + 1, "StageName": format!("Zone{}", number + 1), "StageType": "Work" },
                "Setpoints": [{ "SubZone": "Top", "SetpointType": "Temperature", "Setpoint": f64::from(set) }],
                "Readings": [
                    { "SubZone": "Top", "ReadingType": "Temperature", "ReadingValue": temperature(&mut self.random, i64::from(set)) },
                    { "SubZone": "Bottom", "ReadingType": "Temperature", "ReadingValue": temperature(&mut self.random, i64::from(set)) },
                ],
            }));
        }
        let units: Vec<Value> = listing
            .units
            .iter()
            .map(|listed| {
                let result = if listed.status == "Pass" { "Succeeded" } else { "Skipped" };
                json!({ "UnitIdentifier": listed.identifier, "UnitPositionNumber": listed.number, "UnitResult": result, "UnitProcessData": null })
            })
            .collect();
        let body = json!({
            "TransactionId": "00000000-0000-0000-0000-000000000000",
            "OverallResult": "Succeeded",
            "CommonProcessData": {
                "$type": "CFX.Structures.SolderReflow.ReflowProcessData, CFX",
                "ConveyorSpeed": 80.1,
                "ConveyorSpeedSetpoint": 80.0,
                "ZoneData": zones,
            },
            "UnitProcessData": units,
        });
        self.send(OVEN, leave - SECOND, "CFX.Production.Processing.UnitsProcessed", &body);
        self.transfer(OVEN, leave, "UnitsDeparted", &listing);
        self.delivery.count("pass by arrival and departure");
        if as_panel {
            listing = panel.listing(false);
            listing.units.iter_mut().for_each(|listed| listed.status = "Pass");
        }
        let pass = self.record_pass(OVEN, &listing, enter);
        self.end_pass(OVEN, pass, leave);
        self.stations[OVEN as usize].free = enter + 30 * SECOND;
        leave + 2 * SECOND
    }

    /// Opens a pass: arrival, then start.
    pub(crate) fn open(
        &mut self,
        station: u8,
        arrived: i64,
        start: i64,
        listing: Listing,
        transaction: Transaction,
    ) -> Run {
        self.transfer(station, arrived, "UnitsArrived", &listing);
        let mut body = json!({
            "PrimaryIdentifier": listing.primary,
            "HermesIdentifier": null,
            "Lane": 1,
            "UnitCount": listing.units.len(),
            "Units": listing.to_json(),
        });
        let here = &self.stations[station as usize];
        if let (true, Some((name, revision))) = (here.names_recipe, &here.recipe) {
            body["RecipeName"] = Value::from(name.as_str());
            body["Revision"] = Value::from(revision.as_str());
            body["RelevantSurface"] = Value::from("PrimarySurface");
        }
        self.send(station, start, "CFX.Production.WorkStarted", &transaction.put(body, "TransactionID"));
        match transaction {
            Transaction::Nil => self.delivery.count("nil transaction"),
            Transaction::Absent => self.delivery.count("absent transaction"),
            Transaction::Given(_) => {}
        }
        let pass = self.record_pass(station, &listing, start);
        Run { station, pass, listing, transaction, start }
    }

    /// Closes a pass: end, then departure.
    pub(crate) fn close(&mut self, run: &Run, end: i64, departed: i64) {
        let given = matches!(run.transaction, Transaction::Given(_));
        if run.station == PLACERS[1] && given && self.random.chance(self.config.lost_ends) {
            self.delivery.count("lost WorkCompleted");
            self.end_pass(run.station, run.pass, departed);
        } else {
            let units = if given { Vec::new() } else { run.listing.to_json() };
            let body = json!({
                "Result": "Completed",
                "PrimaryIdentifier": run.listing.primary,
                "HermesIdentifier": null,
                "UnitCount": units.len(),
                "Units": units,
            });
            self.send(run.station, end, "CFX.Production.WorkCompleted", &run.transaction.put(body, "TransactionID"));
            self.end_pass(run.station, run.pass, end);
        }
        self.transfer(run.station, departed, "UnitsDeparted", &run.listing);
    }

    pub(crate) fn transfer(&mut self, station: u8, at: i64, message: &str, listing: &Listing) {
        let body = json!({
            "PrimaryIdentifier": listing.primary,
            "HermesIdentifier": null,
            "UnitCount": listing.units.len(),
            "Units": listing.to_json(),
            "Lane": 1,
        });
        self.send(station, at, &format!("CFX.Production.{message}"), &body);
    }

    fn record_pass(&mut self, station: u8, listing: &Listing, start: i64) -> u32 {
        if !self.record.keep {
            return 0;
        }
        let here = &self.stations[station as usize];
        let recipe = here.recipe.clone();
        let named = here.names_recipe && recipe.is_some();
        let program = recipe.map(|(name, revision)| self.record.thing(&format!("program:{name}@{revision}")));
        let skipped = listing.units.iter().enumerate().filter(|(_, listed)| listed.status != "Pass");
        let start = self.clock(station, start);
        let from = self.record.placements.len() as u32;
        self.record.pass(Pass {
            station,
            units: listing.units.iter().map(|listed| listed.unit).collect(),
            skipped: skipped.fold(0, |mask, (nest, _)| mask | 1 << nest),
            start,
            end: start,
            program,
            program_named: named,
            placements: (from, from),
        })
    }

    fn end_pass(&mut self, station: u8, pass: u32, at: i64) {
        let end = self.clock(station, at);
        let to = self.record.placements.len() as u32;
        if let Some(pass) = self.record.passes.get_mut(pass as usize) {
            pass.end = end;
            pass.placements.1 = to;
        }
    }

    pub(crate) fn work_order(&self, order: u32) -> Value {
        json!({ "WorkOrderId": format!("WO-{}", 1000 + order), "Batch": format!("WO-{}-B1", 1000 + order) })
    }

    /// The same line for the other side: recipes, stencil, paste, feeders, a trolley.
    fn change_over(&mut self, side: Side) -> i64 {
        let at = self.now;
        let first = self.order == 1 && side == Side::Bottom;
        if first {
            self.set_up(at);
        }
        self.delivery.count("changeover");
        for machine in 0..PLACERS.len() {
            self.unload_placer(machine, side, at + (5 + machine as i64) * SECOND);
        }
        for (machine, station) in PLACERS.into_iter().enumerate() {
            if !first {
                self.state(station, at, "PRD_RegularWork", "SDT_Setup");
                self.state(station, at + 300 * SECOND, "SDT_Setup", "PRD_RegularWork");
            }
            self.load_placer(machine, side, at + (120 + 5 * machine as i64) * SECOND);
        }
        let letters = if side == Side::Bottom { "BOT" } else { "TOP" };
        self.change_stencil(side, at + 60 * SECOND);
        let surface = if side == Side::Bottom { "SecondarySurface" } else { "PrimarySurface" };
        for (station, name) in (PRINTER..=AOI).zip(["PRT", "PL1", "PL2", "PL3", "PL4", "OVN", "AOI"]) {
            let recipe = (format!("TS53-{letters}-{name}"), self.revision(station));
            self.activate(station, at + 200 * SECOND, recipe, surface);
        }
        at + 480 * SECOND
    }

    /// One machine gets a new revision of its programs on the way.
    fn revision(&self, station: u8) -> String {
        let changed = station == PLACERS[0] && self.order > 4;
        if changed { "B" } else { "A" }.to_owned()
    }

    pub(crate) fn activate(&mut self, station: u8, at: i64, recipe: (String, String), surface: &str) {
        let body = json!({
            "RecipeName": recipe.0,
            "Revision": recipe.1,
            "Lane": 1,
            "Stage": null,
            "ExpectedCycleTime": 40.0,
            "ExpectedUnitsPerWorkTransaction": 4.0,
            "NumberOfComponentsPerUnit": 0.0,
            "WorkOrderIdentifier": self.work_order(self.order),
            "TargetQuantity": f64::from(self.config.panels_per_order),
            "RelevantSurface": surface,
        });
        self.send(station, at, "CFX.Production.RecipeActivated", &body);
        let thing = format!("program:{}@{}", recipe.0, recipe.1);
        self.record.presence(self.clock(station, at), station, Role::Program, &thing, true);
        self.stations[station as usize].recipe = Some(recipe);
    }

    /// The first morning: people come, tools that stay are mounted.
    fn set_up(&mut self, at: i64) {
        for station in STAFFED {
            self.operator(station, 0, at + i64::from(station) * 1000, true);
        }
        self.load_nozzles(at + 10 * SECOND);
        self.load_fixture(at + 10 * SECOND);
        self.set_up_bench(at + 10 * SECOND);
        self.activate(TESTER, at + 20 * SECOND, ("TS53-FCT".to_owned(), "3".to_owned()), "Unspecified");
    }

    pub(crate) fn state(&mut self, station: u8, at: i64, old: &str, new: &str) {
        let body = json!({ "OldState": old, "OldStateDuration": "00:10:00", "NewState": new, "RelatedFault": null });
        self.send(station, at, "CFX.ResourcePerformance.StationStateChanged", &body);
    }

    /// Who works at a station at a true time.
    pub(crate) fn crew(&self, at: i64) -> u32 {
        let shift = i64::from(self.config.shift_minutes) * MINUTE;
        if shift == 0 {
            return 0;
        }
        u32::try_from((at - self.start) / shift % 3).unwrap_or(0)
    }

    pub(crate) fn operator_json(station: u8, crew: u32) -> Value {
        let first = ["Ana", "Ben", "Chi"][crew as usize % 3];
        let last = NAMES[(station as usize + crew as usize * 3) % NAMES.len()];
        json!({
            "OperatorIdentifier": badge(station, crew),
            "ActorType": "Human",
            "LastName": last,
            "FirstName": first,
            "LoginName": format!("{}.{station}{crew}@factory.example", last.to_lowercase()),
        })
    }

    fn operator(&mut self, station: u8, crew: u32, at: i64, on: bool) {
        let message = if on { "CFX.Production.OperatorActivated" } else { "CFX.Production.OperatorDeactivated" };
        self.send(station, at, message, &json!({ "Operator": Self::operator_json(station, crew) }));
        let person = format!("person:{}", badge(station, crew));
        self.record.presence(self.clock(station, at), station, Role::Person, &person, on);
    }

    /// What happens by the clock: heartbeats and shifts.
    fn background(&mut self, from: i64, to: i64) {
        for station in 0..HANDLES.len() as u8 {
            let phase = self.start + i64::from(station) * 7 * SECOND;
            let mut beat = (from - phase).div_euclid(HEARTBEAT) * HEARTBEAT + phase;
            while beat < to {
                if beat >= from {
                    let handle = HANDLES[station as usize];
                    let body = json!({ "CFXHandle": handle, "HeartbeatFrequency": "00:05:00", "ActiveFaults": [], "ActiveRecipes": [] });
                    self.send(station, beat, "CFX.Heartbeat", &body);
                }
                beat += HEARTBEAT;
            }
        }
        let shift = i64::from(self.config.shift_minutes) * MINUTE;
        if shift == 0 {
            return;
        }
        let overlap = i64::from(self.config.handover_minutes) * MINUTE;
        let nearest = (from - self.start) / shift;
        for number in (nearest - 1).max(1)..=(to - self.start) / shift + 1 {
            let boundary = self.start + number * shift;
            for station in STAFFED {
                let jitter = i64::from(station) * 11 * SECOND;
                let (on, off) = (boundary - overlap + jitter, boundary + overlap + jitter);
                if (from..to).contains(&on) {
                    self.delivery.count("shift handover");
                    self.operator(station, self.crew(boundary), on, true);
                }
                if (from..to).contains(&off) {
                    self.operator(station, self.crew(boundary - 1), off, false);
                }
            }
        }
    }

    /// Books what is left in every package, for the balance.
    pub(crate) fn settle_all(&mut self) {
        let mut left: Vec<Reel> = self.warehouse.reels().cloned().collect();
        left.extend(self.placers.iter().flat_map(Placer::reels).cloned());
        left.extend(self.printer.jars.iter().cloned());
        left.extend(self.bare_boards.iter().cloned());
        left.extend(self.bench.reels().cloned());
        left.extend(self.hand.iter().flatten().cloned());
        for reel in &left {
            self.settle(reel);
        }
    }
}

pub(crate) fn badge(station: u8, crew: u32) -> String {
    format!("BADGE-{:04}", 1000 + u32::from(station) * 10 + crew)
}

/// The number a record uses for "not there".
pub(crate) const NOWHERE: u32 = NONE;
