//! Broken in other ways than by `kill -9`: a disk that is full or read-only, a torn or changed ledger, a changed database. `docs/operations.md` says
//! the same in words.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::{answer, counts, factory, run, text};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What is in a unit, without what depends on the order of arrival.
fn components(trace: &Value) -> Vec<String> {
    let fields = ["position", "package", "lot", "place", "at", "relation", "evidence"];
    let rows = trace["components"].as_array().expect("a list").iter();
    rows.map(|row| fields.map(|field| row[field].to_string()).join(" ")).collect()
}

/// A site with a factory's messages, the answer to a question about it, and the number of its events.
struct Known {
    folder: TempDir,
    cfx: std::path::PathBuf,
    trace: Value,
    events: u64,
}

impl Known {
    fn new() -> Known {
        let folder = TempDir::new().expect("a folder");
        let (cfx, _) = factory(folder.path());
        let data = folder.path().join("whole");
        let [_, events, ..] = counts(&answer(&data, &["import", "cfx", text(&cfx)]));
        Known { cfx, trace: answer(&data, &["trace", "PNL-000001/1"]), events, folder }
    }

    fn copy(&self, name: &str) -> std::path::PathBuf {
        let data = self.folder.path().join(name);
        testkit::folder::copy(&self.folder.path().join("whole"), &data);
        data
    }

    /// Imports everything again: then all is there once, and answers are the same.
    fn check(&self, data: &Path, context: &str) {
        answer(data, &["import", "cfx", text(&self.cfx)]);
        assert_eq!(answer(data, &["verify", "--at-rest"])["entries"], self.events, "{context}");
        let again = answer(data, &["trace", "PNL-000001/1"]);
        assert_eq!(components(&again), components(&self.trace), "{context}");
    }
}

/// No file may grow beyond a limit: as near to a full disk as a test gets without a disk of its own.
#[cfg(unix)]
#[test]
fn a_full_disk_stops_an_import_and_loses_nothing() {
    let known = Known::new();
    let mut stopped = 0;
    for blocks in [0, 4, 30, 64, 100, 200, 400, 700, 1_000, 1_500, 2_000, 3_000] {
        let data = known.folder.path().join(format!("full-{blocks}"));
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f \"$1\" && shift && exec \"$@\"", "sh", &blocks.to_string()])
            .arg(env!("CARGO_BIN_EXE_tracewright"))
            .arg("--data")
            .arg(&data)
            .args(["import", "cfx", text(&known.cfx)])
            .output()
            .expect("runs");
        let said = said(&output);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{blocks}: {:?} {said}", output.status);
        assert!(!said.contains("panicked"), "{blocks}: {said}");
        if output.status.code() == Some(1) {
            assert!(said.contains("error: "), "{blocks}: {said}");
            stopped += 1;
        }
        if data.join("ledger/checkpoint").exists() {
            answer(&data, &["verify"]);
        }
        known.check(&data, &format!("{blocks} blocks"));
    }
    assert!(stopped > 3, "the limits were too high");
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_read_and_not_written_to() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;

    fn protect(path: &Path) {
        let mode = if path.is_dir() { 0o555 } else { 0o444 };
        if path.is_dir() {
            for entry in fs::read_dir(path).expect("lists") {
                protect(&entry.expect("lists").path());
            }
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("protects");
    }

    let known = Known::new();
    let data = known.copy("protected");
    protect(&data);
    fs::set_permissions(known.folder.path(), fs::Permissions::from_mode(0o755)).expect("opens");
    let root = fs::metadata(&data).expect("is there").uid() == 0;
    // Nothing is read-only for root, so it is somebody else who asks, with a program from where he may run it.
    let program = known.folder.path().join("tracewright");
    if root {
        fs::copy(env!("CARGO_BIN_EXE_tracewright"), &program).expect("copies");
    }
    let run = |arguments: &[&str]| {
        let mut command = crate::tracewright(&data, arguments);
        if root {
            let mut other = Command::new(&program);
            other.args(command.get_args()).uid(65_534).gid(65_534);
            command = other;
        }
        command.output().expect("runs")
    };
    let refused = run(&["import", "cfx", text(&known.cfx)]);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("cannot open `"), "{}", said(&refused));
    let traced = run(&["trace", "PNL-000001/1", "--json"]);
    assert!(traced.status.success(), "{}", said(&traced));
    assert_eq!(serde_json::from_slice::<Value>(&traced.stdout).expect("JSON"), known.trace);
    let verified = run(&["verify", "--at-rest"]);
    assert!(verified.status.success(), "{}", said(&verified));
    // It can be removed again.
    Command::new("chmod").args(["-R", "u+w"]).arg(&data).status().expect("runs");
}

