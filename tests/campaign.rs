//! Searching and shrinking: what they promise whatever the subject does.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use proptest::strategy::ValueTree;
use syncheck::adapters::{InProcess, quiet_panics};
use syncheck::campaign::{
    Bounds, CaseId, Fingerprint, Judge, Outcome, Plan, Repeats, Silent, SubjectFactory, Target,
    draw, run_once, search, shrink,
};
use syncheck::families::headers_first::HeadersFirst;
use syncheck::families::{Catalog, Mutant};
use syncheck::invariant::{Context, Violation};
use syncheck::machine::{
    Advance, Capabilities, Family, Input, Observes, Outbox, Subject, SubjectError, Time,
};
use syncheck::scenario::{Scenario, reductions};
use syncheck::sim::{Mode, Record};

type F = HeadersFirst;

const PROFILE: &str = "btcd-0.26";

/// A faulty machine that is found out early.
fn mutant() -> &'static Mutant<F> {
    F::mutants().iter().find(|mutant| mutant.id == "unknown-message-punished").expect("it is there")
}

fn faulty() -> Result<Box<dyn Subject<F>>, SubjectError> {
    Ok(Box::new(InProcess::new(mutant().make)))
}

fn judge() -> Judge<F> {
    Judge::new(Some(PROFILE), Observes::ALL)
}

fn searched(subject: SubjectFactory<'_, F>, jobs: usize, stop: &AtomicBool) -> Outcome<F> {
    quiet_panics();
    let plan = Plan {
        profile: PROFILE,
        seed: 0,
        cases: (0, 500),
        jobs,
        findings_max: 1,
        found: &[],
        shrink_runs_max: 5_000,
        twice: 0,
        subject,
        judge: &judge(),
        stop,
    };
    search(plan, &mut Silent)
}

/// The tree of a case in which the faulty machine breaks a claim, and what it breaks.
fn broken_case() -> (Box<dyn ValueTree<Value = Scenario<F>>>, Target) {
    let index = searched(&faulty, 1, &AtomicBool::new(false)).findings[0].case;
    let case = CaseId { family: F::NAME, profile: PROFILE, seed: 0, index };
    let tree = draw(&F::strategy(PROFILE, &Capabilities::ALL), case);
    let scenario = tree.current();
    let context = Context::new(scenario.clone()).expect("a valid case");
    let mut subject = faulty().expect("a machine");
    let run = run_once(&context, subject.as_mut(), &judge(), Record::Nothing);
    let violation = run.verdict.violation().expect("a broken claim");
    let target = Target::of(&scenario, violation);
    (tree, target)
}

#[test]
fn a_case_depends_on_what_names_it_and_on_nothing_else() {
    let case = |family: &str, profile: &str, seed, index| {
        draw::<F>(
            &F::strategy(PROFILE, &Capabilities::ALL),
            CaseId { family, profile, seed, index },
        )
        .current()
    };
    let strategy = F::strategy(PROFILE, &Capabilities::ALL);
    let id = |index| CaseId { family: F::NAME, profile: PROFILE, seed: 7, index };
    let in_order: Vec<_> = (0..9).map(|index| draw::<F>(&strategy, id(index)).current()).collect();
    for (index, scenario) in in_order.iter().enumerate().rev() {
        assert_eq!(draw::<F>(&strategy, id(index as u64)).current(), *scenario);
        assert_eq!(case(F::NAME, PROFILE, 7, index as u64), *scenario);
    }
    assert_ne!(case(F::NAME, PROFILE, 7, 4), in_order[3]);
    assert_ne!(case(F::NAME, PROFILE, 8, 3), in_order[3]);
    assert_ne!(case(F::NAME, "another", 7, 3), in_order[3]);
    assert_ne!(case("another", PROFILE, 7, 3), in_order[3]);
    // The end of one name is not taken for the beginning of the next.
    assert_ne!(case("ab", "c", 7, 3), case("a", "bc", 7, 3));
}

#[test]
fn a_finding_is_the_same_for_any_number_of_workers() {
    let found = |jobs| {
        let mut outcome = searched(&faulty, jobs, &AtomicBool::new(false));
        let finding = outcome.findings.remove(0);
        (outcome.totals, finding.case, finding.shrunk.scenario, finding.shrunk.runs)
    };
    let one = found(1);
    assert_eq!(one, found(2));
    assert_eq!(one, found(9));
}

#[test]
fn what_is_left_breaks_the_claim_and_nothing_can_go() {
    let outcome = searched(&faulty, 1, &AtomicBool::new(false));
    let shrunk = &outcome.findings[0].shrunk;
    assert!(shrunk.tally.inputs < shrunk.original_tally.inputs);
    let judge = judge();
    let breaks = |scenario: &Scenario<F>| {
        let context = Context::new(scenario.clone()).ok()?;
        let is_met = |violation: &Violation| {
            Fingerprint::of(scenario, violation) == outcome.findings[0].fingerprint
        };
        let mode = Mode { record: Record::Nothing, stop: None, until: Some(&is_met) };
        let run = run_once(&context, faulty().unwrap().as_mut(), &judge, mode);
        run.verdict.violations().iter().any(is_met).then_some(run.tally.inputs)
    };
    assert_eq!(breaks(&shrunk.scenario), Some(shrunk.tally.inputs));
    for smaller in reductions(&shrunk.scenario).into_iter().chain(F::reductions(&shrunk.scenario)) {
        let inputs = breaks(&smaller).filter(|_| smaller != shrunk.scenario);
        assert!(inputs.is_none_or(|inputs| inputs > shrunk.tally.inputs), "{smaller:#?}");
    }
}

