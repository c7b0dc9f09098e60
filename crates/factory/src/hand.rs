//! The connectors that are in the bill of materials but not in the position file: people place them, from bins.

use serde_json::{Value, json};

use crate::board::{Board, Side};
use crate::cause::Blame;
use crate::floor::{Floor, NOWHERE, Transaction};
use crate::panel::{Defect, Panel, Source};
use crate::record::{Fate, Placement};
use crate::station::{self, HAND, SECOND};
use crate::stock::Reel;

/// The bins, one for each part.
pub(crate) struct Hand {
    bins: Vec<Option<Reel>>,
}

impl Hand {
    pub(crate) fn new(board: &Board) -> Self {
        Self { bins: vec![None; board.parts.len()] }
    }

    pub(crate) fn reels(&self) -> impl Iterator<Item = &Reel> {
        self.bins.iter().flatten()
    }

    /// The hand-placed parts of one panel. Returns when it has left.
    pub(crate) fn place(&mut self, floor: &mut Floor, panel: &mut Panel, at: i64) -> i64 {
        let start = at.max(floor.station(HAND).free) + 12 * SECOND;
        let product = &floor.board.products[panel.product as usize];
        let by_hand = |position: &&u16| floor.board.positions[**position as usize].side == Side::Hand;
        let positions: Vec<(u16, u16)> = product
            .fitted
            .iter()
            .filter(by_hand)
            .map(|position| (*position, product.part(&floor.board, *position)))
            .collect();
        for (_, part) in &positions {
            self.fill_bin(floor, *part, start - 10 * SECOND, start - 8 * SECOND);
        }
        let transaction = Transaction::Given(floor.random.guid());
        let run = floor.open(HAND, start - SECOND, start, panel.listing(false), transaction);
        let lost = floor.random.chance(floor.config.lost_reports);
        if lost {
            floor.delivery.count("lost report");
        }
        let mut t = start + SECOND;
        let mut materials = Vec::new();
        for (board, listed) in run.listing.units.iter().enumerate().filter(|(_, listed)| listed.status == "Pass") {
            for (position, part) in &positions {
                self.fill_bin(floor, *part, t, t + SECOND / 2);
                t += SECOND;
                let place_only = floor.random.chance(floor.config.place_only);
                let Some(bag) = &mut self.bins[*part as usize] else { continue };
                bag.quantity -= 1;
                let (id, material) = (bag.id, bag.package(&floor.board));
                let sure = !place_only && !lost;
                let from = Source { package: id, name: bag.name.clone(), part: bag.part, sure };
                if is_bad(floor, listed.unit, *position, t) {
                    panel.boards[board].weak = Some(Defect::new(*position, Some(from)));
                }
                if place_only && !lost {
                    floor.delivery.count("report with the place only");
                }
                materials.push(json!({
                    "UnitIdentifier": listed.identifier,
                    "UnitPositionNumber": listed.number,
                    "QuantityInstalled": 1.0,
                    "QuantityNonInstalled": 0.0,
                    "Material": if place_only { Value::Null } else { material },
                    "CarrierLocation": { "LocationIdentifier": bin(*part), "LocationName": bin(*part), "CarrierInformation": null },
                    "InstalledComponents": [{ "ReferenceDesignator": floor.board.positions[*position as usize].name, "InstallationTime": null }],
                }));
                floor.record.place(Placement {
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
            floor.send(HAND, t, "CFX.Production.Assembly.MaterialsInstalled", &body);
        }
        floor.close(&run, t + SECOND, t + 2 * SECOND);
        floor.station_mut(HAND).free = t + 2 * SECOND;
        t + 3 * SECOND
    }

    /// A new bag into a bin when the old one is empty.
    fn fill_bin(&mut self, floor: &mut Floor, part: u16, emptied: i64, filled: i64) {
        if self.bins[part as usize].as_ref().is_some_and(|bag| bag.quantity > 0) {
            return;
        }
        let location = |bag: &Reel, board: &Board| {
            json!({
                "LocationIdentifier": bin(part),
                "LocationName": bin(part),
                "MaterialPackage": bag.package(board),
                "CarrierInformation": null,
            })
        };
        if let Some(old) = self.bins[part as usize].take() {
            let body = json!({ "EmptyMaterials": [location(&old, &floor.board)] });
            floor.send(HAND, emptied, "CFX.Materials.Storage.MaterialsEmpty", &body);
            floor.record.deplete(floor.clock(HAND, emptied), old.id);
            floor.settle(&old);
        }
        let bag = floor.take(part, filled);
        let body = json!({ "Materials": [location(&bag, &floor.board)] });
        floor.send(HAND, filled, "CFX.Materials.Storage.MaterialsLoaded", &body);
        floor.mount(HAND, filled, bag.id, part);
        self.bins[part as usize] = Some(bag);
    }
}

/// Whether a part was placed badly by somebody who was not trained.
fn is_bad(floor: &mut Floor, unit: u32, position: u16, at: i64) -> bool {
    if floor.config.causes.is_empty() {
        return false;
    }
    let crew = floor.crew(at);
    let (person, station) = (format!("person:{}", floor.badge(HAND, crew)), station::handle(floor.line, HAND));
    let blame = Blame { thing: &person, station: Some(&station), at };
    let bad = floor.causes.place_by_hand(&blame, floor.line, crew, (unit, position));
    if bad {
        floor.delivery.count("part placed badly by hand");
    }
    bad
}

fn bin(part: u16) -> String {
    format!("HA-BIN{part:02}")
}
