use crate::machine::Time;
use crate::primitives::bitcoin::{Block, BlockHash, Header};

use crate::families::headers_first::rules::{
    check_block_in_place, check_block_whole, check_header_alone, check_header_in_place,
};
use crate::families::headers_first::{Checkpoint, Fault, Network};

use super::arena::{Arena, NodeId, Work};
use super::orphans::{MAX_ORPHANS, Orphans};
use super::refused::Refused;

/// All known headers and blocks, the best chain of blocks and the best chain of headers.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    network: Network,
    checkpoints: Vec<Checkpoint>,
    pub(super) nodes: Arena,
    /// The best chain of blocks, by height.
    pub(super) best: Vec<NodeId>,
    best_header: NodeId,
    /// The height of the last checkpoint on the best chain.
    reached: Option<u32>,
    orphans: Orphans,
    /// Blocks whose headers were refused, and what builds on them: the newest of them.
    refused: Refused,
    /// How many orphans are kept.
    pub(crate) orphan_limit: usize,
    /// What is not checked; nothing, but in mutants.
    pub(crate) unchecked: Unchecked,
}

/// Checks that a faulty chain leaves out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unchecked {
    /// A header whose height has a checkpoint may have any hash.
    pub(crate) checkpoints: bool,
    /// A block whose transactions are not those of its header condemns the header.
    pub(crate) mutated_is_invalid: bool,
    /// Headers need no work.
    pub(crate) work: bool,
}

/// What became of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockOutcome {
    /// Its parent is missing; it is kept aside.
    Orphan {
        /// Others had to go for it.
        evicted: bool,
    },
    /// It is wrong.
    Rejected(Fault),
    /// It is part of a chain.
    Stored {
        /// Its place.
        id: NodeId,
        /// The best chain has changed, and this block is its tip.
        is_tip: bool,
    },
}

impl Chain {
    pub(crate) fn new(network: Network, checkpoints: &[Checkpoint]) -> Self {
        let mut chain = Self {
            network,
            checkpoints: checkpoints.to_vec(),
            nodes: Arena::new(network.genesis()),
            best: vec![NodeId::GENESIS],
            best_header: NodeId::GENESIS,
            reached: None,
            orphans: Orphans::default(),
            refused: Refused::default(),
            orphan_limit: MAX_ORPHANS,
            unchecked: Unchecked::default(),
        };
        chain.note_reached();
        chain
    }

    /// Takes a block from the store, where only checked blocks are.
    pub(crate) fn restore(&mut self, block: &Block) {
        let Some(parent) = self.find(&block.parent()) else { return };
        let id = match self.find(&block.hash()) {
            Some(id) => id,
            None => self.add_header(parent, block.header()),
        };
        self.nodes.store(id, block);
        self.extend_best(id);
    }

    /// Puts a header on the tree. Gives back whether it is new.
    ///
    /// Known headers are not checked again, on whatever branch they are.
    pub(crate) fn accept_header(
        &mut self,
        header: &Header,
        unix_now: u32,
    ) -> Result<(NodeId, bool), Fault> {
        if let Some(id) = self.find(&header.hash()) {
            return if self.nodes[id].invalid { Err(Fault::BadAncestor) } else { Ok((id, false)) };
        }
        let parent = self.find(&header.parent()).ok_or(Fault::ParentUnknown)?;
        if self.nodes[parent].invalid {
            return Err(Fault::BadAncestor);
        }
        match check_header_alone(self.network, header, unix_now) {
            Err(Fault::BadProofOfWork) if self.unchecked.work => {}
            checked => checked?,
        }
        self.check_on_parent(parent, header)?;
        Ok((self.add_header(parent, header), true))
    }

    /// Puts a block on the tree, or keeps it until its parent is there.
    pub(crate) fn accept_block(&mut self, block: &Block, now: Time, unix_now: u32) -> BlockOutcome {
        match self.check_and_place(block, unix_now) {
            Err(fault) => {
                if is_final(fault) {
                    self.refused.add(block.hash());
                }
                BlockOutcome::Rejected(fault)
            }
            Ok(None) => {
                let evicted = self.orphans.add(now, block, self.orphan_limit);
                BlockOutcome::Orphan { evicted }
            }
            Ok(Some(id)) => {
                self.nodes.store(id, block);
                BlockOutcome::Stored { id, is_tip: self.extend_best(id) }
            }
        }
    }

