//! The four placement machines. They differ in how they report:
//!
//! 1. heads and nozzles with every placement; a splice names both reels, each with its positions (SplicePointDetected);
//! 2. joined reels (MaterialsJoined when the new one is spliced on, both booked in at the same slot);
//! 3. stage by stage, and while a chain is open it names the new reel with the old as LeadingMaterialPackage and, near
//!    the joint, a grey zone;
//! 4. the big parts: it runs empty, stops, and gets a new tray; sometimes without a usable transaction.

use serde::Serialize;
use serde_json::{Value, json};

use crate::board::{Board, Side};
use crate::cause::Blame;
use crate::floor::{Floor, NOWHERE, Run, Transaction};
use crate::panel::{BOARDS, Defect, Panel, Source};
use crate::record::{Fate, Placement, Role};
use crate::station::{self, PLACERS, SECOND};
use crate::stock::Reel;

const NOZZLE: &str = "CFX.Structures.SMTPlacement.SMTHeadAndNozzle";
/// Parts before and after a joint for which machine three is not sure.
const GREY_ZONE: u32 = 12;

/// Nozzles of a machine.
const NOZZLES: u16 = 6;

/// One feeder in its slot.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) location: String,
    pub(crate) name: String,
    pub(crate) feeder: String,
    pub(crate) trolley: Option<String>,
    pub(crate) part: u16,
    pub(crate) active: Option<Reel>,
    /// Spliced on behind the active reel.
    pub(crate) trailing: Option<Reel>,
    /// Parts left until the machine is sure of the reel again.
    pub(crate) grey: u32,
    /// Picks of one panel, by set-up.
    pub(crate) demand: Vec<u32>,
}

/// One placement machine: its feeders and its program for each side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Placer {
    /// Which of the four, from 0.
    pub(crate) machine: usize,
    pub(crate) slots: Vec<Slot>,
    /// For each set-up the stages, each a list of (position, slot).
    pub(crate) stages: Vec<Vec<Vec<(u16, u16)>>>,
    /// What the names of its feeders and nozzles begin with.
    pub(crate) tag: String,
    /// Packages that lie there although the books say something else.
    pub(crate) forgotten: Vec<String>,
    pub(crate) forgotten_ids: Vec<u32>,
}

impl Placer {
    pub(crate) fn reels(&self) -> impl Iterator<Item = &Reel> {
        self.slots.iter().flat_map(|slot| slot.active.iter().chain(&slot.trailing))
    }
}

/// What a machine is made ready for: one side of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    pub(crate) product: u16,
    pub(crate) side: Side,
}

impl Setup {
    pub(crate) fn index(self) -> usize {
        self.product as usize * 2 + index(self.side)
    }
}

pub(crate) fn index(side: Side) -> usize {
    usize::from(side == Side::Top)
}

/// The package that a report names, the one it names as leading it, and whether it is unsure.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Origin {
    package: u32,
    leading: u32,
    grey: bool,
}

/// What a report says about one slot, one package and one board.
struct Entry {
    board: usize,
    slot: u16,
    origin: Origin,
    package: Value,
    installed: Vec<(u16, i64)>,
    rejected: Vec<(u16, i64)>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InstalledMaterial<'a> {
    unit_identifier: &'a str,
    unit_position_number: usize,
    quantity_installed: f64,
    quantity_non_installed: f64,
    material: &'a Value,
    carrier_location: Value,
    installed_components: Vec<InstalledComponent<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    non_installed_components: Vec<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InstalledComponent<'a> {
    #[serde(rename = "$type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head_and_nozzle: Option<Value>,
    reference_designator: &'a str,
    installation_time: Option<String>,
}

#[derive(Serialize)]
struct MaterialsInstalled<'a> {
    #[serde(rename = "TransactionId", skip_serializing_if = "Option::is_none")]
    transaction: Option<&'a str>,
    #[serde(rename = "InstalledMaterials")]
    materials: Vec<InstalledMaterial<'a>>,
}

