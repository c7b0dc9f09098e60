//! The oven: zones that are measured, and panels on a belt.

use serde_json::{Value, json};

use crate::floor::Floor;
use crate::panel::Panel;
use crate::random::Random;
use crate::station::{OVEN, SECOND};

/// The oven: it takes several panels at once, knows no transactions, and says only when they come and go.
pub(crate) fn reflow(floor: &mut Floor, panel: &Panel, at: i64) -> i64 {
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
    let mut zones = Vec::new();
    for (number, (zone, set)) in
        [("PreHeat", 150), ("Soak", 190), ("Reflow", 245), ("Cool", 80)].into_iter().enumerate()
    {
        zones.push(json!({
            "Zone": { "ReflowZoneType": zone, "StageSequence": number + 1, "StageName": format!("Zone{}", number + 1), "StageType": "Work" },
            "Setpoints": [{ "SubZone": "Top", "SetpointType": "Temperature", "Setpoint": f64::from(set) }],
            "Readings": [
                { "SubZone": "Top", "ReadingType": "Temperature", "ReadingValue": temperature(&mut floor.random, i64::from(set)) },
                { "SubZone": "Bottom", "ReadingType": "Temperature", "ReadingValue": temperature(&mut floor.random, i64::from(set)) },
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
