use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::strategy::BoxedStrategy;

use crate::campaign::{CaseId, Judge, draw_supported, run_once};
use crate::cli::Exit;
use crate::cli::arguments::{Bounds, Child};
use crate::cli::output::{refuse, warn};
use crate::cli::progress::bar;
use crate::cli::subjects::Choice;
use crate::families::{Catalog, Visit};
use crate::invariant::Context;
use crate::machine::{Capabilities, Observes, Subject};
use crate::reports::{EndingsRecord, Ends};
use crate::scenario::Scenario;
use crate::sim::{Record, Run};
use crate::vectors::{Document, SubjectEntry, save};
use crate::verdict::Verdict;

use super::arguments::GridArguments;

/// Runs the first scenarios of a profile with all subjects of a section, to see where each ends.
pub(super) struct Compare<'a> {
    pub(super) arguments: &'a GridArguments,
    pub(super) profile: &'a str,
    pub(super) subjects: Vec<&'a SubjectEntry>,
    pub(super) stop: &'a AtomicBool,
}

impl Visit for Compare<'_> {
    /// How many scenarios all subjects ran, and where those that differ ended.
    type Output = Result<(u64, Vec<EndingsRecord>), Exit>;

    fn visit<F: Catalog>(self) -> Self::Output {
        let mut rows = Rows::<F>::of(&self)?;
        let bar =
            bar(self.arguments.compare, &format!("{} {}: where they end", F::NAME, self.profile));
        let (mut compared, mut split) = (0, Vec::new());
        for case in 0..self.arguments.compare {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            if let Some((context, record)) = rows.compare(&self, case) {
                compared += 1;
                if record.is_split() {
                    split.push(saved(&self, &context, record)?);
                }
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok((compared, split))
    }
}

/// The subjects of a comparison.
struct Rows<F: Catalog> {
    subjects: Vec<(String, Box<dyn Subject<F>>)>,
    /// What all of them have.
    capabilities: Capabilities,
    /// Draws what all of them can run.
    strategy: BoxedStrategy<Scenario<F>>,
}

impl<F: Catalog> Rows<F> {
    fn of(compare: &Compare<'_>) -> Result<Self, Exit> {
        let (mut subjects, mut capabilities) = (Vec::new(), Capabilities::ALL);
        for entry in &compare.subjects {
            let choice = Choice::<F>::of(&child(entry));
            let not_run = |error| refuse(Exit::SubjectFailed, format!("{}: {error}", entry.name));
            let subject = choice.make().map_err(not_run)?;
            if !subject.observes().events {
                warn(format!("{} reports no events: where it ends is not seen", entry.name));
                continue;
            }
            capabilities = capabilities.shared(subject.capabilities());
            subjects.push((entry.name.clone(), subject));
        }
        let strategy = F::strategy(compare.profile, &capabilities);
        Ok(Self { subjects, capabilities, strategy })
    }

    /// Runs one case with all; nothing, if one of them does not support it or does not run it.
    fn compare(
        &mut self,
        compare: &Compare<'_>,
        index: u64,
    ) -> Option<(Context<F>, EndingsRecord)> {
        if self.subjects.len() < 2 {
            return None;
        }
        let seed = compare.arguments.search.seed;
        let id = CaseId { family: F::NAME, profile: compare.profile, seed, index };
        let scenario = draw_supported::<F>(&self.strategy, id, &self.capabilities).current();
        let context = Context::new(scenario).expect("strategies draw valid scenarios");
        let judge = Judge::<F>::new(None, Observes::NONE);
        let mut ends = Vec::new();
        for (name, subject) in &mut self.subjects {
            let run = run_once(&context, subject.as_mut(), &judge, Record::Steps);
            if matches!(run.verdict, Verdict::SubjectFailed(_)) {
                return None;
            }
            ends.push(Ends { subject: name.clone(), ending: ending_of(&context, &run) });
        }
        let allowed = F::endings(&context).iter().map(json).collect();
        let record = EndingsRecord {
            family: F::NAME.to_owned(),
            profile: compare.profile.to_owned(),
            seed,
            case: index,
            file: None,
            allowed,
            ends,
        };
        Some((context, record))
    }
}

/// The same record, with its scenario on disk.
fn saved<F: Catalog>(
    compare: &Compare<'_>,
    context: &Context<F>,
    record: EndingsRecord,
) -> Result<EndingsRecord, Exit> {
    let document = Document::passing((*context.scenario).clone());
    let folder: &Path = &compare.arguments.out.join("endings");
    let file = save(folder, &document).map_err(|message| refuse(Exit::Usage, message))?;
    Ok(EndingsRecord { file: Some(file.display().to_string()), ..record })
}

/// The last event of a run that says where the subject has got to, in words.
fn ending_of<F: Catalog>(context: &Context<F>, run: &Run<F>) -> Option<String> {
    let event = run.trace.as_ref()?.ending_event()?;
    Some(F::describe_event(&context.world, event))
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The child that an entry names, within the bounds that `run` has by default.
fn child(entry: &SubjectEntry) -> Child {
    Child { bounds: Bounds::default(), command: entry.command.iter().map(Into::into).collect() }
}
