use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::machine::PeerId;
use crate::primitives::ethereum_state::{Hash32, HashTable};

use super::Profile;
use super::fault::Fault;
use super::message::SyncError;
use super::scheduler::{Missing, ProcessError, Scheduler};
use super::store::{Batch, Store};
use super::tracker::{Attempts, Request};

/// Finished entries are written when they come to this size (geth ethdb `IdealBatchSize`).
pub(super) const BATCH_BYTES: u64 = 100 * 1024;

/// Syncs one state: owns the scheduler and the items that are to be asked for (again) (geth
/// v1.10.13 eth/downloader/statesync.go `stateSync`).
#[derive(Clone, Debug)]
pub(super) struct Worker {
    pub(super) root: Hash32,
    scheduler: Scheduler,
    /// Items that wait for a peer, by hash: a fixed order in place of geth's random one.
    nodes: BTreeMap<Hash32, Attempts>,
    codes: BTreeMap<Hash32, Attempts>,
    /// What peers owe. An item that is a node and a code at once is not asked of two.
    in_flight: HashTable<()>,
    pub(super) bytes_uncommitted: u64,
    profile: Profile,
    fault: Option<Fault>,
}

/// What one request asks for: nodes and code by rising hash, with who was asked before.
pub(super) type Tasks = Vec<(Hash32, Option<Attempts>)>;

impl Worker {
    pub(super) fn new(root: Hash32, store: &Store, profile: Profile, fault: Option<Fault>) -> Self {
        Self {
            root,
            scheduler: Scheduler::with_fault(root, store, fault),
            nodes: BTreeMap::new(),
            codes: BTreeMap::new(),
            in_flight: HashTable::default(),
            bytes_uncommitted: 0,
            profile,
            fault,
        }
    }

    /// Whether the state is whole.
    pub(super) fn is_done(&self) -> bool {
        self.scheduler.pending() == 0
    }

    /// Puts items into the queue, as if they were to be asked for again.
    pub(super) fn queue(
        &mut self,
        nodes: BTreeMap<Hash32, Attempts>,
        codes: BTreeMap<Hash32, Attempts>,
    ) {
        self.nodes.extend(nodes);
        self.codes.extend(codes);
    }

    /// Takes over what another worker still wanted: only the machine with that bug does it.
    pub(super) fn inherit(&mut self, other: Self) {
        self.nodes = other.nodes;
        self.codes = other.codes;
        let owed = other.in_flight.into_keys().map(|hash| (hash, Attempts::new()));
        self.nodes.extend(owed);
    }

    /// Items to retry, items pending, and the most fetches at one depth.
    pub(super) fn load(&self) -> (u64, u64, u64) {
        let retry = self.nodes.len() + self.codes.len();
        let scheduler = &self.scheduler;
        (retry as u64, scheduler.pending() as u64, scheduler.fetches_at_one_depth())
    }

    /// Chooses up to `count` items for `peer`, none that it has been tried for. Code comes first,
    /// for it is finished as soon as it is there (geth `fillTasks`).
    pub(super) fn fill(&mut self, peer: PeerId, count: usize) -> (Tasks, Tasks) {
        let queued = self.nodes.len() + self.codes.len();
        if count > queued {
            // DIFFERENCE: geth asks once more for what came before its turn, and for what is on its way
            // as the other of node and code.
            let missing = self.scheduler.missing_once(count - queued);
            if queued == 0 && self.profile == Profile::Geth110 {
                return self.take_fresh(peer, missing);
            }
            self.nodes.extend(missing.nodes.into_iter().map(|hash| (hash, Attempts::new())));
            self.codes.extend(missing.codes.into_iter().map(|hash| (hash, Attempts::new())));
        }
        match self.profile {
            Profile::Geth110 => {
                let codes = take(&mut self.codes, &mut self.in_flight, peer, count);
                let nodes = take(&mut self.nodes, &mut self.in_flight, peer, count - codes.len());
                (nodes, codes)
            }
            Profile::Geth18 => {
                // One queue for both: what comes first by hash goes first.
                let untried = |queue: &BTreeMap<Hash32, Attempts>| -> Vec<Hash32> {
                    untried(queue, &self.in_flight, peer).take(count).collect()
                };
                let (nodes, codes) = (untried(&self.nodes), untried(&self.codes));
                let mut merged: Vec<Hash32> = nodes.iter().chain(&codes).copied().collect();
                merged.sort_unstable();
                let end = merged.get(count);
                let within = |queue: &[Hash32]| match end {
                    Some(end) => queue.partition_point(|hash| hash < end),
                    None => queue.len(),
                };
                let (nodes_count, codes_count) = (within(&nodes), within(&codes));
                let nodes = take(&mut self.nodes, &mut self.in_flight, peer, nodes_count);
                let codes = take(&mut self.codes, &mut self.in_flight, peer, codes_count);
                (nodes, codes)
            }
        }
    }

    /// Takes all of what was handed out, with nothing else to choose from.
    fn take_fresh(&mut self, peer: PeerId, missing: Missing) -> (Tasks, Tasks) {
        // Without code no hash can be two things.
        let is_shared = !missing.codes.is_empty() || !self.in_flight.is_empty();
        let in_flight = &mut self.in_flight;
        let mut fresh = |mut hashes: Vec<Hash32>, queue: &mut BTreeMap<Hash32, Attempts>| {
            hashes.sort_unstable();
            let mut tasks = Vec::with_capacity(hashes.len());
            for hash in hashes {
                if !is_shared || in_flight.insert(hash, ()).is_none() {
                    tasks.push((hash, Some(SmallVec::from_slice(&[peer]))));
                } else {
                    queue.insert(hash, Attempts::new());
                }
            }
            tasks
        };
        let codes = fresh(missing.codes, &mut self.codes);
        (fresh(missing.nodes, &mut self.nodes), codes)
    }

