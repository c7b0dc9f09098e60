//! What things are called.

use std::borrow::Borrow;

use kernel::id::{Designator, Id};
use kernel::thing::{Kind, Name};
use kernel::time::Time;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Keyed, Reader, Result, array};
use crate::sqlite::SITE;

impl<C: Borrow<Connection>> Reader<C> {
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

    /// Positions at which units' names were mentioned, with the whole if that was, ascending. By unit, as a whole.
    ///
    /// # Errors
    /// When the database fails.
    pub fn positions_of(&self, wholes: &[Id]) -> Result<Vec<(Id, Id)>> {
        let sql = "SELECT unit.id FROM rarray(?2) AS asked CROSS JOIN unit ON unit.site = ?1 AND unit.id BETWEEN asked.value AND asked.value + 255
                   WHERE unit.seq < ?3";
        let mut found = self.rows(sql, params![SITE, array(wholes), self.bound()], |row| {
            let id = Id(row.get(0)?);
            Ok((id.whole(), id))
        })?;
        found.sort_unstable();
        Ok(found)
    }

    /// What lay on panels or carriers: position, unit by its own name, when, ascending. By panel or carrier.
    ///
    /// # Errors
    /// When the database fails.
    pub fn named_on(&self, scopes: &[Id]) -> Keyed<(u32, Id, Time)> {
        let sql = "SELECT name.scope, name.position, name.thing, name.at FROM rarray(?2) AS asked CROSS JOIN name ON name.site = ?1 AND name.scope = asked.value
                   WHERE name.seq < ?3";
        let mut found = self.rows(sql, params![SITE, array(scopes), self.bound()], |row| {
            Ok((Id(row.get(0)?), (row.get(1)?, Id(row.get(2)?), Time(row.get(3)?))))
        })?;
        found.sort_unstable();
        Ok(found)
    }

    /// Where units with a name of their own lay: panel or carrier, position, when, ascending. By unit.
    ///
    /// # Errors
    /// When the database fails.
    pub fn places_of_name(&self, things: &[Id]) -> Keyed<(Id, u32, Time)> {
        let sql = "SELECT name.thing, name.scope, name.position, name.at
                   FROM rarray(?2) AS asked CROSS JOIN name INDEXED BY name_thing ON name.site = ?1 AND name.thing = asked.value
                   WHERE name.seq < ?3";
        let mut found = self.rows(sql, params![SITE, array(things), self.bound()], |row| {
            Ok((Id(row.get(0)?), (Id(row.get(1)?), row.get(2)?, Time(row.get(3)?))))
        })?;
        found.sort_unstable();
        Ok(found)
    }
}
