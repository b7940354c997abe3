use std::sync::Arc;

use crate::families::tipset_sync::family::TipsetSync;
use crate::families::tipset_sync::message::{Event, Message};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{FastSet, Input};
use crate::primitives::filecoin::{Tipset, TipsetKey};
use crate::trace::{Step, What};

use super::view::{ChainView, event_of};

/// How many epochs below a head that lost a block the next best is looked for (Venus
/// `pkg/chain/store.go` RefreshHeaviestTipSet).
const SEARCH_BELOW: i64 = 4;

/// What is reverted and applied makes the new chain out of the old one.
pub static HEAD_CHANGES_BALANCE: Claim = Claim {
    id: "head-changes-balance",
    summary: "A move of the head reverts our chain from the head down and applies the new one \
              upwards, without a gap, a repetition or a detour.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "Whoever follows a node applies and reverts in the order in which it is told. A gap or a \
          wrong order leaves them with a state that is no chain's.",
    exceptions: "A move back and forth may be told as one, or as several moves.",
    source: "Venus #4252, Lotus #636: applied newest first; Forest #6732: reverts not published",
};

/// The head only becomes heavier.
pub static HEAD_NEVER_LIGHTER: Claim = Claim {
    id: "head-never-lighter",
    summary: "The head never moves to a lighter tipset, unless a miner in it was found to have \
              two blocks in its epoch.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "The heaviest chain is the chain; a lighter head undoes what others build on.",
    exceptions: "A miner of the head who is found to have two blocks loses both (FRC-0051), which \
                 may make the head lighter. The operator may make any tipset a checkpoint, and so \
                 the head (Lotus #6107). Forest 0.39.0 compares the weights that headers claim \
                 for their parents, and so can break this.",
    source: "Lotus #563, #2858: lighter chains and subsets of the head; Forest #7019: rewinding",
};

/// A miner with two blocks has none in the head.
pub static EQUIVOCATORS_LEFT_OUT: Claim = Claim {
    id: "equivocators-left-out",
    summary: "A tipset does not become the head, nor stay it, with a block of a miner who is known \
              to have two valid blocks at its height.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "Two blocks of one miner in an epoch cannot both be won. A node that counts the one it \
          saw first follows another head than its neighbour (FRC-0051).",
    exceptions: "A block that failed a check, or was not validated since the last start, makes \
                 nobody an equivocator: who has two is kept in memory.",
    source: "FRC-0051; Venus #6266, Lotus #11104: the first seen block of an equivocator counted",
};

/// One block of a miner in a tipset.
pub static ONE_BLOCK_PER_MINER: Claim = Claim {
    id: "one-block-per-miner",
    summary: "No tipset that the subject syncs, validates or follows has two blocks of a miner.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "A miner wins an epoch with one block. Two in one tipset would count its wins twice.",
    exceptions: "None.",
    source: "Venus #4806, Lotus #831: two blocks of a miner in one widened tipset",
};

/// Parents first, and once.
pub static VALIDATED_IN_ORDER: Claim = Claim {
    id: "validated-in-order",
    summary: "A tipset is validated after its parent, and only once.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "The state of a tipset is computed from that of its parents, and is the same each time.",
    exceptions: "After a restart what was not stored as validated may be validated again.",
    source: "Venus #1198, Lotus #11541: tipsets synced twice; Venus #1148: stored, not validated",
};

/// Checks the parts of each move of the head.
pub fn head_changes_balance(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Balance { view: ChainView::new(context), judged: 0 })
}

/// Checks the weight of each head.
pub fn head_never_lighter(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Heavier { view: ChainView::new(context), wanted: None, judged: 0 })
}

/// Checks the miners of each head.
pub fn equivocators_left_out(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    let recent = FastSet::default();
    Box::new(Equivocators { view: ChainView::new(context), recent, judged: 0 })
}

/// Checks the miners of each tipset.
pub fn one_block_per_miner(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Miners { view: ChainView::new(context), judged: 0 })
}

