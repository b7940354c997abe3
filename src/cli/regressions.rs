use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::campaign::{Judge, beyond_known, run_once};
use crate::families::Catalog;
use crate::machine::SubjectError;
use crate::reports::FindingReport;
use crate::sim::Record;
use crate::vectors::{open_scenario, saved};
use crate::verdict::Verdict;

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
        let (_, context) = open_scenario::<F>(&path).map_err(unread)?;
        if F::profile(&context.scenario.world) != profile {
            continue;
        }
        let not_run = |error| refuse(Exit::SubjectFailed, format!("{}: {error}", path.display()));
        let subject = match &mut subject {
            Some(subject) => subject,
            none => none.insert(choice.make().map_err(not_run)?),
        };
        let run = run_once(&context, subject.as_mut(), judge, Record::Steps);
        let (run, known) = beyond_known(&context, subject.as_mut(), judge, Record::Steps, run);
        match &run.verdict {
            Verdict::SubjectFailed(SubjectError::Unsupported { .. }) => {
                regressions.unsupported += 1;
                continue;
            }
            Verdict::SubjectFailed(error) => return Err(not_run(error.clone())),
            _ => regressions.ran += 1,
        }
        if let Some(claim) = known {
            *regressions.known.entry(claim).or_default() += 1;
        }
        if let Some(report) = FindingReport::of_run(choice.name(), judge, &context.scenario, &run) {
            regressions.broken.push((path, report));
        }
        if regressions.broken.len() >= findings_max {
            break;
        }
    }
    Ok(regressions)
}
