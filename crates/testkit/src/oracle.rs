//! The naive oracle: `docs/answers.md`, computed from the whole list of events by brute force.
//!
//! It shares no code with what it checks, only the shape of events. It knows no store, no codec and no identities: units and things are texts,
//! every question walks all events again. Where the contract leaves room the reading is marked READING.

use std::collections::{BTreeMap, BTreeSet};

use kernel::event::{Carrier, Discipline, Event, Fact, Location, Package, Tool, UnitGroup, UnitMaterial, UnitStatus};

/// Before everything and after everything.
const MIN: i64 = i64::MIN;
const MAX: i64 = i64::MAX;
const DAY: i64 = 86_400_000_000;
/// Thirty days.
const MONTH: i64 = 2_592_000_000_000;

/// A row of what is in a unit, or was there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// `PANEL/3`, a serial, an assembly.
    pub unit: String,
    /// `package:..`, `tool:..`, `person:..`, `program:..`; `None`: the package is not known.
    pub thing: Option<String>,
    /// Reference designator, or position in an assembly.
    pub position: Option<String>,
    /// Installed, or else exposed.
    pub installed: bool,
    /// Certain, or else possible.
    pub certain: bool,
    /// When it was removed.
    pub removed_at: Option<i64>,
    /// Station.
    pub station: Option<String>,
    /// The child whose row it is.
    pub via: Option<String>,
}

/// A row of where a thing went.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Used {
    /// The unit.
    pub unit: String,
    /// Installed, or else exposed.
    pub installed: bool,
    /// Certain, or else possible.
    pub certain: bool,
    /// Positions.
    pub positions: BTreeSet<String>,
    /// When the last was removed.
    pub removed_at: Option<i64>,
}

/// The unit as a message says it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Whole(String),
    At(String, u32),
    /// Position n of the pass.
    Nth(u32),
    /// All units of the pass.
    All,
}

/// How a message means a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Meant {
    /// It names the panel, not the board.
    by_whole: bool,
    /// The name is also another unit's.
    shared: bool,
}

/// A unit in the list of a message.
#[derive(Clone, Debug)]
struct Listed {
    said: Said,
    position: u32,
    status: UnitStatus,
}

/// A unit lay at a position of a carrier: half-open.
#[derive(Clone, Debug)]
struct Cycle {
    carrier: String,
    position: u32,
    said: Said,
    from: i64,
    until: i64,
}

/// A place: station and what is named there.
type Place = (String, String);

/// A thing with the word of its kind.
type Thing = (&'static str, String);

/// A thing was said to be at a place, from then on.
#[derive(Clone, Debug)]
struct Claim {
    thing: Thing,
    place: Place,
    from: i64,
    /// Its own end, or its carrier's.
    off: i64,
    /// When the place was cleaned out.
    swept: i64,
    /// Its end when the place's discipline is heeded too.
    until: i64,
    carriers: Vec<String>,
    /// When it is doubtful.
    doubts: Vec<(i64, i64)>,
}

/// A pass of one unit.
#[derive(Clone, Debug)]
struct Pass {
    station: String,
    events: Vec<usize>,
    start: Option<i64>,
    end: Option<i64>,
    lane: Option<i64>,
    member: bool,
    shared: bool,
    status: UnitStatus,
    position: u32,
    /// Installations were reported in it, for whichever unit.
    reported: bool,
    /// What its messages say of whichever unit.
    all: Vec<usize>,
}

impl Pass {
    fn window(&self) -> (i64, i64) {
        (self.start.unwrap_or(MIN), self.end.unwrap_or(MAX))
    }

    fn first(&self, events: &[Event]) -> i64 {
        self.start.unwrap_or_else(|| self.events.iter().map(|index| time(&events[*index])).min().unwrap_or(MIN))
    }

    fn is_closed(&self) -> bool {
        self.start.is_some() && self.end.is_some()
    }
}

/// A component as reported for a unit.
#[derive(Clone, Debug)]
struct Installation {
    designator: String,
    at: i64,
    /// Packages it may be from, and whether certainly.
    candidates: Vec<(Option<String>, bool)>,
    station: String,
    place: Option<Place>,
    removed_at: Option<i64>,
}

/// All that is known, and nothing worked out.
pub struct Oracle {
    events: Vec<Event>,
    carriers: BTreeSet<String>,
    /// Positions with which an identifier was ever said.
    positions: BTreeMap<String, BTreeSet<u32>>,
    /// (panel or carrier, position, what bore a name there).
    names: BTreeSet<(String, u32, Said)>,
    cycles: Vec<Cycle>,
    claims: Vec<Claim>,
    passes: BTreeMap<String, Vec<Pass>>,
    /// (station, program) -> positions ever accounted for.
    known: BTreeMap<(String, String), BTreeSet<String>>,
    /// (station, program, part) ever installed or applied.
    needs: BTreeSet<(String, String, String)>,
    units: BTreeSet<String>,
    traces: BTreeMap<String, Vec<Row>>,
}

fn time(event: &Event) -> i64 {
    event.at.at.0
}

fn tool_key(station: &str, tool: &Tool) -> Option<String> {
    if !tool.id.is_empty() {
        Some(tool.id.clone())
    } else if !tool.head.is_empty() {
        Some(match tool.head_position {
            Some(position) => format!("{station}|{}/{position}", tool.head),
            None => format!("{station}|{}", tool.head),
        })
    } else if !tool.name.is_empty() {
        Some(format!("{station}|{}", tool.name))
    } else {
        None
    }
}

fn tool_kind(tool: &Tool) -> &str {
    if tool.kind.is_empty() { "Tool" } else { &tool.kind }
}

fn program_key(program: &kernel::event::Program) -> Option<String> {
    match (program.name.is_empty(), program.revision.is_empty()) {
        (true, _) => None,
        (false, true) => Some(program.name.clone()),
        (false, false) => Some(format!("{}@{}", program.name, program.revision)),
    }
}

/// A unit as people write it.
fn written(text: &str) -> Said {
    match text.rsplit_once('/') {
        Some((whole, position)) if position.parse::<u32>().is_ok_and(|position| position > 0) => {
            Said::At(whole.to_owned(), position.parse().unwrap_or(0))
        }
        _ => Said::Whole(text.to_owned()),
    }
}

/// An entry that names no primary.
fn entry(identifier: &str, position: Option<u32>) -> Said {
    match (identifier.is_empty(), position.filter(|position| *position > 0)) {
        (true, Some(position)) => Said::Nth(position),
        (true, None) => Said::All,
        (false, Some(position)) => Said::At(identifier.to_owned(), position),
        (false, None) => Said::Whole(identifier.to_owned()),
    }
}

/// The units that a message lists.
fn listed(group: &UnitGroup) -> Vec<Listed> {
    if group.units.is_empty() {
        return match group.primary.as_str() {
            "" => Vec::new(),
            whole => vec![Listed { said: Said::Whole(whole.to_owned()), position: 0, status: UnitStatus::Pass }],
        };
    }
    let mut all = Vec::new();
    for unit in &group.units {
        let own = !unit.identifier.is_empty() && unit.identifier != group.primary;
        let times = group.units.iter().filter(|other| other.identifier == unit.identifier).count();
        let identifier = if own { &unit.identifier } else { &group.primary };
        let said = match own && times == 1 && !group.primary.is_empty() {
            true => Said::Whole(identifier.clone()),
            // Without a primary different identifiers are serials.
            false if own && times == 1 && group.units.len() > 1 => Said::Whole(identifier.clone()),
            false => entry(identifier, unit.position),
        };
        all.push(Listed { said, position: unit.position.unwrap_or(0), status: unit.status });
    }
    all
}

/// Units that a message lists, of any kind of message about a pass.
fn lists(fact: &Fact) -> Vec<Listed> {
    let plain = |identifier: &str, position: Option<u32>| Listed {
        said: entry(identifier, position),
        position: position.unwrap_or(0),
        status: UnitStatus::Pass,
    };
    let materials = |all: &[UnitMaterial]| all.iter().map(|entry| plain(&entry.identifier, entry.position)).collect();
    match fact {
        Fact::PassArrived(fact) => listed(&fact.units),
        Fact::PassDeparted(fact) => listed(&fact.units),
        Fact::PassStarted(fact) => listed(&fact.units),
        Fact::PassEnded(fact) => listed(&fact.units),
        Fact::Installed(fact) => materials(&fact.materials),
        Fact::Removed(fact) => materials(&fact.materials),
        Fact::Applied(fact) => materials(&fact.materials),
        Fact::Unapplied(fact) => materials(&fact.materials),
        Fact::ToolUsed(fact) => fact.tools.iter().map(|used| plain(&used.identifier, used.position)).collect(),
        Fact::Inspected(fact) => {
            fact.units.iter().chain(&fact.panel).map(|unit| plain(&unit.identifier, unit.position)).collect()
        }
        Fact::Tested(fact) => fact.units.iter().map(|unit| plain(&unit.identifier, unit.position)).collect(),
        Fact::Repaired(fact) => fact.units.iter().map(|unit| plain(&unit.identifier, unit.position)).collect(),
        _ => Vec::new(),
    }
}

fn is_of_pass(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::PassArrived(_)
            | Fact::PassDeparted(_)
            | Fact::PassStarted(_)
            | Fact::PassEnded(_)
            | Fact::StageChanged(_)
            | Fact::Installed(_)
            | Fact::Removed(_)
            | Fact::Applied(_)
            | Fact::Unapplied(_)
            | Fact::ToolUsed(_)
            | Fact::Inspected(_)
            | Fact::Tested(_)
            | Fact::Repaired(_)
    )
}

fn lane(fact: &Fact) -> Option<i64> {
    match fact {
        Fact::PassArrived(fact) => fact.lane,
        Fact::PassDeparted(fact) => fact.lane,
        Fact::PassStarted(fact) => fact.lane,
        _ => None,
    }
}

fn lanes_meet(a: Option<i64>, b: Option<i64>) -> bool {
    a.is_none() || b.is_none() || a == b
}

fn number(digits: Option<&kernel::event::Digits>) -> f64 {
    digits.and_then(|digits| digits.text().parse().ok()).unwrap_or(0.0)
}

