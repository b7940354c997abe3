//! Each family as a whole: the reference breaks no claim, every claim is put to the test, every
//! mutant breaks one, and what it breaks reads back from a file.
//!
//! More cases by hand: `SYNCHECK_TEST_CASES=100000 cargo test --release --test families`. One mutant
//! alone: `SYNCHECK_TEST_MUTANT=NAME`.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use syncheck::adapters::{InProcess, quiet_panics};
use syncheck::campaign::{Finding, Judge, Outcome, Plan, Silent, run_once, search, test_mutant};
use syncheck::families::headers_first::HeadersFirst;
use syncheck::families::skeleton::Skeleton;
use syncheck::families::state_sync::StateSync;
use syncheck::families::tipset_sync::TipsetSync;
use syncheck::families::{Catalog, Mutant};
use syncheck::invariant::Context;
use syncheck::machine::{Observes, Subject, SubjectError};
use syncheck::scenario::Scenario;
use syncheck::sim::Record;
use syncheck::vectors::to_yaml;

/// Cases of each profile that the reference is searched with.
const CASES: u64 = 1_500;

/// Cases within which a mutant breaks a claim.
const MUTANT_CASES: u64 = 2_000;

/// Runs spent on making one counterexample small; the main job spends more.
const SHRINK_RUNS: u64 = 600;

/// The claims that speak of the bug of each mutant of `state-sync`: it dies of one of them, where
/// they alone are judged.
const CLAIMS_OF_STATE_SYNC: &[(&str, &[&str])] = &[
    ("attempts-forgotten", &["hopeless-sync-fails"]),
    ("attempts-kept", &["failure-is-justified"]),
    ("breadth-first", &["deepest-first"]),
    ("cancel-without-commit", &["stop-loses-nothing"]),
    ("code-stored-as-node", &["children-before-parents"]),
    ("departure-not-tracked", &["dropped-peer-was-there", "request-to-connected-peer"]),
    ("departure-overwrites", &["no-lost-request"]),
    ("drop-callback-missing", &["never-panics-or-hangs"]),
    ("finished-kept", &["memory-bounded"]),
    ("join-idles-peers", &["one-request-per-peer"]),
    ("junk-counts", &["useless-peer-asked-least"]),
    ("nil-bloom-after-restart", &["never-panics-or-hangs"]),
    ("parent-first", &["children-before-parents"]),
    ("partial-answer-forgotten", &["no-lost-request"]),
    ("pivot-move-idles-peers", &["no-duplicate-in-flight", "one-request-per-peer"]),
    ("pivot-moves-after-commit", &["pivot-only-forward"]),
    ("pivot-never-moves", &["stale-pivot-moves"]),
    ("pivot-too-early", &["pivot-by-the-rule"]),
    ("progress-not-restored", &["written-entries-counted"]),
    ("second-parent-forgotten", &["children-before-parents"]),
    ("spindown-leaves-busy", &["no-lost-request", "peers-idle-at-the-end"]),
    ("spindown-without-timers", &["convergence"]),
    ("stale-tasks-kept", &["asked-for-the-present-state"]),
    ("stall-threshold-one", &["stalling-peer-dropped"]),
    ("timeout-forgotten", &["no-lost-request"]),
    ("unordered-flush", &["children-before-parents"]),
    ("unrequested-stored", &["lie-never-becomes-progress"]),
];

#[test]
fn the_reference_of_headers_first_breaks_no_claim() {
    breaks_no_claim::<HeadersFirst>();
}

#[test]
fn the_reference_of_state_sync_breaks_no_claim() {
    breaks_no_claim::<StateSync>();
}

#[test]
fn the_reference_of_skeleton_breaks_no_claim() {
    breaks_no_claim::<Skeleton>();
}

#[test]
fn the_reference_of_tipset_sync_breaks_no_claim() {
    breaks_no_claim::<TipsetSync>();
}

#[test]
fn every_mutant_of_headers_first_is_killed() {
    every_mutant_is_killed::<HeadersFirst>(10);
}

