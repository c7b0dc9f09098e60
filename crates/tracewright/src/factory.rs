//! `factory`: what a simulated factory says, in files.

use std::fs;

use factory::Config;

use crate::arguments::Factory;
use crate::say::{self, Done, Failure};

pub(crate) fn factory(given: &Factory, json: bool) -> Result<Done, Failure> {
    fs::create_dir_all(&given.out).map_err(|error| Failure::file("create", given.out.display(), error))?;
    let config = Config { seed: given.seed, panels: Some(given.panels), ..Config::default() };
    let (_, behaviours) = ::factory::write_ndjson(config, &given.out).map_err(|error| Failure::failed(error.into()))?;
    if json {
        say::json(&behaviours)?;
    } else {
        say::line(format!("{} panels written to `{}`", given.panels, given.out.display()))?;
        let rows = behaviours.iter().map(|(what, count)| vec![what.clone(), count.to_string()]);
        say::table("", &["what", "how often"], rows)?;
    }
    Ok(Done::Well)
}
