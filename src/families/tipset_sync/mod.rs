//! Filecoin's tipset sync as Venus's `chainsync` does it.

mod catalog;
pub mod claims;
mod client;
mod deferred;
mod describe;
mod deviations;
mod dispatcher;
mod drawing;
mod endings;
mod family;
mod forest;
mod functions;
mod labels;
mod message;
mod misbehavior;
mod mutants;
mod node;
mod peer;
mod reduce;
mod response;
pub mod rules;
mod samples;
mod server;
mod store;
mod strategy;
mod syncer;
mod tracker;
mod wire;
mod world;

pub use endings::Ending;
pub use family::{Progress, TipsetSync};
pub use message::{
    ChainTipset, Command, CompactedMessages, Event, FullBlock, Gauges, Handshake, Message, Reason,
    Request, RequestKey, Settings, Start, SyncOutcome, status,
};
pub use misbehavior::Misbehavior;
pub use node::Node;
pub use peer::{Action, Peer, PeerSpec};
pub use response::{Mismatch, Valid, check_response};
pub use rules::Rules;
pub use world::{Past, Spec, World};
