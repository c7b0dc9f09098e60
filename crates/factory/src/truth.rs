//! What the answers must be: `docs/answers.md` computed a second time, from the factory's own records.
//!
//! Direct and slow on purpose. Links are computed pass by pass whenever somebody asks; only what a whole history decides
//! (mounts, which positions a program is known to install, which installation a removal closes) is computed once.
//! Where the contract leaves room, the reading taken is marked READING. Besides those in the code:
//!
//! - SplicePointDetected ends the stay of the depleted package and mounts the newly active one at its place; MaterialsJoined
//!   mounts nothing. Mounting a package again where it already is changes nothing.
//! - LeadingMaterialPackage in a report makes candidates whatever else is known; the conditions of the contract (neither
//!   parted nor depleted before) are those of MaterialsJoined.
//! - A grey zone alone, without a chain, makes the named package `possible`.
//! - A removal that names no package closes the installation with all its candidates.
//! - Rows are one per unit, relation, evidence and removal state: one pass may give a certain row and another a possible one.
//! - A pass without a program has the key (station, no program) for what was installed or applied there.
//! - Positions are listed for `installed` rows only; nozzles and other tools have none.
//! - HeadAndNozzle is one tool with one identifier (the nozzle's); the head it sits on is a property of it, not a second thing.

pub(crate) mod plain;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Write;

use jiff::Timestamp;

use crate::answer::{Balance, Cause, Evidence, Forward, Physical, Relation, Row};
use crate::board::Board;
use crate::cause::Effect;
use crate::panel::{BOARDS, panel_name, serial};
use crate::record::{Content, Fate, Join, NONE, Naming, Pass, Placement, Record, Role};
use crate::stay::{Mount, Stay, mounts, stays};

/// One link of a pass to a package.
#[derive(Clone, Copy, Debug)]
struct Link {
    nest: u8,
    package: u32,
    relation: Relation,
    evidence: Evidence,
    position: Option<u16>,
    placement: u32,
}

const HOUR: i64 = 3_600_000_000;

type Key = (u32, Relation, Evidence, bool);
type Rows = BTreeMap<Key, BTreeSet<u16>>;

/// The ground truth of a finished history.
pub struct Truth {
    record: Record,
    board: Board,
    effects: Vec<Effect>,
    /// The product of each panel, if the reader knows what products need.
    listed: Option<Vec<u16>>,
    mounts: Vec<Vec<Mount>>,
    stays: Vec<Vec<Stay>>,
    passes_at: Vec<Vec<u32>>,
    passes_of: HashMap<u32, Vec<u32>>,
    /// Passes whose delivered reports name a package.
    naming: HashMap<u32, Vec<u32>>,
    /// Bit n of a pass: its report for the n-th unit is complete, or there is one at all.
    complete: Vec<u8>,
    reported: Vec<u8>,
    removals_in: HashSet<u32>,
    needed: HashSet<(u8, Option<u32>, u16)>,
    /// Installations that a removal closed.
    removed: HashSet<u32>,
    /// Removals of what nobody reported as installed.
    unmatched: Vec<usize>,
    children: HashMap<u32, Vec<u32>>,
    /// Joins by each of the two packages.
    joins_of: HashMap<u32, Vec<usize>>,
    package_ids: HashMap<String, u32>,
    /// Assemblies by name, and by what was built into them.
    assembly_ids: HashMap<String, u32>,
    parents: HashMap<Content, u32>,
    /// What lies in which box or pallet at the end.
    lies_in: HashMap<Content, String>,
}

