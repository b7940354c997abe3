use std::sync::Arc;

use crate::machine::FastSet;
use crate::primitives::filecoin::consensus::{Check, Network, check_block};
use crate::primitives::filecoin::{Cid, Tipset, TipsetKey};

use super::client::Outcome;
use super::message::{Event, Request, Settings, SyncOutcome};
use super::rules::{Rules, SyncRules};
use super::server::REQUEST_LENGTH_MAX;
use super::store::{ChainStore, HeadChange};
use super::tracker::Target;

/// What a sync works on.
pub(super) struct SyncContext<'a> {
    pub(super) store: &'a mut ChainStore,
    pub(super) bad: &'a mut FastSet<Cid>,
    pub(super) rules: &'a Rules,
    pub(super) settings: &'a Settings,
    pub(super) network: &'a Network,
    pub(super) unix_time: u64,
    /// What is to be reported.
    pub(super) events: &'a mut Vec<Event>,
    /// Set when the head left a part of its chain, or became lighter.
    pub(super) reorganised: &'a mut bool,
}

/// What a sync needs next.
#[derive(Debug)]
pub(super) enum Need {
    /// This request answered. With it, the tipsets whose messages are asked for, newest first.
    Ask(Request, Vec<Arc<Tipset>>),
    /// Nothing: it is over.
    Done(SyncOutcome),
}

/// The sync of one target (Venus `pkg/chainsync/syncer/syncer.go` HandleNewTipSet): collect
/// headers back to our head, find the common ancestor, fetch messages and validate in segments.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) target: Target,
    /// The head when it began: one snapshot for all of it (Lotus #4696).
    known: Arc<Tipset>,
    /// The tipsets to sync: newest first while they are collected, then oldest first.
    chain: Vec<Arc<Tipset>>,
    stage: Stage,
    /// The tipsets whose messages were asked for last, newest first. Some may come by gossip before
    /// the answer does.
    asked: Vec<Arc<Tipset>>,
}

#[derive(Debug)]
enum Stage {
    Headers,
    /// The parents of the oldest tipset share a block with our head: only they are missing.
    ForkParent,
    Fork(Fork),
    /// Messages and validation, from this tipset of the chain on.
    Segments(usize),
}

/// The search for the common ancestor.
#[derive(Debug)]
struct Fork {
    /// The tipsets before the oldest collected one, newest first.
    tipsets: Vec<Arc<Tipset>>,
    /// How many of them are behind us.
    at: usize,
    /// The tipset of our chain that is compared.
    ours: Arc<Tipset>,
    requests: u32,
}

type Stop = SyncOutcome;
const REFUSED: SyncOutcome = SyncOutcome::ForkRefused {};

impl Job {
    pub(super) fn new(target: Target, head: &Arc<Tipset>) -> Self {
        let chain = vec![Arc::clone(&target.head)];
        let (known, asked) = (Arc::clone(head), Vec::new());
        Self { target, known, chain, stage: Stage::Headers, asked }
    }

    /// Our head when it began, which the target is compared with.
    pub(super) fn known_head(&self) -> &Arc<Tipset> {
        &self.known
    }

    /// Begins: some targets need no sync.
    pub(super) fn begin(&mut self, cx: &mut SyncContext<'_>) -> Need {
        let (target, head) = (&self.target.head, &self.known);
        let lighter_parents = target.parent_weight() < head.parent_weight();
        let lighter = if cx.rules.tracker.own_weight {
            lighter_parents && cx.store.weight(target) < cx.store.weight(head)
        } else {
            lighter_parents
        };
        if lighter && !cx.rules.head.last_synced_wins {
            return Need::Done(SyncOutcome::Lighter {});
        }
        let within =
            target.height() == head.height() && target.key().iter().all(|cid| head.contains(cid));
        if within {
            if cx.rules.sync.subset_moves_head && target.key() != head.key() {
                let target = Arc::clone(target);
                let change = cx.store.set_head(target);
                cx.head_changed(change);
            }
            return Need::Done(SyncOutcome::Complete {});
        }
        self.go_on(cx)
    }

