use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::machine::FastMap;
use crate::primitives::filecoin::consensus::{self, Network};
use crate::primitives::filecoin::{Block, Cid, Construction, Tipset, TipsetKey};

use super::message::Settings;
use super::rules::{Floor, Neighbours, Replace, Rules, SecondBlock, TrackerRules};

/// A tipset to sync to (Venus `pkg/chainsync/types/target_tracker.go`).
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Tells targets apart.
    pub id: u64,
    /// The tipset.
    pub head: Arc<Tipset>,
    /// How often it was tried already.
    pub attempts: u32,
    /// Whether its sync runs.
    pub running: bool,
}

/// What became of a target that was added.
#[derive(Debug)]
pub(super) enum Added {
    /// It is in the queue, maybe in the place of another.
    Queued {
        /// The target that made way.
        displaced: Option<Target>,
    },
    /// It is not needed.
    Known,
    /// There is no place for it now.
    NoPlace(Target),
    /// It can never be synced.
    Refused,
}

/// Orders targets, merges those that belong together, and remembers the finished ones.
#[derive(Debug)]
pub(super) struct TargetTracker {
    rules: TrackerRules,
    construction: Construction,
    network: Network,
    queue_max: usize,
    history_max: usize,
    queue: Vec<Target>,
    history: VecDeque<Target>,
    /// The heads of queue and history, as Venus keeps them.
    known: FastMap<TipsetKey, Arc<Tipset>>,
    floor: u128,
    /// The blocks that were seen as targets, by height: `tipsetCache`.
    seen: BTreeMap<i64, Vec<Arc<Block>>>,
}

impl TargetTracker {
    /// An empty tracker.
    pub(super) fn new(rules: &Rules, settings: &Settings, network: Network) -> Self {
        Self {
            rules: rules.tracker,
            construction: rules.construction,
            network,
            queue_max: settings.queue_max,
            history_max: settings.history_max,
            queue: Vec::new(),
            history: VecDeque::new(),
            known: FastMap::default(),
            floor: 0,
            seen: BTreeMap::new(),
        }
    }

    /// The targets that wait or run, best first.
    pub(super) fn queue(&self) -> &[Target] {
        &self.queue
    }

    /// The finished targets, oldest first.
    pub(super) fn history(&self) -> impl ExactSizeIterator<Item = &Target> {
        self.history.iter()
    }

    /// Takes a target. `bad` tells blocks that are known to be invalid, `done` tipsets that are
    /// synced already.
    pub(super) fn add(
        &mut self,
        mut target: Target,
        bad: &dyn Fn(&Cid) -> bool,
        done: &dyn Fn(&Tipset) -> bool,
    ) -> Added {
        if self.rules.floor == Floor::Sticky && target.head.parent_weight() < self.floor {
            return Added::Refused;
        }
        self.see(&target.head);
        if self.is_known(target.head.key()) {
            return Added::Known;
        }
        match self.widen(&target.head, bad) {
            Some(head) => target.head = head,
            None => return Added::Refused,
        }
        let active = self.rules.knows_active && self.is_active(target.head.key());
        if active || done(&target.head) {
            return Added::Known;
        }
        match self.place(target) {
            Ok(displaced) => {
                self.sort();
                Added::Queued { displaced }
            }
            Err(target) => Added::NoPlace(target),
        }
    }

    /// The best target that waits.
    pub(super) fn select(&self) -> Option<&Target> {
        self.queue.iter().find(|target| !target.running)
    }

    /// Marks a target as running.
    pub(super) fn start(&mut self, id: u64) {
        if let Some(target) = self.queue.iter_mut().find(|target| target.id == id) {
            target.running = self.rules.leaves_when_started;
        }
    }

    /// Moves a target to the history.
    pub(super) fn remove(&mut self, id: u64) -> Option<Target> {
        let index = self.queue.iter().position(|target| target.id == id)?;
        let target = self.queue.remove(index);
        if self.history.len() > self.history_max {
            self.history.pop_front();
            // Venus forgets the head that is now oldest, not the one that was dropped.
            if let Some(oldest) = self.history.front() {
                self.known.swap_remove(oldest.head.key());
            }
        }
        if !self.rules.history_bars {
            self.known.swap_remove(target.head.key());
        }
        self.history.push_back(target.clone());
        Some(target)
    }

    fn see(&mut self, head: &Tipset) {
        let seen = self.seen.entry(head.height()).or_default();
        for block in head.blocks() {
            if !seen.iter().any(|known| known.cid() == block.cid()) {
                seen.push(Arc::clone(block));
            }
        }
        // Venus deletes exactly one height here and so keeps those that null rounds skip.
        let finality = i64::try_from(self.network.finality).unwrap_or(i64::MAX);
        let lowest = head.height().saturating_sub(finality);
        if self.rules.history_bars {
            self.seen.remove(&lowest);
        } else {
            self.seen = self.seen.split_off(&lowest);
        }
    }

