//! Signed notes after C2SP `signed-note`: a text, an empty line, and signature lines, all readable.
//!
//! A signature line names its key by name and by a 4-byte id; verifiers pass over keys they do not know and refuse the
//! note if one they know has a bad signature. Two key types are understood: 01, Ed25519 over the text, and 04, the
//! timestamped Ed25519 cosignature of a checkpoint. Lines of other types are kept as they are.
//!
//! Randomness comes from the caller: a key is made from a 32-byte seed.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use crate::hash::{Hash, hex_bytes};

/// Longest note that is read.
pub const NOTE_BYTES_MAX: usize = 1 << 20;
/// Most signatures a note may carry.
pub const SIGNATURES_MAX: usize = 100;

/// What a key signs, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Type 01: Ed25519 over the text of the note. What a log signs its checkpoints with.
    Ed25519,
    /// Type 04: Ed25519 over a time and the text. What a witness signs checkpoints with.
    Cosignature,
}

impl KeyKind {
    fn code(self) -> u8 {
        match self {
            KeyKind::Ed25519 => 1,
            KeyKind::Cosignature => 4,
        }
    }

    fn from_code(code: u8) -> Option<KeyKind> {
        match code {
            1 => Some(KeyKind::Ed25519),
            4 => Some(KeyKind::Cosignature),
            _ => None,
        }
    }
}

/// Four bytes that tell the keys of one name apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 4]);

impl KeyId {
    fn of(name: &str, kind: KeyKind, key: &VerifyingKey) -> KeyId {
        let hash = Hash::of_parts(&[name.as_bytes(), b"\n", &[kind.code()], key.as_bytes()]);
        let [a, b, c, d, ..] = *hash.as_bytes();
        KeyId([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Why a key's text was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// A name is empty, or has a space or a plus sign.
    #[error("key name `{0}` is empty or has a space, a plus sign or a control character")]
    Name(String),
    /// Not the form of a key.
    #[error("key text has not the form `name+id+key`")]
    Form,
    /// The id does not belong to the key.
    #[error("key id `{given}` of `{name}` does not match the key, which has `{computed}`")]
    Id {
        /// The key's name.
        name: String,
        /// The id in the text.
        given: String,
        /// The id that name and key give.
        computed: String,
    },
    /// A key type this crate does not know, or bytes that are no key of that type.
    #[error("key of `{0}` is of an unknown type or no valid key of its type")]
    Key(String),
}

/// A public key and the name it signs under: `<name>+<8 hex id>+<base64 of type and key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: VerifyingKey,
    id: KeyId,
}

impl VerifierKey {
    /// A verifier key from its raw 32 bytes.
    pub fn from_bytes(name: &str, kind: KeyKind, key: &[u8; 32]) -> Result<VerifierKey, BadKey> {
        let key = VerifyingKey::from_bytes(key).map_err(|_| BadKey::Key(name.to_owned()))?;
        VerifierKey::new(name, kind, key)
    }

    fn new(name: &str, kind: KeyKind, key: VerifyingKey) -> Result<VerifierKey, BadKey> {
        if !is_key_name(name) {
            return Err(BadKey::Name(name.to_owned()));
        }
        if key.is_weak() {
            return Err(BadKey::Key(name.to_owned()));
        }
        Ok(VerifierKey { name: name.to_owned(), kind, key, id: KeyId::of(name, kind, &key) })
    }

    /// The name the key signs under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the key signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The id beside the name on a signature line.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The raw public key.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    fn owns(&self, signature: &Signature) -> bool {
        self.name == signature.name && self.id == signature.id
    }

    /// Whether a signature by this key holds for `text`; gives the time of a cosignature.
    pub(crate) fn check(&self, text: &str, signature: &[u8]) -> Option<Signed> {
        match self.kind {
            KeyKind::Ed25519 => self.holds(text.as_bytes(), signature).then_some(Signed::Text),
            KeyKind::Cosignature => {
                let (time, signature) = signature.split_first_chunk()?;
                let time = u64::from_be_bytes(*time);
                self.holds(&cosignature_message(time, text), signature).then_some(Signed::At(time))
            }
        }
    }

    fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else { return false };
        self.key.verify_strict(message, &signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, self.id, key_text(self.kind, self.key.as_bytes()))
    }
}

