use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::machine::{Millis, Outbox, PeerId, Time};
use crate::primitives::filecoin::{Construction, Tipset};

use super::family::TipsetSync;
use super::message::{ChainTipset, Message, Request, RequestKey};
use super::response::{Valid, check_response, check_roots};
use super::rules::ExchangeRules;

/// The first so many peers of the sorted list are shuffled (`ShufflePeersPrefix`).
const SHUFFLE_PREFIX: usize = 16;
/// Weights of a new measurement in a peer's and in the global average are one in this many
/// (`localInvAlpha`, `globalInvAlpha`).
const LOCAL_INV_ALPHA: u64 = 10;
const GLOBAL_INV_ALPHA: u64 = 25;

/// Who waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiter {
    /// A sync, by its number.
    Job(u64),
    /// The head of somebody's hello, by its number.
    Hello(u64),
}

/// What came of a request: the content, or nothing from any peer.
pub(super) type Outcome = Option<Arc<Valid>>;

/// The client of the chain exchange (Venus `pkg/net/exchange/client.go`): one peer after another
/// is asked until an answer matches.
#[derive(Debug)]
pub(super) struct ExchangeClient {
    rules: ExchangeRules,
    construction: Construction,
    reply: Millis,
    shuffle: u64,
    draws: u64,
    peers: BTreeMap<PeerId, PeerStats>,
    global_average: u64,
    flights: BTreeMap<RequestKey, Flight>,
}

/// What is measured of a peer, in microseconds a tipset.
#[derive(Clone, Copy, Debug, Default)]
struct PeerStats {
    successes: u64,
    failures: u64,
    average: u64,
}

/// A request on its way.
#[derive(Debug)]
struct Flight {
    request: Request,
    /// The tipsets whose messages are asked for, newest first.
    known: Vec<Arc<Tipset>>,
    asked: PeerId,
    asked_at: Time,
    started_at: Time,
    next: VecDeque<PeerId>,
    waiters: Vec<Waiter>,
}

impl ExchangeClient {
    pub(super) fn new(
        rules: ExchangeRules,
        construction: Construction,
        reply: Millis,
        shuffle: u64,
    ) -> Self {
        Self {
            rules,
            construction,
            reply,
            shuffle,
            draws: 0,
            peers: BTreeMap::new(),
            global_average: 0,
            flights: BTreeMap::new(),
        }
    }

    pub(super) fn add_peer(&mut self, peer: PeerId) {
        self.peers.entry(peer).or_default();
    }

    pub(super) fn has_peer(&self, peer: PeerId) -> bool {
        self.peers.contains_key(&peer)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// When the next answer is late.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.flights.values().map(|flight| flight.asked_at + self.reply).min()
    }

    /// Asks; `false` if there is nobody to ask. `only` names the peers that may be asked instead
    /// of all. A request that is on its way already is not sent again.
    pub(super) fn ask(
        &mut self,
        now: Time,
        request: Request,
        known: Vec<Arc<Tipset>>,
        only: Option<PeerId>,
        waiter: Waiter,
        out: &mut Outbox<TipsetSync>,
    ) -> bool {
        let key = request.key();
        if let Some(flight) = self.flights.get_mut(&key) {
            flight.waiters.push(waiter);
            flight.next.extend(only);
            return true;
        }
        let mut next = match only {
            Some(peer) => VecDeque::from([peer]),
            None => self.sorted_peers(),
        };
        let Some(first) = next.pop_front() else { return false };
        out.send(first, Message::Request { request: request.clone() });
        let waiters = vec![waiter];
        let flight =
            Flight { request, known, asked: first, asked_at: now, started_at: now, next, waiters };
        self.flights.insert(key, flight);
        true
    }

    /// Forgets a waiter; the answer may still come.
    pub(super) fn forget(&mut self, waiter: Waiter) {
        for flight in self.flights.values_mut() {
            flight.waiters.retain(|other| *other != waiter);
        }
    }

    /// Takes an answer. Returns who waited for it, and what they get.
    pub(super) fn answered(
        &mut self,
        now: Time,
        peer: PeerId,
        request: &Request,
        status: u64,
        chain: &[Option<ChainTipset>],
        out: &mut Outbox<TipsetSync>,
    ) -> Vec<(Waiter, Outcome)> {
        let key = request.key();
        let Some(flight) = self.flights.get(&key) else { return Vec::new() };
        if flight.asked != peer || flight.request != *request {
            return Vec::new();
        }
        let took = now.since(flight.asked_at);
        // Venus counts an answer as a success before it looks at it.
        self.log(peer, took, chain.len() as u64, true);
        let known = &self.flights[&key].known;
        let checked = check_response(request, status, chain, known, self.construction, &self.rules);
        match checked {
            Ok(valid) => {
                let Some(flight) = self.flights.remove(&key) else { return Vec::new() };
                self.log_global(now.since(flight.started_at));
                let outcome = if self.rules.checks_roots_late && !has_right_roots(&flight, &valid) {
                    None
                } else {
                    Some(Arc::new(valid))
                };
                flight.waiters.into_iter().map(|waiter| (waiter, outcome.clone())).collect()
            }
            Err(_) => self.go_on(now, key, out),
        }
    }

