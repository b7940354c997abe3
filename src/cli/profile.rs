use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use crate::campaign::{Bounds, Found, Judge, LOT, Plan, search};
use crate::families::{Catalog, Misbehavior};
use crate::invariant::NEVER_PANICS_OR_HANGS;
use crate::machine::{Observes, SubjectError};
use crate::reports::{
    CampaignRecord, ClaimRecord, Ended, FindingReport, Gaps, LieRecord, ProfileRecord,
    RegressionsRecord, TotalsRecord, counted, summary_text,
};

use super::Exit;
use super::arguments::RunArguments;
use super::findings::{Shown, replay_command, show};
use super::output::{refuse, warn};
use super::progress::bar;
use super::regressions::run_saved;
use super::run::{Campaign, jobs, millis};
use super::subjects::Choice;

/// Runs spent on making one finding small: a machine of ours is fast, a child is not.
const SHRINK_RUNS: (u64, u64) = (20_000, 1_500);

/// Cases that a child is made to run twice, to see whether it is deterministic. A machine of ours is.
const TWICE: u64 = 4;

/// Searches one profile of a family, or goes on where an earlier search of it ended.
pub(super) fn search_profile<F: Catalog>(
    campaign: &mut Campaign<'_>,
    choice: &Choice<F>,
    observes: Observes,
    profile: &str,
) {
    if campaign.ledger.records.profile_of(F::NAME, profile).is_some() {
        return;
    }
    let judge = judge_of(campaign, choice, observes, profile);
    if let Err(exit) = replay_saved(campaign, choice, &judge, profile) {
        campaign.failed = Some(exit);
        return;
    }
    let since = campaign.watch.elapsed();
    let done = Done::of(campaign, F::NAME, profile);
    let outcome = search_cases(campaign, choice, &judge, profile, &done);
    let ended = match outcome.failed {
        true => Ended::Failed,
        false if outcome.reached => Ended::MaxFindings,
        false if outcome.is_complete => Ended::Complete,
        false if campaign.out_of_time.load(Ordering::Relaxed) => Ended::TimeLimit,
        false => Ended::Interrupted,
    };
    let mut totals = done.totals;
    totals.add(&outcome.totals);
    if let (0, Some(why)) = (totals.cases, &totals.unsupported_why) {
        let error = SubjectError::Unsupported { message: why.clone() };
        campaign.failed = Some(refuse(Exit::SubjectFailed, error));
    }
    let claims = claims_of(campaign, &judge, profile);
    let lie = |known: &Misbehavior| LieRecord {
        lie: known.id.to_owned(),
        summary: known.summary.to_owned(),
    };
    let lies: Vec<LieRecord> = F::misbehaviors().iter().map(lie).collect();
    let record = ProfileRecord {
        family: F::NAME.to_owned(),
        profile: profile.to_owned(),
        ended,
        gaps: Gaps::of(&totals, &claims, &lies),
        totals,
        claims,
        lies,
        elapsed_ms: millis(campaign.watch.elapsed().saturating_sub(since)),
    };
    let findings = campaign.ledger.records.found_by_search(F::NAME, profile);
    let text = profile_text(&record, findings);
    campaign.ledger.out.text(text);
    campaign.ledger.add(CampaignRecord::Profile(record));
}

/// What an earlier search of the profile has done.
struct Done {
    /// The first case that it has not done.
    next: Option<u64>,
    totals: TotalsRecord,
    found: Vec<Found>,
}

impl Done {
    fn of(campaign: &Campaign<'_>, family: &str, profile: &str) -> Self {
        let records = &campaign.ledger.records;
        let (mut next, mut totals) = (None, TotalsRecord::default());
        for range in records.ranges_of(family, profile) {
            next = Some(range.end);
            totals.add(&range.totals);
        }
        let found = |it: &FindingReport| Found {
            case: it.case,
            claim: it.claim.clone(),
            cause: it.cause.clone(),
            shape: it.shape.clone(),
            is_flaky: it.flaky.is_some(),
        };
        Self { next, totals, found: records.findings_of(family, profile).map(found).collect() }
    }
}

/// How the search of a profile came to its end.
struct Outcome {
    totals: TotalsRecord,
    failed: bool,
    reached: bool,
    is_complete: bool,
}

