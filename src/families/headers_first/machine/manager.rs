use std::collections::BTreeMap;

use crate::families::headers_first::chain::{Chain, NodeId};
use crate::families::headers_first::{
    Event, Fault, Gauges, HeadersFirst, Hello, MAX_HEADERS_PER_MESSAGE, MAX_INVENTORY_PER_MESSAGE,
    MAX_LOCATOR_HASHES, Message, Profile, Reason, Start,
};
use crate::machine::{FastMap, FastSet, Input, Machine, Outbox, PeerId, Time};
use crate::primitives::bitcoin::BlockHash;

use super::Quirks;
use super::peer::Peer;
use super::sync::Sync;

/// btcd's `SyncManager` in one of its profiles, with the parts of its server that peers see.
#[derive(Clone, Debug)]
pub struct SyncManager {
    pub(super) profile: Profile,
    pub(super) unix_time: u32,
    pub(crate) chain: Chain,
    pub(crate) peers: BTreeMap<PeerId, Peer>,
    /// Blocks that were asked for, and of whom.
    pub(crate) in_flight: FastMap<BlockHash, PeerId>,
    pub(crate) transactions_in_flight: FastMap<BlockHash, PeerId>,
    /// Transactions that can be served. Only their ids count.
    pub(super) mempool: FastSet<BlockHash>,
    /// The sync peer and how far it has come. It stays the sync peer when there is nothing more to
    /// fetch from it.
    pub(crate) sync: Option<Sync>,
    /// When a peer last failed as sync peer. It survives the peer's connection.
    pub(crate) failures: BTreeMap<PeerId, Time>,
    /// How many sync peers were chosen.
    pub(super) choices: u64,
    pub(super) next_sample: Time,
    /// Some peer may have more than it was asked for.
    pub(super) watch: bool,
    pub(crate) quirks: Quirks,
}

impl SyncManager {
    /// A manager that has stored what `start` says.
    pub fn new(start: &Start) -> Self {
        let mut chain = Chain::new(start.network, &start.checkpoints);
        for block in &start.blocks {
            chain.restore(block);
        }
        Self {
            profile: start.profile,
            unix_time: start.unix_time,
            chain,
            peers: BTreeMap::new(),
            in_flight: FastMap::default(),
            transactions_in_flight: FastMap::default(),
            mempool: FastSet::default(),
            sync: None,
            failures: BTreeMap::new(),
            choices: 0,
            next_sample: Time::ZERO,
            watch: false,
            quirks: Quirks::default(),
        }
    }

    /// The clock, in seconds since 1970.
    pub(super) fn unix_now(&self, now: Time) -> u32 {
        self.unix_time.saturating_add(u32::try_from(now.as_millis() / 1_000).unwrap_or(u32::MAX))
    }

    /// Whether nothing is left to fetch as far as anybody says (btcd: `current`).
    pub(crate) fn is_current(&self, now: Time) -> bool {
        let claimed = self.sync_peer().map_or(0, |peer| peer.last_block);
        self.chain.is_current(self.unix_now(now)) && self.chain.tip_height() >= claimed
    }

    /// Closes the connection to a peer and forgets it at once.
    pub(super) fn drop_peer(
        &mut self,
        now: Time,
        id: PeerId,
        reason: Reason,
        out: &mut Outbox<HeadersFirst>,
    ) {
        if !self.peers.contains_key(&id) {
            return;
        }
        out.disconnect(id, reason);
        if self.quirks.keeps_dropped {
            self.sync = None;
            self.start_sync(now, out);
            return;
        }
        self.failures.insert(id, now);
        self.forget_peer(now, id, out);
    }

    pub(super) fn report_tip(&self, out: &mut Outbox<HeadersFirst>) {
        let tip = self.chain.tip();
        out.event(Event::Tip { hash: self.chain.hash(tip), height: self.chain.height(tip) });
    }

    fn connect(&mut self, now: Time, id: PeerId, hello: Hello, out: &mut Outbox<HeadersFirst>) {
        if self.peers.contains_key(&id) {
            self.forget_peer(now, id, out);
        }
        self.peers.insert(id, Peer::new(id, hello, now));
        self.start_sync(now, out);
    }

