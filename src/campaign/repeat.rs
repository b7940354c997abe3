use std::sync::atomic::AtomicBool;

use crate::families::Catalog;
use crate::invariant::{Context, Violation};
use crate::machine::{Subject, SubjectError};
use crate::sim::{Mode, Record, Run, Tally};
use crate::trace::Trace;

use super::fingerprint::Target;
use super::shrink::Bounds;
use super::suite::{Judge, run_once};

/// How often a run is repeated before a claim is taken for broken.
const TIMES: u32 = 5;

/// How often, if each run waits until the subject is given up.
const TIMES_HANGING: u32 = 2;

/// How often a violation was seen again when its case was run again, each time by a subject that
/// began anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// In how many runs.
    pub shown: u32,
    /// Of how many.
    pub of: u32,
}

impl Repeats {
    /// It was not run again.
    pub(super) const NONE: Self = Self { shown: 0, of: 0 };

    /// Whether some runs did not show it.
    pub fn is_flaky(self) -> bool {
        self.shown < self.of
    }
}

/// Where two runs of one scenario differ first: the subject is not deterministic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the step.
    pub step: usize,
    /// What happened in one run; none, if it was over.
    pub one: Option<String>,
    /// What happened in the other.
    pub other: Option<String>,
}

impl Difference {
    /// The first difference of two runs of one scenario.
    pub(super) fn of<F: Catalog>(one: &Trace<F>, other: &Trace<F>) -> Option<Self> {
        let longest = one.steps().len().max(other.steps().len());
        let step = (0..longest).find(|step| one.steps().get(*step) != other.steps().get(*step))?;
        let line = |trace: &Trace<F>| {
            let text = trace.to_text();
            text.lines().nth(step).map(|line| line.trim().to_owned())
        };
        Some(Self { step, one: line(one), other: line(other) })
    }
}

/// A run that shows what is looked for, with all its steps.
#[derive(Debug)]
pub struct Seen<F: Catalog> {
    /// The violation.
    pub violation: Violation,
    /// What happened up to there.
    pub tally: Tally,
    /// All steps up to there.
    pub trace: Trace<F>,
}

impl<F: Catalog> Clone for Seen<F> {
    fn clone(&self) -> Self {
        let Self { violation, tally, trace } = self;
        Self { violation: violation.clone(), tally: tally.clone(), trace: trace.clone() }
    }
}

/// What came of running a case again.
#[derive(Debug)]
pub struct Repeated<F: Catalog> {
    /// How often it was seen again.
    pub repeats: Repeats,
    /// A run that shows it, if one did.
    pub seen: Option<Seen<F>>,
    /// The first difference between two of the runs, if there is one.
    pub difference: Option<Difference>,
}

impl<F: Catalog> Repeated<F> {
    /// It was not run again.
    pub(super) const NONE: Self = Self { repeats: Repeats::NONE, seen: None, difference: None };
}

/// Runs a case again, up to where it shows what is looked for; of what `hangs` less often. Ends early
/// when it is told to stop; when `once` is set, with the first run that does not show it.
///
/// # Errors
/// When the subject does not run at all.
pub fn repeat<F: Catalog>(
    context: &Context<F>,
    target: &Target,
    subject: &mut dyn Subject<F>,
    judge: &Judge<F>,
    bounds: Bounds<'_>,
    patience: Patience,
) -> Result<Repeated<F>, SubjectError> {
    let mut repeated = Repeated::NONE;
    let mut first: Option<Trace<F>> = None;
    let times = if patience.hangs { TIMES_HANGING } else { TIMES };
    for _ in 0..times {
        if bounds.is_stopped() {
            break;
        }
        let mut run = record(context, target, subject, judge, bounds);
        if run.is_interrupted() {
            break;
        }
        repeated.repeats.of += 1;
        if let Some(error) = run.not_run() {
            return Err(error);
        }
        let trace = run.trace.take();
        if let (None, Some(one), Some(other)) = (&repeated.difference, &first, &trace) {
            repeated.difference = Difference::of(one, other);
        }
        let seen = seen(context, target, &run);
        let is_shown = seen.is_some();
        repeated.repeats.shown += u32::from(is_shown);
        if let (Some(violation), Some(trace), None) = (seen, &trace, &repeated.seen) {
            repeated.seen = Some(Seen { violation, tally: run.tally, trace: trace.clone() });
        }
        first = first.or(trace);
        if patience.once && !is_shown {
            break;
        }
    }
    Ok(repeated)
}

/// How much is spent on repeating a case.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Each run that shows it waits for a subject that does not answer.
    pub hangs: bool,
    /// One run that does not show it is enough.
    pub once: bool,
}

/// Runs a case by a subject that begins anew, and keeps its steps.
pub(super) fn record<F: Catalog>(
    context: &Context<F>,
    target: &Target,
    subject: &mut dyn Subject<F>,
    judge: &Judge<F>,
    bounds: Bounds<'_>,
) -> Run<F> {
    subject.renew();
    look_for(target, context, subject, judge, Record::Steps, bounds.stop)
}

/// Runs a case up to where it shows what is looked for.
pub(super) fn look_for<F: Catalog>(
    target: &Target,
    context: &Context<F>,
    subject: &mut dyn Subject<F>,
    judge: &Judge<F>,
    record: Record,
    stop: &AtomicBool,
) -> Run<F> {
    let is_met = |violation: &Violation| target.is_met(&context.scenario, violation);
    run_once(context, subject, judge, Mode { record, stop: Some(stop), until: Some(&is_met) })
}

/// What was looked for, in a run.
pub(super) fn seen<F: Catalog>(
    context: &Context<F>,
    target: &Target,
    run: &Run<F>,
) -> Option<Violation> {
    let mut violations = run.verdict.violations().iter();
    violations.find(|it| target.is_met(&context.scenario, it)).cloned()
}