impl Truth {
    pub(crate) fn new(
        mut record: Record,
        board: Board,
        effects: Vec<Effect>,
        stations: usize,
        listed: Option<Vec<u16>>,
    ) -> Self {
        record.namings.sort_by_key(|naming| naming.pass);
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut package_ids = HashMap::new();
        for (id, package) in (0u32..).zip(&record.packages) {
            package_ids.insert(package.name.clone(), id);
            if let Some(parent) = package.parent {
                children.entry(parent).or_default().push(id);
            }
        }
        let mut joins_of: HashMap<u32, Vec<usize>> = HashMap::new();
        for (index, join) in record.joins.iter().enumerate() {
            joins_of.entry(join.leading).or_default().push(index);
            joins_of.entry(join.trailing).or_default().push(index);
        }
        let (mut assembly_ids, mut parents) = (HashMap::new(), HashMap::new());
        for (number, assembly) in (0u32..).zip(&record.assemblies) {
            assembly_ids.insert(assembly.name.clone(), number);
            parents.extend(assembly.children.iter().map(|child| (child.clone(), number)));
        }
        let mut lies_in = HashMap::new();
        for packing in &record.packings {
            if packing.packed {
                lies_in.insert(packing.content.clone(), packing.container.clone());
            } else {
                lies_in.remove(&packing.content);
            }
        }
        let mut passes_at = vec![Vec::new(); stations];
        let mut passes_of: HashMap<u32, Vec<u32>> = HashMap::new();
        for (id, pass) in (0u32..).zip(&record.passes) {
            passes_at[pass.station as usize].push(id);
            for unit in &pass.units {
                passes_of.entry(*unit).or_default().push(id);
            }
        }
        let mut truth = Self {
            mounts: mounts(&record, stations),
            stays: stays(&record, stations),
            naming: HashMap::new(),
            complete: Vec::new(),
            reported: Vec::new(),
            removals_in: record.removals.iter().map(|removal| removal.pass).collect(),
            needed: HashSet::new(),
            removed: HashSet::new(),
            unmatched: Vec::new(),
            record,
            board,
            effects,
            listed,
            passes_at,
            passes_of,
            children,
            joins_of,
            package_ids,
            assembly_ids,
            parents,
            lies_in,
        };
        truth.read_reports();
        truth.close_removed();
        truth
    }

    /// Every thing that has an answer: packages, lots, tools, persons, programs.
    pub fn things(&self) -> Vec<String> {
        let packages = self.record.packages.iter().map(|package| format!("package:{}", package.name));
        let lots = self.record.lots.iter().map(|(code, _)| format!("lot:{code}"));
        packages.chain(lots).chain(self.record.things.iter().cloned()).collect()
    }

    /// The rows of a thing, `kind:identifier`. A lot is named by its code, which is unique here.
    pub fn where_used(&self, thing: &str) -> Vec<Row> {
        let mut rows = Rows::new();
        match thing.split_once(':') {
            Some(("package", name)) => {
                if let Some(package) = self.package_ids.get(name) {
                    self.add_package(*package, false, &mut rows);
                }
            }
            Some(("lot", code)) => {
                for (package, entry) in (0u32..).zip(&self.record.packages) {
                    for (_, superseded) in
                        entry.lots.iter().filter(|(lot, _)| self.record.lots[*lot as usize].0 == code)
                    {
                        self.add_package(package, *superseded, &mut rows);
                    }
                }
            }
            _ => {
                if let Some(id) = self.record.things.iter().position(|name| name == thing) {
                    self.add_presence(id as u32, &mut rows);
                }
            }
        }
        self.render(rows)
    }

    /// Everything that is connected with a unit (`PANEL/n` or its serial): the same links, seen from the other side.
    pub fn trace(&self, unit: &str) -> Vec<(String, Row)> {
        let Some(unit) = self.unit(unit) else { return Vec::new() };
        let mut found: BTreeMap<String, Rows> = BTreeMap::new();
        let mut put = |thing: String, key: Key, position: Option<u16>| {
            found.entry(thing).or_default().entry(key).or_default().extend(position);
        };
        for pass in self.passes_of.get(&unit).into_iter().flatten() {
            let nest = self.record.passes[*pass as usize].units.iter().position(|other| *other == unit);
            for link in self.links(*pass, None).into_iter().filter(|link| Some(link.nest as usize) == nest) {
                let removed = self.removed.contains(&link.placement);
                for (thing, doubted) in self.origins(link.package) {
                    let evidence = if doubted { Evidence::Possible } else { link.evidence };
                    put(thing, (unit, link.relation, evidence, removed), link.position);
                }
            }
            for (other, thing, evidence) in self.presence_links(*pass) {
                if Some(other as usize) == nest {
                    put(self.record.things[thing as usize].clone(), (unit, Relation::Exposed, evidence, false), None);
                }
            }
        }
        for removal in
            self.unmatched.iter().map(|index| &self.record.removals[*index]).filter(|removal| removal.unit == unit)
        {
            for (thing, doubted) in removal.package.into_iter().flat_map(|package| self.origins(package)) {
                let evidence = if doubted { Evidence::Possible } else { Evidence::Certain };
                put(thing, (unit, Relation::Installed, evidence, true), Some(removal.position));
            }
        }
        let mut all = Vec::new();
        for (thing, rows) in found {
            let rows = self.render(rows).into_iter().filter(|row| row.via.is_none());
            all.extend(rows.map(|row| (thing.clone(), row)));
        }
        all
    }

