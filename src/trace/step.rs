use crate::machine::{Family, Input, Millis, Output, PeerId, Time};
use crate::scenario::FaultKind;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<F: Family> {
    /// Counts the steps of a run from 0.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// The step that brought this one about.
    pub cause: Option<u64>,
    /// What.
    pub what: What<F>,
}

/// What can happen in a run.
#[derive(Clone, Debug, PartialEq)]
pub enum What<F: Family> {
    /// The subject's process died and came back after this long.
    Crashed {
        /// How long it was away.
        down: Millis,
    },
    /// A peer's own doing: an action of its plan.
    Acted {
        /// The peer.
        peer: PeerId,
        /// What it did.
        action: F::Action,
    },
    /// An input was delivered to the subject.
    In {
        /// The input.
        input: Input<F>,
        /// For a message: the lie in it, if there is one, as an index into the peer's lies.
        lie: Option<usize>,
        /// For a message: the fault that changed or repeated it.
        fault: Option<FaultKind>,
        /// For the end of a connection: who closed it.
        closer: Option<Closer>,
    },
    /// The network was repaired.
    Healed,
    /// A message did not reach its receiver.
    Lost {
        /// The peer at the other end.
        peer: PeerId,
        /// What was lost.
        message: F::Message,
        /// Whether the subject had sent it.
        from_subject: bool,
        /// Why.
        loss: Loss,
    },
    /// The subject did something.
    Out {
        /// What it did.
        output: Output<F>,
        /// Whether the peer that it concerns was connected.
        connected: bool,
    },
}

/// Who closed a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closer {
    /// The peer left.
    Peer,
    /// The subject dropped it.
    Subject,
}

/// Why a message was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The connection was gone when it would have arrived.
    Disconnected,
    /// A fault of the plan.
    Fault,
}
