//! Checkpoints after C2SP `tlog-checkpoint`: what a log says its tree is, as the text of a signed note.
//!
//! Origin, size, root, and optional extension lines. Reading is strict: a text that is read is written back the same.

use std::fmt;
use std::str::FromStr;

use crate::hash::Hash;
use crate::note::{BadKey, Note, NoteError, SignerKey, VerifierKey};

/// The size and root of a log, under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: a URL without a scheme, such as `factory.example/site-1`.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// Further lines. The specification advises against them; ours have none.
    pub extensions: Vec<String>,
}

/// Why a checkpoint was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not the text of a checkpoint.
    #[error("checkpoint is malformed: {0}")]
    Malformed(&'static str),
    /// Not a note, or its signature does not hold.
    #[error("checkpoint is not signed as it should be")]
    Note(#[from] NoteError),
    /// Of another log.
    #[error("checkpoint is of the log `{found}`, not of `{expected}`")]
    Origin {
        /// The origin in the checkpoint.
        found: String,
        /// The origin asked for.
        expected: String,
    },
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Checkpoint {
        Checkpoint { origin: origin.into(), size, root, extensions: Vec::new() }
    }

    /// Makes a note of this checkpoint, signed by the log's key.
    pub fn sign(&self, key: &SignerKey) -> Result<SignedCheckpoint, SignError> {
        let mut note = Note::new(self.to_string()).map_err(CheckpointError::Note)?;
        // What is signed must be readable: an origin with a newline in it would be another checkpoint.
        if note.text().parse::<Checkpoint>().as_ref() != Ok(self) {
            return Err(CheckpointError::Malformed("origin or extension lines cannot be written").into());
        }
        note.sign(key)?;
        Ok(SignedCheckpoint { checkpoint: self.clone(), note })
    }
}

/// Why a checkpoint was not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key does not sign checkpoints.
    #[error("checkpoint cannot be signed with this key")]
    Key(#[from] BadKey),
    /// The checkpoint has no text that reads back.
    #[error("checkpoint cannot be written")]
    Checkpoint(#[from] CheckpointError),
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Checkpoint, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Malformed("no final newline"))?;
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty()).ok_or(CheckpointError::Malformed("no origin"))?;
        let size = lines.next().and_then(read_decimal).ok_or(CheckpointError::Malformed("no tree size"))?;
        let root = lines.next().and_then(Hash::from_base64).ok_or(CheckpointError::Malformed("no root hash"))?;
        let extensions: Vec<_> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Malformed("an empty line"));
        }
        Ok(Checkpoint { origin: origin.to_owned(), size, root, extensions })
    }
}

/// A checkpoint and the note that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Reads a note that carries a checkpoint, without checking any signature.
    pub fn parse(bytes: &[u8]) -> Result<SignedCheckpoint, CheckpointError> {
        SignedCheckpoint::from_note(Note::parse(bytes)?)
    }

    pub(crate) fn from_note(note: Note) -> Result<SignedCheckpoint, CheckpointError> {
        Ok(SignedCheckpoint { checkpoint: note.text().parse()?, note })
    }

    /// Checks that the log itself signed: a signature by this key holds and the origin is the key's name.
    pub fn verify(&self, log: &VerifierKey) -> Result<(), CheckpointError> {
        if self.checkpoint.origin != log.name() {
            return Err(CheckpointError::Origin {
                found: self.checkpoint.origin.clone(),
                expected: log.name().to_owned(),
            });
        }
        self.note.verify(std::slice::from_ref(log))?;
        Ok(())
    }

    /// What is signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note with its signatures.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// Root of the tree over them.
    pub fn root(&self) -> Hash {
        self.checkpoint.root
    }

    /// Adds a signature made elsewhere, such as a witness's answer. It is not checked here.
    pub fn add(&mut self, signature: crate::note::Signature) {
        self.note.add(signature);
    }
}

impl fmt::Display for SignedCheckpoint {
    /// The note as it is stored and served.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

/// A decimal number without leading zeros.
pub(crate) fn read_decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::KeyKind;

    #[test]
    fn a_checkpoint_reads_as_it_was_written_or_not_at_all() {
        let root = Hash::of(b"").to_base64();
        let check = |text: &str, valid: bool| match text.parse::<Checkpoint>() {
            Ok(checkpoint) => assert!(valid && checkpoint.to_string() == text, "{text:?}"),
            Err(_) => assert!(!valid, "{text:?}"),
        };
        check(&format!("log.example\n0\n{root}\n"), true);
        check(&format!("log.example\n18446744073709551615\n{root}\nextension\n"), true);
        for wrong in ["00", "01", "+1", "-1", "1 ", " 1", "", "18446744073709551616", "0x1"] {
            check(&format!("log.example\n{wrong}\n{root}\n"), false);
        }
        check(&format!("log.example\n1\n{root}"), false);
        check(&format!("\n1\n{root}\n"), false);
        check(&format!("log.example\n1\n{root}\n\n"), false);
        check(&format!("log.example\n1\n{}\n", &root[1..]), false);
        check("log.example\n1\n", false);
    }

    #[test]
    fn only_the_log_itself_can_sign() {
        let key = |name, seed| SignerKey::from_seed(name, KeyKind::Ed25519, &[seed; 32]).unwrap();
        let log = key("log.example", 1);
        let signed = Checkpoint::new("log.example", 0, Hash::of(b"")).sign(&log).unwrap();
        assert_eq!(SignedCheckpoint::parse(signed.to_string().as_bytes()).unwrap(), signed);
        assert_eq!(signed.verify(log.verifier()), Ok(()));
        assert!(signed.verify(key("log.example", 2).verifier()).is_err());
        assert!(matches!(signed.verify(key("other.example", 1).verifier()), Err(CheckpointError::Origin { .. })));
        assert!(Checkpoint::new("a\nb", 0, Hash::of(b"")).sign(&log).is_err());
        let cosigner = SignerKey::from_seed("log.example", KeyKind::Cosignature, &[1; 32]).unwrap();
        assert!(Checkpoint::new("log.example", 0, Hash::of(b"")).sign(&cosigner).is_err());
    }
}
