//! What an event means: `project` turns it into rows.
//!
//! One function for live recording, rebuild and as-of. It looks nothing up that another order of arrival would answer differently: it gives
//! identities to names, codes placements, and writes down facts. What facts mean together is found when somebody asks.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::event::{
    Carrier, Child, Event, Fact, Json, Loaded, Location, Mount, OrderRef, Package, PackageDetail, Person, Placed,
    Program, Tool, UnitGroup, UnitMaterial,
};
use crate::id::{Designator, Id, PassId, PatternId, Seq};
use crate::pass::{FactKind, Member, Naming, PassFact, Removal, Role};
use crate::placement::{self, Cell, Coded, Doubt, Fate, Origin, Pattern};
use crate::row::{Belonging, Descent, MountChange, MountPoint, Profile, Row, Statement, Within};
use crate::thing::Kind;
use crate::time::Time;

/// What projecting needs to know and to leave behind. Reads see what earlier events of the same batch wrote.
pub trait State {
    /// Why the state could not be read or written.
    type Error;

    /// The identity of a thing; given anew when the name is.
    fn thing(&mut self, kind: Kind, key: &str) -> Result<Id, Self::Error>;
    /// The number of a reference designator; given anew when it is.
    fn designator(&mut self, text: &str) -> Result<Designator, Self::Error>;
    /// The pass with this key, or a new one that begins with this event.
    fn pass(&mut self, key: u64, seq: Seq) -> Result<PassId, Self::Error>;
    /// The identity of a pattern; given anew when its content is.
    fn pattern(&mut self, pattern: &Pattern) -> Result<PatternId, Self::Error>;
    /// Patterns that reports of a station used lately, newest first.
    fn recent_patterns(&mut self, station: Id) -> Result<Vec<Pattern>, Self::Error>;
    /// What an origin of a pattern drew on last at a station.
    fn drawn(&mut self, station: Id, pattern: PatternId, origin: usize) -> Result<Option<Option<Id>>, Self::Error>;
    /// Things that the facts of a pass name in a role.
    fn named_in(&mut self, pass: PassId, role: Role) -> Result<Vec<Id>, Self::Error>;
    /// Whether no report of this pattern was sighted under this program at this station yet.
    fn is_new_sighting(&mut self, station: Id, program: Id, pattern: PatternId) -> Result<bool, Self::Error>;
    /// Whether this statement about a package says something that the newest known one does not.
    fn is_new_statement(&mut self, package: Id, statement: &Statement) -> Result<bool, Self::Error>;
    /// Leaves a row behind.
    fn emit(&mut self, seq: Seq, row: Row) -> Result<(), Self::Error>;
}

/// Makes the rows of one event.
///
/// # Errors
/// Those of the state.
pub fn project<S: State>(state: &mut S, seq: Seq, event: &Event) -> Result<(), S::Error> {
    let station = state.thing(Kind::Station, &event.source.handle)?;
    Projection { state, seq, event, station }.run()
}

struct Projection<'a, S> {
    state: &'a mut S,
    seq: Seq,
    event: &'a Event,
    station: Id,
}

/// Microseconds of an hour.
pub const HOUR: i64 = 3_600_000_000;

/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;

/// How long before or after a report was sent a component that it gives no time for may have been installed, in microseconds: thirty days. A pass of which
/// a side is not known is open on it for ever, and a splice chain goes on from reel to reel for years.
pub const REPORT_REACH: i64 = 30 * DAY;

/// The key of the pass of a transaction at a station.
fn transaction_key(station: Id, transaction: &str) -> u64 {
    key_of(&[&station.0.to_le_bytes(), transaction.to_ascii_lowercase().as_bytes()]) & !1
}

/// Messages without a transaction are kept together by station, unit and day; which of them make one pass is found when asked.
fn visit_key(station: Id, unit: Id, at: Time) -> u64 {
    key_of(&[b"visit", &station.0.to_le_bytes(), &unit.whole().0.to_le_bytes(), &at.0.div_euclid(DAY).to_le_bytes()])
        | 1
}

/// Whether a pass key stands for a visit: messages without a transaction.
#[must_use]
pub fn is_visit(key: u64) -> bool {
    key & 1 == 1
}

fn key_of(parts: &[&[u8]]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    u64::from_le_bytes(digest[..8].try_into().unwrap_or_default()) >> 1
}

