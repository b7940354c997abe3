use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::Family;
use crate::trace::Step;

/// The subject neither panics nor keeps acting without time moving on. The engine itself finds the
/// breach.
pub static NEVER_PANICS_OR_HANGS: Claim = Claim {
    id: "never-panics-or-hangs",
    summary: "No input makes the subject panic, or act for ever at one instant.",
    strength: Strength::Must,
    needs: Needs::Messages,
    why: "Whatever can come over the network comes one day. A client that ends, or spins, is out \
          of the network.",
    exceptions: "",
    source: "nakamoto #140: an assertion fails when a peer is asked the same twice",
};

/// Counts the steps that the subject survived.
pub fn never_panics_or_hangs<F: Family>(_: &Context<F>) -> Box<dyn Invariant<F>> {
    Box::new(Alive { steps: 0 })
}

struct Alive {
    steps: u64,
}

impl<F: Family> Invariant<F> for Alive {
    fn claim(&self) -> &'static Claim {
        &NEVER_PANICS_OR_HANGS
    }

    fn observe(&mut self, _: &Step<F>) -> Result<(), Violation> {
        self.steps += 1;
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.steps
    }
}
