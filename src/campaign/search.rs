use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use proptest::strategy::{BoxedStrategy, ValueTree};

use crate::families::Catalog;
use crate::invariant::{Context, NEVER_PANICS_OR_HANGS, Violation};
use crate::machine::{Capabilities, Subject, SubjectError};
use crate::scenario::Scenario;
use crate::sim::{Mode, Record, Run};
use crate::verdict::Verdict;

use super::case::{CaseId, draw_supported};
use super::fingerprint::{Fingerprint, Target};
use super::repeat::{Difference, Repeats, look_for, seen};
use super::shrink::{Bounds, Shrunk};
use super::suite::{Judge, run_once};
use super::taker::Taker;
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
    /// How many of the first cases are run twice, to see whether the subject is deterministic.
    pub twice: u64,
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
    /// What is wrong with the peer that it names.
    pub cause: String,
    /// The shape of the violation in that case.
    pub shape: String,
    /// Whether it did not repeat each time: then it does not count.
    pub is_flaky: bool,
}

/// A broken claim with the smallest scenario found that shows it.
#[derive(Debug)]
pub struct Finding<F: Catalog> {
    /// The case that showed it first.
    pub case: u64,
    /// What tells it from others.
    pub fingerprint: Fingerprint,
    /// How often it was seen again when its case was run again. If that was not each time, its
    /// scenario is as it was found.
    pub repeats: Repeats,
    /// Steps and inputs before and after, the smallest scenario, its run.
    pub shrunk: Shrunk<F>,
}

/// What a search came to.
#[derive(Debug)]
pub struct Outcome<F: Catalog> {
    /// What was seen.
    pub totals: Totals,
    /// The findings in the order of their cases, one for each fingerprint.
    pub findings: Vec<Finding<F>>,
    /// Broken claims that did not repeat each time, in the order of their cases.
    pub flaky: Vec<Finding<F>>,
    /// Why the subject failed to run, if it did; the search ended there.
    pub failed: Option<SubjectError>,
    /// Whether the search was ended before its last case.
    pub stopped: bool,
}

impl<F: Catalog> Plan<'_, F> {
    /// Whether there are as many findings in the cases before `next` as were asked for.
    pub(super) fn is_enough(&self, findings: &[Finding<F>], next: u64) -> bool {
        let before = self
            .found
            .iter()
            .filter(|found| !found.is_flaky && found.case.is_none_or(|case| case < next));
        before.count() + findings.len() >= self.findings_max
    }

    pub(super) fn is_found(&self, outcome: &Outcome<F>, fingerprint: &Fingerprint) -> bool {
        let Fingerprint { claim, cause, shape } = fingerprint;
        let mut here = outcome.findings.iter().chain(&outcome.flaky);
        self.found.iter().any(|it| it.claim == *claim && it.cause == *cause && it.shape == *shape)
            || here.any(|it| it.fingerprint == *fingerprint)
    }

    pub(super) fn bounds(&self) -> Bounds<'_> {
        Bounds { runs_max: self.shrink_runs_max, stop: self.stop }
    }
}

impl<F: Catalog> Outcome<F> {
    fn none() -> Self {
        Self {
            totals: Totals::default(),
            findings: Vec::new(),
            flaky: Vec::new(),
            failed: None,
            stopped: false,
        }
    }
}

