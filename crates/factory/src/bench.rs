//! The inspection after the oven, and the rework bench that repairs what it and the test find.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::floor::{Floor, NOWHERE, Run, Transaction};
use crate::panel::{Defect, Listed, Listing, Panel, serial};
use crate::record::{Fate, Placement, Removal, Role};
use crate::station::{AOI, BENCH, SECOND};
use crate::stock::Reel;

const DRAWERS: usize = 6;

/// The drawers of the rework bench: strips cut off reels.
#[derive(Default)]
pub(crate) struct Bench {
    drawers: Vec<Option<Reel>>,
    next_drawer: usize,
    /// Strips put aside; taken again before a new one is cut.
    aside: VecDeque<Reel>,
    flux: Option<Reel>,
}

impl Bench {
    pub(crate) fn reels(&self) -> impl Iterator<Item = &Reel> {
        self.drawers.iter().flatten().chain(&self.aside).chain(&self.flux)
    }
}

/// The inspection of a panel: real defects, and calls that a person rejects.
pub(crate) fn inspect(floor: &mut Floor, panel: &Panel, at: i64) -> i64 {
    let start = at.max(floor.station(AOI).free) + SECOND;
    let transaction = Transaction::Given(floor.random.guid());
    let run = floor.open(AOI, start - SECOND / 2, start, panel.listing(false), transaction);
    let end = start + 22 * SECOND + floor.random.between(0, 3 * SECOND);
    let mut units = Vec::new();
    for (board, listed) in run.listing.units.iter().enumerate() {
        let state = &panel.boards[board];
        let mut inspections = Vec::new();
        for defect in &state.defects {
            let missing = defect.package.is_none() && !defect.joint;
            inspections.push(call(floor, listed.unit, defect.position, "DefectConfirmed", missing));
            floor.delivery.count("defect confirmed");
        }
        if listed.status == "Pass" && floor.random.chance(floor.config.false_calls) {
            let position = floor.any_position(listed.unit);
            inspections.push(call(floor, listed.unit, position, "DefectRejected", false));
            floor.delivery.count("false call");
        }
        let failed = !state.defects.is_empty();
        units.push(json!({
            "UnitIdentifier": listed.identifier,
            "UnitPositionNumber": listed.number,
            "OverallResult": if listed.status != "Pass" { "Skipped" } else if failed { "Failed" } else { "Passed" },
            "Verification": if failed { "DefectConfirmed" } else { "NotVerifiedYet" },
            "Inspections": inspections,
        }));
    }
    let inspector = floor.random.chance(0.5).then(|| floor.operator_json(AOI, floor.crew(end)));
    if inspector.is_some() {
        let person = format!("person:{}", floor.badge(AOI, floor.crew(end)));
        for nest in 0..4 {
            floor.record.name(run.pass, nest, Role::Person, &person);
        }
    }
    if let Some((name, revision)) = floor.station(AOI).recipe.clone() {
        let body = json!({
            "InspectionMethod": "AOI",
            "SamplingInformation": { "SamplingMethod": "NoSampling", "LotSize": null, "SampleSize": null },
            "Inspector": inspector,
            "RecipeName": name,
            "RecipeRevision": revision,
            "InspectedUnits": units,
        });
        let body = run.transaction.put(body, "TransactionId");
        floor.send(AOI, end - SECOND, "CFX.Production.TestAndInspection.UnitsInspected", &body);
    }
    floor.close(&run, end, end + SECOND);
    floor.station_mut(AOI).free = end + SECOND;
    end + 3 * SECOND
}

fn call(floor: &mut Floor, unit: u32, position: u16, verification: &str, missing: bool) -> Value {
    let named = &floor.board.positions[position as usize];
    let (code, category) = if missing { ("MISSING", "Component") } else { ("INSUFFICIENT", "Solder") };
    json!({
        "UniqueIdentifier": floor.random.guid(),
        "InspectionName": format!("INSPECT_{}", named.name),
        "Result": "Failed",
        "Verification": verification,
        "DefectsFound": [{
            "UniqueIdentifier": floor.random.guid(),
            "DefectCode": code,
            "DefectCategory": category,
            "ComponentOfInterest": {
                "ReferenceDesignator": named.name,
                "UnitPosition": null,
                "PartNumber": floor.board.parts[floor.part_at(unit, position) as usize].number,
            },
            "Priority": 1,
            "ConfidenceLevel": 92.5,
            "Verification": verification,
        }],
        "Symptoms": [],
        "Measurements": [],
    })
}

