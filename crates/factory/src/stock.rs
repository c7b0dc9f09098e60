//! Packages as they physically are, and the shelves they lie on.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::board::Board;

/// A reel, tray, bag or jar as it physically is.
#[derive(Clone, Debug)]
pub(crate) struct Reel {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) part: u16,
    pub(crate) lot: String,
    pub(crate) initial: u32,
    pub(crate) quantity: u32,
    /// From a lot that fails in the field.
    pub(crate) bad: bool,
    pub(crate) opened: bool,
    /// When its life ends, true time, where that is known.
    pub(crate) expires: Option<i64>,
    /// The line that had it last, and when it came back from there.
    pub(crate) line: u8,
    pub(crate) back: i64,
}

impl Reel {
    /// As messages carry it.
    pub(crate) fn package(&self, board: &Board) -> Value {
        json!({
            "UniqueIdentifier": self.name,
            "InternalPartNumber": board.parts[self.part as usize].number,
            "Quantity": f64::from(self.quantity),
        })
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) reels: VecDeque<Reel>,
    pub(crate) lots: u32,
}

/// What lies in the warehouse, part by part.
pub(crate) struct Stock {
    pub(crate) shelves: Vec<Shelf>,
    pub(crate) next_package: u32,
}

impl Stock {
    pub(crate) fn new(board: &Board) -> Self {
        Self { shelves: vec![Shelf::default(); board.parts.len()], next_package: 0 }
    }

    pub(crate) fn put_behind(&mut self, reel: Reel) {
        self.shelves[reel.part as usize].reels.push_back(reel);
    }

    pub(crate) fn reels(&self) -> impl Iterator<Item = &Reel> {
        self.shelves.iter().flat_map(|shelf| &shelf.reels)
    }
}
