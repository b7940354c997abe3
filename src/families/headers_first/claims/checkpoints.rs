use crate::families::headers_first::{Checkpoint, Event, HeadersFirst, Message, Profile};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{Input, Output};
use crate::primitives::bitcoin::{BlockHash, Header};
use crate::trace::{Step, What};

use super::watch::{Connections, MustDrop, label};

pub(super) static CHECKPOINT_HELD: Claim = Claim {
    id: "checkpoint-held",
    summary: "No header or block is followed that is at the height of a checkpoint and not the \
              checkpoint, or that builds on one.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "A checkpoint is part of the rules that the subject was given: a chain without it is \
          invalid for it, however much work it has.",
    exceptions: "a subject that was given no checkpoints",
    source: "btcd netsync handleHeadersMsg; BitcoinUnlimited #1030; bcoin PR #764",
};

pub(super) static CHECKPOINT_LIAR_DROPPED: Claim = Claim {
    id: "checkpoint-liar-dropped",
    summary: "The sender of a header that contradicts a checkpoint is dropped.",
    strength: Strength::Profile(&["btcd-0.25", "btcd-0.26"]),
    needs: Needs::Messages,
    why: "handleHeadersMsg closes the connection as soon as a header at the height of the \
          checkpoint has another hash; v0.26 by way of ProcessBlockHeader.",
    exceptions: "v0.25 looks no further than the next checkpoint",
    source: "btcd netsync handleHeadersMsg: disconnects on a checkpoint mismatch",
};

pub(super) fn checkpoint_held(context: &Context<HeadersFirst>) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(Held { context: context.clone(), judged: 0 })
}

pub(super) fn checkpoint_liar_dropped(
    context: &Context<HeadersFirst>,
) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(LiarDropped {
        context: context.clone(),
        connections: Connections::default(),
        due: MustDrop::new(&CHECKPOINT_LIAR_DROPPED),
        judged: 0,
    })
}

struct Held {
    context: Context<HeadersFirst>,
    judged: u64,
}

impl Invariant<HeadersFirst> for Held {
    fn claim(&self) -> &'static Claim {
        &CHECKPOINT_HELD
    }

    fn observe(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        let What::Out { output: Output::Event { event }, .. } = &step.what else {
            return Ok(());
        };
        match event {
            Event::BlockAccepted { hash, .. }
            | Event::HeaderAccepted { hash, .. }
            | Event::Tip { hash, .. } => self.judge(hash),
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Held {
    fn judge(&mut self, hash: &BlockHash) -> Result<(), Violation> {
        let world = &self.context.world;
        let Some(id) = world.find(hash) else { return Ok(()) };
        for checkpoint in world.checkpoints() {
            let Some(there) = world.ancestor(id, checkpoint.height) else { continue };
            self.judged += 1;
            if world.hash(there) != checkpoint.hash {
                return Err(Violation::new(
                    &CHECKPOINT_HELD,
                    format!("{} at height {}", label(world, &checkpoint.hash), checkpoint.height),
                    format!(
                        "{} is followed, which has {} there",
                        label(world, hash),
                        label(world, &world.hash(there))
                    ),
                ));
            }
        }
        Ok(())
    }
}

struct LiarDropped {
    context: Context<HeadersFirst>,
    connections: Connections,
    due: MustDrop,
    judged: u64,
}

impl Invariant<HeadersFirst> for LiarDropped {
    fn claim(&self) -> &'static Claim {
        &CHECKPOINT_LIAR_DROPPED
    }

    fn observe(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        self.due.see(step)?;
        if let What::In {
            input: Input::Message { peer, message: Message::Headers { headers } },
            ..
        } = &step.what
            && self.connections.contains(*peer)
            && let Some(checkpoint) = self.contradicted(headers)
        {
            self.judged += 1;
            let world = &self.context.world;
            let did = format!(
                "sent another header than {} at height {}",
                label(world, &checkpoint.hash),
                checkpoint.height
            );
            self.due.expect(*peer, did);
        }
        self.connections.see(step);
        Ok(())
    }

    fn finish(&mut self, _: &End<'_, HeadersFirst>) -> Result<(), Violation> {
        self.due.finish()
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl LiarDropped {
    /// The checkpoint that the headers contradict. btcd up to v0.25 reads them only as far as the
    /// first checkpoint.
    fn contradicted(&self, headers: &[Header]) -> Option<Checkpoint> {
        let world = &self.context.world;
        let first = world.height(world.find(&headers.first()?.hash())?);
        let only_first = world.profile() == Profile::Btcd025;
        let mut ahead = world.checkpoints().iter().filter(|checkpoint| checkpoint.height >= first);
        let read = if only_first { 1 } else { usize::MAX };
        ahead.by_ref().take(read).copied().find(|checkpoint| {
            headers
                .get((checkpoint.height - first) as usize)
                .and_then(|header| world.find(&header.hash()))
                .is_some_and(|id| {
                    world.height(id) == checkpoint.height && world.hash(id) != checkpoint.hash
                })
        })
    }
}
