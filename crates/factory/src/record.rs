//! What the factory remembers about itself: what physically happened, and which evidence of it got out.
//!
//! The truth is computed from here, never from the messages. One row per placement, nothing clever: all times are the
//! machine's own clock in microseconds, names are interned, and a factory that runs for ever keeps nothing (`keep`).

use std::collections::HashMap;

pub(crate) const NONE: u32 = u32::MAX;

/// Something that a package record says about quantities; see [`crate::Balance`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) part: u16,
    /// Lots that were ever stated for it; true when superseded by a later statement.
    pub(crate) lots: Vec<(u32, bool)>,
    pub(crate) parent: Option<u32>,
    pub(crate) initial: u64,
    pub(crate) installed: u64,
    pub(crate) rejected: u64,
    pub(crate) moved_on: u64,
    pub(crate) remaining: u64,
    /// Counted in single parts: paste and flux are not.
    pub(crate) counted: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Pass {
    pub(crate) station: u8,
    pub(crate) units: Vec<u32>,
    /// Bit n: the n-th unit was listed with status Skip or Scrap.
    pub(crate) skipped: u8,
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The program, and whether the pass's own messages named it.
    pub(crate) program: Option<u32>,
    pub(crate) program_named: bool,
    /// Its placements are `placements[from..to]`.
    pub(crate) placements: (u32, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Installed, and the report names the package.
    Installed,
    /// Installed, and the report names only the place it came from.
    InstalledFromPlace,
    /// Picked and not installed.
    NotInstalled,
}

/// One pick. `package` is what the report names; while a chain is open on a machine that reports the leading package,
/// the part physically came from `leading`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placement {
    pub(crate) pass: u32,
    pub(crate) package: u32,
    pub(crate) leading: u32,
    /// Reported installation time after the start of the pass; `NONE` when the report gives no time.
    pub(crate) after_start: u32,
    /// Place, for [`Fate::InstalledFromPlace`].
    pub(crate) place: u16,
    pub(crate) position: u16,
    pub(crate) nest: u8,
    pub(crate) grey: bool,
    pub(crate) delivered: bool,
    pub(crate) fate: Fate,
}