    /// The connection to a peer is gone.
    pub(super) fn remove_peer(
        &mut self,
        now: Time,
        peer: PeerId,
        out: &mut Outbox<TipsetSync>,
    ) -> Vec<(Waiter, Outcome)> {
        self.peers.remove(&peer);
        for flight in self.flights.values_mut() {
            flight.next.retain(|next| *next != peer);
        }
        let theirs = |(_, flight): &(&RequestKey, &Flight)| flight.asked == peer;
        let keys: Vec<_> = self.flights.iter().filter(theirs).map(|(key, _)| *key).collect();
        keys.into_iter().flat_map(|key| self.go_on(now, key, out)).collect()
    }

    /// Gives up what is late.
    pub(super) fn expire(
        &mut self,
        now: Time,
        out: &mut Outbox<TipsetSync>,
    ) -> Vec<(Waiter, Outcome)> {
        let late = |(_, flight): &(&RequestKey, &Flight)| flight.asked_at + self.reply <= now;
        let keys: Vec<_> = self.flights.iter().filter(late).map(|(key, _)| *key).collect();
        let mut outcomes = Vec::new();
        for key in keys {
            let (peer, length) = (self.flights[&key].asked, self.flights[&key].request.length);
            self.log(peer, self.reply, length, false);
            outcomes.extend(self.go_on(now, key, out));
        }
        outcomes
    }

    /// Asks the next peer, or tells those who wait that nobody is left.
    fn go_on(
        &mut self,
        now: Time,
        key: RequestKey,
        out: &mut Outbox<TipsetSync>,
    ) -> Vec<(Waiter, Outcome)> {
        let Some(flight) = self.flights.get_mut(&key) else { return Vec::new() };
        let Some(peer) = flight.next.pop_front() else {
            let flight = self.flights.remove(&key);
            return flight
                .into_iter()
                .flat_map(|flight| flight.waiters)
                .map(|waiter| (waiter, None))
                .collect();
        };
        flight.asked = peer;
        flight.asked_at = now;
        out.send(peer, Message::Request { request: flight.request.clone() });
        Vec::new()
    }

    /// Cheapest first, the first few shuffled (`peer_tracker.go` prefSortedPeers, shufflePrefix).
    fn sorted_peers(&mut self) -> VecDeque<PeerId> {
        let mut peers: Vec<(u64, PeerId)> =
            self.peers.iter().map(|(peer, stats)| (self.cost(stats), *peer)).collect();
        peers.sort_unstable();
        let mut peers: Vec<PeerId> = peers.into_iter().map(|(_, peer)| peer).collect();
        let prefix = peers.len().min(SHUFFLE_PREFIX);
        for last in (1..prefix).rev() {
            self.draws += 1;
            let drawn = mix(self.shuffle, self.draws) % (last as u64 + 1);
            peers.swap(last, drawn as usize);
        }
        peers.into()
    }

    fn cost(&self, stats: &PeerStats) -> u64 {
        let tries = stats.successes + stats.failures;
        if tries == 0 {
            return self.global_average * 9 / 10;
        }
        stats.average + self.global_average * stats.failures / tries
    }

    fn log(&mut self, peer: PeerId, took: Millis, size: u64, success: bool) {
        let Some(stats) = self.peers.get_mut(&peer) else { return };
        if success {
            stats.successes += 1;
        } else {
            stats.failures += 1;
        }
        let each = took * 1000 / size.max(1);
        stats.average =
            if stats.average == 0 { each } else { towards(stats.average, each, LOCAL_INV_ALPHA) };
    }

    fn log_global(&mut self, took: Millis) {
        let took = took * 1000;
        self.global_average = if self.global_average == 0 {
            took
        } else {
            towards(self.global_average, took, GLOBAL_INV_ALPHA)
        };
    }
}

fn has_right_roots(flight: &Flight, valid: &Valid) -> bool {
    let tipsets = if valid.tipsets.is_empty() { &flight.known } else { &valid.tipsets };
    let mut pairs = tipsets.iter().zip(&valid.messages);
    pairs.all(|(tipset, messages)| check_roots(tipset, messages).is_ok())
}

fn towards(average: u64, value: u64, inverse: u64) -> u64 {
    if value >= average {
        average + (value - average) / inverse
    } else {
        average - (average - value) / inverse
    }
}

/// A number that depends on both (splitmix64).
fn mix(seed: u64, ordinal: u64) -> u64 {
    let mut x = seed.wrapping_add(ordinal.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
