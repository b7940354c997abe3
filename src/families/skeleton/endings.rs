use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::invariant::Context;
use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::ethereum_state::Hash32;

use super::{Action, Command, Event, Peer, Skeleton};

/// Where a run can end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// The head of the skeleton when the filler was done with all of it.
    pub filled: Hash32,
}

impl Ending {
    pub(super) fn of(event: &Event) -> Option<Self> {
        match *event {
            Event::FillerDone { head: Some(head) } => Some(Self { filled: head }),
            _ => None,
        }
    }
}

/// The last head that must be taken in, if an honest peer leads to it and nothing but heads comes
/// between.
pub(super) fn endings(context: &Context<Skeleton>) -> Vec<Ending> {
    let scenario = &context.scenario;
    if !scenario.crashes.is_empty() {
        return Vec::new();
    }
    let commands = scenario.commands.iter().map(|command| &command.what);
    let Some(head) = last_head(commands) else { return Vec::new() };
    let mut truthful = scenario.peers.iter().filter(|peer| peer.is_truthful());
    let is_led_to = truthful.any(|plan| {
        let mut has = plan.has;
        for action in &plan.actions {
            let Action::Follow { branch } = action.what;
            (has.branch, has.head) = (branch, None);
        }
        Peer::new(&context.world, &has).leads_to(head)
    });
    if is_led_to { vec![Ending { filled: head.hash() }] } else { Vec::new() }
}

/// The head that commands end with: forced, or on top of one that was. Of another it depends on the
/// moment whether it is taken.
fn last_head<'a>(commands: impl Iterator<Item = &'a Command>) -> Option<&'a SealedHeader> {
    let mut last: Option<&SealedHeader> = None;
    for command in commands {
        last = match command {
            Command::Bounds {} => last,
            Command::Head { header, force: true, .. } => Some(header),
            Command::Head { header, force: false, .. } => Some(header)
                .filter(|header| last.is_some_and(|head| header.parent() == head.hash())),
            Command::SetHead { .. } | Command::Terminate {} => return None,
        };
    }
    last
}
