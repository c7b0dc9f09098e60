//! The placement codec: patterns, reports, draws and differences.
//!
//! A machine reports the same thing board after board: these positions, from those feeders, with these nozzles. So a report is stored as a
//! *pattern* (which positions of a board draw on which place; stored once by its content), the boards of the panel it holds for, and only
//! where a place now draws on another package, a *draw*. What departs from that (a splice in mid-panel, a skipped position, a reject) is a
//! *difference*. Draws are coded in log order: a report reads the newest draw at or before its own index, whatever the machine's clock says.
//!
//! The coding is lossless. It decides nothing: what a report means is `verdict`'s business.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::id::{Designator, Id};
use crate::varint::{Unpack, put, put_signed};

/// One component in a report: this position of this unit, from that place and package, by that tool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// The unit.
    pub unit: Id,
    /// Its position.
    pub designator: Designator,
    /// The place it was taken from.
    pub place: Option<Id>,
    /// The package, if one was named.
    pub package: Option<Id>,
    /// Head and nozzle.
    pub tool: Option<Id>,
    /// Whether it was installed, or accounted for as not installed.
    pub fate: Fate,
    /// What is uncertain about the package.
    pub doubt: Doubt,
}

/// Whether a component was installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It was.
    Installed,
    /// It was rejected, lost or skipped.
    NotInstalled,
}

/// What a report itself says about the package being uncertain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Doubt {
    /// Packages spliced before the named one, nearest first.
    pub leading: Vec<Id>,
    /// A grey zone above zero.
    pub grey: bool,
}

impl Doubt {
    fn is_none(&self) -> bool {
        self.leading.is_empty() && !self.grey
    }
}

/// Where the positions of a group come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A place for material; `None` when the report named no place.
    Place(Option<Id>),
    /// The n-th tool of the pattern.
    Tool(u32),
}

/// Which positions of one board draw on which origin. Sorted; addressed by its packed bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pattern {
    /// Origins and their positions, ascending. A position may stand in one place group and in one tool group.
    pub groups: Vec<(Origin, Vec<Designator>)>,
}

impl Pattern {
    /// The packed form that is stored and hashed.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.groups.len() * 16);
        put(&mut out, self.groups.len() as u64);
        for (origin, designators) in &self.groups {
            match origin {
                Origin::Place(None) => put(&mut out, 0),
                Origin::Place(Some(place)) => {
                    put(&mut out, 1);
                    put_signed(&mut out, place.0);
                }
                Origin::Tool(slot) => put(&mut out, 2 + u64::from(*slot)),
            }
            put(&mut out, designators.len() as u64);
            let mut last = 0;
            for designator in designators {
                put_signed(&mut out, i64::from(designator.0) - last);
                last = i64::from(designator.0);
            }
        }
        out
    }

    /// Reads the packed form.
    #[must_use]
    pub fn unpack(bytes: &[u8]) -> Option<Pattern> {
        let mut unpack = Unpack(bytes);
        let mut groups = Vec::new();
        for _ in 0..unpack.next()? {
            let origin = match unpack.next()? {
                0 => Origin::Place(None),
                1 => Origin::Place(Some(Id(unpack.next_signed()?))),
                slot => Origin::Tool(u32::try_from(slot - 2).ok()?),
            };
            let mut designators = Vec::new();
            let mut last = 0;
            for _ in 0..unpack.next()? {
                last = unpack.next_signed()?.checked_add(last)?;
                designators.push(Designator(u32::try_from(last).ok()?));
            }
            groups.push((origin, designators));
        }
        // What follows is no pattern's: the row is damaged.
        unpack.is_empty().then_some(Pattern { groups })
    }

    /// All positions that the pattern accounts for.
    #[must_use]
    pub fn designators(&self) -> BTreeSet<Designator> {
        self.groups.iter().flat_map(|(_, designators)| designators.iter().copied()).collect()
    }
}

