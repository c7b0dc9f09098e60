//! The floor: what every station has in common. It knows the time, sends messages, keeps the record, opens and closes passes, and has the
//! people and the stock.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::board::{Board, Product};
use crate::cause::Causes;
use crate::config::Config;
use crate::delivery::{Delivery, Source};
use crate::panel::{BOARDS, Listing, Panel, serial};
use crate::random::Random;
use crate::record::{NONE, Pass, Record, Role};
use crate::station::{self, AOI, HANDLES, MINUTE, PLACERS, ROLES_OF_LINE, Station};
use crate::stock::{Reel, Stock};

const NAMES: [&str; 7] = ["Weber", "Okafor", "Lindqvist", "Tanaka", "Moreau", "Silva", "Novak"];

/// The number a record uses for "not there".
pub(crate) const NOWHERE: u32 = NONE;

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

/// What the stations share.
pub(crate) struct Floor {
    pub(crate) config: Config,
    pub(crate) board: Board,
    pub(crate) random: Random,
    pub(crate) delivery: Delivery,
    pub(crate) record: Record,
    pub(crate) stations: Vec<Station>,
    pub(crate) stock: Stock,
    pub(crate) causes: Causes,
    /// When the first message is sent, true time.
    pub(crate) start: i64,
    /// Start of the running step, true time.
    pub(crate) now: i64,
    /// The line whose step runs, from 0: its stations are meant by their roles.
    pub(crate) line: u8,
    /// The running work order of that line.
    pub(crate) order: u32,
    /// The product of each panel.
    pub(crate) products: Vec<u16>,
    /// Work orders and panels that were opened so far.
    orders: u32,
    planned: u32,
    next_event: u32,
}

impl Floor {
    pub(crate) fn new(config: Config, board: Board) -> Self {
        let mut random = Random::new(config.seed);
        let limit = i64::from(config.clock_offset_ms_max) * 1000;
        let first = (0..HANDLES.len() as u8).map(|role| (0, role));
        let further = (1..config.lines as u8).flat_map(|line| (0..ROLES_OF_LINE).map(move |role| (line, role)));
        let stations = first.chain(further).map(|(line, role)| Station {
            source: Source {
                handle: station::handle(line, role),
                clock_us: if limit == 0 { 0 } else { random.between(-limit, limit) },
                zone_hours: i8::from(role % 3 != 0),
            },
            free: 0,
            recipe: None,
            names_recipe: [PLACERS[0], PLACERS[2], AOI].contains(&role),
        });
        let stations = stations.collect();
        let start = config.start.as_microsecond();
        let mut delivery = Delivery::new(config.seed, config.late, config.duplicate, config.shuffle_s);
        for offline in &config.offline {
            let from = start + i64::from(offline.from_minute) * MINUTE;
            delivery.cut_off(offline.handle.clone(), from, from + i64::from(offline.minutes) * MINUTE);
        }
        Self {
            delivery,
            record: Record { keep: config.truth, ..Record::default() },
            stations,
            stock: Stock::new(&board),
            causes: Causes::new(&config.causes, config.seed, config.truth),
            start,
            now: start,
            line: 0,
            order: 0,
            products: Vec::new(),
            orders: 0,
            planned: 0,
            next_event: 0,
            config,
            board,
            random,
        }
    }

    /// The number of the station that has a role on the running line.
    fn number(&self, role: u8) -> u8 {
        station::number(self.line, role)
    }

    pub(crate) fn station(&self, role: u8) -> &Station {
        &self.stations[self.number(role) as usize]
    }

    pub(crate) fn station_mut(&mut self, role: u8) -> &mut Station {
        let number = self.number(role);
        &mut self.stations[number as usize]
    }

    pub(crate) fn send(&mut self, station: u8, at: i64, name: &str, body: &Value) {
        self.delivery.send(&self.stations[station::number(self.line, station) as usize].source, at, name, body);
    }