impl Placer {
    /// One panel in one placement machine. Returns when it has left.
    pub(crate) fn place(&mut self, floor: &mut Floor, panel: &mut Panel, setup: Setup, at: i64) -> i64 {
        let station = PLACERS[self.machine];
        let s = setup.index();
        let start = at.max(floor.station(station).free) + SECOND;
        let transaction = if self.machine == 3 && floor.random.chance(floor.config.nil_transactions) {
            if floor.random.chance(0.5) { Transaction::Nil } else { Transaction::Absent }
        } else {
            Transaction::Given(floor.random.guid())
        };
        let run = floor.open(station, start - SECOND / 2, start, panel.listing(false), transaction);
        let stages = std::mem::take(&mut self.stages[s]);
        let picks: usize = stages.iter().map(Vec::len).sum();
        let beat = (33 * SECOND / (picks as i64 * i64::from(BOARDS)).max(1)).clamp(20_000, 2 * SECOND);
        let stop_at =
            floor.random.chance(floor.config.faults).then(|| floor.random.between(0, picks as i64 * i64::from(BOARDS)));
        let with_times = self.machine == 0 || self.machine == 3 || (self.machine == 1 && panel.index.is_multiple_of(2));
        let lost = floor.random.chance(floor.config.lost_reports);
        let lost_stage = self.machine == 2 && !lost && floor.random.chance(floor.config.lost_stage_reports);
        let silent = floor.config.silent_machines.contains(&(self.machine as u32 + 1));
        if silent {
            floor.delivery.count("pass of a silent machine");
        } else if lost {
            floor.delivery.count("lost report");
        } else if lost_stage {
            floor.delivery.count("lost stage report");
        }
        let placed: Vec<usize> =
            (0..panel.boards.len()).filter(|board| !panel.boards[*board].skip && !panel.boards[*board].scrap).collect();
        let mut t = start + 3 * SECOND / 2;
        let mut pick = 0;
        for (number, stage) in stages.iter().enumerate() {
            let stage_json = json!({ "StageSequence": number + 1, "StageName": format!("STAGE{}", number + 1), "StageType": "Work" });
            let body = run.transaction.put(json!({ "Stage": stage_json }), "TransactionID");
            floor.send(station, t - SECOND / 2, "CFX.Production.WorkStageStarted", &body);
            let delivered = !(silent || lost || lost_stage && number == 0);
            let mut entries: Vec<Entry> = Vec::new();
            for board in placed.iter().copied() {
                for (position, slot) in stage {
                    if stop_at == Some(pick) {
                        t += stop(floor, &run, t);
                    }
                    pick += 1;
                    let mut tries = 0;
                    loop {
                        t += self.feed(floor, *slot, s, t);
                        t += beat;
                        let rejected = floor.random.chance(floor.config.rejects);
                        let origin = self.origin(*slot);
                        let entry = self.entry(floor, *slot, board, origin, &mut entries);
                        let named = &mut entries[entry];
                        let list = if rejected { &mut named.rejected } else { &mut named.installed };
                        list.push((*position, t));
                        let placement = Placement {
                            pass: run.pass,
                            package: origin.package,
                            leading: origin.leading,
                            after_start: if with_times { (t - run.start) as u32 } else { NOWHERE },
                            place: *slot,
                            position: *position,
                            nest: board as u8,
                            grey: origin.grey,
                            delivered,
                            fate: if rejected { Fate::NotInstalled } else { Fate::Installed },
                        };
                        self.take_part(floor, *slot, placement);
                        if !rejected {
                            self.watch(floor, panel, board, &placement, *slot, t);
                            break;
                        }
                        floor.delivery.count("pick rejected");
                        tries += 1;
                        if tries == 3 || floor.random.chance(0.1) {
                            floor.delivery.count("position left empty");
                            panel.boards[board].defects.push(Defect::new(*position, None));
                            break;
                        }
                    }
                }
            }
            t += SECOND / 4;
            if delivered && !entries.is_empty() {
                self.report(floor, &run, &entries, with_times, t);
            }
            let body = run.transaction.put(json!({ "Stage": stage_json, "Result": "Completed" }), "TransactionID");
            floor.send(station, t + SECOND / 4, "CFX.Production.WorkStageCompleted", &body);
            t += SECOND;
        }
        self.stages[s] = stages;
        floor.close(&run, t, t + SECOND);
        floor.station_mut(station).free = t + SECOND;
        t + 3 * SECOND
    }

    /// Makes sure that a slot has parts. Returns how long that took.
    fn feed(&mut self, floor: &mut Floor, slot: u16, side: usize, at: i64) -> i64 {
        let here = &self.slots[slot as usize];
        let left = here.active.as_ref().map_or(0, |reel| reel.quantity);
        if left == 0 {
            return self.change_reel(floor, slot, at);
        }
        let chained = floor.config.chains && (self.machine == 1 || self.machine == 2);
        if chained && here.trailing.is_none() && left <= (here.demand[side] * 3 / 2).max(GREY_ZONE * 2) {
            self.splice(floor, slot, at);
            return 1000;
        }
        0
    }

