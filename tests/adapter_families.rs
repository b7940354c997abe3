//! Each family's reference behind the protocol is the same subject as in this process, and a
//! faulty machine is found through it too.

use std::ffi::OsString;
use std::process::{Command, Output};
use std::sync::Arc;

use syncheck::adapters::{ChildProcess, InProcess, LineSchemas, Options};
use syncheck::campaign::{CaseId, Judge, draw, run_once};
use syncheck::families::{Catalog, FamilyId, Visit};
use syncheck::invariant::Context;
use syncheck::machine::{Capabilities, Observes};
use syncheck::sim::Record;
use syncheck::verdict::Verdict;

const SYNCHECK: &str = env!("CARGO_BIN_EXE_syncheck");

/// Cases of each family and profile.
const CASES: u64 = 12;

fn served(arguments: &[&str]) -> Vec<OsString> {
    [SYNCHECK, "serve"].iter().chain(arguments).map(Into::into).collect()
}

struct Compare;

impl Visit for Compare {
    type Output = ();

    /// Every line is held against the published schemas on the way.
    fn visit<F: Catalog>(self) {
        let schemas = Some(Arc::new(LineSchemas::of::<F>()));
        let command = served(&[F::NAME]);
        let mut child = ChildProcess::<F>::spawn_validated(command, Options::default(), schemas)
            .expect("syncheck serves all families");
        let (mut restarts, mut events) = (0, 0);
        for &profile in F::profiles() {
            let strategy = F::strategy(profile, &Capabilities::ALL);
            let judge = Judge::<F>::new(Some(profile), Observes::ALL);
            for index in 0..CASES {
                let case = CaseId { family: F::NAME, profile, seed: 7, index };
                let scenario = draw::<F>(&strategy, case).current();
                let context = Context::new(scenario).expect("a drawn scenario is valid");
                let mut machine = InProcess::<F>::new(F::reference);
                let here = run_once(&context, &mut machine, &judge, Record::Steps);
                let there = run_once(&context, &mut child, &judge, Record::Steps);
                let name = format!("{} {profile} case {index}", F::NAME);
                assert_eq!(here.verdict, Verdict::Pass, "{name}");
                assert_eq!(there.verdict, here.verdict, "{name}");
                assert_eq!(there.tally, here.tally, "{name}");
                let digest = |run: &syncheck::sim::Run<F>| run.trace.as_ref().map(|it| it.digest());
                assert_eq!(digest(&there), digest(&here), "{name}");
                restarts += context.scenario.crashes.len();
                events += here.tally.inputs;
            }
        }
        assert!(restarts > 0 && events > 0, "{}: nothing was restarted", F::NAME);
    }
}

#[test]
fn headers_first_is_the_same_in_a_child() {
    FamilyId::HeadersFirst.visit(Compare);
}

#[test]
fn state_sync_is_the_same_in_a_child() {
    FamilyId::StateSync.visit(Compare);
}

#[test]
fn skeleton_is_the_same_in_a_child() {
    FamilyId::Skeleton.visit(Compare);
}

#[test]
fn tipset_sync_is_the_same_in_a_child() {
    FamilyId::TipsetSync.visit(Compare);
}

/// Runs syncheck against one of its own mutants as a child process.
fn run_against(family: &str, profile: Option<&str>, mutant: &str) -> Output {
    let save = tempfile::tempdir().expect("a temporary directory");
    Command::new(SYNCHECK)
        .args(["run", family, "--cases", "2000", "--jobs", "1"])
        .args(profile.map(|name| format!("--profile={name}")))
        .args(["--shrink-runs", "60", "--validate", "--save"])
        .arg(save.path())
        .arg("--")
        .args(served(&[family, "--mutant", mutant]))
        .output()
        .expect("syncheck runs")
}

/// The first mutants of a family.
struct Mutants;

impl Visit for Mutants {
    type Output = ();

    fn visit<F: Catalog>(self) {
        for mutant in &F::mutants()[..2] {
            let mut output = run_against(F::NAME, Some(mutant.profile), mutant.id);
            if output.status.code() == Some(0) {
                // With its profile a client is not held to what it is known to break.
                output = run_against(F::NAME, None, mutant.id);
            }
            let text = String::from_utf8_lossy(&output.stdout);
            let log = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{}: {text}{log}", mutant.id);
            let claims = F::claims();
            assert!(claims.iter().any(|entry| text.contains(entry.claim.id)), "{text}");
        }
    }
}

#[test]
fn mutants_are_found_through_the_protocol() {
    for family in FamilyId::ALL {
        family.visit(Mutants);
    }
}

#[test]
fn all_references_keep_all_rules() {
    for family in FamilyId::ALL {
        let output = Command::new(SYNCHECK)
            .args(["adapter", "check", "--validate", "--seed", "1", "--"])
            .args(served(&[family.name()]))
            .output()
            .expect("syncheck runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{family}: {text}");
        assert!(!text.contains("FAIL"), "{family}: {text}");
    }
}

#[test]
fn what_is_not_supported_is_said() {
    let output = Command::new(SYNCHECK)
        .args(["run", "skeleton", "--cases", "1", "--"])
        .args(served(&["tipset-sync"]))
        .output()
        .expect("syncheck runs");
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{log}");
    assert!(log.contains("family skeleton") && log.contains("tipset-sync"), "{log}");
}
