//! `factory`: what a simulated factory says, into files or to a running server.

mod delivery;

use std::fs;
use std::path::Path;

use ::factory::{Config, Scenario, Simulation};
use serde_json::json;

use crate::arguments::{Factory, FactoryRun, FactoryWhat};
use crate::say::{self, Done, Failure};

pub(crate) fn factory(given: &Factory, json: bool) -> Result<Done, Failure> {
    match &given.what {
        FactoryWhat::List => list(json),
        FactoryWhat::Run(given) => run(given, json),
    }
}

fn list(json: bool) -> Result<Done, Failure> {
    let shipped = Scenario::shipped().map_err(failed)?;
    if json {
        let list: Vec<_> = shipped
            .iter()
            .map(|scenario| json!({ "name": scenario.name, "about": scenario.about, "panels": scenario.config.panels }))
            .collect();
        say::json(&list)?;
    } else {
        let rows = shipped.into_iter().map(|scenario| {
            let panels = scenario.config.panels.map_or_else(String::new, |panels| panels.to_string());
            vec![scenario.name, panels, scenario.about]
        });
        say::table("", &["scenario", "panels", "what it shows"], rows)?;
    }
    Ok(Done::Well)
}

fn run(given: &FactoryRun, json: bool) -> Result<Done, Failure> {
    let mut config = Scenario::open(&given.scenario)
        .map_err(|error| {
            Failure::misuse(whole(&error)).hint("`tracewright factory list` shows those that are shipped")
        })?
        .config;
    config.seed = given.seed.unwrap_or(config.seed);
    config.panels = given.panels.or(config.panels);
    match (&given.out, &given.to) {
        (Some(folder), _) => write(config, folder, json),
        (None, Some(url)) => deliver(config, url, json),
        (None, None) => Err(Failure::misuse("where to: `--out DIR` or `--to URL`")),
    }
}

fn write(config: Config, folder: &Path, json: bool) -> Result<Done, Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file("create", folder.display(), error))?;
    let panels = config.panels.unwrap_or_default();
    let (_, behaviours) = ::factory::write_ndjson(config, folder).map_err(failed)?;
    if json {
        say::json(&behaviours)?;
    } else {
        say::line(format!("{panels} panels written to `{}`", folder.display()))?;
        let rows = behaviours.iter().map(|(what, count)| vec![what.clone(), count.to_string()]);
        say::table("", &["what", "how often"], rows)?;
    }
    Ok(Done::Well)
}

fn deliver(config: Config, url: &str, json: bool) -> Result<Done, Failure> {
    let server = delivery::Server::parse(url).map_err(Failure::misuse)?;
    let simulation = Simulation::new(Config { truth: false, ..config }).map_err(failed)?;
    let delivered = delivery::deliver(&server, simulation).map_err(Failure::failed)?;
    if json {
        say::json(&delivered)?;
    } else {
        say::line(format!(
            "{} messages delivered to `{url}`: {} recorded, {} known already, {} in quarantine",
            delivered.messages, delivered.recorded, delivered.duplicates, delivered.quarantined
        ))?;
    }
    Ok(if delivered.quarantined == 0 { Done::Well } else { Done::No })
}

/// The error with its causes in one line.
fn whole(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {}", cause.to_string().trim_end()))
}

fn failed(error: ::factory::Error) -> Failure {
    Failure::failed(error.into())
}
