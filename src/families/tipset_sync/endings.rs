use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::invariant::Context;
use crate::primitives::filecoin::{Block, Cid, Construction, Tipset, TipsetKey};
use crate::scenario::PeerPlan;
use crate::world::tipset::TipsetRef;

use super::{Action, Event, TipsetSync, World};

/// Of more blocks on the same parents the parts are too many to look at.
const SIBLINGS_MAX: usize = 8;

/// Where a run can end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// The head.
    pub head: TipsetKey,
}

impl Ending {
    pub(super) fn of(event: &Event) -> Option<Self> {
        match event {
            Event::HeadChanged { head, .. } => Some(Self { head: head.clone() }),
            _ => None,
        }
    }
}

/// The heads that a correct subject may end with: valid ones that are no worse than what it has at
/// the start and than what any honest peer has. More than one, where liars and gossip bring what is
/// better still. None are listed where the way there decides: where a fork may be too long, a
/// checkpoint be set, or a miner be caught with two blocks.
pub(super) fn endings(context: &Context<TipsetSync>) -> Vec<Ending> {
    let world = &context.world;
    let peers = &context.scenario.peers;
    if world.tree.equivocates() || peers.iter().any(|peer| peer.has.operator) || !is_flat(world) {
        return Vec::new();
    }
    let mut best = Arc::clone(&world.stored);
    for peer in peers.iter().filter(|peer| peer.is_truthful()) {
        let Ok(tip) = world.tree.tipset_or_genesis(last_tip(peer)) else { continue };
        if let Some(tip) = world.sure_part(&tip).filter(|tip| world.is_better(tip, &best)) {
            best = tip;
        }
    }
    heads_from(world, &best)
}

fn last_tip(peer: &PeerPlan<TipsetSync>) -> Option<&TipsetRef> {
    let mut moves = peer.actions.iter().filter_map(|action| match &action.what {
        Action::Move { tipset } => Some(tipset),
        _ => None,
    });
    moves.next_back().or(peer.has.tip.as_ref())
}

/// Whether every client goes from any chain to any other, whatever it has seen: all forks stand above
/// genesis and the checkpoint, and none is older than finality.
fn is_flat(world: &World) -> bool {
    let tops: Vec<Arc<Tipset>> = world.tree.tops().cloned().collect();
    let highest = tops.iter().map(|top| top.height()).max().unwrap_or(0);
    let lowest = world.checkpoint.height().max(1);
    let is_short = |a: &Arc<Tipset>, b: &Arc<Tipset>| {
        // Blocks of another network lead nowhere.
        let Some((ancestor, own, other)) = world.tree.fork(a, b) else { return true };
        let is_fork = own > 0 && other > 0;
        let depth = u64::try_from(highest - ancestor.height()).unwrap_or(0);
        !is_fork || (ancestor.height() >= lowest && depth <= world.spec.network.finality)
    };
    tops.iter().enumerate().all(|(i, a)| tops[..i].iter().all(|b| is_short(a, b)))
}

/// The valid tipsets that blocks of the world make and that are no worse than `best`; none, if
/// there are too many to look at.
fn heads_from(world: &World, best: &Arc<Tipset>) -> Vec<Ending> {
    let mut siblings: BTreeMap<(i64, &[Cid]), Vec<Arc<Block>>> = BTreeMap::new();
    for known in world.tree.blocks().filter(|known| known.valid) {
        let header = known.block.header();
        siblings.entry((header.height, &header.parents)).or_default().push(known.block.clone());
    }
    let form = |blocks| Tipset::new(blocks, Construction::Strict).ok().map(Arc::new);
    let may_be_head = |tipset: &Arc<Tipset>| !world.is_better(best, tipset);
    let mut heads = Vec::new();
    for blocks in siblings.into_values() {
        // Each block adds weight, so no part of a tipset is better than the whole.
        if !form(blocks.clone()).as_ref().is_some_and(may_be_head) {
            continue;
        }
        if blocks.len() > SIBLINGS_MAX {
            return Vec::new();
        }
        let part = |choice: u32| {
            let chosen = blocks.iter().enumerate().filter(|(i, _)| choice >> i & 1 == 1);
            form(chosen.map(|(_, block)| Arc::clone(block)).collect())
        };
        let parts = (1..1 << blocks.len()).filter_map(part).filter(may_be_head);
        heads.extend(parts.map(|part| Ending { head: part.key().clone() }));
    }
    heads
}
