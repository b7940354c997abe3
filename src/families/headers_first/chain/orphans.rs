//! Blocks whose parents are missing.

use crate::machine::{FastMap, Millis, Time};
use crate::primitives::bitcoin::{Block, BlockHash};

/// How many are kept (btcd: `maxOrphanBlocks`).
pub(super) const MAX_ORPHANS: usize = 100;

/// How long one is kept.
const LIFETIME_MS: Millis = 60 * 60 * 1_000;

#[derive(Clone, Debug, Default)]
pub(super) struct Orphans {
    /// In the order in which they came, so the first is the oldest.
    blocks: FastMap<BlockHash, Orphan>,
}

#[derive(Clone, Debug)]
struct Orphan {
    block: Block,
    expires: Time,
}

impl Orphans {
    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    pub(super) fn contains(&self, hash: &BlockHash) -> bool {
        !self.blocks.is_empty() && self.blocks.contains_key(hash)
    }

    /// Keeps a block and says whether others had to go.
    pub(super) fn add(&mut self, now: Time, block: &Block, limit: usize) -> bool {
        let before = self.blocks.len();
        self.blocks.retain(|_, orphan| orphan.expires > now);
        if self.blocks.len() >= limit {
            self.blocks.shift_remove_index(0);
        }
        let evicted = self.blocks.len() < before;
        let orphan = Orphan { block: block.clone(), expires: now + LIFETIME_MS };
        self.blocks.insert(block.hash(), orphan);
        evicted
    }

    /// Takes out a block that builds on `parent`.
    pub(super) fn take_child(&mut self, parent: &BlockHash) -> Option<Block> {
        if self.blocks.is_empty() {
            return None;
        }
        let index = self.blocks.values().position(|orphan| orphan.block.parent() == *parent)?;
        self.blocks.shift_remove_index(index).map(|(_, orphan)| orphan.block)
    }

    /// The orphan that the chain of orphans up to `hash` begins with.
    pub(super) fn root(&self, hash: &BlockHash) -> BlockHash {
        let mut root = *hash;
        // The pool is a forest, for nobody finds a cycle of hashes.
        while let Some(orphan) = self.blocks.get(&root) {
            let parent = orphan.block.parent();
            if !self.blocks.contains_key(&parent) {
                break;
            }
            root = parent;
        }
        root
    }

    pub(super) fn clear(&mut self) {
        self.blocks.clear();
    }
}
