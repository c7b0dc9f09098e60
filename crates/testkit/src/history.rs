//! Random histories of a very small factory: few things, a coarse grid of times, every kind of disorder.
//!
//! Nothing here is consistent on purpose: reels are taken off places where they are not, passes lack starts and ends, reports name what was never
//! mounted. What such evidence means is the oracle's business.

use std::collections::BTreeMap;

use kernel::event::{
    Applied, Assembled, CheckedUnit, Child, CleanedOut, Disassembled, Discipline, Event, Fact, Inspected, Installed,
    Loaded, Location, Mount, Mounted, Package, PackageReceived, PackageSplit, PackageUsedUp, PackagesJoined,
    PackagesParted, Packed, PassArrived, PassDeparted, PassEnded, PassStarted, ProductPosition, ProductReleased,
    Removed, Repaired, Returned, SetupVerified, Shipped, Spliced, StationProfiled, Tested, ToolUsed, UnitGroup,
    UnitMaterial, UnitNamed, UnitStatus, UnitsMatched, UnitsSeparated, Unmounted, UsedTool,
};
use kernel::time::{Moment, Time};

use crate::build::{
    at, carrier, detail, digits, event, group, location, material, mention, mount, mount_person, mount_program,
    mount_tool, package, person, placed, program, tool,
};
use crate::random::Random;

