//! The tipset-sync family against itself: the reference keeps all claims, each mutant breaks one.

use std::sync::atomic::AtomicBool;

use syncheck::adapters::{InProcess, quiet_panics};
use syncheck::campaign::{Finding, Judge, Outcome, Plan, Progress, Totals, search, test_mutant};
use syncheck::families::Catalog;
use syncheck::families::tipset_sync::TipsetSync;
use syncheck::invariant::Violation;
use syncheck::machine::{Observes, Subject, SubjectError};

const CASES: u64 = 512;
const MUTANT_CASES: u64 = 2_000;

struct Silent;

impl Progress<TipsetSync> for Silent {
    fn cases(&mut self, _: &Totals) {}
    fn broken(&mut self, _: u64, _: &Violation) {}
    fn finding(&mut self, _: &Finding<TipsetSync>) {}
}

#[test]
fn the_reference_keeps_all_claims() {
    let judge = Judge::<TipsetSync>::new(Some("filecoin"), Observes::ALL);
    let outcome = search_reference("filecoin", &judge);
    assert!(outcome.failed.is_none(), "{:?}", outcome.failed);
    if let Some(finding) = outcome.findings.first() {
        panic!("{:?}\n{}", finding.shrunk.violation, finding.shrunk.trace.to_text());
    }
    for claim in judge.entries() {
        let times = outcome.totals.exercised.get(claim.claim.id).copied().unwrap_or(0);
        assert!(times > 0, "{} was never put to the test", claim.claim.id);
    }
}

#[test]
fn the_other_profiles_keep_their_claims() {
    for profile in ["venus", "lotus", "forest"] {
        let judge = Judge::<TipsetSync>::new(Some(profile), Observes::ALL);
        let outcome = search_reference(profile, &judge);
        if let Some(finding) = outcome.findings.first() {
            panic!("{:?}\n{}", finding.shrunk.violation, finding.shrunk.trace.to_text());
        }
    }
}

/// A deviation that is no longer seen is not one: it would hide what comes after it.
#[test]
fn what_clients_are_known_to_break_they_break() {
    for deviation in TipsetSync::deviations() {
        let others: Vec<String> = TipsetSync::claims()
            .iter()
            .map(|entry| entry.claim.id.to_owned())
            .filter(|id| id != deviation.claim)
            .collect();
        let judge = Judge::<TipsetSync>::new(None, Observes::ALL).without(&others).unwrap();
        let outcome = search_up_to(deviation.profile, &judge, 20_000);
        assert!(!outcome.findings.is_empty(), "{} is kept", deviation.claim);
    }
}

#[test]
fn each_mutant_breaks_a_claim() {
    quiet_panics();
    let stop = AtomicBool::new(false);
    for mutant in TipsetSync::mutants() {
        let judge = Judge::<TipsetSync>::new(Some(mutant.profile), Observes::ALL);
        let make = mutant.make;
        let subject = move || -> Result<Box<dyn Subject<TipsetSync>>, SubjectError> {
            Ok(Box::new(InProcess::new(make)))
        };
        let report = test_mutant(mutant, &subject, &judge, 0, MUTANT_CASES, 1, &stop).unwrap();
        assert!(report.kill.is_some(), "{} survives {MUTANT_CASES} cases", mutant.id);
    }
}

fn search_reference(profile: &str, judge: &Judge<TipsetSync>) -> Outcome<TipsetSync> {
    search_up_to(profile, judge, CASES)
}

fn search_up_to(profile: &str, judge: &Judge<TipsetSync>, cases: u64) -> Outcome<TipsetSync> {
    let subject = || -> Result<Box<dyn Subject<TipsetSync>>, SubjectError> {
        Ok(Box::new(InProcess::new(TipsetSync::reference)))
    };
    let stop = AtomicBool::new(false);
    let plan = Plan {
        profile,
        seed: 0,
        cases: (0, cases),
        jobs: 1,
        findings_max: 1,
        found: &[],
        shrink_runs_max: 500,
        subject: &subject,
        judge,
        stop: &stop,
    };
    search(plan, &mut Silent)
}
