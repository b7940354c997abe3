use std::collections::BTreeMap;

use crate::machine::{Millis, PeerId, Time};

use super::Profile;
use super::msgrate::{Estimate, Rate, rate_of_new_peer};

/// The peers that are connected (geth eth/downloader/peer.go `peerSet`).
#[derive(Clone, Debug)]
pub(super) struct Registry {
    peers: BTreeMap<PeerId, Connection>,
    estimate: Estimate,
    connections: u64,
    /// Counts assignments; orders peers that are equally fast.
    turns: u64,
}

/// One connection of a peer. A peer that comes back has another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connection {
    /// Which connection it is.
    pub(super) number: u64,
    /// The peer's head.
    pub(super) head: u32,
    /// Whether it may be asked.
    pub(super) idle: bool,
    /// The subject has dropped it, and its end is yet to come.
    pub(super) closing: bool,
    rate: Rate,
    asked_at: Time,
    last_turn: u64,
}

impl Registry {
    pub(super) fn new(now: Time) -> Self {
        Self { peers: BTreeMap::new(), estimate: Estimate::new(now), connections: 0, turns: 0 }
    }

    pub(super) fn add(&mut self, now: Time, peer: PeerId, head: u32) {
        let rate = rate_of_new_peer(self.rates());
        self.connections += 1;
        let connection = Connection {
            number: self.connections,
            head,
            idle: true,
            closing: false,
            rate,
            asked_at: now,
            last_turn: 0,
        };
        self.peers.insert(peer, connection);
        self.estimate.detune(self.peers.len());
    }

    pub(super) fn remove(&mut self, peer: PeerId) {
        self.peers.remove(&peer);
    }

    pub(super) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(super) fn connection(&self, peer: PeerId) -> Option<&Connection> {
        self.peers.get(&peer)
    }

    pub(super) fn connection_mut(&mut self, peer: PeerId) -> Option<&mut Connection> {
        self.peers.get_mut(&peer)
    }

    pub(super) fn rates(&self) -> impl Iterator<Item = (PeerId, &Rate)> + Clone {
        self.peers.iter().map(|(peer, connection)| (*peer, &connection.rate))
    }

    /// The peer with the highest head that is not being dropped; the first of equals.
    pub(super) fn best(&self) -> Option<(PeerId, &Connection)> {
        let open = self.peers.iter().filter(|(_, connection)| !connection.closing);
        open.rev().max_by_key(|(_, connection)| connection.head).map(|(peer, c)| (*peer, c))
    }

    /// The idle peers, the fastest first. Equals take turns, in place of geth's random order.
    pub(super) fn idle(&self) -> Vec<PeerId> {
        let idle = self.peers.iter().filter(|(_, peer)| peer.idle && !peer.closing);
        let mut idle: Vec<_> = idle.collect();
        idle.sort_by(|(_, a), (_, b)| {
            b.rate.throughput().total_cmp(&a.rate.throughput()).then(a.last_turn.cmp(&b.last_turn))
        });
        idle.into_iter().map(|(peer, _)| *peer).collect()
    }

    /// How much to ask a peer for, and how long it may take.
    pub(super) fn allowance(
        &mut self,
        now: Time,
        peer: PeerId,
        profile: Profile,
    ) -> (usize, Millis) {
        let mut estimate = self.estimate;
        let target = estimate.target_roundtrip_ms(now, self);
        let timeout = estimate.target_timeout(now, self);
        self.estimate = estimate;
        (self.peers[&peer].rate.capacity(profile, target), timeout)
    }

    /// A peer is asked.
    pub(super) fn ask(&mut self, now: Time, peer: PeerId) {
        self.turns += 1;
        if let Some(connection) = self.peers.get_mut(&peer) {
            connection.idle = false;
            connection.asked_at = now;
            connection.last_turn = self.turns;
        }
    }

    /// A request to a connection has ended with `items` that were of use.
    pub(super) fn release(&mut self, peer: PeerId, number: u64, delivered: Time, items: usize) {
        if let Some(connection) = self.peers.get_mut(&peer)
            && connection.number == number
        {
            connection.rate.update(delivered.since(connection.asked_at), items);
            connection.idle = true;
        }
    }

    /// How many peers owe an answer.
    pub(super) fn busy(&self) -> u64 {
        self.peers.values().filter(|connection| !connection.idle).count() as u64
    }

    /// All peers are idle (geth `peerSet.Reset`, at the begin of each cycle).
    pub(super) fn reset(&mut self) {
        for connection in self.peers.values_mut() {
            connection.idle = true;
        }
    }
}
