use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use proptest::strategy::{BoxedStrategy, ValueTree};

use crate::families::Catalog;
use crate::invariant::{Context, Violation};
use crate::machine::{Subject, SubjectError};
use crate::scenario::Scenario;
use crate::sim::Record;
use crate::verdict::Verdict;

use super::case::{CaseId, draw};
use super::shrink::{Shrunk, shrink};
use super::suite::{Judge, run_once};
use super::tally::Totals;

/// Cases are handed to workers in lots of this size; a search ends at the end of a lot, so that
/// where it ends does not depend on the workers.
const LOT: u64 = 16;

/// Makes a subject for one worker.
pub type SubjectFactory<'a, F> = &'a (dyn Fn() -> Result<Box<dyn Subject<F>>, SubjectError> + Sync);

/// What to search, and how far.
#[derive(Clone, Copy)]
pub struct Plan<'a, F: Catalog> {
    /// The profile whose strategy is used.
    pub profile: &'a str,
    /// The seed.
    pub seed: u64,
    /// The first case and the one after the last.
    pub cases: (u64, u64),
    /// How many workers.
    pub jobs: usize,
    /// After how many findings, of different claims, to stop.
    pub findings_max: usize,
    /// How many runs may be spent on making one finding small.
    pub shrink_runs_max: u64,
    /// Makes the subjects.
    pub subject: SubjectFactory<'a, F>,
    /// Who judges.
    pub judge: &'a Judge<F>,
    /// Ends the search early when it becomes true.
    pub stop: &'a AtomicBool,
}

impl<F: Catalog> fmt::Debug for Plan<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("family", &F::NAME)
            .field("profile", &self.profile)
            .field("seed", &self.seed)
            .field("cases", &self.cases)
            .finish_non_exhaustive()
    }
}

/// A broken claim with the smallest scenario found that shows it.
#[derive(Debug)]
pub struct Finding<F: Catalog> {
    /// The case that showed it first.
    pub case: u64,
    /// Steps and inputs before and after, the smallest scenario, its run.
    pub shrunk: Shrunk<F>,
}

/// What a search came to.
#[derive(Debug)]
pub struct Outcome<F: Catalog> {
    /// What was seen.
    pub totals: Totals,
    /// The findings in the order of their cases, one a claim.
    pub findings: Vec<Finding<F>>,
    /// Why the subject failed to run, if it did; the search ended there.
    pub failed: Option<SubjectError>,
    /// Whether the search was ended before its last case.
    pub stopped: bool,
}

