use std::sync::atomic::{AtomicBool, Ordering};

use proptest::strategy::ValueTree;

use crate::families::Catalog;
use crate::invariant::{Context, Violation};
use crate::machine::{Subject, SubjectError};
use crate::scenario::{Scenario, reductions};
use crate::sim::{Record, Run, Tally};
use crate::trace::Trace;
use crate::verdict::Verdict;

use super::fingerprint::Target;
use super::repeat::{Seen, look_for, record, seen};
use super::suite::Judge;

/// The steps that a run has in the mean, for the bound on all of them.
const RUN_STEPS: u64 = 500;

/// A subject that has failed to run so often while a finding was made small is left alone.
const FAILURES_MAX: u32 = 3;

/// Runs in which the subject no longer answers: each waits for an answer that never comes.
const HANGS_MAX: u32 = 40;

/// Runs in which the subject dies: each costs the start of another process, up to half a second where
/// the old one closes its output and goes on running.
const DEATHS_MAX: u32 = 150;

/// A broken claim in its smallest form.
#[derive(Debug)]
pub struct Shrunk<F: Catalog> {
    /// The scenario that was found.
    pub original: Scenario<F>,
    /// What happened in it, up to where the claim was broken.
    pub original_tally: Tally,
    /// The smallest scenario that breaks the same claim in the same way.
    pub scenario: Scenario<F>,
    /// How it breaks it.
    pub violation: Violation,
    /// What happens in it, up to there.
    pub tally: Tally,
    /// All steps of it, up to there; none, if no run showed it again.
    pub trace: Trace<F>,
    /// How many runs it took.
    pub runs: u64,
    /// Whether the search was ended before this was as small as it gets.
    pub cut_short: bool,
}

/// How much may be spent on a finding.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// Runs.
    pub runs_max: u64,
    /// Ends the work when it becomes true; what is there is taken.
    pub stop: &'a AtomicBool,
}

impl Bounds<'_> {
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Makes a scenario small that shows a target: first along the tree that it was drawn from, then by
/// taking away one thing after the other until nothing can go. Each smaller scenario breaks the same
/// claim, by the same cause and in the same shape, and the subject never sees more than before: a
/// smaller plan can make a longer run. At most `runs_max` runs of 500 steps are spent; when `stop`
/// becomes true, or the subject fails to run, hangs or dies again and again, what is there is taken.
///
/// # Errors
/// When the scenario of the tree does not show the target when it is run, or the subject does not
/// run.
pub fn shrink<F: Catalog>(
    tree: Box<dyn ValueTree<Value = Scenario<F>>>,
    target: &Target,
    subject: &mut dyn Subject<F>,
    judge: &Judge<F>,
    bounds: Bounds<'_>,
) -> Result<Shrunk<F>, SubjectError> {
    let context = context_of(tree.current());
    let run = record(&context, target, subject, judge, bounds);
    match run.verdict {
        Verdict::Interrupted => return Err(SubjectError::Interrupted),
        Verdict::SubjectFailed(error) => return Err(error),
        _ => {}
    }
    let hangs = matches!(run.failure, Some(SubjectError::TimedOut { .. }));
    let violation = seen(&context, target, &run).ok_or_else(not_again)?;
    let trace = run.trace.expect("the steps are recorded");
    let found = Seen { violation, tally: run.tally, trace };
    Ok(shrink_seen(tree, target, found, subject, judge, bounds, hangs))
}

/// The same, where a run of the tree's scenario that shows the target is at hand.
pub(super) fn shrink_seen<F: Catalog>(
    mut tree: Box<dyn ValueTree<Value = Scenario<F>>>,
    target: &Target,
    found: Seen<F>,
    subject: &mut dyn Subject<F>,
    judge: &Judge<F>,
    bounds: Bounds<'_>,
    hangs: bool,
) -> Shrunk<F> {
    let original = tree.current();
    let original_tally = found.tally.clone();
    subject.hurry(hangs);
    let mut search = Search {
        subject,
        judge,
        target,
        best: (original.clone(), found),
        runs: 1,
        steps: original_tally.steps,
        failures: 0,
        hangs: 0,
        deaths: 0,
        bounds,
    };
    let stripped = target.stripped(&original);
    if stripped != original && !search.spent() {
        search.is_better(&stripped);
    }
    search.along_tree(tree.as_mut());
    search.one_by_one();
    search.subject.hurry(false);
    let (scenario, seen) = search.best;
    Shrunk {
        original,
        original_tally,
        scenario,
        violation: seen.violation,
        tally: seen.tally,
        trace: seen.trace,
        runs: search.runs,
        cut_short: bounds.is_stopped(),
    }
}

