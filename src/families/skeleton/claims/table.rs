use crate::families::ClaimEntry;
use crate::families::skeleton::Skeleton;
use crate::invariant::generic;
use crate::invariant::{Claim, Context, Invariant};

use super::{filling, growth, pivot, placing, requests, shape};

/// All claims. Those that judge the end come last.
pub(in crate::families::skeleton) fn all() -> Vec<ClaimEntry<Skeleton>> {
    vec![
        entry(&placing::LOADS_WHAT_IS_PERSISTED, placing::loads),
        entry(&placing::HEAD_PLACED_RIGHTLY, placing::placed_rightly),
        entry(&growth::GROWS_FROM_THE_TAIL, growth::grows),
        entry(&growth::LINKS_EXACTLY, growth::links),
        entry(&growth::MERGES_EXACTLY, growth::merges),
        entry(&shape::SUBCHAINS_WELL_FORMED, shape::well_formed),
        entry(&requests::GENESIS_NOT_ASKED, requests::genesis),
        entry(&requests::BATCH_FROM_THE_GRID, requests::grid),
        entry(&requests::DROPPED_FOR_CAUSE, requests::cause),
        entry(&requests::BATCH_ASKED_ONCE, requests::once),
        entry(&requests::PEER_ASKED_ONCE, requests::peer_once),
        entry(&requests::IDLE_PEER_ASKED, requests::idle),
        entry(&filling::FILLS_ONLY_WHEN_LINKED, filling::only_when_linked),
        entry(&filling::FILLS_THE_SKELETON, filling::the_skeleton),
        entry(&filling::CLEANS_WHAT_IS_FILLED, filling::cleans),
        entry(&filling::BOUNDS_CONSISTENT, filling::bounds),
        entry(&pivot::PIVOT_FOLLOWS_THE_HEAD, pivot::follows),
        entry(&generic::NEVER_PANICS_OR_HANGS, generic::never_panics_or_hangs),
        entry(&generic::REQUEST_TO_CONNECTED_PEER, generic::request_to_connected_peer),
        entry(&generic::REQUEST_WITHIN_LIMITS, generic::request_within_limits),
        entry(&generic::MEMORY_BOUNDED, generic::memory_bounded),
        entry(&generic::HONEST_PEER_KEPT, generic::honest_peer_kept),
        entry(&generic::LIE_NEVER_BECOMES_PROGRESS, generic::lie_never_becomes_progress),
        entry(&generic::STAYS_CONVERGED, generic::stays_converged),
        entry(&generic::QUIET_WHEN_DONE, generic::quiet_when_done),
        entry(&generic::NO_LOST_REQUEST, generic::no_lost_request),
        entry(&generic::CONVERGENCE, generic::convergence),
    ]
}

fn entry(
    claim: &'static Claim,
    make: fn(&Context<Skeleton>) -> Box<dyn Invariant<Skeleton>>,
) -> ClaimEntry<Skeleton> {
    ClaimEntry { claim, make }
}