/// Told of everything that happens in a search, in the order of the cases.
pub trait Progress<F: Catalog> {
    /// More cases are done; `totals` counts all.
    fn cases(&mut self, totals: &Totals);
    /// A claim was broken in a case; the scenario is about to be made small.
    fn broken(&mut self, case: u64, violation: &Violation);
    /// A finding is as small as it gets.
    fn finding(&mut self, finding: &Finding<F>);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl<F: Catalog> Progress<F> for Silent {
    fn cases(&mut self, _: &Totals) {}
    fn broken(&mut self, _: u64, _: &Violation) {}
    fn finding(&mut self, _: &Finding<F>) {}
}

/// Runs the cases of a plan.
pub fn search<F: Catalog>(plan: Plan<'_, F>, progress: &mut dyn Progress<F>) -> Outcome<F> {
    let next = AtomicU64::new(plan.cases.0);
    let halt = AtomicBool::new(false);
    thread::scope(|scope| {
        let (sender, lots) = mpsc::sync_channel(plan.jobs * 4);
        for _ in 0..plan.jobs.max(1) {
            let sender = sender.clone();
            let (next, halt) = (&next, &halt);
            scope.spawn(move || work(plan, next, halt, &sender));
        }
        drop(sender);
        let outcome = consume(plan, lots, progress);
        halt.store(true, Ordering::Relaxed);
        outcome
    })
}

/// What came of one lot of cases.
struct Lot {
    start: u64,
    totals: Totals,
    broken: Vec<(u64, Violation)>,
    failed: Option<SubjectError>,
}

fn work<F: Catalog>(
    plan: Plan<'_, F>,
    next: &AtomicU64,
    halt: &AtomicBool,
    sender: &mpsc::SyncSender<Lot>,
) {
    let strategy = F::strategy(plan.profile);
    let mut subject = (plan.subject)();
    loop {
        let start = next.fetch_add(LOT, Ordering::Relaxed);
        let over = halt.load(Ordering::Relaxed) || plan.stop.load(Ordering::Relaxed);
        if start >= plan.cases.1 || over {
            return;
        }
        let lot = match &mut subject {
            Ok(subject) => run_lot(plan, &strategy, subject.as_mut(), start),
            Err(error) => Lot {
                start,
                totals: Totals::default(),
                broken: Vec::new(),
                failed: Some(error.clone()),
            },
        };
        let failed = lot.failed.is_some();
        if sender.send(lot).is_err() || failed {
            return;
        }
    }
}

fn run_lot<F: Catalog>(
    plan: Plan<'_, F>,
    strategy: &BoxedStrategy<Scenario<F>>,
    subject: &mut dyn Subject<F>,
    start: u64,
) -> Lot {
    let mut lot = Lot { start, totals: Totals::default(), broken: Vec::new(), failed: None };
    for index in start..(start + LOT).min(plan.cases.1) {
        if plan.stop.load(Ordering::Relaxed) {
            break;
        }
        let scenario = draw_case(plan, strategy, index).current();
        let context = Context::new(scenario).expect("strategies draw valid scenarios");
        let run = run_once(&context, subject, plan.judge, Record::Nothing);
        let totals = &mut lot.totals;
        if let Verdict::SubjectFailed(SubjectError::Unsupported { message }) = &run.verdict {
            totals.add_unsupported(message);
            continue;
        }
        F::labels(&context.scenario, &context.world, &mut |label| totals.label(label));
        totals.add_run(&context.scenario, &run);
        match beyond_known(plan, &context, subject, run.verdict, &mut lot.totals) {
            Verdict::Fail(violation) => lot.broken.push((index, violation)),
            Verdict::SubjectFailed(error) => {
                lot.failed = Some(error);
                return lot;
            }
            Verdict::Inconclusive(_) | Verdict::Pass => {}
        }
    }
    lot
}

/// The verdict, but for claims that the subject is known to break: a case that breaks one of them is
/// judged again without them.
fn beyond_known<F: Catalog>(
    plan: Plan<'_, F>,
    context: &Context<F>,
    subject: &mut dyn Subject<F>,
    verdict: Verdict,
    totals: &mut Totals,
) -> Verdict {
    let Verdict::Fail(violation) = &verdict else { return verdict };
    if !plan.judge.knows(violation.claim) {
        return verdict;
    }
    *totals.known.entry(violation.claim).or_default() += 1;
    let run = run_once(context, subject, &plan.judge.beyond_known(), Record::Nothing);
    match run.verdict {
        // The simulator itself sees panics, whoever judges.
        Verdict::Fail(violation) if plan.judge.knows(violation.claim) => Verdict::Pass,
        verdict => verdict,
    }
}

fn draw_case<F: Catalog>(
    plan: Plan<'_, F>,
    strategy: &BoxedStrategy<Scenario<F>>,
    index: u64,
) -> Box<dyn ValueTree<Value = Scenario<F>>> {
    draw(strategy, CaseId { family: F::NAME, profile: plan.profile, seed: plan.seed, index })
}

/// Takes the lots in the order of their cases, whichever worker is first.
fn consume<F: Catalog>(
    plan: Plan<'_, F>,
    lots: mpsc::Receiver<Lot>,
    progress: &mut dyn Progress<F>,
) -> Outcome<F> {
    let mut outcome =
        Outcome { totals: Totals::default(), findings: Vec::new(), failed: None, stopped: false };
    let mut waiting = BTreeMap::new();
    let mut expected = plan.cases.0;
    for lot in lots {
        waiting.insert(lot.start, lot);
        while let Some(lot) = waiting.remove(&expected) {
            expected += LOT;
            take_lot(plan, &mut outcome, lot, progress);
            if outcome.failed.is_some() || outcome.findings.len() >= plan.findings_max {
                return outcome;
            }
        }
    }
    // A search that is ended from outside leaves gaps, but what was found behind them is found.
    for lot in waiting.into_values() {
        take_lot(plan, &mut outcome, lot, progress);
    }
    let done = outcome.totals.cases + outcome.totals.unsupported;
    outcome.stopped = done < plan.cases.1 - plan.cases.0;
    outcome
}

fn take_lot<F: Catalog>(
    plan: Plan<'_, F>,
    outcome: &mut Outcome<F>,
    lot: Lot,
    progress: &mut dyn Progress<F>,
) {
    outcome.totals.merge(&lot.totals);
    progress.cases(&outcome.totals);
    for (index, violation) in lot.broken {
        take_broken(plan, outcome, index, &violation, progress);
    }
    if outcome.failed.is_none() {
        outcome.failed = lot.failed;
    }
}

fn take_broken<F: Catalog>(
    plan: Plan<'_, F>,
    outcome: &mut Outcome<F>,
    index: u64,
    violation: &Violation,
    progress: &mut dyn Progress<F>,
) {
    let known =
        outcome.findings.iter().any(|finding| finding.shrunk.violation.claim == violation.claim);
    if known || outcome.failed.is_some() || outcome.findings.len() >= plan.findings_max {
        return;
    }
    progress.broken(index, violation);
    let tree = draw_case(plan, &F::strategy(plan.profile), index);
    let shrunk = (plan.subject)().and_then(|mut subject| {
        let judge = plan.judge.beyond_known();
        shrink(tree, subject.as_mut(), &judge, plan.shrink_runs_max, plan.stop)
    });
    match shrunk {
        Ok(shrunk) => {
            let finding = Finding { case: index, shrunk };
            progress.finding(&finding);
            outcome.findings.push(finding);
        }
        Err(error) => outcome.failed = Some(in_case(index, violation, error)),
    }
}

/// The error of a subject that would not show again what it had shown.
fn in_case(index: u64, violation: &Violation, error: SubjectError) -> SubjectError {
    match error {
        SubjectError::Broken { message } => SubjectError::Broken {
            message: format!("case {index} broke {}; then: {message}", violation.claim),
        },
        error => error,
    }
}