/// Checks the order of validation.
pub fn validated_in_order(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Order { view: ChainView::new(context), judged: 0 })
}

struct Balance {
    view: ChainView,
    judged: u64,
}

impl Invariant<TipsetSync> for Balance {
    fn claim(&self) -> &'static Claim {
        &HEAD_CHANGES_BALANCE
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        let Some(event) = event_of(step) else { return Ok(()) };
        if let Event::HeadChanged { head, revert, apply } = event {
            self.judged += 1;
            self.judge(head, revert, apply)?;
        }
        self.view.note(event);
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Balance {
    fn judge(
        &self,
        head: &TipsetKey,
        revert: &[TipsetKey],
        apply: &[TipsetKey],
    ) -> Result<(), Violation> {
        let world = &self.view.world;
        let name = |key: &TipsetKey| world.name(key);
        let broken = |expected: String, got: String| {
            Err(Violation::new(&HEAD_CHANGES_BALANCE, expected, got))
        };
        let mut at = Arc::clone(&self.view.head);
        let mut seen = FastSet::default();
        for key in revert {
            if key != at.key() {
                return broken(format!("{} is reverted next", name(at.key())), name(key));
            }
            seen.insert(key.clone());
            let Some(parent) = world.tree.parent(&at) else {
                return broken("genesis stays".to_owned(), "it is reverted".to_owned());
            };
            at = parent;
        }
        for key in apply {
            if !seen.insert(key.clone()) {
                return broken(
                    "what is reverted is not applied again, nor anything twice".to_owned(),
                    format!("{} is", name(key)),
                );
            }
            let next = world.tipset(key).filter(|next| next.is_child_of(&at));
            let Some(next) = next else {
                return broken(format!("a child of {} is applied", name(at.key())), name(key));
            };
            at = next;
        }
        if at.key() != head {
            return broken(format!("the head is {}", name(at.key())), name(head));
        }
        Ok(())
    }
}

struct Heavier {
    view: ChainView,
    /// What the operator wants the chain to have, whatever its weight.
    wanted: Option<TipsetKey>,
    judged: u64,
}

impl Invariant<TipsetSync> for Heavier {
    fn claim(&self) -> &'static Claim {
        &HEAD_NEVER_LIGHTER
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        if let What::In { input: Input::Message { message, .. }, .. } = &step.what
            && let Message::Checkpoint { tipset } = message
        {
            self.wanted = Some(tipset.clone());
        }
        let Some(event) = event_of(step) else { return Ok(()) };
        if let Event::HeadChanged { head, .. } = event
            && self.wanted.as_ref() != Some(head)
            && !self.view.world.tree.equivocates()
            && let Some(new) = self.view.world.tipset(head)
        {
            self.judged += 1;
            let tree = &self.view.world.tree;
            let (old_weight, new_weight) = (tree.weight(&self.view.head), tree.weight(&new));
            if new_weight < old_weight {
                return Err(Violation::new(
                    &HEAD_NEVER_LIGHTER,
                    format!("a head of weight {old_weight} or more"),
                    format!("{} of weight {new_weight}", tree.name(head)),
                ));
            }
        }
        self.view.note(event);
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct Equivocators {
    view: ChainView,
    /// What was validated in this life: which blocks a miner had is kept in memory only.
    recent: FastSet<TipsetKey>,
    judged: u64,
}

impl Invariant<TipsetSync> for Equivocators {
    fn claim(&self) -> &'static Claim {
        &EQUIVOCATORS_LEFT_OUT
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        if matches!(step.what, What::Crashed { .. }) {
            self.recent.clear();
        }
        let Some(event) = event_of(step) else { return Ok(()) };
        if let Event::HeadChanged { head, .. } = event
            && self.view.world.tree.equivocates()
            && let Some(head) = self.view.world.tipset(head)
        {
            self.judged += 1;
            if self.has_second_block(&head) {
                return Err(self.broken(&head));
            }
        }
        if let Event::Validated { tipset } = event {
            self.recent.insert(tipset.clone());
        }
        self.view.note(event);
        Ok(())
    }