impl FromStr for VerifierKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<VerifierKey, BadKey> {
        let (name, id, kind, bytes) = read_key(text)?;
        let key = VerifierKey::from_bytes(name, kind, &bytes)?;
        check_id(id, key)
    }
}

/// A secret key and the name it signs under: `PRIVATE+KEY+<name>+<8 hex id>+<base64 of type and seed>`.
///
/// The secret shows only through [`SignerKey::to_secret_text`].
#[derive(Clone)]
pub struct SignerKey {
    verifier: VerifierKey,
    secret: SigningKey,
}

/// What every signer key's text begins with.
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

impl SignerKey {
    /// Makes a key from 32 random bytes.
    pub fn from_seed(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<SignerKey, BadKey> {
        let secret = SigningKey::from_bytes(seed);
        Ok(SignerKey { verifier: VerifierKey::new(name, kind, secret.verifying_key())?, secret })
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The name the key signs under.
    pub fn name(&self) -> &str {
        &self.verifier.name
    }

    /// The text to store, readable by its owner only.
    pub fn to_secret_text(&self) -> String {
        let VerifierKey { name, kind, id, .. } = &self.verifier;
        format!("{SECRET_PREFIX}{name}+{id}+{}", key_text(*kind, self.secret.as_bytes()))
    }

    pub(crate) fn signature(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }

    /// A line by this key with these signature bytes.
    pub(crate) fn line(&self, bytes: Vec<u8>) -> Signature {
        Signature { name: self.verifier.name.clone(), id: self.verifier.id, bytes }
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerKey").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

impl FromStr for SignerKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<SignerKey, BadKey> {
        let (name, id, kind, seed) = read_key(text.strip_prefix(SECRET_PREFIX).ok_or(BadKey::Form)?)?;
        let key = SignerKey::from_seed(name, kind, &seed)?;
        check_id(id, key.verifier)?;
        SignerKey::from_seed(name, kind, &seed)
    }
}

/// One signature line: `— <name> <base64 of id and signature>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    name: String,
    id: KeyId,
    bytes: Vec<u8>,
}

impl Signature {
    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What follows the id: for a cosignature the time and the signature.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for Signature {
    /// The line without its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [&self.id.0, self.bytes.as_slice()].concat();
        write!(f, "{LINE_START}{} {}", self.name, STANDARD.encode(blob))
    }
}

impl FromStr for Signature {
    type Err = NoteError;

    /// Reads a line, with or without its newline.
    fn from_str(line: &str) -> Result<Signature, NoteError> {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let parse = || {
            let (name, blob) = line.strip_prefix(LINE_START)?.split_once(' ')?;
            let blob = STANDARD.decode(blob).ok()?;
            let (id, bytes) = blob.split_first_chunk()?;
            let valid = is_key_name(name) && !bytes.is_empty();
            valid.then(|| Signature { name: name.to_owned(), id: KeyId(*id), bytes: bytes.to_vec() })
        };
        parse().ok_or_else(|| NoteError::SignatureLine(line.to_owned()))
    }
}

/// An em dash and a space.
const LINE_START: &str = "\u{2014} ";

/// The bytes a cosigner signs: a header, the time in seconds since 1970, and the whole text of the checkpoint.
pub fn cosignature_message(time: u64, checkpoint_text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{checkpoint_text}").into_bytes()
}

/// What a signature that holds says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The text.
    Text,
    /// The text, at this time in seconds since 1970.
    At(u64),
}

/// A signature that holds, by a key that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The key.
    pub key: &'a VerifierKey,
    /// What it says.
    pub signed: Signed,
}

