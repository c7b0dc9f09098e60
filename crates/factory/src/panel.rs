//! Panels and boards as they physically are, and how messages list them.

use serde_json::{Value, json};

/// Boards of a panel.
pub(crate) const BOARDS: u32 = 4;

/// A panel as it physically is.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(crate) index: u32,
    pub(crate) order: u32,
    pub(crate) product: u16,
    /// Boards whose serial has been announced.
    pub(crate) serials: bool,
    pub(crate) boards: [PanelBoard; 4],
}

#[derive(Clone, Debug, Default)]
pub(crate) struct PanelBoard {
    pub(crate) skip: bool,
    pub(crate) scrap: bool,
    pub(crate) defects: Vec<Defect>,
    /// A part of the bad lot: where, and from which package.
    pub(crate) suspect: Option<Defect>,
    pub(crate) suspects: u32,
    /// A part that was placed badly by hand: the inspection does not see it, the test does.
    pub(crate) weak: Option<Defect>,
}

/// A package that a component came from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) package: u32,
    pub(crate) name: String,
    pub(crate) part: u16,
    /// The machine was sure of it.
    pub(crate) sure: bool,
}

/// Something to repair.
#[derive(Clone, Debug)]
pub(crate) struct Defect {
    pub(crate) position: u16,
    /// The package it came from; none when nothing was placed.
    pub(crate) package: Option<Source>,
    /// Only the joint is bad: it is touched up.
    pub(crate) joint: bool,
}

impl Defect {
    pub(crate) fn new(position: u16, package: Option<Source>) -> Self {
        Self { position, package, joint: false }
    }

    pub(crate) fn of_joint(position: u16) -> Self {
        Self { position, package: None, joint: true }
    }
}

impl Panel {
    pub(crate) fn name(&self) -> String {
        panel_name(self.index)
    }

    pub(crate) fn unit(&self, board: usize) -> u32 {
        self.index * BOARDS + board as u32
    }

    /// Places of the boards that are not x-outs.
    pub(crate) fn present(&self) -> Vec<usize> {
        (0..self.boards.len()).filter(|board| !self.boards[*board].skip).collect()
    }

    pub(crate) fn listing(&self, with_serials: bool) -> Listing {
        let units = (0..BOARDS as usize).map(|board| Listed {
            unit: self.unit(board),
            identifier: if with_serials { serial(self.unit(board)) } else { self.name() },
            number: board as u32 + 1,
            status: match &self.boards[board] {
                PanelBoard { skip: true, .. } => "Skip",
                PanelBoard { scrap: true, .. } => "Scrap",
                _ => "Pass",
            },
        });
        Listing { primary: self.name(), units: units.collect() }
    }
}

pub(crate) fn panel_name(index: u32) -> String {
    format!("PNL-{:06}", index + 1)
}

pub(crate) fn serial(unit: u32) -> String {
    format!("TS53-{:07}", unit + 1)
}

/// The units of a message.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) primary: String,
    pub(crate) units: Vec<Listed>,
}

#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) unit: u32,
    pub(crate) identifier: String,
    pub(crate) number: u32,
    pub(crate) status: &'static str,
}

impl Listing {
    pub(crate) fn to_json(&self) -> Vec<Value> {
        let unit = |listed: &Listed| {
            let (column, row) = ((listed.number - 1) % 2, (listed.number - 1) / 2);
            json!({
                "UnitIdentifier": listed.identifier,
                "PositionNumber": listed.number,
                "PositionName": format!("CIRCUIT{}", listed.number),
                "X": 10.0 + 128.5 * f64::from(column),
                "Y": 10.0 + 109.5 * f64::from(row),
                "Rotation": 0.0,
                "FlipX": false,
                "FlipY": false,
                "Status": listed.status,
            })
        };
        self.units.iter().map(unit).collect()
    }
}
