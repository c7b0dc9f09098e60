//! Tiles after C2SP `tlog-tiles`: the tree cut into pieces of up to 256 hashes, and the names they go by.
//!
//! Hash i of level l is the root of a full tile of level l - 1, so a tile of level l spans 8 levels of the tree from
//! height 8 l up. Coordinates and paths only: where tiles are kept, or whether they are kept at all, is not known here.

use std::fmt;
use std::str::FromStr;

use crate::hash::Hash;
use crate::tree;

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Levels of the tree that a tile spans.
pub const TILE_HEIGHT: u32 = 8;
/// What every path begins with.
pub(crate) const FOLDER: &str = "tile";
/// The highest level a path may name.
const LEVEL_MAX: u8 = 63;
/// From this level on a 64-bit size has no hashes.
const LEVELS: u8 = 8;

/// The coordinates of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// Names a tile; `None` unless the level is at most 63 and the width 1 to 256.
    pub fn new(level: u8, index: u64, width: u16) -> Option<Tile> {
        let valid = level <= LEVEL_MAX && (1..=TILE_WIDTH).contains(&u64::from(width));
        valid.then_some(Tile { level, index, width })
    }

    /// Names a full tile.
    pub(crate) fn full(level: u8, index: u64) -> Tile {
        Tile { level, index, width: TILE_WIDTH as u16 }
    }

    /// Tile `index` of this level as a tree of `size` leaves has it, or `None` if it has none there.
    pub fn at(level: u8, index: u64, size: u64) -> Option<Tile> {
        let below = hashes_at(level, size).checked_sub(index.checked_mul(TILE_WIDTH)?)?;
        Tile::new(level, index, below.min(TILE_WIDTH) as u16)
    }

    /// Level, 0 for leaf hashes.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Number of the tile within its level.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Number of hashes, 256 in a full tile.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile has all its 256 hashes and can never change.
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == TILE_WIDTH
    }

    /// Whether a tree of `size` leaves has all hashes of this tile.
    pub fn is_within(&self, size: u64) -> bool {
        Tile::at(self.level, self.index, size).is_some_and(|there| there.width >= self.width)
    }

    /// The path below the log's prefix: `tile/<level>/<index>[.p/<width>]`.
    pub fn path(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/{}", self.level, numbered(self.index, self.width))
    }
}

/// A path that names no tile or bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the path of a tile")]
pub struct BadPath(String);

impl FromStr for Tile {
    type Err = BadPath;

    /// Reads a path as [`Tile::path`] writes it, and no other spelling.
    fn from_str(path: &str) -> Result<Tile, BadPath> {
        let parse = || {
            let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
            let (index, width) = read_numbered(rest)?;
            Tile::new(decimal(level)?.try_into().ok()?, index, width)
        };
        parse().filter(|tile| tile.path() == path).ok_or_else(|| BadPath(path.to_owned()))
    }
}

/// The coordinates of an entry bundle: up to 256 entries, each after its length as a big-endian 16-bit number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    index: u64,
    width: u16,
}

impl Bundle {
    /// Names a bundle; `None` unless the width is 1 to 256.
    pub fn new(index: u64, width: u16) -> Option<Bundle> {
        Tile::new(0, index, width).map(|tile| Bundle { index, width: tile.width })
    }

    /// Bundle `index` as a log of `size` entries has it, or `None` if it has none there.
    pub fn at(index: u64, size: u64) -> Option<Bundle> {
        Tile::at(0, index, size).map(|tile| Bundle { index, width: tile.width })
    }

    /// Number of the bundle: its first entry is 256 times this.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Number of entries.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The path below the log's prefix: `tile/entries/<index>[.p/<width>]`.
    pub fn path(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/entries/{}", numbered(self.index, self.width))
    }
}

impl FromStr for Bundle {
    type Err = BadPath;

    /// Reads a path as [`Bundle::path`] writes it, and no other spelling.
    fn from_str(path: &str) -> Result<Bundle, BadPath> {
        let parse = || {
            let (index, width) = read_numbered(path.strip_prefix("tile/entries/")?)?;
            Bundle::new(index, width)
        };
        parse().filter(|bundle| bundle.path() == path).ok_or_else(|| BadPath(path.to_owned()))
    }
}

/// Every tile of a tree of `size` leaves, partial ones included, level by level.
pub fn tiles(size: u64) -> impl Iterator<Item = Tile> {
    (0..LEVELS).flat_map(move |level| (0..).map_while(move |index| Tile::at(level, index, size)))
}

