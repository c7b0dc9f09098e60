//! Reading: snapshots of the rows, as of an index of the log. A reader decides nothing; what rows mean together is found in `app`.

use std::borrow::Borrow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use kernel::id::{Designator, Id, PassId, PatternId, Seq};
use kernel::pass::PassFact;
use kernel::placement::{Difference, Pattern};
use kernel::project::{DAY, HOUR, is_visit};
use kernel::row::{Belonging, Descent, MountChange, MountPoint, Profile, Statement, Within};
use kernel::thing::{Kind, Name};
use kernel::time::Time;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::part::APPLIED;
use super::span::{SPAN_END, SPANS, longest};
use super::tail::unpack_entries;
use super::{HOUR_ANY, Long, SITE, StoreError};

/// A reader. All its answers are as of an index, see [`Reader::bound_by`].
#[derive(Debug)]
pub struct Reader<C> {
    connection: C,
    as_of: Seq,
    /// Whether all that is recorded is visible, once that was asked.
    whole: OnceCell<bool>,
    /// Patterns read lately. They never change.
    patterns: RefCell<HashMap<PatternId, Arc<Pattern>>>,
}

/// Patterns that a reader keeps.
const PATTERNS_MAX: usize = 512;

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

/// Index, station, key and packed facts of a pass.
type PackedPass = (i64, i64, i64, Vec<u8>);

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

/// A pass and the closed window in which it may have run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting {
    /// The pass.
    pub pass: PassId,
    /// From the begin at the earliest.
    pub from: Time,
    /// Until the end at the latest.
    pub until: Time,
}

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

type Result<T> = std::result::Result<T, StoreError>;
/// Rows, each with the identity that it was asked for by.
type Keyed<T> = Result<Vec<(Id, T)>>;

/// Identities as one parameter of a statement.
fn array(ids: &[Id]) -> Rc<Vec<Value>> {
    Rc::new(ids.iter().map(|id| Value::Integer(id.0)).collect())
}

impl<C: Borrow<Connection>> Reader<C> {
    pub(super) fn new(connection: C) -> Reader<C> {
        Reader { connection, as_of: Seq::LATEST, whole: OnceCell::new(), patterns: RefCell::default() }
    }

    /// From now on answers are as of an index: events at and above it are hidden.
    pub fn bound_by(&mut self, size: Seq) {
        self.as_of = size;
        self.whole = OnceCell::new();
    }

    /// Holds on to the state of now, so that all answers until [`Reader::release`] are of one state.
    ///
    /// # Errors
    /// When the database fails.
    pub fn hold(&self) -> Result<()> {
        Ok(self.connection.borrow().execute_batch("BEGIN")?)
    }

    /// Lets go of the state that was held.
    pub fn release(&self) {
        // Without a state held there is nothing to let go of.
        self.connection.borrow().execute_batch("ROLLBACK").ok();
    }

    fn sees_all(&self) -> Result<bool> {
        if self.as_of == Seq::LATEST {
            return Ok(true);
        }
        if let Some(known) = self.whole.get() {
            return Ok(*known);
        }
        let all = self.as_of >= self.recorded()?;
        Ok(*self.whole.get_or_init(|| all))
    }

    /// Number of events visible: those below this index.
    ///
    /// # Errors
    /// When the database fails.
    pub fn size(&self) -> Result<Seq> {
        Ok(self.recorded()?.min(self.as_of))
    }

    /// Number of events recorded, visible or not.
    fn recorded(&self) -> Result<Seq> {
        let recorded = self.number("SELECT max(size) FROM clock WHERE site = ?1", params![SITE])?.unwrap_or(0);
        let tail = self
            .number("SELECT first + count FROM tail WHERE site = ?1 ORDER BY first DESC LIMIT 1", params![SITE])?
            .unwrap_or(0);
        Ok(Seq(recorded.max(tail).cast_unsigned()))
    }

    /// Size of the log at a time of receipt.
    ///
    /// # Errors
    /// When the database fails.
    pub fn size_at(&self, recorded: Time) -> Result<Seq> {
        let size =
            self.number("SELECT max(size) FROM clock WHERE site = ?1 AND recorded <= ?2", params![SITE, recorded.0])?;
        Ok(Seq(size.unwrap_or(0).cast_unsigned()))
    }