    /// Takes a block that waited for `parent` out of the orphans.
    pub(crate) fn take_orphan_of(&mut self, parent: &BlockHash) -> Option<Block> {
        self.orphans.take_child(parent)
    }

    /// Forgets what is not durable: orphans, and headers that have no block where the client does
    /// not store them.
    pub(crate) fn restart(&mut self, headers_are_stored: bool) {
        self.orphans.clear();
        if !headers_are_stored {
            let mut fresh = Self::new(self.network, &self.checkpoints);
            fresh.orphan_limit = self.orphan_limit;
            fresh.unchecked = self.unchecked;
            for block in self.nodes.stored() {
                fresh.restore(&block);
            }
            *self = fresh;
        }
    }

    pub(crate) fn checkpoints(&self) -> &[Checkpoint] {
        &self.checkpoints
    }

    pub(crate) fn find(&self, hash: &BlockHash) -> Option<NodeId> {
        self.nodes.find(hash)
    }

    pub(crate) fn hash(&self, id: NodeId) -> BlockHash {
        self.nodes[id].header.hash()
    }

    pub(crate) fn header(&self, id: NodeId) -> &Header {
        &self.nodes[id].header
    }

    pub(crate) fn height(&self, id: NodeId) -> u32 {
        self.nodes[id].height
    }

    pub(crate) fn work(&self, id: NodeId) -> Work {
        self.nodes[id].work
    }

    pub(crate) fn parent(&self, id: NodeId) -> NodeId {
        self.nodes[id].parent
    }

    pub(crate) fn is_invalid(&self, id: NodeId) -> bool {
        self.nodes[id].invalid
    }

    pub(crate) fn has_block(&self, id: NodeId) -> bool {
        self.nodes[id].has_block()
    }

    pub(crate) fn block(&self, id: NodeId) -> Option<Block> {
        self.nodes[id].block()
    }

    /// Whether a block can never be part of a chain, as far as is remembered.
    pub(crate) fn is_refused(&self, hash: &BlockHash) -> bool {
        self.find(hash).map_or_else(|| self.refused.contains(hash), |id| self.is_invalid(id))
    }

    /// Whether a block is stored or waits among the orphans (btcd: `HaveBlock`).
    pub(crate) fn has(&self, hash: &BlockHash) -> bool {
        self.find(hash).is_some_and(|id| self.has_block(id)) || self.orphans.contains(hash)
    }

    pub(crate) fn is_orphan(&self, hash: &BlockHash) -> bool {
        self.orphans.contains(hash)
    }

    pub(crate) fn orphan_root(&self, hash: &BlockHash) -> BlockHash {
        self.orphans.root(hash)
    }

    pub(crate) fn orphans(&self) -> usize {
        self.orphans.len()
    }

    pub(crate) fn tip(&self) -> NodeId {
        *self.best.last().expect("genesis is always there")
    }

    pub(crate) fn tip_height(&self) -> u32 {
        self.height(self.tip())
    }

    pub(crate) fn best_header(&self) -> NodeId {
        self.best_header
    }

    /// Whether a block is on the best chain.
    pub(crate) fn is_best(&self, id: NodeId) -> bool {
        self.best.get(self.nodes[id].height as usize) == Some(&id)
    }

    pub(crate) fn ancestor(&self, id: NodeId, height: u32) -> NodeId {
        self.nodes.ancestor(id, height)
    }

    /// The last common ancestor of two blocks.
    pub(crate) fn fork(&self, a: NodeId, b: NodeId) -> NodeId {
        self.nodes.fork(a, b)
    }

    /// The first checkpoint above a height (btcd: `findNextHeaderCheckpoint`).
    pub(crate) fn next_checkpoint(&self, height: u32) -> Option<Checkpoint> {
        self.checkpoints.iter().find(|checkpoint| checkpoint.height > height).copied()
    }

    /// Whether the best chain has passed all checkpoints and its tip is younger than a day
    /// (btcd: `isCurrent`).
    pub(crate) fn is_current(&self, unix_now: u32) -> bool {
        let tip = self.tip();
        self.checkpoints.last().is_none_or(|last| self.height(tip) >= last.height)
            && self.header(tip).fields().time >= unix_now.saturating_sub(24 * 60 * 60)
    }