fn search_cases<F: Catalog>(
    campaign: &mut Campaign<'_>,
    choice: &Choice<F>,
    judge: &Judge<F>,
    profile: &str,
    done: &Done,
) -> Outcome {
    let arguments = campaign.arguments;
    let (first, end) = cases(arguments);
    let start = done.next.unwrap_or(first);
    let counts = done.found.iter().filter(|it| !it.is_flaky).count();
    let elsewhere = campaign.ledger.records.firm() - counts;
    let findings_max = arguments.max_findings.saturating_sub(elsewhere);
    let (in_process, child) = SHRINK_RUNS;
    let runs = if choice.is_child() { child } else { in_process };
    let make = || choice.make();
    let plan = Plan {
        profile,
        seed: arguments.search.seed,
        cases: (start, end),
        jobs: jobs(arguments.search.jobs),
        findings_max,
        found: &done.found,
        shrink_runs_max: arguments.shrink_runs.unwrap_or(runs),
        twice: if choice.is_child() && !campaign.is_not_deterministic { TWICE } else { 0 },
        subject: &make,
        judge,
        stop: &campaign.stop,
    };
    let mut shown = Shown {
        bar: bar(end - start, &format!("{} {profile}", F::NAME)),
        ledger: &mut campaign.ledger,
        arguments,
        profile,
        subject: choice.name(),
        child: choice.is_child(),
        judge,
        start,
        end,
        counted: TotalsRecord::default(),
        found: done.found.iter().filter_map(|it| it.case).collect(),
        unsaved: false,
        differs: campaign.is_not_deterministic,
    };
    let outcome = search(plan, &mut shown);
    shown.bar.finish_and_clear();
    let (unsaved, next, differs) = (shown.unsaved, shown.start, shown.differs);
    // A search that is ended may leave the cases of its last finding half done.
    let all_done = shown.found.iter().all(|case| *case < next);
    let found = counts + outcome.findings.len();
    campaign.is_not_deterministic |= differs;
    let failed = outcome.failed.is_some() || unsaved;
    if let Some(error) = &outcome.failed {
        campaign.failed = Some(refuse(Exit::SubjectFailed, error));
    } else if unsaved {
        campaign.failed = Some(Exit::Usage);
    }
    Outcome {
        totals: TotalsRecord::of(&outcome.totals),
        failed,
        reached: found >= findings_max && all_done,
        is_complete: next >= end,
    }
}

/// The first case of the search, and the one after the last.
fn cases(arguments: &RunArguments) -> (u64, u64) {
    match arguments.search.shard {
        Some(shard) => shard.of_cases(arguments.cases, LOT),
        None => (0, arguments.cases),
    }
}

/// The claims that a subject is held to.
fn judge_of<F: Catalog>(
    campaign: &Campaign<'_>,
    choice: &Choice<F>,
    observes: Observes,
    profile: &str,
) -> Judge<F> {
    let arguments = campaign.arguments;
    // The reference is held to all of its profile; another subject to what it asks for.
    let bound = if choice.is_child() { arguments.profile.as_deref() } else { Some(profile) };
    // A claim that is left out need not be one of every family.
    let mut without = arguments.without.clone();
    without.extend(choice.broken_by_client(bound));
    without.retain(|name| F::claims().iter().any(|entry| entry.claim.id == name));
    let judge = Judge::<F>::new(bound, observes)
        .without(&without)
        .expect("only claims of this family are left out")
        .knowing(campaign.baseline.known(F::NAME));
    warn_of_gaps::<F>(bound, observes, choice.is_child());
    judge
}

/// Says which claims are not judged, and why.
fn warn_of_gaps<F: Catalog>(profile: Option<&str>, observes: Observes, is_child: bool) {
    for (claim, needs) in Judge::<F>::unseen(profile, observes) {
        warn(format!("{claim} is not judged: the subject does not show its {needs:?}"));
    }
    let of_client = if is_child { F::client_deviations() } else { &[] };
    let deviations = F::deviations().iter().chain(of_client);
    let deviations = deviations.filter(|known| profile == Some(known.profile));
    let known: Vec<&str> = deviations.map(|known| known.claim).collect();
    if let Some(profile) = profile.filter(|_| !known.is_empty()) {
        warn(format!("{profile} is known to break {}: not judged", known.join(", ")));
    }
}

