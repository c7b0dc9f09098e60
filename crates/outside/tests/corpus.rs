//! What the fuzzer keeps, and what it once found, as ordinary tests.

use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn holds(parser: &str) {
    let (_, check) = outside::TARGETS.iter().find(|(name, _)| *name == parser).expect("a parser of that name");
    let corpus = files(&fuzz().join("corpus").join(parser));
    assert!(!corpus.is_empty(), "no corpus for `{parser}`");
    for file in corpus.into_iter().chain(files(&fuzz().join("cases").join(parser))) {
        // Shown when the test fails.
        println!("{}", file.display());
        check(&fs::read(&file).expect("a file"));
    }
}

macro_rules! parsers {
    ($($name:ident)+) => {
        $(#[test] fn $name() { holds(stringify!($name)); })+

        /// Every parser has a test here, a target for the fuzzer, and no folder is of no parser.
        #[test]
        fn every_parser_is_tried() {
            let parsers: Vec<&str> = outside::TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(parsers, [$(stringify!($name)),+]);
            let stems = |folder: &str| -> Vec<String> {
                let files = files(&fuzz().join(folder));
                files.iter().map(|file| file.file_stem().expect("a name").to_string_lossy().into_owned()).collect()
            };
            assert_eq!(stems("fuzz_targets"), parsers);
            assert_eq!(stems("corpus"), parsers);
            assert!(stems("cases").iter().all(|folder| parsers.contains(&folder.as_str())));
        }
    };
}

parsers! {
    attachment boards cfx checkpoints configuration difference events name note panel pass path pattern proof question record segment stored zones
}