/// How one report departs from its pattern and the draws, at some positions of some boards.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Departure {
    /// The report does not account for the position.
    Missing,
    /// The position was accounted for as not installed, from this package.
    NotInstalled {
        /// Package of the reject.
        package: Option<Id>,
    },
    /// The position drew on another package than its place does.
    Instead {
        /// That package.
        package: Option<Id>,
    },
    /// The position was treated by another tool than its group.
    OtherTool {
        /// That tool.
        tool: Option<Id>,
    },
    /// The package of the position is uncertain.
    Doubtful {
        /// What is uncertain.
        doubt: Doubt,
    },
    /// A component beside the pattern: a second one at a position, or one that stands alone.
    Beside {
        /// Place.
        place: Option<Id>,
        /// Package.
        package: Option<Id>,
        /// Tool.
        tool: Option<Id>,
        /// Fate.
        fate: Fate,
        /// Doubt.
        doubt: Doubt,
    },
}

impl Departure {
    /// The things by which the difference must be found.
    #[must_use]
    pub fn things(&self) -> Vec<Id> {
        match self {
            Departure::Missing | Departure::NotInstalled { .. } => Vec::new(),
            Departure::Instead { package: thing } | Departure::OtherTool { tool: thing } => {
                thing.iter().copied().collect()
            }
            Departure::Doubtful { doubt } => doubt.leading.clone(),
            Departure::Beside { package, tool, fate: Fate::Installed, doubt, .. } => {
                package.iter().chain(tool).chain(&doubt.leading).copied().collect()
            }
            Departure::Beside { tool, .. } => tool.iter().copied().collect(),
        }
    }
}

/// A difference: a departure at positions of boards.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Difference {
    /// What departs.
    pub departure: Departure,
    /// Where: (board, position), ascending.
    pub cells: Vec<(Id, Designator)>,
}

/// The coded form of what one message reported for the boards that share a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    /// The pattern.
    pub pattern: Pattern,
    /// The boards, ascending.
    pub units: Vec<Id>,
    /// What each origin of the pattern draws on, in the pattern's order. `None`: no package was named.
    pub draws: Vec<Option<Id>>,
    /// Differences, ascending.
    pub differences: Vec<Difference>,
}

impl Coded {
    /// Positions of the pattern that the report accounts for, on any board.
    #[must_use]
    pub fn accounted(&self) -> BTreeSet<Designator> {
        let mut missing: BTreeMap<Designator, usize> = BTreeMap::new();
        for difference in self.differences.iter().filter(|difference| difference.departure == Departure::Missing) {
            for (_, designator) in &difference.cells {
                *missing.entry(*designator).or_default() += 1;
            }
        }
        let mut accounted = self.pattern.designators();
        accounted.retain(|designator| missing.get(designator).is_none_or(|boards| *boards < self.units.len()));
        accounted
    }
}

/// Most patterns of one message that a further board is compared with, to be coded as one of them with positions missing. A report has a few; one with
/// thousands would take hours.
const COMPARED_MAX: usize = 32;

/// Codes one message's cells. `recent` are patterns seen lately at this station, newest first: a report that only lacks some of
/// their positions is coded as a difference from them. `drawn` tells what an origin of a pattern drew on last.
#[must_use]
pub fn encode(
    cells: &[Cell],
    recent: &[Pattern],
    drawn: &mut dyn FnMut(&Pattern, usize) -> Option<Option<Id>>,
) -> Vec<Coded> {
    let mut boards: BTreeMap<Id, BTreeMap<Designator, &Cell>> = BTreeMap::new();
    let mut beside: BTreeMap<Id, Vec<&Cell>> = BTreeMap::new();
    let mut sorted: Vec<&Cell> = cells.iter().collect();
    // An installed component is the pattern's; a reject at the same position stands beside it.
    sorted.sort_by(|a, b| (a.unit, a.designator, a.fate, *a).cmp(&(b.unit, b.designator, b.fate, *b)));
    for cell in sorted {
        let board = boards.entry(cell.unit).or_default();
        if cell.designator == Designator::NONE || board.contains_key(&cell.designator) {
            beside.entry(cell.unit).or_default().push(cell);
        } else {
            board.insert(cell.designator, cell);
        }
    }
    // Boards that share a pattern are one report.
    let mut reports: Vec<(Pattern, Vec<Id>)> = Vec::new();
    let mut at: HashMap<Pattern, usize> = HashMap::new();
    for (unit, board) in &boards {
        let own = pattern_of(board);
        let pattern = reports
            .iter()
            .take(COMPARED_MAX)
            .map(|(pattern, _)| pattern)
            .chain(recent)
            .find(|known| is_subset(&own, known))
            .cloned()
            .unwrap_or(own);
        match at.get(&pattern) {
            Some(index) => reports[*index].1.push(*unit),
            None => {
                at.insert(pattern.clone(), reports.len());
                reports.push((pattern, vec![*unit]));
            }
        }
    }
    reports.into_iter().map(|(pattern, units)| code(pattern, units, &boards, &beside, drawn)).collect()
}