#[test]
fn a_finding_stays_as_it_is_without_runs_to_spend() {
    let mut subject = InProcess::<F>::new(mutant().make);
    let (tree, target) = broken_case();
    let stop = AtomicBool::new(false);
    let bounds = Bounds { runs_max: 1, stop: &stop };
    let shrunk = shrink(tree, &target, &mut subject, &judge(), bounds).unwrap();
    assert_eq!(shrunk.scenario, shrunk.original);
    assert_eq!(shrunk.runs, 1);
    let (tree, target) = broken_case();
    let bounds = Bounds { runs_max: 10_000, stop: &AtomicBool::new(true) };
    let error = shrink(tree, &target, &mut subject, &judge(), bounds).unwrap_err();
    assert_eq!(error, SubjectError::Interrupted);
}

#[test]
fn a_subject_that_fails_to_run_while_a_finding_is_made_small_is_left_alone() {
    let mut subject = Tired { inner: InProcess::new(mutant().make), begun: 0, failures: 21..=23 };
    let (tree, target) = broken_case();
    let bounds = Bounds { runs_max: 10_000, stop: &AtomicBool::new(false) };
    let shrunk = shrink(tree, &target, &mut subject, &judge(), bounds).unwrap();
    assert_eq!(shrunk.runs, 23);
    assert_eq!(subject.begun, 23);
}

#[test]
fn what_is_not_shown_again_is_flaky_and_does_not_end_the_search() {
    let made = AtomicU64::new(0);
    let make = || -> Result<Box<dyn Subject<F>>, SubjectError> {
        match made.fetch_add(1, Ordering::Relaxed) {
            0 => faulty(),
            _ => Ok(Box::new(InProcess::new(F::reference))),
        }
    };
    let outcome = searched(&make, 1, &AtomicBool::new(false));
    assert_eq!(outcome.failed, None);
    assert!(outcome.findings.is_empty());
    let flaky = &outcome.flaky[0];
    assert_eq!(flaky.repeats, Repeats { shown: 0, of: 5 });
    assert_eq!(flaky.fingerprint.claim, "honest-peer-kept");
    assert_eq!(flaky.shrunk.scenario, flaky.shrunk.original);
    assert_eq!(outcome.totals.cases, 500);
}

#[test]
fn a_search_ends_with_the_first_failure_of_the_subject_in_the_order_of_cases() {
    for jobs in [1, 3] {
        let make = || -> Result<Box<dyn Subject<F>>, SubjectError> {
            let inner = InProcess::new(F::reference);
            Ok(Box::new(Tired { inner, begun: 0, failures: 1..=1 }))
        };
        let outcome = searched(&make, jobs, &AtomicBool::new(false));
        assert_eq!(outcome.failed, Some(tired()));
        assert_eq!(outcome.totals.cases, 1);
    }
}

#[test]
fn a_search_that_is_stopped_says_so() {
    let outcome = searched(&faulty, 2, &AtomicBool::new(true));
    assert!(outcome.stopped);
    assert_eq!(outcome.totals.cases, 0);
}

/// A subject that fails to begin some of its cases.
struct Tired {
    inner: InProcess<F>,
    begun: u64,
    /// The cases that it does not begin, counted from 1.
    failures: std::ops::RangeInclusive<u64>,
}

fn tired() -> SubjectError {
    SubjectError::Broken { message: "it is tired".to_owned() }
}

impl Subject<F> for Tired {
    fn begin(
        &mut self,
        start: &<F as Family>::Start,
        out: &mut Outbox<F>,
    ) -> Result<(), SubjectError> {
        self.begun += 1;
        if self.failures.contains(&self.begun) {
            Err(tired())
        } else {
            self.inner.begin(start, out)
        }
    }

    fn deliver(
        &mut self,
        now: Time,
        input: Input<F>,
        out: &mut Outbox<F>,
    ) -> Result<(), SubjectError> {
        self.inner.deliver(now, input, out)
    }

    fn advance(
        &mut self,
        now: Time,
        until: Time,
        out: &mut Outbox<F>,
    ) -> Result<Advance, SubjectError> {
        self.inner.advance(now, until, out)
    }

    fn restart(&mut self, now: Time, out: &mut Outbox<F>) -> Result<(), SubjectError> {
        self.inner.restart(now, out)
    }

    fn end(&mut self) -> Result<(), SubjectError> {
        self.inner.end()
    }
}
