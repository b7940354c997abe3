//! The reference machine: cycles, peers and requests around the subchains.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::machine::{Input, Machine, Outbox, PeerId, Time};
use crate::primitives::ethereum_header::SealedHeader;

use super::capacity::Capacities;
use super::message::{Command, CycleEnd, Event, Gauges, HeadAnswer, Message, Reason, Start};
use super::{Backfiller, Fault, LocalChain, Scratch, Settings, Skeleton, Store, Subchains};

/// geth's skeleton syncer as one machine.
#[derive(Clone, Debug)]
pub struct Syncer {
    settings: Settings,
    fault: Option<Fault>,
    chains: Subchains,
    local: LocalChain,
    filler: Backfiller,
    scratch: Scratch,
    peers: BTreeMap<PeerId, Standing>,
    capacities: Capacities,
    requests: BTreeMap<u64, Request>,
    next_id: u64,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No forced head has come yet.
    Waiting,
    Running {
        linked: bool,
    },
    Terminated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Busy,
    /// Its connection is being closed.
    Dropped,
    Idle,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    peer: PeerId,
    origin: u64,
    amount: u64,
    at: Time,
}

impl Syncer {
    /// The machine at the beginning.
    pub fn new(start: &Start) -> Self {
        Self::with_fault(start, None)
    }

    pub(super) fn with_fault(start: &Start, fault: Option<Fault>) -> Self {
        let store = Store::new(&start.rows, start.status.clone());
        let mut chains = Subchains::new(store, start.profile);
        chains.fault = fault;
        Self {
            settings: start.settings,
            fault,
            chains,
            local: LocalChain::new(&start.local),
            filler: Backfiller::new(start.settings, fault),
            scratch: Scratch::default(),
            peers: BTreeMap::new(),
            capacities: Capacities::default(),
            requests: BTreeMap::new(),
            next_id: 1,
            phase: Phase::Waiting,
        }
    }

    /// The local chain is filled up to a header above all that is there.
    pub(super) fn fill_above(&mut self, header: SealedHeader) {
        self.local.fill_above(header);
    }

    /// The subchains and their store.
    pub fn subchains(&self) -> &Subchains {
        &self.chains
    }

    /// The local chain.
    pub fn local(&self) -> &LocalChain {
        &self.local
    }

    fn command(&mut self, now: Time, command: Command, out: &mut Outbox<Skeleton>) {
        match command {
            Command::Bounds {} => {
                let answer = self.chains.bounds();
                out.event(Event::Bounds { answer });
            }
            Command::Head { header, force, finalized } => {
                self.head(now, &header, force, finalized, out);
            }
            Command::SetHead { hash, delete } => {
                if self.local.set_head(hash, delete) {
                    self.filler.cancel(&self.local, out);
                    out.event(Event::LocalHead { hash });
                }
            }
            Command::Terminate {} => {
                if matches!(self.phase, Phase::Running { .. }) {
                    self.end_cycle(CycleEnd::Terminated, out);
                }
                self.phase = Phase::Terminated;
            }
        }
    }

    /// A head is announced (geth `startup` and the head events of `sync`).
    fn head(
        &mut self,
        now: Time,
        header: &SealedHeader,
        force: bool,
        finalized: Option<u64>,
        out: &mut Outbox<Skeleton>,
    ) {
        let answered = |answer, out: &mut Outbox<Skeleton>| {
            out.event(Event::HeadAnswered { hash: header.hash(), answer });
        };
        let linked = match self.phase {
            Phase::Terminated => return answered(HeadAnswer::Terminated, out),
            Phase::Waiting if !force => return answered(HeadAnswer::NotStarted, out),
            Phase::Waiting => {
                answered(HeadAnswer::Restarted, out);
                return self.start_cycle(now, Some(header), out);
            }
            Phase::Running { linked } => linked,
        };
        let mut stored = Vec::new();
        let answer = self.chains.place(header, finalized, &mut stored);
        stored.into_iter().for_each(|event| out.event(event));
        let accepted = answer == HeadAnswer::Accepted;
        if !accepted && (force || self.fault == Some(Fault::NotForcedRestarts)) {
            answered(HeadAnswer::Restarted, out);
            self.end_cycle(CycleEnd::Reorged, out);
            return self.start_cycle(now, Some(header), out);
        }
        answered(answer, out);
        if !accepted || !linked {
            return;
        }
        // DIFFERENCE between the profiles: #33428 looks whether the link is still there.
        let unchecked = self.chains.profile == super::Profile::Geth110
            || self.fault == Some(Fault::LinkNotRechecked);
        if unchecked || self.is_linked() {
            self.filler.resume(now, &self.chains, &self.local, out);
        } else {
            self.end_cycle(CycleEnd::Trimmed, out);
            self.start_cycle(now, None, out);
        }
    }

