//! The skeleton family as a whole: the reference breaks no claim, every mutant breaks one.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use syncheck::adapters::{InProcess, quiet_panics};
use syncheck::campaign::{
    CaseId, Finding, Judge, Plan, Progress, Totals, draw, run_once, search, test_mutant,
};
use syncheck::families::skeleton::{
    BoundsAnswer, Event, Profile, Skeleton, Status, Store, Subchains,
};
use syncheck::families::{Catalog, Mutant};
use syncheck::invariant::{Context, Violation};
use syncheck::machine::{Observes, Output, Subject, SubjectError};
use syncheck::primitives::ethereum_header::SealedHeader;
use syncheck::scenario::Scenario;
use syncheck::sim::Record;
use syncheck::trace::What;
use syncheck::vectors::to_yaml;

/// More cases by hand: `SYNCHECK_TEST_CASES=100000 cargo test --release --test skeleton`.
fn cases(default: u64) -> u64 {
    std::env::var("SYNCHECK_TEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

struct Silent;

impl Progress<Skeleton> for Silent {
    fn cases(&mut self, _: &Totals) {}
    fn broken(&mut self, case: u64, violation: &Violation) {
        eprintln!("case {case}: {violation:?}");
    }
    fn finding(&mut self, _: &Finding<Skeleton>) {}
}

fn reference() -> Result<Box<dyn Subject<Skeleton>>, SubjectError> {
    Ok(Box::new(InProcess::new(Skeleton::reference)))
}

fn show(finding: &Finding<Skeleton>) -> String {
    let shrunk = &finding.shrunk;
    let violation = &shrunk.violation;
    format!(
        "case {}: {}\nexpected {}\ngot {}\n{}\n{}",
        finding.case,
        violation.claim,
        violation.expected,
        violation.got,
        serde_json::to_string(&shrunk.scenario).expect("a scenario is writable"),
        shrunk.trace.to_text(),
    )
}

#[test]
fn the_reference_breaks_no_claim() {
    for profile in Skeleton::profiles() {
        let judge = Judge::new(Some(profile), Observes::ALL);
        let plan = Plan {
            profile,
            seed: 1,
            cases: (0, cases(2_000)),
            jobs: 2,
            findings_max: 1,
            found: &[],
            shrink_runs_max: 60,
            subject: &reference,
            judge: &judge,
            stop: &AtomicBool::new(false),
        };
        let outcome = search(plan, &mut Silent);
        assert_eq!(outcome.failed, None);
        if let Some(finding) = outcome.findings.first() {
            panic!("{profile}: {}", show(finding));
        }
        println!("{profile}: {:?}", outcome.totals);
    }
}

#[test]
fn every_mutant_is_killed() {
    quiet_panics();
    let mut inputs = Vec::new();
    let mut survivors = Vec::new();
    let only = std::env::var("SYNCHECK_TEST_MUTANT").ok();
    let chosen = |id: &str| only.as_ref().is_none_or(|only| only == id);
    for mutant in Skeleton::mutants().iter().filter(|mutant| chosen(mutant.id)) {
        let judge = Judge::new(Some(mutant.profile), Observes::ALL);
        let subject = || -> Result<Box<dyn Subject<Skeleton>>, SubjectError> {
            Ok(Box::new(InProcess::new(mutant.make)))
        };
        let stop = AtomicBool::new(false);
        let report = test_mutant(mutant, &subject, &judge, 1, 2_000, 1_500, &stop).unwrap();
        match report.kill {
            None => survivors.push(mutant.id),
            Some(kill) => {
                let shrunk = &kill.finding.shrunk;
                println!(
                    "{:28} {:28} case {:5} inputs {:3} (of {})",
                    mutant.id,
                    shrunk.violation.claim,
                    kill.finding.case,
                    shrunk.tally.inputs,
                    shrunk.original_tally.inputs,
                );
                inputs.push(shrunk.tally.inputs);
                let again = replay(mutant, &shrunk.scenario, &judge);
                assert_eq!(again, Some(shrunk.violation.claim), "{}", mutant.id);
            }
        }
    }
    assert!(survivors.is_empty(), "{survivors:?} survive");
    inputs.sort_unstable();
    let median = inputs[inputs.len() / 2];
    println!("median of inputs: {median}");
    assert!(median <= 8, "{inputs:?}");
}

/// The claim that a scenario breaks when it is read from a file again.
fn replay(
    mutant: &Mutant<Skeleton>,
    scenario: &Scenario<Skeleton>,
    judge: &Judge<Skeleton>,
) -> Option<&'static str> {
    let text = to_yaml(scenario).expect("a scenario is writable");
    let read: Scenario<Skeleton> = serde_yaml::from_str(&text).expect("it reads back");
    assert_eq!(read, *scenario);
    let context = Context::new(read).expect("it is valid");
    let run = run_once(&context, &mut InProcess::new(mutant.make), judge, Record::Nothing);
    run.verdict.violation().map(|violation| violation.claim)
}

/// A process may die after any of its writes, also between two of one step: what is durable then
/// has bounds, its subchains link, and a head can begin on it.
#[test]
fn whatever_is_persisted_loads() {
    let mut written = 0;
    for name in Skeleton::profiles() {
        let strategy = Skeleton::strategy(name);
        let judge = Judge::<Skeleton>::new(Some(name), Observes::ALL);
        for index in 0..cases(500) {
            let case = CaseId { family: "skeleton", profile: name, seed: 0, index };
            let context = Context::new(draw(&strategy, case).current()).expect("it is valid");
            let mut subject = InProcess::new(Skeleton::reference);
            let run = run_once(&context, &mut subject, &judge, Record::Steps);
            let start = context.world.start();
            let mut rows: BTreeMap<u64, SealedHeader> = BTreeMap::new();
            rows.extend(start.rows.iter().map(|row| (row.number(), row.clone())));
            for step in run.trace.expect("steps were recorded").steps() {
                let What::Out { output: Output::Event { event }, .. } = &step.what else {
                    continue;
                };
                let Event::Stored { status, rows: put, deleted } = event else { continue };
                rows.extend(put.iter().map(|row| (row.number(), row.clone())));
                if let Some((from, to)) = deleted {
                    rows.retain(|number, _| number < from || number > to);
                }
                loads(status, &rows, Profile::of_name(name));
                written += 1;
            }
        }
    }
    assert!(written > 1_000, "{written}");
}

fn loads(status: &Status, rows: &BTreeMap<u64, SealedHeader>, profile: Profile) {
    let all: Vec<SealedHeader> = rows.values().cloned().collect();
    let mut chains = Subchains::new(Store::new(&all, Some(status.to_json(profile))), profile);
    let primary = status.subchains[0];
    let BoundsAnswer::Known { head, tail, .. } = chains.bounds() else { panic!("no bounds") };
    assert_eq!((head, tail), (rows[&primary.head].hash(), rows[&primary.tail].hash()));
    for chain in &status.subchains {
        assert_eq!(rows[&chain.tail].parent(), chain.next);
        for number in chain.tail + 1..=chain.head {
            assert_eq!(rows[&number].parent(), rows[&(number - 1)].hash());
        }
    }
    let above = SealedHeader::empty(primary.head + 1, head, 77);
    chains.init(&above);
    let mut expected = status.clone();
    expected.subchains[0].head += 1;
    assert_eq!(*chains.status(), expected, "the next head extends what was loaded");
}