    /// The node that a block belongs to; `None` if its parent's block is not there.
    fn check_and_place(&mut self, block: &Block, unix_now: u32) -> Result<Option<NodeId>, Fault> {
        let known = self.find(&block.hash());
        if known.is_some_and(|id| self.has_block(id)) || self.orphans.contains(&block.hash()) {
            return Err(Fault::Duplicate);
        }
        if known.is_some_and(|id| self.nodes[id].invalid) {
            return Err(Fault::BadAncestor);
        }
        if known.is_none() {
            check_header_alone(self.network, block.header(), unix_now)?;
        }
        if let Err(fault) = check_block_whole(block) {
            if let Some(id) = known
                && self.unchecked.mutated_is_invalid
            {
                self.condemn(id);
            }
            return Err(fault);
        }
        let parent = match self.find(&block.parent()) {
            Some(parent) if self.nodes[parent].invalid => {
                // What builds on this block shall not wait for it among the orphans.
                if known.is_none() && self.check_on_parent(parent, block.header()).is_ok() {
                    let id = self.nodes.insert(parent, block.header());
                    self.nodes.mark_invalid(id);
                }
                return Err(Fault::BadAncestor);
            }
            Some(parent) if self.has_block(parent) => parent,
            None if self.refused.contains(&block.parent()) => return Err(Fault::BadAncestor),
            _ => return Ok(None),
        };
        if known.is_none() {
            self.check_on_parent(parent, block.header())?;
        }
        let height = self.nodes[parent].height + 1;
        let checked = check_block_in_place(self.network, height, block);
        let id = known.unwrap_or_else(|| self.add_header(parent, block.header()));
        match checked {
            Ok(()) => Ok(Some(id)),
            Err(fault) => {
                self.condemn(id);
                Err(fault)
            }
        }
    }

    fn check_on_parent(&self, parent: NodeId, header: &Header) -> Result<(), Fault> {
        let place = self.nodes.place_after(self.network, parent);
        check_header_in_place(self.network, &place, header)?;
        let wrong = |checkpoint: &Checkpoint| {
            checkpoint.height == place.height && checkpoint.hash != header.hash()
        };
        if !self.unchecked.checkpoints && self.checkpoints.iter().any(wrong) {
            return Err(Fault::CheckpointMismatch);
        }
        let below = self.reached.is_some_and(|reached| place.height < reached);
        if below {
            return Err(Fault::ForkBelowCheckpoint);
        }
        Ok(())
    }

    fn add_header(&mut self, parent: NodeId, header: &Header) -> NodeId {
        let id = self.nodes.insert(parent, header);
        if self.work(id) > self.work(self.best_header) {
            self.best_header = id;
        }
        id
    }

    /// The block can never be part of a chain, nor can what builds on it.
    fn condemn(&mut self, id: NodeId) {
        self.nodes.mark_invalid(id);
        if self.nodes[self.best_header].invalid {
            self.best_header = self.nodes.best_valid();
        }
    }

    /// Makes a stored block the tip if its chain has more work; of equal ones the first stays.
    fn extend_best(&mut self, id: NodeId) -> bool {
        if self.work(id) <= self.work(self.tip()) {
            return false;
        }
        if self.parent(id) == self.tip() {
            self.best.push(id);
        } else {
            self.reorganize(id);
        }
        self.note_reached();
        true
    }

    fn reorganize(&mut self, tip: NodeId) {
        let mut branch = Vec::new();
        let mut id = tip;
        while !self.is_best(id) {
            branch.push(id);
            id = self.parent(id);
        }
        self.best.truncate(self.nodes[id].height as usize + 1);
        self.best.extend(branch.into_iter().rev());
    }

    fn note_reached(&mut self) {
        let on_best = |checkpoint: &&Checkpoint| {
            let id = self.best.get(checkpoint.height as usize);
            id.is_some_and(|id| self.hash(*id) == checkpoint.hash)
        };
        self.reached = self.checkpoints.iter().rev().find(on_best).map(|found| found.height);
    }
}

/// Whether a block with this fault is wrong in itself and for ever. Another copy of a block that
/// was changed on its way may be right.
fn is_final(fault: Fault) -> bool {
    !matches!(
        fault,
        Fault::BadMerkleRoot | Fault::Duplicate | Fault::NoCoinbase | Fault::TimeTooNew
    )
}
