use proptest::strategy::BoxedStrategy;

use crate::families::{Catalog, ClaimEntry, Deviation, FunctionKind, Misbehavior, Mutant, Sampler};
use crate::invariant::{Context, generic};
use crate::machine::{Capabilities, Machine};
use crate::scenario::{Drawing, Scenario};

use super::endings::Ending;
use super::family::TipsetSync;
use super::message::Start;
use super::node::Node;
use super::rules::Rules;
use super::world::World;
use super::{
    claims, deviations, drawing, endings, functions, labels, misbehavior, mutants, reduce, samples,
    strategy,
};

impl Catalog for TipsetSync {
    fn profiles() -> &'static [&'static str] {
        &Rules::PROFILES
    }

    fn reference(start: &Start) -> Box<dyn Machine<Self>> {
        Box::new(Node::new(start))
    }

    fn claims() -> Vec<ClaimEntry<Self>> {
        vec![
            ClaimEntry::new(&generic::NEVER_PANICS_OR_HANGS, generic::never_panics_or_hangs),
            ClaimEntry::new(
                &generic::REQUEST_TO_CONNECTED_PEER,
                generic::request_to_connected_peer,
            ),
            ClaimEntry::new(&generic::REQUEST_WITHIN_LIMITS, generic::request_within_limits),
            ClaimEntry::new(&generic::NO_DUPLICATE_IN_FLIGHT, generic::no_duplicate_in_flight),
            ClaimEntry::new(&generic::HONEST_PEER_KEPT, generic::honest_peer_kept),
            ClaimEntry::new(&generic::MEMORY_BOUNDED, generic::memory_bounded),
            ClaimEntry::new(&claims::ONE_BLOCK_PER_MINER, claims::one_block_per_miner),
            ClaimEntry::new(&claims::EPOCH_WINDOW, claims::epoch_window),
            ClaimEntry::new(&claims::SYNCS_BOUNDED, claims::syncs_bounded),
            ClaimEntry::new(&claims::SYNCED_ONCE, claims::synced_once),
            ClaimEntry::new(&claims::BAD_NOT_RETRIED, claims::bad_not_retried),
            ClaimEntry::new(&claims::COMPLETE_IS_VALIDATED, claims::complete_is_validated),
            ClaimEntry::new(&claims::ANSWER_MATCHES_REQUEST, claims::answer_matches_request),
            ClaimEntry::new(
                &generic::LIE_NEVER_BECOMES_PROGRESS,
                generic::lie_never_becomes_progress,
            ),
            ClaimEntry::new(&claims::VALIDATED_IN_ORDER, claims::validated_in_order),
            ClaimEntry::new(&claims::HEAD_CHANGES_BALANCE, claims::head_changes_balance),
            ClaimEntry::new(&claims::HEAD_NEVER_LIGHTER, claims::head_never_lighter),
            ClaimEntry::new(&claims::EQUIVOCATORS_LEFT_OUT, claims::equivocators_left_out),
            ClaimEntry::new(&claims::CHECKPOINT_FINAL, claims::checkpoint_final),
            ClaimEntry::new(&claims::CHECKPOINT_TAKEN, claims::checkpoint_taken),
            ClaimEntry::new(&claims::FORK_WITHIN_FINALITY, claims::fork_within_finality),
            ClaimEntry::new(&claims::HELLO_TELLS_HEAD, claims::hello_tells_head),
            ClaimEntry::new(&claims::SERVER_REPLIES_EXACT, claims::server_replies_exact),
            ClaimEntry::new(&generic::CONVERGENCE, generic::convergence),
            ClaimEntry::new(&generic::STAYS_CONVERGED, generic::stays_converged),
            ClaimEntry::new(&claims::HEAVIEST_TARGET_SYNCED, claims::heaviest_target_synced),
            ClaimEntry::new(&claims::HEAD_INDEPENDENT_OF_ORDER, claims::head_independent_of_order),
            ClaimEntry::new(&generic::QUIET_WHEN_DONE, generic::quiet_when_done),
        ]
    }

    fn deviations() -> &'static [Deviation] {
        deviations::DEVIATIONS
    }

    fn mutants() -> &'static [Mutant<Self>] {
        mutants::MUTANTS
    }

    fn misbehaviors() -> &'static [Misbehavior] {
        misbehavior::ENTRIES
    }

    fn strategy(profile: &str, _: &Capabilities) -> BoxedStrategy<Scenario<Self>> {
        strategy::strategy(profile)
    }

    fn reductions(scenario: &Scenario<Self>) -> Vec<Scenario<Self>> {
        reduce::reductions(scenario)
    }

    fn labels(scenario: &Scenario<Self>, world: &World, label: &mut dyn FnMut(&'static str)) {
        labels::labels(scenario, world, label);
    }

    fn drawing(scenario: &Scenario<Self>, world: &World) -> Drawing {
        drawing::drawing(scenario, world)
    }

    fn functions() -> Vec<FunctionKind> {
        functions::kinds()
    }

    fn samplers() -> Vec<Sampler> {
        samples::samplers()
    }

    fn endings(context: &Context<Self>) -> Vec<Ending> {
        endings::endings(context)
    }
}
