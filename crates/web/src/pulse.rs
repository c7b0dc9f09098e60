//! The pulse of the house: counters taken once a second and kept for ten minutes, for the pages that are live. One thread of work whatever
//! the number of listeners; a listener that is slow loses beats, never slows the others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use app::Counters;
use serde::Serialize;
use tokio::sync::{Semaphore, broadcast, watch};
use utoipa::ToSchema;

use crate::house::House;

/// How long beats are kept.
const KEPT: usize = 600;
/// Time between two beats.
const INTERVAL: Duration = Duration::from_secs(1);
/// Beats that may wait for a slow listener.
const WAITING_MAX: usize = 16;

/// One beat: the counters as they stood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Beat {
    /// When, in milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// Events in the log.
    pub(crate) recorded: u64,
    /// Events under the newest checkpoint.
    pub(crate) sealed: u64,
    /// Messages a second over the last ten seconds.
    pub(crate) messages_per_s: f64,
    /// Messages that wait in quarantine.
    pub(crate) quarantined_waiting: u64,
    /// Repeats dropped since the start.
    pub(crate) duplicates: u64,
    /// Heartbeats since the start.
    pub(crate) heartbeats: u64,
}

pub(crate) struct Pulse {
    beats: Mutex<VecDeque<Beat>>,
    sender: broadcast::Sender<Beat>,
    /// Places for streams.
    pub(crate) streams: Arc<Semaphore>,
    /// Becomes true when the server stops, so that streams end.
    pub(crate) stopping: watch::Sender<bool>,
}

impl Pulse {
    pub(crate) fn start(house: &Arc<dyn House>, streams_max: usize) -> Arc<Pulse> {
        let pulse = Arc::new(Pulse {
            beats: Mutex::new(VecDeque::with_capacity(KEPT)),
            sender: broadcast::Sender::new(WAITING_MAX),
            streams: Arc::new(Semaphore::new(streams_max)),
            stopping: watch::Sender::new(false),
        });
        tokio::spawn(beat(Arc::downgrade(&pulse), Arc::clone(house)));
        pulse
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Beat> {
        self.sender.subscribe()
    }

    pub(crate) fn latest(&self) -> Beat {
        self.lock().back().copied().unwrap_or_default()
    }

    /// Beats of the last ten minutes, oldest first.
    pub(crate) fn recent(&self) -> Vec<Beat> {
        self.lock().iter().copied().collect()
    }

    fn take(&self, counters: &Counters) {
        let beat = Beat {
            at_ms: jiff::Timestamp::now().as_millisecond(),
            recorded: counters.recorded,
            sealed: counters.sealed,
            messages_per_s: counters.messages_per_s,
            quarantined_waiting: counters.quarantined_waiting,
            duplicates: counters.duplicates,
            heartbeats: counters.heartbeats,
        };
        let mut beats = self.lock();
        if beats.len() == KEPT {
            beats.pop_front();
        }
        beats.push_back(beat);
        drop(beats);
        // Nobody listening is no failure.
        drop(self.sender.send(beat));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Beat>> {
        self.beats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn beat(pulse: Weak<Pulse>, house: Arc<dyn House>) {
    let mut clock = tokio::time::interval(INTERVAL);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let asked = Arc::clone(&house);
        let counters = tokio::task::spawn_blocking(move || asked.counters()).await;
        let Some(pulse) = pulse.upgrade() else { return };
        match counters {
            Ok(Ok(counters)) => pulse.take(&counters),
            Ok(Err(error)) => tracing::warn!(%error, "the counters cannot be read"),
            Err(error) => tracing::warn!(%error, "the counters cannot be read"),
        }
    }
}
