//! The Merkle tree of RFC 6962: hashing, the growing right edge, and proofs.
//!
//! Leaf = H(00 || entry), node = H(01 || left || right), and a tree of n leaves splits at the largest power of two below
//! n. So every tree is made of *perfect* subtrees, named here by height and index: node (h, i) covers the leaves
//! `i << h .. (i + 1) << h`. Whoever can answer for perfect subtrees ([`NodeReader`]) can have any root and any proof.
//!
//! This module knows neither tiles nor files. It also has no opinion on old size 0: as upstream's vectors demand, a
//! consistency proof from the empty tree is refused; a witness that must accept it decides so itself.

use std::ops::Range;

use crate::hash::Hash;

/// Height of the tallest possible node plus one: sizes are 64 bits.
const HEIGHTS: usize = 64;

/// The hash of an entry as a leaf.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash::of_parts(&[&[0], entry])
}

/// The hash of a node over its two children.
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    Hash::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The root of the tree without leaves.
pub fn empty_root() -> Hash {
    Hash::of(b"")
}

/// The root of a tree whose leaf hashes (or equally tall nodes) are all at hand.
pub fn root_of(nodes: &[Hash]) -> Hash {
    let mut edge = Edge::default();
    nodes.iter().for_each(|node| edge.push(*node));
    edge.root()
}

/// The right edge of a growing tree: one hash for each bit set in the size, so a billion leaves take 30 hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// Roots of the perfect subtrees the tree is made of, tallest first.
    peaks: Vec<Hash>,
}

impl Edge {
    /// Takes up the edge of a tree of `size` leaves from its perfect subtrees.
    pub fn read<R: NodeReader>(size: u64, nodes: &mut R) -> Result<Edge, R::Error> {
        let peaks = perfect_subtrees(0..size)
            .into_iter()
            .map(|(height, index)| nodes.node(height, index))
            .collect::<Result<_, _>>()?;
        Ok(Edge { size, peaks })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_and_tell(leaf, |_, _, _| ());
    }

