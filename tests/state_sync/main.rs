//! The state-sync family as a whole: the reference breaks no claim, every mutant breaks one.

mod crash;
mod real;
mod scheduler;
mod vectors;

use std::sync::atomic::AtomicBool;

use syncheck::adapters::{InProcess, quiet_panics};
use syncheck::campaign::{Finding, Judge, Plan, Progress, Totals, search, test_mutant};
use syncheck::families::Catalog;
use syncheck::families::state_sync::StateSync;
use syncheck::invariant::Violation;
use syncheck::machine::{Observes, Subject, SubjectError};

/// More cases by hand: `SYNCHECK_TEST_CASES=100000 cargo test --release --test state_sync`.
fn cases(default: u64) -> u64 {
    std::env::var("SYNCHECK_TEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

struct Silent;

impl Progress<StateSync> for Silent {
    fn cases(&mut self, _: &Totals) {}
    fn broken(&mut self, _: u64, _: &Violation) {}
    fn finding(&mut self, _: &Finding<StateSync>) {}
}

fn reference() -> Result<Box<dyn Subject<StateSync>>, SubjectError> {
    Ok(Box::new(InProcess::new(StateSync::reference)))
}

fn show(finding: &Finding<StateSync>) -> String {
    let shrunk = &finding.shrunk;
    let violation = &shrunk.violation;
    format!(
        "case {}: {}\nexpected {}\ngot {}\n{}\n{}",
        finding.case,
        violation.claim,
        violation.expected,
        violation.got,
        serde_json::to_string(&shrunk.scenario).expect("a scenario has a text"),
        shrunk.trace.to_text(),
    )
}

#[test]
fn the_reference_breaks_no_claim() {
    for profile in StateSync::profiles() {
        let judge = Judge::new(Some(profile), Observes::ALL);
        let plan = Plan {
            profile,
            seed: 1,
            cases: (0, cases(2_000)),
            jobs: 2,
            findings_max: 1,
            found: &[],
            shrink_runs_max: 2_000,
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
    for mutant in StateSync::mutants().iter().filter(|mutant| chosen(mutant.id)) {
        let judge = Judge::new(Some(mutant.profile), Observes::ALL);
        let subject = || -> Result<Box<dyn Subject<StateSync>>, SubjectError> {
            Ok(Box::new(InProcess::new(mutant.make)))
        };
        let stop = AtomicBool::new(false);
        let report = test_mutant(mutant, &subject, &judge, 1, 2_000, 1_000, &stop).unwrap();
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
            }
        }
    }
    assert!(survivors.is_empty(), "{survivors:?} survive");
    inputs.sort_unstable();
    let median = inputs[inputs.len() / 2];
    println!("median of inputs: {median}");
    assert!(median <= 10, "{inputs:?}");
}