fn pattern_of(board: &BTreeMap<Designator, &Cell>) -> Pattern {
    let mut places: BTreeMap<Option<Id>, Vec<Designator>> = BTreeMap::new();
    let mut tools: BTreeMap<Id, Vec<Designator>> = BTreeMap::new();
    for (designator, cell) in board {
        places.entry(cell.place).or_default().push(*designator);
        if let Some(tool) = cell.tool {
            tools.entry(tool).or_default().push(*designator);
        }
    }
    // Tools are numbered by their first position, so that a changed nozzle is a draw and not another pattern.
    let mut tools: Vec<Vec<Designator>> = tools.into_values().collect();
    tools.sort();
    let places = places.into_iter().map(|(place, designators)| (Origin::Place(place), designators));
    let tools = tools.into_iter().zip(0..).map(|(designators, slot)| (Origin::Tool(slot), designators));
    Pattern { groups: places.chain(tools).collect() }
}

/// Whether `own` can be coded as `known` with positions missing: at least half of it, every position on the same origin, and
/// every position it has in the known pattern's tool groups standing there too.
fn is_subset(own: &Pattern, known: &Pattern) -> bool {
    if own == known {
        return true;
    }
    let known_origins = origins(known);
    let own_origins = origins(own);
    if own_origins.is_empty() || own_origins.len() * 2 < known_origins.len() {
        return false;
    }
    let mut slots: HashMap<u32, u32> = HashMap::new();
    own_origins.iter().all(|(designator, (place, tool))| match known_origins.get(designator) {
        Some((known_place, known_tool)) if known_place == place => match (tool, known_tool) {
            (None, None) => true,
            // Two tools of the board may not fall on one slot of the known pattern, nor one on two.
            (Some(tool), Some(known_tool)) => *slots.entry(*known_tool).or_insert(*tool) == *tool,
            _ => false,
        },
        _ => false,
    })
}

fn origins(pattern: &Pattern) -> BTreeMap<Designator, (Option<Id>, Option<u32>)> {
    let mut origins: BTreeMap<Designator, (Option<Id>, Option<u32>)> = BTreeMap::new();
    for (origin, designators) in &pattern.groups {
        for designator in designators {
            let entry = origins.entry(*designator).or_default();
            match origin {
                Origin::Place(place) => entry.0 = *place,
                Origin::Tool(slot) => entry.1 = Some(*slot),
            }
        }
    }
    origins
}