    /// Splices the next reel on behind the one that runs out.
    fn splice(&mut self, floor: &mut Floor, slot: u16, at: i64) {
        let station = PLACERS[self.machine];
        let trailing = floor.kit(self.slots[slot as usize].part, at);
        let here = &self.slots[slot as usize];
        let Some(leading) = here.active.clone() else { return };
        if self.machine == 1 {
            let body = json!({
                "LeadingMaterialPackage": leading.package(&floor.board),
                "TrailingMaterialPackage": trailing.package(&floor.board),
            });
            let loaded = json!({ "Materials": [location(&floor.board, here, &trailing)] });
            let place = slot;
            floor.send(station, at, "CFX.Materials.Management.MaterialsJoined", &body);
            floor.send(station, at + 200, "CFX.Materials.Storage.MaterialsLoaded", &loaded);
            floor.record.join(floor.clock(station, at), leading.id, trailing.id);
            floor.mount(station, at + 200, trailing.id, place);
        }
        self.slots[slot as usize].trailing = Some(trailing);
    }

    /// The reel in a slot is empty. Returns how long the machine waits.
    fn change_reel(&mut self, floor: &mut Floor, slot: u16, at: i64) -> i64 {
        let station = PLACERS[self.machine];
        let here = self.slots[slot as usize].clone();
        let next = match here.trailing.clone() {
            Some(reel) => reel,
            None => floor.kit(here.part, at),
        };
        let mut waited = 0;
        if let Some(old) = &here.active {
            floor.settle(old);
            if self.machine == 3 {
                waited = 45 * SECOND;
                if floor.random.chance(floor.config.forgotten_unloads) {
                    floor.delivery.count("forgotten unload");
                    self.forgotten.push(old.name.clone());
                    self.forgotten_ids.push(old.id);
                } else {
                    let body = json!({ "EmptyMaterials": [location(&floor.board, &here, old)] });
                    floor.send(station, at + 1000, "CFX.Materials.Storage.MaterialsEmpty", &body);
                    floor.record.deplete(floor.clock(station, at + 1000), old.id);
                    let body = json!({ "MaterialPackageIdentifiers": [old.name] });
                    floor.send(station, at + 20 * SECOND, "CFX.Materials.Storage.MaterialsUnloaded", &body);
                    floor.record.unmount(floor.clock(station, at + 20 * SECOND), old.id);
                }
                open_moisture(floor, &next, at + 25 * SECOND);
                load_slot(floor, station, &here, slot, &next, at + 30 * SECOND);
                floor.delivery.count("reel change with stop");
            } else {
                let body = json!({
                    "DepletedMaterial": location(&floor.board, &here, old),
                    "NewlyActiveMaterial": location(&floor.board, &here, &next),
                });
                floor.send(station, at + 1000, "CFX.Materials.Storage.SplicePointDetected", &body);
                floor.record.deplete(floor.clock(station, at + 1000), old.id);
                floor.mount(station, at + 1000, next.id, slot);
                floor.delivery.count("splice in mid-panel");
                waited = 2000;
            }
        } else {
            load_slot(floor, station, &here, slot, &next, at);
        }
        let here = &mut self.slots[slot as usize];
        here.grey = if here.trailing.is_some() && self.machine == 2 { GREY_ZONE } else { 0 };
        here.active = Some(next);
        here.trailing = None;
        if let Some(reel) = &mut here.active {
            reel.opened = true;
        }
        waited
    }

    /// What a report names as the origin of the next part of a slot.
    fn origin(&self, slot: u16) -> Origin {
        let here = &self.slots[slot as usize];
        let active = here.active.as_ref().map_or(NOWHERE, |reel| reel.id);
        let left = here.active.as_ref().map_or(0, |reel| reel.quantity);
        match &here.trailing {
            Some(trailing) if self.machine == 2 => {
                Origin { package: trailing.id, leading: active, grey: left <= GREY_ZONE }
            }
            _ => Origin { package: active, leading: NOWHERE, grey: self.machine == 2 && here.grey > 0 },
        }
    }

