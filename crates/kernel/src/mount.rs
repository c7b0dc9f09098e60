//! Mounts: from points in time to stays.
//!
//! Machines say when a thing came and when it left, late and not always. A stay is what follows from the points: from when until when a thing was at
//! a place, and in which intervals of that it is doubtful. Things ride on things: a reel on a feeder on a trolley is where the trolley is.
//!
//! Every coming is a claim of its own, even of a thing that is there already: what a later reel made doubtful, a set-up verified after that makes
//! good. Claims are ended and doubted each for itself; the stays are what they add up to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    let mut claims = Follower::default().follow(&sorted);
    share_places(&mut claims, &sorted, discipline);
    one_place_each(&mut claims);
    add_up(claims)
}

/// A thing was said to be at a place, from then on.
#[derive(Clone, Debug)]
struct Claim {
    thing: Id,
    kind: Kind,
    station: Id,
    place: Option<Id>,
    from: Time,
    /// Its own end, or its carrier's.
    off: Time,
    /// When the place was cleaned out.
    swept: Time,
    /// Its end when the place's discipline is heeded too.
    until: Time,
    doubts: Vec<(Time, Time)>,
    margin: i64,
    /// What it lay in.
    carriers: Vec<Id>,
}

impl Claim {
    fn ended(&self) -> Time {
        self.off.min(self.swept)
    }
}

/// Follows things through their points.
#[derive(Default)]
struct Follower {
    claims: Vec<Claim>,
    /// Claims of a thing that have not ended.
    open: HashMap<Id, Vec<usize>>,
    /// Packages' claims at a place that have not ended.
    at_place: HashMap<(Id, Option<Id>), Vec<usize>>,
    kinds: HashMap<Id, Kind>,
    /// What a thing was last said to lie in, and what that rides on.
    inside: HashMap<Id, BTreeSet<Id>>,
    /// What ever lay in a carrier, or on what rode on it.
    contents: HashMap<Id, BTreeSet<Id>>,
}

impl Follower {
    fn follow(mut self, points: &[&MountPoint]) -> Vec<Claim> {
        for now in points.chunk_by(|a, b| a.at == b.at) {
            let (coming, leaving): (Vec<&MountPoint>, Vec<&MountPoint>) =
                now.iter().copied().partition(|point| point.change == MountChange::On);
            self.leave(&leaving);
            self.come(&coming);
        }
        self.claims
    }

    /// Things that leave at one instant: those that are said to leave, then what lay in them.
    fn leave(&mut self, points: &[&MountPoint]) {
        for point in points {
            match point.thing {
                Some(thing) => self.end(point, &[thing], thing),
                // A place that was cleaned out is empty.
                None => {
                    for index in self.at_place.remove(&(point.station, point.place)).into_iter().flatten() {
                        let claim = &mut self.claims[index];
                        claim.swept = point.at;
                        claim.margin = claim.margin.max(point.margin);
                    }
                }
            }
        }
        // What still lies in something when that leaves at the same instant goes with it: nobody said that it was taken out of it.
        for thing in points.iter().filter_map(|point| point.thing) {
            if self.open.get(&thing).is_none_or(Vec::is_empty) {
                self.inside.remove(&thing);
            }
        }
        for point in points {
            if let Some(thing) = point.thing {
                let carried: Vec<Id> = self.contents.get(&thing).into_iter().flatten().copied().collect();
                self.end(point, &carried, thing);
            }
        }
    }

    /// Ends what some things have where a point says that one of them, or what they lie in, left.
    fn end(&mut self, point: &MountPoint, things: &[Id], gone: Id) {
        let concerned = things.iter().filter_map(|thing| self.open.get(thing)).flatten();
        let ends = concerned.copied().filter(|index| {
            let claim = &self.claims[*index];
            let there = point.place.is_none_or(|place| claim.place == Some(place));
            // A station ends the presence of people, tools and programs on itself only.
            let here =
                !matches!(claim.kind, Kind::Person | Kind::Program | Kind::Tool) || claim.station == point.station;
            there && here && (claim.thing == gone || claim.carriers.contains(&gone))
        });
        for index in ends.collect::<BTreeSet<usize>>() {
            let claim = &mut self.claims[index];
            claim.off = point.at;
            claim.margin = claim.margin.max(point.margin);
            let (thing, place) = (claim.thing, (claim.station, claim.place));
            self.open.entry(thing).or_default().retain(|open| *open != index);
            self.at_place.entry(place).or_default().retain(|open| *open != index);
        }
    }