/// Why a note was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`NOTE_BYTES_MAX`].
    #[error("note of {0} bytes is too long")]
    TooLong(usize),
    /// Not UTF-8, a control character, no final newline, or no empty line before the signatures.
    #[error("note is malformed: {0}")]
    Malformed(&'static str),
    /// A signature line that is none.
    #[error("signature line `{0}` is malformed")]
    SignatureLine(String),
    /// More than [`SIGNATURES_MAX`] signatures.
    #[error("note has {0} signatures, too many")]
    TooManySignatures(usize),
    /// A key that is known, and a signature that does not hold.
    #[error("signature of `{name}` (key {id}) does not hold")]
    BadSignature {
        /// The key's name.
        name: String,
        /// The key's id.
        id: KeyId,
    },
    /// No signature by a key that is known.
    #[error("note has no signature by a known key")]
    NoKnownKey,
}

/// A text and its signatures. A note as such is not verified: see [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// A note without signatures. The text must end in a newline and have no other control character.
    pub fn new(text: impl Into<String>) -> Result<Note, NoteError> {
        let text = text.into();
        if !text.ends_with('\n') {
            return Err(NoteError::Malformed("the text has no final newline"));
        }
        if text.chars().any(|character| character < ' ' && character != '\n') {
            return Err(NoteError::Malformed("a control character"));
        }
        Ok(Note { text, signatures: Vec::new() })
    }

    /// Reads a note with at least one signature line.
    pub fn parse(bytes: &[u8]) -> Result<Note, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong(bytes.len()));
        }
        let all = str::from_utf8(bytes).map_err(|_| NoteError::Malformed("not UTF-8"))?;
        let end = all.rfind("\n\n").ok_or(NoteError::Malformed("no empty line before the signatures"))?;
        let (text, lines) = (&all[..=end], &all[end + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed("no newline at the end"))?;
        let mut note = Note::new(text)?;
        for line in lines.split('\n') {
            if note.signatures.len() == SIGNATURES_MAX {
                return Err(NoteError::TooManySignatures(lines.split('\n').count()));
            }
            note.signatures.push(line.parse()?);
        }
        Ok(note)
    }

    /// What is signed, final newline included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, of known keys or not.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Signs the text. The key must be of kind [`KeyKind::Ed25519`]; a cosigner uses [`cosignature::sign`](crate::cosignature::sign).
    pub fn sign(&mut self, key: &SignerKey) -> Result<(), BadKey> {
        if key.verifier.kind != KeyKind::Ed25519 {
            return Err(BadKey::Key(key.name().to_owned()));
        }
        self.signatures.push(key.line(key.signature(self.text.as_bytes()).to_vec()));
        Ok(())
    }

    /// Adds a signature made elsewhere, such as a witness's answer. It is not checked here.
    pub fn add(&mut self, signature: Signature) {
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
    }

    /// Checks every signature by a known key. An error if one does not hold or there is none at all.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<Verified<'k>>, NoteError> {
        let mut verified: Vec<Verified<'k>> = Vec::new();
        for signature in &self.signatures {
            for key in keys.iter().filter(|key| key.owns(signature)) {
                let signed = key
                    .check(&self.text, &signature.bytes)
                    .ok_or_else(|| NoteError::BadSignature { name: key.name.clone(), id: key.id })?;
                if !verified.iter().any(|known| known.key == key) {
                    verified.push(Verified { key, signed });
                }
            }
        }
        if verified.is_empty() { Err(NoteError::NoKnownKey) } else { Ok(verified) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+' || c < ' ')
}

fn key_text(kind: KeyKind, bytes: &[u8; 32]) -> String {
    STANDARD.encode([&[kind.code()], bytes.as_slice()].concat())
}

