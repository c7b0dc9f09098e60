//! Passes: what happened to units at stations.

use std::borrow::Borrow;
use std::rc::Rc;

use kernel::id::{Designator, Id, PassId};
use kernel::pass::PassFact;
use kernel::project::{DAY, HOUR, is_visit};
use kernel::time::Time;
use rusqlite::{Connection, Row, params};

use super::{Keyed, Reader, Result, array};
use crate::sqlite::{HOUR_ANY, Long, SITE, StoreError};

/// A pass as stored, with the facts known as of the reader's index, in log order.
#[derive(Clone, Debug)]
pub struct PassRow {
    /// The pass.
    pub id: PassId,
    /// Its station.
    pub station: Id,
    /// Whether it gathers messages without a transaction.
    pub visit: bool,
    /// What messages said of it.
    pub facts: Vec<Rc<PassFact>>,
}

/// A pass and the closed window in which it may have run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting {
    /// The pass.
    pub pass: PassId,
    /// From the begin at the earliest.
    pub from: Time,
    /// Until the end at the latest.
    pub until: Time,
    /// The times of the first and the last that messages tell of it, or of what ended it.
    pub told: (Time, Time),
}

/// Index, station, key and packed facts of a pass.
type PackedPass = (i64, i64, i64, Vec<u8>);

impl<C: Borrow<Connection>> Reader<C> {
    fn pass_row(row: &Row<'_>) -> rusqlite::Result<PackedPass> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    }

    fn passes(&self, rows: Vec<PackedPass>) -> Result<Vec<PassRow>> {
        let mut passes = Vec::with_capacity(rows.len());
        for (id, station, key, packed) in rows {
            let mut facts = PassFact::unpack_all(&packed).ok_or(StoreError::Packed("pass"))?;
            facts.retain(|fact| fact.seq < self.as_of);
            if !facts.is_empty() {
                let visit = is_visit(key.cast_unsigned());
                let facts = facts.into_iter().map(Rc::new).collect();
                passes.push(PassRow { id: PassId(id), station: Id(station), visit, facts });
            }
        }
        Ok(passes)
    }

    /// Passes that list a unit, or a position of it (`unit` is the whole), with anything said of them in a closed window; of one station or of all.
    ///
    /// # Errors
    /// When the database fails.
    pub fn passes_of(&self, unit: Id, station: Option<Id>, from: Time, until: Time) -> Result<Vec<PassRow>> {
        let sql = "SELECT pass.id, pass.station, pass.key, pass.facts FROM pass_unit CROSS JOIN pass ON pass.site = pass_unit.site AND pass.id = pass_unit.pass
                   WHERE pass_unit.site = ?1 AND pass_unit.unit = ?2 AND pass_unit.hour BETWEEN ?3 AND ?4
                     AND (?7 IS NULL OR pass_unit.station = ?7) AND pass.first_at <= ?6 AND pass.last_at >= ?5";
        let station = station.map(|station| station.0);
        let hours = (from.plus(-DAY).0.div_euclid(HOUR), until.0.div_euclid(HOUR));
        let mut rows = Vec::new();
        for (first, last) in [hours, (HOUR_ANY, HOUR_ANY)] {
            let values = params![SITE, unit.whole().0, first, last, from.0, until.0, station];
            rows.extend(self.rows(sql, values, Self::pass_row)?);
        }
        self.each_once(rows)
    }

    /// Passes that list units, or positions of them, and their stations. By unit, as a whole.
    ///
    /// # Errors
    /// When the database fails.
    pub fn passes_listing(&self, wholes: &[Id]) -> Keyed<(PassId, Id)> {
        let sql = "SELECT pass_unit.unit, pass_unit.pass, pass_unit.station
                   FROM rarray(?2) AS asked CROSS JOIN pass_unit ON pass_unit.site = ?1 AND pass_unit.unit = asked.value";
        self.rows(sql, params![SITE, array(wholes)], |row| {
            Ok((Id(row.get(0)?), (PassId(row.get(1)?), Id(row.get(2)?))))
        })
    }

    /// Passes, those that are visible.
    ///
    /// # Errors
    /// When the database fails.
    pub fn passes_numbered(&self, passes: &[PassId]) -> Result<Vec<PassRow>> {
        let asked: Vec<Id> = passes.iter().map(|pass| Id(pass.0)).collect();
        let sql = "SELECT pass.id, pass.station, pass.key, pass.facts FROM rarray(?2) AS asked CROSS JOIN pass ON pass.site = ?1 AND pass.id = asked.value";
        let rows = self.rows(sql, params![SITE, array(&asked)], Self::pass_row)?;
        self.passes(rows)
    }

    /// Passes in whose messages a thing is named.
    ///
    /// # Errors
    /// When the database fails.
    pub fn passes_linked(&self, thing: Id) -> Result<Vec<PassRow>> {
        let sql = "SELECT pass.id, pass.station, pass.key, pass.facts FROM link CROSS JOIN pass ON pass.site = link.site AND pass.id = link.pass
                   WHERE link.site = ?1 AND link.thing = ?2 ORDER BY link.pass";
        let rows = self.rows(sql, params![SITE, thing.0], Self::pass_row)?;
        let mut passes = self.passes(rows)?;
        passes.retain(|pass| pass.facts.iter().any(|fact| fact.links().any(|linked| linked == thing)));
        Ok(passes)
    }

    /// Whether messages of a station that have no transaction call units by names of which a unit may have several. Whatever the reader is bounded to.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_mixed(&self, station: Id) -> Result<bool> {
        let sql = "SELECT 1 FROM mixed WHERE site = ?1 AND station = ?2";
        Ok(self.number(sql, params![SITE, station.0])?.is_some())
    }

