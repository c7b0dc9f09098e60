//! The simulated line: what it says is well formed, repeatable and varied, and its truth misses nothing.
//! A failing case names the seed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use factory::{Config, Evidence, Kind, Output, Relation, Simulation, Truth};
use serde_json::Value;

fn run(config: Config) -> (Vec<Output>, BTreeMap<String, u64>, Truth) {
    let mut simulation = Simulation::new(config).unwrap();
    let outputs: Vec<Output> = simulation.by_ref().collect();
    let behaviours = simulation.behaviours().clone();
    (outputs, behaviours, simulation.truth())
}

fn panels(panels: u32) -> Config {
    Config { panels: Some(panels), ..Config::default() }
}

#[test]
fn same_seed_same_bytes() {
    let (first, _, _) = run(panels(30));
    let (second, _, _) = run(panels(30));
    assert_eq!(first, second);
    let (other, _, _) = run(Config { seed: 2, ..panels(30) });
    assert_ne!(first, other);
}

#[test]
fn every_line_is_json_in_order_and_every_unit_has_its_position() {
    let (outputs, _, truth) = run(panels(40));
    let designators: HashSet<String> =
        factory::Board::load().unwrap().positions.into_iter().map(|position| position.name).collect();
    let mut last = outputs[0].at;
    let mut bodies: HashMap<String, String> = HashMap::new();
    for output in &outputs {
        assert!(output.at >= last, "delivery goes back from {last} to {}", output.at);
        last = output.at;
        match &output.kind {
            Kind::Event(line) => {
                let event: Value = serde_json::from_str(line).unwrap();
                assert!(event["type"].is_string() && event["at"].is_string() && event["id"].is_string(), "{line}");
            }
            Kind::Cfx(line) => {
                let envelope: Value = serde_json::from_str(line).unwrap();
                let id = envelope["UniqueID"].as_str().unwrap().to_owned();
                assert_eq!(id.len(), 36);
                let before = bodies.entry(id).or_insert_with(|| line.clone());
                assert_eq!(before, line, "one id with two bodies");
                let body = &envelope["MessageBody"];
                for unit in body["Units"].as_array().into_iter().flatten() {
                    assert!((1..=4).contains(&unit["PositionNumber"].as_i64().unwrap()), "{line}");
                    assert!(!unit["UnitIdentifier"].as_str().unwrap().is_empty(), "{line}");
                }
                for material in body["InstalledMaterials"].as_array().into_iter().flatten() {
                    let installed = material["InstalledComponents"].as_array().unwrap();
                    assert_eq!(material["QuantityInstalled"].as_f64().unwrap(), installed.len() as f64);
                    let rejected = material["NonInstalledComponents"].as_array().into_iter().flatten();
                    for component in installed.iter().chain(rejected) {
                        assert!(designators.contains(component["ReferenceDesignator"].as_str().unwrap()), "{line}");
                    }
                }
            }
        }
    }
    assert!(truth.placements() > 40 * 4 * 700);
}

#[test]
fn every_package_balances() {
    let (_, _, truth) = run(panels(60));
    for balance in truth.balance() {
        let gone = balance.installed + balance.rejected + balance.moved_on + balance.remaining;
        assert_eq!(balance.initial, gone, "{balance:?}");
    }
}

/// Never miss: whatever physically is in a unit, the answers contain the unit. When no report is lost they contain each
/// position too; with half a report lost, a package that the other half names has its row, but not all its positions.
#[test]
fn reality_is_within_the_truth() {
    let nothing_lost = Config { lost_reports: 0.0, lost_stage_reports: 0.0, ..hostile(50) };
    for (config, strictly) in [(hostile(50), false), (Config { seed: 7, ..hostile(50) }, false), (nothing_lost, true)] {
        let seed = config.seed;
        let (_, _, truth) = run(config);
        let mut answers: HashMap<&str, HashMap<String, BTreeSet<String>>> = HashMap::new();
        let mut exposed: HashMap<&str, HashSet<String>> = HashMap::new();
        let facts: Vec<_> = truth.reality().collect();
        for fact in &facts {
            if !answers.contains_key(fact.package) {
                let mine = answers.entry(fact.package).or_default();
                let touched = exposed.entry(fact.package).or_default();
                for row in truth.where_used(&format!("package:{}", fact.package)) {
                    match row.relation {
                        Relation::Installed => mine.entry(row.unit).or_default().extend(row.positions),
                        Relation::Exposed => _ = touched.insert(row.unit),
                    }
                }
            }
            let positions = answers[fact.package].get(&fact.unit);
            let installed = positions.is_some_and(|positions| {
                !strictly || fact.position.is_some_and(|position| positions.contains(position))
            });
            assert!(installed || exposed[fact.package].contains(&fact.unit), "seed {seed}: {fact:?} is missed");
        }
    }
}

/// More of everything that goes wrong.
fn hostile(number: u32) -> Config {
    Config {
        lost_reports: 0.05,
        lost_stage_reports: 0.05,
        lost_ends: 0.05,
        x_outs: 0.03,
        rejects: 0.005,
        defects: 0.000_3,
        forgotten_unloads: 0.4,
        panels_per_reel: 15,
        reel_quantity_max: 2_000,
        shift_minutes: 60,
        ..panels(number)
    }
}

