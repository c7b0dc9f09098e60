//! Where a test makes a database fail: before a step, or after it with the answer lost. Nothing fails unless a hook was set.

use std::fmt;

use rusqlite::ffi;

use super::StoreError;

/// A step of a write, as a fault hook sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rows are written, within a transaction.
    Write,
    /// What was written becomes durable.
    Commit,
    /// After a failure: what stands in the database is read anew.
    Refresh,
}

/// What goes wrong at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The step does not happen.
    NotDone,
    /// The step happens, but is reported as failed.
    AnswerLost,
}

/// Asked before every step; an answer makes it fail.
pub type FaultHook = Box<dyn FnMut(Step) -> Option<Fault> + Send>;

/// The faults of a database.
#[derive(Default)]
pub(super) struct Faults(Option<FaultHook>);

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Faults").field(&self.0.is_some()).finish()
    }
}

impl Faults {
    pub(super) fn set(&mut self, hook: FaultHook) {
        self.0 = Some(hook);
    }

    /// Does a step, unless it is to fail.
    pub(super) fn step<T>(&mut self, step: Step, act: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let fault = self.0.as_mut().and_then(|hook| hook(step));
        match fault {
            None => act(),
            Some(Fault::NotDone) => Err(injected()),
            Some(Fault::AnswerLost) => act().and_then(|_| Err(injected())),
        }
    }
}

fn injected() -> StoreError {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), Some("fault injected".to_owned())).into()
}
