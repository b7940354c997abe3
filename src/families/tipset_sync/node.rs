use std::sync::Arc;

use crate::machine::{FastSet, Input, Machine, Millis, Outbox, PeerId, Time};
use crate::primitives::filecoin::consensus::{self, Check};
use crate::primitives::filecoin::{BlockMessages, Cid, Tipset, TipsetKey};

use super::client::{ExchangeClient, Outcome, Waiter};
use super::deferred::{Deferred, Later};
use super::dispatcher::Dispatcher;
use super::family::TipsetSync;
use super::message::{
    Command, Event, FullBlock, Gauges, Handshake, Message, Reason, Request, Start, SyncOutcome,
};
use super::rules::Rules;
use super::server::{Absent, Shelf, answer};
use super::store::ChainStore;
use super::syncer::{Job, Need, SyncContext};
use super::tracker::{Added, Target};

/// Blocks of epochs further ahead than this are not looked at (Lotus `chain/sync.go`
/// MaxHeightDrift).
const HEIGHT_DRIFT_MAX: i64 = 5;

/// The reference: a Filecoin node's chain synchronisation.
#[derive(Debug)]
pub struct Node {
    start: Start,
    rules: Rules,
    store: ChainStore,
    bad: FastSet<Cid>,
    client: ExchangeClient,
    dispatcher: Dispatcher,
    deferred: Deferred,
    connected: Vec<(PeerId, Handshake)>,
    next_id: u64,
    /// Wakes itself without end; only mutants do.
    spinning: bool,
}

impl Node {
    /// A node in the profile that `start` names.
    pub fn new(start: &Start) -> Self {
        Self::with_rules(start, Rules::of(&start.profile))
    }

    /// A node with rules of its own.
    pub fn with_rules(start: &Start, rules: Rules) -> Self {
        Self {
            store: ChainStore::new(start, &rules),
            bad: FastSet::default(),
            client: client_of(start, &rules),
            dispatcher: Dispatcher::new(start, &rules),
            deferred: Deferred::default(),
            connected: Vec::new(),
            next_id: 0,
            spinning: false,
            rules,
            start: start.clone(),
        }
    }

    fn message(&mut self, now: Time, peer: PeerId, message: Message, out: &mut Outbox<TipsetSync>) {
        match message {
            Message::Checkpoint { tipset } => {
                if self.is_operator(peer) {
                    self.set_checkpoint(&tipset, out);
                }
            }
            Message::Gossip { block } => {
                if consensus::check_alone(block.header.header()).is_ok() {
                    self.announce(now, &[block], Some(peer));
                }
            }
            Message::Hello { head, height, genesis, .. } => {
                self.hello(now, peer, head, height, genesis, out);
            }
            Message::OwnBlock { block } => {
                if self.is_operator(peer) {
                    self.announce(now, &[block], None);
                }
            }
            Message::Request { request } => self.serve(peer, request, out),
            Message::Response { request, status, chain, .. } => {
                let outcomes = self.client.answered(now, peer, &request, status, &chain, out);
                self.settle(now, outcomes, out);
            }
        }
    }

    fn is_operator(&self, peer: PeerId) -> bool {
        self.connected.iter().any(|(id, handshake)| *id == peer && handshake.operator)
    }

    fn say_hello(&self, peer: PeerId, out: &mut Outbox<TipsetSync>) {
        let head = self.store.head();
        let weight = if self.rules.exchange.hello_own_weight {
            self.store.weight(head)
        } else {
            head.parent_weight()
        };
        let genesis = self.start.genesis.cid();
        out.send(
            peer,
            Message::Hello { head: head.key().clone(), height: head.height(), weight, genesis },
        );
    }

