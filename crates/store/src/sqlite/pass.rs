//! Rows of passes: facts are gathered while a batch runs, and written at its end, with what is needed to find them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use kernel::id::{Designator, Id, PassId};
use kernel::pass::{FactKind, PassFact};
use kernel::project::{DAY, HOUR, is_visit};
use kernel::row::Belonging;
use kernel::time::Time;
use rusqlite::{Connection, params};

use super::side::long;
use super::{HOUR_ANY, Long, SITE, StoreError, left};

/// Passes of the running batch.
#[derive(Debug, Default)]
pub(super) struct Passes {
    dirty: BTreeMap<PassId, DirtyPass>,
    /// Keys of those that begin in it.
    new_keys: HashMap<PassId, u64>,
    /// Names of units, learned in it, beside which the unit has others.
    named: HashSet<Id>,
    /// Stations known to be mixed (see schema).
    mixed: HashSet<Id>,
    /// Stations known to call units of transactions by one of several names (see schema).
    several: HashSet<Id>,
    /// Carriers of which that was learned in it.
    carriers: HashSet<Id>,
    /// Carriers that something was put on, or taken off, and when.
    moved: BTreeSet<(Id, Time)>,
    /// Packages of which something was learned in it that bears on their part, and the event's index.
    learned: Vec<(i64, Id)>,
}

#[derive(Debug)]
struct DirtyPass {
    station: Id,
    first_at: i64,
    last_at: i64,
    last: i64,
    facts: Vec<PassFact>,
}

impl Passes {
    /// A pass that begins.
    pub(super) fn begin(&mut self, pass: PassId, key: u64) {
        self.new_keys.insert(pass, key);
    }

    pub(super) fn add(&mut self, pass: PassId, station: Id, fact: &PassFact) {
        let dirty = self.dirty.entry(pass).or_insert_with(|| DirtyPass {
            station,
            first_at: i64::MAX,
            last_at: i64::MIN,
            last: 0,
            facts: Vec::new(),
        });
        let (first, last) = fact.placed.unwrap_or((fact.at, fact.at));
        dirty.first_at = dirty.first_at.min(fact.at.0).min(first.0);
        dirty.last_at = dirty.last_at.max(fact.at.0).max(last.0);
        dirty.last = dirty.last.max(fact.seq.0.cast_signed());
        dirty.facts.push(fact.clone());
    }

    /// A unit has this name beside others.
    pub(super) fn named(&mut self, unit: Id) {
        self.named.insert(unit);
    }

    /// More is known of what part a package is.
    pub(super) fn learned(&mut self, seq: i64, package: Id) {
        self.learned.push((seq, package));
    }

    /// Something turned out to be a carrier: what it was named with need not be at home there.
    pub(super) fn carries(&mut self, carrier: Id) {
        self.carriers.insert(carrier);
    }

    /// Something was put on a carrier, or taken off it.
    pub(super) fn moved(&mut self, carrier: Id, at: Time) {
        self.moved.insert((carrier, at));
    }

    /// What the batch says of a pass.
    pub(super) fn facts(&self, pass: PassId) -> &[PassFact] {
        self.dirty.get(&pass).map(|dirty| dirty.facts.as_slice()).unwrap_or_default()
    }