    /// Things that come at one instant. What is said of one instant holds together, in whatever order it is read.
    fn come(&mut self, points: &[&MountPoint]) {
        // What each thing lies in by these points, and whether it came to a place where it was not.
        let mut said: BTreeMap<Id, (BTreeSet<Id>, bool)> = BTreeMap::new();
        for point in points {
            let Some(thing) = point.thing else { continue };
            self.kinds.insert(thing, point.kind.unwrap_or(Kind::Package));
            let place = (point.station, point.place);
            let stays = self.open.get(&thing).into_iter().flatten().any(|index| {
                let claim = &self.claims[*index];
                (claim.station, claim.place) == place
            });
            let of_thing = said.entry(thing).or_default();
            of_thing.0.extend(&point.carriers);
            of_thing.1 |= !stays;
            for (nth, carrier) in point.carriers.iter().enumerate().take(point.carriers.len().saturating_sub(1)) {
                said.entry(*carrier).or_default().0.extend(&point.carriers[nth + 1..]);
                self.kinds.insert(*carrier, Kind::Carrier);
            }
        }
        for (thing, (carriers, came)) in said {
            if came || !carriers.is_empty() {
                self.inside.insert(thing, carriers);
            }
        }
        for point in points {
            if let Some(thing) = point.thing {
                for carrier in self.chain(thing) {
                    self.contents.entry(carrier).or_default().insert(thing);
                }
                // What lies in a feeder goes where the feeder goes.
                for rider in point.carriers.iter().chain([&thing]) {
                    let Some(inside) = self.contents.get(rider).cloned() else { continue };
                    for carrier in self.chain(*rider) {
                        self.contents.entry(carrier).or_default().extend(&inside);
                    }
                }
            }
        }
        // Those that name a place first: others are where their carriers are.
        let (placed, others): (Vec<&MountPoint>, Vec<&MountPoint>) =
            points.iter().copied().partition(|point| point.place.is_some());
        let placed: Vec<(Id, Id, Option<Id>, &MountPoint)> =
            placed.into_iter().filter_map(|point| Some((point.thing?, point.station, point.place, point))).collect();
        let mut new = placed.clone();
        for point in others {
            let Some(thing) = point.thing else { continue };
            let chain = self.chain(thing);
            let open = chain.iter().filter_map(|carrier| self.open.get(carrier)).flatten();
            let open = open.map(|index| (self.claims[*index].station, self.claims[*index].place));
            let just_now = placed.iter().filter(|(carrier, ..)| chain.contains(carrier));
            let just_now = just_now.map(|(_, station, place, _)| (*station, *place));
            let mut at: BTreeSet<(Id, Option<Id>)> =
                open.chain(just_now).filter(|(_, place)| place.is_some()).collect();
            if at.is_empty() {
                at.insert((point.station, None));
            }
            new.extend(at.into_iter().map(|(station, place)| (thing, station, place, point)));
        }
        for (carrier, station, place, point) in new.clone() {
            if place.is_none() || self.kinds.get(&carrier) != Some(&Kind::Carrier) {
                continue;
            }
            for thing in self.contents.get(&carrier).into_iter().flatten() {
                let own = points.iter().any(|point| point.thing == Some(*thing) && point.place.is_some());
                if !own && self.chain(*thing).contains(&carrier) {
                    new.push((*thing, station, place, point));
                }
            }
        }
        for (thing, station, place, point) in new {
            let index = self.claims.len();
            self.claims.push(Claim {
                thing,
                kind: self.kinds.get(&thing).copied().unwrap_or(Kind::Package),
                station,
                place,
                from: point.at,
                off: Time::MAX,
                swept: Time::MAX,
                until: Time::MAX,
                doubts: Vec::new(),
                margin: point.margin,
                carriers: self.chain(thing),
            });
            self.open.entry(thing).or_default().push(index);
            if self.claims[index].kind == Kind::Package {
                self.at_place.entry((station, place)).or_default().push(index);
            }
        }
    }

