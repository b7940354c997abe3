use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::adapters::{About, Stopwatch, set_after};
use crate::campaign::{Judge, Plan, Totals, search};
use crate::families::{Catalog, Visit};
use crate::machine::{Observes, SubjectError};
use crate::reports::{ClaimResult, ClaimResults, ClaimState, FindingReport, Gaps, summary_text};

use super::Exit;
use super::arguments::RunArguments;
use super::baseline::Baseline;
use super::findings::{Broken, Shown, replay_command, show};
use super::output::{Output, refuse, warn};
use super::progress::bar;
use super::regressions::run_saved;
use super::reports::{open_ndjson, write_reports};
use super::selection::families;
use super::signals::stop_flag;
use super::subjects::Choice;

/// Runs spent on making one finding small: a machine of ours is fast, a child is not.
const SHRINK_RUNS: (u64, u64) = (20_000, 1_500);

/// Searches for a counterexample.
pub(super) fn run(arguments: &RunArguments) -> Exit {
    if arguments.cases == 0 || arguments.max_findings == 0 {
        return refuse(Exit::Usage, "--cases and --max-findings are at least 1");
    }
    let stop = stop_flag();
    let out_of_time = Arc::new(AtomicBool::new(false));
    if let Some(limit) = arguments.time_limit {
        set_after(limit, Arc::clone(&out_of_time));
        set_after(limit, Arc::clone(&stop));
    }
    let families = match families(arguments) {
        Ok(families) => families,
        Err(message) => return refuse(Exit::Usage, message),
    };
    let baseline = match Baseline::open(arguments.known_failures.as_deref()) {
        Ok(baseline) => baseline,
        Err(exit) => return exit,
    };
    let copy = match open_ndjson(&arguments.reports) {
        Ok(copy) => copy,
        Err(exit) => return exit,
    };
    let mut campaign = Campaign {
        baseline,
        arguments,
        out: Output::new(arguments.format).with_copy(copy),
        results: Vec::new(),
        stop,
        watch: Stopwatch::start(),
        cases: 0,
        inconclusive: 0,
        findings: 0,
        regressions: 0,
        exit: Exit::Pass,
    };
    for family in families {
        match family.visit(Search { campaign: &mut campaign }) {
            Ok(()) => {}
            Err(Exit::SubjectFailed) => campaign.exit = Exit::SubjectFailed,
            Err(exit) => return exit,
        }
        if campaign.exit != Exit::Pass || campaign.stop.load(Ordering::Relaxed) {
            break;
        }
    }
    let interrupted = campaign.stop.load(Ordering::Relaxed) && !out_of_time.load(Ordering::Relaxed);
    campaign.conclude(interrupted)
}

struct Campaign<'a> {
    arguments: &'a RunArguments,
    baseline: Baseline,
    out: Output,
    results: Vec<ClaimResults>,
    stop: Arc<AtomicBool>,
    watch: Stopwatch,
    cases: u64,
    inconclusive: u64,
    findings: u64,
    regressions: u64,
    exit: Exit,
}

impl Campaign<'_> {
    fn conclude(mut self, interrupted: bool) -> Exit {
        let stopped = self.stop.load(Ordering::Relaxed);
        let is_stale = self.report_stale(!stopped);
        let (exit, verdict, why) = match () {
            () if self.findings > 0 => (Exit::Finding, "fail", ""),
            () if self.exit != Exit::Pass => (self.exit, "error", ""),
            () if interrupted => (Exit::Interrupted, "interrupted", ""),
            () if self.cases == 0 && stopped => {
                (Exit::Usage, "inconclusive", "no case ran: the time limit came first")
            }
            () if self.cases == 0 => {
                (Exit::SubjectFailed, "error", "the subject runs none of the families")
            }
            () if self.inconclusive == self.cases => {
                (Exit::Usage, "inconclusive", "every case reached a limit of its run")
            }
            () if is_stale => {
                (Exit::BaselineDrift, "stale", "the list of known failures is out of date")
            }
            () if self.inconclusive > 0 => (Exit::Pass, "inconclusive", ""),
            () => (Exit::Pass, "pass", ""),
        };
        let (cases, findings, inconclusive) = (self.cases, self.findings, self.inconclusive);
        let elapsed = self.watch.elapsed();
        self.out.json(|| {
            json!({
                "type": "summary",
                "verdict": verdict,
                "cases": cases,
                "findings": findings,
                "inconclusive": inconclusive,
                "regressions": self.regressions,
                "seed": self.arguments.seed,
                "elapsed_ms": u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            })
        });
        self.out.text(format!(
            "{verdict}: {cases} cases, {findings} findings, seed {}, {:.1} s",
            self.arguments.seed,
            elapsed.as_secs_f64()
        ));
        if let Err(failed) = write_reports(&self.arguments.reports, &self.results) {
            return failed;
        }
        if !why.is_empty() {
            return refuse(exit, why);
        }
        exit
    }
}