    /// Finds or opens the entry of a report that the next part of a slot belongs to.
    fn entry(&mut self, floor: &mut Floor, slot: u16, board: usize, origin: Origin, entries: &mut Vec<Entry>) -> usize {
        let same = |entry: &Entry| entry.board == board && entry.slot == slot && entry.origin == origin;
        if let Some(found) = entries.iter().rposition(same) {
            return found;
        }
        let here = &self.slots[slot as usize];
        let mut package = Value::Null;
        if let Some(active) = &here.active {
            package = active.package(&floor.board);
            if let (Some(trailing), false) = (&here.trailing, origin.leading == NOWHERE) {
                package = trailing.package(&floor.board);
                package["LeadingMaterialPackage"] = active.package(&floor.board);
                floor.delivery.count("leading package named");
            }
            if origin.grey {
                package["GreyZone"] = Value::from(f64::from(GREY_ZONE));
                floor.delivery.count("grey zone");
            }
        }
        entries.push(Entry { board, slot, origin, package, installed: Vec::new(), rejected: Vec::new() });
        entries.len() - 1
    }

    /// Takes the part off the reel and records it.
    fn take_part(&mut self, floor: &mut Floor, slot: u16, placement: Placement) {
        let here = &mut self.slots[slot as usize];
        here.grey = here.grey.saturating_sub(1);
        if let Some(reel) = &mut here.active {
            reel.quantity = reel.quantity.saturating_sub(1);
        }
        floor.record.place(placement);
        if (self.machine == 0 || self.machine == 3)
            && placement.delivered
            && placement.fate == Fate::Installed
            && floor.record.keep
        {
            let (nozzle, _) = nozzle(&self.tag, self.machine, slot);
            floor.record.name_once(placement.pass, placement.nest, Role::Tool(NOZZLE), &format!("tool:{nozzle}"));
        }
    }

    /// Physical consequences: bad parts and bad joints.
    fn watch(&mut self, floor: &mut Floor, panel: &mut Panel, board: usize, placement: &Placement, slot: u16, at: i64) {
        let here = &self.slots[slot as usize];
        let Some(reel) = &here.active else { return };
        let sure = self.machine == 0 || self.machine == 3;
        let package = Some(Source { package: reel.id, name: reel.name.clone(), part: reel.part, sure });
        let unit = panel.unit(board);
        if reel.bad {
            panel.boards[board].suspects += 1;
            panel.boards[board].suspect = Some(Defect::new(placement.position, package.clone()));
            floor.causes.bad_part(&reel.lot, at, unit, None);
        }
        if floor.random.chance(floor.config.defects) {
            panel.boards[board].defects.push(Defect::new(placement.position, package));
        }
        if !floor.config.causes.is_empty() {
            let (nozzle, _) = nozzle(&self.tag, self.machine, slot);
            let station = station::handle(floor.line, PLACERS[self.machine]);
            let blame = Blame { thing: &format!("tool:{nozzle}"), station: Some(&station), at };
            if floor.causes.pick(&blame, floor.line, self.machine, slot % NOZZLES, (unit, placement.position)) {
                floor.delivery.count("bad joint by a worn nozzle");
                panel.boards[board].defects.push(Defect::of_joint(placement.position));
            }
        }
    }

    /// Positions of a set-up that this machine places.
    pub(crate) fn positions(&self, setup: Setup) -> impl Iterator<Item = (u16, u16)> {
        let stages = self.stages[setup.index()].iter().flatten();
        stages.map(|(position, slot)| (*position, self.slots[*slot as usize].part))
    }