    fn is_linked(&self) -> bool {
        let status = self.chains.status();
        let [primary] = status.subchains[..] else { return false };
        self.local.links(primary.tail - 1, &primary.next, self.chains.profile, self.fault)
    }

    /// Begins a cycle (geth `sync`).
    fn start_cycle(&mut self, now: Time, head: Option<&SealedHeader>, out: &mut Outbox<Skeleton>) {
        if let Some(head) = head {
            out.event(self.chains.init(head));
        }
        let primary = self.chains.primary().expect("a cycle has a primary subchain");
        let Settings { batch, scratch_batches, .. } = self.settings;
        self.scratch = Scratch::new(primary.tail - 1, batch, scratch_batches);
        for standing in self.peers.values_mut().filter(|s| **s != Standing::Dropped) {
            *standing = Standing::Idle;
        }
        let linked = self.is_linked();
        self.phase = Phase::Running { linked };
        out.event(Event::CycleStarted { linked });
        if linked {
            self.filler.resume(now, &self.chains, &self.local, out);
        }
    }

    /// Ends a cycle (the deferred part of geth `sync`). DIFFERENCE: the filler stops at once here,
    /// so no head meets a syncer that is "reorging".
    fn end_cycle(&mut self, why: CycleEnd, out: &mut Outbox<Skeleton>) {
        out.event(Event::CycleEnded { why });
        if self.fault != Some(Fault::RequestsOutliveCycle) {
            self.requests.clear();
        }
        if self.fault == Some(Fault::FillerNotSuspended) {
            return;
        }
        let filled = self.filler.suspend(&self.local, self.chains.profile);
        out.event(Event::FillerSuspended { filled: filled.as_ref().map(SealedHeader::hash) });
        if let Some(filled) = filled {
            // What is wrong is for the log.
            let cleaned = self.chains.clean(&filled).unwrap_or_default();
            cleaned.into_iter().for_each(|event| out.event(event));
        }
    }

    /// Gives free batches to idle peers (geth `assignTasks`).
    fn assign(&mut self, now: Time, out: &mut Outbox<Skeleton>) {
        if self.phase != (Phase::Running { linked: false }) {
            return;
        }
        let idle =
            |(peer, standing): (&PeerId, &Standing)| (*standing == Standing::Idle).then_some(*peer);
        let mut idle: Vec<PeerId> = self.peers.iter().filter_map(idle).collect();
        if idle.is_empty() {
            return;
        }
        self.capacities.sort(&mut idle);
        let with_genesis = self.fault == Some(Fault::GenesisRequested);
        let origins: Vec<u64> = self.scratch.free(with_genesis).take(idle.len()).collect();
        for (origin, peer) in origins.into_iter().zip(idle) {
            let id = self.next_id;
            self.next_id += 1;
            let below = origin + u64::from(with_genesis);
            let amount = self.settings.batch.min(below);
            self.requests.insert(id, Request { peer, origin, amount, at: now });
            self.scratch.assign(origin, peer);
            self.peers.insert(peer, Standing::Busy);
            out.send(peer, Message::GetHeaders { id, origin, amount });
        }
    }

    /// An answer has come (geth `executeTask`). One that nothing waits for is passed over.
    fn headers(
        &mut self,
        now: Time,
        peer: PeerId,
        id: u64,
        headers: Arc<[SealedHeader]>,
        out: &mut Outbox<Skeleton>,
    ) {
        let asked = self.requests.get(&id).copied();
        let Some(request) = asked.filter(|request| request.peer == peer) else { return };
        self.requests.remove(&id);
        self.capacities.measure(peer, headers.len(), now.since(request.at));
        if let Some(reason) = self.objection(&request, &headers) {
            self.revert(request.origin);
            return self.drop_peer(peer, reason, out);
        }
        self.peers.insert(peer, Standing::Idle);
        self.scratch.deliver(request.origin, headers);
        let consumed = self.chains.consume(&mut self.scratch, &self.local);
        consumed.stored.into_iter().for_each(|event| out.event(event));
        if let Some(owner) = consumed.culprit
            && self.fault != Some(Fault::WrongChainNotDropped)
        {
            let blamed = if self.fault == Some(Fault::DelivererBlamed) { peer } else { owner };
            self.drop_peer(blamed, Reason::WrongChain {}, out);
        }
        let why = match (consumed.linked, consumed.merged) {
            (true, _) => CycleEnd::Linked,
            (false, true) => CycleEnd::Merged,
            (false, false) => return,
        };
        self.end_cycle(why, out);
        self.start_cycle(now, None, out);
    }

