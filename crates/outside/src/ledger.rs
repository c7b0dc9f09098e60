//! The files of a ledger folder that may be damaged: segments, attachments, the history of checkpoints.
//!
//! Each file is covered by checksums, which no fuzzer guesses. So the bytes come without them and are given right ones here: what is tried is what
//! somebody who can write into the folder could make, and what a disk could make of it.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use seal::{Hash, KeyKind, Ledger, LedgerError, Reader, SignerKey, verify};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::words::is_message;

const ORIGIN: &str = "factory.example/site-1";
const ENTRIES: [&[u8]; 5] = [b"first", b"", b"third entry", b"{\"kind\":\"Noted\"}", b"fifth"];
const ATTACHED: &[u8] = b"something that is attached";

/// The front of a record and what may follow it.
const RECORD_HEAD_BYTES: usize = 20;
/// Records of a fuzzed segment; more tell nothing new.
const RECORDS_MAX: usize = 32;

fn key() -> SignerKey {
    SignerKey::from_seed(ORIGIN, KeyKind::Ed25519, &[7; 32]).expect("a key")
}

fn check_of(parts: &[&[u8]]) -> [u8; 8] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    *hasher.finalize().first_chunk().expect("a hash is longer than a check")
}

/// Where folders of tests lie: in memory, where there is such a place.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
}

/// A good ledger, to be copied: five entries in two rounds, and an attachment.
fn model() -> &'static Path {
    static MODEL: OnceLock<TempDir> = OnceLock::new();
    let made = MODEL.get_or_init(|| {
        let folder = folder();
        let mut ledger = Ledger::open(folder.path(), key()).expect("a new ledger");
        ledger.put_attachment(ATTACHED).expect("it is attached");
        ledger.append(0, &ENTRIES[..3]).expect("entries");
        ledger.seal().expect("a seal");
        ledger.append(3, &ENTRIES[3..]).expect("entries");
        ledger.seal().expect("a seal");
        folder
    });
    made.path()
}

/// Puts a file in place of one of the model's and tries everything that reads it: nothing panics, and a finding says where it is.
fn with_file(name: &str, bytes: &[u8]) {
    let folder = folder();
    testkit::folder::copy(model(), folder.path());
    fs::write(folder.path().join(name), bytes).expect("a file");
    let verified = verify(folder.path(), key().verifier());
    if let Err(error) = &verified {
        says_why(error);
    }
    match Reader::open(folder.path()) {
        Ok(reader) => {
            for index in 0..=ENTRIES.len() as u64 {
                match reader.entry(index) {
                    // Whoever asks for an entry believes its record's checksum; only `verify` believes nothing.
                    Ok(entry) => assert!(verified.is_err() || entry == ENTRIES[index as usize], "entry {index}"),
                    Err(error) => says_why(&error),
                }
                let _ = reader.proof(index).map_err(|error| says_why(&error));
            }
            let entries = reader.entries(0..ENTRIES.len() as u64).map(|entries| entries.take(100).collect::<Vec<_>>());
            assert!(verified.is_err() || entries.is_ok_and(|entries| entries.iter().all(Result::is_ok)));
            if let Ok(checkpoints) = reader.checkpoints() {
                checkpoints.take(100).filter_map(Result::err).for_each(|error| says_why(&error));
            }
            match reader.attachment(Hash::of(ATTACHED)) {
                Ok(content) => assert!(content.is_none_or(|content| content == ATTACHED)),
                Err(error) => says_why(&error),
            }
        }
        Err(error) => says_why(&error),
    }
    // The writer goes on with it, or says why it does not.
    match Ledger::open(folder.path(), key()) {
        Ok(mut ledger) => {
            let size = ledger.size();
            let gone_on = ledger.append(size, &[b"another"]).and_then(|_| ledger.seal());
            let _ = gone_on.map_err(|error| says_why(&error));
        }
        Err(error) => says_why(&error),
    }
}

fn says_why(error: &LedgerError) {
    is_message(&error.to_string());
}

/// The first segment: its records, without checksums. A front that says more than is there ends the file as it is.
pub fn segment(bytes: &[u8]) {
    let name = "segments/00000000";
    let good = fs::read(model().join(name)).expect("a segment");
    let head = good.get(..64).expect("a head");
    let mut file = head.to_vec();
    let mut check: [u8; 8] = *head.last_chunk().expect("a head ends in its check");
    let mut rest = bytes;
    for _ in 0..RECORDS_MAX {
        let Some((front, after)) = rest.split_at_checked(RECORD_HEAD_BYTES) else { break };
        let number = |at: usize| u64::from(u16::from_be_bytes([front[at], front[at + 1]]));
        let node = if (number(0) + number(2)).is_multiple_of(256) { Hash::BYTES } else { 0 };
        let stored = u32::from_be_bytes([front[16], front[17], front[18], front[19]]) as usize;
        let Some((body, after)) = after.split_at_checked(node + stored) else { break };
        check = check_of(&[&check, front, body]);
        file.extend_from_slice(front);
        file.extend_from_slice(body);
        file.extend_from_slice(&check);
        rest = after;
    }
    file.extend_from_slice(rest);
    with_file(name, &file);
}

/// An attachment, without its checksum.
pub fn attachment(bytes: &[u8]) {
    let hex = Hash::of(ATTACHED).to_hex();
    let mut file = bytes.to_vec();
    file.extend_from_slice(&check_of(&[bytes]));
    with_file(&format!("attachments/{}/{hex}", &hex[..2]), &file);
}

/// The history of checkpoints: its lines without their checksums. The bytes behind the last line break stay as they are.
pub fn checkpoints(bytes: &[u8]) {
    let mut check = check_of(&[b"tracewright checkpoints 1\n", ORIGIN.as_bytes()]);
    let mut file = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                check = check_of(&[&check, text]);
                file.extend_from_slice(text);
                file.extend_from_slice(format!(" {:016x}\n", u64::from_be_bytes(check)).as_bytes());
            }
            None => file.extend_from_slice(line),
        }
    }
    with_file("checkpoints", &file);
}