    /// Where the units of a thing went.
    pub fn forward(&self, thing: &str) -> Forward {
        self.ahead_of(&self.where_used(thing))
    }

    fn ahead_of(&self, rows: &[Row]) -> Forward {
        let units = rows.iter().map(|row| row.unit.clone()).collect();
        let mut forward = Forward { units, ..Forward::default() };
        let mut climb: Vec<Content> = Vec::new();
        for name in &forward.units {
            let assembly = self.assembly_ids.get(name).copied().map(Content::Assembly);
            climb.extend(assembly.or_else(|| self.unit(name).map(Content::Unit)));
        }
        while let Some(content) = climb.pop() {
            if let Some(container) = self.lies_in.get(&content)
                && forward.containers.insert(container.clone())
            {
                climb.push(Content::Container(container.clone()));
            }
        }
        for shipment in &self.record.shipments {
            if shipment.containers.iter().any(|container| forward.containers.contains(container)) {
                forward.shipments.insert(shipment.name.clone());
                forward.customers.insert(shipment.to.clone());
            }
        }
        forward
    }

    /// What was physically in or on which unit, known to nobody but the factory. Every one of these must be in the answer.
    pub fn reality(&self) -> impl Iterator<Item = Physical<'_>> {
        let placed = self.record.placements.iter().filter(|placement| placement.fate != Fate::NotInstalled);
        let placed = placed.map(|placement| Physical {
            package: &self.record.packages[placement.physical() as usize].name,
            unit: unit_name(self.record.passes[placement.pass as usize].units[placement.nest as usize]),
            position: Some(&self.board.positions[placement.position as usize].name),
        });
        let touched = self.record.contacts.iter().map(|(package, unit)| Physical {
            package: &self.record.packages[*package as usize].name,
            unit: unit_name(*unit),
            position: None,
        });
        placed.chain(touched)
    }

    /// The quantities of every package that is counted in parts.
    pub fn balance(&self) -> Vec<Balance> {
        let counted = self.record.packages.iter().filter(|package| package.counted);
        counted
            .map(|package| Balance {
                package: package.name.clone(),
                part: self.board.parts[package.part as usize].number.clone(),
                initial: package.initial,
                installed: package.installed,
                rejected: package.rejected,
                moved_on: package.moved_on,
                remaining: package.remaining,
            })
            .collect()
    }

    /// Planted causes that came about, with what they touched and harmed.
    pub fn causes(&self) -> Vec<Cause> {
        let time = |at: i64| Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
        let position = |position: &u16| self.board.positions[*position as usize].name.clone();
        let cause = |effect: &Effect| Cause {
            cause: effect.word,
            thing: effect.thing.clone(),
            station: effect.station.clone(),
            from: effect.time.map(|(from, _)| time(from)),
            until: effect.time.map(|(_, until)| time(until)),
            touched: effect.touched.iter().map(|unit| unit_name(*unit)).collect(),
            harmed: effect
                .harmed
                .iter()
                .map(|(unit, positions)| (unit_name(*unit), positions.iter().map(position).collect()))
                .collect(),
        };
        self.effects.iter().filter(|effect| !effect.touched.is_empty()).map(cause).collect()
    }

    /// How many parts were placed.
    pub fn placements(&self) -> usize {
        self.record.placements.iter().filter(|placement| placement.fate != Fate::NotInstalled).count()
    }

    /// Lots: code, manufacturer, and the maker's part number.
    pub fn lots(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.record.lots.iter().map(|(code, part)| {
            let part = &self.board.parts[*part as usize];
            (code.as_str(), part.manufacturer.as_str(), part.mpn.as_str())
        })
    }

    /// Serials and the units they name.
    pub fn serials(&self) -> impl Iterator<Item = (&str, String)> {
        self.record.serials.iter().map(|(unit, serial)| (serial.as_str(), unit_name(*unit)))
    }

    /// Writes everything as one JSON document.
    pub fn write(&self, file: &mut impl Write) -> std::io::Result<()> {
        writeln!(file, "{{\"things\":[")?;
        for (number, thing) in self.things().iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let rows = self.where_used(thing);
            let entry = serde_json::json!({ "thing": thing, "units": rows, "forward": self.ahead_of(&rows) });
            writeln!(file, "{comma}{entry}")?;
        }
        writeln!(file, "],\"reality\":[")?;
        let mut physical: BTreeMap<&str, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
        for fact in self.reality() {
            physical.entry(fact.package).or_default().entry(fact.unit).or_default().extend(fact.position);
        }
        for (number, (package, units)) in physical.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            writeln!(file, "{comma}{}", serde_json::json!({ "package": package, "units": units }))?;
        }
        writeln!(file, "],\"causes\":{},", serde_json::json!(self.causes()))?;
        writeln!(file, "\"balance\":{}}}", serde_json::json!(self.balance()))
    }

    /// Which positions each program is known to install, which reports are complete, and which parts are needed where.
    fn read_reports(&mut self) {
        let words = self.board.positions.len().div_ceil(64);
        let mut known: HashMap<(u8, u32), Vec<u64>> = HashMap::new();
        let mut accounted: Vec<[Vec<u64>; 4]> = Vec::new();
        for (id, pass) in (0u32..).zip(&self.record.passes) {
            let mut mine: [Vec<u64>; 4] = Default::default();
            let mut reported = 0;
            let range = pass.placements.0 as usize..pass.placements.1 as usize;
            for placement in self.record.placements[range].iter().filter(|placement| placement.delivered) {
                reported |= 1 << placement.nest;
                let (word, bit) = (placement.position as usize / 64, 1 << (placement.position % 64));
                let mine = &mut mine[placement.nest as usize];
                mine.resize(words, 0);
                mine[word] |= bit;
                if let Some(program) = pass.program {
                    known.entry((pass.station, program)).or_insert_with(|| vec![0; words])[word] |= bit;
                }
                match placement.fate {
                    Fate::Installed => {
                        let part = self.record.packages[placement.package as usize].part;
                        self.needed.insert((pass.station, pass.program, part));
                    }
                    Fate::InstalledFromPlace => {
                        for mount in self.mounted_at(pass, placement.place) {
                            let part =
                                self.record.packages[self.mounts[pass.station as usize][mount].package as usize].part;
                            self.needed.insert((pass.station, pass.program, part));
                        }
                    }
                    Fate::NotInstalled => {}
                }
                if placement.fate != Fate::InstalledFromPlace {
                    for package in [placement.package, placement.leading].into_iter().filter(|package| *package != NONE)
                    {
                        let passes = self.naming.entry(package).or_default();
                        if passes.last() != Some(&id) {
                            passes.push(id);
                        }
                    }
                }
            }
            self.reported.push(reported);
            accounted.push(mine);
        }
        for (pass, _, package) in &self.record.applied {
            let at = &self.record.passes[*pass as usize];
            self.needed.insert((at.station, at.program, self.record.packages[*package as usize].part));
            self.naming.entry(*package).or_default().push(*pass);
        }
        for (id, pass) in self.record.passes.iter().enumerate() {
            let known = pass.program.and_then(|program| known.get(&(pass.station, program)));
            let mut complete = 0;
            for (nest, mine) in accounted[id].iter().enumerate().take(pass.units.len()) {
                let all = known.is_none_or(|known| {
                    known.iter().enumerate().all(|(word, bits)| bits & !mine.get(word).copied().unwrap_or(0) == 0)
                });
                // READING: a skipped board's positions are accounted for as skipped, once the pass is reported at all.
                let skipped = pass.skipped & 1 << nest != 0 && self.reported[id] != 0;
                if skipped || self.reported[id] & 1 << nest != 0 && all {
                    complete |= 1 << nest;
                }
            }
            self.complete.push(complete);
        }
    }

    /// A removal closes the latest installation at its position before it, of its package if it names one.
    fn close_removed(&mut self) {
        let mut order: Vec<usize> = (0..self.record.removals.len()).collect();
        order.sort_by_key(|index| self.record.removals[*index].at);
        for index in order {
            let removal = &self.record.removals[index];
            let mut latest: Option<(i64, u32)> = None;
            for pass in self.passes_of.get(&removal.unit).into_iter().flatten() {
                let at = &self.record.passes[*pass as usize];
                for number in at.placements.0..at.placements.1 {
                    let placement = &self.record.placements[number as usize];
                    let same =
                        at.units[placement.nest as usize] == removal.unit && placement.position == removal.position;
                    if !same || !placement.delivered || placement.fate == Fate::NotInstalled {
                        continue;
                    }
                    let of_package = removal.package.is_none_or(|package| {
                        self.candidates(at, placement).iter().any(|(candidate, _)| *candidate == package)
                    });
                    let time = window(at, placement).0;
                    if of_package && time < removal.at && latest.is_none_or(|(before, _)| before <= time) {
                        latest = Some((time, number));
                    }
                }
            }
            match latest {
                Some((_, number)) => {
                    self.removed.insert(number);
                }
                None => self.unmatched.push(index),
            }
        }
    }

    fn mounted_at(&self, pass: &Pass, place: u16) -> Vec<usize> {
        let mounts = self.mounts[pass.station as usize].iter().enumerate();
        mounts
            .filter(|(_, mount)| mount.place == place && mount.overlaps(pass.start, pass.end))
            .map(|(index, _)| index)
            .collect()
    }

    /// Whether a stay is beyond doubt while it overlaps a window.
    fn is_sure(&self, mount: &Mount, from: i64, to: i64) -> bool {
        let (from, to) = (mount.on.max(from), mount.off.min(to));
        let doubted = mount.doubted <= to && mount.off > from && mount.doubted < mount.off;
        let shadowed = mount.before.iter().any(|(other, index)| self.mounts[*other as usize][*index].off > from);
        !doubted && !shadowed
    }

    /// The packages that one reported installation may have come from.
    fn candidates(&self, pass: &Pass, placement: &Placement) -> Vec<(u32, Evidence)> {
        let (from, to) = window(pass, placement);
        if placement.fate == Fate::InstalledFromPlace {
            let found = self.mounted_at(pass, placement.place);
            let mounts = &self.mounts[pass.station as usize];
            let sure = found.len() == 1 && self.is_sure(&mounts[found[0]], from, to);
            let evidence = if sure { Evidence::Certain } else { Evidence::Possible };
            return found.into_iter().map(|index| (mounts[index].package, evidence)).collect();
        }
        let mut members = BTreeSet::from([placement.package]);
        if placement.leading != NONE {
            members.insert(placement.leading);
        }
        self.follow_joins(&mut members, |join| {
            let depleted = self.record.depleted.get(&join.leading);
            join.at <= to && join.parted.is_none_or(|at| at >= from) && depleted.is_none_or(|at| *at >= from)
        });
        let sure = members.len() == 1 && !placement.grey;
        let evidence = if sure { Evidence::Certain } else { Evidence::Possible };
        members.into_iter().map(|package| (package, evidence)).collect()
    }

    /// Adds everything that is joined with the members, however far along the chain.
    fn follow_joins(&self, members: &mut BTreeSet<u32>, counts: impl Fn(&Join) -> bool) {
        let mut next: Vec<u32> = members.iter().copied().collect();
        while let Some(member) = next.pop() {
            for index in self.joins_of.get(&member).into_iter().flatten() {
                let join = &self.record.joins[*index];
                for other in [join.leading, join.trailing] {
                    if counts(join) && members.insert(other) {
                        next.push(other);
                    }
                }
            }
        }
    }

    /// All links of one pass to packages, or at least all those to some packages.
    fn links(&self, id: u32, only: Option<&BTreeSet<u32>>) -> Vec<Link> {
        let pass = &self.record.passes[id as usize];
        let mut links = Vec::new();
        let mut linked: HashSet<(u8, u32)> = HashSet::new();
        // Most placements of a pass have the same candidates: remember them for the same name at the same time.
        let mut remembered: HashMap<(u32, u32, bool), Vec<(u32, Evidence)>> = HashMap::new();
        let is_joined = |package: u32| self.joins_of.contains_key(&package);
        for number in pass.placements.0..pass.placements.1 {
            let placement = &self.record.placements[number as usize];
            if !placement.delivered || placement.fate == Fate::NotInstalled {
                continue;
            }
            let about = |package| only.is_none_or(|only| only.contains(&package));
            if placement.fate == Fate::Installed && !about(placement.package) && !about(placement.leading) {
                continue;
            }
            let timed = placement.after_start != NONE && (is_joined(placement.package) || is_joined(placement.leading));
            let timeless = placement.fate == Fate::Installed && !timed;
            let candidates = if timeless {
                let key = (placement.package, placement.leading, placement.grey);
                remembered.entry(key).or_insert_with(|| self.candidates(pass, placement)).clone()
            } else {
                self.candidates(pass, placement)
            };
            for (package, evidence) in candidates {
                linked.insert((placement.nest, package));
                let position = Some(placement.position);
                links.push(Link {
                    nest: placement.nest,
                    package,
                    relation: Relation::Installed,
                    evidence,
                    position,
                    placement: number,
                });
            }
        }
        let exposure = |nest, package, evidence| Link {
            nest,
            package,
            relation: Relation::Exposed,
            evidence,
            position: None,
            placement: NONE,
        };
        // READING: what MaterialsApplied names gives no second row by its mount, as if it were installed.
        for (_, nest, package) in self.record.applied.iter().filter(|(pass, _, _)| *pass == id) {
            linked.insert((*nest, *package));
            links.push(exposure(*nest, *package, Evidence::Certain));
        }
        for nest in 0..pass.units.len() as u8 {
            let bit = 1 << nest;
            let removal_only = self.removals_in.contains(&id) && self.reported[id as usize] & bit == 0;
            if self.complete[id as usize] & bit != 0 || removal_only {
                continue;
            }
            let mounts = &self.mounts[pass.station as usize];
            let met: Vec<&Mount> = mounts.iter().filter(|mount| mount.overlaps(pass.start, pass.end)).collect();
            let mut exposed: BTreeMap<u32, Evidence> = BTreeMap::new();
            let unlinked = met.iter().filter(|mount| !linked.contains(&(nest, mount.package)));
            for mount in unlinked.filter(|mount| only.is_none_or(|only| only.contains(&mount.package))) {
                let part = self.record.packages[mount.package as usize].part;
                let needed = self.needed.contains(&(pass.station, pass.program, part))
                    || self.lists(pass.units[nest as usize], part);
                let only = met.iter().all(|other| {
                    other.package == mount.package || self.record.packages[other.package as usize].part != part
                });
                let certain = needed && only && pass.skipped & bit == 0 && self.is_sure(mount, pass.start, pass.end);
                let evidence = if certain { Evidence::Certain } else { Evidence::Possible };
                let best = exposed.entry(mount.package).or_insert(evidence);
                *best = (*best).min(evidence);
            }
            links.extend(exposed.into_iter().map(|(package, evidence)| exposure(nest, package, evidence)));
        }
        links
    }

    /// Whether the reader knows that a unit's product has a part.
    fn lists(&self, unit: u32, part: u16) -> bool {
        let Some(products) = &self.listed else { return false };
        let product = &self.board.products[products[(unit / BOARDS) as usize] as usize];
        let listed = |part: u16| product.parts.contains(&Some(part));
        listed(part) || self.board.alternates.iter().any(|(main, alternate)| *alternate == part && listed(*main))
    }

    /// All links of one pass to persons, tools and programs: (nest, thing, evidence).
    fn presence_links(&self, id: u32) -> Vec<(u8, u32, Evidence)> {
        let pass = &self.record.passes[id as usize];
        let from = self.record.namings.partition_point(|naming| naming.pass < id);
        let named: Vec<&Naming> = self.record.namings[from..].iter().take_while(|naming| naming.pass == id).collect();
        let met = self.stays[pass.station as usize].iter().filter(|stay| stay.on <= pass.end && stay.off > pass.start);
        let met: Vec<&Stay> = met.collect();
        let mut links = Vec::new();
        for nest in 0..pass.units.len() as u8 {
            let mut mine: BTreeMap<u32, Evidence> = BTreeMap::new();
            let mut narrowed: BTreeSet<Role> = BTreeSet::new();
            for naming in named.iter().filter(|naming| naming.nest == nest) {
                mine.insert(naming.thing, Evidence::Certain);
                narrowed.insert(naming.role);
            }
            if let Some(program) = pass.program.filter(|_| pass.program_named) {
                mine.insert(program, Evidence::Certain);
                narrowed.insert(Role::Program);
            }
            for stay in met.iter().filter(|stay| stay.role == Role::Person || !narrowed.contains(&stay.role)) {
                let alone = met.iter().all(|other| other.role != stay.role || other.thing == stay.thing);
                let certain = alone && stay.on <= pass.start && stay.off > pass.end;
                // READING: who is named and was there as well has one row by this pass, the certain one.
                let evidence = if certain { Evidence::Certain } else { Evidence::Possible };
                let best = mine.entry(stay.thing).or_insert(evidence);
                *best = (*best).min(evidence);
            }
            links.extend(mine.into_iter().map(|(thing, evidence)| (nest, thing, evidence)));
        }
        links
    }

    /// A package, those it was cut from, and the lots of all of these; true when only a superseded statement says so.
    fn origins(&self, package: u32) -> Vec<(String, bool)> {
        let mut things = Vec::new();
        let mut next = Some(package);
        while let Some(id) = next {
            let entry = &self.record.packages[id as usize];
            things.push((format!("package:{}", entry.name), false));
            let lots = entry
                .lots
                .iter()
                .map(|(lot, superseded)| (format!("lot:{}", self.record.lots[*lot as usize].0), *superseded));
            things.extend(lots);
            next = entry.parent;
        }
        things
    }

    /// READING: what was cut off a package counts as that package, with the same evidence.
    fn add_package(&self, package: u32, doubted: bool, rows: &mut Rows) {
        for piece in self.children.get(&package).into_iter().flatten() {
            self.add_package(*piece, doubted, rows);
        }
        let soften = |evidence: Evidence| if doubted { Evidence::Possible } else { evidence };
        let relatives = self.relatives(package);
        for pass in self.passes_that_may_link(package, &relatives) {
            let at = &self.record.passes[pass as usize];
            for link in self.links(pass, Some(&relatives)).into_iter().filter(|link| link.package == package) {
                let removed = self.removed.contains(&link.placement);
                let key = (at.units[link.nest as usize], link.relation, soften(link.evidence), removed);
                rows.entry(key).or_default().extend(link.position);
            }
        }
        // READING: a removal of what was never reported as installed is an `installed`, `certain` row.
        for removal in self.unmatched.iter().map(|index| &self.record.removals[*index]) {
            if removal.package == Some(package) {
                let key = (removal.unit, Relation::Installed, soften(Evidence::Certain), true);
                rows.entry(key).or_default().insert(removal.position);
            }
        }
    }

    /// A package and whoever may have been in one chain with it at one time.
    fn relatives(&self, package: u32) -> BTreeSet<u32> {
        let mut relatives = BTreeSet::from([package]);
        let mut next = vec![(package, i64::MIN, i64::MAX)];
        while let Some((member, from, to)) = next.pop() {
            for index in self.joins_of.get(&member).into_iter().flatten() {
                let join = &self.record.joins[*index];
                let depleted = self.record.depleted.get(&join.leading).copied().unwrap_or(i64::MAX);
                let (from, to) = (from.max(join.at), to.min(depleted).min(join.parted.unwrap_or(i64::MAX)));
                // Wider than needed: this only says which passes are worth looking at.
                if from > to.saturating_add(HOUR) {
                    continue;
                }
                for other in [join.leading, join.trailing] {
                    if relatives.insert(other) {
                        next.push((other, from, to));
                    }
                }
            }
        }
        relatives
    }

    fn passes_that_may_link(&self, package: u32, relatives: &BTreeSet<u32>) -> BTreeSet<u32> {
        let mut passes = BTreeSet::new();
        for relative in relatives {
            passes.extend(self.naming.get(relative).into_iter().flatten());
        }
        for (station, mounts) in self.mounts.iter().enumerate() {
            for mount in mounts.iter().filter(|mount| mount.package == package) {
                let here = self.passes_at[station].iter();
                passes.extend(here.filter(|pass| {
                    let pass = &self.record.passes[**pass as usize];
                    mount.overlaps(pass.start, pass.end)
                }));
            }
        }
        passes
    }

    fn add_presence(&self, thing: u32, rows: &mut Rows) {
        for (station, passes) in self.passes_at.iter().enumerate() {
            let stays_here = self.stays[station].iter().any(|stay| stay.thing == thing);
            for pass in passes {
                let at = &self.record.passes[*pass as usize];
                let from = self.record.namings.partition_point(|naming| naming.pass < *pass);
                let mut named = self.record.namings[from..].iter().take_while(|naming| naming.pass == *pass);
                if !stays_here && at.program != Some(thing) && !named.any(|naming| naming.thing == thing) {
                    continue;
                }
                for (nest, _, evidence) in
                    self.presence_links(*pass).into_iter().filter(|(_, other, _)| *other == thing)
                {
                    rows.entry((at.units[nest as usize], Relation::Exposed, evidence, false)).or_default();
                }
            }
        }
    }

    /// Rows with names, those of assemblies after those of units. An assembly's rows are its children's, at any depth.
    fn render(&self, rows: Rows) -> Vec<Row> {
        type Risen = BTreeMap<(u32, Relation, Evidence, bool), (BTreeSet<u16>, BTreeSet<String>)>;
        let name = |positions: &BTreeSet<u16>| -> Vec<String> {
            positions.iter().map(|position| self.board.positions[*position as usize].name.clone()).collect()
        };
        let mut rendered = Vec::new();
        let mut risen = Risen::new();
        for ((unit, relation, evidence, removed), positions) in rows {
            rendered.push(Row {
                unit: unit_name(unit),
                relation,
                evidence,
                removed,
                positions: name(&positions),
                via: None,
            });
            let mut inside = self.parents.get(&Content::Unit(unit)).copied();
            let mut removed = removed;
            while let Some(number) = inside {
                // READING: what was built in and taken out again is as a part that was removed.
                removed |= self.record.assemblies[number as usize].apart;
                let (all, vias) = risen.entry((number, relation, evidence, removed)).or_default();
                all.extend(&positions);
                vias.insert(unit_name(unit));
                inside = self.parents.get(&Content::Assembly(number)).copied();
            }
        }
        rendered.extend(risen.into_iter().map(|((number, relation, evidence, removed), (positions, vias))| Row {
            unit: self.record.assemblies[number as usize].name.clone(),
            relation,
            evidence,
            removed,
            positions: name(&positions),
            via: vias.into_iter().next(),
        }));
        rendered
    }

    fn unit(&self, name: &str) -> Option<u32> {
        let number = |text: &str| text.rsplit_once('-').and_then(|(_, digits)| digits.parse::<u32>().ok());
        let unit = match name.split_once('/') {
            Some((panel, board)) => {
                (number(panel)?.checked_sub(1)?) * BOARDS + board.parse::<u32>().ok()?.checked_sub(1)?
            }
            None => number(name)?.checked_sub(1)?,
        };
        (unit_name(unit) == name || serial(unit) == name).then_some(unit)
    }
}

fn unit_name(unit: u32) -> String {
    format!("{}/{}", panel_name(unit / BOARDS), unit % BOARDS + 1)
}

/// When a part was installed: the reported time, else any time of the pass.
fn window(pass: &Pass, placement: &Placement) -> (i64, i64) {
    if placement.after_start == NONE {
        return (pass.start, pass.end);
    }
    let at = pass.start + i64::from(placement.after_start);
    (at, at)
}
