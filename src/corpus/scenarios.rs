use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use crate::adapters::{InProcess, quiet_panics};
use crate::campaign::{CaseId, Judge, draw, run_once, test_mutant};
use crate::families::{Catalog, Mutant};
use crate::invariant::Context;
use crate::machine::{Capabilities, Observes, Subject};
use crate::sim::{Mode, Record};
use crate::vectors::{Document, Script, to_yaml};
use crate::verdict::Verdict;

use super::bundle::{Size, Watch};
use super::features::{features, sentence, slug};
use super::minimise::minimise;
use super::play::{Strictness, play};
use super::record::Recorder;
use super::verify::must_converge;

/// Cases in which a scenario for each feature is looked for.
const POOL: u64 = 2_000;

/// Cases in which one is looked for that tells a mutant from the reference.
const MUTANT_CASES: u64 = 4_000;

/// Runs spent on making a mutant's scenario small.
const MUTANT_SHRINK_RUNS: u64 = 4_000;

/// Runs spent on making a feature's scenario small.
const FEATURE_SHRINK_RUNS: u32 = 300;

/// Scenarios that the standard bundle has beside those that are chosen, for each profile.
const STANDARD_EXTRA: usize = 200;

/// More places to end in than these are not listed.
const ENDINGS_MAX: usize = 16;

/// A longer script is left out: the scenario says the same in less.
const SCRIPT_BYTES_MAX: usize = 40_000;

/// The scenarios of a bundle.
///
/// # Errors
/// When a machine of ours fails to run.
pub(super) fn scenarios<F: Catalog>(
    size: Size,
    seed: u64,
    watch: &mut dyn Watch,
) -> Result<Vec<Document<F>>, String> {
    quiet_panics();
    let mut chosen = Chosen::<F>::new();
    if size != Size::Tiny {
        for mutant in F::mutants() {
            watch.begins(&format!("{} mutant {}", F::NAME, mutant.id));
            chosen.add_mutant(mutant, seed)?;
        }
    }
    let profiles = if size == Size::Standard { F::profiles() } else { &F::profiles()[..1] };
    for (index, profile) in profiles.iter().enumerate() {
        watch.begins(&format!("{} {profile}", F::NAME));
        let extra = if size == Size::Standard { STANDARD_EXTRA } else { 0 };
        let suffix = if index == 0 { String::new() } else { format!("-{}", slug(profile)) };
        chosen.add_profile(profile, &suffix, seed, extra);
    }
    Ok(chosen.documents)
}

struct Chosen<F: Catalog> {
    reference: InProcess<F>,
    documents: Vec<Document<F>>,
    /// Scenarios by their text, so that none stands twice.
    seen: BTreeSet<String>,
    /// What is shown already, by profile.
    shown: BTreeSet<(String, String)>,
}

impl<F: Catalog> Chosen<F> {
    fn new() -> Self {
        Self {
            reference: InProcess::new(F::reference),
            documents: Vec::new(),
            seen: BTreeSet::new(),
            shown: BTreeSet::new(),
        }
    }

    fn add_mutant(&mut self, mutant: &'static Mutant<F>, seed: u64) -> Result<(), String> {
        let make = || Ok(Box::new(InProcess::new(mutant.make)) as Box<dyn Subject<F>>);
        let judge = Judge::new(Some(mutant.profile), Observes::ALL);
        let stop = AtomicBool::new(false);
        let report =
            test_mutant(mutant, &make, &judge, seed, MUTANT_CASES, MUTANT_SHRINK_RUNS, &stop)
                .map_err(|error| format!("mutant {}: {error}", mutant.id))?;
        let Some(kill) = report.kill else { return Ok(()) };
        let document = Document {
            title: Some(mutant.summary.to_owned()),
            source: Some(mutant.source.to_owned()),
            ..Document::passing(kill.finding.shrunk.scenario)
        };
        self.add(&format!("mutant-{}", mutant.id), document);
        Ok(())
    }

