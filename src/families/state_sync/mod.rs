//! Ethereum state sync as geth's fast sync does it: trie nodes and code by hash, with a pivot that
//! moves.

mod catalog;
mod claims;
mod downloader;
mod drawing;
mod endings;
mod family;
mod fault;
mod functions;
mod message;
mod misbehavior;
mod msgrate;
mod mutants;
mod names;
mod peer;
mod pivot;
mod position;
mod profile;
mod queue;
mod reduce;
mod registry;
mod request_index;
mod samples;
mod scheduler;
mod session;
mod store;
mod strategy;
mod tracker;
mod worker;
mod world;

pub use downloader::Downloader;
pub use endings::Ending;
pub use family::{Progress, StateSync};
pub use message::{Command, Event, Gauges, Hello, Message, Reason, Start, SyncError};
pub use misbehavior::Misbehavior;
pub use peer::{Action, Peer, PeerSpec};
pub use profile::Profile;
pub use scheduler::{FETCHES_PER_DEPTH_MAX, Missing, ProcessError, Scheduler};
pub use session::{
    FULL_BLOCKS_MIN, HEADERS_WITHHELD, Split, pivot_after_headers, pivot_after_results, pivot_of,
    split_around_pivot,
};
pub use store::{Batch, Store};
pub use world::{Spec, World};
