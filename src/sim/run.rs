use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicBool;

use crate::invariant::{Context, Exercise, Violation};
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

/// How a run is made.
#[derive(Clone, Copy)]
pub struct Mode<'a> {
    /// What to keep of it.
    pub record: Record,
    /// Ends the run early when it becomes true.
    pub stop: Option<&'a AtomicBool>,
    /// Ends the run when a violation is seen for which this holds; otherwise the run goes on to its
    /// end, so that a broken claim does not hide another.
    pub until: Option<&'a dyn Fn(&Violation) -> bool>,
}

impl Mode<'_> {
    /// Keeps no steps, and ends with the first violation.
    pub const UNTIL_BROKEN: Self =
        Self { record: Record::Nothing, stop: None, until: Some(&|_| true) };
}

impl From<Record> for Mode<'_> {
    fn from(record: Record) -> Self {
        Self { record, stop: None, until: None }
    }
}

impl fmt::Debug for Mode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mode").field("record", &self.record).finish_non_exhaustive()
    }
}

/// What came out of a run.
#[derive(Debug)]
pub struct Run<F: Family> {
    /// Whether the subject has begun the case: if not, it failed before it was told anything.
    pub began: bool,
    /// What it says about the subject.
    pub verdict: Verdict,
    /// The failure of the subject as a program that ended it, if that is among the violations.
    pub failure: Option<SubjectError>,
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
            began: false,
            verdict: Verdict::SubjectFailed(error),
            failure: None,
            trace: (record == Record::Steps).then(|| Trace::new(context.world.clone())),
            tally: Tally::default(),
            exercise: Vec::new(),
        }
    }

    /// Whether somebody ended it before it said anything.
    pub fn is_interrupted(&self) -> bool {
        self.verdict == Verdict::Interrupted
    }

    /// Why the subject could not be run, if it could not.
    pub fn not_run(&self) -> Option<SubjectError> {
        match &self.verdict {
            Verdict::SubjectFailed(error) => Some(error.clone()),
            _ => None,
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
