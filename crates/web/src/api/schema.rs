//! The shapes of the answers for the OpenAPI document. They mirror `app::answer`, which knows nothing of HTTP; a test serialises every answer
//! and holds its members against these.
#![expect(dead_code, reason = "shapes, never made")]

use utoipa::ToSchema;

/// How a thing and a unit belong together.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Relation {
    /// Reported for this unit.
    Installed,
    /// The unit was processed where the thing was mounted or present.
    Exposed,
}

/// How sure the evidence makes it.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Evidence {
    /// One reading only.
    Certain,
    /// It may be; `reasons` says why it is not certain.
    Possible,
}

/// Something that could bear on an answer and is not known.
#[derive(ToSchema)]
pub(crate) struct Gap {
    /// A word for the kind of gap: `Quarantined`, `UnidentifiedUnits`, `OpenPass`, `IncompleteReport`, `NameTwice`, ...
    pub(crate) kind: String,
    /// The station it is about, if one.
    pub(crate) station: Option<String>,
    /// The gap in plain words.
    pub(crate) text: String,
}

/// One row of what is in a unit, or was there when it was made.
#[derive(ToSchema)]
pub(crate) struct Component {
    /// Reference designator; `None` for process material, tools, people, programs and unplaced components.
    pub(crate) position: Option<String>,
    /// The package it came from.
    pub(crate) package: Option<String>,
    /// Any other thing, as `kind:identifier`: tool, person, program.
    pub(crate) thing: Option<String>,
    /// Internal part number.
    pub(crate) part: Option<String>,
    /// Lot code.
    pub(crate) lot: Option<String>,
    /// Manufacturer.
    pub(crate) manufacturer: Option<String>,
    /// Manufacturer part number.
    pub(crate) manufacturer_part: Option<String>,
    /// Supplying party.
    pub(crate) supplier: Option<String>,
    /// Station.
    pub(crate) station: Option<String>,
    /// Place on the station.
    pub(crate) place: Option<String>,
    /// When.
    pub(crate) at: Option<String>,
    /// When it was removed.
    pub(crate) removed_at: Option<String>,
    /// Relation.
    pub(crate) relation: Relation,
    /// Evidence.
    pub(crate) evidence: Evidence,
    /// Why it is not certain, or what rests on more than one report.
    pub(crate) reasons: Vec<String>,
    /// The child unit whose row this is, for assemblies.
    pub(crate) via: Option<String>,
    /// Packages that this one was split from.
    pub(crate) from: Vec<String>,
    /// Index of the event that reported it.
    pub(crate) index: Option<u64>,
}

/// One line of a unit's history.
#[derive(ToSchema)]
pub(crate) struct HistoryLine {
    /// When, by the source's clock.
    pub(crate) at: String,
    /// When we received it.
    pub(crate) recorded_at: String,
    /// Station or source.
    pub(crate) station: String,
    /// What happened.
    pub(crate) what: String,
    /// Particulars in plain words: results, defects, measurements.
    pub(crate) details: Vec<String>,
    /// Result word, if there is one (`Passed`, `Failed`, `Completed`, ...).
    pub(crate) result: Option<String>,
    /// Index in the log.
    pub(crate) index: u64,
}

/// What a thing is, or was, in; or what is in it.
#[derive(ToSchema)]
pub(crate) struct Belonging {
    /// The other thing, as `kind:identifier`.
    pub(crate) thing: String,
    /// `panel`, `carrier`, `assembly`, `container`, `shipment`, `customer`.
    pub(crate) kind: String,
    /// Position in it.
    pub(crate) position: Option<String>,
    /// Since when.
    pub(crate) from: Option<String>,
    /// Until when; `None`: still.
    pub(crate) until: Option<String>,
}

/// What is in a unit and what happened to it.
#[derive(ToSchema)]
pub(crate) struct Trace {
    /// The unit.
    pub(crate) unit: String,
    /// All its names.
    pub(crate) names: Vec<String>,
    /// Product and revision, if known.
    pub(crate) product: Option<String>,
    /// Work orders.
    pub(crate) orders: Vec<String>,
    /// Components, then exposures.
    pub(crate) components: Vec<Component>,
    /// All that happened, by time.
    pub(crate) history: Vec<HistoryLine>,
    /// What it is in.
    pub(crate) within: Vec<Belonging>,
    /// What is in it.
    pub(crate) contains: Vec<Belonging>,
    /// Findings about it.
    pub(crate) findings: Vec<Gap>,
    /// What is not known.
    pub(crate) gaps: Vec<Gap>,
    /// Size of the log that the answer rests on.
    pub(crate) as_of: u64,
}

