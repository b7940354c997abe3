use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Family, PeerId};

/// Who has dialled a connection.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Dialer {
    /// The peer: to the subject the connection is inbound.
    #[default]
    Peer,
    /// The subject: to it the connection is outbound. Clients are choosier here: many close an
    /// outbound connection to a peer without the services that they need at the handshake.
    Subject,
}

impl Dialer {
    /// Whether it is the peer, which is not written.
    pub fn is_peer(&self) -> bool {
        *self == Self::Peer
    }
}

/// What can happen to a subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(bound = "F: Family")]
pub enum Input<F: Family> {
    /// A stimulus that comes from no peer: a new beacon head, a gossiped tipset, a mined block.
    Command {
        /// What the subject is told.
        command: F::Command,
    },
    /// A peer has finished its handshake.
    Connected {
        /// Who it is.
        peer: PeerId,
        /// What its handshake said.
        hello: F::Hello,
        /// Who has dialled; the peer, if absent.
        #[serde(default, skip_serializing_if = "Dialer::is_peer")]
        dialer: Dialer,
    },
    /// The deadline that the machine asked for has come. Only machines see this input; a subject
    /// that keeps its own timers acts in [`Subject::advance`](super::Subject::advance).
    Deadline {},
    /// The connection to a peer is gone, whoever closed it.
    Disconnected {
        /// Who is gone.
        peer: PeerId,
    },
    /// A message has arrived.
    Message {
        /// Who sent it.
        peer: PeerId,
        /// What was sent.
        message: F::Message,
    },
}

/// What a subject can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(bound = "F: Family")]
pub enum Output<F: Family> {
    /// Dial a peer; only for subjects that name [`Capabilities::DIALS`](super::Capabilities::DIALS).
    /// A peer that the plan has online is connected after a round trip, with
    /// [`Dialer::Subject`]. One that is away is not: [`Input::Disconnected`] comes after a second.
    /// Dialling a peer that is connected, or that is being dialled, does nothing.
    Dial {
        /// Who is dialled.
        peer: PeerId,
    },
    /// Close the connection to a peer. The engine confirms it with [`Input::Disconnected`].
    Disconnect {
        /// Who is dropped.
        peer: PeerId,
        /// Why.
        reason: F::Reason,
    },
    /// Report progress.
    Event {
        /// What was achieved.
        event: F::Event,
    },
    /// Have nothing more to do with a peer: at its handshake, by a ban; only for subjects that name
    /// [`Capabilities::DIALS`](super::Capabilities::DIALS). Its connection is closed, if there is
    /// one, as by [`Output::Disconnect`], and it does not come back unless it is dialled.
    ///
    /// To a claim it is a drop like any other, to be judged by its cause: [`Output::dropped`] gives
    /// both.
    Refuse {
        /// Who is refused.
        peer: PeerId,
        /// Why.
        reason: F::Reason,
    },
    /// Send a message.
    Send {
        /// Who shall receive it.
        peer: PeerId,
        /// What is sent.
        message: F::Message,
    },
}

impl<F: Family> Output<F> {
    /// Whose connection it closes, and why.
    pub fn dropped(&self) -> Option<(PeerId, &F::Reason)> {
        match self {
            Self::Disconnect { peer, reason } | Self::Refuse { peer, reason } => {
                Some((*peer, reason))
            }
            Self::Dial { .. } | Self::Event { .. } | Self::Send { .. } => None,
        }
    }
}

/// The most outputs of one step: twice the events of the largest chains that are drawn. A machine
/// with more runs in circles.
const OUTPUTS_MAX: usize = 300_000;

/// Collects the outputs of one step, in order.
///
/// # Panics
/// All that adds an output panics at 300 000 of them: a machine that runs in circles is stopped there,
/// and its panic is a finding.
#[derive(Clone, Debug)]
pub struct Outbox<F: Family> {
    outputs: Vec<Output<F>>,
}

impl<F: Family> Outbox<F> {
    /// An empty outbox.
    pub fn new() -> Self {
        Self { outputs: Vec::new() }
    }

    /// Sends `message` to `peer`.
    pub fn send(&mut self, peer: PeerId, message: F::Message) {
        self.push(Output::Send { peer, message });
    }

    /// Drops `peer` for `reason`.
    pub fn disconnect(&mut self, peer: PeerId, reason: F::Reason) {
        self.push(Output::Disconnect { peer, reason });
    }

    /// Dials `peer`.
    pub fn dial(&mut self, peer: PeerId) {
        self.push(Output::Dial { peer });
    }

    /// Has nothing more to do with `peer` for `reason`.
    pub fn refuse(&mut self, peer: PeerId, reason: F::Reason) {
        self.push(Output::Refuse { peer, reason });
    }

    /// Reports `event`.
    pub fn event(&mut self, event: F::Event) {
        self.push(Output::Event { event });
    }

    /// Adds an output.
    pub fn push(&mut self, output: Output<F>) {
        assert!(self.outputs.len() < OUTPUTS_MAX, "more than {OUTPUTS_MAX} outputs of one step");
        self.outputs.push(output);
    }

    /// The outputs so far.
    pub fn outputs(&self) -> &[Output<F>] {
        &self.outputs
    }

    /// The outputs so far, to be edited: this is how a mutant changes what its machine does.
    pub fn outputs_mut(&mut self) -> &mut Vec<Output<F>> {
        &mut self.outputs
    }

    /// Takes all outputs out and leaves the outbox empty.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Output<F>> {
        self.outputs.drain(..)
    }

    /// Whether nothing was put in.
    pub fn is_empty(&self) -> bool {
        self.outputs.is_empty()
    }
}

impl<F: Family> Default for Outbox<F> {
    fn default() -> Self {
        Self::new()
    }
}
