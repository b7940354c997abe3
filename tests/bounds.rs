//! Every case ends within its limits, and what a subject does wrong is told whatever else it does.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use syncheck::adapters::{InProcess, quiet_panics};
use syncheck::campaign::{
    CaseId, Judge, Outcome, Plan, Progress, SubjectFactory, Totals, draw, run_once, search,
};
use syncheck::campaign::{Difference, Finding};
use syncheck::families::Catalog;
use syncheck::families::headers_first::{HeadersFirst, Message, Reason};
use syncheck::invariant::{
    Claim, Context, Invariant, NEVER_PANICS_OR_HANGS, Needs, Strength, Suite, Violation,
};
use syncheck::machine::{
    Advance, Capabilities, Family, Input, Machine, Observes, Outbox, PeerId, Subject, SubjectError,
    Time,
};
use syncheck::primitives::bitcoin::BlockHash;
use syncheck::scenario::Scenario;
use syncheck::sim::{Mode, Record, simulate};
use syncheck::trace::Step;
use syncheck::verdict::{Limit, Verdict};

type F = HeadersFirst;

const PROFILE: &str = "btcd-0.26";

fn scenario(index: u64) -> Scenario<F> {
    let case = CaseId { family: F::NAME, profile: PROFILE, seed: 0, index };
    draw::<F>(&F::strategy(PROFILE, &Capabilities::ALL), case).current()
}

fn context(index: u64) -> Context<F> {
    Context::new(scenario(index)).expect("strategies draw valid scenarios")
}

fn judge() -> Judge<F> {
    Judge::new(Some(PROFILE), Observes::ALL)
}

/// The reference, but what it does is changed.
struct Changed<C> {
    inner: InProcess<F>,
    change: C,
}

type Changes = Result<(), SubjectError>;

fn changed<C: FnMut(&Input<F>, &mut Outbox<F>) -> Changes>(change: C) -> Changed<C> {
    Changed { inner: InProcess::new(F::reference), change }
}

impl<C: FnMut(&Input<F>, &mut Outbox<F>) -> Changes> Subject<F> for Changed<C> {
    fn begin(
        &mut self,
        start: &<F as Family>::Start,
        out: &mut Outbox<F>,
    ) -> Result<(), SubjectError> {
        self.inner.begin(start, out)
    }

