//! A bad disk: every write fails once before and once after it happened, and once in the middle.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use seal::disk::{Fault, FaultHook};
use seal::ledger::LedgerError;
use seal::verify::{Options, verify_with};
use seal::{Ledger, verify};

use crate::fixture::{self, attachment, copy, entries, key};

/// A hook that lets steps pass and fails the one with this number, and all after it: the process is gone.
fn fail_at(step: usize, fault: Fault) -> (FaultHook, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = count.clone();
    let hook: FaultHook = Box::new(move |_, _| {
        let now = seen.fetch_add(1, Ordering::Relaxed);
        if now == step { Some(fault) } else { (now > step).then_some(Fault::NotDone) }
    });
    (hook, count)
}

/// Runs `work` on a copy of `base`, failing at every step in every way; after each failure the folder must open, hold
/// what was sealed, take the work again and verify.
fn break_everywhere(base: Option<&Path>, end: u64, work: impl Fn(&mut Ledger) -> Result<(), LedgerError>) {
    let dir = tempfile::tempdir().unwrap();
    let mut steps = 0;
    for fault in [Fault::NotDone, Fault::AnswerLost, Fault::Torn(11)] {
        for step in 0.. {
            let folder = dir.path().join(format!("{fault:?}-{step}"));
            if let Some(base) = base {
                copy(base, &folder);
            }
            let (hook, count) = fail_at(step, fault);
            let mut sealed = 0;
            let result = Ledger::open_with_faults(&folder, key(), hook).and_then(|mut ledger| {
                let result = work(&mut ledger);
                sealed = ledger.checkpoint().size();
                if result.is_err() {
                    assert!(matches!(ledger.seal(), Err(LedgerError::Stopped)));
                    assert!(matches!(ledger.append(0, &["x"]), Err(LedgerError::Stopped)));
                }
                result
            });
            if result.is_ok() {
                assert!(count.load(Ordering::Relaxed) <= step);
                break;
            }
            steps += 1;
            let context = format!("{fault:?} at step {step}");
            let mut ledger = Ledger::open(&folder, key()).unwrap_or_else(|error| panic!("{context}: {error}"));
            assert!(ledger.size() >= sealed, "{context}: {} of {sealed} left", ledger.size());
            verify(&folder, key().verifier()).unwrap_or_else(|error| panic!("{context}: {error}"));
            work(&mut ledger).unwrap_or_else(|error| panic!("{context}: {error}"));
            assert_eq!(ledger.checkpoint().size(), end);
            drop(ledger);
            let options = Options { references: Some(&fixture::references), ..Options::default() };
            let report = verify_with(&folder, key().verifier(), options);
            report.unwrap_or_else(|error| panic!("{context}: {error}"));
            fs::remove_dir_all(&folder).unwrap();
        }
    }
    println!("{steps} failures survived");
}

#[test]
fn a_new_ledger_and_its_first_rounds_survive_every_failure() {
    break_everywhere(None, 640, |ledger| {
        ledger.put_attachment(&attachment(0))?;
        ledger.put_attachment(&attachment(100))?;
        ledger.append(0, &entries(0..120))?;
        ledger.seal()?;
        (200..=600).step_by(100).try_for_each(|index| ledger.put_attachment(&attachment(index)).map(drop))?;
        ledger.append(120, &entries(120..640))?;
        ledger.seal()?;
        ledger.seal()?;
        Ok(())
    });
}

#[test]
fn the_border_of_a_segment_survives_every_failure() {
    let base = tempfile::tempdir().unwrap();
    let tiny: Vec<_> = (0..66_000_u32).map(u32::to_be_bytes).collect();
    let mut ledger = Ledger::open(base.path(), key()).unwrap();
    ledger.append(0, &tiny[..65_300]).unwrap();
    ledger.seal().unwrap();
    drop(ledger);
    let dir = tempfile::tempdir().unwrap();
    for fault in [Fault::NotDone, Fault::AnswerLost, Fault::Torn(3)] {
        for step in 0.. {
            let folder = dir.path().join(format!("{fault:?}-{step}"));
            copy(base.path(), &folder);
            let work = |ledger: &mut Ledger| {
                ledger.append(65_300, &tiny[65_300..65_850])?;
                ledger.seal()
            };
            let (hook, _) = fail_at(step, fault);
            let result = Ledger::open_with_faults(&folder, key(), hook).and_then(|mut ledger| work(&mut ledger));
            if result.is_ok() {
                break;
            }
            // Opening recomputes the root over everything below the newest checkpoint; the last run verifies in full.
            let mut ledger = Ledger::open(&folder, key()).unwrap();
            assert!([65_300, 65_850].contains(&ledger.size()));
            work(&mut ledger).unwrap();
            drop(ledger);
            verify(&folder, key().verifier()).unwrap();
            fs::remove_dir_all(&folder).unwrap();
        }
    }
}

