//! What the times in messages mean.
//!
//! CFX times name their offset. Some machines send none; then the site's time zone decides, and without one the time may be off by as much as
//! zones differ. .NET's empty value (year 1) means that there is no time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use kernel::time::{Moment, Time};

/// How far a time without a zone may be off when nobody says which zone the site is in: 14 hours, in microseconds.
pub const ZONE_MARGIN: i64 = 14 * 3_600_000_000;

/// How times without an offset are read.
#[derive(Clone, Debug, Default)]
pub struct Zones {
    /// The zone of the site, if it is known.
    pub site: Option<TimeZone>,
}

impl Zones {
    /// Reads a time as sent.
    ///
    /// # Errors
    /// A reason in plain words.
    pub fn read(&self, sent: &str) -> Result<Moment, String> {
        if is_empty_time(sent) {
            return Err(format!("`{sent}` is an empty time (the value of a clock that was never set)"));
        }
        if has_second_60(sent) {
            return Err(format!("`{sent}` is a leap second (:60), which no clock here can hold"));
        }
        if let Some(moment) = Moment::parse(sent) {
            return Ok(moment);
        }
        let Ok(local) = sent.parse::<DateTime>() else {
            return Err(if looks_like_time(sent) {
                format!("`{sent}` is a day, an hour or an offset that does not exist")
            } else {
                format!("`{sent}` is not a time such as 2018-03-26T16:52:25.376-04:00")
            });
        };
        if !sent.contains(':') {
            return Err(format!("`{sent}` is a day without a time"));
        }
        let far = |_| format!("`{sent}` lies outside the years that can be reckoned");
        let at = |stamp: Timestamp| Time(stamp.as_microsecond());
        let Some(zone) = &self.site else {
            let stamp = local.to_zoned(TimeZone::UTC).map_err(far)?.timestamp();
            return Ok(Moment::assumed(sent, at(stamp), ZONE_MARGIN));
        };
        let ambiguous = zone.to_ambiguous_timestamp(local);
        let margin = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => 0,
            AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
                i64::from((before.seconds() - after.seconds()).abs()) * 1_000_000
            }
        };
        let stamp = ambiguous.compatible().map_err(far)?;
        Ok(Moment::assumed(sent, at(stamp), margin))
    }
}

/// .NET's `default(DateTime)`, with whatever fraction and offset.
pub(crate) fn is_empty_time(sent: &str) -> bool {
    sent.trim().is_empty() || sent.starts_with("0001-01-01T00:00:00")
}

fn has_second_60(sent: &str) -> bool {
    sent.get(16..19) == Some(":60")
}

fn looks_like_time(sent: &str) -> bool {
    let bytes = sent.as_bytes();
    bytes.len() >= 16
        && bytes[..16].iter().zip(b"dddd-dd-ddTdd:dd").all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            b'T' => matches!(byte, b'T' | b't' | b' '),
            other => byte == other,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zone: Option<&str>, sent: &str, expected: &str) {
        let site = zone.map(|name| TimeZone::get(name).expect("a zone"));
        let read = match (Zones { site }).read(sent) {
            Ok(moment) => {
                assert_eq!(&*moment.sent, sent);
                format!("{} +-{}h", moment.at, moment.margin / 3_600_000_000)
            }
            Err(reason) => reason,
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn times_with_offset() {
        check(None, "2018-03-26T16:52:25.3769532-04:00", "2018-03-26T20:52:25.376953Z +-0h");
        check(None, "2018-03-26T16:52:25.123456789Z", "2018-03-26T16:52:25.123456Z +-0h");
        check(Some("Europe/Berlin"), "2018-03-26T16:52:25Z", "2018-03-26T16:52:25Z +-0h");
    }

    #[test]
    fn times_without_offset() {
        check(None, "2018-03-26T16:52:25", "2018-03-26T16:52:25Z +-14h");
        check(Some("Europe/Berlin"), "2018-03-26T16:52:25.5", "2018-03-26T14:52:25.5Z +-0h");
        check(Some("Europe/Berlin"), "2018-10-28T02:30:00", "2018-10-28T00:30:00Z +-1h");
        check(Some("Europe/Berlin"), "2018-03-25T02:30:00", "2018-03-25T01:30:00Z +-1h");
    }

    #[test]
    fn no_times() {
        check(
            None,
            "2018-02-30T16:52:25Z",
            "`2018-02-30T16:52:25Z` is a day, an hour or an offset that does not exist",
        );
        check(
            None,
            "2016-12-31T23:59:60Z",
            "`2016-12-31T23:59:60Z` is a leap second (:60), which no clock here can hold",
        );
        check(None, "yesterday", "`yesterday` is not a time such as 2018-03-26T16:52:25.376-04:00");
        check(
            None,
            "0001-01-01T00:00:00",
            "`0001-01-01T00:00:00` is an empty time (the value of a clock that was never set)",
        );
        check(None, "2018-03-26", "`2018-03-26` is a day without a time");
    }
}