impl Bench {
    /// Repairs what the inspection found on a panel.
    pub(crate) fn rework(&mut self, floor: &mut Floor, panel: &mut Panel, at: i64) -> i64 {
        let mut at = at;
        for board in 0..4 {
            for defect in std::mem::take(&mut panel.boards[board].defects) {
                let mut listing = panel.listing(panel.serials);
                listing.units = vec![listing.units.swap_remove(board)];
                let touch_up = defect.joint || defect.package.is_some() && floor.random.chance(0.3);
                let name = (panel.name(), Some(board + 1));
                at = self.repair(floor, listing, name, &defect, touch_up, at);
            }
        }
        at
    }

    /// One repair of one board. `name` is how the repair's messages name the board.
    pub(crate) fn repair(
        &mut self,
        floor: &mut Floor,
        listing: Listing,
        name: (String, Option<usize>),
        defect: &Defect,
        touch_up: bool,
        at: i64,
    ) -> i64 {
        let part = floor.part_at(listing.units[0].unit, defect.position);
        let start = at.max(floor.station(BENCH).free) + 5 * SECOND;
        let drawer = if touch_up { None } else { Some(self.fetch(floor, part, start)) };
        let start = start + 20 * SECOND;
        let unit = listing.units[0].unit;
        let transaction = Transaction::Given(floor.random.guid());
        let run = floor.open(BENCH, start - SECOND, start, listing, transaction);
        let designator = floor.board.positions[defect.position as usize].name.clone();
        if let (Some(source), false) = (&defect.package, touch_up) {
            let names_package = source.sure && floor.random.chance(0.5);
            let body = json!({ "UninstalledMaterials": [{
                "UnitIdentifier": name.0,
                "UnitPositionNumber": name.1,
                "QuantityUninstalled": 1.0,
                "Reason": "DefectiveInstallation",
                "Material": names_package.then(|| json!({
                    "UniqueIdentifier": source.name,
                    "InternalPartNumber": floor.board.parts[source.part as usize].number,
                    "Quantity": 0.0,
                })),
                "UninstalledComponents": [{ "ReferenceDesignator": designator, "InstallationTime": null }],
            }] });
            let body = run.transaction.put(body, "TransactionId");
            let removed = start + 25 * SECOND;
            floor.send(BENCH, removed, "CFX.Production.Assembly.MaterialsUninstalled", &body);
            floor.delivery.count(if names_package { "removal of a package" } else { "removal at a position" });
            if floor.record.keep {
                let at = floor.clock(BENCH, removed);
                let package = names_package.then_some(source.package);
                floor.record.removals.push(Removal { unit, position: defect.position, package, pass: run.pass, at });
            }
        }
        if let Some(drawer) = drawer {
            self.install_from_drawer(floor, &run, &name, defect.position, drawer, start + 60 * SECOND);
        }
        let crew = floor.crew(start);
        floor.record.name(run.pass, 0, Role::Person, &format!("person:{}", floor.badge(BENCH, crew)));
        let body = json!({
            "RepairOperator": floor.operator_json(BENCH, crew),
            "RepairedUnits": [{
                "UnitIdentifier": name.0,
                "UnitPositionNumber": name.1,
                "OverallResult": "RepairSuccessful",
                "Repairs": [{
                    "UniqueIdentifier": floor.random.guid(),
                    "RepairName": if touch_up { "Joint repair" } else { "Component replaced" },
                    "RepairStartTime": floor.stamp(BENCH, start),
                    "RepairEndTime": floor.stamp(BENCH, start + 70 * SECOND),
                    "ComponentOfInterest": { "ReferenceDesignator": designator, "UnitPosition": null, "PartNumber": floor.board.parts[part as usize].number },
                    "RelatedDefectIdentifiers": [],
                    "Result": "RepairSuccessful",
                    "Error": null,
                }],
            }],
        });
        let body = run.transaction.put(body, "TransactionId");
        floor.send(BENCH, start + 70 * SECOND, "CFX.Production.ReworkAndRepair.UnitsRepaired", &body);
        if touch_up {
            floor.delivery.count("touch-up");
        }
        floor.close(&run, start + 75 * SECOND, start + 76 * SECOND);
        floor.station_mut(BENCH).free = start + 76 * SECOND;
        start + 80 * SECOND
    }

