use serde::{Deserialize, Serialize};

use crate::machine::{Family, Input, Output, PeerId, Time};

use super::{Step, Trace, What, text};

/// A trace without its family's types, for reports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct View {
    /// The steps in order.
    pub steps: Vec<ViewStep>,
    /// The digest of the trace.
    pub digest: String,
}

/// One step as a report sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ViewStep {
    /// Counts the steps of the run from 0.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// The step that brought this one about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
    /// The peer at the other end, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<PeerId>,
    /// Which way it went.
    pub arrow: Arrow,
    /// What it was, in words.
    pub text: String,
    /// Whether a lie or a fault is in it.
    pub hostile: bool,
}

/// Which way a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrow {
    /// A connection opens or closes.
    Connection,
    /// From the subject to the peer.
    FromSubject,
    /// Something lost on its way.
    Lost,
    /// Nothing travels.
    None,
    /// From the peer to the subject.
    ToSubject,
}

impl View {
    /// The view of a trace.
    pub fn of<F: Family>(trace: &Trace<F>) -> Self {
        let steps = trace.steps().iter().map(|step| ViewStep::of(trace.world(), step)).collect();
        Self { steps, digest: trace.digest() }
    }
}

impl ViewStep {
    fn of<F: Family>(world: &F::World, step: &Step<F>) -> Self {
        let (peer, arrow, hostile) = match &step.what {
            What::Acted { peer, .. } => (Some(*peer), Arrow::None, false),
            What::Crashed { .. } => (None, Arrow::None, true),
            What::Healed => (None, Arrow::None, false),
            What::In { input, lie, fault, .. } => {
                let hostile = lie.is_some() || fault.is_some();
                match input {
                    Input::Connected { peer, .. } | Input::Disconnected { peer } => {
                        (Some(*peer), Arrow::Connection, hostile)
                    }
                    Input::Message { peer, .. } => (Some(*peer), Arrow::ToSubject, hostile),
                    Input::Command { .. } | Input::Deadline {} => (None, Arrow::None, hostile),
                }
            }
            What::Lost { peer, .. } => (Some(*peer), Arrow::Lost, true),
            What::Out { output, .. } => match output {
                Output::Dial { peer }
                | Output::Disconnect { peer, .. }
                | Output::Refuse { peer, .. } => (Some(*peer), Arrow::Connection, false),
                Output::Send { peer, .. } => (Some(*peer), Arrow::FromSubject, false),
                Output::Event { .. } => (None, Arrow::None, false),
            },
        };
        Self {
            seq: step.seq,
            at: step.at,
            cause: step.cause,
            peer,
            arrow,
            text: text::describe(world, step),
            hostile,
        }
    }
}