    fn is_known(&self, key: &TipsetKey) -> bool {
        if self.rules.history_bars {
            self.known.values().any(|head| head.key().contains_all(key))
        } else {
            self.rules.knows_active && self.is_active(key)
        }
    }

    fn is_active(&self, key: &TipsetKey) -> bool {
        self.queue.iter().any(|target| target.head.key().contains_all(key))
    }

    /// Adds the blocks of other targets that belong to the same tipset; `None` if that is not
    /// possible and the target is refused for it.
    fn widen(&self, head: &Arc<Tipset>, bad: &dyn Fn(&Cid) -> bool) -> Option<Arc<Tipset>> {
        let others = self.others(head, bad);
        let miner = |block: &Arc<Block>| block.header().miner.clone();
        let mut merged: Vec<Arc<Block>> = Vec::new();
        for block in &others {
            let twice = |among: &[Arc<Block>]| {
                among.iter().any(|other| other.cid() != block.cid() && miner(other) == miner(block))
            };
            match self.rules.second_block {
                SecondBlock::Refuse if twice(&merged) => return None,
                SecondBlock::Skip if twice(&others) || twice(head.blocks()) => {}
                SecondBlock::Merge | SecondBlock::Refuse | SecondBlock::Skip => {
                    merged.push(Arc::clone(block));
                }
            }
        }
        if merged.is_empty() {
            return Some(Arc::clone(head));
        }
        merged.extend(head.blocks().iter().cloned());
        let rules = match self.rules.second_block {
            SecondBlock::Merge => Construction::Venus,
            _ => self.construction,
        };
        Tipset::new(merged, rules).ok().map(Arc::new)
    }

    /// The blocks that other targets have beside `head`.
    fn others(&self, head: &Tipset, bad: &dyn Fn(&Cid) -> bool) -> Vec<Arc<Block>> {
        let mut others: Vec<Arc<Block>> = Vec::new();
        let mut take = |block: &Arc<Block>| {
            let new = !head.contains(&block.cid())
                && !others.iter().any(|other| other.cid() == block.cid());
            if new && self.belongs(block, head) && !bad(&block.cid()) {
                others.push(Arc::clone(block));
            }
        };
        if self.rules.history_bars {
            self.known.values().flat_map(|known| known.blocks()).for_each(&mut take);
        } else {
            self.seen.get(&head.height()).into_iter().flatten().for_each(&mut take);
        }
        others
    }

    fn belongs(&self, block: &Block, head: &Tipset) -> bool {
        let (one, other) = (block.header(), head.blocks()[0].header());
        let siblings = one.height == other.height && one.parents == other.parents;
        match self.rules.neighbours {
            Neighbours::AnyWeight => siblings,
            Neighbours::SameClaims if self.rules.history_bars => {
                siblings && one.parent_weight == other.parent_weight
            }
            Neighbours::SameClaims => {
                siblings
                    && one.parent_weight == other.parent_weight
                    && one.parent_state_root == other.parent_state_root
                    && one.parent_message_receipts == other.parent_message_receipts
            }
        }
    }

    fn place(&mut self, target: Target) -> Result<Option<Target>, Target> {
        let idle = |queued: &Target| !queued.running;
        let subset = self
            .queue
            .iter()
            .rposition(|queued| idle(queued) && target.head.key().contains_all(queued.head.key()));
        let last_idle = self.queue.iter().rposition(idle);
        let full = self.queue.len() >= self.queue_max + self.rules.extra_places;
        let slot = match self.rules.replace {
            Replace::AnyIdle => last_idle,
            Replace::SubsetThenIdle => subset.or(last_idle),
            Replace::SubsetThenLighter => subset.or_else(|| {
                let lighter = |index: &usize| {
                    self.weight(&self.queue[*index].head) < self.weight(&target.head)
                };
                last_idle.filter(|_| full).filter(lighter)
            }),
        };
        let head = Arc::clone(&target.head);
        let displaced = match slot {
            Some(index) => {
                let old = std::mem::replace(&mut self.queue[index], target);
                self.known.swap_remove(old.head.key());
                // What is part of the new target is not lost with it.
                Some(old).filter(|old| !head.key().contains_all(old.head.key()))
            }
            None if full => return Err(target),
            None => {
                self.queue.push(target);
                None
            }
        };
        self.known.insert(head.key().clone(), head);
        Ok(displaced)
    }

    fn sort(&mut self) {
        let mut queue = std::mem::take(&mut self.queue);
        queue.sort_by_key(|target| {
            (Reverse(self.weight(&target.head)), Reverse(target.head.blocks().len()))
        });
        self.floor = queue.last().map_or(0, |target| target.head.parent_weight());
        self.queue = queue;
    }

    fn weight(&self, head: &Tipset) -> u128 {
        if self.rules.own_weight {
            consensus::weight(head, &self.network)
        } else {
            head.parent_weight()
        }
    }
}
