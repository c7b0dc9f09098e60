//! Who is told when something changes: live pages, mostly. A subscriber that is slow misses something, and is told that it did.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Events were recorded: how many, and the size of the log now.
    Recorded {
        /// Events in this commit.
        events: u64,
        /// Size of the log.
        size: u64,
    },
    /// A checkpoint was signed over so many events.
    Sealed {
        /// Size of the checkpoint.
        size: u64,
    },
    /// So many messages went into quarantine.
    Quarantined {
        /// How many.
        messages: u64,
    },
    /// Changes came faster than they were taken; look at everything anew.
    Missed,
}

/// What a subscriber listens to. It ends when the site closes.
pub type Changes = Receiver<Change>;

/// Changes that may wait for a subscriber.
const WAITING_MAX: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Board {
    subscribers: Mutex<Vec<Subscriber>>,
}

#[derive(Debug)]
struct Subscriber {
    sender: SyncSender<Change>,
    missed: bool,
}

impl Board {
    pub(crate) fn subscribe(&self) -> Changes {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        self.lock().push(Subscriber { sender, missed: false });
        receiver
    }

    pub(crate) fn tell(&self, change: Change) {
        self.lock().retain_mut(|subscriber| {
            if subscriber.missed {
                match subscriber.sender.try_send(Change::Missed) {
                    Ok(()) => subscriber.missed = false,
                    Err(TrySendError::Full(_)) => return true,
                    Err(TrySendError::Disconnected(_)) => return false,
                }
            }
            match subscriber.sender.try_send(change) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    subscriber.missed = true;
                    true
                }
                Err(TrySendError::Disconnected(_)) => false,
            }
        });
    }

    /// Lets all subscribers go.
    pub(crate) fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Subscriber>> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_subscriber_is_told_that_it_missed_something() {
        let board = Board::default();
        let changes = board.subscribe();
        for size in 0..300 {
            board.tell(Change::Sealed { size });
        }
        let taken: Vec<Change> = changes.try_iter().collect();
        assert_eq!(taken.len(), WAITING_MAX);
        board.tell(Change::Sealed { size: 300 });
        assert_eq!(changes.try_iter().collect::<Vec<_>>(), [Change::Missed, Change::Sealed { size: 300 }]);
        board.close();
        assert!(changes.recv().is_err());
    }
}