fn read_key(text: &str) -> Result<(&str, &str, KeyKind, [u8; 32]), BadKey> {
    let (name, rest) = text.split_once('+').ok_or(BadKey::Form)?;
    // The base64 part may hold a plus sign itself, so only the first one after the id separates.
    let (id, key) = rest.split_once('+').ok_or(BadKey::Form)?;
    hex_bytes::<4>(id).ok_or(BadKey::Form)?;
    let key = STANDARD.decode(key).map_err(|_| BadKey::Form)?;
    let (code, bytes) = key.split_first().ok_or(BadKey::Form)?;
    let known = || Some((KeyKind::from_code(*code)?, bytes.try_into().ok()?));
    let (kind, bytes) = known().ok_or_else(|| BadKey::Key(name.to_owned()))?;
    Ok((name, id, kind, bytes))
}

fn check_id(given: &str, key: VerifierKey) -> Result<VerifierKey, BadKey> {
    let computed = key.id.to_string();
    if computed == given {
        return Ok(key);
    }
    Err(BadKey::Id { name: key.name, given: given.to_owned(), computed })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, seed: u8) -> SignerKey {
        SignerKey::from_seed(name, KeyKind::Ed25519, &[seed; 32]).unwrap()
    }

    #[test]
    fn keys_survive_their_text() {
        for kind in [KeyKind::Ed25519, KeyKind::Cosignature] {
            let signer = SignerKey::from_seed("site.example/log", kind, &[7; 32]).unwrap();
            let again: SignerKey = signer.to_secret_text().parse().unwrap();
            assert_eq!(again.verifier(), signer.verifier());
            assert_eq!(signer.verifier().to_string().parse(), Ok(signer.verifier().clone()));
            assert!(!format!("{signer:?}").contains(&signer.to_secret_text()));
        }
        assert_eq!("name".parse::<VerifierKey>(), Err(BadKey::Form));
        assert!(matches!(SignerKey::from_seed("a b", KeyKind::Ed25519, &[0; 32]), Err(BadKey::Name(_))));
        let text = key("a", 1).verifier().to_string();
        let wrong_id = text.replacen(&text[2..3], if &text[2..3] == "0" { "1" } else { "0" }, 1);
        assert!(matches!(wrong_id.parse::<VerifierKey>(), Err(BadKey::Id { .. })));
    }

    #[test]
    fn unknown_keys_are_passed_over_and_known_ones_must_hold() {
        let mut note = Note::new("reel 1\n").unwrap();
        for seed in 0..20 {
            note.sign(&key("line", seed)).unwrap();
        }
        let parsed = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(parsed, note);
        let known = [key("line", 19).verifier().clone(), key("line", 3).verifier().clone()];
        assert_eq!(parsed.verify(&known).unwrap().len(), 2);
        assert_eq!(parsed.verify(&[key("other", 3).verifier().clone()]), Err(NoteError::NoKnownKey));

        let mut forged = Note::new("reel 2\n").unwrap();
        note.signatures.iter().for_each(|signature| forged.add(signature.clone()));
        assert!(matches!(forged.verify(&known), Err(NoteError::BadSignature { .. })));
    }

    #[test]
    fn malformed_notes_are_refused() {
        let mut note = Note::new("a\n\nb\n").unwrap();
        note.sign(&key("k", 1)).unwrap();
        let good = note.to_string();
        assert_eq!(Note::parse(good.as_bytes()).unwrap().text(), "a\n\nb\n");
        for wrong in [
            String::new(),
            "a\n".to_owned(),
            "a\n\n".to_owned(),
            good.trim_end().to_owned(),
            format!("{good}\n"),
            good.replace('a', "\t"),
            good.replace('\u{2014}', "-"),
            good.replace("k ", "k  "),
            good.replace("=\n", "\n"),
            good.replace("\n\n\u{2014}", "\n\u{2014}"),
        ] {
            assert!(Note::parse(wrong.as_bytes()).is_err() || wrong == good, "{wrong:?}");
        }
        assert!(Note::parse(b"\xff\n\n").is_err());
        let crowd: String = (0..=SIGNATURES_MAX).map(|_| good.lines().last().unwrap().to_owned() + "\n").collect();
        assert_eq!(Note::parse(format!("a\n\n{crowd}").as_bytes()), Err(NoteError::TooManySignatures(101)));
    }
}