impl Campaign<'_> {
    /// Shows the known failures that ought to go. Returns whether that ends in an error.
    fn report_stale(&mut self, is_complete: bool) -> bool {
        let is_complete = is_complete && self.findings == 0 && self.exit == Exit::Pass;
        let stale = self.baseline.stale(is_complete);
        for entry in &stale {
            self.out.text(entry.to_text(self.baseline.path()));
            self.out.json(|| entry.to_json());
        }
        !stale.is_empty() && !self.arguments.allow_stale
    }
}

struct Search<'a, 'b> {
    campaign: &'a mut Campaign<'b>,
}

impl Visit for Search<'_, '_> {
    type Output = Result<(), Exit>;

    fn visit<F: Catalog>(self) -> Self::Output {
        let arguments = self.campaign.arguments;
        let choice = Choice::<F>::of(&arguments.child);
        let about = match choice.about() {
            // A child that is tried with all families need not run them all.
            Err(SubjectError::Unsupported { .. }) if arguments.families.is_empty() => return Ok(()),
            about => about.map_err(|error| failed(&error))?,
        };
        let profiles = profiles::<F>(arguments, about.as_ref())?;
        let observes = about.map_or(Observes::ALL, |about| about.observes);
        for profile in profiles {
            search_profile(self.campaign, &choice, observes, profile);
            let over =
                self.campaign.exit != Exit::Pass || self.campaign.stop.load(Ordering::Relaxed);
            if over {
                break;
            }
        }
        Ok(())
    }
}

/// The profiles to search: the one that is asked for; or else all of the reference, and the first
/// that a child runs.
fn profiles<F: Catalog>(
    arguments: &RunArguments,
    about: Option<&About>,
) -> Result<Vec<&'static str>, Exit> {
    let known = F::profiles();
    let runs = |name: &str| {
        let named = about.and_then(|about| about.profiles.as_ref());
        named.is_none_or(|named| named.iter().any(|its| its == name))
    };
    if let Some(name) = &arguments.profile {
        let Some(profile) = known.iter().find(|profile| *profile == name) else {
            let message = format!("{} has the profiles {}", F::NAME, known.join(", "));
            return Err(refuse(Exit::Usage, format!("--profile {name}: {message}")));
        };
        if !runs(profile) {
            let message = format!("the subject does not run the profile {profile}");
            return Err(refuse(Exit::SubjectFailed, message));
        }
        return Ok(vec![*profile]);
    }
    let mut all: Vec<&str> = known.iter().copied().filter(|profile| runs(profile)).collect();
    if all.is_empty() {
        let message = format!("the subject runs no profile of {}: {}", F::NAME, known.join(", "));
        return Err(refuse(Exit::SubjectFailed, message));
    }
    if about.is_some() {
        all.truncate(1);
    }
    Ok(all)
}

fn failed(error: &SubjectError) -> Exit {
    refuse(Exit::SubjectFailed, error)
}

