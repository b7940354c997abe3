use serde_json::json;

use crate::adapters::{
    About, CheckOutcome, CheckResult, ChildProcess, InProcess, SampleCase, check as check_rules,
};
use crate::campaign::{CaseId, Judge, draw_supported, run_once};
use crate::families::{Catalog, FamilyId, Visit};
use crate::invariant::Context;
use crate::machine::{Capabilities, Family, Input, Observes};
use crate::sim::Record;
use crate::trace::What;

use super::Exit;
use super::arguments::CheckArguments;
use super::output::{Output, refuse};

/// How many conversations are had at hand: an adapter need not support them all.
const SAMPLES: usize = 24;

/// So many cases are drawn at most: a subject may lack what nearly all of them require.
const DRAWN_MAX: u64 = 5_000;

/// No sample has more inputs: an adapter is checked in seconds.
const SAMPLE_INPUTS_MAX: u64 = 60;

/// Checks an adapter against the protocol.
pub(super) fn check(arguments: &CheckArguments) -> Exit {
    let mut out = Output::new(arguments.format);
    let mut spoken: Vec<(FamilyId, Option<About>)> = FamilyId::ALL
        .into_iter()
        .filter_map(|family| Some((family, Some(family.visit(Speaks { arguments })?))))
        .collect();
    if spoken.is_empty() {
        // A child that names no family of ours is still told what it does wrong.
        spoken.push((FamilyId::ALL[0], None));
    }
    let (mut right, mut wrong) = (0, 0);
    for (family, about) in spoken {
        for result in family.visit(Check { arguments, about, out: &mut out }) {
            right += u64::from(result.outcome == CheckOutcome::Right);
            wrong += u64::from(result.outcome == CheckOutcome::Wrong);
        }
    }
    let verdict = if wrong == 0 && right > 0 { "pass" } else { "fail" };
    let seed = arguments.seed;
    out.json(|| {
        json!({
            "type": "summary",
            "verdict": verdict,
            "right": right,
            "wrong": wrong,
            "seed": seed,
        })
    });
    out.text(format!("{verdict}: {right} right, {wrong} wrong, seed {seed}"));
    if verdict == "pass" {
        Exit::Pass
    } else {
        refuse(Exit::SubjectFailed, "the adapter does not keep the protocol")
    }
}

struct Speaks<'a> {
    arguments: &'a CheckArguments,
}

impl Visit for Speaks<'_> {
    type Output = Option<About>;

    fn visit<F: Catalog>(self) -> Option<About> {
        let CheckArguments { command, bounds, .. } = self.arguments;
        let child = ChildProcess::<F>::spawn(command.clone(), bounds.options());
        child.ok().map(|child| child.about().clone())
    }
}

struct Check<'a> {
    arguments: &'a CheckArguments,
    about: Option<About>,
    out: &'a mut Output,
}

impl Visit for Check<'_> {
    type Output = Vec<CheckResult>;

    fn visit<F: Catalog>(self) -> Self::Output {
        let CheckArguments { command, bounds, seed, .. } = self.arguments;
        let (command, out, samples) = (command.clone(), self.out, samples::<F>(*seed, self.about));
        check_rules::<F>(command, bounds.options(), bounds.validate, &samples, |result| {
            let mark = match result.outcome {
                CheckOutcome::NotTried => "-   ",
                CheckOutcome::Right => "ok  ",
                CheckOutcome::Wrong => "FAIL",
            };
            out.text(format!("{mark} {:<26} {}", result.id, result.note));
            out.json(|| {
                json!({
                    "type": "check",
                    "family": F::NAME,
                    "id": result.id,
                    "outcome": result.outcome,
                    "note": result.note,
                })
            });
        })
    }
}

/// Conversations that the reference has had: the first drawn cases that are short and in which
/// something is achieved.
fn samples<F: Catalog>(seed: u64, about: Option<About>) -> Vec<SampleCase<F>> {
    let (profiles, names) = about.map_or((None, None), |it| (it.profiles, it.capabilities));
    let runs = |profile: &&&str| {
        profiles.as_ref().is_none_or(|names| names.iter().any(|name| name == **profile))
    };
    // Whoever names no profile of ours is still told what it does wrong.
    let profile = F::profiles().iter().find(runs).copied().unwrap_or_else(|| F::profiles()[0]);
    let capabilities = names.map_or(Capabilities::ALL, Capabilities::only);
    let strategy = F::strategy(profile, &capabilities);
    (0..DRAWN_MAX)
        .filter_map(|index| {
            let case = CaseId { family: F::NAME, profile, seed, index };
            let scenario = draw_supported::<F>(&strategy, case, &capabilities).current();
            let supports = capabilities.lacking(&F::requires(&scenario)).is_none();
            supports.then(|| sample(&Context::new(scenario).ok()?)).flatten()
        })
        .take(SAMPLES)
        .collect()
}

fn sample<F: Catalog>(context: &Context<F>) -> Option<SampleCase<F>> {
    let judge = Judge::new(None, Observes::NONE);
    let mut subject = InProcess::<F>::new(F::reference);
    let run = run_once(context, &mut subject, &judge, Record::Steps);
    let steps = run.trace.as_ref()?.steps();
    let achieves = steps.iter().any(|step| matches!(&step.what, What::Out { .. }))
        && run.tally.messages > 4
        && context.scenario.crashes.is_empty();
    if !achieves || run.tally.inputs > SAMPLE_INPUTS_MAX {
        return None;
    }
    let inputs = steps
        .iter()
        .filter_map(|step| match &step.what {
            What::In { input: Input::Deadline {}, .. } => None,
            What::In { input, .. } => Some((step.at, input.clone())),
            _ => None,
        })
        .collect();
    Some(SampleCase { start: <F as Family>::start(&context.world), inputs })
}
