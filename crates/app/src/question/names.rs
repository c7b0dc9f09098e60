//! Names are not identities: what a text means, and which identities are one unit.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kernel::id::{Designator, Id};
use kernel::project::HOUR;
use kernel::row::{Belonging, Within};
use kernel::thing::{Kind, Name};
use kernel::time::Time;

use super::desk::{Desk, Rows};
use super::station::widened;
use super::unit::{Alias, Cycle, UnitClass};
use super::{QuestionError, Result};

impl Desk<'_> {
    /// How people write a thing: `PANEL/3`, `REEL-17`.
    pub(super) fn key_text(&self, id: Id) -> Result<String> {
        let Some(name) = self.name(id)? else { return Ok(format!("#{}", id.0)) };
        Ok(if id.position() > 0 { format!("{}/{}", name.key, id.position()) } else { name.key.to_string() })
    }

    /// A thing as `kind:identifier`.
    pub(super) fn thing_text(&self, id: Id) -> Result<String> {
        let kind = self.name(id)?.map_or("thing", |name| name.kind.word());
        Ok(format!("{kind}:{}", self.key_text(id)?))
    }

    /// How a position of the board is written.
    pub(super) fn designator_text(&self, designator: Designator) -> Result<Rc<str>> {
        self.memo(
            |memo| &mut memo.designators,
            designator,
            || Ok(self.snapshot.reader.designator_text(designator)?.unwrap_or_default().into()),
        )
    }

    pub(super) fn name(&self, id: Id) -> Result<Option<Name>> {
        self.memo(|memo| &mut memo.names, id.row(), || Ok(self.snapshot.reader.name(id)?))
    }

    /// Positions that a unit's name was mentioned with, and the whole if that was.
    pub(super) fn mentioned(&self, whole: Id) -> Result<Rows<Id>> {
        self.every(|memo| &mut memo.mentioned, whole, |wholes| Ok(self.snapshot.reader.positions_of(wholes)?))
    }

    pub(super) fn named_on(&self, scope: Id) -> Result<Rows<(u32, Id, Time)>> {
        self.every(|memo| &mut memo.named_on, scope, |scopes| Ok(self.snapshot.reader.named_on(scopes)?))
    }

    fn places_of_name(&self, thing: Id) -> Result<Rows<(Id, u32, Time)>> {
        self.every(|memo| &mut memo.places_of_name, thing, |things| Ok(self.snapshot.reader.places_of_name(things)?))
    }

    /// Looks up together what the names of units and of the boards on them follow from. Everything else would look it up one by one.
    pub(super) fn gather_names(&self, wholes: &BTreeSet<Id>) -> Result<()> {
        let reader = self.snapshot.reader;
        let mut all = wholes.clone();
        for _ in 0..2 {
            let asked = || all.iter().copied();
            self.gather(|memo| &mut memo.mentioned, asked(), |wholes| Ok(reader.positions_of(wholes)?))?;
            self.gather(|memo| &mut memo.named_on, asked(), |scopes| Ok(reader.named_on(scopes)?))?;
            // Once more for those that have names of their own.
            for whole in wholes {
                all.extend(self.named_on(*whole)?.iter().map(|(_, named, _)| named.whole()));
            }
        }
        let mut ids = all.clone();
        for whole in &all {
            ids.extend(self.mentioned(*whole)?.iter());
            ids.extend(
                self.named_on(*whole)?
                    .iter()
                    .flat_map(|(position, named, _)| [Some(*named), whole.at(*position)])
                    .flatten(),
            );
        }
        self.gather_whether(|memo| &mut memo.carrying, all, |things| Ok(reader.carrying(things)?))?;
        self.gather(|memo| &mut memo.places_of_name, ids.iter().copied(), |things| Ok(reader.places_of_name(things)?))?;
        self.gather_moves(ids)
    }

    /// Cycles of a carrier, by time.
    pub(super) fn cycles(&self, carrier: Id) -> Result<Vec<Cycle>> {
        self.memo(
            |memo| &mut memo.cycles,
            carrier,
            || {
                let points = self.snapshot.reader.contents_of(carrier)?.into_iter().map(|(_, point)| point);
                let carried: Vec<Within> = points.filter(|point| point.belonging == Belonging::Carried).collect();
                self.cycles_of(carrier, &carried)
            },
        )
    }

    /// Cycles of a carrier that meet a closed window (and others), by time.
    pub(super) fn cycles_in(&self, carrier: Id, from: Time, until: Time) -> Result<Vec<Cycle>> {
        let (from, until) = widened(from, until, HOUR);
        self.memo(
            |memo| &mut memo.cycles_in,
            (carrier, from, until),
            || match self.snapshot.reader.carried(carrier, from, until)? {
                Some(carried) => self.cycles_of(carrier, &carried),
                None => self.cycles(carrier),
            },
        )
    }

    /// Cycles that follow from what was put on a carrier and taken off it, by time.
    fn cycles_of(&self, carrier: Id, points: &[Within]) -> Result<Vec<Cycle>> {
        let mut cycles: Vec<Cycle> = Vec::new();
        for point in points.iter().filter(|point| point.on) {
            let Some(unit) = point.child else { continue };
            let position = point.position.parse().unwrap_or(0);
            // At equal times what ends comes first: a load is ended by what comes after it. They are in the order of time.
            let later = &points[points.partition_point(|other| other.at <= point.at)..];
            let ends = later.iter().filter(|end| !end.on);
            let surely = |end: &&Within| match end.child {
                None => true,
                // An unload that repeats the carrier's identifier empties the position.
                Some(child) if child.whole() == carrier => end.position == point.position,
                Some(child) => child == unit,
            };
            let mut until = ends.clone().find(surely).map_or(Time::MAX, |end| end.at);
            let mut meant: Option<Vec<Id>> = None;
            for end in ends.take_while(|end| end.at < until) {
                let Some(child) = end.child.filter(|child| child.whole() != carrier) else { continue };
                let own = match &meant {
                    Some(known) => known,
                    None => meant.insert(self.meant(unit)?),
                };
                if self.meant(child)?.iter().any(|other| own.contains(other)) {
                    until = end.at;
                    break;
                }
            }
            cycles.push(Cycle { carrier, position, unit, from: point.at, until });
        }
        cycles.sort_by_key(|cycle| (cycle.from, cycle.position, cycle.unit));
        Ok(cycles)
    }

    /// The units that an identity means which is not a carrier's: the boards of a panel.
    fn meant(&self, id: Id) -> Result<Vec<Id>> {
        if self.is_carrier(id.whole())? {
            Ok(vec![id])
        } else if self.has_boards(id)? {
            Ok(self.boards(id)?.into_iter().collect())
        } else {
            self.keys(id, None)
        }
    }

    /// The units that lay on a carrier in a cycle, at a time in it.
    pub(super) fn units_on(&self, cycle: &Cycle, at: Option<Time>) -> Result<Vec<Id>> {
        if self.has_boards(cycle.unit)? {
            return Ok(self.boards(cycle.unit)?.into_iter().collect());
        }
        self.keys(cycle.unit, at)
    }

    /// Whether the name is one of a reusable carrier: units were put on it or taken off it, or different units with homes elsewhere lay at one position.
    pub(super) fn is_carrier(&self, whole: Id) -> Result<bool> {
        self.memo(
            |memo| &mut memo.carriers,
            whole,
            || {
                let carrying = || Ok(!self.snapshot.reader.carrying(&[whole])?.is_empty());
                if self.memo(|memo| &mut memo.carrying, whole, carrying)? {
                    return Ok(true);
                }
                let mut at_position: BTreeMap<u32, BTreeSet<Id>> = BTreeMap::new();
                for (position, thing, _) in self.named_on(whole)?.iter() {
                    if thing.whole() != whole {
                        at_position.entry(*position).or_default().insert(*thing);
                    }
                }
                for things in at_position.values().filter(|things| things.len() > 1) {
                    let mut elsewhere = 0;
                    for thing in things {
                        let homes = self.places_of_name(*thing)?;
                        elsewhere += usize::from(
                            homes.iter().any(|(scope, ..)| *scope != whole && scope.whole() != thing.whole()),
                        );
                    }
                    if elsewhere > 1 {
                        return Ok(true);
                    }
                }
                Ok(false)
            },
        )
    }

    /// Identities that are one with this one by writing alone: `I/1` and `I`, unless `I` holds several units.
    fn spellings(&self, id: Id) -> Result<Vec<Id>> {
        let whole = id.whole();
        let mentioned = self.mentioned(whole)?;
        let mut positions = mentioned.iter().filter(|id| id.position() > 0);
        let (first, second) = (positions.next(), positions.next());
        Ok(match first {
            Some(first) if second.is_none() && self.named_on(whole)?.is_empty() && !self.is_carrier(whole)? => {
                vec![whole, *first]
            }
            _ => vec![id],
        })
    }

    /// Where a unit with a name of its own is at home: positions on panels, not on carriers.
    fn homes(&self, id: Id) -> Result<Rc<BTreeSet<Id>>> {
        self.memo(
            |memo| &mut memo.homes,
            id,
            || {
                let mut homes = BTreeSet::new();
                for spelling in self.spellings(id)? {
                    for (scope, position, _) in self.places_of_name(spelling)?.iter() {
                        let home = if *position == 0 { None } else { scope.at(*position) };
                        if let Some(home) = home.filter(|home| home.whole() != spelling.whole())
                            && !self.is_carrier(*scope)?
                        {
                            homes.insert(home);
                        }
                    }
                }
                Ok(Rc::new(homes))
            },
        )
    }

    /// The units that an identity means, whenever it was said: one, unless the name was given twice. An identity of a carrier's position means
    /// whatever lay there; without a time that is all of them.
    pub(super) fn keys(&self, id: Id, at: Option<Time>) -> Result<Vec<Id>> {
        // When it was said matters on a carrier only.
        let at = if id.position() > 0 && self.is_carrier(id.whole())? { at } else { None };
        self.memo(|memo| &mut memo.keys, (id, at), || self.find_keys(id, at, 0))
    }

    fn find_keys(&self, id: Id, at: Option<Time>, depth: usize) -> Result<Vec<Id>> {
        if id.position() > 0 && self.is_carrier(id.whole())? {
            let mut keys = BTreeSet::new();
            let cycles = match at {
                Some(at) => self.cycles_in(id.whole(), at, at)?,
                None => self.cycles(id.whole())?,
            };
            for cycle in cycles {
                let then = at.is_none_or(|at| cycle.from <= at && at < cycle.until);
                // A cycle may name what it carries by the carrier's own position: that is nobody's name.
                if then && cycle.position == id.position() && cycle.unit.whole() != id.whole() && depth < 8 {
                    if self.has_boards(cycle.unit)? {
                        keys.extend(self.boards(cycle.unit)?);
                    } else {
                        keys.extend(self.find_keys(cycle.unit, at, depth + 1)?);
                    }
                }
            }
            return Ok(keys.into_iter().collect());
        }
        let homes = self.homes(id)?;
        if !homes.is_empty() {
            return Ok(homes.iter().copied().collect());
        }
        let spellings = self.spellings(id)?;
        Ok(vec![spellings[0]])
    }

    /// All that messages call some units, looked up together with what these, and the assemblies that they are in, came into and left.
    pub(super) fn gather_classes(&self, units: &[Id]) -> Result<Vec<Rc<UnitClass>>> {
        let classes = self.gather_level(units)?;
        let mut level = classes.clone();
        let mut seen: BTreeSet<Id> = units.iter().copied().collect();
        while !level.is_empty() {
            let mut assemblies: BTreeSet<Id> = BTreeSet::new();
            for id in level.iter().flat_map(|class| self.lasting_ids(class)) {
                let moves = self.moves_of(id)?;
                let assembled = moves.iter().filter(|within| within.on && within.belonging == Belonging::Assembled);
                assemblies.extend(assembled.map(|within| within.parent));
            }
            self.gather_names(&assemblies.iter().map(|assembly| assembly.whole()).collect())?;
            let mut above = Vec::new();
            for assembly in assemblies {
                above.extend(self.keys(assembly, None)?.into_iter().filter(|key| seen.insert(*key)));
            }
            level = self.gather_level(&above)?;
        }
        Ok(classes)
    }

    fn gather_level(&self, units: &[Id]) -> Result<Vec<Rc<UnitClass>>> {
        let unknown = self.not_kept(|memo| &mut memo.classes, units.iter().copied());
        if !unknown.is_empty() {
            self.gather_names(&unknown.iter().map(|unit| unit.whole()).collect())?;
        }
        let classes = units.iter().map(|unit| self.class(*unit)).collect::<Result<Vec<_>>>()?;
        self.gather_moves(classes.iter().flat_map(|class| self.lasting_ids(class)).collect())?;
        Ok(classes)
    }

    /// All that messages call a unit.
    pub(super) fn class(&self, key: Id) -> Result<Rc<UnitClass>> {
        self.memo(
            |memo| &mut memo.classes,
            key,
            || {
                let always =
                    |id: Id, shared: bool| Alias { id, from: Time::MIN, until: Time::MAX, shared, by_whole: false };
                let mut aliases: BTreeSet<Alias> =
                    self.spellings(key)?.into_iter().map(|id| always(id, false)).collect();
                if key.position() > 0 {
                    for (position, thing, _) in self.named_on(key.whole())?.iter() {
                        if *position == key.position() && *thing != key {
                            let shared = self.homes(*thing)?.len() > 1;
                            aliases.extend(self.spellings(*thing)?.into_iter().map(|id| always(id, shared)));
                        }
                    }
                }
                let mut own: Vec<Alias> = aliases.iter().copied().collect();
                // Where its panel lies, it lies.
                if key.position() > 0 {
                    own.push(always(key.whole(), false));
                }
                for alias in own {
                    for point in self.moves_of(alias.id)?.iter() {
                        if point.belonging != Belonging::Carried || !point.on {
                            continue;
                        }
                        let then = self.cycles_in(point.parent, point.at, point.at)?;
                        for cycle in then.iter().filter(|cycle| cycle.unit == alias.id && cycle.from == point.at) {
                            let beside = self.cycles_in(point.parent, cycle.from, cycle.until)?;
                            aliases.extend(self.aliases_of_cycle(key, cycle, &beside, alias.shared)?);
                        }
                    }
                }
                Ok(Rc::new(UnitClass { key, aliases: aliases.into_iter().collect() }))
            },
        )
    }

    /// A carrier's position as a name of what lies there; shared while something else is said to lie there too.
    fn aliases_of_cycle(&self, key: Id, cycle: &Cycle, cycles: &[Cycle], shared: bool) -> Result<Vec<Alias>> {
        let id = cycle.carrier.at(cycle.position).unwrap_or(cycle.carrier);
        let by_whole = key.position() > 0 && cycle.unit == key.whole();
        let mut rivals: Vec<(Time, Time)> = Vec::new();
        for other in cycles {
            let meets = other.from < cycle.until && cycle.from < other.until;
            if other.position == cycle.position && meets {
                let units = self.units_on(other, None)?;
                // A name of several units leaves open which of them lay there.
                let several = units.len() > 1 && !self.has_boards(other.unit)?;
                if several || !units.contains(&key) {
                    rivals.push((other.from, other.until));
                }
            }
        }
        let mut edges: BTreeSet<Time> = BTreeSet::from([cycle.from, cycle.until]);
        edges.extend(rivals.iter().flat_map(|rival| [rival.0, rival.1]));
        let edges: Vec<Time> = edges.into_iter().filter(|at| cycle.from <= *at && *at <= cycle.until).collect();
        let spans = edges.windows(2).map(|span| {
            let contested = rivals.iter().any(|rival| rival.0 <= span[0] && span[0] < rival.1);
            Alias { id, from: span[0], until: span[1], shared: shared || contested, by_whole }
        });
        Ok(spans.collect())
    }

    /// All names of a unit, its key first.
    pub(super) fn names(&self, class: &UnitClass) -> Result<Vec<String>> {
        let mut names = vec![self.key_text(class.key)?];
        for alias in class.aliases.iter().filter(|alias| alias.from == Time::MIN) {
            let text = self.key_text(alias.id)?;
            if !names.contains(&text) {
                names.push(text);
            }
        }
        Ok(names)
    }

    /// What a text means. A kind before a colon narrows it; without one all kinds are looked through.
    pub(super) fn resolve(&self, text: &str) -> Result<Vec<(Kind, Id)>> {
        let text = text.trim();
        let reader = self.snapshot.reader;
        let (kind, key) = match text.parse::<Name>() {
            Ok(name) => (Some(name.kind), name.key.to_string()),
            Err(_) => (None, text.to_owned()),
        };
        let mut found: Vec<(Kind, Id)> = Vec::new();
        let wanted = |of: Kind| kind.map_or(of != Kind::Place, |kind| kind == of);
        found.extend(reader.things_called(&key)?.into_iter().filter(|(of, _)| wanted(*of)));
        if wanted(Kind::Unit)
            && let Some((whole, position)) =
                key.rsplit_once('/').and_then(|(whole, position)| Some((whole, position.parse().ok()?)))
            && let Some(whole) = reader.thing(Kind::Unit, whole)?
        {
            let unit = whole.at(position).filter(|_| position > 0);
            let mut seen = self.mentioned(whole)?.to_vec();
            seen.extend(self.cycles(whole)?.iter().filter_map(|cycle| whole.at(cycle.position)));
            seen.extend(self.named_on(whole)?.iter().filter_map(|(position, ..)| whole.at(*position)));
            found.extend(unit.filter(|unit| seen.contains(unit)).map(|unit| (Kind::Unit, unit)));
        }
        let exact = !found.is_empty();
        // A bare lot code means that lot of every maker, a program without revision all its revisions.
        let plural = |of: Kind| matches!(of, Kind::Lot | Kind::Program | Kind::Product | Kind::Tool);
        found.extend(reader.aliases(&key)?.into_iter().filter(|(of, _)| wanted(*of) && (plural(*of) || !exact)));
        if wanted(Kind::Person) {
            for pseudonym in (self.snapshot.pseudonyms)(&key) {
                found.extend(reader.thing(Kind::Person, &pseudonym)?.map(|id| (Kind::Person, id)));
            }
        }
        found.sort_unstable();
        found.dedup();
        if found.is_empty() { Err(QuestionError::Unknown(text.to_owned())) } else { Ok(found) }
    }

    /// Things of one kind that a text means; an error when it could be of several kinds.
    pub(super) fn resolve_one_kind(&self, text: &str) -> Result<(Kind, Vec<Id>)> {
        let found = self.resolve(text)?;
        let kinds: BTreeSet<Kind> = found.iter().map(|(kind, _)| *kind).collect();
        // A carrier that messages also use as primary identifier is both a carrier and a name for what lies on it.
        if kinds.len() > 1 {
            let candidates = found.iter().map(|(_, id)| self.thing_text(*id)).collect::<Result<_>>()?;
            return Err(QuestionError::Ambiguous { text: text.to_owned(), candidates });
        }
        Ok((found[0].0, found.into_iter().map(|(_, id)| id).collect()))
    }
}
