//! What the truth says, in the words of an answer.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// How a unit is connected with a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// Reported as installed.
    Installed,
    /// Was there when the unit was worked on.
    Exposed,
}

/// How sure that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Nothing else is possible.
    Certain,
    /// Not excluded.
    Possible,
}

/// One row of a where-used answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Row {
    /// `PANEL/n`, or the name of an assembly.
    pub unit: String,
    /// How connected.
    pub relation: Relation,
    /// How sure.
    pub evidence: Evidence,
    /// Whether the part was taken out again.
    pub removed: bool,
    /// Reference designators, in order of the board; empty for exposure.
    pub positions: Vec<String>,
    /// For an assembly: the child that this is true of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

/// What physically was in a unit, or on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Physical<'a> {
    /// The package it came from.
    pub package: &'a str,
    /// The unit.
    pub unit: String,
    /// Reference designator; none for paste and bare boards.
    pub position: Option<&'a str>,
}

/// Where the parts of a package went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// The package.
    pub package: String,
    /// Its part number.
    pub part: String,
    /// At receipt, or when it was cut off.
    pub initial: u64,
    /// Placed on units.
    pub installed: u64,
    /// Picked and thrown away.
    pub rejected: u64,
    /// Cut off into other packages.
    pub moved_on: u64,
    /// Left now.
    pub remaining: u64,
}

/// A planted cause and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// `worn nozzle`, `oven drift`, `wrong program`, `untrained operator`, `paste past its life`, `bad lot`.
    pub cause: &'static str,
    /// What is to blame, `kind:identifier`.
    pub thing: String,
    /// The station, if it is at one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub station: Option<String>,
    /// First and last time, true time.
    pub from: Option<String>,
    /// The last.
    pub until: Option<String>,
    /// Units that were worked on while it was so.
    pub touched: BTreeSet<String>,
    /// Those of them with a fault that comes of it, and at which positions.
    pub harmed: BTreeMap<String, BTreeSet<String>>,
}

/// Everything that lies ahead of a thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forward {
    /// Units and assemblies.
    pub units: BTreeSet<String>,
    /// Boxes and pallets that contain them now.
    pub containers: BTreeSet<String>,
    /// Shipments they left with.
    pub shipments: BTreeSet<String>,
    /// Who got them.
    pub customers: BTreeSet<String>,
}
