use std::fmt;

use alloy_rlp::{Encodable, Header as RlpHeader};
use smallvec::SmallVec;

use super::Hash32;

/// A decoded node of a Merkle-Patricia trie.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it lives on the stack, for as long as it is read")]
pub enum Node<'a> {
    /// A branch: sixteen children and a value.
    Full {
        /// The children by nibble; the last is the value.
        children: [Child<'a>; 17],
    },
    /// A leaf or an extension.
    Short {
        /// The nibbles between this node and its child, without the mark of a leaf.
        key: SmallVec<[u8; 64]>,
        /// A value under a leaf, a node under an extension.
        child: Child<'a>,
    },
}

/// What a node holds in one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Child<'a> {
    /// A node shorter than 32 bytes, which stands in its parent whole.
    Embedded(&'a [u8]),
    /// Nothing.
    #[default]
    Empty,
    /// A node elsewhere.
    Hash(Hash32),
    /// A value.
    Value(&'a [u8]),
}

/// Why bytes are no trie node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeError {
    /// The bytes are not RLP.
    BadRlp,
    /// The list has neither two nor seventeen elements.
    ElementCount(usize),
    /// There are bytes behind the node.
    ExcessBytes,
    /// A leaf without a value, or a path without its first byte.
    Incomplete,
    /// An embedded node of 32 bytes or more should have been replaced by its hash.
    OversizedEmbedded(usize),
    /// A child is neither empty nor as long as a hash.
    ReferenceLength(usize),
}

impl<'a> Node<'a> {
    /// Decodes a node as geth does (trie/node.go decodeNode).
    ///
    /// # Errors
    /// When the bytes are no node.
    pub fn decode(mut bytes: &'a [u8]) -> Result<Self, NodeError> {
        let node = decode_one(&mut bytes)?;
        if bytes.is_empty() { Ok(node) } else { Err(NodeError::ExcessBytes) }
    }

    /// Calls `each` with the nibbles between this node and a child, and with the child. Nodes that
    /// stand in this one whole are entered.
    pub fn walk(&self, path: &mut Vec<u8>, each: &mut dyn FnMut(&[u8], Child<'a>)) {
        let mut visit = |path: &mut Vec<u8>, child: &Child<'a>| match child {
            Child::Embedded(bytes) => {
                let inner = Node::decode(bytes).expect("decoding checked the embedded nodes");
                inner.walk(path, each);
            }
            Child::Empty => {}
            child => each(path, *child),
        };
        let depth = path.len();
        match self {
            Self::Full { children } => {
                for (nibble, child) in children.iter().enumerate() {
                    if nibble < 16 {
                        path.push(nibble as u8);
                    }
                    visit(path, child);
                    path.truncate(depth);
                }
            }
            Self::Short { key, child } => {
                path.extend_from_slice(key);
                visit(path, child);
                path.truncate(depth);
            }
        }
    }
}

/// What begins the RLP of a hash.
pub(super) const HASH_CODE: u8 = alloy_rlp::EMPTY_STRING_CODE + 32;

/// Encodes a leaf.
pub(super) fn encode_leaf(path: &[u8], value: &[u8]) -> Vec<u8> {
    let compact = compact(path, true);
    let payload_length = compact.as_slice().length() + value.length();
    let mut out = list_header(payload_length);
    compact.as_slice().encode(&mut out);
    value.encode(&mut out);
    out
}

/// Encodes an extension over an encoded reference to its child.
pub(super) fn encode_extension(path: &[u8], child: &[u8]) -> Vec<u8> {
    let compact = compact(path, false);
    let mut out = list_header(compact.as_slice().length() + child.len());
    compact.as_slice().encode(&mut out);
    out.extend_from_slice(child);
    out
}

/// Encodes a branch without a value over its encoded references; an empty one is no child.
pub(super) fn encode_branch(children: &[Vec<u8>; 16]) -> Vec<u8> {
    let length = children.iter().map(|child| child.len().max(1)).sum::<usize>() + 1;
    let mut out = list_header(length);
    for child in children {
        if child.is_empty() {
            out.push(alloy_rlp::EMPTY_STRING_CODE);
        }
        out.extend_from_slice(child);
    }
    out.push(alloy_rlp::EMPTY_STRING_CODE);
    out
}

fn list_header(payload_length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload_length + 3);
    RlpHeader { list: true, payload_length }.encode(&mut out);
    out
}

/// The hex-prefix encoding of the Yellow Paper, appendix C.
fn compact(path: &[u8], leaf: bool) -> Vec<u8> {
    let flag = if leaf { 0x20 } else { 0 };
    let (first, rest) = match path.split_first() {
        Some((&nibble, rest)) if path.len() % 2 == 1 => (flag | 0x10 | nibble, rest),
        _ => (flag, path),
    };
    let pairs = rest.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]);
    std::iter::once(first).chain(pairs).collect()
}