impl Oracle {
    /// Takes in all events, in whatever order; repeats of a message count once.
    #[must_use]
    pub fn new(all: &[Event]) -> Oracle {
        let mut events: Vec<Event> = Vec::new();
        for event in all {
            if !events
                .iter()
                .any(|known| known.source == event.source && known.fact == event.fact && known.at == event.at)
            {
                events.push(event.clone());
            }
        }
        events.sort_by_key(time);
        let mut oracle = Oracle {
            events,
            carriers: BTreeSet::new(),
            positions: BTreeMap::new(),
            names: BTreeSet::new(),
            cycles: Vec::new(),
            claims: Vec::new(),
            passes: BTreeMap::new(),
            known: BTreeMap::new(),
            needs: BTreeSet::new(),
            units: BTreeSet::new(),
            traces: BTreeMap::new(),
        };
        oracle.read_names();
        oracle.read_cycles();
        oracle.find_units();
        oracle.read_mounts();
        for unit in oracle.units.clone() {
            let passes = oracle.passes_of(&unit);
            oracle.passes.insert(unit, passes);
        }
        oracle.read_programs();
        for unit in oracle.units.clone() {
            let mut rows = oracle.with_children(&unit, &mut BTreeSet::from([unit.clone()]));
            rows.sort();
            oracle.traces.insert(unit, rows);
        }
        oracle
    }

    /// All units that have a name.
    #[must_use]
    pub fn units(&self) -> &BTreeSet<String> {
        &self.units
    }

    // Names.

    fn said(&mut self, said: &Said) {
        match said {
            Said::At(whole, position) => {
                self.positions.entry(whole.clone()).or_default().insert(*position);
            }
            Said::Whole(whole) => {
                self.positions.entry(whole.clone()).or_default();
            }
            Said::Nth(_) | Said::All => {}
        }
    }

    fn read_names(&mut self) {
        for event in self.events.clone() {
            let group = match &event.fact {
                Fact::PassArrived(fact) => Some(&fact.units),
                Fact::PassDeparted(fact) => Some(&fact.units),
                Fact::PassStarted(fact) => Some(&fact.units),
                Fact::PassEnded(fact) => Some(&fact.units),
                Fact::UnitNamed(fact) => Some(&fact.units),
                Fact::UnitsMatched(fact) => {
                    self.carriers.insert(fact.carrier.clone());
                    Some(&fact.units)
                }
                Fact::UnitsSeparated(fact) => {
                    self.carriers.insert(fact.carrier.clone());
                    Some(&fact.units)
                }
                _ => None,
            };
            // Of a load or unload the carrier is the primary identifier.
            let loads = matches!(event.fact, Fact::UnitsMatched(_) | Fact::UnitsSeparated(_));
            let carrier = match &event.fact {
                Fact::UnitsMatched(fact) => fact.carrier.clone(),
                Fact::UnitsSeparated(fact) => fact.carrier.clone(),
                _ => String::new(),
            };
            let group = group.map(|group| match loads {
                true if group.units.is_empty() => UnitGroup::default(),
                true => UnitGroup { primary: carrier, ..group.clone() },
                false => group.clone(),
            });
            let group = group.as_ref();
            for unit in group.map(listed).unwrap_or_else(|| lists(&event.fact)) {
                self.said(&unit.said);
                let primary = group.map(|group| group.primary.clone()).unwrap_or_default();
                if !primary.is_empty() && unit.position > 0 && !loads {
                    self.said(&Said::Whole(primary.clone()));
                    self.names.insert((primary, unit.position, unit.said));
                }
            }
            for text in match &event.fact {
                Fact::Packed(fact) => fact.units.clone(),
                Fact::Unpacked(fact) => fact.units.clone(),
                Fact::Shipped(fact) => fact.units.clone(),
                Fact::Returned(fact) => fact.units.clone(),
                Fact::Assembled(fact) => {
                    let children = fact.children.iter().filter(|child| !child.unit.is_empty());
                    children.map(|child| child.unit.clone()).chain([fact.unit.clone()]).collect()
                }
                Fact::Disassembled(fact) => {
                    let children = fact.children.iter().filter(|child| !child.unit.is_empty());
                    children.map(|child| child.unit.clone()).chain([fact.unit.clone()]).collect()
                }
                _ => Vec::new(),
            } {
                self.said(&written(&text));
            }
        }
    }

    fn carries(&self, whole: &str) -> bool {
        self.carriers.contains(whole) || self.names.iter().any(|(scope, ..)| scope == whole)
    }

    /// Boards of a panel; none when the identifier is that of one unit.
    fn boards(&self, whole: &str) -> BTreeSet<u32> {
        if self.carriers.contains(whole) {
            return BTreeSet::new();
        }
        let mut boards = self.positions.get(whole).cloned().unwrap_or_default();
        if boards.len() < 2 && !self.carries(whole) {
            return BTreeSet::new();
        }
        boards.extend(self.names.iter().filter(|(scope, ..)| scope == whole).map(|(_, position, _)| *position));
        boards
    }

    /// Whether two ways of saying mean the same by writing alone: `I/n` and `I`, when `I` is one unit.
    fn same_spelling(&self, a: &Said, b: &Said) -> bool {
        let whole = |said: &Said| match said {
            Said::Whole(whole) | Said::At(whole, _) => Some(whole.clone()),
            _ => None,
        };
        a == b
            || whole(a).is_some_and(|name| {
                whole(b).as_ref() == Some(&name) && !self.carriers.contains(&name) && self.boards(&name).is_empty()
            })
    }

    /// Positions of panels at which something bears this name.
    fn homes(&self, said: &Said) -> BTreeSet<String> {
        let mut homes = BTreeSet::new();
        for (scope, position, name) in &self.names {
            let itself = *name == Said::At(scope.clone(), *position);
            if !itself && !self.carriers.contains(scope) && self.same_spelling(name, said) {
                homes.insert(format!("{scope}/{position}"));
            }
        }
        homes
    }

    /// The units that are meant, at a time.
    fn resolve(&self, said: &Said, at: i64) -> BTreeMap<String, Meant> {
        let mut found = BTreeMap::new();
        match said {
            Said::Nth(_) | Said::All => {}
            Said::At(whole, position) if self.carriers.contains(whole) => {
                let lying: Vec<BTreeMap<String, Meant>> = self
                    .cycles
                    .iter()
                    .filter(|cycle| {
                        cycle.carrier == *whole && cycle.position == *position && cycle.from <= at && at < cycle.until
                    })
                    .map(|cycle| self.resolve(&cycle.said, at))
                    .collect();
                // A name of several units leaves open which of them lay there.
                let open = lying.iter().any(|others| others.values().filter(|meant| !meant.by_whole).count() > 1);
                for (unit, meant) in lying.iter().flatten() {
                    // Two units at one position at once: either is meant.
                    let contested = open || lying.iter().any(|others| !others.contains_key(unit));
                    let known = found.entry(unit.clone()).or_insert(*meant);
                    known.shared |= meant.shared || contested;
                    known.by_whole &= meant.by_whole;
                }
            }
            Said::Whole(whole) if self.carriers.contains(whole) => {
                for cycle in
                    self.cycles.iter().filter(|cycle| cycle.carrier == *whole && cycle.from <= at && at < cycle.until)
                {
                    for (unit, meant) in self.resolve(&cycle.said, at) {
                        found.insert(unit, Meant { by_whole: true, ..meant });
                    }
                }
            }
            Said::Whole(whole) if !self.boards(whole).is_empty() => {
                for board in self.boards(whole) {
                    found.insert(format!("{whole}/{board}"), Meant { by_whole: true, shared: false });
                }
            }
            Said::Whole(_) | Said::At(..) => {
                let homes = self.homes(said);
                let shared = homes.len() > 1;
                if homes.is_empty() {
                    found.insert(self.text(said), Meant { by_whole: false, shared: false });
                }
                found.extend(homes.into_iter().map(|home| (home, Meant { by_whole: false, shared })));
            }
        }
        found
    }

    fn text(&self, said: &Said) -> String {
        match said {
            Said::At(whole, position) if self.carries(whole) || self.boards(whole).contains(position) => {
                format!("{whole}/{position}")
            }
            Said::At(whole, _) | Said::Whole(whole) => whole.clone(),
            Said::Nth(_) | Said::All => String::new(),
        }
    }

    fn read_cycles(&mut self) {
        // At equal times what ends comes first: a load is ended by what comes after it.
        for load in &self.events {
            let Fact::UnitsMatched(fact) = &load.fact else { continue };
            for unit in listed(&UnitGroup { primary: fact.carrier.clone(), ..fact.units.clone() }) {
                if matches!(unit.said, Said::Nth(_) | Said::All) || is_of(&unit.said, &fact.carrier) {
                    continue;
                }
                let mut until = MAX;
                for unload in &self.events {
                    let Fact::UnitsSeparated(gone) = &unload.fact else { continue };
                    if gone.carrier != fact.carrier || time(unload) <= time(load) {
                        continue;
                    }
                    let leaves = gone.units.units.is_empty()
                        || listed(&UnitGroup { primary: fact.carrier.clone(), ..gone.units.clone() }).iter().any(
                            |left| {
                                let empties = is_of(&left.said, &fact.carrier) || matches!(left.said, Said::Nth(_));
                                let same = || {
                                    let (a, b) = (self.resolve(&left.said, 0), self.resolve(&unit.said, 0));
                                    a.keys().any(|key| b.contains_key(key))
                                };
                                if empties { left.position == unit.position } else { same() }
                            },
                        );
                    if leaves {
                        until = until.min(time(unload));
                    }
                }
                self.cycles.push(Cycle {
                    carrier: fact.carrier.clone(),
                    position: unit.position,
                    said: unit.said,
                    from: time(load),
                    until,
                });
            }
        }
    }

    fn find_units(&mut self) {
        let mut units = BTreeSet::new();
        for (whole, positions) in &self.positions {
            if self.carriers.contains(whole) {
                continue;
            }
            let boards = self.boards(whole);
            if boards.is_empty() {
                units.extend(self.resolve(&Said::Whole(whole.clone()), 0).into_keys());
                for position in positions {
                    units.extend(self.resolve(&Said::At(whole.clone(), *position), 0).into_keys());
                }
            }
            units.extend(boards.iter().map(|board| format!("{whole}/{board}")));
        }
        self.units = units;
    }