    /// Writes the passes of the batch.
    pub(super) fn flush(&mut self, connection: &Connection) -> Result<(), StoreError> {
        for (pass, mut dirty) in std::mem::take(&mut self.dirty) {
            let (key, known_hour) = match self.new_keys.remove(&pass) {
                Some(key) => (key, None),
                None => dirty.joined(connection, pass)?,
            };
            self.write(connection, pass, key, known_hour, dirty)?;
        }
        self.new_keys.clear();
        // Passes lead to where packages were used: they had to be there first.
        for (seq, package) in std::mem::take(&mut self.learned) {
            super::part::learned(connection, seq, package)?;
        }
        for carrier in std::mem::take(&mut self.carriers) {
            reopen(connection, carrier, true)?;
        }
        for (carrier, at) in std::mem::take(&mut self.moved) {
            split(connection, carrier, at)?;
        }
        for unit in std::mem::take(&mut self.named) {
            let stations: Vec<(i64, bool)> = connection
                .prepare_cached(
                    "SELECT DISTINCT pass_unit.station, pass.key & 1 = 1
                     FROM pass_unit CROSS JOIN pass ON pass.site = pass_unit.site AND pass.id = pass_unit.pass
                     WHERE pass_unit.site = ?1 AND pass_unit.unit = ?2",
                )?
                .query_map(params![SITE, unit.0], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            for (station, visits) in stations {
                self.mix(connection, Id(station), visits)?;
            }
            reopen(connection, unit, false)?;
        }
        Ok(())
    }

    /// Writes a pass. `known_hour`: the hour by which its units know it until now.
    fn write(
        &mut self,
        connection: &Connection,
        pass: PassId,
        key: u64,
        known_hour: Option<i64>,
        row: DirtyPass,
    ) -> Result<(), StoreError> {
        let DirtyPass { station, first_at, last_at, last, mut facts } = row;
        let packed = PassFact::pack_all(&facts);
        let visit = is_visit(key);
        let removed = removed_from(&facts);
        let members = facts.iter().flat_map(|fact| &fact.units).map(|member| member.unit.whole());
        let units: BTreeSet<Id> = members.filter(|unit| unit.row() != 0).collect();
        let hour = hour_of(first_at, last_at);
        let unlisted = unlisted(&facts, visit, hour);
        let long = long(connection, pass, &mut facts, visit, last_at - first_at)?;
        let sql = if known_hour.is_none() {
            "INSERT INTO pass (site, id, station, key, first_at, last_at, long, unlisted, facts, last) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        } else {
            "UPDATE pass SET first_at = ?5, last_at = ?6, long = ?7, unlisted = ?8, facts = ?9, last = max(last, ?10)
             WHERE site = ?1 AND id = ?2 AND station = ?3 AND key = ?4"
        };
        connection.prepare_cached(sql)?.execute(params![
            SITE,
            pass.0,
            station.0,
            key.cast_signed(),
            first_at,
            last_at,
            long as u8,
            unlisted,
            packed,
            last
        ])?;
        for unit in &units {
            if let Some(known) = known_hour.filter(|known| *known != hour) {
                connection
                    .prepare_cached("DELETE FROM pass_unit WHERE site = ?1 AND unit = ?2 AND hour = ?3 AND pass = ?4")?
                    .execute(params![SITE, unit.0, known, pass.0])?;
            }
            connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO pass_unit (site, unit, hour, pass, station) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![SITE, unit.0, hour, pass.0, station.0])?;
            if is_one_of_several(connection, *unit)? {
                self.mix(connection, station, visit)?;
            }
            left::bound(connection, station, *unit)?;
        }
        // Of a transaction that lists nobody it is not known here whose components they were.
        let whose = if unlisted == 0 { units } else { BTreeSet::from([Id(0)]) };
        for unit in whose {
            note_removed(connection, unit, &removed)?;
        }
        Ok(())
    }

    /// Messages of a station call a unit by one of its several names: in visits, or in transactions.
    fn mix(&mut self, connection: &Connection, station: Id, visits: bool) -> Result<(), StoreError> {
        let (known, sql) = if visits {
            (&mut self.mixed, "INSERT OR IGNORE INTO mixed (site, station) VALUES (?1, ?2)")
        } else {
            (&mut self.several, "INSERT OR IGNORE INTO several (site, station) VALUES (?1, ?2)")
        };
        if known.insert(station) {
            connection.prepare_cached(sql)?.execute(params![SITE, station.0])?;
            left::reopen_at(connection, station)?;
        }
        Ok(())
    }
}

impl DirtyPass {
    /// Joins what was known of the pass before the batch; gives its key, and the hour by which its units know it.
    fn joined(&mut self, connection: &Connection, pass: PassId) -> Result<(u64, Option<i64>), StoreError> {
        let (key, first_at, last_at, packed) = connection
            .prepare_cached("SELECT key, first_at, last_at, facts FROM pass WHERE site = ?1 AND id = ?2")?
            .query_row(params![SITE, pass.0], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?, row.get(2)?, row.get::<_, Vec<u8>>(3)?))
            })?;
        let mut facts = PassFact::unpack_all(&packed).ok_or(StoreError::Packed("pass"))?;
        facts.append(&mut self.facts);
        self.facts = facts;
        self.first_at = self.first_at.min(first_at);
        self.last_at = self.last_at.max(last_at);
        Ok((key, Some(hour_of(first_at, last_at))))
    }
}

/// Positions at which facts of a pass say that components were removed, from whichever unit.
fn removed_from(facts: &[PassFact]) -> BTreeSet<Designator> {
    facts.iter().flat_map(|fact| &fact.removals).map(|removal| removal.designator).collect()
}

fn note_removed(connection: &Connection, unit: Id, removed: &BTreeSet<Designator>) -> Result<(), StoreError> {
    for designator in removed {
        connection
            .prepare_cached("INSERT OR IGNORE INTO removed (site, unit, designator) VALUES (?1, ?2, ?3)")?
            .execute(params![SITE, unit.0, designator.0])?;
    }
    Ok(())
}

