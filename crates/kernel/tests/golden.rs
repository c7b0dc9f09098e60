//! The stored form of every kind of event, held to the byte.
//!
//! A file `golden/<Kind>.v<version>.json` is an entry of a log as some release of ours wrote it, and logs are never rewritten: files are added here, never
//! changed and never removed. Each must decode to the event below; those of today's version must also come out of `encode`, byte by byte.
//!
//! A new kind: write its event in `golden_event`, run once with `TRACEWRIGHT_GOLDEN=new` (it writes files that are missing and touches no other),
//! read the file, commit it. A new version of a kind: the same, and the old file stays, with the event that it decodes to from then on.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use kernel::event::{Event, Fact};
use kernel::stored::{self, decode, encode};

mod golden_event;

use golden_event::{events, too_large_for_an_entry};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Name of the file of an entry: its kind and version as stored.
fn file_of(entry: &[u8]) -> String {
    let text = std::str::from_utf8(entry).expect("an entry is text");
    let kind = text
        .strip_prefix("{\"kind\":\"")
        .and_then(|rest| rest.split_once("\",\"v\":"))
        .expect("kind and version come first");
    let version = kind.1.split_once(',').expect("the version is a number").0;
    format!("{}.v{version}.json", kind.0)
}

fn check(file: &str, event: &Event, written: &[u8], attachment: Option<&[u8]>) {
    let path = folder().join(file);
    if !path.exists() && std::env::var_os("TRACEWRIGHT_GOLDEN").is_some_and(|value| value == "new") {
        fs::write(&path, written).expect("the golden folder can be written");
    }
    let stored = fs::read(&path).unwrap_or_else(|error| panic!("`golden/{file}`: {error}; see the head of this test"));
    let read = decode(&stored, &mut |_| attachment.map(<[u8]>::to_vec));
    assert_eq!(
        &read.unwrap_or_else(|error| panic!("`golden/{file}` does not decode: {error}")),
        event,
        "`golden/{file}` means something else now"
    );
    assert_eq!(
        String::from_utf8_lossy(written),
        String::from_utf8_lossy(&stored),
        "`golden/{file}` would be written otherwise now: old logs keep their bytes, so give the kind a new version"
    );
}

#[test]
fn every_kind_is_stored_as_its_file_says() {
    for event in events() {
        let stored = encode(&event).expect("a golden event has a stored form");
        assert_eq!(stored.attachment, None, "a golden `{}` fits an entry", event.fact.kind());
        check(&file_of(&stored.entry), &event, &stored.entry, None);
    }
}

#[test]
fn every_kind_has_a_file_and_every_file_a_kind() {
    let kinds: BTreeSet<String> = Fact::KINDS.iter().map(|kind| (*kind).to_owned()).collect();
    let ours: BTreeSet<String> = events().iter().map(|event| event.fact.kind().to_owned()).collect();
    assert_eq!(kinds, ours, "each kind of `Fact::KINDS` has one golden event");
    let files: BTreeSet<String> = fs::read_dir(folder())
        .expect("the golden folder is there")
        .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
        .filter(|name| name != "attached.v1.json")
        .collect();
    let expected: BTreeSet<String> =
        events().iter().map(|event| file_of(&encode(event).expect("a stored form").entry)).collect();
    assert_eq!(files, expected);
}

#[test]
fn a_fact_too_large_for_an_entry_is_named_by_its_digest() {
    let event = too_large_for_an_entry();
    let stored = encode(&event).expect("a stored form");
    let (digest, body) = stored.attachment.expect("it does not fit an entry");
    assert_eq!(stored::attached(&stored.entry), Some(digest));
    check("attached.v1.json", &event, &stored.entry, Some(&body));
}

/// A field that no golden event sets could be renamed unseen: every field of a record must stand in some file, and those of a kind in its own.
#[test]
fn every_field_is_set_somewhere() {
    let source = include_str!("../src/event.rs");
    let records =
        source.split_once("\nrecord! {\n").and_then(|(_, rest)| rest.split_once("\n}\n")).expect("the records").0;
    let goldens: Vec<(String, String)> = events()
        .iter()
        .map(|event| {
            (
                event.fact.kind().to_owned(),
                String::from_utf8(encode(event).expect("a stored form").entry).expect("text"),
            )
        })
        .collect();
    let mut record = "";
    let mut missing = Vec::new();
    for line in records.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        if let Some(name) = line.strip_suffix(" {") {
            record = name;
        } else if let Some((field, _)) = line.split_once(": ") {
            let member = format!("\"{field}\":");
            let own = goldens.iter().find(|(kind, _)| kind == record);
            let found = match own {
                Some((_, text)) => text.contains(&member),
                None => goldens.iter().any(|(_, text)| text.contains(&member)),
            };
            if !found {
                missing.push(format!("{record}.{field}"));
            }
        }
    }
    assert!(missing.is_empty(), "no golden event sets {}", missing.join(", "));
}
