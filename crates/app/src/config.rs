//! `tracewright.toml`: as given, and as checked. `docs/operations.md` describes every key with its default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use kernel::event::{Discipline, StationProfiled};
use serde::Deserialize;

/// Name of the file in the data folder.
pub const FILE: &str = "tracewright.toml";

/// The configuration as checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of the site, shown on every page.
    pub name: String,
    /// Origin of the ledger, if the file gives one. Fixed once the ledger exists.
    pub origin: Option<String>,
    /// Time zone for times that name none, and for showing times.
    pub zone: Option<TimeZone>,
    /// Stations, as events.
    pub stations: Vec<StationProfiled>,
    /// Limits.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            name: "Tracewright".to_owned(),
            origin: None,
            zone: None,
            stations: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// Everything has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most events of one commit.
    pub batch_events_max: usize,
    /// Longest message, in bytes.
    pub message_bytes_max: usize,
    /// Longest HTTP body, in bytes.
    pub body_bytes_max: usize,
    /// Days of machine time after which repeats of a message are not known any more; `None`: never.
    pub inbox_days: Option<u32>,
    /// Days for which the bytes of replayed messages are kept.
    pub vault_days: u32,
    /// Questions answered at the same time.
    pub readers_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            batch_events_max: 1024,
            message_bytes_max: 16 << 20,
            body_bytes_max: 64 << 20,
            inbox_days: None,
            vault_days: 90,
            readers_max: 8,
        }
    }
}

/// Why the configuration is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The text is wrong at a place.
    #[error("`{}` line {line}, column {column}: {reason}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// Line from 1.
        line: usize,
        /// Column from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
}

impl Settings {
    /// Reads the file of a data folder; without one the defaults hold.
    ///
    /// # Errors
    /// When the file cannot be read or says something that is not known.
    pub fn read(folder: &Path) -> Result<Settings, ConfigError> {
        let path = folder.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Settings::parse(&text, &path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Settings::default()),
            Err(source) => Err(ConfigError::Io { path, source }),
        }
    }

    /// Reads the text of the file; `path` is for messages.
    ///
    /// # Errors
    /// When the text says something that is not known.
    pub fn parse(text: &str, path: &Path) -> Result<Settings, ConfigError> {
        let at = |offset: usize, reason: String| {
            let before = &text[..offset.min(text.len())];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
            ConfigError::Text { path: path.to_owned(), line, column, reason }
        };
        let given: Given = toml::from_str(text).map_err(|error| {
            let reason = error.message().lines().next().unwrap_or("it does not read").to_owned();
            at(error.span().map_or(0, |span| span.start), reason)
        })?;
        given.check().map_err(|(offset, reason)| at(offset, reason))
    }
}