    /// What a thing lies in, and what that rides on.
    fn chain(&self, thing: Id) -> Vec<Id> {
        let mut chain: Vec<Id> = Vec::new();
        let mut frontier = vec![thing];
        while let Some(next) = frontier.pop() {
            for carrier in self.inside.get(&next).into_iter().flatten() {
                if *carrier != thing && !chain.contains(carrier) {
                    chain.push(*carrier);
                    frontier.push(*carrier);
                }
            }
        }
        chain
    }
}

/// What things at one place do to each other.
fn share_places(claims: &mut [Claim], points: &[&MountPoint], discipline: &dyn Fn(Kind, Option<Id>, Id) -> Discipline) {
    let mut places: BTreeMap<(Id, Option<Id>, Kind), Vec<usize>> = BTreeMap::new();
    for (index, claim) in claims.iter().enumerate() {
        places.entry((claim.station, claim.place, claim.kind)).or_default().push(index);
    }
    for ((station, place, kind), mut here) in places {
        here.sort_by_key(|index| claims[*index].from);
        match discipline(kind, place, station) {
            Discipline::Crowd | Discipline::Chain => here.iter().for_each(|index| {
                claims[*index].until = claims[*index].ended();
            }),
            Discipline::Single => single(claims, &here),
            Discipline::Mix => {
                let cleaned: Vec<Time> = points
                    .iter()
                    .filter(|point| {
                        point.change == MountChange::Cleaned && point.station == station && point.place == place
                    })
                    .map(|point| point.at)
                    .collect();
                for index in &here {
                    let from = claims[*index].from;
                    claims[*index].until = cleaned.iter().copied().find(|at| *at > from).unwrap_or(Time::MAX);
                }
                doubt_each_other(claims, &here, &|claim| claim.thing.0, &|claim| claim.until);
            }
            Discipline::Unknown => {
                here.iter().for_each(|index| claims[*index].until = claims[*index].ended());
                doubt_each_other(claims, &here, &|claim| claim.thing.0, &Claim::ended);
            }
        }
    }
}

/// At a place for one thing the next thing ends the last. Of two that come at one instant either may be the last.
fn single(claims: &mut [Claim], here: &[usize]) {
    // The next comings, of two different things.
    let mut after: Vec<(Time, Id)> = Vec::new();
    let instants: Vec<&[usize]> = here.chunk_by(|a, b| claims[*a].from == claims[*b].from).collect();
    for instant in instants.into_iter().rev() {
        let tied = instant.iter().any(|index| claims[*index].thing != claims[instant[0]].thing);
        for index in instant {
            let claim = &mut claims[*index];
            let next = after.iter().find(|(_, thing)| *thing != claim.thing);
            claim.until = claim.ended().min(next.map_or(Time::MAX, |(at, _)| *at));
            if tied {
                claim.doubts.push((claim.from, Time::MAX));
            }
        }
        for index in instant {
            let (from, thing) = (claims[*index].from, claims[*index].thing);
            after.retain(|(_, other)| *other != thing);
            after.insert(0, (from, thing));
            after.truncate(2);
        }
    }
}

/// Reels, carriers and tools are at one place only. People and programs are in many at once.
fn one_place_each(claims: &mut [Claim]) {
    let mut things: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
    for (index, claim) in claims.iter().enumerate() {
        if !matches!(claim.kind, Kind::Person | Kind::Program) {
            things.entry(claim.thing).or_default().push(index);
        }
    }
    for own in things.into_values().filter(|own| own.len() > 1) {
        let mut places: Vec<(Id, Option<Id>)> =
            own.iter().map(|index| (claims[*index].station, claims[*index].place)).collect();
        places.sort_unstable();
        places.dedup();
        let place = |claim: &Claim| {
            places.binary_search(&(claim.station, claim.place)).map_or(-1, |index| i64::try_from(index).unwrap_or(-1))
        };
        // Only a thing's own end tells that it left: what became of a place elsewhere does not bear on it.
        doubt_each_other(claims, &own, &place, &|claim| claim.off);
    }
}