/// Told of everything that happens in a search, in the order of the cases.
pub trait Progress<F: Catalog> {
    /// More cases are done; `totals` counts all.
    fn cases(&mut self, totals: &Totals);
    /// A claim was broken in a case; the scenario is about to be made small.
    fn broken(&mut self, case: u64, violation: &Violation);
    /// A finding is as small as it gets, or does not repeat each time.
    fn finding(&mut self, finding: &Finding<F>);
    /// Two runs of one case differ: said once.
    fn not_deterministic(&mut self, _case: u64, _difference: &Difference) {}
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
pub(super) struct Lot<F: Catalog> {
    pub(super) start: u64,
    pub(super) totals: Totals,
    pub(super) broken: Vec<Broken<F>>,
    /// The first case that the subject began.
    pub(super) began: Option<u64>,
    pub(super) failed: Option<SubjectError>,
}

impl<F: Catalog> Lot<F> {
    fn new(start: u64) -> Self {
        Self { start, totals: Totals::default(), broken: Vec::new(), began: None, failed: None }
    }
}

/// A claim that was broken in a case.
pub(super) struct Broken<F: Catalog> {
    pub(super) case: u64,
    pub(super) context: Context<F>,
    pub(super) violation: Violation,
    pub(super) target: Target,
    /// The subject failed as a program, in this way.
    pub(super) failure: Option<SubjectError>,
    /// It had begun the case.
    pub(super) began: bool,
}

fn work<F: Catalog>(
    plan: Plan<'_, F>,
    next: &AtomicU64,
    halt: &AtomicBool,
    sender: &mpsc::SyncSender<Lot<F>>,
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
            Err(SubjectError::Interrupted) => return,
            Err(error) => Lot { failed: Some(error.clone()), ..Lot::new(start) },
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
) -> Lot<F> {
    let mut lot = Lot::new(start);
    for case in start..(start + LOT).min(plan.cases.1) {
        if plan.stop.load(Ordering::Relaxed) {
            break;
        }
        let scenario = draw_case(plan, strategy, case, subject.capabilities()).current();
        let context = Context::new(scenario).expect("strategies draw valid scenarios");
        let mode = Mode { record: Record::Nothing, stop: Some(plan.stop), until: None };
        let run = run_once(&context, subject, plan.judge, mode);
        if run.is_interrupted() {
            break;
        }
        if run.began {
            lot.began.get_or_insert(case);
        }
        let totals = &mut lot.totals;
        if let Some(SubjectError::Unsupported { message }) = run.not_run() {
            totals.add_unsupported(&message);
            continue;
        }
        F::labels(&context.scenario, &context.world, &mut |label| totals.label(label));
        totals.add_run(&context.scenario, &run);
        if let Verdict::SubjectFailed(error) = run.verdict {
            lot.failed = Some(error);
            return lot;
        }
        take_violations(plan, subject, &context, case, run, &mut lot);
    }
    lot
}

/// Tells news from what is known, and notes what each is about.
fn take_violations<F: Catalog>(
    plan: Plan<'_, F>,
    subject: &mut dyn Subject<F>,
    context: &Context<F>,
    case: u64,
    run: Run<F>,
    lot: &mut Lot<F>,
) {
    let mut known = BTreeSet::new();
    for violation in run.verdict.violations() {
        if let Some(name) = plan.judge.known(violation) {
            known.insert(name);
            continue;
        }
        let mut target = Target::of(&context.scenario, violation);
        target.settle(&context.scenario, |scenario, target| {
            let Ok(context) = Context::new(scenario.clone()) else { return false };
            let run = look_for(target, &context, subject, plan.judge, Record::Nothing, plan.stop);
            seen(&context, target, &run).is_some()
        });
        let failure = run.failure.clone().filter(|_| violation.claim == NEVER_PANICS_OR_HANGS.id);
        let (violation, began, context) = (violation.clone(), run.began, context.clone());
        lot.broken.push(Broken { case, context, violation, target, failure, began });
    }
    for name in known {
        *lot.totals.known.entry(name).or_default() += 1;
    }
}

pub(super) fn draw_case<F: Catalog>(
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
    lots: mpsc::Receiver<Lot<F>>,
    progress: &mut dyn Progress<F>,
) -> Outcome<F> {
    let mut taker =
        Taker { plan, progress, outcome: Outcome::none(), began: false, differs: false };
    // Who cannot run these cannot run the others, which is said of them.
    if !plan.stop.load(Ordering::Relaxed) {
        taker.look_twice();
    }
    let mut waiting = BTreeMap::new();
    let mut expected = plan.cases.0;
    for lot in lots {
        waiting.insert(lot.start, lot);
        while let Some(lot) = waiting.remove(&expected) {
            expected += LOT;
            taker.take_lot(lot);
            let outcome = &taker.outcome;
            // A search that is ended leaves lots and findings half done.
            if outcome.failed.is_none() && !plan.stop.load(Ordering::Relaxed) {
                taker.progress.done(expected.min(plan.cases.1), &outcome.totals);
            }
            if outcome.failed.is_some() || plan.is_enough(&outcome.findings, expected) {
                return taker.outcome;
            }
        }
    }
    // A search that is ended from outside leaves gaps, but what was found behind them is found.
    for lot in waiting.into_values() {
        taker.take_lot(lot);
    }
    let mut outcome = taker.outcome;
    let done = outcome.totals.cases + outcome.totals.unsupported;
    outcome.stopped = done < plan.cases.1 - plan.cases.0;
    outcome
}