fn code(
    pattern: Pattern,
    units: Vec<Id>,
    boards: &BTreeMap<Id, BTreeMap<Designator, &Cell>>,
    beside: &BTreeMap<Id, Vec<&Cell>>,
    drawn: &mut dyn FnMut(&Pattern, usize) -> Option<Option<Id>>,
) -> Coded {
    let mut differences: BTreeMap<Departure, Vec<(Id, Designator)>> = BTreeMap::new();
    let mut depart = |departure: Departure, unit: Id, designator: Designator| {
        differences.entry(departure).or_default().push((unit, designator));
    };
    let mut draws = Vec::with_capacity(pattern.groups.len());
    for (index, (origin, designators)) in pattern.groups.iter().enumerate() {
        let taken = |cell: &Cell| match origin {
            Origin::Place(_) => cell.package,
            Origin::Tool(_) => cell.tool,
        };
        let cells = || {
            units.iter().flat_map(|unit| {
                designators
                    .iter()
                    .filter_map(|designator| boards[unit].get(designator).map(|cell| (*unit, *designator, *cell)))
            })
        };
        let counts = cells()
            .filter(|(_, _, cell)| cell.fate == Fate::Installed || matches!(origin, Origin::Tool(_)))
            .fold(BTreeMap::<Option<Id>, usize>::new(), |mut counts, (_, _, cell)| {
                *counts.entry(taken(cell)).or_default() += 1;
                counts
            });
        let before = drawn(&pattern, index);
        let draw = match before {
            Some(before) if counts.is_empty() || counts.contains_key(&before) => before,
            _ => counts.iter().max_by_key(|(_, count)| **count).and_then(|(package, _)| *package),
        };
        for (unit, designator, cell) in cells() {
            if matches!(origin, Origin::Tool(_)) {
                if cell.tool != draw {
                    depart(Departure::OtherTool { tool: cell.tool }, unit, designator);
                }
                continue;
            }
            match cell.fate {
                Fate::NotInstalled => depart(Departure::NotInstalled { package: cell.package }, unit, designator),
                Fate::Installed if cell.package != draw => {
                    depart(Departure::Instead { package: cell.package }, unit, designator);
                }
                Fate::Installed => {}
            }
            if !cell.doubt.is_none() {
                depart(Departure::Doubtful { doubt: cell.doubt.clone() }, unit, designator);
            }
        }
        if matches!(origin, Origin::Place(_)) {
            for unit in &units {
                for designator in designators.iter().filter(|designator| !boards[unit].contains_key(designator)) {
                    depart(Departure::Missing, *unit, *designator);
                }
            }
        }
        draws.push(draw);
    }
    for cell in units.iter().filter_map(|unit| beside.get(unit)).flatten() {
        depart(
            Departure::Beside {
                place: cell.place,
                package: cell.package,
                tool: cell.tool,
                fate: cell.fate,
                doubt: cell.doubt.clone(),
            },
            cell.unit,
            cell.designator,
        );
    }
    let differences = differences.into_iter().map(|(departure, cells)| Difference { departure, cells }).collect();
    Coded { pattern, units, draws, differences }
}

/// The cells that were coded, ascending. `units`, `draws` and `differences` are those of [`Coded`].
#[must_use]
pub fn decode(pattern: &Pattern, units: &[Id], draws: &[Option<Id>], differences: &[Difference]) -> Vec<Cell> {
    // All boards are alike but for the differences.
    let mut board: BTreeMap<Designator, Cell> = BTreeMap::new();
    for ((origin, designators), draw) in pattern.groups.iter().zip(draws) {
        for designator in designators {
            let cell = board.entry(*designator).or_insert_with(|| Cell {
                unit: Id(0),
                designator: *designator,
                place: None,
                package: None,
                tool: None,
                fate: Fate::Installed,
                doubt: Doubt::default(),
            });
            match origin {
                Origin::Place(place) => (cell.place, cell.package) = (*place, *draw),
                Origin::Tool(_) => cell.tool = *draw,
            }
        }
    }
    let mut cells: Vec<Cell> = Vec::with_capacity(units.len() * board.len());
    for unit in units {
        cells.extend(board.values().map(|cell| Cell { unit: *unit, ..cell.clone() }));
    }
    let coded = cells.len();
    let mut missing: BTreeSet<usize> = BTreeSet::new();
    for Difference { departure, cells: departing } in differences {
        for (unit, designator) in departing {
            if let Departure::Beside { place, package, tool, fate, doubt } = departure {
                cells.push(Cell {
                    unit: *unit,
                    designator: *designator,
                    place: *place,
                    package: *package,
                    tool: *tool,
                    fate: *fate,
                    doubt: doubt.clone(),
                });
                continue;
            }
            let place = cells[..coded].binary_search_by_key(&(*unit, *designator), |cell| (cell.unit, cell.designator));
            let Ok(nth) = place else { continue };
            let cell = &mut cells[nth];
            match departure {
                Departure::Missing => {
                    missing.insert(nth);
                }
                Departure::NotInstalled { package } => {
                    cell.fate = Fate::NotInstalled;
                    cell.package = *package;
                }
                Departure::Instead { package } => cell.package = *package,
                Departure::OtherTool { tool } => cell.tool = *tool,
                Departure::Doubtful { doubt } => cell.doubt = doubt.clone(),
                Departure::Beside { .. } => {}
            }
        }
    }
    let beside = cells.len() > coded;
    if !missing.is_empty() {
        let mut nth = 0;
        cells.retain(|_| {
            nth += 1;
            !missing.contains(&(nth - 1))
        });
    }
    if beside {
        cells.sort();
    }
    cells
}

