//! A whole site: what it records of any input and what it answers to any question.

use std::path::Path;
use std::sync::{Mutex, OnceLock};

use app::{AsOf, Captured, OpenOptions, Outcome, QuestionError, Site, WhereUsedQuery};
use tempfile::TempDir;

use crate::words::with_text;

/// What the site knows that is asked: a little of everything.
const KNOWN_MESSAGES: &str = include_str!("site/messages.jsonl");
const KNOWN_EVENTS: &str = include_str!("site/events.jsonl");
/// A site that takes inputs is begun anew after so many, so that it stays small and a finding is near its cause.
const INPUTS_MAX: usize = 200;

/// A site in a folder that goes with it.
struct House {
    site: Site,
    _folder: TempDir,
}

impl House {
    fn new() -> House {
        let memory = Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder");
        let site = Site::open(folder.path(), OpenOptions { create: true }).expect("a site");
        House { site, _folder: folder }
    }
}

fn asked() -> &'static Site {
    static ASKED: OnceLock<House> = OnceLock::new();
    let house = ASKED.get_or_init(|| {
        let house = House::new();
        let told = house.site.capture_cfx("known", KNOWN_MESSAGES.into()).expect("messages");
        assert_eq!(told.counts.quarantined, 0, "{told:?}");
        let told = house.site.capture_events("known", KNOWN_EVENTS.into()).expect("events");
        assert_eq!(told.counts.quarantined, 0, "{told:?}");
        house
    });
    &house.site
}

/// A question as people type it.
pub fn question(bytes: &[u8]) {
    let site = asked();
    with_text(bytes, |text| {
        let query = WhereUsedQuery { thing: text.to_owned(), ..WhereUsedQuery::default() };
        let _ = site.where_used(&query).map_err(refused);
        let _ = site.trace(text, AsOf::Latest).map_err(refused);
        let _ = site.about(text, AsOf::Index(3)).map_err(refused);
        let _ = site.board(text).map_err(refused);
        site.look_up(text, 10).expect("a look-up finds what it finds");
    });
}

/// Records an input as messages and as events: each is accounted for, and the site goes on.
pub fn record(bytes: &[u8]) {
    static TAKING: Mutex<Option<(House, usize)>> = Mutex::new(None);
    let mut taking = TAKING.lock().expect("no input before this one failed");
    if taking.as_ref().is_none_or(|(_, inputs)| *inputs >= INPUTS_MAX) {
        *taking = Some((House::new(), 0));
    }
    let (house, inputs) = taking.as_mut().expect("just opened");
    *inputs += 1;
    let site = &house.site;
    let first = site.capture_cfx("outside", bytes.to_vec()).expect("it is taken in");
    all_accounted(&first);
    all_accounted(&site.capture_events("outside", bytes.to_vec()).expect("it is taken in"));
    // A repeat tells nothing new: what was an event is known.
    let again = site.capture_cfx("outside", bytes.to_vec()).expect("it is taken in");
    assert_eq!(again.messages.len(), first.messages.len());
    for (first, again) in first.messages.iter().zip(&again.messages) {
        let was = matches!(first.outcome, Outcome::Recorded { .. } | Outcome::Duplicate);
        assert!(!was || again.outcome == Outcome::Duplicate, "{first:?} and then {again:?}");
    }
    site.now().expect("the site answers");
    // Whatever was recorded, questions about it have answers.
    for begins in ["P", "U", "R", "S", "1"] {
        for thing in site.look_up(begins, 2).expect("a look-up finds what it finds") {
            let _ =
                site.where_used(&WhereUsedQuery { thing: thing.clone(), ..WhereUsedQuery::default() }).map_err(refused);
            let _ = site.trace(&thing, AsOf::Latest).map_err(refused);
        }
    }
}

fn refused(error: QuestionError) {
    assert!(!matches!(error, QuestionError::Store(_)), "{error:?}");
    assert!(!error.to_string().trim().is_empty());
}

fn all_accounted(captured: &Captured) {
    let counts = &captured.counts;
    let all = counts.recorded + counts.duplicates + counts.heartbeats + counts.quarantined;
    assert_eq!(all, captured.messages.len() as u64, "{counts:?}");
}
