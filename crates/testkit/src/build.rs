//! Builders with defaults, so that every value set in a test matters to it.

use kernel::event::{
    Carrier, Digits, Event, Extra, Fact, Location, Mount, Package, PackageDetail, Person, Placed, Program, Source,
    Stage, Tool, UnitGroup, UnitMaterial, UnitMention, UnitStatus,
};
use kernel::time::{Moment, Time};

/// One tick of the coarse grid on which tests place their events.
pub const TICK: i64 = 240_000_000;

/// Tick 0: an hour before midnight, so that histories cross hours and a day.
pub const DAWN: i64 = 1_772_492_400_000_000;

/// The instant of a tick.
#[must_use]
pub fn at(tick: i64) -> Time {
    Time(DAWN + tick * TICK)
}

/// An event of a station at a tick.
#[must_use]
pub fn event(station: &str, tick: i64, message: &str, fact: impl Into<Fact>) -> Event {
    let fact = fact.into();
    let source = Source {
        handle: station.to_owned(),
        message: message.to_owned(),
        name: fact.kind().to_owned(),
        version: String::new(),
    };
    Event { at: Moment::from(at(tick)), recorded: at(tick), source, fact, extra: Extra::new() }
}

/// A number as sent.
///
/// # Panics
/// Never: integers are JSON.
#[must_use]
pub fn digits(number: u32) -> Digits {
    Digits::parse(&number.to_string()).expect("an integer is JSON")
}

/// A package as machines mention it.
#[must_use]
pub fn package(id: &str) -> Package {
    Package { id: id.to_owned(), ..Package::default() }
}

/// A package as known from its label.
#[must_use]
pub fn detail(id: &str, part: &str, lot: &str) -> PackageDetail {
    PackageDetail { id: id.to_owned(), part: part.to_owned(), lot: lot.to_owned(), ..PackageDetail::default() }
}

/// A place.
#[must_use]
pub fn location(place: &str) -> Location {
    Location { id: place.to_owned(), ..Location::default() }
}

/// A feeder or trolley.
#[must_use]
pub fn carrier(id: &str) -> Carrier {
    Carrier { id: id.to_owned(), ..Carrier::default() }
}

/// A package comes to, or leaves, a place.
#[must_use]
pub fn mount(package_id: &str, place: Option<&str>) -> Mount {
    Mount { package: Some(package(package_id)), location: place.map(location), ..Mount::default() }
}

/// A tool comes to, or leaves, the station.
#[must_use]
pub fn mount_tool(id: &str, kind: &str) -> Mount {
    Mount { tool: Some(tool(id, kind)), ..Mount::default() }
}

/// A person comes to, or leaves, the station.
#[must_use]
pub fn mount_person(pseudonym: &str) -> Mount {
    Mount { person: Some(person(pseudonym)), ..Mount::default() }
}

/// A program is activated, or ends.
#[must_use]
pub fn mount_program(name: &str, lane: Option<i64>, stage: Option<&str>) -> Mount {
    let stage = stage.map(|name| Stage { name: name.to_owned(), ..Stage::default() });
    Mount { program: Some(program(name)), lane, stage, ..Mount::default() }
}

/// A tool.
#[must_use]
pub fn tool(id: &str, kind: &str) -> Tool {
    Tool { id: id.to_owned(), kind: kind.to_owned(), ..Tool::default() }
}

/// A person.
#[must_use]
pub fn person(pseudonym: &str) -> Person {
    Person { pseudonym: pseudonym.to_owned(), ..Person::default() }
}

/// A program, `name@revision` or `name`.
#[must_use]
pub fn program(text: &str) -> Program {
    let (name, revision) = text.split_once('@').unwrap_or((text, ""));
    Program { name: name.to_owned(), revision: revision.to_owned(), ..Program::default() }
}

/// A unit in a list.
#[must_use]
pub fn mention(identifier: &str, position: Option<u32>, status: UnitStatus) -> UnitMention {
    UnitMention { identifier: identifier.to_owned(), position, status, ..UnitMention::default() }
}

/// The units of a message.
#[must_use]
pub fn group(primary: &str, units: Vec<UnitMention>) -> UnitGroup {
    UnitGroup { primary: primary.to_owned(), units, ..UnitGroup::default() }
}

/// Components of one package in one unit.
#[must_use]
pub fn material(
    (identifier, position): (&str, Option<u32>),
    package: Option<Package>,
    place: Option<&str>,
    designators: &[&str],
) -> UnitMaterial {
    UnitMaterial {
        identifier: identifier.to_owned(),
        position,
        package,
        location: place.map(location),
        components: designators.iter().map(|designator| placed(designator)).collect(),
        ..UnitMaterial::default()
    }
}

/// A component.
#[must_use]
pub fn placed(designator: &str) -> Placed {
    Placed { designator: designator.to_owned(), ..Placed::default() }
}