    /// Takes the answer to what it needed.
    pub(super) fn resume(&mut self, answer: &Outcome, cx: &mut SyncContext<'_>) -> Need {
        let Some(answer) = answer else {
            if matches!(self.stage, Stage::Fork(_)) && !cx.rules.sync.stops_at_genesis {
                return self.go_on(cx);
            }
            return Need::Done(SyncOutcome::Unavailable {});
        };
        for block in answer.tipsets.iter().flat_map(|tipset| tipset.blocks()) {
            cx.store.put_header(block);
        }
        match &mut self.stage {
            Stage::Headers => self.take_headers(&answer.tipsets),
            Stage::ForkParent => {
                self.chain.extend(answer.tipsets.first().cloned());
                self.stage = Stage::Segments(0);
                self.chain.reverse();
            }
            Stage::Fork(fork) => fork.tipsets.extend(answer.tipsets.iter().cloned()),
            Stage::Segments(_) => self.take_messages(answer, cx),
        }
        self.go_on(cx)
    }

    /// The first time of its chain that is later than `unix_time`.
    pub(super) fn early_until(&self, unix_time: u64) -> u64 {
        let times = self.chain.iter().flat_map(|tipset| tipset.blocks());
        let times = times.map(|block| block.header().timestamp);
        times.filter(|time| *time > unix_time).min().unwrap_or(unix_time)
    }

    fn go_on(&mut self, cx: &mut SyncContext<'_>) -> Need {
        loop {
            let need = match &self.stage {
                Stage::Headers => self.collect(cx),
                Stage::ForkParent => self.fork_parent(cx),
                Stage::Fork(_) => self.search(cx),
                Stage::Segments(at) => {
                    let at = *at;
                    self.segment(at, cx)
                }
            };
            match need {
                Ok(None) => {}
                Ok(Some(need)) => return need,
                Err(outcome) => return Need::Done(outcome),
            }
        }
    }

    /// Walks back from the target until it is no higher than our head.
    fn collect(&mut self, cx: &mut SyncContext<'_>) -> Result<Option<Need>, Stop> {
        loop {
            let last = self.chain.last().expect("the chain has its target");
            if last.key().iter().any(|cid| cx.bad.contains(cid)) {
                // Of the last one, only some blocks may be bad.
                let above = &self.chain[..self.chain.len() - 1];
                mark_bad(above, cx);
                return Err(SyncOutcome::Invalid { check: Check::Parent });
            }
            if last.height() <= self.known.height() || last.height() == 0 {
                break;
            }
            let Some(parent) = cx.store.tipset(last.parents()) else {
                let gap = (last.height() - self.known.height()) as u64;
                let length = gap.min(cx.settings.window);
                return Ok(Some(ask_headers(last.parents(), length)));
            };
            if parent.height() >= last.height() {
                mark_bad(&self.chain, cx);
                return Err(SyncOutcome::Invalid { check: Check::Height });
            }
            if parent.height() < self.known.height() {
                break;
            }
            self.chain.push(parent);
        }
        self.connect(cx)?;
        Ok(None)
    }

    fn take_headers(&mut self, tipsets: &[Arc<Tipset>]) {
        // The headers are stored; what is not above our head is not part of the chain.
        for tipset in tipsets {
            if tipset.height() < self.known.height() {
                break;
            }
            self.chain.push(Arc::clone(tipset));
        }
    }

    /// Decides how the collected chain joins ours.
    fn connect(&mut self, cx: &mut SyncContext<'_>) -> Result<(), Stop> {
        if self.chain.last().is_some_and(|last| last.key() == self.known.key()) {
            self.chain.pop();
        }
        let base = Arc::clone(self.chain.last().expect("the target is not our head"));
        if base.is_child_of(&self.known) {
            self.begin_segments();
            return Ok(());
        }
        let parent = cx.store.parent(&self.known).ok_or(REFUSED)?;
        let checkpoint = cx.store.checkpoint();
        let expands = cx.rules.head.expands_checkpoint && base.height() == checkpoint.height();
        if base.height() <= checkpoint.height() && !expands {
            return Err(REFUSED);
        }
        if base.is_child_of(&parent) {
            self.begin_segments();
            return Ok(());
        }
        if self.known.key() == checkpoint.key() {
            return Err(REFUSED);
        }
        self.stage = if base.parents().iter().any(|cid| self.known.contains(cid)) {
            Stage::ForkParent
        } else {
            Stage::Fork(Fork { tipsets: Vec::new(), at: 0, ours: parent, requests: 0 })
        };
        Ok(())
    }