    /// Adds a scenario for each feature that none of this profile shows yet: the one with the
    /// fewest inputs of the pool, made smaller.
    fn add_profile(&mut self, profile: &str, suffix: &str, seed: u64, extra: usize) {
        let judge = Judge::<F>::new(Some(profile), Observes::ALL);
        let strategy = F::strategy(profile, &Capabilities::ALL);
        let mut best = BTreeMap::<String, (u64, u64)>::new();
        let mut small = Vec::new();
        for index in 0..POOL {
            let case = CaseId { family: F::NAME, profile, seed, index };
            let context = Context::new(draw(&strategy, case).current())
                .expect("strategies draw valid scenarios");
            let run = run_once(&context, &mut self.reference, &judge, Record::Nothing);
            let found = features(&context, &run);
            if !found.is_empty() && run.tally.inputs <= 80 && small.len() < extra {
                small.push(index);
            }
            for feature in found {
                let size = (run.tally.inputs, index);
                let entry = best.entry(feature).or_insert(size);
                *entry = size.min(*entry);
            }
        }
        let scenario =
            |index| draw(&strategy, CaseId { family: F::NAME, profile, seed, index }).current();
        for (feature, (_, index)) in best {
            if self.shown.contains(&(profile.to_owned(), feature.clone())) {
                continue;
            }
            let keep = |context: &Context<F>, run: &_| features(context, run).contains(&feature);
            let runs = FEATURE_SHRINK_RUNS;
            let smaller = minimise(scenario(index), &mut self.reference, &judge, runs, keep);
            let title = Some(sentence::<F>(&feature));
            let document = Document { title, ..Document::passing(smaller) };
            self.add(&format!("{}{suffix}", slug(&feature)), document);
        }
        for index in small {
            let title = Some(format!("Case {index} of seed {seed}."));
            let document = Document { title, ..Document::passing(scenario(index)) };
            self.add(&format!("case-{index:05}{suffix}"), document);
        }
    }

    /// Adds a scenario with all that the reference says of it, unless the reference fails in it, or
    /// it stands there already.
    fn add(&mut self, name: &str, mut document: Document<F>) {
        let text = serde_json::to_string(&document.scenario).unwrap_or_default();
        let Ok(context) = Context::new(document.scenario.clone()) else { return };
        let profile = F::profile(&context.scenario.world).to_owned();
        let judge = Judge::new(Some(&profile), Observes::ALL);
        let mut recorder = Recorder::new(&mut self.reference);
        let run = run_once(&context, &mut recorder, &judge, Mode::UNTIL_BROKEN);
        let script = recorder.into_script();
        if run.verdict != Verdict::Pass || !self.seen.insert(text) {
            return;
        }
        let found = features(&context, &run);
        // Trying all mutants on thousands of cases would take longer than all the rest.
        let mut shows = if name.starts_with("case-") {
            Vec::new()
        } else {
            told_apart(&context, &judge, &profile)
        };
        let is_shown = |feature: &&String| !feature.starts_with("claim:");
        shows.extend(found.iter().filter(is_shown).cloned());
        self.shown.extend(found.into_iter().map(|feature| (profile.clone(), feature)));
        document.id = Some(format!("{}/scenarios/{name}", F::NAME));
        document.shows = shows;
        let endings = F::endings(&context);
        if must_converge::<F>(&profile) && endings.len() <= ENDINGS_MAX {
            document.endings = endings;
        }
        document.script = script.filter(|script| self.is_playable(script));
        self.documents.push(document);
    }
}

impl<F: Catalog> Chosen<F> {
    /// Whether a script is short, reads back as what it is, and tells the reference all that it
    /// needs. A number beyond 2^53 that nobody sends is written as a string, and does not read back.
    fn is_playable(&mut self, script: &Script<F>) -> bool {
        let Ok(text) = to_yaml(script) else { return false };
        let read: Option<Script<F>> = serde_yaml::from_str(&text).ok();
        text.len() <= SCRIPT_BYTES_MAX
            && read.as_ref() == Some(script)
            && play(script, &mut self.reference, Strictness::Exact) == Ok(None)
    }
}

/// The mutants that break a claim in this scenario.
fn told_apart<F: Catalog>(context: &Context<F>, judge: &Judge<F>, profile: &str) -> Vec<String> {
    let mutants = F::mutants().iter().filter(|mutant| mutant.profile == profile);
    let fails = |mutant: &&Mutant<F>| {
        let mut subject = InProcess::<F>::new(mutant.make);
        let run = run_once(context, &mut subject, judge, Mode::UNTIL_BROKEN);
        run.verdict.violation().is_some()
    };
    mutants.filter(fails).map(|mutant| format!("mutant:{}", mutant.id)).collect()
}
