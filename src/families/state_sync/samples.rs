//! Inputs of the pure functions, for tables that are generated.

use serde_json::{Value, json};

use crate::families::{Draw, Sample, Sampler};
use crate::primitives::ethereum_state::{Blob, Hash32, build_trie};

/// A sampler that changes the inputs of a table of this family.
macro_rules! varied {
    ($kind:literal) => {
        Sampler::varied(
            $kind,
            include_str!(concat!("../../../vectors/state-sync/", $kind, ".yaml")),
        )
    };
}

pub(super) fn samplers() -> Vec<Sampler> {
    vec![
        Sampler::drawn("node-children", node_children),
        varied!("pivot-choice"),
        varied!("pivot-split"),
        varied!("pivot-staleness"),
        varied!("request-assignment"),
        varied!("scheduler"),
        Sampler::drawn("trie-root", trie_root),
    ]
}

/// Leaves of a trie, by rising key: many of them share the first bytes of their keys, so that there
/// are extensions, and small ones stand in their parents.
fn leaves(draw: &mut Draw) -> (String, Vec<(Hash32, Vec<u8>)>) {
    let count = draw.between(1, 24);
    let shared = *draw.one_of(&[0, 0, 1, 2, 20, 30, 31]);
    let prefix = draw.bytes(shared);
    let most = *draw.one_of(&[1, 4, 40, 80]);
    let mut leaves: Vec<(Hash32, Vec<u8>)> = Vec::new();
    for _ in 0..count {
        let mut key = draw.bytes(32);
        if !draw.once_in(3) {
            key[..shared].copy_from_slice(&prefix);
        }
        let length = draw.between(1, most) as usize;
        let bytes = <[u8; 32]>::try_from(key).expect("32 bytes are drawn");
        leaves.push((Hash32::from_bytes(bytes), draw.bytes(length)));
    }
    leaves.sort_by_key(|leaf| leaf.0);
    leaves.dedup_by_key(|leaf| leaf.0);
    let name = format!(
        "{} leaves, {shared} first bytes in common, values of up to {most} bytes",
        leaves.len()
    );
    (name, leaves)
}

fn trie_root(draw: &mut Draw) -> Sample {
    let (name, leaves) = leaves(draw);
    let leaf = |(key, value): &(Hash32, Vec<u8>)| json!({ "key": key, "value": hex(value) });
    let mut leaves: Vec<Value> = leaves.iter().map(leaf).collect();
    // Their order means nothing.
    if leaves.len() > 1 && draw.once_in(3) {
        leaves.reverse();
    }
    Sample::new(name, json!({ "leaves": leaves }))
}

fn node_children(draw: &mut Draw) -> Sample {
    let (name, leaves) = leaves(draw);
    let mut nodes: Vec<Blob> = Vec::new();
    build_trie(&leaves, &mut |node| nodes.push(node));
    let mut bytes = draw.one_of(&nodes).bytes().to_vec();
    let mut name = format!("a node of {} bytes over {name}", bytes.len());
    if draw.once_in(4) {
        let index = draw.between(0, bytes.len() as u64 - 1) as usize;
        bytes[index] ^= 1 << draw.between(0, 7);
        name.push_str(&format!(", byte {index} changed"));
    }
    Sample::new(name, json!({ "node": hex(&bytes) }))
}

fn hex(bytes: &[u8]) -> String {
    const_hex::encode_prefixed(bytes)
}
