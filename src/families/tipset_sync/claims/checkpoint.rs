use std::sync::Arc;

use crate::families::tipset_sync::family::TipsetSync;
use crate::families::tipset_sync::message::{Event, Message};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::Input;
use crate::primitives::filecoin::TipsetKey;
use crate::trace::{Step, What};

use super::view::{ChainView, event_of};

/// A checkpoint is never left.
pub static CHECKPOINT_FINAL: Claim = Claim {
    id: "checkpoint-final",
    summary: "From a checkpoint on, every head builds on exactly that tipset or is it.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "A checkpoint is the operator's word that this tipset is final; a node that leaves it \
          makes the word worthless.",
    exceptions: "A case without a checkpoint beyond genesis.",
    source: "Venus #6435, Lotus #12747: a checkpointed tipset expanded by a sibling; Lotus #3680",
};

/// A checkpoint on our chain is taken.
pub static CHECKPOINT_TAKEN: Claim = Claim {
    id: "checkpoint-taken",
    summary: "A checkpoint that the operator sets on our chain above the last one is taken.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "A tipset on the node's own validated chain above the last checkpoint contradicts nothing \
          that the node knows.",
    exceptions: "One that is not on the chain, or below the last checkpoint. A client without \
                 checkpoints ignores the message and is not held to this by `--without`.",
    source: "Lotus #3717: IsAncestorOf never ends; Lotus #1915, #6240: heights over null rounds",
};

/// Long forks are refused.
pub static FORK_WITHIN_FINALITY: Claim = Claim {
    id: "fork-within-finality",
    summary: "No move of the head leaves more of our chain than finality allows, nor joins a \
              fork that is longer than that below our height.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "What is older than finality was paid out and cannot be taken back; without a bound on \
          both sides a long secret fork replaces it.",
    exceptions: "None. The clients count differently (tipsets or epochs, own side or both); each \
                 count stays within this bound.",
    source: "Lotus #5182, #5244: fork length not bounded on our own side",
};

/// Checks each head against the checkpoint.
pub fn checkpoint_final(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Final { view: ChainView::new(context), judged: 0 })
}

/// Checks that checkpoints are taken.
pub fn checkpoint_taken(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Taken { view: ChainView::new(context), wanted: None, judged: 0 })
}

/// Checks the length of each fork.
pub fn fork_within_finality(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Finality { view: ChainView::new(context), judged: 0 })
}

struct Final {
    view: ChainView,
    judged: u64,
}

impl Invariant<TipsetSync> for Final {
    fn claim(&self) -> &'static Claim {
        &CHECKPOINT_FINAL
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        let Some(event) = event_of(step) else { return Ok(()) };
        self.view.note(event);
        if matches!(event, Event::HeadChanged { .. } | Event::CheckpointSet { .. }) {
            let (world, checkpoint) = (&self.view.world, &self.view.checkpoint);
            self.judged += u64::from(checkpoint.height() > 0);
            if !world.tree.leads_to(checkpoint, &self.view.head) {
                return Err(Violation::new(
                    &CHECKPOINT_FINAL,
                    format!("a head on the checkpoint {}", world.name(checkpoint.key())),
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

struct Taken {
    view: ChainView,
    wanted: Option<TipsetKey>,
    judged: u64,
}

impl Invariant<TipsetSync> for Taken {
    fn claim(&self) -> &'static Claim {
        &CHECKPOINT_TAKEN
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        if let What::In { .. } | What::Crashed { .. } = &step.what {
            self.judge()?;
        }
        if let What::In {
            input: Input::Message { message: Message::Checkpoint { tipset }, .. },
            ..
        } = &step.what
        {
            let world = &self.view.world;
            let on_chain = world.tipset(tipset).is_some_and(|tipset| {
                tipset.height() > self.view.checkpoint.height()
                    && world.tree.leads_to(&tipset, &self.view.head)
            });
            self.wanted = on_chain.then(|| tipset.clone());
            self.judged += u64::from(on_chain);
        }
        if let Some(event) = event_of(step) {
            if let Event::CheckpointSet { tipset } = event
                && self.wanted.as_ref() == Some(tipset)
            {
                self.wanted = None;
            }
            self.view.note(event);
        }
        Ok(())
    }

    fn finish(&mut self, _: &End<'_, TipsetSync>) -> Result<(), Violation> {
        self.judge()
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Taken {
    fn judge(&mut self) -> Result<(), Violation> {
        let Some(wanted) = self.wanted.take() else { return Ok(()) };
        Err(Violation::new(
            &CHECKPOINT_TAKEN,
            format!(
                "the checkpoint {} is taken: it is on our chain",
                self.view.world.name(&wanted)
            ),
            "it was not".to_owned(),
        ))
    }
}

struct Finality {
    view: ChainView,
    judged: u64,
}

impl Invariant<TipsetSync> for Finality {
    fn claim(&self) -> &'static Claim {
        &FORK_WITHIN_FINALITY
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        let Some(event) = event_of(step) else { return Ok(()) };
        if let Event::HeadChanged { head, .. } = event {
            self.judge(head)?;
        }
        self.view.note(event);
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Finality {
    fn judge(&mut self, head: &TipsetKey) -> Result<(), Violation> {
        let world = Arc::clone(&self.view.world);
        let Some(new) = world.tipset(head) else { return Ok(()) };
        let Some((ancestor, own, _)) = world.tree.fork(&self.view.head, &new) else {
            return Ok(());
        };
        if own == 0 {
            return Ok(());
        }
        self.judged += 1;
        let below = world.fork_below(&ancestor, &self.view.head, &new);
        let finality = world.spec.network.finality;
        if own > finality || below > finality {
            return Err(Violation::new(
                &FORK_WITHIN_FINALITY,
                format!("a fork of at most {finality} tipsets on both sides"),
                format!(
                    "{} leaves {own} of ours for {below} others below our height",
                    world.name(head)
                ),
            ));
        }
        Ok(())
    }
}
