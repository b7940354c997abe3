use std::collections::BTreeMap;

use crate::machine::PeerId;
use crate::primitives::filecoin::TipsetKey;

use super::message::Start;
use super::rules::Rules;
use super::syncer::Job;
use super::tracker::{Target, TargetTracker};

/// Gives targets to syncs (Venus `pkg/chainsync/dispatcher/dispatcher.go`).
#[derive(Debug)]
pub(super) struct Dispatcher {
    pub(super) tracker: TargetTracker,
    concurrent_max: u32,
    queue_max: usize,
    /// The syncs that run, in the order in which they began, by number.
    running: Vec<u64>,
    /// Those of them that wait for an answer.
    jobs: BTreeMap<u64, Job>,
    /// The heads of hellos that are being fetched.
    fetches: BTreeMap<u64, Fetch>,
}

/// A head of somebody's hello that is being fetched.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    pub(super) peer: PeerId,
    pub(super) head: TipsetKey,
    pub(super) attempts: u32,
}

impl Dispatcher {
    pub(super) fn new(start: &Start, rules: &Rules) -> Self {
        Self {
            tracker: TargetTracker::new(rules, &start.settings, start.network),
            concurrent_max: start.settings.concurrent_max,
            queue_max: start.settings.queue_max,
            running: Vec::new(),
            jobs: BTreeMap::new(),
            fetches: BTreeMap::new(),
        }
    }

    /// The next target to sync, if one more sync may run. It counts as running.
    pub(super) fn select(&mut self) -> Option<Target> {
        if self.running.len() >= self.concurrent_max as usize {
            return None;
        }
        let target = self.tracker.select()?.clone();
        self.tracker.start(target.id);
        self.running.push(target.id);
        Some(target)
    }

    /// Whether a target waits that cannot run yet.
    pub(super) fn waits_for_running(&self) -> bool {
        self.running.len() >= self.concurrent_max as usize && self.tracker.select().is_some()
    }

    /// Whether the queue has a place.
    pub(super) fn has_place(&self) -> bool {
        self.tracker.queue().len() < self.queue_max
    }

    pub(super) fn put_job(&mut self, job: Job) {
        self.jobs.insert(job.target.id, job);
    }

    pub(super) fn take_job(&mut self, id: u64) -> Option<Job> {
        self.jobs.remove(&id)
    }

    pub(super) fn finish(&mut self, id: u64) {
        self.running.retain(|running| *running != id);
        self.tracker.remove(id);
    }

    /// Sets how many syncs may run. Returns those that are one too many, the latest first.
    pub(super) fn set_concurrent(&mut self, count: u32) -> Vec<Job> {
        self.concurrent_max = count;
        let excess = self.running.len().saturating_sub(count as usize);
        // DIFFERENCE: Venus cancels from the back of a list that finished syncs never leave, and
        // so may cancel what is over already.
        let latest: Vec<u64> = self.running.iter().rev().take(excess).copied().collect();
        latest.into_iter().filter_map(|id| self.take_job(id)).collect()
    }

    pub(super) fn fetching(&mut self, id: u64, peer: PeerId, head: TipsetKey, attempts: u32) {
        self.fetches.insert(id, Fetch { peer, head, attempts });
    }

    pub(super) fn take_fetch(&mut self, id: u64) -> Option<Fetch> {
        self.fetches.remove(&id)
    }

    /// Drops the targets that wait, as a node does that frees the shared part of their chains with
    /// the sync of `head`.
    pub(super) fn drop_waiting(&mut self, head: &TipsetKey) {
        let waits = |target: &&Target| !target.running && target.head.key() != head;
        let waiting = self.tracker.queue().iter().filter(waits);
        let ids: Vec<u64> = waiting.map(|target| target.id).collect();
        for id in ids {
            self.tracker.remove(id);
        }
    }
}
