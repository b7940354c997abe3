use serde_json::json;

use crate::campaign::{Judge, run_once};
use crate::families::{Catalog, Visit};
use crate::invariant::{Claim, NEVER_PANICS_OR_HANGS};
use crate::reports::{FindingReport, Sizes};
use crate::sim::{Record, Run};
use crate::trace::View;
use crate::vectors::{
    DocumentError, ExpectedVerdict, expect_scenario, read_header, read_scenario, read_text,
};
use crate::verdict::Verdict;

use super::Exit;
use super::arguments::ReplayArguments;
use super::output::{Output, refuse, warn};
use super::subjects::Choice;

/// Runs one scenario file and shows what happens.
pub(super) fn replay(arguments: &ReplayArguments) -> Exit {
    match try_replay(arguments) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_replay(arguments: &ReplayArguments) -> Result<Exit, Exit> {
    let usage = |error: DocumentError| refuse(Exit::Usage, error);
    let text = read_text(&arguments.file).map_err(usage)?;
    let (header, family) = read_header(&arguments.file, &text).map_err(usage)?;
    expect_scenario(&arguments.file, &text, &header).map_err(usage)?;
    family.visit(Replay { arguments, text })
}

struct Replay<'a> {
    arguments: &'a ReplayArguments,
    text: String,
}

impl Visit for Replay<'_> {
    type Output = Result<Exit, Exit>;

    fn visit<F: Catalog>(self) -> Self::Output {
        let arguments = self.arguments;
        let (document, context) = read_scenario::<F>(&arguments.file, &self.text)
            .map_err(|error| refuse(Exit::Usage, error))?;
        let own = F::profile(&context.scenario.world).to_owned();
        let mut choice = Choice::<F>::of(&arguments.child);
        if matches!(choice, Choice::Reference) {
            choice = Choice::named(&document);
        }
        let bound = match &arguments.profile {
            Some(profile) => Some(profile.clone()),
            None if choice.is_child() => None,
            None => Some(own.clone()),
        };
        let observes = choice.observes().map_err(|error| refuse(Exit::SubjectFailed, error))?;
        let judge = Judge::<F>::new(bound.as_deref(), observes);
        let mut subject = choice.make().map_err(|error| refuse(Exit::SubjectFailed, error))?;
        let run = run_once(&context, subject.as_mut(), &judge, Record::Steps);
        let shown = Shown {
            arguments,
            subject: choice.name(),
            profile: own,
            claims: judge.entries().iter().map(|entry| entry.claim).collect(),
        };
        let exit = shown.show(&run);
        let expected = document.expect.verdict;
        let claim = run.verdict.violation().map(|violation| violation.claim);
        let as_expected = match expected {
            ExpectedVerdict::Fail => claim == document.expect.claim.as_deref() || claim.is_none(),
            ExpectedVerdict::Pass => true,
        };
        if !as_expected {
            warn(format!(
                "the file expects {} to be broken",
                document.expect.claim.as_deref().unwrap_or("a claim")
            ));
        }
        Ok(exit)
    }
}

struct Shown<'a> {
    arguments: &'a ReplayArguments,
    subject: String,
    profile: String,
    claims: Vec<&'static Claim>,
}

impl Shown<'_> {
    fn show<F: Catalog>(&self, run: &Run<F>) -> Exit {
        let mut out = Output::new(self.arguments.format);
        let trace = run.trace.as_ref().expect("a replay records its steps");
        out.text(trace.to_text().trim_end());
        let view = View::of(trace);
        for step in &view.steps {
            out.json(|| {
                let mut object = serde_json::to_value(step).expect("a step has string keys");
                object["type"] = json!("step");
                object
            });
        }
        let digest = view.digest.clone();
        out.text(format!("digest {digest}\n"));
        let (exit, verdict) = match &run.verdict {
            Verdict::Fail(violation) => {
                let report = FindingReport {
                    family: F::NAME,
                    profile: self.profile.clone(),
                    subject: self.subject.clone(),
                    case: None,
                    claim: self
                        .claims
                        .iter()
                        .find(|claim| claim.id == violation.claim)
                        .copied()
                        .unwrap_or(&NEVER_PANICS_OR_HANGS),
                    violation: violation.clone(),
                    sizes: Sizes { inputs: run.tally.inputs, steps: run.tally.steps, before: None },
                    plan: Vec::new(),
                    view: View { steps: Vec::new(), digest: digest.clone() },
                    file: None,
                    replay: None,
                };
                out.text(report.to_text().trim_end());
                out.json(|| report.to_json());
                (Exit::Finding, "fail")
            }
            Verdict::Inconclusive(limit) => {
                out.text(format!("inconclusive: the run reached its limit {limit:?}"));
                (Exit::Pass, "inconclusive")
            }
            Verdict::Pass => {
                out.text(format!("pass: {}, {} {}", self.subject, F::NAME, self.profile));
                (Exit::Pass, "pass")
            }
            Verdict::SubjectFailed(error) => (refuse(Exit::SubjectFailed, error), "error"),
        };
        let claim = run.verdict.violation().map(|violation| violation.claim);
        out.json(|| {
            json!({
                "type": "summary",
                "verdict": verdict,
                "claim": claim,
                "cases": 1,
                "findings": u8::from(claim.is_some()),
                "inputs": run.tally.inputs,
                "steps": run.tally.steps,
                "digest": digest,
            })
        });
        exit
    }
}
