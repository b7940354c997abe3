//! Ethereum's beacon header sync as geth's skeleton does it: headers from an announced head
//! backwards, in subchains that link, merge and are filled.
//!
//! ```text
//!   announced head ──> primary subchain ... gap ... older subchain ... gap ... local chain
//!                      [head .. tail] <─ next      [head .. tail]              [.. genesis]
//!                                     <── scratch space: batches of headers from many peers
//! ```

mod backfiller;
mod capabilities;
mod capacity;
mod catalog;
mod claims;
mod deviations;
mod drawing;
mod endings;
mod family;
mod fault;
mod functions;
mod local;
mod machine;
mod message;
mod misbehavior;
mod mutants;
mod peer;
mod profile;
mod reduce;
mod samples;
mod scratch;
mod status;
mod store;
mod strategy;
mod subchains;
mod world;

pub use backfiller::Backfiller;
pub use endings::Ending;
pub use family::{Progress, Skeleton};
pub use functions::{
    BoundsShape, ChainShape, DroppedPeer, Label, Labels, Lack, LocalShape, OwnHeader, OwnShape,
    SideShape, StepOutcome, StoredShape, SubchainShape, TablePeer, TableStep, TransitionGiven,
    TransitionResult, transition,
};
pub use local::LocalChain;
pub use machine::Syncer;
pub use message::{
    BoundsAnswer, Command, CycleEnd, Event, Gauges, HeadAnswer, Hello, LocalBlock, LocalStart,
    Message, Part, Reason, Start,
};
pub use misbehavior::Misbehavior;
pub use peer::{Action, Peer, PeerSpec};
pub use profile::{Profile, Settings};
pub use scratch::Scratch;
pub use status::{Status, Subchain};
pub use store::{Batch, Store};
pub use subchains::{CleanError, Consumed, Subchains};
pub use world::{LackSpec, LocalSpec, SideSpec, Spec, StoredChainSpec, StoredSpec, World};

use fault::Fault;