    fn deliver(
        &mut self,
        now: Time,
        input: Input<F>,
        out: &mut Outbox<F>,
    ) -> Result<(), SubjectError> {
        self.inner.deliver(now, input.clone(), out)?;
        (self.change)(&input, out)
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
}

/// Drops every peer that connects.
fn drop_all(input: &Input<F>, out: &mut Outbox<F>) -> Changes {
    if let Input::Connected { peer, .. } = input {
        out.disconnect(*peer, Reason::Other { text: None });
    }
    Ok(())
}

#[test]
fn a_subject_that_drops_all_for_ever_does_not_converge() {
    let judge = judge().without(&["honest-peer-kept".to_owned()]).unwrap();
    let mut found = 0;
    for index in 0..40 {
        let run = run_once(&context(index), &mut changed(drop_all), &judge, Record::Nothing);
        assert!(run.tally.steps < 20_000, "case {index} has {} steps", run.tally.steps);
        let mut violations = run.verdict.violations().iter();
        if let Some(violation) = violations.find(|it| it.claim == "convergence") {
            found += 1;
            let got = &violation.got;
            assert!(got.contains("honest peers that it dropped since then: p"), "{got}");
        }
    }
    assert!(found > 20, "only {found} cases are findings");
}

#[test]
fn a_subject_that_multiplies_messages_at_one_instant_hangs() {
    let mut scenario = scenario(0);
    for peer in &mut scenario.peers {
        peer.latency_ms = 0;
        peer.lies.clear();
        peer.faults.clear();
        peer.stalls.clear();
    }
    let context = Context::new(scenario).unwrap();
    let multiply = |input: &Input<F>, out: &mut Outbox<F>| {
        if let Input::Message { peer, .. } | Input::Connected { peer, .. } = input {
            for _ in 0..10 {
                out.send(*peer, Message::GetHeaders { locator: Vec::new(), stop: BlockHash::ZERO });
            }
        }
        Ok(())
    };
    let suite = Suite::new(Vec::new());
    let run = simulate(&context, &mut changed(multiply), suite, Record::Nothing);
    assert!(run.verdict.breaks(NEVER_PANICS_OR_HANGS.id), "{:?}", run.verdict);
    assert!(run.tally.messages < 50_000, "{} messages", run.tally.messages);
}

/// Answers each input without an end.
struct Endless;

impl Machine<F> for Endless {
    fn step(&mut self, _now: Time, _input: Input<F>, out: &mut Outbox<F>) {
        loop {
            out.dial(PeerId(1));
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }

    fn restart(&mut self, _now: Time, _out: &mut Outbox<F>) {}
}

#[test]
fn a_machine_that_answers_one_input_without_an_end_is_a_finding() {
    quiet_panics();
    let mut subject = InProcess::new(|_| Box::new(Endless));
    let run = run_once(&context(0), &mut subject, &judge(), Record::Nothing);
    let violation = run.verdict.violation().expect("a finding");
    assert_eq!(violation.claim, NEVER_PANICS_OR_HANGS.id);
    assert!(violation.got.contains("more than 300000 outputs of one step"), "{}", violation.got);
}

#[test]
fn limits_are_verdicts() {
    let full = run_once(&context(3), &mut InProcess::new(F::reference), &judge(), Record::Nothing);
    assert!(full.tally.messages > 4, "the case has messages");
    for (edit, limit) in [
        ((|it| it.messages = 3) as fn(&mut syncheck::scenario::Limits), Limit::Messages(3)),
        (|it| it.turns = 5, Limit::Turns(5)),
        (|it| it.time_ms = 7, Limit::Time(7)),
    ] {
        let mut scenario = scenario(3);
        edit(&mut scenario.limits);
        let context = Context::new(scenario).unwrap();
        let mut subject = InProcess::new(F::reference);
        let run = run_once(&context, &mut subject, &judge(), Record::Nothing);
        assert_eq!(run.verdict, Verdict::Inconclusive(limit));
    }
}

#[test]
fn a_run_ends_when_it_is_told_to() {
    let stop = AtomicBool::new(false);
    let seen = AtomicU64::new(0);
    let mut subject = changed(|_: &Input<F>, _: &mut Outbox<F>| {
        stop.store(seen.fetch_add(1, Ordering::Relaxed) == 2, Ordering::Relaxed);
        Ok(())
    });
    let mode = Mode { record: Record::Nothing, stop: Some(&stop), until: None };
    let run = run_once(&context(3), &mut subject, &judge(), mode);
    assert_eq!(run.verdict, Verdict::Interrupted);
    assert_eq!(run.tally.inputs, 3);
}

static EARLY: Claim = claim("early");
static LATE: Claim = claim("late");

const fn claim(id: &'static str) -> Claim {
    Claim {
        id,
        summary: "",
        strength: Strength::Must,
        needs: Needs::Messages,
        why: "",
        exceptions: "",
        source: "",
    }
}

/// Objects to each step from one on.
struct Objects(&'static Claim, u64);

impl Invariant<F> for Objects {
    fn claim(&self) -> &'static Claim {
        self.0
    }

    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        match step.seq >= self.1 {
            true => Err(Violation::new(self.0, "nothing", "something")),
            false => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        1
    }
}

#[test]
fn a_broken_claim_does_not_hide_another() {
    let suite = || {
        let invariants: Vec<Box<dyn Invariant<F>>> =
            vec![Box::new(Objects(&LATE, 6)), Box::new(Objects(&EARLY, 2))];
        Suite::new(invariants)
    };
    let mut subject = InProcess::new(F::reference);
    let run = simulate(&context(3), &mut subject, suite(), Record::Steps);
    let broken: Vec<(&str, u64)> =
        run.verdict.violations().iter().map(|it| (it.claim, it.seq)).collect();
    assert_eq!(broken, [("early", 2), ("late", 6)]);
    assert_eq!(run.exercise.len(), 2);
    let is_late = |violation: &Violation| violation.claim == LATE.id;
    let mode = Mode { record: Record::Steps, stop: None, until: Some(&is_late) };
    let run = simulate(&context(3), &mut subject, suite(), mode);
    assert_eq!(run.trace.unwrap().steps().len(), 7);
}

/// Notes what is told once.
#[derive(Default)]
struct Notes {
    differences: Vec<Difference>,
}

impl Progress<F> for Notes {
    fn cases(&mut self, _: &Totals) {}
    fn broken(&mut self, _: u64, _: &Violation) {}
    fn finding(&mut self, _: &Finding<F>) {}
    fn not_deterministic(&mut self, _: u64, difference: &Difference) {
        self.differences.push(difference.clone());
    }
}

fn searched(
    subject: SubjectFactory<'_, F>,
    findings_max: usize,
    twice: u64,
) -> (Outcome<F>, Notes) {
    quiet_panics();
    let mut notes = Notes::default();
    let plan = Plan {
        profile: PROFILE,
        seed: 0,
        cases: (0, 400),
        jobs: 2,
        findings_max,
        found: &[],
        shrink_runs_max: 2_000,
        twice,
        subject,
        judge: &judge(),
        stop: &AtomicBool::new(false),
    };
    (search(plan, &mut notes), notes)
}

#[test]
fn each_finding_is_what_its_case_has_shown() {
    let make = || -> Result<Box<dyn Subject<F>>, SubjectError> { Ok(Box::new(changed(drop_all))) };
    let (outcome, notes) = searched(&make, 4, 4);
    assert!(outcome.findings.len() > 1);
    assert!(outcome.flaky.is_empty() && notes.differences.is_empty());
    for finding in &outcome.findings {
        let (scenario, violation) = (&finding.shrunk.scenario, &finding.shrunk.violation);
        let shown = syncheck::campaign::Fingerprint::of(scenario, violation);
        assert_eq!(shown, finding.fingerprint);
        let alike = outcome.findings.iter().filter(|it| it.fingerprint == finding.fingerprint);
        assert_eq!(alike.count(), 1, "{:?}", finding.fingerprint);
    }
}

#[test]
fn a_subject_that_forgets_at_random_is_named_and_ends_nothing() {
    let state = std::sync::Arc::new(AtomicU64::new(1));
    let make = || -> Result<Box<dyn Subject<F>>, SubjectError> {
        let drawn = std::sync::Arc::clone(&state);
        Ok(Box::new(changed(move |_: &Input<F>, out: &mut Outbox<F>| {
            let next = drawn.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (next ^ (next >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33;
            if mixed.is_multiple_of(50) {
                out.outputs_mut().clear();
            }
            Ok(())
        })))
    };
    let (outcome, notes) = searched(&make, 1_000, 4);
    assert_eq!(outcome.failed, None);
    assert_eq!(outcome.totals.cases, 400);
    assert!(!outcome.flaky.is_empty() && outcome.flaky.len() <= 10);
    assert!(outcome.flaky.iter().all(|it| it.repeats.shown < it.repeats.of));
    assert_eq!(notes.differences.len(), 1, "it is said once");
    assert_ne!(notes.differences[0].one, notes.differences[0].other);
}

#[test]
fn a_panic_that_depends_on_what_ran_before_is_flaky() {
    let begun = std::sync::Arc::new(AtomicU64::new(0));
    let make = || -> Result<Box<dyn Subject<F>>, SubjectError> {
        let begun = std::sync::Arc::clone(&begun);
        Ok(Box::new(changed(move |_: &Input<F>, _: &mut Outbox<F>| {
            match begun.fetch_add(1, Ordering::Relaxed) {
                999 => Err(SubjectError::Panicked { message: "the journal is torn".to_owned() }),
                _ => Ok(()),
            }
        })))
    };
    let (outcome, _) = searched(&make, 1, 0);
    assert_eq!(outcome.totals.cases, 400);
    assert!(outcome.findings.is_empty());
    assert_eq!(outcome.flaky[0].fingerprint.claim, NEVER_PANICS_OR_HANGS.id);
    assert_eq!(outcome.flaky[0].repeats.shown, 0);
}

#[test]
fn a_subject_that_dies_again_and_again_is_not_started_for_ever() {
    let deaths = std::sync::Arc::new(AtomicU64::new(0));
    let make = || -> Result<Box<dyn Subject<F>>, SubjectError> {
        let deaths = std::sync::Arc::clone(&deaths);
        Ok(Box::new(changed(move |input: &Input<F>, _: &mut Outbox<F>| {
            if !matches!(input, Input::Message { .. }) {
                return Ok(());
            }
            deaths.fetch_add(1, Ordering::Relaxed);
            Err(SubjectError::Exited { message: "status 3".to_owned(), log: Vec::new() })
        })))
    };
    let (outcome, _) = searched(&make, 1, 0);
    assert_eq!(outcome.findings[0].fingerprint.claim, NEVER_PANICS_OR_HANGS.id);
    let deaths = deaths.load(Ordering::Relaxed);
    assert!(deaths < 400, "it was started {deaths} times");
}