    /// The connection to a peer is gone: what it owed can be had from others
    /// (btcd: `handleDonePeerMsg`).
    fn forget_peer(&mut self, now: Time, id: PeerId, out: &mut Outbox<HeadersFirst>) {
        let Some(peer) = self.peers.remove(&id) else { return };
        if !self.quirks.keeps_marks {
            for hash in &peer.requested {
                self.in_flight.swap_remove(hash);
            }
            for hash in &peer.requested_transactions {
                self.transactions_in_flight.swap_remove(hash);
            }
        }
        if self.sync.as_ref().is_some_and(|sync| sync.peer == id) {
            let sync = self.sync.take();
            if sync.is_some_and(|sync| sync.active) {
                self.failures.insert(id, now);
            }
            out.event(Event::SyncPeer { peer: None });
        }
        self.requests_were_lost(now, out);
    }

    fn receive(&mut self, now: Time, id: PeerId, message: Message, out: &mut Outbox<HeadersFirst>) {
        if !self.peers.contains_key(&id) {
            return;
        }
        if is_oversize(&message) {
            self.drop_peer(now, id, Reason::Oversize {}, out);
            return;
        }
        match message {
            Message::Block { block } => self.handle_block(now, id, &block, out),
            Message::GetBlocks { locator, stop } => {
                self.handle_get_blocks(id, &locator, &stop, out);
            }
            Message::GetData { items } => self.handle_get_data(id, &items, out),
            Message::GetHeaders { locator, stop } => {
                self.handle_get_headers(now, id, &locator, &stop, out);
            }
            Message::Headers { headers } => self.handle_headers(now, id, &headers, out),
            Message::Inv { items } => self.handle_inv(now, id, &items, out),
            Message::NotFound { items } => self.handle_not_found(now, id, &items, out),
            Message::SendHeaders {} => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.wants_headers = true;
                }
            }
            Message::Tx { id: transaction, .. } => self.handle_transaction(now, id, transaction),
            // A message that the receiver does not know must not end the connection (btcd #2281).
            Message::Reject { .. } | Message::Unknown { .. } => {}
        }
    }
}

impl Machine<HeadersFirst> for SyncManager {
    fn step(&mut self, now: Time, input: Input<HeadersFirst>, out: &mut Outbox<HeadersFirst>) {
        self.skip_idle_samples(now);
        match input {
            Input::Command { .. } => {}
            Input::Connected { peer, hello, .. } => self.connect(now, peer, hello, out),
            Input::Deadline {} => self.reach_deadline(now, out),
            Input::Disconnected { peer } => self.forget_peer(now, peer, out),
            Input::Message { peer, message } => self.receive(now, peer, message, out),
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.next_deadline()
    }

    fn restart(&mut self, now: Time, _out: &mut Outbox<HeadersFirst>) {
        self.chain.restart(self.profile == Profile::Btcd026);
        self.peers.clear();
        self.in_flight.clear();
        self.transactions_in_flight.clear();
        self.mempool.clear();
        self.sync = None;
        self.failures.clear();
        self.watch = false;
        self.skip_idle_samples(now);
    }

    fn gauges(&self) -> Option<Gauges> {
        let sum = |of: fn(&Peer) -> usize| self.peers.values().map(of).sum::<usize>() as u64;
        Some(Gauges {
            header_list: self.sync.as_ref().map_or(0, |sync| sync.plan.len() as u64),
            requested_blocks: self.in_flight.len() as u64,
            requested_transactions: self.transactions_in_flight.len() as u64,
            request_queue: sum(|peer| peer.queue.len()),
            orphans: self.chain.orphans() as u64,
            known_inventory: sum(|peer| peer.known.len()),
        })
    }
}

/// Whether a message breaks a limit of the wire; btcd does not even parse it then.
fn is_oversize(message: &Message) -> bool {
    let (got, limit) = match message {
        Message::GetBlocks { locator, .. } | Message::GetHeaders { locator, .. } => {
            (locator.len(), MAX_LOCATOR_HASHES)
        }
        Message::GetData { items } | Message::Inv { items } | Message::NotFound { items } => {
            (items.len(), MAX_INVENTORY_PER_MESSAGE)
        }
        Message::Headers { headers } => (headers.len(), MAX_HEADERS_PER_MESSAGE),
        _ => return false,
    };
    got > limit as usize
}

/// Why the sender of a wrong header is dropped.
pub(super) fn header_reason(fault: Fault) -> Reason {
    match fault {
        Fault::ParentUnknown => Reason::UnconnectedHeaders {},
        fault => Reason::BadHeader { fault: Some(fault) },
    }
}

/// A header and its height, for events.
pub(super) fn header_accepted(chain: &Chain, id: NodeId) -> Event {
    Event::HeaderAccepted { hash: chain.hash(id), height: chain.height(id) }
}
