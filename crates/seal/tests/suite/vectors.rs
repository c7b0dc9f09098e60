//! Data of other logs, from `tests/data`.

use std::fs;
use std::path::{Path, PathBuf};

use seal::note::Note;
use seal::tree::{self, NodeReader};
use seal::{Bundle, Hash, KeyKind, SignedCheckpoint, Tile, VerifierKey, cosignature, tile};
use serde::Deserialize;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn text(name: &str) -> String {
    String::from_utf8(bytes(name)).unwrap()
}

fn lines<T: for<'a> Deserialize<'a>>(name: &str) -> Vec<T> {
    text(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn hash(text: &str) -> Hash {
    Hash::from_base64(text).unwrap_or_else(|| panic!("`{text}` is not a hash"))
}

/// `None` if one of them is not 32 bytes long, which some broken proofs have.
fn hashes(texts: Option<Vec<String>>) -> Option<Vec<Hash>> {
    texts.unwrap_or_default().iter().map(|text| Hash::from_base64(text)).collect()
}

fn vkey(name: &str) -> VerifierKey {
    text(name).trim().parse().unwrap()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    file: String,
    leaf_idx: u64,
    tree_size: Option<u64>,
    start: Option<u64>,
    end: Option<u64>,
    root: String,
    leaf_hash: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[test]
fn inclusion_proofs_of_the_merkle_vectors() {
    let check = |name: &str, count: usize| {
        let cases: Vec<Inclusion> = lines(name);
        assert_eq!(cases.len(), count);
        for case in cases {
            let parsed = || Some((Hash::from_base64(&case.leaf_hash)?, Hash::from_base64(&case.root)?));
            let good = match (parsed(), hashes(case.proof)) {
                (Some((leaf, root)), Some(proof)) => match (case.tree_size, case.start, case.end) {
                    (Some(size), ..) => tree::verify_inclusion(leaf, case.leaf_idx, size, &proof, root).is_ok(),
                    (None, Some(start), Some(end)) => {
                        tree::verify_subtree_inclusion(leaf, case.leaf_idx, start..end, &proof, root).is_ok()
                    }
                    _ => panic!("{}: no size", case.file),
                },
                _ => false,
            };
            assert_eq!(good, !case.want_err, "{}", case.file);
        }
    };
    check("merkle-vectors/inclusion.jsonl", 98);
    check("merkle-vectors/subtreeinclusion.jsonl", 204);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consistency {
    file: String,
    size1: Option<u64>,
    size2: Option<u64>,
    start: Option<u64>,
    end: Option<u64>,
    size: Option<u64>,
    root1: String,
    root2: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[test]
fn consistency_proofs_of_the_merkle_vectors() {
    let check = |name: &str, count: usize| {
        let cases: Vec<Consistency> = lines(name);
        assert_eq!(cases.len(), count);
        for case in cases {
            let subtree = case.start.unwrap_or(0)..case.end.or(case.size1).unwrap();
            let size = case.size.or(case.size2).unwrap();
            // Where a root does not matter it is a few words instead of 32 bytes.
            let root = |text: &str| Hash::from_base64(text).unwrap_or_else(|| Hash::of(text.as_bytes()));
            let (one, two) = (root(&case.root1), root(&case.root2));
            let good = match hashes(case.proof) {
                Some(proof) if case.start.is_none() => {
                    tree::verify_consistency(subtree.end, size, &proof, one, two).is_ok()
                }
                Some(proof) => tree::verify_subtree_consistency(subtree, size, &proof, one, two).is_ok(),
                None => false,
            };
            assert_eq!(good, !case.want_err, "{}", case.file);
        }
    };
    check("merkle-vectors/consistency.jsonl", 98);
    check("merkle-vectors/subtreeconsistency.jsonl", 118);
}

/// The tree of which leaf i is the number i in decimal, with every perfect subtree kept.
struct Decimal(Vec<Vec<Hash>>);

impl Decimal {
    fn new(size: u64) -> Decimal {
        let mut heights: Vec<Vec<Hash>> = vec![Vec::new(); 20];
        let mut edge = tree::Edge::default();
        for index in 0..size {
            edge.push_and_tell(tree::leaf_hash(index.to_string().as_bytes()), |height, _, hash| {
                heights[height as usize].push(hash);
            });
        }
        Decimal(heights)
    }
}

impl NodeReader for Decimal {
    type Error = std::convert::Infallible;

    fn node(&mut self, height: u32, index: u64) -> Result<Hash, Self::Error> {
        Ok(self.0[height as usize][index as usize])
    }
}

#[test]
fn roots_proofs_and_tiles_of_the_tree_of_70000() {
    let mut decimal = Decimal::new(70_000);

    #[derive(Deserialize)]
    struct Root {
        size: u64,
        root: String,
    }
    for case in lines::<Root>("derived/roots.jsonl") {
        assert_eq!(tree::root(case.size, &mut decimal).unwrap(), hash(&case.root), "size {}", case.size);
    }

    #[derive(Deserialize)]
    struct Included {
        index: u64,
        size: u64,
        leaf_hash: String,
        root: String,
        proof: Vec<String>,
    }
    for case in lines::<Included>("derived/inclusion.jsonl") {
        let proof = hashes(Some(case.proof)).unwrap();
        assert_eq!(tree::inclusion_proof(case.index, case.size, &mut decimal).unwrap(), proof);
        let (leaf, root) = (hash(&case.leaf_hash), hash(&case.root));
        assert_eq!(tree::verify_inclusion(leaf, case.index, case.size, &proof, root), Ok(()));
    }

    #[derive(Deserialize)]
    struct Consistent {
        old: u64,
        new: u64,
        old_root: String,
        new_root: String,
        proof: Vec<String>,
    }
    for case in lines::<Consistent>("derived/consistency.jsonl") {
        let proof = hashes(Some(case.proof)).unwrap();
        assert_eq!(tree::consistency_proof(case.old, case.new, &mut decimal).unwrap(), proof);
        let (old_root, new_root) = (hash(&case.old_root), hash(&case.new_root));
        assert_eq!(tree::verify_consistency(case.old, case.new, &proof, old_root, new_root), Ok(()));
    }

    let tiles = tile_digests();
    assert_eq!(tile::tiles(70_000).count(), tiles.len());
    for (path, sha256) in tiles {
        let tile: Tile = path.parse().unwrap();
        let first = tile.index() as usize * 256;
        let hashes = &decimal.0[usize::from(tile.level()) * 8][first..first + usize::from(tile.width())];
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
        assert_eq!(Hash::of(&bytes), sha256, "{path}");
    }
}

/// Path and SHA-256 of every tile of the tree of 70,000.
pub(crate) fn tile_digests() -> Vec<(String, Hash)> {
    #[derive(Deserialize)]
    struct Digest {
        path: String,
        sha256: String,
    }
    let digests = lines::<Digest>("derived/tiles-70000.jsonl").into_iter();
    digests.map(|digest| (digest.path, digest.sha256.parse().unwrap())).collect()
}

#[test]
fn signed_notes_of_go_and_c2sp() {
    let note = Note::parse(&bytes("note-vectors/peterneumann.txt")).unwrap();
    assert_eq!(note.verify(&[vkey("note-vectors/peterneumann.vkey")]).unwrap().len(), 1);
    assert_eq!(note.to_string().into_bytes(), bytes("note-vectors/peterneumann.txt"));

    let key = vkey("c2sp-examples/signed-note.vkey");
    assert_eq!(key.to_string(), text("c2sp-examples/signed-note.vkey").trim());
    let note = Note::parse(&bytes("c2sp-examples/signed-note.txt")).unwrap();
    assert_eq!(note.verify(std::slice::from_ref(&key)).unwrap()[0].key, &key);
}

#[test]
fn cosignatures_of_the_specification() {
    let bytes = bytes("c2sp-examples/checkpoint-cosigned.txt");
    let mut checkpoint = SignedCheckpoint::parse(&bytes).unwrap();
    assert_eq!(checkpoint.size(), 20_852_163);
    assert_eq!(checkpoint.to_string().into_bytes(), bytes);
    let message = text("c2sp-examples/cosignature-v1-message.txt");
    assert_eq!(cosignature::message(1_679_315_147, checkpoint.note().text()), message.into_bytes());
    for line in text("c2sp-examples/add-checkpoint-response.txt").lines() {
        checkpoint.add(line.parse().unwrap());
    }
    assert!(checkpoint.note().signatures().len() >= 4);
}

#[test]
fn the_log_of_tessera() {
    let key = vkey("tessera-testdata/vkey");
    let bundle = bytes("tessera-testdata/tile/entries/000.p/15");
    let mut rest = bundle.as_slice();
    let mut leaves = Vec::new();
    for size in 0..=15_u16 {
        let bytes_of_checkpoint = bytes(&format!("tessera-testdata/checkpoint.{size}"));
        let checkpoint = SignedCheckpoint::parse(&bytes_of_checkpoint).unwrap();
        assert_eq!(checkpoint.verify(&key), Ok(()));
        assert_eq!((checkpoint.size(), checkpoint.root()), (size.into(), tree::root_of(&leaves)));
        assert_eq!(checkpoint.to_string().into_bytes(), bytes_of_checkpoint);
        if size > 0 {
            let tile = Tile::new(0, 0, size).unwrap();
            let stored: Vec<u8> = leaves.iter().flat_map(|leaf: &Hash| *leaf.as_bytes()).collect();
            assert_eq!(bytes(&format!("tessera-testdata/{}", tile.path())), stored);
            let name = format!("tessera-testdata/{}", Bundle::new(0, size).unwrap().path());
            assert_eq!(bytes(&name), bundle[..bundle.len() - rest.len()]);
        }
        if let Some((length, after)) = rest.split_first_chunk() {
            let (entry, after) = after.split_at(u16::from_be_bytes(*length).into());
            leaves.push(tree::leaf_hash(entry));
            rest = after;
        }
    }
    assert_eq!(bytes("tessera-testdata/checkpoint"), bytes("tessera-testdata/checkpoint.15"));
}

#[test]
fn the_witness_and_the_mirror_of_skylight() {
    #[derive(Deserialize)]
    struct Service {
        verifier_keys: Vec<VerifierKeyText>,
    }
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct VerifierKeyText(String);
    let check = |service: &str, checkpoint: &str| {
        let service: Service = serde_json::from_str(&text(&format!("skylight-testdata/{service}"))).unwrap();
        let keys: Vec<VerifierKey> = service.verifier_keys.iter().map(|key| key.0.parse().unwrap()).collect();
        let bytes = bytes(&format!("skylight-testdata/{checkpoint}"));
        let checkpoint = SignedCheckpoint::parse(&bytes).unwrap();
        assert_eq!(checkpoint.to_string().into_bytes(), bytes);
        // The log's own signature is of a type not known here, and passed over.
        assert_eq!(checkpoint.note().verify(&keys).unwrap().len(), 1);
        assert_eq!(cosignature::times(&checkpoint, &keys).len(), 1);
        checkpoint
    };
    check("witness.v0.json", "witness-checkpoint");
    let checkpoint = check("mirror.v0.json", "mirror-checkpoint");

    let tile = |tile: Tile| -> Vec<Hash> {
        let bytes = bytes(&format!("skylight-testdata/{tile}"));
        bytes.chunks_exact(32).map(|hash| Hash::from_slice(hash).unwrap()).collect()
    };
    let leaves = [tile(Tile::new(0, 0, 256).unwrap()), tile(Tile::new(0, 1, 44).unwrap())].concat();
    assert_eq!(tree::root_of(&leaves), checkpoint.root());
    assert_eq!(tile(Tile::new(1, 0, 1).unwrap()), [tree::root_of(&leaves[..256])]);
}

#[test]
fn requests_to_a_witness() {
    #[derive(Deserialize)]
    struct Exchange {
        step: u32,
        request_body: String,
        status: u16,
    }
    #[derive(Deserialize)]
    struct Keys {
        log_public_key_hex: String,
        log_key_hash_hex: String,
    }
    let keys: Keys = serde_json::from_str(&text("witness-add-checkpoint/keys.json")).unwrap();
    let origin = format!("sigsum.org/v1/tree/{}", keys.log_key_hash_hex);
    let key: Hash = keys.log_public_key_hex.parse().unwrap();
    let key = VerifierKey::from_bytes(&origin, KeyKind::Ed25519, key.as_bytes()).unwrap();

    let mut known = (0, tree::empty_root());
    for case in lines::<Exchange>("witness-add-checkpoint/exchange.jsonl") {
        let (head, note) = case.request_body.split_once("\n\n").unwrap();
        // One of the bad signatures is not base64 as it should be, and so the note is malformed to us.
        let Ok(checkpoint) = SignedCheckpoint::parse(note.as_bytes()) else {
            assert_eq!(case.status, 403, "step {}", case.step);
            continue;
        };
        let mut head = head.lines();
        let old: u64 = head.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
        let proof: Vec<Hash> = head.map(hash).collect();
        let (size, root) = (checkpoint.size(), checkpoint.root());
        // The witness's rule for its first checkpoint is its own; see `tree`.
        let extends = old == 0 || tree::verify_consistency(old, size, &proof, known.1, root).is_ok();
        let status = if checkpoint.verify(&key).is_err() {
            403
        } else if old != known.0 {
            409
        } else if !extends {
            422
        } else {
            known = (size, root);
            200
        };
        assert_eq!(status, case.status, "step {}", case.step);
    }
}

#[test]
fn proofs_of_sigsum() {
    let keys: serde_json::Value = serde_json::from_str(&text("sigsum-proofs/keys.json")).unwrap();
    for name in ["no-cosignatures", "with-cosignature"] {
        let proof = text(&format!("sigsum-proofs/{name}.proof"));
        let field = |name: &str| -> Vec<&str> {
            proof.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
        };
        let origin = format!("sigsum.org/v1/tree/{}", field("log")[0]);
        let root: Hash = field("root_hash")[0].parse().unwrap();
        let size = field("size")[0].parse().unwrap();
        let mut note = Note::new(seal::Checkpoint::new(&origin, size, root).to_string()).unwrap();

        let log = ssh_key(&origin, KeyKind::Ed25519, keys[name]["logKey"].as_str().unwrap());
        note.add(line(&log, &hex(field("signature")[0])));
        let mut known = vec![log];
        for cosignature in field("cosignature") {
            let parts: Vec<_> = cosignature.split(' ').collect();
            let witness = ssh_key("witness.example", KeyKind::Cosignature, keys[name]["witnessKey"].as_str().unwrap());
            let time: u64 = parts[1].parse().unwrap();
            note.add(line(&witness, &[time.to_be_bytes().to_vec(), hex(parts[2])].concat()));
            known.push(witness);
        }
        assert_eq!(note.verify(&known).unwrap().len(), known.len());

        // The leaf holds a checksum of the message, the submitter's signature and the hash of the submitter's key.
        let (key_hash, signature) = field("leaf")[0].split_once(' ').unwrap();
        let message = format!("{:>32}", format!("foo-{}\n", 4));
        let checksum = Hash::of(message.as_bytes());
        let leaf = [checksum.as_bytes().to_vec(), hex(signature), hex(key_hash)].concat();
        let hashes: Vec<Hash> = field("node_hash").into_iter().map(|hash| hash.parse().unwrap()).collect();
        let index = field("leaf_index")[0].parse().unwrap();
        assert_eq!(tree::verify_inclusion(tree::leaf_hash(&leaf), index, size, &hashes, root), Ok(()));
    }
}

/// A signature line out of raw bytes.
fn line(key: &VerifierKey, signature: &[u8]) -> seal::note::Signature {
    let blob = [hex(&key.id().to_string()), signature.to_vec()].concat();
    format!("\u{2014} {} {}", key.name(), base64(&blob)).parse().unwrap()
}

/// The last 32 bytes of an OpenSSH public key.
fn ssh_key(name: &str, kind: KeyKind, text: &str) -> VerifierKey {
    let blob = unbase64(text.split(' ').nth(1).unwrap());
    VerifierKey::from_bytes(name, kind, blob.last_chunk().unwrap()).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn unbase64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}
