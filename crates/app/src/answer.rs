//! Answers, in the words of the shop floor. These are what the command line, the HTTP API and the pages show; `docs/answers.md` says what they mean.
//! Times are RFC 3339 in UTC.

use serde::Serialize;

/// How a thing and a unit belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// Reported for this unit.
    Installed,
    /// The unit was processed where the thing was mounted or present.
    Exposed,
}

/// How sure the evidence makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// One reading only.
    Certain,
    /// It may be; `reasons` says why it is not certain.
    Possible,
}

/// Something that could bear on an answer and is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Gap {
    /// A word for the kind of gap: `Quarantined`, `UnidentifiedUnits`, `OpenPass`, `IncompleteReport`, `NameTwice`, ...
    pub kind: String,
    /// The station it is about, if one.
    pub station: Option<String>,
    /// The gap in plain words.
    pub text: String,
}

/// One row of what is in a unit, or was there when it was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Component {
    /// Reference designator; `None` for process material, tools, people, programs and unplaced components.
    pub position: Option<String>,
    /// The package it came from.
    pub package: Option<String>,
    /// Any other thing, as `kind:identifier`: tool, person, program.
    pub thing: Option<String>,
    /// Internal part number.
    pub part: Option<String>,
    /// Lot code.
    pub lot: Option<String>,
    /// Manufacturer.
    pub manufacturer: Option<String>,
    /// Manufacturer part number.
    pub manufacturer_part: Option<String>,
    /// Supplying party.
    pub supplier: Option<String>,
    /// Station.
    pub station: Option<String>,
    /// Place on the station.
    pub place: Option<String>,
    /// When.
    pub at: Option<String>,
    /// When it was removed.
    pub removed_at: Option<String>,
    /// Relation.
    pub relation: Relation,
    /// Evidence.
    pub evidence: Evidence,
    /// Why it is not certain, or what rests on more than one report.
    pub reasons: Vec<String>,
    /// The child unit whose row this is, for assemblies.
    pub via: Option<String>,
    /// Packages that this one was split from.
    pub from: Vec<String>,
    /// Index of the event that reported it.
    pub index: Option<u64>,
}

/// One line of a unit's history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistoryLine {
    /// When, by the source's clock.
    pub at: String,
    /// When we received it.
    pub recorded_at: String,
    /// Station or source.
    pub station: String,
    /// What happened.
    pub what: String,
    /// Particulars in plain words: results, defects, measurements.
    pub details: Vec<String>,
    /// Result word, if there is one (`Passed`, `Failed`, `Completed`, ...).
    pub result: Option<String>,
    /// Index in the log.
    pub index: u64,
}

/// What a thing is, or was, in; or what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Belonging {
    /// The other thing, as `kind:identifier`.
    pub thing: String,
    /// `panel`, `carrier`, `assembly`, `container`, `shipment`, `customer`.
    pub kind: String,
    /// Position in it.
    pub position: Option<String>,
    /// Since when.
    pub from: Option<String>,
    /// Until when; `None`: still.
    pub until: Option<String>,
}

/// What is in a unit and what happened to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trace {
    /// The unit.
    pub unit: String,
    /// All its names.
    pub names: Vec<String>,
    /// Product and revision, if known.
    pub product: Option<String>,
    /// Work orders.
    pub orders: Vec<String>,
    /// Components, then exposures.
    pub components: Vec<Component>,
    /// All that happened, by time.
    pub history: Vec<HistoryLine>,
    /// What it is in.
    pub within: Vec<Belonging>,
    /// What is in it.
    pub contains: Vec<Belonging>,
    /// Findings about it.
    pub findings: Vec<Gap>,
    /// What is not known.
    pub gaps: Vec<Gap>,
    /// Size of the log that the answer rests on.
    pub as_of: u64,
}

/// A unit that a thing ended up in, or met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhereUsedRow {
    /// The unit.
    pub unit: String,
    /// Relation.
    pub relation: Relation,
    /// Evidence.
    pub evidence: Evidence,
    /// Reference designators, ascending.
    pub positions: Vec<String>,
    /// When the last of them was removed; `None`: they are there.
    pub removed_at: Option<String>,
    /// First time.
    pub at: Option<String>,
    /// Stations.
    pub stations: Vec<String>,
    /// Packages through which.
    pub packages: Vec<String>,
    /// The child unit through which, for assemblies.
    pub via: Option<String>,
    /// Why not certain.
    pub reasons: Vec<String>,
}

/// A container or shipment that holds, or held, affected units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Identifier.
    pub id: String,
    /// Customer, for shipments.
    pub customer: Option<String>,
    /// Number of affected units in it.
    pub units: usize,
    /// Since when the first.
    pub from: Option<String>,
    /// When the last left it; `None`: some are still there.
    pub until: Option<String>,
}

