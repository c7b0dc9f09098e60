//! Where the boards lie on their panel.
//!
//! A layout is given by the CAD data (IPC-2581 repeats a step inside a panel step) or typed by a person in one of two forms:
//! `4x1 pitch 60.0x90.0`, a grid with its pitch in millimetres, or `1,0,0; 2,60,0,180; 3,120,0,0,flip`, one board after the other.

use serde::Serialize;

use super::quantity::{Mark, Unit, angle_mdeg, length_um};

/// A panel may have at most this many boards.
pub const PANEL_BOARDS_MAX: usize = 10_000;

/// The boards of a panel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PanelLayout {
    /// In the order of their numbers as given.
    pub boards: Vec<PanelBoard>,
}

/// One board of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PanelBoard {
    /// The number printed or counted on the panel, from 1.
    pub number: u32,
    /// Where the origin of the board lies, in micrometres.
    pub x_um: i64,
    /// Where the origin of the board lies, in micrometres.
    pub y_um: i64,
    /// How the board is turned, in thousandths of a degree, 0 to 359,999, counter-clockwise.
    pub rotation_mdeg: i64,
    /// Whether the board lies with its bottom up.
    pub flip: bool,
}

/// Why a typed layout was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "panel layout `{text}`: {reason}; write a grid such as `4x1 pitch 60.0x90.0`, or boards such as `1,0,0; 2,60.0,0,180` (number, \
     x mm, y mm, rotation, `flip`)"
)]
pub struct PanelError {
    /// The part that was not understood.
    pub text: String,
    /// Why.
    pub reason: String,
}

impl PanelLayout {
    /// Reads a layout as typed.
    ///
    /// A grid is `<columns>x<rows> pitch <x>x<y>`, optionally followed by `at <x>,<y>` for the origin of board 1, `rotated <degrees>`
    /// and `flip`. Boards are counted along x first, then along y. A list has `number,x,y`, then optionally the rotation and `flip`,
    /// separated by semicolons or line ends. All lengths are millimetres unless they carry a unit.
    ///
    /// # Errors
    ///
    /// If the text has neither form, a number is not one, or a board number is used twice.
    pub fn parse(text: &str) -> Result<Self, PanelError> {
        let text = text.trim();
        let layout = if text.contains("pitch") { grid(text)? } else { boards(text)? };
        let mut numbers: Vec<_> = layout.boards.iter().map(|board| board.number).collect();
        numbers.sort_unstable();
        if let Some(pair) = numbers.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(error(text, format!("board number {} is used twice", pair[0])));
        }
        Ok(layout)
    }
}

fn error(text: &str, reason: impl Into<String>) -> PanelError {
    PanelError { text: text.to_owned(), reason: reason.into() }
}

fn millimetres(text: &str) -> Result<i64, PanelError> {
    length_um(text, Unit::Millimetre, Mark::Point).map_err(|reason| error(text, reason))
}

fn degrees(text: &str) -> Result<i64, PanelError> {
    angle_mdeg(text, Mark::Point).map_err(|reason| error(text, reason))
}

fn grid(text: &str) -> Result<PanelLayout, PanelError> {
    let words: Vec<_> = text.split_whitespace().collect();
    let [count, "pitch", pitch, options @ ..] = words.as_slice() else {
        return Err(error(text, "a grid begins with columns x rows, `pitch` and the pitch"));
    };
    let pair = |text: &str| text.split_once(['x', 'X', '×']).map(|(a, b)| (a.to_owned(), b.to_owned()));
    let (columns, rows) = pair(count).ok_or_else(|| error(count, "not columns x rows"))?;
    let whole = |text: &str| {
        text.parse::<u32>().ok().filter(|number| *number > 0).ok_or_else(|| error(text, "not a whole number"))
    };
    let (columns, rows) = (whole(&columns)?, whole(&rows)?);
    if u64::from(columns) * u64::from(rows) > PANEL_BOARDS_MAX as u64 {
        return Err(error(count, format!("more than {PANEL_BOARDS_MAX} boards")));
    }
    let (dx, dy) = pair(pitch).ok_or_else(|| error(pitch, "not a pitch along x and y"))?;
    let (dx, dy) = (millimetres(&dx)?, millimetres(&dy)?);
    let mut first = PanelBoard { number: 1, x_um: 0, y_um: 0, rotation_mdeg: 0, flip: false };
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut operand = || options.next().ok_or_else(|| error(option, "something is missing behind it"));
        match *option {
            "at" => {
                let at = operand()?;
                let (x, y) = at.split_once(',').ok_or_else(|| error(at, "not x,y"))?;
                (first.x_um, first.y_um) = (millimetres(x)?, millimetres(y)?);
            }
            "rotated" => first.rotation_mdeg = degrees(operand()?)?,
            "flip" => first.flip = true,
            other => return Err(error(other, "not `at`, `rotated` or `flip`")),
        }
    }
    let boards =
        (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))).map(|(row, column)| PanelBoard {
            number: row * columns + column + 1,
            x_um: first.x_um + i64::from(column) * dx,
            y_um: first.y_um + i64::from(row) * dy,
            ..first
        });
    Ok(PanelLayout { boards: boards.collect() })
}

