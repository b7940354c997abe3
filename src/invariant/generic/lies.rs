use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, Output};
use crate::trace::{Step, What};

/// Progress is made on what is true only.
pub static LIE_NEVER_BECOMES_PROGRESS: Claim = Claim {
    id: "lie-never-becomes-progress",
    summary: "The subject never counts as progress what is not valid in the world.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "What a subject counts as progress it builds on, serves and reports; if it is not valid \
          it has left the network.",
    exceptions: "a block or part that passes all checks which can be made of it alone, where the \
                 family says so",
    source: "BitcoinUnlimited #1030, zclassic #134; Bitcoin Core #27608, #16172",
};

/// Checks each event against the world.
pub fn lie_never_becomes_progress<F: Family>(context: &Context<F>) -> Box<dyn Invariant<F>> {
    Box::new(Truth { context: context.clone(), judged: 0 })
}

struct Truth<F: Family> {
    context: Context<F>,
    judged: u64,
}

impl<F: Family> Invariant<F> for Truth<F> {
    fn claim(&self) -> &'static Claim {
        &LIE_NEVER_BECOMES_PROGRESS
    }

    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        let What::Out { output: Output::Event { event }, .. } = &step.what else {
            return Ok(());
        };
        self.judged += 1;
        match F::refute(&self.context.world, event) {
            None => Ok(()),
            Some(why) => Err(Violation::new(
                &LIE_NEVER_BECOMES_PROGRESS,
                why,
                F::describe_event(&self.context.world, event),
            )),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
