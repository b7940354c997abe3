use std::collections::VecDeque;

use crate::families::headers_first::chain::{BlockOutcome, NodeId};
use crate::families::headers_first::{
    Checkpoint, Event, Fault, HeadersFirst, Inventory, Message, Reason, latest_locator,
};
use crate::machine::{Outbox, PeerId, Time};
use crate::primitives::bitcoin::{Block, BlockHash};

use super::SyncManager;
use super::peer::{MAX_KNOWN_INVENTORY, Peer};
use super::sync::EARNED_MS;

impl SyncManager {
    /// A block, which must have been asked of this peer (btcd: `handleBlockMsg`).
    pub(super) fn handle_block(
        &mut self,
        now: Time,
        id: PeerId,
        block: &Block,
        out: &mut Outbox<HeadersFirst>,
    ) {
        let hash = block.hash();
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if !peer.requested.swap_remove(&hash) {
            self.drop_peer(now, id, Reason::UnrequestedBlock {}, out);
            return;
        }
        peer.data_due = None;
        peer.known.add(hash, MAX_KNOWN_INVENTORY);
        peer.note_paid();
        self.in_flight.swap_remove(&hash);
        let unix_now = self.unix_now(now);
        match self.chain.accept_block(block, now, unix_now) {
            BlockOutcome::Orphan { evicted } => self.note_orphan(now, id, block, evicted, out),
            BlockOutcome::Rejected(fault) => self.note_rejected(now, id, hash, fault, out),
            BlockOutcome::Stored { id: node, is_tip } => {
                self.note_stored(now, node, is_tip, out);
                self.accept_orphans_of(now, hash, out);
                self.note_delivered(now, id, node);
                self.ask_parents_when_paid(now, id, out);
                self.continue_after_block(now, id, out);
            }
        }
    }

