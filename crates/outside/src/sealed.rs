//! What a ledger gives away and takes back: notes, checkpoints, keys, proofs, names of tiles.

use seal::note::{Note, Signature};
use seal::{Bundle, Checkpoint, Hash, KeyKind, Policy, Proof, SignedCheckpoint, SignerKey, Tile, VerifierKey};

use crate::words::{is_echo, with_text};

fn key() -> SignerKey {
    SignerKey::from_seed("factory.example/site-1", KeyKind::Ed25519, &[7; 32]).expect("a key")
}

/// A signed note: the text is what was read, or it is refused. Also the texts of keys, which are one line.
pub fn note(bytes: &[u8]) {
    let keys = [key().verifier().clone()];
    let shown = String::from_utf8_lossy(bytes);
    match Note::parse(bytes) {
        Ok(note) => {
            assert_eq!(note.to_string().as_bytes(), bytes, "a note has one spelling");
            let _ = note.verify(&keys);
        }
        Err(error) => is_echo(&error.to_string(), &shown),
    }
    match SignedCheckpoint::parse(bytes) {
        Ok(checkpoint) => {
            assert_eq!(checkpoint.to_string().as_bytes(), bytes);
            assert_eq!(checkpoint.note().text().parse::<Checkpoint>().as_ref(), Ok(checkpoint.checkpoint()));
            let _ = checkpoint.verify(&keys[0]);
        }
        Err(error) => is_echo(&error.to_string(), &shown),
    }
    with_text(bytes, |text| {
        match text.parse::<Signature>() {
            Ok(signature) => assert_eq!(signature.to_string(), text.strip_suffix('\n').unwrap_or(text)),
            Err(error) => is_echo(&error.to_string(), text),
        }
        match text.parse::<VerifierKey>() {
            Ok(key) => assert_eq!(key.to_string(), text),
            Err(error) => is_echo(&error.to_string(), text),
        }
        match text.parse::<SignerKey>() {
            Ok(key) => assert_eq!(key.to_secret_text(), text),
            Err(error) => is_echo(&error.to_string(), text),
        }
        if let Ok(checkpoint) = text.parse::<Checkpoint>() {
            assert_eq!(checkpoint.to_string(), text);
        }
    });
}

/// A proof as it is handed out.
pub fn proof(bytes: &[u8]) {
    let key = key();
    with_text(bytes, |text| match text.parse::<Proof>() {
        Ok(proof) => {
            assert_eq!(proof.to_string(), text, "a proof has one spelling");
            let policy = Policy { log: key.verifier(), witnesses: &[], quorum: 0 };
            let _ = proof.verify(b"entry", &policy);
            let (size, root) = (proof.checkpoint.size(), proof.checkpoint.root());
            let _ = seal::tree::verify_inclusion(Hash::of(b"leaf"), proof.index, size, &proof.hashes, root);
            let _ = seal::tree::verify_consistency(proof.index, size, &proof.hashes, Hash::of(b"old"), root);
        }
        Err(error) => is_echo(&error.to_string(), text),
    });
}

/// The path of a tile or of a bundle of entries, or a hash.
pub fn path(bytes: &[u8]) {
    with_text(bytes, |text| {
        match text.parse::<Tile>() {
            Ok(tile) => assert_eq!(tile.path(), text),
            Err(error) => is_echo(&error.to_string(), text),
        }
        match text.parse::<Bundle>() {
            Ok(bundle) => assert_eq!(bundle.path(), text),
            Err(error) => is_echo(&error.to_string(), text),
        }
        match text.parse::<Hash>() {
            Ok(hash) => assert_eq!(hash.to_hex(), text),
            Err(error) => is_echo(&error.to_string(), text),
        }
        if let Some(hash) = Hash::from_base64(text) {
            assert_eq!(hash.to_base64(), text);
        }
    });
}
