use std::sync::Arc;

use sha3::{Digest, Sha3_256};

use crate::machine::{Family, Output};

use super::{Step, What, text};

/// All steps of a run.
#[derive(Debug)]
pub struct Trace<F: Family> {
    world: Arc<F::World>,
    steps: Vec<Step<F>>,
}

// A derived `Clone` would ask for worlds that can be cloned; they are shared.
impl<F: Family> Clone for Trace<F> {
    fn clone(&self) -> Self {
        Self { world: Arc::clone(&self.world), steps: self.steps.clone() }
    }
}

impl<F: Family> Trace<F> {
    /// An empty trace of a run in `world`.
    pub fn new(world: Arc<F::World>) -> Self {
        Self { world, steps: Vec::new() }
    }

    /// Adds a step.
    pub fn push(&mut self, step: Step<F>) {
        self.steps.push(step);
    }

    /// The steps in order.
    pub fn steps(&self) -> &[Step<F>] {
        &self.steps
    }

    /// The world of the run.
    pub fn world(&self) -> &F::World {
        &self.world
    }

    /// Where the subject said last that it has got to, if it did.
    pub fn ending(&self) -> Option<F::Ending> {
        self.ending_event().and_then(F::ending)
    }

    /// The event that said so.
    pub fn ending_event(&self) -> Option<&F::Event> {
        let mut events = self.steps.iter().rev().filter_map(|step| match &step.what {
            What::Out { output: Output::Event { event }, .. } => Some(event),
            _ => None,
        });
        events.find(|event| F::ending(event).is_some())
    }

    /// One line a step, stable over versions of this program as long as the run is the same.
    pub fn to_text(&self) -> String {
        let mut lines = String::new();
        for step in &self.steps {
            text::write_step::<F>(&mut lines, &self.world, step);
            lines.push('\n');
        }
        lines
    }

    /// The SHA3-256 of everything in the trace, whole messages included, in hexadecimal.
    pub fn digest(&self) -> String {
        let mut hasher = Sha3_256::new();
        for step in &self.steps {
            hasher.update(text::canonical::<F>(&self.world, step));
            hasher.update([b'\n']);
        }
        const_hex::encode(hasher.finalize())
    }
}
