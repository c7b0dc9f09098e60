//! Stations: how people call them, what was mounted there when.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use kernel::event::Discipline;
use kernel::id::Id;
use kernel::mount::{Stay, stays};
use kernel::project::HOUR;
use kernel::row::{MountChange, MountPoint, Profile};
use kernel::thing::Kind;
use kernel::time::Time;
use store::Mounted;

use super::Result;
use super::desk::Desk;

/// Windows for which stays are kept begin and end at multiples of this.
const STEP: i64 = 4 * HOUR;

/// Kinds of things that are mounted.
pub(super) const MOUNTED: [Kind; 5] = [Kind::Package, Kind::Carrier, Kind::Tool, Kind::Person, Kind::Program];

impl Desk<'_> {
    pub(super) fn profile(&self, station: Id) -> Result<Option<Rc<Profile>>> {
        self.memo(
            |memo| &mut memo.profiles,
            station,
            || Ok(self.snapshot.reader.profiles(station)?.pop().map(|(_, profile)| Rc::new(profile))),
        )
    }

    /// Whether a station names the very package that a component came from, even in a splice chain.
    pub(super) fn reports_exactly(&self, station: Id) -> Result<bool> {
        Ok(self.profile(station)?.is_some_and(|profile| profile.chain == "exact"))
    }

    /// Name of a station as people know it.
    pub(super) fn station_text(&self, station: Id) -> Result<String> {
        let profiled = self.profile(station)?.map(|profile| profile.station.clone()).filter(|name| !name.is_empty());
        profiled.map_or_else(|| self.key_text(station), Ok)
    }

    /// Name of a place on its station.
    pub(super) fn place_text(&self, place: Id) -> Result<String> {
        let key = self.key_text(place)?;
        let mut parts = key.rsplitn(3, '|');
        let (last, label) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Ok(match label {
            "tool" | "program" | "" => last.to_owned(),
            label => label.to_owned(),
        })
    }

    /// Stays of things of a kind at a station that may meet a closed window (and others).
    pub(super) fn stays_at(&self, station: Id, kind: Kind, from: Time, until: Time) -> Result<Rc<Vec<Stay>>> {
        let (from, until) = widened(from, until, STEP);
        self.memo(
            |memo| &mut memo.stays_in,
            (station, kind, from, until),
            || match self.points_in(station, kind, None, from, until)? {
                None => self.all_stays_at(station, kind),
                Some(points) => {
                    let mut found = self.stays_of_points(&points)?;
                    found.retain(|stay| stay.station == station && stay.kind == kind);
                    Ok(Rc::new(found))
                }
            },
        )
    }

    /// All stays of things of a kind at a station, ever.
    pub(super) fn all_stays_at(&self, station: Id, kind: Kind) -> Result<Rc<Vec<Stay>>> {
        self.memo(
            |memo| &mut memo.stays,
            (station, kind),
            || {
                let points = match kind {
                    Kind::Package | Kind::Carrier => self.points_of_packages(station)?,
                    Kind::Tool => self.points_of_tools(station)?,
                    // They are in many places at once: elsewhere does not matter.
                    kind => self.snapshot.reader.mounts_at(station, Some(kind))?,
                };
                let mut found = self.stays_of_points(&points)?;
                found.retain(|stay| stay.station == station && stay.kind == kind);
                Ok(Rc::new(found))
            },
        )
    }

    /// Points from which the stays at a station (at one of its places, or all) in a closed window follow. `None` when that takes all its points.
    fn points_in(
        &self,
        station: Id,
        kind: Kind,
        place: Option<Option<Id>>,
        from: Time,
        until: Time,
    ) -> Result<Option<Vec<MountPoint>>> {
        let reader = self.snapshot.reader;
        if !self.is_steady(station)? || kind == Kind::Carrier {
            return Ok(None);
        }
        let mut mounted = reader.mounted(station, kind, from, until)?;
        mounted.retain(|mounted| place.is_none_or(|place| mounted.place == place));
        if matches!(kind, Kind::Person | Kind::Program) {
            return Ok(Some(mounted.iter().flat_map(|mounted| ends_of(station, kind, mounted)).collect()));
        }
        let mut things: BTreeSet<Id> = mounted.iter().map(|mounted| mounted.thing).collect();
        let mut points: Vec<MountPoint> = Vec::new();
        if kind == Kind::Package {
            // What came to a place since the first that is there bears on it; where things mix, since it was cleaned out.
            let mut since: BTreeMap<Option<Id>, Time> = BTreeMap::new();
            for mounted in &mounted {
                let first = since.entry(mounted.place).or_insert(mounted.at);
                *first = (*first).min(mounted.at);
            }
            for mixed in self.mixed_places(station)?.iter().filter(|mixed| place.is_none_or(|place| **mixed == place)) {
                let first = reader.cleaned_before(station, *mixed, from)?.unwrap_or(Time::MIN);
                let known = since.entry(*mixed).or_insert(first);
                *known = (*known).min(first);
            }
            for (place, first) in since {
                let here = reader.mounts_at_place(station, place, first, until)?;
                things.extend(
                    here.iter().filter(|point| point.change == MountChange::On).filter_map(|point| point.thing),
                );
                points.extend(here);
            }
        }
        for thing in things {
            // Packages are used up; a tool comes and goes for years.
            match kind {
                Kind::Tool => points.extend(reader.mounts_around(thing, from, until)?),
                _ => points.extend(self.points_of(thing)?.iter().cloned()),
            }
        }
        let carriers: BTreeSet<Id> = points.iter().flat_map(|point| point.carriers.iter().copied()).collect();
        for carrier in carriers {
            if self.is_wandering(carrier)? {
                return Ok(None);
            }
        }
        let clear = points.iter().all(|point| point.margin == 0);
        Ok(clear.then_some(points))
    }

    /// Points of a thing, and the clean-outs that ended its stays.
    fn points_of(&self, thing: Id) -> Result<Rc<Vec<MountPoint>>> {
        self.memo(
            |memo| &mut memo.points_of,
            thing,
            || {
                let reader = self.snapshot.reader;
                let mut points = reader.mounts_of(thing)?;
                let own: BTreeSet<(Time, Option<Id>)> = points
                    .iter()
                    .filter(|point| point.change != MountChange::On)
                    .map(|point| (point.at, point.place))
                    .collect();
                for (station, coming) in reader.comings_of(thing)? {
                    // An end of its own there tells as much.
                    let ended = |place: Option<Id>| own.contains(&(coming.until, place));
                    if coming.until < Time::MAX && !ended(None) && !ended(coming.place) {
                        let then = reader.mounts_at_place(station, coming.place, coming.until, coming.until)?;
                        points.extend(then.into_iter().filter(|point| point.change == MountChange::Cleaned));
                    }
                }
                Ok(Rc::new(points))
            },
        )
    }

    fn is_steady(&self, station: Id) -> Result<bool> {
        self.memo(|memo| &mut memo.steady, station, || Ok(self.snapshot.reader.is_steady(station)?))
    }

    fn is_wandering(&self, carrier: Id) -> Result<bool> {
        self.memo(|memo| &mut memo.wandering, carrier, || Ok(self.snapshot.reader.is_wandering(carrier)?))
    }

    /// Places of a station where what is mounted mixes.
    fn mixed_places(&self, station: Id) -> Result<Rc<Vec<Option<Id>>>> {
        self.memo(
            |memo| &mut memo.mixed_places,
            station,
            || {
                let mixes = |profile: Rc<Profile>| profile.places.values().any(|given| *given == Discipline::Mix);
                let mut mixed = Vec::new();
                if self.profile(station)?.is_some_and(mixes) {
                    for place in self.snapshot.reader.places_at(station)? {
                        if self.discipline(station, place)? == Discipline::Mix {
                            mixed.push(place);
                        }
                    }
                }
                Ok(Rc::new(mixed))
            },
        )
    }

    fn points_of_tools(&self, station: Id) -> Result<Vec<MountPoint>> {
        let here = self.snapshot.reader.mounts_at(station, Some(Kind::Tool))?;
        let mut points = Vec::new();
        for tool in here.iter().filter_map(|point| point.thing).collect::<BTreeSet<Id>>() {
            points.extend(self.snapshot.reader.mounts_of(tool)?);
        }
        Ok(points)
    }

    /// Points of the packages that were at a station, of what they lay in, and of the places there.
    fn points_of_packages(&self, station: Id) -> Result<Vec<MountPoint>> {
        let reader = self.snapshot.reader;
        let mut points = Vec::new();
        for kind in [Some(Kind::Package), Some(Kind::Carrier), None] {
            points.extend(reader.mounts_at(station, kind)?);
        }
        let mut things: BTreeSet<Id> = BTreeSet::new();
        let mut carriers: BTreeSet<Id> = BTreeSet::new();
        for point in points.iter().filter(|point| point.change == MountChange::On) {
            things.extend(point.thing);
            carriers.extend(&point.carriers);
            if point.kind == Some(Kind::Carrier) {
                carriers.extend(point.thing);
            }
        }
        // What lies in the feeders that ride on a trolley is where the trolley is.
        let mut frontier: Vec<Id> = carriers.iter().copied().collect();
        while let Some(carrier) = frontier.pop() {
            for thing in reader.carried_by(carrier)? {
                things.insert(thing);
                for point in reader.mounts_of(thing)? {
                    let riding = point.carriers.iter().position(|other| *other == carrier).unwrap_or(0);
                    let itself = point.thing.filter(|_| point.kind == Some(Kind::Carrier));
                    for inner in point.carriers[..riding].iter().copied().chain(itself) {
                        if carriers.insert(inner) {
                            frontier.push(inner);
                        }
                    }
                }
            }
        }
        let mut seen: BTreeSet<Id> = things.union(&carriers).copied().collect();
        let mut elsewhere: Vec<MountPoint> = Vec::new();
        for thing in &seen {
            elsewhere.extend(reader.mounts_of(*thing)?);
        }
        // Whether they were still elsewhere follows from what they lay in there, and from what that rode on.
        let mut outer: Vec<Id> = elsewhere.iter().flat_map(|point| point.carriers.iter().copied()).collect();
        while let Some(carrier) = outer.pop() {
            if !seen.insert(carrier) {
                continue;
            }
            let mut told = reader.mounts_of(carrier)?;
            if self.is_wandering(carrier)? {
                // What a feeder rides on may stand in another reel's message only.
                for other in reader.carried_by(carrier)? {
                    let rides = |point: &MountPoint| {
                        point.carriers.contains(&carrier) && point.carriers.last() != Some(&carrier)
                    };
                    told.extend(reader.mounts_of(other)?.into_iter().filter(rides));
                }
            }
            outer.extend(told.iter().flat_map(|point| point.carriers.iter().copied()));
            elsewhere.extend(told);
        }
        points.extend(elsewhere);
        Ok(points)
    }

    /// How a place treats what is mounted on it.
    fn discipline(&self, station: Id, place: Option<Id>) -> Result<Discipline> {
        let Some(profile) = self.profile(station)? else { return Ok(Discipline::default()) };
        let label = place.map(|place| self.place_text(place)).transpose()?.unwrap_or_default();
        Ok(profile.places.get(&label).or_else(|| profile.places.get("*")).copied().unwrap_or_default())
    }

    pub(super) fn stays_of_points(&self, points: &[MountPoint]) -> Result<Vec<Stay>> {
        let mut disciplines: HashMap<(Option<Id>, Id), Discipline> = HashMap::new();
        for point in points {
            let key = (point.place, point.station);
            if let std::collections::hash_map::Entry::Vacant(entry) = disciplines.entry(key) {
                entry.insert(self.discipline(point.station, point.place)?);
            }
        }
        Ok(stays(points, &|kind, place, station| match kind {
            Kind::Program => Discipline::Single,
            Kind::Person | Kind::Tool => Discipline::Crowd,
            _ => disciplines.get(&(place, station)).copied().unwrap_or_default(),
        }))
    }

    /// Stays of one thing, wherever it was, by begin.
    pub(super) fn stays_of(&self, thing: Id) -> Result<Rc<Vec<Stay>>> {
        self.memo(|memo| &mut memo.stays_of, thing, || Ok(Rc::new(self.find_stays_of(thing)?)))
    }

    fn find_stays_of(&self, thing: Id) -> Result<Vec<Stay>> {
        let kind = self.name(thing)?.map_or(Kind::Package, |name| name.kind);
        let mut found = match self.points_around(thing, kind)? {
            Some(points) => self.stays_of_points(&points)?,
            None => {
                let mut all = Vec::new();
                for station in self.stations_of(thing)? {
                    all.extend(self.all_stays_at(station, kind)?.iter().cloned());
                }
                all
            }
        };
        found.retain(|stay| stay.thing == thing);
        found.sort_by_key(|stay| (stay.from, stay.until));
        Ok(found)
    }

    /// Points from which the stays of a thing follow. `None` when that takes all points of the stations where it was.
    fn points_around(&self, thing: Id, kind: Kind) -> Result<Option<Vec<MountPoint>>> {
        if matches!(kind, Kind::Person | Kind::Program) {
            let mut points = Vec::new();
            for (station, coming) in self.snapshot.reader.comings_of(thing)? {
                if !self.is_steady(station)? {
                    return Ok(None);
                }
                points.extend(ends_of(station, kind, &coming));
            }
            return Ok(Some(points));
        }
        let mut points = self.points_of(thing)?.to_vec();
        for (station, coming) in self.snapshot.reader.comings_of(thing)? {
            let mixes = kind == Kind::Package && self.discipline(station, coming.place)? == Discipline::Mix;
            let until = if mixes { Time::MAX } else { coming.until };
            let Some(around) = self.points_in(station, kind, Some(coming.place), coming.at, until)? else {
                return Ok(None);
            };
            points.extend(around);
        }
        for point in &points {
            let itself = point.thing.filter(|_| point.kind == Some(Kind::Carrier));
            for carrier in point.carriers.iter().copied().chain(itself) {
                if self.is_wandering(carrier)? {
                    return Ok(None);
                }
            }
        }
        Ok(points.iter().all(|point| point.margin == 0).then_some(points))
    }

    /// Stations where a thing was mounted, or a carrier that it lay in.
    fn stations_of(&self, thing: Id) -> Result<BTreeSet<Id>> {
        let points = self.snapshot.reader.mounts_of(thing)?;
        let mut stations: BTreeSet<Id> =
            points.iter().filter(|point| point.change == MountChange::On).map(|point| point.station).collect();
        let mut carriers: BTreeSet<Id> = points.iter().flat_map(|point| point.carriers.iter().copied()).collect();
        let mut frontier: Vec<Id> = carriers.iter().copied().collect();
        while let Some(carrier) = frontier.pop() {
            let mut outer: BTreeSet<Id> = BTreeSet::new();
            // What a feeder rides on may stand in another reel's message only.
            for other in self.snapshot.reader.carried_by(carrier)? {
                for point in self.snapshot.reader.mounts_of(other)? {
                    let riding = point.carriers.iter().position(|known| *known == carrier);
                    outer.extend(riding.into_iter().flat_map(|nth| &point.carriers[nth..]));
                }
            }
            for point in self.snapshot.reader.mounts_of(carrier)? {
                stations.insert(point.station);
                outer.extend(point.carriers);
            }
            frontier.extend(outer.into_iter().filter(|carrier| carriers.insert(*carrier)));
        }
        Ok(stations)
    }
}

/// Windows are asked for again and again that lie close together: those shorter than a step are widened to full steps, of which there are few.
pub(super) fn widened(from: Time, until: Time, step: i64) -> (Time, Time) {
    let full = |time: Time, more: i64| Time((time.0.div_euclid(step) + more).saturating_mul(step));
    if until.0.saturating_sub(from.0) > step { (from, until) } else { (full(from, 0), full(until, 1)) }
}

/// A coming and its end, of things whose end follows from their own points and from what comes after them.
fn ends_of(station: Id, kind: Kind, mounted: &Mounted) -> impl Iterator<Item = MountPoint> {
    let point = |at: Time, change: MountChange| MountPoint {
        at,
        change,
        thing: Some(mounted.thing),
        kind: Some(kind),
        station,
        place: mounted.place,
        carriers: Vec::new(),
        margin: 0,
    };
    let end = (mounted.until < Time::MAX).then(|| point(mounted.until, MountChange::Off));
    [point(mounted.at, MountChange::On)].into_iter().chain(end)
}