/// Says which claims are not judged, and why.
fn warn_of_gaps<F: Catalog>(profile: Option<&str>, observes: Observes) {
    for (claim, needs) in Judge::<F>::unseen(profile, observes) {
        warn(format!("{claim} is not judged: the subject does not show its {needs:?}"));
    }
    let deviations = F::deviations().iter().filter(|known| profile == Some(known.profile));
    let known: Vec<&str> = deviations.map(|known| known.claim).collect();
    if let Some(profile) = profile.filter(|_| !known.is_empty()) {
        warn(format!("{profile} is known to break {}: not judged", known.join(", ")));
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
    without.retain(|name| F::claims().iter().any(|entry| entry.claim.id == name));
    let judge = Judge::<F>::new(bound, observes)
        .without(&without)
        .expect("only claims of this family are left out")
        .knowing(|claim| campaign.baseline.knows(F::NAME, claim));
    warn_of_gaps::<F>(bound, observes);
    judge
}

fn search_profile<F: Catalog>(
    campaign: &mut Campaign<'_>,
    choice: &Choice<F>,
    observes: Observes,
    profile: &str,
) {
    let arguments = campaign.arguments;
    let judge = judge_of(campaign, choice, observes, profile);
    let broken = match replay_saved(campaign, choice, &judge, profile) {
        Ok(broken) => broken,
        Err(exit) => {
            campaign.exit = exit;
            return;
        }
    };
    if campaign.findings >= arguments.max_findings as u64 {
        let (none, since) = (Totals::default(), campaign.watch.elapsed());
        let results = claim_results(campaign, profile, &judge, &none, broken, since);
        campaign.results.push(results);
        return;
    }
    let (in_process, child) = SHRINK_RUNS;
    let runs = if choice.is_child() { child } else { in_process };
    let make = || choice.make();
    let cases = match arguments.shard {
        Some(shard) => shard.of_cases(arguments.cases),
        None => (0, arguments.cases),
    };
    let plan = Plan {
        profile,
        seed: arguments.seed,
        cases,
        jobs: jobs(arguments.jobs),
        findings_max: arguments.max_findings,
        shrink_runs_max: arguments.shrink_runs.unwrap_or(runs),
        subject: &make,
        judge: &judge,
        stop: &campaign.stop,
    };
    let mut shown = Shown {
        bar: bar(cases.1 - cases.0, &format!("{} {profile}", F::NAME)),
        out: &mut campaign.out,
        arguments,
        profile,
        subject: choice.name(),
        child: choice.is_child(),
        judge: &judge,
        unsaved: false,
        broken,
    };
    let since = campaign.watch.elapsed();
    let outcome = search(plan, &mut shown);
    shown.bar.finish_and_clear();
    let (unsaved, broken) = (shown.unsaved, shown.broken);
    campaign.cases += outcome.totals.cases;
    campaign.inconclusive += outcome.totals.inconclusive;
    campaign.findings += outcome.findings.len() as u64;
    report_known::<F>(campaign, profile, &judge, &outcome.totals);
    let results = claim_results(campaign, profile, &judge, &outcome.totals, broken, since);
    campaign.results.push(results);
    report_unsupported::<F>(campaign, profile, &outcome.totals);
    let claims = judge.entries().iter().map(|entry| entry.claim.id);
    let lies = F::misbehaviors().iter().map(|lie| lie.id);
    let gaps = Gaps::of(&outcome.totals, claims, lies);
    report_totals::<F>(campaign, profile, &outcome.totals, &gaps, outcome.findings.len());
    if let Some(error) = outcome.failed {
        campaign.exit = failed(&error);
    } else if unsaved {
        campaign.exit = Exit::Usage;
    }
}

/// What became of each claim, for the reports.
fn claim_results<F: Catalog>(
    campaign: &Campaign<'_>,
    profile: &str,
    judge: &Judge<F>,
    totals: &Totals,
    mut broken: Broken,
    since: Duration,
) -> ClaimResults {
    let mut state = |claim: &str| match (broken.remove(claim), totals.exercised.get(claim)) {
        (Some(report), _) => ClaimState::Broken(report),
        (None, _) if totals.known.contains_key(claim) => {
            ClaimState::Known(campaign.baseline.reason(F::NAME, claim).to_owned())
        }
        (None, Some(times)) if *times > 0 => ClaimState::Held(*times),
        _ => ClaimState::Untested,
    };
    let ids = judge.entries().iter().map(|entry| entry.claim.id);
    ClaimResults {
        family: F::NAME,
        profile: profile.to_owned(),
        cases: totals.cases,
        time: campaign.watch.elapsed().saturating_sub(since),
        claims: ids.map(|claim| ClaimResult { claim, state: state(claim) }).collect(),
    }
}

/// Known failures are counted, each with its reason.
fn report_known<F: Catalog>(
    campaign: &mut Campaign<'_>,
    profile: &str,
    judge: &Judge<F>,
    totals: &Totals,
) {
    let judged = judge.entries().iter().map(|entry| entry.claim.id);
    campaign.baseline.note(F::NAME, judged, &totals.known);
    for (claim, cases) in &totals.known {
        let reason = campaign.baseline.reason(F::NAME, claim);
        campaign.out.text(format!("KNOWN {claim}: {cases} cases: {reason}"));
        campaign.out.json(|| {
            json!({
                "type": "known_failure",
                "family": F::NAME,
                "profile": profile,
                "claim": claim,
                "cases": cases,
                "reason": reason,
            })
        });
    }
}

/// Cases that the subject does not support are no failure, unless there are no others.
fn report_unsupported<F: Catalog>(campaign: &mut Campaign<'_>, profile: &str, totals: &Totals) {
    let Some(why) = &totals.unsupported_why else { return };
    let unsupported = totals.unsupported;
    if totals.cases == 0 {
        let error = SubjectError::Unsupported { message: why.clone() };
        campaign.exit = failed(&error);
    }
    campaign.out.text(format!(
        "{} {profile}: {unsupported} cases are not supported by the subject: {why}",
        F::NAME
    ));
    campaign.out.json(|| {
        json!({
            "type": "unsupported",
            "family": F::NAME,
            "profile": profile,
            "cases": unsupported,
            "why": why,
        })
    });
}

/// What was found once is tried first.
fn replay_saved<F: Catalog>(
    campaign: &mut Campaign<'_>,
    choice: &Choice<F>,
    judge: &Judge<F>,
    profile: &str,
) -> Result<Broken, Exit> {
    let mut broken = Broken::new();
    let arguments = campaign.arguments;
    let (folder, findings_max) = (&arguments.save, arguments.max_findings);
    let regressions = run_saved(folder, profile, choice, judge, findings_max)?;
    let (ran, found) = (regressions.ran, regressions.broken.len());
    campaign.regressions += ran;
    campaign.findings += found as u64;
    let judged = judge.entries().iter().map(|entry| entry.claim.id);
    campaign.baseline.note(F::NAME, judged, &regressions.known);
    for (file, report) in regressions.broken {
        let replay = Some(replay_command(arguments, choice.is_child(), &choice.name(), &file));
        let report = FindingReport { file: Some(file), replay, ..report };
        show(&mut campaign.out, arguments, &report, &mut broken);
    }
    if ran > 0 {
        let family = F::NAME;
        campaign.out.text(format!(
            "{family} {profile}: {ran} saved scenarios went first, {found} of them break a claim"
        ));
        campaign.out.json(|| {
            json!({
                "type": "regressions",
                "family": family,
                "profile": profile,
                "ran": ran,
                "findings": found,
            })
        });
    }
    Ok(broken)
}

fn report_totals<F: Catalog>(
    campaign: &mut Campaign<'_>,
    profile: &str,
    totals: &Totals,
    gaps: &Gaps,
    findings: usize,
) {
    // A search that was cut short has gaps enough.
    let shown = if findings == 0 { gaps } else { &Gaps::default() };
    campaign.out.text(format!(
        "{} {profile}: {} cases, {findings} findings\n{}",
        F::NAME,
        totals.cases,
        summary_text(totals, shown)
    ));
    campaign.out.json(|| {
        json!({
            "type": "profile",
            "family": F::NAME,
            "profile": profile,
            "cases": totals.cases,
            "failed": totals.failed,
            "inconclusive": totals.inconclusive,
            "messages": totals.messages,
            "labels": totals.labels,
            "faults": totals.fired,
            "lies": totals.lies,
            "tested": totals.exercised,
            "gaps": gaps,
        })
    });
}

/// As many workers as asked for, or as there are cores.
pub(super) fn jobs(asked: Option<std::num::NonZeroUsize>) -> usize {
    asked.or_else(|| thread::available_parallelism().ok()).map_or(1, usize::from)
}
