//! The floor: what every station has in common. It knows the time, sends messages, keeps the record, opens and closes passes, and has the
//! people and the stock.

use serde_json::{Value, json};

use crate::board::Board;
use crate::config::Config;
use crate::delivery::{Delivery, Source};
use crate::panel::{Listing, Panel, serial};
use crate::random::Random;
use crate::record::{NONE, Pass, Record, Role};
use crate::station::{AOI, HANDLES, MINUTE, PLACERS, Station, badge};
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
    /// When the first message is sent, true time.
    pub(crate) start: i64,
    /// Start of the running step, true time.
    pub(crate) now: i64,
    /// The running work order.
    pub(crate) order: u32,
}

impl Floor {
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
            stock: Stock::new(&board),
            start,
            now: start,
            order: 0,
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

    /// From now on the serials of a panel may be used as names.
    pub(crate) fn learn_serials(&mut self, panel: &Panel) {
        if self.record.keep {
            self.record.serials.extend((0..4).map(|board| (panel.unit(board), serial(panel.unit(board)))));
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

    pub(crate) fn record_pass(&mut self, station: u8, listing: &Listing, start: i64) -> u32 {
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
        self.record.presence(self.clock(station, at), station, Role::Program, &thing, true);
        self.stations[station as usize].recipe = Some(recipe);
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

    pub(crate) fn operator(&mut self, station: u8, crew: u32, at: i64, on: bool) {
        let message = if on { "CFX.Production.OperatorActivated" } else { "CFX.Production.OperatorDeactivated" };
        self.send(station, at, message, &json!({ "Operator": Floor::operator_json(station, crew) }));
        let person = format!("person:{}", badge(station, crew));
        self.record.presence(self.clock(station, at), station, Role::Person, &person, on);
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
            let at = self.clock(station, at);
            self.record.presence(at, station, Role::Tool(kind), &format!("tool:{name}"), on);
        }
    }
}

/// A tool of the printer, as messages carry it.
pub(crate) fn tool(kind: &str, name: &str) -> Value {
    json!({ "$type": format!("{kind}, CFX"), "CleaningState": "Cleaned", "UniqueIdentifier": name, "Name": name })
}