    fn hello(
        &mut self,
        now: Time,
        peer: PeerId,
        head: TipsetKey,
        height: i64,
        genesis: Cid,
        out: &mut Outbox<TipsetSync>,
    ) {
        if genesis != self.start.genesis.cid() {
            out.disconnect(peer, Reason::WrongGenesis {});
            return;
        }
        if self.rules.sync.announcer_usable {
            self.client.add_peer(peer);
        }
        self.deferred.wake(now);
        if height <= 0 || head.is_empty() || self.is_too_high(now, height) {
            return;
        }
        match self.stored(&head) {
            Some(blocks) => self.announce(now, &blocks, Some(peer)),
            None => self.fetch(now, peer, head, 0, out),
        }
    }

    /// Asks the peer that told of a head for it.
    fn fetch(
        &mut self,
        now: Time,
        peer: PeerId,
        head: TipsetKey,
        attempts: u32,
        out: &mut Outbox<TipsetSync>,
    ) {
        if !self.client.has_peer(peer) {
            return;
        }
        let id = self.next_id();
        let request = Request {
            head: head.clone(),
            length: 1,
            options: Request::HEADERS | Request::MESSAGES,
        };
        self.dispatcher.fetching(id, peer, head, attempts);
        self.client.ask(now, request, Vec::new(), Some(peer), Waiter::Hello(id), out);
    }

    fn stored(&self, key: &TipsetKey) -> Option<Vec<FullBlock>> {
        let tipset = self.store.tipset(key)?;
        let full = |block: &Arc<_>| {
            let messages = Arc::clone(self.store.messages(block)?);
            Some(FullBlock { header: Arc::clone(block), messages })
        };
        tipset.blocks().iter().map(full).collect()
    }

    /// Takes a whole tipset as a target (Venus `dispatcher.go` sendHead).
    fn announce(&mut self, now: Time, blocks: &[FullBlock], sender: Option<PeerId>) {
        let matching = |block: &FullBlock| block.messages.root() == block.header.header().messages;
        let headers: Vec<_> = blocks.iter().map(|block| Arc::clone(&block.header)).collect();
        let Ok(head) = Tipset::new(headers, self.rules.construction) else { return };
        if self.is_too_high(now, head.height()) || !blocks.iter().all(matching) {
            return;
        }
        for block in blocks {
            self.store.put_full(block);
        }
        if let Some(sender) = sender
            && self.rules.sync.announcer_usable
            && self.speaks_exchange(sender)
        {
            self.client.add_peer(sender);
        }
        let id = self.next_id();
        let head = Arc::new(head);
        self.add(now, Target { id, head, attempts: 0, running: false });
    }

    fn speaks_exchange(&self, peer: PeerId) -> bool {
        self.connected.iter().any(|(id, handshake)| *id == peer && handshake.exchange)
    }

    fn add(&mut self, now: Time, mut target: Target) {
        // What is left of a tipset without its bad blocks may still be worth a sync.
        let sound = target.head.blocks().iter().filter(|block| !self.bad.contains(&block.cid()));
        let sound: Vec<_> = sound.cloned().collect();
        if sound.len() < target.head.blocks().len() {
            let Ok(head) = Tipset::new(sound, self.rules.construction) else { return };
            target.head = Arc::new(head);
        }
        if is_synced(&self.store, &self.rules, &target.head) {
            return;
        }
        let (bad, store, rules) = (&self.bad, &self.store, &self.rules);
        let is_bad = |cid: &Cid| bad.contains(cid);
        let done = |tipset: &Tipset| is_synced(store, rules, tipset);
        match self.dispatcher.tracker.add(target, &is_bad, &done) {
            Added::Queued { displaced: Some(_) } if self.rules.tracker.forgets_displaced => {}
            Added::Queued { displaced: Some(target) } | Added::NoPlace(target) => {
                self.defer(now, target, Some(now));
            }
            Added::Queued { displaced: None } | Added::Known | Added::Refused => {}
        }
    }

