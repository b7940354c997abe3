use std::ffi::OsString;
use std::sync::Arc;

use serde::Serialize;

use crate::adapters::{LineSchemas, Options};
use crate::machine::{Family, Input, Time};

use super::probe::Target;
use super::{cases, ending, greeting, peers, refusals};

/// A case that a correct subject can run, and in which it has reason to act.
#[derive(Clone, Debug)]
pub struct SampleCase<F: Family> {
    /// What the subject knows at the beginning.
    pub start: F::Start,
    /// What happens to it, by rising time.
    pub inputs: Vec<(Time, Input<F>)>,
}

/// How a child keeps one rule of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckResult {
    /// The rule, in kebab case.
    pub id: &'static str,
    /// Whether it is kept.
    pub outcome: CheckOutcome,
    /// What was seen, in one sentence.
    pub note: String,
}

/// Whether a rule is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It could not be tried.
    NotTried,
    /// It is kept.
    Right,
    /// It is broken.
    Wrong,
}

/// Tries all rules on a program; tells each result as soon as it is there. The first part of the
/// command is the program. With `validate` the replies in all trials have to fit their schemas, not
/// only those of the trial that is about them.
pub fn check<F: Family>(
    command: Vec<OsString>,
    options: Options,
    validate: bool,
    samples: &[SampleCase<F>],
    mut each: impl FnMut(&CheckResult),
) -> Vec<CheckResult> {
    let schemas = Arc::new(LineSchemas::of::<F>());
    let strict =
        Target { command: command.clone(), options: options.clone(), schemas: Some(schemas) };
    let lenient = Target { command, options, schemas: None };
    let target = if validate { &strict } else { &lenient };
    let mut results = Vec::new();
    let mut tell = |id: &'static str, tried: Tried| {
        let (outcome, note) = match tried {
            Tried::Right(note) => (CheckOutcome::Right, note),
            Tried::Wrong(note) => (CheckOutcome::Wrong, note),
            Tried::Not(note) => (CheckOutcome::NotTried, note),
        };
        let result = CheckResult { id, outcome, note };
        each(&result);
        results.push(result);
    };
    let about = match greeting::hello::<F>(target) {
        Ok((about, note)) => {
            tell("hello", Tried::Right(note));
            about
        }
        Err(note) => {
            tell("hello", Tried::Wrong(note));
            // Nothing can be learnt from a program that does not even greet.
            return results;
        }
    };
    tell("picks-known-version", greeting::picks_known_version::<F>(target).into());
    tell("refuses-unknown-version", greeting::refuses_unknown_version::<F>(target).into());
    let (samples, tried) = supported(target, samples);
    let samples = &samples[..];
    tell("supports-cases", tried);
    tell("refuses-unknown-family", refusals::unknown_family(target, samples).into());
    tell("refuses-unknown-request", refusals::unknown_request(target, samples).into());
    tell("refuses-unknown-input", refusals::unknown_input(target, samples).into());
    tell("refuses-garbage", refusals::garbage::<F>(target).into());
    tell("refuses-no-sequence", refusals::no_sequence(target, samples).into());
    tell("refuses-outside-case", refusals::outside_case(target, samples).into());
    tell("survives-unknown-field", refusals::unknown_field(target, samples).into());
    tell("echoes-sequence", cases::echoes_sequence(target, samples).into());
    tell("runs-cases", cases::runs_cases(target, samples).into());
    tell("acts", cases::acts(target, samples));
    tell("keeps-to-peers", peers::keeps_to_peers(target, samples));
    tell("fits-schemas", cases::runs_cases(&strict, samples).into());
    tell("reports-events", cases::reports_events(target, &about, samples));
    tell("many-cases", cases::many_cases(target, samples).into());
    tell("deterministic", cases::deterministic(target, samples).into());
    tell("keeps-within-span", cases::keeps_within_span(target, samples).into());
    tell("keeps-its-deadline", cases::keeps_its_deadline(target, samples));
    tell("restarts", cases::restarts(target, &about, samples).into());
    tell("nothing-but-replies", ending::nothing_but_replies(target, samples).into());
    tell("ends-with-its-input", ending::ends_with_its_input(target, samples).into());
    results
}

/// More cases than these are not tried.
const SAMPLES_MAX: usize = 3;

/// The first cases that the subject does not call unsupported.
fn supported<F: Family>(target: &Target, samples: &[SampleCase<F>]) -> (Vec<SampleCase<F>>, Tried) {
    let (mut good, mut refused) = (Vec::new(), Vec::new());
    for sample in samples {
        if good.len() >= SAMPLES_MAX {
            break;
        }
        match refusals::unsupported(target, sample) {
            Some(why) => refused.push(why),
            None => good.push(sample.clone()),
        }
    }
    let tried = match refused.first() {
        _ if good.is_empty() => {
            let why = refused.first().map_or("", String::as_str);
            Tried::Wrong(format!("it supports none of {} cases: {why}", samples.len()))
        }
        None => Tried::Right("it supports all cases that it was asked to run".to_owned()),
        Some(why) => Tried::Right(format!("{} cases are unsupported: {why}", refused.len())),
    };
    (good, tried)
}

/// How the trial of one rule went.
pub(super) enum Tried {
    Right(String),
    Wrong(String),
    Not(String),
}

impl From<Result<String, String>> for Tried {
    fn from(result: Result<String, String>) -> Self {
        result.map_or_else(Self::Wrong, Self::Right)
    }
}
