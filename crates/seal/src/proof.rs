//! The form to hand out with a shipment, after C2SP `tlog-proof`: an entry's index, its Merkle proof and a checkpoint.
//!
//! Whoever has the entry, this text and the log's public key can check, without a network and without us, that the
//! entry is in the log. With witnesses' keys as well, that others have seen the same log.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint, read_decimal};
use crate::cosignature;
use crate::hash::Hash;
use crate::note::VerifierKey;
use crate::tree::{self, ProofRefused};

/// The first line of every proof.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// No tree of 64-bit size needs more hashes.
const HASHES_MAX: usize = 63;

/// A proof that an entry is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Bytes that the application needs to find the entry; they prove nothing.
    pub extra: Option<Vec<u8>>,
    /// The index of the entry.
    pub index: u64,
    /// The siblings from the leaf up.
    pub hashes: Vec<Hash>,
    /// The checkpoint they lead to, with all signatures.
    pub checkpoint: SignedCheckpoint,
}

/// Which signatures a proof must carry.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// The log's key.
    pub log: &'a VerifierKey,
    /// Keys of witnesses that are trusted.
    pub witnesses: &'a [VerifierKey],
    /// How many of them must have cosigned.
    pub quorum: usize,
}

/// Why a proof was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not the text of a proof.
    #[error("proof is malformed: {0}")]
    Malformed(&'static str),
    /// The checkpoint cannot be read, or the log did not sign it.
    #[error("proof has a bad checkpoint")]
    Checkpoint(#[from] CheckpointError),
    /// Too few of the witnesses cosigned.
    #[error("checkpoint is cosigned by {found} known witnesses, {quorum} are needed")]
    Quorum {
        /// Witnesses whose cosignature holds.
        found: usize,
        /// Witnesses needed.
        quorum: usize,
    },
    /// The hashes do not lead from the entry to the checkpoint.
    #[error("entry {index} is not proven")]
    Refused {
        /// The index of the entry.
        index: u64,
        /// What is wrong with the hashes.
        #[source]
        reason: ProofRefused,
    },
}

impl Proof {
    /// Checks that `entry` stands at this index of the log, under a checkpoint signed as the policy asks.
    pub fn verify(&self, entry: &[u8], policy: &Policy<'_>) -> Result<&Checkpoint, ProofError> {
        self.verify_leaf(tree::leaf_hash(entry), policy)
    }

    /// The same from the entry's leaf hash.
    pub fn verify_leaf(&self, leaf: Hash, policy: &Policy<'_>) -> Result<&Checkpoint, ProofError> {
        self.checkpoint.verify(policy.log)?;
        let found = cosignature::times(&self.checkpoint, policy.witnesses).len();
        if found < policy.quorum {
            return Err(ProofError::Quorum { found, quorum: policy.quorum });
        }
        let Checkpoint { size, root, .. } = *self.checkpoint.checkpoint();
        tree::verify_inclusion(leaf, self.index, size, &self.hashes, root)
            .map_err(|reason| ProofError::Refused { index: self.index, reason })?;
        Ok(self.checkpoint.checkpoint())
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Proof {
    type Err = ProofError;

    fn from_str(text: &str) -> Result<Proof, ProofError> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ProofError::Malformed("no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(ProofError::Malformed("not a `tlog-proof@v1`"));
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => {
                let decoded = STANDARD.decode(&line["extra ".len()..]);
                Some(decoded.map_err(|_| ProofError::Malformed("the extra line is not base64"))?)
            }
            None => None,
        };
        let index = lines
            .next()
            .and_then(|line| read_decimal(line.strip_prefix("index ")?))
            .ok_or(ProofError::Malformed("no index"))?;
        let hashes: Vec<_> = lines
            .take(HASHES_MAX + 1)
            .map(|line| Hash::from_base64(line).ok_or(ProofError::Malformed("a line is not a hash")))
            .collect::<Result<_, _>>()?;
        if hashes.len() > HASHES_MAX {
            return Err(ProofError::Malformed("too many hashes"));
        }
        Ok(Proof { extra, index, hashes, checkpoint: SignedCheckpoint::parse(checkpoint.as_bytes())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{KeyKind, SignerKey};

    #[test]
    fn a_proof_verifies_offline_and_only_as_the_policy_asks() {
        let leaves: Vec<_> = (0..5_u8).map(|byte| tree::leaf_hash(&[byte])).collect();
        let log = SignerKey::from_seed("log.example", KeyKind::Ed25519, &[1; 32]).unwrap();
        let witness = SignerKey::from_seed("witness.example", KeyKind::Cosignature, &[2; 32]).unwrap();
        let mut checkpoint = Checkpoint::new("log.example", 5, tree::root_of(&leaves)).sign(&log).unwrap();
        checkpoint.add(cosignature::sign(&witness, &checkpoint, 1).unwrap());
        let proof =
            Proof { extra: Some(b"unit:A1".to_vec()), index: 4, hashes: vec![tree::root_of(&leaves[..4])], checkpoint };
        let text = proof.to_string();
        assert_eq!(text.parse(), Ok(proof.clone()));

        let witnesses = [witness.verifier().clone()];
        let policy = |quorum| Policy { log: log.verifier(), witnesses: &witnesses, quorum };
        assert_eq!(proof.verify(&[4], &policy(1)).map(|checkpoint| checkpoint.size), Ok(5));
        assert!(matches!(proof.verify(&[3], &policy(1)), Err(ProofError::Refused { index: 4, .. })));
        assert_eq!(proof.verify(&[4], &policy(2)), Err(ProofError::Quorum { found: 1, quorum: 2 }));
        let other = Policy { log: witness.verifier(), ..policy(0) };
        assert!(matches!(proof.verify(&[4], &other), Err(ProofError::Checkpoint(_))));

        for (from, to) in
            [("@v1", "@v2"), ("index 4", "index 04"), ("index 4\n", ""), ("extra ", "extra  "), ("\n\n", "\n")]
        {
            assert!(text.replacen(from, to, 1).parse::<Proof>().is_err(), "{from:?} -> {to:?}");
        }
    }
}
