//! Reports of placements, their patterns, and what these draw on.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::id::{Id, PassId, PatternId, Seq};
use kernel::placement::{Difference, Pattern};
use kernel::time::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Reader, Result};
use crate::sqlite::part::APPLIED;
use crate::sqlite::{SITE, StoreError};

/// Patterns that a reader keeps.
const PATTERNS_MAX: usize = 512;

/// An installation report as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// Its pass.
    pub pass: PassId,
    /// Its station.
    pub station: Id,
    /// Its pattern.
    pub pattern: PatternId,
    /// Index of its event.
    pub seq: Seq,
    /// When it was sent.
    pub at: Time,
    /// Whether its components have times of their own.
    pub timed: bool,
}

/// What a report says beside its pattern and draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departing {
    /// The boards, ascending.
    pub units: Vec<Id>,
    /// Differences, ascending.
    pub differences: Vec<Difference>,
}

/// What an origin of a pattern draws on, from one index of the log until before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// From the first index.
    pub from: Seq,
    /// Until before this one.
    pub until: Seq,
    /// The package or tool; `None`: nothing was named.
    pub thing: Option<Id>,
}

impl<C: Borrow<Connection>> Reader<C> {
    /// The reports of one pattern in one message.
    ///
    /// # Errors
    /// When the database fails.
    pub fn report(&self, station: Id, pattern: PatternId, seq: Seq) -> Result<Option<(ReportRow, Departing)>> {
        if seq >= self.as_of {
            return Ok(None);
        }
        let sql = "SELECT unit, boards, pass, at, timed FROM report WHERE site = ?1 AND station = ?2 AND pattern = ?3 AND seq = ?4 ORDER BY unit";
        let index = seq.0.cast_signed();
        let rows = self.rows(sql, params![SITE, station.0, pattern.0, index], |row| {
            Ok((Id(row.get(0)?), row.get::<_, i64>(1)?, PassId(row.get(2)?), Time(row.get(3)?), row.get::<_, bool>(4)?))
        })?;
        let Some(&(_, _, pass, at, timed)) = rows.first() else { return Ok(None) };
        let mut units = Vec::new();
        for (unit, boards, ..) in rows {
            if boards & 1 == 1 {
                units.push(unit);
            }
            units.extend(
                (1..=62).filter(|position| boards >> position & 1 == 1).filter_map(|position| unit.at(position)),
            );
        }
        units.sort_unstable();
        let sql = "SELECT body FROM difference WHERE site = ?1 AND seq = ?2 AND pattern = ?3 ORDER BY ordinal";
        let differences = self
            .rows(sql, params![SITE, index, pattern.0], |row| row.get::<_, Vec<u8>>(0))?
            .iter()
            .map(|packed| Difference::unpack(packed).ok_or(StoreError::Packed("difference")))
            .collect::<Result<_>>()?;
        let row = ReportRow { pass, station, pattern, seq, at, timed };
        Ok(Some((row, Departing { units, differences })))
    }

    /// A pattern.
    ///
    /// # Errors
    /// When the database fails.
    pub fn pattern(&self, pattern: PatternId) -> Result<Arc<Pattern>> {
        if let Some(known) = self.patterns.borrow().get(&pattern) {
            return Ok(Arc::clone(known));
        }
        let sql = "SELECT body FROM pattern WHERE site = ?1 AND id = ?2";
        let packed: Vec<u8> =
            self.connection.borrow().prepare_cached(sql)?.query_row(params![SITE, pattern.0], |row| row.get(0))?;
        let body =
            Pattern::unpack(&zstd::stream::decode_all(packed.as_slice())?).ok_or(StoreError::Packed("pattern"))?;
        let body = Arc::new(body);
        let mut patterns = self.patterns.borrow_mut();
        if patterns.len() >= PATTERNS_MAX {
            patterns.clear();
        }
        patterns.insert(pattern, Arc::clone(&body));
        Ok(body)
    }

