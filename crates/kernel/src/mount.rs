//! Mounts: from points in time to stays.
//!
//! Machines say when a thing came and when it left, late and not always. A stay is what follows from the points: from when until when a thing was at
//! a place, and in which intervals of that it is doubtful. Things ride on things: a reel on a feeder on a trolley is where the trolley is.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::Discipline;
use crate::id::Id;
use crate::row::{MountChange, MountPoint};
use crate::thing::Kind;
use crate::time::Time;

/// A thing was at a place: half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// The thing.
    pub thing: Id,
    /// Its kind.
    pub kind: Kind,
    /// The station.
    pub station: Id,
    /// The place; `None`: the station itself.
    pub place: Option<Id>,
    /// Since when.
    pub from: Time,
    /// Until when; [`Time::MAX`] when it is not known to have ended.
    pub until: Time,
    /// When it is doubtful that it is there.
    pub doubts: Vec<(Time, Time)>,
    /// How far its edges may be off, microseconds.
    pub margin: i64,
    /// When it was seen to come again without having left.
    pub again: Vec<Time>,
}

impl Stay {
    /// Whether the thing was, or may have been, there at some time of a closed window.
    #[must_use]
    pub fn meets(&self, from: Time, until: Time) -> bool {
        self.from.plus(-self.margin) <= until && self.until.plus(self.margin) > from
    }

    /// Whether it was certainly there at some time of a closed window that it meets.
    #[must_use]
    pub fn is_certain(&self, from: Time, until: Time) -> bool {
        let edges = self.from.plus(self.margin) <= until && self.until.plus(-self.margin) > from;
        edges && !self.doubts.iter().any(|(begin, end)| *begin <= until && *end > from)
    }

    /// Whether it was there during the whole window.
    #[must_use]
    pub fn covers(&self, from: Time, until: Time) -> bool {
        self.from.plus(self.margin) <= from && self.until.plus(-self.margin) > until
    }
}

/// The stays that follow from points: all points of the things in question, of the carriers that they lay in, and clean-outs of the places. `discipline`
/// tells how a place treats what is mounted on it.
#[must_use]
pub fn stays(points: &[MountPoint], discipline: &dyn Fn(Kind, Option<Id>, Id) -> Discipline) -> Vec<Stay> {
    let mut sorted: Vec<&MountPoint> = points.iter().collect();
    // At equal times ends come first: an interval is half-open.
    sorted.sort();
    sorted.dedup();
    let carried = riders(&sorted);
    let things: BTreeSet<Id> = sorted.iter().filter_map(|point| point.thing).collect();
    let mut stays: Vec<Stay> = things.iter().flat_map(|thing| timeline(*thing, &sorted, &carried)).collect();
    share_places(&mut stays, &sorted, discipline);
    stays
}

/// Carriers whose points concern a thing: those that it ever lay in, and those that they ever rode on.
fn riders(points: &[&MountPoint]) -> BTreeMap<Id, BTreeSet<Id>> {
    let mut carried: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    for point in points {
        if let Some(thing) = point.thing {
            carried.entry(thing).or_default().extend(&point.carriers);
        }
    }
    let direct = carried.clone();
    for carriers in carried.values_mut() {
        for carrier in carriers.clone() {
            carriers.extend(direct.get(&carrier).into_iter().flatten());
        }
    }
    carried
}

