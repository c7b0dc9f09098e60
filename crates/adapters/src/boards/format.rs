//! The kinds of files.

use std::fmt;

use serde::Serialize;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// IPC-2581 revision B or C.
    Ipc2581,
    /// KiCad footprint positions, text or CSV (millimetres unless the file says otherwise).
    KicadPlacement,
    /// Altium pick and place, text or CSV.
    AltiumPlacement,
    /// Allegro component or placement report (mils unless the file says otherwise).
    AllegroPlacement,
    /// Any other placement table with a designator, x and y, such as the one JLC asks for (millimetres unless it says otherwise).
    Placement,
    /// A bill of materials as a table.
    Bill,
}

impl Format {
    /// All formats, in the order they are documented.
    pub const ALL: [Self; 6] = [
        Self::Ipc2581,
        Self::KicadPlacement,
        Self::AltiumPlacement,
        Self::AllegroPlacement,
        Self::Placement,
        Self::Bill,
    ];

    /// The name to type when a format is forced.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ipc2581 => "ipc-2581",
            Self::KicadPlacement => "kicad-placement",
            Self::AltiumPlacement => "altium-placement",
            Self::AllegroPlacement => "allegro-placement",
            Self::Placement => "placement",
            Self::Bill => "bom",
        }
    }

    /// The format with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
