use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use serde_json::json;

use crate::campaign::{Judge, MutantReport, run_once, test_mutant};
use crate::families::{Catalog, FamilyId, Mutant, Visit};
use crate::invariant::{Context, Violation};
use crate::machine::{Observes, SubjectError};
use crate::scenario::Scenario;
use crate::sim::{Mode, Record};
use crate::vectors::{Document, UnderTest, read_scenario, save, to_yaml};
use crate::verdict::Verdict;

use super::Exit;
use super::arguments::MutantsArguments;
use super::output::{Output, refuse};
use super::progress::bar;
use super::run::jobs;
use super::signals::stop_flag;
use super::subjects::Choice;

/// Runs spent on making the counterexample of one mutant small.
const SHRINK_RUNS: u64 = 20_000;

/// Measures how many faulty machines the harness tells from correct ones.
pub(super) fn mutants(arguments: &MutantsArguments) -> Exit {
    if arguments.cases == 0 {
        return refuse(Exit::Usage, "--cases is at least 1");
    }
    let stop = stop_flag();
    let mut total = Total::default();
    let mut out = Output::new(arguments.format);
    let families =
        if arguments.families.is_empty() { &FamilyId::ALL[..] } else { &arguments.families };
    for family in families {
        let work = Measure { arguments, out: &mut out, total: &mut total, stop: &stop };
        if let Err(exit) = family.visit(work) {
            return exit;
        }
    }
    if total.mutants == 0 {
        return refuse(Exit::Usage, "there is no such mutant");
    }
    let median = total.median();
    out.json(|| {
        json!({
            "type": "summary",
            "verdict": if total.killed == total.mutants { "pass" } else { "fail" },
            "mutants": total.mutants,
            "killed": total.killed,
            "inputs_median": median,
            "seed": arguments.seed,
        })
    });
    out.text(format!(
        "{} of {} mutants killed; the smallest counterexamples have {} inputs in the median",
        total.killed,
        total.mutants,
        median.map_or_else(|| "no".to_owned(), |median| median.to_string())
    ));
    match () {
        () if stop.load(Ordering::Relaxed) => Exit::Interrupted,
        () if total.killed < total.mutants || total.not_replayed > 0 => Exit::Finding,
        () => Exit::Pass,
    }
}

#[derive(Debug, Default)]
struct Total {
    mutants: u64,
    killed: u64,
    not_replayed: u64,
    inputs: Vec<u64>,
}

impl Total {
    fn median(&self) -> Option<u64> {
        let mut inputs = self.inputs.clone();
        inputs.sort_unstable();
        inputs.get(inputs.len() / 2).copied()
    }
}

struct Measure<'a> {
    arguments: &'a MutantsArguments,
    out: &'a mut Output,
    total: &'a mut Total,
    stop: &'a AtomicBool,
}