/// The claims that judged, and those that the simulator itself saw broken.
fn claims_of<F: Catalog>(
    campaign: &Campaign<'_>,
    judge: &Judge<F>,
    profile: &str,
) -> Vec<ClaimRecord> {
    let mut claims: Vec<_> = judge.entries().iter().map(|entry| entry.claim).collect();
    let is_judged = claims.iter().any(|claim| claim.id == NEVER_PANICS_OR_HANGS.id);
    let mut findings = campaign.ledger.records.findings_of(F::NAME, profile);
    if !is_judged && findings.any(|it| it.claim == NEVER_PANICS_OR_HANGS.id) {
        claims.push(&NEVER_PANICS_OR_HANGS);
    }
    let known = |claim: &str| campaign.baseline.reason(F::NAME, claim).map(str::to_owned);
    claims.into_iter().map(|claim| ClaimRecord::of(claim, known(claim.id))).collect()
}

/// What was found once is tried first. Of several shards only the first does so: it is the same for
/// all.
fn replay_saved<F: Catalog>(
    campaign: &mut Campaign<'_>,
    choice: &Choice<F>,
    judge: &Judge<F>,
    profile: &str,
) -> Result<(), Exit> {
    let records = &campaign.ledger.records;
    if records.regressions_of(F::NAME, profile).is_some() {
        return Ok(());
    }
    let arguments = campaign.arguments;
    let mut record = RegressionsRecord {
        family: F::NAME.to_owned(),
        profile: profile.to_owned(),
        ran: 0,
        unsupported: 0,
        findings: 0,
        known: BTreeMap::new(),
    };
    if arguments.search.shard.is_none_or(|shard| shard.is_first()) {
        let findings_max = arguments.max_findings.saturating_sub(records.firm());
        let bounds = Bounds { runs_max: 0, stop: &campaign.stop };
        let folder = &arguments.save;
        let regressions = run_saved(folder, profile, choice, judge, findings_max, bounds)?;
        record.ran = regressions.ran;
        record.unsupported = regressions.unsupported;
        record.findings = regressions.broken.len() as u64;
        record.known = regressions.known;
        for (file, report) in regressions.broken {
            let replay = Some(replay_command(arguments, choice.is_child(), &choice.name(), &file));
            let report = FindingReport { file: Some(file), replay, ..report };
            show(&mut campaign.ledger, arguments, report);
        }
    }
    if record.ran > 0 {
        campaign.ledger.out.text(format!(
            "{} {profile}: {} went first, {} broken",
            record.family,
            counted(record.ran, "saved scenario"),
            counted(record.findings, "claim")
        ));
    }
    if record.unsupported > 0 {
        campaign.ledger.out.text(format!(
            "{} {profile}: {} not supported by the subject",
            record.family,
            counted(record.unsupported, "saved scenario")
        ));
    }
    campaign.ledger.add(CampaignRecord::Regressions(record));
    Ok(())
}

/// What a profile came to, for a terminal.
pub(super) fn profile_text(record: &ProfileRecord, findings: usize) -> String {
    let mut text = String::new();
    for claim in &record.claims {
        let Some(reason) = &claim.known else { continue };
        let times = record.totals.times_known(&claim.claim);
        if times > 0 {
            let cases = counted(times, "case");
            text.push_str(&format!("KNOWN {}: {cases}: {reason}\n", claim.claim));
        }
    }
    if let Some(why) = &record.totals.unsupported_why {
        let unsupported = counted(record.totals.unsupported, "case");
        text.push_str(&format!("{unsupported} not supported by the subject: {why}\n"));
    }
    // A search that was cut short has gaps enough.
    let shown = if findings == 0 { &record.gaps } else { &Gaps::default() };
    let (family, profile, totals) = (&record.family, &record.profile, &record.totals);
    text.push_str(&format!(
        "{family} {profile}: {}, {}\n{}",
        counted(totals.cases, "case"),
        counted(findings as u64, "finding"),
        summary_text(totals, shown)
    ));
    text
}
