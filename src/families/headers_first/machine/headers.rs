use std::collections::VecDeque;

use crate::families::headers_first::chain::NodeId;
use crate::families::headers_first::{
    Fault, HeadersFirst, Inventory, MAX_HEADERS_PER_MESSAGE, MAX_INVENTORY_PER_MESSAGE, Message,
    Profile, Reason,
};
use crate::machine::{Outbox, PeerId, Time};
use crate::primitives::bitcoin::{BlockHash, Header};

use super::SyncManager;
use super::manager::{header_accepted, header_reason};
use super::sync::{EARNED_MS, Sync};
use super::timers::RESPONSE_MS;

/// More blocks are asked for when a peer owes fewer than so many (btcd: `minInFlightBlocks`).
const MIN_IN_FLIGHT: usize = 10;

/// The most blocks asked for at once, over all peers (btcd: `maxRequestedBlocks`).
///
/// DIFFERENCE: at this limit btcd forgets a random request to make room (`limitAdd`), and drops the
/// peer that answers it; here nothing more is asked for.
pub(super) const MAX_IN_FLIGHT: usize = MAX_INVENTORY_PER_MESSAGE as usize;

/// What a message of headers brought.
struct Taken {
    /// The last header of it that was taken.
    last: NodeId,
    /// How many were new.
    new: u64,
}

