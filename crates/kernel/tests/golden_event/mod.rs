//! One event of every kind, each field with something to say.

use kernel::event::*;
use kernel::time::{Moment, Time};

/// The event whose fact is too large for an entry.
pub(crate) fn too_large_for_an_entry() -> Event {
    let values: Vec<String> = (0..20_000).map(|value| format!("{value}.0")).collect();
    event(
        "CFX.Vendor.Waveform",
        Noted { body: Some(json(&format!("{{\"Samples\":[{}]}}", values.join(",")))), ..Default::default() },
    )
}

/// One event of every kind.
pub(crate) fn events() -> Vec<Event> {
    let mut events = Vec::new();
    events.extend(material());
    events.extend(set_up());
    events.extend(units());
    events.extend(process());
    events.extend(master_data());
    events.extend(aggregation());
    events
}

fn material() -> Vec<Event> {
    vec![
        event(
            "CFX.Materials.Management.MaterialsInitialized",
            PackageReceived { packages: vec![package_detail()], extra: extra("ReceivedBy", "\"dock 2\"") },
        ),
        event(
            "CFX.Materials.Management.MaterialsModified",
            PackageChanged {
                reason: "QuantityCorrected".into(),
                packages: vec![package_detail()],
                ..Default::default()
            },
        ),
        event(
            "CFX.Materials.Management.MaterialsEmpty",
            PackageUsedUp { packages: vec![loaded("R-1001", 14)], ..Default::default() },
        ),
        event(
            "CFX.Materials.Management.MaterialsSplit",
            PackageSplit {
                from: "R-1001".into(),
                remaining: Some(json("1500")),
                new: "R-1001-B".into(),
                quantity: Some(json("1000")),
                ..Default::default()
            },
        ),
        event(
            "CFX.Materials.Management.MaterialsJoined",
            PackagesJoined { leading: package("R-1001"), trailing: package("R-1002"), ..Default::default() },
        ),
        event(
            "CFX.Materials.Management.MaterialsChainSplit",
            PackagesParted { split_off: package("R-1002"), remaining: package("R-1001"), ..Default::default() },
        ),
        event(
            "CFX.Materials.Management.MSDManagement.MaterialsOpened",
            MoistureChanged { change: Moisture::Expired, packages: vec![package_detail()], ..Default::default() },
        ),
        event(
            "CFX.ResourcePerformance.MaterialsConsumed",
            Consumed {
                materials: vec![ConsumedMaterial {
                    loaded: loaded("R-1001", 14),
                    used: Some(json("48")),
                    spoiled: Some(json("2")),
                    remaining: Some(json("1450")),
                    ..Default::default()
                }],
                ..Default::default()
            },
        ),
    ]
}

