//! What was mounted where, and when.

use std::borrow::Borrow;

use kernel::id::Id;
use kernel::row::{MountChange, MountPoint};
use kernel::thing::Kind;
use kernel::time::Time;
use rusqlite::{Connection, params};

use super::{Reader, Result};
use crate::sqlite::SITE;
use crate::sqlite::span::{SPAN_END, SPANS, longest};

/// What came to a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mounted {
    /// Where; `None`: the station itself.
    pub place: Option<Id>,
    /// What.
    pub thing: Id,
    /// Since when.
    pub at: Time,
    /// When it is gone at the latest.
    pub until: Time,
}

impl<C: Borrow<Connection>> Reader<C> {
    fn mount_points(&self, index: &str, condition: &str, values: impl rusqlite::Params) -> Result<Vec<MountPoint>> {
        let sql = format!(
            "SELECT at, change, thing, kind, station, place, carriers, margin FROM mount INDEXED BY {index} WHERE site = ?1 AND seq < ?2 AND {condition} ORDER BY at, change, thing, place, station, carriers"
        );
        self.rows(&sql, values, |row| {
            let carriers: String = row.get(6)?;
            Ok(MountPoint {
                at: Time(row.get(0)?),
                change: MountChange::from_code(row.get(1)?).unwrap_or(MountChange::On),
                thing: row.get::<_, Option<i64>>(2)?.map(Id),
                kind: row.get::<_, Option<u8>>(3)?.and_then(Kind::from_code),
                station: Id(row.get(4)?),
                place: row.get::<_, Option<i64>>(5)?.map(Id),
                carriers: carriers.split(',').filter_map(|carrier| carrier.parse().ok()).map(Id).collect(),
                margin: row.get(7)?,
            })
        })
    }

    /// Mount points of things of a kind that a station reported; without a kind those of its places alone.
    ///
    /// # Errors
    /// When the database fails.
    pub fn mounts_at(&self, station: Id, kind: Option<Kind>) -> Result<Vec<MountPoint>> {
        let kind = kind.map(|kind| kind as u8);
        let values = params![SITE, self.bound(), station.0, kind];
        self.mount_points("mount_during", "station = ?3 AND kind IS ?4", values)
    }

    /// Mount points of a thing.
    ///
    /// # Errors
    /// When the database fails.
    pub fn mounts_of(&self, thing: Id) -> Result<Vec<MountPoint>> {
        self.mount_points("mount_thing", "thing = ?3", params![SITE, self.bound(), thing.0])
    }

    /// What came to a station, of a kind, and may still have been there at some time of a closed window: place, thing, since when, until when at the
    /// latest. Only for what rides on no carrier that moves, see [`Reader::is_steady`].
    ///
    /// # Errors
    /// When the database fails.
    pub fn mounted(&self, station: Id, kind: Kind, from: Time, until: Time) -> Result<Vec<Mounted>> {
        let sql = "SELECT place, thing, at, until FROM mount INDEXED BY mount_during
                   WHERE site = ?1 AND station = ?2 AND kind = ?3 AND span = ?4 AND at BETWEEN ?5 AND ?6 AND until > ?7";
        let mut found = Vec::new();
        for span in 0..SPANS {
            let first = longest(span).map_or(Time::MIN, |longest| from.plus(-longest));
            let values = params![SITE, station.0, kind as u8, span, first.0, until.0, from.0];
            found.extend(self.rows(sql, values, |row| {
                let place = row.get::<_, Option<i64>>(0)?.map(Id);
                Ok(Mounted { place, thing: Id(row.get(1)?), at: Time(row.get(2)?), until: Time(row.get(3)?) })
            })?);
        }
        Ok(found)
    }