/// A unit that a thing ended up in, or met.
#[derive(ToSchema)]
pub(crate) struct WhereUsedRow {
    /// The unit.
    pub(crate) unit: String,
    /// Relation.
    pub(crate) relation: Relation,
    /// Evidence.
    pub(crate) evidence: Evidence,
    /// Reference designators, ascending.
    pub(crate) positions: Vec<String>,
    /// When the last of them was removed; `None`: they are there.
    pub(crate) removed_at: Option<String>,
    /// First time.
    pub(crate) at: Option<String>,
    /// Stations.
    pub(crate) stations: Vec<String>,
    /// Packages through which.
    pub(crate) packages: Vec<String>,
    /// The child unit through which, for assemblies.
    pub(crate) via: Option<String>,
    /// Why not certain.
    pub(crate) reasons: Vec<String>,
}

/// A container or shipment that holds, or held, affected units.
#[derive(ToSchema)]
pub(crate) struct Holder {
    /// Identifier.
    pub(crate) id: String,
    /// Customer, for shipments.
    pub(crate) customer: Option<String>,
    /// Number of affected units in it.
    pub(crate) units: usize,
    /// Since when the first.
    pub(crate) from: Option<String>,
    /// When the last left it; `None`: some are still there.
    pub(crate) until: Option<String>,
}

/// Counts of an answer.
#[derive(ToSchema)]
pub(crate) struct Counts {
    /// Distinct units.
    pub(crate) units: usize,
    /// Units with a certain row.
    pub(crate) certain: usize,
    /// Units with possible rows only.
    pub(crate) possible: usize,
    /// Passes whose units cannot be named.
    pub(crate) unidentified: usize,
    /// Units at a customer.
    pub(crate) shipped: usize,
    /// Units packed and not shipped.
    pub(crate) packed: usize,
    /// Units in the factory, not packed.
    pub(crate) in_process: usize,
    /// Units that came back.
    pub(crate) returned: usize,
    /// Units scrapped.
    pub(crate) scrapped: usize,
}

/// Where a thing ended up.
#[derive(ToSchema)]
pub(crate) struct WhereUsed {
    /// The question.
    pub(crate) thing: String,
    /// Things that the question stood for (a bare lot code's lots, a lot's packages, packages split from them).
    pub(crate) expanded: Vec<String>,
    /// Units; `installed` rows first.
    pub(crate) units: Vec<WhereUsedRow>,
    /// Containers.
    pub(crate) containers: Vec<Holder>,
    /// Shipments.
    pub(crate) shipments: Vec<Holder>,
    /// Counts.
    pub(crate) counts: Counts,
    /// Findings.
    pub(crate) findings: Vec<Gap>,
    /// What is not known.
    pub(crate) gaps: Vec<Gap>,
    /// Size of the log that the answer rests on.
    pub(crate) as_of: u64,
}

/// An interval in which a thing was mounted somewhere.
#[derive(ToSchema)]
pub(crate) struct MountedAt {
    /// The thing, as `kind:identifier`.
    pub(crate) thing: String,
    /// Station.
    pub(crate) station: String,
    /// Place.
    pub(crate) place: Option<String>,
    /// From.
    pub(crate) from: String,
    /// Until; `None`: still.
    pub(crate) until: Option<String>,
    /// Since when it is uncertain that it is still there.
    pub(crate) uncertain_from: Option<String>,
}

/// What is known of a thing that is not a unit.
#[derive(ToSchema)]
pub(crate) struct ThingAbout {
    /// As `kind:identifier`.
    pub(crate) thing: String,
    /// Name and value pairs: part, lot, supplier, quantities, balance.
    pub(crate) facts: Vec<(String, String)>,
    /// Where it was mounted.
    pub(crate) mounts: Vec<MountedAt>,
    /// Related things, as (relation, `kind:identifier`): packages of a lot, splits, orders of a product.
    pub(crate) related: Vec<(String, String)>,
}

/// A station as it stands now.
#[derive(ToSchema)]
pub(crate) struct StationNow {
    /// Name.
    pub(crate) station: String,
    /// Role, if profiled.
    pub(crate) role: Option<String>,
    /// State as last reported.
    pub(crate) state: Option<String>,
    /// Units in work, or last worked on.
    pub(crate) units: Vec<String>,
    /// Whether they are still in work.
    pub(crate) working: bool,
    /// When that began.
    pub(crate) since: Option<String>,
    /// Program.
    pub(crate) program: Option<String>,
    /// People present.
    pub(crate) people: usize,
    /// Packages mounted.
    pub(crate) mounted: Vec<MountedAt>,
    /// Passes that ended in the last hour of the station's own time.
    pub(crate) passes_last_hour: usize,
    /// Verdicts in that hour: (passed, failed).
    pub(crate) verdicts: (usize, usize),
}

