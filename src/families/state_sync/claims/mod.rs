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
mod table;
mod there;
mod watch;

pub(super) use table::all;