    fn report(&mut self, floor: &mut Floor, run: &Run, entries: &[Entry], with_times: bool, at: i64) {
        let station = PLACERS[self.machine];
        let source = floor.station(station).source.clone();
        let slots = &self.slots;
        let positions = &floor.board.positions;
        let mut materials = Vec::new();
        for entry in entries {
            let slot = &slots[entry.slot as usize];
            let nozzle = (self.machine == 0 || self.machine == 3).then(|| {
                let (nozzle, head) = nozzle(&self.tag, self.machine, entry.slot);
                json!({ "HeadId": head, "HeadNozzleNumber": entry.slot % 3 + 1, "NozzleType": "409A", "UniqueIdentifier": nozzle, "Name": nozzle })
            });
            let installed = entry.installed.iter().map(|(position, t)| InstalledComponent {
                kind: nozzle.is_some().then_some("CFX.Structures.SMTPlacement.SMTInstalledComponent, CFX"),
                head_and_nozzle: nozzle.clone(),
                reference_designator: &positions[*position as usize].name,
                installation_time: with_times.then(|| source.stamp(*t)),
            });
            let rejected = entry.rejected.iter().map(|(position, t)| {
                json!({
                    "ReferenceDesignator": positions[*position as usize].name,
                    "NonInstallationTime": source.stamp(*t),
                    "Location": "RejectionBox",
                    "RejectionBoxId": format!("P{}-BOX1", self.machine + 1),
                    "RejectionComment": "part not recognised",
                })
            });
            materials.push(InstalledMaterial {
                unit_identifier: &run.listing.primary,
                unit_position_number: entry.board + 1,
                quantity_installed: entry.installed.len() as f64,
                quantity_non_installed: entry.rejected.len() as f64,
                material: &entry.package,
                carrier_location: json!({
                    "LocationIdentifier": slot.location,
                    "LocationName": slot.name,
                    "CarrierInformation": carrier(slot),
                }),
                installed_components: installed.collect(),
                non_installed_components: rejected.collect(),
            });
        }
        let transaction = match &run.transaction {
            Transaction::Given(guid) => Some(guid.as_str()),
            Transaction::Nil => Some("00000000-0000-0000-0000-000000000000"),
            Transaction::Absent => None,
        };
        let body = MaterialsInstalled { transaction, materials };
        floor.delivery.send(&source, at, "CFX.Production.Assembly.MaterialsInstalled", &body);
    }

    /// Takes off what the next set-up does not need.
    pub(crate) fn unload(&mut self, floor: &mut Floor, setup: Setup, at: i64) {
        let station = PLACERS[self.machine];
        let s = setup.index();
        let mut names = std::mem::take(&mut self.forgotten);
        let mut gone = std::mem::take(&mut self.forgotten_ids);
        for slot in 0..self.slots.len() {
            let here = &mut self.slots[slot];
            let unneeded = here.demand[s] == 0;
            let trolley = here.trolley.is_some() && unneeded;
            let part_again = here.trailing.is_some() && (unneeded || floor.random.chance(floor.config.chain_splits));
            let trailing = if part_again { here.trailing.take() } else { None };
            let leading = here.active.clone();
            let active = if unneeded { here.active.take() } else { None };
            if let (Some(trailing), Some(leading)) = (trailing, leading) {
                if self.machine == 1 {
                    let body = json!({
                        "SplittedMaterialPackage": trailing.package(&floor.board),
                        "RemainingMaterialPackage": leading.package(&floor.board),
                    });
                    floor.send(station, at, "CFX.Materials.Management.MaterialsChainSplit", &body);
                    floor.record.part(floor.clock(station, at), leading.id, trailing.id);
                    names.push(trailing.name.clone());
                    gone.push(trailing.id);
                }
                floor.bring_back(trailing, at, false);
            }
            if let Some(active) = active {
                names.push(active.name.clone());
                gone.push(active.id);
                if floor.board.parts[active.part as usize].is_moisture_sensitive() {
                    floor.moisture(&active, at + 60 * SECOND, "MaterialsPlacedInDryStorage", "InDryStorage");
                }
                if trolley {
                    floor.delivery.count("feeder moved on a trolley");
                }
                floor.bring_back(active, at, true);
            }
        }
        if !names.is_empty() {
            let body = json!({ "MaterialPackageIdentifiers": names });
            floor.send(station, at + SECOND, "CFX.Materials.Storage.MaterialsUnloaded", &body);
            for package in gone {
                floor.record.unmount(floor.clock(station, at + SECOND), package);
            }
        }
    }

    /// Puts on what the next set-up needs.
    pub(crate) fn load(&mut self, floor: &mut Floor, setup: Setup, at: i64) {
        let station = PLACERS[self.machine];
        let s = setup.index();
        let mut loaded = Vec::new();
        for slot in 0..self.slots.len() {
            let here = &self.slots[slot];
            if here.demand[s] == 0 || here.active.is_some() {
                continue;
            }
            let mut reel = floor.kit(here.part, at);
            open_moisture(floor, &reel, at - 10 * SECOND);
            reel.opened = true;
            loaded.push(location(&floor.board, &self.slots[slot], &reel));
            floor.mount(station, at, reel.id, slot as u16);
            self.slots[slot].active = Some(reel);
        }
        if !loaded.is_empty() {
            floor.send(station, at, "CFX.Materials.Storage.MaterialsLoaded", &json!({ "Materials": loaded }));
        }
    }
}