/// A message that could not be understood.
#[derive(ToSchema)]
pub(crate) struct Quarantined {
    /// Number by which it is shown and replayed.
    pub(crate) id: u64,
    /// When we received it, RFC 3339.
    pub(crate) received: String,
    /// File, link or `-`.
    pub(crate) source: String,
    /// Line where it begins going wrong, from 1.
    pub(crate) line: u64,
    /// Column, from 1.
    pub(crate) column: u64,
    /// The field.
    pub(crate) field: String,
    /// The reason in plain words.
    pub(crate) reason: String,
    /// Number of bytes kept.
    pub(crate) bytes: usize,
    /// `waiting`, or `replayed`.
    pub(crate) state: String,
}

/// What an import did.
#[derive(ToSchema)]
pub(crate) struct Imported {
    /// Messages read, heartbeats and quarantined ones included.
    pub(crate) messages: u64,
    /// Recorded in the log.
    pub(crate) recorded: u64,
    /// Known already.
    pub(crate) duplicates: u64,
    /// Put in quarantine.
    pub(crate) quarantined: u64,
    /// Heartbeats counted.
    pub(crate) heartbeats: u64,
    /// Recorded although the identifier was known with another body.
    pub(crate) contradictions: u64,
}

/// The ledger as it stands.
#[derive(ToSchema)]
pub(crate) struct LedgerNow {
    /// Origin of the log.
    pub(crate) origin: String,
    /// Verifier key.
    pub(crate) key: String,
    /// Events recorded.
    pub(crate) recorded: u64,
    /// Events under the newest checkpoint.
    pub(crate) sealed: u64,
    /// The newest checkpoint, as signed.
    pub(crate) checkpoint: String,
}

/// One event of the log.
#[derive(ToSchema)]
pub(crate) struct EventShown {
    /// Index.
    pub(crate) index: u64,
    /// Kind.
    pub(crate) kind: String,
    /// When, by the source's clock.
    pub(crate) at: String,
    /// When we received it.
    pub(crate) recorded_at: String,
    /// Source.
    pub(crate) source: String,
    /// The message's kind.
    pub(crate) name: String,
    /// The stored entry, as hashed.
    pub(crate) entry: String,
    /// The attached fact, if it is too large for an entry.
    pub(crate) attached: Option<String>,
}

/// Where a thing ended up, one page of the rows.
#[derive(ToSchema)]
pub(crate) struct WhereUsedPage {
    /// The answer; `units` holds this page's rows.
    #[serde(flatten)]
    answer: WhereUsed,
    /// Give this as `cursor` for the next page; `null`: this was the last.
    next: Option<String>,
}

/// A page of the quarantine.
#[derive(ToSchema)]
pub(crate) struct QuarantinePage {
    /// The messages, by number.
    messages: Vec<Quarantined>,
    /// Give this as `cursor` for the next page; `null`: this was the last.
    next: Option<u64>,
}

/// A message of the quarantine with its text.
#[derive(ToSchema)]
pub(crate) struct Kept {
    /// The message.
    #[serde(flatten)]
    message: Quarantined,
    /// The bytes as text; what is no UTF-8 is replaced.
    text: String,
    /// Whether nothing had to be replaced.
    utf8: bool,
}

/// What became of what was sent.
#[derive(ToSchema)]
pub(crate) struct Captured {
    /// Counts.
    counts: Imported,
    /// Message by message, in the order sent.
    messages: Vec<MessageOutcome>,
}

/// What became of one message.
#[derive(ToSchema)]
pub(crate) struct MessageOutcome {
    /// The message's identifier, as far as it could be read.
    message: String,
    /// The message's kind, as far as it could be read.
    name: String,
    /// `recorded`, `duplicate`, `contradicts`, `heartbeat` or `quarantined`.
    outcome: String,
    /// Index in the log, when recorded.
    index: Option<u64>,
    /// Number in quarantine.
    id: Option<u64>,
    /// Line from 1, when quarantined.
    line: Option<u64>,
    /// Column from 1, when quarantined.
    column: Option<u64>,
    /// The field, when quarantined.
    field: Option<String>,
    /// The reason in plain words, when quarantined.
    reason: Option<String>,
}
