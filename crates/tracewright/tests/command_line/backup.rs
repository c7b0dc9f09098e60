//! Backups: made beside a server that is written to, damaged, older than what was signed, and put back.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::Server;
use crate::{answer, counts, factory, run, text};

fn packed(number: usize) -> String {
    format!("{{\"type\":\"Packed\",\"at\":\"2026-03-02T10:00:00Z\",\"container\":\"B1\",\"units\":[\"U{number}\"]}}")
}

fn errors(data: &Path, arguments: &[&str], code: i32) -> String {
    let output = run(data, arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    errors
}

#[test]
fn a_backup_beside_a_server_that_is_written_to_is_whole() {
    let folder = TempDir::new().expect("a folder");
    let (data, place) = (folder.path().join("data"), folder.path().join("backup"));
    let (cfx, _) = factory(folder.path());
    answer(&data, &["import", "cfx", text(&cfx)]);
    let server = Server::start(&data);
    let (done, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for source in 0..2 {
            let (server, done, acknowledged) = (&server, &done, &acknowledged);
            scope.spawn(move || {
                for number in (source..).step_by(2) {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    assert!(server.post("/api/v1/events?source=load", &packed(number)));
                    acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(packed(number));
                }
            });
        }
        for round in 0..4 {
            let before = acknowledged.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
            let made = answer(&data, &["backup", "--to", text(&place), "--with-key"]);
            let restored = folder.path().join(format!("restored-{round}"));
            assert_eq!(answer(&restored, &["restore", "--from", text(&place), "--with-key"]), made);
            assert_eq!(answer(&restored, &["verify", "--at-rest"])["entries"], made["entries"]);
            // What was acknowledged before is there; and what was not sealed yet is sealed now, as it was.
            let known = folder.path().join("known.ndjson");
            fs::write(&known, before).expect("writes");
            assert_eq!(counts(&answer(&restored, &["import", "events", text(&known)]))[1], 0, "round {round}");
            assert_eq!(answer(&restored, &["verify", "--at-rest"])["entries"], made["recorded"], "round {round}");
            answer(&restored, &["trace", "PNL-000001/1"]);
            assert_eq!(answer(&restored, &["rebuild"])["events"], made["recorded"]);
        }
        done.store(true, Ordering::Relaxed);
    });
    drop(server);

    // At rest the copy answers as the original does.
    answer(&data, &["import", "cfx", text(&cfx)]);
    answer(&data, &["backup", "--to", text(&place)]);
    let restored = folder.path().join("restored");
    answer(&restored, &["restore", "--from", text(&place)]);
    for question in [&["trace", "PNL-000001/1"], &["where-used", "container:B1"]] {
        assert_eq!(answer(&restored, question), answer(&data, question), "{question:?}");
    }
}

/// A data folder with a backup.
fn backed_up(folder: &TempDir) -> (PathBuf, PathBuf) {
    let (data, place) = (folder.path().join("data"), folder.path().join("backup"));
    let (cfx, _) = factory(folder.path());
    answer(&data, &["import", "cfx", text(&cfx)]);
    answer(&data, &["backup", "--to", text(&place), "--with-key"]);
    (data, place)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("lists") {
        let path = entry.expect("lists").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_damaged_backup_is_refused_and_the_file_is_named() {
    let folder = TempDir::new().expect("a folder");
    let (_, place) = backed_up(&folder);
    let target = folder.path().join("restored");
    let restore = ["restore", "--from", text(&place), "--with-key"];
    let all = files(&place);
    assert!(all.len() > 8, "{all:?}");
    for path in &all {
        let name = path.strip_prefix(&place).expect("lies in it").to_str().expect("text");
        let good = fs::read(path).expect("reads");
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 0x10;
        // The time in the list of files is nobody's business but the reader's.
        let shortened = &good[..good.len() - 1];
        for (what, bytes) in [("changed", &bad[..]), ("cut", shortened)] {
            if name == "backup.json" && what == "changed" {
                continue;
            }
            fs::write(path, bytes).expect("writes");
            let said = errors(&target, &restore, 1);
            assert!(said.contains(&format!("backup is damaged: `{name}`")), "{what}: {name}: {said}");
            assert!(!target.exists(), "{name}");
        }
        fs::remove_file(path).expect("removes");
        if name != "backup.json" {
            let said = String::from_utf8_lossy(&run(&target, &restore).stderr).into_owned();
            assert!(said.contains(name), "missing {name}: {said}");
            assert!(!target.exists(), "{name}");
        }
        fs::write(path, good).expect("writes");
    }
    fs::write(place.join("ledger/segments/extra"), "").expect("writes");
    assert!(errors(&target, &restore, 1).contains("ledger/segments/extra"));
    fs::remove_file(place.join("ledger/segments/extra")).expect("removes");
    // What an interrupted restore left is in nobody's way.
    fs::create_dir_all(folder.path().join("restored.part/ledger")).expect("makes a folder");
    fs::write(folder.path().join("restored.part/ledger/checkpoint"), "half").expect("writes");
    answer(&target, &["restore", "--from", text(&place)]);
    assert!(!folder.path().join("restored.part").exists());
}

#[test]
fn an_older_copy_signs_no_second_history_unasked() {
    let folder = TempDir::new().expect("a folder");
    let (data, place) = backed_up(&folder);
    let events = folder.path().join("events.ndjson");
    let trace = answer(&data, &["trace", "PNL-000001/1"]);
    answer(&data, &["import", "events", text(&events)]);
    // Nothing is overwritten.
    assert!(errors(&data, &["restore", "--from", text(&place)], 2).contains("is not empty"));
    assert!(errors(&data, &["backup", "--to", text(folder.path())], 2).contains("something else than a backup"));
    assert!(errors(&data, &["restore", "--from", text(&events)], 2).contains("is not empty"));
    let restored = folder.path().join("restored");
    assert!(errors(&restored, &["restore", "--from", text(&data)], 2).contains("holds no backup"));

    // A checkpoint that was signed later is known from elsewhere: the copy is too old.
    let newest = data.join("ledger/checkpoint");
    let refused = errors(&restored, &["restore", "--from", text(&place), "--newest", text(&newest)], 1);
    assert!(refused.contains("does not extend the known checkpoint"), "{refused}");
    assert!(!restored.exists());

    // Without the key the copy answers and records nothing.
    answer(&restored, &["restore", "--from", text(&place)]);
    assert_eq!(answer(&restored, &["trace", "PNL-000001/1"]), trace);
    answer(&restored, &["verify", "--at-rest"]);
    assert!(errors(&restored, &["import", "events", text(&events)], 1).contains("is missing"));

    // A new backup that reaches it goes on, with everything known.
    let made: Value = answer(&data, &["backup", "--to", text(&place), "--with-key"]);
    let second = folder.path().join("second");
    answer(&second, &["restore", "--from", text(&place), "--newest", text(&newest), "--with-key"]);
    assert_eq!(counts(&answer(&second, &["import", "events", text(&events)]))[1], 0);
    assert_eq!(answer(&second, &["verify", "--at-rest"])["entries"], made["recorded"]);

    // A backup of a folder that is damaged leaves the earlier one.
    let segment = data.join("ledger/segments/00000000");
    let mut bytes = fs::read(&segment).expect("reads");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segment, bytes).expect("writes");
    assert!(errors(&data, &["backup", "--to", text(&place)], 1).contains("segments/00000000"));
    answer(&folder.path().join("third"), &["restore", "--from", text(&place)]);
}