    /// What an origin of a pattern draws on at an index of the log, and the indexes from which and until which (half-open) that is so.
    ///
    /// # Errors
    /// When the database fails.
    pub fn draw_at(&self, station: Id, pattern: PatternId, origin: usize, seq: Seq) -> Result<Draw> {
        let sql = "SELECT seq, thing FROM draw WHERE site = ?1 AND station = ?2 AND pattern = ?3 AND origin = ?4 AND seq <= ?5 ORDER BY seq DESC LIMIT 1";
        let mut statement = self.connection.borrow().prepare_cached(sql)?;
        let (origin, index) = (origin.cast_signed(), seq.0.cast_signed());
        let found: Option<(i64, i64)> = statement
            .query_row(params![SITE, station.0, pattern.0, origin, index], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let sql =
            "SELECT min(seq) FROM draw WHERE site = ?1 AND station = ?2 AND pattern = ?3 AND origin = ?4 AND seq > ?5";
        let until = self.number(sql, params![SITE, station.0, pattern.0, origin, index])?;
        let (from, thing) = found.unwrap_or((0, -1));
        let index = |seq: i64| Seq(seq.cast_unsigned());
        Ok(Draw {
            from: index(from),
            until: until.map_or(Seq::LATEST, index),
            thing: (thing >= 0).then_some(Id(thing)),
        })
    }

    /// Whether at a station an origin of a pattern ever drew on nothing that was named. Whatever the reader is bounded to.
    ///
    /// # Errors
    /// When the database fails.
    pub fn may_draw_unnamed(&self, station: Id, pattern: PatternId) -> Result<bool> {
        let sql = "SELECT 1 FROM draw INDEXED BY draw_thing WHERE site = ?1 AND thing = -1 AND station = ?2 AND pattern = ?3 LIMIT 1";
        Ok(self.number(sql, params![SITE, station.0, pattern.0])?.is_some())
    }

    /// Reports that may hold a package or tool: those made while an origin drew on it, and those whose differences name it. In log order.
    ///
    /// # Errors
    /// When the database fails.
    pub fn reports_naming(&self, thing: Id) -> Result<Vec<ReportRow>> {
        let mut found: BTreeMap<(Seq, PatternId), ReportRow> = BTreeMap::new();
        let sql = "SELECT draw.station, draw.pattern, draw.seq,
                     (SELECT min(later.seq) FROM draw AS later WHERE later.site = draw.site AND later.station = draw.station
                        AND later.pattern = draw.pattern AND later.origin = draw.origin AND later.seq > draw.seq)
                   FROM draw WHERE draw.site = ?1 AND draw.thing = ?2 AND draw.seq < ?3";
        let runs = self.rows(sql, params![SITE, thing.0, self.bound()], |row| {
            Ok((Id(row.get(0)?), PatternId(row.get(1)?), row.get::<_, i64>(2)?, row.get::<_, Option<i64>>(3)?))
        })?;
        for (station, pattern, first, end) in runs {
            let end = end.unwrap_or(i64::MAX).min(self.bound());
            let sql = "SELECT DISTINCT seq, pass, at, timed FROM report WHERE site = ?1 AND station = ?2 AND pattern = ?3 AND seq >= ?4 AND seq < ?5";
            let values = params![SITE, station.0, pattern.0, first, end];
            for report in self.rows(sql, values, report_row(station, pattern))? {
                found.insert((report.seq, report.pattern), report);
            }
        }
        let sql = "SELECT report.station, report.pattern, report.seq, report.pass, report.at, report.timed
                   FROM difference_thing CROSS JOIN report ON report.site = difference_thing.site AND report.station = difference_thing.station
                     AND report.pattern = difference_thing.pattern AND report.seq = difference_thing.seq
                   WHERE difference_thing.site = ?1 AND difference_thing.thing = ?2 AND difference_thing.seq < ?3";
        for report in self.rows(sql, params![SITE, thing.0, self.bound()], |row| {
            Ok(ReportRow {
                station: Id(row.get(0)?),
                pattern: PatternId(row.get(1)?),
                seq: Seq(row.get::<_, i64>(2)?.cast_unsigned()),
                pass: PassId(row.get(3)?),
                at: Time(row.get(4)?),
                timed: row.get(5)?,
            })
        })? {
            found.insert((report.seq, report.pattern), report);
        }
        Ok(found.into_values().collect())
    }

    /// Stations whose messages name a package for units: in reports, as process material, as removed. Whatever the reader is bounded to.
    ///
    /// # Errors
    /// When the database fails.
    pub fn stations_naming(&self, thing: Id) -> Result<Vec<Id>> {
        let sql = "SELECT station FROM draw INDEXED BY draw_thing WHERE site = ?1 AND thing = ?2
                   UNION SELECT station FROM difference_thing WHERE site = ?1 AND thing = ?2
                   UNION SELECT pass.station FROM link CROSS JOIN pass ON pass.site = link.site AND pass.id = link.pass
                         WHERE link.site = ?1 AND link.thing = ?2";
        self.rows(sql, params![SITE, thing.0], |row| Ok(Id(row.get(0)?)))
    }

    /// Patterns sighted under a program that their passes name.
    ///
    /// # Errors
    /// When the database fails.
    pub fn patterns_under(&self, station: Id, program: Id) -> Result<Vec<PatternId>> {
        let sql = "SELECT pattern FROM sighting WHERE site = ?1 AND station = ?2 AND program = ?3 AND seq < ?4 ORDER BY pattern";
        self.rows(sql, params![SITE, station.0, program.0, self.bound()], |row| Ok(PatternId(row.get(0)?)))
    }

    /// Patterns used at a station in passes that name no program.
    fn patterns_at(&self, station: Id) -> Result<Vec<PatternId>> {
        // From one to the next: of each there is a row for every use.
        let sql = "SELECT pattern FROM pattern_use WHERE site = ?1 AND station = ?2 AND pattern > ?3 AND seq < ?4 ORDER BY pattern LIMIT 1";
        let mut patterns: Vec<PatternId> = Vec::new();
        loop {
            let last = patterns.last().map_or(i64::MIN, |pattern| pattern.0);
            match self.number(sql, params![SITE, station.0, last, self.bound()])? {
                Some(pattern) => patterns.push(PatternId(pattern)),
                None => return Ok(patterns),
            }
        }
    }

    /// Patterns that a program may have installed at a station in passes that do not name it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn patterns_maybe_under(&self, station: Id, program: Id) -> Result<Vec<PatternId>> {
        // What was known earlier of a program's runs is not kept.
        if self.is_unsteady(station)? || !self.sees_all()? {
            return self.patterns_at(station);
        }
        let sql = "SELECT pattern FROM may_use WHERE site = ?1 AND station = ?2 AND program = ?3 AND seq < ?4 ORDER BY pattern";
        self.rows(sql, params![SITE, station.0, program.0, self.bound()], |row| Ok(PatternId(row.get(0)?)))
    }

