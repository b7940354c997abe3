use std::sync::Arc;

use crate::machine::{Input, Machine, Millis, Outbox, PeerId, Time};
use crate::primitives::ethereum_state::{Blob, Hash32};
use crate::world::state::Block;

use super::fault::Fault;
use super::message::{Command, Event, Gauges, Message, Reason, Start, SyncError};
use super::registry::Registry;
use super::session::{Session, StateSyncHandle};
use super::store::{Batch, Store};
use super::tracker::{Request, Tracker};
use super::worker::{BATCH_BYTES, Worker};
use super::{Profile, StateSync};

/// After this time a sync begins with any peer (geth eth/sync.go `forceSyncCycle`).
pub(super) const FORCE_SYNC_MS: Millis = 10_000;
/// With so many peers a sync begins at once (geth `defaultMinSyncPeers`).
pub(super) const SYNC_PEERS_MIN: usize = 5;

/// The reference machine: geth's fast sync of states.
///
/// ```text
///   session  chooses the pivot, imports blocks around it       (session.rs, pivot.rs)
///      │ starts and cancels
///   worker   owns the scheduler and the items to ask for       (worker.rs, scheduler.rs)
///      │ requests       ▲ requests that have ended
///   tracker  owns the requests in flight, one for a peer       (tracker.rs)
/// ```
#[derive(Clone, Debug)]
pub struct Downloader {
    pub(super) profile: Profile,
    pub(super) fault: Option<Fault>,
    pub(super) blocks: Arc<[Block]>,
    pub(super) store: Store,
    pub(super) peers: Registry,
    tracker: Tracker,
    worker: Option<Worker>,
    /// The state whose sync begins when the requests of the one before have ended.
    pub(super) next_root: Option<Hash32>,
    pub(super) session: Option<Session>,
    /// When a sync may begin with few peers; `None` once that time has come.
    pub(super) force_at: Option<Time>,
    /// Fast sync is over for good: the chain was too short for it.
    pub(super) fast_disabled: bool,
    restarted: bool,
    stale: Option<Worker>,
}

impl Downloader {
    /// The machine in the profile of `start`.
    pub fn new(start: &Start) -> Self {
        Self::with_fault(start, None)
    }

    pub(super) fn with_fault(start: &Start, fault: Option<Fault>) -> Self {
        let mut store = Store::default();
        let hashes = |blobs: &[Blob]| blobs.iter().map(Blob::hash).collect();
        store.write(&Batch { nodes: hashes(&start.nodes), codes: hashes(&start.codes) });
        Self {
            profile: start.profile,
            fault,
            blocks: start.blocks.clone(),
            store,
            peers: Registry::new(Time::ZERO),
            tracker: Tracker::new(fault),
            worker: None,
            next_root: None,
            session: None,
            force_at: Some(Time::ZERO + FORCE_SYNC_MS),
            fast_disabled: false,
            restarted: false,
            stale: None,
        }
    }

    /// Cancels the sync of a state, if one goes on, and begins that of `root` once all requests in
    /// flight have ended (geth #21260).
    pub(super) fn start_state_sync(
        &mut self,
        now: Time,
        root: Hash32,
        out: &mut Outbox<StateSync>,
    ) {
        if let Some(worker) = &self.worker
            && self.fault == Some(Fault::StaleTasksKept)
        {
            self.stale = Some(worker.clone());
        }
        self.stop_worker(Err(SyncError::Cancelled {}), out);
        if let Some(session) = &mut self.session {
            session.state_sync = Some(StateSyncHandle { root, ended: None });
        }
        if self.fault == Some(Fault::PivotMoveIdlesPeers) {
            self.tracker.forget();
            self.peers.reset();
        }
        self.next_root = Some(root);
        self.begin_next_worker(now, out);
    }

    /// Ends the sync of a state. What is finished is written first, whatever the reason (geth
    /// #16280).
    pub(super) fn stop_worker(
        &mut self,
        result: Result<(), SyncError>,
        out: &mut Outbox<StateSync>,
    ) {
        self.next_root = None;
        let Some(mut worker) = self.worker.take() else { return };
        if result.is_ok() || self.fault != Some(Fault::CancelWithoutCommit) {
            let batch = worker.commit();
            self.write(&batch, out);
        }
        let error = result.clone().err();
        out.event(Event::StateSyncStopped { root: worker.root, error });
        if let Some(session) = &mut self.session
            && let Some(handle) = &mut session.state_sync
        {
            handle.ended = Some(result);
        }
    }