/// Of claims that exclude each other (those of different `who`) the earlier is doubtful from the coming of the later on, the later while the earlier
/// has not ended. `order` is by begin.
fn doubt_each_other(claims: &mut [Claim], order: &[usize], who: &dyn Fn(&Claim) -> i64, gone: &dyn Fn(&Claim) -> Time) {
    let mut doubts: Vec<(usize, (Time, Time))> = Vec::new();
    let instants: Vec<&[usize]> = order.chunk_by(|a, b| claims[*a].from == claims[*b].from).collect();
    // The latest ends of what came before, of two different ones.
    let mut before: Vec<(Time, i64)> = Vec::new();
    for instant in &instants {
        for index in *instant {
            let claim = &claims[*index];
            if let Some((end, _)) = before.iter().find(|(_, other)| *other != who(claim))
                && *end > claim.from
            {
                doubts.push((*index, (claim.from, *end)));
            }
        }
        for index in *instant {
            let (end, own) = (gone(&claims[*index]), who(&claims[*index]));
            match before.iter_mut().find(|(_, other)| *other == own) {
                Some(known) => known.0 = known.0.max(end),
                None => before.push((end, own)),
            }
            before.sort_by_key(|(end, own)| (std::cmp::Reverse(*end), *own));
            before.truncate(2);
        }
    }
    // The nearest comings from then on, of two different ones.
    let mut after: Vec<(Time, i64)> = Vec::new();
    for instant in instants.iter().rev() {
        for index in *instant {
            let (from, own) = (claims[*index].from, who(&claims[*index]));
            after.retain(|(_, other)| *other != own);
            after.insert(0, (from, own));
            after.truncate(2);
        }
        for index in *instant {
            let claim = &claims[*index];
            if let Some((from, _)) = after.iter().find(|(_, other)| *other != who(claim))
                && *from < gone(claim)
            {
                doubts.push((*index, (*from, Time::MAX)));
            }
        }
    }
    for (index, doubt) in doubts {
        claims[index].doubts.push(doubt);
    }
}

/// What the claims of a thing at a place add up to: it is there while one claim lasts, and doubtful while none of them is certain.
fn add_up(claims: Vec<Claim>) -> Vec<Stay> {
    let mut groups: BTreeMap<(Id, Id, Option<Id>), Vec<Claim>> = BTreeMap::new();
    for claim in claims.into_iter().filter(|claim| claim.from < claim.until) {
        groups.entry((claim.thing, claim.station, claim.place)).or_default().push(claim);
    }
    let mut stays = Vec::new();
    for ((thing, station, place), own) in groups {
        let whole = union(own.iter().map(|claim| (claim.from, claim.until)).collect());
        let certain = union(
            own.iter().flat_map(|claim| without((claim.from, claim.until), &union(claim.doubts.clone()))).collect(),
        );
        for (from, until) in whole {
            let within = own.iter().filter(|claim| claim.from >= from && claim.from < until);
            stays.push(Stay {
                thing,
                kind: own[0].kind,
                station,
                place,
                from,
                until,
                doubts: without((from, until), &certain),
                margin: within.map(|claim| claim.margin).max().unwrap_or(0),
            });
        }
    }
    stays
}

/// Intervals, ascending and apart. What touches is one.
fn union(mut intervals: Vec<(Time, Time)>) -> Vec<(Time, Time)> {
    intervals.sort_unstable();
    let mut apart: Vec<(Time, Time)> = Vec::new();
    for (from, until) in intervals {
        match apart.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => apart.push((from, until)),
        }
    }
    apart
}

/// What of an interval lies outside of others, which are ascending and apart.
fn without((mut from, until): (Time, Time), others: &[(Time, Time)]) -> Vec<(Time, Time)> {
    let mut rest = Vec::new();
    for (begin, end) in others {
        if *end <= from || *begin >= until {
            continue;
        }
        if *begin > from {
            rest.push((from, *begin));
        }
        from = from.max(*end);
    }
    if from < until {
        rest.push((from, until));
    }
    rest
}
