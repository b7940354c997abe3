use proptest::strategy::BoxedStrategy;

use crate::families::{Catalog, ClaimEntry, FunctionKind, Misbehavior as Entry, Mutant, Sampler};
use crate::invariant::Context;
use crate::machine::{Capabilities, Machine};
use crate::scenario::{Drawing, Liars, Scenario};
use crate::world::state::CodeSpec;

use super::{
    Downloader, Ending, FULL_BLOCKS_MIN, Misbehavior, Profile, Start, StateSync, World, claims,
    drawing, endings, functions, mutants, reduce, samples, strategy,
};

impl Catalog for StateSync {
    fn profiles() -> &'static [&'static str] {
        Profile::NAMES
    }

    fn reference(start: &Start) -> Box<dyn Machine<Self>> {
        Box::new(Downloader::new(start))
    }

    fn claims() -> Vec<ClaimEntry<Self>> {
        claims::all()
    }

    fn mutants() -> &'static [Mutant<Self>] {
        mutants::ALL
    }

    fn misbehaviors() -> &'static [Entry] {
        Misbehavior::ENTRIES
    }

    fn strategy(profile: &str, _: &Capabilities) -> BoxedStrategy<Scenario<Self>> {
        strategy::scenarios(profile)
    }

    fn reductions(scenario: &Scenario<Self>) -> Vec<Scenario<Self>> {
        reduce::reductions(scenario)
    }

    fn labels(scenario: &Scenario<Self>, world: &World, label: &mut dyn FnMut(&'static str)) {
        let spec = &scenario.world.chain;
        let accounts = || spec.accounts.iter().chain(spec.changes.iter().flat_map(|c| &c.set));
        let mut when = |is, name| {
            if is {
                label(name);
            }
        };
        when(spec.blocks <= FULL_BLOCKS_MIN, "chain without a pivot");
        when(spec.blocks > 3 * FULL_BLOCKS_MIN, "chain long enough for a moving pivot");
        when(!spec.changes.is_empty(), "states that follow each other");
        when(accounts().any(|account| account.prefix.len() > 8), "deep accounts");
        when(
            accounts().filter_map(|account| account.storage.as_ref()).any(|s| s.prefix.len() >= 40),
            "embedded nodes",
        );
        when(
            accounts().any(|a| matches!(a.code, Some(CodeSpec::StorageRootNode { .. }))),
            "code that is a trie node",
        );
        when(world.chain.nodes().len() > 100, "more than 100 nodes");
        when(scenario.world.stored_state_of.is_some(), "a state stored before");
        when(!scenario.crashes.is_empty(), "crashes");
        when(!scenario.commands.is_empty(), "cancels");
        let lying = scenario.peers.iter().any(|peer| !peer.is_honest());
        when(lying && scenario.heal.liars == Liars::Stay, "liars that stay");
        when(scenario.peers.iter().any(|peer| peer.has.keeps.is_some()), "pruned peers");
        for lie in scenario.peers.iter().flat_map(|peer| &peer.lies) {
            label(name_of(&lie.how));
        }
    }

    fn drawing(scenario: &Scenario<Self>, world: &World) -> Drawing {
        drawing::drawing(scenario, world)
    }

    fn functions() -> Vec<FunctionKind> {
        functions::all()
    }

    fn samplers() -> Vec<Sampler> {
        samples::samplers()
    }

    fn endings(context: &Context<Self>) -> Vec<Ending> {
        endings::endings(context)
    }
}

fn name_of(how: &Misbehavior) -> &'static str {
    match how {
        Misbehavior::AnswerTwice {} => "lie: answer_twice",
        Misbehavior::Empty {} => "lie: empty",
        Misbehavior::Junk {} => "lie: junk",
        Misbehavior::Late { .. } => "lie: late",
        Misbehavior::Padded { .. } => "lie: padded",
        Misbehavior::Partial { .. } => "lie: partial",
        Misbehavior::Repeated {} => "lie: repeated",
        Misbehavior::Reversed {} => "lie: reversed",
        Misbehavior::Silent {} => "lie: silent",
        Misbehavior::Stale {} => "lie: stale",
        Misbehavior::Unasked {} => "lie: unasked",
        Misbehavior::UnaskedOnly {} => "lie: unasked_only",
    }
}