    /// Patterns by which packages of a part may have been installed at a station; `None` stands for process material that was applied.
    ///
    /// # Errors
    /// When the database fails.
    pub fn part_uses(&self, station: Id, part: Id) -> Result<Vec<Option<PatternId>>> {
        let sql =
            "SELECT pattern FROM part_use WHERE site = ?1 AND station = ?2 AND part = ?3 AND seq < ?4 ORDER BY pattern";
        let values = params![SITE, station.0, part.0, self.bound()];
        self.rows(sql, values, |row| Ok(Some(row.get(0)?).filter(|pattern| *pattern != APPLIED).map(PatternId)))
    }

    /// Reports of a pattern at a station in passes that name no program (or did not yet), made from one time until another, half-open: pass and
    /// index, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn uses(
        &self,
        station: Id,
        pattern: PatternId,
        from: Time,
        until: Time,
        limit: usize,
    ) -> Result<Vec<(PassId, Seq)>> {
        let sql = "SELECT pass, seq FROM pattern_use WHERE site = ?1 AND station = ?2 AND pattern = ?3 AND at >= ?4 AND at < ?5 AND seq < ?6
                   ORDER BY at DESC LIMIT ?7";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = params![SITE, station.0, pattern.0, from.0, until.0, self.bound(), limit];
        self.rows(sql, values, |row| Ok((PassId(row.get(0)?), Seq(row.get::<_, i64>(1)?.cast_unsigned()))))
    }
}

/// Reads a report of a pattern from its index, pass, time and whether its components are timed.
fn report_row(station: Id, pattern: PatternId) -> impl Fn(&Row<'_>) -> rusqlite::Result<ReportRow> {
    move |row| {
        Ok(ReportRow {
            seq: Seq(row.get::<_, i64>(0)?.cast_unsigned()),
            pass: PassId(row.get(1)?),
            at: Time(row.get(2)?),
            timed: row.get(3)?,
            station,
            pattern,
        })
    }
}
