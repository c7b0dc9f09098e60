//! The history as a plain table would hold it: a row for each component that a delivered report installs, and lists of what the rows name by number.
//!
//! For comparisons with stores that know no chains and no exposure: a row says whether one package is certain, and no more.

use crate::board::Board;
use crate::record::{Content, Fate, NONE};
use crate::station::HANDLES;

use super::{Truth, unit_name};
use crate::answer::Evidence;

/// One installed component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Number of the unit ([`Truth::unit_names`]).
    pub unit: u32,
    /// Number of the position on the board.
    pub position: u16,
    /// Number of the package ([`Truth::packages`]); none when only a place was reported and several packages lay there.
    pub package: Option<u32>,
    /// Number of the station; none for a component that nobody reported before it was taken out.
    pub station: Option<u8>,
    /// Microseconds since 1970 by the machine's clock.
    pub at: i64,
    /// No other package is possible.
    pub certain: bool,
    /// It was taken out again.
    pub removed: bool,
}

/// A package, as its labels and receipts say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its part, by number on the board.
    pub part: u16,
    /// Its lots by number ([`Truth::lots`]), and whether a later statement took that back.
    pub lots: &'a [(u32, bool)],
    /// The package it was cut from, by number.
    pub parent: Option<u32>,
}

impl Truth {
    /// Every installed component, in the order in which panels went through the line.
    pub fn installations(&self) -> impl Iterator<Item = Installation> + '_ {
        let reported = (0u32..).zip(&self.record.placements);
        let reported = reported.filter(|(_, placement)| placement.delivered && placement.fate != Fate::NotInstalled);
        let reported = reported.map(|(number, placement)| {
            let pass = &self.record.passes[placement.pass as usize];
            let joined = |package: u32| package != NONE && self.joins_of.contains_key(&package);
            let named_alone = placement.fate == Fate::Installed
                && placement.leading == NONE
                && !placement.grey
                && !joined(placement.package);
            let certain = if named_alone {
                Some(placement.package)
            } else {
                match self.candidates(pass, placement).as_slice() {
                    [(package, Evidence::Certain)] => Some(*package),
                    _ => None,
                }
            };
            let named = (placement.fate == Fate::Installed).then_some(placement.package);
            let after_start = if placement.after_start == NONE { 0 } else { placement.after_start };
            Installation {
                unit: pass.units[placement.nest as usize],
                position: placement.position,
                package: certain.or(named),
                station: Some(pass.station),
                at: pass.start + i64::from(after_start),
                certain: certain.is_some(),
                removed: self.removed.contains(&number),
            }
        });
        let unreported = self.unmatched.iter().map(|index| &self.record.removals[*index]);
        let unreported = unreported.filter(|removal| removal.package.is_some()).map(|removal| Installation {
            unit: removal.unit,
            position: removal.position,
            package: removal.package,
            station: None,
            at: removal.at,
            certain: true,
            removed: true,
        });
        reported.chain(unreported)
    }

    /// Names of all boards, by number.
    pub fn unit_names(&self) -> impl Iterator<Item = String> + '_ {
        let last = self.record.passes.iter().flat_map(|pass| &pass.units).max();
        (0..last.map_or(0, |last| last + 1)).map(unit_name)
    }

    /// All packages, by number.
    pub fn packages(&self) -> impl Iterator<Item = Labelled<'_>> {
        self.record.packages.iter().map(|package| Labelled {
            name: &package.name,
            part: package.part,
            lots: &package.lots,
            parent: package.parent,
        })
    }

    /// The board that is built: its parts and positions by number.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Names of the stations, by number.
    pub fn stations(&self) -> &'static [&'static str] {
        &HANDLES
    }

    /// Assemblies, and what each was built of: boards, other assemblies.
    pub fn assemblies(&self) -> impl Iterator<Item = (&str, String)> + '_ {
        self.record.assemblies.iter().flat_map(|assembly| {
            assembly.children.iter().map(|child| (assembly.name.as_str(), self.content_name(child)))
        })
    }

    /// What lies in which box or pallet at the end.
    pub fn packed(&self) -> impl Iterator<Item = (String, &str)> {
        self.lies_in.iter().map(|(content, container)| (self.content_name(content), container.as_str()))
    }

    fn content_name(&self, content: &Content) -> String {
        match content {
            Content::Unit(unit) => unit_name(*unit),
            Content::Assembly(number) => self.record.assemblies[*number as usize].name.clone(),
            Content::Container(name) => name.clone(),
        }
    }

    /// Shipments: name, customer, containers.
    pub fn shipments(&self) -> impl Iterator<Item = (&str, &str, &[String])> {
        self.record
            .shipments
            .iter()
            .map(|shipment| (shipment.name.as_str(), shipment.to.as_str(), shipment.containers.as_slice()))
    }
}
