use proptest::strategy::BoxedStrategy;

use crate::families::{
    Capability, Catalog, ClaimEntry, Deviation, FunctionKind, Misbehavior as Entry, Mutant, Sampler,
};
use crate::invariant::Context;
use crate::machine::{Capabilities, Machine};
use crate::scenario::{Drawing, Liars, Scenario};

use super::message::Command;
use super::{
    Ending, Misbehavior, Profile, Skeleton, Start, Syncer, World, capabilities, claims, deviations,
    drawing, endings, functions, mutants, reduce, samples, strategy,
};

impl Catalog for Skeleton {
    fn profiles() -> &'static [&'static str] {
        Profile::NAMES
    }

    fn reference(start: &Start) -> Box<dyn Machine<Self>> {
        Box::new(Syncer::new(start))
    }

    fn claims() -> Vec<ClaimEntry<Self>> {
        claims::all()
    }

    fn deviations() -> &'static [Deviation] {
        deviations::DEVIATIONS
    }

    fn mutants() -> &'static [Mutant<Self>] {
        mutants::ALL
    }

    fn misbehaviors() -> &'static [Entry] {
        Misbehavior::ENTRIES
    }

    fn capabilities() -> &'static [Capability] {
        capabilities::ALL
    }

    fn requires(scenario: &Scenario<Self>) -> Vec<&'static str> {
        capabilities::required(scenario)
    }

    fn strategy(profile: &str, capabilities: &Capabilities) -> BoxedStrategy<Scenario<Self>> {
        strategy::scenarios(profile, capabilities)
    }

    fn reductions(scenario: &Scenario<Self>) -> Vec<Scenario<Self>> {
        reduce::reductions(scenario)
    }

    fn labels(scenario: &Scenario<Self>, _world: &World, label: &mut dyn FnMut(&'static str)) {
        let spec = &scenario.world;
        let mut when = |is, name| {
            if is {
                label(name);
            }
        };
        when(!spec.tree.branches.is_empty(), "branches");
        when(spec.tree.length > 100, "more than 100 headers");
        when(spec.tree.length > spec.settings.batch, "more than one batch");
        when(spec.tree.length > 512 && spec.settings.batch == 512, "geth's own sizes");
        when(spec.settings.pivot_distance.is_some(), "snap sync");
        when(spec.local.head > 0, "a local chain");
        when(!spec.local.lacks.is_empty(), "blocks that are not whole");
        when(!spec.local.sides.is_empty(), "local side chains");
        when(spec.local.snap_head.is_some(), "a snap head below the local head");
        when(spec.stored.is_some(), "persisted subchains");
        when(!scenario.crashes.is_empty(), "crashes");
        let set = |command: &Command| matches!(command, Command::SetHead { .. });
        when(scenario.commands.iter().any(|c| set(&c.what)), "the local chain is changed");
        let lying = scenario.peers.iter().any(|peer| !peer.is_honest());
        when(lying && scenario.heal.liars == Liars::Stay, "liars that stay");
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
        Misbehavior::Broken { .. } => "lie: broken",
        Misbehavior::Empty {} => "lie: empty",
        Misbehavior::Forged { .. } => "lie: forged",
        Misbehavior::Late { .. } => "lie: late",
        Misbehavior::Long { .. } => "lie: long",
        Misbehavior::OtherBranch { .. } => "lie: other_branch",
        Misbehavior::OtherId {} => "lie: other_id",
        Misbehavior::Shifted { .. } => "lie: shifted",
        Misbehavior::Short { .. } => "lie: short",
        Misbehavior::Silent {} => "lie: silent",
        Misbehavior::Upward {} => "lie: upward",
    }
}