#[test]
fn with_everything_turned_off_all_is_certain() {
    let (_, behaviours, truth) = run(Config { panels: Some(60), ..Config::quiet() });
    for thing in truth.things() {
        for row in truth.where_used(&thing) {
            assert_eq!(row.evidence, Evidence::Certain, "{thing}: {row:?}");
            assert!(!row.removed);
        }
    }
    assert!(!behaviours.contains_key("lost report") && !behaviours.contains_key("duplicate message"));
}

#[test]
fn where_used_and_trace_agree() {
    let (_, _, truth) = run(hostile(50));
    let mut forward = BTreeSet::new();
    let units: BTreeSet<String> =
        (1..=50).step_by(7).map(|panel| format!("PNL-{panel:06}/{}", panel % 4 + 1)).collect();
    for thing in truth.things() {
        for row in truth.where_used(&thing).into_iter().filter(|row| units.contains(&row.unit)) {
            forward.insert((thing.clone(), row));
        }
    }
    let backward: BTreeSet<_> = units.iter().flat_map(|unit| truth.trace(unit)).collect();
    assert_eq!(forward, backward);
}

#[test]
fn lost_reports_expose_and_chains_doubt() {
    let (_, _, truth) = run(hostile(50));
    let mut kinds: BTreeMap<(Relation, Evidence, bool), u64> = BTreeMap::new();
    for thing in truth.things().iter().filter(|thing| thing.starts_with("package:")) {
        for row in truth.where_used(thing) {
            *kinds.entry((row.relation, row.evidence, row.removed)).or_default() += 1;
        }
    }
    for relation in [Relation::Installed, Relation::Exposed] {
        for evidence in [Evidence::Certain, Evidence::Possible] {
            assert!(kinds.contains_key(&(relation, evidence, false)), "{kinds:?}");
        }
    }
    assert!(kinds.contains_key(&(Relation::Installed, Evidence::Certain, true)), "{kinds:?}");
}

#[test]
fn everything_happens_in_three_hundred_panels() {
    let (outputs, behaviours, truth) = run(panels(300));
    for (name, count) in &behaviours {
        println!("{count:8}  {name}");
    }
    println!("{:8}  lines, {} placements", outputs.len(), truth.placements());
    let expected = [
        "Assembled",
        "FaultCleared",
        "FaultOccurred",
        "Heartbeat",
        "MaterialsApplied",
        "MaterialsChainSplit",
        "MaterialsEmpty",
        "MaterialsInitialized",
        "MaterialsInstalled",
        "MaterialsJoined",
        "MaterialsLoaded",
        "MaterialsModified",
        "MaterialsOpened",
        "MaterialsPlacedInDryStorage",
        "MaterialsRemovedFromDryStorage",
        "MaterialsSplit",
        "MaterialsUninstalled",
        "MaterialsUnloaded",
        "OperatorActivated",
        "OperatorDeactivated",
        "Packed",
        "RecipeActivated",
        "Returned",
        "Shipped",
        "SplicePointDetected",
        "StationStateChanged",
        "ToolsLoaded",
        "ToolsUnloaded",
        "ToolsUsed",
        "UnitsArrived",
        "UnitsDeparted",
        "UnitsDisqualified",
        "UnitsInitialized",
        "UnitsInspected",
        "UnitsLoaded",
        "UnitsProcessed",
        "UnitsRepaired",
        "UnitsTested",
        "UnitsUnloaded",
        "Unpacked",
        "WorkCompleted",
        "WorkStageCompleted",
        "WorkStageStarted",
        "WorkStarted",
        "absent transaction",
        "bad capacitor lot",
        "board scrapped",
        "carrier cycle",
        "changeover",
        "defect confirmed",
        "duplicate message",
        "failure by a bad capacitor",
        "false call",
        "feeder moved on a trolley",
        "forgotten unload",
        "grey zone",
        "late message",
        "leading package named",
        "lost WorkCompleted",
        "lost report",
        "lost stage report",
        "lot corrected",
        "nil transaction",
        "part placed at the bench",
        "pass by arrival and departure",
        "paste topped up",
        "pass of the panel as a whole",
        "pick rejected",
        "position left empty",
        "reel change with stop",
        "removal at a position",
        "removal of a package",
        "report with the place only",
        "serials at initialisation",
        "serials at marking",
        "shift handover",
        "splice in mid-panel",
        "test failed",
        "touch-up",
        "x-out",
    ];
    let missing: Vec<&str> = expected.into_iter().filter(|name| !behaviours.contains_key(*name)).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
}

/// The live demo: no end, no memory of the past.
#[test]
fn an_endless_factory_keeps_nothing() {
    let config = Config { panels: None, truth: false, ..Config::default() };
    let mut simulation = Simulation::new(config).unwrap();
    assert_eq!(simulation.by_ref().take(20_000).count(), 20_000);
    assert_eq!(simulation.truth().placements(), 0);
}

#[test]
fn files_are_written() {
    let folder = tempfile::tempdir().unwrap();
    factory::write_ndjson(panels(6), folder.path()).unwrap();
    let truth: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("truth.json")).unwrap()).unwrap();
    assert!(truth["things"].as_array().unwrap().len() > 100);
    assert!(truth["reality"].as_array().unwrap().len() > 50);
    for name in ["cfx.ndjson", "events.ndjson", "board.csv", "bom.csv", "positions.txt"] {
        assert!(folder.path().join(name).metadata().unwrap().len() > 0, "{name}");
    }
}
