use crate::families::Catalog;
use crate::invariant::Violation;
use crate::machine::PeerId;
use crate::scenario::{PeerPlan, Scenario, tag_of};

use super::shape::shape_of;

/// What tells a broken claim from others: two with the same fingerprint are taken for one bug.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    /// The claim.
    pub claim: &'static str,
    /// What is wrong with the peer that the violation names, by the plan: its lies and the faults of
    /// its link, or `honest`; empty, if none is named.
    pub cause: String,
    /// The words of what was expected and got.
    pub shape: String,
}

/// What is looked for in runs of a case, and in smaller ones.
#[derive(Clone, Debug)]
pub struct Target {
    /// What a violation has to have.
    pub fingerprint: Fingerprint,
    /// The peer that it names in the case.
    peer: Option<PeerId>,
    /// What that peer does in the case although the claim is broken without it.
    noise: Vec<String>,
}

impl Fingerprint {
    /// The fingerprint of a violation in a scenario.
    pub fn of<F: Catalog>(scenario: &Scenario<F>, violation: &Violation) -> Self {
        let cause =
            violation.peer.map_or_else(String::new, |peer| in_words(&causes(scenario, peer)));
        Self { claim: violation.claim, cause, shape: shape_of(violation) }
    }
}

impl Target {
    /// Looks for a violation of this scenario, whatever the peer does that it names.
    pub fn of<F: Catalog>(scenario: &Scenario<F>, violation: &Violation) -> Self {
        Self {
            fingerprint: Fingerprint::of(scenario, violation),
            peer: violation.peer,
            noise: Vec::new(),
        }
    }

    /// Leaves out of the cause what is not needed: `still` says whether a scenario breaks the same
    /// claim in the same way. What is found depends on the case alone.
    pub(super) fn settle<F: Catalog>(
        &mut self,
        scenario: &Scenario<F>,
        mut still: impl FnMut(&Scenario<F>, &Self) -> bool,
    ) {
        let Some(peer) = self.peer else { return };
        for cause in causes(scenario, peer) {
            let mut tried = self.clone();
            tried.noise.push(cause);
            let candidate = tried.stripped(scenario);
            tried.fingerprint.cause = in_words(&causes(&candidate, peer));
            if still(&candidate, &tried) {
                *self = tried;
            }
        }
    }

    /// Whether this is what is looked for.
    pub fn is_met<F: Catalog>(&self, scenario: &Scenario<F>, violation: &Violation) -> bool {
        let Fingerprint { claim, cause, shape } = &self.fingerprint;
        let cause_of = |peer| {
            let mut causes = causes(scenario, peer);
            // What is not needed may be there still, as it is in the case itself.
            causes.retain(|cause| Some(peer) != self.peer || !self.noise.contains(cause));
            in_words(&causes)
        };
        violation.claim == *claim
            && violation.peer.map_or_else(String::new, cause_of) == *cause
            && shape_of(violation) == *shape
    }

    /// The scenario without what is not needed for the violation.
    pub(super) fn stripped<F: Catalog>(&self, scenario: &Scenario<F>) -> Scenario<F> {
        let mut stripped = scenario.clone();
        let is_noise = |cause: Option<String>| cause.is_some_and(|it| self.noise.contains(&it));
        for plan in stripped.peers.iter_mut().filter(|plan| Some(plan.id) == self.peer) {
            plan.lies.retain(|lie| !is_noise(lie_name::<F>(&lie.how)));
            plan.faults.retain(|fault| !is_noise(fault_name(&fault.kind)));
        }
        stripped
    }
}

/// The causes of a claim that names a peer, as one text.
fn in_words(causes: &[String]) -> String {
    if causes.is_empty() { "honest".to_owned() } else { causes.join(" + ") }
}

/// What is wrong with a peer by the plan, each once and in the order of the names.
fn causes<F: Catalog>(scenario: &Scenario<F>, peer: PeerId) -> Vec<String> {
    let of = |plan: &PeerPlan<F>| {
        let lies = plan.lies.iter().filter_map(|lie| lie_name::<F>(&lie.how));
        let faults = plan.faults.iter().filter_map(|fault| fault_name(&fault.kind));
        lies.chain(faults).collect()
    };
    let mut causes: Vec<String> =
        scenario.peers.iter().find(|plan| plan.id == peer).map_or_else(Vec::new, of);
    causes.sort();
    causes.dedup();
    causes
}

fn lie_name<F: Catalog>(how: &F::Misbehavior) -> Option<String> {
    tag_of(how).map(|tag| format!("lie {tag}"))
}

fn fault_name(kind: &crate::scenario::FaultKind) -> Option<String> {
    tag_of(kind).map(|tag| format!("fault {tag}"))
}