fn open_moisture(floor: &mut Floor, reel: &Reel, at: i64) {
    if floor.board.parts[reel.part as usize].is_moisture_sensitive() {
        let message = if reel.opened { "MaterialsRemovedFromDryStorage" } else { "MaterialsOpened" };
        floor.moisture(reel, at, message, "Exposed");
    }
}

fn load_slot(floor: &mut Floor, station: u8, slot: &Slot, place: u16, reel: &Reel, at: i64) {
    let body = json!({ "Materials": [location(&floor.board, slot, reel)] });
    floor.send(station, at, "CFX.Materials.Storage.MaterialsLoaded", &body);
    floor.mount(station, at, reel.id, place);
}

fn location(board: &Board, slot: &Slot, reel: &Reel) -> Value {
    json!({
        "LocationIdentifier": slot.location,
        "LocationName": slot.name,
        "MaterialPackage": reel.package(board),
        "CarrierInformation": carrier(slot),
    })
}

/// The machine stops for a while and says why.
fn stop(floor: &mut Floor, run: &Run, at: i64) -> i64 {
    let lasts = floor.random.between(10, 60) * SECOND;
    let occurrence = floor.random.guid();
    let transaction = match &run.transaction {
        Transaction::Given(guid) => Value::from(guid.as_str()),
        _ => Value::Null,
    };
    let body = json!({ "Fault": {
        "$type": "CFX.Structures.SMTPlacement.SMTPlacementFault, CFX",
        "PlacementFaultType": "VacuumError",
        "TransactionID": transaction,
        "Cause": "MechanicalFailure",
        "Severity": "Error",
        "FaultCode": "E3704",
        "FaultOccurrenceId": occurrence,
        "Lane": 1,
        "Stage": null,
        "SideLocation": "Unknown",
        "AccessType": "Unknown",
        "Description": "nozzle does not hold vacuum",
        "OccurredAt": floor.stamp(run.station, at),
    } });
    floor.send(run.station, at, "CFX.ResourcePerformance.FaultOccurred", &body);
    floor.state(run.station, at + 1000, "PRD_RegularWork", "USD");
    let body = json!({ "FaultOccurrenceId": occurrence, "Operator": null });
    floor.send(run.station, at + lasts - 1000, "CFX.ResourcePerformance.FaultCleared", &body);
    floor.state(run.station, at + lasts, "USD", "PRD_RegularWork");
    lasts + 2000
}

/// The nozzles of machine one are booked in; those of machine four are known from its reports only.
pub(crate) fn load_nozzles(floor: &mut Floor, at: i64) {
    let tag = station::tag(floor.line);
    let mut tools = Vec::new();
    for slot in 0..NOZZLES {
        let (nozzle, head) = nozzle(&tag, 0, slot);
        tools.push(json!({
            "$type": format!("{NOZZLE}, CFX"),
            "HeadId": head,
            "HeadNozzleNumber": slot % 3 + 1,
            "NozzleType": "409A",
            "UniqueIdentifier": nozzle,
            "Name": nozzle,
        }));
        floor.place_tool(PLACERS[0], at, NOZZLE, &nozzle, true);
    }
    let body = json!({ "TransactionID": "00000000-0000-0000-0000-000000000000", "Tools": tools });
    floor.send(PLACERS[0], at, "CFX.Production.ToolsLoaded", &body);
}

/// Which nozzle and head take the parts of a slot.
fn nozzle(tag: &str, machine: usize, slot: u16) -> (String, String) {
    let number = slot % NOZZLES;
    (format!("{tag}NOZ-{}{:02}", machine + 1, number + 1), format!("{tag}HD-{}{}", machine + 1, number / 3 + 1))
}

fn carrier(slot: &Slot) -> Value {
    let parent = slot.trolley.as_ref().map(|trolley| json!({ "UniqueIdentifier": trolley, "Name": trolley }));
    json!({
        "$type": "CFX.Structures.SMTPlacement.SMDTapeFeeder, CFX",
        "BaseUniqueIdentifier": null,
        "BaseName": null,
        "LaneNumber": 1,
        "TapeWidth": 8.0,
        "TapePitch": 4.0,
        "UniqueIdentifier": slot.feeder,
        "Name": slot.feeder,
        "ParentCarrier": parent,
    })
}