    fn bound(&self) -> i64 {
        self.as_of.0.cast_signed()
    }

    fn number(&self, sql: &str, values: impl rusqlite::Params) -> Result<Option<i64>> {
        Ok(self.connection.borrow().prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?.flatten())
    }

    fn rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.connection.borrow().prepare_cached(sql)?;
        let rows = statement.query_map(values, read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    // Names.

    /// The identity of a thing (of the whole, for units).
    ///
    /// # Errors
    /// When the database fails.
    pub fn thing(&self, kind: Kind, key: &str) -> Result<Option<Id>> {
        let sql = "SELECT id FROM thing WHERE site = ?1 AND key = ?2 AND kind = ?3 AND seq < ?4";
        let mut statement = self.connection.borrow().prepare_cached(sql)?;
        let row = statement.query_row(params![SITE, key, kind as u8, self.bound()], |row| row.get(0)).optional()?;
        Ok(row.map(Id::of_row))
    }

    /// Things of any kind with exactly this identifier.
    ///
    /// # Errors
    /// When the database fails.
    pub fn things_called(&self, key: &str) -> Result<Vec<(Kind, Id)>> {
        let sql = "SELECT kind, id FROM thing WHERE site = ?1 AND key = ?2 AND +seq < ?3 ORDER BY kind";
        let rows = self.rows(sql, params![SITE, key, self.bound()], |row| Ok((row.get::<_, u8>(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().filter_map(|(kind, row)| Some((Kind::from_code(kind)?, Id::of_row(row)))).collect())
    }

    /// Things for which a text is another name.
    ///
    /// # Errors
    /// When the database fails.
    pub fn aliases(&self, text: &str) -> Result<Vec<(Kind, Id)>> {
        let sql = "SELECT kind, thing FROM alias WHERE site = ?1 AND text = ?2 AND seq < ?3 ORDER BY kind, thing";
        let rows = self.rows(sql, params![SITE, text, self.bound()], |row| Ok((row.get::<_, u8>(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().filter_map(|(kind, thing)| Some((Kind::from_code(kind)?, Id(thing)))).collect())
    }

    /// Things whose identifier begins with a text, for the scan box.
    ///
    /// # Errors
    /// When the database fails.
    pub fn things_beginning(&self, prefix: &str, limit: usize) -> Result<Vec<Name>> {
        let sql =
            "SELECT kind, key FROM thing WHERE site = ?1 AND key >= ?2 AND key < ?3 AND seq < ?4 ORDER BY key LIMIT ?5";
        let end = format!("{prefix}\u{10ffff}");
        let values = params![SITE, prefix, end, self.bound(), i64::try_from(limit).unwrap_or(i64::MAX)];
        let rows = self.rows(sql, values, |row| Ok((row.get::<_, u8>(0)?, row.get::<_, String>(1)?)))?;
        Ok(rows.into_iter().filter_map(|(kind, key)| Some(Name::new(Kind::from_code(kind)?, key))).collect())
    }

    /// Things of a kind, by identifier.
    ///
    /// # Errors
    /// When the database fails.
    pub fn things_of_kind(&self, kind: Kind) -> Result<Vec<(Id, String)>> {
        let sql = "SELECT id, key FROM thing WHERE site = ?1 AND kind = ?2 AND seq < ?3 ORDER BY key";
        self.rows(sql, params![SITE, kind as u8, self.bound()], |row| Ok((Id::of_row(row.get(0)?), row.get(1)?)))
    }

    /// Kind and identifier of a thing (of the whole, for units).
    ///
    /// # Errors
    /// When the database fails.
    pub fn name(&self, thing: Id) -> Result<Option<Name>> {
        let sql = "SELECT kind, key FROM thing WHERE site = ?1 AND id = ?2";
        let mut statement = self.connection.borrow().prepare_cached(sql)?;
        let row = statement
            .query_row(params![SITE, thing.row()], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, String>(1)?)))
            .optional()?;
        Ok(row.and_then(|(kind, key)| Some(Name::new(Kind::from_code(kind)?, key))))
    }

    /// Text of a reference designator.
    ///
    /// # Errors
    /// When the database fails.
    pub fn designator_text(&self, designator: Designator) -> Result<Option<String>> {
        let sql = "SELECT text FROM designator WHERE site = ?1 AND id = ?2";
        let mut statement = self.connection.borrow().prepare_cached(sql)?;
        Ok(statement.query_row(params![SITE, designator.0], |row| row.get(0)).optional()?)
    }

    /// Positions at which units' names were mentioned, with the whole if that was. By unit, as a whole.
    ///
    /// # Errors
    /// When the database fails.
    pub fn positions_of(&self, wholes: &[Id]) -> Result<Vec<(Id, Id)>> {
        let sql = "SELECT unit.id FROM rarray(?2) AS asked CROSS JOIN unit ON unit.site = ?1 AND unit.id BETWEEN asked.value AND asked.value + 255
                   WHERE unit.seq < ?3 ORDER BY unit.id";
        self.rows(sql, params![SITE, array(wholes), self.bound()], |row| {
            let id = Id(row.get(0)?);
            Ok((id.whole(), id))
        })
    }

    /// What lay on panels or carriers: position, unit by its own name, when. By panel or carrier.
    ///
    /// # Errors
    /// When the database fails.
    pub fn named_on(&self, scopes: &[Id]) -> Keyed<(u32, Id, Time)> {
        let sql = "SELECT name.scope, name.position, name.thing, name.at FROM rarray(?2) AS asked CROSS JOIN name ON name.site = ?1 AND name.scope = asked.value
                   WHERE name.seq < ?3 ORDER BY name.position, name.thing, name.at";
        self.rows(sql, params![SITE, array(scopes), self.bound()], |row| {
            Ok((Id(row.get(0)?), (row.get(1)?, Id(row.get(2)?), Time(row.get(3)?))))
        })
    }

    /// Where units with a name of their own lay: panel or carrier, position, when. By unit.
    ///
    /// # Errors
    /// When the database fails.
    pub fn places_of_name(&self, things: &[Id]) -> Keyed<(Id, u32, Time)> {
        let sql = "SELECT name.thing, name.scope, name.position, name.at
                   FROM rarray(?2) AS asked CROSS JOIN name INDEXED BY name_thing ON name.site = ?1 AND name.thing = asked.value
                   WHERE name.seq < ?3 ORDER BY name.scope, name.position, name.at";
        self.rows(sql, params![SITE, array(things), self.bound()], |row| {
            Ok((Id(row.get(0)?), (Id(row.get(1)?), row.get(2)?, Time(row.get(3)?))))
        })
    }

    // Passes.

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
            Ok(Lasting { pass: PassId(row.get(0)?), from, until })
        })
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

    /// Those of some units, as a whole, from which, or from positions of which, components may have been removed. Whatever the reader is bounded to.
    ///
    /// # Errors
    /// When the database fails.
    pub fn may_lack_components(&self, wholes: &[Id]) -> Result<Vec<Id>> {
        let anyones = self.number("SELECT 1 FROM removed WHERE site = ?1 AND unit = 0", params![SITE])?;
        if anyones.is_some() {
            return Ok(wholes.to_vec());
        }
        let sql = "SELECT removed.unit FROM rarray(?2) AS asked CROSS JOIN removed ON removed.site = ?1 AND removed.unit = asked.value";
        self.rows(sql, params![SITE, array(wholes)], |row| Ok(Id(row.get(0)?)))
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

    // Placements.

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

    // Mounts.

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

    fn is_unsteady(&self, station: Id) -> Result<bool> {
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

    // Packages.

    /// What messages said of a package, by time.
    ///
    /// # Errors
    /// When the database fails.
    pub fn statements(&self, package: Id) -> Result<Vec<(Seq, Statement)>> {
        let sql = "SELECT seq, at, part, lot, supplier, receipt, initial FROM statement WHERE site = ?1 AND package = ?2 AND seq < ?3
                   ORDER BY at, lot, part, supplier, receipt, initial";
        self.rows(sql, params![SITE, package.0, self.bound()], |row| {
            let id = |column: usize| row.get::<_, Option<i64>>(column).map(|id| id.map(Id));
            let statement = Statement {
                at: Time(row.get(1)?),
                part: id(2)?,
                lot: id(3)?,
                supplier: id(4)?,
                receipt: id(5)?,
                initial: row.get(6)?,
            };
            Ok((Seq(row.get::<_, i64>(0)?.cast_unsigned()), statement))
        })
    }

    /// Packages of which some message said that they are of this part, lot, supplier or delivery.
    ///
    /// # Errors
    /// When the database fails.
    pub fn packages_of(&self, kind: Kind, thing: Id) -> Result<Vec<Id>> {
        let sql = match kind {
            Kind::Part => {
                "SELECT DISTINCT package FROM statement WHERE site = ?1 AND part = ?2 AND seq < ?3 ORDER BY package"
            }
            Kind::Lot => {
                "SELECT DISTINCT package FROM statement WHERE site = ?1 AND lot = ?2 AND seq < ?3 ORDER BY package"
            }
            Kind::Party => {
                "SELECT DISTINCT package FROM statement WHERE site = ?1 AND supplier = ?2 AND seq < ?3 ORDER BY package"
            }
            Kind::Receipt => {
                "SELECT DISTINCT package FROM statement WHERE site = ?1 AND receipt = ?2 AND seq < ?3 ORDER BY package"
            }
            _ => return Ok(Vec::new()),
        };
        self.rows(sql, params![SITE, thing.0, self.bound()], |row| Ok(Id(row.get(0)?)))
    }

    /// What descends from a package (`forward`), or what it descends from: the other package, how, when.
    ///
    /// # Errors
    /// When the database fails.
    pub fn derived(&self, package: Id, forward: bool) -> Result<Vec<(Id, Descent, Time)>> {
        let sql = if forward {
            "SELECT child, descent, at FROM derived WHERE site = ?1 AND parent = ?2 AND seq < ?3 ORDER BY at, child, descent"
        } else {
            "SELECT parent, descent, at FROM derived INDEXED BY derived_child WHERE site = ?1 AND child = ?2 AND seq < ?3 ORDER BY at, parent, descent"
        };
        let rows = self.rows(sql, params![SITE, package.0, self.bound()], |row| {
            Ok((Id(row.get(0)?), row.get::<_, i64>(1)?, Time(row.get(2)?)))
        })?;
        Ok(rows
            .into_iter()
            .filter_map(|(other, descent, at)| Some((other, Descent::from_code(descent)?, at)))
            .collect())
    }

    // Belonging.

    fn within(&self, index: &str, condition: &str, values: impl rusqlite::Params) -> Result<Vec<(Seq, Within)>> {
        let sql = format!(
            "SELECT seq, at, child, parent, belonging, coming, position FROM within INDEXED BY {index} WHERE site = ?1 AND seq < ?2 AND {condition} ORDER BY at, coming, child, parent, position"
        );
        let rows = self.rows(&sql, values, |row| {
            Ok((
                Seq(row.get::<_, i64>(0)?.cast_unsigned()),
                Time(row.get(1)?),
                row.get::<_, i64>(2)?,
                Id(row.get(3)?),
                row.get::<_, i64>(4)?,
                row.get::<_, bool>(5)?,
                row.get::<_, String>(6)?,
            ))
        })?;
        Ok(rows
            .into_iter()
            .filter_map(|(seq, at, child, parent, belonging, on, position)| {
                let child = (child >= 0).then_some(Id(child));
                Some((seq, Within { at, child, parent, belonging: Belonging::from_code(belonging)?, on, position }))
            })
            .collect())
    }

    /// When things came into, or left, others.
    ///
    /// # Errors
    /// When the database fails.
    pub fn within_of(&self, children: &[Id]) -> Result<Vec<(Seq, Within)>> {
        let condition = "child IN (SELECT value FROM rarray(?3))";
        self.within("within_child", condition, params![SITE, self.bound(), array(children)])
    }

    /// What came into a thing, or left it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn contents_of(&self, parent: Id) -> Result<Vec<(Seq, Within)>> {
        self.within("within_parent", "parent = ?3", params![SITE, self.bound(), parent.0])
    }

    /// Units put on a carrier that may have lain there at some time of a closed window, and what took units off it while any of them may have lain
    /// there, by time. `None` as of an earlier index.
    ///
    /// # Errors
    /// When the database fails.
    pub fn carried(&self, carrier: Id, from: Time, until: Time) -> Result<Option<Vec<Within>>> {
        if !self.sees_all()? {
            return Ok(None);
        }
        let sql = "SELECT at, child, coming, position, until FROM within INDEXED BY within_carried
                   WHERE site = ?1 AND parent = ?2 AND belonging = 3 AND span = ?3 AND at BETWEEN ?4 AND ?5 AND until >= ?6";
        let rows = |span: u8, first: Time, last: Time, until: Time| {
            self.rows(sql, params![SITE, carrier.0, span, first.0, last.0, until.0], |row| {
                let (at, child, belonging) = (Time(row.get(0)?), row.get::<_, i64>(1)?, Belonging::Carried);
                let child = (child >= 0).then_some(Id(child));
                let within = Within { at, child, parent: carrier, belonging, on: row.get(2)?, position: row.get(3)? };
                Ok((within, Time(row.get(4)?)))
            })
        };
        let mut found: Vec<(Within, Time)> = Vec::new();
        for span in 0..SPANS {
            let first = longest(span).map_or(Time::MIN, |longest| from.plus(-longest));
            found.extend(rows(span, first, until, from)?);
        }
        if let Some(first) = found.iter().map(|(load, _)| load.at).min() {
            let last = found.iter().map(|(_, until)| *until).max().unwrap_or(first);
            found.extend(rows(SPAN_END, first, last, first)?);
        }
        let mut points: Vec<Within> = found.into_iter().map(|(point, _)| point).collect();
        points.sort_by(|a, b| (a.at, a.on, a.child, &a.position).cmp(&(b.at, b.on, b.child, &b.position)));
        Ok(Some(points))
    }

    /// Those of some things that units were put on or taken off: they are carriers.
    ///
    /// # Errors
    /// When the database fails.
    pub fn carrying(&self, things: &[Id]) -> Result<Vec<Id>> {
        let sql = "SELECT asked.value FROM rarray(?2) AS asked
                   WHERE EXISTS (SELECT 1 FROM within INDEXED BY within_parent WHERE within.site = ?1 AND within.parent = asked.value
                                   AND within.belonging = ?3 AND within.seq < ?4)";
        self.rows(sql, params![SITE, array(things), Belonging::Carried as u8, self.bound()], |row| Ok(Id(row.get(0)?)))
    }

    /// When everything in a thing left it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn emptied(&self, parent: Id) -> Result<Vec<Within>> {
        let rows = self.within("within_parent", "parent = ?3 AND child = -1", params![SITE, self.bound(), parent.0])?;
        Ok(rows.into_iter().map(|(_, within)| within).collect())
    }

    /// Orders and products of a unit, the product of an order, the customer of a shipment.
    ///
    /// # Errors
    /// When the database fails.
    pub fn wholes_of(&self, thing: Id) -> Result<Vec<Id>> {
        let sql = "SELECT whole FROM membership WHERE site = ?1 AND thing = ?2 AND seq < ?3 ORDER BY whole";
        self.rows(sql, params![SITE, thing.0, self.bound()], |row| Ok(Id(row.get(0)?)))
    }

    /// Units of an order, orders of a product, shipments to a customer.
    ///
    /// # Errors
    /// When the database fails.
    pub fn members_of(&self, whole: Id) -> Result<Vec<Id>> {
        let sql = "SELECT thing FROM membership INDEXED BY membership_whole WHERE site = ?1 AND whole = ?2 AND seq < ?3 ORDER BY thing";
        self.rows(sql, params![SITE, whole.0, self.bound()], |row| Ok(Id(row.get(0)?)))
    }

    // Stations and products.

    /// Profiles of a handle, by the time from which they hold.
    ///
    /// # Errors
    /// When the database fails.
    pub fn profiles(&self, handle: Id) -> Result<Vec<(Time, Profile)>> {
        let sql = "SELECT at, body FROM profile WHERE site = ?1 AND handle = ?2 AND seq < ?3 ORDER BY at, body";
        let rows = self.rows(sql, params![SITE, handle.0, self.bound()], |row| {
            Ok((Time(row.get(0)?), row.get::<_, String>(1)?))
        })?;
        rows.into_iter()
            .map(|(at, body)| Ok((at, serde_json::from_str(&body).map_err(|_| StoreError::Packed("profile"))?)))
            .collect()
    }

    /// Whether a product's bill of materials lists a part; `None` when the product was not released with one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn product_needs(&self, product: Id, part: Id) -> Result<Option<bool>> {
        let sql = "SELECT max(seq) FROM product_release WHERE site = ?1 AND product = ?2 AND seq < ?3";
        let Some(release) = self.number(sql, params![SITE, product.0, self.bound()])? else { return Ok(None) };
        let sql = "SELECT count(*) FROM product_part WHERE site = ?1 AND product = ?2 AND part = ?3 AND seq = ?4";
        Ok(self.number(sql, params![SITE, product.0, part.0, release])?.map(|count| count > 0))
    }

    /// Index of the newest release of a product.
    ///
    /// # Errors
    /// When the database fails.
    pub fn product_release(&self, product: Id) -> Result<Option<Seq>> {
        let sql = "SELECT max(seq) FROM product_release WHERE site = ?1 AND product = ?2 AND seq < ?3";
        Ok(self.number(sql, params![SITE, product.0, self.bound()])?.map(|seq| Seq(seq.cast_unsigned())))
    }

    /// Products that a program builds.
    ///
    /// # Errors
    /// When the database fails.
    pub fn products_of_program(&self, program: Id) -> Result<Vec<Id>> {
        let sql = "SELECT DISTINCT product FROM product_program WHERE site = ?1 AND program = ?2 AND seq < ?3 ORDER BY product";
        self.rows(sql, params![SITE, program.0, self.bound()], |row| Ok(Id(row.get(0)?)))
    }

    // Log and notes.

    /// Notes of a station in a window, newest first: when, index, kind of message.
    ///
    /// # Errors
    /// When the database fails.
    pub fn notes(&self, station: Id, from: Time, until: Time, limit: usize) -> Result<Vec<(Time, Seq, String)>> {
        let sql = "SELECT note.at, note.seq, note_name.text FROM note JOIN note_name ON note_name.site = note.site AND note_name.id = note.name
                   WHERE note.site = ?1 AND note.station = ?2 AND note.at BETWEEN ?3 AND ?4 AND note.seq < ?5 ORDER BY note.at DESC, note.seq DESC LIMIT ?6";
        let values = params![SITE, station.0, from.0, until.0, self.bound(), limit.cast_signed()];
        self.rows(sql, values, |row| Ok((Time(row.get(0)?), Seq(row.get::<_, i64>(1)?.cast_unsigned()), row.get(2)?)))
    }

    /// Entries of the log that only the tail holds yet: the commit that holds this index.
    ///
    /// # Errors
    /// When the database fails.
    pub fn tail_entry(&self, seq: Seq) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT first, entries FROM tail WHERE site = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1";
        let mut statement = self.connection.borrow().prepare_cached(sql)?;
        let row = statement
            .query_row(params![SITE, seq.0.cast_signed()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
            .optional()?;
        let Some((first, packed)) = row else { return Ok(None) };
        let entries = unpack_entries(&packed)?;
        let index = usize::try_from(seq.0 - first.cast_unsigned()).unwrap_or(usize::MAX);
        Ok(entries.into_iter().nth(index))
    }

    /// A fact too large for an entry, while the ledger folder does not hold it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn attachment(&self, sha256: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT body FROM attachment WHERE site = ?1 AND sha256 = ?2";
        let mut statement = self.connection.borrow().prepare_cached(sql)?;
        let packed: Option<Vec<u8>> = statement.query_row(params![SITE, sha256], |row| row.get(0)).optional()?;
        packed.map(|packed| Ok(zstd::stream::decode_all(packed.as_slice())?)).transpose()
    }

    /// Heartbeats counted: source, number, last.
    ///
    /// # Errors
    /// When the database fails.
    pub fn heartbeats(&self) -> Result<Vec<(String, u64, Time)>> {
        let sql = "SELECT handle, count, last FROM heartbeat WHERE site = ?1 ORDER BY handle";
        self.rows(sql, params![SITE], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned(), Time(row.get(2)?))))
    }

    /// Bytes in tables and indexes, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sizes(&self) -> Result<Vec<(String, u64)>> {
        self.rows("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC", [], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        })
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