    fn begin_segments(&mut self) {
        self.chain.reverse();
        self.stage = Stage::Segments(0);
    }

    fn fork_parent(&mut self, cx: &SyncContext<'_>) -> Result<Option<Need>, Stop> {
        let base = self.chain.last().expect("the chain has its target");
        match cx.store.tipset(base.parents()) {
            None => Ok(Some(ask_headers(base.parents(), 1))),
            Some(parents) => {
                self.chain.push(parents);
                self.begin_segments();
                Ok(None)
            }
        }
    }

    /// Steps back on both chains until they meet.
    fn search(&mut self, cx: &mut SyncContext<'_>) -> Result<Option<Need>, Stop> {
        let Stage::Fork(fork) = &mut self.stage else { return Ok(None) };
        let rules = &cx.rules.sync;
        let lowest = cx.store.highest() - cx.network.finality as i64;
        while let Some(theirs) = fork.tipsets.get(fork.at) {
            if fork.ours.height() == 0 && rules.stops_at_genesis {
                return Err(REFUSED);
            }
            if fork.ours.key() == theirs.key() && !rules.skips_ancestor {
                let mut tipsets = std::mem::take(&mut fork.tipsets);
                tipsets.truncate(fork.at);
                if rules.repeats_incoming {
                    self.chain.extend(self.chain.last().cloned());
                }
                self.chain.extend(tipsets);
                self.begin_segments();
                return Ok(None);
            }
            if fork.ours.height() < theirs.height() {
                fork.at += 1;
                continue;
            }
            if rules.skips_ancestor && fork.ours.height() == theirs.height() {
                fork.at += 1;
            }
            fork.step_back(cx.store, rules, lowest)?;
        }
        let asked_enough = rules.one_fork_request && fork.requests > 0;
        let oldest =
            fork.tipsets.last().or_else(|| self.chain.last()).expect("the chain has its target");
        let too_low = oldest.height() < lowest && rules.own_side_bounded;
        if asked_enough || (rules.stops_at_genesis && (too_low || oldest.height() == 0)) {
            return Err(REFUSED);
        }
        let parents = oldest.parents();
        if let Some(parent) = cx.store.tipset(parents) {
            fork.tipsets.push(parent);
            return Ok(None);
        }
        fork.requests += 1;
        let length = cx.network.finality.clamp(1, REQUEST_LENGTH_MAX);
        Ok(Some(ask_headers(parents, length)))
    }

    /// Fetches the messages of a segment, or validates it.
    fn segment(&mut self, at: usize, cx: &mut SyncContext<'_>) -> Result<Option<Need>, Stop> {
        if at >= self.chain.len() {
            return Err(SyncOutcome::Complete {});
        }
        let end = (at + cx.settings.segment).min(self.chain.len());
        let missing: Vec<Arc<Tipset>> = self.chain[at..end]
            .iter()
            .rev()
            .skip_while(|tipset| cx.store.has_all_messages(tipset))
            .cloned()
            .collect();
        if let Some(newest) = missing.first() {
            let request = Request {
                head: newest.key().clone(),
                length: missing.len() as u64,
                options: Request::MESSAGES,
            };
            self.asked.clone_from(&missing);
            return Ok(Some(Need::Ask(request, missing)));
        }
        for index in at..end {
            self.validate(index, cx)?;
        }
        let last = &self.chain[end - 1];
        if cx.rules.head.last_synced_wins && last.key() != cx.store.head().key() {
            let change = cx.store.set_head(Arc::clone(last));
            cx.head_changed(change);
        } else {
            cx.refresh(last.height());
            // DIFFERENCE: Venus looks at the last height only. A tipset before it may be better
            // with its siblings, or when the last has a miner with two blocks.
            let leads = cx.store.head().key() == last.key();
            for tipset in self.chain[at..end - 1].iter().filter(|_| cx.rules.head.searches_all) {
                if !leads || !cx.store.is_alone(tipset) {
                    cx.refresh(tipset.height());
                }
            }
        }
        self.stage = Stage::Segments(end);
        Ok(None)
    }

