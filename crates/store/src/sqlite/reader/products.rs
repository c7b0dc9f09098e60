//! Stations and products as described.

use std::borrow::Borrow;

use kernel::id::{Id, Seq};
use kernel::row::Profile;
use kernel::time::Time;
use rusqlite::{Connection, params};

use super::{Reader, Result};
use crate::sqlite::{SITE, StoreError};

impl<C: Borrow<Connection>> Reader<C> {
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
}
