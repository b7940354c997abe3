use std::path::Path;

use crate::reports::{CampaignRecord, CampaignRecords, Ended, Outcome, annotation, merge};

use super::Exit;
use super::arguments::MergeArguments;
use super::conclusion::{Close, conclude};
use super::ledger::Ledger;
use super::output::{Output, note, refuse};
use super::profile::profile_text;
use super::reports::{Target, ndjson_path, write, write_reports};

/// Puts the reports of shards together to one of each kind, with the exit code of one run.
pub(super) fn merge_reports(arguments: &MergeArguments) -> Exit {
    match try_merge(arguments) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_merge(arguments: &MergeArguments) -> Result<Exit, Exit> {
    let mut parts = Vec::new();
    for path in &arguments.files {
        parts.push((path.display().to_string(), read(path)?));
    }
    let close = parts.iter().map(|(_, records)| close(records)).fold(Close::Done, worse);
    let elapsed_ms = parts.iter().filter_map(|(_, it)| Some(it.summary.as_ref()?.elapsed_ms)).sum();
    let records = merge(parts).map_err(|message| refuse(Exit::Usage, message))?;
    if let Some(folder) = &arguments.save {
        save_scenarios(folder, &records)?;
    }
    let out = Output::new(arguments.format);
    let mut ledger = Ledger::begin(out, None, records.header.clone());
    for record in records.in_order().into_iter().skip(1) {
        if let Some(text) = text_of(&record, &records) {
            ledger.out.text(text);
        }
        if let (CampaignRecord::Finding(finding), true) =
            (&record, arguments.reports.contains(&Target::Github))
        {
            note(annotation(finding));
        }
        ledger.add(record);
    }
    let exit = conclude(&mut ledger, close, elapsed_ms);
    if let Some(path) = ndjson_path(&arguments.reports) {
        write(path, &ledger.records.to_ndjson())?;
    }
    write_reports(&arguments.reports, &ledger.records)?;
    Ok(exit)
}

/// Reads a report that is complete.
///
/// # Errors
/// When the file is none.
pub(super) fn read(path: &Path) -> Result<CampaignRecords, Exit> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        refuse(Exit::Usage, format!("{} cannot be read: {error}", path.display()))
    })?;
    CampaignRecords::read(&text).map_err(|error| {
        refuse(Exit::Usage, format!("{}:{}: {}", path.display(), error.line, error.message))
    })
}

/// How a shard came to its end.
fn close(records: &CampaignRecords) -> Close {
    let ended = records.profiles.iter().map(|profile| profile.ended).max();
    match (records.summary.as_ref().map(|summary| summary.verdict), ended) {
        (Some(Outcome::Error), _) | (_, Some(Ended::Failed)) => Close::Failed(Exit::SubjectFailed),
        (Some(Outcome::Interrupted), _) | (_, Some(Ended::Interrupted)) => Close::Interrupted,
        (_, Some(Ended::TimeLimit)) => Close::OutOfTime,
        _ => Close::Done,
    }
}

fn worse(one: Close, other: Close) -> Close {
    let rank = |close: Close| match close {
        Close::Done => 0,
        Close::OutOfTime => 1,
        Close::Interrupted => 2,
        Close::Failed(_) => 3,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// What a run says of a record on a terminal.
fn text_of(record: &CampaignRecord, records: &CampaignRecords) -> Option<String> {
    match record {
        CampaignRecord::Finding(finding) => Some(finding.to_text()),
        CampaignRecord::Profile(profile) => {
            let findings = records.found_by_search(&profile.family, &profile.profile);
            Some(profile_text(profile, findings))
        }
        _ => None,
    }
}

/// Writes the scenarios of the findings, that are on other machines perhaps, into a folder.
fn save_scenarios(folder: &Path, records: &CampaignRecords) -> Result<(), Exit> {
    for finding in &records.findings {
        let name = finding.file.as_deref().and_then(Path::file_name);
        let (Some(name), Some(scenario)) = (name, &finding.scenario) else { continue };
        write(&folder.join(name), scenario)?;
    }
    Ok(())
}