impl SyncManager {
    /// Headers, asked for or not (btcd: `handleHeadersMsg`).
    pub(super) fn handle_headers(
        &mut self,
        now: Time,
        id: PeerId,
        headers: &[Header],
        out: &mut Outbox<HeadersFirst>,
    ) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let were_asked_for = peer.headers_due.take().is_some();
        // DIFFERENCE: btcd up to 0.25 takes headers from anybody while it is in headers-first mode,
        // and then drops the sync peer, whose own headers no longer link.
        if self.profile == Profile::Btcd025 && !were_asked_for {
            self.drop_peer(now, id, Reason::UnrequestedHeaders {}, out);
            return;
        }
        let work_before = self.chain.work(self.chain.best_header());
        let taken = match self.take_headers(now, id, headers, out) {
            Ok(taken) => taken,
            Err(fault) => {
                self.drop_peer(now, id, header_reason(fault), out);
                return;
            }
        };
        // DIFFERENCE: btcd resets its clock on any headers from the sync peer, known ones too, so
        // that one header in less than 3 min keeps a bad sync peer for ever.
        if self.is_syncing_from(id)
            && let (Some(sync), Some(taken)) = (&mut self.sync, &taken)
            && self.chain.work(self.chain.best_header()) > work_before
        {
            sync.earned += EARNED_MS * taken.new;
        }
        match &taken {
            Some(taken) => _ = self.note_shown(id, taken.last),
            None => self.note_nothing_new(id),
        }
        if !self.is_syncing_from(id) {
            self.start_sync(now, out);
        } else if let Some(taken) = taken
            && self.list_grows_to(taken.last)
            && self.more_headers_follow(id, headers.len(), taken.last)
        {
            self.ask_headers(now, id, vec![self.chain.hash(taken.last)], out);
        } else {
            self.go_on(now, out);
        }
    }

    /// Asks for headers, unless some are on their way already (Bitcoin Core #25454).
    pub(super) fn ask_headers(
        &mut self,
        now: Time,
        id: PeerId,
        locator: Vec<BlockHash>,
        out: &mut Outbox<HeadersFirst>,
    ) {
        let checkpoint = self.sync.as_ref().and_then(|sync| sync.checkpoint);
        let stop = checkpoint.map_or(BlockHash::ZERO, |checkpoint| checkpoint.hash);
        if let Some(peer) = self.peers.get_mut(&id)
            && !peer.owes_headers()
        {
            peer.headers_due = Some(now + 3 * RESPONSE_MS);
            out.send(id, Message::GetHeaders { locator, stop });
        }
    }

    /// Notes that a peer has a block. Gives back whether that is more than it had shown.
    pub(super) fn note_shown(&mut self, id: PeerId, shown: NodeId) -> bool {
        let Some(peer) = self.peers.get_mut(&id) else { return false };
        let work = |node| self.chain.work(node);
        let is_more = peer.best_known.is_none_or(|known| work(shown) > work(known));
        if is_more {
            peer.best_known = Some(shown);
            if let Some(sync) = self.sync.as_mut().filter(|sync| sync.peer == id) {
                sync.plan_is_stale = true;
            }
        }
        is_more
    }

    /// Plans which blocks are missing on the chain that the sync peer has shown, from the fork with
    /// the best chain on (btcd: `buildBlockRequest`).
    ///
    /// DIFFERENCE: btcd asks the sync peer for the blocks of the best header chain, whoever showed
    /// it. When the ones who did never deliver, no other chain is fetched.
    pub(super) fn make_plan(&mut self, id: PeerId) {
        let Some(sync) = self.sync.as_mut().filter(|sync| sync.plan_is_stale) else { return };
        sync.plan_is_stale = false;
        sync.plan.clear();
        let chain = &self.chain;
        let tip = chain.tip();
        let best_header = self.quirks.fetches_best_headers.then(|| chain.best_header());
        let Some(mut node) = best_header.or_else(|| self.peers[&id].best_known) else { return };
        if chain.is_invalid(node) || chain.work(node) <= chain.work(tip) {
            return;
        }
        let mut plan = VecDeque::new();
        while !chain.is_best(node) {
            let is_skipped =
                self.quirks.fetches_from_tip_height && chain.height(node) <= chain.height(tip);
            if !chain.has_block(node) && !chain.is_orphan(&chain.hash(node)) && !is_skipped {
                plan.push_front(node);
            }
            node = chain.parent(node);
        }
        sync.plan = plan;
    }

    /// Asks the sync peer for the next blocks of the plan, if it owes few
    /// (btcd: `fetchHeaderBlocks`). It stops at a block that another peer was asked for: what comes
    /// after it would only fill the orphan pool.
    pub(super) fn fetch_blocks(&mut self, now: Time, id: PeerId, out: &mut Outbox<HeadersFirst>) {
        let Some(sync) = &mut self.sync else { return };
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if sync.plan.is_empty() || peer.requested.len() >= MIN_IN_FLIGHT {
            return;
        }
        let mut items = Vec::new();
        while let Some(&node) = sync.plan.front() {
            let hash = self.chain.hash(node);
            let is_settled = self.chain.has_block(node) || self.chain.is_orphan(&hash);
            let asks_anew = self.quirks.asks_in_flight;
            if !is_settled && (asks_anew || !peer.requested.contains(&hash)) {
                let elsewhere = self.in_flight.contains_key(&hash) && !asks_anew;
                if elsewhere || self.in_flight.len() >= MAX_IN_FLIGHT {
                    break;
                }
                self.in_flight.insert(hash, id);
                peer.requested.insert(hash);
                items.push(peer.block_item(hash));
            }
            sync.plan.pop_front();
        }
        self.send_get_data(now, id, items, out);
    }

    /// Sends getdata and starts the clocks for the answers.
    pub(super) fn send_get_data(
        &mut self,
        now: Time,
        id: PeerId,
        items: Vec<Inventory>,
        out: &mut Outbox<HeadersFirst>,
    ) {
        let Some(peer) = self.peers.get_mut(&id).filter(|_| !items.is_empty()) else { return };
        peer.data_due = Some(now + RESPONSE_MS);
        if !peer.requested.is_empty() {
            peer.owes_since.get_or_insert(now);
        }
        out.send(id, Message::GetData { items });
    }

    /// Puts the headers of a message on the tree until one is wrong.
    fn take_headers(
        &mut self,
        now: Time,
        id: PeerId,
        headers: &[Header],
        out: &mut Outbox<HeadersFirst>,
    ) -> Result<Option<Taken>, Fault> {
        let unix_now = self.unix_now(now);
        let checkpoint = self.sync.as_ref().and_then(|sync| sync.checkpoint);
        // In btcd up to 0.25, each header must follow the last one of the list. DIFFERENCE: there
        // the list begins with the own tip, so that an honest peer on another branch is dropped;
        // here the first header may follow any known block. DIFFERENCE: there the work of headers
        // is not checked until their blocks come.
        let mut before = match self.profile {
            Profile::Btcd025 if self.is_syncing_from(id) => {
                let list_tip = self.sync.as_ref().and_then(|sync| sync.list_tip);
                list_tip.map(|tip| self.chain.hash(tip))
            }
            _ => None,
        };
        let mut taken: Option<Taken> = None;
        for header in headers {
            if before.is_some_and(|before| header.parent() != before) {
                return Err(Fault::ParentUnknown);
            }
            let (last, is_new) = self.chain.accept_header(header, unix_now)?;
            if is_new {
                out.event(header_accepted(&self.chain, last));
            }
            let new = taken.map_or(0, |taken| taken.new) + u64::from(is_new);
            taken = Some(Taken { last, new });
            if self.profile == Profile::Btcd025 {
                before = Some(header.hash());
                if checkpoint.is_some_and(|checkpoint| checkpoint.hash == header.hash()) {
                    break;
                }
            }
        }
        Ok(taken)
    }

    /// The sync peer has nothing after the locator of our best header, so its tip is on that chain,
    /// at the height that it claims.
    fn note_nothing_new(&mut self, id: PeerId) {
        let is_first = |sync: &Sync| sync.list_tip.is_none();
        if self.profile == Profile::Btcd026
            && self.is_syncing_from(id)
            && self.sync.as_ref().is_some_and(is_first)
        {
            self.assume_on_best_headers(id);
        }
    }

    /// Puts a header at the end of the list. Gives back whether the list has more work by that:
    /// who sends known headers for ever is not asked for ever.
    fn list_grows_to(&mut self, last: NodeId) -> bool {
        let Some(sync) = &mut self.sync else { return false };
        let grows = sync.list_tip.is_none_or(|tip| self.chain.work(last) > self.chain.work(tip));
        sync.list_tip = Some(last);
        grows
    }

    /// Whether the sync peer should have headers after the last one.
    fn more_headers_follow(&self, id: PeerId, count: usize, last: NodeId) -> bool {
        let height = self.chain.height(last);
        match self.sync.as_ref().and_then(|sync| sync.checkpoint) {
            Some(checkpoint) => height < checkpoint.height,
            None => {
                count >= MAX_HEADERS_PER_MESSAGE as usize || height < self.peers[&id].last_block
            }
        }
    }
}
