use std::fmt::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::campaign::{Finding, Fingerprint, Judge, Repeats, Seen};
use crate::families::Catalog;
use crate::invariant::Violation;
use crate::machine::PeerId;
use crate::scenario::{Drawing, Scenario};
use crate::sim::{Run, Tally};
use crate::trace::{Trace, View};

use super::chart::chart;
use super::counted::counted;
use super::plan::plan_lines;
use super::record::binds;
use super::step::StepRecord;

/// A broken claim, ready to be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingReport {
    /// The family.
    pub family: String,
    /// The profile.
    pub profile: String,
    /// Who broke it.
    pub subject: String,
    /// The seed of the search, if it was found in one.
    pub seed: Option<u64>,
    /// The case that showed it, if it was found in a search.
    pub case: Option<u64>,
    /// The claim.
    pub claim: String,
    /// What is wrong with the peer that it names, by the plan: its lies and the faults of its link,
    /// or `honest`; empty, if it names none.
    #[serde(default)]
    pub cause: String,
    /// What was found in the case, without its numbers; findings of one search differ in this, in
    /// their causes or in their claims.
    pub shape: String,
    /// How often it was seen again, if that was not each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaky: Option<FlakyRecord>,
    /// What must hold.
    pub summary: String,
    /// Where the claim comes from.
    pub source: String,
    /// The profiles that the claim binds; every implementation, if empty.
    pub binds: Vec<String>,
    /// The peer that it is about, if it is about one.
    pub peer: Option<PeerId>,
    /// What would have been right.
    pub expected: String,
    /// What was seen.
    pub got: String,
    /// The last lines of the subject's log, if it failed as a program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// What the subject saw in the run.
    pub inputs: u64,
    /// Steps of the run.
    pub steps: u64,
    /// What the subject saw in the run that was found first.
    pub inputs_before: Option<u64>,
    /// Steps of the run that was found first.
    pub steps_before: Option<u64>,
    /// Whether the search was ended before the run was as small as it gets.
    pub cut_short: bool,
    /// The digest of the run.
    pub digest: String,
    /// The file with the scenario.
    pub file: Option<PathBuf>,
    /// What replays it.
    pub replay: Option<String>,
    /// The scenario in a few lines, each with its name.
    pub plan: Vec<PlanLine>,
    /// The steps of the run; of a long one its beginning and its end.
    pub trace: Vec<StepRecord>,
    /// The scenario as its file has it, in YAML.
    pub scenario: Option<String>,
    /// The world of the scenario as a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawing: Option<Drawing>,
}

/// How often a finding was seen again when its case was run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlakyRecord {
    /// In how many runs.
    pub shown: u32,
    /// Of how many.
    pub of: u32,
}

impl FlakyRecord {
    /// The record of repeats, if they did not show the finding each time.
    pub fn of(repeats: Repeats) -> Option<Self> {
        let Repeats { shown, of } = repeats;
        repeats.is_flaky().then_some(Self { shown, of })
    }
}

/// One line of a scenario, with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanLine {
    /// The part of the scenario: `world`, a peer, `heal`.
    pub name: String,
    /// What it is.
    pub text: String,
}

impl FindingReport {
    /// Whether it repeats each time: then it counts.
    pub fn is_firm(&self) -> bool {
        self.flaky.is_none()
    }

    /// A report of a run that broke a claim; none, if it broke none. Neither a case, nor a file, nor
    /// a command that replays it is known yet.
    ///
    /// # Panics
    /// When the steps of the run were not kept.
    pub fn of_run<F: Catalog>(
        subject: String,
        judge: &Judge<F>,
        scenario: &Scenario<F>,
        run: &Run<F>,
    ) -> Option<Self> {
        let violation = run.verdict.violation()?;
        Some(Self::of_violation(subject, judge, scenario, run, violation))
    }

    /// A report of one of the violations of a run.
    ///
    /// # Panics
    /// When the steps of the run were not kept.
    pub fn of_violation<F: Catalog>(
        subject: String,
        judge: &Judge<F>,
        scenario: &Scenario<F>,
        run: &Run<F>,
        violation: &Violation,
    ) -> Self {
        let trace = run.trace.as_ref().expect("the run was recorded");
        Self::new(subject, judge, scenario, violation, trace, &run.tally)
    }

    /// A report of a run of a saved scenario, and of how often it was repeated.
    pub fn of_seen<F: Catalog>(
        subject: String,
        judge: &Judge<F>,
        scenario: &Scenario<F>,
        seen: &Seen<F>,
        repeats: Repeats,
    ) -> Self {
        Self {
            flaky: FlakyRecord::of(repeats),
            ..Self::new(subject, judge, scenario, &seen.violation, &seen.trace, &seen.tally)
        }
    }