/// Counts of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Distinct units.
    pub units: usize,
    /// Units with a certain row.
    pub certain: usize,
    /// Units with possible rows only.
    pub possible: usize,
    /// Passes whose units cannot be named.
    pub unidentified: usize,
    /// Units at a customer.
    pub shipped: usize,
    /// Units packed and not shipped.
    pub packed: usize,
    /// Units in the factory, not packed.
    pub in_process: usize,
    /// Units that came back.
    pub returned: usize,
    /// Units scrapped.
    pub scrapped: usize,
}

/// Where a thing ended up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WhereUsed {
    /// The question.
    pub thing: String,
    /// Things that the question stood for (a bare lot code's lots, a lot's packages, packages split from them).
    pub expanded: Vec<String>,
    /// Units; `installed` rows first.
    pub units: Vec<WhereUsedRow>,
    /// Containers.
    pub containers: Vec<Holder>,
    /// Shipments.
    pub shipments: Vec<Holder>,
    /// Counts.
    pub counts: Counts,
    /// Findings.
    pub findings: Vec<Gap>,
    /// What is not known.
    pub gaps: Vec<Gap>,
    /// Size of the log that the answer rests on.
    pub as_of: u64,
}

/// An interval in which a thing was mounted somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MountedAt {
    /// The thing, as `kind:identifier`.
    pub thing: String,
    /// Station.
    pub station: String,
    /// Place.
    pub place: Option<String>,
    /// From.
    pub from: String,
    /// Until; `None`: still.
    pub until: Option<String>,
    /// Since when it is uncertain that it is still there.
    pub uncertain_from: Option<String>,
}

/// What is known of a thing that is not a unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ThingAbout {
    /// As `kind:identifier`.
    pub thing: String,
    /// Name and value pairs: part, lot, supplier, quantities, balance.
    pub facts: Vec<(String, String)>,
    /// Where it was mounted.
    pub mounts: Vec<MountedAt>,
    /// Related things, as (relation, `kind:identifier`): packages of a lot, splits, orders of a product.
    pub related: Vec<(String, String)>,
}

/// A station as it stands now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StationNow {
    /// Name.
    pub station: String,
    /// Role, if profiled.
    pub role: Option<String>,
    /// State as last reported.
    pub state: Option<String>,
    /// Units in work, or last worked on.
    pub units: Vec<String>,
    /// Whether they are still in work.
    pub working: bool,
    /// When that began.
    pub since: Option<String>,
    /// Program.
    pub program: Option<String>,
    /// People present.
    pub people: usize,
    /// Packages mounted.
    pub mounted: Vec<MountedAt>,
    /// Passes that ended in the last hour of the station's own time.
    pub passes_last_hour: usize,
    /// Verdicts in that hour: (passed, failed).
    pub verdicts: (usize, usize),
}

/// A message that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// Number by which it is shown and replayed.
    pub id: u64,
    /// When we received it, RFC 3339.
    pub received: String,
    /// File, link or `-`.
    pub source: String,
    /// Line where it begins going wrong, from 1.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
    /// The field.
    pub field: String,
    /// The reason in plain words.
    pub reason: String,
    /// Number of bytes kept.
    pub bytes: usize,
    /// `waiting`, or `replayed`.
    pub state: String,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Messages read, heartbeats and quarantined ones included.
    pub messages: u64,
    /// Recorded in the log.
    pub recorded: u64,
    /// Known already.
    pub duplicates: u64,
    /// Put in quarantine.
    pub quarantined: u64,
    /// Heartbeats counted.
    pub heartbeats: u64,
    /// Recorded although the identifier was known with another body.
    pub contradictions: u64,
}

/// The ledger as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerNow {
    /// Origin of the log.
    pub origin: String,
    /// Verifier key.
    pub key: String,
    /// Events recorded.
    pub recorded: u64,
    /// Events under the newest checkpoint.
    pub sealed: u64,
    /// The newest checkpoint, as signed.
    pub checkpoint: String,
}

/// One event of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventShown {
    /// Index.
    pub index: u64,
    /// Kind.
    pub kind: String,
    /// When, by the source's clock.
    pub at: String,
    /// When we received it.
    pub recorded_at: String,
    /// Source.
    pub source: String,
    /// The message's kind.
    pub name: String,
    /// The stored entry, as hashed.
    pub entry: String,
    /// The attached fact, if it is too large for an entry.
    pub attached: Option<String>,
}

/// A position of a product for drawing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoardPosition {
    /// Reference designator.
    pub designator: String,
    /// Part.
    pub part: String,
    /// Land pattern.
    pub footprint: String,
    /// X in micrometres.
    pub x_um: i64,
    /// Y in micrometres.
    pub y_um: i64,
    /// Rotation in thousandths of a degree.
    pub rotation_mdeg: i64,
    /// `top` or `bottom`.
    pub side: String,
}
