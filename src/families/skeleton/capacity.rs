use std::collections::BTreeMap;

use crate::machine::{Millis, PeerId};

/// How many headers each peer is believed to deliver in a second (geth p2p/msgrate).
#[derive(Clone, Debug, Default)]
pub(super) struct Capacities {
    peers: BTreeMap<PeerId, f64>,
}

/// The weight of a new measurement (geth `measurementImpact`).
const IMPACT: f64 = 0.1;

impl Capacities {
    /// A new peer is believed to be like the others.
    pub(super) fn join(&mut self, peer: PeerId) {
        let mean = if self.peers.is_empty() {
            0.0
        } else {
            self.peers.values().sum::<f64>() / self.peers.len() as f64
        };
        self.peers.insert(peer, mean);
    }

    pub(super) fn leave(&mut self, peer: PeerId) {
        self.peers.remove(&peer);
    }

    /// A delivery, or with no items a request that came to nothing.
    pub(super) fn measure(&mut self, peer: PeerId, items: usize, took: Millis) {
        let Some(believed) = self.peers.get_mut(&peer) else { return };
        if items == 0 {
            *believed = 0.0;
            return;
        }
        let measured = items as f64 * 1_000.0 / took.max(1) as f64;
        *believed = (1.0 - IMPACT) * *believed + IMPACT * measured;
    }

    /// Sorts peers, the most capable first; equal ones by id.
    pub(super) fn sort(&self, peers: &mut [PeerId]) {
        let of = |peer: &PeerId| self.peers.get(peer).copied().unwrap_or(0.0);
        peers.sort_by(|one, other| of(other).total_cmp(&of(one)).then(one.cmp(other)));
    }
}
