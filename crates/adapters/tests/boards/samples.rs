//! Real boards. The numbers were counted from the files by other means (awk, Python's csv and ElementTree), not by this parser.

use std::fs;
use std::path::{Path, PathBuf};

use adapters::boards::{About, Board, BoardError, BoardFile, Fitted, Format, Point, Side, import};

/// The folder of sample boards: `TRACEWRIGHT_SAMPLES`, or the one beside the checkout.
pub(crate) fn samples() -> PathBuf {
    let folder = std::env::var_os("TRACEWRIGHT_SAMPLES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples"), PathBuf::from)
        .join("boards");
    assert!(
        folder.is_dir(),
        "no sample boards in {}: set TRACEWRIGHT_SAMPLES to the folder of samples",
        folder.display()
    );
    folder
}

fn read(names: &[&str]) -> Result<Board, BoardError> {
    let bytes: Vec<_> = names.iter().map(|name| fs::read(samples().join(name)).expect(name)).collect();
    let files: Vec<_> = names
        .iter()
        .zip(&bytes)
        .map(|(name, bytes)| BoardFile { name: name.rsplit('/').next().expect("name"), bytes, format: None })
        .collect();
    import(&files)
}

fn board(names: &[&str]) -> Board {
    let board = read(names).expect("a board");
    assert_eq!(board.problems, [], "{names:?}");
    board
}

/// The designators of all disagreements about something, sorted.
fn about(board: &Board, about: About) -> Vec<&str> {
    let mut names: Vec<_> = board
        .disagreements
        .iter()
        .filter(|found| found.about == about)
        .map(|found| found.designator.as_str())
        .collect();
    names.sort_unstable();
    names
}

fn fitted(board: &Board, wanted: impl Fn(&Fitted) -> bool) -> usize {
    board.positions.iter().filter(|position| wanted(&position.fitted)).count()
}

fn on(board: &Board, side: Side) -> usize {
    board.positions.iter().filter(|position| position.x_um.is_some() && position.side == Some(side)).count()
}

#[track_caller]
fn lies(board: &Board, designator: &str, x_um: i64, y_um: i64, rotation_mdeg: i64, side: Side) {
    let position = board.position(designator).unwrap_or_else(|| panic!("no {designator}"));
    let found = (position.x_um, position.y_um, position.rotation_mdeg, position.side);
    assert_eq!(found, (Some(x_um), Some(y_um), Some(rotation_mdeg), Some(side)), "{designator}");
}

#[test]
fn boards_thunderscope() {
    let cases = [
        ("PCIe", 77, 746, 739, 285, &["J1002_1", "J1002_2", "J1002_3", "J1002_4", "J3", "J4", "J5"][..]),
        ("USB4", 78, 745, 737, 273, &["J1", "J1002_1", "J1002_2", "J1002_3", "J1002_4", "J11", "J2", "J5"][..]),
    ];
    for (variant, lines, listed, placed, bottom, by_hand) in cases {
        for (phase, fpga) in [("MP", "XC7A35T-2CSG325C"), ("PVT", "XC7A50T-2CSG325C")] {
            let folder = "thunderscope-rev5.3/Thunderscope_Rev5.3_TS";
            let board =
                board(&[&format!("{folder}-{variant}_{phase}_BOM.csv"), &format!("{folder}-{variant}_Positions.txt")]);
            let formats: Vec<_> = board.files.iter().map(|file| file.format).collect();
            assert_eq!(formats, [Format::Bill, Format::KicadPlacement]);
            assert_eq!(board.lines.len(), lines);
            assert_eq!(board.positions.len(), listed);
            assert_eq!(board.positions.iter().filter(|position| position.x_um.is_some()).count(), placed);
            assert_eq!(on(&board, Side::Bottom), bottom);
            assert_eq!(about(&board, About::OnlyInBom), by_hand);
            assert_eq!(about(&board, About::OnlyInPlacements), [""; 0]);
            assert_eq!(fitted(&board, |fitted| *fitted == Fitted::HandPlaced), by_hand.len());
            // The position file keeps the FPGA of the earlier phase.
            assert_eq!(about(&board, About::Value), if phase == "MP" { &["U18"][..] } else { &[] });
            // The bill says 0402 where 85 land patterns are for 0603.
            assert_eq!(about(&board, About::Package).len(), 85);
            assert_eq!(board.disagreements.len(), by_hand.len() + 85 + usize::from(phase == "MP"));

            lies(&board, "C1059_1", 31_650, 92_650, 0, Side::Top);
            lies(&board, "U18", 83_950, 39_838, 90_000, Side::Top);
            lies(&board, "C1", 6050, 91_600, 90_000, Side::Bottom);
            let part = board.position("U18").and_then(|position| position.part.as_deref()).expect("a part");
            assert_eq!(part.mpn.as_deref(), Some(fpga));
            assert_eq!(part.manufacturer.as_deref(), Some("Xilinx"));
            assert_eq!(part.substitution_policy.as_deref(), Some("No Substitutions"));
            // A tenth cell under nine headings is kept.
            let remark = part.attributes.iter().find(|attribute| attribute.name == "column 10");
            assert_eq!(remark.is_some(), phase == "MP");
            let first = if variant == "PCIe" { 149 } else { 150 };
            assert_eq!(board.lines[0].designators.len(), first);
            assert_eq!(board.lines[0].quantity, Some(first.to_string()));
            assert_eq!(board.lines[0].number.as_deref(), Some("1"));
        }
    }
}