impl<S: State> Projection<'_, S> {
    fn run(mut self) -> Result<(), S::Error> {
        match &self.event.fact {
            Fact::PackageReceived(fact) => self.packages(&fact.packages),
            Fact::PackageChanged(fact) => self.packages(&fact.packages),
            Fact::MoistureChanged(fact) => {
                self.packages(&fact.packages)?;
                self.note()
            }
            Fact::PackageUsedUp(fact) => fact.packages.iter().try_for_each(|loaded| self.used_up(loaded)),
            Fact::PackageSplit(fact) => self.derived(&fact.from, &fact.new, Descent::Split),
            Fact::PackagesJoined(fact) => {
                self.package(&fact.leading)?;
                self.package(&fact.trailing)?;
                self.derived(&fact.leading.id, &fact.trailing.id, Descent::Joined)
            }
            Fact::PackagesParted(fact) => {
                self.package(&fact.split_off)?;
                self.package(&fact.remaining)?;
                self.derived(&fact.split_off.id, &fact.remaining.id, Descent::Parted)
            }
            Fact::Mounted(fact) => {
                fact.replaced.iter().try_for_each(|mount| self.mount(mount, MountChange::Off))?;
                fact.mounts.iter().try_for_each(|mount| self.mount(mount, MountChange::On))
            }
            Fact::Unmounted(fact) => fact.mounts.iter().try_for_each(|mount| self.mount(mount, MountChange::Off)),
            Fact::Spliced(fact) => {
                self.used_up(&fact.depleted)?;
                self.loaded(&fact.active, MountChange::On)
            }
            Fact::CleanedOut(fact) => self.cleaned_out(&fact.location),
            Fact::SetupVerified(fact) => fact.loaded.iter().try_for_each(|loaded| self.loaded(loaded, MountChange::On)),
            Fact::UnitsCreated(fact) => {
                let units = self.members(&fact.units)?;
                self.orders(&units, &fact.order, &fact.product)?;
                self.pass_fact(FactKind::Created, &fact.transaction, None, units, |_, _| Ok(()))
            }
            Fact::UnitNamed(fact) => {
                let units = self.members(&fact.units)?;
                self.pass_fact(FactKind::Named, "", None, units, |_, _| Ok(()))
            }
            Fact::UnitsMatched(fact) => self.carried(&fact.carrier, &fact.units, true),
            Fact::UnitsSeparated(fact) => self.carried(&fact.carrier, &fact.units, false),
            Fact::PassArrived(fact) => {
                let units = self.members(&fact.units)?;
                self.pass_fact(FactKind::Arrived, "", fact.lane, units, |_, _| Ok(()))
            }
            Fact::PassDeparted(fact) => {
                let units = self.members(&fact.units)?;
                self.pass_fact(FactKind::Departed, "", fact.lane, units, |_, _| Ok(()))
            }
            Fact::PassStarted(fact) => {
                let units = self.members(&fact.units)?;
                self.orders(&units, &fact.order, "")?;
                let program = fact.program.as_ref();
                self.pass_fact(FactKind::Started, &fact.transaction, fact.lane, units, |this, pass| {
                    pass.word.clone_from(&fact.surface);
                    this.name_program(pass, program)
                })
            }
            Fact::StageChanged(fact) => {
                self.pass_fact(FactKind::Stage, &fact.transaction, None, Vec::new(), |_, pass| {
                    pass.word = format!("{} {} {}", fact.stage.name, fact.change.word(), fact.result).trim().to_owned();
                    Ok(())
                })
            }
            Fact::PassEnded(fact) => {
                let units = self.members(&fact.units)?;
                self.pass_fact(FactKind::Ended, &fact.transaction, None, units, |_, pass| {
                    pass.word.clone_from(&fact.result);
                    Ok(())
                })
            }
            Fact::Installed(fact) => self.installed(&fact.transaction, &fact.materials),
            Fact::Removed(fact) => self.removed(&fact.transaction, &fact.materials),
            Fact::Applied(fact) => self.applied(FactKind::Applied, &fact.transaction, &fact.materials),
            Fact::Unapplied(fact) => self.applied(FactKind::Unapplied, &fact.transaction, &fact.materials),
            Fact::ToolUsed(fact) => {
                let mut namings = Vec::new();
                let mut units = Vec::new();
                for used in &fact.tools {
                    let unit = self.entry(&used.identifier, used.position)?;
                    units.push(member(unit, used.position));
                    if let Some((thing, tool_kind)) = self.tool(&used.tool)? {
                        namings.push(Naming { role: Role::Tool, thing, unit, tool_kind });
                    }
                }
                self.pass_fact(FactKind::ToolUsed, &fact.transaction, None, units, |_, pass| {
                    pass.namings = namings;
                    Ok(())
                })
            }
            Fact::Measured(fact) => {
                let units = self.entries(fact.units.iter().map(|unit| (unit.identifier.as_str(), unit.position)))?;
                self.pass_fact(FactKind::Measured, &fact.transaction, None, units, |_, pass| {
                    pass.word.clone_from(&fact.result);
                    Ok(())
                })
            }
            Fact::Personalized(fact) => {
                let units = self.entries(fact.units.iter().map(|unit| (unit.identifier.as_str(), unit.position)))?;
                self.pass_fact(FactKind::Personalized, &fact.transaction, None, units, |_, _| Ok(()))
            }
            Fact::Inspected(fact) => {
                let listed = fact.units.iter().chain(&fact.panel);
                let units = self.entries(listed.map(|unit| (unit.identifier.as_str(), unit.position)))?;
                let word = summary(fact.units.iter().chain(&fact.panel).map(|unit| unit.result.as_str()));
                self.checked(
                    FactKind::Inspected,
                    &fact.transaction,
                    units,
                    word,
                    fact.person.as_ref(),
                    fact.program.as_ref(),
                )
            }
            Fact::Tested(fact) => {
                let units = self.entries(fact.units.iter().map(|unit| (unit.identifier.as_str(), unit.position)))?;
                let word = summary(fact.units.iter().map(|unit| unit.result.as_str()));
                self.checked(
                    FactKind::Tested,
                    &fact.transaction,
                    units,
                    word,
                    fact.person.as_ref(),
                    fact.program.as_ref(),
                )
            }
            Fact::Repaired(fact) => {
                let units = self.entries(fact.units.iter().map(|unit| (unit.identifier.as_str(), unit.position)))?;
                let word = summary(fact.units.iter().map(|unit| unit.result.as_str()));
                self.checked(FactKind::Repaired, &fact.transaction, units, word, fact.person.as_ref(), None)
            }
            Fact::Disqualified(fact) => {
                let units = self.members(&fact.units)?;
                self.pass_fact(FactKind::Disqualified, "", None, units, |_, pass| {
                    pass.word.clone_from(&fact.reason);
                    Ok(())
                })
            }
            Fact::WorkOrderChanged(fact) => {
                for order in &fact.orders {
                    if !order.order.order.is_empty() && !order.product.is_empty() {
                        let thing = self.state.thing(Kind::Order, &order.order.order)?;
                        let whole = self.revisioned(Kind::Product, &order.product, &order.revision)?;
                        self.emit(Row::Of { thing, whole, at: self.event.at.at })?;
                    }
                }
                self.note()
            }
            Fact::ProductReleased(fact) => {
                let product = self.revisioned(Kind::Product, &fact.product, &fact.revision)?;
                let mut parts = Vec::new();
                for position in fact.positions.iter().filter(|position| !position.not_fitted) {
                    for part in
                        std::iter::once(&position.part).chain(&position.alternates).filter(|part| !part.is_empty())
                    {
                        parts.push(self.state.thing(Kind::Part, part)?);
                    }
                }
                parts.sort_unstable();
                parts.dedup();
                let mut programs = Vec::new();
                for program in &fact.programs {
                    let (name, revision) = program.rsplit_once('@').unwrap_or((program, ""));
                    programs.push(self.revisioned(Kind::Program, name, revision)?);
                }
                self.emit(Row::Product { product, parts, programs })?;
                self.note()
            }
            Fact::StationProfiled(fact) => {
                let handle = if fact.handle.is_empty() { &fact.station } else { &fact.handle };
                let handle = self.state.thing(Kind::Station, handle)?;
                let profile = Profile {
                    station: fact.station.clone(),
                    role: fact.role.clone(),
                    line: fact.line.clone(),
                    places: fact.places.clone(),
                    chain: fact.chain.clone(),
                    clock_margin: fact.clock_margin,
                };
                self.emit(Row::Profile { handle, at: self.event.at.at, profile })
            }
            Fact::Packed(fact) => {
                let parent = self.state.thing(Kind::Container, &fact.container)?;
                self.within(parent, Belonging::Packed, true, &fact.units, &fact.containers)
            }
            Fact::Unpacked(fact) => {
                let parent = self.state.thing(Kind::Container, &fact.container)?;
                self.within(parent, Belonging::Packed, false, &fact.units, &fact.containers)
            }
            Fact::Shipped(fact) => {
                let parent = self.state.thing(Kind::Shipment, &fact.shipment)?;
                if !fact.to.is_empty() {
                    let whole = self.state.thing(Kind::Party, &fact.to)?;
                    self.emit(Row::Of { thing: parent, whole, at: self.event.at.at })?;
                }
                self.within(parent, Belonging::Shipped, true, &fact.units, &fact.containers)
            }
            Fact::Returned(fact) => {
                let units = self.named_units(&fact.units)?;
                for container in &fact.containers {
                    let child = self.state.thing(Kind::Container, container)?;
                    self.leave_shipment(child)?;
                }
                units.into_iter().try_for_each(|unit| self.leave_shipment(unit))
            }
            Fact::Assembled(fact) => self.assembled(&fact.unit, &fact.children, true),
            Fact::Disassembled(fact) => self.assembled(&fact.unit, &fact.children, false),
            Fact::Arrived(_)
            | Fact::Consumed(_)
            | Fact::ParametersChanged(_)
            | Fact::ToolServiced(_)
            | Fact::StationChanged(_)
            | Fact::Noted(_) => self.note(),
        }
    }

    fn emit(&mut self, row: Row) -> Result<(), S::Error> {
        self.state.emit(self.seq, row)
    }

    fn note(&mut self) -> Result<(), S::Error> {
        let name = if self.event.source.name.is_empty() { self.event.fact.kind() } else { &self.event.source.name };
        self.emit(Row::Note { station: self.station, at: self.event.at.at, name: name.to_owned() })
    }

    // Units.

    /// The units that a message lists, with the names they bear.
    fn members(&mut self, group: &UnitGroup) -> Result<Vec<Member>, S::Error> {
        let primary = group.primary.as_str();
        if group.units.is_empty() {
            return if primary.is_empty() { Ok(Vec::new()) } else { Ok(vec![member(self.unit(primary)?, None)]) };
        }
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        for unit in &group.units {
            *uses.entry(unit.identifier.as_str()).or_default() += 1;
        }
        let mut members = Vec::with_capacity(group.units.len());
        for mention in &group.units {
            let identifier = mention.identifier.as_str();
            let position = mention.position.filter(|position| *position > 0);
            let repeated = uses[identifier] > 1;
            let id = match (identifier.is_empty() || identifier == primary, primary.is_empty()) {
                (true, true) => position.and_then(|position| Id(0).at(position)).unwrap_or(Id(0)),
                (true, false) => {
                    let unit = self.unit_at(primary, position)?;
                    // What is named as primary is a panel or carrier, even with one board.
                    let row =
                        Row::Named { scope: unit.whole(), position: position.unwrap_or(0), thing: unit, at: Time(0) };
                    if position.is_some() {
                        self.emit(row)?;
                    }
                    unit
                }
                // Different identifiers at different positions are serials, one alone may be a panel's.
                (false, true) if !repeated && group.units.len() > 1 => self.unit(identifier)?,
                (false, true) => self.unit_at(identifier, position)?,
                (false, false) => {
                    let own = if repeated { self.unit_at(identifier, position)? } else { self.unit(identifier)? };
                    let scope = self.unit(primary)?;
                    let row = Row::Named { scope, position: position.unwrap_or(0), thing: own, at: self.event.at.at };
                    self.emit(row)?;
                    own
                }
            };
            members.push(Member { unit: id, position: position.unwrap_or(0), status: mention.status });
        }
        Ok(members)
    }

    /// A unit by its bare name.
    fn unit(&mut self, key: &str) -> Result<Id, S::Error> {
        let unit = self.state.thing(Kind::Unit, key)?;
        self.emit(Row::Seen { unit })?;
        Ok(unit)
    }

    /// The unit at a position of a panel or carrier.
    fn unit_at(&mut self, key: &str, position: Option<u32>) -> Result<Id, S::Error> {
        let whole = self.unit(key)?;
        let Some(position) = position.filter(|position| *position > 0) else { return Ok(whole) };
        match whole.at(position) {
            Some(unit) => {
                self.emit(Row::Seen { unit })?;
                Ok(unit)
            }
            None => {
                let thing = self.unit(&unit_key(key, Some(position)).0)?;
                self.emit(Row::Named { scope: whole, position, thing, at: self.event.at.at })?;
                Ok(thing)
            }
        }
    }

    /// The unit of an entry that names no primary. Without an identifier it is a position of the pass.
    fn entry(&mut self, identifier: &str, position: Option<u32>) -> Result<Id, S::Error> {
        if identifier.is_empty() {
            return Ok(position.and_then(|position| Id(0).at(position)).unwrap_or(Id(0)));
        }
        self.unit_at(identifier, position)
    }

    fn entries<'e>(&mut self, entries: impl Iterator<Item = (&'e str, Option<u32>)>) -> Result<Vec<Member>, S::Error> {
        let mut members = Vec::new();
        for (identifier, position) in entries {
            members.push(member(self.entry(identifier, position)?, position));
        }
        Ok(members)
    }

    /// Units as people write them: `PANEL/3` or a serial.
    fn named_units(&mut self, names: &[String]) -> Result<Vec<Id>, S::Error> {
        names.iter().map(|name| self.named_unit(name)).collect()
    }

    fn named_unit(&mut self, name: &str) -> Result<Id, S::Error> {
        let name = name.strip_prefix("unit:").unwrap_or(name);
        match name.rsplit_once('/').and_then(|(key, position)| Some((key, position.parse::<u32>().ok()?))) {
            Some((key, position)) if (1..256).contains(&position) && !key.is_empty() => {
                self.unit_at(key, Some(position))
            }
            _ => self.unit(name),
        }
    }

    fn orders(&mut self, units: &[Member], order: &OrderRef, product: &str) -> Result<(), S::Error> {
        let mut wholes = Vec::new();
        if !order.order.is_empty() {
            wholes.push(self.state.thing(Kind::Order, &order.order)?);
        }
        if !product.is_empty() {
            let (name, revision) = product.rsplit_once('@').unwrap_or((product, ""));
            wholes.push(self.revisioned(Kind::Product, name, revision)?);
        }
        for whole in wholes {
            for member in units {
                self.emit(Row::Of { thing: member.unit, whole, at: self.event.at.at })?;
            }
        }
        Ok(())
    }

    // Passes.

    fn pass_fact(
        &mut self,
        kind: FactKind,
        transaction: &str,
        lane: Option<i64>,
        units: Vec<Member>,
        fill: impl FnOnce(&mut Self, &mut PassFact) -> Result<(), S::Error>,
    ) -> Result<(), S::Error> {
        let mut fact = PassFact::new(kind, self.seq, self.event.at.at);
        fact.margin = self.event.at.margin;
        fact.lane = lane;
        fact.units = units;
        fill(self, &mut fact)?;
        let pass = self.pass_of(transaction, &fact.units)?;
        let things: BTreeSet<Id> = fact.links().collect();
        for thing in things {
            self.emit(Row::Link { thing, pass })?;
        }
        // Which messages without a transaction make one pass is found when asked.
        let named = if is_nil(transaction) { Vec::new() } else { self.state.named_in(pass, Role::Program)? };
        if !is_nil(transaction) {
            self.sightings(pass, &fact)?;
        }
        if named.is_empty() {
            let mut used: Vec<Id> =
                fact.namings.iter().filter(|naming| naming.role.accounts()).map(|naming| naming.thing).collect();
            used.sort_unstable();
            used.dedup();
            for pattern in used {
                self.emit(Row::Use { station: self.station, pattern: PatternId(pattern.0), at: fact.at, pass })?;
            }
        }
        self.emit(Row::Pass { pass, station: self.station, fact })
    }

    fn pass_of(&mut self, transaction: &str, units: &[Member]) -> Result<PassId, S::Error> {
        let key = if is_nil(transaction) {
            let unit = units.iter().map(|member| member.unit).find(|unit| unit.row() != 0).unwrap_or(Id(0));
            visit_key(self.station, unit, self.event.at.at)
        } else {
            transaction_key(self.station, transaction)
        };
        self.state.pass(key, self.seq)
    }

    /// Whichever comes first, a pass's report or its program: when both are known, the pattern was sighted under the program.
    fn sightings(&mut self, pass: PassId, fact: &PassFact) -> Result<(), S::Error> {
        let named = |wanted: fn(Role) -> bool| -> Vec<Id> {
            fact.namings.iter().filter(|naming| wanted(naming.role)).map(|naming| naming.thing).collect()
        };
        let (programs, patterns) = (named(|role| role == Role::Program), named(Role::accounts));
        let mut pairs = Vec::new();
        if !programs.is_empty() {
            let mut known = self.state.named_in(pass, Role::Pattern)?;
            known.extend(self.state.named_in(pass, Role::Accounted)?);
            pairs.extend(programs.iter().flat_map(|program| known.iter().map(move |pattern| (*program, *pattern))));
        }
        if !patterns.is_empty() {
            let known = self.state.named_in(pass, Role::Program)?;
            pairs.extend(patterns.iter().flat_map(|pattern| known.iter().map(move |program| (*program, *pattern))));
        }
        for (program, pattern) in pairs {
            let pattern = PatternId(pattern.0);
            if self.state.is_new_sighting(self.station, program, pattern)? {
                self.emit(Row::Sighting { station: self.station, program, pattern })?;
            }
        }
        Ok(())
    }

    fn name_program(&mut self, fact: &mut PassFact, program: Option<&Program>) -> Result<(), S::Error> {
        if let Some(program) = program.filter(|program| !program.name.is_empty()) {
            let thing = self.revisioned(Kind::Program, &program.name, &program.revision)?;
            fact.namings.push(Naming { role: Role::Program, thing, unit: Id(0), tool_kind: Id(0) });
        }
        Ok(())
    }

    fn checked(
        &mut self,
        kind: FactKind,
        transaction: &str,
        units: Vec<Member>,
        word: String,
        person: Option<&Person>,
        program: Option<&Program>,
    ) -> Result<(), S::Error> {
        self.pass_fact(kind, transaction, None, units, |this, fact| {
            fact.word = word;
            if let Some(person) = person.filter(|person| !person.pseudonym.is_empty()) {
                let thing = this.state.thing(Kind::Person, &person.pseudonym)?;
                fact.namings.push(Naming { role: Role::Person, thing, unit: Id(0), tool_kind: Id(0) });
            }
            this.name_program(fact, program)
        })
    }

    // Placements.

    fn installed(&mut self, transaction: &str, materials: &[UnitMaterial]) -> Result<(), S::Error> {
        let mut cells = Vec::new();
        let mut units = Vec::new();
        let mut timed = false;
        let mut own_times: Option<(Time, Time)> = None;
        for material in materials {
            let unit = self.entry(&material.identifier, material.position)?;
            units.push(member(unit, material.position));
            let package = material.package.as_ref().map(|package| self.package(package)).transpose()?.flatten();
            let doubt = material.package.as_ref().map(|package| self.doubt(package)).transpose()?.unwrap_or_default();
            let place = material.location.as_ref().map(|location| self.place(location)).transpose()?.flatten();
            let mut cell = |this: &mut Self, placed: Option<&Placed>, fate: Fate| -> Result<(), S::Error> {
                let designator = match placed {
                    Some(placed) if !placed.designator.is_empty() => this.state.designator(&placed.designator)?,
                    _ => Designator::NONE,
                };
                let tool =
                    placed.and_then(|placed| placed.tool.as_ref()).map(|tool| this.tool(tool)).transpose()?.flatten();
                let tool = tool.map(|(tool, _)| tool);
                cells.push(Cell { unit, designator, place, package, tool, fate, doubt: doubt.clone() });
                Ok(())
            };
            for placed in &material.components {
                cell(self, Some(placed), Fate::Installed)?;
                timed |= placed.at.is_some();
                if let Some(at) = placed.at.as_ref().map(|moment| moment.at) {
                    own_times = Some(own_times.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
                }
            }
            if material.components.is_empty() && material.quantity.as_ref().is_some_and(Json::is_positive) {
                cell(self, None, Fate::Installed)?;
            }
            for placed in &material.rejected {
                cell(self, Some(placed), Fate::NotInstalled)?;
            }
            for placed in material.components.iter().filter(|placed| !placed.unit.is_empty()) {
                let child = self.named_unit(&placed.unit)?;
                self.emit(Row::Within(Within {
                    at: placed.at.as_ref().unwrap_or(&self.event.at).at,
                    child: Some(child),
                    parent: unit,
                    belonging: Belonging::Assembled,
                    on: true,
                    position: placed.designator.clone(),
                }))?;
            }
        }
        // In the message's order: which unit comes first must not depend on whose name was learned first.
        let mut seen = BTreeSet::new();
        units.retain(|unit| seen.insert(*unit));
        let pass = self.pass_of(transaction, &units)?;
        let mut namings = Vec::new();
        for coded in self.code(&cells)? {
            let pattern = self.state.pattern(&coded.pattern)?;
            let mut draws = Vec::new();
            for (origin, draw) in coded.draws.iter().enumerate() {
                if self.state.drawn(self.station, pattern, origin)? != Some(*draw) {
                    draws.push((origin, *draw));
                }
            }
            let at = self.event.at.at;
            // What a program is known to install must not depend on which pattern its reports happened to be coded by.
            let accounted = coded.accounted();
            let name =
                |role: Role, pattern: PatternId| Naming { role, thing: Id(pattern.0), unit: Id(0), tool_kind: Id(0) };
            if accounted == coded.pattern.designators() {
                namings.push(name(Role::Pattern, pattern));
            } else {
                let groups = vec![(Origin::Place(None), accounted.into_iter().collect())];
                let accounted = self.state.pattern(&Pattern { groups })?;
                namings.push(name(Role::Partial, pattern));
                namings.push(name(Role::Accounted, accounted));
            }
            self.emit(Row::Report { pass, station: self.station, at, pattern, coded, draws, timed })?;
        }
        self.pass_fact(FactKind::Installed, transaction, None, units, |_, fact| {
            fact.namings = namings;
            fact.placed = own_times;
            Ok(())
        })
    }

    fn code(&mut self, cells: &[Cell]) -> Result<Vec<Coded>, S::Error> {
        let recent = self.state.recent_patterns(self.station)?;
        let mut failed = None;
        let (state, station) = (&mut *self.state, self.station);
        let coded = placement::encode(cells, &recent, &mut |pattern, origin| {
            let drawn = state.pattern(pattern).and_then(|pattern| state.drawn(station, pattern, origin));
            drawn.unwrap_or_else(|error| {
                failed = Some(error);
                None
            })
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(coded),
        }
    }

    fn removed(&mut self, transaction: &str, materials: &[UnitMaterial]) -> Result<(), S::Error> {
        let mut removals = Vec::new();
        let mut units = Vec::new();
        for material in materials {
            let unit = self.entry(&material.identifier, material.position)?;
            units.push(member(unit, material.position));
            let package = material.package.as_ref().map(|package| self.package(package)).transpose()?.flatten();
            for placed in &material.components {
                let designator = match placed.designator.as_str() {
                    "" => Designator::NONE,
                    text => self.state.designator(text)?,
                };
                removals.push(Removal { unit, designator, package });
                if !placed.unit.is_empty() {
                    let child = self.named_unit(&placed.unit)?;
                    self.emit(Row::Within(Within {
                        at: self.event.at.at,
                        child: Some(child),
                        parent: unit,
                        belonging: Belonging::Assembled,
                        on: false,
                        position: placed.designator.clone(),
                    }))?;
                }
            }
            if material.components.is_empty() {
                removals.push(Removal { unit, designator: Designator::NONE, package });
            }
        }
        self.pass_fact(FactKind::Removed, transaction, None, units, |_, fact| {
            fact.removals = removals;
            Ok(())
        })
    }

    fn applied(&mut self, kind: FactKind, transaction: &str, materials: &[UnitMaterial]) -> Result<(), S::Error> {
        let mut namings = Vec::new();
        let mut units = Vec::new();
        for material in materials {
            let unit = self.entry(&material.identifier, material.position)?;
            units.push(member(unit, material.position));
            let Some(package) = &material.package else { continue };
            let doubt = self.doubt(package)?;
            let doubtful = doubt.grey || !doubt.leading.is_empty();
            let role = if doubtful { Role::AppliedDoubtful } else { Role::Applied };
            namings.extend(self.package(package)?.map(|thing| Naming { role, thing, unit, tool_kind: Id(0) }));
            let leading = doubt.leading.into_iter();
            namings.extend(leading.map(|thing| Naming { role: Role::AppliedLeading, thing, unit, tool_kind: Id(0) }));
        }
        self.pass_fact(kind, transaction, None, units, |_, fact| {
            fact.namings = namings;
            Ok(())
        })
    }

    // Packages.

    fn packages(&mut self, packages: &[PackageDetail]) -> Result<(), S::Error> {
        for detail in packages.iter().filter(|detail| !detail.id.is_empty()) {
            let package = self.state.thing(Kind::Package, &detail.id)?;
            let part = self.optional(Kind::Part, &detail.part)?;
            let supplier = self.optional(Kind::Party, &detail.supplier)?;
            let receipt = self.optional(Kind::Receipt, &detail.receipt)?;
            let lot = if detail.lot.is_empty() {
                None
            } else {
                let key = format!("{}/{}/{}", detail.manufacturer, detail.manufacturer_part, detail.lot);
                let lot = self.state.thing(Kind::Lot, &key)?;
                self.emit(Row::Alias { kind: Kind::Lot, text: detail.lot.clone(), thing: lot })?;
                Some(lot)
            };
            let initial = detail.initial_quantity.as_ref().or(detail.quantity.as_ref());
            let initial = initial.map(|digits| digits.text().to_owned()).unwrap_or_default();
            self.state_package(package, Statement { at: self.event.at.at, part, lot, supplier, receipt, initial })?;
            if detail.status.eq_ignore_ascii_case("depleted") {
                self.end(package, None, MountChange::Depleted)?;
            }
        }
        Ok(())
    }

    /// A package as machines mention it. `None` when the message gives no identifier.
    fn package(&mut self, mention: &Package) -> Result<Option<Id>, S::Error> {
        if mention.id.is_empty() {
            return Ok(None);
        }
        let package = self.state.thing(Kind::Package, &mention.id)?;
        if let Some(part) = self.optional(Kind::Part, &mention.part)? {
            self.state_package(package, Statement { at: self.event.at.at, part: Some(part), ..Statement::default() })?;
        }
        Ok(Some(package))
    }

    fn state_package(&mut self, package: Id, statement: Statement) -> Result<(), S::Error> {
        if self.state.is_new_statement(package, &statement)? {
            self.emit(Row::Package { package, statement })?;
        }
        Ok(())
    }

    fn doubt(&mut self, mention: &Package) -> Result<Doubt, S::Error> {
        let mut doubt = Doubt { leading: Vec::new(), grey: mention.is_grey() };
        for leader in mention.leaders() {
            doubt.leading.extend(self.package(leader)?);
        }
        Ok(doubt)
    }

    fn derived(&mut self, parent: &str, child: &str, descent: Descent) -> Result<(), S::Error> {
        if parent.is_empty() || child.is_empty() {
            return self.note();
        }
        let parent = self.state.thing(Kind::Package, parent)?;
        let child = self.state.thing(Kind::Package, child)?;
        self.emit(Row::Derived { at: self.event.at.at, parent, child, descent })
    }

    fn used_up(&mut self, loaded: &Loaded) -> Result<(), S::Error> {
        let Some(package) = &loaded.package else { return Ok(()) };
        match self.package(package)? {
            Some(package) => self.end(package, None, MountChange::Depleted),
            None => Ok(()),
        }
    }

    // Mounts.

    fn mount(&mut self, mount: &Mount, change: MountChange) -> Result<(), S::Error> {
        let location = mount.location.clone().unwrap_or_default();
        if let Some(package) = &mount.package {
            return self.loaded(&Loaded { location, package: Some(package.clone()), ..Loaded::default() }, change);
        }
        let (thing, kind, place, carriers) = if let Some(carrier) = &mount.carrier {
            let carriers = self.carriers(Some(carrier))?;
            let Some((&thing, parents)) = carriers.split_first() else { return Ok(()) };
            (thing, Kind::Carrier, self.place(&location)?, parents.to_vec())
        } else if let Some(tool) = &mount.tool {
            let Some((thing, tool_kind)) = self.tool(tool)? else { return Ok(()) };
            (thing, Kind::Tool, Some(tool_kind), Vec::new())
        } else if let Some(person) = &mount.person {
            if person.pseudonym.is_empty() {
                return Ok(());
            }
            (self.state.thing(Kind::Person, &person.pseudonym)?, Kind::Person, None, Vec::new())
        } else if let Some(program) = &mount.program {
            let thing = self.revisioned(Kind::Program, &program.name, &program.revision)?;
            let stage = mount.stage.as_ref().map(|stage| stage.name.as_str()).unwrap_or_default();
            let lane = mount.lane.map(|lane| lane.to_string()).unwrap_or_default();
            let place =
                self.state.thing(Kind::Place, &format!("{}|program|{lane}|{stage}", self.event.source.handle))?;
            (thing, Kind::Program, Some(place), Vec::new())
        } else {
            let loaded = Loaded { location, ..Loaded::default() };
            return self.loaded(&loaded, change);
        };
        self.mount_point(change, Some(thing), Some(kind), place, carriers)
    }

    fn loaded(&mut self, loaded: &Loaded, change: MountChange) -> Result<(), S::Error> {
        let carriers = self.carriers(loaded.location.carrier.as_ref())?;
        let place = self.place(&loaded.location)?;
        let package = loaded.package.as_ref().map(|package| self.package(package)).transpose()?.flatten();
        match (package, carriers.split_first()) {
            (Some(package), _) if change == MountChange::On => {
                self.mount_point(change, Some(package), Some(Kind::Package), place, carriers)
            }
            // An end that names a place ends the thing there; without one, wherever it is.
            (Some(package), _) => self.end(package, place, change),
            (None, Some((&carrier, parents))) => {
                self.mount_point(change, Some(carrier), Some(Kind::Carrier), place, parents.to_vec())
            }
            (None, None) => Ok(()),
        }
    }

    fn end(&mut self, thing: Id, place: Option<Id>, change: MountChange) -> Result<(), S::Error> {
        self.mount_point(change, Some(thing), Some(Kind::Package), place, Vec::new())
    }

    fn cleaned_out(&mut self, location: &Location) -> Result<(), S::Error> {
        let place = self.place(location)?;
        self.mount_point(MountChange::Cleaned, None, None, place, Vec::new())
    }

    fn mount_point(
        &mut self,
        change: MountChange,
        thing: Option<Id>,
        kind: Option<Kind>,
        place: Option<Id>,
        carriers: Vec<Id>,
    ) -> Result<(), S::Error> {
        let (at, margin) = (self.event.at.at, self.event.at.margin);
        self.emit(Row::Mount(MountPoint { at, change, thing, kind, station: self.station, place, carriers, margin }))
    }

    fn place(&mut self, location: &Location) -> Result<Option<Id>, S::Error> {
        let Some(key) = place_key(&self.event.source.handle, location) else { return Ok(None) };
        let id = self.state.thing(Kind::Place, &key)?;
        if !location.name.is_empty() && !location.id.is_empty() && location.name != location.id {
            self.emit(Row::Alias { kind: Kind::Place, text: location.name.clone(), thing: id })?;
        }
        Ok(Some(id))
    }

    fn carriers(&mut self, carrier: Option<&Carrier>) -> Result<Vec<Id>, S::Error> {
        let mut carriers = Vec::new();
        let mut next = carrier;
        while let Some(carrier) = next {
            let key = if carrier.id.is_empty() { &carrier.name } else { &carrier.id };
            if !key.is_empty() {
                carriers.push(self.state.thing(Kind::Carrier, key)?);
            }
            if !carrier.base.is_empty() && carrier.base != carrier.id {
                carriers.push(self.state.thing(Kind::Carrier, &carrier.base)?);
            }
            next = carrier.parent.as_deref();
        }
        Ok(carriers)
    }

    /// A tool and its kind.
    fn tool(&mut self, tool: &Tool) -> Result<Option<(Id, Id)>, S::Error> {
        let Some(key) = tool_key(&self.event.source.handle, tool) else { return Ok(None) };
        let id = self.state.thing(Kind::Tool, &key)?;
        if let Some((_, local)) = key.split_once('|') {
            self.emit(Row::Alias { kind: Kind::Tool, text: local.to_owned(), thing: id })?;
        }
        let kind = if tool.kind.is_empty() { "Tool" } else { &tool.kind };
        let kind = self.state.thing(Kind::Place, &format!("{}|tool|{kind}", self.event.source.handle))?;
        self.emit(Row::Of { thing: id, whole: kind, at: self.event.at.at })?;
        Ok(Some((id, kind)))
    }

    // Belonging.

    fn carried(&mut self, carrier: &str, group: &UnitGroup, on: bool) -> Result<(), S::Error> {
        if carrier.is_empty() {
            return self.note();
        }
        let parent = self.unit(carrier)?;
        if group.units.is_empty() {
            return self.emit(Row::Within(Within {
                at: self.event.at.at,
                child: None,
                parent,
                belonging: Belonging::Carried,
                on,
                position: String::new(),
            }));
        }
        for mention in &group.units {
            let identifier = mention.identifier.as_str();
            let repeated = group.units.iter().filter(|other| other.identifier == identifier).count() > 1;
            let unit = if identifier.is_empty() || identifier == carrier {
                // It says nothing about what lies there.
                self.unit_at(carrier, mention.position)?
            } else if repeated {
                self.unit_at(identifier, mention.position)?
            } else {
                self.unit(identifier)?
            };
            self.emit(Row::Within(Within {
                at: self.event.at.at,
                child: Some(unit),
                parent,
                belonging: Belonging::Carried,
                on,
                position: mention.position.unwrap_or(0).to_string(),
            }))?;
        }
        Ok(())
    }

    fn within(
        &mut self,
        parent: Id,
        belonging: Belonging,
        on: bool,
        units: &[String],
        containers: &[String],
    ) -> Result<(), S::Error> {
        let mut children = self.named_units(units)?;
        for container in containers {
            children.push(self.state.thing(Kind::Container, container)?);
        }
        let at = self.event.at.at;
        let position = String::new();
        if children.is_empty() {
            return self.emit(Row::Within(Within { at, child: None, parent, belonging, on, position }));
        }
        for child in children {
            self.emit(Row::Within(Within {
                at,
                child: Some(child),
                parent,
                belonging,
                on,
                position: position.clone(),
            }))?;
        }
        Ok(())
    }

    /// A return ends whatever shipment the thing was with: it names none.
    fn leave_shipment(&mut self, child: Id) -> Result<(), S::Error> {
        let at = self.event.at.at;
        let position = String::new();
        let belonging = Belonging::Shipped;
        self.emit(Row::Within(Within { at, child: Some(child), parent: Id(0), belonging, on: false, position }))
    }

    fn assembled(&mut self, unit: &str, children: &[Child], on: bool) -> Result<(), S::Error> {
        let parent = self.named_unit(unit)?;
        for child in children {
            let id = if !child.unit.is_empty() {
                self.named_unit(&child.unit)?
            } else if !child.package.is_empty() {
                self.state.thing(Kind::Package, &child.package)?
            } else if !child.component.is_empty() {
                self.state.thing(Kind::Component, &child.component)?
            } else {
                continue;
            };
            self.emit(Row::Within(Within {
                at: self.event.at.at,
                child: Some(id),
                parent,
                belonging: Belonging::Assembled,
                on,
                position: child.position.clone(),
            }))?;
        }
        Ok(())
    }

    // Names.

    fn optional(&mut self, kind: Kind, key: &str) -> Result<Option<Id>, S::Error> {
        if key.is_empty() { Ok(None) } else { self.state.thing(kind, key).map(Some) }
    }

    fn revisioned(&mut self, kind: Kind, name: &str, revision: &str) -> Result<Id, S::Error> {
        if revision.is_empty() {
            return self.state.thing(kind, name);
        }
        let thing = self.state.thing(kind, &format!("{name}@{revision}"))?;
        self.emit(Row::Alias { kind, text: name.to_owned(), thing })?;
        Ok(thing)
    }
}

fn is_nil(transaction: &str) -> bool {
    transaction.bytes().all(|byte| byte == b'0' || byte == b'-')
}

fn member(unit: Id, position: Option<u32>) -> Member {
    Member { unit, position: position.unwrap_or_else(|| unit.position()), status: crate::event::UnitStatus::Pass }
}

/// Identifier and position of the unit at a position of a panel or carrier.
#[must_use]
pub fn unit_key(key: &str, position: Option<u32>) -> (String, u32) {
    match position.unwrap_or_default() {
        position if Id(0).at(position).is_some() => (key.to_owned(), position),
        _ if key.is_empty() => (String::new(), 0),
        position => (format!("{key}/{position}"), 0),
    }
}

/// Identifier of a place: station, module, identifier or else name, lane of the feeder. `None` when nothing is named.
#[must_use]
pub fn place_key(handle: &str, location: &Location) -> Option<String> {
    let place = if location.id.is_empty() { &location.name } else { &location.id };
    let lane = location.carrier.as_ref().and_then(|carrier| carrier.lane).unwrap_or_default();
    (!place.is_empty()).then(|| format!("{handle}|{}|{place}|{lane}", location.module))
}

/// Identifier of a tool: its own, else head and position on it at this station, else its name there. `None` when nothing is named.
#[must_use]
pub fn tool_key(handle: &str, tool: &Tool) -> Option<String> {
    if !tool.id.is_empty() {
        Some(tool.id.clone())
    } else if !tool.head.is_empty() {
        let position = tool.head_position.map(|position| format!("/{position}")).unwrap_or_default();
        Some(format!("{handle}|{}{position}", tool.head))
    } else if !tool.name.is_empty() {
        Some(format!("{handle}|{}", tool.name))
    } else {
        None
    }
}

/// The worst of several results, or the only one.
fn summary<'a>(results: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<&str> = results.filter(|result| !result.is_empty()).collect();
    all.sort_unstable();
    all.dedup();
    all.iter()
        .find(|result| !result.eq_ignore_ascii_case("passed"))
        .or(all.first())
        .map(|result| (*result).to_owned())
        .unwrap_or_default()
}
