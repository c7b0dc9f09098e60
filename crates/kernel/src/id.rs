//! Identities: integers given in log order, one space per site. They never merge; names are resolved when asked.

use serde::{Deserialize, Serialize};

/// Identity of a thing. The low byte of a unit's identity is its position on a panel or carrier (0: the whole), so that the boards of a panel need
/// no rows of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub i64);

impl Id {
    /// The identity with this number in the table of things.
    #[must_use]
    pub fn of_row(row: i64) -> Id {
        Id(row << 8)
    }

    /// Number in the table of things.
    #[must_use]
    pub fn row(self) -> i64 {
        self.0 >> 8
    }

    /// The thing without its position.
    #[must_use]
    pub fn whole(self) -> Id {
        Id(self.0 & !0xff)
    }

    /// The position, 0 for the whole.
    #[must_use]
    pub fn position(self) -> u32 {
        (self.0 & 0xff) as u32
    }

    /// The unit at a position of this thing. `None` when the position does not fit a byte: such a unit is a thing of its own.
    #[must_use]
    pub fn at(self, position: u32) -> Option<Id> {
        u8::try_from(position).ok().map(|position| Id(self.whole().0 | i64::from(position)))
    }
}

/// Index of an event in the log: the order in which we learned things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// After all events: nothing is hidden.
    pub const LATEST: Seq = Seq(i64::MAX as u64);
}

/// Identity of a pattern (see [`crate::placement`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatternId(pub i64);

/// Identity of a pass: the index of its first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PassId(pub i64);

/// An interned reference designator. 0 is "no designator given".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Designator(pub u32);

impl Designator {
    /// The component was reported without a reference designator.
    pub const NONE: Designator = Designator(0);
}
