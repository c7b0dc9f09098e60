//! Two other crates, `signed_note` and `tlog_tiles`, must accept what this one writes.

use seal::tree::{self, NodeReader as _};
use seal::{Hash, KeyKind, Ledger, Reader, SignerKey, Tile, export};
use signed_note::{Note, Signer as _, StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{Checkpoint, HashReader, TileHashReader, TileReader};

use crate::fixture::{self, Chance};

/// Their tile reader over our exported files.
struct Exported(std::path::PathBuf);

impl TileReader for Exported {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        // Their paths carry the tile height in front of the level; C2SP has it fixed.
        let read = |tile: &tlog_tiles::Tile| {
            let path = tile.path();
            let ours: Tile = path.replacen("tile/8/", "tile/", 1).parse().unwrap();
            std::fs::read(self.0.join(ours.path())).unwrap()
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _tiles: &[tlog_tiles::Tile], _data: &[Vec<u8>]) {}
}

fn theirs(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash.as_bytes())
}

#[test]
fn they_accept_our_checkpoints_tiles_and_proofs() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, site) = (dir.path().join("ledger"), dir.path().join("site"));
    let mut ledger = Ledger::open(&folder, fixture::key()).unwrap();
    let mut chance = Chance::new(3);
    let mut checkpoints = Vec::new();
    for _ in 0..6 {
        let start = ledger.size();
        fixture::round(&mut ledger, start..start + 1 + chance.below(700));
        checkpoints.push(ledger.checkpoint().clone());
    }
    let reader = Reader::open(&folder).unwrap();
    export(&reader, &site).unwrap();

    let verifier = StandardVerifier::new(&fixture::key().verifier().to_string()).unwrap();
    let note = Note::from_bytes(&std::fs::read(site.join("checkpoint")).unwrap()).unwrap();
    let (verified, unknown) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((verified.len(), unknown.len()), (1, 0));
    let checkpoint = Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.size()), (fixture::ORIGIN, ledger.size()));

    // Their hash reader checks every tile it reads against the root.
    let size = ledger.size();
    let exported = Exported(site);
    let hashes = TileHashReader::new(size, *checkpoint.hash(), &exported);
    for _ in 0..200 {
        let index = chance.below(size);
        let leaf = hashes.read_hashes(&[tlog_tiles::stored_hash_index(0, index)]).unwrap()[0];
        assert_eq!(leaf, tlog_tiles::record_hash(&fixture::entry(index)));

        let ours = reader.inclusion_proof(index, size).unwrap();
        let proof: Vec<_> = ours.into_iter().map(theirs).collect();
        assert_eq!(tlog_tiles::prove_record(size, index, &hashes).unwrap(), proof);
        tlog_tiles::check_record(&proof, size, *checkpoint.hash(), index, leaf).unwrap();
    }
    for old in &checkpoints {
        let ours = reader.consistency_proof(old.size(), size).unwrap();
        let proof: Vec<_> = ours.into_iter().map(theirs).collect();
        assert_eq!(tlog_tiles::prove_tree(size, old.size(), &hashes).unwrap(), proof);
        tlog_tiles::check_tree(&proof, size, *checkpoint.hash(), old.size(), theirs(old.root())).unwrap();
    }
}

#[test]
fn notes_go_both_ways() {
    let ours = SignerKey::from_seed("line.example", KeyKind::Ed25519, &[9; 32]).unwrap();
    let signer = StandardSigner::new(&ours.to_secret_text()).unwrap();
    assert_eq!(format!("{:08x}", signer.key_id()), ours.verifier().id().to_string());
    let mut note = Note::new("text\n".as_bytes(), &[]).unwrap();
    note.add_sigs(&[&signer]).unwrap();
    let again = seal::note::Note::parse(&note.to_bytes()).unwrap();
    assert_eq!(again.verify(std::slice::from_ref(ours.verifier())).unwrap().len(), 1);
    let mut same = seal::note::Note::new("text\n").unwrap();
    same.sign(&ours).unwrap();
    assert_eq!(same.to_string().into_bytes(), note.to_bytes());
}

#[test]
fn paths_are_theirs() {
    let mut chance = Chance::new(5);
    for _ in 0..1000 {
        let (level, index) = (chance.below(8) as u8, chance.below(u64::MAX) >> chance.below(64));
        let tile = Tile::new(level, index, 1 + chance.below(256) as u16).unwrap();
        let other = tlog_tiles::Tile::new(8, level, index, tile.width().into(), false);
        assert_eq!(other.path().replacen("tile/8/", "tile/", 1), tile.path());
        assert_eq!(tile.path().parse(), Ok(tile));
    }
}

/// Keeps the two traits in view: a node of ours is a stored hash of theirs.
#[test]
fn nodes_are_stored_hashes() {
    struct Leaves(Vec<Hash>);
    impl tree::NodeReader for Leaves {
        type Error = std::convert::Infallible;
        fn node(&mut self, height: u32, index: u64) -> Result<Hash, Self::Error> {
            Ok(tree::root_of(&self.0[(index << height) as usize..((index + 1) << height) as usize]))
        }
    }
    let mut ours = Leaves((0..64_u8).map(|byte| tree::leaf_hash(&[byte])).collect());
    struct Stored(std::cell::RefCell<Vec<tlog_tiles::Hash>>);
    impl HashReader for Stored {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
            Ok(indexes.iter().map(|index| self.0.borrow()[*index as usize]).collect())
        }
    }
    let stored = Stored(Vec::new().into());
    for byte in 0..64_u8 {
        let new = tlog_tiles::stored_hashes(byte.into(), &[byte], &stored).unwrap();
        stored.0.borrow_mut().extend(new);
    }
    for height in 0..=6 {
        for index in 0..64_u64 >> height {
            let at = tlog_tiles::stored_hash_index(height, index);
            assert_eq!(theirs(ours.node(height.into(), index).unwrap()), stored.0.borrow()[at as usize]);
        }
    }
}
