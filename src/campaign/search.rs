use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use proptest::strategy::{BoxedStrategy, ValueTree};

use crate::families::Catalog;
use crate::invariant::{Context, Violation};
use crate::machine::{Capabilities, Subject, SubjectError};
use crate::scenario::Scenario;
use crate::sim::Record;
use crate::verdict::Verdict;

use super::case::{CaseId, draw_supported};
use super::shape::shape_of;
use super::shrink::{Shrunk, shrink};
use super::suite::{Judge, beyond_known, run_once};
use super::tally::Totals;

/// Cases are handed to workers in lots of this size; a search ends at the end of a lot, so that
/// where it ends does not depend on the workers.
pub const LOT: u64 = 16;

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
    /// After how many findings to stop; what has been found before counts.
    pub findings_max: usize,
    /// What has been found before, and is not found again.
    pub found: &'a [Found],
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

/// What tells a finding from the others of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The case that showed it; none, if it was saved before the search.
    pub case: Option<u64>,
    /// The claim.
    pub claim: String,
    /// The shape of the violation in that case.
    pub shape: String,
}

/// A broken claim with the smallest scenario found that shows it.
#[derive(Debug)]
pub struct Finding<F: Catalog> {
    /// The case that showed it first.
    pub case: u64,
    /// The shape of the violation in that case, which tells it from others of the same claim.
    pub shape: String,
    /// Steps and inputs before and after, the smallest scenario, its run.
    pub shrunk: Shrunk<F>,
}

/// What a search came to.
#[derive(Debug)]
pub struct Outcome<F: Catalog> {
    /// What was seen.
    pub totals: Totals,
    /// The findings in the order of their cases, one for each claim and shape.
    pub findings: Vec<Finding<F>>,
    /// Why the subject failed to run, if it did; the search ended there.
    pub failed: Option<SubjectError>,
    /// Whether the search was ended before its last case.
    pub stopped: bool,
}

impl<F: Catalog> Plan<'_, F> {
    /// Whether there are as many findings in the cases before `next` as were asked for.
    fn is_enough(&self, findings: &[Finding<F>], next: u64) -> bool {
        let before = self.found.iter().filter(|found| found.case.is_none_or(|case| case < next));
        before.count() + findings.len() >= self.findings_max
    }

    fn is_found(&self, findings: &[Finding<F>], violation: &Violation, shape: &str) -> bool {
        let claim = violation.claim;
        self.found.iter().any(|found| found.claim == claim && found.shape == shape)
            || findings.iter().any(|it| it.shrunk.violation.claim == claim && it.shape == shape)
    }
}

impl<F: Catalog> Outcome<F> {
    fn none() -> Self {
        Self { totals: Totals::default(), findings: Vec::new(), failed: None, stopped: false }
    }
}

/// Told of everything that happens in a search, in the order of the cases.
pub trait Progress<F: Catalog> {
    /// More cases are done; `totals` counts all.
    fn cases(&mut self, totals: &Totals);
    /// A claim was broken in a case; the scenario is about to be made small.
    fn broken(&mut self, case: u64, violation: &Violation);
    /// A finding is as small as it gets.
    fn finding(&mut self, finding: &Finding<F>);
    /// All cases before `next` are done, and their findings told; `totals` counts them.
    fn done(&mut self, _next: u64, _totals: &Totals) {}
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
    if plan.is_enough(&[], plan.cases.0) {
        return Outcome::none();
    }
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
    let mut subject = (plan.subject)();
    let capabilities = subject.as_ref().map_or(Capabilities::ALL, |it| it.capabilities().clone());
    let strategy = F::strategy(plan.profile, &capabilities);
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
        let scenario = draw_case(plan, strategy, index, subject.capabilities()).current();
        let context = Context::new(scenario).expect("strategies draw valid scenarios");
        let run = run_once(&context, subject, plan.judge, Record::Nothing);
        let totals = &mut lot.totals;
        if let Verdict::SubjectFailed(SubjectError::Unsupported { message }) = &run.verdict {
            totals.add_unsupported(message);
            continue;
        }
        F::labels(&context.scenario, &context.world, &mut |label| totals.label(label));
        totals.add_run(&context.scenario, &run);
        let (run, known) = beyond_known(&context, subject, plan.judge, Record::Nothing, run);
        if let Some(claim) = known {
            *lot.totals.known.entry(claim).or_default() += 1;
        }
        match run.verdict {
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

fn draw_case<F: Catalog>(
    plan: Plan<'_, F>,
    strategy: &BoxedStrategy<Scenario<F>>,
    index: u64,
    capabilities: &Capabilities,
) -> Box<dyn ValueTree<Value = Scenario<F>>> {
    let case = CaseId { family: F::NAME, profile: plan.profile, seed: plan.seed, index };
    draw_supported(strategy, case, capabilities)
}

/// Takes the lots in the order of their cases, whichever worker is first.
fn consume<F: Catalog>(
    plan: Plan<'_, F>,
    lots: mpsc::Receiver<Lot>,
    progress: &mut dyn Progress<F>,
) -> Outcome<F> {
    let mut outcome = Outcome::none();
    let mut waiting = BTreeMap::new();
    let mut expected = plan.cases.0;
    for lot in lots {
        waiting.insert(lot.start, lot);
        while let Some(lot) = waiting.remove(&expected) {
            expected += LOT;
            take_lot(plan, &mut outcome, lot, progress);
            // A search that is ended leaves lots and findings half done.
            if outcome.failed.is_none() && !plan.stop.load(Ordering::Relaxed) {
                progress.done(expected.min(plan.cases.1), &outcome.totals);
            }
            if outcome.failed.is_some() || plan.is_enough(&outcome.findings, expected) {
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
    let shape = shape_of(violation);
    let known = plan.is_found(&outcome.findings, violation, &shape);
    if known || outcome.failed.is_some() || plan.is_enough(&outcome.findings, index + 1) {
        return;
    }
    progress.broken(index, violation);
    let shrunk = (plan.subject)().and_then(|mut subject| {
        let strategy = F::strategy(plan.profile, subject.capabilities());
        let tree = draw_case(plan, &strategy, index, subject.capabilities());
        let judge = plan.judge.beyond_known();
        shrink(tree, subject.as_mut(), &judge, plan.shrink_runs_max, plan.stop)
    });
    match shrunk {
        Ok(shrunk) => {
            let finding = Finding { case: index, shape, shrunk };
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
