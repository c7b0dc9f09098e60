//! Rows: what an event leaves behind for questions. Rows are added and never changed; each belongs to the event that made it, so
//! that any question can be asked as of an earlier one.

use crate::event::Discipline;
use crate::id::{Id, PassId, PatternId};
use crate::pass::PassFact;
use crate::placement::Coded;
use crate::thing::Kind;
use crate::time::Time;

/// What happened to a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum MountChange {
    /// The thing left (the place, or wherever it was).
    Off = 0,
    /// The thing ran empty.
    Depleted = 1,
    /// The place was cleaned out.
    Cleaned = 2,
    /// The thing came, or was seen there.
    On = 3,
}

impl MountChange {
    /// The change with this stored code.
    #[must_use]
    pub fn from_code(code: i64) -> Option<MountChange> {
        [MountChange::Off, MountChange::Depleted, MountChange::Cleaned, MountChange::On]
            .into_iter()
            .find(|change| *change as i64 == code)
    }
}

/// A point in the life of a mount.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MountPoint {
    /// When, by the station's clock.
    pub at: Time,
    /// What happened.
    pub change: MountChange,
    /// The thing; absent when a place was cleaned out.
    pub thing: Option<Id>,
    /// Its kind.
    pub kind: Option<Kind>,
    /// The station that said so.
    pub station: Id,
    /// The place; absent: the station itself, or for an end, wherever it was.
    pub place: Option<Id>,
    /// What the thing lies in (a feeder), and what that rides on (a trolley).
    pub carriers: Vec<Id>,
    /// How far `at` may be off.
    pub margin: i64,
}

/// What a message says of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// When.
    pub at: Time,
    /// Internal part number.
    pub part: Option<Id>,
    /// Lot.
    pub lot: Option<Id>,
    /// Supplying party.
    pub supplier: Option<Id>,
    /// Delivery.
    pub receipt: Option<Id>,
    /// Quantity when new, digits as sent.
    pub initial: String,
}

/// How two things belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Belonging {
    /// A child is built into an assembly.
    Assembled = 0,
    /// A thing lies in a container.
    Packed = 1,
    /// A thing went with a shipment.
    Shipped = 2,
    /// A unit lies on a carrier, at a position.
    Carried = 3,
}

impl Belonging {
    /// The belonging with this stored code.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Belonging> {
        [Belonging::Assembled, Belonging::Packed, Belonging::Shipped, Belonging::Carried]
            .into_iter()
            .find(|belonging| *belonging as i64 == code)
    }
}

/// A thing came into, or left, another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Within {
    /// When.
    pub at: Time,
    /// The child. `None` on leaving: all children.
    pub child: Option<Id>,
    /// What it is in.
    pub parent: Id,
    /// How.
    pub belonging: Belonging,
    /// It came in (or left).
    pub on: bool,
    /// Position in the parent.
    pub position: String,
}

/// How packages descend from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Descent {
    /// Part of the first became the second.
    Split = 0,
    /// The first is used before the second, spliced to it.
    Joined = 1,
    /// The splice between them was cut.
    Parted = 2,
}

impl Descent {
    /// The descent with this stored code.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Descent> {
        [Descent::Split, Descent::Joined, Descent::Parted].into_iter().find(|descent| *descent as i64 == code)
    }
}

/// A row of the read model.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A unit was mentioned for the first time.
    Seen {
        /// The unit.
        unit: Id,
    },
    /// A unit lay at a position of a panel or carrier and bore a name of its own.
    Named {
        /// Panel or carrier.
        scope: Id,
        /// Position on it.
        position: u32,
        /// The unit by its own name.
        thing: Id,
        /// When.
        at: Time,
    },
    /// Another text by which people ask for a thing (a bare lot code, a program without revision).
    Alias {
        /// Kind of the thing.
        kind: Kind,
        /// The text.
        text: String,
        /// The thing.
        thing: Id,
    },
    /// A fact of a pass.
    Pass {
        /// The pass.
        pass: PassId,
        /// The station.
        station: Id,
        /// The fact.
        fact: PassFact,
    },
    /// A thing is named in a pass: the way from the thing to the pass.
    Link {
        /// The thing.
        thing: Id,
        /// The pass.
        pass: PassId,
    },
    /// An installation report.
    Report {
        /// The pass.
        pass: PassId,
        /// The station.
        station: Id,
        /// When it was sent.
        at: Time,
        /// Its pattern.
        pattern: PatternId,
        /// The coded content; its draws hold only what changed.
        coded: Coded,
        /// Draws that changed: origin of the pattern and what it draws on now.
        draws: Vec<(usize, Option<Id>)>,
        /// Components with a time of their own?
        timed: bool,
    },
    /// The first report of a pattern under a program that its pass names.
    Sighting {
        /// The station.
        station: Id,
        /// The program.
        program: Id,
        /// The pattern.
        pattern: PatternId,
    },
    /// A report of a pattern in a pass that does not name its program.
    Use {
        /// The station.
        station: Id,
        /// The pattern: all positions for which the report accounts.
        pattern: PatternId,
        /// When it was made.
        at: Time,
        /// In which pass.
        pass: PassId,
    },
    /// A point of a mount.
    Mount(MountPoint),
    /// What a message says of a package.
    Package {
        /// The package.
        package: Id,
        /// What it says.
        statement: Statement,
    },
    /// Packages descend from each other.
    Derived {
        /// When.
        at: Time,
        /// The first.
        parent: Id,
        /// The second.
        child: Id,
        /// How.
        descent: Descent,
    },
    /// A thing came into, or left, another.
    Within(Within),
    /// A profile of a station.
    Profile {
        /// The station (as its handle names it).
        handle: Id,
        /// When it begins.
        at: Time,
        /// The profile.
        profile: Profile,
    },
    /// A product revision was released.
    Product {
        /// The product.
        product: Id,
        /// Its parts.
        parts: Vec<Id>,
        /// Programs that build it.
        programs: Vec<Id>,
    },
    /// A unit, or an order, is of a product or order.
    Of {
        /// Unit or order.
        thing: Id,
        /// Order or product.
        whole: Id,
        /// When.
        at: Time,
    },
    /// Something to search by station, time and kind.
    Note {
        /// The station.
        station: Id,
        /// When.
        at: Time,
        /// The message's kind.
        name: String,
    },
}

/// What is known of a station.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Profile {
    /// Name of the station.
    pub station: String,
    /// printer, placement, oven, aoi, bench, test, ...
    pub role: String,
    /// Line.
    pub line: String,
    /// Disciplines by place; `*` for all others.
    pub places: std::collections::BTreeMap<String, Discipline>,
    /// `exact` when the machine names the right reel of a chain.
    pub chain: String,
    /// How far the clock may be off, microseconds.
    pub clock_margin: i64,
}