/// The file as given.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Given {
    site: GivenSite,
    ledger: GivenLedger,
    limits: GivenLimits,
    station: Vec<toml::Spanned<GivenStation>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GivenSite {
    name: Option<String>,
    time_zone: Option<toml::Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GivenLedger {
    origin: Option<toml::Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GivenLimits {
    batch_events_max: Option<toml::Spanned<u64>>,
    message_bytes_max: Option<toml::Spanned<u64>>,
    body_bytes_max: Option<toml::Spanned<u64>>,
    inbox_days: Option<toml::Spanned<u64>>,
    vault_days: Option<toml::Spanned<u64>>,
    readers_max: Option<toml::Spanned<u64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenStation {
    name: String,
    #[serde(default)]
    handle: String,
    lane: Option<i64>,
    #[serde(default)]
    role: String,
    #[serde(default)]
    line: String,
    #[serde(default)]
    places: BTreeMap<String, toml::Spanned<String>>,
    #[serde(default)]
    aliases: BTreeMap<String, String>,
    chain: Option<toml::Spanned<String>>,
    clock_margin_ms: Option<toml::Spanned<u64>>,
}

type Checked<T> = Result<T, (usize, String)>;

impl Given {
    fn check(self) -> Checked<Settings> {
        let defaults = Settings::default();
        let zone = self.site.time_zone.map(|zone| {
            let name = zone.get_ref();
            let found = TimeZone::get(name);
            found.map_err(|_| (zone.span().start, format!("`{name}` is no time zone such as `Europe/Berlin`")))
        });
        let origin = self.ledger.origin.map(|origin| {
            let text = origin.get_ref();
            let good = !text.is_empty() && !text.chars().any(|letter| letter.is_whitespace() || letter == '+');
            if good {
                Ok(text.clone())
            } else {
                let reason = format!(
                    "the origin `{text}` must be a name such as `example.com/trace/site-1`, without spaces and `+`"
                );
                Err((origin.span().start, reason))
            }
        });
        let stations = self.station.into_iter().map(GivenStation::check).collect::<Checked<Vec<_>>>()?;
        for (index, station) in stations.iter().enumerate() {
            if let Some((at, _)) = stations[..index].iter().find(|(_, other)| {
                (&other.station, &other.handle, other.lane) == (&station.1.station, &station.1.handle, station.1.lane)
            }) {
                let _ = at;
                return Err((station.0, format!("station `{}` is described twice", station.1.station)));
            }
        }
        Ok(Settings {
            name: self.site.name.unwrap_or(defaults.name),
            origin: origin.transpose()?,
            zone: zone.transpose()?,
            stations: stations.into_iter().map(|(_, station)| station).collect(),
            limits: self.limits.check()?,
        })
    }
}

impl GivenLimits {
    fn check(self) -> Checked<Limits> {
        let limits = Limits::default();
        Ok(Limits {
            batch_events_max: within("batch_events_max", self.batch_events_max, limits.batch_events_max, 1, 65_536)?,
            message_bytes_max: within(
                "message_bytes_max",
                self.message_bytes_max,
                limits.message_bytes_max,
                1024,
                256 << 20,
            )?,
            body_bytes_max: within("body_bytes_max", self.body_bytes_max, limits.body_bytes_max, 1024, 4 << 30)?,
            inbox_days: match self.inbox_days {
                Some(days) => Some(within("inbox_days", Some(days), 0, 1, 36_500)?),
                None => None,
            },
            vault_days: within("vault_days", self.vault_days, limits.vault_days, 1, 36_500)?,
            readers_max: within("readers_max", self.readers_max, limits.readers_max, 1, 256)?,
        })
    }
}

fn within<N: TryFrom<u64>>(
    name: &str,
    given: Option<toml::Spanned<u64>>,
    default: N,
    least: u64,
    most: u64,
) -> Checked<N> {
    let Some(given) = given else { return Ok(default) };
    let refused = || (given.span().start, format!("`{name}` must lie between {least} and {most}"));
    let value = *given.get_ref();
    if !(least..=most).contains(&value) {
        return Err(refused());
    }
    N::try_from(value).map_err(|_| refused())
}

impl GivenStation {
    fn check(station: toml::Spanned<GivenStation>) -> Checked<(usize, StationProfiled)> {
        let start = station.span().start;
        let station = station.into_inner();
        if station.name.trim().is_empty() {
            return Err((start, "a station needs a `name`".to_owned()));
        }
        let places = station.places.into_iter().map(|(place, word)| {
            let discipline = match word.get_ref().as_str() {
                "single" => Discipline::Single,
                "chain" => Discipline::Chain,
                "mix" => Discipline::Mix,
                "crowd" => Discipline::Crowd,
                "unknown" => Discipline::Unknown,
                other => {
                    let reason = format!(
                        "`{other}` is no discipline of a place: `single`, `chain`, `mix`, `crowd` or `unknown`"
                    );
                    return Err((word.span().start, reason));
                }
            };
            Ok((place, discipline))
        });
        let places = places.collect::<Checked<_>>()?;
        if let Some(chain) =
            station.chain.as_ref().filter(|chain| chain.get_ref() != "exact" && chain.get_ref() != "unknown")
        {
            let reason = format!("`{}` is no way to report chains: `exact` or `unknown`", chain.get_ref());
            return Err((chain.span().start, reason));
        }
        let chain = station.chain.map_or_else(String::new, toml::Spanned::into_inner);
        let margin_ms: i64 = within("clock_margin_ms", station.clock_margin_ms, 0, 0, 86_400_000)?;
        let profile = StationProfiled {
            station: station.name,
            handle: station.handle,
            lane: station.lane,
            role: station.role,
            line: station.line,
            places,
            aliases: station.aliases,
            chain: if chain == "unknown" { String::new() } else { chain },
            clock_margin: margin_ms * 1000,
            extra: Default::default(),
        };
        Ok((start, profile))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let read = match Settings::parse(text, Path::new("t.toml")) {
            Ok(settings) => {
                format!("{:?}", settings.stations.iter().map(|station| &station.station).collect::<Vec<_>>())
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn a_station_is_described() {
        check(
            "[site]\nname = \"Plant 2\"\ntime_zone = \"Europe/Berlin\"\n[[station]]\nname = \"P1\"\nhandle = \"line1.p1\"\nplaces = { \"*\" = \"single\" }\nchain = \"exact\"\nclock_margin_ms = 200\n",
            "[\"P1\"]",
        );
    }

    #[test]
    fn what_is_not_known_is_named_with_its_line() {
        check(
            "[site]\nname = \"x\"\ncolour = \"red\"\n",
            "`t.toml` line 3, column 1: unknown field `colour`, expected `name` or `time_zone`",
        );
        check(
            "[[station]]\nname = \"P1\"\nplaces = { \"*\" = \"tripel\" }\n",
            "`t.toml` line 3, column 18: `tripel` is no discipline of a place: `single`, `chain`, `mix`, `crowd` or `unknown`",
        );
        check(
            "[site]\ntime_zone = \"Mars\"\n",
            "`t.toml` line 2, column 13: `Mars` is no time zone such as `Europe/Berlin`",
        );
        check("[limits]\nreaders_max = 0\n", "`t.toml` line 2, column 15: `readers_max` must lie between 1 and 256");
    }
}