/// What may occur in a history. A history draws a part of what is allowed, so that small combinations occur as well as large ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features(pub u32);

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $bit:literal,)+) => {
        impl Features {
            $($(#[$doc])* pub const $name: u32 = 1 << $bit;)+
            /// Everything.
            pub const ALL: Features = Features(0 $(| 1 << $bit)+);
        }
    };
}

features! {
    /// Passes without a transaction.
    NIL = 0,
    /// Arrivals and departures.
    MOVES = 1,
    /// Missing starts, ends and reports.
    LOST = 2,
    /// Joined packages, and parted ones.
    JOINED = 3,
    /// Packages that run empty.
    DEPLETED = 4,
    /// Leading packages and grey zones in reports.
    LEADING = 5,
    /// Feeders and a trolley.
    FEEDERS = 6,
    /// Programs activated at a station.
    RECIPES = 7,
    /// Programs named by messages of the pass.
    NAMED_RECIPES = 8,
    /// Components removed.
    REMOVALS = 9,
    /// Skipped and scrapped boards.
    SKIPS = 10,
    /// Reports without a package.
    BY_PLACE = 11,
    /// Serial numbers of boards.
    SERIALS = 12,
    /// Panels named as a whole.
    WHOLE = 13,
    /// Reusable carriers.
    CARRIERS = 14,
    /// One name given twice.
    TWICE = 15,
    /// Disciplines of places, and clean-outs.
    DISCIPLINES = 16,
    /// Packages split.
    SPLITS = 17,
    /// Paste and glue.
    APPLIED = 18,
    /// Tools, heads and nozzles.
    TOOLS = 19,
    /// Persons.
    PERSONS = 20,
    /// Assemblies.
    ASSEMBLIES = 21,
    /// Products with a bill of materials.
    PRODUCTS = 22,
    /// Components with a time of their own.
    TIMED = 23,
    /// Positions of the pass instead of units.
    NTH = 24,
    /// Lots stated anew.
    LOTS = 25,
    /// Boxes and shipments.
    BOXES = 26,
    /// Programs that are active on one lane or stage only.
    LANES = 27,
    /// Boards of a panel that come and go by themselves, one after another, as at a rework bench.
    SINGLY = 28,
    /// Hours or days between what elsewhere takes minutes.
    SLOW = 29,
}

impl Features {
    /// Whether something may occur.
    #[must_use]
    pub fn has(self, feature: u32) -> bool {
        self.0 & feature != 0
    }
}

/// Last tick of a history.
const LAST: i64 = 24;

const DESIGNATORS: &[&str] = &["R1", "R2", "R3", "R4"];

struct Panel {
    id: String,
    boards: u32,
    serials: Vec<String>,
}

struct Station {
    handle: String,
    role: &'static str,
    nil: bool,
    /// Packages by place, as the maker believes.
    mounted: BTreeMap<String, String>,
    programs: Vec<(String, Vec<&'static str>)>,
}

struct Maker {
    random: Random,
    features: Features,
    prefix: String,
    events: Vec<Event>,
    messages: usize,
    transactions: usize,
    panels: Vec<Panel>,
    reels: Vec<String>,
    /// Carrier -> (panel, from, until).
    cycles: Vec<(String, usize, i64, i64)>,
}

/// A history. Everything it names begins with `prefix`, so that several can be recorded side by side.
#[must_use]
pub fn history(seed: u64, prefix: &str, allowed: Features) -> Vec<Event> {
    let mut random = Random::new(seed);
    let mut features = Features(0);
    let keep = *random.of(&[20, 50, 80]);
    for bit in 0..32 {
        if random.percent(keep) {
            features.0 |= 1 << bit;
        }
    }
    features.0 &= allowed.0;
    let mut maker = Maker {
        random,
        features,
        prefix: prefix.to_owned(),
        events: Vec::new(),
        messages: 0,
        transactions: 0,
        panels: Vec::new(),
        reels: Vec::new(),
        cycles: Vec::new(),
    };
    maker.run();
    if maker.features.has(Features::SLOW) {
        let times = *maker.random.of(&[15, 60, 400, 4_000]);
        maker.events.iter_mut().for_each(|event| slow_down(event, times));
    }
    maker.events
}

/// What an event tells of happened so many times later after dawn.
fn slow_down(event: &mut Event, times: i64) {
    let later = |time: Time| Time(at(0).0 + (time.0 - at(0).0) * times);
    event.recorded = later(event.at.at);
    event.at = Moment::from(event.recorded);
    if let Fact::Installed(report) = &mut event.fact {
        for component in report.materials.iter_mut().flat_map(|material| &mut material.components) {
            component.at = component.at.as_ref().map(|moment| Moment::from(later(moment.at)));
        }
    }
}

impl Maker {
    fn has(&self, feature: u32) -> bool {
        self.features.has(feature)
    }

    fn maybe(&mut self, feature: u32, chance: usize) -> bool {
        self.features.has(feature) && self.random.percent(chance)
    }

    fn say(&mut self, station: &str, tick: i64, fact: impl Into<Fact>) {
        self.messages += 1;
        let message = format!("{}m{}", self.prefix, self.messages);
        self.events.push(event(station, tick, &message, fact));
    }

    fn name(&self, text: &str) -> String {
        format!("{}{text}", self.prefix)
    }

    /// One of so many things of a kind.
    fn any(&mut self, word: &str, count: usize) -> String {
        let nth = self.random.below(count);
        self.name(&format!("{word}{nth}"))
    }

    fn run(&mut self) {
        self.reels = (0..self.random.between(3, 6)).map(|nth| self.name(&format!("REEL{nth}"))).collect();
        for nth in 0..self.random.between(1, 3) {
            let boards = self.random.between(1, 3) as u32;
            let serials = (1..=boards).map(|board| self.name(&format!("SER{nth}{board}"))).collect();
            self.panels.push(Panel { id: self.name(&format!("PAN{nth}")), boards, serials });
        }
        self.receive();
        self.put_on_carriers();
        let count = self.random.between(1, 3);
        for nth in 0..count {
            let role = *self.random.of(&["placement", "placement", "bench", "printer", "test"]);
            let handle = self.name(&format!("ST{nth}"));
            let nil = self.maybe(Features::NIL, 40);
            let programs = vec![
                (self.name("G@1"), vec!["R1", "R2"]),
                (self.name("G@2"), vec!["R1", "R2", "R3"]),
                (self.name("H"), vec!["R2", "R3", "R4"]),
            ];
            let mut station = Station { handle, role, nil, mounted: BTreeMap::new(), programs };
            self.profile(&station);
            let mut tick = self.random.between(0, 3) as i64;
            while tick < LAST {
                if self.random.percent(55) {
                    tick = self.pass(&mut station, tick);
                } else {
                    self.set_up(&mut station, tick);
                }
                tick += *self.random.of(&[0, 0, 1, 1, 2]);
            }
        }
        self.name_late();
        self.assemble();
        self.ship();
    }

    // Material.

    fn part(&self, reel: &str) -> String {
        let nth = self.reels.iter().position(|known| known == reel).unwrap_or(0);
        self.name(&format!("PART{}", nth % 2))
    }

    fn receive(&mut self) {
        for reel in self.reels.clone() {
            if self.random.percent(80) {
                let lot = self.any("LOT", 2);
                let part = self.part(&reel);
                let tick = self.random.between(0, 2) as i64;
                let store = self.name("STORE");
                self.say(
                    &store,
                    tick,
                    PackageReceived { packages: vec![detail(&reel, &part, &lot)], ..Default::default() },
                );
                if self.maybe(Features::LOTS, 30) {
                    let lot = self.any("LOT", 3);
                    let tick = self.random.between(0, 3) as i64;
                    let packages = vec![detail(&reel, &part, &lot)];
                    self.say(&store, tick, PackageReceived { packages, ..Default::default() });
                }
            }
            if self.maybe(Features::SPLITS, 25) {
                let new = self.random.of(&self.reels).clone();
                let tick = self.random.between(0, LAST as usize) as i64;
                let store = self.name("STORE");
                if new != reel {
                    self.say(&store, tick, PackageSplit { from: reel.clone(), new, ..Default::default() });
                }
            }
        }
        if self.maybe(Features::PRODUCTS, 60) {
            let position = |part: String| ProductPosition { designator: "R1".into(), part, ..Default::default() };
            let positions = vec![position(self.any("PART", 2))];
            let program = *self.random.of(&["G@1", "H"]);
            let programs = vec![self.name(program)];
            let product = self.name("PRODUCT");
            let house = self.name("HOUSE");
            let released = ProductReleased { product, revision: "A".into(), programs, positions, ..Default::default() };
            self.say(&house, 0, released);
        }
    }

    fn profile(&mut self, station: &Station) {
        if self.maybe(Features::DISCIPLINES, 70) {
            let all = [Discipline::Single, Discipline::Chain, Discipline::Mix, Discipline::Crowd, Discipline::Unknown];
            let mut places = BTreeMap::new();
            if self.random.percent(70) {
                places.insert("*".to_owned(), *self.random.of(&all));
            }
            if self.random.percent(70) {
                places.insert("F1".to_owned(), *self.random.of(&all));
            }
            let chain = if self.random.percent(30) { "exact".to_owned() } else { String::new() };
            let profiled = StationProfiled {
                station: station.handle.clone(),
                role: station.role.into(),
                places,
                chain,
                ..Default::default()
            };
            let handle = station.handle.clone();
            self.say(&handle, 0, profiled);
        }
    }

    fn set_up(&mut self, station: &mut Station, tick: i64) {
        let handle = station.handle.clone();
        let place = (*self.random.of(&["F1", "F2"])).to_owned();
        let reel = self.random.of(&self.reels).clone();
        match self.random.below(13) {
            0..=3 => {
                station.mounted.insert(place.clone(), reel.clone());
                let mut mounted = mount(&reel, Some(&place));
                if self.maybe(Features::FEEDERS, 60) {
                    let mut feeder = carrier(&self.any("FEEDER", 2));
                    if self.random.percent(30) {
                        feeder.parent = Some(Box::new(carrier(&self.name("TROLLEY"))));
                    }
                    let place = if self.random.percent(25) { String::new() } else { place };
                    mounted.location = Some(Location { carrier: Some(feeder), ..location(&place) });
                }
                if self.random.percent(20) {
                    let loaded = Loaded {
                        location: mounted.location.unwrap_or_default(),
                        package: mounted.package,
                        ..Default::default()
                    };
                    self.say(&handle, tick, SetupVerified { loaded: vec![loaded], ..Default::default() });
                } else {
                    self.say(&handle, tick, Mounted { mounts: vec![mounted], ..Default::default() });
                }
            }
            4 | 5 => {
                let there = station.mounted.remove(&place).unwrap_or(reel);
                let place = if self.random.percent(50) { Some(place.as_str()) } else { None };
                self.say(&handle, tick, Unmounted { mounts: vec![mount(&there, place)], ..Default::default() });
            }
            6 if self.has(Features::DEPLETED) => {
                let there = station.mounted.get(&place).cloned().unwrap_or(reel.clone());
                let loaded = |id: &str, place: &str| Loaded {
                    location: location(place),
                    package: Some(package(id)),
                    ..Default::default()
                };
                if self.random.percent(50) {
                    self.say(
                        &handle,
                        tick,
                        PackageUsedUp { packages: vec![loaded(&there, &place)], ..Default::default() },
                    );
                } else if there != reel {
                    station.mounted.insert(place.clone(), reel.clone());
                    let spliced = Spliced {
                        depleted: loaded(&there, &place),
                        active: loaded(&reel, &place),
                        ..Default::default()
                    };
                    self.say(&handle, tick, spliced);
                }
            }
            7 if self.has(Features::JOINED) => {
                let other = self.random.of(&self.reels).clone();
                if other != reel {
                    if self.random.percent(60) {
                        let joined =
                            PackagesJoined { leading: package(&reel), trailing: package(&other), ..Default::default() };
                        self.say(&handle, tick, joined);
                    } else {
                        let parted = PackagesParted {
                            split_off: package(&reel),
                            remaining: package(&other),
                            ..Default::default()
                        };
                        self.say(&handle, tick, parted);
                    }
                }
            }
            8 if self.has(Features::DISCIPLINES) => {
                self.say(&handle, tick, CleanedOut { location: location(&place), ..Default::default() });
            }
            9 if self.has(Features::RECIPES) => {
                let name = self.random.of(&station.programs).0.clone();
                let lane = if self.maybe(Features::LANES, 40) { Some(self.random.below(2) as i64) } else { None };
                let stage = if self.maybe(Features::LANES, 30) { Some("stage") } else { None };
                self.on_or_off(&handle, tick, mount_program(&name, lane, stage), 75);
            }
            10 if self.has(Features::PERSONS) => {
                let who = self.any("PERSON", 2);
                self.on_or_off(&handle, tick, mount_person(&who), 60);
            }
            11 if self.has(Features::TOOLS) => {
                let tool = self.any_tool();
                self.on_or_off(&handle, tick, mount_tool(&tool.0, tool.1), 60);
            }
            12 if self.has(Features::FEEDERS) => {
                let which = *self.random.of(&["FEEDER0", "FEEDER1", "TROLLEY"]);
                let mut moved = carrier(&self.name(which));
                if which != "TROLLEY" && self.random.percent(20) {
                    moved.parent = Some(Box::new(carrier(&self.name("TROLLEY"))));
                }
                let place = if self.random.percent(70) { Some(location(&place)) } else { None };
                let moved = Mount { carrier: Some(moved), location: place, ..Default::default() };
                self.on_or_off(&handle, tick, moved, 50);
            }
            _ => {}
        }
    }

    fn any_tool(&mut self) -> (String, &'static str) {
        let nth = self.random.below(3);
        (self.name(&format!("TOOL{nth}")), if nth == 2 { "Stencil" } else { "Nozzle" })
    }

    fn on_or_off(&mut self, handle: &str, tick: i64, mount: Mount, on: usize) {
        if self.random.percent(on) {
            self.say(handle, tick, Mounted { mounts: vec![mount], ..Default::default() });
        } else {
            self.say(handle, tick, Unmounted { mounts: vec![mount], ..Default::default() });
        }
    }

    // Units.

    fn put_on_carriers(&mut self) {
        if !self.has(Features::CARRIERS) {
            return;
        }
        let house = self.name("MATCHER");
        let mut tick = 0;
        while tick < LAST {
            let panel = self.random.below(self.panels.len());
            let name = self.any("CARRIER", 2);
            let until = tick + self.random.between(1, 8) as i64;
            let units = self.lying(panel);
            self.say(&house, tick, UnitsMatched { carrier: name.clone(), units: units.clone(), ..Default::default() });
            let end = if self.maybe(Features::LOST, 20) { i64::MAX } else { until };
            if end != i64::MAX {
                let units = match self.random.below(3) {
                    0 => UnitGroup::default(),
                    1 => units,
                    _ => self.lying(panel),
                };
                self.say(&house, until, UnitsSeparated { carrier: name.clone(), units, ..Default::default() });
            }
            self.cycles.push((name, panel, tick, end));
            tick += self.random.between(0, 8) as i64;
        }
    }

    /// How a panel's boards are put on a carrier.
    fn lying(&mut self, panel: usize) -> UnitGroup {
        let Panel { id, boards, serials } = &self.panels[panel];
        let style = self.random.below(3);
        let units = (1..=*boards)
            .map(|board| match style {
                0 if self.features.has(Features::SERIALS) => {
                    mention(&serials[board as usize - 1], Some(board), UnitStatus::Pass)
                }
                _ => mention(id, Some(board), UnitStatus::Pass),
            })
            .collect();
        group("", units)
    }

    fn status(&mut self) -> UnitStatus {
        if self.maybe(Features::SKIPS, 25) {
            *self.random.of(&[UnitStatus::Skip, UnitStatus::Scrap, UnitStatus::Fail])
        } else {
            UnitStatus::Pass
        }
    }

    fn carrier_of(&self, panel: usize, tick: i64) -> Option<String> {
        let found = self.cycles.iter().find(|(_, on, from, until)| *on == panel && *from <= tick && tick < *until);
        found.map(|(name, ..)| name.clone())
    }

    /// The units of a message about a panel.
    fn list(&mut self, panel: usize, tick: i64) -> UnitGroup {
        let (id, boards, serials) = {
            let panel = &self.panels[panel];
            (panel.id.clone(), panel.boards, panel.serials.clone())
        };
        if let Some(carrier) = self.carrier_of(panel, tick)
            && self.random.percent(50)
        {
            let units = (1..=boards).map(|board| mention(&carrier, Some(board), self.status())).collect();
            return group(&carrier, units);
        }
        if self.maybe(Features::WHOLE, 30) {
            return group(&id, Vec::new());
        }
        if boards == 1 && self.maybe(Features::SERIALS, 30) {
            let position = if self.random.percent(50) { Some(1) } else { None };
            return group("", vec![mention(&serials[0], position, self.status())]);
        }
        let named = self.maybe(Features::SERIALS, 50);
        let units = (1..=boards)
            .map(|board| {
                let identifier = match named {
                    true => serials[board as usize - 1].clone(),
                    false if self.random.percent(50) => id.clone(),
                    false => String::new(),
                };
                mention(&identifier, Some(board), self.status())
            })
            .collect();
        group(&id, units)
    }

    /// How an entry of a report names a board.
    fn entry(&mut self, panel: usize, board: u32, tick: i64, transaction: &str) -> (String, Option<u32>) {
        if !transaction.is_empty() && self.maybe(Features::NTH, 30) {
            return (String::new(), Some(board));
        }
        if let Some(carrier) = self.carrier_of(panel, tick)
            && self.random.percent(40)
        {
            return (carrier, Some(board));
        }
        let Panel { id, serials, .. } = &self.panels[panel];
        let (id, serial) = (id.clone(), serials[board as usize - 1].clone());
        if self.maybe(Features::SERIALS, 40) {
            let position = if self.random.percent(30) { Some(board) } else { None };
            return (serial, position);
        }
        if self.maybe(Features::WHOLE, 10) {
            return (id, None);
        }
        (id, Some(board))
    }

    fn name_late(&mut self) {
        for panel in 0..self.panels.len() {
            if self.maybe(Features::SERIALS, 40) {
                let Panel { id, boards, serials } = &self.panels[panel];
                let units = (1..=*boards)
                    .map(|board| mention(&serials[board as usize - 1], Some(board), UnitStatus::Pass))
                    .collect();
                let units = group(id, units);
                let reader = self.name("READER");
                self.say(&reader, LAST, UnitNamed { units, ..Default::default() });
            }
        }
        if self.maybe(Features::TWICE, 70) && self.panels.len() > 1 {
            let serial = self.panels[0].serials[0].clone();
            let units = group(&self.panels[1].id, vec![mention(&serial, Some(1), UnitStatus::Pass)]);
            let reader = self.name("READER");
            self.say(&reader, LAST, UnitNamed { units, ..Default::default() });
        }
    }

    // Passes.

    fn pass(&mut self, station: &mut Station, begin: i64) -> i64 {
        let handle = station.handle.clone();
        let panel = self.random.below(self.panels.len());
        if self.maybe(Features::SINGLY, 40) {
            return self.singly(station, panel, begin);
        }
        let mut tick = begin;
        let step = |random: &mut Random| *random.of(&[0, 0, 1, 1, 2]);
        self.transactions += 1;
        let transaction = if station.nil {
            (*self.random.of(&["", "00000000-0000-0000-0000-000000000000"])).to_owned()
        } else {
            self.name(&format!("t{}", self.transactions))
        };
        let lane = if self.maybe(Features::LANES, 40) { Some(self.random.below(2) as i64) } else { None };
        let arrives = self.maybe(Features::MOVES, 50);
        let departs = self.maybe(Features::MOVES, 50);
        let starts = !self.maybe(Features::LOST, 15);
        let ends = !self.maybe(Features::LOST, 15);
        let recipe = self.random.of(&station.programs).clone();
        if arrives {
            let units = self.list(panel, tick);
            self.say(&handle, tick, PassArrived { units, lane, ..Default::default() });
            tick += step(&mut self.random);
        }
        // Without a transaction nothing but its units ties a message to a pass.
        let unlisted = !station.nil && self.maybe(Features::LOST, 10);
        if starts {
            let units = if unlisted { UnitGroup::default() } else { self.list(panel, tick) };
            let program = if self.maybe(Features::NAMED_RECIPES, 60) { Some(program(&recipe.0)) } else { None };
            let fact = PassStarted { transaction: transaction.clone(), units, lane, program, ..Default::default() };
            self.say(&handle, tick, fact);
            tick += step(&mut self.random);
        }
        for _ in 0..self.random.between(0, 2) {
            self.report(station, panel, tick, &transaction, &recipe.1);
            tick += step(&mut self.random);
        }
        if ends {
            let units =
                if !station.nil && self.random.percent(50) { UnitGroup::default() } else { self.list(panel, tick) };
            let fact =
                PassEnded { transaction: transaction.clone(), units, result: "Completed".into(), ..Default::default() };
            self.say(&handle, tick, fact);
            tick += step(&mut self.random);
        }
        if departs {
            let units = self.list(panel, tick);
            self.say(&handle, tick, PassDeparted { units, lane, ..Default::default() });
        }
        tick
    }

    fn singly(&mut self, station: &Station, panel: usize, begin: i64) -> i64 {
        let mut tick = begin;
        let step = |random: &mut Random| *random.of(&[0, 1, 1, 1, 2]);
        let Panel { id, boards, .. } = &self.panels[panel];
        let (id, boards) = (id.clone(), *boards as usize);
        let positions = self.random.of(&station.programs).1.clone();
        for _ in 0..self.random.between(1, 3) {
            let board = self.random.between(1, boards) as u32;
            let alone = group("", vec![mention(&id, Some(board), self.status())]);
            if !self.maybe(Features::LOST, 15) {
                let units = if self.random.percent(15) { self.list(panel, tick) } else { alone.clone() };
                self.say(&station.handle, tick, PassArrived { units, ..Default::default() });
                tick += step(&mut self.random);
            }
            if self.random.percent(50) {
                self.report(station, panel, tick, "", &positions);
                tick += step(&mut self.random);
            }
            if !self.maybe(Features::LOST, 15) {
                let units = if self.random.percent(15) { self.list(panel, tick) } else { alone };
                self.say(&station.handle, tick, PassDeparted { units, ..Default::default() });
                tick += step(&mut self.random);
            }
        }
        tick
    }

    fn report(&mut self, station: &Station, panel: usize, tick: i64, transaction: &str, positions: &[&str]) {
        let handle = station.handle.clone();
        let transaction = transaction.to_owned();
        let boards = self.panels[panel].boards;
        match self.random.below(10) {
            0..=4 => {
                let mut materials = Vec::new();
                for board in 1..=boards {
                    if self.maybe(Features::LOST, 15) {
                        continue;
                    }
                    for designator in positions {
                        if self.maybe(Features::LOST, 10) {
                            continue;
                        }
                        let entry = self.entry(panel, board, tick, &transaction);
                        materials.push(self.installed(station, entry, designator, tick));
                    }
                }
                if !materials.is_empty() {
                    self.say(&handle, tick, Installed { transaction, materials, ..Default::default() });
                }
            }
            5 if self.has(Features::REMOVALS) => {
                let board = self.random.between(1, boards as usize) as u32;
                let (identifier, position) = self.entry(panel, board, tick, &transaction);
                let named =
                    if self.random.percent(40) { Some(package(self.random.of::<String>(&self.reels))) } else { None };
                let designator = *self.random.of(DESIGNATORS);
                let removed = material((&identifier, position), named, None, &[designator]);
                let facts =
                    Removed { transaction: transaction.clone(), materials: vec![removed], ..Default::default() };
                self.say(&handle, tick, facts);
                if self.random.percent(50) {
                    let entry = self.entry(panel, board, tick, &transaction);
                    let materials = vec![self.installed(station, entry, designator, tick)];
                    self.say(&handle, tick, Installed { transaction, materials, ..Default::default() });
                }
            }
            6 if self.has(Features::APPLIED) => {
                let mut materials = Vec::new();
                for board in 1..=boards {
                    let (identifier, position) = self.entry(panel, board, tick, &transaction);
                    let named = self.mention_package(station, "F1");
                    materials.push(material((&identifier, position), Some(named), None, &[]));
                }
                self.say(&handle, tick, Applied { transaction, materials, ..Default::default() });
            }
            7 if self.has(Features::TOOLS) => {
                let board = self.random.between(1, boards as usize) as u32;
                let (identifier, position) = self.entry(panel, board, tick, &transaction);
                let (id, kind) = self.any_tool();
                let used = UsedTool { identifier, position, tool: tool(&id, kind), ..Default::default() };
                self.say(&handle, tick, ToolUsed { transaction, tools: vec![used], ..Default::default() });
            }
            8 => {
                let board = self.random.between(1, boards as usize) as u32;
                let (identifier, position) = self.entry(panel, board, tick, &transaction);
                let units = vec![CheckedUnit { identifier, position, result: "Passed".into(), ..Default::default() }];
                let who = self.any("PERSON", 2);
                let who = if self.maybe(Features::PERSONS, 60) { Some(person(&who)) } else { None };
                let recipe = self.random.of(&station.programs).0.clone();
                let recipe = if self.maybe(Features::NAMED_RECIPES, 30) { Some(program(&recipe)) } else { None };
                let fact: Fact = match self.random.below(3) {
                    0 => Inspected { transaction, person: who, program: recipe, units, ..Default::default() }.into(),
                    1 => Tested { transaction, person: who, program: recipe, units, ..Default::default() }.into(),
                    _ => Repaired { transaction, person: who, units, ..Default::default() }.into(),
                };
                self.say(&handle, tick, fact);
            }
            _ => {}
        }
    }

    fn mention_package(&mut self, station: &Station, place: &str) -> Package {
        let reel = match station.mounted.get(place) {
            Some(reel) if self.random.percent(80) => reel.clone(),
            _ => self.random.of(&self.reels).clone(),
        };
        let mut named = package(&reel);
        if self.random.percent(50) {
            named.part = self.part(&reel);
        }
        if self.maybe(Features::LEADING, 20) {
            let leading = self.random.of(&self.reels).clone();
            if leading != reel {
                named.leading = Some(Box::new(package(&leading)));
            }
        }
        if self.maybe(Features::LEADING, 15) {
            named.grey_zone = Some(digits(self.random.below(2) as u32));
        }
        named
    }

    fn installed(
        &mut self,
        station: &Station,
        (identifier, position): (String, Option<u32>),
        designator: &str,
        tick: i64,
    ) -> UnitMaterial {
        let place = if designator < "R3" { "F1" } else { "F2" };
        let by_place = self.maybe(Features::BY_PLACE, 35);
        let named = if by_place { None } else { Some(self.mention_package(station, place)) };
        let place = if by_place || self.random.percent(60) { Some(place) } else { None };
        let place = if self.maybe(Features::BY_PLACE, 10) { None } else { place };
        let mut component = placed(designator);
        if self.maybe(Features::TIMED, 40) {
            component.at = Some(Moment::from(at(tick - self.random.below(2) as i64)));
        }
        if self.maybe(Features::TOOLS, 40) {
            let (id, kind) = self.any_tool();
            component.tool = Some(tool(&id, kind));
        }
        let mut entry = material((&identifier, position), named, place, &[]);
        if self.maybe(Features::LOST, 20) {
            component.at = None;
            entry.rejected.push(component);
            if self.random.percent(40) {
                entry.components.push(placed(designator));
            }
        } else {
            entry.components.push(component);
        }
        entry
    }

    // Assemblies, boxes.

    fn assemble(&mut self) {
        if !self.has(Features::ASSEMBLIES) {
            return;
        }
        let house = self.name("ASSEMBLY");
        for _ in 0..self.random.between(1, 3) {
            let child = match self.random.below(4) {
                0 => {
                    Child { package: self.random.of(&self.reels).clone(), position: "U1".into(), ..Default::default() }
                }
                1 => Child { unit: self.name("ASM1"), position: "U2".into(), ..Default::default() },
                _ => Child { unit: self.any_unit(), position: "U3".into(), ..Default::default() },
            };
            let unit = if child.unit.ends_with("ASM1") || self.random.percent(50) { "ASM0" } else { "ASM1" };
            let unit = self.name(unit);
            let tick = self.random.between(0, LAST as usize) as i64;
            let on = Assembled { unit: unit.clone(), children: vec![child.clone()], ..Default::default() };
            self.say(&house, tick, on.clone());
            if self.random.percent(40) {
                let tick = tick + self.random.between(0, 3) as i64;
                self.say(&house, tick, Disassembled { unit, children: vec![child], ..Default::default() });
                if self.random.percent(40) {
                    let tick = tick + self.random.between(0, 3) as i64;
                    self.say(&house, tick, on);
                }
            }
        }
    }

    fn any_unit(&mut self) -> String {
        let panel = self.random.below(self.panels.len());
        let Panel { id, boards, serials } = &self.panels[panel];
        let board = self.random.between(1, *boards as usize);
        if self.features.has(Features::SERIALS) && self.random.percent(40) {
            serials[board - 1].clone()
        } else {
            format!("{id}/{board}")
        }
    }

    fn ship(&mut self) {
        if !self.has(Features::BOXES) {
            return;
        }
        let house = self.name("PACKER");
        for nth in 0..2 {
            let container = self.name(&format!("BOX{nth}"));
            let units = vec![self.any_unit()];
            let tick = self.random.between(0, LAST as usize) as i64;
            self.say(&house, tick, Packed { container: container.clone(), units: units.clone(), ..Default::default() });
            if self.random.percent(50) {
                let (shipment, to) = (self.name("SHIPMENT"), self.name("CUSTOMER"));
                let containers = vec![container];
                self.say(&house, tick + 1, Shipped { shipment, to, containers, ..Default::default() });
                if self.random.percent(30) {
                    self.say(&house, tick + 3, Returned { units, ..Default::default() });
                }
            }
        }
    }
}
