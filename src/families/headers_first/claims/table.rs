use crate::families::ClaimEntry;
use crate::families::headers_first::HeadersFirst;
use crate::invariant::generic;

use super::{checkpoints, drops, links, locators, relay, repeats, replies, tips};

/// All claims of the family. Those that judge the end come last, and of them the ones that
/// explain a failure come before `convergence`, which only states it.
pub(in crate::families::headers_first) fn claims() -> Vec<ClaimEntry<HeadersFirst>> {
    vec![
        ClaimEntry::new(&links::HEADERS_LINK, links::headers_link),
        ClaimEntry::new(&checkpoints::CHECKPOINT_HELD, checkpoints::checkpoint_held),
        ClaimEntry::new(
            &checkpoints::CHECKPOINT_LIAR_DROPPED,
            checkpoints::checkpoint_liar_dropped,
        ),
        ClaimEntry::new(&tips::TIP_HAS_MOST_WORK, tips::tip_has_most_work),
        ClaimEntry::new(&drops::UNREQUESTED_BLOCK_DROPS, drops::unrequested_block_drops),
        ClaimEntry::new(&drops::UNREQUESTED_HEADERS_DROP, drops::unrequested_headers_drop),
        ClaimEntry::new(&locators::LOCATOR_DESCENDS, locators::locator_descends),
        ClaimEntry::new(&locators::LOCATOR_EXACT, locators::locator_exact),
        ClaimEntry::new(&repeats::NO_REPEATED_REQUEST, repeats::no_repeated_request),
        ClaimEntry::new(&replies::REPLIES_EXACT, replies::replies_exact),
        ClaimEntry::new(&replies::MISSING_IS_TOLD, replies::missing_is_told),
        ClaimEntry::new(&relay::NO_ECHO, relay::no_echo),
        ClaimEntry::new(&relay::RELAYS_WHEN_CURRENT, relay::relays_when_current),
        ClaimEntry::new(&relay::NOT_RELAYED_WHILE_BEHIND, relay::not_relayed_while_behind),
        ClaimEntry::new(&generic::NEVER_PANICS_OR_HANGS, generic::never_panics_or_hangs),
        ClaimEntry::new(&generic::REQUEST_TO_CONNECTED_PEER, generic::request_to_connected_peer),
        ClaimEntry::new(&generic::REQUEST_WITHIN_LIMITS, generic::request_within_limits),
        ClaimEntry::new(&generic::NO_DUPLICATE_IN_FLIGHT, generic::no_duplicate_in_flight),
        ClaimEntry::new(&generic::IN_FLIGHT_BOUNDED, generic::in_flight_bounded),
        ClaimEntry::new(&generic::MEMORY_BOUNDED, generic::memory_bounded),
        ClaimEntry::new(&generic::HONEST_PEER_KEPT, generic::honest_peer_kept),
        ClaimEntry::new(&generic::LIE_NEVER_BECOMES_PROGRESS, generic::lie_never_becomes_progress),
        ClaimEntry::new(&generic::RESTART_LOSES_NOTHING, generic::restart_loses_nothing),
        ClaimEntry::new(&generic::STAYS_CONVERGED, generic::stays_converged),
        ClaimEntry::new(&generic::QUIET_WHEN_DONE, generic::quiet_when_done),
        ClaimEntry::new(&generic::NO_LOST_REQUEST, generic::no_lost_request),
        ClaimEntry::new(&generic::CONVERGENCE, generic::convergence),
    ]
}
