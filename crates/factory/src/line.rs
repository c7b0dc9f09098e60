//! The line: its stations and the order of the day.
//!
//! Time runs panel by panel: each step takes one panel through all stations of one side, and every station is a queue. Nothing
//! said in a later step is earlier than the step's own start, which is how far the delivery may be read (`horizon`).

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::bench::{Bench, inspect};
use crate::board::{Board, Side};
use crate::config::Config;
use crate::dispatch::Dispatch;
use crate::floor::{Floor, Transaction};
use crate::hand::Hand;
use crate::panel::Panel;
use crate::placer::{self, Placer};
use crate::printer::Printer;
use crate::random::Random;
use crate::station::{AOI, BENCH, HAND, HANDLES, LOADER, MARKER, MINUTE, OVEN, PLACERS, PRINTER, SECOND, TESTER};
use crate::stock::Reel;
use crate::tester::{Tester, load_fixture};

const STAFFED: [u8; 7] = [PRINTER, PLACERS[0], PLACERS[3], AOI, BENCH, HAND, TESTER];
const HEARTBEAT: i64 = 5 * MINUTE;

/// Part of the order of the day.
#[derive(Clone, Copy, Debug)]
enum Step {
    Changeover(Side),
    Panel(Side),
}

pub(crate) struct Line {
    pub(crate) floor: Floor,
    pub(crate) horizon: i64,
    placers: Vec<Placer>,
    printer: Printer,
    bare_boards: Option<Reel>,
    bench: Bench,
    hand: Hand,
    tester: Tester,
    dispatch: Dispatch,
    steps: VecDeque<Step>,
    magazine: VecDeque<Panel>,
    next_panel: u32,
    finished: bool,
}

impl Line {
    pub(crate) fn new(config: Config, board: Board) -> Self {
        let placers = placer::plan(&board);
        let hand = Hand::new(&board);
        let floor = Floor::new(config, board);
        Self {
            horizon: floor.now,
            floor,
            placers,
            printer: Printer::default(),
            bare_boards: None,
            bench: Bench::default(),
            hand,
            tester: Tester::default(),
            dispatch: Dispatch::default(),
            steps: VecDeque::new(),
            magazine: VecDeque::new(),
            next_panel: 0,
            finished: false,
        }
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
        self.floor.restock(self.floor.now);
        let Some(step) = self.steps.pop_front() else { return false };
        let mut next = match step {
            Step::Changeover(side) => self.change_over(side),
            Step::Panel(side) => self.run_panel(side),
        };
        if let Some(Step::Changeover(_)) | None = self.steps.front() {
            let line = self.floor.stations[..=AOI as usize].iter().map(|station| station.free);
            next = next.max(line.max().unwrap_or(next)) + MINUTE;
        }
        self.background(self.floor.now, next);
        self.floor.now = next;
        self.horizon = next;
        true
    }

    /// Schedules the next work order.
    fn open_order(&mut self) -> bool {
        let left = self.floor.config.panels.map_or(u32::MAX, |panels| panels - self.next_panel);
        let panels = left.min(self.floor.config.panels_per_order);
        if panels == 0 {
            return false;
        }
        self.floor.order += 1;
        for side in [Side::Bottom, Side::Top] {
            self.steps.push_back(Step::Changeover(side));
            self.steps.extend((0..panels).map(|_| Step::Panel(side)));
        }
        true
    }

    fn close_down(&mut self) {
        self.tester.flush(&mut self.floor, &mut self.bench, &mut self.dispatch);
        self.dispatch.flush(&mut self.floor);
        self.finished = true;
        self.horizon = i64::MAX;
    }

    fn run_panel(&mut self, side: Side) -> i64 {
        let at = self.floor.now;
        if side == Side::Bottom {
            let mut panel = self.new_panel();
            let loaded = self.load(&mut panel, at);
            self.run_side(&mut panel, side, loaded);
            self.magazine.push_back(panel);
        } else if let Some(mut panel) = self.magazine.pop_front() {
            let done = self.run_side(&mut panel, side, at);
            let done = self.hand.place(&mut self.floor, &mut panel, done);
            let done = self.mark(&mut panel, done);
            self.tester.queue(&mut self.floor, &mut self.bench, &mut self.dispatch, panel, done);
        }
        let pace = i64::from(self.floor.config.pace_s) * SECOND;
        let queue = self.floor.stations[PLACERS[0] as usize].free - 2 * pace;
        (at + pace + self.floor.random.between(0, 4 * SECOND)).max(queue)
    }

    fn run_side(&mut self, panel: &mut Panel, side: Side, at: i64) -> i64 {
        let mut at = self.printer.print(&mut self.floor, panel, at);
        for placer in &mut self.placers {
            at = placer.place(&mut self.floor, panel, side, at);
        }
        let at = self.reflow(panel, at);
        let at = inspect(&mut self.floor, panel, at);
        self.bench.rework(&mut self.floor, panel, at)
    }

