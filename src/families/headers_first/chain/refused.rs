use std::collections::VecDeque;

use crate::machine::FastSet;
use crate::primitives::bitcoin::BlockHash;

/// How many refused blocks are remembered.
const MAX_REFUSED: usize = 1_000;

/// Blocks that were refused and are not on the tree, so that they and what builds on them are not
/// fetched again and again from peers who are on their chain in good faith.
#[derive(Clone, Debug, Default)]
pub(super) struct Refused {
    hashes: FastSet<BlockHash>,
    oldest_first: VecDeque<BlockHash>,
}

impl Refused {
    pub(super) fn add(&mut self, hash: BlockHash) {
        if self.hashes.insert(hash) {
            self.oldest_first.push_back(hash);
        }
        if self.oldest_first.len() > MAX_REFUSED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.hashes.swap_remove(&oldest);
        }
    }

    pub(super) fn contains(&self, hash: &BlockHash) -> bool {
        !self.hashes.is_empty() && self.hashes.contains(hash)
    }
}
