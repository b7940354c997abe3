use std::collections::BTreeMap;
use std::sync::Arc;

use crate::families::tipset_sync::family::TipsetSync;
use crate::families::tipset_sync::message::Message;
use crate::families::tipset_sync::peer::Action;
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{FastSet, Input, PeerId, Time};
use crate::primitives::filecoin::{Block, Cid, Construction, Tipset, TipsetKey};
use crate::scenario::PeerPlan;
use crate::trace::{Step, What};

use super::view::{ChainView, event_of};

/// The head does not depend on what came first.
pub static HEAD_INDEPENDENT_OF_ORDER: Claim = Claim {
    id: "head-independent-of-order",
    summary: "In the end the head is the best tipset that validated blocks make: the heaviest, \
              and of equal ones that with the smaller ticket.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "Nodes that know the same valid blocks must agree on the head, or the network splits by \
          the order in which blocks arrive.",
    exceptions: "Forest keeps the head that it has at equal weight (0.39.0 has no rule for ties); \
                 ties are not looked at in its profile. What is beyond finality or a checkpoint \
                 does not count.",
    source: "FIP-0023; FRC-0051; Lotus #7378: equal weights kept the first seen; Lotus #12253",
};

/// What can be synced and is heaviest is synced.
pub static HEAVIEST_TARGET_SYNCED: Claim = Claim {
    id: "heaviest-target-synced",
    summary: "In the end nothing that was announced, is valid and is held by an honest peer is \
              better than the head, whatever failed before it.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "An announced valid chain that is heavier is the chain; no failure of another one changes \
          that.",
    exceptions: "What no honest peer holds to the end, what is too far ahead of the clock, and \
                 what leaves finality or a checkpoint.",
    source: "Venus #5771 (open): a failed heavier target bars later honest ones; Lotus #4541; \
             Venus #4379: pending work replaced",
};

/// Checks the head at the end against all validated blocks.
pub fn head_independent_of_order(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Best { view: ChainView::new(context), judged: 0 })
}

/// Checks the head at the end against all that was announced.
pub fn heaviest_target_synced(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Announced {
        context: context.clone(),
        view: ChainView::new(context),
        announced: FastSet::default(),
        told: BTreeMap::new(),
        judged: 0,
    })
}

struct Best {
    view: ChainView,
    judged: u64,
}

impl Invariant<TipsetSync> for Best {
    fn claim(&self) -> &'static Claim {
        &HEAD_INDEPENDENT_OF_ORDER
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        if let Some(event) = event_of(step) {
            self.view.note(event);
        }
        Ok(())
    }

    fn finish(&mut self, end: &End<'_, TipsetSync>) -> Result<(), Violation> {
        if end.healed_at.is_none() || end.fell_back.is_some() {
            return Ok(());
        }
        let world = &self.view.world;
        for tipset in self.formable() {
            self.judged += 1;
            if world.is_ahead(&self.view.head, &self.view.past(), &tipset) {
                return Err(Violation::new(
                    &HEAD_INDEPENDENT_OF_ORDER,
                    format!("the head is {}, or better", world.name(tipset.key())),
                    world.name(self.view.head.key()),
                ));
            }
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Best {
    /// The largest tipsets that the blocks of validated ones make, without those of miners that
    /// have two at a height.
    fn formable(&self) -> Vec<Arc<Tipset>> {
        let tipsets: Vec<Arc<Tipset>> =
            self.view.validated.iter().filter_map(|key| self.view.world.tipset(key)).collect();
        let blocks = tipsets.iter().flat_map(|tipset| tipset.blocks());
        let mut groups: BTreeMap<(i64, &[Cid]), Vec<Arc<Block>>> = BTreeMap::new();
        // A second block may be known though its tipset failed.
        for block in blocks.filter(|block| self.view.world.tree.is_only_block(block)) {
            let header = block.header();
            let group = groups.entry((header.height, &header.parents)).or_default();
            if !group.iter().any(|known| known.cid() == block.cid()) {
                group.push(Arc::clone(block));
            }
        }
        let form = |group: Vec<_>| Tipset::new(group, Construction::Strict).ok().map(Arc::new);
        groups.into_values().filter_map(form).collect()
    }
}

struct Announced {
    context: Context<TipsetSync>,
    view: ChainView,
    /// The blocks that were gossiped.
    announced: FastSet<TipsetKey>,
    /// The head in the last hello of each peer.
    told: BTreeMap<PeerId, TipsetKey>,
    judged: u64,
}

impl Invariant<TipsetSync> for Announced {
    fn claim(&self) -> &'static Claim {
        &HEAVIEST_TARGET_SYNCED
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        match &step.what {
            What::In {
                input: Input::Message { message: Message::Gossip { block }, .. }, ..
            } => {
                self.announced.insert(TipsetKey::new(&[block.header.cid()]));
            }
            What::In {
                input: Input::Message { peer, message: Message::Hello { head, .. } },
                ..
            } => {
                self.told.insert(*peer, head.clone());
            }
            // A node forgets its targets when it dies.
            What::Crashed { .. } => {
                self.announced.clear();
                self.told.clear();
            }
            _ => {}
        }
        if let Some(event) = event_of(step) {
            self.view.note(event);
        }
        Ok(())
    }

    fn finish(&mut self, end: &End<'_, TipsetSync>) -> Result<(), Violation> {
        if end.healed_at.is_none() || end.fell_back.is_some() || end.pending.is_some() {
            return Ok(());
        }
        let world = &self.view.world;
        let held = |key: &&TipsetKey| {
            world.tipset(key).is_some_and(|tipset| self.is_held(&tipset, end.honest, end.at))
        };
        let told = end.honest.iter().filter_map(|peer| self.told.get(peer));
        let announced: Vec<&TipsetKey> = self.announced.iter().filter(held).chain(told).collect();
        self.judged += announced.len() as u64;
        for key in announced {
            let Some(tipset) = world.tipset(key) else { continue };
            if world.must_follow(&self.view.head, &self.view.past(), &tipset) {
                return Err(Violation::new(
                    &HEAVIEST_TARGET_SYNCED,
                    format!("the head is {}, which was announced, or better", world.name(key)),
                    world.name(self.view.head.key()),
                ));
            }
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Announced {
    /// Whether an honest peer has the tipset at the end.
    fn is_held(&self, tipset: &Tipset, honest: &[PeerId], now: Time) -> bool {
        let plans = self.context.scenario.peers.iter().filter(|plan| honest.contains(&plan.id));
        plans.filter(|plan| !plan.has.operator).any(|plan| self.holds(plan, tipset, now))
    }

    fn holds(&self, plan: &PeerPlan<TipsetSync>, tipset: &Tipset, now: Time) -> bool {
        let tree = &self.view.world.tree;
        let learnt = plan.actions.iter().filter(|action| action.at_ms <= now.as_millis());
        let learnt = learnt.filter_map(|action| match &action.what {
            Action::Gossip { tipset } | Action::Move { tipset } => Some(tipset),
            _ => None,
        });
        let paths: Vec<_> = std::iter::once(plan.has.tip.as_ref())
            .chain(learnt.map(Some))
            .map(|at| tree.path(at))
            .collect();
        tipset.key().iter().all(|cid| {
            let block = tree.block(cid);
            block.is_some_and(|block| {
                paths.iter().any(|path| path.passes(block.branch, block.index))
            })
        })
    }
}