fn set_up() -> Vec<Event> {
    let package_mount = Mount { package: Some(package("R-1001")), location: Some(location(14)), ..Default::default() };
    let carrier_mount = Mount { carrier: Some(carrier()), location: Some(location(15)), ..Default::default() };
    let tool_mount = Mount { tool: Some(tool()), ..Default::default() };
    let person_mount = Mount { person: Some(person()), ..Default::default() };
    let program_mount = Mount { program: Some(program()), lane: Some(1), stage: Some(stage()), ..Default::default() };
    vec![
        event(
            "CFX.ResourcePerformance.ToolChanged",
            Mounted {
                transaction: TRANSACTION.into(),
                mounts: vec![package_mount.clone(), carrier_mount, tool_mount.clone(), person_mount, program_mount],
                replaced: vec![Mount { tool: Some(Tool { id: "NZ-0815".into(), ..tool() }), ..Default::default() }],
                ..Default::default()
            },
        ),
        event(
            "CFX.Materials.Storage.MaterialsUnloaded",
            Unmounted {
                transaction: TRANSACTION.into(),
                mounts: vec![package_mount, tool_mount],
                ..Default::default()
            },
        ),
        event(
            "CFX.Materials.Storage.SplicePointDetected",
            Spliced { depleted: loaded("R-1001", 14), active: loaded("R-1002", 14), ..Default::default() },
        ),
        event("SolderPotCleaned", CleanedOut { location: location(1), ..Default::default() }),
        event(
            "CFX.Production.SetupValidated",
            SetupVerified { result: "Success".into(), loaded: vec![loaded("R-1001", 14)], ..Default::default() },
        ),
        event(
            "CFX.ResourcePerformance.StationParametersModified",
            ParametersChanged { parameters: Some(json(r#"[{"Name":"Peak","Value":245.50}]"#)), ..Default::default() },
        ),
        event(
            "CFX.ResourcePerformance.ToolCleaned",
            ToolServiced { tools: vec![tool()], what: "Cleaned".into(), ..Default::default() },
        ),
    ]
}

fn units() -> Vec<Event> {
    vec![
        event(
            "CFX.Production.UnitsInitialized",
            UnitsCreated {
                transaction: TRANSACTION.into(),
                units: group(),
                order: order(),
                product: "TS-PCIe@5.3".into(),
                ..Default::default()
            },
        ),
        event("CFX.Production.IdentifiersRead", UnitNamed { units: group(), ..Default::default() }),
        event(
            "CFX.Production.UnitsLoaded",
            UnitsMatched { carrier: "PALLET-7".into(), units: group(), ..Default::default() },
        ),
        event(
            "CFX.Production.UnitsUnloaded",
            UnitsSeparated { carrier: "PALLET-7".into(), units: group(), ..Default::default() },
        ),
        event(
            "CFX.Production.UnitsPersonalized",
            Personalized { transaction: TRANSACTION.into(), units: vec![measured_unit()], ..Default::default() },
        ),
    ]
}

fn process() -> Vec<Event> {
    vec![
        event("CFX.Production.UnitsArrived", PassArrived { units: group(), lane: Some(1), ..Default::default() }),
        event("CFX.Production.UnitsDeparted", PassDeparted { units: group(), lane: Some(1), ..Default::default() }),
        event(
            "CFX.Production.WorkStarted",
            PassStarted {
                transaction: TRANSACTION.into(),
                units: group(),
                lane: Some(1),
                program: Some(program()),
                surface: "PrimarySurface".into(),
                order: order(),
                ..Default::default()
            },
        ),
        event(
            "CFX.Production.WorkStageCompleted",
            StageChanged {
                transaction: TRANSACTION.into(),
                change: StageChange::Completed,
                stage: stage(),
                result: "Completed".into(),
                ..Default::default()
            },
        ),
        event(
            "CFX.Production.WorkCompleted",
            PassEnded {
                transaction: TRANSACTION.into(),
                units: group(),
                result: "Completed".into(),
                ..Default::default()
            },
        ),
        event(
            "CFX.Production.Assembly.MaterialsInstalled",
            Installed { transaction: TRANSACTION.into(), materials: vec![unit_material("")], ..Default::default() },
        ),
        event(
            "CFX.Production.Assembly.MaterialsUninstalled",
            Removed {
                transaction: TRANSACTION.into(),
                materials: vec![unit_material("Tombstone")],
                ..Default::default()
            },
        ),
        event(
            "CFX.Production.Application.MaterialsApplied",
            Applied { transaction: TRANSACTION.into(), materials: vec![unit_material("")], ..Default::default() },
        ),
        event(
            "CFX.Production.Application.MaterialsUnapplied",
            Unapplied {
                transaction: TRANSACTION.into(),
                materials: vec![unit_material("Misprint")],
                ..Default::default()
            },
        ),
        event(
            "CFX.Production.ToolsUsed",
            ToolUsed {
                transaction: TRANSACTION.into(),
                tools: vec![UsedTool {
                    identifier: "PNL-000123".into(),
                    position: Some(3),
                    tool: tool(),
                    cycles: Some(24),
                    designators: vec!["C12".into(), "C13".into()],
                    ..Default::default()
                }],
                ..Default::default()
            },
        ),
        event(
            "CFX.Production.Processing.UnitsProcessed",
            Measured {
                transaction: TRANSACTION.into(),
                result: "Succeeded".into(),
                common: Some(json(
                    r#"{"$type":"CFX.Structures.SolderReflow.ReflowProcessData, CFX","ConveyorSpeed":118.0}"#,
                )),
                units: vec![measured_unit()],
                ..Default::default()
            },
        ),
        event(
            "CFX.Production.TestAndInspection.UnitsInspected",
            Inspected {
                transaction: TRANSACTION.into(),
                method: "AOI".into(),
                person: Some(person()),
                program: Some(program()),
                units: vec![checked_unit()],
                panel: Some(CheckedUnit { identifier: "PNL-000123".into(), position: None, ..checked_unit() }),
                ..Default::default()
            },
        ),
        event(
            "CFX.Production.TestAndInspection.UnitsTested",
            Tested {
                transaction: TRANSACTION.into(),
                method: "FCT".into(),
                person: Some(person()),
                program: Some(program()),
                units: vec![checked_unit()],
                ..Default::default()
            },
        ),
        event(
            "CFX.Production.ReworkAndRepair.UnitsRepaired",
            Repaired {
                transaction: TRANSACTION.into(),
                person: Some(person()),
                units: vec![checked_unit()],
                ..Default::default()
            },
        ),
        event(
            "CFX.Production.UnitsDisqualified",
            Disqualified {
                units: group(),
                reason: "Scrapped".into(),
                comment: "burnt pads at U4".into(),
                ..Default::default()
            },
        ),
        event(
            "CFX.ResourcePerformance.FaultCleared",
            StationChanged {
                from: "2200".into(),
                to: "1100".into(),
                fault: "F-4711".into(),
                occurrence: "0b6dfc62-9a0d-4a3b-bb25-2b2f1f9f5a10".into(),
                what: "FaultCleared".into(),
                description: "feeder 14: pick error".into(),
                person: Some(person()),
                ..Default::default()
            },
        ),
        Event {
            at: Moment::assumed(
                "2026-10-25T02:30:00",
                Time::parse("2026-10-25T01:00:00Z").expect("a time"),
                1_800_000_000,
            ),
            source: Source { handle: String::new(), version: String::new(), ..source("CFX.Vendor.Lamp") },
            extra: extra("Vendor", r#"{"Colour":"amber"}"#),
            ..event("", Noted { body: Some(json(r#"{"Lamp":1.50,"On":true}"#)), ..Default::default() })
        },
    ]
}

fn master_data() -> Vec<Event> {
    vec![
        event(
            "CFX.InformationSystem.WorkOrderManagement.WorkOrdersCreated",
            WorkOrderChanged {
                orders: vec![WorkOrder {
                    order: order(),
                    product: "TS-PCIe".into(),
                    revision: "5.3".into(),
                    quantity: Some(json("500")),
                    status: "Released".into(),
                    customer: "Northlab".into(),
                    lot: "WL-26-44".into(),
                    ..Default::default()
                }],
                ..Default::default()
            },
        ),
        event(
            "ProductReleased",
            ProductReleased {
                product: "TS-PCIe".into(),
                revision: "5.3".into(),
                programs: vec!["TS-TOP@7".into()],
                positions: vec![ProductPosition {
                    designator: "C12".into(),
                    part: "CAP-100N-0402".into(),
                    manufacturer: "Murata".into(),
                    manufacturer_part: "GRM155R71C104KA88D".into(),
                    alternates: vec!["CAP-100N-0402-B".into()],
                    value: "100nF".into(),
                    footprint: "C_0402".into(),
                    x_um: Some(12_700),
                    y_um: Some(-4_250),
                    rotation_mdeg: Some(90_000),
                    side: "top".into(),
                    not_fitted: true,
                    ..Default::default()
                }],
                panel: vec![PanelBoard {
                    number: 2,
                    x_um: 60_000,
                    y_um: 90_000,
                    rotation_mdeg: 180_000,
                    flip: true,
                    ..Default::default()
                }],
                remarks: vec!["`C99` stands in the placements and not in the bill".into()],
                ..Default::default()
            },
        ),
        event(
            "StationProfiled",
            StationProfiled {
                station: "PNP-2".into(),
                handle: "plant1.line1".into(),
                lane: Some(2),
                role: "placement".into(),
                line: "LINE-1".into(),
                places: [("*".to_owned(), Discipline::Chain), ("PASTE".to_owned(), Discipline::Mix)].into(),
                aliases: [("F14".to_owned(), "14".to_owned())].into(),
                chain: "exact".into(),
                clock_margin: 200_000,
                ..Default::default()
            },
        ),
    ]
}

fn aggregation() -> Vec<Event> {
    let (units, containers) = (vec!["PNL-000123/3".to_owned()], vec!["BOX-17".to_owned()]);
    let children = vec![
        Child { unit: "PNL-000123/3".into(), position: "SLOT-1".into(), ..Default::default() },
        Child { package: "SCREWS-4".into(), ..Default::default() },
        Child { component: "FAN-99812".into(), ..Default::default() },
    ];
    vec![
        event(
            "Packed",
            Packed {
                container: "PLT-3".into(),
                units: units.clone(),
                containers: containers.clone(),
                ..Default::default()
            },
        ),
        event(
            "Unpacked",
            Unpacked {
                container: "PLT-3".into(),
                units: units.clone(),
                containers: containers.clone(),
                ..Default::default()
            },
        ),
        event(
            "Assembled",
            Assembled {
                unit: "SCOPE-0007".into(),
                children: children.clone(),
                station: "BENCH-2".into(),
                ..Default::default()
            },
        ),
        event("Disassembled", Disassembled { unit: "SCOPE-0007".into(), children, ..Default::default() }),
        event(
            "Shipped",
            Shipped {
                shipment: "DN-88001".into(),
                to: "Northlab".into(),
                units: units.clone(),
                containers: containers.clone(),
                ..Default::default()
            },
        ),
        event("Arrived", Arrived { shipment: "DN-88001".into(), at_party: "Northlab".into(), ..Default::default() }),
        event(
            "Returned",
            Returned {
                units,
                containers,
                from: "Northlab".into(),
                reason: "channel 2 dead".into(),
                ..Default::default()
            },
        ),
    ]
}

const TRANSACTION: &str = "2c24590d-39c5-4039-96a5-91900cecedfa";

fn event(name: &str, fact: impl Into<Fact>) -> Event {
    Event {
        at: Moment::parse("2026-11-20T08:15:30.1234567+01:00").expect("a time with offset"),
        recorded: Time::parse("2026-11-20T07:15:30.250Z").expect("a time"),
        source: source(name),
        fact: fact.into(),
        extra: Extra::new(),
    }
}

fn source(name: &str) -> Source {
    Source {
        handle: "plant1.line1.pnp2".into(),
        message: "9f0c2b1e-6a57-4e0b-9a57-d1c1f2a30001".into(),
        name: name.into(),
        version: "2.0".into(),
    }
}

fn json(text: &str) -> Json {
    Json::parse(text).expect("one JSON value")
}

fn extra(name: &str, value: &str) -> Extra {
    [(name.to_owned(), json(value))].into()
}

fn group() -> UnitGroup {
    UnitGroup {
        primary: "PNL-000123".into(),
        hermes: "c7a1d6f0-0a39-4c7e-8f5e-1f0e6e0c0b01".into(),
        count: Some(2),
        units: vec![
            UnitMention {
                identifier: "SN-77001".into(),
                position: Some(0),
                position_name: "CIRCUIT1".into(),
                status: UnitStatus::Skip,
                layout: extra("X", "45.10"),
                ..Default::default()
            },
            UnitMention { identifier: "PNL-000123".into(), position: Some(3), ..Default::default() },
        ],
        ..Default::default()
    }
}

fn stage() -> Stage {
    Stage { sequence: Some(2), name: "STAGE2".into(), kind: "Work".into(), ..Default::default() }
}

fn order() -> OrderRef {
    OrderRef { order: "WO-4402".into(), batch: "B2".into(), ..Default::default() }
}

fn program() -> Program {
    Program { name: "TS-TOP".into(), revision: "7".into(), ..Default::default() }
}

fn person() -> Person {
    Person { pseudonym: "p-5d1f0c3a".into(), actor: "Human".into(), ..Default::default() }
}

fn tool() -> Tool {
    Tool {
        id: "NZ-0816".into(),
        name: "nozzle 3".into(),
        kind: "SMTHeadAndNozzle".into(),
        head: "H1".into(),
        head_position: Some(3),
        nozzle_type: "235".into(),
        ..Default::default()
    }
}

fn carrier() -> Carrier {
    Carrier {
        id: "FDR-0303".into(),
        name: "feeder 303".into(),
        kind: "SMDTapeFeeder".into(),
        lane: Some(2),
        base: "FB-12".into(),
        parent: Some(Box::new(Carrier { id: "TRL-4".into(), ..Default::default() })),
        ..Default::default()
    }
}

fn location(slot: u32) -> Location {
    Location {
        id: format!("LOC-{slot}"),
        name: slot.to_string(),
        module: "MODULE1".into(),
        carrier: Some(carrier()),
        ..Default::default()
    }
}

fn package(id: &str) -> Package {
    Package {
        id: id.into(),
        part: "CAP-100N-0402".into(),
        quantity: Some(json("2500.0")),
        leading: Some(Box::new(Package { id: "R-1000".into(), ..Default::default() })),
        grey_zone: Some(json("12")),
        batch: "B-7".into(),
        ..Default::default()
    }
}

fn loaded(id: &str, slot: u32) -> Loaded {
    Loaded { location: location(slot), package: Some(package(id)), ..Default::default() }
}

fn package_detail() -> PackageDetail {
    PackageDetail {
        id: "R-1001".into(),
        part: "CAP-100N-0402".into(),
        manufacturer: "Murata".into(),
        manufacturer_part: "GRM155R71C104KA88D".into(),
        supplier: "Arrowline".into(),
        supplier_part: "AL-100N".into(),
        lot: "LC-2609".into(),
        manufactured: "2026-06-30T00:00:00".into(),
        received: "2026-09-02T09:00:00+02:00".into(),
        expires: "2028-06-30T00:00:00".into(),
        initial_quantity: Some(json("10000")),
        quantity: Some(json("9950.50")),
        measure: "pcs".into(),
        status: "Active".into(),
        batch: "B-7".into(),
        grey_zone: Some(json("12")),
        receipt: "GR-1200".into(),
        ..Default::default()
    }
}

fn unit_material(reason: &str) -> UnitMaterial {
    let placed = |designator: &str| Placed {
        designator: designator.into(),
        unit: "CAP-SN-1".into(),
        at: Some(Moment::parse("2026-11-20T08:15:29.900+01:00").expect("a time with offset")),
        stage: Some(stage()),
        tool: Some(tool()),
        ..Default::default()
    };
    UnitMaterial {
        identifier: "PNL-000123".into(),
        position: Some(3),
        quantity: Some(json("1")),
        quantity_rejected: Some(json("1")),
        package: Some(package("R-1001")),
        location: Some(location(14)),
        components: vec![placed("C12")],
        rejected: vec![placed("C13")],
        reason: if reason.is_empty() { "n/a".into() } else { reason.into() },
        ..Default::default()
    }
}

fn measured_unit() -> MeasuredUnit {
    MeasuredUnit {
        identifier: "PNL-000123".into(),
        position: Some(3),
        result: "Succeeded".into(),
        data: Some(json(r#"{"Zone":3,"Setpoint":245.0}"#)),
        ..Default::default()
    }
}

fn checked_unit() -> CheckedUnit {
    let at = |text: &str| Moment::parse(text);
    CheckedUnit {
        identifier: "SN-77001".into(),
        position: Some(3),
        result: "Failed".into(),
        verification: "NotVerified".into(),
        checks: vec![Check {
            id: "T-1".into(),
            name: "rail 3V3".into(),
            started: at("2026-11-20T08:15:10+01:00"),
            ended: at("2026-11-20T08:15:12+01:00"),
            result: "Failed".into(),
            verification: "FalseCall".into(),
            defects: vec![Defect {
                id: "D-1".into(),
                code: "TOMBSTONE".into(),
                category: "placement".into(),
                description: "stands upright".into(),
                designator: "C12".into(),
                part: "CAP-100N-0402".into(),
                verification: "Verified".into(),
                ..Default::default()
            }],
            measurements: vec![Measurement {
                name: "U_3V3".into(),
                id: "M-1".into(),
                value: Some(json("3.10")),
                measure: "V".into(),
                expected: Some(json("3.30")),
                minimum: Some(json("3.20")),
                maximum: Some(json("3.40")),
                result: "Failed".into(),
                designators: "C12,C13".into(),
                ..Default::default()
            }],
            answers: vec!["D-0".into()],
            designator: "C12".into(),
            comment: "reseated".into(),
            ..Default::default()
        }],
        ..Default::default()
    }
}
