//! All known headers as a compact tree.

use crate::primitives::bitcoin::{Block, BlockHash, Header};

use crate::families::headers_first::Network;
use crate::families::headers_first::rules::{MEDIAN_TIME_HEADERS, Place, RETARGET_BLOCKS};

/// A known header. Parents have smaller numbers than their children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

impl NodeId {
    pub(crate) const GENESIS: Self = Self(0);
}

/// The work of a chain from genesis on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Work([u64; 2]);

impl Work {
    /// The work that difficulty bits stand for. Beyond 2^128 it is cut off: no header shows that.
    pub(super) fn of(header: &Header) -> Self {
        let bytes = header.fields().work().to_be_bytes();
        let (high, low) = bytes.split_at(16);
        let work = if high.iter().any(|byte| *byte != 0) {
            u128::MAX
        } else {
            low.iter().fold(0, |work, byte| (work << 8) | u128::from(*byte))
        };
        Self::from_u128(work)
    }

    fn plus(self, other: Self) -> Self {
        Self::from_u128(self.to_u128().saturating_add(other.to_u128()))
    }

    const fn from_u128(work: u128) -> Self {
        Self([(work >> 64) as u64, work as u64])
    }

    const fn to_u128(self) -> u128 {
        ((self.0[0] as u128) << 64) | self.0[1] as u128
    }
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) header: Header,
    /// The transactions of its block, encoded: as values they would take four times the memory.
    body: Option<Box<[u8]>>,
    /// In two halves, for a `u128` would make the node larger.
    pub(super) work: Work,
    pub(super) parent: NodeId,
    /// An ancestor far below, so that ancestors are found in logarithmic time.
    skip: NodeId,
    pub(super) height: u32,
    time: u32,
    /// Its block, or that of an ancestor, is known to be invalid.
    pub(super) invalid: bool,
}

impl Node {
    pub(super) fn has_block(&self) -> bool {
        self.body.is_some()
    }

    pub(super) fn block(&self) -> Option<Block> {
        let body = self.body.as_ref()?;
        Some(Block::decode(self.header.clone(), body).expect("the body was encoded here"))
    }
}

/// The tree. A million headers take about 80 bytes each beside the headers themselves.
#[derive(Clone, Debug)]
pub(super) struct Arena {
    nodes: Vec<Node>,
    /// Open addressing over the nodes: a number is one more than a node's, 0 is a free slot.
    slots: Vec<u32>,
    /// The work of the last header: most headers have the difficulty of the one before.
    last_work: (u32, Work),
}

impl Arena {
    pub(super) fn new(genesis: Block) -> Self {
        let header = genesis.header().clone();
        let work = Work::of(&header);
        let last_work = (header.fields().bits.to_consensus(), work);
        let node = Node {
            time: header.fields().time,
            header,
            body: Some(genesis.encode_transactions()),
            work,
            parent: NodeId::GENESIS,
            skip: NodeId::GENESIS,
            height: 0,
            invalid: false,
        };
        let mut arena = Self { nodes: vec![node], slots: vec![0; 64], last_work };
        arena.index(NodeId::GENESIS);
        arena
    }