    /// Says an event of somebody who is no machine.
    pub(crate) fn say(&mut self, at: i64, kind: &str, source: &str, mut body: Value) {
        self.next_event += 1;
        let time = Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
        body["type"] = Value::from(kind);
        body["at"] = Value::from(time.to_string());
        body["source"] = Value::from(source);
        body["id"] = Value::from(format!("{source}-{:06}", self.next_event));
        self.delivery.event(at, kind, &body);
    }

    pub(crate) fn clock(&self, station: u8, at: i64) -> i64 {
        self.station(station).source.clock(at)
    }

    pub(crate) fn stamp(&self, station: u8, at: i64) -> String {
        self.station(station).source.stamp(at)
    }

    /// Records that a package came to a place.
    pub(crate) fn mount(&mut self, station: u8, at: i64, package: u32, place: u16) {
        self.record.mount(self.clock(station, at), package, self.number(station), place);
    }

    /// Records that a tool came to a station, or left it.
    pub(crate) fn place_tool(&mut self, station: u8, at: i64, kind: &'static str, name: &str, on: bool) {
        let (at, station) = (self.clock(station, at), self.number(station));
        self.record.presence(at, station, Role::Tool(kind), &format!("tool:{name}"), on);
    }

    pub(crate) fn badge(&self, station: u8, crew: u32) -> String {
        station::badge(self.number(station), crew)
    }

    /// The next work order: its number and its panels, if any are left to build.
    pub(crate) fn open_order(&mut self, wanted: u32) -> Option<(u32, u32)> {
        let left = self.config.panels.map_or(u32::MAX, |panels| panels - self.planned);
        let panels = left.min(wanted);
        if panels == 0 {
            return None;
        }
        // A factory without an end never comes near the end of the numbers.
        self.planned = self.planned.saturating_add(panels);
        self.orders += 1;
        self.order = self.orders;
        Some((self.order, panels))
    }

    /// Planning releases all products with their bills of materials, if readers shall know them.
    pub(crate) fn release_products(&mut self) {
        if !self.config.product_listed {
            return;
        }
        for product in self.board.products.clone() {
            let position = |number: &u16| {
                let part = product.part(&self.board, *number);
                let alternate = self.board.alternates.get(&part);
                json!({
                    "designator": self.board.positions[*number as usize].name,
                    "part": self.board.parts[part as usize].number,
                    "alternates": alternate.map(|part| &self.board.parts[*part as usize].number).into_iter().collect::<Vec<_>>(),
                })
            };
            let positions: Vec<Value> = product.fitted.iter().map(position).collect();
            let body = json!({ "product": product.name, "revision": product.revision, "positions": positions });
            self.say(self.start, "ProductReleased", "planning-1", body);
        }
    }

    /// Planning says what a work order builds, where that is a question.
    pub(crate) fn announce_order(&mut self, product: u16, panels: u32) {
        if self.board.products.len() < 2 && !self.config.product_listed {
            return;
        }
        let product = &self.board.products[product as usize];
        let body = json!({ "orders": [{
            "order": { "order": format!("WO-{}", 1000 + self.order), "batch": format!("WO-{}-B1", 1000 + self.order) },
            "product": product.name,
            "revision": product.revision,
            "quantity": panels * BOARDS,
        }] });
        self.say(self.now, "WorkOrderChanged", "planning-1", body);
    }

    /// The number of a new panel of a product.
    pub(crate) fn new_panel(&mut self, product: u16) -> u32 {
        self.products.push(product);
        (self.products.len() - 1) as u32
    }

    /// The product that a unit is one of.
    pub(crate) fn product_of(&self, unit: u32) -> &Product {
        &self.board.products[self.products[(unit / BOARDS) as usize] as usize]
    }

    /// The part that belongs on a position of a unit.
    pub(crate) fn part_at(&self, unit: u32, position: u16) -> u16 {
        self.product_of(unit).part(&self.board, position)
    }