    /// Whether what was mounted at a station in a window follows from the points of what was there then. Never as of an earlier index.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_steady(&self, station: Id) -> Result<bool> {
        Ok(self.sees_all()? && !self.is_unsteady(station)?)
    }

    pub(super) fn is_unsteady(&self, station: Id) -> Result<bool> {
        Ok(self.number("SELECT 1 FROM unsteady WHERE site = ?1 AND station = ?2", params![SITE, station.0])?.is_some())
    }

    /// Whether a carrier was mounted itself, or named together with one that was: what lies in it moves with it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_wandering(&self, carrier: Id) -> Result<bool> {
        Ok(self.number("SELECT 1 FROM wandering WHERE site = ?1 AND carrier = ?2", params![SITE, carrier.0])?.is_some())
    }

    /// Mount points at a place of a station in a closed window, clean-outs among them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn mounts_at_place(&self, station: Id, place: Option<Id>, from: Time, until: Time) -> Result<Vec<MountPoint>> {
        let values = params![SITE, self.bound(), station.0, place.map(|place| place.0), from.0, until.0];
        self.mount_points("mount_place", "station = ?3 AND place IS ?4 AND at BETWEEN ?5 AND ?6", values)
    }

    /// When a place was cleaned out last, at or before a time.
    ///
    /// # Errors
    /// When the database fails.
    pub fn cleaned_before(&self, station: Id, place: Option<Id>, at: Time) -> Result<Option<Time>> {
        let sql = "SELECT max(at) FROM mount INDEXED BY mount_place
                   WHERE site = ?1 AND station = ?2 AND place IS ?3 AND at <= ?4 AND change = ?5 AND seq < ?6";
        let place = place.map(|place| place.0);
        let values = params![SITE, station.0, place, at.0, MountChange::Cleaned as u8, self.bound()];
        Ok(self.number(sql, values)?.map(Time))
    }

    /// Places of a station at which anything was ever mounted; `None`: the station itself.
    ///
    /// # Errors
    /// When the database fails.
    pub fn places_at(&self, station: Id) -> Result<Vec<Option<Id>>> {
        let next =
            "SELECT min(place) FROM mount INDEXED BY mount_place WHERE site = ?1 AND station = ?2 AND place > ?3";
        let mut places = vec![None];
        let mut last = i64::MIN;
        while let Some(place) = self.number(next, params![SITE, station.0, last])? {
            places.push(Some(Id(place)));
            last = place;
        }
        Ok(places)
    }

    /// Comings of a thing: station, and the rest as in [`Reader::mounted`].
    ///
    /// # Errors
    /// When the database fails.
    pub fn comings_of(&self, thing: Id) -> Result<Vec<(Id, Mounted)>> {
        let sql = "SELECT station, place, at, until FROM mount INDEXED BY mount_thing
                   WHERE site = ?1 AND thing = ?2 AND change = ?3 AND seq < ?4";
        let values = params![SITE, thing.0, MountChange::On as u8, self.bound()];
        self.rows(sql, values, |row| {
            let place = row.get::<_, Option<i64>>(1)?.map(Id);
            Ok((Id(row.get(0)?), Mounted { place, thing, at: Time(row.get(2)?), until: Time(row.get(3)?) }))
        })
    }

    /// Points of a thing from which follows where it was in a closed window: those from the first coming that may have overlapped a stay then until the
    /// end of the last. As [`Reader::mounted`].
    ///
    /// # Errors
    /// When the database fails.
    pub fn mounts_around(&self, thing: Id, from: Time, until: Time) -> Result<Vec<MountPoint>> {
        let sql = "SELECT at, until FROM mount INDEXED BY mount_thing
                   WHERE site = ?1 AND thing = ?2 AND span = ?3 AND at BETWEEN ?4 AND ?5 AND until > ?6";
        let (mut from, mut until) = (from, until);
        // What met the window, and what met that.
        for _ in 0..2 {
            let (first, last) = (from, until);
            for span in 0..SPANS {
                let back = longest(span).map_or(Time::MIN, |longest| first.plus(-longest));
                let values = params![SITE, thing.0, span, back.0, last.0, first.0];
                for (at, end) in self.rows(sql, values, |row| Ok((Time(row.get(0)?), Time(row.get(1)?))))? {
                    (from, until) = (from.min(at), until.max(end));
                }
            }
        }
        let mut points = Vec::new();
        for span in (0..SPANS).chain([SPAN_END]) {
            let values = params![SITE, self.bound(), thing.0, span, from.0, until.0];
            points.extend(self.mount_points(
                "mount_thing",
                "thing = ?3 AND span = ?4 AND at BETWEEN ?5 AND ?6",
                values,
            )?);
        }
        Ok(points)
    }

    /// Things that ever lay in a carrier, or on a carrier that rode on it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn carried_by(&self, carrier: Id) -> Result<Vec<Id>> {
        let sql = "SELECT thing FROM mount_carrier WHERE site = ?1 AND carrier = ?2 AND seq < ?3 ORDER BY thing";
        self.rows(sql, params![SITE, carrier.0, self.bound()], |row| Ok(Id(row.get(0)?)))
    }
}
