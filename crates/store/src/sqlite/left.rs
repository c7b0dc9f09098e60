//! Passes whose own row does not say their end, or their begin, and others do. A search by time need not look for them ever after, and machines lose
//! messages for fifteen years.
//!
//! A transaction that lost its end is over once its units have left the station; a visit over midnight (UTC) lies in the rows of two days.

use std::collections::{BTreeSet, HashMap};

use kernel::id::{Id, PassId};
use kernel::pass::{FactKind, PassFact};
use kernel::project::{HOUR, is_visit};
use kernel::time::Time;
use rusqlite::{Connection, params};

use super::side::{aside, long, open_side};
use super::{Long, SITE, StoreError};

/// A unit with more passes than this is no panel: what is open of its passes stays open.
const PASSES_MAX: i64 = 256;

/// What is known of a unit, as a whole, at a station.
struct Row {
    pass: PassId,
    long: i64,
    first_at: i64,
    last_at: i64,
    visit: bool,
    facts: Vec<PassFact>,
}

/// Looks anew at how long a unit's passes at a station lasted, after one of them was written.
pub(super) fn bound(connection: &Connection, station: Id, unit: Id) -> Result<(), StoreError> {
    let passes: Vec<(i64, i64)> = connection
        .prepare_cached("SELECT pass, station FROM pass_unit WHERE site = ?1 AND unit = ?2 LIMIT ?3")?
        .query_map(params![SITE, unit.0, PASSES_MAX + 2], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let known = i64::try_from(passes.len()).unwrap_or(i64::MAX);
    if known > PASSES_MAX {
        if known == PASSES_MAX + 1 {
            reopen_of(connection, unit)?;
        }
        return Ok(());
    }
    let mut here = Vec::new();
    for (pass, _) in passes.into_iter().filter(|(_, at)| *at == station.0) {
        let mut long = connection.prepare_cached("SELECT long, key FROM pass WHERE site = ?1 AND id = ?2")?;
        here.push((
            pass,
            long.query_row(params![SITE, pass], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?,
        ));
    }
    let visits = here.iter().filter(|(_, (_, key))| is_visit(key.cast_unsigned())).count();
    let may_close = |long: i64, visit: bool| match visit {
        true => visits > 1 && long >= Long::Open as i64,
        false => long == Long::Open as i64 || long == Long::Left as i64,
    };
    let crosses = 0 < visits && visits < here.len();
    let closes = here.iter().any(|(_, (long, key))| may_close(*long, is_visit(key.cast_unsigned())));
    if !crosses && !closes {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(here.len());
    for (pass, (long, key)) in here {
        let mut statement =
            connection.prepare_cached("SELECT first_at, last_at, facts FROM pass WHERE site = ?1 AND id = ?2")?;
        let (first_at, last_at, packed) = statement
            .query_row(params![SITE, pass], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?)))?;
        let facts = PassFact::unpack_all(&packed).ok_or(StoreError::Packed("pass"))?;
        rows.push(Row { pass: PassId(pass), long, first_at, last_at, visit: is_visit(key.cast_unsigned()), facts });
    }
    let worked: Vec<(Time, Time)> =
        rows.iter().filter(|row| !row.visit).map(|row| (Time(row.first_at), Time(row.last_at))).collect();
    for row in rows.iter_mut().filter(|row| row.visit && row.long != Long::OpenBegin as i64) {
        if is_crossed(&row.facts.iter().collect::<Vec<_>>(), &worked) {
            row.long = Long::OpenBegin as i64;
            connection
                .prepare_cached("UPDATE pass SET long = ?3 WHERE site = ?1 AND id = ?2")?
                .execute(params![SITE, row.pass.0, row.long])?;
        }
    }
    if !closes || is_vague(connection, station)? {
        return Ok(());
    }
    let days = Days::of(unit, &rows);
    for row in rows.iter().filter(|row| may_close(row.long, row.visit)) {
        let end = match row.visit {
            true => days.end(row),
            false => left(row, unit, &rows).map(|departed| (departed.at, departed.seq.0.cast_signed())),
        };
        match end.filter(|(end, _)| end.0 - row.first_at <= HOUR) {
            Some((end, seq)) => connection
                .prepare_cached(
                    "UPDATE pass SET long = ?3, last_at = max(last_at, ?4), last = max(last, ?5) WHERE site = ?1 AND id = ?2",
                )?
                .execute(params![SITE, row.pass.0, Long::Left as u8, end.0, seq])
                .map(drop)?,
            None if row.long == Long::Left as i64 => reopen(connection, row.pass)?,
            None => {}
        }
    }
    Ok(())
}

/// The visits of a unit at a station, one row a day, and what they tell together.
struct Days<'r> {
    facts: Vec<&'r PassFact>,
    /// The highest index of a fact.
    last: i64,
}

