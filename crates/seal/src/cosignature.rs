//! Cosignatures after C2SP `tlog-cosignature`, version 1: a witness says that it has seen a checkpoint, and when.
//!
//! The witness promises that every checkpoint it cosigned extends the ones before; whether that holds is for whoever
//! calls [`sign`] to check. Nothing here keeps state.

use crate::checkpoint::SignedCheckpoint;
use crate::note::{BadKey, KeyKind, Signature, Signed, SignerKey, VerifierKey};

pub use crate::note::cosignature_message as message;

/// Cosigns a checkpoint at `time`, in seconds since 1970.
pub fn sign(key: &SignerKey, checkpoint: &SignedCheckpoint, time: u64) -> Result<Signature, BadKey> {
    if key.verifier().kind() != KeyKind::Cosignature {
        return Err(BadKey::Key(key.name().to_owned()));
    }
    let signature = key.signature(&message(time, checkpoint.note().text()));
    Ok(key.line([time.to_be_bytes().as_slice(), signature.as_slice()].concat()))
}

/// The times at which known witnesses cosigned a checkpoint. Lines by other keys are passed over, and so is one that
/// does not hold: use [`Note::verify`](crate::note::Note::verify) to refuse it.
pub fn times<'k>(checkpoint: &SignedCheckpoint, witnesses: &'k [VerifierKey]) -> Vec<(&'k VerifierKey, u64)> {
    let note = checkpoint.note();
    let time_by = |witness: &VerifierKey| {
        let mut own =
            note.signatures().iter().filter(|line| line.name() == witness.name() && line.id() == witness.id());
        own.find_map(|line| match witness.check(note.text(), line.bytes())? {
            Signed::At(time) => Some(time),
            Signed::Text => None,
        })
    };
    witnesses.iter().filter_map(|witness| Some((witness, time_by(witness)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::hash::Hash;

    #[test]
    fn a_cosignature_binds_time_and_text() {
        let log = SignerKey::from_seed("log.example", KeyKind::Ed25519, &[1; 32]).unwrap();
        let witness = SignerKey::from_seed("witness.example", KeyKind::Cosignature, &[2; 32]).unwrap();
        let mut checkpoint = Checkpoint::new("log.example", 3, Hash::of(b"root")).sign(&log).unwrap();
        checkpoint.add(sign(&witness, &checkpoint, 1_700_000_000).unwrap());
        let known = [witness.verifier().clone()];
        assert_eq!(times(&checkpoint, &known), [(&known[0], 1_700_000_000)]);

        let line = checkpoint.note().signatures()[1].clone();
        let mut other = Checkpoint::new("log.example", 4, Hash::of(b"root")).sign(&log).unwrap();
        other.add(line);
        assert_eq!(times(&other, &known), []);
        assert!(other.note().verify(&known).is_err());
        assert!(sign(&log, &checkpoint, 0).is_err());
    }
}
