use std::collections::BTreeMap;

use crate::families::Catalog;
use crate::scenario::{Scenario, tag_of};
use crate::sim::Run;
use crate::verdict::Verdict;

/// What a campaign has seen so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Cases that ran.
    pub cases: u64,
    /// Cases of which nothing can be said: a bound was reached.
    pub inconclusive: u64,
    /// Cases that did not run because the subject does not support them.
    pub unsupported: u64,
    /// What the first of them asked for and did not get.
    pub unsupported_why: Option<String>,
    /// Cases that broke a claim.
    pub failed: u64,
    /// How many cases broke what the subject is known to break, by the names of what is known.
    pub known: BTreeMap<String, u64>,
    /// Messages that were delivered.
    pub messages: u64,
    /// What the subjects saw.
    pub inputs: u64,
    /// In how many cases each claim was put to the test.
    pub exercised: BTreeMap<&'static str, u64>,
    /// How often each kind of fault took effect.
    pub fired: BTreeMap<&'static str, u64>,
    /// How often each lie changed an answer.
    pub lies: BTreeMap<&'static str, u64>,
    /// How many cases have each remarkable feature.
    pub labels: BTreeMap<&'static str, u64>,
}

impl Totals {
    /// Counts a run of a scenario.
    pub fn add_run<F: Catalog>(&mut self, scenario: &Scenario<F>, run: &Run<F>) {
        self.cases += 1;
        self.inconclusive += u64::from(matches!(run.verdict, Verdict::Inconclusive(_)));
        self.failed += u64::from(matches!(run.verdict, Verdict::Fail(_)));
        self.messages += run.tally.messages;
        self.inputs += run.tally.inputs;
        for exercise in &run.exercise {
            *self.exercised.entry(exercise.claim.id).or_default() += u64::from(exercise.times > 0);
        }
        add(&mut self.fired, &run.tally.fired);
        for ((peer, lie), times) in &run.tally.lies {
            let how = &scenario.peers[*peer].lies[*lie].how;
            *self.lies.entry(name_of::<F>(how)).or_default() += times;
        }
    }

    /// Counts a case that the subject does not support.
    pub fn add_unsupported(&mut self, why: &str) {
        self.unsupported += 1;
        self.unsupported_why.get_or_insert_with(|| why.to_owned());
    }

    /// Counts a feature of a case.
    pub fn label(&mut self, label: &'static str) {
        *self.labels.entry(label).or_default() += 1;
    }

    /// Adds what another part of the campaign has seen.
    pub fn merge(&mut self, other: &Self) {
        self.cases += other.cases;
        self.inconclusive += other.inconclusive;
        self.unsupported += other.unsupported;
        if self.unsupported_why.is_none() {
            self.unsupported_why.clone_from(&other.unsupported_why);
        }
        self.failed += other.failed;
        self.messages += other.messages;
        self.inputs += other.inputs;
        for (what, times) in &other.known {
            *self.known.entry(what.clone()).or_default() += times;
        }
        add(&mut self.exercised, &other.exercised);
        add(&mut self.fired, &other.fired);
        add(&mut self.lies, &other.lies);
        add(&mut self.labels, &other.labels);
    }
}

/// The documented name of a lie: the tag that it has in files.
fn name_of<F: Catalog>(how: &F::Misbehavior) -> &'static str {
    let tag = tag_of(how);
    let known = F::misbehaviors().iter().find(|known| Some(known.id) == tag.as_deref());
    known.map_or("(undocumented)", |known| known.id)
}

fn add(mine: &mut BTreeMap<&'static str, u64>, theirs: &BTreeMap<&'static str, u64>) {
    for (what, times) in theirs {
        *mine.entry(what).or_default() += times;
    }
}
