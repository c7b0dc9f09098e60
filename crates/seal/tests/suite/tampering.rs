//! A bad hand in the folder: whatever is changed, `verify` finds it.

use std::fs;
use std::path::Path;

use seal::ledger::{LedgerError, Problem};
use seal::verify::{Options, verify_with};
use seal::{Hash, Ledger, verify};

use crate::fixture::{self, Chance, copy, entries, files, key, key_from};

/// What `verify` finds in the folder, which must be something.
fn finding(dir: &Path) -> Problem {
    let options = Options { references: Some(&fixture::references), ..Options::default() };
    match verify_with(dir, key().verifier(), options) {
        Err(LedgerError::Damaged(problem)) => problem,
        Err(error) => panic!("not a finding: {error}"),
        Ok(_) => panic!("nothing found"),
    }
}

fn assert_good(dir: &Path) {
    let options = Options { references: Some(&fixture::references), ..Options::default() };
    verify_with(dir, key().verifier(), options).unwrap();
}

/// Where the heads of a segment's records lie, and where the records end.
fn records(segment: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut all = Vec::new();
    let mut at = 64;
    while at < segment.len() {
        let number =
            |from: usize, to| segment[at + from..at + to].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let node = if (number(0, 2) + number(2, 4)).is_multiple_of(256) { 32 } else { 0 };
        let end = at + 20 + node + number(16, 20) + 8;
        all.push(at..end);
        at = end;
    }
    all
}

#[test]
fn any_changed_byte_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut chance = Chance::new(42);
    drop(fixture::ledger_of(dir.path(), 10_000, 700, &mut chance));
    assert_good(dir.path());

    let mut flips = Vec::new();
    let mut attachments = 0;
    for file in files(dir.path()) {
        let bytes = fs::read(&file).unwrap();
        let is_attachment = file.starts_with(dir.path().join("attachments"));
        attachments += usize::from(is_attachment);
        let sample = match bytes.len() {
            _ if is_attachment && attachments > 3 => 2,
            0..=600 => usize::MAX,
            601..=10_000 => 1_000,
            _ => 3_000,
        };
        let mut positions: Vec<usize> = if sample >= bytes.len() {
            (0..bytes.len()).collect()
        } else {
            (0..sample).map(|_| chance.below(bytes.len() as u64) as usize).collect()
        };
        if file.starts_with(dir.path().join("segments")) {
            positions.extend(0..64);
            positions.extend(records(&bytes).into_iter().flat_map(|record| record.start..record.start + 20));
            positions.extend(bytes.len() - 8..bytes.len());
        }
        positions.sort();
        positions.dedup();
        flips.extend(positions.into_iter().map(|position| (file.clone(), position, 1 + chance.below(255) as u8)));
    }
    println!("{} changes", flips.len());
    assert!(flips.len() > 5_000, "{}", flips.len());

    // Two workers, a folder each.
    let other = tempfile::tempdir().unwrap();
    copy(dir.path(), other.path());
    let folders = [dir.path(), other.path()];
    std::thread::scope(|scope| {
        for (worker, folder) in folders.into_iter().enumerate() {
            let mine: Vec<_> = flips.iter().skip(worker).step_by(2).collect();
            scope.spawn(move || {
                let log = key();
                for (file, position, change) in mine {
                    let name = file.strip_prefix(folders[0]).unwrap();
                    let path = folder.join(name);
                    let good = fs::read(&path).unwrap();
                    let mut bad = good.clone();
                    bad[*position] ^= change;
                    fs::write(&path, bad).unwrap();
                    let found = verify(folder, log.verifier());
                    assert!(
                        matches!(&found, Err(LedgerError::Damaged(problem)) if problem.file == name),
                        "byte {position} of {} changed by {change}: {found:?}",
                        name.display(),
                    );
                    fs::write(&path, good).unwrap();
                }
                assert_good(folder);
            });
        }
    });
}

