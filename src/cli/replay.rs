use serde_json::json;

use crate::campaign::{Judge, run_once};
use crate::families::{Catalog, Visit};
use crate::reports::{CampaignRecord, FindingReport};
use crate::scenario::Scenario;
use crate::sim::{Mode, Record, Run};
use crate::trace::View;
use crate::vectors::{
    DocumentError, ExpectedVerdict, expect_scenario, read_header, read_scenario, read_text,
};
use crate::verdict::Verdict;

use super::Exit;
use super::arguments::ReplayArguments;
use super::output::{Output, refuse, warn};
use super::signals::stop_flag;
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
        let judge = Judge::<F>::new(bound.as_deref(), observes)
            .without(&arguments.without)
            .map_err(|message| refuse(Exit::Usage, format!("--without: {message}")))?
            .without(&choice.broken_by_client(bound.as_deref()))
            .expect("only claims of this family are left out");
        let mut subject = choice.make().map_err(|error| refuse(Exit::SubjectFailed, error))?;
        let stop = stop_flag();
        let mode = Mode { record: Record::Steps, stop: Some(&stop), until: None };
        let run = run_once(&context, subject.as_mut(), &judge, mode);
        let shown = Shown { arguments, subject: choice.name(), profile: own };
        let exit = shown.show(&judge, &context.scenario, &run);
        let expected = document.expect.claim.as_deref();
        let broken = run.verdict.violations();
        if document.expect.verdict == ExpectedVerdict::Fail
            && let Some(claim) =
                expected.filter(|claim| !arguments.without.iter().any(|it| it == claim))
            && !broken.is_empty()
            && !run.verdict.breaks(claim)
        {
            warn(format!("the file expects {claim} to be broken"));
        }
        Ok(exit)
    }
}

struct Shown<'a> {
    arguments: &'a ReplayArguments,
    subject: String,
    profile: String,
}

impl Shown<'_> {
    fn show<F: Catalog>(&self, judge: &Judge<F>, scenario: &Scenario<F>, run: &Run<F>) -> Exit {
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
            Verdict::Fail(violations) => {
                for (index, violation) in violations.iter().enumerate() {
                    let subject = self.subject.clone();
                    let report =
                        FindingReport::of_violation(subject, judge, scenario, run, violation);
                    // All steps have been shown.
                    let report = FindingReport { plan: Vec::new(), trace: Vec::new(), ..report };
                    let gap = if index == 0 { "" } else { "\n" };
                    out.text(format!("{gap}{}", report.to_text().trim_end()));
                    out.json(|| {
                        let record = CampaignRecord::Finding(Box::new(report));
                        serde_json::to_value(record).expect("records have string keys")
                    });
                }
                (Exit::Finding, "fail")
            }
            Verdict::Inconclusive(limit) => {
                out.text(format!("inconclusive: the run reached its limit of {limit}"));
                (Exit::Pass, "inconclusive")
            }
            Verdict::Interrupted => {
                out.text("interrupted");
                (Exit::Interrupted, "interrupted")
            }
            Verdict::Pass => {
                out.text(format!("pass: {}, {} {}", self.subject, F::NAME, self.profile));
                (Exit::Pass, "pass")
            }
            Verdict::SubjectFailed(error) => (refuse(Exit::SubjectFailed, error), "error"),
        };
        let claims: Vec<&str> = run.verdict.violations().iter().map(|it| it.claim).collect();
        let claim = claims.first();
        out.json(|| {
            json!({
                "type": "summary",
                "verdict": verdict,
                "claim": claim,
                "cases": 1,
                "claims": claims,
                "findings": claims.len(),
                "inputs": run.tally.inputs,
                "steps": run.tally.steps,
                "digest": digest,
            })
        });
        exit
    }
}