impl<'r> Days<'r> {
    /// Empty when their rows leave something open together as well.
    fn of(whole: Id, rows: &'r [Row]) -> Days<'r> {
        let facts: Vec<&PassFact> = rows.iter().filter(|row| row.visit).flat_map(|row| &row.facts).collect();
        let alone = facts.iter().flat_map(|fact| &fact.units).all(|member| member.unit.whole() == whole);
        let mut together: Vec<PassFact> = facts.iter().copied().cloned().collect();
        let worked: Vec<(Time, Time)> =
            rows.iter().filter(|row| !row.visit).map(|row| (Time(row.first_at), Time(row.last_at))).collect();
        if !alone || open_side(&mut together, true, &HashMap::new()).is_some() || is_crossed(&facts, &worked) {
            return Days { facts: Vec::new(), last: 0 };
        }
        let last = facts.iter().map(|fact| fact.seq.0.cast_signed()).max().unwrap_or_default();
        Days { facts, last }
    }

    /// When what a row tells of was over, whatever row tells that, and by which index all of it was known.
    fn end(&self, row: &Row) -> Option<(Time, i64)> {
        let own = newest(row)?;
        let begins = |fact: &&&PassFact| matches!(fact.kind, FactKind::Arrived | FactKind::Started) && fact.at > own;
        let next = self.facts.iter().filter(begins).map(|fact| fact.at).min().unwrap_or(Time::MAX);
        let end = self.facts.iter().map(|fact| fact.at).filter(|at| *at < next).max()?;
        Some((end, self.last))
    }
}

/// Whether transactions of a unit take a part of what was said of one of its visits, and leave the rest without a side. They leave nothing when they ran
/// apart from it, or between arrival and departure while nothing else was said.
fn is_crossed(facts: &[&PassFact], worked: &[(Time, Time)]) -> bool {
    let mut facts: Vec<&PassFact> = facts.iter().copied().filter(|fact| !aside(fact)).collect();
    facts.sort_by_key(|fact| (fact.at, fact.kind != FactKind::Arrived, fact.kind == FactKind::Departed));
    let has = |stay: &[&PassFact], kind: FactKind| stay.iter().any(|fact| fact.kind == kind);
    let mut stays: Vec<Vec<&PassFact>> = Vec::new();
    for fact in facts {
        // After an end there may still be a departure.
        let follows = |stay: &Vec<&PassFact>| match fact.kind {
            FactKind::Arrived => false,
            FactKind::Started => !has(stay, FactKind::Started) && !has(stay, FactKind::Departed),
            FactKind::Departed => true,
            _ => !has(stay, FactKind::Ended) && !has(stay, FactKind::Departed),
        };
        match stays.last_mut().filter(|stay| follows(stay)) {
            Some(stay) => stay.push(fact),
            None => stays.push(vec![fact]),
        }
    }
    let crossed = |stay: &Vec<&PassFact>, (begin, end): (Time, Time)| {
        let (Some(first), Some(last)) = (stay.first(), stay.last()) else { return false };
        let (arrived, departed) = (first.kind == FactKind::Arrived, last.kind == FactKind::Departed);
        if end < first.at || last.at < begin {
            // An arrival without a departure belongs to the next transaction, a departure without an arrival to the last, whenever that was.
            return arrived != departed;
        }
        let within = first.at <= begin && end <= last.at;
        !(within && arrived && departed && stay.len() == 2)
    };
    stays.iter().any(|stay| worked.iter().any(|work| crossed(stay, *work)))
}

/// The departure that ended a transaction for all its units; `None` when it is not beyond doubt (see docs/answers.md).
fn left<'r>(row: &Row, whole: Id, rows: &'r [Row]) -> Option<&'r PassFact> {
    let last = newest(row)?;
    let mut moves: Vec<&PassFact> = Vec::new();
    for fact in rows.iter().filter(|row| row.visit).flat_map(|row| &row.facts) {
        match fact.kind {
            FactKind::Arrived | FactKind::Departed => moves.push(fact),
            // It would belong to the transaction, which has no end.
            _ => return None,
        }
    }
    let next = moves.iter().filter(|fact| fact.at >= last).map(|fact| fact.at).min()?;
    let mut then = moves.into_iter().filter(|fact| fact.at == next);
    let (departed, None) = (then.next()?, then.next()) else { return None };
    // Of another panel's boards it is not known here what became of them.
    let listed = |unit: Id| {
        unit.whole() == whole && departed.units.iter().any(|member| member.unit == unit || member.unit == whole)
    };
    let mut lanes = row.facts.iter().filter_map(|fact| fact.lane);
    let ends = departed.kind == FactKind::Departed
        && row.facts.iter().flat_map(|fact| &fact.units).all(|member| listed(member.unit))
        && departed.lane.is_none_or(|lane| lanes.all(|own| own == lane));
    // Else it may have ended another.
    let alone = rows.iter().filter(|other| !other.visit).all(|other| {
        let first = other.facts.iter().map(|fact| fact.at).min();
        newest(other) <= Some(last) || first > Some(next)
    });
    (ends && alone).then_some(departed)
}

