use std::path::Path;

use indicatif::ProgressBar;

use crate::campaign::{Difference, Finding, Judge, Progress, Repeats, Totals};
use crate::families::Catalog;
use crate::invariant::Violation;
use crate::reports::{
    CampaignRecord, FindingReport, RangeRecord, TotalsRecord, annotation, ends_range,
};
use crate::vectors::{Document, UnderTest, save, to_yaml};

use super::arguments::RunArguments;
use super::ledger::Ledger;
use super::output::{note, warn};
use super::reports::Target;
use super::subjects::shell_words;

/// Shows what happens in a search, saves what is found, and writes everything down.
pub(super) struct Shown<'a, F: Catalog> {
    pub(super) bar: ProgressBar,
    pub(super) ledger: &'a mut Ledger,
    pub(super) arguments: &'a RunArguments,
    pub(super) profile: &'a str,
    pub(super) subject: String,
    pub(super) child: bool,
    pub(super) judge: &'a Judge<F>,
    /// The first case that is in no range yet.
    pub(super) start: u64,
    /// The case after the last of the search.
    pub(super) end: u64,
    /// What the ranges of this search have counted.
    pub(super) counted: TotalsRecord,
    /// The cases with findings.
    pub(super) found: Vec<u64>,
    /// A finding could not be saved.
    pub(super) unsaved: bool,
    /// It was said that the subject is not deterministic.
    pub(super) differs: bool,
}

impl<F: Catalog> Progress<F> for Shown<'_, F> {
    fn cases(&mut self, totals: &Totals) {
        self.bar.set_position(totals.cases + totals.unsupported);
    }

    fn broken(&mut self, case: u64, violation: &Violation) {
        self.bar.set_message(format!("{}: making case {case} small", violation.claim));
    }

    fn finding(&mut self, finding: &Finding<F>) {
        let shrunk = &finding.shrunk;
        let Repeats { shown, of } = finding.repeats;
        let title = || format!("Flaky: shown again in {shown} of {of} runs.");
        let document = Document {
            title: finding.repeats.is_flaky().then(title),
            subject: Some(UnderTest { mutant: None, name: Some(self.subject.clone()) }),
            ..Document::failing(shrunk.scenario.clone(), shrunk.violation.claim)
        };
        let file = match save(&self.arguments.save, &document) {
            Ok(file) => Some(file),
            Err(message) => {
                self.unsaved = true;
                self.bar.suspend(|| warn(message));
                None
            }
        };
        let subject = self.subject.clone();
        let report = FindingReport {
            replay: file
                .as_ref()
                .map(|file| replay_command(self.arguments, self.child, &self.subject, file)),
            file,
            scenario: to_yaml(&document).ok(),
            ..FindingReport::of_finding(subject, self.judge, self.arguments.search.seed, finding)
        };
        if !finding.repeats.is_flaky() {
            self.found.push(finding.case);
        }
        let bar = self.bar.clone();
        bar.suspend(|| show(self.ledger, self.arguments, report));
        bar.set_message(format!("{} {}", F::NAME, self.profile));
    }

    fn not_deterministic(&mut self, case: u64, difference: &Difference) {
        if std::mem::replace(&mut self.differs, true) {
            return;
        }
        let Difference { step, one, other } = difference;
        let side =
            |side: &Option<String>| side.clone().unwrap_or_else(|| "(the run is over)".into());
        let text = format!(
            "the subject is not deterministic: two runs of case {case} differ first in step {step}\n  \
             one    {}\n  other  {}",
            side(one),
            side(other)
        );
        self.bar.suspend(|| warn(text));
    }

    fn done(&mut self, next: u64, totals: &Totals) {
        if next < self.end && !ends_range(next, self.found.iter().copied()) {
            return;
        }
        let totals = TotalsRecord::of(totals);
        self.ledger.add(CampaignRecord::Range(RangeRecord {
            family: F::NAME.to_owned(),
            profile: self.profile.to_owned(),
            start: self.start,
            end: next,
            totals: totals.since(&self.counted),
        }));
        self.start = next;
        self.counted = totals;
    }
}

/// Shows a finding wherever it is to be seen, when it is on disk.
pub(super) fn show(ledger: &mut Ledger, arguments: &RunArguments, report: FindingReport) {
    let (text, annotated) = (report.to_text(), annotation(&report));
    ledger.add(CampaignRecord::Finding(Box::new(report)));
    ledger.out.text(text);
    if arguments.reports.contains(&Target::Github) {
        // GitHub reads both streams; standard output may be JSON.
        note(annotated);
    }
}

/// The command that runs a saved finding again.
pub(super) fn replay_command(
    arguments: &RunArguments,
    child: bool,
    subject: &str,
    file: &Path,
) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "syncheck".to_owned());
    let mut command = shell_words([&program, "replay", &file.to_string_lossy()]);
    if child {
        if let Some(profile) = &arguments.profile {
            command.push_str(&format!(" --profile {profile}"));
        }
        for word in arguments.child.bounds.words() {
            command.push_str(&format!(" {}", shell_words([word])));
        }
        command.push_str(&format!(" -- {subject}"));
    }
    command
}
