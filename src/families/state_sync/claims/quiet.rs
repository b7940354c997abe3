use crate::families::state_sync::StateSync;
use crate::invariant::generic::{QUIET_WHEN_DONE, quiet_when_done};
use crate::invariant::{Claim, Context, End, Invariant, Violation};
use crate::trace::Step;

/// The claim of all families, for runs in which there was something to be done with. Beside peers
/// that lack a part of the state nothing is missing that could be had, yet the subject is right to
/// try again and again.
pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    Box::new(Quiet { head: context.world.chain.head(), inner: quiet_when_done(context) })
}

struct Quiet {
    head: u32,
    inner: Box<dyn Invariant<StateSync>>,
}

impl Invariant<StateSync> for Quiet {
    fn claim(&self) -> &'static Claim {
        &QUIET_WHEN_DONE
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        self.inner.observe(step)
    }

    fn finish(&mut self, end: &End<'_, StateSync>) -> Result<(), Violation> {
        if end.progress.imported < self.head { Ok(()) } else { self.inner.finish(end) }
    }

    fn exercised(&self) -> u64 {
        self.inner.exercised()
    }
}