    fn install_from_drawer(
        &mut self,
        floor: &mut Floor,
        run: &Run,
        name: &(String, Option<usize>),
        position: u16,
        drawer: usize,
        at: i64,
    ) {
        let Some(strip) = &mut self.drawers[drawer] else { return };
        strip.quantity -= 1;
        let (id, material) = (strip.id, strip.package(&floor.board));
        let body = json!({ "InstalledMaterials": [{
            "UnitIdentifier": name.0,
            "UnitPositionNumber": name.1,
            "QuantityInstalled": 1.0,
            "QuantityNonInstalled": 0.0,
            "Material": material,
            "CarrierLocation": { "LocationIdentifier": format!("RW-D{drawer}"), "LocationName": format!("DRAWER{drawer}"), "CarrierInformation": null },
            "InstalledComponents": [{
                "ReferenceDesignator": floor.board.positions[position as usize].name,
                "InstallationTime": floor.stamp(BENCH, at),
            }],
        }] });
        let body = run.transaction.put(body, "TransactionId");
        floor.send(BENCH, at, "CFX.Production.Assembly.MaterialsInstalled", &body);
        floor.delivery.count("part placed at the bench");
        floor.record.place(Placement {
            pass: run.pass,
            package: id,
            leading: NOWHERE,
            after_start: (at - run.start) as u32,
            place: drawer as u16,
            position,
            nest: 0,
            grey: false,
            delivered: true,
            fate: Fate::Installed,
        });
    }

    pub(crate) fn set_up(&mut self, floor: &mut Floor, at: i64) {
        self.drawers = vec![None; DRAWERS];
        if !floor.config.silent_materials {
            return;
        }
        let flux = floor.take(floor.board.flux, at);
        load_bench(floor, &flux, "RW-FLUX", DRAWERS as u16, at);
        self.flux = Some(flux);
    }

    /// Sees to it that a drawer holds a strip of a part; returns which.
    fn fetch(&mut self, floor: &mut Floor, part: u16, at: i64) -> usize {
        let holds = |strip: &Option<Reel>| strip.as_ref().is_some_and(|strip| strip.part == part && strip.quantity > 0);
        if let Some(drawer) = self.drawers.iter().position(holds) {
            return drawer;
        }
        let same = |strip: &Option<Reel>| strip.as_ref().is_some_and(|strip| strip.part == part);
        let drawer = self.drawers.iter().position(same).unwrap_or_else(|| {
            self.next_drawer = (self.next_drawer + 1) % DRAWERS;
            self.next_drawer
        });
        if let Some(old) = self.drawers[drawer].take() {
            let body = json!({ "MaterialPackageIdentifiers": [old.name] });
            floor.send(BENCH, at, "CFX.Materials.Storage.MaterialsUnloaded", &body);
            floor.record.unmount(floor.clock(BENCH, at), old.id);
            if old.quantity > 0 {
                self.aside.push_back(old);
            } else {
                floor.settle(&old);
            }
        }
        let aside = self.aside.iter().position(|strip| strip.part == part);
        let strip = match aside.and_then(|found| self.aside.remove(found)) {
            Some(strip) => strip,
            None => floor.cut(part, at),
        };
        load_bench(floor, &strip, &format!("RW-D{drawer}"), drawer as u16, at + 5 * SECOND);
        self.drawers[drawer] = Some(strip);
        drawer
    }
}

fn load_bench(floor: &mut Floor, reel: &Reel, location: &str, place: u16, at: i64) {
    let body = json!({ "Materials": [{
        "LocationIdentifier": location,
        "LocationName": location,
        "MaterialPackage": reel.package(&floor.board),
        "CarrierInformation": null,
    }] });
    floor.send(BENCH, at, "CFX.Materials.Storage.MaterialsLoaded", &body);
    floor.mount(BENCH, at, reel.id, place);
}

/// How a board is named once it has left its panel.
pub(crate) fn single(floor: &mut Floor, unit: u32, panel: &str) -> (Listing, (String, Option<usize>)) {
    let listing = Listing {
        primary: panel.to_owned(),
        units: vec![Listed { unit, identifier: serial(unit), number: unit % 4 + 1, status: "Pass" }],
    };
    // A serial with position 1 is the same board as the serial alone.
    let position = floor.random.chance(0.3).then_some(1);
    (listing, (serial(unit), position))
}
