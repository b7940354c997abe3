use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::invariant::Context;
use crate::machine::Family as _;
use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::ethereum_state::Hash32;
use crate::scenario::PeerPlan;

use super::{Command, Event, Peer, Skeleton};

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

/// The last head that must be taken in, if an honest peer that stays leads to it and nothing but
/// heads comes between.
pub(super) fn endings(context: &Context<Skeleton>) -> Vec<Ending> {
    let scenario = &context.scenario;
    if !scenario.crashes.is_empty() {
        return Vec::new();
    }
    let commands = scenario.commands.iter().map(|command| &command.what);
    let Some(head) = last_head(commands) else { return Vec::new() };
    let mut peers = scenario.peers.iter();
    let Some(higher) = higher_heads(context, head) else { return Vec::new() };
    let is_led_to = peers.any(|plan| {
        let peer = Peer::new(&context.world, &plan.has);
        peer.leads_to(head) && plan.is_truthful() && stays(context, plan, &peer)
    });
    if !is_led_to {
        return Vec::new();
    }
    let filled = std::iter::once(head.hash()).chain(higher);
    filled.map(|filled| Ending { filled }).collect()
}

/// The heads above the last one, on the same chain, that a subject may have filled: it may skip the
/// last one then. `None` if there is one on another chain: geth loses the last head for it at times
/// (see the deviations).
fn higher_heads(context: &Context<Skeleton>, last: &SealedHeader) -> Option<Vec<Hash32>> {
    let (world, spec) = (&context.world, &context.scenario.world);
    let announced = context.scenario.commands.iter().filter_map(|command| match &command.what {
        Command::Head { header, .. } => world.tree.find(&header.hash()),
        _ => None,
    });
    let stored = spec.stored.iter().flat_map(|stored| &stored.subchains);
    let stored = stored.map(|chain| (chain.branch, chain.head));
    let local = &spec.local;
    let filled = (local.branch, local.snap_head.unwrap_or(local.head));
    let sides = local.sides.iter().map(|side| (side.branch, side.head));
    let all = announced.chain(stored).chain(sides).chain([filled, (local.branch, local.head)]);
    let mut higher = Vec::new();
    for (branch, number) in all.filter(|(_, number)| *number >= last.number()) {
        if !world.tree.is_on(branch, last.number(), &last.hash()) {
            return None;
        }
        let hash = world.tree.header(branch, number)?.hash();
        if hash != last.hash() && !higher.contains(&hash) {
            higher.push(hash);
        }
    }
    Some(higher)
}

/// Whether a peer is there in the end: it is prompt, and is on the branch of all that it can be
/// asked for. One on another branch is dropped for that, and need not come back.
fn stays(context: &Context<Skeleton>, plan: &PeerPlan<Skeleton>, peer: &Peer) -> bool {
    let world = &context.world;
    let leads_to_all = || {
        context.scenario.commands.iter().all(|command| match &command.what {
            Command::Head { header, .. } => peer.leads_to(header),
            _ => true,
        })
    };
    let is_prompt = plan.has.think_ms <= 1_000 && plan.has.head.is_none();
    Skeleton::must_keep(world, &plan.has)
        || (is_prompt
            && plan.actions.is_empty()
            && context.scenario.world.stored.is_none()
            && leads_to_all())
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
