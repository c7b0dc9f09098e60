//! The command line from outside: what goes in, what comes out, and what survives `kill -9`.

mod backup;
mod broken;
mod killed;
mod server;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

fn tracewright(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracewright"));
    command.arg("--data").arg(data).args(arguments);
    command
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    tracewright(data, arguments).output().expect("runs")
}

/// The answer in JSON of a command that must do well.
fn answer(data: &Path, arguments: &[&str]) -> Value {
    let output = run(data, &[arguments, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).expect("JSON comes out")
}

fn counts(answer: &Value) -> [u64; 4] {
    ["messages", "recorded", "duplicates", "quarantined"].map(|name| answer[name].as_u64().expect("a count"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

/// What a small factory said: CFX and events.
fn factory(folder: &Path) -> (PathBuf, PathBuf) {
    let output = run(folder, &["factory", "run", "small", "--out", text(folder), "--panels", "4", "--seed", "7"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (folder.join("cfx.ndjson"), folder.join("events.ndjson"))
}

fn strings<'a>(rows: &'a Value, field: &str) -> BTreeSet<&'a str> {
    rows.as_array().expect("a list").iter().filter_map(|row| row[field].as_str()).collect()
}

#[test]
fn from_messages_to_answers_and_back_from_the_ledger() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let (cfx, events) = factory(folder.path());

    let first = answer(&data, &["import", "cfx", text(&cfx)]);
    let [messages, recorded, _, quarantined] = counts(&first);
    assert!(recorded > 100 && messages >= recorded, "{first}");
    assert_eq!(quarantined, 0);
    assert!(answer(&data, &["import", "events", text(&events)])["recorded"].as_u64() > Some(0));
    // Importing again records nothing.
    assert_eq!(counts(&answer(&data, &["import", "cfx", text(&cfx)]))[1], 0);
    assert_eq!(counts(&answer(&data, &["import", "events", text(&events)]))[1], 0);

    let board = ["bom.csv", "positions.txt"].map(|name| folder.path().join(name));
    let import = ["import", "board", "--product", "TS-PCIE-5.3", text(&board[0]), text(&board[1])];
    let released = answer(&data, &import);
    assert_eq!(released["recorded"], 1);
    assert!(!released["disagreements"].as_array().expect("a list").is_empty());
    assert_eq!(answer(&data, &import)["recorded"], 0);

    let trace = answer(&data, &["trace", "PNL-000001/1"]);
    for field in ["unit", "components", "history", "within", "contains", "gaps"] {
        assert!(!trace[field].is_null(), "{field}");
    }
    let component = &trace["components"][0];
    for field in
        ["position", "package", "part", "lot", "manufacturer", "supplier", "station", "place", "at", "removed_at"]
    {
        assert!(component.get(field).is_some(), "{field}");
    }
    assert_eq!(component["relation"], "installed");
    let lot = component["lot"].as_str().expect("a lot");

    let used = answer(&data, &["where-used", &format!("lot:{lot}")]);
    for field in ["thing", "units", "containers", "shipments", "counts", "gaps"] {
        assert!(!used[field].is_null(), "{field}");
    }
    assert!(strings(&used["units"], "unit").contains(trace["unit"].as_str().expect("a unit")));

    // As of the beginning nothing is known.
    assert_eq!(run(&data, &["trace", "PNL-000001/1", "--as-of", "1"]).status.code(), Some(1));

    let verified = answer(&data, &["verify", "--at-rest"]);
    assert_eq!(verified["ok"], true);

    // The database made anew answers alike.
    fs::remove_file(data.join("site.db")).expect("removes");
    let refused = run(&data, &["trace", "PNL-000001/1"]);
    assert_eq!(refused.status.code(), Some(2));
    let rebuilt = answer(&data, &["rebuild"]);
    assert_eq!(rebuilt["events"], verified["entries"]);
    assert_eq!(answer(&data, &["trace", "PNL-000001/1"]), trace);
    assert_eq!(answer(&data, &["where-used", &format!("lot:{lot}")]), used);
    assert_eq!(counts(&answer(&data, &["import", "cfx", text(&cfx)]))[1], 0);

    let exported = folder.path().join("exported");
    answer(&data, &["export", "ledger", text(&exported)]);
    assert!(exported.join("checkpoint").exists());

    // A changed byte is found.
    let checkpoint = data.join("ledger/checkpoint");
    let mut bytes = fs::read(&checkpoint).expect("reads");
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&checkpoint, bytes).expect("writes");
    assert_eq!(run(&data, &["verify"]).status.code(), Some(1));
}

#[test]
fn what_is_not_understood_waits_and_is_replayed() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let input = folder.path().join("in.ndjson");
    let bad = "{\"type\":\"Packed\",\"at\":\"2026-03-02T10:00:00Z\",\"container\":\"BOX-1\",\"unit\":[\"A1\"]}";
    let good = bad.replace("\"unit\"", "\"units\"");
    fs::write(&input, format!("{}\n{bad}\n", good.replace("BOX-1", "BOX-0"))).expect("writes");

    let output = run(&data, &["import", "events", text(&input), "--json", "--strict"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(counts(&serde_json::from_slice(&output.stdout).expect("JSON")), [2, 1, 0, 1]);
    // Once more: it is the same message that waits.
    run(&data, &["import", "events", text(&input)]);
    let listed = answer(&data, &["quarantine", "list"]);
    let message = &listed["messages"][0];
    assert_eq!(listed["messages"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!((message["line"].as_u64(), message["field"].as_str()), (Some(2), Some("unit")));
    assert!(message["reason"].as_str().is_some_and(|reason| reason.contains("`units`")), "{message}");
    let id = message["id"].to_string();
    assert_eq!(answer(&data, &["quarantine", "show", &id])["text"], bad);
    assert_eq!(run(&data, &["quarantine", "show", &id, "--raw"]).stdout, bad.as_bytes());
    // What waits may bear on any answer, and the answer says so.
    let gaps = answer(&data, &["where-used", "container:BOX-0"])["gaps"].clone();
    assert!(strings(&gaps, "kind").contains("Quarantined"), "{gaps}");

    assert_eq!(run(&data, &["quarantine", "replay", "--all"]).status.code(), Some(1));
    let repaired = folder.path().join("repaired.json");
    fs::write(&repaired, good).expect("writes");
    let replayed = answer(&data, &["quarantine", "replay", &id, "--with", text(&repaired)]);
    assert_eq!(replayed["counts"]["recorded"], 1);
    assert_eq!(answer(&data, &["quarantine", "list"])["messages"], Value::Array(Vec::new()));
    assert_eq!(answer(&data, &["quarantine", "list", "--state", "replayed"])["messages"][0]["state"], "replayed");
    assert_eq!(run(&data, &["quarantine", "replay", &id]).status.code(), Some(2));
    assert_eq!(run(&data, &["quarantine", "show", "99"]).status.code(), Some(1));
}

#[test]
fn misuse_is_told_with_a_hint() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let check = |arguments: &[&str], code: i32, expected: &str| {
        let output = run(&data, arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    };
    check(&["trace", "X"], 2, "holds no site\nhint: ");
    check(&["import", "cfx", "no-such-file"], 2, "error: cannot open `no-such-file`: ");
    check(&["serve", "--listen", "0.0.0.0:0"], 2, "--allow-unauthenticated");
    check(&["trace", "X", "--as-of", "monday"], 2, "error: `monday` for --as-of is no time\nhint: ");
    check(&["import", "cfx"], 2, "Usage");
    check(&["factory", "run", "small"], 2, "--out <DIR>|--to <URL>");
    check(&["factory", "run", "no-such", "--out", "x"], 2, "error: scenario `no-such` is none of those");
    check(&["factory", "run", "small", "--to", "https://plant"], 2, "begins with `http://`");
    let scenario = folder.path().join("mine.toml");
    fs::write(&scenario, "about = \"x\"\n[factory]\npanel = 1\n").expect("writes");
    check(&["factory", "run", text(&scenario), "--out", "x"], 2, "line 3, column 1");
    fs::create_dir_all(&data).expect("makes the folder");
    fs::write(data.join("tracewright.toml"), "[site]\ncolour = 1\n").expect("writes");
    fs::write(folder.path().join("empty"), "").expect("writes");
    check(&["import", "cfx", text(&folder.path().join("empty"))], 2, "line 2, column 1: unknown field `colour`");
}

#[test]
fn a_factory_is_delivered_to_a_server() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let mut server = tracewright(&data, &["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    let mut said = String::new();
    let stdout = server.stdout.as_mut().expect("its output");
    BufReader::new(stdout).read_line(&mut said).expect("says where it listens");
    let url = said.trim().strip_prefix("listening on ").expect("an address").to_owned();
    let small = ["factory", "run", "small", "--panels", "2", "--to", &url];
    let first = answer(folder.path(), &small);
    assert!(first["recorded"].as_u64() > Some(100), "{first}");
    assert_eq!(first["quarantined"], 0);
    // The same again is known already.
    let again = answer(folder.path(), &small);
    assert_eq!((again["recorded"].as_u64(), &again["messages"]), (Some(0), &first["messages"]));
    server.kill().expect("ends");
    server.wait().expect("ends");
    assert!(!answer(&data, &["trace", "PNL-000001/1"])["components"].as_array().expect("a list").is_empty());

    let shipped = answer(folder.path(), &["factory", "list"]);
    assert!(strings(&shipped, "name").is_superset(&BTreeSet::from(["small", "high-mix", "planted"])));
}

#[test]
fn a_second_writer_is_refused_and_readers_are_not() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let (cfx, _) = factory(folder.path());
    answer(&data, &["import", "cfx", text(&cfx)]);
    // An import that waits for its input holds the folder.
    let mut first =
        tracewright(&data, &["import", "cfx", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("runs");
    // It has the folder once its databases are open.
    let begun = Instant::now();
    while !data.join("own.db-wal").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the folder is never held");
        std::thread::yield_now();
    }
    let output = run(&data, &["import", "cfx", text(&cfx)]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("is in use by another tracewright\nhint: "), "{errors}");
    answer(&data, &["trace", "PNL-000001/1"]);
    answer(&data, &["verify"]);
    drop(first.stdin.take());
    assert!(first.wait().expect("ends").success());
}

#[test]
fn a_start_that_ended_before_the_public_key_was_written_is_mended() {
    let folder = TempDir::new().expect("a folder");
    let (cfx, _) = factory(folder.path());
    let data = folder.path().join("data");
    answer(&data, &["import", "cfx", text(&cfx)]);
    let public = data.join("keys/ledger.pub");
    let before = fs::read_to_string(&public).expect("a public key");
    fs::remove_file(&public).expect("removes");
    answer(&data, &["import", "cfx", text(&cfx)]);
    assert_eq!(fs::read_to_string(&public).expect("a public key"), before);
    answer(&data, &["verify", "--at-rest"]);
}