fn timeline(thing: Id, points: &[&MountPoint], carried: &BTreeMap<Id, BTreeSet<Id>>) -> Vec<Stay> {
    let carriers = carried.get(&thing).cloned().unwrap_or_default();
    let mut done: Vec<Stay> = Vec::new();
    let mut open: Vec<(Stay, Vec<Id>)> = Vec::new();
    // What the thing lies in now, innermost first, by its own points and its carriers'.
    let mut inside: Vec<Id> = Vec::new();
    let mut outer: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
    let mut kind = Kind::Package;
    for point in points {
        let own = point.thing == Some(thing);
        let by_carrier = point.thing.filter(|carrier| !own && carriers.contains(carrier));
        if point.change == MountChange::Cleaned {
            leave(&mut open, &mut done, point, |stay, _| (stay.station, stay.place) == (point.station, point.place));
        }
        if !own && by_carrier.is_none() {
            continue;
        }
        if own {
            kind = point.kind.unwrap_or(kind);
        }
        let chain = |inside: &[Id], outer: &BTreeMap<Id, Vec<Id>>| -> Vec<Id> {
            let mut chain = inside.to_vec();
            for carrier in inside {
                chain.extend(outer.get(carrier).into_iter().flatten());
            }
            chain
        };
        match (point.change, by_carrier) {
            (MountChange::On, None) => {
                if !point.carriers.is_empty() || inside.is_empty() {
                    inside.clone_from(&point.carriers);
                } else if !open.iter().any(|(stay, _)| stay.place == point.place) {
                    inside.clear();
                }
                come(&mut open, Stay::begin(thing, kind, point), chain(&inside, &outer));
            }
            (MountChange::On, Some(carrier)) => {
                outer.insert(carrier, point.carriers.clone());
                if chain(&inside, &outer).contains(&carrier) && point.place.is_some() {
                    come(&mut open, Stay::begin(thing, kind, point), chain(&inside, &outer));
                }
            }
            (MountChange::Off | MountChange::Depleted, None) => {
                leave(&mut open, &mut done, point, |stay, _| point.place.is_none_or(|place| stay.place == Some(place)));
                if open.is_empty() {
                    inside.clear();
                }
            }
            (MountChange::Off | MountChange::Depleted, Some(carrier)) => {
                leave(&mut open, &mut done, point, |_, chain| chain.contains(&carrier));
                outer.remove(&carrier);
            }
            (MountChange::Cleaned, _) => {}
        }
    }
    done.extend(open.into_iter().map(|(stay, _)| stay));
    done
}

impl Stay {
    fn begin(thing: Id, kind: Kind, point: &MountPoint) -> Stay {
        Stay {
            thing,
            kind,
            station: point.station,
            place: point.place,
            from: point.at,
            until: Time::MAX,
            doubts: Vec::new(),
            margin: point.margin,
            again: Vec::new(),
        }
    }

    fn end(&mut self, at: Time) {
        self.until = self.until.min(at);
        for doubt in &mut self.doubts {
            doubt.1 = doubt.1.min(self.until);
        }
        self.doubts.retain(|(from, until)| from < until);
    }
}

/// A thing comes to a place. Where it was before, and not taken off, it may still be; and it may not be here yet.
fn come(open: &mut Vec<(Stay, Vec<Id>)>, mut stay: Stay, chain: Vec<Id>) {
    let here = open.iter_mut().find(|(known, _)| known.station == stay.station && known.place == stay.place);
    if let Some((known, known_chain)) = here {
        *known_chain = chain;
        known.again.push(stay.from);
        return;
    }
    // People and programs are in many places at once.
    if !matches!(stay.kind, Kind::Person | Kind::Program) {
        for (earlier, _) in open.iter_mut() {
            earlier.doubts.push((stay.from, Time::MAX));
            stay.doubts = vec![(stay.from, Time::MAX)];
        }
    }
    open.push((stay, chain));
}

fn leave(
    open: &mut Vec<(Stay, Vec<Id>)>,
    done: &mut Vec<Stay>,
    point: &MountPoint,
    concerns: impl Fn(&Stay, &[Id]) -> bool,
) {
    let (left, mut kept): (Vec<_>, Vec<_>) = std::mem::take(open).into_iter().partition(|(stay, chain)| {
        // A station ends the presence of people, tools and programs on itself only.
        let here = !matches!(stay.kind, Kind::Person | Kind::Program | Kind::Tool) || stay.station == point.station;
        here && concerns(stay, chain)
    });
    for (mut stay, _) in left {
        stay.end(point.at);
        stay.margin = stay.margin.max(point.margin);
        done.push(stay);
    }
    // With one place left, nothing is doubtful about it any more.
    if let [(stay, _)] = kept.as_mut_slice() {
        for doubt in &mut stay.doubts {
            doubt.1 = doubt.1.min(point.at);
        }
    }
    *open = kept;
}

