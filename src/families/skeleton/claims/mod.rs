//! What must hold in every run of a skeleton sync, derived from world and trace.

mod filling;
mod growth;
mod heads;
mod ledger;
mod pivot;
mod placing;
mod requests;
mod shape;
mod table;

pub(super) use table::all;
