//! Reading: snapshots of the rows, as of an index of the log. A reader decides nothing; what rows mean together is found in `app`.

mod belonging;
mod log;
mod mounts;
mod names;
mod packages;
mod passes;
mod placements;
mod products;

use std::borrow::Borrow;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use kernel::id::{Id, PatternId, Seq};
use kernel::placement::Pattern;
use kernel::time::Time;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{SITE, StoreError};

pub use mounts::Mounted;
pub use passes::{Lasting, PassRow};
pub use placements::{Departing, Draw, ReportRow};

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

    /// Whether all that is recorded is visible.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sees_all(&self) -> Result<bool> {
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
}
