//! A site from outside: what a crash, an old copy and a lost database do to it, and what it makes of people and configuration.

use std::fs;
use std::path::Path;

use app::{AsOf, Change, OpenOptions, Outcome, Site, SiteError, VerifyOptions};
use kernel::event::{Event, Fact, Packed, Source};
use kernel::time::{Moment, Time};
use tempfile::TempDir;

fn open(dir: &Path) -> Result<Site, SiteError> {
    Site::open(dir, OpenOptions { create: true })
}

fn packed(container: &str, unit: &str) -> Vec<u8> {
    format!(
        "{{\"type\":\"Packed\",\"at\":\"2026-03-02T10:00:00Z\",\"container\":\"{container}\",\"units\":[\"{unit}\"]}}"
    )
    .into_bytes()
}

fn record(site: &Site, container: &str, unit: &str) -> Outcome {
    site.capture_events("test", packed(container, unit)).expect("records").messages.remove(0).outcome
}

/// An event as the store takes it, past the notary.
fn unsealed(container: &str) -> Event {
    let fact = Packed { container: container.into(), units: vec!["U9".into()], ..Packed::default() };
    Event {
        at: Moment::from(Time(1_000_000)),
        recorded: Time(2_000_000),
        source: Source { handle: "test".into(), message: container.into(), ..Source::default() },
        fact: Fact::Packed(fact),
        extra: Default::default(),
    }
}

fn record_unsealed(dir: &Path, container: &str) {
    let mut store = store::Store::open(&dir.join("site.db")).expect("opens");
    store.record(&[unsealed(container)], &[]).expect("records");
}

#[test]
fn what_a_crash_left_unsealed_is_sealed_on_the_next_start() {
    let dir = TempDir::new().expect("a folder");
    let site = open(dir.path()).expect("opens");
    assert_eq!(record(&site, "B1", "U1"), Outcome::Recorded { index: 0 });
    assert_eq!(record(&site, "B1", "U1"), Outcome::Duplicate);
    site.close().expect("closes");
    record_unsealed(dir.path(), "B2");
    let site = open(dir.path()).expect("opens");
    let ledger = site.ledger().expect("reads");
    assert_eq!((ledger.recorded, ledger.sealed), (2, 2));
    assert_eq!(record(&site, "B3", "U1"), Outcome::Recorded { index: 2 });
    assert!(site.inclusion_proof(1).expect("proves").starts_with("c2sp.org/tlog-proof@v1\n"));
    assert!(site.event(1).expect("shows").entry.contains("\"B2\""));
    assert!(matches!(site.event(7), Err(SiteError::NotFound(_))));
    site.close().expect("closes");
    assert!(matches!(site.capture_events("test", packed("B4", "U1")), Err(SiteError::Stopped(_))));
    let options = VerifyOptions { at_rest: true, ..VerifyOptions::default() };
    assert_eq!(Site::verify(dir.path(), &options, &mut |_, _| {}).expect("holds").entries, 3);
}

#[test]
fn a_rebuild_takes_over_what_was_not_sealed() {
    let dir = TempDir::new().expect("a folder");
    let site = open(dir.path()).expect("opens");
    record(&site, "B1", "U1");
    let before = site.trace("U1", AsOf::Latest).expect("answers");
    // The site holds the folder.
    assert!(matches!(Site::rebuild(dir.path(), &mut |_, _| {}), Err(SiteError::InUse(_))));
    site.close().expect("closes");
    record_unsealed(dir.path(), "B2");
    let rebuilt = Site::rebuild(dir.path(), &mut |_, _| {}).expect("rebuilds");
    assert_eq!((rebuilt.events, rebuilt.carried_over), (2, 1));
    let site = open(dir.path()).expect("opens");
    assert_eq!(site.trace("U1", AsOf::Index(1)).expect("answers"), before);
    assert!(site.trace("U9", AsOf::Latest).is_ok());
    assert!(site.trace("U9", AsOf::Index(1)).is_err());
    assert_eq!(record(&site, "B1", "U1"), Outcome::Duplicate);
}

