//! Bytes on the disk: the database, table by table, and the ledger.

use std::path::Path;

use app::Site;
use serde::{Deserialize, Serialize};

use crate::say::Failure;

/// What a history takes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Disk {
    pub(super) database_bytes: u64,
    pub(super) placement_bytes_per_placement: f64,
    pub(super) tables_bytes_per_placement: f64,
    pub(super) inbox_bytes_per_message: f64,
    pub(super) tables: Vec<(String, u64)>,
    pub(super) ledger_bytes: u64,
    pub(super) ledger_bytes_per_message: f64,
}

impl Disk {
    pub(super) fn of(site: &Site, folder: &Path, placements: u64, messages: u64) -> Result<Disk, Failure> {
        let tables = site.sizes()?;
        let (placements, messages) = (placements.max(1) as f64, messages.max(1) as f64);
        let ledger_bytes = size_of(&folder.join("ledger"));
        Ok(Disk {
            database_bytes: database_bytes(folder),
            placement_bytes_per_placement: of_tables(&tables, is_placement) / placements,
            tables_bytes_per_placement: of_tables(&tables, |name| !is_inbox(name)) / placements,
            inbox_bytes_per_message: of_tables(&tables, is_inbox) / messages,
            tables,
            ledger_bytes,
            ledger_bytes_per_message: ledger_bytes as f64 / messages,
        })
    }

    /// Bytes of the tables that say where components came from.
    #[cfg(feature = "bench-postgres")]
    pub(super) fn placement_bytes(&self) -> f64 {
        of_tables(&self.tables, is_placement)
    }

    /// Bytes of all tables but the inbox.
    #[cfg(feature = "bench-postgres")]
    pub(super) fn tables_bytes(&self) -> f64 {
        of_tables(&self.tables, |name| !is_inbox(name))
    }
}

/// Bytes of the database, with what it has not taken in yet.
pub(super) fn database_bytes(folder: &Path) -> u64 {
    size_of(&folder.join("site.db")) + size_of(&folder.join("site.db-wal"))
}

/// Bytes of a file, or of all files in a folder.
pub(super) fn size_of(path: &Path) -> u64 {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        return entries.map(|entry| size_of(&entry.path())).sum();
    }
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Whether a table or index holds where components came from: patterns, reports, draws, differences, mounts.
fn is_placement(name: &str) -> bool {
    ["pattern", "report", "draw", "difference", "mount"].iter().any(|table| name.starts_with(table))
}

fn is_inbox(name: &str) -> bool {
    name.starts_with("inbox")
}

fn of_tables(tables: &[(String, u64)], wanted: impl Fn(&str) -> bool) -> f64 {
    tables.iter().filter(|(name, _)| wanted(name)).map(|(_, bytes)| *bytes as f64).sum()
}