    pub(super) fn insert(&mut self, parent: NodeId, header: &Header) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer headers than 2^32"));
        let height = self[parent].height + 1;
        let bits = header.fields().bits.to_consensus();
        if self.last_work.0 != bits {
            self.last_work = (bits, Work::of(header));
        }
        let node = Node {
            header: header.clone(),
            body: None,
            work: self[parent].work.plus(self.last_work.1),
            parent,
            skip: self.ancestor(parent, skip_height(height)),
            height,
            time: header.fields().time,
            invalid: false,
        };
        self.nodes.push(node);
        if self.nodes.len() * 2 > self.slots.len() {
            self.slots = vec![0; self.slots.len() * 2];
            for id in 0..id.0 {
                self.index(NodeId(id));
            }
        }
        self.index(id);
        id
    }

    pub(super) fn find(&self, hash: &BlockHash) -> Option<NodeId> {
        let mut slot = self.first_slot(hash);
        loop {
            let id = NodeId(self.slots[slot].checked_sub(1)?);
            if self[id].header.hash() == *hash {
                return Some(id);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// The ancestor at a height; the node itself if the height is its own or above.
    pub(super) fn ancestor(&self, mut id: NodeId, height: u32) -> NodeId {
        loop {
            let node = &self[id];
            if node.height <= height {
                return id;
            }
            // Where the next skip from the parent goes far but not too far, step once first.
            let skip = skip_height(node.height);
            let next = skip_height(node.height - 1);
            let skips = skip == height || (skip > height && !(next + 2 < skip && next >= height));
            id = if skips { node.skip } else { node.parent };
        }
    }

    /// The last common ancestor of two nodes.
    pub(super) fn fork(&self, a: NodeId, b: NodeId) -> NodeId {
        let height = self[a].height.min(self[b].height);
        let (mut a, mut b) = (self.ancestor(a, height), self.ancestor(b, height));
        while a != b {
            let (left, right) = (&self[a], &self[b]);
            // At one height both skips go to one height.
            (a, b) = if left.skip != right.skip {
                (left.skip, right.skip)
            } else {
                (left.parent, right.parent)
            };
        }
        a
    }

    /// Where a child of `parent` would stand.
    pub(super) fn place_after(&self, network: Network, parent: NodeId) -> Place {
        let node = &self[parent];
        let height = node.height + 1;
        let interval_s = network.retargets_at(height).then(|| {
            let first = self.ancestor(parent, height - RETARGET_BLOCKS);
            i64::from(node.time) - i64::from(self[first].time)
        });
        Place {
            height,
            parent_bits: node.header.fields().bits,
            median_time: self.median_time(parent),
            interval_s,
        }
    }

    /// Marks a node and all that build on it.
    pub(super) fn mark_invalid(&mut self, id: NodeId) {
        self.nodes[id.0 as usize].invalid = true;
        for child in id.0 as usize + 1..self.nodes.len() {
            if self[self.nodes[child].parent].invalid {
                self.nodes[child].invalid = true;
            }
        }
    }

    /// All stored blocks but genesis, parents first.
    pub(super) fn stored(&self) -> impl Iterator<Item = Block> {
        self.nodes[1..].iter().filter_map(Node::block)
    }

    /// The node with the most work that is not invalid; of several the first.
    pub(super) fn best_valid(&self) -> NodeId {
        let mut best = NodeId::GENESIS;
        for id in (0..self.nodes.len() as u32).map(NodeId) {
            if !self[id].invalid && self[id].work > self[best].work {
                best = id;
            }
        }
        best
    }

    pub(super) fn store(&mut self, id: NodeId, block: &Block) {
        self.nodes[id.0 as usize].body = Some(block.encode_transactions());
    }

    fn median_time(&self, mut id: NodeId) -> u32 {
        let mut times = [0; MEDIAN_TIME_HEADERS];
        let mut count = 0;
        for time in &mut times {
            *time = self[id].time;
            count += 1;
            if id == NodeId::GENESIS {
                break;
            }
            id = self[id].parent;
        }
        let times = &mut times[..count];
        times.sort_unstable();
        times[count / 2]
    }

    fn index(&mut self, id: NodeId) {
        let mut slot = self.first_slot(&self[id].header.hash());
        while self.slots[slot] != 0 {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.slots[slot] = id.0 + 1;
    }

    /// The first bytes of a hash in wire order are uniform: work makes zeros at the other end.
    fn first_slot(&self, hash: &BlockHash) -> usize {
        let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h]) as usize & (self.slots.len() - 1)
    }
}

impl std::ops::Index<NodeId> for Arena {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }
}

/// The height that a node's skip goes to, by its own height: the fewer bits are set, the farther
/// (after `GetSkipHeight` of Bitcoin Core's `chain.cpp`).
const fn skip_height(height: u32) -> u32 {
    if height < 2 {
        return 0;
    }
    if height & 1 == 1 {
        without_lowest_bit(without_lowest_bit(height - 1)) + 1
    } else {
        without_lowest_bit(height)
    }
}

const fn without_lowest_bit(number: u32) -> u32 {
    number & number.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_stay_small() {
        assert!(size_of::<Node>() <= 64, "{}", size_of::<Node>());
    }

    #[test]
    fn skips_go_down() {
        for height in 2..10_000 {
            assert!(skip_height(height) < height, "{height}");
        }
    }
}
