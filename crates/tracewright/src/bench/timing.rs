//! Times of questions.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::say::Failure;

/// Times of a question, milliseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Times {
    pub(super) asked: usize,
    pub(super) rows_p50: usize,
    pub(super) rows_max: usize,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// Times that are taken one by one.
#[derive(Debug, Default)]
pub(super) struct Taken {
    times: Vec<Duration>,
    rows: Vec<usize>,
}

impl Taken {
    pub(super) fn take<E: Into<Failure>>(&mut self, ask: impl FnOnce() -> Result<usize, E>) -> Result<(), Failure> {
        let begun = Instant::now();
        let rows = ask().map_err(Into::into)?;
        self.times.push(begun.elapsed());
        self.rows.push(rows);
        Ok(())
    }

    /// Takes in those of another.
    pub(super) fn add(&mut self, other: Taken) {
        self.times.extend(other.times);
        self.rows.extend(other.rows);
    }

    /// Rows of all answers.
    pub(super) fn rows(&self) -> usize {
        self.rows.iter().sum()
    }

    pub(super) fn times(mut self) -> Times {
        self.times.sort_unstable();
        self.rows.sort_unstable();
        let last = self.times.len().saturating_sub(1);
        let at = |share: usize| self.times.get((self.times.len() * share / 100).min(last)).copied().unwrap_or_default();
        Times {
            asked: self.times.len(),
            rows_p50: self.rows.get(self.rows.len() / 2).copied().unwrap_or(0),
            rows_max: self.rows.last().copied().unwrap_or(0),
            p50_ms: ms(at(50)),
            p99_ms: ms(at(99)),
        }
    }
}

/// Time that was waited for something.
#[cfg(feature = "bench-postgres")]
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    seconds: f64,
}

#[cfg(feature = "bench-postgres")]
impl Stopwatch {
    pub(super) fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        self.seconds += begun.elapsed().as_secs_f64();
        done
    }

    pub(super) fn seconds(&self) -> f64 {
        self.seconds
    }
}

/// Milliseconds with three digits after the point.
pub(super) fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// Some of many, evenly spread.
pub(super) fn spread<T>(things: &[T], most: usize) -> impl Iterator<Item = &T> {
    things.iter().step_by((things.len() / most.max(1)).max(1)).take(most)
}
