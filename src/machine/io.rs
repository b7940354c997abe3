use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Family, PeerId};

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
    /// Send a message.
    Send {
        /// Who shall receive it.
        peer: PeerId,
        /// What is sent.
        message: F::Message,
    },
}

/// Collects the outputs of one step, in order.
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
        self.outputs.push(Output::Send { peer, message });
    }

    /// Drops `peer` for `reason`.
    pub fn disconnect(&mut self, peer: PeerId, reason: F::Reason) {
        self.outputs.push(Output::Disconnect { peer, reason });
    }

    /// Reports `event`.
    pub fn event(&mut self, event: F::Event) {
        self.outputs.push(Output::Event { event });
    }

    /// Adds an output.
    pub fn push(&mut self, output: Output<F>) {
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
