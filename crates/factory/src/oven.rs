//! The oven: zones that are measured, and panels on a belt.

use serde_json::{Value, json};

use crate::cause::Blame;
use crate::floor::Floor;
use crate::panel::{Defect, Panel};
use crate::random::Random;
use crate::station::{self, MINUTE, OVEN, SECOND};

/// The oven: it takes several panels at once, knows no transactions, and says only when they come and go.
pub(crate) fn reflow(floor: &mut Floor, panel: &mut Panel, at: i64) -> i64 {
    let enter = at.max(floor.station(OVEN).free);
    let leave = enter + 240 * SECOND + floor.random.between(0, 3 * SECOND);
    let mut listing = panel.listing(false);
    let as_panel = floor.random.chance(floor.config.panel_only);
    if as_panel {
        // Only the bar code of the panel is read; what is recorded on the panel holds for its boards.
        floor.delivery.count("pass of the panel as a whole");
        listing.units.clear();
    }
    floor.transfer(OVEN, enter, "UnitsArrived", &listing);
    let temperature =
        |random: &mut Random, set: i64| f64::from(random.between(set * 10 - 15, set * 10 + 15) as i32) / 10.0;
    let minute = (enter - floor.start) as f64 / MINUTE as f64;
    let drift = floor.causes.drift(floor.line, minute);
    let too_hot = drift.map_or(0.0, |(thousandths, _)| thousandths as f64 / 1000.0);
    if let Some((_, passed)) = drift {
        overheat(floor, panel, passed, enter);
    }
    let mut zones = Vec::new();
    for (number, (zone, set)) in
        [("PreHeat", 150), ("Soak", 190), ("Reflow", 245), ("Cool", 80)].into_iter().enumerate()
    {
        zones.push(json!({
            "Zone": { "ReflowZoneType": zone, "StageSequence": number + 1, "StageName": format!("Zone{}", number + 1), "StageType": "Work" },
            "Setpoints": [{ "SubZone": "Top", "SetpointType": "Temperature", "Setpoint": f64::from(set) }],
            "Readings": [
                { "SubZone": "Top", "ReadingType": "Temperature", "ReadingValue": temperature(&mut floor.random, i64::from(set)) + too_hot },
                { "SubZone": "Bottom", "ReadingType": "Temperature", "ReadingValue": temperature(&mut floor.random, i64::from(set)) + too_hot },
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
    floor.send(OVEN, leave - SECOND, "CFX.Production.Processing.UnitsProcessed", &body);
    floor.transfer(OVEN, leave, "UnitsDeparted", &listing);
    floor.delivery.count("pass by arrival and departure");
    if as_panel {
        listing = panel.listing(false);
        listing.units.iter_mut().for_each(|listed| listed.status = "Pass");
    }
    let pass = floor.record_pass(OVEN, &listing, enter);
    floor.end_pass(OVEN, pass, leave);
    floor.station_mut(OVEN).free = enter + 30 * SECOND;
    leave + 2 * SECOND
}

/// Boards of a panel in an oven that is too hot.
fn overheat(floor: &mut Floor, panel: &mut Panel, passed: f64, at: i64) {
    let handle = station::handle(floor.line, OVEN);
    let thing = format!("station:{handle}");
    let blame = Blame { thing: &thing, station: Some(&handle), at };
    for board in panel.present() {
        let fitted = &floor.board.products[panel.product as usize].fitted;
        if let Some(position) = floor.causes.heat(&blame, floor.line, passed, panel.unit(board), fitted) {
            floor.delivery.count("bad joint by oven drift");
            panel.boards[board].defects.push(Defect::of_joint(position));
        }
    }
}
