//! Writing and reading a ledger folder.

use std::fs;
use std::time::Instant;

use seal::ledger::LedgerError;
use seal::verify::{Options, Tail, verify_with};
use seal::{Bundle, Checkpoint, Hash, Ledger, Policy, Proof, Tile, copy, export, tile, tree, verify};

use crate::fixture::{self, Chance, ORIGIN, entries, entry, key};

#[test]
fn entries_come_back_and_are_proven() {
    let dir = tempfile::tempdir().unwrap();
    let mut chance = Chance::new(11);
    let mut ledger = fixture::ledger_of(dir.path(), 3_000, 700, &mut chance);
    let reader = ledger.reader().unwrap();
    assert_eq!(reader.size().unwrap(), 3_000);
    assert_eq!(reader.entries(0..3_000).unwrap().collect::<Result<Vec<_>, _>>().unwrap(), entries(0..3_000));
    assert_eq!(reader.entries(255..258).unwrap().map(Result::unwrap).collect::<Vec<_>>(), entries(255..258));
    assert_eq!(reader.entries(7..7).unwrap().count(), 0);

    let leaves: Vec<_> = (0..3_000).map(|index| tree::leaf_hash(&entry(index))).collect();
    let key = key();
    let policy = Policy { log: key.verifier(), witnesses: &[], quorum: 0 };
    for _ in 0..300 {
        let index = chance.below(3_000);
        assert_eq!(reader.entry(index).unwrap(), entry(index));
        assert_eq!(reader.leaf(index).unwrap(), leaves[index as usize]);
        let proof: Proof = reader.proof(index).unwrap().to_string().parse().unwrap();
        assert_eq!(proof.verify(&entry(index), &policy).unwrap().size, 3_000);
        assert!(proof.verify(&entry(index + 1), &policy).is_err());
    }
    let checkpoints: Vec<_> = reader.checkpoints().unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!((checkpoints[0].size(), checkpoints[0].root()), (0, tree::empty_root()));
    for pair in checkpoints.windows(2) {
        let (old, new) = (&pair[0], &pair[1]);
        assert_eq!(new.verify(key.verifier()), Ok(()));
        assert_eq!(new.root(), tree::root_of(&leaves[..new.size() as usize]));
        assert_eq!(reader.root(new.size()).unwrap(), new.root());
        let proof = reader.consistency_proof(old.size(), new.size()).unwrap();
        if old.size() > 0 {
            assert_eq!(tree::verify_consistency(old.size(), new.size(), &proof, old.root(), new.root()), Ok(()));
        }
    }
    assert_eq!(checkpoints.last(), Some(ledger.checkpoint()));

    // A reader sees what is sealed, when it is sealed.
    ledger.append(3_000, &entries(3_000..3_300)).unwrap();
    assert!(matches!(reader.entry(3_000), Err(LedgerError::NotSealed { index: 3_000, size: 3_000 })));
    assert!(matches!(reader.entries(0..3_001), Err(LedgerError::NotSealed { .. })));
    assert!(matches!(reader.inclusion_proof(5, 5), Err(LedgerError::NotSealed { .. })));
    ledger.seal().unwrap();
    assert_eq!(reader.entry(3_299).unwrap(), entry(3_299));
    let report = verify(dir.path(), key.verifier()).unwrap();
    assert_eq!((report.entries, report.bundles, report.attachments), (3_300, 13, 30));
    assert_eq!(report.bytes, fixture::files(dir.path()).iter().map(|file| file.metadata().unwrap().len()).sum::<u64>());
}

