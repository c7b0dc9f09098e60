//! A line: its stations and the order of the day.
//!
//! Time runs panel by panel: each step takes one panel through all stations of one side, and every station is a queue. Nothing
//! said in a later step is earlier than the step's own start.

use std::collections::VecDeque;

use serde_json::json;

use crate::bench::{Bench, inspect};
use crate::board::{Board, Product, Side};
use crate::cause::Blame;
use crate::dispatch::Dispatch;
use crate::floor::{Floor, Transaction};
use crate::hand::Hand;
use crate::oven::reflow;
use crate::panel::{BOARDS, Panel};
use crate::placer::{self, Placer, Setup};
use crate::plan::plan;
use crate::printer::Printer;
use crate::product::Revisions;
use crate::station::{
    self, AOI, BENCH, HAND, HANDLES, LOADER, MARKER, MINUTE, PLACERS, PRINTER, ROLES_OF_LINE, SECOND, TESTER,
};
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
    /// From 0.
    number: u8,
    /// When its next step begins, true time.
    pub(crate) now: i64,
    pub(crate) finished: bool,
    /// The running work order, and the product that it builds.
    order: u32,
    product: u16,
    /// The product for whose programs each placement machine is made ready: usually that.
    programs: [u16; 4],
    /// Revisions of the planned products, and how many work orders of each the line has begun.
    revisions: Vec<Revisions>,
    begun: Vec<u32>,
    placers: Vec<Placer>,
    printer: Printer,
    bare_boards: Option<Reel>,
    bench: Bench,
    hand: Hand,
    tester: Tester,
    steps: VecDeque<Step>,
    magazine: VecDeque<Panel>,
}

impl Line {
    pub(crate) fn new(number: u8, board: &Board, revisions: &[Revisions], start: i64) -> Self {
        Self {
            number,
            now: start + i64::from(number) * 97 * SECOND,
            finished: false,
            order: 0,
            product: 0,
            programs: [0; 4],
            revisions: revisions.to_vec(),
            begun: vec![0; revisions.len()],
            placers: plan(board, &station::tag(number)),
            printer: Printer::default(),
            bare_boards: None,
            bench: Bench::default(),
            hand: Hand::new(board),
            tester: Tester::default(),
            steps: VecDeque::new(),
            magazine: VecDeque::new(),
        }
    }

    /// Takes one step, or finishes.
    pub(crate) fn step(&mut self, floor: &mut Floor, dispatch: &mut Dispatch) {
        (floor.line, floor.now, floor.order) = (self.number, self.now, self.order);
        if self.steps.is_empty() && !self.open_order(floor) {
            self.tester.flush(floor, &mut self.bench, dispatch);
            self.finished = true;
            return;
        }
        floor.restock(self.now);
        let Some(step) = self.steps.pop_front() else { return };
        let mut next = match step {
            Step::Changeover(side) => self.change_over(floor, side),
            Step::Panel(side) => self.run_panel(floor, dispatch, side),
        };
        if let Some(Step::Changeover(_)) | None = self.steps.front() {
            next = (0..=AOI).map(|role| floor.station(role).free).fold(next, i64::max) + MINUTE;
        }
        self.background(floor, self.now, next);
        self.now = next;
    }

    /// Schedules the next work order.
    fn open_order(&mut self, floor: &mut Floor) -> bool {
        let turns: u32 = self.begun.iter().sum();
        let mine: Vec<usize> = (0..self.revisions.len())
            .filter(|plan| floor.config.products[*plan].is_built_on(u32::from(self.number) + 1))
            .collect();
        let plan = mine[turns as usize % mine.len()];
        let wanted = match floor.config.products[plan].panels_per_order {
            0 => floor.config.panels_per_order,
            wanted => wanted,
        };
        let Some((order, panels)) = floor.open_order(wanted) else { return false };
        let Revisions { first, changed } = self.revisions[plan];
        let is_new = self.begun[plan] >= floor.config.products[plan].change_after;
        self.product = changed.filter(|_| is_new).unwrap_or(first);
        self.begun[plan] += 1;
        self.order = order;
        floor.announce_order(self.product, panels);
        for side in [Side::Bottom, Side::Top] {
            self.steps.push_back(Step::Changeover(side));
            self.steps.extend((0..panels).map(|_| Step::Panel(side)));
        }
        true
    }