#[test]
fn boards_beaglebone() {
    let xy = "beaglebone-black/BeagleBone Black_RevC_ASSY_XY_210222.converted.csv";
    for (bill, lines, loose, alternates, processor) in
        [("BBB_BOM.csv", 72, 3, 118, "AM3358BZCZ100"), ("BBB_Industrial_BOM.csv", 74, 5, 4, "AM3358BZCZA100")]
    {
        let board = board(&[xy, &format!("beaglebone-black/{bill}")]);
        assert_eq!(board.files[0].format, Format::AllegroPlacement);
        assert_eq!(board.files[0].placements, 413);
        assert_eq!(on(&board, Side::Bottom), 274);
        assert_eq!(on(&board, Side::Top), 139);
        assert_eq!(board.lines.len(), lines);
        assert_eq!(board.lines.iter().filter(|line| line.designators.is_empty()).count(), loose);
        assert_eq!(board.lines.iter().map(|line| line.part.alternates.len()).sum::<usize>(), alternates);
        assert_eq!(about(&board, About::OnlyInBom), ["FB6", "FB8", "P7", "PCB1"]);
        assert_eq!(
            about(&board, About::OnlyInPlacements),
            [
                "C175", "C5", "MTG1", "MTG2", "MTG3", "MTG4", "TP1", "TP2", "TP3", "TP4", "TP5", "TP6", "TP7", "TP8",
                "TP9"
            ]
        );
        assert_eq!(board.disagreements.len(), 19);
        // 377 listed, of which the bare board has no place; 23 below the note and 2 behind it.
        assert_eq!(fitted(&board, |fitted| *fitted == Fitted::Yes), 376);
        assert_eq!(fitted(&board, |fitted| *fitted == Fitted::HandPlaced), 1);
        assert_eq!(fitted(&board, |fitted| matches!(fitted, Fitted::No(_))), 25);
        assert_eq!(fitted(&board, |fitted| *fitted == Fitted::Unknown), 15);
        let empty = &board.position("R124").expect("R124").fitted;
        assert_eq!(*empty, Fitted::No("DO NOT INSTALL COMPONENTS BELOW.".to_owned()));

        lies(&board, "U5", 45_720, 29_210, 180_000, Side::Top); // 1800, 1150 mil
        lies(&board, "R1", 21_590, 21_908, 90_000, Side::Bottom); // 850, 862.5 mil = 21907.5 um
        lies(&board, "C3", 16_193, 19_368, 0, Side::Top); // 637.5, 762.5 mil
        let part = board.position("U5").and_then(|position| position.part.as_deref()).expect("a part");
        assert_eq!(part.mpn.as_deref(), Some(processor));
    }
    let refused = read(&["beaglebone-black/BeagleBone Black_RevC_ASSY_XY_210222.xlsx"]).expect_err("a workbook");
    assert!(refused.to_string().contains("Excel workbook; save the sheet as CSV"), "{refused}");
}

#[test]
fn boards_ipc2581() {
    // file, components, bottom, designators listed, lines, units to micrometres are checked below
    let cases: [(&str, usize, usize, usize, usize); 8] = [
        ("testcase1-revc-assembly.xml.zst", 1656, 887, 1657, 173),
        ("testcase5-revc-assembly.xml.zst", 927, 327, 933, 118),
        ("testcase3-revc-assembly.xml", 42, 3, 41, 25),
        ("testcase9-revc-assembly.xml", 60, 37, 60, 31),
        ("testcase11-rdgflx-revc-assembly.xml", 78, 21, 74, 15),
        ("DM0002-IPC-2518.xml", 59, 3, 59, 31),
        ("testcase1-revc-bom.xml", 0, 0, 1657, 173),
        ("testcase5-revc-bom.xml", 0, 0, 933, 118),
    ];
    for (name, components, bottom, listed, lines) in cases {
        let board = board(&[&format!("ipc-2581/{name}")]);
        assert_eq!(board.files[0].placements, components, "{name}");
        assert_eq!(board.positions.iter().filter(|position| position.x_um.is_some()).count(), components, "{name}");
        assert_eq!(on(&board, Side::Bottom), bottom, "{name}");
        assert_eq!(board.lines.iter().map(|line| line.designators.len()).sum::<usize>(), listed, "{name}");
        assert_eq!(board.lines.len(), lines, "{name}");
        assert_eq!(board.outline.is_some(), components > 0, "{name}");
    }
}