impl Visit for Measure<'_> {
    type Output = Result<(), Exit>;

    fn visit<F: Catalog>(self) -> Self::Output {
        let wanted = self.arguments.only.as_deref().unwrap_or("");
        let mutants: Vec<&'static Mutant<F>> =
            F::mutants().iter().filter(|mutant| mutant.id.contains(wanted)).collect();
        let bar = bar(mutants.len() as u64, &format!("{} mutants", F::NAME));
        let (next, arguments, stop) = (AtomicUsize::new(0), self.arguments, self.stop);
        let (out, total) = (self.out, self.total);
        thread::scope(|scope| {
            let (sender, reports) = mpsc::channel();
            for _ in 0..jobs(arguments.jobs).min(mutants.len()) {
                let (sender, next, mutants) = (sender.clone(), &next, &mutants);
                scope.spawn(move || {
                    while let Some((index, mutant)) = take(next, mutants) {
                        let report = measure(arguments, mutant, stop);
                        let over = sender.send((index, report)).is_err();
                        if over || stop.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            let mut waiting = BTreeMap::new();
            let mut expected = 0;
            for (index, report) in reports {
                waiting.insert(index, report);
                while let Some(report) = waiting.remove(&expected) {
                    expected += 1;
                    bar.inc(1);
                    let report = report.map_err(|error| refuse(Exit::SubjectFailed, error))?;
                    bar.suspend(|| show(arguments.save.as_deref(), &report, out, total))?;
                }
            }
            Ok(())
        })
    }
}

fn take<F: Catalog>(
    next: &AtomicUsize,
    mutants: &[&'static Mutant<F>],
) -> Option<(usize, &'static Mutant<F>)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    mutants.get(index).map(|mutant| (index, *mutant))
}

fn measure<F: Catalog>(
    arguments: &MutantsArguments,
    mutant: &'static Mutant<F>,
    stop: &AtomicBool,
) -> Result<MutantReport<F>, SubjectError> {
    let choice = Choice::Mutant(mutant);
    let judge = Judge::new(Some(mutant.profile), Observes::ALL);
    let make = || choice.make();
    test_mutant(mutant, &make, &judge, arguments.seed, arguments.cases, SHRINK_RUNS, stop)
}

fn show<F: Catalog>(
    folder: Option<&Path>,
    report: &MutantReport<F>,
    out: &mut Output,
    total: &mut Total,
) -> Result<(), Exit> {
    let mutant = report.mutant;
    total.mutants += 1;
    let (mut replays, mut reference, mut file) = (None, None, None);
    if let Some(kill) = &report.kill {
        let shrunk = &kill.finding.shrunk;
        let holds = holds_for_reference(mutant, shrunk.scenario.clone());
        total.killed += u64::from(holds);
        total.inputs.push(shrunk.tally.inputs);
        reference = Some(if holds { "pass" } else { "fail" });
        let document = Document {
            title: Some(mutant.summary.to_owned()),
            source: Some(mutant.source.to_owned()),
            subject: Some(UnderTest { mutant: Some(mutant.id.to_owned()), name: None }),
            ..Document::failing(shrunk.scenario.clone(), shrunk.violation.claim)
        };
        replays = Some(replays_from_text(mutant, &document));
        total.not_replayed += u64::from(replays == Some(false));
        if let Some(folder) = folder {
            let saved = save(folder, &document);
            file = Some(saved.map_err(|message| refuse(Exit::Usage, message))?);
        }
    }
    let finding = report.kill.as_ref().map(|kill| &kill.finding);
    let claim = finding.map(|finding| finding.shrunk.violation.claim);
    let inputs = finding.map(|finding| finding.shrunk.tally.inputs);
    out.json(|| {
        json!({
            "type": "mutant",
            "id": mutant.id,
            "family": F::NAME,
            "profile": mutant.profile,
            "summary": mutant.summary,
            "source": mutant.source,
            "killed": reference == Some("pass"),
            "killed_by": claim,
            "cases": report.cases,
            "inputs": inputs,
            "replays": replays,
            "reference": reference,
            "file": file,
        })
    });
    let verdict = match (claim, replays) {
        (Some(claim), _) if reference == Some("fail") => {
            format!("NOT TOLD APART: the reference breaks {claim} too")
        }
        (Some(claim), Some(true)) => format!("killed by {claim}"),
        (Some(claim), _) => format!("killed by {claim}, but its file does not replay"),
        (None, _) => "SURVIVED".to_owned(),
    };
    out.text(format!(
        "{:<44} {:<42} case {:>5} {:>4} inputs",
        mutant.id,
        verdict,
        report.cases,
        inputs.map_or_else(|| "-".to_owned(), |inputs| inputs.to_string())
    ));
    Ok(())
}

/// Whether the reference does right what the mutant does wrong. If it does not, the mutant was not
/// told from it.
fn holds_for_reference<F: Catalog>(mutant: &Mutant<F>, scenario: Scenario<F>) -> bool {
    let Ok(context) = Context::new(scenario) else { return false };
    let Ok(mut subject) = Choice::<F>::Reference.make() else { return false };
    let judge = Judge::new(Some(mutant.profile), Observes::ALL);
    run_once(&context, subject.as_mut(), &judge, Mode::UNTIL_BROKEN).verdict == Verdict::Pass
}

/// Whether the file, read back, breaks the same claim.
fn replays_from_text<F: Catalog>(mutant: &'static Mutant<F>, document: &Document<F>) -> bool {
    let Ok(text) = to_yaml(document) else { return false };
    let Ok((document, context)) = read_scenario::<F>(Path::new("counterexample"), &text) else {
        return false;
    };
    let Ok(mut subject) = Choice::Mutant(mutant).make() else { return false };
    let judge = Judge::new(Some(mutant.profile), Observes::ALL);
    let Some(claim) = document.expect.claim.as_deref() else { return false };
    let is_shown = |violation: &Violation| violation.claim == claim;
    let mode = Mode { until: Some(&is_shown), ..Mode::from(Record::Nothing) };
    run_once(&context, subject.as_mut(), &judge, mode).verdict.breaks(claim)
}