#[test]
fn a_changed_tile_or_packed_segment_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path(), key()).unwrap();
    let tiny: Vec<_> = (0..65_700_u32).map(u32::to_be_bytes).collect();
    ledger.append(0, &tiny).unwrap();
    ledger.seal().unwrap();
    drop(ledger);
    let tile = dir.path().join("tile/1/000");
    let good = fs::read(&tile).unwrap();
    let mut chance = Chance::new(9);
    for _ in 0..30 {
        let position = chance.below(8_192) as usize;
        let mut bad = good.clone();
        bad[position] ^= 1;
        fs::write(&tile, bad).unwrap();
        let found = verify(dir.path(), key().verifier());
        // The finding names the first entry under the changed hash.
        let Err(LedgerError::Damaged(problem)) = found else { panic!("{found:?}") };
        assert_eq!((problem.file.to_str(), problem.index), (Some("tile/1/000"), Some(position as u64 / 32 * 256)));
    }
    for bad in [Vec::new(), good[1..].to_vec(), [good.clone(), vec![0]].concat()] {
        fs::write(&tile, bad).unwrap();
        assert!(verify(dir.path(), key().verifier()).is_err());
    }
    fs::remove_file(&tile).unwrap();
    assert!(verify(dir.path(), key().verifier()).is_err());
    fs::write(&tile, &good).unwrap();
    verify(dir.path(), key().verifier()).unwrap();
    fs::write(dir.path().join("tile/1/001"), &good).unwrap();
    assert!(verify(dir.path(), key().verifier()).is_err());
    fs::remove_file(dir.path().join("tile/1/001")).unwrap();

    // A segment that is missing is named with its first entry, by `verify` and on opening.
    fs::remove_file(dir.path().join("segments/00000000")).unwrap();
    let missing =
        |error: LedgerError| error.to_string().contains("entry 0 in `segments/00000000`: the file is missing");
    assert!(missing(verify(dir.path(), key().verifier()).unwrap_err()));
    assert!(missing(Ledger::open(dir.path(), key()).err().unwrap()));
}

#[test]
fn files_cut_removed_added_or_lengthened_are_found() {
    let dir = tempfile::tempdir().unwrap();
    drop(fixture::ledger_of(dir.path(), 1_000, 300, &mut Chance::new(8)));
    for file in files(dir.path()) {
        let name = file.strip_prefix(dir.path()).unwrap();
        let good = fs::read(&file).unwrap();
        let check = |bad: &[u8]| {
            fs::write(&file, bad).unwrap();
            assert_eq!(finding(dir.path()).file, name);
        };
        check(&[good.as_slice(), &[0]].concat());
        check(&[good.as_slice(), b"\n"].concat());
        if !good.is_empty() {
            [good.len() - 1, good.len() / 2, 1, 0].into_iter().for_each(|length| check(&good[..length]));
            fs::remove_file(&file).unwrap();
            assert_eq!(finding(dir.path()).file, name);
        }
        fs::write(&file, good).unwrap();
    }
    let attachment = files(&dir.path().join("attachments")).remove(0);
    let wrong_name =
        attachment.with_file_name(format!("{}{}", &name_of(&attachment)[..2], &Hash::of(b"x").to_hex()[2..]));
    fs::copy(&attachment, &wrong_name).unwrap();
    assert!(finding(dir.path()).reason.contains("not what the name says"));
    fs::remove_file(wrong_name).unwrap();

    for extra in
        ["note.txt", "segments/1", "segments/00000001", "tile/0/000", "tile/1/000", "tmp/file", "attachments/ab/cd"]
    {
        let path = dir.path().join(extra);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"").unwrap();
        assert_eq!(finding(dir.path()).file, Path::new(extra));
        fs::remove_file(path).unwrap();
    }
    fs::create_dir(dir.path().join("folder")).unwrap();
    assert_eq!(finding(dir.path()).file, Path::new("folder"));
    fs::remove_dir(dir.path().join("folder")).unwrap();
    assert_good(dir.path());
}