    /// Runs everything that can go on at `now`.
    fn pump(&mut self, now: Time, out: &mut Outbox<StateSync>) {
        loop {
            self.drain_finished(now, out);
            self.begin_next_worker(now, out);
            let went_on = self.run_session(now, out) || self.begin_session(now, out);
            if !went_on {
                return;
            }
        }
    }

    /// Begins the sync that waits, unless requests of the one before are in flight.
    fn begin_next_worker(&mut self, now: Time, out: &mut Outbox<StateSync>) {
        if self.next_root.is_none() || !self.tracker.is_quiet() {
            return;
        }
        self.release_finished();
        let Some(root) = self.next_root.take() else { return };
        let mut worker = Worker::new(root, &self.store, self.profile, self.fault);
        if let Some(stale) = self.stale.take() {
            worker.inherit(stale);
        }
        self.worker = Some(worker);
        out.event(Event::StateSyncStarted { root });
        self.turn_worker(now, out);
    }

    /// Requests that ended while no sync went on are moot, but their peers are idle.
    fn release_finished(&mut self) {
        while let Some(request) = self.tracker.next_finished() {
            if self.fault == Some(Fault::SpindownLeavesBusy) {
                continue;
            }
            let items = request.len();
            self.peers.release(request.peer, request.connection, request.ended, items);
        }
    }

    /// Lets the worker take all requests that have ended.
    fn drain_finished(&mut self, now: Time, out: &mut Outbox<StateSync>) {
        while self.worker.is_some() {
            let Some(request) = self.tracker.next_finished() else { return };
            self.finish_request(request, out);
            self.turn_worker(now, out);
        }
        self.release_finished();
    }

    /// One round of geth's `stateSync.loop`: done, or commit and assign.
    fn turn_worker(&mut self, now: Time, out: &mut Outbox<StateSync>) {
        let Some(worker) = &mut self.worker else { return };
        if worker.is_done() {
            self.stop_worker(Ok(()), out);
            return;
        }
        if worker.bytes_uncommitted >= BATCH_BYTES {
            let batch = worker.commit();
            self.write(&batch, out);
        }
        self.assign(now, out);
    }

    fn finish_request(&mut self, request: Request, out: &mut Outbox<StateSync>) {
        let (peer, connection, ended) = (request.peer, request.connection, request.ended);
        let stall_items = if self.fault == Some(Fault::StallThresholdOne) { 1 } else { 2 };
        if request.len() <= stall_items && !request.dropped && request.response.is_none() {
            // Even the smallest request was too much for it.
            assert!(self.fault != Some(Fault::DropCallbackMissing), "no way to drop a peer");
            self.drop_peer(peer, connection, out);
            let master = self.session.as_ref().map(|s| (s.master, s.master_connection));
            if master == Some((peer, connection)) {
                self.stop_worker(Err(SyncError::Timeout {}), out);
                return;
            }
        }
        let sent = request.response.as_ref().map_or(0, |blobs| blobs.len());
        let (unrequested, dropped) = (request.response.clone(), request.dropped);
        let Some(worker) = &mut self.worker else { return };
        let filterless = self.restarted && self.fault == Some(Fault::NilBloomAfterRestart);
        assert!(!filterless || sent == 0, "nil filter");
        let result = worker.process(&self.store, request, self.peers.len());
        let (useful, error) = match result {
            Ok(useful) => (useful, None),
            Err((useful, error)) => (useful, Some(error)),
        };
        let counted = if self.fault == Some(Fault::JunkCounts) { sent } else { useful };
        if !(dropped && self.fault == Some(Fault::JoinIdlesPeers)) {
            self.peers.release(peer, connection, ended, counted);
        }
        if self.fault == Some(Fault::UnrequestedStored)
            && let Some(blobs) = unrequested
        {
            let codes = blobs.iter().map(Blob::hash).filter(|hash| !self.store.has_node(hash));
            let batch = Batch { nodes: Vec::new(), codes: codes.collect() };
            self.write(&batch, out);
        }
        if let Some(error) = error {
            self.stop_worker(Err(error), out);
        }
    }

    /// Asks every idle peer for as much as it can deliver.
    fn assign(&mut self, now: Time, out: &mut Outbox<StateSync>) {
        for peer in self.peers.idle() {
            let Some(worker) = &mut self.worker else { return };
            let (count, timeout) = self.peers.allowance(now, peer, self.profile);
            let (nodes, codes) = worker.fill(peer, count);
            if nodes.is_empty() && codes.is_empty() {
                continue;
            }
            let hashes: Arc<[Hash32]> = nodes.iter().chain(&codes).map(|task| task.0).collect();
            let Some(connection) = self.peers.connection(peer) else { continue };
            let request = Request {
                peer,
                connection: connection.number,
                nodes,
                codes,
                expires: now + timeout,
                ended: now,
                response: None,
                dropped: false,
            };
            self.tracker.track(now, request);
            self.peers.ask(now, peer);
            out.send(peer, Message::GetNodeData { hashes });
        }
    }

