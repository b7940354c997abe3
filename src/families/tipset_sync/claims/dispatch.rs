use crate::families::tipset_sync::family::TipsetSync;
use crate::families::tipset_sync::message::{Command, Event, Message, SyncOutcome};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{FastMap, FastSet, Input, Millis, Time};
use crate::primitives::filecoin::{Cid, TipsetKey};
use crate::trace::{Step, What};

use super::view::{ChainView, event_of};

/// How far ahead of the clock a block may be and still be looked at.
const HEIGHT_DRIFT_MAX: u64 = 5;

/// What is invalid is not tried again.
pub static BAD_NOT_RETRIED: Claim = Claim {
    id: "bad-not-retried",
    summary: "A target that failed a check for good is not synced again before a restart.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "The outcome of a check does not change, so whoever sends a bad block again and again \
          would keep the node busy.",
    exceptions: "Blocks that are early, states that could not be loaded: the same block may pass \
                 later. A restart forgets.",
    source: "Lotus #12763: diverging blocks not marked bad; Forest #7179: dead forks retried",
};

/// Success means success.
pub static COMPLETE_IS_VALIDATED: Claim = Claim {
    id: "complete-is-validated",
    summary: "A sync that is reported complete has validated its target, or found all of its \
              blocks in a validated tipset.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "Whoever waits for a sync builds on its end.",
    exceptions: "A target whose blocks are all in a validated tipset needs no work.",
    source: "Venus #3963: the error of a sync was swallowed; Lotus #4541: complete, no progress",
};

/// Impossible heights are ignored.
pub static EPOCH_WINDOW: Claim = Claim {
    id: "epoch-window",
    summary: "No target further ahead than five epochs beyond the clock is synced.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "No honest miner can be five epochs ahead of the clock; whoever claims to be has the \
          heaviest chain for nothing.",
    exceptions: "A lower bound is not asked for: clients differ in it.",
    source: "Lotus #10691, #2000: impossibly high blocks processed",
};

/// A target is synced once.
pub static SYNCED_ONCE: Claim = Claim {
    id: "synced-once",
    summary: "A target is not synced while its sync runs, nor again after that was complete.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "Work that was done, or is being done, changes nothing when it is done again, and takes \
          the place of other targets.",
    exceptions: "A target that failed or was cancelled. A restart forgets.",
    source: "Lotus #4541, #4599: active or recent targets queued and synced again",
};

/// Not too many syncs at once.
pub static SYNCS_BOUNDED: Claim = Claim {
    id: "syncs-bounded",
    summary: "At most as many syncs run as are allowed, also after the number was changed.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "The operator bounds the work of the node.",
    exceptions: "Syncs that run when the number is lowered may end at their next step, within the \
                 time for a reply. A client without the command has the number of its settings.",
    source: "Venus pkg/chainsync/dispatcher: maxCount, SetConcurrent",
};

/// Checks what is tried again.
pub fn bad_not_retried(_: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Bad { failed: FastSet::default(), judged: 0 })
}

/// Checks the reports of success.
pub fn complete_is_validated(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Complete { view: ChainView::new(context), judged: 0 })
}

/// Checks the heights of targets.
pub fn epoch_window(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Window { context: context.clone(), heights: FastMap::default(), judged: 0 })
}

/// Checks for double work.
pub fn synced_once(_: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Once { running: Vec::new(), complete: FastSet::default(), judged: 0 })
}

/// Checks the number of syncs.
pub fn syncs_bounded(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    let limit = context.world.spec.settings.concurrent_max;
    let reply_ms = context.world.spec.settings.reply_ms;
    Box::new(Bounded { initial: limit, limit, lowered_at: None, reply_ms, running: 0, judged: 0 })
}

struct Bad {
    failed: FastSet<TipsetKey>,
    judged: u64,
}

