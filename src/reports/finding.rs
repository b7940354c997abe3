use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::invariant::{Claim, Strength, Violation};
use crate::machine::Family;
use crate::scenario::Scenario;
use crate::trace::{Trace, View};

use super::chart::chart;
use super::plan::plan_lines;

/// A broken claim, ready to be shown.
#[derive(Clone, Debug)]
pub struct FindingReport {
    /// The family.
    pub family: &'static str,
    /// The profile.
    pub profile: String,
    /// Who broke it.
    pub subject: String,
    /// The case that showed it, if it was found in a search.
    pub case: Option<(u64, u64)>,
    /// The claim.
    pub claim: &'static Claim,
    /// How it was broken.
    pub violation: Violation,
    /// How large the run is, and was before it was made small.
    pub sizes: Sizes,
    /// The scenario in a few lines, each with its name.
    pub plan: Vec<(String, String)>,
    /// The run.
    pub view: View,
    /// The file with the scenario.
    pub file: Option<PathBuf>,
    /// What replays it.
    pub replay: Option<String>,
}

/// How large a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// What the subject saw.
    pub inputs: u64,
    /// Steps in all.
    pub steps: u64,
    /// The same of the run that was found first.
    pub before: Option<(u64, u64)>,
}

impl FindingReport {
    /// A report of a run that broke a claim. Neither a case, nor a file, nor a command that replays
    /// it is known yet.
    pub fn of_run<F: Family>(
        subject: String,
        scenario: &Scenario<F>,
        claim: &'static Claim,
        violation: &Violation,
        trace: &Trace<F>,
        sizes: Sizes,
    ) -> Self {
        Self {
            family: F::NAME,
            profile: F::profile(&scenario.world).to_owned(),
            subject,
            case: None,
            claim,
            violation: violation.clone(),
            sizes,
            plan: plan_lines(scenario),
            view: View::of(trace),
            file: None,
            replay: None,
        }
    }

    /// The finding for a terminal.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let about = self.violation.peer.map_or_else(String::new, |peer| format!(" ({peer})"));
        let _ = writeln!(text, "FAIL {}{about}", self.claim.id);
        let _ = writeln!(text, "  {}", self.claim.summary);
        let _ = writeln!(text, "  source    {}", self.claim.source);
        let _ = writeln!(text, "  subject   {}", self.subject_line());
        let _ = writeln!(text, "  expected  {}", self.violation.expected);
        let _ = writeln!(text, "  got       {}", self.violation.got);
        let _ = writeln!(text, "  size      {}", self.size_line());
        for (name, line) in &self.plan {
            let _ = writeln!(text, "  {name:<8}  {line}");
        }
        let _ = writeln!(text);
        text.push_str(&chart(&self.view.steps));
        if let Some(file) = &self.file {
            let _ = writeln!(text, "\n  saved     {}", file.display());
        }
        if let Some(replay) = &self.replay {
            let _ = writeln!(text, "  replay    {replay}");
        }
        text
    }

    /// The finding as one JSON object.
    pub fn to_json(&self) -> Value {
        json!({
            "type": "finding",
            "family": self.family,
            "profile": self.profile,
            "subject": self.subject,
            "seed": self.case.map(|(seed, _)| seed),
            "case": self.case.map(|(_, case)| case),
            "claim": self.claim.id,
            "summary": self.claim.summary,
            "source": self.claim.source,
            "peer": self.violation.peer,
            "expected": self.violation.expected,
            "got": self.violation.got,
            "inputs": self.sizes.inputs,
            "steps": self.sizes.steps,
            "inputs_before": self.sizes.before.map(|(inputs, _)| inputs),
            "steps_before": self.sizes.before.map(|(_, steps)| steps),
            "digest": self.view.digest,
            "file": self.file,
            "replay": self.replay,
        })
    }

    fn subject_line(&self) -> String {
        let bound = match self.claim.strength {
            Strength::Must => "binds every implementation".to_owned(),
            Strength::Profile(names) => format!("binds {}", names.join(", ")),
        };
        format!("{}, {} {}; the claim {bound}", self.subject, self.family, self.profile)
    }

    fn size_line(&self) -> String {
        let now = format!("{} inputs, {} steps", self.sizes.inputs, self.sizes.steps);
        let Some((inputs, steps)) = self.sizes.before else { return now };
        let found = match self.case {
            Some((seed, case)) => format!("case {case} of seed {seed}"),
            None => "the file".to_owned(),
        };
        format!("{now}; {found} had {inputs} inputs, {steps} steps")
    }
}