    /// Any position of a unit.
    pub(crate) fn any_position(&mut self, unit: u32) -> u16 {
        let count = self.product_of(unit).fitted.len() as i64;
        let chosen = self.random.between(0, count) as usize;
        self.product_of(unit).fitted[chosen]
    }

    /// From now on the serials of a panel may be used as names.
    pub(crate) fn learn_serials(&mut self, panel: &Panel) {
        if self.record.keep {
            self.record
                .serials
                .extend((0..BOARDS as usize).map(|board| (panel.unit(board), serial(panel.unit(board)))));
        }
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
        let here = self.station(station);
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

    pub(crate) fn record_pass(&mut self, station: u8, listing: &Listing, start: i64) -> u32 {
        if !self.record.keep {
            return 0;
        }
        let here = self.station(station);
        let recipe = here.recipe.clone();
        let named = here.names_recipe && recipe.is_some();
        let program = recipe.map(|(name, revision)| self.record.thing(&format!("program:{name}@{revision}")));
        let skipped = listing.units.iter().enumerate().filter(|(_, listed)| listed.status != "Pass");
        let start = self.clock(station, start);
        let from = self.record.placements.len() as u32;
        self.record.pass(Pass {
            station: self.number(station),
            units: listing.units.iter().map(|listed| listed.unit).collect(),
            skipped: skipped.fold(0, |mask, (nest, _)| mask | 1 << nest),
            start,
            end: start,
            program,
            program_named: named,
            placements: (from, from),
        })
    }

    pub(crate) fn end_pass(&mut self, station: u8, pass: u32, at: i64) {
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
        self.record.presence(self.clock(station, at), self.number(station), Role::Program, &thing, true);
        self.station_mut(station).recipe = Some(recipe);
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

    pub(crate) fn operator_json(&self, station: u8, crew: u32) -> Value {
        let station = self.number(station);
        let first = ["Ana", "Ben", "Chi"][crew as usize % 3];
        let last = NAMES[(station as usize + crew as usize * 3) % NAMES.len()];
        json!({
            "OperatorIdentifier": station::badge(station, crew),
            "ActorType": "Human",
            "LastName": last,
            "FirstName": first,
            "LoginName": format!("{}.{station}{crew}@factory.example", last.to_lowercase()),
        })
    }

    pub(crate) fn operator(&mut self, station: u8, crew: u32, at: i64, on: bool) {
        let message = if on { "CFX.Production.OperatorActivated" } else { "CFX.Production.OperatorDeactivated" };
        self.send(station, at, message, &json!({ "Operator": self.operator_json(station, crew) }));
        let person = format!("person:{}", self.badge(station, crew));
        self.record.presence(self.clock(station, at), self.number(station), Role::Person, &person, on);
    }

    /// Books what is left in a package that leaves the factory's hands.
    pub(crate) fn settle(&mut self, reel: &Reel) {
        if let Some(package) = self.record.packages.get_mut(reel.id as usize) {
            package.remaining = u64::from(reel.quantity);
        }
    }

    pub(crate) fn move_tools(&mut self, station: u8, at: i64, tools: &[(&'static str, String)], on: bool) {
        if tools.is_empty() {
            return;
        }
        let list: Vec<Value> = tools
            .iter()
            .map(|(kind, name)| match *kind {
                "Tool" => json!({ "UniqueIdentifier": name, "Name": name }),
                kind => tool(kind, name),
            })
            .collect();
        let message = if on { "CFX.Production.ToolsLoaded" } else { "CFX.Production.ToolsUnloaded" };
        self.send(
            station,
            at,
            message,
            &json!({ "TransactionID": "00000000-0000-0000-0000-000000000000", "Tools": list }),
        );
        for (kind, name) in tools {
            self.place_tool(station, at, kind, name, on);
        }
    }
}

/// A tool of the printer, as messages carry it.
pub(crate) fn tool(kind: &str, name: &str) -> Value {
    json!({ "$type": format!("{kind}, CFX"), "CleaningState": "Cleaned", "UniqueIdentifier": name, "Name": name })
}
