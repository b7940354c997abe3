use crate::families::headers_first::{HeadersFirst, Inventory, Message, Reason};
use crate::machine::{Millis, Outbox, PeerId, Time};
use crate::primitives::bitcoin::BlockHash;

use super::SyncManager;
use super::peer::{MAX_KNOWN_INVENTORY, Peer};
use super::sync::MAX_STALL_MS;

/// How long an answer may take; three times as long for headers (btcd: `stallResponseTimeout`).
pub(super) const RESPONSE_MS: Millis = 30_000;

/// How often answers are looked for (btcd: `stallTickInterval`).
const RESPONSE_TICK_MS: Millis = 15_000;

/// How often the sync peer is looked after (btcd: `stallSampleInterval`).
const SAMPLE_MS: Millis = 30_000;

/// How often transactions are announced (btcd: `DefaultTrickleInterval`).
const TRICKLE_MS: Millis = 10_000;

/// How many transactions one announcement has at most (btcd: `maxInvTrickleSize`).
const MAX_TRICKLE: usize = 1_000;

impl SyncManager {
    /// The next instant at which something is due. Ticks at which nothing can be due are left out.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        let peers = self.peers.values().filter_map(Peer::next_tick);
        peers.chain(self.needs_samples().then_some(self.next_sample)).min()
    }

    /// Does all that is due.
    pub(super) fn reach_deadline(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) {
        let late = |peer: &&Peer| peer.response_tick().is_some_and(|tick| tick <= now);
        let ids: Vec<PeerId> = self.peers.values().filter(late).map(|peer| peer.id).collect();
        for id in ids {
            self.drop_stalled(now, id, out);
        }
        self.trickle(now, out);
        if self.needs_samples() && self.next_sample <= now {
            self.next_sample = tick_after(Time::ZERO, now, SAMPLE_MS);
            self.drop_debtors(now, out);
            self.sample_sync(now, out);
        }
    }

    /// Moves on over samples for which there was nothing to look at.
    pub(super) fn skip_idle_samples(&mut self, now: Time) {
        if self.next_sample <= now && !self.needs_samples() {
            self.next_sample = tick_after(Time::ZERO, now, SAMPLE_MS);
        }
    }

    pub(super) fn drop_stalled(&mut self, now: Time, id: PeerId, out: &mut Outbox<HeadersFirst>) {
        self.drop_peer(now, id, Reason::Stalled {}, out);
    }

    fn needs_samples(&self) -> bool {
        self.watch || self.is_syncing() || !self.in_flight.is_empty()
    }

    /// Drops peers that do not deliver the blocks that they announced.
    ///
    /// DIFFERENCE: btcd looks after its sync peer alone. Another peer keeps the blocks that were
    /// asked of it from everybody, as long as it sends anything within 30 s.
    fn drop_debtors(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) {
        if self.quirks.keeps_debtors {
            return;
        }
        let is_late = |peer: &&Peer| {
            !self.is_syncing_from(peer.id)
                && peer.owes_since.is_some_and(|at| now.since(at) > MAX_STALL_MS + peer.earned)
        };
        let ids: Vec<PeerId> = self.peers.values().filter(is_late).map(|peer| peer.id).collect();
        for id in ids {
            self.drop_stalled(now, id, out);
        }
    }

    /// Announces transactions that peers do not know yet, in batches (btcd: `queueHandler`).
    fn trickle(&mut self, now: Time, out: &mut Outbox<HeadersFirst>) {
        for peer in self.peers.values_mut() {
            if peer.trickle_at.is_none_or(|tick| tick > now) {
                continue;
            }
            peer.trickle_at = None;
            let fresh = peer.trickle.drain(..).filter(|hash| !peer.known.contains(hash));
            let items: Vec<Inventory> = fresh.map(Inventory::tx).collect();
            for batch in items.chunks(MAX_TRICKLE) {
                out.send(peer.id, Message::Inv { items: batch.to_vec() });
            }
            for item in items {
                peer.known.add(item.hash, MAX_KNOWN_INVENTORY);
            }
        }
    }
}

impl Peer {
    /// Puts a transaction into the next batch.
    pub(super) fn queue_transaction(&mut self, now: Time, hash: BlockHash) {
        self.trickle_at.get_or_insert_with(|| tick_after(self.connected_at, now, TRICKLE_MS));
        self.trickle.push_back(hash);
    }

    fn next_tick(&self) -> Option<Time> {
        [self.response_tick(), self.trickle_at].into_iter().flatten().min()
    }

    /// The tick at which it is dropped if nothing comes.
    fn response_tick(&self) -> Option<Time> {
        let due = [self.headers_due, self.data_due, self.inv_due].into_iter().flatten().min()?;
        // The last tick before `due` is too early.
        Some(tick_after(self.connected_at, due - 1, RESPONSE_TICK_MS))
    }
}

/// The first tick after `now` of a clock that began at `start`.
fn tick_after(start: Time, now: Time, interval: Millis) -> Time {
    start + (now.since(start) / interval + 1) * interval
}
