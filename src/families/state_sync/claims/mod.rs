//! What must hold in every run of a correct state sync, checked from the world and the trace alone.

mod again;
mod batch;
mod capacity;
mod complete;
mod counted;
mod failure;
mod idle;
mod order;
mod pivot;
mod present;
mod provenance;
mod quiet;
mod stalling;
mod stop;
mod there;
mod watch;

use crate::families::ClaimEntry;
use crate::invariant::generic;

use super::StateSync;

/// The claims of all families, then those of this one.
pub(super) fn all() -> Vec<ClaimEntry<StateSync>> {
    vec![
        ClaimEntry { claim: &generic::NEVER_PANICS_OR_HANGS, make: generic::never_panics_or_hangs },
        ClaimEntry {
            claim: &generic::REQUEST_TO_CONNECTED_PEER,
            make: generic::request_to_connected_peer,
        },
        ClaimEntry { claim: &generic::REQUEST_WITHIN_LIMITS, make: generic::request_within_limits },
        ClaimEntry { claim: &generic::ONE_REQUEST_PER_PEER, make: generic::one_request_per_peer },
        ClaimEntry {
            claim: &generic::NO_DUPLICATE_IN_FLIGHT,
            make: generic::no_duplicate_in_flight,
        },
        ClaimEntry { claim: &generic::HONEST_PEER_KEPT, make: generic::honest_peer_kept },
        ClaimEntry {
            claim: &generic::LIE_NEVER_BECOMES_PROGRESS,
            make: generic::lie_never_becomes_progress,
        },
        ClaimEntry { claim: &generic::MEMORY_BOUNDED, make: generic::memory_bounded },
        ClaimEntry { claim: &there::DROPPED_PEER_WAS_THERE, make: there::make },
        ClaimEntry { claim: &batch::CHILDREN_BEFORE_PARENTS, make: batch::make },
        ClaimEntry { claim: &complete::FINISHED_STATE_COMPLETE, make: complete::make },
        ClaimEntry { claim: &provenance::STORED_WAS_ASKED_FOR, make: provenance::make },
        ClaimEntry { claim: &again::STORED_IS_NOT_ASKED_AGAIN, make: again::make },
        ClaimEntry { claim: &present::ASKED_FOR_THE_PRESENT_STATE, make: present::make },
        ClaimEntry { claim: &stop::STOP_LOSES_NOTHING, make: stop::make },
        ClaimEntry { claim: &pivot::PIVOT_ONLY_FORWARD, make: pivot::make_forward },
        ClaimEntry { claim: &pivot::PIVOT_BY_THE_RULE, make: pivot::make_rule },
        ClaimEntry { claim: &pivot::STALE_PIVOT_MOVES, make: pivot::make_stale },
        ClaimEntry { claim: &failure::FAILURE_IS_JUSTIFIED, make: failure::make_justified },
        ClaimEntry { claim: &failure::HOPELESS_SYNC_FAILS, make: failure::make_hopeless },
        ClaimEntry { claim: &stalling::STALLING_PEER_DROPPED, make: stalling::make },
        ClaimEntry { claim: &capacity::USELESS_PEER_ASKED_LEAST, make: capacity::make },
        ClaimEntry { claim: &idle::PEERS_IDLE_AT_THE_END, make: idle::make },
        ClaimEntry { claim: &counted::WRITTEN_ENTRIES_COUNTED, make: counted::make },
        ClaimEntry { claim: &order::DEEPEST_FIRST, make: order::make },
        ClaimEntry { claim: &generic::NO_LOST_REQUEST, make: generic::no_lost_request },
        ClaimEntry { claim: &generic::CONVERGENCE, make: generic::convergence },
        ClaimEntry { claim: &generic::STAYS_CONVERGED, make: generic::stays_converged },
        ClaimEntry { claim: &generic::QUIET_WHEN_DONE, make: quiet::make },
    ]
}
