//! Each folder of `cases/boards` is a set of files and what comes out of it.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use adapters::boards::{Board, BoardFile, Fitted, import};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/boards")
}

#[test]
fn boards_cases() {
    let mut folders: Vec<_> =
        fs::read_dir(folder()).expect("cases").map(|entry| entry.expect("entry").path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(folders.len() >= 11, "cases are missing");
    for folder in folders {
        check(&folder);
    }
}

fn check(folder: &Path) {
    let mut paths: Vec<_> = fs::read_dir(folder).expect("case").map(|entry| entry.expect("entry").path()).collect();
    paths.retain(|path| !path.ends_with("expected.txt"));
    paths.sort();
    let contents: Vec<_> = paths
        .iter()
        .map(|path| (path.file_name().expect("name").to_string_lossy(), fs::read(path).expect("file")))
        .collect();
    let files: Vec<_> = contents.iter().map(|(name, bytes)| BoardFile { name, bytes, format: None }).collect();
    let actual = match import(&files) {
        Ok(board) => shown(&board),
        Err(error) => format!("error: {error}\n"),
    };
    let expected = folder.join("expected.txt");
    if std::env::var_os("BOARDS_CASES").is_some_and(|mode| mode == "write") {
        fs::write(&expected, &actual).expect("write expected.txt");
    }
    let expected = fs::read_to_string(&expected).unwrap_or_default();
    assert_eq!(actual, expected, "case {}", folder.display());
}

fn shown(board: &Board) -> String {
    let mut text = String::new();
    let or = |text: &Option<String>| text.clone().unwrap_or("-".to_owned());
    for file in &board.files {
        writeln!(
            text,
            "file {} is {}: {} placements, {} lines",
            file.name, file.format, file.placements, file.bill_lines
        )
        .expect("text");
    }
    if board.assembly.is_some() {
        writeln!(text, "assembly {} revision {}", or(&board.assembly), or(&board.revision)).expect("text");
    }
    for position in &board.positions {
        let number = |number: Option<i64>| number.map_or("-".to_owned(), |number| number.to_string());
        let side = position.side.map_or("-".to_owned(), |side| side.to_string());
        let fitted = match &position.fitted {
            Fitted::Yes => "fitted".to_owned(),
            Fitted::HandPlaced => "by hand".to_owned(),
            Fitted::Unknown => "unknown".to_owned(),
            Fitted::No(text) => format!("not fitted ({text})"),
        };
        let part = position.part.as_deref().cloned().unwrap_or_default();
        writeln!(
            text,
            "{} x {} y {} rotation {} {side}, {fitted}, {} / {} / {} / {}, package {} footprint {}, alternates {}",
            position.designator,
            number(position.x_um),
            number(position.y_um),
            number(position.rotation_mdeg),
            or(&part.internal_number),
            or(&part.manufacturer),
            or(&part.mpn),
            or(&part.value),
            or(&position.package),
            or(&position.footprint),
            part.alternates
                .iter()
                .map(|alternate| format!("{} {}", or(&alternate.manufacturer), or(&alternate.mpn)))
                .collect::<Vec<_>>()
                .join(", "),
        )
        .expect("text");
    }
    for line in board.lines.iter().filter(|line| line.designators.is_empty()) {
        writeln!(text, "line without designators: {} x {}", or(&line.quantity), line.part.label().unwrap_or("-"))
            .expect("text");
    }
    if let Some(outline) = &board.outline {
        writeln!(text, "outline {:?}", outline.bounds().size_um()).expect("text");
    }
    for panel in board.panel.iter().flat_map(|panel| &panel.boards) {
        let flip = if panel.flip { " flipped" } else { "" };
        writeln!(text, "board {} at {},{} turned {}{flip}", panel.number, panel.x_um, panel.y_um, panel.rotation_mdeg)
            .expect("text");
    }
    for disagreement in &board.disagreements {
        writeln!(text, "disagreement: {disagreement}").expect("text");
    }
    for problem in &board.problems {
        writeln!(text, "problem: {problem}").expect("text");
    }
    for note in &board.notes {
        writeln!(text, "note: {note}").expect("text");
    }
    text
}