    fn run_panel(&mut self, floor: &mut Floor, dispatch: &mut Dispatch, side: Side) -> i64 {
        let at = self.now;
        if side == Side::Bottom {
            let mut panel = self.new_panel(floor);
            let loaded = self.load(floor, &mut panel, at);
            self.run_side(floor, &mut panel, side, loaded);
            self.magazine.push_back(panel);
        } else if let Some(mut panel) = self.magazine.pop_front() {
            let done = self.run_side(floor, &mut panel, side, at);
            let done = self.hand.place(floor, &mut panel, done);
            let done = self.mark(floor, &mut panel, done);
            self.tester.queue(floor, &mut self.bench, dispatch, panel, done);
        }
        let pace = i64::from(floor.config.pace_s) * SECOND;
        let queue = floor.station(PLACERS[0]).free - 2 * pace;
        (at + pace + floor.random.between(0, 4 * SECOND)).max(queue)
    }

    fn run_side(&mut self, floor: &mut Floor, panel: &mut Panel, side: Side, at: i64) -> i64 {
        let mut at = self.printer.print(floor, panel, at);
        for (machine, placer) in self.placers.iter_mut().enumerate() {
            let setup = Setup { product: self.programs[machine], side };
            if setup.product != panel.product {
                misplace(floor, panel, placer, machine, setup, at);
            }
            at = placer.place(floor, panel, setup, at);
        }
        let at = reflow(floor, panel, at);
        let at = inspect(floor, panel, at);
        self.bench.rework(floor, panel, at)
    }

    fn new_panel(&mut self, floor: &mut Floor) -> Panel {
        let index = floor.new_panel(self.product);
        let mut panel = Panel {
            index,
            order: self.order,
            product: self.product,
            serials: floor.random.chance(floor.config.early_serials),
            boards: Default::default(),
        };
        for board in &mut panel.boards {
            board.skip = floor.random.chance(floor.config.x_outs);
            if board.skip {
                floor.delivery.count("x-out");
            }
        }
        if panel.boards.iter().all(|board| board.skip) {
            panel.boards[0].skip = false;
        }
        panel
    }

    /// The loader: bare boards become units.
    fn load(&mut self, floor: &mut Floor, panel: &mut Panel, at: i64) -> i64 {
        let start = at.max(floor.station(LOADER).free);
        if floor.config.silent_materials {
            self.load_bare_boards(floor, start);
        }
        let listing = panel.listing(panel.serials);
        let body = json!({
            "TransactionID": null,
            "PrimaryIdentifier": listing.primary,
            "HermesIdentifier": null,
            "WorkOrderIdentifier": floor.work_order(panel.order),
            "UnitCount": BOARDS,
            "Units": listing.to_json(),
        });
        floor.send(LOADER, start, "CFX.Production.UnitsInitialized", &body);
        if panel.serials {
            floor.delivery.count("serials at initialisation");
            floor.learn_serials(panel);
        }
        let transaction = Transaction::Given(floor.random.guid());
        let run = floor.open(LOADER, start + SECOND, start + 2 * SECOND, panel.listing(false), transaction);
        if let Some(stack) = &mut self.bare_boards {
            stack.quantity -= 1;
            for unit in panel.unit(0)..panel.unit(0) + BOARDS {
                floor.record.contact(stack.id, unit);
            }
        }
        floor.close(&run, start + 8 * SECOND, start + 9 * SECOND);
        floor.station_mut(LOADER).free = start + 12 * SECOND;
        start + 12 * SECOND
    }