    fn new_panel(&mut self) -> Panel {
        let index = self.next_panel;
        self.next_panel += 1;
        let mut panel = Panel {
            index,
            order: self.floor.order,
            serials: self.floor.random.chance(self.floor.config.early_serials),
            boards: Default::default(),
        };
        for board in &mut panel.boards {
            board.skip = self.floor.random.chance(self.floor.config.x_outs);
            if board.skip {
                self.floor.delivery.count("x-out");
            }
        }
        if panel.boards.iter().all(|board| board.skip) {
            panel.boards[0].skip = false;
        }
        panel
    }

    /// The loader: bare boards become units.
    fn load(&mut self, panel: &mut Panel, at: i64) -> i64 {
        let start = at.max(self.floor.stations[LOADER as usize].free);
        if self.floor.config.silent_materials {
            self.load_bare_boards(start);
        }
        let listing = panel.listing(panel.serials);
        let body = json!({
            "TransactionID": null,
            "PrimaryIdentifier": listing.primary,
            "HermesIdentifier": null,
            "WorkOrderIdentifier": self.floor.work_order(panel.order),
            "UnitCount": 4,
            "Units": listing.to_json(),
        });
        self.floor.send(LOADER, start, "CFX.Production.UnitsInitialized", &body);
        if panel.serials {
            self.floor.delivery.count("serials at initialisation");
            self.floor.learn_serials(panel);
        }
        let transaction = Transaction::Given(self.floor.random.guid());
        let run = self.floor.open(LOADER, start + SECOND, start + 2 * SECOND, panel.listing(false), transaction);
        if let Some(stack) = &mut self.bare_boards {
            stack.quantity -= 1;
            for unit in panel.index * 4..panel.index * 4 + 4 {
                self.floor.record.contact(stack.id, unit);
            }
        }
        self.floor.close(&run, start + 8 * SECOND, start + 9 * SECOND);
        self.floor.stations[LOADER as usize].free = start + 12 * SECOND;
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
            let body = json!({ "EmptyMaterials": [location(&stack, &self.floor.board)] });
            self.floor.send(LOADER, at, "CFX.Materials.Storage.MaterialsEmpty", &body);
            self.floor.record.deplete(self.floor.clock(LOADER, at), stack.id);
            self.floor.settle(&stack);
        }
        let stack = self.floor.take(self.floor.board.bare_board);
        let body = json!({ "Materials": [location(&stack, &self.floor.board)] });
        let at = at + SECOND / 2;
        self.floor.send(LOADER, at, "CFX.Materials.Storage.MaterialsLoaded", &body);
        self.floor.record.mount(self.floor.clock(LOADER, at), stack.id, LOADER, 0);
        self.bare_boards = Some(stack);
    }

    /// The laser marker gives the boards of a panel their serials, if they have none.
    fn mark(&mut self, panel: &mut Panel, at: i64) -> i64 {
        if panel.serials {
            return at;
        }
        let start = at.max(self.floor.stations[MARKER as usize].free) + 2 * SECOND;
        let transaction = Transaction::Given(self.floor.random.guid());
        let run = self.floor.open(MARKER, start - SECOND, start, panel.listing(true), transaction);
        self.floor.close(&run, start + 10 * SECOND, start + 11 * SECOND);
        self.floor.stations[MARKER as usize].free = start + 11 * SECOND;
        panel.serials = true;
        self.floor.delivery.count("serials at marking");
        self.floor.learn_serials(panel);
        start + 11 * SECOND
    }

    /// The oven: it takes several panels at once, knows no transactions, and says only when they come and go.
    fn reflow(&mut self, panel: &Panel, at: i64) -> i64 {
        let enter = at.max(self.floor.stations[OVEN as usize].free);
        let leave = enter + 240 * SECOND + self.floor.random.between(0, 3 * SECOND);
        let mut listing = panel.listing(false);
        let as_panel = self.floor.random.chance(self.floor.config.panel_only);
        if as_panel {
            // Only the bar code of the panel is read; what is recorded on the panel holds for its boards.
            self.floor.delivery.count("pass of the panel as a whole");
            listing.units.clear();
        }
        self.floor.transfer(OVEN, enter, "UnitsArrived", &listing);
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
                    { "SubZone": "Top", "ReadingType": "Temperature", "ReadingValue": temperature(&mut self.floor.random, i64::from(set)) },
                    { "SubZone": "Bottom", "ReadingType": "Temperature", "ReadingValue": temperature(&mut self.floor.random, i64::from(set)) },
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
        self.floor.send(OVEN, leave - SECOND, "CFX.Production.Processing.UnitsProcessed", &body);
        self.floor.transfer(OVEN, leave, "UnitsDeparted", &listing);
        self.floor.delivery.count("pass by arrival and departure");
        if as_panel {
            listing = panel.listing(false);
            listing.units.iter_mut().for_each(|listed| listed.status = "Pass");
        }
        let pass = self.floor.record_pass(OVEN, &listing, enter);
        self.floor.end_pass(OVEN, pass, leave);
        self.floor.stations[OVEN as usize].free = enter + 30 * SECOND;
        leave + 2 * SECOND
    }

    /// The same line for the other side: recipes, stencil, paste, feeders, a trolley.
    fn change_over(&mut self, side: Side) -> i64 {
        let at = self.floor.now;
        let first = self.floor.order == 1 && side == Side::Bottom;
        if first {
            self.set_up(at);
        }
        self.floor.delivery.count("changeover");
        for (turn, placer) in (0..).zip(&mut self.placers) {
            placer.unload(&mut self.floor, side, at + (5 + turn) * SECOND);
        }
        for (turn, (station, placer)) in (0..).zip(PLACERS.into_iter().zip(&mut self.placers)) {
            if !first {
                self.floor.state(station, at, "PRD_RegularWork", "SDT_Setup");
                self.floor.state(station, at + 300 * SECOND, "SDT_Setup", "PRD_RegularWork");
            }
            placer.load(&mut self.floor, side, at + (120 + 5 * turn) * SECOND);
        }
        let letters = if side == Side::Bottom { "BOT" } else { "TOP" };
        self.printer.change_stencil(&mut self.floor, side, at + 60 * SECOND);
        let surface = if side == Side::Bottom { "SecondarySurface" } else { "PrimarySurface" };
        for (station, name) in (PRINTER..=AOI).zip(["PRT", "PL1", "PL2", "PL3", "PL4", "OVN", "AOI"]) {
            let recipe = (format!("TS53-{letters}-{name}"), self.revision(station));
            self.floor.activate(station, at + 200 * SECOND, recipe, surface);
        }
        at + 480 * SECOND
    }

    /// One machine gets a new revision of its programs on the way.
    fn revision(&self, station: u8) -> String {
        let changed = station == PLACERS[0] && self.floor.order > 4;
        if changed { "B" } else { "A" }.to_owned()
    }

    /// The first morning: people come, tools that stay are mounted.
    fn set_up(&mut self, at: i64) {
        for station in STAFFED {
            self.floor.operator(station, 0, at + i64::from(station) * 1000, true);
        }
        placer::load_nozzles(&mut self.floor, at + 10 * SECOND);
        load_fixture(&mut self.floor, at + 10 * SECOND);
        self.bench.set_up(&mut self.floor, at + 10 * SECOND);
        self.floor.activate(TESTER, at + 20 * SECOND, ("TS53-FCT".to_owned(), "3".to_owned()), "Unspecified");
    }

    /// What happens by the clock: heartbeats and shifts.
    fn background(&mut self, from: i64, to: i64) {
        for station in 0..HANDLES.len() as u8 {
            let phase = self.floor.start + i64::from(station) * 7 * SECOND;
            let mut beat = (from - phase).div_euclid(HEARTBEAT) * HEARTBEAT + phase;
            while beat < to {
                if beat >= from {
                    let handle = HANDLES[station as usize];
                    let body = json!({ "CFXHandle": handle, "HeartbeatFrequency": "00:05:00", "ActiveFaults": [], "ActiveRecipes": [] });
                    self.floor.send(station, beat, "CFX.Heartbeat", &body);
                }
                beat += HEARTBEAT;
            }
        }
        let shift = i64::from(self.floor.config.shift_minutes) * MINUTE;
        if shift == 0 {
            return;
        }
        let overlap = i64::from(self.floor.config.handover_minutes) * MINUTE;
        let nearest = (from - self.floor.start) / shift;
        for number in (nearest - 1).max(1)..=(to - self.floor.start) / shift + 1 {
            let boundary = self.floor.start + number * shift;
            for station in STAFFED {
                let jitter = i64::from(station) * 11 * SECOND;
                let (on, off) = (boundary - overlap + jitter, boundary + overlap + jitter);
                if (from..to).contains(&on) {
                    self.floor.delivery.count("shift handover");
                    self.floor.operator(station, self.floor.crew(boundary), on, true);
                }
                if (from..to).contains(&off) {
                    self.floor.operator(station, self.floor.crew(boundary - 1), off, false);
                }
            }
        }
    }

    /// Books what is left in every package, for the balance.
    pub(crate) fn settle_all(&mut self) {
        let mut left: Vec<Reel> = self.floor.stock.reels().cloned().collect();
        left.extend(self.placers.iter().flat_map(Placer::reels).cloned());
        left.extend(self.printer.jars.iter().cloned());
        left.extend(self.bare_boards.iter().cloned());
        left.extend(self.bench.reels().cloned());
        left.extend(self.hand.reels().cloned());
        for reel in &left {
            self.floor.settle(reel);
        }
    }
}
