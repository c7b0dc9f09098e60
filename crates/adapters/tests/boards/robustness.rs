//! No bytes may bring the parser down, however they are damaged.

use std::fs;

use adapters::boards::{Board, BoardFile, Format, PanelLayout, decode, import};
use proptest::prelude::*;

use crate::samples::samples;

/// Reads bytes as every format; what comes out must hold what the types promise.
fn survives(bytes: &[u8]) {
    let formats = [None].into_iter().chain(Format::ALL.map(Some));
    for format in formats {
        match import(&[BoardFile { name: "some file", bytes, format }]) {
            Ok(board) => sound(&board),
            Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        }
    }
}

fn sound(board: &Board) {
    for position in &board.positions {
        assert!(!position.designator.is_empty());
        assert!(position.rotation_mdeg.is_none_or(|mdeg| (0..360_000).contains(&mdeg)));
        assert!(position.bill_line.is_none_or(|line| line < board.lines.len()));
    }
    let messages = board.problems.iter().map(ToString::to_string);
    let messages = messages.chain(board.notes.iter().map(ToString::to_string));
    for message in messages.chain(board.disagreements.iter().map(ToString::to_string)) {
        assert!(!message.contains('\n'), "{message}");
    }
    let mut names: Vec<_> = board.positions.iter().map(|position| &position.designator).collect();
    names.sort();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a designator has two positions");
    if let Some(outline) = &board.outline {
        outline.bounds();
    }
}

fn small_samples() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for name in [
        "thunderscope-rev5.3/Thunderscope_Rev5.3_TS-PCIe_MP_BOM.csv",
        "thunderscope-rev5.3/Thunderscope_Rev5.3_TS-PCIe_Positions.txt",
        "beaglebone-black/BBB_BOM.csv",
        "beaglebone-black/BeagleBone Black_RevC_ASSY_XY_210222.converted.csv",
        "ipc-2581/testcase9-revc-bom.xml",
    ] {
        let bytes = fs::read(samples().join(name)).expect(name);
        found.push(bytes[..bytes.len().min(12_000)].to_vec());
    }
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/boards");
    for folder in fs::read_dir(cases).expect("cases").flatten().filter(|entry| entry.path().is_dir()) {
        found.extend(
            fs::read_dir(folder.path()).expect("case").flatten().map(|file| fs::read(file.path()).expect("file")),
        );
    }
    found
}

/// What a damaged file may have in the middle of it.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..8),
        Just(b"\"".to_vec()),
        Just(b"<".to_vec()),
        Just(b"\n".to_vec()),
        Just(b",,,".to_vec()),
        Just(b"1e2147483647".to_vec()),
        Just(b"-99999999999999999999999999999999999999999".to_vec()),
        Just("µ–\u{2212}1".as_bytes().to_vec()),
        Just(b"R1-R18446744073709551615".to_vec()),
        Just(b"NF(".to_vec()),
        Just(b"<StepRepeat stepRef=\"panel\" nx=\"9223372036854775807\" ny=\"2\"/>".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn boards_survive_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survives(&bytes);
        let _ = decode(&bytes);
    }

    #[test]
    fn boards_survive_any_table(
        heading in prop::sample::select(vec![
            "Ref,Val,Package,PosX,PosY,Rot,Side", "Designator;Mid X;Mid Y;Layer;Rotation", "Qty\tReference\tMPN\tManufacturer\tDNP",
            "# Ref Val Package PosX PosY Rot Side", "REFDES ! SYM_X ! SYM_Y ! SYM_ROTATE ! SYM_MIRROR", "UUNITS = MILS",
            "Item,Qty,Designator,Part Number,Note",
        ]),
        rows in prop::collection::vec("[A-Z0-9a-z,;!\\t \"().µ-]{0,60}", 0..20),
    ) {
        survives(format!("{heading}\n{}", rows.join("\n")).as_bytes());
    }

    #[test]
    fn boards_survive_damage(
        pick in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, piece()), 1..6),
    ) {
        let samples = small_samples();
        let mut bytes = pick.get(&samples).clone();
        for (at, cut, piece) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                let end = (at + cut).min(bytes.len());
                bytes.splice(at..end, piece);
            }
        }
        survives(&bytes);
    }

    #[test]
    fn boards_panels_survive_any_text(text in "[0-9x,;. a-z\\n-]{0,60}") {
        let _ = PanelLayout::parse(&text);
        let _ = PanelLayout::parse(&format!("2x2 pitch {text}"));
    }
}

#[test]
fn boards_of_every_cut_off_file_are_read_or_refused() {
    for bytes in small_samples() {
        for part in 0..40 {
            survives(&bytes[..bytes.len() * part / 40]);
        }
    }
}