    // Mounts.

    fn discipline(&self, place: &Place) -> Discipline {
        // READING: the newest profile holds for all times.
        let mut found = None;
        for event in &self.events {
            if let Fact::StationProfiled(fact) = &event.fact
                && fact.station == place.0
            {
                found = Some(fact);
            }
        }
        let label = place.1.strip_prefix("|").unwrap_or(&place.1);
        found
            .and_then(|fact| fact.places.get(label).or_else(|| fact.places.get("*")))
            .copied()
            .unwrap_or(Discipline::Unknown)
    }

    fn is_exact(&self, station: &str) -> bool {
        self.events
            .iter()
            .filter_map(|event| match &event.fact {
                Fact::StationProfiled(fact) if fact.station == station => Some(fact.chain == "exact"),
                _ => None,
            })
            .next_back()
            .unwrap_or(false)
    }

    fn read_mounts(&mut self) {
        let mut claims: Vec<Claim> = Vec::new();
        // What a thing lies in.
        let mut inside: BTreeMap<Thing, BTreeSet<String>> = BTreeMap::new();
        let moves: Vec<Move> = self.events.iter().flat_map(moves).collect();
        let mut times: Vec<i64> = moves.iter().map(|change| change.at).collect();
        times.dedup();
        for now in times {
            // At equal times what ends comes first. READING: of one instant what is said to leave, then what lay in it: who does not leave it alone leaves
            // with it, and still lies in it.
            let leaving: Vec<&Move> = moves.iter().filter(|change| change.at == now && !change.on).collect();
            for gone in &leaving {
                for claim in claims.iter_mut().filter(|claim| claim.off == MAX) {
                    let there = gone.place.as_ref().is_none_or(|place| *place == claim.place);
                    // A place that is cleaned out is empty, whatever its discipline.
                    let cleaned = gone.thing.is_none() && claim.thing.0 == "package";
                    if there && gone.thing.as_ref() == Some(&claim.thing) {
                        claim.off = now;
                    }
                    if there && cleaned {
                        claim.swept = claim.swept.min(now);
                    }
                }
            }
            for thing in leaving.iter().filter_map(|gone| gone.thing.as_ref()) {
                if !claims.iter().any(|claim| claim.thing == *thing && claim.off == MAX) {
                    inside.remove(thing);
                }
            }
            for gone in &leaving {
                let Some(("carrier", key)) = &gone.thing else { continue };
                let there = |claim: &Claim| gone.place.as_ref().is_none_or(|place| *place == claim.place);
                for claim in claims.iter_mut().filter(|claim| claim.off == MAX && claim.carriers.contains(key)) {
                    if there(claim) {
                        claim.off = now;
                    }
                }
            }
            let coming: Vec<&Move> = moves.iter().filter(|change| change.at == now && change.on).collect();
            // READING: what is said of one instant holds together: a reel that is said to lie in two feeders at once lies in either.
            let mut said: BTreeMap<Thing, BTreeSet<String>> = BTreeMap::new();
            for come in &coming {
                let Some(thing) = &come.thing else { continue };
                let stays = claims.iter().any(|claim| {
                    claim.thing == *thing && claim.off == MAX && Some(&claim.place) == come.place.as_ref()
                });
                if !come.carriers.is_empty() || !stays {
                    said.entry(thing.clone()).or_default().extend(come.carriers.iter().cloned());
                }
                for (nth, carrier) in come.carriers.iter().enumerate() {
                    let riding = come.carriers[nth + 1..].iter().cloned();
                    if riding.len() > 0 {
                        said.entry(("carrier", carrier.clone())).or_default().extend(riding);
                    }
                }
            }
            inside.extend(said);
            let chain = |thing: &Thing| -> Vec<String> {
                let mut chain: Vec<String> = Vec::new();
                let mut frontier = vec![thing.clone()];
                while let Some(next) = frontier.pop() {
                    for carrier in inside.get(&next).into_iter().flatten() {
                        if !chain.contains(carrier) && ("carrier", carrier.clone()) != *thing {
                            chain.push(carrier.clone());
                            frontier.push(("carrier", carrier.clone()));
                        }
                    }
                }
                chain
            };
            let mut new: Vec<(Thing, Place)> = Vec::new();
            for come in &coming {
                let Some(thing) = &come.thing else { continue };
                new.extend(
                    come.place.iter().filter(|place| !place.1.is_empty()).map(|place| (thing.clone(), place.clone())),
                );
            }
            // Others are where their carriers are.
            let placed = new.clone();
            for come in &coming {
                let (Some(thing), None) = (&come.thing, come.place.as_ref().filter(|place| !place.1.is_empty())) else {
                    continue;
                };
                let carriers = chain(thing);
                let open = claims.iter().filter(|claim| claim.off == MAX);
                let open = open.map(|claim| (claim.thing.clone(), claim.place.clone()));
                let mut at: Vec<Place> = open
                    .chain(placed.iter().cloned())
                    .filter(|(thing, place)| thing.0 == "carrier" && carriers.contains(&thing.1) && !place.1.is_empty())
                    .map(|(_, place)| place)
                    .collect();
                if at.is_empty() {
                    at.extend(come.place.clone());
                }
                new.extend(at.into_iter().map(|place| (thing.clone(), place)));
            }
            for (carrier, place) in new.clone().iter().filter(|(thing, _)| thing.0 == "carrier") {
                if place.1.is_empty() {
                    continue;
                }
                for thing in inside.keys().filter(|thing| chain(thing).contains(&carrier.1)) {
                    let own = coming.iter().any(|come| {
                        come.thing.as_ref() == Some(thing)
                            && come.place.as_ref().is_some_and(|place| !place.1.is_empty())
                    });
                    if !own {
                        new.push((thing.clone(), place.clone()));
                    }
                }
            }
            for (thing, place) in new {
                let carriers = chain(&thing);
                claims.push(Claim {
                    thing,
                    place,
                    from: now,
                    off: MAX,
                    swept: MAX,
                    until: MAX,
                    carriers,
                    doubts: Vec::new(),
                });
            }
        }
        self.heed_disciplines(&mut claims, &moves);
        self.claims = claims;
    }

    fn heed_disciplines(&self, claims: &mut [Claim], moves: &[Move]) {
        let all = claims.to_vec();
        for claim in claims.iter_mut() {
            let others = || {
                all.iter().filter(|other| {
                    other.place == claim.place && other.thing != claim.thing && other.thing.0 == claim.thing.0
                })
            };
            let discipline = match claim.thing.0 {
                "program" => Discipline::Single,
                "person" | "tool" => Discipline::Crowd,
                _ => self.discipline(&claim.place),
            };
            claim.until = claim.off.min(claim.swept);
            match discipline {
                Discipline::Crowd | Discipline::Chain => {}
                Discipline::Single => {
                    let next = others().filter(|other| other.from > claim.from).map(|other| other.from).min();
                    claim.until = claim.until.min(next.unwrap_or(MAX));
                    // Two at the same instant: either may be the last.
                    if others().any(|other| other.from == claim.from) {
                        claim.doubts.push((claim.from, MAX));
                    }
                }
                Discipline::Mix => {
                    claim.until = clean_after(moves, claim);
                    for other in others() {
                        if other.from < claim.until && clean_after(moves, other) > claim.from {
                            claim.doubts.push((other.from, MAX));
                        }
                    }
                }
                Discipline::Unknown => {
                    for other in others() {
                        if other.from >= claim.from {
                            claim.doubts.push((other.from, MAX));
                        } else if other.off.min(other.swept) > claim.from {
                            claim.doubts.push((claim.from, other.off.min(other.swept)));
                        }
                    }
                }
            }
        }
        // Reels and tools are at one place only. READING: only a thing's own end tells that it left the other place.
        let all = claims.to_vec();
        for claim in claims.iter_mut().filter(|claim| matches!(claim.thing.0, "package" | "tool" | "carrier")) {
            for other in all.iter().filter(|other| other.thing == claim.thing && other.place != claim.place) {
                let (gone, other_gone) = (claim.off, other.off);
                if other.from >= claim.from && other.from < gone {
                    claim.doubts.push((other.from, MAX));
                } else if other.from < claim.from && other_gone > claim.from {
                    claim.doubts.push((claim.from, other_gone));
                }
            }
        }
    }

    /// How a thing was at a place at some time of a closed window: `None` not at all; else whether certainly, and whether all the time.
    fn presence(&self, thing: &Thing, place: &Place, from: i64, until: i64) -> Option<(bool, bool)> {
        let claims: Vec<&Claim> = self
            .claims
            .iter()
            .filter(|claim| claim.thing == *thing && claim.place == *place && claim.from < claim.until)
            .collect();
        let mut edges: BTreeSet<i64> = BTreeSet::from([from]);
        for claim in &claims {
            edges.extend([claim.from, claim.until]);
            edges.extend(claim.doubts.iter().flat_map(|(begin, end)| [*begin, *end]));
        }
        // READING: it is certain when one stay of it, from coming to leaving, is not doubtful at any time of the window.
        let (mut stays, mut covers): (Vec<bool>, bool) = (Vec::new(), true);
        let mut staying = false;
        for edge in edges.into_iter().filter(|edge| *edge >= from && *edge <= until) {
            let here: Vec<&&Claim> = claims.iter().filter(|claim| claim.from <= edge && edge < claim.until).collect();
            if here.is_empty() {
                covers = false;
                staying = false;
                continue;
            }
            if !staying {
                stays.push(true);
            }
            staying = true;
            let doubted = |claim: &&&Claim| claim.doubts.iter().any(|(begin, end)| *begin <= edge && edge < *end);
            if let (Some(certain), true) = (stays.last_mut(), here.iter().all(doubted)) {
                *certain = false;
            }
        }
        (!stays.is_empty()).then(|| (stays.contains(&true), covers))
    }

