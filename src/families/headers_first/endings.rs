use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::invariant::Context;
use crate::primitives::bitcoin::BlockHash;

use super::{Action, Event, HeadersFirst};

/// Where a run can end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// The tip of the chain.
    pub tip: BlockHash,
    /// Its height.
    pub height: u32,
}

impl Ending {
    pub(super) fn of(event: &Event) -> Option<Self> {
        match *event {
            Event::Tip { hash, height } => Some(Self { tip: hash, height }),
            _ => None,
        }
    }
}

/// The tips that a correct subject may end with: valid ones with at least the work of the best
/// honest peer's. Of equal ones any may have come first.
pub(super) fn endings(context: &Context<HeadersFirst>) -> Vec<Ending> {
    let world = &context.world;
    let mut best = world.work(world.start_tip());
    for peer in context.scenario.peers.iter().filter(|peer| peer.is_truthful()) {
        let moves = peer.actions.iter().filter_map(|action| match &action.what {
            Action::Advance { tip } => Some(tip),
            _ => None,
        });
        for place in moves.chain([&peer.has.tip]) {
            let Ok(tip) = world.place(place) else { continue };
            if world.is_valid(tip) && world.keeps_checkpoints(tip) {
                best = best.max(world.work(tip));
            }
        }
    }
    let may_end =
        |id: &_| world.is_valid(*id) && world.keeps_checkpoints(*id) && world.work(*id) >= best;
    let ending = |id| Ending { tip: world.hash(id), height: world.height(id) };
    world.ids().filter(may_end).map(ending).collect()
}
