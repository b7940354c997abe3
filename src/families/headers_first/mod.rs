//! Bitcoin block sync as btcd's `netsync` does it: as the one who syncs, and as the one who serves.

mod catalog;
mod chain;
mod claims;
mod describe;
mod deviations;
mod drawing;
mod endings;
mod family;
mod functions;
mod locator;
mod machine;
mod message;
mod misbehavior;
mod mutants;
mod peer;
#[cfg(test)]
mod properties;
mod rules;
mod samples;
mod serve;
mod strategy;
#[cfg(test)]
mod testkit;
mod world;

pub use endings::Ending;
pub use family::{HeadersFirst, Item, Missing, Progress};
pub use locator::{
    ChainView, MAX_BLOCKS_PER_INV, MAX_HEADERS_PER_MESSAGE, MAX_INVENTORY_PER_MESSAGE,
    MAX_LOCATOR_HASHES, MAX_LOCATOR_HASHES_CORE, latest_locator, locate, locator_of,
};
pub use machine::SyncManager;
pub use message::{
    Checkpoint, Command, Event, Fault, Gauges, Hello, Inventory, InventoryKind, Message, Network,
    Profile, Reason, Start,
};
pub use misbehavior::Misbehavior;
pub use peer::{Action, HonestPeer, PeerSpec, Services};
pub use serve::{BlockSource, answer_get_blocks, answer_get_data, answer_get_headers};
pub use world::{BranchSpec, FlawSpec, Place, Spec, World};
