//! Where runs may end: the reference ends there in all cases, and some mutants do not.
//!
//! More cases by hand: `SYNCHECK_TEST_CASES=20000 cargo test --release --test endings`.

#![expect(clippy::unwrap_used, reason = "what was drawn can be written and read")]
#![expect(clippy::print_stdout, reason = "says how many cases list their endings")]

use std::path::Path;

use syncheck::adapters::{InProcess, quiet_panics};
use syncheck::campaign::{CaseId, Judge, draw, run_once};
use syncheck::corpus::{CaseOutcome, Under, verify_document};
use syncheck::families::{Catalog, FamilyId, Mismatch, Visit};
use syncheck::invariant::Context;
use syncheck::machine::{Capabilities, Observes, Subject, SubjectError};
use syncheck::sim::{Mode, Record, Run};
use syncheck::vectors::{Document, VectorFile, to_yaml};

/// Cases of each profile.
const CASES: u64 = 300;

#[test]
fn the_reference_ends_where_it_may() {
    for family in FamilyId::ALL {
        family.visit(References);
    }
}

#[test]
fn a_mutant_of_each_family_ends_elsewhere() {
    quiet_panics();
    for family in FamilyId::ALL {
        assert!(family.visit(Astray), "all mutants of {family} end where they may");
    }
}

#[test]
fn a_file_with_another_ending_fails() {
    for family in FamilyId::ALL {
        family.visit(WrongFile);
    }
}

struct References;

impl Visit for References {
    type Output = ();

    fn visit<F: Catalog>(self) {
        for profile in F::profiles() {
            if F::deviates(profile, "convergence") {
                continue;
            }
            let (mut listed, mut several) = (0, 0);
            for index in 0..cases() {
                let context = drawn::<F>(profile, index);
                let endings = F::endings(&context);
                listed += u64::from(!endings.is_empty());
                several += u64::from(endings.len() > 1);
                let mut reference = InProcess::new(F::reference);
                let end = end_of(&run(&context, profile, &mut reference));
                let is_right = endings.is_empty() || end.is_none_or(|end| endings.contains(&end));
                assert!(is_right, "case {index} of {profile} ends elsewhere: {endings:?}");
            }
            println!("{profile}: {listed} of {} list endings, {several} more than one", cases());
            assert!(listed * 5 >= cases(), "{profile}: {listed} cases say where they end");
        }
    }
}

struct Astray;

impl Visit for Astray {
    type Output = bool;

    fn visit<F: Catalog>(self) -> bool {
        F::mutants().iter().any(|mutant| {
            (0..20).any(|index| {
                let context = drawn::<F>(mutant.profile, index);
                let endings = F::endings(&context);
                let mut subject = InProcess::new(mutant.make);
                let judge = Judge::new(Some(mutant.profile), Observes::ALL);
                // Many find their way back behind what they break.
                let mode = Mode { record: Record::Steps, ..Mode::UNTIL_BROKEN };
                let end = end_of(&run_once(&context, &mut subject, &judge, mode));
                !endings.is_empty() && end.is_some_and(|end| !endings.contains(&end))
            })
        })
    }
}

struct WrongFile;

impl Visit for WrongFile {
    type Output = ();

    fn visit<F: Catalog>(self) {
        let profile = F::profiles()[0];
        let contexts = (0..CASES).map(|index| drawn::<F>(profile, index));
        let ends_there = |(endings, context): &(Vec<F::Ending>, Context<F>)| {
            let end = end_of(&run(context, profile, &mut InProcess::new(F::reference)));
            end.is_some_and(|end| endings.contains(&end))
        };
        let all: Vec<_> = contexts.map(|context| (F::endings(&context), context)).collect();
        let with: Vec<_> = all.into_iter().filter(ends_there).collect();
        let (endings, context) = with.first().expect("some cases end where they may");
        // The ending of another case.
        let other = with.iter().flat_map(|(ends, _)| ends).find(|end| !endings.contains(end));
        let document = Document::<F> {
            endings: vec![other.expect("not all cases end alike").clone()],
            ..Document::passing((*context.scenario).clone())
        };
        let failure = verified(&document).expect("the ending is wrong");
        assert!(failure.expected.starts_with("an end with {"), "{failure:?}");
        assert_eq!(verified(&Document { endings: endings.clone(), ..document }), None);
    }
}

/// What is wrong with a scenario's file.
fn verified<F: Catalog>(document: &Document<F>) -> Option<Mismatch> {
    let path = Path::new("ending.yaml");
    let text = to_yaml(document).unwrap();
    let file = VectorFile::read(path, text).unwrap();
    let mut make = |_: &Document<F>| -> Result<Box<dyn Subject<F>>, SubjectError> {
        Ok(Box::new(InProcess::new(F::reference)))
    };
    let lines = verify_document(&file, &Under::Ours, &mut make).unwrap();
    match &lines[0].outcome {
        CaseOutcome::Fail(mismatch) => Some(mismatch.clone()),
        CaseOutcome::Pass => None,
        CaseOutcome::Invalid(error) => panic!("{error}"),
        CaseOutcome::Unsupported(why) => panic!("{why}"),
    }
}

fn drawn<F: Catalog>(profile: &'static str, index: u64) -> Context<F> {
    let case = CaseId { family: F::NAME, profile, seed: 3, index };
    Context::new(draw(&F::strategy(profile, &Capabilities::ALL), case).current())
        .expect("drawn cases are valid")
}

fn run<F: Catalog>(context: &Context<F>, profile: &str, subject: &mut dyn Subject<F>) -> Run<F> {
    let judge = Judge::new(Some(profile), Observes::ALL);
    run_once(context, subject, &judge, Record::Steps)
}

fn end_of<F: Catalog>(run: &Run<F>) -> Option<F::Ending> {
    run.trace.as_ref()?.ending()
}

fn cases() -> u64 {
    std::env::var("SYNCHECK_TEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES)
}
