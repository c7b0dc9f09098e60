//! Whatever text is read is written back byte for byte, and nothing at all makes a reader panic.

use std::str::FromStr;

use proptest::prelude::*;
use seal::note::Note;
use seal::{Bundle, Checkpoint, Hash, KeyKind, Proof, SignedCheckpoint, SignerKey, Tile, VerifierKey, cosignature};

/// A good proof: it holds a note, a checkpoint, signatures and hashes.
fn proof() -> Proof {
    let log = crate::fixture::key();
    let witness = SignerKey::from_seed("witness.example", KeyKind::Cosignature, &[3; 32]).unwrap();
    let mut checkpoint = Checkpoint::new(log.name(), 1_000, Hash::of(b"root")).sign(&log).unwrap();
    checkpoint.add(cosignature::sign(&witness, &checkpoint, 1_800_000_000).unwrap());
    Proof { extra: Some(b"unit:A17".to_vec()), index: 512, hashes: vec![Hash::of(b"1"), Hash::of(b"2")], checkpoint }
}

fn same_or_refused<T: FromStr + ToString>(text: &str) -> Result<(), TestCaseError> {
    if let Ok(read) = text.parse::<T>() {
        prop_assert_eq!(read.to_string(), text);
    }
    Ok(())
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(note) = Note::parse(bytes) {
        prop_assert_eq!(note.to_string().into_bytes(), bytes);
        let _ = note.verify(&[crate::fixture::key().verifier().clone()]);
    }
    if let Ok(checkpoint) = SignedCheckpoint::parse(bytes) {
        prop_assert_eq!(checkpoint.to_string().into_bytes(), bytes);
    }
    let Ok(text) = str::from_utf8(bytes) else { return Ok(()) };
    same_or_refused::<Checkpoint>(text)?;
    same_or_refused::<Proof>(text)?;
    same_or_refused::<Tile>(text)?;
    same_or_refused::<Bundle>(text)?;
    same_or_refused::<VerifierKey>(text)?;
    same_or_refused::<Hash>(text)
}

proptest! {
    #[test]
    fn texts_read_are_texts_written(
        part in 0..5_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..3),
    ) {
        let proof = proof();
        let mut bytes = [
            proof.to_string(),
            proof.checkpoint.to_string(),
            proof.checkpoint.checkpoint().to_string(),
            crate::fixture::key().verifier().to_string(),
            "tile/1/x001/234.p/17".to_owned(),
        ][part].clone().into_bytes();
        for (at, byte, edit) in edits {
            let at = at.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        check(&bytes)?;
    }

    #[test]
    fn noise_is_refused_in_peace(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&bytes)?;
    }
}
