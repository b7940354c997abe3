//! The claims that hold for all families of sync protocols, over projections that each family
//! gives: what a message asks for, what it answers, what is missing.
//!
//! Each module has a claim and a function that makes its fold.

mod alive;
mod convergence;
mod duplicate;
mod honest;
mod lies;
mod limits;
mod lost;
mod quiet;
mod restart;
mod target;
mod turns;

pub use alive::{NEVER_PANICS_OR_HANGS, never_panics_or_hangs};
pub use convergence::{CONVERGENCE, STAYS_CONVERGED, convergence, stays_converged};
pub use duplicate::{NO_DUPLICATE_IN_FLIGHT, no_duplicate_in_flight};
pub use honest::{HONEST_PEER_KEPT, honest_peer_kept};
pub use lies::{LIE_NEVER_BECOMES_PROGRESS, lie_never_becomes_progress};
pub use limits::{
    IN_FLIGHT_BOUNDED, MEMORY_BOUNDED, REQUEST_WITHIN_LIMITS, in_flight_bounded, memory_bounded,
    request_within_limits,
};
pub use lost::{NO_LOST_REQUEST, no_lost_request};
pub use quiet::{QUIET_WHEN_DONE, quiet_when_done};
pub use restart::{RESTART_LOSES_NOTHING, restart_loses_nothing};
pub use target::{REQUEST_TO_CONNECTED_PEER, request_to_connected_peer};
pub use turns::{ONE_REQUEST_PER_PEER, one_request_per_peer};
