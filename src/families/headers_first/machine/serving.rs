use crate::families::headers_first::chain::{Chain, NodeId};
use crate::families::headers_first::{
    BlockSource, ChainView, HeadersFirst, Inventory, Message, answer_get_blocks, answer_get_data,
    answer_get_headers,
};
use crate::machine::{FastSet, Outbox, PeerId, Time};
use crate::primitives::bitcoin::{Block, BlockHash, Header};

use super::SyncManager;
use super::peer::MAX_KNOWN_INVENTORY;

/// What can be served.
struct Shelf<'a> {
    chain: &'a Chain,
    mempool: &'a FastSet<BlockHash>,
}

impl SyncManager {
    pub(super) fn handle_get_headers(
        &self,
        now: Time,
        id: PeerId,
        locator: &[BlockHash],
        stop: &BlockHash,
        out: &mut Outbox<HeadersFirst>,
    ) {
        let is_current = self.is_current(now);
        if let Some(answer) = answer_get_headers(&self.shelf(), locator, stop, is_current) {
            out.send(id, answer);
        }
    }

    pub(super) fn handle_get_blocks(
        &mut self,
        id: PeerId,
        locator: &[BlockHash],
        stop: &BlockHash,
        out: &mut Outbox<HeadersFirst>,
    ) {
        let shelf = Shelf { chain: &self.chain, mempool: &self.mempool };
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if let Some(answer) = answer_get_blocks(&shelf, locator, stop, &mut peer.continue_hash) {
            out.send(id, answer);
        }
    }

    pub(super) fn handle_get_data(
        &mut self,
        id: PeerId,
        items: &[Inventory],
        out: &mut Outbox<HeadersFirst>,
    ) {
        let shelf = Shelf { chain: &self.chain, mempool: &self.mempool };
        let Some(peer) = self.peers.get_mut(&id) else { return };
        for answer in answer_get_data(&shelf, items, &mut peer.continue_hash) {
            out.send(id, answer);
        }
    }

    /// Announces a block to all who do not know it, by its header to those who asked for that
    /// (btcd: `handleRelayInvMsg`). Who is not current has nothing new to tell.
    ///
    /// DIFFERENCE: btcd sends the header also to the peer that the block came from, and again if
    /// the block comes twice (dcrd b413da23).
    pub(super) fn relay_block(&mut self, now: Time, node: NodeId, out: &mut Outbox<HeadersFirst>) {
        if !self.is_current(now) {
            return;
        }
        let hash = self.chain.hash(node);
        for peer in self.peers.values_mut() {
            if peer.known.contains(&hash) && !self.quirks.announces_to_all {
                continue;
            }
            peer.known.add(hash, MAX_KNOWN_INVENTORY);
            let announcement = if peer.wants_headers {
                Message::Headers { headers: vec![self.chain.header(node).clone()] }
            } else {
                Message::Inv { items: vec![Inventory::block(hash)] }
            };
            out.send(peer.id, announcement);
        }
    }

    /// Puts a transaction into the next batch for all who do not know it.
    pub(super) fn relay_transaction(&mut self, now: Time, transaction: BlockHash) {
        for peer in self.peers.values_mut() {
            if !peer.known.contains(&transaction) {
                peer.queue_transaction(now, transaction);
            }
        }
    }

    /// The answer to getheaders without a stop.
    pub(crate) fn headers_after(&self, now: Time, locator: &[BlockHash]) -> Option<Message> {
        answer_get_headers(&self.shelf(), locator, &BlockHash::ZERO, self.is_current(now))
    }

    fn shelf(&self) -> Shelf<'_> {
        Shelf { chain: &self.chain, mempool: &self.mempool }
    }
}

impl ChainView for Shelf<'_> {
    fn tip_height(&self) -> u32 {
        self.chain.tip_height()
    }

    fn hash_at(&self, height: u32) -> Option<BlockHash> {
        self.chain.hash_at(height)
    }

    fn height_of(&self, hash: &BlockHash) -> Option<u32> {
        self.chain.height_of(hash)
    }

    fn ancestor(&self, hash: &BlockHash, height: u32) -> Option<BlockHash> {
        ChainView::ancestor(self.chain, hash, height)
    }

    fn known_height(&self, hash: &BlockHash) -> Option<u32> {
        self.chain.known_height(hash)
    }
}

impl BlockSource for Shelf<'_> {
    fn header(&self, hash: &BlockHash) -> Option<Header> {
        BlockSource::header(self.chain, hash)
    }

    fn block(&self, hash: &BlockHash) -> Option<Block> {
        BlockSource::block(self.chain, hash)
    }

    fn transaction(&self, id: &BlockHash) -> Option<Message> {
        self.mempool.contains(id).then_some(Message::Tx { id: *id, raw: None })
    }
}