#[test]
fn the_tree_of_70000_has_the_tiles_computed_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, site) = (dir.path().join("ledger"), dir.path().join("site"));
    let mut ledger = Ledger::open(&folder, key()).unwrap();
    let all: Vec<_> = (0..70_000_u64).map(|index| index.to_string()).collect();
    for (round, chunk) in all.chunks(9_999).enumerate() {
        ledger.append(round as u64 * 9_999, chunk).unwrap();
        ledger.seal().unwrap();
    }
    let reader = ledger.reader().unwrap();
    let checkpoint = export(&reader, &site).unwrap();
    assert_eq!(checkpoint.size(), 70_000);
    for (path, sha256) in crate::vectors::tile_digests() {
        let bytes = reader.tile(path.parse().unwrap()).unwrap();
        assert_eq!(Hash::of(&bytes), sha256, "{path}");
        assert_eq!(fs::read(site.join(&path)).unwrap(), bytes, "{path}");
    }
    let files = fixture::files(&site).len();
    assert_eq!(files, tile::tiles(70_000).count() + 274 + 1);
    assert!(matches!(export(&reader, &site), Err(LedgerError::NotEmpty(_))));

    // Narrower tiles and bundles are beginnings of wider ones.
    let whole = reader.bundle(Bundle::new(273, 112).unwrap()).unwrap();
    assert_eq!(fs::read(site.join("tile/entries/273.p/112")).unwrap(), whole);
    let part = reader.bundle(Bundle::new(273, 1).unwrap()).unwrap();
    assert_eq!(part, whole[..7]);
    let wide = reader.tile(Tile::new(1, 0, 256).unwrap()).unwrap();
    assert_eq!(reader.tile(Tile::new(1, 0, 3).unwrap()).unwrap(), wide[..96]);
    for beyond in [Tile::new(0, 273, 113), Tile::new(2, 0, 2), Tile::new(63, 0, 1), Tile::new(0, u64::MAX, 256)] {
        assert!(matches!(reader.tile(beyond.unwrap()), Err(LedgerError::NotSealed { .. })));
    }
    assert!(matches!(reader.bundle(Bundle::new(273, 113).unwrap()), Err(LedgerError::NotSealed { .. })));

    // Opened again, the same tree goes on.
    drop(ledger);
    let mut ledger = Ledger::open(&folder, key()).unwrap();
    assert_eq!(ledger.root(), checkpoint.root());
    ledger.append(70_000, &["more"]).unwrap();
    ledger.seal().unwrap();
    let report = verify(&folder, key().verifier()).unwrap();
    assert_eq!((report.entries, report.tiles, report.checkpoints), (70_001, 1, 10));
}

#[test]
fn appending_again_is_harmless_and_anything_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path(), key()).unwrap();
    assert_eq!(ledger.append(0, &entries(0..300)).unwrap(), 300);
    // Part is in a record, part is still in memory.
    assert_eq!(ledger.append(0, &entries(0..310)).unwrap(), 310);
    let sealed = ledger.seal().unwrap();
    assert_eq!(ledger.seal().unwrap(), sealed);
    assert_eq!(ledger.append(100, &entries(100..320)).unwrap(), 320);
    assert!(matches!(ledger.append(321, &entries(321..322)), Err(LedgerError::Gap { first: 321, size: 320 })));
    assert!(matches!(ledger.append(5, &entries(6..7)), Err(LedgerError::Differs { index: 5 })));
    assert!(matches!(ledger.append(319, &entries(6..7)), Err(LedgerError::Differs { index: 319 })));
    let long = vec![0; 65_536];
    assert!(matches!(ledger.append(320, &[&long]), Err(LedgerError::EntryTooLong { index: 320, bytes: 65_536 })));
    ledger.append(320, &[&long[1..], &[]]).unwrap();
    ledger.seal().unwrap();
    assert_eq!(ledger.reader().unwrap().entry(320).unwrap(), long[1..]);
    assert_eq!(ledger.reader().unwrap().entry(321).unwrap(), b"");
    assert_eq!(verify(dir.path(), key().verifier()).unwrap().entries, 322);
}

#[test]
fn a_bundle_of_the_longest_entries_fits() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path(), key()).unwrap();
    let mut chance = Chance::new(1);
    // Bytes that do not compress.
    let noise: Vec<Vec<u8>> = (0..257).map(|_| (0..65_535).map(|_| chance.below(256) as u8).collect()).collect();
    ledger.append(0, &noise).unwrap();
    ledger.seal().unwrap();
    assert_eq!(ledger.reader().unwrap().entry(256).unwrap(), noise[256]);
    assert_eq!(verify(dir.path(), key().verifier()).unwrap().entries, 257);
}

#[test]
fn one_writer_one_key_one_history() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = fixture::ledger_of(dir.path(), 500, 100, &mut Chance::new(2));
    assert!(matches!(Ledger::open(dir.path(), key()), Err(LedgerError::InUse(_))));
    let checkpoint = ledger.checkpoint().checkpoint().clone();
    ledger.append(500, &entries(500..600)).unwrap();
    let newest = ledger.seal().unwrap().checkpoint().clone();
    for known in [&checkpoint, &newest, &Checkpoint::new(ORIGIN, 0, tree::empty_root())] {
        ledger.require(known).unwrap();
    }
    let forged = Checkpoint { root: Hash::of(b"other"), ..checkpoint };
    let later = Checkpoint { size: 601, ..newest };
    for known in [forged, later] {
        assert!(matches!(ledger.require(&known), Err(LedgerError::NotExtended { size: 600, .. })));
    }
    drop(ledger);
    assert!(matches!(Ledger::open(dir.path(), fixture::key_from(8)), Err(LedgerError::Checkpoint(_))));
    assert!(verify(dir.path(), fixture::key_from(8).verifier()).is_err());
    Ledger::open(dir.path(), key()).unwrap();
}