    /// What is wrong with an answer, as far as it can be told from the answer alone.
    fn objection(&self, request: &Request, headers: &[SealedHeader]) -> Option<Reason> {
        let Some(first) = headers.first() else {
            assert!(self.fault != Some(Fault::EmptyBatchPanics), "a batch has a first header");
            return Some(Reason::Empty {});
        };
        if first.number() != request.origin && self.fault != Some(Fault::AnchorUnchecked) {
            return Some(Reason::WrongAnchor {});
        }
        if headers.len() as u64 != request.amount && self.fault != Some(Fault::ShortBatchAccepted) {
            return Some(Reason::WrongCount {});
        }
        let linked = headers.windows(2).all(|pair| pair[0].parent() == pair[1].hash());
        (!linked && self.fault != Some(Fault::ProgressionUnchecked))
            .then_some(Reason::BrokenProgression {})
    }

    fn revert(&mut self, origin: u64) {
        if self.fault != Some(Fault::SlotNotReverted) {
            self.scratch.revert(origin);
        }
    }

    fn drop_peer(&mut self, peer: PeerId, reason: Reason, out: &mut Outbox<Skeleton>) {
        if let Some(standing) = self.peers.get_mut(&peer)
            && *standing != Standing::Dropped
        {
            *standing = Standing::Dropped;
            out.disconnect(peer, reason);
        }
    }

    fn leave(&mut self, peer: PeerId) {
        self.peers.remove(&peer);
        self.capacities.leave(peer);
        let gone = |request: &Request| request.peer == peer;
        let origins: Vec<u64> =
            self.requests.values().filter(|r| gone(r)).map(|r| r.origin).collect();
        self.requests.retain(|_, request| !gone(request));
        if self.fault != Some(Fault::LeaverKeepsSlots) {
            origins.into_iter().for_each(|origin| self.scratch.revert(origin));
        }
    }

    fn time_out(&mut self, now: Time, out: &mut Outbox<Skeleton>) {
        if self.fault == Some(Fault::TimeoutMissing) {
            return;
        }
        let late = |request: &Request| now.since(request.at) >= self.settings.timeout_ms;
        let requests: Vec<Request> = self.requests.values().copied().filter(late).collect();
        self.requests.retain(|_, request| now.since(request.at) < self.settings.timeout_ms);
        for request in requests {
            self.capacities.measure(request.peer, 0, 0);
            self.revert(request.origin);
            self.drop_peer(request.peer, Reason::TimedOut {}, out);
        }
    }
}

impl Machine<Skeleton> for Syncer {
    fn step(&mut self, now: Time, input: Input<Skeleton>, out: &mut Outbox<Skeleton>) {
        match input {
            Input::Command { command } => self.command(now, command, out),
            Input::Connected { peer, .. } => {
                self.peers.insert(peer, Standing::Idle);
                self.capacities.join(peer);
            }
            Input::Deadline {} => {
                self.time_out(now, out);
                self.filler.step(now, &self.chains, &mut self.local, out);
            }
            Input::Disconnected { peer } => self.leave(peer),
            Input::Message { peer, message: Message::Headers { id, headers } } => {
                self.headers(now, peer, id, headers, out);
            }
            // The skeleton syncer serves nobody.
            Input::Message { message: Message::GetHeaders { .. }, .. } => {}
        }
        self.assign(now, out);
    }

    fn deadline(&self) -> Option<Time> {
        let late = self.requests.values().map(|request| request.at + self.settings.timeout_ms);
        let late = late.filter(|_| self.fault != Some(Fault::TimeoutMissing)).min();
        [late, self.filler.due()].into_iter().flatten().min()
    }

    fn restart(&mut self, _now: Time, _out: &mut Outbox<Skeleton>) {
        self.filler = self.filler.restarted();
        self.chains.status = super::Status::default();
        self.scratch = Scratch::default();
        self.peers.clear();
        self.capacities = Capacities::default();
        self.requests.clear();
        self.phase = Phase::Waiting;
    }

    fn gauges(&self) -> Option<Gauges> {
        Some(Gauges {
            peers: self.peers.len() as u64,
            requests: self.requests.len() as u64,
            scratch_headers: self.scratch.headers(),
            scratch_max: self.settings.batch * self.settings.scratch_batches,
        })
    }
}