/// Notes what was removed, of a database in which only the units stand from which something was.
pub(super) fn fill_removed(connection: &Connection, units: &[Id]) -> Result<(), StoreError> {
    // Whose components a transaction removed that lists nobody was not known at some time, perhaps.
    let anyones = units.contains(&Id(0));
    for unit in units {
        let of_unit = "SELECT pass.facts FROM pass_unit CROSS JOIN pass ON pass.site = pass_unit.site AND pass.id = pass_unit.pass
                       WHERE pass_unit.site = ?1 AND pass_unit.unit = ?2";
        let unlisted = "SELECT facts FROM pass WHERE site = ?1 AND unlisted > ?2";
        let mut statement = connection.prepare_cached(if *unit == Id(0) { unlisted } else { of_unit })?;
        let mut rows = statement.query(params![SITE, unit.0])?;
        while let Some(row) = rows.next()? {
            let facts = PassFact::unpack_all(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?);
            let removed = removed_from(&facts.ok_or(StoreError::Packed("pass"))?);
            note_removed(connection, *unit, &removed)?;
            if anyones {
                note_removed(connection, Id(0), &removed)?;
            }
        }
    }
    Ok(())
}

/// The hour by which a pass is found whose facts span from one time to another.
fn hour_of(first_at: i64, last_at: i64) -> i64 {
    if last_at - first_at > DAY { HOUR_ANY } else { first_at.div_euclid(HOUR) }
}

/// Whether a name of a unit is one beside which the unit has others: its own while it lay on a panel, or a carrier's.
fn is_one_of_several(connection: &Connection, unit: Id) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM name WHERE site = ?1 AND thing BETWEEN ?2 AND ?3 AND scope NOT BETWEEN ?2 AND ?3)
               OR EXISTS (SELECT 1 FROM within INDEXED BY within_parent WHERE site = ?1 AND parent = ?2 AND belonging = ?4)",
        )?
        .query_row(params![SITE, unit.0, unit.0 | 0xff, Belonging::Carried as u8], |row| row.get(0))?;
    Ok(found)
}

/// Whether a pass is a transaction that lists no units: 0 no, 1 yes, 2 yes and its facts span more than a day.
fn unlisted(facts: &[PassFact], visit: bool, hour: i64) -> i64 {
    let mut listing = facts.iter().filter(|fact| matches!(fact.kind, FactKind::Started | FactKind::Ended));
    if visit || !listing.all(|fact| fact.units.is_empty()) {
        return 0;
    }
    if hour == HOUR_ANY { 2 } else { 1 }
}

/// A unit's own name may be another's too: whoever has it of a transaction that counted on it being one's may lack a side.
fn reopen(connection: &Connection, unit: Id, surely: bool) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE pass SET long = ?3 WHERE site = ?1 AND long <> ?3 AND key & 1 = 0
               AND id IN (SELECT pass FROM pass_unit WHERE pass_unit.site = ?1 AND pass_unit.unit = ?2)
               AND (?4 OR (SELECT count(*) FROM (SELECT DISTINCT scope, position FROM name INDEXED BY name_thing
                                                 WHERE name.site = ?1 AND name.thing BETWEEN ?2 AND ?2 | 255 LIMIT 2)) > 1)",
        )?
        .execute(params![SITE, unit.0, Long::OpenBegin as u8, surely])?;
    Ok(())
}

/// What lies on a carrier changed: passes that named it before and after do not speak of the same units.
fn split(connection: &Connection, carrier: Id, at: Time) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT pass.id FROM pass_unit CROSS JOIN pass ON pass.site = pass_unit.site AND pass.id = pass_unit.pass
         WHERE pass_unit.site = ?1 AND pass_unit.unit = ?2 AND pass_unit.hour BETWEEN ?3 AND ?4
           AND pass.long <> ?5 AND pass.first_at < ?6 AND pass.last_at >= ?6",
    )?;
    let hours = (at.plus(-DAY).0.div_euclid(HOUR), at.0.div_euclid(HOUR));
    for (first, last) in [hours, (HOUR_ANY, HOUR_ANY)] {
        let values = params![SITE, carrier.0, first, last, Long::OpenBegin as u8, at.0];
        let passes: Vec<i64> = statement.query_map(values, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        passes.into_iter().try_for_each(|pass| left::reopen(connection, PassId(pass)))?;
    }
    Ok(())
}

/// Looks anew at which sides of passes may be open, of a database of an earlier version: at all visits, at transactions that name a carrier, and, where
/// more of these seemed open, at all that did.
pub(super) fn look_anew(connection: &Connection, transactions_too: bool) -> Result<(), StoreError> {
    let condition = if transactions_too { left::MAY_BE_OPEN } else { "key & 1 = 1" };
    left::each(connection, condition, |pass| left::reopen(connection, pass))?;
    let condition = format!(
        "key & 1 = 0 AND long <> {} AND id IN (SELECT pass FROM pass_unit WHERE site = {SITE} AND unit IN
           (SELECT DISTINCT parent FROM within WHERE site = {SITE} AND belonging = {}))",
        Long::OpenBegin as u8,
        Belonging::Carried as u8
    );
    left::each(connection, &condition, |pass| left::reopen(connection, pass))
}
