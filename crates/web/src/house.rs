//! What is asked of the house: the questions behind all pages and endpoints, as one border.
//!
//! [`app::Site`] is the house; tests put a pretended one in its place, to show states that are hard to bring about.

use app::answer::{BoardPosition, EventShown, LedgerNow, Quarantined, StationNow, ThingAbout, Trace, WhereUsed};
use app::{
    AsOf, Captured, Counters, QuarantineFilter, QuarantinePage, QuestionError, Replay, Site, SiteError, WhereUsedQuery,
};

/// What pages and endpoints ask. Every call blocks until the answer is there.
#[expect(missing_docs, reason = "each is the method of `app::Site` by the same name, documented there")]
#[expect(clippy::missing_errors_doc, reason = "as above")]
pub trait House: Send + Sync + 'static {
    fn name(&self) -> String;
    fn trace(&self, thing: &str, as_of: AsOf) -> Result<Trace, QuestionError>;
    fn where_used(&self, query: &WhereUsedQuery) -> Result<WhereUsed, QuestionError>;
    fn about(&self, thing: &str, as_of: AsOf) -> Result<ThingAbout, QuestionError>;
    fn look_up(&self, text: &str, limit: usize) -> Result<Vec<String>, QuestionError>;
    fn now(&self) -> Result<Vec<StationNow>, QuestionError>;
    fn board(&self, unit: &str) -> Result<Option<Vec<BoardPosition>>, QuestionError>;
    fn counters(&self) -> Result<Counters, SiteError>;
    fn capture_cfx(&self, source: &str, bytes: Vec<u8>) -> Result<Captured, SiteError>;
    fn capture_events(&self, source: &str, bytes: Vec<u8>) -> Result<Captured, SiteError>;
    fn quarantine_list(
        &self,
        filter: QuarantineFilter,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<QuarantinePage, SiteError>;
    fn quarantine_show(&self, id: u64) -> Result<(Quarantined, Vec<u8>), SiteError>;
    fn quarantine_replay(&self, replay: &Replay) -> Result<Captured, SiteError>;
    fn ledger(&self) -> Result<LedgerNow, SiteError>;
    fn checkpoint_text(&self) -> Result<String, SiteError>;
    fn event(&self, index: u64) -> Result<EventShown, SiteError>;
    fn inclusion_proof(&self, index: u64) -> Result<String, SiteError>;
    fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<String>, SiteError>;
    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, SiteError>;
    fn entry_bundle(&self, index: u64, width: u16) -> Result<Vec<u8>, SiteError>;
}

impl House for Site {
    fn name(&self) -> String {
        self.settings().name.clone()
    }
    fn trace(&self, thing: &str, as_of: AsOf) -> Result<Trace, QuestionError> {
        Site::trace(self, thing, as_of)
    }
    fn where_used(&self, query: &WhereUsedQuery) -> Result<WhereUsed, QuestionError> {
        Site::where_used(self, query)
    }
    fn about(&self, thing: &str, as_of: AsOf) -> Result<ThingAbout, QuestionError> {
        Site::about(self, thing, as_of)
    }
    fn look_up(&self, text: &str, limit: usize) -> Result<Vec<String>, QuestionError> {
        Site::look_up(self, text, limit)
    }
    fn now(&self) -> Result<Vec<StationNow>, QuestionError> {
        Site::now(self)
    }
    fn board(&self, unit: &str) -> Result<Option<Vec<BoardPosition>>, QuestionError> {
        Site::board(self, unit)
    }
    fn counters(&self) -> Result<Counters, SiteError> {
        Site::counters(self)
    }
    fn capture_cfx(&self, source: &str, bytes: Vec<u8>) -> Result<Captured, SiteError> {
        Site::capture_cfx(self, source, bytes)
    }
    fn capture_events(&self, source: &str, bytes: Vec<u8>) -> Result<Captured, SiteError> {
        Site::capture_events(self, source, bytes)
    }
    fn quarantine_list(
        &self,
        filter: QuarantineFilter,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<QuarantinePage, SiteError> {
        Site::quarantine_list(self, filter, cursor, limit)
    }
    fn quarantine_show(&self, id: u64) -> Result<(Quarantined, Vec<u8>), SiteError> {
        Site::quarantine_show(self, id)
    }
    fn quarantine_replay(&self, replay: &Replay) -> Result<Captured, SiteError> {
        Site::quarantine_replay(self, replay)
    }
    fn ledger(&self) -> Result<LedgerNow, SiteError> {
        Site::ledger(self)
    }
    fn checkpoint_text(&self) -> Result<String, SiteError> {
        Site::checkpoint_text(self)
    }
    fn event(&self, index: u64) -> Result<EventShown, SiteError> {
        Site::event(self, index)
    }
    fn inclusion_proof(&self, index: u64) -> Result<String, SiteError> {
        Site::inclusion_proof(self, index)
    }
    fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<String>, SiteError> {
        Site::consistency_proof(self, old, new)
    }
    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, SiteError> {
        Site::tile(self, level, index, width)
    }
    fn entry_bundle(&self, index: u64, width: u16) -> Result<Vec<u8>, SiteError> {
        Site::entry_bundle(self, index, width)
    }
}