#[test]
fn what_a_crash_tore_above_the_checkpoint_goes_and_below_it_is_refused() {
    let known = Known::new();
    let segment = "ledger/segments/00000000";
    let data = known.copy("torn");
    let mut file = fs::OpenOptions::new().append(true).open(data.join(segment)).expect("opens");
    file.write_all(&[7; 100]).expect("writes");
    assert_eq!(run(&data, &["verify", "--at-rest"]).status.code(), Some(1));
    answer(&data, &["verify"]);
    known.check(&data, "a torn record above the checkpoint");

    let data = known.copy("cut");
    let length = fs::metadata(data.join(segment)).expect("is there").len();
    let file = fs::OpenOptions::new().write(true).open(data.join(segment)).expect("opens");
    file.set_len(length - 20).expect("cuts");
    for (arguments, code) in [(&["verify"][..], 1), (&["import", "cfx", text(&known.cfx)], 1), (&["rebuild"], 1)] {
        let output = run(&data, arguments);
        let all = said(&output) + &String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {all}");
        assert!(all.contains("segments/00000000"), "{arguments:?}: {all}");
    }
    // The newest copy of the ledger mends it: nothing was signed after it.
    fs::remove_dir_all(data.join("ledger")).expect("removes");
    testkit::folder::copy(&known.folder.path().join("whole/ledger"), &data.join("ledger"));
    known.check(&data, "the ledger put back");
}

#[test]
fn a_changed_byte_in_the_ledger_is_found_by_verify_and_its_event_is_not_answered_from() {
    let known = Known::new();
    let (data, place) = (known.copy("changed"), known.folder.path().join("backup"));
    let segment = data.join("ledger/segments/00000000");
    let mut bytes = fs::read(&segment).expect("reads");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segment, bytes).expect("writes");
    let found = run(&data, &["verify", "--json"]);
    assert_eq!(found.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&found.stdout).expect("JSON");
    assert_eq!(found["file"], "segments/00000000");
    for command in ["rebuild", "backup"] {
        let arguments: &[&str] = if command == "rebuild" { &["rebuild"] } else { &["backup", "--to", text(&place)] };
        let output = run(&data, arguments);
        assert_eq!(output.status.code(), Some(1), "{command}: {}", said(&output));
        assert!(said(&output).contains("segments/00000000"), "{command}: {}", said(&output));
    }
}

#[test]
fn a_changed_or_deleted_database_is_made_anew() {
    let known = Known::new();
    let (mut random, place) = (1_u64, known.folder.path().join("backup"));
    let mut chance = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap_or(0) % below
    };
    for round in 0..8 {
        let data = known.copy(&format!("changed-{round}"));
        let path = data.join("site.db");
        let mut bytes = fs::read(&path).expect("reads");
        for _ in 0..1 << round {
            let from = chance(bytes.len());
            let until = bytes.len().min(from + 1 + chance(5_000));
            for byte in &mut bytes[from..until] {
                *byte = u8::try_from(chance(256)).unwrap_or(0);
            }
        }
        fs::write(&path, bytes).expect("writes");
        // Whatever is asked of it, it answers or says why not.
        for arguments in
            [&["trace", "PNL-000001/1"][..], &["import", "cfx", text(&known.cfx)], &["backup", "--to", text(&place)]]
        {
            let output = run(&data, arguments);
            assert!(matches!(output.status.code(), Some(0..=2)), "round {round}: {arguments:?}: {}", said(&output));
            assert!(!said(&output).contains("panicked"), "round {round}: {arguments:?}: {}", said(&output));
        }
        answer(&data, &["verify"]);
        answer(&data, &["rebuild"]);
        assert_eq!(answer(&data, &["trace", "PNL-000001/1"]), known.trace, "round {round}");
    }
    let data = known.copy("deleted");
    fs::remove_file(data.join("site.db")).expect("removes");
    for arguments in [&["trace", "X"][..], &["import", "cfx", text(&known.cfx)]] {
        assert!(matches!(run(&data, arguments).status.code(), Some(1 | 2)), "{arguments:?}");
    }
    assert_eq!(answer(&data, &["rebuild"])["events"], known.events);
    known.check(&data, "a deleted database");
}
