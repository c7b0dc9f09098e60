//! Scenario files: those that are shipped read, and a wrong one says where and why.

use std::error::Error as _;

use factory::{Config, Scenario};

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
    let error = Scenario::open("no-such-scenario").unwrap_err();
    assert!(error.to_string().contains("`no-such-scenario`"), "{error}");
}