fn decode_one<'a>(bytes: &mut &'a [u8]) -> Result<Node<'a>, NodeError> {
    let mut payload = list(bytes)?;
    let count = count_items(payload)?;
    match count {
        2 => {
            let compact = string(&mut payload)?;
            let (&first, rest) = compact.split_first().ok_or(NodeError::Incomplete)?;
            let odd = usize::from(first >> 4 & 1);
            let mut key = SmallVec::from_elem(first & 0x0f, odd + 2 * rest.len());
            for (pair, byte) in key[odd..].chunks_exact_mut(2).zip(rest) {
                (pair[0], pair[1]) = (byte >> 4, byte & 0x0f);
            }
            let child = if first & 0x20 != 0 {
                Child::Value(string(&mut payload)?)
            } else {
                reference(&mut payload)?
            };
            Ok(Node::Short { key, child })
        }
        17 => {
            let mut children = [Child::Empty; 17];
            for child in &mut children[..16] {
                *child = reference(&mut payload)?;
            }
            let value = string(&mut payload)?;
            if !value.is_empty() {
                children[16] = Child::Value(value);
            }
            Ok(Node::Full { children })
        }
        _ => Err(NodeError::ElementCount(count)),
    }
}

fn reference<'a>(payload: &mut &'a [u8]) -> Result<Child<'a>, NodeError> {
    let start = *payload;
    // Nearly all are one of these two.
    match *start {
        [alloy_rlp::EMPTY_STRING_CODE, ref rest @ ..] => {
            *payload = rest;
            return Ok(Child::Empty);
        }
        [HASH_CODE, ref rest @ ..] if let Some((hash, rest)) = rest.split_first_chunk() => {
            *payload = rest;
            return Ok(Child::Hash(Hash32::from_bytes(*hash)));
        }
        _ => {}
    }
    let header = RlpHeader::decode(payload).map_err(|_| NodeError::BadRlp)?;
    if header.list {
        let length = start.len() - payload.len() + header.payload_length;
        if length > 32 {
            return Err(NodeError::OversizedEmbedded(length));
        }
        let embedded = &start[..length];
        decode_one(&mut &embedded[..])?;
        *payload = &payload[header.payload_length..];
        return Ok(Child::Embedded(embedded));
    }
    let (content, rest) = payload.split_at(header.payload_length);
    *payload = rest;
    match content.len() {
        0 => Ok(Child::Empty),
        32 => {
            let bytes = content.try_into().expect("the length is 32");
            Ok(Child::Hash(Hash32::from_bytes(bytes)))
        }
        length => Err(NodeError::ReferenceLength(length)),
    }
}

fn list<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], NodeError> {
    RlpHeader::decode_bytes(bytes, true).map_err(|_| NodeError::BadRlp)
}

fn string<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], NodeError> {
    RlpHeader::decode_bytes(bytes, false).map_err(|_| NodeError::BadRlp)
}

fn count_items(mut payload: &[u8]) -> Result<usize, NodeError> {
    let mut count = 0;
    while !payload.is_empty() && count < 18 {
        let length = match payload[0] {
            alloy_rlp::EMPTY_STRING_CODE => 1,
            HASH_CODE => 33,
            _ => {
                let header = RlpHeader::decode(&mut payload).map_err(|_| NodeError::BadRlp)?;
                header.payload_length
            }
        };
        payload = payload.get(length..).ok_or(NodeError::BadRlp)?;
        count += 1;
    }
    Ok(count)
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRlp => f.write_str("not RLP"),
            Self::ElementCount(got) => {
                write!(f, "number of list elements: expected 2 or 17, got {got}")
            }
            Self::ExcessBytes => f.write_str("bytes behind the node"),
            Self::Incomplete => f.write_str("path without its first byte"),
            Self::OversizedEmbedded(got) => {
                write!(f, "embedded node: expected less than 32 bytes, got {got}")
            }
            Self::ReferenceLength(got) => {
                write!(f, "length of a reference: expected 0 or 32, got {got}")
            }
        }
    }
}

impl std::error::Error for NodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_node_is_refused() {
        assert_eq!(Node::decode(&[]), Err(NodeError::BadRlp));
        assert_eq!(Node::decode(&[0xc0]), Err(NodeError::ElementCount(0)));
        assert_eq!(Node::decode(&[0xc3, 1, 2, 3]), Err(NodeError::ElementCount(3)));
        assert_eq!(Node::decode(&[0xc2, 0x80, 0x80]), Err(NodeError::Incomplete));
        assert_eq!(Node::decode(&[0xc2, 0x00, 0x01]), Err(NodeError::ReferenceLength(1)));
        assert_eq!(Node::decode(&[0xc2, 0x20, 0x01, 0x00]), Err(NodeError::ExcessBytes));
    }

    #[test]
    fn compact_paths_read_back() {
        for path in [&[][..], &[1], &[1, 2], &[15, 0, 7]] {
            let bytes = encode_leaf(path, &[9]);
            let node = Node::decode(&bytes).unwrap();
            assert_eq!(node, Node::Short { key: path.into(), child: Child::Value(&[9]) });
        }
    }
}
