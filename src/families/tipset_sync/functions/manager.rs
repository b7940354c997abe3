//! Lotus's sync manager (v1.36.0 `chain/sync_manager.go`): which heads are synced, and when.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::primitives::filecoin::{Block, Tipset, TipsetKey};

use super::buckets::{BucketSet, heaviest_of, is_heavier, lotus_tipset};

/// How long the first sync may take to be the last of the initial ones, `InitialSyncTimeThreshold`.
const INITIAL_SYNC_MS: u64 = 15 * 60 * 1_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ManagerSteps {
    #[serde(default)]
    settings: ManagerSettings,
    steps: Vec<ManagerStep>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct ManagerSettings {
    /// Heads of so many peers are awaited before the first sync: `BootstrapPeerThreshold`.
    bootstrap_peers: usize,
    /// The most syncs at once: `MaxSyncWorkers`.
    workers_max: usize,
    /// How many synced tipsets are remembered: `RecentSyncBufferSize`.
    recent_max: usize,
    /// Tipsets of one epoch on the same parents are merged: `LOTUS_SYNC_FORMTS_PEND=yes`.
    coalesce: bool,
}

impl Default for ManagerSettings {
    fn default() -> Self {
        Self { bootstrap_peers: 4, workers_max: 5, recent_max: 10, coalesce: false }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ManagerStep {
    /// `SetPeerHead`.
    Head {
        /// Whose head.
        peer: u32,
        /// The blocks of the head.
        blocks: Vec<Arc<Block>>,
    },
    /// A sync ends.
    Done {
        /// Which.
        tipset: TipsetKey,
        /// It failed.
        #[serde(default)]
        failed: bool,
        /// How long it took.
        #[serde(default)]
        took_ms: u64,
    },
    /// The minute of the manager's clock.
    Tick {},
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Managed {
    /// For each step, the syncs that it starts.
    started: Vec<Vec<TipsetKey>>,
    /// The syncs that run at the end, in the order in which they started.
    running: Vec<TipsetKey>,
    /// What waits for a sync that runs, by bucket.
    pending: Vec<Vec<TipsetKey>>,
    /// What waits for a place, by bucket.
    deferred: Vec<Vec<TipsetKey>>,
    /// The initial sync is over.
    initial_sync_done: bool,
}

pub(super) fn sync_manager(given: &ManagerSteps) -> Result<Managed, String> {
    let settings = given.settings;
    if !(1..=1_000).contains(&settings.recent_max) || settings.workers_max > 1_000 {
        return Err("settings: recent_max is between 1 and 1000, workers_max at most 1000".into());
    }
    let mut manager = Manager::new(settings);
    let mut started = Vec::new();
    for (number, step) in given.steps.iter().enumerate() {
        let targets = manager.step(step).map_err(|error| format!("steps[{number}]: {error}"))?;
        started.push(targets.iter().map(|target| target.key().clone()).collect());
    }
    Ok(Managed {
        started,
        running: manager.running.iter().map(|target| target.key().clone()).collect(),
        pending: manager.pending.keys(),
        deferred: manager.deferred.keys(),
        initial_sync_done: manager.initial_sync_done,
    })
}

struct Manager {
    settings: ManagerSettings,
    begun: bool,
    ticks: bool,
    heads: BTreeMap<u32, Arc<Tipset>>,
    running: Vec<Arc<Tipset>>,
    pending: BucketSet,
    deferred: BucketSet,
    /// A ring: Lotus overwrites the oldest.
    recent: Vec<Arc<Tipset>>,
    next_recent: usize,
    initial_sync_done: bool,
}

impl Manager {
    fn new(settings: ManagerSettings) -> Self {
        Self {
            settings,
            begun: false,
            ticks: true,
            heads: BTreeMap::new(),
            running: Vec::new(),
            pending: BucketSet::new(settings.coalesce),
            deferred: BucketSet::new(settings.coalesce),
            recent: Vec::new(),
            next_recent: 0,
            initial_sync_done: false,
        }
    }

    /// The syncs that a step starts.
    fn step(&mut self, step: &ManagerStep) -> Result<Vec<Arc<Tipset>>, String> {
        let target = match step {
            ManagerStep::Head { peer, blocks } => self.take_head(*peer, lotus_tipset(blocks)?)?,
            ManagerStep::Done { tipset, failed, took_ms } => self.end(tipset, *failed, *took_ms)?,
            ManagerStep::Tick {} => return self.tick(),
        };
        self.running.extend(target.clone());
        Ok(target.into_iter().collect())
    }

    fn take_head(&mut self, peer: u32, head: Arc<Tipset>) -> Result<Option<Arc<Tipset>>, String> {
        if self.begun {
            return Ok(self.add_target(head));
        }
        self.heads.insert(peer, head);
        if self.heads.len() < self.settings.bootstrap_peers {
            return Ok(None);
        }
        self.begun = true;
        self.first_target().map(Some)
    }

    /// `selectInitialSyncTarget`.
    fn first_target(&mut self) -> Result<Arc<Tipset>, String> {
        let mut heads: Vec<Arc<Tipset>> = std::mem::take(&mut self.heads).into_values().collect();
        heads.sort_by_key(|head| head.height());
        let mut set = BucketSet::new(self.settings.coalesce);
        heads.iter().for_each(|head| set.insert(head));
        let best = set.heaviest().ok_or("no peer has a head")?;
        let equal = |head: &Arc<Tipset>| {
            head.height() == best.height()
                && head.parent_weight() == best.parent_weight()
                && head.key() != best.key()
        };
        if heads.iter().any(equal) {
            return Err("Lotus takes one of several heads of equal weight at random".to_owned());
        }
        Ok(Arc::clone(best))
    }

    /// `addSyncTarget`.
    fn add_target(&mut self, target: Arc<Tipset>) -> Option<Arc<Tipset>> {
        if self.was_synced(&target) {
            return None;
        }
        if self.running.is_empty() {
            return Some(target);
        }
        if self.running.iter().any(|running| running.key() == target.key()) {
            return None;
        }
        let extends = self.running.iter().any(|running| running.key()[..] == *target.parents());
        if extends || self.pending.is_related(&target) {
            self.pending.insert(&target);
            return None;
        }
        let lighter = self.running.iter().chain(self.pending.heaviest());
        if { lighter }.any(|other| is_heavier(other, &target)) {
            return None;
        }
        if !self.initial_sync_done || self.running.len() >= self.settings.workers_max {
            self.deferred.insert(&target);
            return None;
        }
        Some(target)
    }

    /// `handleWorkerStatus`.
    fn end(
        &mut self,
        key: &TipsetKey,
        failed: bool,
        took_ms: u64,
    ) -> Result<Option<Arc<Tipset>>, String> {
        let index = self.running.iter().position(|running| running.key() == key);
        let done = self.running.remove(index.ok_or("this sync does not run")?);
        if !failed {
            self.remember(&done);
            self.initial_sync_done |= took_ms < INITIAL_SYNC_MS;
        }
        let related = self.pending.pop_related(&done);
        let next = heaviest_of(&related).filter(|next| {
            !is_heavier(&done, next)
                && !self.running.iter().any(|running| is_heavier(running, next))
                && !self.was_synced(next)
        });
        match next {
            Some(next) => Ok(Some(Arc::clone(next))),
            None => self.deferred_target(),
        }
    }

    /// `handleInitialSyncDone`, which the clock calls once.
    fn tick(&mut self) -> Result<Vec<Arc<Tipset>>, String> {
        let mut started = Vec::new();
        if !self.ticks || !self.initial_sync_done {
            return Ok(started);
        }
        self.ticks = false;
        while self.running.len() < self.settings.workers_max {
            let Some(target) = self.deferred_target()? else { break };
            self.running.push(Arc::clone(&target));
            started.push(target);
        }
        Ok(started)
    }

    /// `selectDeferredSyncTarget`. Lotus compares a target with one running sync alone, the first
    /// in the random order of a Go map; and forgets it when none runs.
    fn deferred_target(&mut self) -> Result<Option<Arc<Tipset>>, String> {
        while !self.deferred.is_empty() {
            let bucket = self.deferred.pop();
            let Some(target) = heaviest_of(&bucket) else { continue };
            if self.was_synced(target) {
                continue;
            }
            if self.pending.is_related(target) {
                self.pending.insert(target);
                continue;
            }
            let mut fates = self.running.iter().map(|running| Fate::of(target, running));
            let Some(fate) = fates.next() else { continue };
            if fates.any(|other| other != fate) {
                return Err("what becomes of a deferred head depends on which of the running \
                            syncs Lotus looks at, at random"
                    .to_owned());
            }
            match fate {
                Fate::Dropped => {}
                Fate::Pending => self.pending.insert(target),
                Fate::Started => return Ok(Some(Arc::clone(target))),
            }
        }
        Ok(None)
    }

    fn remember(&mut self, done: &Arc<Tipset>) {
        if self.recent.len() < self.settings.recent_max {
            self.recent.push(Arc::clone(done));
        } else {
            self.recent[self.next_recent] = Arc::clone(done);
        }
        self.next_recent = (self.next_recent + 1) % self.settings.recent_max;
    }

    /// It was synced lately, or something heavier was.
    fn was_synced(&self, tipset: &Tipset) -> bool {
        let covers = |own: &Arc<Tipset>| own.key() == tipset.key() || is_heavier(own, tipset);
        self.recent.iter().any(covers)
    }
}

/// What becomes of a deferred head beside a running sync.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Dropped,
    Pending,
    Started,
}

impl Fate {
    fn of(target: &Tipset, running: &Tipset) -> Self {
        if running.key() == target.key() || is_heavier(running, target) {
            Self::Dropped
        } else if *target.parents() == running.key()[..] {
            Self::Pending
        } else {
            Self::Started
        }
    }
}
