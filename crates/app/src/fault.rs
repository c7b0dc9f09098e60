//! Where a test makes the disk of a site fail, wherever it writes. Nothing fails unless the site was opened so.

use std::sync::Arc;

pub use seal::disk::Fault;

/// What is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The ledger folder.
    Ledger,
    /// `site.db`.
    Database,
    /// `own.db`.
    Own,
}

/// Asked before every step of a write; an answer makes it fail.
#[derive(Clone)]
pub struct Faults(Arc<dyn Fn(Place) -> Option<Fault> + Send + Sync>);

impl Faults {
    /// Faults as `ask` says. Databases know no torn write: theirs does not happen.
    pub fn new(ask: impl Fn(Place) -> Option<Fault> + Send + Sync + 'static) -> Faults {
        Faults(Arc::new(ask))
    }

    pub(crate) fn of_ledger(&self) -> seal::disk::FaultHook {
        let ask = Arc::clone(&self.0);
        Box::new(move |_, _| ask(Place::Ledger))
    }

    pub(crate) fn of_database(&self, place: Place) -> store::FaultHook {
        let ask = Arc::clone(&self.0);
        Box::new(move |_| match ask(place)? {
            Fault::AnswerLost => Some(store::Fault::AnswerLost),
            Fault::NotDone | Fault::Torn(_) => Some(store::Fault::NotDone),
        })
    }
}
