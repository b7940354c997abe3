use std::sync::atomic::{AtomicBool, Ordering};

use proptest::strategy::ValueTree;

use crate::families::Catalog;
use crate::invariant::{Context, Violation};
use crate::machine::{Subject, SubjectError};
use crate::scenario::{Scenario, reductions};
use crate::sim::{Record, Run, Tally};
use crate::trace::Trace;
use crate::verdict::Verdict;

use super::suite::{Judge, run_once};

/// The steps that a run has in the mean, for the bound on all of them.
const RUN_STEPS: u64 = 500;

/// A subject that has failed to run so often while a finding was made small is left alone.
const FAILURES_MAX: u32 = 3;

/// A broken claim in its smallest form.
#[derive(Debug)]
pub struct Shrunk<F: Catalog> {
    /// The scenario that was found.
    pub original: Scenario<F>,
    /// What happened in it.
    pub original_tally: Tally,
    /// The smallest scenario that breaks the same claim.
    pub scenario: Scenario<F>,
    /// How it breaks it.
    pub violation: Violation,
    /// What happens in it.
    pub tally: Tally,
    /// All steps of it.
    pub trace: Trace<F>,
    /// How many runs it took.
    pub runs: u64,
    /// Whether the search was ended before this was as small as it gets.
    pub cut_short: bool,
}

/// Makes a failing scenario small: first along the tree that it was drawn from, then by taking
/// away one thing after the other until nothing can go. The same claim stays broken throughout,
/// and the subject never sees more than before: a smaller plan can make a longer run. At most
/// `runs_max` runs of 500 steps are spent; when `stop` becomes true, or the subject fails to run
/// again and again, what is there is taken.
///
/// # Errors
/// When the subject fails to run what was found, or the scenario does not fail again: then the
/// subject is not deterministic, and the error says so.
pub fn shrink<F: Catalog>(
    mut tree: Box<dyn ValueTree<Value = Scenario<F>>>,
    subject: &mut dyn Subject<F>,
    judge: &Judge<F>,
    runs_max: u64,
    stop: &AtomicBool,
) -> Result<Shrunk<F>, SubjectError> {
    let original = tree.current();
    let first = run_context(&context_of(original.clone()), subject, judge, Record::Nothing)?;
    let Verdict::Fail(violation) = &first.verdict else { return Err(not_again()) };
    let claim = violation.claim;
    let mut search = Search {
        subject,
        judge,
        claim,
        inputs: first.tally.inputs,
        runs: 1,
        steps: first.tally.steps,
        runs_max,
        failures: 0,
        stop,
    };
    let along_tree = search.along_tree(tree.as_mut(), original.clone());
    let scenario = search.one_by_one(along_tree);
    let runs = search.runs;
    let run = run_context(&context_of(scenario.clone()), subject, judge, Record::Steps)?;
    let (Verdict::Fail(violation), Some(trace)) = (run.verdict, run.trace) else {
        return Err(not_again());
    };
    Ok(Shrunk {
        original,
        original_tally: first.tally,
        scenario,
        violation,
        tally: run.tally,
        trace,
        runs,
        cut_short: stop.load(Ordering::Relaxed),
    })
}

struct Search<'a, F: Catalog> {
    subject: &'a mut dyn Subject<F>,
    judge: &'a Judge<F>,
    claim: &'static str,
    /// What the subject saw in the best run so far.
    inputs: u64,
    runs: u64,
    steps: u64,
    runs_max: u64,
    failures: u32,
    stop: &'a AtomicBool,
}

impl<F: Catalog> Search<'_, F> {
    fn along_tree(
        &mut self,
        tree: &mut dyn ValueTree<Value = Scenario<F>>,
        mut best: Scenario<F>,
    ) -> Scenario<F> {
        if !tree.simplify() {
            return best;
        }
        while !self.spent() {
            let candidate = tree.current();
            let goes_on = if self.still_fails(&candidate) {
                best = candidate;
                tree.simplify()
            } else {
                tree.complicate()
            };
            if !goes_on {
                break;
            }
        }
        best
    }

    /// Takes the first reduction that still fails, until none does.
    fn one_by_one(&mut self, mut best: Scenario<F>) -> Scenario<F> {
        'again: while !self.spent() {
            for candidate in reductions(&best).into_iter().chain(F::reductions(&best)) {
                if self.spent() {
                    break 'again;
                }
                if candidate != best && self.still_fails(&candidate) {
                    best = candidate;
                    continue 'again;
                }
            }
            break;
        }
        best
    }

    fn still_fails(&mut self, scenario: &Scenario<F>) -> bool {
        // A reduction may leave something that another part refers to: then it is none.
        let Ok(context) = Context::new(scenario.clone()) else { return false };
        let run = run_once(&context, self.subject, self.judge, Record::Nothing);
        self.runs += 1;
        self.steps += run.tally.steps;
        self.failures += u32::from(match &run.verdict {
            Verdict::SubjectFailed(error) => !matches!(error, SubjectError::Unsupported { .. }),
            _ => false,
        });
        let broken = run.verdict.violation().is_some_and(|it| it.claim == self.claim);
        let better = broken && run.tally.inputs <= self.inputs;
        if better {
            self.inputs = run.tally.inputs;
        }
        better
    }

    fn spent(&self) -> bool {
        self.runs >= self.runs_max
            || self.steps >= self.runs_max.saturating_mul(RUN_STEPS)
            || self.failures >= FAILURES_MAX
            || self.stop.load(Ordering::Relaxed)
    }
}

fn context_of<F: Catalog>(scenario: Scenario<F>) -> Context<F> {
    Context::new(scenario).expect("what has run before is valid")
}

fn run_context<F: Catalog>(
    context: &Context<F>,
    subject: &mut dyn Subject<F>,
    judge: &Judge<F>,
    record: Record,
) -> Result<Run<F>, SubjectError> {
    let run = run_once(context, subject, judge, record);
    match run.verdict {
        Verdict::SubjectFailed(error) => Err(error),
        _ => Ok(run),
    }
}

fn not_again() -> SubjectError {
    SubjectError::Broken {
        message: "the same scenario broke a claim once and not again: the subject is not \
                  deterministic, or reads a clock of its own"
            .to_owned(),
    }
}