fn boards(text: &str) -> Result<PanelLayout, PanelError> {
    let entries: Vec<_> = text.split([';', '\n']).map(str::trim).filter(|entry| !entry.is_empty()).collect();
    if entries.is_empty() {
        return Err(error(text, "it is empty"));
    }
    if entries.len() > PANEL_BOARDS_MAX {
        return Err(error("", format!("more than {PANEL_BOARDS_MAX} boards")));
    }
    let boards = entries.into_iter().map(|entry| {
        let cells: Vec<_> = entry.split(',').map(str::trim).collect();
        let [number, x, y, rest @ ..] = cells.as_slice() else {
            return Err(error(entry, "a board needs number, x and y"));
        };
        let (rotation, flip) = match rest {
            [] => ("0", ""),
            ["flip"] => ("0", "flip"),
            [rotation] => (*rotation, ""),
            [rotation, flip] => (*rotation, *flip),
            _ => return Err(error(entry, "too many values")),
        };
        let flip = match flip.to_ascii_lowercase().as_str() {
            "flip" | "flipped" | "yes" | "true" => true,
            "" | "no" | "false" => false,
            other => return Err(error(other, "not `flip`")),
        };
        let number =
            number.parse().ok().filter(|number| *number > 0).ok_or_else(|| error(number, "not a board number"))?;
        Ok(PanelBoard { number, x_um: millimetres(x)?, y_um: millimetres(y)?, rotation_mdeg: degrees(rotation)?, flip })
    });
    Ok(PanelLayout { boards: boards.collect::<Result<_, _>>()? })
}

/// Turns an offset by an angle: exact for quarter turns, otherwise rounded to a micrometre.
pub(super) fn turn(x_um: i64, y_um: i64, rotation_mdeg: i64) -> (i64, i64) {
    match rotation_mdeg {
        0 => (x_um, y_um),
        90_000 => (-y_um, x_um),
        180_000 => (-x_um, -y_um),
        270_000 => (y_um, -x_um),
        other => {
            let (sin, cos) = (other as f64 / 1000.0).to_radians().sin_cos();
            let (x, y) = (x_um as f64, y_um as f64);
            ((x * cos - y * sin).round() as i64, (x * sin + y * cos).round() as i64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(u32, i64, i64, i64, bool)]) {
        let layout = PanelLayout::parse(text).expect(text);
        let boards: Vec<_> = layout
            .boards
            .iter()
            .map(|board| (board.number, board.x_um, board.y_um, board.rotation_mdeg, board.flip))
            .collect();
        assert_eq!(boards, expected, "{text}");
    }

    #[test]
    fn grids_and_lists() {
        check(
            "2x2 pitch 60.0x90.5",
            &[(1, 0, 0, 0, false), (2, 60_000, 0, 0, false), (3, 0, 90_500, 0, false), (4, 60_000, 90_500, 0, false)],
        );
        check("1x1 pitch 0x0 at 5,-7.5 rotated 90 flip", &[(1, 5000, -7500, 90_000, true)]);
        check("2x1 pitch 1inx0", &[(1, 0, 0, 0, false), (2, 25_400, 0, 0, false)]);
        check(
            "1,0,0; 3,60.0,0,-90;\n2,1,2,0,flip; 4,0,0,flip",
            &[(1, 0, 0, 0, false), (3, 60_000, 0, 270_000, false), (2, 1000, 2000, 0, true), (4, 0, 0, 0, true)],
        );
    }

    #[test]
    fn what_is_no_layout_says_so() {
        for text in [
            "",
            "4x1",
            "0x1 pitch 1x1",
            "4x1 pitch 60",
            "99999x99999 pitch 1x1",
            "1,0",
            "1,0,0;1,5,5",
            "a,0,0",
            "1,0,0,0,up",
        ] {
            assert!(PanelLayout::parse(text).is_err(), "{text}");
        }
        let error = PanelLayout::parse("2x1 pitch 60xabc").expect_err("no number");
        assert!(error.to_string().starts_with("panel layout `abc`: `abc` is not a number"), "{error}");
    }

    #[test]
    fn turns() {
        assert_eq!(turn(10, 20, 90_000), (-20, 10));
        assert_eq!(turn(10, 20, 270_000), (20, -10));
        assert_eq!(turn(10_000, 0, 45_000), (7071, 7071));
    }
}
