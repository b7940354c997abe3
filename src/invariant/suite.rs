use std::fmt;

use crate::machine::{Family, Time};
use crate::trace::Step;

use super::{Claim, End, Invariant, Violation};

/// The invariants of one run.
pub struct Suite<F: Family> {
    invariants: Vec<Box<dyn Invariant<F>>>,
}

/// How often a claim was put to the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exercise {
    /// The claim.
    pub claim: &'static Claim,
    /// How often.
    pub times: u64,
}

impl<F: Family> Suite<F> {
    /// A suite of these invariants; the first to object wins.
    pub fn new(invariants: Vec<Box<dyn Invariant<F>>>) -> Self {
        Self { invariants }
    }

    /// Shows a step to all.
    ///
    /// # Errors
    /// The first violation.
    pub fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        self.invariants.iter_mut().try_for_each(|invariant| invariant.observe(step))
    }

    /// Shows the gauges to all.
    ///
    /// # Errors
    /// The first violation.
    pub fn measure(&mut self, now: Time, gauges: &F::Gauges) -> Result<(), Violation> {
        self.invariants.iter_mut().try_for_each(|invariant| invariant.measure(now, gauges))
    }

    /// Shows the end to all.
    ///
    /// # Errors
    /// The first violation.
    pub fn finish(&mut self, end: &End<'_, F>) -> Result<(), Violation> {
        self.invariants.iter_mut().try_for_each(|invariant| invariant.finish(end))
    }

    /// How often each claim was put to the test.
    pub fn exercise(&self) -> impl Iterator<Item = Exercise> {
        self.invariants
            .iter()
            .map(|invariant| Exercise { claim: invariant.claim(), times: invariant.exercised() })
    }
}

impl<F: Family> fmt::Debug for Suite<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.invariants.iter().map(|i| i.claim().id)).finish()
    }
}