    /// Things of a kind that were at a station, with their places.
    fn things_at(&self, kind: &str, station: &str) -> BTreeSet<(Thing, Place)> {
        let here = self.claims.iter().filter(|claim| claim.thing.0 == kind && claim.place.0 == station);
        here.map(|claim| (claim.thing.clone(), claim.place.clone())).collect()
    }

    // Packages.

    fn mentions(&self) -> Vec<(i64, Package)> {
        let mut all = Vec::new();
        for event in &self.events {
            for package in packages_in(&event.fact) {
                let mut next = Some(package);
                while let Some(package) = next {
                    all.push((time(event), package.clone()));
                    next = package.leading.as_deref();
                }
            }
        }
        all
    }

    /// (package, part, lot, time) as stated.
    fn statements(&self) -> Vec<(String, String, String, i64)> {
        let mut all = Vec::new();
        for event in &self.events {
            if let Fact::PackageReceived(fact) = &event.fact {
                for detail in &fact.packages {
                    let lot = match detail.lot.as_str() {
                        "" => String::new(),
                        lot => format!("{}/{}/{lot}", detail.manufacturer, detail.manufacturer_part),
                    };
                    all.push((detail.id.clone(), detail.part.clone(), lot, time(event)));
                }
            }
        }
        for (at, package) in self.mentions() {
            if !package.id.is_empty() && !package.part.is_empty() {
                all.push((package.id.clone(), package.part.clone(), String::new(), at));
            }
        }
        all
    }

    fn split_from(&self, package: &str) -> BTreeSet<String> {
        let mut sources = BTreeSet::new();
        for event in &self.events {
            if let Fact::PackageSplit(fact) = &event.fact
                && fact.new == package
            {
                sources.insert(fact.from.clone());
            }
        }
        sources
    }

    /// Parts that a package is said to be; when nobody says, those of what it was split from.
    fn parts(&self, package: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::from([package.to_owned()]);
        let mut frontier = seen.clone();
        let statements = self.statements();
        let mut parts = BTreeSet::new();
        while let Some(next) = frontier.pop_first() {
            let own: BTreeSet<String> = statements
                .iter()
                .filter(|(of, part, ..)| *of == next && !part.is_empty())
                .map(|(_, part, ..)| part.clone())
                .collect();
            if own.is_empty() {
                frontier.extend(self.split_from(&next).into_iter().filter(|source| seen.insert(source.clone())));
            }
            parts.extend(own);
        }
        parts
    }

    /// Packages in one chain with this one at some time of a closed window.
    fn chain(&self, package: &str, from: i64, until: i64) -> BTreeSet<String> {
        let mut chain = BTreeSet::from([package.to_owned()]);
        loop {
            let before = chain.len();
            for event in &self.events {
                let Fact::PackagesJoined(fact) = &event.fact else { continue };
                let (leading, trailing) = (&fact.leading.id, &fact.trailing.id);
                let mut end = MAX;
                for later in self.events.iter().filter(|later| time(later) >= time(event)) {
                    let ends = match &later.fact {
                        Fact::PackagesParted(parted) => {
                            let pair = [&parted.split_off.id, &parted.remaining.id];
                            pair.contains(&leading) && pair.contains(&trailing)
                        }
                        Fact::PackageUsedUp(used) => used
                            .packages
                            .iter()
                            .any(|loaded| loaded.package.as_ref().is_some_and(|package| package.id == *leading)),
                        Fact::Spliced(spliced) => {
                            spliced.depleted.package.as_ref().is_some_and(|package| package.id == *leading)
                        }
                        _ => false,
                    };
                    if ends {
                        end = end.min(time(later));
                    }
                }
                if time(event) <= until && end >= from && (chain.contains(leading) || chain.contains(trailing)) {
                    chain.extend([leading.clone(), trailing.clone()]);
                }
            }
            if chain.len() == before {
                return chain;
            }
        }
    }

    /// Packages of which a component may be that was reported from this one, and whether certainly.
    fn candidates(&self, station: &str, package: &Package, from: i64, until: i64) -> BTreeMap<String, bool> {
        if self.is_exact(station) {
            return BTreeMap::from([(package.id.clone(), true)]);
        }
        let mut members = self.chain(&package.id, from, until);
        let mut leading = package.leading.as_deref();
        while let Some(package) = leading {
            members.insert(package.id.clone());
            leading = package.leading.as_deref();
        }
        let grey = number(package.grey_zone.as_ref()) > 0.0;
        let certain = members.len() == 1 && !grey;
        members.into_iter().map(|member| (member, certain)).collect()
    }

    // Passes.

    /// How a message at a time means a unit.
    fn means(&self, said: &Said, at: i64, unit: &str) -> Option<Meant> {
        self.resolve(said, at).get(unit).copied()
    }

    /// How the list of a message means a unit: directly before by its panel.
    fn listing(&self, event: &Event, unit: &str) -> Option<(Listed, Meant)> {
        self.listing_as_of(event, time(event), unit)
    }

    fn listing_as_of(&self, event: &Event, at: i64, unit: &str) -> Option<(Listed, Meant)> {
        let mut found: Vec<(Meant, Listed)> = Vec::new();
        for listed in lists(&event.fact) {
            if let Some(meant) = self.means(&listed.said, at, unit) {
                found.push((meant, listed));
            }
        }
        found.sort_by_key(|(meant, listed)| (meant.by_whole, meant.shared, listed.position, listed.status));
        found.into_iter().next().map(|(meant, listed)| {
            // READING: a list that gives no position means the unit's own.
            let own = unit.rsplit_once('/').and_then(|(_, position)| position.parse().ok()).unwrap_or(0);
            let position = if listed.position > 0 { listed.position } else { own };
            (Listed { position, ..listed }, meant)
        })
    }

