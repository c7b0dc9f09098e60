//! Texts that people type: the configuration, names of things, times.

use std::path::Path;

use adapters::cfx::Zones;
use app::config::{ConfigError, Settings};
use kernel::thing::Name;
use kernel::time::Moment;

use crate::words::{is_echo, with_text};

/// `tracewright.toml`.
pub fn configuration(bytes: &[u8]) {
    with_text(bytes, |text| match Settings::parse(text, Path::new("tracewright.toml")) {
        Ok(settings) => {
            let limits = settings.limits;
            assert!(limits.batch_events_max > 0 && limits.readers_max > 0);
            assert!(settings.stations.iter().all(|station| !station.station.is_empty()));
        }
        Err(error) => {
            is_echo(&error.to_string(), text);
            let ConfigError::Text { line, column, .. } = error else { panic!("no file was read: {error}") };
            let there = text.split('\n').nth(line - 1).expect("the line is there");
            assert!((1..=there.chars().count() + 1).contains(&column), "column {column} of {there:?}");
        }
    });
}

/// The name of a thing, `kind:identifier`.
pub fn name(bytes: &[u8]) {
    with_text(bytes, |text| match text.parse::<Name>() {
        Ok(name) => assert_eq!(name.to_string(), text),
        Err(error) => is_echo(&error.to_string(), text),
    });
}

/// A time as a machine sends it.
pub fn zones(bytes: &[u8]) {
    with_text(bytes, |text| {
        let settings = Settings::parse("[site]\ntime_zone = \"Europe/Berlin\"", Path::new("zone")).expect("settings");
        let site = Zones { site: settings.zone };
        for zones in [Zones::default(), site] {
            match zones.read(text) {
                Ok(moment) => {
                    assert_eq!(&*moment.sent, text);
                    let stored = serde_json::to_string(&moment).expect("a moment can be written");
                    assert_eq!(serde_json::from_str::<Moment>(&stored).expect("it reads back"), moment);
                    let _ = moment.at.plus(moment.margin).to_string();
                }
                Err(reason) => is_echo(&reason, text),
            }
        }
    });
}