struct Search<'a, F: Catalog> {
    subject: &'a mut dyn Subject<F>,
    judge: &'a Judge<F>,
    target: &'a Target,
    /// The smallest scenario so far, and the run of it.
    best: (Scenario<F>, Seen<F>),
    runs: u64,
    steps: u64,
    failures: u32,
    hangs: u32,
    deaths: u32,
    bounds: Bounds<'a>,
}

impl<F: Catalog> Search<'_, F> {
    fn along_tree(&mut self, tree: &mut dyn ValueTree<Value = Scenario<F>>) {
        if !tree.simplify() {
            return;
        }
        while !self.spent() {
            let candidate = self.target.stripped(&tree.current());
            let goes_on =
                if self.is_better(&candidate) { tree.simplify() } else { tree.complicate() };
            if !goes_on {
                break;
            }
        }
    }

    /// Takes the first reduction that still shows the target, until none does.
    fn one_by_one(&mut self) {
        'again: while !self.spent() {
            let best = self.best.0.clone();
            for candidate in reductions(&best).into_iter().chain(F::reductions(&best)) {
                if self.spent() {
                    break 'again;
                }
                if candidate != best && self.is_better(&candidate) {
                    continue 'again;
                }
            }
            break;
        }
    }

    /// Takes a scenario that shows the target and of which the subject sees no more. It is run once
    /// more then, by a subject that begins anew, so that its steps are there whenever the search
    /// ends.
    fn is_better(&mut self, scenario: &Scenario<F>) -> bool {
        // A reduction may leave something that another part refers to: then it is none.
        let Ok(context) = Context::new(scenario.clone()) else { return false };
        let (target, judge, stop) = (self.target, self.judge, self.bounds.stop);
        let run = look_for(target, &context, self.subject, judge, Record::Nothing, stop);
        if !self.counts(&context, &run) {
            return false;
        }
        let run = record(&context, self.target, self.subject, self.judge, self.bounds);
        if !self.counts(&context, &run) {
            return false;
        }
        let Some((violation, trace)) = seen(&context, self.target, &run).zip(run.trace) else {
            return false;
        };
        self.best = (scenario.clone(), Seen { violation, tally: run.tally, trace });
        true
    }

    /// Counts a run, and says whether it shows the target and is no longer than the best.
    fn counts(&mut self, context: &Context<F>, run: &Run<F>) -> bool {
        self.runs += 1;
        self.steps += run.tally.steps;
        self.failures += u32::from(
            run.not_run().is_some_and(|error| !matches!(error, SubjectError::Unsupported { .. })),
        );
        self.hangs += u32::from(matches!(run.failure, Some(SubjectError::TimedOut { .. })));
        self.deaths += u32::from(matches!(run.failure, Some(SubjectError::Exited { .. })));
        seen(context, self.target, run).is_some() && run.tally.inputs <= self.best.1.tally.inputs
    }

    fn spent(&self) -> bool {
        self.runs >= self.bounds.runs_max
            || self.steps >= self.bounds.runs_max.saturating_mul(RUN_STEPS)
            || self.failures >= FAILURES_MAX
            || self.hangs >= HANGS_MAX
            || self.deaths >= DEATHS_MAX
            || self.bounds.is_stopped()
    }
}

pub(super) fn context_of<F: Catalog>(scenario: Scenario<F>) -> Context<F> {
    Context::new(scenario).expect("what has run before is valid")
}

fn not_again() -> SubjectError {
    SubjectError::Broken {
        message: "the same scenario broke a claim once and not again: the subject is not \
                  deterministic, or reads a clock of its own"
            .to_owned(),
    }
}
