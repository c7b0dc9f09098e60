//! What a bench tells: the circumstances and the figures, as a table or as JSON, and into a file that `bench plot` reads.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::machine;
use crate::arguments::bench::Out;
use crate::say::{self, Failure};

/// Which bench, of what, where and when.
#[derive(Debug, Serialize)]
pub(super) struct Circumstances {
    bench: &'static str,
    version: &'static str,
    measured_at: String,
    machine: String,
    /// Before it began: what others did to the machine.
    load_average: f64,
    /// Figures of a build that is not optimised are worth nothing.
    optimised: bool,
}

impl Circumstances {
    pub(super) fn of(bench: &'static str) -> Circumstances {
        Circumstances {
            bench,
            version: env!("CARGO_PKG_VERSION"),
            measured_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            machine: machine::machine(),
            load_average: machine::load_average(),
            optimised: !cfg!(debug_assertions),
        }
    }
}

#[derive(Serialize)]
struct Outcome<'a, Figures> {
    #[serde(flatten)]
    circumstances: &'a Circumstances,
    #[serde(flatten)]
    figures: &'a Figures,
}

/// Says what was measured, and writes it down where it is wanted.
pub(super) fn tell(
    circumstances: &Circumstances,
    figures: &impl Serialize,
    out: &Out,
    json: bool,
) -> Result<(), Failure> {
    let outcome = serde_json::to_value(Outcome { circumstances, figures }).map_err(Failure::of)?;
    if let Some(path) = &out.out {
        write(path, &outcome)?;
    }
    if json {
        return say::json(&outcome);
    }
    let mut rows = Vec::new();
    flat("", &outcome, &mut rows);
    say::table("", &["what", "figure"], rows)
}

fn write(path: &Path, outcome: &Value) -> Result<(), Failure> {
    let text = serde_json::to_vec_pretty(outcome).map_err(Failure::of)?;
    fs::write(path, text).map_err(|error| Failure::file("write", path.display(), error))
}

/// A row for each figure; what lies in an object gets its name in front.
fn flat(within: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let name = if within.is_empty() { name.clone() } else { format!("{within}.{name}") };
        match value {
            Value::Object(_) => flat(&name, value, rows),
            // Lists are for programs.
            Value::Array(_) | Value::Null => {}
            Value::String(text) => rows.push(vec![name, text.clone()]),
            Value::Number(number) if number.is_f64() => rows.push(vec![name, short(number.as_f64().unwrap_or(0.0))]),
            figure => rows.push(vec![name, figure.to_string()]),
        }
    }
}

/// A number with as many digits as anybody reads.
fn short(number: f64) -> String {
    match number.abs() {
        size if size >= 1_000.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.3}"),
    }
}
