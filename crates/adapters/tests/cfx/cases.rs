//! Golden cases: a message of each kind of fact beside the event it becomes, kept for ever. `UPDATE_CASES=1` writes the events anew.

use std::collections::BTreeSet;
use std::path::Path;

use adapters::cfx::Raw;
use adapters::cfx::{Transcribed, Zones, transcribe};

use crate::sample::{GlassVeil, stored};

/// Facts that no CFX message tells: people, files and other protocols do.
const TOLD_ELSEWHERE: &[&str] = &[
    "CleanedOut",
    "ProductReleased",
    "StationProfiled",
    "Packed",
    "Unpacked",
    "Assembled",
    "Disassembled",
    "Shipped",
    "Arrived",
    "Returned",
];

#[test]
fn messages_become_these_events() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cfx/cases");
    let mut kinds = BTreeSet::new();
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder reads")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().ends_with(".cfx.json"))
        .collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().expect("a name").to_string_lossy().replace(".cfx.json", "");
        let raw = Raw::alone(std::fs::read(&path).expect("a message"));
        let event = match transcribe(&raw, &mut GlassVeil::default(), &Zones::default()) {
            Ok(Transcribed::Event(event)) => event,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(name.split('.').next(), Some(event.fact.kind()));
        kinds.insert(event.fact.kind());
        let value: Box<serde_json::value::RawValue> = serde_json::from_str(&stored(&event)).expect("JSON");
        let pretty = pretty(value.get());
        let path = folder.join(format!("{name}.event.json"));
        if std::env::var_os("UPDATE_CASES").is_some() {
            std::fs::write(&path, &pretty).expect("writes");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(pretty == expected, "{name} became another event (UPDATE_CASES=1 writes it anew):\n{pretty}");
    }
    let missing: Vec<&&str> = kernel::event::Fact::KINDS
        .iter()
        .filter(|kind| !kinds.contains(**kind) && !TOLD_ELSEWHERE.contains(kind))
        .collect();
    assert!(missing.is_empty(), "{missing:?} have no case");
}

/// One member a line, so that a change is one line; members keep their order and digits.
fn pretty(text: &str) -> String {
    let (mut out, mut depth, mut in_text, mut escaped) = (String::new(), 0, false, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if in_text {
            in_text = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            out.push(letter);
            continue;
        }
        match letter {
            '{' | '[' if letters.peek().is_some_and(|next| *next != '}' && *next != ']') => {
                depth += 1;
                out.push(letter);
                new_line(&mut out, depth);
            }
            '}' | ']' if !out.ends_with(['{', '[']) => {
                depth -= 1;
                new_line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_text = letter == '"';
                out.push(letter);
            }
        }
    }
    out.push('\n');
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}