impl Difference {
    /// The packed form that is stored.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let optional = |out: &mut Vec<u8>, id: Option<Id>| put_signed(out, id.map_or(-1, |id| id.0));
        let doubtful = |out: &mut Vec<u8>, doubt: &Doubt| {
            put(out, u64::from(doubt.grey));
            put(out, doubt.leading.len() as u64);
            doubt.leading.iter().for_each(|id| put_signed(out, id.0));
        };
        match &self.departure {
            Departure::Missing => put(&mut out, 0),
            Departure::NotInstalled { package } => {
                put(&mut out, 1);
                optional(&mut out, *package);
            }
            Departure::Instead { package } => {
                put(&mut out, 2);
                optional(&mut out, *package);
            }
            Departure::OtherTool { tool } => {
                put(&mut out, 3);
                optional(&mut out, *tool);
            }
            Departure::Doubtful { doubt } => {
                put(&mut out, 4);
                doubtful(&mut out, doubt);
            }
            Departure::Beside { place, package, tool, fate, doubt } => {
                put(&mut out, 5 + u64::from(*fate == Fate::NotInstalled));
                optional(&mut out, *place);
                optional(&mut out, *package);
                optional(&mut out, *tool);
                doubtful(&mut out, doubt);
            }
        }
        let mut last = 0;
        for (unit, designator) in &self.cells {
            put_signed(&mut out, unit.0 - last);
            put(&mut out, u64::from(designator.0));
            last = unit.0;
        }
        out
    }

    /// Reads the packed form.
    #[must_use]
    pub fn unpack(bytes: &[u8]) -> Option<Difference> {
        fn optional(unpack: &mut Unpack<'_>) -> Option<Option<Id>> {
            let id = unpack.next_signed()?;
            Some((id >= 0).then_some(Id(id)))
        }
        fn doubtful(unpack: &mut Unpack<'_>) -> Option<Doubt> {
            let grey = unpack.next()? == 1;
            let leading = (0..unpack.next()?).map(|_| unpack.next_signed().map(Id)).collect::<Option<_>>()?;
            Some(Doubt { leading, grey })
        }
        let mut unpack = Unpack(bytes);
        let departure = match unpack.next()? {
            0 => Departure::Missing,
            1 => Departure::NotInstalled { package: optional(&mut unpack)? },
            2 => Departure::Instead { package: optional(&mut unpack)? },
            3 => Departure::OtherTool { tool: optional(&mut unpack)? },
            4 => Departure::Doubtful { doubt: doubtful(&mut unpack)? },
            code @ (5 | 6) => Departure::Beside {
                place: optional(&mut unpack)?,
                package: optional(&mut unpack)?,
                tool: optional(&mut unpack)?,
                fate: if code == 5 { Fate::Installed } else { Fate::NotInstalled },
                doubt: doubtful(&mut unpack)?,
            },
            _ => return None,
        };
        let mut cells = Vec::new();
        let mut last = 0;
        while !unpack.is_empty() {
            last = unpack.next_signed()?.checked_add(last)?;
            cells.push((Id(last), Designator(u32::try_from(unpack.next()?).ok()?)));
        }
        Some(Difference { departure, cells })
    }
}
