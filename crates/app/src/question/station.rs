//! Stations: how people call them, what was mounted there when.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use kernel::event::Discipline;
use kernel::id::Id;
use kernel::mount::{Stay, stays};
use kernel::row::{MountChange, MountPoint, Profile};
use kernel::thing::Kind;

use super::Result;
use super::desk::Desk;

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

    /// All stays of things of a kind at a station.
    pub(super) fn stays_at(&self, station: Id, kind: Kind) -> Result<Rc<Vec<Stay>>> {
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

    /// All stays at a station, of whatever.
    pub(super) fn all_stays_at(&self, station: Id) -> Result<Vec<Stay>> {
        let mut all = Vec::new();
        for kind in [Kind::Package, Kind::Carrier, Kind::Tool, Kind::Person, Kind::Program] {
            all.extend(self.stays_at(station, kind)?.iter().cloned());
        }
        Ok(all)
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
        let mut elsewhere: Vec<MountPoint> = Vec::new();
        for thing in things.union(&carriers) {
            elsewhere.extend(reader.mounts_of(*thing)?);
        }
        carriers.extend(elsewhere.iter().flat_map(|point| &point.carriers));
        for carrier in carriers.difference(&things) {
            elsewhere.extend(reader.mounts_of(*carrier)?);
        }
        points.extend(elsewhere);
        Ok(points)
    }

    pub(super) fn stays_of_points(&self, points: &[MountPoint]) -> Result<Vec<Stay>> {
        let mut disciplines: HashMap<(Option<Id>, Id), Discipline> = HashMap::new();
        for point in points {
            let key = (point.place, point.station);
            if let std::collections::hash_map::Entry::Vacant(entry) = disciplines.entry(key) {
                let profile = self.profile(point.station)?;
                let label = point.place.map(|place| self.place_text(place)).transpose()?.unwrap_or_default();
                let given =
                    profile.as_ref().and_then(|profile| profile.places.get(&label).or_else(|| profile.places.get("*")));
                entry.insert(given.copied().unwrap_or_default());
            }
        }
        Ok(stays(points, &|kind, place, station| match kind {
            Kind::Program => Discipline::Single,
            Kind::Person | Kind::Tool => Discipline::Crowd,
            _ => disciplines.get(&(place, station)).copied().unwrap_or_default(),
        }))
    }

    /// Stays of one thing, wherever it was.
    pub(super) fn stays_of(&self, thing: Id) -> Result<Vec<Stay>> {
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
        let kind = points.iter().find_map(|point| point.kind).unwrap_or(Kind::Package);
        let mut found = Vec::new();
        for station in stations {
            found.extend(self.stays_at(station, kind)?.iter().filter(|stay| stay.thing == thing).cloned());
        }
        found.sort_by_key(|stay| (stay.from, stay.until));
        Ok(found)
    }
}
