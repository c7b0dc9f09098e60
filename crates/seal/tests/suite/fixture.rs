//! A small source of seeded chance, keys, and folders to work in.

use std::fs;
use std::path::{Path, PathBuf};

use seal::{Hash, KeyKind, Ledger, SignerKey};

pub(crate) const ORIGIN: &str = "factory.example/site-1";

pub(crate) fn key() -> SignerKey {
    key_from(7)
}

pub(crate) fn key_from(seed: u8) -> SignerKey {
    SignerKey::from_seed(ORIGIN, KeyKind::Ed25519, &[seed; 32]).unwrap()
}

/// Xorshift: the same numbers for the same seed, everywhere.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// An entry that looks a bit like an event. Every hundredth one names an attachment.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    let tail = if index.is_multiple_of(100) { attachment_hash(index).to_hex() } else { "-".to_owned() };
    format!("{{\"event\":\"PassEnded\",\"unit\":\"unit:{}\",\"at\":{},\"see\":\"{tail}\"}}", index / 4, index * 1_733)
        .into_bytes()
}

pub(crate) fn entries(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(entry).collect()
}

pub(crate) fn attachment(index: u64) -> Vec<u8> {
    format!("measurement {index}\n").repeat(1 + index as usize % 50).into_bytes()
}

fn attachment_hash(index: u64) -> Hash {
    Hash::of(&attachment(index))
}

/// What [`entry`] refers to.
pub(crate) fn references(entry: &[u8]) -> Vec<Hash> {
    let text = str::from_utf8(entry).unwrap();
    let see = text.rsplit('"').nth(1).unwrap();
    see.parse().into_iter().collect()
}

/// Appends `range` with its attachments and seals.
pub(crate) fn round(ledger: &mut Ledger, range: std::ops::Range<u64>) {
    range.clone().filter(|index| index.is_multiple_of(100)).for_each(|index| {
        ledger.put_attachment(&attachment(index)).unwrap();
    });
    ledger.append(range.start, &entries(range)).unwrap();
    ledger.seal().unwrap();
}

/// A ledger of `size` entries that came in rounds of 1 to `round_max`.
pub(crate) fn ledger_of(dir: &Path, size: u64, round_max: u64, chance: &mut Chance) -> Ledger {
    let mut ledger = Ledger::open(dir, key()).unwrap();
    while ledger.size() < size {
        let start = ledger.size();
        round(&mut ledger, start..size.min(start + 1 + chance.below(round_max)));
    }
    ledger
}

/// Every file below `dir`, sorted.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