#[test]
fn attachments_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path(), key()).unwrap();
    let contents = [Vec::new(), b"small".to_vec(), b"picture ".repeat(100_000)];
    let names: Vec<_> = contents.iter().map(|content| ledger.put_attachment(content).unwrap()).collect();
    assert_eq!(ledger.put_attachment(b"small").unwrap(), names[1]);
    ledger.seal().unwrap();
    let reader = ledger.reader().unwrap();
    for (name, content) in names.iter().zip(&contents) {
        assert_eq!(*name, Hash::of(content));
        assert_eq!(reader.attachment(*name).unwrap().as_ref(), Some(content));
    }
    assert_eq!(reader.attachment(Hash::of(b"none")).unwrap(), None);
    assert_eq!(verify(dir.path(), key().verifier()).unwrap().attachments, 3);
}

#[test]
fn a_folder_is_for_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("deep/ledger");
    drop(fixture::ledger_of(&folder, 300, 300, &mut Chance::new(4)));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for file in fixture::files(&folder) {
            assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700), "{}", file.display());
        }
    }
}

#[test]
fn a_segment_of_small_rounds_is_packed() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path(), key()).unwrap();
    // 530 rounds leave more than two records a bundle.
    let rounds = (0..530_u64).map(|round| round * 100);
    for start in rounds {
        ledger.append(start, &entries(start..start + 100)).unwrap();
        ledger.seal().unwrap();
    }
    ledger.append(53_000, &entries(53_000..65_600)).unwrap();
    ledger.seal().unwrap();
    let segment = dir.path().join("segments/00000000");
    let loose = segment.metadata().unwrap().len();
    let reader = ledger.reader().unwrap();
    assert_eq!(reader.entry(12_345).unwrap(), entry(12_345));
    assert!(verify(dir.path(), key().verifier()).unwrap().records > 700);

    ledger.seal().unwrap();
    let packed = segment.metadata().unwrap().len();
    assert!(packed < loose, "{packed} of {loose} bytes");
    assert_eq!(verify(dir.path(), key().verifier()).unwrap().records, 257);
    // A reader that had the loose segment open goes on, and so does a new one.
    for reader in [reader, ledger.reader().unwrap()] {
        assert_eq!(reader.entry(54_321).unwrap(), entry(54_321));
    }
    drop(ledger);
    let mut ledger = Ledger::open(dir.path(), key()).unwrap();
    fixture::round(&mut ledger, 65_600..65_700);
    assert_eq!(verify(dir.path(), key().verifier()).unwrap().entries, 65_700);
}

#[test]
fn verification_tells_its_progress_and_can_run_beside_the_writer() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = fixture::ledger_of(dir.path(), 5_000, 2_000, &mut Chance::new(6));
    let mut told = Vec::new();
    let mut note = |progress| told.push(progress);
    let options = Options { progress: Some(&mut note), references: Some(&fixture::references), ..Options::default() };
    verify_with(dir.path(), key().verifier(), options).unwrap();
    let last = told.last().unwrap();
    assert_eq!((last.entries, last.attachments, last.attachments_total), (5_000, 50, 50));
    assert!(told.iter().any(|progress| progress.entries == 4_096));

    // At rest nothing may lie above the newest checkpoint; beside a writer it may.
    ledger.append(5_000, &entries(5_000..5_600)).unwrap();
    assert!(verify(dir.path(), key().verifier()).is_err());
    let options = Options { tail: Tail::Tolerated, ..Options::default() };
    assert_eq!(verify_with(dir.path(), key().verifier(), options).unwrap().entries, 5_000);
}

