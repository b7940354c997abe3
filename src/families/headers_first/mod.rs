//! Bitcoin block sync as btcd's `netsync` does it.

mod message;

pub use message::{
    Checkpoint, Event, Fault, Gauges, Hello, Inventory, InventoryKind, Message, Network, Profile,
    Reason, Start,
};
