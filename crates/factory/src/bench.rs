//! The places where people work: the inspection after the oven, the rework bench, and the hand-placed connectors.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::board::Side;
use crate::line::{AOI, BENCH, Defect, HAND, Line, Listing, NOWHERE, Panel, SECOND, Transaction, badge, serial};
use crate::record::{Fate, Placement, Removal, Role};
use crate::warehouse::Reel;

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

impl Line {
    /// The inspection of a panel: real defects, and calls that a person rejects.
    pub(crate) fn inspect(&mut self, panel: &Panel, at: i64) -> i64 {
        let start = at.max(self.stations[AOI as usize].free) + SECOND;
        let transaction = Transaction::Given(self.random.guid());
        let run = self.open(AOI, start - SECOND / 2, start, panel.listing(false), transaction);
        let end = start + 22 * SECOND + self.random.between(0, 3 * SECOND);
        let mut units = Vec::new();
        for (board, listed) in run.listing.units.iter().enumerate() {
            let state = &panel.boards[board];
            let mut inspections = Vec::new();
            for defect in &state.defects {
                inspections.push(self.call(defect.position, "DefectConfirmed", defect.package.is_none()));
                self.delivery.count("defect confirmed");
            }
            if listed.status == "Pass" && self.random.chance(self.config.false_calls) {
                let position = self.random.between(0, self.board.positions.len() as i64) as u16;
                inspections.push(self.call(position, "DefectRejected", false));
                self.delivery.count("false call");
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
        let inspector = self.random.chance(0.5).then(|| Self::operator_json(AOI, self.crew(end)));
        if inspector.is_some() {
            let person = format!("person:{}", badge(AOI, self.crew(end)));
            for nest in 0..4 {
                self.record.name(run.pass, nest, Role::Person, &person);
            }
        }
        if let Some((name, revision)) = self.stations[AOI as usize].recipe.clone() {
            let body = json!({
                "InspectionMethod": "AOI",
                "SamplingInformation": { "SamplingMethod": "NoSampling", "LotSize": null, "SampleSize": null },
                "Inspector": inspector,
                "RecipeName": name,
                "RecipeRevision": revision,
                "InspectedUnits": units,
            });
            let body = run.transaction.put(body, "TransactionId");
            self.send(AOI, end - SECOND, "CFX.Production.TestAndInspection.UnitsInspected", &body);
        }
        self.close(&run, end, end + SECOND);
        self.stations[AOI as usize].free = end + SECOND;
        end + 3 * SECOND
    }

    fn call(&mut self, position: u16, verification: &str, missing: bool) -> Value {
        let named = &self.board.positions[position as usize];
        let (code, category) = if missing { ("MISSING", "Component") } else { ("INSUFFICIENT", "Solder") };
        json!({
            "UniqueIdentifier": self.random.guid(),
            "InspectionName": format!("INSPECT_{}", named.name),
            "Result": "Failed",
            "Verification": verification,
            "DefectsFound": [{
                "UniqueIdentifier": self.random.guid(),
                "DefectCode": code,
                "DefectCategory": category,
                "ComponentOfInterest": {
                    "ReferenceDesignator": named.name,
                    "UnitPosition": null,
                    "PartNumber": self.board.parts[named.part as usize].number,
                },
                "Priority": 1,
                "ConfidenceLevel": 92.5,
                "Verification": verification,
            }],
            "Symptoms": [],
            "Measurements": [],
        })
    }

    /// Repairs what the inspection found on a panel.
    pub(crate) fn rework(&mut self, panel: &mut Panel, at: i64) -> i64 {
        let mut at = at;
        for board in 0..4 {
            for defect in std::mem::take(&mut panel.boards[board].defects) {
                let mut listing = panel.listing(panel.serials);
                listing.units = vec![listing.units.swap_remove(board)];
                let touch_up = defect.package.is_some() && self.random.chance(0.3);
                let name = (panel.name(), Some(board + 1));
                at = self.repair(listing, name, &defect, touch_up, at);
            }
        }
        at
    }

    /// One repair of one board. `name` is how the repair's messages name the board.
    pub(crate) fn repair(
        &mut self,
        listing: Listing,
        name: (String, Option<usize>),
        defect: &Defect,
        touch_up: bool,
        at: i64,
    ) -> i64 {
        let part = self.board.positions[defect.position as usize].part;
        let start = at.max(self.stations[BENCH as usize].free) + 5 * SECOND;
        let drawer = if touch_up { None } else { Some(self.fetch(part, start)) };
        let start = start + 20 * SECOND;
        let unit = listing.units[0].unit;
        let transaction = Transaction::Given(self.random.guid());
        let run = self.open(BENCH, start - SECOND, start, listing, transaction);
        let designator = self.board.positions[defect.position as usize].name.clone();
        if let (Some((package, package_name, sure)), false) = (&defect.package, touch_up) {
            let names_package = *sure && self.random.chance(0.5);
            let body = json!({ "UninstalledMaterials": [{
                "UnitIdentifier": name.0,
                "UnitPositionNumber": name.1,
                "QuantityUninstalled": 1.0,
                "Reason": "DefectiveInstallation",
                "Material": names_package.then(|| json!({
                    "UniqueIdentifier": package_name,
                    "InternalPartNumber": self.board.parts[part as usize].number,
                    "Quantity": 0.0,
                })),
                "UninstalledComponents": [{ "ReferenceDesignator": designator, "InstallationTime": null }],
            }] });
            let body = run.transaction.put(body, "TransactionId");
            let removed = start + 25 * SECOND;
            self.send(BENCH, removed, "CFX.Production.Assembly.MaterialsUninstalled", &body);
            self.delivery.count(if names_package { "removal of a package" } else { "removal at a position" });
            if self.record.keep {
                let at = self.clock(BENCH, removed);
                let package = names_package.then_some(*package);
                self.record.removals.push(Removal { unit, position: defect.position, package, pass: run.pass, at });
            }
        }
        if let Some(drawer) = drawer {
            self.install_from_drawer(&run, &name, defect.position, drawer, start + 60 * SECOND);
        }
        let crew = self.crew(start);
        self.record.name(run.pass, 0, Role::Person, &format!("person:{}", badge(BENCH, crew)));
        let body = json!({
            "RepairOperator": Self::operator_json(BENCH, crew),
            "RepairedUnits": [{
                "UnitIdentifier": name.0,
                "UnitPositionNumber": name.1,
                "OverallResult": "RepairSuccessful",
                "Repairs": [{
                    "UniqueIdentifier": self.random.guid(),
                    "RepairName": if touch_up { "Joint repair" } else { "Component replaced" },
                    "RepairStartTime": self.stamp(BENCH, start),
                    "RepairEndTime": self.stamp(BENCH, start + 70 * SECOND),
                    "ComponentOfInterest": { "ReferenceDesignator": designator, "UnitPosition": null, "PartNumber": self.board.parts[part as usize].number },
                    "RelatedDefectIdentifiers": [],
                    "Result": "RepairSuccessful",
                    "Error": null,
                }],
            }],
        });
        let body = run.transaction.put(body, "TransactionId");
        self.send(BENCH, start + 70 * SECOND, "CFX.Production.ReworkAndRepair.UnitsRepaired", &body);
        if touch_up {
            self.delivery.count("touch-up");
        }
        self.close(&run, start + 75 * SECOND, start + 76 * SECOND);
        self.stations[BENCH as usize].free = start + 76 * SECOND;
        start + 80 * SECOND
    }

    fn install_from_drawer(
        &mut self,
        run: &crate::line::Run,
        name: &(String, Option<usize>),
        position: u16,
        drawer: usize,
        at: i64,
    ) {
        let Some(strip) = &mut self.bench.drawers[drawer] else { return };
        strip.quantity -= 1;
        let (id, material) = (strip.id, strip.package(&self.board));
        let body = json!({ "InstalledMaterials": [{
            "UnitIdentifier": name.0,
            "UnitPositionNumber": name.1,
            "QuantityInstalled": 1.0,
            "QuantityNonInstalled": 0.0,
            "Material": material,
            "CarrierLocation": { "LocationIdentifier": format!("RW-D{drawer}"), "LocationName": format!("DRAWER{drawer}"), "CarrierInformation": null },
            "InstalledComponents": [{
                "ReferenceDesignator": self.board.positions[position as usize].name,
                "InstallationTime": self.stamp(BENCH, at),
            }],
        }] });
        let body = run.transaction.put(body, "TransactionId");
        self.send(BENCH, at, "CFX.Production.Assembly.MaterialsInstalled", &body);
        self.delivery.count("part placed at the bench");
        self.record.place(Placement {
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

    pub(crate) fn set_up_bench(&mut self, at: i64) {
        self.bench.drawers = vec![None; DRAWERS];
        if !self.config.silent_materials {
            return;
        }
        let flux = self.take(self.board.flux);
        self.load_bench(&flux, "RW-FLUX", DRAWERS as u16, at);
        self.bench.flux = Some(flux);
    }

    /// Sees to it that a drawer holds a strip of a part; returns which.
    fn fetch(&mut self, part: u16, at: i64) -> usize {
        let holds = |strip: &Option<Reel>| strip.as_ref().is_some_and(|strip| strip.part == part && strip.quantity > 0);
        if let Some(drawer) = self.bench.drawers.iter().position(holds) {
            return drawer;
        }
        let same = |strip: &Option<Reel>| strip.as_ref().is_some_and(|strip| strip.part == part);
        let drawer = self.bench.drawers.iter().position(same).unwrap_or_else(|| {
            self.bench.next_drawer = (self.bench.next_drawer + 1) % DRAWERS;
            self.bench.next_drawer
        });
        if let Some(old) = self.bench.drawers[drawer].take() {
            let body = json!({ "MaterialPackageIdentifiers": [old.name] });
            self.send(BENCH, at, "CFX.Materials.Storage.MaterialsUnloaded", &body);
            self.record.unmount(self.clock(BENCH, at), old.id);
            if old.quantity > 0 {
                self.bench.aside.push_back(old);
            } else {
                self.settle(&old);
            }
        }
        let aside = self.bench.aside.iter().position(|strip| strip.part == part);
        let strip = match aside.and_then(|found| self.bench.aside.remove(found)) {
            Some(strip) => strip,
            None => self.cut(part, at),
        };
        self.load_bench(&strip, &format!("RW-D{drawer}"), drawer as u16, at + 5 * SECOND);
        self.bench.drawers[drawer] = Some(strip);
        drawer
    }

    fn load_bench(&mut self, reel: &Reel, location: &str, place: u16, at: i64) {
        let body = json!({ "Materials": [{
            "LocationIdentifier": location,
            "LocationName": location,
            "MaterialPackage": reel.package(&self.board),
            "CarrierInformation": null,
        }] });
        self.send(BENCH, at, "CFX.Materials.Storage.MaterialsLoaded", &body);
        self.record.mount(self.clock(BENCH, at), reel.id, BENCH, place);
    }

    /// The connectors that are in the bill of materials but not in the position file.
    pub(crate) fn hand_place(&mut self, panel: &mut Panel, at: i64) -> i64 {
        let start = at.max(self.stations[HAND as usize].free) + 12 * SECOND;
        let positions: Vec<(u16, u16)> = (0u16..)
            .zip(&self.board.positions)
            .filter(|(_, position)| position.side == Side::Hand)
            .map(|(number, position)| (number, position.part))
            .collect();
        for (_, part) in &positions {
            self.fill_bin(*part, start - 10 * SECOND, start - 8 * SECOND);
        }
        let transaction = Transaction::Given(self.random.guid());
        let run = self.open(HAND, start - SECOND, start, panel.listing(false), transaction);
        let lost = self.random.chance(self.config.lost_reports);
        if lost {
            self.delivery.count("lost report");
        }
        let mut t = start + SECOND;
        let mut materials = Vec::new();
        for (board, listed) in run.listing.units.iter().enumerate().filter(|(_, listed)| listed.status == "Pass") {
            for (position, part) in &positions {
                self.fill_bin(*part, t, t + SECOND / 2);
                t += SECOND;
                let place_only = self.random.chance(self.config.place_only);
                let Some(bag) = &mut self.hand[*part as usize] else { continue };
                bag.quantity -= 1;
                let (id, material) = (bag.id, bag.package(&self.board));
                if place_only && !lost {
                    self.delivery.count("report with the place only");
                }
                materials.push(json!({
                    "UnitIdentifier": listed.identifier,
                    "UnitPositionNumber": listed.number,
                    "QuantityInstalled": 1.0,
                    "QuantityNonInstalled": 0.0,
                    "Material": if place_only { Value::Null } else { material },
                    "CarrierLocation": { "LocationIdentifier": bin(*part), "LocationName": bin(*part), "CarrierInformation": null },
                    "InstalledComponents": [{ "ReferenceDesignator": self.board.positions[*position as usize].name, "InstallationTime": null }],
                }));
                self.record.place(Placement {
                    pass: run.pass,
                    package: id,
                    leading: NOWHERE,
                    after_start: NOWHERE,
                    place: *part,
                    position: *position,
                    nest: board as u8,
                    grey: false,
                    delivered: !lost,
                    fate: if place_only { Fate::InstalledFromPlace } else { Fate::Installed },
                });
            }
        }
        t += SECOND;
        if !lost {
            let body = run.transaction.put(json!({ "InstalledMaterials": materials }), "TransactionId");
            self.send(HAND, t, "CFX.Production.Assembly.MaterialsInstalled", &body);
        }
        self.close(&run, t + SECOND, t + 2 * SECOND);
        self.stations[HAND as usize].free = t + 2 * SECOND;
        t + 3 * SECOND
    }

    /// A new bag into a bin when the old one is empty.
    fn fill_bin(&mut self, part: u16, emptied: i64, filled: i64) {
        if self.hand[part as usize].as_ref().is_some_and(|bag| bag.quantity > 0) {
            return;
        }
        let location = |bag: &Reel, line: &Line| {
            json!({
                "LocationIdentifier": bin(part),
                "LocationName": bin(part),
                "MaterialPackage": bag.package(&line.board),
                "CarrierInformation": null,
            })
        };
        if let Some(old) = self.hand[part as usize].take() {
            let body = json!({ "EmptyMaterials": [location(&old, self)] });
            self.send(HAND, emptied, "CFX.Materials.Storage.MaterialsEmpty", &body);
            self.record.deplete(self.clock(HAND, emptied), old.id);
            self.settle(&old);
        }
        let bag = self.take(part);
        let body = json!({ "Materials": [location(&bag, self)] });
        self.send(HAND, filled, "CFX.Materials.Storage.MaterialsLoaded", &body);
        self.record.mount(self.clock(HAND, filled), bag.id, HAND, part);
        self.hand[part as usize] = Some(bag);
    }

    /// How a board is named once it has left its panel.
    pub(crate) fn single(&mut self, unit: u32, panel: &str) -> (Listing, (String, Option<usize>)) {
        let listing = Listing {
            primary: panel.to_owned(),
            units: vec![crate::line::Listed { unit, identifier: serial(unit), number: unit % 4 + 1, status: "Pass" }],
        };
        // A serial with position 1 is the same board as the serial alone.
        let position = self.random.chance(0.3).then_some(1);
        (listing, (serial(unit), position))
    }
}

fn bin(part: u16) -> String {
    format!("HA-BIN{part:02}")
}