fn newest(row: &Row) -> Option<Time> {
    row.facts.iter().map(|fact| fact.at).max()
}

/// Whether what a unit's passes at a station last does not follow from those that list it by one name.
fn is_vague(connection: &Connection, station: Id) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM mixed WHERE site = ?1 AND station = ?2)
                 OR EXISTS (SELECT 1 FROM several WHERE site = ?1 AND station = ?2)";
    Ok(connection.prepare_cached(sql)?.query_row(params![SITE, station.0], |row| row.get(0))?)
}

/// A station turned out to be vague.
pub(super) fn reopen_at(connection: &Connection, station: Id) -> Result<(), StoreError> {
    let sql = "SELECT id FROM pass INDEXED BY pass_long WHERE site = ?1 AND station = ?2 AND long > 0 AND long = ?3";
    reopen_found(connection, sql, station)
}

fn reopen_of(connection: &Connection, unit: Id) -> Result<(), StoreError> {
    let sql = "SELECT pass.id FROM pass_unit CROSS JOIN pass ON pass.site = pass_unit.site AND pass.id = pass_unit.pass
               WHERE pass_unit.site = ?1 AND pass_unit.unit = ?2 AND pass.long = ?3";
    reopen_found(connection, sql, unit)
}

fn reopen_found(connection: &Connection, sql: &str, of: Id) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map(params![SITE, of.0, Long::Left as u8], |row| row.get(0))?;
    let passes: Vec<i64> = found.collect::<rusqlite::Result<_>>()?;
    passes.into_iter().try_for_each(|pass| reopen(connection, PassId(pass)))
}

/// A pass lasted as long as its own row says.
pub(super) fn reopen(connection: &Connection, pass: PassId) -> Result<(), StoreError> {
    let sql = "SELECT key, facts, last_at - first_at FROM pass WHERE site = ?1 AND id = ?2";
    let (key, packed, micros) = connection.prepare_cached(sql)?.query_row(params![SITE, pass.0], |row| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, Vec<u8>>(1)?, row.get(2)?))
    })?;
    let mut facts = PassFact::unpack_all(&packed).ok_or(StoreError::Packed("pass"))?;
    let long = long(connection, pass, &mut facts, is_visit(key), micros)?;
    connection
        .prepare_cached("UPDATE pass SET long = ?3 WHERE site = ?1 AND id = ?2")?
        .execute(params![SITE, pass.0, long as u8])?;
    Ok(())
}

/// Finds out what `bound` keeps, of a database that was written without it.
pub(super) fn bound_all(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(&format!(
        "INSERT OR IGNORE INTO several (site, station)
           SELECT DISTINCT {SITE}, pass_unit.station
           FROM (SELECT thing & ~255 AS unit FROM name WHERE site = {SITE} AND thing & ~255 <> scope & ~255
                 UNION SELECT parent & ~255 FROM within WHERE site = {SITE} AND belonging = 3) AS named
           CROSS JOIN pass_unit ON pass_unit.site = {SITE} AND pass_unit.unit = named.unit
           CROSS JOIN pass ON pass.site = {SITE} AND pass.id = pass_unit.pass AND pass.key & 1 = 0;"
    ))?;
    each(connection, MAY_BE_OPEN, |found| {
        let sql = "SELECT station, facts FROM pass WHERE site = ?1 AND id = ?2";
        let (station, packed) = connection
            .prepare_cached(sql)?
            .query_row(params![SITE, found.0], |row| Ok((Id(row.get(0)?), row.get::<_, Vec<u8>>(1)?)))?;
        let facts = PassFact::unpack_all(&packed).ok_or(StoreError::Packed("pass"))?;
        let listed = facts.iter().flat_map(|fact| &fact.units).map(|member| member.unit.whole());
        for unit in listed.filter(|unit| unit.row() != 0).collect::<BTreeSet<Id>>() {
            bound(connection, station, unit)?;
        }
        Ok(())
    })
}

/// Visits, and transactions a side of which may be open.
pub(super) const MAY_BE_OPEN: &str = "key & 1 = 1 OR long BETWEEN 3 AND 4";

/// Does something with each pass of which a condition holds, however many they are.
pub(super) fn each(
    connection: &Connection,
    condition: &str,
    mut what: impl FnMut(PassId) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = format!("SELECT id FROM pass WHERE site = ?1 AND id > ?2 AND ({condition}) ORDER BY id LIMIT 4096");
    let mut statement = connection.prepare(&sql)?;
    let mut last = i64::MIN;
    loop {
        let passes: Vec<i64> =
            statement.query_map(params![SITE, last], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let Some(newest) = passes.last() else { return Ok(()) };
        last = *newest;
        passes.into_iter().try_for_each(|pass| what(PassId(pass)))?;
    }
}
