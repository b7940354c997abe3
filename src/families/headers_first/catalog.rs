use proptest::strategy::BoxedStrategy;

use crate::families::{Catalog, ClaimEntry, FunctionKind, Misbehavior, Mutant, Sampler};
use crate::invariant::Context;
use crate::machine::{Capabilities, Machine};
use crate::scenario::{Drawing, Scenario};

use super::{Ending, HeadersFirst, Profile, Start, SyncManager, World};
use super::{claims, drawing, endings, functions, misbehavior, mutants, samples, strategy};

impl Catalog for HeadersFirst {
    fn profiles() -> &'static [&'static str] {
        &Profile::NAMES
    }

    fn reference(start: &Start) -> Box<dyn Machine<Self>> {
        Box::new(SyncManager::new(start))
    }

    fn claims() -> Vec<ClaimEntry<Self>> {
        claims::claims()
    }

    fn mutants() -> &'static [Mutant<Self>] {
        mutants::MUTANTS
    }

    fn misbehaviors() -> &'static [Misbehavior] {
        &misbehavior::DOCUMENTED
    }

    fn strategy(profile: &str, _: &Capabilities) -> BoxedStrategy<Scenario<Self>> {
        strategy::strategy(profile)
    }

    fn reductions(scenario: &Scenario<Self>) -> Vec<Scenario<Self>> {
        strategy::reductions(scenario)
    }

    fn labels(scenario: &Scenario<Self>, world: &World, label: &mut dyn FnMut(&'static str)) {
        strategy::labels(scenario, world, label);
    }

    fn drawing(scenario: &Scenario<Self>, world: &World) -> Drawing {
        drawing::drawing(scenario, world)
    }

    fn functions() -> Vec<FunctionKind> {
        functions::functions()
    }

    fn samplers() -> Vec<Sampler> {
        samples::samplers()
    }

    fn endings(context: &Context<Self>) -> Vec<Ending> {
        endings::endings(context)
    }
}
