//! Points in time as machines send them.
//!
//! A machine's text is evidence and is kept as sent; beside it stands the instant in UTC that all reckoning uses, and the margin by which
//! that reading may be off (a time without a zone, or inside a daylight-saving fold).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// Before everything.
    pub const MIN: Time = Time(i64::MIN);
    /// After everything: the end of what is still open.
    pub const MAX: Time = Time(i64::MAX);

    /// Reads an RFC 3339 time with offset, to the microsecond (finer digits are cut).
    #[must_use]
    pub fn parse(text: &str) -> Option<Time> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Time(at.as_microsecond()))
    }

    /// The instant `micros` later; saturates at the ends of time.
    #[must_use]
    pub fn plus(self, micros: i64) -> Time {
        Time(self.0.saturating_add(micros))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            Err(_) if self.0 < 0 => f.write_str("the beginning"),
            Err(_) => f.write_str("open"),
        }
    }
}

/// A time as it was sent, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant all reckoning uses.
    pub at: Time,
    /// The text as sent.
    pub sent: Box<str>,
    /// How far off `at` may be, in microseconds, either way. 0 when the text names its offset.
    pub margin: i64,
}

impl Moment {
    /// Reads a text that names its own offset.
    #[must_use]
    pub fn parse(sent: &str) -> Option<Moment> {
        Time::parse(sent).map(|at| Moment { at, sent: sent.into(), margin: 0 })
    }

    /// A moment whose text did not say what instant it is; `at` and `margin` are the reader's.
    #[must_use]
    pub fn assumed(sent: &str, at: Time, margin: i64) -> Moment {
        Moment { at, sent: sent.into(), margin }
    }
}

impl From<Time> for Moment {
    fn from(at: Time) -> Moment {
        Moment { at, sent: at.to_string().into(), margin: 0 }
    }
}

#[derive(Serialize, Deserialize)]
struct AssumedMoment {
    sent: Box<str>,
    at: Time,
    #[serde(default)]
    margin: i64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StoredMoment {
    Sent(Box<str>),
    Assumed(AssumedMoment),
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.margin == 0 && Time::parse(&self.sent) == Some(self.at) {
            serializer.serialize_str(&self.sent)
        } else {
            AssumedMoment { sent: self.sent.clone(), at: self.at, margin: self.margin }.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        match StoredMoment::deserialize(deserializer)? {
            StoredMoment::Sent(sent) => Moment::parse(&sent)
                .ok_or_else(|| serde::de::Error::custom(format!("`{sent}` is not a time with offset"))),
            StoredMoment::Assumed(AssumedMoment { sent, at, margin }) => Ok(Moment { at, sent, margin }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_keeps_its_text() {
        let moment = Moment::parse("2018-03-26T16:52:25.3769532-04:00").expect("a time with offset");
        assert_eq!(moment.at.to_string(), "2018-03-26T20:52:25.376953Z");
        let stored = serde_json::to_string(&moment).expect("serializes");
        assert_eq!(stored, "\"2018-03-26T16:52:25.3769532-04:00\"");
        assert_eq!(serde_json::from_str::<Moment>(&stored).expect("reads back"), moment);
    }

    #[test]
    fn an_assumed_moment_keeps_its_margin() {
        let moment = Moment::assumed("2018-03-26T16:52:25", Time(7), 50_400_000_000);
        let stored = serde_json::to_string(&moment).expect("serializes");
        assert_eq!(serde_json::from_str::<Moment>(&stored).expect("reads back"), moment);
    }
}
