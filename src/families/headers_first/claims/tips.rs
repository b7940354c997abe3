use crate::families::headers_first::{Event, HeadersFirst};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::Output;
use crate::trace::{Step, What};
use crate::world::BlockId;

use super::watch::{OwnChain, label};

pub(super) static TIP_HAS_MOST_WORK: Claim = Claim {
    id: "tip-has-most-work",
    summary: "The best chain is the one with the most work among the stored blocks; of equals, \
              the first.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "The chain with the most work is the consensus of the protocol; who follows another is on a \
          fork of its own.",
    exceptions: "a stored block that full validation refuses does not count",
    source: "btcd blockchain connectBestChain; bchd 1f9a4295; dcrd 1cf325b9",
};

pub(super) fn tip_has_most_work(
    context: &Context<HeadersFirst>,
) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(MostWork {
        own: OwnChain::new(&context.world),
        context: context.clone(),
        best: None,
        judged: 0,
    })
}

struct MostWork {
    context: Context<HeadersFirst>,
    own: OwnChain,
    /// The stored block with the most work so far, if it has more than the start.
    best: Option<BlockId>,
    judged: u64,
}

impl Invariant<HeadersFirst> for MostWork {
    fn claim(&self) -> &'static Claim {
        &TIP_HAS_MOST_WORK
    }

    fn observe(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        let world = &self.context.world;
        match &step.what {
            What::Out { output: Output::Event { event }, .. } => {
                if let Event::Tip { hash, .. } = event
                    && let Some(tip) = world.find(hash)
                {
                    let before = self.own.tip();
                    self.judged += 1;
                    if tip != before && world.work(tip) <= world.work(before) {
                        return Err(Violation::new(
                            &TIP_HAS_MOST_WORK,
                            format!("the tip stays {}", label(world, &world.hash(before))),
                            format!("it becomes {}, which has no more work", label(world, hash)),
                        ));
                    }
                }
                if let Event::BlockAccepted { hash, .. } = event
                    && let Some(id) = world.find(hash).filter(|id| world.is_valid(*id))
                    && self.best.is_none_or(|best| world.work(id) > world.work(best))
                {
                    self.best = Some(id);
                }
                self.own.see(world, step);
                Ok(())
            }
            What::In { .. } => self.judge(),
            _ => Ok(()),
        }
    }

    fn finish(&mut self, _: &End<'_, HeadersFirst>) -> Result<(), Violation> {
        self.judge()
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl MostWork {
    /// Once all events of an input are seen, the tip is at the most work.
    fn judge(&self) -> Result<(), Violation> {
        let world = &self.context.world;
        let Some(best) = self.best else { return Ok(()) };
        let tip = self.own.tip();
        if world.work(tip) >= world.work(best) {
            return Ok(());
        }
        Err(Violation::new(
            &TIP_HAS_MOST_WORK,
            format!("the tip is {}", label(world, &world.hash(best))),
            format!("it is {}", label(world, &world.hash(tip))),
        ))
    }
}