    /// Keeps a target for later. Without a time it waits for a change of our chain, or a place.
    fn defer(&mut self, now: Time, target: Target, at: Option<Time>) {
        if self.rules.sync.retries {
            let at = at.unwrap_or(now + Deferred::NEVER);
            self.deferred.push(Later::Target(target), at);
        }
    }

    fn is_too_high(&self, now: Time, height: i64) -> bool {
        let since = self.unix_time(now).saturating_sub(self.start.genesis.header().timestamp);
        let epoch = (since / self.start.network.block_delay_s) as i64;
        self.rules.sync.epoch_window && height > epoch + HEIGHT_DRIFT_MAX
    }

    fn unix_time(&self, now: Time) -> u64 {
        self.start.unix_time + now.as_millis() / 1000
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn set_checkpoint(&mut self, key: &TipsetKey, out: &mut Outbox<TipsetSync>) {
        let Some(tipset) = self.store.tipset(key) else { return };
        let head = Arc::clone(self.store.head());
        if self.rules.head.ancestor_walk_stuck && head.key() != key {
            self.spinning = true;
            return;
        }
        let forward = tipset.height() > self.store.checkpoint().height();
        if forward && self.store.is_validated(key) && self.store.is_ancestor(&tipset, &head) {
            self.store.set_checkpoint(tipset);
            out.event(Event::CheckpointSet { tipset: key.clone() });
        }
    }

    fn serve(&self, peer: PeerId, request: Request, out: &mut Outbox<TipsetSync>) {
        let mut answer = answer(&request, self, None, &self.rules.exchange);
        if self.rules.exchange.swaps_kinds {
            for messages in answer.chain.iter_mut().flatten().flat_map(|i| i.messages.as_mut()) {
                std::mem::swap(&mut messages.bls_includes, &mut messages.secp_includes);
            }
        }
        let (status, error) = (answer.status, answer.error.to_owned());
        let chain = Arc::new(answer.chain);
        out.send(peer, Message::Response { request, status, error, chain });
    }

    /// Hands answers to those who wait for them.
    fn settle(
        &mut self,
        now: Time,
        outcomes: Vec<(Waiter, Outcome)>,
        out: &mut Outbox<TipsetSync>,
    ) {
        for (waiter, outcome) in outcomes {
            match waiter {
                Waiter::Hello(id) => self.fetched(now, id, &outcome),
                Waiter::Job(id) => {
                    let Some(mut job) = self.dispatcher.take_job(id) else { continue };
                    let need = self.work(now, out, |cx| job.resume(&outcome, cx));
                    self.meet(now, job, need, out);
                }
            }
        }
    }

    fn fetched(&mut self, now: Time, id: u64, outcome: &Outcome) {
        let Some(fetch) = self.dispatcher.take_fetch(id) else { return };
        let Some(valid) = outcome else {
            if self.rules.sync.retries {
                let at = now + backoff(fetch.attempts);
                let later = Later::Fetch {
                    peer: fetch.peer,
                    head: fetch.head,
                    attempts: fetch.attempts + 1,
                };
                self.deferred.push(later, at);
            }
            return;
        };
        if let (Some(tipset), Some(messages)) = (valid.tipsets.first(), valid.messages.first()) {
            let pairs = tipset.blocks().iter().zip(messages);
            let full = |(header, messages): (&Arc<_>, &Arc<BlockMessages>)| FullBlock {
                header: Arc::clone(header),
                messages: Arc::clone(messages),
            };
            let blocks: Vec<FullBlock> = pairs.map(full).collect();
            if self.speaks_exchange(fetch.peer) {
                self.client.add_peer(fetch.peer);
            }
            self.announce(now, &blocks, Some(fetch.peer));
        }
    }

    /// Runs a part of a sync and reports what it did.
    fn work(
        &mut self,
        now: Time,
        out: &mut Outbox<TipsetSync>,
        part: impl FnOnce(&mut SyncContext<'_>) -> Need,
    ) -> Need {
        let (mut events, mut reorganised) = (Vec::new(), false);
        let unix_time = self.unix_time(now);
        let need = part(&mut SyncContext {
            store: &mut self.store,
            bad: &mut self.bad,
            rules: &self.rules,
            settings: &self.start.settings,
            network: &self.start.network,
            unix_time,
            events: &mut events,
            reorganised: &mut reorganised,
        });
        events.into_iter().for_each(|event| out.event(event));
        if reorganised {
            // What was too light or forked off too far back may not be any more.
            self.deferred.wake_all(now);
        }
        need
    }

    /// Gives a sync what it needs, or ends it.
    fn meet(&mut self, now: Time, job: Job, need: Need, out: &mut Outbox<TipsetSync>) {
        let (mut job, mut need) = (job, need);
        loop {
            match need {
                Need::Done(outcome) => return self.end(now, &job, outcome, out),
                Need::Ask(request, known) => {
                    let waiter = Waiter::Job(job.target.id);
                    if self.client.ask(now, request, known, None, waiter, out) {
                        return self.dispatcher.put_job(job);
                    }
                    need = self.work(now, out, |cx| job.resume(&None, cx));
                    if matches!(need, Need::Ask(..)) {
                        need = Need::Done(SyncOutcome::Unavailable {});
                    }
                }
            }
        }
    }

    fn end(&mut self, now: Time, job: &Job, outcome: SyncOutcome, out: &mut Outbox<TipsetSync>) {
        let target = &job.target;
        let key = target.head.key().clone();
        let outcome =
            if self.rules.sync.swallows_errors { SyncOutcome::Complete {} } else { outcome };
        out.event(Event::SyncEnded { target: key, outcome });
        self.dispatcher.finish(target.id);
        if self.rules.sync.consumes_prefix && outcome == (SyncOutcome::Complete {}) {
            self.dispatcher.drop_waiting(target.head.key());
        }
        let at = match outcome {
            SyncOutcome::Complete {} => return,
            SyncOutcome::Invalid { check: Check::TooEarly } => Some(self.when_due(now, job)),
            SyncOutcome::Invalid { .. } => return,
            SyncOutcome::Cancelled {} => Some(now + 1_000),
            SyncOutcome::Unavailable {} => Some(now + backoff(target.attempts)),
            // It was compared with a head that another sync has moved since.
            SyncOutcome::ForkRefused {} | SyncOutcome::Lighter {}
                if job.known_head().key() != self.store.head().key() =>
            {
                Some(now)
            }
            SyncOutcome::ForkRefused {} | SyncOutcome::Lighter {} => None,
        };
        let attempts = target.attempts + 1;
        self.defer(now, Target { attempts, running: false, ..target.clone() }, at);
    }

    /// When the earliest time of a target's chain that is yet to come has come.
    fn when_due(&self, now: Time, job: &Job) -> Time {
        let due = job.early_until(self.unix_time(now)).saturating_sub(consensus::CLOCK_DRIFT_S);
        Time::from_millis(due.saturating_sub(self.start.unix_time) * 1000).max(now + 1_000)
    }

    /// Starts syncs and takes up what was deferred, until all that can run runs.
    fn pump(&mut self, now: Time, out: &mut Outbox<TipsetSync>) {
        loop {
            while self.dispatcher.has_place()
                && let Some(later) = self.deferred.pop(now)
            {
                self.take_up(now, later, out);
            }
            let Some(target) = self.dispatcher.select() else { return };
            if target.head.key().iter().any(|cid| self.bad.contains(cid)) {
                // It was found out while the target waited.
                self.dispatcher.finish(target.id);
                self.add(now, Target { running: false, ..target });
                continue;
            }
            out.event(Event::SyncStarted { target: target.head.key().clone() });
            let mut job = Job::new(target, self.store.head());
            let need = self.work(now, out, |cx| job.begin(cx));
            self.meet(now, job, need, out);
            if self.deferred.is_idle() && self.rules.sync.spins_when_busy {
                self.spinning |= self.dispatcher.waits_for_running();
            }
        }
    }

    fn take_up(&mut self, now: Time, later: Later, out: &mut Outbox<TipsetSync>) {
        match later {
            Later::Target(target) => self.add(now, target),
            Later::Fetch { peer, head, attempts } => match self.stored(&head) {
                Some(blocks) => self.announce(now, &blocks, Some(peer)),
                None => self.fetch(now, peer, head, attempts, out),
            },
        }
    }

    fn set_concurrent(&mut self, now: Time, count: u32, out: &mut Outbox<TipsetSync>) {
        for job in self.dispatcher.set_concurrent(count) {
            self.client.forget(Waiter::Job(job.target.id));
            self.end(now, &job, SyncOutcome::Cancelled {}, out);
        }
    }
}

/// Whether a sync to this tipset has nothing to do.
fn is_synced(store: &ChainStore, rules: &Rules, tipset: &Tipset) -> bool {
    store.is_validated(tipset.key())
        || (store.has_only_valid(tipset) && !rules.sync.subset_moves_head)
}

/// How long to wait after so many attempts: from two seconds on, twice as long each time.
fn backoff(attempts: u32) -> Millis {
    (2_000 << attempts.min(7)).min(240_000)
}

fn client_of(start: &Start, rules: &Rules) -> ExchangeClient {
    let reply = start.settings.reply_ms;
    ExchangeClient::new(rules.exchange, rules.construction, reply, start.shuffle)
}

impl Machine<TipsetSync> for Node {
    fn step(&mut self, now: Time, input: Input<TipsetSync>, out: &mut Outbox<TipsetSync>) {
        match input {
            Input::Command { command: Command::SetConcurrent { count } } => {
                self.set_concurrent(now, count, out);
            }
            Input::Connected { peer, hello, .. } => {
                self.connected.push((peer, hello));
                if !hello.operator {
                    self.say_hello(peer, out);
                }
            }
            Input::Deadline {} => {
                let outcomes = self.client.expire(now, out);
                self.settle(now, outcomes, out);
            }
            Input::Disconnected { peer } => {
                self.connected.retain(|(id, _)| *id != peer);
                self.deferred.forget_peer(peer);
                let outcomes = self.client.remove_peer(now, peer, out);
                self.settle(now, outcomes, out);
            }
            Input::Message { peer, message } => self.message(now, peer, message, out),
        }
        self.pump(now, out);
    }

    fn deadline(&self) -> Option<Time> {
        if self.spinning {
            return Some(Time::ZERO);
        }
        let deferred = if self.dispatcher.has_place() { self.deferred.next_at() } else { None };
        self.client.deadline().into_iter().chain(deferred).min()
    }

    fn restart(&mut self, _now: Time, _out: &mut Outbox<TipsetSync>) {
        self.bad.clear();
        self.client = client_of(&self.start, &self.rules);
        self.dispatcher = Dispatcher::new(&self.start, &self.rules);
        self.deferred = Deferred::default();
        self.connected.clear();
        self.spinning = false;
    }

    fn gauges(&self) -> Option<Gauges> {
        Some(Gauges {
            targets: self.dispatcher.tracker.queue().len() as u64,
            deferred: self.deferred.len() as u64,
            history: self.dispatcher.tracker.history().len() as u64,
            in_flight: self.client.in_flight() as u64,
        })
    }
}

impl Shelf for Node {
    fn tipset(&self, cids: &[Cid]) -> Result<Arc<Tipset>, Absent> {
        self.store.tipset(cids).ok_or(Absent::Missing)
    }

    fn messages(&self, tipset: &Tipset) -> Option<Vec<Arc<BlockMessages>>> {
        tipset.blocks().iter().map(|block| self.store.messages(block).cloned()).collect()
    }
}
