use std::collections::VecDeque;

use crate::families::headers_first::Hello;
use crate::families::headers_first::chain::NodeId;
use crate::machine::{FastSet, LookupMap, Millis, PeerId, Time};
use crate::primitives::bitcoin::BlockHash;

/// How many items a peer is known to know (btcd: `maxKnownInventory`).
pub(super) const MAX_KNOWN_INVENTORY: usize = 1_000;

/// What the manager knows of a connected peer.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(super) id: PeerId,
    pub(super) hello: Hello,
    pub(super) connected_at: Time,
    /// The height that it is believed to have.
    pub(crate) last_block: u32,
    /// The last block that it announced.
    pub(crate) last_announced: Option<BlockHash>,
    /// Blocks that it announced and then did not have.
    pub(super) not_found: KnownInventory,
    /// Until when its promises do not count, for it has just broken them.
    pub(super) doubted_until: Option<Time>,
    /// The header with the most work that it has shown.
    pub(crate) best_known: Option<NodeId>,
    /// Blocks that were asked of it.
    pub(crate) requested: FastSet<BlockHash>,
    /// Transactions that were asked of it.
    pub(super) requested_transactions: FastSet<BlockHash>,
    /// Blocks that it announced and that were not yet asked of it.
    pub(super) queue: VecDeque<BlockHash>,
    /// Since when it owes blocks.
    pub(crate) owes_since: Option<Time>,
    /// What it has earned by delivering, beyond the time that every peer has.
    pub(super) earned: Millis,
    /// When headers must be here.
    pub(crate) headers_due: Option<Time>,
    /// When something in answer to getdata must be here.
    pub(crate) data_due: Option<Time>,
    /// When an inv in answer to getblocks must be here; never, for silence is an answer.
    pub(crate) inv_due: Option<Time>,
    /// The first hash and the stop of the last getblocks.
    pub(super) last_get_blocks: Option<(BlockHash, BlockHash)>,
    /// Until when an answer to that may come; nothing, if it has come.
    pub(super) get_blocks_open_until: Option<Time>,
    /// The last orphan that it sent, of which the parents are asked for once it owes nothing.
    pub(super) last_orphan: Option<BlockHash>,
    /// How often it was asked for the parents of orphans while the tip was this one.
    pub(super) parents_asked: (BlockHash, u32),
    /// It asked for announcements by headers.
    pub(crate) wants_headers: bool,
    /// The last hash of a full answer to getblocks.
    pub(crate) continue_hash: Option<BlockHash>,
    pub(super) known: KnownInventory,
    /// Transactions to announce with the next batch.
    pub(super) trickle: VecDeque<BlockHash>,
    /// When that is.
    pub(super) trickle_at: Option<Time>,
}

impl Peer {
    pub(super) fn new(id: PeerId, hello: Hello, now: Time) -> Self {
        Self {
            id,
            last_block: hello.start_height,
            hello,
            connected_at: now,
            last_announced: None,
            not_found: KnownInventory::default(),
            doubted_until: None,
            best_known: None,
            requested: FastSet::default(),
            requested_transactions: FastSet::default(),
            queue: VecDeque::new(),
            owes_since: None,
            earned: 0,
            headers_due: None,
            data_due: None,
            inv_due: None,
            last_get_blocks: None,
            get_blocks_open_until: None,
            last_orphan: None,
            parents_asked: (BlockHash::ZERO, 0),
            wants_headers: false,
            continue_hash: None,
            known: KnownInventory::default(),
            trickle: VecDeque::new(),
            trickle_at: None,
        }
    }

    /// Whether headers were asked of it and are not here.
    pub(super) fn owes_headers(&self) -> bool {
        self.headers_due.is_some()
    }

    /// Its height never goes down by this (bchd 1f9a4295 let it).
    pub(super) fn raise_last_block(&mut self, height: u32) {
        self.last_block = self.last_block.max(height);
    }
}

/// The newest items that a peer announced, or was told of.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownInventory {
    /// When each item was last added.
    added: LookupMap<BlockHash, u64>,
    /// The same by time, with entries of items that were added again since.
    oldest_first: VecDeque<(u64, BlockHash)>,
    adds: u64,
}

impl KnownInventory {
    /// An item that is added again is new again (dcrd lru `Cache.Add`).
    pub(super) fn add(&mut self, hash: BlockHash, limit: usize) {
        if self.oldest_first.back().is_some_and(|(_, newest)| *newest == hash) {
            return;
        }
        self.adds += 1;
        self.added.insert(hash, self.adds);
        self.oldest_first.push_back((self.adds, hash));
        while self.added.len() > limit
            && let Some((at, oldest)) = self.oldest_first.pop_front()
        {
            if self.added.get(&oldest) == Some(&at) {
                self.added.remove(&oldest);
            }
        }
        if self.oldest_first.len() > 2 * limit {
            self.oldest_first.retain(|(at, hash)| self.added.get(hash) == Some(at));
        }
    }

    pub(super) fn contains(&self, hash: &BlockHash) -> bool {
        self.added.contains_key(hash)
    }

    pub(super) fn len(&self) -> usize {
        self.added.len()
    }
}