/// How many full tiles a level has.
pub fn full_tiles(level: u8, size: u64) -> u64 {
    hashes_at(level, size) / TILE_WIDTH
}

/// Gives the hashes of tiles: the other end of a tile store.
pub trait TileReader {
    /// What can go wrong while reading.
    type Error;

    /// The hashes of a tile, as many as its width.
    fn hashes(&mut self, tile: Tile) -> Result<Vec<Hash>, Self::Error>;

    /// The root of a full tile. Worth remembering: it never changes.
    fn root(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        self.hashes(Tile::full(level, index)).map(|hashes| tree::root_of(&hashes))
    }
}

/// Nodes of the tree of `size` leaves, read from tiles.
pub struct TileNodes<'a, R> {
    size: u64,
    tiles: &'a mut R,
    /// The tile used last: a proof asks several nodes of one tile.
    last: Option<(Tile, Vec<Hash>)>,
}

impl<'a, R: TileReader> TileNodes<'a, R> {
    /// Reads nodes of the tree of `size` leaves.
    pub fn new(size: u64, tiles: &'a mut R) -> TileNodes<'a, R> {
        TileNodes { size, tiles, last: None }
    }
}

impl<R: TileReader> tree::NodeReader for TileNodes<'_, R> {
    type Error = R::Error;

    fn node(&mut self, height: u32, index: u64) -> Result<Hash, R::Error> {
        let level = (height / TILE_HEIGHT) as u8;
        let within = height % TILE_HEIGHT;
        let first = index << within;
        let tile = Tile::at(level, first / TILE_WIDTH, self.size).expect("the node lies inside the tree");
        if self.last.as_ref().is_none_or(|(last, _)| *last != tile) {
            self.last = Some((tile, self.tiles.hashes(tile)?));
        }
        let (_, hashes) = self.last.as_ref().expect("just read");
        let offset = (first % TILE_WIDTH) as usize;
        Ok(tree::root_of(&hashes[offset..offset + (1 << within)]))
    }
}

/// How many hashes a level has in a tree of `size` leaves.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0)
}

/// `1234067` is `x001/x234/067`; a partial width follows as `.p/<width>`.
fn numbered(index: u64, width: u16) -> String {
    let mut text = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    if u64::from(width) == TILE_WIDTH { text } else { format!("{text}.p/{width}") }
}

fn read_numbered(text: &str) -> Option<(u64, u16)> {
    let (number, width) = match text.split_once(".p/") {
        Some((number, width)) => (number, decimal(width)?.try_into().ok()?),
        None => (text, TILE_WIDTH as u16),
    };
    let mut index: u64 = 0;
    for group in number.split('/') {
        let group = decimal(group.trim_start_matches('x')).filter(|group| *group < 1000)?;
        index = index.checked_mul(1000)?.checked_add(group)?;
    }
    Some((index, width))
}

fn decimal(text: &str) -> Option<u64> {
    text.bytes().all(|character| character.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_spelling() {
        for (level, index, width, path) in [
            (0, 0, 256, "tile/0/000"),
            (0, 273, 112, "tile/0/273.p/112"),
            (1, 1_234_067, 256, "tile/1/x001/x234/067"),
            (63, 1000, 1, "tile/63/x001/000.p/1"),
        ] {
            let tile = Tile::new(level, index, width).unwrap();
            assert_eq!(tile.path(), path);
            assert_eq!(path.parse(), Ok(tile));
        }
        assert_eq!("tile/entries/x001/000.p/7".parse(), Ok(Bundle::new(1000, 7).unwrap()));
        for wrong in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/00/000",
            "tile/64/000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/1/",
            "tile/0/+00",
            "/tile/0/000",
            "tile/0/000 ",
            "tile/-1/000",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "tile/0/x1x/000",
            "tile/entries/000",
        ] {
            assert_eq!(wrong.parse::<Tile>(), Err(BadPath(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_of_the_specification() {
        let count = |level, full| tiles(70_000).filter(|tile| tile.level() == level && tile.is_full() == full).count();
        assert_eq!([count(0, true), count(1, true), count(2, true)], [273, 1, 0]);
        assert_eq!([full_tiles(0, 70_000), full_tiles(1, 70_000)], [273, 1]);
        let partial: Vec<_> = tiles(70_000).filter(|tile| !tile.is_full()).map(|tile| tile.path()).collect();
        assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        assert_eq!(tiles(256).map(|tile| tile.path()).collect::<Vec<_>>(), ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(tiles(0).count(), 0);
    }
}
