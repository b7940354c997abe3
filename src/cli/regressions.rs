use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::campaign::{Judge, run_once};
use crate::families::Catalog;
use crate::reports::{FindingReport, Sizes};
use crate::sim::Record;
use crate::vectors::{expect_scenario, read_header, read_scenario, read_text, saved};
use crate::verdict::Verdict;

use super::Exit;
use super::output::refuse;
use super::subjects::Choice;

/// What became of the saved findings.
#[derive(Debug, Default)]
pub(super) struct Regressions {
    /// How many ran.
    pub(super) ran: u64,
    /// How many broke each claim that the subject is known to break.
    pub(super) known: BTreeMap<&'static str, u64>,
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
) -> Result<Regressions, Exit> {
    let mut regressions = Regressions::default();
    let mut subject = None;
    for path in saved(folder, F::NAME) {
        let unread = |error| refuse(Exit::Usage, error);
        let text = read_text(&path).map_err(unread)?;
        let (header, _) = read_header(&path, &text).map_err(unread)?;
        expect_scenario(&path, &text, &header).map_err(unread)?;
        let (_, context) = read_scenario::<F>(&path, &text).map_err(unread)?;
        if F::profile(&context.scenario.world) != profile {
            continue;
        }
        let not_run = |error| refuse(Exit::SubjectFailed, format!("{}: {error}", path.display()));
        let subject = match &mut subject {
            Some(subject) => subject,
            none => none.insert(choice.make().map_err(not_run)?),
        };
        let mut run = run_once(&context, subject.as_mut(), judge, Record::Steps);
        regressions.ran += 1;
        if let Verdict::Fail(violation) = &run.verdict
            && judge.knows(violation.claim)
        {
            *regressions.known.entry(violation.claim).or_default() += 1;
            run = run_once(&context, subject.as_mut(), &judge.beyond_known(), Record::Steps);
        }
        match &run.verdict {
            Verdict::Fail(violation) if !judge.knows(violation.claim) => {
                let sizes =
                    Sizes { inputs: run.tally.inputs, steps: run.tally.steps, before: None };
                let report = FindingReport::of_run(
                    choice.name(),
                    &context.scenario,
                    judge.claim_of(violation),
                    violation,
                    run.trace.as_ref().expect("the run was recorded"),
                    sizes,
                );
                regressions.broken.push((path, report));
            }
            Verdict::SubjectFailed(error) => return Err(not_run(error.clone())),
            Verdict::Fail(_) | Verdict::Inconclusive(_) | Verdict::Pass => {}
        }
        if regressions.broken.len() >= findings_max {
            break;
        }
    }
    Ok(regressions)
}