    fn load_bare_boards(&mut self, floor: &mut Floor, at: i64) {
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
            let body = json!({ "EmptyMaterials": [location(&stack, &floor.board)] });
            floor.send(LOADER, at, "CFX.Materials.Storage.MaterialsEmpty", &body);
            floor.record.deplete(floor.clock(LOADER, at), stack.id);
            floor.settle(&stack);
        }
        let stack = floor.take(floor.board.bare_board, at);
        let body = json!({ "Materials": [location(&stack, &floor.board)] });
        let at = at + SECOND / 2;
        floor.send(LOADER, at, "CFX.Materials.Storage.MaterialsLoaded", &body);
        floor.mount(LOADER, at, stack.id, 0);
        self.bare_boards = Some(stack);
    }

    /// The laser marker gives the boards of a panel their serials, if they have none.
    fn mark(&mut self, floor: &mut Floor, panel: &mut Panel, at: i64) -> i64 {
        if panel.serials {
            return at;
        }
        let start = at.max(floor.station(MARKER).free) + 2 * SECOND;
        let transaction = Transaction::Given(floor.random.guid());
        let run = floor.open(MARKER, start - SECOND, start, panel.listing(true), transaction);
        floor.close(&run, start + 10 * SECOND, start + 11 * SECOND);
        floor.station_mut(MARKER).free = start + 11 * SECOND;
        panel.serials = true;
        floor.delivery.count("serials at marking");
        floor.learn_serials(panel);
        start + 11 * SECOND
    }

    /// The same line for the other side: recipes, stencil, paste, feeders, a trolley.
    fn change_over(&mut self, floor: &mut Floor, side: Side) -> i64 {
        let at = self.now;
        self.choose_programs(floor);
        let setups = self.programs.map(|product| Setup { product, side });
        let first = self.begun.iter().sum::<u32>() == 1 && side == Side::Bottom;
        if first {
            self.set_up(floor, at);
        }
        floor.delivery.count("changeover");
        for ((turn, placer), setup) in (0..).zip(&mut self.placers).zip(setups) {
            placer.unload(floor, setup, at + (5 + turn) * SECOND);
        }
        for ((turn, (station, placer)), setup) in (0..).zip(PLACERS.into_iter().zip(&mut self.placers)).zip(setups) {
            if !first {
                floor.state(station, at, "PRD_RegularWork", "SDT_Setup");
                floor.state(station, at + 300 * SECOND, "SDT_Setup", "PRD_RegularWork");
            }
            placer.load(floor, setup, at + (120 + 5 * turn) * SECOND);
        }
        let letters = if side == Side::Bottom { "BOT" } else { "TOP" };
        self.printer.change_stencil(floor, self.product, side, at + 60 * SECOND);
        let surface = if side == Side::Bottom { "SecondarySurface" } else { "PrimarySurface" };
        for (station, name) in (PRINTER..=AOI).zip(["PRT", "PL1", "PL2", "PL3", "PL4", "OVN", "AOI"]) {
            let product = PLACERS
                .iter()
                .position(|placer| *placer == station)
                .map_or(self.product, |machine| self.programs[machine]);
            let product = &floor.board.products[product as usize];
            let recipe = (format!("{}-{letters}-{name}", product.code), self.revision(product, station));
            floor.activate(station, at + 200 * SECOND, recipe, surface);
        }
        at + 480 * SECOND
    }

    /// One machine gets a new revision of its programs on the way.
    fn revision(&self, product: &Product, station: u8) -> String {
        if !product.revision.is_empty() {
            return "C".to_owned();
        }
        let changed = station == PLACERS[0] && self.order > 4;
        if changed { "B" } else { "A" }.to_owned()
    }

    /// Which program each placement machine runs: that of the product, unless somebody chose the one of the revision before.
    fn choose_programs(&mut self, floor: &Floor) {
        let before = self.revisions.iter().find(|revisions| revisions.changed == Some(self.product));
        let turn = self.begun.iter().sum();
        for (machine, program) in self.programs.iter_mut().enumerate() {
            let wrong = before.filter(|_| floor.causes.runs_old_program(self.number, machine, turn));
            *program = wrong.map_or(self.product, |revisions| revisions.first);
        }
    }

    /// The first morning: people come, tools that stay are mounted.
    fn set_up(&mut self, floor: &mut Floor, at: i64) {
        for station in STAFFED {
            floor.operator(station, 0, at + i64::from(station) * 1000, true);
        }
        placer::load_nozzles(floor, at + 10 * SECOND);
        load_fixture(floor, at + 10 * SECOND);
        self.bench.set_up(floor, at + 10 * SECOND);
        floor.activate(TESTER, at + 20 * SECOND, ("TS53-FCT".to_owned(), "3".to_owned()), "Unspecified");
    }

    /// What happens by the clock: heartbeats and shifts.
    fn background(&mut self, floor: &mut Floor, from: i64, to: i64) {
        let roles = if self.number == 0 { HANDLES.len() as u8 } else { ROLES_OF_LINE };
        for station in 0..roles {
            let phase = floor.start + i64::from(station) * 7 * SECOND;
            let mut beat = (from - phase).div_euclid(HEARTBEAT) * HEARTBEAT + phase;
            while beat < to {
                if beat >= from {
                    let handle = station::handle(self.number, station);
                    let body = json!({ "CFXHandle": handle, "HeartbeatFrequency": "00:05:00", "ActiveFaults": [], "ActiveRecipes": [] });
                    floor.send(station, beat, "CFX.Heartbeat", &body);
                }
                beat += HEARTBEAT;
            }
        }
        let shift = i64::from(floor.config.shift_minutes) * MINUTE;
        if shift == 0 {
            return;
        }
        let overlap = i64::from(floor.config.handover_minutes) * MINUTE;
        let nearest = (from - floor.start) / shift;
        for number in (nearest - 1).max(1)..=(to - floor.start) / shift + 1 {
            let boundary = floor.start + number * shift;
            for station in STAFFED {
                let jitter = i64::from(station) * 11 * SECOND;
                let (on, off) = (boundary - overlap + jitter, boundary + overlap + jitter);
                if (from..to).contains(&on) {
                    floor.delivery.count("shift handover");
                    floor.operator(station, floor.crew(boundary), on, true);
                }
                if (from..to).contains(&off) {
                    floor.operator(station, floor.crew(boundary - 1), off, false);
                }
            }
        }
    }

    /// Every package that is on the line.
    pub(crate) fn reels(&self) -> impl Iterator<Item = &Reel> {
        let placers = self.placers.iter().flat_map(Placer::reels);
        placers.chain(&self.printer.jars).chain(&self.bare_boards).chain(self.bench.reels()).chain(self.hand.reels())
    }
}

/// A machine with the program of another revision: the boards get parts that do not belong there.
fn misplace(floor: &mut Floor, panel: &Panel, placer: &Placer, machine: usize, setup: Setup, at: i64) {
    let role = PLACERS[machine];
    let product = &floor.board.products[panel.product as usize];
    let wrong: Vec<u16> = placer
        .positions(setup)
        .filter(|(position, part)| product.parts[*position as usize] != Some(*part))
        .map(|(position, _)| position)
        .collect();
    let Some((name, revision)) = floor.station(role).recipe.clone() else { return };
    let (program, station) = (format!("program:{name}@{revision}"), station::handle(floor.line, role));
    let blame = Blame { thing: &program, station: Some(&station), at };
    for board in panel.present() {
        floor.causes.misplace(&blame, floor.line, machine, panel.unit(board), &wrong);
    }
    floor.delivery.count("panel with a wrong program");
}