#[test]
fn a_lost_database_and_an_old_ledger_are_refused() {
    let dir = TempDir::new().expect("a folder");
    let (data, old) = (dir.path().join("data"), dir.path().join("old"));
    let site = open(&data).expect("opens");
    record(&site, "B1", "U1");
    site.close().expect("closes");
    testkit::folder::copy(&data.join("ledger"), &old);
    let site = open(&data).expect("opens");
    record(&site, "B2", "U2");
    site.close().expect("closes");

    fs::rename(data.join("site.db"), dir.path().join("site.db")).expect("moves");
    let refused = open(&data).expect_err("is refused");
    assert!(matches!(refused, SiteError::Behind { recorded: 0, sealed: 2 }), "{refused}");
    assert!(refused.hint().is_some_and(|hint| hint.contains("rebuild")));
    fs::rename(dir.path().join("site.db"), data.join("site.db")).expect("moves");

    fs::remove_dir_all(data.join("ledger")).expect("removes");
    testkit::folder::copy(&old, &data.join("ledger"));
    let refused = open(&data).expect_err("is refused");
    assert!(
        matches!(refused, SiteError::Ledger(seal::LedgerError::NotExtended { .. }) | SiteError::LedgerBehind { .. }),
        "{refused}"
    );
    // An event that differs from the ledger's is a fatal difference, not another history.
    let dir = TempDir::new().expect("a folder");
    let site = open(dir.path()).expect("opens");
    record(&site, "B1", "U1");
    site.close().expect("closes");
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(dir.path().join(format!("site.db{suffix}"))).ok();
    }
    record_unsealed(dir.path(), "B7");
    let refused = open(dir.path()).expect_err("is refused");
    assert!(matches!(refused, SiteError::Diverged { index: 0 }), "{refused}");
}

#[test]
fn a_clock_that_jumps_loses_nothing() {
    let dir = TempDir::new().expect("a folder");
    let mut store = store::Store::open(&dir.path().join("site.db")).expect("opens");
    for (number, second) in [100, 4_000_000_000, 90, 101].into_iter().enumerate() {
        let event = Event { recorded: Time(second * 1_000_000), ..unsealed(&format!("B{number}")) };
        let outcome = store::Outcome::Recorded(kernel::id::Seq(number as u64));
        assert_eq!(store.record(&[event], &[]).expect("records"), [outcome]);
    }
    drop(store);
    let check = || {
        let site = open(dir.path()).expect("opens");
        let known = |as_of: AsOf| {
            let known = |number: &i32| {
                let query = app::WhereUsedQuery { thing: format!("container:B{number}"), as_of, ..Default::default() };
                site.where_used(&query).is_ok()
            };
            (0..4).filter(known).collect::<Vec<_>>()
        };
        assert_eq!(known(AsOf::Latest), [0, 1, 2, 3]);
        assert_eq!(known(AsOf::Index(3)), [0, 1, 2]);
        // By time the log's clock only goes forward: what came after the jump counts as known when it had jumped.
        assert!(known(AsOf::Time(Time(99_000_000))).is_empty());
        assert_eq!(known(AsOf::Time(Time(200_000_000))), [0]);
        assert_eq!(known(AsOf::Time(Time(4_000_000_000_000_000))), [0, 1, 2, 3]);
    };
    check();
    Site::rebuild(dir.path(), &mut |_, _| {}).expect("rebuilds");
    check();
    let options = VerifyOptions { at_rest: true, ..VerifyOptions::default() };
    assert_eq!(Site::verify(dir.path(), &options, &mut |_, _| {}).expect("holds").entries, 4);
}

