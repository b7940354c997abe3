use crate::machine::LookupSet;
use crate::primitives::ethereum_state::Hash32;

/// What the subject has made durable: it outlives the process. Nobody reads the bytes again, so the
/// hashes stand for them.
///
/// Nodes and code have key spaces of their own, as in geth since #21080: a code blob does not make
/// a trie node of the same hash present.
#[derive(Clone, Debug, Default)]
pub struct Store {
    nodes: LookupSet<Hash32>,
    codes: LookupSet<Hash32>,
    /// How many state entries were written so far (geth: `TrieSync` in the database).
    pub entries_written: u64,
    /// The last pivot that was chosen (geth: `LastPivot`).
    pub last_pivot: Option<u32>,
    /// The last block that was imported with its receipts, without execution.
    pub fast_head: u32,
    /// The last block that was imported in full, or committed as pivot.
    pub full_head: u32,
}

/// What is written in one atomic step, children before parents; the hashes stand for the bytes.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Trie nodes.
    pub nodes: Vec<Hash32>,
    /// Code.
    pub codes: Vec<Hash32>,
}

impl Store {
    /// Whether a trie node is stored.
    pub fn has_node(&self, hash: &Hash32) -> bool {
        self.nodes.contains(hash)
    }

    /// Whether a code is stored.
    pub fn has_code(&self, hash: &Hash32) -> bool {
        self.codes.contains(hash)
    }

    /// Writes a batch as one.
    pub fn write(&mut self, batch: &Batch) {
        self.nodes.extend(batch.nodes.iter().copied());
        self.codes.extend(batch.codes.iter().copied());
    }
}

impl Batch {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.codes.is_empty()
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.nodes.len() + self.codes.len()
    }
}
