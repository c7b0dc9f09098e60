//! Scenario files: those that are shipped read, and a wrong one says where and why.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;

use factory::{Config, Scenario, Simulation, Truth};

#[test]
fn the_small_scenario_is_the_factory_of_the_demo() {
    let small = Scenario::open("small").unwrap();
    assert_eq!(small.config, Config { panels: small.config.panels, ..Config::default() });
}

#[test]
fn shipped_scenarios_read_and_say_what_they_show() {
    for scenario in Scenario::shipped().unwrap() {
        assert!(!scenario.about.is_empty() && !scenario.about.contains('\n'), "{}", scenario.name);
        assert!(scenario.config.panels.is_some(), "{} never ends", scenario.name);
        assert_eq!(Scenario::open(&scenario.name).unwrap().config, scenario.config);
    }
}

#[test]
fn a_wrong_file_says_line_and_key() {
    let check = |text: &str, expected: &[&str]| {
        let error = Scenario::parse("mine.toml", text).expect_err(text);
        let said = format!("{error}: {}", error.source().map(ToString::to_string).unwrap_or_default());
        for word in expected {
            assert!(said.contains(word), "`{word}` is not in: {said}");
        }
    };
    check("about = 'x'\n[factory]\npanel = 3\n", &["mine.toml", "line 3", "panel"]);
    check("about = 'x'\n[factory]\npanels = 'many'\n", &["line 3", "panels"]);
    check("[factory]\npanels = 3\n", &["about"]);
    check("about = 'x'\n[factory]\n\nlate = 1.5\n", &["line 4", "`late`", "1.5"]);
    check("about = 'x'\n[factory]\npanels_per_reel = 0\n", &["line 3", "`panels_per_reel`", "at least 1"]);
    let operator =
        |crew| format!("[[factory.causes]]\nkind = 'untrained-operator'\nline = 1\ncrew = {crew}\nshare = 0.1\n");
    let two = format!("about = 'x'\n{}{}", operator(1), operator(4));
    check(&two, &["scenario `mine.toml`: `crew` of cause 2", "between 1 and 3"]);
    let error = Scenario::open("no-such-scenario").unwrap_err();
    assert!(error.to_string().contains("`no-such-scenario`"), "{error}");
}

/// The page names every key with its default, as far as that is a number or a yes or no.
#[test]
fn the_page_says_the_defaults() {
    let page = include_str!("../../../docs/factory.md");
    let mut checked = 0;
    for row in page.lines().take_while(|line| !line.starts_with("### ")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, key, default, ..] = cells[..] else { continue };
        let (Some(key), true) = (
            key.strip_prefix('`').and_then(|key| key.strip_suffix('`')),
            default.parse::<f64>().is_ok() || ["true", "false"].contains(&default),
        ) else {
            continue;
        };
        let scenario = Scenario::parse(key, &format!("about = 'x'\n[factory]\n{key} = {default}\n"));
        let config = scenario.unwrap_or_else(|error| panic!("{error}: {:?}", error.source())).config;
        assert_eq!(config, Config::default(), "the default of `{key}` is not {default}");
        checked += 1;
    }
    assert!(checked > 35, "only {checked} rows were found");
}

fn run(name: &str) -> (BTreeMap<String, u64>, Truth) {
    let mut simulation = Simulation::new(Scenario::open(name).unwrap().config).unwrap();
    let outputs = simulation.by_ref().count();
    assert!(outputs > 1_000);
    (simulation.behaviours().clone(), simulation.truth())
}

#[test]
fn scenarios_show_what_they_are_there_for() {
    let check = |name: &str, expected: &[&str]| {
        let (behaviours, truth) = run(name);
        let missing: Vec<_> = expected.iter().filter(|what| !behaviours.contains_key(**what)).collect();
        assert!(missing.is_empty(), "{name}: never happened: {missing:?}");
        for balance in truth.balance() {
            let gone = balance.installed + balance.rejected + balance.moved_on + balance.remaining;
            assert_eq!(balance.initial, gone, "{name}: {balance:?}");
        }
    };
    check("high-mix", &["WorkOrderChanged", "alternate part"]);
    check("box-build", &["assembly of assemblies", "Returned", "assembly taken apart", "Disassembled", "Shipped"]);
    check("silent", &["pass of a silent machine", "MaterialsInstalled"]);
    check("bad-network", &["delivered after being offline", "duplicate message", "late message"]);
}

/// What a cause touched is in the answer about the thing that is to blame: who looks for it can find it.
#[test]
fn planted_causes_are_within_the_truth() {
    let (_, truth) = run("planted");
    let causes = truth.causes();
    let words: BTreeSet<&str> = causes.iter().map(|cause| cause.cause).collect();
    let expected =
        ["bad lot", "oven drift", "paste past its life", "untrained operator", "worn nozzle", "wrong program"];
    assert_eq!(words, BTreeSet::from(expected));
    for cause in &causes {
        println!("{}: {} touched, {} harmed", cause.cause, cause.touched.len(), cause.harmed.len());
        assert!(!cause.harmed.is_empty(), "{} {} harmed nothing", cause.cause, cause.thing);
        assert!(cause.harmed.keys().all(|unit| cause.touched.contains(unit)), "{}", cause.cause);
        if cause.thing.starts_with("station:") {
            continue;
        }
        let answered: BTreeSet<String> = truth.where_used(&cause.thing).into_iter().map(|row| row.unit).collect();
        let missed: Vec<_> = cause.touched.difference(&answered).collect();
        assert!(missed.is_empty(), "{} {}: missed {missed:?}", cause.cause, cause.thing);
    }
}

/// A reel of one line is used on the other as well.
#[test]
fn reels_move_between_lines() {
    let mut simulation = Simulation::new(Scenario::open("high-mix").unwrap().config).unwrap();
    let mut lines: BTreeMap<String, BTreeSet<bool>> = BTreeMap::new();
    for output in simulation.by_ref() {
        let factory::Kind::Cfx(line) = output.kind else { continue };
        let message: serde_json::Value = serde_json::from_str(&line).unwrap();
        if message["MessageName"] != "CFX.Materials.Storage.MaterialsLoaded" {
            continue;
        }
        let second = message["Source"].as_str().unwrap().starts_with("L2.");
        for material in message["MessageBody"]["Materials"].as_array().unwrap() {
            let reel = material["MaterialPackage"]["UniqueIdentifier"].as_str().unwrap();
            lines.entry(reel.to_owned()).or_default().insert(second);
        }
    }
    assert!(lines.values().filter(|lines| lines.len() == 2).count() > 5);
}
