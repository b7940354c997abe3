use std::collections::BTreeMap;

use crate::invariant::{Context, Exercise};
use crate::machine::{Family, SubjectError};
use crate::trace::Trace;
use crate::verdict::Verdict;

/// What to keep of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// The verdict and the counts only; so it is while searching.
    Nothing,
    /// All steps too.
    Steps,
}

/// What came out of a run.
#[derive(Debug)]
pub struct Run<F: Family> {
    /// What it says about the subject.
    pub verdict: Verdict,
    /// All steps, if they were to be kept.
    pub trace: Option<Trace<F>>,
    /// What happened how often.
    pub tally: Tally,
    /// How often each claim was put to the test.
    pub exercise: Vec<Exercise>,
}

impl<F: Family> Run<F> {
    /// The run that does not even begin.
    pub fn not_made(context: &Context<F>, error: SubjectError, record: Record) -> Self {
        Self {
            verdict: Verdict::SubjectFailed(error),
            trace: (record == Record::Steps).then(|| Trace::new(context.world.clone())),
            tally: Tally::default(),
            exercise: Vec::new(),
        }
    }
}

/// What happened how often in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Steps in all.
    pub steps: u64,
    /// Messages that reached the subject or a peer.
    pub messages: u64,
    /// What the subject saw: messages, connections that opened or closed, commands.
    pub inputs: u64,
    /// Faults of the plan that took effect, crashes, and peers that came back.
    pub fired: BTreeMap<&'static str, u64>,
    /// How often each lie changed an answer, by the indices of its peer and of itself in the plan.
    pub lies: BTreeMap<(usize, usize), u64>,
}

/// All that [`Tally::fired`] counts.
pub const FIRES: [&str; 7] = [
    "crash",
    "fault:corrupt",
    "fault:delay",
    "fault:drop",
    "fault:duplicate",
    "fault:truncate",
    "reconnect",
];

impl Tally {
    pub(super) fn fire(&mut self, what: &'static str) {
        *self.fired.entry(what).or_default() += 1;
    }
}
