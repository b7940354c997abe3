use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use smallvec::SmallVec;

use crate::machine::{PeerId, Time};
use crate::primitives::ethereum_state::{Blob, Hash32};

use super::fault::Fault;

/// The peers that were asked for an item and have nothing more to say about it.
pub(super) type Attempts = SmallVec<[PeerId; 4]>;

/// A batch of items, asked of one peer.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Who was asked.
    pub(super) peer: PeerId,
    /// On which connection.
    pub(super) connection: u64,
    /// The nodes by rising hash; `None` in place of attempts once an item has come.
    pub(super) nodes: Vec<(Hash32, Option<Attempts>)>,
    /// The codes by rising hash.
    pub(super) codes: Vec<(Hash32, Option<Attempts>)>,
    /// When it is given up.
    pub(super) expires: Time,
    /// When it ended.
    pub(super) ended: Time,
    /// The answer; `None` if there was none. An empty answer is one.
    pub(super) response: Option<Arc<[Blob]>>,
    /// Whether its peer has left.
    pub(super) dropped: bool,
}

impl Request {
    /// How many items were asked for.
    pub(super) fn len(&self) -> usize {
        self.nodes.len() + self.codes.len()
    }
}

/// Owns the requests in flight (geth v1.10.13 eth/downloader/statesync.go `runStateSync`).
#[derive(Clone, Debug)]
pub(super) struct Tracker {
    active: BTreeMap<PeerId, Request>,
    finished: VecDeque<Request>,
    /// Who left without being noticed yet, and when: only the machine with that bug is late.
    unnoticed: Vec<(PeerId, Time)>,
    /// Kept only by the machine with the bug of that name.
    kept: u64,
    fault: Option<Fault>,
}

impl Tracker {
    pub(super) fn new(fault: Option<Fault>) -> Self {
        Self {
            active: BTreeMap::new(),
            finished: VecDeque::new(),
            unnoticed: Vec::new(),
            kept: 0,
            fault,
        }
    }

    /// Takes charge of a request. One that the peer still owes ends: a peer may receive a request,
    /// leave and be back before anybody notices, and the first must not be lost (geth #14460).
    pub(super) fn track(&mut self, now: Time, request: Request) {
        let peer = request.peer;
        if let Some(mut old) = self.active.insert(peer, request) {
            if self.fault == Some(Fault::DepartureOverwrites) {
                self.unnoticed.retain(|(left, _)| *left != peer);
                return;
            }
            old.dropped = true;
            old.ended = now;
            self.finished.push_back(old);
        }
    }

    /// Data from a peer. What was not asked for is ignored, without a penalty.
    pub(super) fn deliver(&mut self, now: Time, peer: PeerId, blobs: Arc<[Blob]>) {
        if let Some(mut request) = self.active.remove(&peer) {
            request.response = Some(blobs);
            request.ended = now;
            self.finished.push_back(request);
        }
    }

    /// A peer has left.
    pub(super) fn leave(&mut self, now: Time, peer: PeerId) {
        match self.fault {
            Some(Fault::DepartureNotTracked) => {}
            Some(Fault::DepartureOverwrites) => {
                if self.active.contains_key(&peer) {
                    self.unnoticed.push((peer, now));
                }
            }
            _ => self.end_dropped(now, peer),
        }
    }

    fn end_dropped(&mut self, now: Time, peer: PeerId) {
        if let Some(mut request) = self.active.remove(&peer) {
            request.dropped = true;
            request.ended = now;
            self.finished.push_back(request);
        }
    }

    /// Ends the requests of those whose leaving was not noticed at once.
    pub(super) fn notice(&mut self, now: Time) {
        let late = self.unnoticed.partition_point(|(_, left)| *left < now);
        for (peer, left) in self.unnoticed.drain(..late).collect::<Vec<_>>() {
            self.end_dropped(left, peer);
        }
    }

    /// Ends all requests whose time is up.
    pub(super) fn expire(&mut self, now: Time) {
        while let Some(peer) = self.expired_by(now) {
            let mut request = self.active.remove(&peer).expect("it was found there");
            request.ended = now;
            self.finished.push_back(request);
        }
    }

    fn expired_by(&self, now: Time) -> Option<PeerId> {
        let expired = self.active.values().filter(|request| request.expires <= now);
        expired.min_by_key(|request| request.expires).map(|request| request.peer)
    }

    /// When the next request is given up.
    pub(super) fn next_expiry(&self) -> Option<Time> {
        self.active.values().map(|request| request.expires).min()
    }

    /// The next request that has ended.
    pub(super) fn next_finished(&mut self) -> Option<Request> {
        let request = self.finished.pop_front();
        if request.is_some() && self.fault == Some(Fault::FinishedKept) {
            self.kept += 1;
        }
        request
    }

    /// Forgets all requests in flight: only the machine with that bug does it.
    pub(super) fn forget(&mut self) {
        self.active.clear();
    }

    /// Whether no request is in flight.
    pub(super) fn is_quiet(&self) -> bool {
        self.active.is_empty()
    }

    /// Requests in flight and the items in them.
    pub(super) fn in_flight(&self) -> (usize, usize) {
        (self.active.len(), self.active.values().map(Request::len).sum())
    }

    /// Requests that have ended and are held.
    pub(super) fn finished(&self) -> u64 {
        self.finished.len() as u64 + self.kept
    }
}
