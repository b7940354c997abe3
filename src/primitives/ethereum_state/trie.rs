use super::node::{HASH_CODE, encode_branch, encode_extension, encode_leaf};
use super::{Blob, Hash32};

/// The root of the trie that holds nothing: the Keccak-256 of the empty string's RLP.
pub const EMPTY_ROOT: Hash32 = Hash32::from_bytes([
    0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
    0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21,
]);

/// Builds the trie of `leaves`, which stand by rising key, none twice. Calls `each` with every
/// node that is stored under its hash, children before parents, and returns the root.
pub fn build_trie<V: AsRef<[u8]>>(leaves: &[(Hash32, V)], each: &mut dyn FnMut(Blob)) -> Hash32 {
    debug_assert!(
        leaves.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "leaves stand by rising key"
    );
    if leaves.is_empty() {
        return EMPTY_ROOT;
    }
    let root = Blob::new(build(leaves, 0, each));
    let hash = root.hash();
    each(root);
    hash
}

/// The encoded node over all `leaves`, which agree in their first `depth` nibbles.
fn build<V: AsRef<[u8]>>(
    leaves: &[(Hash32, V)],
    depth: usize,
    each: &mut dyn FnMut(Blob),
) -> Vec<u8> {
    let first = &leaves[0];
    let last = &leaves[leaves.len() - 1];
    if leaves.len() == 1 {
        return encode_leaf(&nibbles(&first.0)[depth..], first.1.as_ref());
    }
    let shared = (depth..64)
        .find(|&index| nibble(&first.0, index) != nibble(&last.0, index))
        .expect("no key stands twice");
    if shared > depth {
        let child = build(leaves, shared, each);
        return encode_extension(&nibbles(&first.0)[depth..shared], &reference(child, each));
    }
    let mut children: [Vec<u8>; 16] = Default::default();
    let mut rest = leaves;
    while let Some(head) = rest.first() {
        let slot = nibble(&head.0, depth);
        let count = rest.partition_point(|leaf| nibble(&leaf.0, depth) <= slot);
        let (same, others) = rest.split_at(count);
        let child = build(same, depth + 1, each);
        children[slot as usize] = reference(child, each);
        rest = others;
    }
    encode_branch(&children)
}

/// A node as its parent holds it: whole below 32 bytes, else by its hash.
fn reference(node: Vec<u8>, each: &mut dyn FnMut(Blob)) -> Vec<u8> {
    if node.len() < 32 {
        return node;
    }
    let blob = Blob::new(node);
    let mut reference = Vec::with_capacity(33);
    reference.push(HASH_CODE);
    reference.extend_from_slice(blob.hash().as_bytes());
    each(blob);
    reference
}

fn nibble(key: &Hash32, index: usize) -> u8 {
    let byte = key.as_bytes()[index / 2];
    if index.is_multiple_of(2) { byte >> 4 } else { byte & 0x0f }
}

fn nibbles(key: &Hash32) -> [u8; 64] {
    std::array::from_fn(|index| nibble(key, index))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use alloy_trie::{HashBuilder, Nibbles};
    use proptest::prelude::*;

    use super::*;
    use crate::primitives::ethereum_state::{Child, Node};

    fn root_by_alloy(leaves: &[(Hash32, Vec<u8>)]) -> Hash32 {
        let mut builder = HashBuilder::default();
        for (key, value) in leaves {
            builder.add_leaf(Nibbles::unpack(key.as_bytes()), value);
        }
        Hash32::from_bytes(builder.root().0)
    }

    fn leaves(count: usize, prefix: usize, long: bool) -> Vec<(Hash32, Vec<u8>)> {
        let leaf = |index: usize| {
            let mut key = *Hash32::of(&index.to_be_bytes()).as_bytes();
            // A shared prefix of odd or even length, with some leaves outside of it.
            if !index.is_multiple_of(5) {
                key[..prefix].fill(0xab);
            }
            let value = if long { vec![7; 40 + index % 50] } else { vec![1 + (index % 100) as u8] };
            (Hash32::from_bytes(key), value)
        };
        (0..count).map(leaf).collect::<BTreeMap<_, _>>().into_iter().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn roots_agree_with_alloy_trie(
            count in prop_oneof![1..40_usize, 1..=5_000_usize],
            prefix in 0..31_usize,
            long in any::<bool>(),
        ) {
            let leaves = leaves(count, prefix, long);
            let mut found = BTreeMap::new();
            let root = build_trie(&leaves, &mut |blob| drop(found.insert(blob.hash(), blob)));
            prop_assert_eq!(root, root_by_alloy(&leaves));

            // All leaves can be reached from the root through the stored nodes.
            let mut values = Vec::new();
            let mut open = vec![(Vec::new(), root)];
            while let Some((mut path, hash)) = open.pop() {
                let node = Node::decode(found[&hash].bytes()).unwrap();
                node.walk(&mut path, &mut |path, child| match child {
                    Child::Hash(hash) => open.push((path.to_vec(), hash)),
                    Child::Value(value) => values.push((path.to_vec(), value.to_vec())),
                    Child::Embedded(_) | Child::Empty => unreachable!("walk enters and skips them"),
                });
            }
            values.sort();
            let expected: Vec<_> =
                leaves.iter().map(|(key, value)| (nibbles(key).to_vec(), value.clone())).collect();
            prop_assert_eq!(values, expected);
        }
    }

    #[test]
    fn the_empty_trie_has_the_empty_root() {
        assert_eq!(EMPTY_ROOT, Hash32::of(&[0x80]));
        assert_eq!(build_trie::<Vec<u8>>(&[], &mut |_| panic!("no node")), EMPTY_ROOT);
    }
}
