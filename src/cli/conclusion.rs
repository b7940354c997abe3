use crate::reports::{
    CampaignRecord, CampaignRecords, Ended, Outcome, StaleRecord, Summary, counted,
};

use super::Exit;
use super::baseline::stale;
use super::ledger::Ledger;
use super::output::refuse;

/// How a search came to its end, besides what it has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// All that was asked for ran, as far as the findings let it.
    Done,
    /// The time was up.
    OutOfTime,
    /// Somebody ended it.
    Interrupted,
    /// Something failed; with this code it ends, if nothing was found.
    Failed(Exit),
}

/// Sums a search up: what is stale, the summary, and the exit code. One run and many shards put
/// together are summed up alike.
pub(super) fn conclude(ledger: &mut Ledger, close: Close, elapsed_ms: u64) -> Exit {
    let records = &ledger.records;
    let stale = stale(records, close == Close::Done && is_whole(records));
    for entry in stale {
        let file = records_file(ledger);
        ledger.out.text(stale_text(&entry, &file));
        ledger.add(CampaignRecord::Stale(entry));
    }
    let (exit, verdict, why) = verdict(&ledger.records, close);
    let summary = Summary {
        verdict,
        why: (!why.is_empty()).then(|| why.to_owned()),
        cases: ledger.records.total(|totals| totals.cases),
        findings: ledger.records.firm() as u64,
        flaky: (ledger.records.findings.len() - ledger.records.firm()) as u64,
        inconclusive: ledger.records.total(|totals| totals.inconclusive),
        regressions: ledger.records.regressions.iter().map(|it| it.ran).sum(),
        seed: ledger.records.header.seed,
        elapsed_ms,
    };
    ledger.out.text(summary_line(&summary));
    ledger.add(CampaignRecord::Summary(summary));
    if why.is_empty() { exit } else { refuse(exit, why) }
}

/// Whether all cases of all shards ran.
fn is_whole(records: &CampaignRecords) -> bool {
    records.header.shard.is_none()
        && records.findings.is_empty()
        && records.profiles.iter().all(|profile| profile.ended == Ended::Complete)
}

fn verdict(records: &CampaignRecords, close: Close) -> (Exit, Outcome, &'static str) {
    let cases = records.total(|totals| totals.cases);
    let inconclusive = records.total(|totals| totals.inconclusive);
    let allowed = records.header.known_failures.as_ref().is_none_or(|list| list.allow_stale);
    match close {
        _ if !records.findings.is_empty() => (Exit::Finding, Outcome::Fail, ""),
        Close::Failed(exit) => (exit, Outcome::Error, ""),
        Close::Interrupted => (Exit::Interrupted, Outcome::Interrupted, ""),
        Close::OutOfTime if cases == 0 => {
            (Exit::Usage, Outcome::Inconclusive, "no case ran: the time limit came first")
        }
        Close::Done if records.profiles.is_empty() => {
            (Exit::SubjectFailed, Outcome::Error, "the subject runs none of the families")
        }
        _ if inconclusive > 0 && inconclusive == cases => {
            (Exit::Usage, Outcome::Inconclusive, "every case reached a limit of its run")
        }
        _ if !records.stale.is_empty() && !allowed => {
            (Exit::BaselineDrift, Outcome::Stale, "the list of known failures is out of date")
        }
        _ if inconclusive > 0 => (Exit::Pass, Outcome::Inconclusive, ""),
        _ => (Exit::Pass, Outcome::Pass, ""),
    }
}

fn records_file(ledger: &Ledger) -> String {
    ledger.records.header.known_failures.as_ref().map_or_else(String::new, |list| list.file.clone())
}

fn stale_text(entry: &StaleRecord, file: &str) -> String {
    let shape = entry.shape.as_ref().map_or_else(String::new, |shape| format!(" ({shape})"));
    format!("STALE {file}: {}{shape}: {}", entry.claim, entry.why)
}

fn summary_line(summary: &Summary) -> String {
    let verdict = match summary.verdict {
        Outcome::Error => "error",
        Outcome::Fail => "fail",
        Outcome::Inconclusive => "inconclusive",
        Outcome::Interrupted => "interrupted",
        Outcome::Pass => "pass",
        Outcome::Stale => "stale",
    };
    let flaky = match summary.flaky {
        0 => String::new(),
        flaky => format!(" and {flaky} flaky"),
    };
    format!(
        "{verdict}: {}, {}{flaky}, seed {}, {:.1} s",
        counted(summary.cases, "case"),
        counted(summary.findings, "finding"),
        summary.seed,
        summary.elapsed_ms as f64 / 1_000.0
    )
}