#[test]
fn every_mutant_of_state_sync_is_killed() {
    every_mutant_is_killed::<StateSync>(10);
}

/// What else a mutant breaks may show first: here nothing else is judged.
#[test]
fn every_mutant_of_state_sync_dies_of_the_claims_that_speak_of_it() {
    quiet_panics();
    for mutant in StateSync::mutants() {
        let entry = CLAIMS_OF_STATE_SYNC.iter().find(|(id, _)| *id == mutant.id);
        let (_, claims) = entry.unwrap_or_else(|| panic!("no claim speaks of {}", mutant.id));
        let judge = judge_of_only::<StateSync>(Some(mutant.profile), claims);
        let subject = || -> Result<Box<dyn Subject<StateSync>>, SubjectError> {
            Ok(Box::new(InProcess::new(mutant.make)))
        };
        let stop = AtomicBool::new(false);
        let tested = test_mutant(mutant, &subject, &judge, 1, MUTANT_CASES, SHRINK_RUNS, &stop);
        let kill = tested.expect("a mutant runs").kill.unwrap_or_else(|| panic!("{}", mutant.id));
        let claim = kill.finding.shrunk.violation.claim;
        assert!(claims.contains(&claim), "{} dies of {claim}", mutant.id);
    }
}

#[test]
fn every_mutant_of_skeleton_is_killed() {
    every_mutant_is_killed::<Skeleton>(8);
}

#[test]
fn every_mutant_of_tipset_sync_is_killed() {
    every_mutant_is_killed::<TipsetSync>(8);
}

/// A deviation that is no longer seen is not one: it would hide what comes after it.
#[test]
fn what_clients_are_known_to_break_they_break() {
    each_deviation_is_seen::<Skeleton>();
    each_deviation_is_seen::<TipsetSync>();
}

/// The request is sent before the healing, on a link of 20 s: its answer cannot come within the 30 s that
/// btcd waits, and the drop comes after the healing.
#[test]
fn a_drop_for_what_a_slow_link_held_back_before_the_healing_is_no_finding() {
    let scenario: Scenario<HeadersFirst> = serde_yaml::from_str(
        "world: {profile: btcd-0.26, main: 2}
peers:
  - {id: 1, has: {tip: 'main:2'}, latency_ms: 20000, sessions: [{join_ms: 172004}]}
  - id: 2
    has: {tip: 'main:2'}
    latency_ms: 10
    sessions: [{join_ms: 0}]
    faults: [{count: 2, kind: {type: duplicate}}]
heal: {at_ms: 200000, liars: leave}",
    )
    .expect("a scenario");
    let judge = Judge::new(Some("btcd-0.26"), Observes::ALL);
    let context = Context::new(scenario).expect("it is valid");
    let mut subject = InProcess::new(HeadersFirst::reference);
    let run = run_once(&context, &mut subject, &judge, Record::Nothing);
    assert!(run.verdict.violations().is_empty(), "{:?}", run.verdict);
}

fn each_deviation_is_seen<F: Catalog>() {
    for deviation in F::deviations() {
        let judge = judge_of_only::<F>(None, &[deviation.claim]);
        let outcome = searched(deviation.profile, &judge, 20_000);
        assert!(!outcome.findings.is_empty(), "{} is kept", deviation.claim);
    }
}

