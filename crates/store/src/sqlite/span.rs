//! How long things last, in steps: a search by time looks back as far as each step goes, and no further.

use kernel::project::HOUR;

/// Spans: an hour at most, 4, 16 and so on. The last has no bound.
pub(super) const SPANS: u8 = 8;
/// In place of a span: nothing begins here.
pub(super) const SPAN_END: u8 = 9;

/// The longest of a span; `None`: any.
pub(super) fn longest(span: u8) -> Option<i64> {
    (span + 1 < SPANS).then(|| HOUR << (2 * u32::from(span)))
}

/// The span of what lasts from one time until another.
pub(super) fn span_of(at: i64, until: i64) -> u8 {
    let micros = until.saturating_sub(at);
    (0..SPANS).find(|span| longest(*span).is_none_or(|longest| micros <= longest)).unwrap_or(SPANS - 1)
}
