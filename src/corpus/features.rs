use std::collections::BTreeSet;

use crate::families::Catalog;
use crate::invariant::Context;
use crate::scenario::tag_of;
use crate::sim::Run;
use crate::verdict::Verdict;

/// What a run of the reference shows, each with its sort in front: `claim:`, `fault:`, `label:` and
/// `lie:`. A run that breaks a claim, or reaches a limit, shows nothing.
pub(super) fn features<F: Catalog>(context: &Context<F>, run: &Run<F>) -> BTreeSet<String> {
    let mut features = BTreeSet::new();
    if run.verdict != Verdict::Pass {
        return features;
    }
    F::labels(&context.scenario, &context.world, &mut |label| {
        features.insert(format!("label:{label}"));
    });
    for exercise in run.exercise.iter().filter(|exercise| exercise.times > 0) {
        features.insert(format!("claim:{}", exercise.claim.id));
    }
    for what in run.tally.fired.keys() {
        // The names say their sort already, but for two of them.
        let sort = if what.contains(':') { "" } else { "fault:" };
        features.insert(format!("{sort}{what}"));
    }
    for (peer, lie) in run.tally.lies.keys() {
        let name = tag_of(&context.scenario.peers[*peer].lies[*lie].how);
        features.extend(name.map(|name| format!("lie:{name}")));
    }
    features
}

/// What a feature is, in one sentence.
pub(super) fn sentence<F: Catalog>(feature: &str) -> String {
    let (sort, name) = feature.split_once(':').unwrap_or(("", feature));
    let claim = || F::claims().iter().find(|it| it.claim.id == name).map(|it| it.claim.summary);
    let lie = || F::misbehaviors().iter().find(|lie| lie.id == name).map(|lie| lie.summary);
    let known = match sort {
        "claim" => claim(),
        "lie" => lie(),
        _ => None,
    };
    known.map_or_else(|| format!("A run with {sort} {name}."), ToOwned::to_owned)
}

/// A name for files: lower-case words with hyphens.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => slug.push(c.to_ascii_lowercase()),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_end_matches('-').to_owned()
}