#[test]
fn boards_ipc2581_in_detail() {
    let first = board(&["ipc-2581/testcase1-revc-assembly.xml.zst"]);
    assert_eq!(about(&first, About::OnlyInBom), ["CM3A1", "CM3A2", "CM9A8"]);
    assert_eq!(about(&first, About::OnlyInPlacements), ["OR_00000291B67AA780", "OR_00000291B67AA7F8"]);
    assert_eq!(about(&first, About::Part), [""; 0]);
    assert_eq!(about(&first, About::Package), [""; 0]);
    lies(&first, "DD_CONV3", 165_418, 189_227, 180_000, Side::Bottom); // 6.5125, 7.4499 inch
    lies(&first, "CM9A3", -20_236, 207_320, 180_000, Side::Top); // -0.7967, 8.1622 inch
    let part = first.position("DD_CONV3").and_then(|position| position.part.as_deref()).expect("a part");
    assert_eq!(part.internal_number.as_deref(), Some("TA55401-0252B2"));
    assert_eq!((part.manufacturer.as_deref(), part.mpn.as_deref()), (Some("DI/DT"), Some("QD48S018033NS00")));
    let low = first.outline.as_ref().expect("an outline").bounds().low;
    assert_eq!(low, Point { x_um: -30_904, y_um: -3650 }); // -1.2167, -0.1437 inch

    let fifth = board(&["ipc-2581/testcase5-revc-assembly.xml.zst"]);
    assert_eq!(about(&fifth, About::OnlyInBom).len(), 13);
    assert_eq!(about(&fifth, About::OnlyInPlacements).len(), 7);
    lies(&fifth, "L303", 257_700, 34_750, 180_000, Side::Top);
    lies(&fifth, "CM3A1", -8000, 2070, 0, Side::Top); // no Xform
    let bounds = fifth.outline.as_ref().expect("an outline").bounds();
    assert_eq!(
        (bounds.low, bounds.high),
        (Point { x_um: -30_000, y_um: -5000 }, Point { x_um: 281_370, y_um: 68_600 })
    );

    let flex = board(&["ipc-2581/testcase11-rdgflx-revc-assembly.xml"]);
    lies(&flex, "D3", 93_980, 29_591, 180_000, Side::Bottom); // on an inner layer, mirrored
    lies(&flex, "RV1", 98_298, 40_386, 0, Side::Top);

    let third = board(&["ipc-2581/testcase3-revc-assembly.xml"]);
    lies(&third, "U3", 10_160, 85_090, 0, Side::Top); // 0.4, 3.35 inch
    assert_eq!(third.position("U2").and_then(|position| position.rotation_mdeg), Some(225_000));
    assert_eq!(third.outline.as_ref().expect("an outline").cutouts.len(), 11);

    let kicad = board(&["ipc-2581/DM0002-IPC-2518.xml"]);
    lies(&kicad, "C3", 144_750, -101_935, 90_000, Side::Top);
    lies(&kicad, "TP4", 140_000, -98_500, 0, Side::Bottom);
    let mut empty: Vec<_> = kicad
        .positions
        .iter()
        .filter(|position| matches!(position.fitted, Fitted::No(_)))
        .map(|position| position.designator.as_str())
        .collect();
    empty.sort_unstable();
    assert_eq!(empty, ["TP2", "TP3", "TP4", "TP5", "TP6"]);
    assert_eq!(kicad.disagreements, []);
    assert_eq!(kicad.revision.as_deref(), Some("1.0"));
    let controller =
        kicad.lines.iter().find(|line| line.part.mpn.as_deref() == Some("SC0914(13)")).expect("the controller");
    assert_eq!(controller.part.manufacturer.as_deref(), Some("Raspberry Pi"));
    assert_eq!(kicad.outline.as_ref().expect("an outline").bounds().size_um(), (15_000, 38_600));
}

#[test]
fn boards_ipc2581_in_two_files() {
    let both = board(&["ipc-2581/testcase9-revc-assembly.xml", "ipc-2581/testcase9-revc-bom.xml"]);
    assert_eq!((both.positions.len(), both.disagreements.len()), (60, 0));
    assert!(
        both.notes.iter().any(|note| note.text == "60 designators are given again, with the same content"),
        "{:?}",
        both.notes
    );
}

#[test]
fn boards_without_anything_say_so() {
    for (name, purpose) in [("testcase3-revc-stackup.xml", "STACKUP"), ("testcase9-revc-stencil.xml", "STENCIL")] {
        let refused = read(&[&format!("ipc-2581/{name}")]).expect_err(name);
        let expected = format!(
            "file `{name}`: no placements and no bill of materials in this file (it says it is for `{purpose}`)"
        );
        assert_eq!(refused.to_string(), expected);
    }
    for name in ["ipc-2581/IPC-2581C.xsd", "thunderscope-rev5.3/Fab_Readme.txt", "thunderscope-rev5.3/LICENSE"] {
        let refused = read(&[name]).expect_err(name);
        assert!(matches!(refused, BoardError::Unrecognised { .. }), "{name}: {refused}");
    }
}