#[test]
fn a_copy_beside_the_writer_is_a_ledger_at_rest() {
    let dir = tempfile::tempdir().unwrap();
    let (source, copied, again) = (dir.path().join("source"), dir.path().join("copy"), dir.path().join("again"));
    let mut chance = Chance::new(5);
    let mut ledger = fixture::ledger_of(&source, 66_100, 9_000, &mut chance);
    let checkpoints: Vec<_> = ledger.reader().unwrap().checkpoints().unwrap().map(Result::unwrap).collect();
    // What is appended and not sealed, and what was packed meanwhile, is in nobody's way.
    for index in [66_100, 66_200, 66_300] {
        ledger.put_attachment(&fixture::attachment(index)).unwrap();
    }
    ledger.append(66_100, &entries(66_100..66_400)).unwrap();
    let options = || Options { references: Some(&fixture::references), ..Options::default() };
    for checkpoint in checkpoints.iter().rev().take(4) {
        let to = dir.path().join(checkpoint.size().to_string());
        // Any number up to the next checkpoint gives this one.
        assert_eq!(copy(&source, checkpoint.size() + 7, &to, None).unwrap(), *checkpoint);
        let report = verify_with(&to, key().verifier(), options()).unwrap();
        assert_eq!(report.entries, checkpoint.size());
    }
    copy(&source, u64::MAX, &copied, None).unwrap();
    ledger.seal().unwrap();
    assert_eq!(copy(&source, u64::MAX, &again, Some(&copied)).unwrap().size(), 66_400);
    verify_with(&again, key().verifier(), options()).unwrap();
    verify_with(&copied, key().verifier(), options()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let names = |file: &str| fs::metadata(again.join(file)).unwrap().nlink();
        assert_eq!((names("segments/00000000"), names("segments/00000001"), names("tile/1/000")), (2, 1, 2));
    }
    assert!(matches!(copy(&source, u64::MAX, &again, None), Err(LedgerError::NotEmpty(_))));
    // A copy goes on as the ledger would.
    drop(ledger);
    let mut ledger = Ledger::open(&copied, key()).unwrap();
    ledger.append(66_100, &entries(66_100..66_400)).unwrap();
    assert_eq!(ledger.seal().unwrap().root(), Ledger::open(&source, key()).unwrap().root());
}

#[test]
fn readers_see_a_whole_log_while_it_grows() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path(), key()).unwrap();
    fixture::round(&mut ledger, 0..50);
    let reader = ledger.reader().unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let all: Vec<_> = (50..80_000_u64).map(|index| index.to_string()).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Small rounds first, so that the segment is loose and gets packed under the readers' eyes.
            let mut rest = all.as_slice();
            while !rest.is_empty() {
                let (round, after) = rest.split_at(rest.len().min(if ledger.size() < 60_000 { 90 } else { 2_000 }));
                ledger.append(ledger.size(), round).unwrap();
                ledger.seal().unwrap();
                rest = after;
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        scope.spawn(|| {
            let key = key();
            let policy = Policy { log: key.verifier(), witnesses: &[], quorum: 0 };
            let mut chance = Chance::new(12);
            let mut old = reader.checkpoint().unwrap();
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let index = chance.below(reader.size().unwrap());
                reader.proof(index).unwrap().verify(&reader.entry(index).unwrap(), &policy).unwrap();
                let new = reader.checkpoint().unwrap();
                let proof = reader.consistency_proof(old.size(), new.size()).unwrap();
                tree::verify_consistency(old.size(), new.size(), &proof, old.root(), new.root()).unwrap();
                old = new;
                if index.is_multiple_of(16) {
                    let options = Options { tail: Tail::Tolerated, ..Options::default() };
                    verify_with(dir.path(), key.verifier(), options).unwrap();
                }
            }
        });
    });
    ledger.seal().unwrap();
    assert_eq!(verify(dir.path(), key().verifier()).unwrap().entries, 80_000);
}

/// Not a benchmark: only that nothing is grossly slow. Figures go to the standard output.
#[test]
fn sealing_keeps_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path(), key()).unwrap();
    let all = entries(0..150_000);
    let bytes: usize = all.iter().map(Vec::len).sum();
    let start = Instant::now();
    let mut slowest = 0.0_f64;
    for (round, chunk) in all.chunks(5_000).enumerate() {
        ledger.append(round as u64 * 5_000, chunk).unwrap();
        let seal = Instant::now();
        ledger.seal().unwrap();
        slowest = slowest.max(seal.elapsed().as_secs_f64());
    }
    let wrote = start.elapsed().as_secs_f64();
    drop(ledger);
    let start = Instant::now();
    let ledger = Ledger::open(dir.path(), key()).unwrap();
    let opened = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let report = verify(dir.path(), key().verifier()).unwrap();
    let verified = start.elapsed().as_secs_f64();
    let start = Instant::now();
    assert_eq!(ledger.reader().unwrap().entries(0..150_000).unwrap().count(), 150_000);
    let read = start.elapsed().as_secs_f64();
    println!(
        "150,000 entries of {} bytes: append and seal {:.0}/s (slowest seal {:.1} ms), open {:.1} ms, verify {:.0}/s, \
         read {:.0}/s, {:.1} bytes an entry on disk",
        bytes / 150_000,
        150_000.0 / wrote,
        slowest * 1e3,
        opened * 1e3,
        150_000.0 / verified,
        150_000.0 / read,
        report.bytes as f64 / 150_000.0,
    );
}
