//! `bench` on histories of a few panels: each command runs and says what it promises. Times are for whoever measures, and are not asserted.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tracewright")).arg("bench").args(arguments).output().expect("runs")
}

/// The result of a bench that must do well.
fn result(arguments: &[&str]) -> Value {
    let output = bench(&[arguments, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{arguments:?}: {errors}{told}");
    serde_json::from_slice(&output.stdout).expect("JSON comes out")
}

fn refused(arguments: &[&str], expected: &str) {
    let output = bench(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
    assert!(errors.contains(expected), "{arguments:?}: {errors}");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

fn positive(result: &Value, fields: &[&str]) {
    for field in fields {
        assert!(result[field].as_f64() > Some(0.0), "{field}: {result}");
    }
}

#[test]
fn a_history_is_built_asked_recalled_rebuilt_and_verified() {
    let folder = TempDir::new().expect("a folder");
    let (kept, out) = (folder.path().join("kept"), folder.path().join("history.json"));
    let keep = ["--keep", text(&kept)];
    let ask = ["history", "--panels", "2", "--questions", "2", "--out", text(&out)];
    let first = result(&[&ask[..], &keep].concat());
    positive(&first, &["placements", "messages", "database_bytes", "ledger_bytes", "tables_bytes_per_placement"]);
    for question in ["trace_unit", "where_used_reel", "where_used_lot", "trace_unit_cold", "where_used_lot_cold"] {
        assert!(first[question]["rows_max"].as_u64() > Some(0), "{question}: {first}");
    }
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(&out).expect("reads")).expect("JSON"), first);
    // It is there already, so it is only asked.
    let again = result(&[&ask[..], &keep].concat());
    assert_eq!((&again["sittings"], &again["lines"]), (&first["sittings"], &first["lines"]));

    let recall = [&["recall", "--units", "4", "--questions", "2"], &keep[..]].concat();
    let before = result(&recall);
    assert!(before["joined_lots"]["counts"]["units"].as_u64() > Some(0), "{before}");
    let rebuilt = result(&[&["rebuild"], &keep[..]].concat());
    let verified = result(&[&["verify"], &keep[..]].concat());
    assert_eq!(rebuilt["rebuild_events"], verified["verify_entries"]);
    assert_eq!(result(&recall)["joined_lots"]["counts"], before["joined_lots"]["counts"]);

    let plots = folder.path().join("plots");
    let output = bench(&["plot", text(&out), "--out", text(&plots)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let drawing = fs::read_to_string(plots.join("growth.svg")).expect("a drawing");
    assert!(drawing.starts_with("<svg") && drawing.contains("where-used of a lot"), "{drawing}");

    refused(&[&["history", "--panels", "1"], &keep[..]].concat(), "holds 2 panels of seed 1\nhint: ");
    refused(&[&["history", "--panels", "25"], &keep[..]].concat(), "cannot be built on\nhint: ");
    refused(&["recall", "--keep", text(folder.path())], "holds no complete history\nhint: ");
    refused(&["history", "--placements", "many"], "`many` is no count");
}

#[test]
fn a_build_that_was_broken_off_goes_on() {
    let folder = TempDir::new().expect("a folder");
    let kept = folder.path().join("kept");
    let build = ["history", "--panels", "1", "--questions", "1", "--keep", text(&kept)];
    let whole = result(&build);
    // As a kill leaves it when all was imported and little of that was noted.
    let note = kept.join("bench-history.json");
    let mut noted: Value = serde_json::from_slice(&fs::read(&note).expect("reads")).expect("JSON");
    for (field, value) in [("complete", Value::Bool(false)), ("lines", 10.into()), ("messages", 10.into())] {
        noted[field] = value;
    }
    fs::write(&note, noted.to_string()).expect("writes");
    let mended = result(&build);
    assert_eq!(mended["sittings"], 2);
    for field in ["lines", "messages", "verify_entries"] {
        assert_eq!(mended[field], whole[field], "{field}");
    }
}

#[test]
fn ingest_is_measured_from_a_file_and_over_http() {
    let measured = result(&["ingest", "--panels", "1", "--connections", "2", "--singles", "40"]);
    for way in ["read_big", "read_small", "file_all", "file_big", "file_small", "http_batches", "http_singles"] {
        positive(&measured[way], &["messages", "megabytes", "messages_per_s"]);
    }
    assert_eq!(measured["http_singles"]["messages"], 40);
    assert_eq!(measured["http_batches"]["messages"], measured["file_all"]["messages"]);
}

#[cfg(feature = "bench-postgres")]
#[test]
fn postgres_answers_alike() {
    let output = bench(&[
        "versus-postgres",
        "--panels",
        "3",
        "--questions",
        "6",
        "--units",
        "8",
        "--shared-buffers-mb",
        "32",
        "--json",
    ]);
    let errors = String::from_utf8_lossy(&output.stderr);
    if errors.contains("no PostgreSQL is here") {
        println!("SKIPPED: no PostgreSQL. Install the package `postgresql`.");
        return;
    }
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{errors}{told}");
    let result: Value = serde_json::from_str(&told).expect("JSON comes out");
    assert_eq!(result["compared"]["equal"], true, "{result}");
    assert!(result["compared"]["equal_facts"].as_u64() > Some(1_000), "{result}");
    positive(&result["ratios"], &["placement_tables", "all_tables", "everything", "load_wall"]);
}
