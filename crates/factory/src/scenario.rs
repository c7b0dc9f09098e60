//! Scenarios: a factory described in a TOML file. A few are shipped, inside the binary.

use std::path::Path;

use serde::Deserialize;

use crate::config::Config;
use crate::error::Error;

/// Shipped scenarios: name and file.
const SHIPPED: [(&str, &str); 7] = [
    ("small", include_str!("../scenarios/small.toml")),
    ("high-mix", include_str!("../scenarios/high-mix.toml")),
    ("high-volume", include_str!("../scenarios/high-volume.toml")),
    ("box-build", include_str!("../scenarios/box-build.toml")),
    ("silent", include_str!("../scenarios/silent.toml")),
    ("bad-network", include_str!("../scenarios/bad-network.toml")),
    ("planted", include_str!("../scenarios/planted.toml")),
];

/// A factory and what it is there for.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// By which it is asked for.
    pub name: String,
    /// What it shows, in one line.
    pub about: String,
    /// The factory.
    pub config: Config,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    #[serde(default)]
    factory: Config,
}

impl Scenario {
    /// Those that are shipped.
    pub fn shipped() -> Result<Vec<Self>, Error> {
        SHIPPED.iter().map(|(name, text)| Self::parse(name, text)).collect()
    }

    /// A shipped scenario by its name, else the file at this path.
    pub fn open(name: &str) -> Result<Self, Error> {
        if let Some((name, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            return Self::parse(name, text);
        }
        let text = std::fs::read_to_string(Path::new(name))
            .map_err(|source| Error::NoScenario { name: name.to_owned(), source })?;
        Self::parse(name, &text)
    }

    /// Reads a scenario; `name` is for messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let file: File = toml::from_str(text)
            .map_err(|source| Error::Scenario { name: name.to_owned(), source: Box::new(source) })?;
        if let Some((key, reason)) = file.factory.wrong() {
            let (name, key) = (name.to_owned(), key.to_owned());
            return Err(Error::Value { name, line: line_of(text, &key), key, reason });
        }
        Ok(Self { name: name.to_owned(), about: file.about, config: file.factory })
    }
}

/// The one line that gives a key, from 1.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let gives = |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
    let mut found = (1..).zip(text.lines()).filter(|(_, line)| gives(line)).map(|(number, _)| number);
    found.next().filter(|_| found.next().is_none())
}