    /// Appends a leaf hash and tells `completed(height, index, hash)` each perfect subtree that this leaf completes,
    /// the leaf itself included.
    pub fn push_and_tell(&mut self, leaf: Hash, mut completed: impl FnMut(u32, u64, Hash)) {
        let mut hash = leaf;
        completed(0, self.size, hash);
        // Each trailing one of the old size is a subtree as tall as the one just completed: they merge.
        for height in 1..=self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a peak stands for each bit set in the size");
            hash = node_hash(left, hash);
            completed(height, self.size >> height, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root of the tree as it stands.
    pub fn root(&self) -> Hash {
        self.peaks.iter().rev().copied().reduce(|right, left| node_hash(left, right)).unwrap_or_else(empty_root)
    }
}

/// Gives the hashes of perfect subtrees: node (height, index) covers the leaves `index << height .. (index + 1) << height`.
pub trait NodeReader {
    /// What can go wrong while reading.
    type Error;

    /// The hash of a perfect subtree that lies wholly inside the tree.
    fn node(&mut self, height: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The root of the tree of the first `size` leaves.
pub fn root<R: NodeReader>(size: u64, nodes: &mut R) -> Result<Hash, R::Error> {
    Ok(Edge::read(size, nodes)?.root())
}

/// The proof that leaf `index` is in the tree of `size` leaves: the siblings from the leaf up.
///
/// # Panics
///
/// If `index` is not below `size`.
pub fn inclusion_proof<R: NodeReader>(index: u64, size: u64, nodes: &mut R) -> Result<Vec<Hash>, R::Error> {
    assert!(index < size, "leaf {index} is not in a tree of {size}");
    let mut proof = Vec::new();
    let mut tree = 0..size;
    while tree.end - tree.start > 1 {
        let middle = split(&tree);
        let sibling = if index < middle { middle..tree.end } else { tree.start..middle };
        tree = if index < middle { tree.start..middle } else { middle..tree.end };
        proof.push(range_root(sibling, nodes)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `old` leaves is a beginning of the tree of `new` leaves.
///
/// # Panics
///
/// If `old` is greater than `new`.
pub fn consistency_proof<R: NodeReader>(old: u64, new: u64, nodes: &mut R) -> Result<Vec<Hash>, R::Error> {
    assert!(old <= new, "a tree of {new} does not contain one of {old}");
    if old == 0 {
        return Ok(Vec::new());
    }
    let mut proof = Vec::new();
    let mut tree = 0..new;
    // Walk down to the subtree where the old tree ends; what lies beside the way is the proof.
    while tree.end != old {
        let middle = split(&tree);
        if old <= middle {
            proof.push(range_root(middle..tree.end, nodes)?);
            tree = tree.start..middle;
        } else {
            proof.push(range_root(tree.start..middle, nodes)?);
            tree = middle..tree.end;
        }
    }
    // A verifier knows the old root; any other old subtree must be named.
    if tree.start != 0 {
        proof.push(range_root(tree, nodes)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Why a Merkle proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofRefused {
    /// The leaf is not below the tree size.
    #[error("leaf {index} is not in a tree of {size} entries")]
    NoSuchLeaf {
        /// The leaf asked for.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The range is no subtree of the tree, or is empty.
    #[error("entries {start} to {end} are no subtree of a tree of {size} entries")]
    NoSuchSubtree {
        /// First leaf.
        start: u64,
        /// First leaf after the range.
        end: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The proof has too few or too many hashes for these sizes.
    #[error("proof has the wrong length: {0} hashes")]
    Length(usize),
    /// The proof leads to another root.
    #[error("proof leads to another root")]
    Root,
}

/// Checks that `leaf` is entry `index` of the tree of `size` leaves with this root.
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> Result<(), ProofRefused> {
    if index >= size {
        return Err(ProofRefused::NoSuchLeaf { index, size });
    }
    let mut rest = proof.iter().copied();
    let found = climb(leaf, index, size, &mut rest).ok_or(ProofRefused::Length(proof.len()))?;
    settle(rest.len() == 0, found == root, proof)
}

/// Checks that the tree of `old` leaves is a beginning of the tree of `new` leaves. `old` must not be 0.
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: Hash,
    new_root: Hash,
) -> Result<(), ProofRefused> {
    if old == 0 {
        return Err(ProofRefused::NoSuchSubtree { start: 0, end: 0, size: new });
    }
    verify_subtree_consistency(0..old, new, proof, old_root, new_root)
}

/// Checks that `leaf` is entry `index` of the subtree over the leaves `subtree` with this root.
pub fn verify_subtree_inclusion(
    leaf: Hash,
    index: u64,
    subtree: Range<u64>,
    proof: &[Hash],
    root: Hash,
) -> Result<(), ProofRefused> {
    check_subtree(&subtree, subtree.end)?;
    let size = subtree.end - subtree.start;
    let within = index.checked_sub(subtree.start).ok_or(ProofRefused::NoSuchLeaf { index, size })?;
    verify_inclusion(leaf, within, size, proof, root)
}

/// Checks that the subtree over the leaves `subtree` is part of the tree of `size` leaves. An empty subtree is part of
/// any tree, without a proof.
pub fn verify_subtree_consistency(
    subtree: Range<u64>,
    size: u64,
    proof: &[Hash],
    subtree_root: Hash,
    root: Hash,
) -> Result<(), ProofRefused> {
    if subtree.start == subtree.end && subtree.end <= size {
        return settle(proof.is_empty(), subtree_root == empty_root(), proof);
    }
    check_subtree(&subtree, size)?;
    let mut rest = proof.iter().copied();
    let (found_subtree, found) =
        climb_both(subtree, size, Some(subtree_root), &mut rest).ok_or(ProofRefused::Length(proof.len()))?;
    settle(rest.len() == 0, found_subtree == subtree_root && found == root, proof)
}

fn settle(all_used: bool, roots_match: bool, proof: &[Hash]) -> Result<(), ProofRefused> {
    match (all_used, roots_match) {
        (false, _) => Err(ProofRefused::Length(proof.len())),
        (true, false) => Err(ProofRefused::Root),
        (true, true) => Ok(()),
    }
}

/// A subtree is a non-empty range inside the tree whose start is a multiple of the power of two that holds it.
fn check_subtree(subtree: &Range<u64>, size: u64) -> Result<(), ProofRefused> {
    let Range { start, end } = *subtree;
    let aligned = || match (end - start).checked_next_power_of_two() {
        Some(span) => start % span == 0,
        None => start == 0,
    };
    if start < end && end <= size && aligned() { Ok(()) } else { Err(ProofRefused::NoSuchSubtree { start, end, size }) }
}

/// The root over a leaf and its siblings. `proof` runs from the leaf up, and so does the way back from the recursion,
/// which is at most 64 deep.
fn climb(leaf: Hash, index: u64, size: u64, proof: &mut impl Iterator<Item = Hash>) -> Option<Hash> {
    if size == 1 {
        return Some(leaf);
    }
    let middle = split(&(0..size));
    if index < middle {
        let left = climb(leaf, index, middle, proof)?;
        Some(node_hash(left, proof.next()?))
    } else {
        let right = climb(leaf, index - middle, size - middle, proof)?;
        Some(node_hash(proof.next()?, right))
    }
}

/// The roots of a subtree and of the tree around it, from one proof. `known` is the subtree's root as long as the way
/// has not cut the subtree in two; after that its right part must come out of the proof.
fn climb_both(
    subtree: Range<u64>,
    size: u64,
    known: Option<Hash>,
    proof: &mut impl Iterator<Item = Hash>,
) -> Option<(Hash, Hash)> {
    if subtree == (0..size) {
        let root = known.or_else(|| proof.next())?;
        return Some((root, root));
    }
    let middle = split(&(0..size));
    if subtree.end <= middle {
        let (inner, left) = climb_both(subtree, middle, known, proof)?;
        Some((inner, node_hash(left, proof.next()?)))
    } else if middle <= subtree.start {
        let shifted = subtree.start - middle..subtree.end - middle;
        let (inner, right) = climb_both(shifted, size - middle, known, proof)?;
        Some((inner, node_hash(proof.next()?, right)))
    } else {
        // Only a subtree that starts where this tree starts can reach across its middle.
        let (inner, right) = climb_both(0..subtree.end - middle, size - middle, None, proof)?;
        let left = proof.next()?;
        Some((node_hash(left, inner), node_hash(left, right)))
    }
}

/// The root over a range that starts where a perfect subtree of its size would start.
fn range_root<R: NodeReader>(range: Range<u64>, nodes: &mut R) -> Result<Hash, R::Error> {
    let mut root = None;
    for (height, index) in perfect_subtrees(range).into_iter().rev() {
        let left = nodes.node(height, index)?;
        root = Some(match root {
            Some(right) => node_hash(left, right),
            None => left,
        });
    }
    Ok(root.unwrap_or_else(empty_root))
}

/// The perfect subtrees (height, index) that a range is made of, tallest first.
fn perfect_subtrees(range: Range<u64>) -> Vec<(u32, u64)> {
    let size = range.end - range.start;
    let mut start = range.start;
    let mut subtrees = Vec::with_capacity(size.count_ones() as usize);
    for height in (0..HEIGHTS as u32).rev().filter(|height| size >> height & 1 == 1) {
        subtrees.push((height, start >> height));
        start += 1 << height;
    }
    subtrees
}

/// Where a tree of at least two leaves splits: after the largest power of two below its size.
fn split(tree: &Range<u64>) -> u64 {
    tree.start + (1 << (tree.end - tree.start - 1).ilog2())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 6962 section 2.1, word for word.
    fn naive_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(&(0..leaves.len() as u64)) as usize);
                node_hash(naive_root(left), naive_root(right))
            }
        }
    }

    struct Leaves(Vec<Hash>);

    impl NodeReader for Leaves {
        type Error = std::convert::Infallible;

        fn node(&mut self, height: u32, index: u64) -> Result<Hash, Self::Error> {
            Ok(naive_root(&self.0[(index << height) as usize..((index + 1) << height) as usize]))
        }
    }

    fn leaves(size: u64) -> Leaves {
        Leaves((0..size).map(|index| leaf_hash(index.to_string().as_bytes())).collect())
    }

    #[test]
    fn the_growing_edge_has_the_root_of_the_rfc() {
        let Leaves(all) = leaves(300);
        let mut edge = Edge::default();
        for size in 0..=all.len() {
            assert_eq!(edge.root(), naive_root(&all[..size]), "size {size}");
            assert_eq!(edge, Edge::read(size as u64, &mut Leaves(all.clone())).unwrap());
            if let Some(leaf) = all.get(size) {
                edge.push_and_tell(*leaf, |height, index, hash| {
                    assert_eq!(hash, Leaves(all.clone()).node(height, index).unwrap());
                });
            }
        }
    }

    proptest! {
        #[test]
        fn proofs_hold_and_only_for_their_leaf(size in 1_u64..600, pick: u64, other: u64) {
            let mut tree = leaves(size);
            let (index, old) = (pick % size, 1 + other % size);
            let top = root(size, &mut tree).unwrap();

            let proof = inclusion_proof(index, size, &mut tree).unwrap();
            prop_assert_eq!(verify_inclusion(tree.0[index as usize], index, size, &proof, top), Ok(()));
            let wrong = (index + 1) % size;
            prop_assert!(wrong == index || verify_inclusion(tree.0[wrong as usize], index, size, &proof, top).is_err());

            let proof = consistency_proof(old, size, &mut tree).unwrap();
            let old_root = root(old, &mut tree).unwrap();
            prop_assert_eq!(verify_consistency(old, size, &proof, old_root, top), Ok(()));
            prop_assert!(verify_consistency(old, size, &proof, top, old_root).is_err() || old == size);
        }
    }

    #[test]
    fn the_largest_sizes_do_not_overflow() {
        let hash = empty_root();
        assert_eq!(
            verify_inclusion(hash, u64::MAX, u64::MAX, &[], hash),
            Err(ProofRefused::NoSuchLeaf { index: u64::MAX, size: u64::MAX })
        );
        assert!(verify_inclusion(hash, u64::MAX - 1, u64::MAX, &[hash; 64], hash).is_err());
        assert!(verify_consistency(u64::MAX - 1, u64::MAX, &[hash; 64], hash, hash).is_err());
        assert!(verify_subtree_consistency(1..u64::MAX, u64::MAX, &[], hash, hash).is_err());
    }
}
