use std::fmt;

use crate::machine::{Family, Time};
use crate::trace::Step;

use super::{Claim, End, Invariant, Violation};

/// The invariants of one run.
///
/// One that objects is retired: what it says after that is a consequence. The others judge on, so
/// that a broken claim does not hide another.
pub struct Suite<F: Family> {
    judging: Vec<Box<dyn Invariant<F>>>,
    retired: Vec<Box<dyn Invariant<F>>>,
    violations: Vec<Violation>,
    /// The number of the last step.
    seq: u64,
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
    /// A suite of these invariants.
    pub fn new(invariants: Vec<Box<dyn Invariant<F>>>) -> Self {
        Self { judging: invariants, retired: Vec::new(), violations: Vec::new(), seq: 0 }
    }

    /// Shows a step to all. Returns whether one objects.
    pub fn observe(&mut self, step: &Step<F>) -> bool {
        self.seq = step.seq;
        self.ask(|invariant| invariant.observe(step))
    }

    /// Shows the gauges to all. Returns whether one objects.
    pub fn measure(&mut self, now: Time, gauges: &F::Gauges) -> bool {
        self.ask(|invariant| invariant.measure(now, gauges))
    }

    /// Shows the end to all. Returns whether one objects.
    pub fn finish(&mut self, end: &End<'_, F>) -> bool {
        self.ask(|invariant| invariant.finish(end))
    }

    /// Takes an objection of the engine itself.
    pub fn object(&mut self, violation: Violation) {
        self.violations.push(Violation { seq: self.seq, ..violation });
    }

    /// What was objected to, in the order of the steps.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// What was objected to, taken out.
    pub fn take_violations(&mut self) -> Vec<Violation> {
        std::mem::take(&mut self.violations)
    }

    /// How often each claim was put to the test.
    pub fn exercise(&self) -> impl Iterator<Item = Exercise> {
        self.judging
            .iter()
            .chain(&self.retired)
            .map(|invariant| Exercise { claim: invariant.claim(), times: invariant.exercised() })
    }

    fn ask(
        &mut self,
        mut question: impl FnMut(&mut dyn Invariant<F>) -> Result<(), Violation>,
    ) -> bool {
        // No memory is asked for as long as nobody objects.
        let mut objections = Vec::new();
        for (index, invariant) in self.judging.iter_mut().enumerate() {
            if let Err(violation) = question(invariant.as_mut()) {
                objections.push((index, violation));
            }
        }
        let is_objected = !objections.is_empty();
        if is_objected {
            self.retire(objections);
        }
        is_objected
    }

    #[cold]
    fn retire(&mut self, objections: Vec<(usize, Violation)>) {
        for (gone, (index, violation)) in objections.into_iter().enumerate() {
            self.retired.push(self.judging.remove(index - gone));
            self.object(violation);
        }
    }
}

impl<F: Family> fmt::Debug for Suite<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.judging.iter().map(|i| i.claim().id)).finish()
    }
}
