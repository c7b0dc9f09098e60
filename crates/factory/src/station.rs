//! The stations: their numbers and names, and the units of their time.
//!
//! Code speaks of a station by its role (`PRINTER`); the floor knows which line is meant. A record numbers the stations of all lines.

use crate::delivery::Source;

pub(crate) const LOADER: u8 = 0;
pub(crate) const PRINTER: u8 = 1;
pub(crate) const PLACERS: [u8; 4] = [2, 3, 4, 5];
pub(crate) const OVEN: u8 = 6;
pub(crate) const AOI: u8 = 7;
pub(crate) const BENCH: u8 = 8;
pub(crate) const HAND: u8 = 9;
pub(crate) const MARKER: u8 = 10;
pub(crate) const TESTER: u8 = 11;
pub(crate) const WAREHOUSE: u8 = 12;
pub(crate) const CABINET: u8 = 13;

/// Their names, by number.
pub(crate) const HANDLES: [&str; 14] = [
    "Loader.LD.001",
    "Printer.GX.001",
    "Placer.NX.001",
    "Placer.NX.002",
    "Placer.FX.003",
    "Placer.MX.004",
    "Oven.RF.001",
    "Inspector.AX.001",
    "Bench.RW.001",
    "Hand.HA.001",
    "Marker.LM.001",
    "Tester.FT.001",
    "Warehouse.WH.001",
    "DryCabinet.DC.001",
];

/// Roles below this number are on every line; the others are shared.
pub(crate) const ROLES_OF_LINE: u8 = WAREHOUSE;

/// The number of the station that has a role on a line (from 0).
pub(crate) fn number(line: u8, role: u8) -> u8 {
    if line == 0 || role >= ROLES_OF_LINE { role } else { HANDLES.len() as u8 + (line - 1) * ROLES_OF_LINE + role }
}

/// What names of the second and further lines begin with.
pub(crate) fn tag(line: u8) -> String {
    if line == 0 { String::new() } else { format!("L{}-", line + 1) }
}

/// What a station calls itself.
pub(crate) fn handle(line: u8, role: u8) -> String {
    let name = HANDLES[role as usize];
    if line == 0 || role >= ROLES_OF_LINE { name.to_owned() } else { format!("L{}.{name}", line + 1) }
}

/// Times are in microseconds.
pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;

/// A station as the line sees it.
pub(crate) struct Station {
    pub(crate) source: Source,
    /// When it can take the next panel (true time).
    pub(crate) free: i64,
    /// Program name and revision that runs.
    pub(crate) recipe: Option<(String, String)>,
    /// Whether its WorkStarted names the program.
    pub(crate) names_recipe: bool,
}

/// The badge of whoever works at a station (by its number).
pub(crate) fn badge(station: u8, crew: u32) -> String {
    format!("BADGE-{:04}", 1000 + u32::from(station) * 10 + crew)
}
