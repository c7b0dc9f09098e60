//! Recording: one writer thread owns the store and commits what all sources bring, in groups.

use serde::Serialize;

/// Counts since the site was opened, and of the whole log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Counters {
    /// Events in the log.
    pub recorded: u64,
    /// Events under the newest checkpoint.
    pub sealed: u64,
    /// Events recorded since the site was opened.
    pub recorded_here: u64,
    /// Messages a second, over the last ten seconds, duplicates and heartbeats included.
    pub messages_per_s: f64,
    /// Repeats dropped since the site was opened.
    pub duplicates: u64,
    /// Contradictions since the site was opened.
    pub contradictions: u64,
    /// Heartbeats since the site was opened.
    pub heartbeats: u64,
    /// Messages that wait in quarantine.
    pub quarantined_waiting: u64,
}