    /// How several messages list a unit: a name of its own before a shared one, then the earliest.
    fn listed_by<'a>(&self, events: impl Iterator<Item = &'a usize>, unit: &str) -> Option<(Listed, Meant)> {
        first_listed(
            events.filter_map(|index| Some((time(&self.events[*index]), self.listing(&self.events[*index], unit)?))),
        )
    }

    fn passes_of(&self, unit: &str) -> Vec<Pass> {
        let stations: BTreeSet<&String> =
            self.events.iter().filter(|event| is_of_pass(&event.fact)).map(|event| &event.source.handle).collect();
        stations.into_iter().flat_map(|station| self.passes_at(unit, station)).collect()
    }

    fn passes_at(&self, unit: &str, station: &str) -> Vec<Pass> {
        let here: Vec<usize> = (0..self.events.len())
            .filter(|index| self.events[*index].source.handle == station && is_of_pass(&self.events[*index].fact))
            .collect();
        let transactions: BTreeSet<String> =
            here.iter().filter_map(|index| self.events[*index].transaction().map(str::to_ascii_lowercase)).collect();
        let mut passes = Vec::new();
        let mut unlisted = Vec::new();
        for transaction in transactions {
            let own: Vec<usize> = here
                .iter()
                .copied()
                .filter(|index| {
                    let own = self.events[*index].transaction().map(str::to_ascii_lowercase);
                    own.as_ref() == Some(&transaction)
                })
                .collect();
            let says = |index: &usize| !lists(&self.events[*index].fact).is_empty();
            let starts = || own.iter().filter(|index| matches!(self.events[**index].fact, Fact::PassStarted(_)));
            let ends = || own.iter().filter(|index| matches!(self.events[**index].fact, Fact::PassEnded(_)));
            let listing: Vec<&usize> = match starts().any(says) {
                true => starts().filter(|index| says(index)).collect(),
                false => ends().filter(|index| says(index)).collect(),
            };
            if listing.is_empty() && starts().next().is_some() {
                unlisted.push(own.clone());
            }
            // READING: an end that names a carrier means what lay on it at the start too.
            let mut started: Vec<i64> = starts().map(|index| time(&self.events[*index])).collect();
            started.sort_unstable();
            let says_of = |event: &Event| {
                self.listing(event, unit).or_else(|| {
                    let mut starts = started.iter().filter(|_| matches!(event.fact, Fact::PassEnded(_)));
                    starts.find_map(|at| self.listing_as_of(event, *at, unit))
                })
            };
            let first = |indices: &mut dyn Iterator<Item = &usize>| {
                first_listed(
                    indices.map(|index| &self.events[*index]).filter_map(|event| Some((time(event), says_of(event)?))),
                )
            };
            let member = first(&mut listing.iter().copied());
            // READING: when nobody lists the units, those that the messages speak of are in it.
            let nobody = listing.is_empty();
            let spoken = first(&mut own.iter());
            let Some((listed, meant)) = member.clone().or(spoken) else { continue };
            let all = own.clone();
            let concerned = own
                .into_iter()
                .filter(|index| {
                    let lists = lists(&self.events[*index].fact);
                    lists.is_empty()
                        || lists.iter().any(|listed| matches!(listed.said, Said::Nth(_) | Said::All))
                        || says_of(&self.events[*index]).is_some()
                })
                .collect();
            let mut pass = self.pass(station, concerned, member.is_some() || nobody, &listed, meant);
            pass.reported = all.iter().any(|index| matches!(self.events[*index].fact, Fact::Installed(_)));
            pass.all = all;
            passes.push(pass);
        }
        // What has no transaction and concerns the unit, by time.
        let loose: Vec<usize> = here
            .into_iter()
            .filter(|index| self.events[*index].transaction().is_none())
            .filter(|index| self.listing(&self.events[*index], unit).is_some())
            .collect();
        let of_transactions = passes.len();
        let mut passes = self.match_by_time(unit, station, loose, unlisted, passes);
        // READING: a panel's report need not name the boards that were skipped: what was reported of any of its positions in the pass counts.
        for pass in &mut passes[of_transactions..] {
            let (Some(from), Some(until)) = (pass.start, pass.end) else { continue };
            pass.reported |= self.events.iter().any(|event| {
                matches!(event.fact, Fact::Installed(_))
                    && event.source.handle == station
                    && event.transaction().is_none()
                    && (from..=until).contains(&time(event))
                    && lists(&event.fact).iter().any(|listed| self.is_beside(&listed.said, time(event), unit))
            });
        }
        passes
    }

    /// Whether a message speaks of a panel (or carrier) that a unit lies on then, or of any position of it.
    fn is_beside(&self, said: &Said, at: i64, unit: &str) -> bool {
        let (Said::Whole(whole) | Said::At(whole, _)) = said else { return false };
        let positions = (1..=16).map(|position| Said::At(whole.clone(), position));
        positions.chain([Said::Whole(whole.clone())]).any(|said| self.means(&said, at, unit).is_some())
    }

    fn pass(&self, station: &str, events: Vec<usize>, member: bool, listed: &Listed, meant: Meant) -> Pass {
        let mut pass = Pass {
            station: station.to_owned(),
            events,
            start: None,
            end: None,
            lane: None,
            member,
            shared: meant.shared,
            status: listed.status,
            position: listed.position,
            reported: false,
            all: Vec::new(),
        };
        self.bound(&mut pass);
        pass
    }

    fn bound(&self, pass: &mut Pass) {
        pass.events.sort_unstable();
        pass.reported |= pass.events.iter().any(|index| matches!(self.events[*index].fact, Fact::Installed(_)));
        let times = |wanted: fn(&Fact) -> bool| {
            let own = pass.events.iter().map(|index| &self.events[*index]);
            own.filter(|event| wanted(&event.fact)).map(time).collect::<Vec<i64>>()
        };
        let start = times(|fact| matches!(fact, Fact::PassStarted(_))).into_iter().min();
        let end = times(|fact| matches!(fact, Fact::PassEnded(_))).into_iter().max();
        let arrival = times(|fact| matches!(fact, Fact::PassArrived(_))).into_iter().max();
        let departure = times(|fact| matches!(fact, Fact::PassDeparted(_))).into_iter().min();
        pass.start = start.or(arrival);
        pass.end = end.or(departure);
        // READING: the start's lane before another message's.
        let lanes =
            pass.events.iter().map(|index| &self.events[*index]).filter_map(|event| {
                Some((!matches!(event.fact, Fact::PassStarted(_)), time(event), lane(&event.fact)?))
            });
        pass.lane = lanes.min().map(|(.., lane)| lane);
    }

    fn match_by_time(
        &self,
        unit: &str,
        station: &str,
        loose: Vec<usize>,
        unlisted: Vec<Vec<usize>>,
        mut passes: Vec<Pass>,
    ) -> Vec<Pass> {
        let at = |index: &usize| time(&self.events[*index]);
        let is_arrival = |index: &usize| matches!(self.events[*index].fact, Fact::PassArrived(_));
        let is_departure = |index: &usize| matches!(self.events[*index].fact, Fact::PassDeparted(_));
        // READING: a pass is where its own messages say, whatever joins it.
        let own = passes.clone();
        let mut rest = Vec::new();
        for index in &loose {
            let now = at(index);
            let lane = lane(&self.events[*index].fact);
            let last = |pass: &Pass| pass.end.unwrap_or_else(|| pass.events.iter().map(at).max().unwrap_or(MIN));
            // How near a pass is that it may belong to. READING: of several equally near it belongs to each.
            let distance = |pass: &Pass| -> Option<i64> {
                let (first, last) = (pass.first(&self.events), last(pass));
                if !lanes_meet(pass.lane, lane) {
                    None
                } else if is_arrival(index) {
                    // READING: who came again, or left, in between was here for something else; so was who left as it began, or came as it ended.
                    // (Of one that began and ended at one instant nobody knows.)
                    let between = loose.iter().any(|other| {
                        now < at(other)
                            && (is_arrival(other) && at(other) <= first
                                || is_departure(other) && at(other) <= first && at(other) < last)
                    });
                    (first >= now && !between).then(|| first - now)
                } else if is_departure(index) {
                    let between = loose.iter().any(|other| {
                        at(other) < now
                            && (is_departure(other) && last <= at(other)
                                || is_arrival(other) && first < at(other) && last <= at(other))
                    });
                    (last <= now && !between).then(|| now - last)
                } else {
                    (first <= now && now <= pass.window().1).then(|| now - first)
                }
            };
            let nearest = own.iter().filter_map(distance).min();
            let mut hosted = false;
            for (pass, own) in passes.iter_mut().zip(&own) {
                if nearest.is_some() && distance(own) == nearest {
                    pass.events.push(*index);
                    hosted = true;
                }
            }
            if !hosted {
                rest.push(*index);
            }
        }
        for pass in &mut passes {
            self.bound(pass);
        }
        for group in self.groups(&rest) {
            let is_start = |index: &&usize| matches!(self.events[**index].fact, Fact::PassStarted(_));
            let is_end = |index: &&usize| matches!(self.events[**index].fact, Fact::PassEnded(_));
            let first = self
                .listed_by(group.iter().filter(is_start), unit)
                .or_else(|| self.listed_by(group.iter().filter(is_end), unit))
                .or_else(|| self.listed_by(group.iter().filter(|index| is_arrival(index)), unit))
                .or_else(|| self.listed_by(group.iter(), unit));
            let Some((listed, meant)) = first else { continue };
            let mut hosts: Vec<Vec<usize>> = Vec::new();
            // An arrival may list the units of a transaction that lists none. READING: of several that start at one instant, of either.
            if group.iter().all(|index| is_arrival(index) || is_departure(index)) {
                let arrived = group.iter().find(|index| is_arrival(index)).map(at);
                let departed = group.iter().filter(|index| is_departure(index)).map(at).next().unwrap_or(MAX);
                // READING: within a day.
                let departed = departed.min(arrived.map_or(MAX, |arrived| arrived + DAY));
                let start = |own: &Vec<usize>| {
                    let starts = own.iter().filter(|index| matches!(self.events[**index].fact, Fact::PassStarted(_)));
                    starts.map(at).min().unwrap_or(MAX)
                };
                let between =
                    |own: &Vec<usize>| arrived.is_some_and(|arrived| arrived <= start(own) && start(own) <= departed);
                let first = unlisted.iter().filter(|own| between(own)).map(start).min();
                hosts.extend(unlisted.iter().filter(|own| between(own) && Some(start(own)) == first).cloned());
            }
            let meant = Meant { shared: meant.shared || hosts.len() > 1, ..meant };
            if hosts.is_empty() {
                hosts.push(Vec::new());
            }
            for host in hosts {
                passes.push(self.pass(station, [group.clone(), host].concat(), true, &listed, meant));
            }
        }
        passes
    }

    /// Every start (or, with none since the last end, every arrival) opens a pass, the next end closes it, everything between belongs to it.
    ///
    /// READING: what was said of one instant has no order: it belongs to the pass that is open, else to the one that begins then.
    fn groups(&self, loose: &[usize]) -> Vec<Vec<usize>> {
        let at = |index: &usize| time(&self.events[*index]);
        let times: BTreeSet<i64> = loose.iter().map(at).collect();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for now in times {
            let (mut arrivals, mut starts, mut between, mut ends, mut departures) =
                (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for index in loose.iter().filter(|index| at(index) == now) {
                match &self.events[*index].fact {
                    Fact::PassArrived(_) => arrivals.push(*index),
                    Fact::PassStarted(_) => starts.push(*index),
                    Fact::PassEnded(_) => ends.push(*index),
                    Fact::PassDeparted(_) => departures.push(*index),
                    _ => between.push(*index),
                }
            }
            let has = |groups: &[Vec<usize>], wanted: fn(&Fact) -> bool| {
                groups.last().is_some_and(|group| group.iter().any(|index| wanted(&self.events[*index].fact)))
            };
            let arrived = has(&groups, |fact| matches!(fact, Fact::PassArrived(_)));
            let started = has(&groups, |fact| matches!(fact, Fact::PassStarted(_)));
            let ended = |groups: &[Vec<usize>]| has(groups, |fact| matches!(fact, Fact::PassEnded(_)));
            let departed = |groups: &[Vec<usize>]| has(groups, |fact| matches!(fact, Fact::PassDeparted(_)));
            let is_open = (arrived || started) && !ended(&groups) && !departed(&groups);
            if is_open && arrivals.is_empty() && !started {
                let all = [starts, between, ends, departures].concat();
                groups.last_mut().expect("it is open").extend(all);
                continue;
            }
            if is_open {
                let all = [between, ends, departures].concat();
                groups.last_mut().expect("it is open").extend(all);
                if !arrivals.is_empty() || !starts.is_empty() {
                    groups.push([arrivals, starts].concat());
                }
                continue;
            }
            if !arrivals.is_empty() || !starts.is_empty() {
                if !groups.is_empty() && !departed(&groups) {
                    groups.last_mut().expect("there is one").append(&mut departures);
                }
                groups.push([arrivals, starts, between, ends, departures].concat());
                continue;
            }
            for (facts, closed) in [
                (between, groups.is_empty() || ended(&groups) || departed(&groups)),
                (ends, groups.is_empty() || ended(&groups) || departed(&groups)),
                (departures, groups.is_empty() || departed(&groups)),
            ] {
                if facts.is_empty() {
                    continue;
                }
                // What came before at this instant may have begun one already.
                let fresh = groups.last().is_some_and(|group| group.iter().all(|index| at(index) == now));
                if closed && !fresh {
                    groups.push(Vec::new());
                }
                groups.last_mut().expect("there is one").extend(facts);
            }
        }
        groups
    }

    /// Whether an entry of a message of the pass means the unit; and whether through a shared name.
    fn names(&self, pass: &Pass, said: &Said, at: i64, unit: &str) -> Option<bool> {
        match said {
            Said::All => pass.member.then_some(pass.shared),
            Said::Nth(position) => (pass.member && pass.position == *position).then_some(pass.shared),
            said => self.means(said, at, unit).map(|meant| meant.shared),
        }
    }

    // Programs.

    fn named_programs(&self, pass: &Pass) -> BTreeSet<String> {
        self.named_in(&pass.events)
    }

    fn named_in(&self, events: &[usize]) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        for index in events {
            let program = match &self.events[*index].fact {
                Fact::PassStarted(fact) => fact.program.as_ref(),
                Fact::Inspected(fact) => fact.program.as_ref(),
                Fact::Tested(fact) => fact.program.as_ref(),
                _ => None,
            };
            named.extend(program.and_then(program_key));
        }
        named
    }

    fn programs(&self, pass: &Pass) -> BTreeSet<String> {
        let named = self.named_programs(pass);
        if !named.is_empty() {
            return named;
        }
        let (from, until) = pass.window();
        let mut programs = BTreeSet::new();
        for (thing, place) in self.things_at("program", &pass.station) {
            let meets = self.presence(&thing, &place, from, until).is_some();
            if meets && lanes_meet(program_lane(&place), pass.lane) {
                programs.insert(thing.1);
            }
        }
        programs
    }

    /// READING: a report was made under the programs that its transaction names, else under those active when it was sent.
    fn programs_of_report(&self, event: &Event) -> BTreeSet<String> {
        let station = &event.source.handle;
        let transaction = event.transaction().map(str::to_ascii_lowercase);
        let together: Vec<usize> = (0..self.events.len())
            .filter(|index| {
                let other = &self.events[*index];
                let same = other.transaction().map(str::to_ascii_lowercase) == transaction;
                transaction.is_some() && same && other.source.handle == *station && is_of_pass(&other.fact)
            })
            .collect();
        let named = self.named_in(&together);
        if !named.is_empty() {
            return named;
        }
        let lanes: BTreeSet<i64> = together.iter().filter_map(|index| lane(&self.events[*index].fact)).collect();
        let mut programs = BTreeSet::new();
        for (thing, place) in self.things_at("program", station) {
            let meets = self.presence(&thing, &place, time(event), time(event)).is_some();
            if meets && (lanes.is_empty() || program_lane(&place).is_none_or(|lane| lanes.contains(&lane))) {
                programs.insert(thing.1);
            }
        }
        programs
    }

    fn read_programs(&mut self) {
        let mut known: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        let mut needs = BTreeSet::new();
        for event in &self.events {
            let (materials, applied) = match &event.fact {
                Fact::Installed(fact) => (&fact.materials, false),
                Fact::Applied(fact) => (&fact.materials, true),
                _ => continue,
            };
            // READING: a report without a program has the key (station, no program).
            let mut programs = self.programs_of_report(event);
            let has_program = !programs.is_empty();
            if !has_program {
                programs.insert(String::new());
            }
            for entry_of in materials {
                for program in &programs {
                    let key = (event.source.handle.clone(), program.clone());
                    let positions = entry_of.components.iter().chain(&entry_of.rejected);
                    let positions = positions.map(|placed| placed.designator.clone());
                    if !applied && has_program {
                        known.entry(key.clone()).or_default().extend(positions.filter(|text| !text.is_empty()));
                    }
                    let used = applied || is_installed(entry_of);
                    if let Some(package) = entry_of.package.as_ref().filter(|_| used) {
                        for part in self.parts(&package.id) {
                            needs.insert((key.0.clone(), program.clone(), part));
                        }
                    }
                }
            }
        }
        self.known = known;
        self.needs = needs;
    }

    fn is_needed(&self, pass: &Pass, parts: &BTreeSet<String>) -> bool {
        let mut programs = self.programs(pass);
        if programs.is_empty() {
            programs.insert(String::new());
        }
        parts.iter().any(|part| {
            let by_report = programs
                .iter()
                .any(|program| self.needs.contains(&(pass.station.clone(), program.clone(), part.clone())));
            let by_product = self.events.iter().any(|event| match &event.fact {
                Fact::ProductReleased(fact) => {
                    fact.programs.iter().any(|program| programs.contains(program))
                        && fact.positions.iter().any(|position| position.part == *part && !position.not_fitted)
                }
                _ => false,
            });
            by_report || by_product
        })
    }

    // Answers.

    /// What is in a unit, and what was there when it was made.
    #[must_use]
    pub fn trace(&self, unit: &str) -> &[Row] {
        self.traces.get(unit).map(Vec::as_slice).unwrap_or_default()
    }

    fn with_children(&self, unit: &str, way: &mut BTreeSet<String>) -> Vec<Row> {
        let mut rows = self.own_rows(unit);
        // (child, position) -> when it came, until when it is there.
        type Child = (&'static str, String, String);
        let mut children: BTreeMap<Child, Vec<(i64, i64)>> = BTreeMap::new();
        for event in &self.events {
            let Fact::Assembled(fact) = &event.fact else { continue };
            if !self.resolve(&written(&fact.unit), time(event)).contains_key(unit) {
                continue;
            }
            for child in &fact.children {
                let until = self
                    .events
                    .iter()
                    .filter(|later| time(later) > time(event))
                    .filter(|later| match &later.fact {
                        Fact::Disassembled(apart) => {
                            self.resolve(&written(&apart.unit), time(later)).contains_key(unit)
                                && apart.children.iter().any(|left| {
                                    let (a, b) = (written(&left.unit), written(&child.unit));
                                    let (a, b) = (self.resolve(&a, time(later)), self.resolve(&b, time(event)));
                                    let units = !child.unit.is_empty() && a.keys().any(|key| b.contains_key(key));
                                    units
                                        || (child.unit.is_empty()
                                            && left.unit.is_empty()
                                            && left.package == child.package)
                                })
                        }
                        _ => false,
                    })
                    .map(time)
                    .min();
                let stint = (time(event), until.unwrap_or(MAX));
                if child.unit.is_empty() {
                    let key = ("package", child.package.clone(), child.position.clone());
                    children.entry(key).or_default().push(stint);
                } else {
                    for key in self.resolve(&written(&child.unit), time(event)).into_keys() {
                        children.entry(("unit", key, String::new())).or_default().push(stint);
                    }
                }
            }
        }
        for ((kind, child, position), stints) in children {
            if kind == "package" {
                let mut stints = stints;
                stints.sort_unstable();
                stints.dedup();
                for (_, until) in stints {
                    rows.push(Row {
                        unit: unit.to_owned(),
                        thing: Some(format!("package:{child}")),
                        position: Some(position.clone()),
                        installed: true,
                        certain: true,
                        removed_at: (until != MAX).then_some(until),
                        station: None,
                        via: None,
                    });
                }
                continue;
            }
            if !way.insert(child.clone()) {
                continue;
            }
            let last = stints.iter().map(|(_, until)| *until).max().unwrap_or(MAX);
            for row in self.with_children(&child, way) {
                rows.push(Row {
                    unit: unit.to_owned(),
                    removed_at: row.removed_at.or((last != MAX).then_some(last)),
                    via: row.via.or(Some(child.clone())),
                    ..row
                });
            }
            way.remove(&child);
        }
        rows
    }

    fn own_rows(&self, unit: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut installations: Vec<Installation> = Vec::new();
        for pass in self.passes.get(unit).into_iter().flatten() {
            let reported = self.installations(unit, pass);
            if pass.member {
                self.material(unit, pass, &reported, &mut rows);
                self.persons(unit, pass, &mut rows);
                self.recipes(unit, pass, &mut rows);
            }
            self.tools(unit, pass, &mut rows);
            installations.extend(reported);
        }
        self.remove(unit, &mut installations, &mut rows);
        for installation in installations {
            for (package, certain) in installation.candidates {
                rows.push(Row {
                    unit: unit.to_owned(),
                    thing: package.map(|package| format!("package:{package}")),
                    position: Some(installation.designator.clone()).filter(|text| !text.is_empty()),
                    installed: true,
                    certain,
                    removed_at: installation.removed_at,
                    station: Some(installation.station.clone()),
                    via: None,
                });
            }
        }
        rows
    }

    fn installations(&self, unit: &str, pass: &Pass) -> Vec<Installation> {
        let mut all = Vec::new();
        for index in &pass.events {
            let event = &self.events[*index];
            let Fact::Installed(fact) = &event.fact else { continue };
            for material in &fact.materials {
                let said = entry(&material.identifier, material.position);
                let Some(shared) = self.names(pass, &said, time(event), unit) else { continue };
                let mut components: Vec<(String, Option<i64>)> = material
                    .components
                    .iter()
                    .map(|placed| (placed.designator.clone(), placed.at.as_ref().map(|at| at.at.0)))
                    .collect();
                if components.is_empty() && number(material.quantity.as_ref()) > 0.0 {
                    components.push((String::new(), None));
                }
                for (designator, own) in components {
                    // READING: a report that came outside the window of its pass widens it.
                    let (from, until) = match own {
                        Some(at) => (at, at),
                        None => {
                            let (from, until) = pass.window();
                            (from.min(time(event)), until.max(time(event)))
                        }
                    };
                    let named = material.package.as_ref().filter(|package| !package.id.is_empty());
                    let mut candidates: Vec<(Option<String>, bool)> = match named {
                        Some(package) => {
                            // READING: what a report gives no time for was done in the thirty days around its being sent.
                            let (from, until) = match own {
                                Some(_) => (from, until),
                                None => (from.max(time(event) - MONTH), until.min(time(event) + MONTH)),
                            };
                            let all = self.candidates(&pass.station, package, from, until).into_iter();
                            all.map(|(package, certain)| (Some(package), certain)).collect()
                        }
                        None => self.mounted_at(&pass.station, material.location.as_ref(), from, until),
                    };
                    if shared {
                        candidates.iter_mut().for_each(|(_, certain)| *certain = false);
                    }
                    all.push(Installation {
                        designator,
                        at: own.unwrap_or(time(event)),
                        candidates,
                        station: pass.station.clone(),
                        place: material
                            .location
                            .as_ref()
                            .map(|location| place_of(&pass.station, location))
                            .filter(|place| !place.1.is_empty()),
                        removed_at: None,
                    });
                }
            }
        }
        all
    }

    /// Packages mounted at a place in a window; a single one that was there all the time is certain.
    fn mounted_at(
        &self,
        station: &str,
        location: Option<&Location>,
        from: i64,
        until: i64,
    ) -> Vec<(Option<String>, bool)> {
        let place = location.map(|location| place_of(station, location)).filter(|place| !place.1.is_empty());
        let mut found = Vec::new();
        for (thing, at) in self.things_at("package", station) {
            if Some(&at) == place.as_ref()
                && let Some((certain, covers)) = self.presence(&thing, &at, from, until)
            {
                found.push((Some(thing.1), certain && covers));
            }
        }
        if found.len() > 1 {
            found.iter_mut().for_each(|(_, certain)| *certain = false);
        }
        if found.is_empty() {
            // READING: a component of an unknown package is certainly there.
            found.push((None, true));
        }
        found
    }

    fn remove(&self, unit: &str, installations: &mut [Installation], rows: &mut Vec<Row>) {
        let mut removals: Vec<(i64, String, Option<String>, String, bool)> = Vec::new();
        for pass in self.passes.get(unit).into_iter().flatten() {
            for index in &pass.events {
                let event = &self.events[*index];
                let Fact::Removed(fact) = &event.fact else { continue };
                for material in &fact.materials {
                    let said = entry(&material.identifier, material.position);
                    let Some(shared) = self.names(pass, &said, time(event), unit) else { continue };
                    let package = material.package.as_ref().map(|package| package.id.clone());
                    let package = package.filter(|id| !id.is_empty());
                    let mut designators: Vec<String> =
                        material.components.iter().map(|placed| placed.designator.clone()).collect();
                    if designators.is_empty() {
                        designators.push(String::new());
                    }
                    for designator in designators {
                        removals.push((time(event), designator, package.clone(), pass.station.clone(), shared));
                    }
                }
            }
        }
        removals.sort();
        for (at, designator, package, station, shared) in removals {
            let meant = |installation: &Installation| {
                installation.designator == designator
                    && installation.removed_at.is_none()
                    && installation.at < at
                    && (package.is_none() || installation.candidates.iter().any(|(candidate, _)| *candidate == package))
            };
            let newest = installations.iter().filter(|installation| meant(installation)).map(|known| known.at).max();
            let things = |installation: &Installation| {
                (installation.station.clone(), installation.place.clone(), installation.candidates.clone())
            };
            let mut closed: Vec<&mut Installation> = installations
                .iter_mut()
                .filter(|installation| meant(installation) && Some(installation.at) == newest)
                .collect();
            // READING: of several that came at one instant it is not known which one went: all of them stay.
            let alike = closed.windows(2).all(|pair| things(pair[0]) == things(pair[1]));
            match closed.first_mut().filter(|_| alike) {
                Some(installation) => installation.removed_at = Some(at),
                None => rows.push(Row {
                    unit: unit.to_owned(),
                    thing: package.map(|package| format!("package:{package}")),
                    position: Some(designator).filter(|text| !text.is_empty()),
                    installed: true,
                    certain: !shared,
                    removed_at: Some(at),
                    station: Some(station),
                    via: None,
                }),
            }
        }
    }

    fn exposed(unit: &str, pass: &Pass, thing: String, certain: bool) -> Row {
        Row {
            unit: unit.to_owned(),
            thing: Some(thing),
            position: None,
            installed: false,
            certain,
            removed_at: None,
            station: Some(pass.station.clone()),
            via: None,
        }
    }

    fn material(&self, unit: &str, pass: &Pass, installed: &[Installation], rows: &mut Vec<Row>) {
        let (from, until) = pass.window();
        let mut applied: BTreeMap<String, bool> = BTreeMap::new();
        let (mut reported, mut removed) = (false, false);
        let mut accounted: BTreeSet<String> = BTreeSet::new();
        for index in &pass.events {
            let event = &self.events[*index];
            let (Fact::Installed(kernel::event::Installed { materials, .. })
            | Fact::Removed(kernel::event::Removed { materials, .. })
            | Fact::Applied(kernel::event::Applied { materials, .. })) = &event.fact
            else {
                continue;
            };
            for material in materials {
                let said = entry(&material.identifier, material.position);
                let Some(shared) = self.names(pass, &said, time(event), unit) else { continue };
                match &event.fact {
                    Fact::Installed(_) => {
                        reported = true;
                        let all = material.components.iter().chain(&material.rejected);
                        accounted.extend(all.map(|placed| placed.designator.clone()));
                    }
                    Fact::Removed(_) => removed = true,
                    _ => {
                        let Some(package) = &material.package else { continue };
                        for (package, certain) in self.candidates(&pass.station, package, time(event), time(event)) {
                            *applied.entry(package).or_default() |= certain && !shared;
                        }
                    }
                }
            }
        }
        for (package, certain) in &applied {
            rows.push(Oracle::exposed(unit, pass, format!("package:{package}"), *certain));
        }
        if removed && !reported {
            return;
        }
        let mut known: BTreeSet<String> = BTreeSet::new();
        for program in self.programs(pass) {
            known.extend(self.known.get(&(pass.station.clone(), program)).cloned().unwrap_or_default());
        }
        let skipped = matches!(pass.status, UnitStatus::Skip | UnitStatus::Scrap);
        if reported && known.is_subset(&accounted) || skipped && pass.reported {
            return;
        }
        let mut mounted: BTreeMap<String, bool> = BTreeMap::new();
        for (thing, place) in self.things_at("package", &pass.station) {
            if let Some((certain, _)) = self.presence(&thing, &place, from, until) {
                *mounted.entry(thing.1).or_default() |= certain;
            }
        }
        for (package, is_sure) in &mounted {
            let already = installed.iter().any(|installation| {
                installation.candidates.iter().any(|(candidate, _)| candidate.as_ref() == Some(package))
            });
            if already || applied.contains_key(package) {
                continue;
            }
            let parts = self.parts(package);
            let only_source = mounted.keys().all(|other| {
                let others = self.parts(other);
                other == package || (!others.is_empty() && !parts.is_empty() && others.is_disjoint(&parts))
            });
            let skipped = matches!(pass.status, UnitStatus::Skip | UnitStatus::Scrap);
            let certain =
                self.is_needed(pass, &parts) && only_source && !skipped && *is_sure && pass.is_closed() && !pass.shared;
            rows.push(Oracle::exposed(unit, pass, format!("package:{package}"), certain));
        }
    }

    /// Presence in a role at a place.
    fn present(
        &self,
        unit: &str,
        pass: &Pass,
        kind: &str,
        place: &Place,
        named: &BTreeSet<String>,
        rows: &mut Vec<Row>,
    ) {
        let (from, until) = pass.window();
        let mut here: BTreeMap<String, bool> = BTreeMap::new();
        for (thing, at) in self.things_at(kind, &pass.station) {
            if at == *place
                && let Some((certain, covers)) = self.presence(&thing, &at, from, until)
            {
                here.insert(thing.1, certain && covers);
            }
        }
        for (thing, all_the_time) in &here {
            if !named.contains(thing) {
                let certain = here.len() == 1 && *all_the_time && pass.is_closed() && !pass.shared;
                rows.push(Oracle::exposed(unit, pass, format!("{kind}:{thing}"), certain));
            }
        }
    }

    fn persons(&self, unit: &str, pass: &Pass, rows: &mut Vec<Row>) {
        let mut named = BTreeSet::new();
        for index in &pass.events {
            let person = match &self.events[*index].fact {
                Fact::Inspected(fact) => fact.person.as_ref(),
                Fact::Tested(fact) => fact.person.as_ref(),
                Fact::Repaired(fact) => fact.person.as_ref(),
                _ => None,
            };
            named.extend(person.map(|person| person.pseudonym.clone()));
        }
        for person in &named {
            rows.push(Oracle::exposed(unit, pass, format!("person:{person}"), !pass.shared));
        }
        let place = (pass.station.clone(), String::new());
        self.present(unit, pass, "person", &place, &named, rows);
    }

    fn recipes(&self, unit: &str, pass: &Pass, rows: &mut Vec<Row>) {
        let named = self.named_programs(pass);
        for program in &named {
            rows.push(Oracle::exposed(unit, pass, format!("program:{program}"), !pass.shared));
        }
        if !named.is_empty() {
            return;
        }
        let places: BTreeSet<Place> =
            self.things_at("program", &pass.station).into_iter().map(|(_, place)| place).collect();
        for place in places {
            if lanes_meet(program_lane(&place), pass.lane) {
                self.present(unit, pass, "program", &place, &BTreeSet::new(), rows);
            }
        }
    }

    fn tools(&self, unit: &str, pass: &Pass, rows: &mut Vec<Row>) {
        // Tool -> whether certainly.
        let mut named: BTreeMap<String, bool> = BTreeMap::new();
        let mut narrowed: BTreeSet<String> = BTreeSet::new();
        let mut kinds: BTreeSet<String> = BTreeSet::new();
        let mut all_have = true;
        for index in &pass.events {
            let event = &self.events[*index];
            match &event.fact {
                Fact::Installed(fact) => {
                    for material in &fact.materials {
                        let said = entry(&material.identifier, material.position);
                        let Some(shared) = self.names(pass, &said, time(event), unit) else { continue };
                        for placed in material.components.iter().chain(&material.rejected) {
                            let tool = placed.tool.as_ref();
                            if let Some(key) = tool.and_then(|tool| tool_key(&pass.station, tool)) {
                                *named.entry(key).or_default() |= !shared;
                                kinds.extend(tool.map(|tool| tool_kind(tool).to_owned()));
                            }
                        }
                        all_have &= material.components.iter().all(|placed| placed.tool.is_some());
                    }
                }
                Fact::ToolUsed(fact) => {
                    for used in &fact.tools {
                        let said = entry(&used.identifier, used.position);
                        let Some(shared) = self.names(pass, &said, time(event), unit) else { continue };
                        if let Some(key) = tool_key(&pass.station, &used.tool) {
                            *named.entry(key).or_default() |= !shared;
                            narrowed.insert(tool_kind(&used.tool).to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        // READING: heads and nozzles narrow only when every component that the pass installed names one.
        if all_have {
            narrowed.extend(kinds);
        }
        for (tool, certain) in &named {
            rows.push(Oracle::exposed(unit, pass, format!("tool:{tool}"), *certain));
        }
        if !pass.member {
            return;
        }
        let named: BTreeSet<String> = named.into_keys().collect();
        let places: BTreeSet<Place> =
            self.things_at("tool", &pass.station).into_iter().map(|(_, place)| place).collect();
        for place in places {
            if !narrowed.contains(&place.1) {
                self.present(unit, pass, "tool", &place, &named, rows);
            }
        }
    }

    // Forward.

    /// All things that can be asked for, as `kind:identifier`.
    #[must_use]
    pub fn things(&self) -> BTreeSet<String> {
        let mut things = BTreeSet::new();
        for (_, package) in self.mentions() {
            if !package.id.is_empty() {
                things.insert(format!("package:{}", package.id));
            }
        }
        for (package, part, lot, _) in self.statements() {
            things.insert(format!("package:{package}"));
            if !part.is_empty() {
                things.insert(format!("part:{part}"));
            }
            if !lot.is_empty() {
                things.insert(format!("lot:{lot}"));
            }
        }
        for claim in self.claims.iter().filter(|claim| claim.thing.0 != "carrier") {
            things.insert(format!("{}:{}", claim.thing.0, claim.thing.1));
        }
        for unit in &self.units {
            things.extend(self.trace(unit).iter().filter_map(|row| row.thing.clone()));
        }
        things
    }

    /// Packages that a thing stands for, and whether certainly. Any other thing stands for itself.
    fn expand(&self, thing: &str) -> BTreeMap<String, bool> {
        let (kind, key) = thing.split_once(':').unwrap_or(("", thing));
        let statements = self.statements();
        let mut packages: BTreeMap<String, bool> = BTreeMap::new();
        match kind {
            "package" => {
                packages.insert(key.to_owned(), true);
            }
            "lot" => {
                for (package, _, lot, _) in &statements {
                    if lot == key {
                        let of: Vec<_> =
                            statements.iter().filter(|(of, _, lot, _)| of == package && !lot.is_empty()).collect();
                        let last = of.iter().map(|statement| statement.3).max();
                        // READING: of two lots stated for the same instant neither is certain.
                        let certain = of.iter().all(|(_, _, lot, at)| Some(*at) != last || lot == key);
                        packages.insert(package.clone(), certain);
                    }
                }
            }
            "part" => {
                for (package, part, ..) in &statements {
                    if part == key {
                        let others = statements.iter().filter(|(of, part, ..)| of == package && !part.is_empty());
                        let certain = others.clone().all(|(_, part, ..)| part == key);
                        packages.insert(package.clone(), certain);
                    }
                }
            }
            _ => return BTreeMap::from([(thing.to_owned(), true)]),
        }
        loop {
            let before = packages.clone();
            for event in &self.events {
                if let Fact::PackageSplit(fact) = &event.fact
                    && let Some(certain) = packages.get(&fact.from).copied()
                {
                    *packages.entry(fact.new.clone()).or_default() |= certain;
                }
            }
            if packages == before {
                return packages.into_iter().map(|(key, certain)| (format!("package:{key}"), certain)).collect();
            }
        }
    }

    /// Where a thing went.
    #[must_use]
    pub fn where_used(&self, thing: &str) -> Vec<Used> {
        let meant = self.expand(thing);
        type Group = (BTreeSet<String>, Option<i64>);
        let mut groups: BTreeMap<(String, bool, bool, bool), Group> = BTreeMap::new();
        for unit in &self.units {
            for row in self.trace(unit) {
                let Some(sure) = row.thing.as_ref().and_then(|thing| meant.get(thing)) else { continue };
                let key = (unit.clone(), row.installed, row.certain && *sure, row.removed_at.is_some());
                let group = groups.entry(key).or_default();
                group.0.extend(row.position.clone());
                group.1 = group.1.max(row.removed_at);
            }
        }
        groups
            .into_iter()
            .map(|((unit, installed, certain, _), (positions, removed_at))| Used {
                unit,
                installed,
                certain,
                positions,
                removed_at,
            })
            .collect()
    }
}

/// A point at which something came or went. `thing` is absent when a place was cleaned out.
#[derive(Clone, Debug)]
struct Move {
    at: i64,
    on: bool,
    thing: Option<Thing>,
    place: Option<Place>,
    carriers: Vec<String>,
}

fn is_of(said: &Said, carrier: &str) -> bool {
    matches!(said, Said::Whole(whole) | Said::At(whole, _) if whole == carrier)
}

fn is_installed(material: &UnitMaterial) -> bool {
    !material.components.is_empty() || number(material.quantity.as_ref()) > 0.0
}

fn clean_after(moves: &[Move], claim: &Claim) -> i64 {
    let cleanings = moves.iter().filter(|change| change.thing.is_none() && change.place.as_ref() == Some(&claim.place));
    cleanings.map(|change| change.at).filter(|at| *at > claim.from).min().unwrap_or(MAX)
}

fn first_listed(all: impl Iterator<Item = (i64, (Listed, Meant))>) -> Option<(Listed, Meant)> {
    let first = all.min_by_key(|(at, (listed, meant))| (meant.shared, *at, listed.position, listed.status));
    first.map(|(_, found)| found)
}

/// Module, identifier or else name, lane of the feeder.
fn place_of(station: &str, location: &Location) -> Place {
    let name = if location.id.is_empty() { &location.name } else { &location.id };
    if name.is_empty() {
        return (station.to_owned(), String::new());
    }
    let lane = location.carrier.as_ref().and_then(|carrier| carrier.lane).map(|lane| format!("|{lane}"));
    let module = &location.module;
    (station.to_owned(), format!("{module}|{name}{}", lane.unwrap_or_default()))
}

fn program_lane(place: &Place) -> Option<i64> {
    place.1.split('|').next().and_then(|lane| lane.parse().ok())
}

fn carriers_of(carrier: Option<&Carrier>) -> Vec<String> {
    let mut all = Vec::new();
    let mut next = carrier;
    while let Some(carrier) = next {
        all.push(carrier.id.clone());
        next = carrier.parent.as_deref();
    }
    all
}

/// What an event says of where things are.
fn moves(event: &Event) -> Vec<Move> {
    let at = time(event);
    let station = &event.source.handle;
    let package = |on: bool, package: &Package, location: &Location| {
        let place = place_of(station, location);
        Move {
            at,
            on,
            thing: Some(("package", package.id.clone())),
            // An end without a place ends it wherever it is.
            place: if on || !place.1.is_empty() { Some(place) } else { None },
            carriers: carriers_of(location.carrier.as_ref()),
        }
    };
    let any = |on: bool, mount: &kernel::event::Mount| -> Option<Move> {
        let location = mount.location.clone().unwrap_or_default();
        let (thing, place, carriers) = if let Some(named) = &mount.package {
            return Some(package(on, named, &location));
        } else if let Some(carrier) = &mount.carrier {
            let mut all = carriers_of(Some(carrier));
            let itself = all.remove(0);
            let place = place_of(station, &location);
            let place = if on || !place.1.is_empty() { Some(place) } else { None };
            (("carrier", itself), place, all)
        } else if let Some(tool) = &mount.tool {
            (("tool", tool_key(station, tool)?), Some((station.clone(), tool_kind(tool).to_owned())), Vec::new())
        } else if let Some(person) = &mount.person {
            (("person", person.pseudonym.clone()), Some((station.clone(), String::new())), Vec::new())
        } else if let Some(program) = &mount.program {
            let lane = mount.lane.map(|lane| lane.to_string()).unwrap_or_default();
            let stage = mount.stage.as_ref().map(|stage| stage.name.clone()).unwrap_or_default();
            (("program", program_key(program)?), Some((station.clone(), format!("{lane}|{stage}"))), Vec::new())
        } else {
            return None;
        };
        Some(Move { at, on, thing: Some(thing), place, carriers })
    };
    let gone = |package: &Option<Package>| {
        package.as_ref().map(|package| Move {
            at,
            on: false,
            thing: Some(("package", package.id.clone())),
            place: None,
            carriers: Vec::new(),
        })
    };
    match &event.fact {
        Fact::Mounted(fact) => {
            let off = fact.replaced.iter().filter_map(|mount| any(false, mount));
            off.chain(fact.mounts.iter().filter_map(|mount| any(true, mount))).collect()
        }
        Fact::Unmounted(fact) => fact.mounts.iter().filter_map(|mount| any(false, mount)).collect(),
        Fact::SetupVerified(fact) => {
            let loaded = fact.loaded.iter().filter_map(|loaded| Some((loaded.package.as_ref()?, &loaded.location)));
            loaded.map(|(named, location)| package(true, named, location)).collect()
        }
        Fact::PackageUsedUp(fact) => fact.packages.iter().filter_map(|loaded| gone(&loaded.package)).collect(),
        Fact::Spliced(fact) => {
            let active = fact.active.package.as_ref().map(|named| package(true, named, &fact.active.location));
            gone(&fact.depleted.package).into_iter().chain(active).collect()
        }
        Fact::CleanedOut(fact) => {
            vec![Move {
                at,
                on: false,
                thing: None,
                place: Some(place_of(station, &fact.location)),
                carriers: Vec::new(),
            }]
        }
        _ => Vec::new(),
    }
}

/// Packages that an event mentions in passing, without those spliced before them.
fn packages_in(fact: &Fact) -> Vec<&Package> {
    match fact {
        Fact::Mounted(fact) => {
            fact.mounts.iter().chain(&fact.replaced).filter_map(|mount| mount.package.as_ref()).collect()
        }
        Fact::Unmounted(fact) => fact.mounts.iter().filter_map(|mount| mount.package.as_ref()).collect(),
        Fact::SetupVerified(fact) => fact.loaded.iter().filter_map(|loaded| loaded.package.as_ref()).collect(),
        Fact::PackageUsedUp(fact) => fact.packages.iter().filter_map(|loaded| loaded.package.as_ref()).collect(),
        Fact::Spliced(fact) => fact.depleted.package.iter().chain(&fact.active.package).collect(),
        Fact::PackagesJoined(fact) => vec![&fact.leading, &fact.trailing],
        Fact::PackagesParted(fact) => vec![&fact.split_off, &fact.remaining],
        Fact::Installed(fact) => fact.materials.iter().filter_map(|material| material.package.as_ref()).collect(),
        Fact::Removed(fact) => fact.materials.iter().filter_map(|material| material.package.as_ref()).collect(),
        Fact::Applied(fact) => fact.materials.iter().filter_map(|material| material.package.as_ref()).collect(),
        _ => Vec::new(),
    }
}