impl Invariant<TipsetSync> for Bad {
    fn claim(&self) -> &'static Claim {
        &BAD_NOT_RETRIED
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        if matches!(step.what, What::Crashed { .. }) {
            self.failed.clear();
        }
        match event_of(step) {
            Some(Event::SyncEnded { target, outcome: SyncOutcome::Invalid { check } })
                if !check.is_temporary() =>
            {
                self.judged += 1;
                self.failed.insert(target.clone());
                Ok(())
            }
            Some(Event::SyncStarted { target }) if self.failed.contains(target) => {
                Err(Violation::new(
                    &BAD_NOT_RETRIED,
                    format!("{target:?} is not tried again: it failed a check"),
                    format!("tried again at {}", step.at),
                ))
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct Complete {
    view: ChainView,
    judged: u64,
}

impl Invariant<TipsetSync> for Complete {
    fn claim(&self) -> &'static Claim {
        &COMPLETE_IS_VALIDATED
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        let Some(event) = event_of(step) else { return Ok(()) };
        if let Event::SyncEnded { target, outcome: SyncOutcome::Complete {} } = event {
            self.judged += 1;
            let within = |known: &TipsetKey| target.iter().all(|cid| known.contains(cid));
            if !self.view.validated.iter().any(within) {
                return Err(Violation::new(
                    &COMPLETE_IS_VALIDATED,
                    format!("{} is validated", self.view.world.name(target)),
                    "it is not, yet its sync is complete".to_owned(),
                ));
            }
        }
        self.view.note(event);
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct Window {
    context: Context<TipsetSync>,
    /// The heights of the blocks that were gossiped.
    heights: FastMap<Cid, i64>,
    judged: u64,
}

impl Invariant<TipsetSync> for Window {
    fn claim(&self) -> &'static Claim {
        &EPOCH_WINDOW
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        if let What::In { input: Input::Message { message, .. }, .. } = &step.what
            && let Message::Gossip { block } | Message::OwnBlock { block } = message
        {
            self.heights.insert(block.header.cid(), block.header.height());
        }
        let Some(Event::SyncStarted { target }) = event_of(step) else { return Ok(()) };
        let world = &self.context.world;
        let gossiped = target.first().and_then(|cid| self.heights.get(cid).copied());
        let height = gossiped.or_else(|| world.tipset(target).map(|tipset| tipset.height()));
        let Some(height) = height else { return Ok(()) };
        self.judged += 1;
        let spec = &world.spec;
        let passed = step.at.as_millis() / 1000 / spec.network.block_delay_s;
        let highest = spec.clock_epoch + passed + HEIGHT_DRIFT_MAX;
        if height as u64 <= highest {
            return Ok(());
        }
        Err(Violation::new(
            &EPOCH_WINDOW,
            format!("targets up to height {highest}"),
            format!("{} of height {height} at {}", world.name(target), step.at),
        ))
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct Once {
    running: Vec<TipsetKey>,
    complete: FastSet<TipsetKey>,
    judged: u64,
}

impl Invariant<TipsetSync> for Once {
    fn claim(&self) -> &'static Claim {
        &SYNCED_ONCE
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        if matches!(step.what, What::Crashed { .. }) {
            self.running.clear();
            self.complete.clear();
        }
        match event_of(step) {
            Some(Event::SyncStarted { target }) => {
                self.judged += 1;
                let state = if self.running.contains(target) {
                    "running"
                } else if self.complete.contains(target) {
                    "complete"
                } else {
                    self.running.push(target.clone());
                    return Ok(());
                };
                Err(Violation::new(
                    &SYNCED_ONCE,
                    format!("{target:?} is not started: its sync is {state}"),
                    format!("started at {}", step.at),
                ))
            }
            Some(Event::SyncEnded { target, outcome }) => {
                self.running.retain(|running| running != target);
                if *outcome == (SyncOutcome::Complete {}) {
                    self.complete.insert(target.clone());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct Bounded {
    initial: u32,
    limit: u32,
    /// When it was last lowered below what ran.
    lowered_at: Option<Time>,
    /// A sync that is cancelled ends when what it waits for has come, or is given up.
    reply_ms: Millis,
    running: u32,
    judged: u64,
}

impl Invariant<TipsetSync> for Bounded {
    fn claim(&self) -> &'static Claim {
        &SYNCS_BOUNDED
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        match &step.what {
            What::Crashed { .. } => {
                self.running = 0;
                self.lowered_at = None;
                self.limit = self.initial;
            }
            What::In { input, .. } => {
                if self.lowered_at.is_none_or(|at| step.at.since(at) > self.reply_ms) {
                    self.judge(step)?;
                }
                if let Input::Command { command: Command::SetConcurrent { count } } = input {
                    self.limit = *count;
                    self.lowered_at = (self.running > *count).then_some(step.at);
                }
            }
            _ => {}
        }
        match event_of(step) {
            Some(Event::SyncStarted { .. }) => {
                self.running += 1;
                self.judged += 1;
                self.judge(step)
            }
            Some(Event::SyncEnded { .. }) => {
                self.running = self.running.saturating_sub(1);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Bounded {
    fn judge(&self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        if self.running <= self.limit {
            return Ok(());
        }
        Err(Violation::new(
            &SYNCS_BOUNDED,
            format!("at most {} syncs at once", self.limit),
            format!("{} at {}", self.running, step.at),
        ))
    }
}