    /// A report of what a search has found. Neither a file nor a command that replays it is known
    /// yet.
    pub fn of_finding<F: Catalog>(
        subject: String,
        judge: &Judge<F>,
        seed: u64,
        finding: &Finding<F>,
    ) -> Self {
        let it = &finding.shrunk;
        Self {
            seed: Some(seed),
            case: Some(finding.case),
            cause: finding.fingerprint.cause.clone(),
            shape: finding.fingerprint.shape.clone(),
            flaky: FlakyRecord::of(finding.repeats),
            inputs_before: Some(it.original_tally.inputs),
            steps_before: Some(it.original_tally.steps),
            cut_short: it.cut_short,
            ..Self::new(subject, judge, &it.scenario, &it.violation, &it.trace, &it.tally)
        }
    }

    fn new<F: Catalog>(
        subject: String,
        judge: &Judge<F>,
        scenario: &Scenario<F>,
        violation: &Violation,
        trace: &Trace<F>,
        tally: &Tally,
    ) -> Self {
        let claim = judge.claim_of(violation);
        let fingerprint = Fingerprint::of(scenario, violation);
        let view = View::of(trace);
        let line = |(name, text)| PlanLine { name, text };
        Self {
            family: F::NAME.to_owned(),
            profile: F::profile(&scenario.world).to_owned(),
            subject,
            seed: None,
            case: None,
            claim: claim.id.to_owned(),
            cause: fingerprint.cause,
            shape: fingerprint.shape,
            flaky: None,
            summary: claim.summary.to_owned(),
            source: claim.source.to_owned(),
            binds: binds(claim),
            peer: violation.peer,
            expected: violation.expected.clone(),
            got: violation.got.clone(),
            log: violation.log.clone(),
            inputs: tally.inputs,
            steps: tally.steps,
            inputs_before: None,
            steps_before: None,
            cut_short: false,
            digest: view.digest.clone(),
            file: None,
            replay: None,
            plan: plan_lines(scenario, trace.world()).into_iter().map(line).collect(),
            trace: StepRecord::all_of(scenario, trace, view),
            scenario: None,
            drawing: Some(F::drawing(scenario, trace.world())),
        }
    }

    /// The finding for a terminal.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let about = self.peer.map_or_else(String::new, |peer| format!(" ({peer})"));
        let word = if self.flaky.is_some() { "FLAKY" } else { "FAIL" };
        let _ = writeln!(text, "{word} {}{about}", self.claim);
        let _ = writeln!(text, "  {}", self.summary);
        let _ = writeln!(text, "  source    {}", self.source);
        let _ = writeln!(text, "  subject   {}", self.subject_line());
        let _ = writeln!(text, "  expected  {}", self.expected);
        let _ = writeln!(text, "  got       {}", self.got);
        for (index, line) in self.log.iter().enumerate() {
            let _ = writeln!(text, "  {:<8}  {line}", if index == 0 { "its log" } else { "" });
        }
        if let Some(line) = self.repeats_line() {
            let _ = writeln!(text, "  repeats   {line}");
        }
        let _ = writeln!(text, "  size      {}", self.size_line());
        for PlanLine { name, text: line } in &self.plan {
            let _ = writeln!(text, "  {name:<8}  {line}");
        }
        if !self.trace.is_empty() {
            let _ = writeln!(text);
            text.push_str(&chart(&self.trace));
        }
        if let Some(file) = &self.file {
            let _ = writeln!(text, "\n  saved     {}", file.display());
        }
        if let Some(replay) = &self.replay {
            let _ = writeln!(text, "  replay    {replay}");
        }
        text
    }

    /// How often it was seen again, for people, if that was not each time.
    pub(super) fn repeats_line(&self) -> Option<String> {
        let FlakyRecord { shown, of } = self.flaky?;
        let runs = counted(u64::from(of), "run");
        Some(format!(
            "shown again in {shown} of {runs} of the same scenario; it is as it was found"
        ))
    }

    /// Whom the claim binds, for people.
    pub(super) fn bound(&self) -> String {
        match self.binds.as_slice() {
            [] => "every implementation".to_owned(),
            names => names.join(", "),
        }
    }

    fn subject_line(&self) -> String {
        let bound = self.bound();
        format!("{}, {} {}; the claim binds {bound}", self.subject, self.family, self.profile)
    }

    fn size_line(&self) -> String {
        let mut now = size(self.inputs, self.steps);
        if self.cut_short {
            now.push_str(" (the search was ended before it was as small as it gets)");
        }
        let (Some(inputs), Some(steps)) = (self.inputs_before, self.steps_before) else {
            return now;
        };
        let found = match (self.seed, self.case) {
            (Some(seed), Some(case)) => format!("case {case} of seed {seed}"),
            _ => "the file".to_owned(),
        };
        format!("{now}; {found} had {}", size(inputs, steps))
    }
}

fn size(inputs: u64, steps: u64) -> String {
    format!("{}, {}", counted(inputs, "input"), counted(steps, "step"))
}
