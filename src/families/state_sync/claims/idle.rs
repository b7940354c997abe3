use crate::families::state_sync::{Gauges, Profile, StateSync};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::Time;
use crate::trace::Step;

/// Nobody is left behind.
pub(super) static PEERS_IDLE_AT_THE_END: Claim = Claim {
    id: "peers-idle-at-the-end",
    summary: "When all is done no request is open, and no peer counts as busy.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Gauges,
    why: "A peer that counts as busy for ever is lost to the next sync.",
    exceptions: "",
    source: "geth #21260, #21433: peers that owed an answer when a sync ended stayed busy for ever",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    Box::new(Idle { head: context.world.chain.head(), last: None, judged: 0 })
}

struct Idle {
    head: u32,
    last: Option<(Time, Gauges)>,
    judged: u64,
}

impl Invariant<StateSync> for Idle {
    fn claim(&self) -> &'static Claim {
        &PEERS_IDLE_AT_THE_END
    }

    fn observe(&mut self, _: &Step<StateSync>) -> Result<(), Violation> {
        Ok(())
    }

    fn measure(&mut self, now: Time, gauges: &Gauges) -> Result<(), Violation> {
        self.last = Some((now, *gauges));
        Ok(())
    }

    fn finish(&mut self, end: &End<'_, StateSync>) -> Result<(), Violation> {
        let done = end.progress.imported >= self.head && end.converged_at.is_some();
        let Some((at, gauges)) = self.last.filter(|_| done) else { return Ok(()) };
        self.judged += 1;
        if gauges.peers_busy == 0 && gauges.requests == 0 {
            return Ok(());
        }
        Err(Violation::new(
            &PEERS_IDLE_AT_THE_END,
            format!("no peer is busy at {}, and no request open", end.at),
            format!("{} busy, {} open since {at}", gauges.peers_busy, gauges.requests),
        ))
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
