use crate::families::skeleton::{Event, Skeleton};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation, generic};
use crate::primitives::ethereum_state::Hash32;
use crate::trace::Step;

use super::ledger::{Durable, event_of, show};

/// What is followed is kept in mind.
pub(super) static TAKEN_HEAD_KEPT: Claim = Claim {
    id: "taken-head-kept",
    summary: "A forced head that is taken in is part of the skeleton until it is filled, or another \
              head is taken in.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "The consensus client has chosen this head, and has no other way to ask for it than to \
          name it again.",
    exceptions: "Heads below the filled chain (Engine API: they may be skipped); subjects that do \
                 not say what they persist, which `convergence` judges alone.",
    source: "geth v1.17.10 eth/downloader/skeleton.go `processNewHead` (a row of an older subchain \
             is taken for the head), `cleanStales` (a row left behind becomes the skeleton)",
};

pub(super) fn kept(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    Box::new(Kept { follows: Follows::new(context), judged: 0 })
}

/// The claim of all families, but for heads that are lost: those are another fault.
pub(super) fn convergence(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    let inner = generic::convergence(context);
    Box::new(Converges { follows: Follows::new(context), inner })
}

/// What the subject says that it persists.
struct Follows {
    context: Context<Skeleton>,
    durable: Durable,
    says: bool,
}

impl Follows {
    fn new(context: &Context<Skeleton>) -> Self {
        let durable = Durable::new(context.world.start());
        Self { context: context.clone(), durable, says: false }
    }

    fn see(&mut self, step: &Step<Skeleton>) {
        if let Some(event @ Event::Stored { .. }) = event_of(step) {
            self.durable.note(event);
            self.says = true;
        }
    }

    /// The head that must be followed and is not part of the skeleton.
    fn lost(&self, end: &End<'_, Skeleton>) -> Option<Hash32> {
        let judged = self.says && end.progress.taken && end.pending.is_some();
        let target = end.progress.target.filter(|_| judged)?;
        let is_there = |head: &Hash32| {
            self.context.world.tree.find(head).is_some_and(|(_, number)| {
                let within = |primary: &super::super::Subchain| {
                    (primary.tail..=primary.head).contains(&number)
                };
                self.durable.primary().is_some_and(within)
                    && self.durable.hash(number) == Some(*head)
            })
        };
        let mut heads = std::iter::once(&target).chain(&end.progress.instead);
        (!heads.any(is_there)).then_some(target)
    }
}

struct Kept {
    follows: Follows,
    judged: u64,
}

impl Invariant<Skeleton> for Kept {
    fn claim(&self) -> &'static Claim {
        &TAKEN_HEAD_KEPT
    }

    fn observe(&mut self, step: &Step<Skeleton>) -> Result<(), Violation> {
        self.follows.see(step);
        Ok(())
    }

    fn finish(&mut self, end: &End<'_, Skeleton>) -> Result<(), Violation> {
        let judged = end.healed_at.is_some() && !end.honest.is_empty() && end.fell_back.is_none();
        if !judged {
            return Ok(());
        }
        self.judged += u64::from(self.follows.says);
        let Some(lost) = self.follows.lost(end) else { return Ok(()) };
        let world = &self.follows.context.world;
        Err(Violation::new(
            &TAKEN_HEAD_KEPT,
            format!("head {}, which was taken in, is in the skeleton", world.tree.name(&lost)),
            format!("at {}: {}", end.at, show(world, &self.follows.durable.status)),
        ))
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct Converges {
    follows: Follows,
    inner: Box<dyn Invariant<Skeleton>>,
}

impl Invariant<Skeleton> for Converges {
    fn claim(&self) -> &'static Claim {
        self.inner.claim()
    }

    fn observe(&mut self, step: &Step<Skeleton>) -> Result<(), Violation> {
        self.follows.see(step);
        self.inner.observe(step)
    }

    fn finish(&mut self, end: &End<'_, Skeleton>) -> Result<(), Violation> {
        if self.follows.lost(end).is_some() { Ok(()) } else { self.inner.finish(end) }
    }

    fn exercised(&self) -> u64 {
        self.inner.exercised()
    }
}
