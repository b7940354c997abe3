use crate::families::ClaimEntry;
use crate::families::state_sync::StateSync;
use crate::invariant::generic;

use super::{
    again, batch, capacity, complete, counted, failure, idle, order, pivot, present, provenance,
    quiet, stalling, stop, there,
};

/// The claims of all families, then those of this one.
pub(in crate::families::state_sync) fn all() -> Vec<ClaimEntry<StateSync>> {
    vec![
        ClaimEntry::new(&generic::NEVER_PANICS_OR_HANGS, generic::never_panics_or_hangs),
        ClaimEntry::new(&generic::REQUEST_TO_CONNECTED_PEER, generic::request_to_connected_peer),
        ClaimEntry::new(&generic::REQUEST_WITHIN_LIMITS, generic::request_within_limits),
        ClaimEntry::new(&generic::ONE_REQUEST_PER_PEER, generic::one_request_per_peer),
        ClaimEntry::new(&generic::NO_DUPLICATE_IN_FLIGHT, generic::no_duplicate_in_flight),
        ClaimEntry::new(&generic::HONEST_PEER_KEPT, generic::honest_peer_kept),
        ClaimEntry::new(&generic::LIE_NEVER_BECOMES_PROGRESS, generic::lie_never_becomes_progress),
        ClaimEntry::new(&generic::MEMORY_BOUNDED, generic::memory_bounded),
        ClaimEntry::new(&there::DROPPED_PEER_WAS_THERE, there::make),
        ClaimEntry::new(&batch::CHILDREN_BEFORE_PARENTS, batch::make),
        ClaimEntry::new(&complete::FINISHED_STATE_COMPLETE, complete::make),
        ClaimEntry::new(&provenance::STORED_WAS_ASKED_FOR, provenance::make),
        ClaimEntry::new(&again::STORED_IS_NOT_ASKED_AGAIN, again::make),
        ClaimEntry::new(&present::ASKED_FOR_THE_PRESENT_STATE, present::make),
        ClaimEntry::new(&stop::STOP_LOSES_NOTHING, stop::make),
        ClaimEntry::new(&pivot::PIVOT_ONLY_FORWARD, pivot::make_forward),
        ClaimEntry::new(&pivot::PIVOT_BY_THE_RULE, pivot::make_rule),
        ClaimEntry::new(&pivot::STALE_PIVOT_MOVES, pivot::make_stale),
        ClaimEntry::new(&failure::FAILURE_IS_JUSTIFIED, failure::make_justified),
        ClaimEntry::new(&failure::HOPELESS_SYNC_FAILS, failure::make_hopeless),
        ClaimEntry::new(&stalling::STALLING_PEER_DROPPED, stalling::make),
        ClaimEntry::new(&capacity::USELESS_PEER_ASKED_LEAST, capacity::make),
        ClaimEntry::new(&idle::PEERS_IDLE_AT_THE_END, idle::make),
        ClaimEntry::new(&counted::WRITTEN_ENTRIES_COUNTED, counted::make),
        ClaimEntry::new(&order::DEEPEST_FIRST, order::make),
        ClaimEntry::new(&generic::NO_LOST_REQUEST, generic::no_lost_request),
        ClaimEntry::new(&generic::CONVERGENCE, generic::convergence),
        ClaimEntry::new(&generic::STAYS_CONVERGED, generic::stays_converged),
        ClaimEntry::new(&generic::QUIET_WHEN_DONE, quiet::make),
    ]
}