#[test]
fn people_are_found_by_what_machines_sent_and_never_recorded() {
    let dir = TempDir::new().expect("a folder");
    let site = open(dir.path()).expect("opens");
    let mounted = "{\"type\":\"Mounted\",\"at\":\"2026-03-02T09:00:00Z\",\"source\":\"Bench\",\
                   \"mounts\":[{\"person\":{\"badge\":\"B4711\",\"login\":\"jdoe\",\"last_name\":\"Doe\"}}]}";
    let pass = "{\"type\":\"PassStarted\",\"at\":\"2026-03-02T10:00:00Z\",\"source\":\"Bench\",\"transaction\":\"T1\",\
                \"units\":{\"units\":[{\"identifier\":\"U1\"}]}}\n\
                {\"type\":\"PassEnded\",\"at\":\"2026-03-02T10:01:00Z\",\"source\":\"Bench\",\"transaction\":\"T1\",\"result\":\"Completed\"}";
    let captured = site.capture_events("test", format!("{mounted}\n{pass}").into_bytes()).expect("records");
    assert_eq!(captured.counts.recorded, 3, "{captured:?}");
    for known in ["person:b4711", "person:JDOE"] {
        let query = app::WhereUsedQuery { thing: known.into(), ..Default::default() };
        let used = site.where_used(&query).expect("answers");
        assert_eq!(used.units.iter().map(|row| row.unit.as_str()).collect::<Vec<_>>(), ["U1"], "{known}");
    }
    let ledger_or_tail = site.event(0).expect("shows").entry;
    assert!(ledger_or_tail.contains("\"pseudonym\":\"P-"), "{ledger_or_tail}");
    for secret in ["4711", "jdoe", "Doe"] {
        assert!(!ledger_or_tail.contains(secret), "{ledger_or_tail}");
    }
}

#[test]
fn stations_of_the_configuration_are_recorded_when_they_change() {
    let dir = TempDir::new().expect("a folder");
    let configure = |role: &str| {
        let text = format!("[[station]]\nname = \"P1\"\nhandle = \"line.p1\"\nrole = \"{role}\"\n");
        fs::write(dir.path().join("tracewright.toml"), text).expect("writes");
        let site = open(dir.path()).expect("opens");
        let size = site.ledger().expect("reads").recorded;
        site.close().expect("closes");
        size
    };
    assert_eq!(configure("placement"), 1);
    assert_eq!(configure("placement"), 1);
    assert_eq!(configure("printer"), 2);
    fs::write(dir.path().join("tracewright.toml"), "").expect("writes");
    assert_eq!(open(dir.path()).expect("opens").ledger().expect("reads").recorded, 3);
}

#[test]
fn whoever_listens_is_told() {
    let dir = TempDir::new().expect("a folder");
    let site = open(dir.path()).expect("opens");
    let changes = site.changes();
    record(&site, "B1", "U1");
    assert_eq!(changes.recv(), Ok(Change::Recorded { events: 1, size: 1 }));
    assert_eq!(changes.recv(), Ok(Change::Sealed { size: 1 }));
    site.capture_events("test", b"{}".to_vec()).expect("captures");
    assert_eq!(changes.recv(), Ok(Change::Quarantined { messages: 1 }));
    let counters = site.counters().expect("counts");
    assert_eq!((counters.recorded, counters.sealed, counters.quarantined_waiting), (1, 1, 1));
    site.close().expect("closes");
    assert!(changes.recv().is_err());
}

#[test]
fn an_event_too_large_for_the_log_is_quarantined_and_its_neighbours_are_not() {
    let dir = TempDir::new().expect("a folder");
    let site = open(dir.path()).expect("opens");
    // What a station sends besides is kept; the envelope alone has a limit, and below it a body of any size becomes an attachment.
    let big = "x".repeat(200_000);
    let captured = site
        .capture_events("test", [packed("B1", "U1"), packed("B2", &big), packed("B3", "U3")].join(&b'\n'))
        .expect("captures");
    assert_eq!(captured.counts.recorded, 3, "{:?}", captured.counts);
    let large = captured.messages[1].outcome.clone();
    let Outcome::Recorded { index } = large else { panic!("{large:?}") };
    assert!(site.event(index).expect("shows").attached.is_some_and(|content| content.contains(&big)));
}
