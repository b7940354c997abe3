//! The chain as locators and answers see it.

use crate::families::headers_first::{BlockSource, ChainView};
use crate::primitives::bitcoin::{Block, BlockHash, Header};

use super::Chain;

impl ChainView for Chain {
    fn tip_height(&self) -> u32 {
        Self::tip_height(self)
    }

    fn hash_at(&self, height: u32) -> Option<BlockHash> {
        self.best.get(height as usize).map(|id| self.hash(*id))
    }

    fn height_of(&self, hash: &BlockHash) -> Option<u32> {
        let id = self.find(hash)?;
        self.is_best(id).then(|| self.height(id))
    }

    fn ancestor(&self, hash: &BlockHash, height: u32) -> Option<BlockHash> {
        let id = self.find(hash)?;
        (height <= self.height(id)).then(|| self.hash(Self::ancestor(self, id, height)))
    }

    fn known_height(&self, hash: &BlockHash) -> Option<u32> {
        self.find(hash).map(|id| self.height(id))
    }
}

impl BlockSource for Chain {
    fn header(&self, hash: &BlockHash) -> Option<Header> {
        self.find(hash).map(|id| Self::header(self, id).clone())
    }

    fn block(&self, hash: &BlockHash) -> Option<Block> {
        self.find(hash).and_then(|id| Self::block(self, id))
    }
}
