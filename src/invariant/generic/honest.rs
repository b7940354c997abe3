use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, Output};
use crate::trace::{Step, What};

/// Peers that do what the protocol asks are not punished.
pub static HONEST_PEER_KEPT: Claim = Claim {
    id: "honest-peer-kept",
    summary: "A peer that answers rightly and in time is not dropped.",
    strength: Strength::Must,
    needs: Needs::Messages,
    why: "",
    exceptions: "",
    source: "btcd #1317, #2304; Bitcoin Core #9213: honest peers dropped for answers not due",
};

/// Checks that no honest and prompt peer is dropped.
pub fn honest_peer_kept<F: Family>(context: &Context<F>) -> Box<dyn Invariant<F>> {
    Box::new(HonestKept { context: context.clone(), judged: 0 })
}

struct HonestKept<F: Family> {
    context: Context<F>,
    judged: u64,
}

impl<F: Family> Invariant<F> for HonestKept<F> {
    fn claim(&self) -> &'static Claim {
        &HONEST_PEER_KEPT
    }

    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        match &step.what {
            What::Out { output: Output::Send { .. }, .. } => {
                self.judged += 1;
                Ok(())
            }
            What::Out {
                output: Output::Disconnect { peer, reason } | Output::Refuse { peer, reason },
                ..
            } => {
                let plans = &self.context.scenario.peers;
                let kept = plans.iter().find(|plan| plan.id == *peer).is_some_and(|plan| {
                    let world = &self.context.world;
                    let mut actions = plan.actions.iter();
                    plan.is_prompt()
                        && F::must_keep(world, &plan.has)
                        && actions.all(|action| F::must_keep_after(world, &action.what))
                });
                if !kept {
                    return Ok(());
                }
                Err(Violation::new(
                    &HONEST_PEER_KEPT,
                    format!("{peer} is kept: it is honest and answers in time"),
                    format!("dropped at {}: {reason:?}", step.at),
                )
                .about(*peer))
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
