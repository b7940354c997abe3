use crate::families::ClaimEntry;
use crate::families::headers_first::HeadersFirst;
use crate::invariant::generic;
use crate::invariant::{Claim, Context, Invariant};

use super::{checkpoints, drops, links, locators, relay, repeats, replies, tips};

/// All claims of the family. Those that judge the end come last, and of them the ones that
/// explain a failure come before `convergence`, which only states it.
pub(in crate::families::headers_first) fn claims() -> Vec<ClaimEntry<HeadersFirst>> {
    vec![
        entry(&links::HEADERS_LINK, links::headers_link),
        entry(&checkpoints::CHECKPOINT_HELD, checkpoints::checkpoint_held),
        entry(&checkpoints::CHECKPOINT_LIAR_DROPPED, checkpoints::checkpoint_liar_dropped),
        entry(&tips::TIP_HAS_MOST_WORK, tips::tip_has_most_work),
        entry(&drops::UNREQUESTED_BLOCK_DROPS, drops::unrequested_block_drops),
        entry(&drops::UNREQUESTED_HEADERS_DROP, drops::unrequested_headers_drop),
        entry(&locators::LOCATOR_DESCENDS, locators::locator_descends),
        entry(&locators::LOCATOR_EXACT, locators::locator_exact),
        entry(&repeats::NO_REPEATED_REQUEST, repeats::no_repeated_request),
        entry(&replies::REPLIES_EXACT, replies::replies_exact),
        entry(&relay::NO_ECHO, relay::no_echo),
        entry(&relay::RELAYS_WHEN_CURRENT, relay::relays_when_current),
        entry(&generic::NEVER_PANICS_OR_HANGS, generic::never_panics_or_hangs),
        entry(&generic::REQUEST_TO_CONNECTED_PEER, generic::request_to_connected_peer),
        entry(&generic::REQUEST_WITHIN_LIMITS, generic::request_within_limits),
        entry(&generic::NO_DUPLICATE_IN_FLIGHT, generic::no_duplicate_in_flight),
        entry(&generic::IN_FLIGHT_BOUNDED, generic::in_flight_bounded),
        entry(&generic::MEMORY_BOUNDED, generic::memory_bounded),
        entry(&generic::HONEST_PEER_KEPT, generic::honest_peer_kept),
        entry(&generic::LIE_NEVER_BECOMES_PROGRESS, generic::lie_never_becomes_progress),
        entry(&generic::RESTART_LOSES_NOTHING, generic::restart_loses_nothing),
        entry(&generic::STAYS_CONVERGED, generic::stays_converged),
        entry(&generic::QUIET_WHEN_DONE, generic::quiet_when_done),
        entry(&generic::NO_LOST_REQUEST, generic::no_lost_request),
        entry(&generic::CONVERGENCE, generic::convergence),
    ]
}

fn entry(
    claim: &'static Claim,
    make: fn(&Context<HeadersFirst>) -> Box<dyn Invariant<HeadersFirst>>,
) -> ClaimEntry<HeadersFirst> {
    ClaimEntry { claim, make }
}