    /// A block waits for its parents: they are asked of who sent it, unless they are planned for.
    fn note_orphan(
        &mut self,
        now: Time,
        id: PeerId,
        block: &Block,
        evicted: bool,
        out: &mut Outbox<HeadersFirst>,
    ) {
        let hash = block.hash();
        out.event(Event::OrphanKept { hash });
        self.watch = true;
        if evicted && let Some(sync) = &mut self.sync {
            sync.plan_is_stale = true;
        }
        // DIFFERENCE: btcd takes the height in an orphan's coinbase as the height of its sender, and
        // then is not current until it is there, which may be never.
        // DIFFERENCE: btcd asks after each orphan. When the first of many blocks is missing, and the
        // pool overflows, each of them has another root, and each request is answered.
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.last_orphan = Some(hash);
        }
        self.ask_parents_when_paid(now, id, out);
        self.continue_after_block(now, id, out);
    }

    /// Asks for the parents of the last orphan of a peer that owes nothing more, if they are still
    /// missing.
    pub(super) fn ask_parents_when_paid(
        &mut self,
        now: Time,
        id: PeerId,
        out: &mut Outbox<HeadersFirst>,
    ) {
        if self.is_fetching_by_headers() {
            return;
        }
        let Some(peer) = self.peers.get_mut(&id).filter(|it| it.requested.is_empty()) else {
            return;
        };
        let orphan = peer.last_orphan.take();
        if let Some(orphan) = orphan.filter(|hash| self.chain.is_orphan(hash)) {
            self.ask_parents(now, id, orphan, out);
        }
    }

    /// DIFFERENCE: btcd asks nobody for the block again. Here the peer's turn is over, for it has
    /// shown a chain that it cannot or will not deliver.
    fn note_rejected(
        &mut self,
        now: Time,
        id: PeerId,
        hash: BlockHash,
        fault: Fault,
        out: &mut Outbox<HeadersFirst>,
    ) {
        out.event(Event::BlockRejected { hash, reason: fault, text: None });
        out.send(id, Message::Reject { block: hash, reason: fault, text: None });
        self.fail_turn(now, id, out);
    }

    fn note_stored(
        &mut self,
        now: Time,
        node: NodeId,
        is_tip: bool,
        out: &mut Outbox<HeadersFirst>,
    ) {
        let (hash, height) = (self.chain.hash(node), self.chain.height(node));
        out.event(Event::BlockAccepted { hash, height });
        if is_tip {
            self.report_tip(out);
        }
        self.relay_block(now, node, out);
    }

    /// Blocks that waited for this one, and for those in turn, in the order in which they came:
    /// of chains with equal work the first is the best (btcd: `processOrphans`).
    fn accept_orphans_of(&mut self, now: Time, hash: BlockHash, out: &mut Outbox<HeadersFirst>) {
        let unix_now = self.unix_now(now);
        let mut parents = VecDeque::from([hash]);
        while let Some(parent) = parents.pop_front() {
            while let Some(orphan) = self.chain.take_orphan_of(&parent) {
                let hash = orphan.hash();
                match self.chain.accept_block(&orphan, now, unix_now) {
                    BlockOutcome::Stored { id, is_tip } => {
                        self.note_stored(now, id, is_tip, out);
                        parents.push_back(hash);
                    }
                    BlockOutcome::Rejected(reason) => {
                        out.event(Event::BlockRejected { hash, reason, text: None });
                    }
                    BlockOutcome::Orphan { .. } => {}
                }
            }
        }
    }

    /// A peer has brought the tree on.
    fn note_delivered(&mut self, now: Time, id: PeerId, node: NodeId) {
        self.note_shown(id, node);
        if self.is_syncing_from(id)
            && let Some(sync) = &mut self.sync
        {
            sync.earned += EARNED_MS;
        }
        let (tip, height) = (self.chain.hash(self.chain.tip()), self.chain.tip_height());
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.earned += EARNED_MS;
            peer.raise_last_block(height);
        }
        if self.is_current(now) {
            self.update_peer_heights(id, tip, height);
        }
    }

    /// Peers whose last announcement is this block have its height
    /// (btcd: `handleUpdatePeerHeights`).
    fn update_peer_heights(&mut self, origin: PeerId, hash: BlockHash, height: u32) {
        for peer in self.peers.values_mut() {
            if peer.id != origin && peer.last_announced == Some(hash) {
                peer.raise_last_block(height);
            }
        }
    }

    /// Asks for what comes next, if it is time.
    fn continue_after_block(&mut self, now: Time, id: PeerId, out: &mut Outbox<HeadersFirst>) {
        self.empty_queues(now, out);
        if self.reach_checkpoint(now, out) {
            return;
        }
        if self.quirks.asks_in_flight
            && let Some(sync) = &mut self.sync
        {
            sync.plan_is_stale = true;
        }
        if self.is_syncing_from(id) || self.is_blocked() {
            self.go_on(now, out);
        }
    }

    /// Btcd up to 0.25, at a checkpoint's block: headers up to the next checkpoint, or blocks by
    /// getblocks from here on.
    fn reach_checkpoint(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) -> bool {
        let height = self.chain.tip_height();
        let Some(sync) = self.sync.as_mut().filter(|sync| sync.active) else { return false };
        let Some(checkpoint) = sync.checkpoint.filter(|it| it.height <= height) else {
            return false;
        };
        let id = sync.peer;
        sync.checkpoint = self.chain.next_checkpoint(height);
        sync.headers_first = sync.checkpoint.is_some();
        sync.plan_is_stale = true;
        sync.plan.clear();
        let is_shown = self.has_shown(id, &checkpoint);
        let locator = if is_shown { vec![checkpoint.hash] } else { latest_locator(&self.chain) };
        if !self.is_fetching_by_headers() {
            self.ask_blocks_from(now, id, locator, out);
        } else if is_shown {
            self.ask_headers(now, id, locator, out);
        } else {
            self.ask_headers_from_start(now, id, out);
        }
        true
    }

    /// Whether a peer has shown a chain with this checkpoint. A locator that it does not know would
    /// make it answer from genesis on.
    fn has_shown(&self, id: PeerId, checkpoint: &Checkpoint) -> bool {
        let shown = self.peers.get(&id).and_then(|peer| peer.best_known);
        shown.is_some_and(|shown| {
            let at_height = self.chain.ancestor(shown, checkpoint.height);
            self.chain.hash(at_height) == checkpoint.hash
        })
    }
}

impl Peer {
    /// How a block is asked of this peer: with witnesses, if it has them.
    pub(super) fn block_item(&self, hash: BlockHash) -> Inventory {
        if self.hello.witness { Inventory::witness_block(hash) } else { Inventory::block(hash) }
    }

    /// Something that it owed has come, or is no longer expected.
    pub(super) fn note_paid(&mut self) {
        if self.requested.is_empty() {
            self.owes_since = None;
            self.earned = 0;
        }
    }
}