    fn take_messages(&mut self, answer: &super::response::Valid, cx: &mut SyncContext<'_>) {
        let asked = std::mem::take(&mut self.asked);
        if answer.messages.len() < asked.len() && cx.rules.sync.trusts_message_count {
            panic!("index {} of a partial answer was taken (Venus #6209)", answer.messages.len());
        }
        // The client has held them against the roots.
        for (tipset, messages) in asked.iter().zip(&answer.messages) {
            for (block, messages) in tipset.blocks().iter().zip(messages) {
                cx.store.put_messages(block.header().messages, messages);
            }
        }
    }

    fn validate(&mut self, index: usize, cx: &mut SyncContext<'_>) -> Result<(), Stop> {
        let tipset = Arc::clone(&self.chain[index]);
        let parent = match index.checked_sub(1) {
            Some(before) => Some(Arc::clone(&self.chain[before])),
            None => cx.store.parent(&tipset),
        };
        let sound = parent
            .filter(|parent| tipset.is_child_of(parent) && cx.store.is_validated(parent.key()));
        let Some(parent) = sound else {
            mark_bad(&self.chain[index..], cx);
            return Err(SyncOutcome::Invalid { check: Check::Parent });
        };
        if cx.store.is_validated(tipset.key()) {
            return Ok(());
        }
        let mut failed: Option<Check> = None;
        for block in tipset.blocks() {
            match check_block(block.header(), &parent, cx.unix_time, cx.network) {
                Ok(()) => cx.store.add_valid_block(block),
                Err(Check::TooEarly) if !cx.rules.sync.early_is_bad => {
                    // It passes: this is what decides whether the rest is tried again.
                    failed = Some(Check::TooEarly);
                }
                Err(check) => {
                    if cx.rules.sync.remembers_bad {
                        cx.bad.insert(block.cid());
                    }
                    failed.get_or_insert(check);
                }
            }
        }
        let Some(check) = failed else {
            cx.store.set_validated(&tipset);
            cx.events.push(Event::Validated { tipset: tipset.key().clone() });
            return Ok(());
        };
        if !check.is_temporary() || cx.rules.sync.early_is_bad {
            mark_bad(&self.chain[index + 1..], cx);
        }
        // What was valid before it counts, and its sound blocks may make a tipset of their own.
        // DIFFERENCE: Venus looks for a new head only after a whole segment.
        cx.refresh(parent.height());
        cx.refresh(tipset.height());
        Err(SyncOutcome::Invalid { check })
    }
}

impl Fork {
    fn step_back(
        &mut self,
        store: &ChainStore,
        rules: &SyncRules,
        lowest: i64,
    ) -> Result<(), Stop> {
        if self.ours.key() == store.checkpoint().key() && rules.stops_at_genesis {
            return Err(REFUSED);
        }
        match store.parent(&self.ours) {
            Some(parent) if rules.own_side_bounded && parent.height() < lowest => {
                return Err(REFUSED);
            }
            Some(parent) => self.ours = parent,
            // Genesis has no parent: it stays, and theirs goes on.
            None => self.at += 1,
        }
        Ok(())
    }
}

impl SyncContext<'_> {
    pub(super) fn refresh(&mut self, height: i64) {
        if let Some(change) = self.store.refresh(height) {
            self.head_changed(change);
        }
    }

    pub(super) fn head_changed(&mut self, change: HeadChange) {
        *self.reorganised |= change.lighter || !change.revert.is_empty();
        if change.formed {
            // Sound blocks of several targets make a sound tipset.
            self.events.push(Event::Validated { tipset: change.head.key().clone() });
        }
        self.events.push(Event::HeadChanged {
            head: change.head.key().clone(),
            revert: change.revert,
            apply: change.apply,
        });
    }
}

/// Remembers the blocks of a chain as bad.
fn mark_bad(chain: &[Arc<Tipset>], cx: &mut SyncContext<'_>) {
    if cx.rules.sync.remembers_bad {
        cx.bad.extend(chain.iter().flat_map(|tipset| tipset.key().iter().copied()));
    }
}

fn ask_headers(head: &[Cid], length: u64) -> Need {
    let head = TipsetKey::new(head);
    Need::Ask(Request { head, length, options: Request::HEADERS }, Vec::new())
}