fn name_of(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn swapped_or_dropped_records_and_lines_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path(), key()).unwrap();
    (0..8).for_each(|round| fixture::round(&mut ledger, round * 256..(round + 1) * 256));
    drop(ledger);
    let path = dir.path().join("segments/00000000");
    let good = fs::read(&path).unwrap();
    let all = records(&good);
    assert_eq!(all.len(), 8);
    let write = |order: &[usize]| {
        let body = order.iter().flat_map(|at| good[all[*at].clone()].to_vec());
        fs::write(&path, good[..64].iter().copied().chain(body).collect::<Vec<_>>()).unwrap();
    };
    write(&[0, 1, 2, 4, 3, 5, 6, 7]);
    assert_eq!(finding(dir.path()).index, Some(3 * 256));
    write(&[0, 2, 3, 4, 5, 6, 7]);
    assert_eq!(finding(dir.path()).index, Some(256));
    write(&[0, 1, 2, 3, 4, 5, 6, 7, 7]);
    assert_eq!(finding(dir.path()).index, Some(8 * 256));
    write(&[0, 1, 2, 3, 4, 5, 6, 7]);

    let path = dir.path().join("checkpoints");
    let good = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = good.split_inclusive('\n').collect();
    let write = |order: &[usize]| fs::write(&path, order.iter().map(|at| lines[*at]).collect::<String>()).unwrap();
    for order in [&[0, 1, 2, 3, 5, 4, 6, 7, 8][..], &[0, 1, 2, 3, 5, 6, 7, 8], &[0, 1, 2, 3, 4, 5, 6, 7], &[1, 2, 3]] {
        write(order);
        assert_eq!(finding(dir.path()).file, Path::new("checkpoints"));
    }
    write(&[0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_good(dir.path());
}

/// Somebody without the key, who knows the format and writes perfectly good files.
#[test]
fn a_forged_log_without_the_key_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("good");
    let rounds = [0..100, 100..700, 700..2_000];
    let write = |folder: &Path, key, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut all = entries(0..2_000);
        change(&mut all);
        let mut ledger = Ledger::open(folder, key).unwrap();
        for round in &rounds {
            ledger.append(round.start as u64, &all[round.clone()]).unwrap();
            ledger.seal().unwrap();
        }
    };
    write(&good, key(), &|_| ());
    verify(&good, key().verifier()).unwrap();
    let check = |name: &str, change: &dyn Fn(&mut Vec<Vec<u8>>), round: u64| {
        let forged = dir.path().join(name);
        write(&forged, key_from(66), change);
        // The forger keeps the true checkpoints, for want of the key, ...
        let mixed = dir.path().join(format!("{name}-mixed"));
        copy(&forged, &mixed);
        for file in ["checkpoint", "checkpoints"] {
            fs::copy(good.join(file), mixed.join(file)).unwrap();
        }
        let Err(LedgerError::Damaged(problem)) = verify(&mixed, key().verifier()) else { panic!("{name}") };
        assert_eq!(problem.index, Some(round), "{name}: {problem}");
        // ... or signs with another one.
        assert!(verify(&forged, key().verifier()).is_err());
        assert!(Ledger::open(&mixed, key()).is_err() && Ledger::open(&forged, key()).is_err());
    };
    // The first round that no longer matches its checkpoint is named.
    check("changed", &|all| all[300][20] ^= 1, 100);
    check("reordered", &|all| all.swap(1_000, 1_001), 700);
    check("first", &|all| all[0].push(b' '), 0);
}

#[test]
fn an_older_checkpoint_put_back_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    let mut ledger = Ledger::open(&new, key()).unwrap();
    fixture::round(&mut ledger, 0..300);
    copy(&new, &old);
    fixture::round(&mut ledger, 300..400);
    fixture::round(&mut ledger, 400..500);
    let newest = ledger.checkpoint().checkpoint().clone();
    drop(ledger);
    let with = |name: &str, files: &[&str]| {
        let mixed = dir.path().join(name);
        copy(&new, &mixed);
        for file in files {
            fs::copy(old.join(file), mixed.join(file)).unwrap();
        }
        mixed
    };

    // Only the published file: `verify` tells, and opening puts the newest back.
    let mixed = with("one", &["checkpoint"]);
    assert!(finding(&mixed).reason.contains("an old one was put back"));
    assert_eq!(Ledger::open(&mixed, key()).unwrap().size(), 500);
    assert_good(&mixed);

    // All that names checkpoints: the records know of a later one, so nothing is cut off.
    let mixed = with("two", &["checkpoint", "checkpoints"]);
    let problem = finding(&mixed);
    assert_eq!(problem.index, Some(300), "{problem}");
    let refused = Ledger::open(&mixed, key()).err().unwrap().to_string();
    assert!(refused.contains("an old one was put back"), "{refused}");
    assert_eq!(fs::read(mixed.join("segments/00000000")).unwrap(), fs::read(new.join("segments/00000000")).unwrap());

    // Only the history.
    let mixed = with("three", &["checkpoints"]);
    assert_eq!(finding(&mixed).file, Path::new("checkpoints"));
    assert!(Ledger::open(&mixed, key()).is_err());

    // The whole folder: nothing in it can tell, so a checkpoint from elsewhere must.
    assert_good(&old);
    let ledger = Ledger::open(&old, key()).unwrap();
    assert!(matches!(ledger.require(&newest), Err(LedgerError::NotExtended { known: 500, size: 300 })));
}

#[test]
fn more_in_the_checkpoint_file_than_the_log_signed_is_found() {
    let dir = tempfile::tempdir().unwrap();
    drop(fixture::ledger_of(dir.path(), 100, 100, &mut Chance::new(1)));
    let path = dir.path().join("checkpoint");
    let good = fs::read_to_string(&path).unwrap();
    let line = good.lines().last().unwrap();
    let stranger = format!("\u{2014} stranger.example {}", line.rsplit(' ').next().unwrap());
    for more in [format!("{line}\n"), format!("{stranger}\n"), "\n".to_owned(), " ".to_owned()] {
        fs::write(&path, format!("{good}{more}")).unwrap();
        assert_eq!(finding(dir.path()).file, Path::new("checkpoint"));
    }
    fs::write(&path, good.replace('\n', "\r\n")).unwrap();
    assert_eq!(finding(dir.path()).file, Path::new("checkpoint"));
}
