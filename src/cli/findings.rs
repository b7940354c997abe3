use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use indicatif::ProgressBar;

use crate::campaign::{Finding, Judge, Progress, Totals};
use crate::families::Catalog;
use crate::invariant::Violation;
use crate::reports::{FindingReport, Sizes, annotation};
use crate::vectors::{Document, UnderTest, save};

use super::arguments::RunArguments;
use super::output::{Output, warn};
use super::reports::Target;
use super::subjects::shell_words;

/// The reports of broken claims, for people, by claim.
pub(super) type Broken = BTreeMap<&'static str, String>;

/// Shows what happens in a search, saves what is found, and keeps it for the reports.
pub(super) struct Shown<'a, F: Catalog> {
    pub(super) bar: ProgressBar,
    pub(super) out: &'a mut Output,
    pub(super) arguments: &'a RunArguments,
    pub(super) profile: &'a str,
    pub(super) subject: String,
    pub(super) child: bool,
    pub(super) judge: &'a Judge<F>,
    /// A finding could not be saved.
    pub(super) unsaved: bool,
    /// The reports of broken claims.
    pub(super) broken: Broken,
}

impl<F: Catalog> Progress<F> for Shown<'_, F> {
    fn cases(&mut self, totals: &Totals) {
        self.bar.set_position(totals.cases);
    }

    fn broken(&mut self, case: u64, violation: &Violation) {
        self.bar.set_message(format!("{}: making case {case} small", violation.claim));
    }

    fn finding(&mut self, finding: &Finding<F>) {
        let shrunk = &finding.shrunk;
        let document = Document {
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
        let sizes = Sizes {
            inputs: shrunk.tally.inputs,
            steps: shrunk.tally.steps,
            before: Some((shrunk.original_tally.inputs, shrunk.original_tally.steps)),
        };
        let (claim, violation) = (self.judge.claim_of(&shrunk.violation), &shrunk.violation);
        let subject = self.subject.clone();
        let run = FindingReport::of_run(
            subject,
            &shrunk.scenario,
            claim,
            violation,
            &shrunk.trace,
            sizes,
        );
        let report = FindingReport {
            case: Some((self.arguments.seed, finding.case)),
            replay: file
                .as_ref()
                .map(|file| replay_command(self.arguments, self.child, &self.subject, file)),
            file,
            ..run
        };
        let bar = self.bar.clone();
        bar.suspend(|| show(self.out, self.arguments, &report, &mut self.broken));
        bar.set_message(format!("{} {}", F::NAME, self.profile));
    }
}

/// Shows a finding wherever it is to be seen.
pub(super) fn show(
    out: &mut Output,
    arguments: &RunArguments,
    report: &FindingReport,
    broken: &mut Broken,
) {
    let text = report.to_text();
    out.text(&text);
    out.json(|| report.to_json());
    if arguments.reports.contains(&Target::Github) {
        // GitHub reads both streams; standard output may be JSON.
        let _ = writeln!(std::io::stderr().lock(), "{}", annotation(report));
    }
    broken.insert(report.claim.id, text);
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
