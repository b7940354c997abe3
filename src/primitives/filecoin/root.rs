use super::Cid;
use super::cbor::Writer;

/// How many children a node of an AMT of version 0 has at most.
const WIDTH: usize = 8;

/// The root of a block's messages: the CID of the pair of AMT roots.
pub fn messages_root(bls: &[Cid], secp: &[Cid]) -> Cid {
    let mut writer = Writer::new();
    writer.array(2);
    writer.cid(&amt_root(bls));
    writer.cid(&amt_root(secp));
    Cid::of(&writer.into_bytes())
}

/// The root of an AMT of version 0 that holds `values` at the indices from 0 on.
pub fn amt_root(values: &[Cid]) -> Cid {
    let mut height = 0;
    let mut leaves = true;
    let mut level = values.to_vec();
    while level.len() > WIDTH {
        level = level.chunks(WIDTH).map(|chunk| Cid::of(&encode_node(chunk, leaves))).collect();
        leaves = false;
        height += 1;
    }
    let mut writer = Writer::new();
    writer.array(3);
    writer.uint(height);
    writer.uint(values.len() as u64);
    let mut bytes = writer.into_bytes();
    bytes.extend(encode_node(&level, leaves));
    Cid::of(&bytes)
}

/// A node: a bit map of the children, the links to nodes, the values.
fn encode_node(children: &[Cid], leaf: bool) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.array(3);
    writer.bytes(&[((1_u16 << children.len()) - 1) as u8]);
    let (links, values): (&[Cid], &[Cid]) = if leaf { (&[], children) } else { (children, &[]) };
    for list in [links, values] {
        writer.array(list.len());
        for cid in list {
            writer.cid(cid);
        }
    }
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_of_no_messages_is_the_known_one() {
        let known = "bafy2bzacecmda75ovposbdateg7eyhwij65zklgyijgcjwynlklmqazpwlhba";
        assert_eq!(messages_root(&[], &[]).to_string(), known);
    }

    #[test]
    fn roots_depend_on_order_and_number() {
        let cids: Vec<Cid> = (0..70_u8).map(|n| Cid::of(&[n])).collect();
        let mut seen = std::collections::BTreeSet::new();
        for len in 0..cids.len() {
            assert!(seen.insert(amt_root(&cids[..len])), "length {len}");
        }
        let mut swapped = cids.clone();
        swapped.swap(0, 69);
        assert_ne!(amt_root(&cids), amt_root(&swapped));
    }
}
