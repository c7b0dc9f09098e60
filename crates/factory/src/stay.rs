//! Who and what was where, and how surely: stays, computed from the points in time that got out.

use crate::record::{Record, Role};

/// One stay of a package at a place: `[on, off)`.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    pub(crate) package: u32,
    pub(crate) place: u16,
    pub(crate) on: i64,
    pub(crate) off: i64,
    /// From here on another package may have taken the place, or this one may be elsewhere.
    pub(crate) doubted: i64,
    /// Stays at the same place, or of the same package elsewhere, that had not ended when this one began.
    pub(crate) before: Vec<(u8, usize)>,
}

impl Mount {
    pub(crate) fn overlaps(&self, from: i64, to: i64) -> bool {
        self.on <= to && self.off > from
    }
}

/// A person, tool or program at a station: `[on, off)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stay {
    pub(crate) role: Role,
    pub(crate) thing: u32,
    pub(crate) on: i64,
    pub(crate) off: i64,
}

/// Stays of material under the safe reading: only an own `off` ends one.
pub(crate) fn mounts(record: &Record, stations: usize) -> Vec<Vec<Mount>> {
    let mut points = record.mountings.clone();
    points.sort_by_key(|point| (point.at, point.on.is_some()));
    let mut mounts: Vec<Vec<Mount>> = vec![Vec::new(); stations];
    let mut open: Vec<(u8, usize)> = Vec::new();
    for point in points {
        let Some((station, place)) = point.on else {
            open.retain(|(station, index)| {
                let mount = &mut mounts[*station as usize][*index];
                if mount.package == point.package {
                    mount.off = point.at;
                }
                mount.package != point.package
            });
            continue;
        };
        let here = |(other, index): &(u8, usize)| *other == station && mounts[*other as usize][*index].place == place;
        // The same package again at the same place is no news.
        if open.iter().any(|stay| here(stay) && mounts[stay.0 as usize][stay.1].package == point.package) {
            continue;
        }
        // Whatever is open at this place, and wherever else this package is said to be.
        let same = |stay: &(u8, usize)| mounts[stay.0 as usize][stay.1].package == point.package;
        let before: Vec<(u8, usize)> = open.iter().copied().filter(|stay| here(stay) || same(stay)).collect();
        for (other, index) in &before {
            let doubted = &mut mounts[*other as usize][*index].doubted;
            *doubted = (*doubted).min(point.at);
        }
        open.push((station, mounts[station as usize].len()));
        mounts[station as usize].push(Mount {
            package: point.package,
            place,
            on: point.at,
            off: i64::MAX,
            doubted: i64::MAX,
            before,
        });
    }
    mounts
}

/// Stays of persons and tools (only an `off` ends one) and of programs (the next one ends the last).
pub(crate) fn stays(record: &Record, stations: usize) -> Vec<Vec<Stay>> {
    let mut points = record.presences.clone();
    points.sort_by_key(|point| (point.at, point.on));
    let mut stays: Vec<Vec<Stay>> = vec![Vec::new(); stations];
    for point in points {
        let here = &mut stays[point.station as usize];
        for stay in here.iter_mut().filter(|stay| stay.off == i64::MAX && stay.role == point.role) {
            if point.role == Role::Program || !point.on && stay.thing == point.thing {
                stay.off = point.at;
            }
        }
        if point.on {
            here.push(Stay { role: point.role, thing: point.thing, on: point.at, off: i64::MAX });
        }
    }
    stays
}
