use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::adapters::run_program;
use crate::cli::Exit;
use crate::cli::output::{refuse, warn};
use crate::cli::report::read;
use crate::reports::{CampaignRecords, ShardRecord};
use crate::vectors::SubjectEntry;

use super::arguments::GridArguments;

/// Searches all subjects, one after the other, each by a `run` of this program. A subject that does
/// not run is left out, and said so.
///
/// # Errors
/// When a search cannot even be started.
pub(super) fn search_all(
    arguments: &GridArguments,
    subjects: &[SubjectEntry],
    stop: &AtomicBool,
) -> Result<Searched, Exit> {
    let mut searched = Searched::default();
    std::fs::create_dir_all(&arguments.out).map_err(|error| {
        refuse(Exit::Usage, format!("{} cannot be made: {error}", arguments.out.display()))
    })?;
    for subject in subjects {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        match search(arguments, subject, stop)? {
            Some(records) => searched.records.push((subject.name.clone(), records)),
            None => searched.failed.push(subject.name.clone()),
        }
    }
    Ok(searched)
}

/// What came of the searches.
#[derive(Debug, Default)]
pub(super) struct Searched {
    /// The records of each subject that ran.
    pub(super) records: Vec<(String, CampaignRecords)>,
    /// The subjects that did not run as programs.
    pub(super) failed: Vec<String>,
}

fn search(
    arguments: &GridArguments,
    subject: &SubjectEntry,
    stop: &AtomicBool,
) -> Result<Option<CampaignRecords>, Exit> {
    let report = arguments.out.join(format!("{}.ndjson", subject.name));
    let program = std::env::current_exe()
        .map_err(|error| refuse(Exit::Usage, format!("this program is not found: {error}")))?;
    let mut command = Command::new(program);
    command.args(words(arguments, subject, &report)).stdout(Stdio::null()).stdin(Stdio::null());
    let status = run_program(&mut command, stop)
        .map_err(|error| refuse(Exit::Usage, format!("a search does not start: {error}")))?;
    // A finding, a stale list and an end by Ctrl-C leave a report; bad arguments leave none.
    if !report.is_file() {
        return Err(refuse(Exit::Usage, format!("{}: no search was made", subject.name)));
    }
    if status.code() == Some(i32::from(Exit::SubjectFailed.code())) {
        warn(format!("{} did not run: it has no column", subject.name));
        return Ok(None);
    }
    read(&report).map(Some)
}

/// The words of the `run` that searches a subject.
fn words(arguments: &GridArguments, subject: &SubjectEntry, report: &Path) -> Vec<String> {
    let mut words = vec!["run".to_owned()];
    words.extend(subject.families.iter().cloned());
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("--{name}={value}")));
    };
    option("cases", Some(arguments.cases.to_string()));
    option("seed", Some(arguments.search.seed.to_string()));
    option("max-findings", Some(arguments.max_findings.to_string()));
    option("save", Some(arguments.out.join(&subject.name).display().to_string()));
    option("report", Some(format!("ndjson={}", report.display())));
    option("profile", subject.profile.clone());
    option("jobs", arguments.search.jobs.map(|jobs| jobs.to_string()));
    option("shrink-runs", arguments.shrink_runs.map(|runs| runs.to_string()));
    option(
        "time-limit",
        arguments.search.time_limit.map(|limit| format!("{}ms", limit.as_millis())),
    );
    let shard = arguments.search.shard.map(ShardRecord::from);
    option("shard", shard.map(|shard| format!("{}/{}", shard.part, shard.of)));
    let known = subject.known_failures.as_ref();
    option("known-failures", known.map(|path| path.display().to_string()));
    words.extend(known.map(|_| "--allow-stale".to_owned()));
    words.extend(arguments.resume.then(|| "--resume".to_owned()));
    if !subject.command.is_empty() {
        words.push("--".to_owned());
        words.extend(subject.command.iter().cloned());
    }
    words
}