    /// The head may stay only where there is nowhere to go: Venus looks four epochs down.
    fn finish(&mut self, _: &End<'_, TipsetSync>) -> Result<(), Violation> {
        let (world, head) = (&self.view.world, &self.view.head);
        let Some(parent) = world.tree.parent(head).filter(|_| world.tree.equivocates()) else {
            return Ok(());
        };
        self.judged += 1;
        let can_leave = head.key() != self.view.checkpoint.key()
            && head.height() - parent.height() <= SEARCH_BELOW
            && world.fork_is_short(head, &self.view.past(), &parent)
            && !self.has_second_block(&parent)
            && !self.has_siblings(&parent);
        if can_leave && self.has_second_block(head) { Err(self.broken(head)) } else { Ok(()) }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Equivocators {
    /// Whether a miner of the tipset has another block at its height that was validated since the
    /// last start.
    fn has_second_block(&self, tipset: &Tipset) -> bool {
        let known = self.recent.iter().filter_map(|key| self.view.world.tipset(key));
        let known = known.filter(|known| known.height() == tipset.height());
        known.flat_map(|known| known.blocks().to_vec()).any(|block| {
            tipset
                .blocks()
                .iter()
                .any(|own| own.cid() != block.cid() && own.header().miner == block.header().miner)
        })
    }

    /// Whether validated blocks make a larger tipset with it. That one may be out of reach.
    fn has_siblings(&self, tipset: &Tipset) -> bool {
        let known = self.view.validated.iter().filter_map(|key| self.view.world.tipset(key));
        let mut beside = known.filter(|known| {
            known.height() == tipset.height() && known.parents() == tipset.parents()
        });
        beside.any(|known| known.key().iter().any(|cid| !tipset.contains(cid)))
    }

    fn broken(&self, head: &Tipset) -> Violation {
        Violation::new(
            &EQUIVOCATORS_LEFT_OUT,
            "a head without blocks of a miner that has two",
            format!("{} has one", self.view.world.name(head.key())),
        )
    }
}

struct Miners {
    view: ChainView,
    judged: u64,
}

impl Invariant<TipsetSync> for Miners {
    fn claim(&self) -> &'static Claim {
        &ONE_BLOCK_PER_MINER
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        let Some(
            Event::HeadChanged { head: key, .. }
            | Event::SyncStarted { target: key }
            | Event::Validated { tipset: key },
        ) = event_of(step)
        else {
            return Ok(());
        };
        self.judged += 1;
        let twice = self.view.world.tipset(key).is_some_and(|tipset| tipset.equivocates());
        if twice {
            return Err(Violation::new(
                &ONE_BLOCK_PER_MINER,
                "a tipset with one block of each miner",
                format!("{} has two of one", self.view.world.name(key)),
            ));
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct Order {
    view: ChainView,
    judged: u64,
}

impl Invariant<TipsetSync> for Order {
    fn claim(&self) -> &'static Claim {
        &VALIDATED_IN_ORDER
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        let Some(event) = event_of(step) else { return Ok(()) };
        if let Event::Validated { tipset } = event {
            self.judged += 1;
            let world = &self.view.world;
            let broken =
                |expected: String, got: String| Violation::new(&VALIDATED_IN_ORDER, expected, got);
            if self.view.validated.contains(tipset) {
                let name = world.name(tipset);
                return Err(broken(format!("{name} is validated once"), "again".to_owned()));
            }
            let parent = world.tipset(tipset).and_then(|tipset| world.tree.parent(&tipset));
            if let Some(parent) = parent
                && !self.view.validated.contains(parent.key())
            {
                return Err(broken(
                    format!("{} is validated first", world.name(parent.key())),
                    format!("{} is", world.name(tipset)),
                ));
            }
        }
        self.view.note(event);
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