    /// Passes at a station that may overlap a closed window, apart from the [lasting](Reader::passes_lasting) ones.
    ///
    /// # Errors
    /// When the database fails.
    pub fn passes_at(&self, station: Id, from: Time, until: Time) -> Result<Vec<PassRow>> {
        let mixed = self.is_mixed(station)?;
        let back = if mixed { DAY } else { HOUR };
        let begun = "SELECT id, station, key, facts FROM pass INDEXED BY pass_time
                     WHERE site = ?1 AND station = ?2 AND first_at BETWEEN ?3 AND ?4 AND (last_at >= ?5 OR ?6 AND key & 1 = 1)";
        let values = params![SITE, station.0, from.plus(-back).0, until.0, from.0, mixed];
        let mut rows = self.rows(begun, values, Self::pass_row)?;
        let day = "SELECT id, station, key, facts FROM pass INDEXED BY pass_long
                   WHERE site = ?1 AND station = ?2 AND long > 0 AND long = ?3 AND first_at BETWEEN ?4 AND ?5 AND last_at >= ?6";
        let values = params![SITE, station.0, Long::Day as u8, from.plus(-DAY).0, until.0, from.0];
        rows.extend(self.rows(day, values, Self::pass_row)?);
        rows.extend(self.later(station)?);
        self.each_once(rows)
    }

    /// Passes at a station that lasted for more than a day, or may have: some of their messages are missing.
    ///
    /// # Errors
    /// When the database fails.
    pub fn passes_lasting(&self, station: Id) -> Result<Vec<Lasting>> {
        let sql = "SELECT id, long, first_at, last_at FROM pass INDEXED BY pass_long WHERE site = ?1 AND station = ?2 AND long > 0 AND long BETWEEN ?3 AND ?4";
        self.rows(sql, params![SITE, station.0, Long::Closed as u8, Long::OpenBegin as u8], |row| {
            let (long, first, last): (u8, i64, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let from = if long == Long::OpenBegin as u8 { Time::MIN } else { Time(first) };
            let until = if long == Long::Closed as u8 { Time(last) } else { Time::MAX };
            Ok(Lasting { pass: PassId(row.get(0)?), from, until, told: (Time(first), Time(last)) })
        })
    }

    /// Stations at which any pass took more than an hour, or may have: those of the [lasting](Reader::passes_lasting) passes are among them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn stations_lasting(&self) -> Result<Vec<Id>> {
        // From one to the next: of each there are many rows.
        let sql = "SELECT min(station) FROM pass INDEXED BY pass_long WHERE site = ?1 AND long > 0 AND station > ?2";
        let mut stations: Vec<Id> = Vec::new();
        while let Some(station) = self.number(sql, params![SITE, stations.last().map_or(i64::MIN, |last| last.0)])? {
            stations.push(Id(station));
        }
        Ok(stations)
    }

    /// Transactions at a station that list no units, and may begin in a closed window.
    ///
    /// # Errors
    /// When the database fails.
    pub fn passes_unlisted(&self, station: Id, from: Time, until: Time) -> Result<Vec<PassRow>> {
        let sql = "SELECT id, station, key, facts FROM pass INDEXED BY pass_unlisted
                   WHERE site = ?1 AND station = ?2 AND unlisted > 0 AND unlisted = ?3 AND first_at BETWEEN ?4 AND ?5 AND last_at >= ?6";
        let mut rows = Vec::new();
        for (unlisted, first) in [(1, from.plus(-DAY)), (2, Time::MIN)] {
            let values = params![SITE, station.0, unlisted, first.0, until.0, from.0];
            rows.extend(self.rows(sql, values, Self::pass_row)?);
        }
        rows.extend(self.later(station)?);
        self.each_once(rows)
    }

    /// Passes of a station that are not wholly visible as of an earlier index: they may have been open then, or unlisted.
    fn later(&self, station: Id) -> Result<Vec<PackedPass>> {
        if self.sees_all()? {
            return Ok(Vec::new());
        }
        let sql = "SELECT id, station, key, facts FROM pass INDEXED BY pass_last
                   WHERE site = ?1 AND station = ?2 AND last >= ?3 AND id < ?3";
        self.rows(sql, params![SITE, station.0, self.bound()], Self::pass_row)
    }

    fn each_once(&self, mut rows: Vec<PackedPass>) -> Result<Vec<PassRow>> {
        rows.sort_unstable_by_key(|row| row.0);
        rows.dedup_by_key(|row| row.0);
        self.passes(rows)
    }

    /// Positions at which units, as a whole, or some of their boards, may lack components: something was removed there. By unit; under `Id(0)` stands what
    /// any unit may lack. Whatever the reader is bounded to.
    ///
    /// # Errors
    /// When the database fails.
    pub fn may_lack(&self, wholes: &[Id]) -> Keyed<Designator> {
        let sql = "SELECT removed.unit, removed.designator FROM rarray(?2) AS asked CROSS JOIN removed ON removed.site = ?1 AND removed.unit = asked.value";
        self.rows(sql, params![SITE, array(wholes)], |row| Ok((Id(row.get(0)?), Designator(row.get(1)?))))
    }

    /// The newest passes of a station, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn newest_passes(&self, station: Id, limit: usize) -> Result<Vec<PassRow>> {
        let sql =
            "SELECT id, station, key, facts FROM pass WHERE site = ?1 AND station = ?2 ORDER BY first_at DESC LIMIT ?3";
        let rows = self.rows(sql, params![SITE, station.0, limit.cast_signed()], Self::pass_row)?;
        self.passes(rows)
    }
}
