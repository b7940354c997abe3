//! The vocabulary of a run: what a family of sync protocols is, what goes into a sync machine and
//! what comes out of it.
//!
//! A machine has no clock, no socket and no randomness of its own. It is told what happens by
//! [`Input`]s, answers with [`Output`]s, and names one instant at which it wants to be woken.
//!
//! ```text
//!            Input: Connected, Message, Command, Deadline, Disconnected
//!  engine ─────────────────────────────────────────────────────────────> machine
//!         <─────────────────────────────────────────────────────────────
//!            Output: Send, Disconnect, Event, Dial, Refuse
//! ```
//!
//! The parameter of all types is the *family marker*, not the machine: a reference machine, a
//! mutant of it, a user's type and a child process are all a [`Subject`] of the same family.

mod capabilities;
mod family;
mod io;
mod peer;
mod subject;
mod table;
mod time;
mod words;

pub use capabilities::Capabilities;
pub use family::{Data, Family, OverMemory, PeerModel, Replies, Reply, Role, SpecError};
pub use io::{Dialer, Input, Outbox, Output};
pub use peer::PeerId;
pub use subject::{Advance, Machine, Observes, Subject, SubjectError};
pub use table::{FastMap, FastSet, LookupMap, LookupSet};
pub use time::{Millis, Time};
pub use words::Words;
