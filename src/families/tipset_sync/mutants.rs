//! Faulty nodes, each with a bug that a real client had. A mutant is the reference with one of
//! its rules changed.

mod chain;
mod exchange;
mod tracker;

use crate::families::Mutant;
use crate::machine::Machine;

use super::family::TipsetSync;
use super::message::Start;
use super::node::Node;
use super::rules::Rules;

/// All mutants.
pub(super) static MUTANTS: &[Mutant<TipsetSync>] = &[
    // The target tracker and the dispatcher.
    tracker::NEIGHBOURS_OF_ANY_WEIGHT,
    tracker::REPLACES_ANY_IDLE,
    tracker::ONE_OVER_CAPACITY,
    tracker::MERGES_EQUIVOCATOR,
    tracker::SPINS_WHEN_BUSY,
    tracker::FLOOR_STAYS_RAISED,
    tracker::REQUEUES_ACTIVE,
    tracker::DEFERS_AND_STARTS,
    tracker::DROPS_SHARED_PREFIX,
    tracker::NO_EPOCH_WINDOW,
    // Chains and heads.
    chain::FIRST_SEEN_EQUIVOCATION,
    chain::APPLIES_NEWEST_FIRST,
    chain::SWALLOWS_ERRORS,
    chain::REPEATS_INCOMING,
    chain::OWN_SIDE_UNBOUNDED,
    chain::EXPANDS_CHECKPOINT,
    chain::RETRIES_BAD,
    chain::TIE_BY_ANY_TICKET,
    chain::KEEPS_FIRST_OF_EQUALS,
    chain::ANCESTOR_WALK_STUCK,
    chain::HEIGHT_IGNORES_NULL_ROUNDS,
    chain::SUBSET_MOVES_HEAD,
    chain::WALKS_PAST_GENESIS,
    chain::LAST_SYNCED_WINS,
    chain::EARLY_IS_BAD,
    chain::SKIPS_COMMON_ANCESTOR,
    // The chain exchange.
    exchange::EMPTY_ANSWER_PANICS,
    exchange::SWAPS_MESSAGE_KINDS,
    exchange::PARTIAL_MESSAGES_PANIC,
    exchange::SIGNED_INDEX_CHECK,
    exchange::ANNOUNCER_NOT_REGISTERED,
    exchange::NULL_PANICS,
    exchange::PARTIAL_FORK_IS_TOO_LONG,
    exchange::PARTIAL_IS_FAILURE,
    exchange::HEAD_NOT_CHECKED,
    exchange::MESSAGES_NOT_CHECKED,
];

fn with(start: &Start, change: impl FnOnce(&mut Rules)) -> Box<dyn Machine<TipsetSync>> {
    let mut rules = Rules::of(&start.profile);
    change(&mut rules);
    Box::new(Node::with_rules(start, rules))
}

const PROFILE: &str = "filecoin";
