//! Files of boards, and layouts of panels that people type.

use adapters::boards::{Board, BoardFile, Format, PANEL_BOARDS_MAX, PanelLayout, decode, import};

use crate::words::{is_echo, is_message, with_text};

/// The longest length that is read.
const TYPED_UM_MAX: i64 = 100_000_000;
/// Between two files that are read together.
const RECORD_SEPARATOR: u8 = 0x1E;

/// A board's file, its format told from its content and as a format that the caller names; what stands after a record separator is another file of the
/// same board.
pub fn boards(bytes: &[u8]) {
    let named = |(index, bytes): (usize, _)| BoardFile { name: ["a", "b", "c"][index], bytes, format: None };
    let files: Vec<BoardFile<'_>> = bytes.splitn(3, |byte| *byte == RECORD_SEPARATOR).enumerate().map(named).collect();
    read(&files[..1]);
    let named = Format::ALL[bytes.len() % Format::ALL.len()];
    read(&[BoardFile { format: Some(named), ..files[0] }]);
    if files.len() > 1 {
        read(&files);
    }
}

fn read(files: &[BoardFile<'_>]) {
    match import(files) {
        Ok(board) => {
            is_sound(&board);
            let lines = |name: &str| {
                let file = files.iter().find(|file| file.name == name).expect("a file that was given");
                let text = decode(file.bytes).expect("it was read").text;
                1 + text.bytes().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64
            };
            for problem in &board.problems {
                let there = 1..=lines(&problem.place.file);
                assert!(there.contains(&problem.place.line), "{problem}, and its lines are {there:?}");
            }
            for note in &board.notes {
                let there = 1..=lines(&note.file);
                assert!(note.line.is_none_or(|line| there.contains(&line)), "{note}, and its lines are {there:?}");
            }
        }
        Err(error) => is_message(&error.to_string()),
    }
}

fn is_sound(board: &Board) {
    for position in &board.positions {
        assert!(!position.designator.is_empty());
        assert!(position.rotation_mdeg.is_none_or(|mdeg| (0..360_000).contains(&mdeg)));
        assert!(position.bill_line.is_none_or(|line| line < board.lines.len()));
    }
    let mut names: Vec<_> = board.positions.iter().map(|position| &position.designator).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a designator has two positions");
    board.problems.iter().for_each(|problem| is_message(&problem.to_string()));
    board.notes.iter().for_each(|note| is_message(&note.to_string()));
    board.disagreements.iter().for_each(|disagreement| is_message(&disagreement.to_string()));
    if let Some(outline) = &board.outline {
        outline.bounds();
    }
    if let Some(panel) = &board.panel {
        is_layout(panel);
    }
    serde_json::to_string(board).expect("a board can be written");
}

/// A layout as typed.
pub fn panel(bytes: &[u8]) {
    with_text(bytes, |text| match PanelLayout::parse(text) {
        Ok(layout) => {
            is_layout(&layout);
            let typed: Vec<String> = layout
                .boards
                .iter()
                .map(|board| {
                    let flip = if board.flip { "flip" } else { "" };
                    let (x, y, turn) = (point(board.x_um), point(board.y_um), point(board.rotation_mdeg));
                    format!("{},{x},{y},{turn},{flip}", board.number)
                })
                .collect();
            // A grid may reach further than a board that is typed alone.
            if layout.boards.iter().any(|board| board.x_um.abs().max(board.y_um.abs()) > TYPED_UM_MAX) {
                return;
            }
            let typed = typed.join(";");
            assert_eq!(PanelLayout::parse(&typed).as_ref(), Ok(&layout), "{typed:.200}");
        }
        Err(error) => is_echo(&error.to_string(), text),
    });
}

fn is_layout(layout: &PanelLayout) {
    assert!(layout.boards.len() <= PANEL_BOARDS_MAX);
    assert!(layout.boards.iter().all(|board| (0..360_000).contains(&board.rotation_mdeg)));
}

/// Thousandths with a decimal point.
fn point(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let size = thousandths.unsigned_abs();
    format!("{sign}{}.{:03}", size / 1000, size % 1000)
}