/// What things at one place do to each other.
fn share_places(
    stays: &mut Vec<Stay>,
    points: &[&MountPoint],
    discipline: &dyn Fn(Kind, Option<Id>, Id) -> Discipline,
) {
    let mut places: BTreeMap<(Id, Option<Id>, Kind), Vec<usize>> = BTreeMap::new();
    for (index, stay) in stays.iter().enumerate() {
        places.entry((stay.station, stay.place, stay.kind)).or_default().push(index);
    }
    for ((station, place, kind), mut here) in places {
        here.sort_by_key(|index| (stays[*index].from, stays[*index].thing));
        let cleaned: Vec<Time> = points
            .iter()
            .filter(|point| point.change == MountChange::Cleaned && point.station == station && point.place == place)
            .map(|point| point.at)
            .collect();
        let next_cleaning = |from: Time| cleaned.iter().copied().find(|at| *at > from).unwrap_or(Time::MAX);
        match discipline(kind, place, station) {
            Discipline::Crowd | Discipline::Chain => {
                for index in &here {
                    let end = next_cleaning(stays[*index].from);
                    stays[*index].end(end);
                }
            }
            Discipline::Single => single(stays, &here, &next_cleaning),
            Discipline::Mix => {
                for index in &here {
                    stays[*index].until = next_cleaning(stays[*index].from);
                }
                doubt_overlaps(stays, &here);
            }
            Discipline::Unknown => {
                for index in &here {
                    let end = next_cleaning(stays[*index].from);
                    stays[*index].end(end);
                }
                doubt_overlaps(stays, &here);
            }
        }
    }
    stays.retain(|stay| stay.from < stay.until);
}

/// At a place for one thing the next thing ends the last, and a thing that comes again begins anew.
fn single(stays: &mut Vec<Stay>, here: &[usize], next_cleaning: &dyn Fn(Time) -> Time) {
    let mut comings: Vec<(Time, Id)> = Vec::new();
    for index in here {
        let stay = &stays[*index];
        comings.push((stay.from, stay.thing));
        comings.extend(stay.again.iter().map(|at| (*at, stay.thing)));
    }
    for index in here {
        let whole = stays[*index].clone();
        let mut segments: Vec<Stay> = Vec::new();
        for from in std::iter::once(whole.from).chain(whole.again.iter().copied()) {
            if segments.last().is_some_and(|last| from < last.until) {
                continue;
            }
            let others = comings.iter().filter(|(at, thing)| *thing != whole.thing && *at >= from);
            let next = others.map(|(at, _)| *at).min().unwrap_or(Time::MAX);
            let mut segment = Stay { from, again: Vec::new(), ..whole.clone() };
            segment.end(next.min(next_cleaning(from)));
            segments.push(segment);
        }
        segments.retain(|segment| segment.from < segment.until);
        let mut segments = segments.into_iter();
        // An emptied stay is dropped by the caller.
        stays[*index] = segments.next().unwrap_or(Stay { until: whole.from, ..whole });
        stays.extend(segments);
    }
}

/// While several things are at one place, each of them is doubtful.
fn doubt_overlaps(stays: &mut [Stay], here: &[usize]) {
    let spans: Vec<(Id, Time, Time)> =
        here.iter().map(|index| (stays[*index].thing, stays[*index].from, stays[*index].until)).collect();
    for index in here {
        let (thing, from, until) = (stays[*index].thing, stays[*index].from, stays[*index].until);
        for (other, begin, end) in &spans {
            if *other != thing && *begin < until && *end > from {
                stays[*index].doubts.push((from.max(*begin), until.min(*end)));
            }
        }
    }
}