    /// Takes what came of a request and puts the rest back. Returns how many blobs were of use.
    ///
    /// # Errors
    /// When the state cannot be synced: an item is wrong in itself, or no peer has it.
    pub(super) fn process(
        &mut self,
        store: &Store,
        mut request: Request,
        peers: usize,
    ) -> Result<usize, (usize, SyncError)> {
        for (hash, _) in request.nodes.iter().chain(&request.codes) {
            self.in_flight.swap_remove(hash);
        }
        let response = request.response.clone().unwrap_or_default();
        self.scheduler.prepare(&response);
        let mut useful = 0;
        let mut next = [0; 2];
        for blob in response.iter() {
            let hash = blob.hash();
            match self.scheduler.process(store, blob) {
                Ok(()) => {
                    useful += 1;
                    // DIFFERENCE: geth asks once more for what came late, when others were to be
                    // asked already.
                    self.nodes.remove(&hash);
                    self.codes.remove(&hash);
                    self.bytes_uncommitted += blob.bytes().len() as u64;
                }
                Err(ProcessError::NotRequested | ProcessError::AlreadyProcessed) => {}
                Err(ProcessError::BadAccount | ProcessError::BadNode(_)) => {
                    return Err((useful, SyncError::InvalidNode { hash }));
                }
            }
            settle(&mut request.nodes, hash, &mut next[0]);
            settle(&mut request.codes, hash, &mut next[1]);
        }
        let requeued =
            self.put_back(std::mem::take(&mut request.nodes), &request, peers, true).and_then(
                |()| self.put_back(std::mem::take(&mut request.codes), &request, peers, false),
            );
        match requeued {
            Ok(()) => Ok(useful),
            Err(error) => Err((useful, error)),
        }
    }

    /// Takes out what is finished, to be written.
    pub(super) fn commit(&mut self) -> Batch {
        self.bytes_uncommitted = 0;
        self.scheduler.commit()
    }

    fn put_back(
        &mut self,
        tasks: Tasks,
        request: &Request,
        peers: usize,
        are_nodes: bool,
    ) -> Result<(), SyncError> {
        let answered = request.response.as_ref();
        let partial = answered.is_some_and(|blobs| !blobs.is_empty());
        let timed_out = answered.is_none();
        let forgotten = match self.fault {
            Some(Fault::PartialAnswerForgotten) => partial,
            Some(Fault::TimeoutForgotten) => timed_out && !request.dropped,
            _ => false,
        };
        for (hash, attempts) in tasks {
            let Some(mut attempts) = attempts else { continue };
            if forgotten || !self.scheduler.wants(&hash) {
                continue;
            }
            // A peer that brought something, or nothing in time, may have been held back by a
            // limit: only an empty answer says that it has nothing.
            let excused = partial || timed_out;
            if (excused && self.fault != Some(Fault::AttemptsKept))
                || self.fault == Some(Fault::AttemptsForgotten)
            {
                attempts.retain(|peer| *peer != request.peer);
            }
            let tries = attempts.len();
            if tries >= peers && self.fault != Some(Fault::AttemptsForgotten) {
                let (tries, peers) = (tries as u32, peers as u32);
                return Err(SyncError::FailedWithAllPeers { hash, tries, peers });
            }
            if are_nodes { &mut self.nodes } else { &mut self.codes }.insert(hash, attempts);
        }
        Ok(())
    }
}

/// The items that `peer` was not tried for and nobody owes.
fn untried<'a>(
    queue: &'a BTreeMap<Hash32, Attempts>,
    in_flight: &'a HashTable<()>,
    peer: PeerId,
) -> impl Iterator<Item = Hash32> + 'a {
    queue
        .iter()
        .filter(move |(hash, attempts)| !attempts.contains(&peer) && !in_flight.contains_key(*hash))
        .map(|(hash, _)| *hash)
}

fn take(
    queue: &mut BTreeMap<Hash32, Attempts>,
    in_flight: &mut HashTable<()>,
    peer: PeerId,
    count: usize,
) -> Tasks {
    let chosen: Vec<Hash32> = untried(queue, in_flight, peer).take(count).collect();
    let mut taken = Vec::with_capacity(chosen.len());
    for hash in chosen {
        let mut attempts = queue.remove(&hash).expect("it was chosen from there");
        attempts.push(peer);
        in_flight.insert(hash, ());
        taken.push((hash, Some(attempts)));
    }
    taken
}

/// Takes note that an item has come. Most answers stand in the order of the request, so the item
/// at `next` is looked at first.
fn settle(tasks: &mut Tasks, hash: Hash32, next: &mut usize) {
    let is_next = tasks.get(*next).is_some_and(|task| task.0 == hash);
    let found = if is_next { Ok(*next) } else { tasks.binary_search_by_key(&hash, |task| task.0) };
    if let Ok(index) = found {
        tasks[index].1 = None;
        *next = index + 1;
    }
}