#[test]
fn packing_survives_every_failure() {
    let base = tempfile::tempdir().unwrap();
    let tiny: Vec<_> = (0..65_536_u32).map(u32::to_be_bytes).collect();
    let mut ledger = Ledger::open(base.path(), key()).unwrap();
    for start in (0..51_500).step_by(100) {
        ledger.append(start, &tiny[start as usize..start as usize + 100]).unwrap();
        ledger.seal().unwrap();
    }
    ledger.append(51_500, &tiny[51_500..]).unwrap();
    let sealed = ledger.seal().unwrap();
    drop(ledger);
    let dir = tempfile::tempdir().unwrap();
    for (fault, step) in [Fault::NotDone, Fault::AnswerLost, Fault::Torn(99)].into_iter().flat_map(|fault| {
        // Opening the file, some records, and every step from the last record on.
        [0, 1, 2, 3, 4, 100, 200, 260, 261, 262, 263, 264, 265].map(|step| (fault, step))
    }) {
        let folder = dir.path().join("folder");
        copy(base.path(), &folder);
        let (hook, _) = fail_at(step, fault);
        let result = Ledger::open_with_faults(&folder, key(), hook).and_then(|mut ledger| ledger.seal());
        assert!(result.is_err() || step > 260, "step {step}");
        let mut ledger = Ledger::open(&folder, key()).unwrap();
        assert_eq!(ledger.seal().unwrap(), sealed);
        drop(ledger);
        assert_eq!(verify(&folder, key().verifier()).unwrap().records, 256);
        fs::remove_dir_all(&folder).unwrap();
    }
}

#[test]
fn a_round_torn_anywhere_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new, torn) = (dir.path().join("old"), dir.path().join("new"), dir.path().join("torn"));
    let mut ledger = Ledger::open(&new, key()).unwrap();
    ledger.append(0, &entries(1..250)).unwrap();
    let sealed = ledger.seal().unwrap();
    copy(&new, &old);
    // The second round completes a bundle and begins another: two records.
    ledger.append(249, &entries(250..270)).unwrap();
    ledger.seal().unwrap();
    drop(ledger);
    copy(&old, &torn);
    let check = |file: &str| {
        let (short, long) = (fs::read(old.join(file)).unwrap(), fs::read(new.join(file)).unwrap());
        for length in short.len()..long.len() {
            // The rest is missing, or the file has its length already but not its bytes.
            for rest in [0, long.len() - length] {
                fs::write(torn.join(file), [&long[..length], &vec![0; rest]].concat()).unwrap();
                let ledger =
                    Ledger::open(&torn, key()).unwrap_or_else(|error| panic!("{file} cut at {length}: {error}"));
                assert_eq!(ledger.checkpoint(), &sealed);
                drop(ledger);
                assert_eq!(verify(&torn, key().verifier()).unwrap().entries, 249);
            }
        }
    };
    check("segments/00000000");
    check("checkpoints");
}

#[test]
fn damage_below_the_newest_checkpoint_is_never_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path(), key()).unwrap();
    for start in (0..500).step_by(50) {
        ledger.append(start, &entries(start..start + 50)).unwrap();
        ledger.seal().unwrap();
    }
    drop(ledger);
    let refused = |file: &str, bytes: &[u8]| {
        let path = dir.path().join(file);
        let good = fs::read(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let error = Ledger::open(dir.path(), key()).err().map(|error| error.to_string());
        assert_eq!(fs::read(&path).unwrap(), bytes, "{file} was touched");
        fs::write(&path, good).unwrap();
        error.unwrap_or_else(|| panic!("{file} was accepted"))
    };
    let segment = fs::read(dir.path().join("segments/00000000")).unwrap();
    assert!(refused("segments/00000000", &segment[..segment.len() - 1]).contains("entry 450 in `segments/00000000`"));
    let mut changed = segment.clone();
    changed[64] ^= 1;
    assert!(refused("segments/00000000", &changed).contains("entry 0 in"));
    let history = fs::read(dir.path().join("checkpoints")).unwrap();
    refused("checkpoints", &history[..history.len() - 1]);
    refused("checkpoints", &[]);
    refused("checkpoint", &[]);
    for file in ["segments/00000000", "checkpoints"] {
        let path = dir.path().join(file);
        let good = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(Ledger::open(dir.path(), key()).is_err(), "{file} is missing");
        fs::write(&path, good).unwrap();
    }
    // Without any checkpoint a folder with entries is not taken for a new one.
    for file in ["checkpoint", "checkpoints"] {
        fs::remove_file(dir.path().join(file)).unwrap();
    }
    assert!(Ledger::open(dir.path(), key()).is_err());
    assert!(dir.path().join("segments/00000000").is_file());
}