fn breaks_no_claim<F: Catalog>() {
    let cases = std::env::var("SYNCHECK_TEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let (mut exercised, mut claims) = (BTreeSet::new(), BTreeSet::new());
    for profile in F::profiles() {
        let judge = Judge::<F>::new(Some(profile), Observes::ALL);
        let outcome = searched(profile, &judge, cases.unwrap_or(CASES));
        assert_eq!(outcome.failed, None);
        if let Some(finding) = outcome.findings.first() {
            panic!("{profile}: {}", show(finding));
        }
        let times = outcome.totals.exercised.iter();
        exercised.extend(times.filter(|(_, times)| **times > 0).map(|(claim, _)| *claim));
        claims.extend(judge.entries().iter().map(|entry| entry.claim.id));
    }
    let untested: Vec<_> = claims.difference(&exercised).collect();
    assert!(untested.is_empty(), "never put to the test: {untested:?}");
}

fn searched<F: Catalog>(profile: &str, judge: &Judge<F>, cases: u64) -> Outcome<F> {
    let plan = Plan {
        profile,
        seed: 1,
        cases: (0, cases),
        jobs: 2,
        findings_max: 1,
        found: &[],
        shrink_runs_max: SHRINK_RUNS,
        twice: 0,
        subject: &|| Ok(Box::new(InProcess::new(F::reference))),
        judge,
        stop: &AtomicBool::new(false),
    };
    search(plan, &mut Silent)
}

fn show<F: Catalog>(finding: &Finding<F>) -> String {
    let shrunk = &finding.shrunk;
    format!(
        "case {}: {:?}\n{}\n{}",
        finding.case,
        shrunk.violation,
        to_yaml(&shrunk.scenario).expect("a scenario has a text"),
        shrunk.trace.to_text(),
    )
}

fn every_mutant_is_killed<F: Catalog>(median_max: u64) {
    quiet_panics();
    let mut inputs = Vec::new();
    let mut survivors = Vec::new();
    let only = std::env::var("SYNCHECK_TEST_MUTANT").ok();
    let chosen = |id: &str| only.as_ref().is_none_or(|only| only == id);
    for mutant in F::mutants().iter().filter(|mutant| chosen(mutant.id)) {
        let judge = Judge::<F>::new(Some(mutant.profile), Observes::ALL);
        let subject = || -> Result<Box<dyn Subject<F>>, SubjectError> {
            Ok(Box::new(InProcess::new(mutant.make)))
        };
        let stop = AtomicBool::new(false);
        let tested = test_mutant(mutant, &subject, &judge, 1, MUTANT_CASES, SHRINK_RUNS, &stop);
        let Some(kill) = tested.expect("a mutant runs").kill else {
            survivors.push(mutant.id);
            continue;
        };
        let shrunk = &kill.finding.shrunk;
        let (claim, size) = (shrunk.violation.claim, shrunk.tally.inputs);
        eprintln!("{:28} {claim:28} case {:5} inputs {size:3}", mutant.id, kill.finding.case);
        let broken = broken_from_file(mutant, &shrunk.scenario, &judge);
        assert!(broken.contains(&claim), "{}: {broken:?}", mutant.id);
        inputs.push(size);
    }
    assert!(survivors.is_empty(), "{survivors:?} survive");
    inputs.sort_unstable();
    let median = inputs.get(inputs.len() / 2).copied().unwrap_or_default();
    assert!(median <= median_max, "{inputs:?}");
}

/// The judge of a profile that looks at some claims alone.
fn judge_of_only<F: Catalog>(profile: Option<&str>, claims: &[&str]) -> Judge<F> {
    let others: Vec<String> = F::claims()
        .iter()
        .map(|entry| entry.claim.id)
        .filter(|id| !claims.contains(id))
        .map(str::to_owned)
        .collect();
    Judge::<F>::new(profile, Observes::ALL).without(&others).expect("claims of the family")
}

/// The claims that a scenario breaks when it is read from a file again.
fn broken_from_file<F: Catalog>(
    mutant: &Mutant<F>,
    scenario: &Scenario<F>,
    judge: &Judge<F>,
) -> Vec<&'static str> {
    let text = to_yaml(scenario).expect("a scenario has a text");
    let read: Scenario<F> = serde_yaml::from_str(&text).expect("it reads back");
    assert_eq!(read, *scenario);
    let context = Context::new(read).expect("it is valid");
    let run = run_once(&context, &mut InProcess::new(mutant.make), judge, Record::Nothing);
    run.verdict.violations().iter().map(|violation| violation.claim).collect()
}
