use crate::families::headers_first::{
    HeadersFirst, Inventory, InventoryKind, MAX_INVENTORY_PER_MESSAGE, locator_of,
};
use crate::machine::{Outbox, PeerId, Time};
use crate::primitives::bitcoin::BlockHash;

use super::SyncManager;
use super::headers::MAX_IN_FLIGHT;
use super::peer::MAX_KNOWN_INVENTORY;

/// The most blocks that one peer is asked for because it announced them.
///
/// DIFFERENCE: in btcd one peer may fill the map of all requests with hashes that it made up.
const MAX_ANNOUNCED_IN_FLIGHT: usize = MAX_IN_FLIGHT / 10;

/// The most announced blocks of one peer that wait. DIFFERENCE: btcd's queue has no limit.
const MAX_QUEUE: usize = MAX_INVENTORY_PER_MESSAGE as usize;

/// The most transactions that are kept. The pool is only a model of one.
const MAX_MEMPOOL: usize = 10_000;

impl SyncManager {
    /// Announcements, or the answer to getblocks (btcd: `handleInvMsg`).
    pub(super) fn handle_inv(
        &mut self,
        now: Time,
        id: PeerId,
        items: &[Inventory],
        out: &mut Outbox<HeadersFirst>,
    ) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.inv_due = None;
            peer.get_blocks_open_until = None;
        }
        let is_current = self.is_current(now);
        let last_block = items.iter().rposition(Inventory::is_block);
        self.note_announced(id, last_block.map(|index| items[index].hash), is_current);
        let is_listening = !self.is_syncing() || self.is_syncing_from(id) || is_current;
        if !is_listening {
            return;
        }
        for (index, item) in items.iter().enumerate() {
            if item.kind == InventoryKind::Unknown {
                continue;
            }
            let Some(peer) = self.peers.get_mut(&id) else { return };
            peer.known.add(item.hash, MAX_KNOWN_INVENTORY);
            if self.is_fetching_by_headers() {
                continue;
            }
            if item.is_block() {
                self.note_block_item(now, id, item.hash, Some(index) == last_block, out);
            }
        }
        if !self.is_fetching_by_headers() {
            self.ask_transactions(now, id, items, out);
        }
        self.act_on_announcement(now, id, out);
    }

    /// What a peer does not have after all (btcd: `handleNotFoundMsg`).
    ///
    /// DIFFERENCE: btcd forgets these requests, so that the last missing block is not asked for
    /// again before the stall of 3 minutes. Here others are asked at once.
    pub(super) fn handle_not_found(
        &mut self,
        now: Time,
        id: PeerId,
        items: &[Inventory],
        out: &mut Outbox<HeadersFirst>,
    ) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.data_due = None;
        let mut is_block_lost = false;
        for item in items {
            if peer.requested_transactions.swap_remove(&item.hash) {
                self.transactions_in_flight.swap_remove(&item.hash);
            }
            if peer.requested.swap_remove(&item.hash) {
                is_block_lost = true;
                peer.not_found.add(item.hash, MAX_KNOWN_INVENTORY);
                self.in_flight.swap_remove(&item.hash);
            }
        }
        peer.note_paid();
        self.ask_parents_when_paid(now, id, out);
        if is_block_lost {
            self.fail_turn(now, id, out);
        }
    }

    /// A transaction, asked for or not (btcd: `handleTxMsg`). All are taken as valid.
    pub(super) fn handle_transaction(&mut self, now: Time, id: PeerId, transaction: BlockHash) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.data_due = None;
        peer.known.add(transaction, MAX_KNOWN_INVENTORY);
        peer.requested_transactions.swap_remove(&transaction);
        self.transactions_in_flight.swap_remove(&transaction);
        if self.mempool.len() >= MAX_MEMPOOL {
            self.mempool.swap_remove_index(0);
        }
        if self.mempool.insert(transaction) {
            self.relay_transaction(now, transaction);
        }
    }

    /// Asks each peer for the blocks that it announced, until one is on its way from another.
    pub(super) fn empty_queues(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) {
        if self.peers.values().all(|peer| peer.queue.is_empty()) {
            return;
        }
        let ids: Vec<PeerId> = self.peers.keys().copied().collect();
        for id in ids {
            self.empty_queue(now, id, out);
        }
    }

    /// Whether the blocks of the sync peer are asked for by its headers, so that announcements only
    /// count as promises.
    pub(super) fn is_fetching_by_headers(&self) -> bool {
        self.sync.as_ref().is_some_and(|sync| sync.active && sync.headers_first)
    }

    fn note_announced(&mut self, id: PeerId, last: Option<BlockHash>, is_current: bool) {
        let Some(last) = last else { return };
        let known = self.chain.find(&last).filter(|known| self.chain.is_best(*known));
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if !peer.not_found.contains(&last) {
            peer.last_announced = Some(last);
        }
        if is_current && let Some(known) = known {
            peer.raise_last_block(self.chain.height(known));
        }
        self.watch = true;
    }

    fn note_block_item(
        &mut self,
        now: Time,
        id: PeerId,
        hash: BlockHash,
        is_last: bool,
        out: &mut Outbox<HeadersFirst>,
    ) {
        if self.chain.is_refused(&hash) {
            return;
        }
        let known = self.chain.find(&hash);
        if self.chain.is_orphan(&hash) {
            // DIFFERENCE: btcd asks for the parents of each known orphan of a message.
            if !is_last {
                return;
            }
            self.ask_parents(now, id, hash, out);
        } else if let Some(known) = known.filter(|known| self.chain.has_block(*known)) {
            // A long side chain of which all of the announced blocks are known: ask for the next.
            // DIFFERENCE: btcd asks each time; here only if the peer shows more than before, so
            // that it cannot make us ask for ever.
            if self.note_shown(id, known) && is_last {
                let locator = locator_of(&self.chain, &hash);
                self.ask_blocks(now, id, locator, BlockHash::ZERO, out);
            }
        } else if let Some(peer) = self.peers.get_mut(&id)
            && !peer.not_found.contains(&hash)
            && peer.queue.len() < MAX_QUEUE
        {
            peer.queue.push_back(hash);
        }
    }

    /// Does what an announcement asks for.
    fn act_on_announcement(&mut self, now: Time, id: PeerId, out: &mut Outbox<HeadersFirst>) {
        self.empty_queue(now, id, out);
        if self.is_syncing_from(id) {
            self.go_on(now, out);
        } else if !self.is_syncing() && !self.chain.is_current(self.unix_now(now)) {
            self.start_sync(now, out);
        }
    }

    fn empty_queue(&mut self, now: Time, id: PeerId, out: &mut Outbox<HeadersFirst>) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let mut items = Vec::new();
        while let Some(&hash) = peer.queue.front() {
            if !self.chain.is_refused(&hash)
                && !self.chain.has(&hash)
                && !peer.requested.contains(&hash)
            {
                let is_full = self.in_flight.len() >= MAX_IN_FLIGHT
                    || peer.requested.len() >= MAX_ANNOUNCED_IN_FLIGHT;
                if is_full || self.in_flight.contains_key(&hash) {
                    break;
                }
                self.in_flight.insert(hash, id);
                peer.requested.insert(hash);
                items.push(peer.block_item(hash));
            }
            peer.queue.pop_front();
        }
        self.send_get_data(now, id, items, out);
    }

    /// Asks for unknown transactions that nobody else was asked for.
    fn ask_transactions(
        &mut self,
        now: Time,
        id: PeerId,
        items: &[Inventory],
        out: &mut Outbox<HeadersFirst>,
    ) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let mut wanted = Vec::new();
        for item in items {
            let is_transaction = matches!(item.kind, InventoryKind::Tx | InventoryKind::WitnessTx);
            if !is_transaction
                || self.mempool.contains(&item.hash)
                || self.transactions_in_flight.contains_key(&item.hash)
                || self.transactions_in_flight.len() >= MAX_INVENTORY_PER_MESSAGE as usize
            {
                continue;
            }
            self.transactions_in_flight.insert(item.hash, id);
            peer.requested_transactions.insert(item.hash);
            let kind =
                if peer.hello.witness { InventoryKind::WitnessTx } else { InventoryKind::Tx };
            wanted.push(Inventory { kind, hash: item.hash });
        }
        self.send_get_data(now, id, wanted, out);
    }
}