impl Placement {
    pub(crate) fn physical(&self) -> u32 {
        if self.leading == NONE { self.package } else { self.leading }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Removal {
    pub(crate) unit: u32,
    pub(crate) position: u16,
    pub(crate) package: Option<u32>,
    pub(crate) pass: u32,
    pub(crate) at: i64,
}

/// Material came to a place, or left wherever it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mounting {
    pub(crate) at: i64,
    pub(crate) package: u32,
    /// Station and place for an `on`; none for an `off` or a depletion.
    pub(crate) on: Option<(u8, u16)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Join {
    pub(crate) leading: u32,
    pub(crate) trailing: u32,
    pub(crate) at: i64,
    pub(crate) parted: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Role {
    Person,
    /// The tool's kind.
    Tool(&'static str),
    Program,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Presence {
    pub(crate) at: i64,
    pub(crate) station: u8,
    pub(crate) role: Role,
    pub(crate) thing: u32,
    pub(crate) on: bool,
}

/// A thing that a pass's own messages name for one unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Naming {
    pub(crate) pass: u32,
    pub(crate) nest: u8,
    pub(crate) role: Role,
    pub(crate) thing: u32,
}

/// What lies in a box, on a pallet, or in an assembly.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Content {
    Unit(u32),
    /// An assembly, by its number in [`Record::assemblies`].
    Assembly(u32),
    Container(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Packing {
    pub(crate) container: String,
    pub(crate) content: Content,
    pub(crate) packed: bool,
}

/// Units or assemblies that were built together.
#[derive(Clone, Debug)]
pub(crate) struct Assembly {
    pub(crate) name: String,
    pub(crate) children: Vec<Content>,
    /// It was taken apart again.
    pub(crate) apart: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Shipment {
    pub(crate) name: String,
    pub(crate) to: String,
    pub(crate) containers: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) keep: bool,
    pub(crate) packages: Vec<Package>,
    /// Lot codes with the part they belong to.
    pub(crate) lots: Vec<(String, u16)>,
    pub(crate) passes: Vec<Pass>,
    pub(crate) placements: Vec<Placement>,
    /// Packages that were there physically without being placed: paste, bare boards.
    pub(crate) contacts: Vec<(u32, u32)>,
    pub(crate) removals: Vec<Removal>,
    /// MaterialsApplied: pass, nest, package.
    pub(crate) applied: Vec<(u32, u8, u32)>,
    pub(crate) mountings: Vec<Mounting>,
    pub(crate) joins: Vec<Join>,
    pub(crate) depleted: HashMap<u32, i64>,
    pub(crate) presences: Vec<Presence>,
    pub(crate) namings: Vec<Naming>,
    /// `tool:..`, `person:..`, `program:..`
    pub(crate) things: Vec<String>,
    pub(crate) thing_ids: HashMap<String, u32>,
    pub(crate) serials: Vec<(u32, String)>,
    pub(crate) packings: Vec<Packing>,
    pub(crate) shipments: Vec<Shipment>,
    pub(crate) assemblies: Vec<Assembly>,
}

impl Record {
    pub(crate) fn thing(&mut self, name: &str) -> u32 {
        if let Some(id) = self.thing_ids.get(name) {
            return *id;
        }
        let id = self.things.len() as u32;
        self.things.push(name.to_owned());
        self.thing_ids.insert(name.to_owned(), id);
        id
    }

    pub(crate) fn pass(&mut self, pass: Pass) -> u32 {
        if !self.keep {
            return 0;
        }
        self.passes.push(pass);
        (self.passes.len() - 1) as u32
    }

    pub(crate) fn place(&mut self, placement: Placement) {
        if !self.keep {
            return;
        }
        if let Some(package) = self.packages.get_mut(placement.physical() as usize) {
            match placement.fate {
                Fate::NotInstalled => package.rejected += 1,
                _ => package.installed += 1,
            }
        }
        self.placements.push(placement);
    }

    pub(crate) fn mount(&mut self, at: i64, package: u32, station: u8, place: u16) {
        if self.keep {
            self.mountings.push(Mounting { at, package, on: Some((station, place)) });
        }
    }

    pub(crate) fn unmount(&mut self, at: i64, package: u32) {
        if self.keep {
            self.mountings.push(Mounting { at, package, on: None });
        }
    }

    pub(crate) fn deplete(&mut self, at: i64, package: u32) {
        if self.keep {
            self.depleted.entry(package).or_insert(at);
            self.mountings.push(Mounting { at, package, on: None });
        }
    }

    pub(crate) fn join(&mut self, at: i64, leading: u32, trailing: u32) {
        if self.keep {
            self.joins.push(Join { leading, trailing, at, parted: None });
        }
    }

    pub(crate) fn part(&mut self, at: i64, leading: u32, trailing: u32) {
        let open = self.joins.iter_mut().rev();
        for join in open.filter(|join| join.leading == leading && join.trailing == trailing && join.parted.is_none()) {
            join.parted = Some(at);
        }
    }

    pub(crate) fn presence(&mut self, at: i64, station: u8, role: Role, name: &str, on: bool) {
        if self.keep {
            let thing = self.thing(name);
            self.presences.push(Presence { at, station, role, thing, on });
        }
    }

    pub(crate) fn name(&mut self, pass: u32, nest: u8, role: Role, name: &str) {
        if self.keep {
            let thing = self.thing(name);
            self.namings.push(Naming { pass, nest, role, thing });
        }
    }

    pub(crate) fn contact(&mut self, package: u32, unit: u32) {
        if self.keep {
            self.contacts.push((package, unit));
        }
    }
}

impl Record {
    /// As [`Record::name`], unless the pass named it for that unit already.
    pub(crate) fn name_once(&mut self, pass: u32, nest: u8, role: Role, name: &str) {
        let thing = self.thing(name);
        let mut recent = self.namings.iter().rev().take_while(|naming| naming.pass == pass);
        if !recent.any(|naming| naming.nest == nest && naming.thing == thing) {
            self.namings.push(Naming { pass, nest, role, thing });
        }
    }
}
