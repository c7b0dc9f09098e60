//! The ledger as static files (C2SP tlog-tiles), for witnesses, monitors and auditors.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::problem::Problem;
use crate::state::Desk;

/// Hashes of a full tile, entries of a full bundle.
const FULL: u16 = 256;
/// A tile of the same size never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";

pub(crate) fn routes() -> Router<Desk> {
    Router::new().route("/ledger/checkpoint", get(checkpoint)).route("/ledger/tile/{*path}", get(tile))
}

async fn checkpoint(State(desk): State<Desk>) -> Result<impl IntoResponse, Problem> {
    let text = desk.ask(|house| house.checkpoint_text()).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=1")], text))
}

async fn tile(State(desk): State<Desk>, Path(path): Path<String>) -> Result<impl IntoResponse, Problem> {
    let Some(tile) = Tile::parse(&path) else { return Err(Problem::unknown(format!("there is no tile `{path}`"))) };
    let bytes = desk
        .ask(move |house| match tile.level {
            Some(level) => house.tile(level, tile.index, tile.width),
            None => house.entry_bundle(tile.index, tile.width),
        })
        .await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, FOREVER)], bytes))
}

/// Which tile a path names; without a level it is a bundle of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tile {
    level: Option<u8>,
    index: u64,
    width: u16,
}

impl Tile {
    /// `<level or "entries">/<index in groups of three digits>[.p/<width>]`
    fn parse(path: &str) -> Option<Tile> {
        let (level, rest) = path.split_once('/')?;
        let level = match level {
            "entries" => None,
            level => Some(canonical(level)?).filter(|level| *level < 64),
        };
        if level.is_none() && !path.starts_with("entries/") {
            return None;
        }
        let (digits, width) = match rest.split_once(".p/") {
            Some((digits, width)) => (digits, canonical(width).filter(|width| (1..FULL).contains(width))?),
            None => (rest, FULL),
        };
        let groups: Vec<&str> = digits.split('/').collect();
        let mut index: u64 = 0;
        for (at, group) in groups.iter().enumerate() {
            let last = at + 1 == groups.len();
            let digits = if last { group } else { group.strip_prefix('x')? };
            let well_formed = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
            let leading_zeros = at == 0 && !last && digits == "000";
            if !well_formed || leading_zeros {
                return None;
            }
            index = index.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
        }
        Some(Tile { level, index, width })
    }
}

/// A number without sign or leading zeros.
fn canonical<N: std::str::FromStr + std::fmt::Display>(text: &str) -> Option<N> {
    text.parse().ok().filter(|number: &N| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_tiles() {
        let check = |path: &str, tile: Option<(Option<u8>, u64, u16)>| {
            let tile = tile.map(|(level, index, width)| Tile { level, index, width });
            assert_eq!(Tile::parse(path), tile, "{path}");
        };
        check("0/000", Some((Some(0), 0, 256)));
        check("0/x001/x234/067", Some((Some(0), 1_234_067, 256)));
        check("1/273.p/112", Some((Some(1), 273, 112)));
        check("entries/x001/000.p/5", Some((None, 1000, 5)));
        for wrong in [
            "0/00",
            "0/1000",
            "64/000",
            "00/000",
            "0/x000/001",
            "0/001.p/256",
            "0/001.p/0",
            "0/001.p/05",
            "x/000",
            "0/+01",
            "entries",
            "0/001/002",
        ] {
            check(wrong, None);
        }
    }
}