    fn drop_peer(&mut self, peer: PeerId, number: u64, out: &mut Outbox<StateSync>) {
        match self.peers.connection_mut(peer) {
            Some(connection) if connection.number == number => connection.closing = true,
            // Somebody else under the same name, or nobody: the real bug does not ask who.
            _ if self.fault == Some(Fault::DepartureNotTracked) => {}
            _ => return,
        }
        out.disconnect(peer, Reason::Stalled {});
    }

    fn write(&mut self, batch: &Batch, out: &mut Outbox<StateSync>) {
        if batch.is_empty() {
            return;
        }
        self.store.write(batch);
        if self.fault == Some(Fault::UnorderedFlush) {
            for node in batch.nodes.iter().rev() {
                self.report(std::slice::from_ref(node), &[], out);
            }
            self.report(&[], &batch.codes, out);
        } else {
            self.report(&batch.nodes, &batch.codes, out);
        }
    }

    fn report(&mut self, nodes: &[Hash32], codes: &[Hash32], out: &mut Outbox<StateSync>) {
        self.store.entries_written += (nodes.len() + codes.len()) as u64;
        let (nodes, codes) = (nodes.into(), codes.into());
        out.event(Event::Written { nodes, codes, total: self.store.entries_written });
    }

    fn cancel(&mut self, now: Time, out: &mut Outbox<StateSync>) {
        if self.session.is_some() {
            self.end_session(now, Err(SyncError::Cancelled {}), out);
        }
    }
}

impl Machine<StateSync> for Downloader {
    fn step(&mut self, now: Time, input: Input<StateSync>, out: &mut Outbox<StateSync>) {
        self.tracker.notice(now);
        match input {
            Input::Command { command: Command::Cancel {} } => self.cancel(now, out),
            Input::Connected { peer, hello, .. } => {
                self.peers.add(now, peer, hello.head);
                if self.fault == Some(Fault::JoinIdlesPeers) {
                    self.peers.reset();
                }
                self.turn_worker(now, out);
            }
            Input::Deadline {} => {}
            Input::Disconnected { peer } => {
                self.peers.remove(peer);
                self.tracker.leave(now, peer);
            }
            Input::Message { peer, message: Message::NodeData { blobs } } => {
                self.tracker.deliver(now, peer, blobs);
            }
            Input::Message { peer, message: Message::NewBlock { number } } => {
                if let Some(connection) = self.peers.connection_mut(peer) {
                    connection.head = connection.head.max(number);
                }
            }
            // The reference serves nobody.
            Input::Message { message: Message::GetNodeData { .. }, .. } => {}
        }
        let stuck = self.fault == Some(Fault::SpindownWithoutTimers) && self.worker.is_none();
        if !stuck {
            self.tracker.expire(now);
        }
        if self.force_at.is_some_and(|at| at <= now) {
            self.force_at = None;
        }
        self.pump(now, out);
    }

    fn deadline(&self) -> Option<Time> {
        let stuck = self.fault == Some(Fault::SpindownWithoutTimers) && self.worker.is_none();
        let expiry = if stuck { None } else { self.tracker.next_expiry() };
        [expiry, self.force_at, self.session_deadline()].into_iter().flatten().min()
    }

    fn restart(&mut self, now: Time, _out: &mut Outbox<StateSync>) {
        let mut store = std::mem::take(&mut self.store);
        if self.fault == Some(Fault::ProgressNotRestored) {
            store.entries_written = 0;
        }
        self.store = store;
        self.peers = Registry::new(now);
        self.tracker = Tracker::new(self.fault);
        self.worker = None;
        self.next_root = None;
        self.session = None;
        self.force_at = Some(now + FORCE_SYNC_MS);
        self.fast_disabled = false;
        self.restarted = true;
        self.stale = None;
    }

    fn gauges(&self) -> Option<Gauges> {
        let (requests, items) = self.tracker.in_flight();
        let (retry, pending, fetches) = self.worker.as_ref().map_or((0, 0, 0), Worker::load);
        Some(Gauges {
            peers: self.peers.len() as u64,
            peers_busy: self.peers.busy(),
            requests: requests as u64,
            items_in_flight: items as u64,
            requests_finished: self.tracker.finished(),
            items_to_retry: retry,
            items_pending: pending,
            fetches_at_one_depth: fetches,
            bytes_uncommitted: self.worker.as_ref().map_or(0, |worker| worker.bytes_uncommitted),
        })
    }
}
