use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::campaign::{Bounds, Judge, Patience, Target, repeat, run_once};
use crate::families::Catalog;
use crate::invariant::{Context, Violation};
use crate::machine::{Subject, SubjectError};
use crate::reports::{FindingReport, FlakyRecord};
use crate::sim::{Mode, Record, Run};
use crate::vectors::{open_scenario, saved};

use super::Exit;
use super::output::refuse;
use super::subjects::Choice;

/// What became of the saved findings.
#[derive(Debug, Default)]
pub(super) struct Regressions {
    /// How many ran.
    pub(super) ran: u64,
    /// How many the subject does not support.
    pub(super) unsupported: u64,
    /// How many broke what the subject is known to break.
    pub(super) known: BTreeMap<String, u64>,
    /// Those that break a claim again, at most as many as were asked for.
    pub(super) broken: Vec<(PathBuf, FindingReport)>,
}

/// Runs the findings of a family and profile that were saved in a folder.
///
/// # Errors
/// When a file is no scenario, or the subject does not run.
pub(super) fn run_saved<F: Catalog>(
    folder: &Path,
    profile: &str,
    choice: &Choice<F>,
    judge: &Judge<F>,
    findings_max: usize,
    bounds: Bounds<'_>,
) -> Result<Regressions, Exit> {
    let mut regressions = Regressions::default();
    let mut subject = None;
    for path in saved(folder, F::NAME) {
        let unread = |error| refuse(Exit::Usage, error);
        let (_, context) = open_scenario::<F>(&path).map_err(unread)?;
        if F::profile(&context.scenario.world) != profile {
            continue;
        }
        let not_run = |error| refuse(Exit::SubjectFailed, format!("{}: {error}", path.display()));
        let subject = match &mut subject {
            Some(subject) => subject,
            none => none.insert(choice.make().map_err(not_run)?),
        };
        let mode = Mode { record: Record::Steps, stop: Some(bounds.stop), until: None };
        let run = run_once(&context, subject.as_mut(), judge, mode);
        if run.is_interrupted() {
            break;
        }
        match run.not_run() {
            Some(SubjectError::Unsupported { .. }) => {
                regressions.unsupported += 1;
                continue;
            }
            Some(error) => return Err(not_run(error)),
            None => regressions.ran += 1,
        }
        for violation in run.verdict.violations() {
            if let Some(name) = judge.known(violation) {
                *regressions.known.entry(name).or_default() += 1;
                continue;
            }
            let report = report(&context, choice, judge, &run, violation, subject.as_mut(), bounds);
            regressions.broken.push((path.clone(), report.map_err(not_run)?));
        }
        if regressions.firm() >= findings_max {
            break;
        }
    }
    Ok(regressions)
}

impl Regressions {
    /// How many break a claim each time that they are run.
    fn firm(&self) -> usize {
        self.broken.iter().filter(|(_, report)| report.is_firm()).count()
    }
}

/// Runs a scenario that breaks a claim again, to see whether it does so each time.
fn report<F: Catalog>(
    context: &Context<F>,
    choice: &Choice<F>,
    judge: &Judge<F>,
    run: &Run<F>,
    violation: &Violation,
    subject: &mut dyn Subject<F>,
    bounds: Bounds<'_>,
) -> Result<FindingReport, SubjectError> {
    let target = Target::of(&context.scenario, violation);
    let hangs = matches!(run.failure, Some(SubjectError::TimedOut { .. }));
    let patience = Patience { hangs, once: false };
    let repeated = repeat(context, &target, subject, judge, bounds, patience)?;
    let scenario = &context.scenario;
    Ok(match &repeated.seen {
        Some(seen) => {
            FindingReport::of_seen(choice.name(), judge, scenario, seen, repeated.repeats)
        }
        None => FindingReport {
            flaky: FlakyRecord::of(repeated.repeats),
            ..FindingReport::of_violation(choice.name(), judge, scenario, run, violation)
        },
    })
}
