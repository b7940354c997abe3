use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::invariant::Context;

use super::{Action, Event, StateSync};

/// Where a run can end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// The last block that was executed, so the head.
    pub executed: u32,
}

impl Ending {
    pub(super) fn of(event: &Event) -> Option<Self> {
        match *event {
            Event::Imported { to, .. } => Some(Self { executed: to }),
            _ => None,
        }
    }
}

/// The head of the chain, if an honest peer has all of it and all states in the end. Which pivot was
/// taken on the way there is free.
pub(super) fn endings(context: &Context<StateSync>) -> Vec<Ending> {
    let head = context.world.chain.head();
    let mut truthful = context.scenario.peers.iter().filter(|peer| peer.is_truthful());
    let has_all = truthful.any(|peer| {
        let grown = peer.actions.iter().map(|action| {
            let Action::Grow { to } = action.what;
            to
        });
        grown.chain([peer.has.head]).max() == Some(head) && peer.has.has_all_states()
    });
    if has_all { vec![Ending { executed: head }] } else { Vec::new() }
}
