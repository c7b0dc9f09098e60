//! What lay in what.

use std::borrow::Borrow;

use kernel::id::{Id, Seq};
use kernel::row::{Belonging, Within};
use kernel::time::Time;
use rusqlite::{Connection, params};

use super::{Reader, Result, array};
use crate::sqlite::SITE;
use crate::sqlite::span::{SPAN_END, SPANS, longest};

impl<C: Borrow<Connection>> Reader<C> {
    fn within(&self, index: &str, condition: &str, values: impl rusqlite::Params) -> Result<Vec<(Seq, Within)>> {
        let sql = format!(
            "SELECT seq, at, child, parent, belonging, coming, position FROM within INDEXED BY {index} WHERE site = ?1 AND seq < ?2 AND {condition}"
        );
        let mut rows = self.rows(&sql, values, |row| {
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
        rows.sort_by(|a, b| (a.1, a.5, a.2, a.3, &a.6).cmp(&(b.1, b.5, b.2, b.3, &b.6)));
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
}
