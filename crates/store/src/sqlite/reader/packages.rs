//! What packages are, and which came from which.

use std::borrow::Borrow;

use kernel::id::{Id, Seq};
use kernel::row::{Descent, Statement};
use kernel::thing::Kind;
use kernel::time::Time;
use rusqlite::{Connection, params};

use super::{Reader, Result};
use crate::sqlite::SITE;

impl<C: Borrow<Connection>> Reader<C> {
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

    /// Packages that were said to be of a part, those first mentioned last before others, so many at most.
    ///
    /// # Errors
    /// When the database fails.
    pub fn newest_packages_of(&self, part: Id, limit: usize) -> Result<Vec<Id>> {
        let sql = "SELECT DISTINCT package FROM statement INDEXED BY statement_part WHERE site = ?1 AND part = ?2 AND seq < ?3
                   ORDER BY package DESC LIMIT ?4";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.rows(sql, params![SITE, part.0, self.bound(), limit], |row| Ok(Id(row.get(0)?)))
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
}
