use crate::families::ClaimEntry;
use crate::families::skeleton::Skeleton;
use crate::invariant::generic;

use super::{filling, growth, heads, pivot, placing, requests, shape};

/// All claims. Those that judge the end come last.
pub(in crate::families::skeleton) fn all() -> Vec<ClaimEntry<Skeleton>> {
    vec![
        ClaimEntry::new(&placing::LOADS_WHAT_IS_PERSISTED, placing::loads),
        ClaimEntry::new(&placing::HEAD_PLACED_RIGHTLY, placing::placed_rightly),
        ClaimEntry::new(&growth::GROWS_FROM_THE_TAIL, growth::grows),
        ClaimEntry::new(&growth::LINKS_EXACTLY, growth::links),
        ClaimEntry::new(&growth::MERGES_EXACTLY, growth::merges),
        ClaimEntry::new(&shape::SUBCHAINS_WELL_FORMED, shape::well_formed),
        ClaimEntry::new(&requests::GENESIS_NOT_ASKED, requests::genesis),
        ClaimEntry::new(&requests::BATCH_FROM_THE_GRID, requests::grid),
        ClaimEntry::new(&requests::DROPPED_FOR_CAUSE, requests::cause),
        ClaimEntry::new(&requests::BATCH_ASKED_ONCE, requests::once),
        ClaimEntry::new(&requests::PEER_ASKED_ONCE, requests::peer_once),
        ClaimEntry::new(&requests::IDLE_PEER_ASKED, requests::idle),
        ClaimEntry::new(&filling::FILLS_ONLY_WHEN_LINKED, filling::only_when_linked),
        ClaimEntry::new(&filling::FILLS_THE_SKELETON, filling::the_skeleton),
        ClaimEntry::new(&filling::CLEANS_WHAT_IS_FILLED, filling::cleans),
        ClaimEntry::new(&filling::BOUNDS_CONSISTENT, filling::bounds),
        ClaimEntry::new(&pivot::PIVOT_FOLLOWS_THE_HEAD, pivot::follows),
        ClaimEntry::new(&generic::NEVER_PANICS_OR_HANGS, generic::never_panics_or_hangs),
        ClaimEntry::new(&generic::REQUEST_TO_CONNECTED_PEER, generic::request_to_connected_peer),
        ClaimEntry::new(&generic::REQUEST_WITHIN_LIMITS, generic::request_within_limits),
        ClaimEntry::new(&generic::MEMORY_BOUNDED, generic::memory_bounded),
        ClaimEntry::new(&generic::HONEST_PEER_KEPT, generic::honest_peer_kept),
        ClaimEntry::new(&generic::LIE_NEVER_BECOMES_PROGRESS, generic::lie_never_becomes_progress),
        ClaimEntry::new(&generic::STAYS_CONVERGED, generic::stays_converged),
        ClaimEntry::new(&generic::QUIET_WHEN_DONE, generic::quiet_when_done),
        ClaimEntry::new(&generic::NO_LOST_REQUEST, generic::no_lost_request),
        ClaimEntry::new(&heads::TAKEN_HEAD_KEPT, heads::kept),
        ClaimEntry::new(&generic::CONVERGENCE, heads::convergence),
    ]
}
