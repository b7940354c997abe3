//! What several claims keep track of.

use crate::families::headers_first::{Event, HeadersFirst, Message, World};
use crate::invariant::{Claim, Violation};
use crate::machine::{FastMap, FastSet, Input, Output, PeerId, Time};
use crate::primitives::bitcoin::BlockHash;
use crate::trace::{Step, What};
use crate::world::{BlockId, BlockSet};

/// The peers that are connected, as the trace tells.
#[derive(Debug, Default)]
pub(super) struct Connections(FastSet<PeerId>);

impl Connections {
    pub(super) fn see(&mut self, step: &Step<HeadersFirst>) {
        match &step.what {
            What::In { input: Input::Connected { peer, .. }, .. } => {
                self.0.insert(*peer);
            }
            What::In { input: Input::Disconnected { peer }, .. }
            | What::Out {
                output: Output::Disconnect { peer, .. } | Output::Refuse { peer, .. },
                ..
            } => {
                self.0.swap_remove(peer);
            }
            What::Crashed { .. } => self.0.clear(),
            _ => {}
        }
    }

    pub(super) fn contains(&self, peer: PeerId) -> bool {
        self.0.contains(&peer)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = PeerId> {
        self.0.iter().copied()
    }
}

/// The greatest height that each connected peer has shown, or claimed.
#[derive(Debug)]
pub(super) struct Heights {
    of: FastMap<PeerId, u32>,
    /// Whether a claim counts that nothing has proven.
    counts_claims: bool,
}

impl Heights {
    /// Heights that peers have shown by blocks, headers or announcements.
    pub(super) fn shown() -> Self {
        Self { of: FastMap::default(), counts_claims: false }
    }

    /// The same, and those that their handshakes claim.
    pub(super) fn claimed_or_shown() -> Self {
        Self { of: FastMap::default(), counts_claims: true }
    }

    pub(super) fn see(&mut self, world: &World, step: &Step<HeadersFirst>) {
        match &step.what {
            What::In { input: Input::Message { peer, message }, .. } => {
                if let (Some(height), Some(shown)) = (self.of.get_mut(peer), shown(world, message))
                {
                    *height = shown.max(*height);
                }
            }
            What::In { input: Input::Connected { peer, hello, .. }, .. } => {
                self.of.insert(*peer, if self.counts_claims { hello.start_height } else { 0 });
            }
            What::In { input: Input::Disconnected { peer }, .. }
            | What::Out {
                output: Output::Disconnect { peer, .. } | Output::Refuse { peer, .. },
                ..
            } => {
                self.of.swap_remove(peer);
            }
            What::Crashed { .. } => self.of.clear(),
            _ => {}
        }
    }

    fn highest(&self) -> u32 {
        self.of.values().copied().max().unwrap_or(0)
    }
}

/// The height of the last block that a message shows.
fn shown(world: &World, message: &Message) -> Option<u32> {
    let hash = match message {
        Message::Block { block } => block.hash(),
        other => announced(other)?,
    };
    world.find(&hash).map(|id| world.height(id))
}

/// The last block that a message announces.
pub(super) fn announced(message: &Message) -> Option<BlockHash> {
    match message {
        Message::Headers { headers } => headers.last().map(|header| header.hash()),
        Message::Inv { items } => {
            items.iter().rev().find(|item| item.is_block()).map(|item| item.hash)
        }
        _ => None,
    }
}

/// A peer that must be dropped before anything else happens.
#[derive(Debug)]
pub(super) struct MustDrop {
    claim: &'static Claim,
    due: Option<(PeerId, String)>,
}

impl MustDrop {
    pub(super) fn new(claim: &'static Claim) -> Self {
        Self { claim, due: None }
    }

    /// From now on `peer` is to be dropped, for what it did.
    pub(super) fn expect(&mut self, peer: PeerId, did: String) {
        self.due = Some((peer, did));
    }

    /// Sees a step; it is a breach if the next input comes first.
    pub(super) fn see(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        match &step.what {
            What::Out {
                output: Output::Disconnect { peer, .. } | Output::Refuse { peer, .. },
                ..
            } if self.due.as_ref().is_some_and(|(due, _)| due == peer) => {
                self.due = None;
                Ok(())
            }
            What::In { .. } => self.finish(),
            What::Crashed { .. } => {
                self.due = None;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The run ends; nothing more can follow.
    pub(super) fn finish(&mut self) -> Result<(), Violation> {
        match self.due.take() {
            None => Ok(()),
            Some((peer, did)) => Err(Violation::new(
                self.claim,
                format!("{peer} is dropped: it {did}"),
                "it is kept".to_owned(),
            )
            .about(peer)),
        }
    }
}

/// The subject's own chain, as its events tell: which blocks it has stored, and its tip.
#[derive(Debug)]
pub(super) struct OwnChain {
    stored: BlockSet,
    /// What has been on the best chain, and so has passed all checks.
    validated: BlockSet,
    start: BlockId,
    tip: BlockId,
}

impl OwnChain {
    pub(super) fn new(world: &World) -> Self {
        let start = world.start_tip();
        Self { stored: BlockSet::default(), validated: BlockSet::default(), start, tip: start }
    }

    pub(super) fn see(&mut self, world: &World, step: &Step<HeadersFirst>) {
        let What::Out { output: Output::Event { event }, .. } = &step.what else { return };
        match event {
            Event::BlockAccepted { hash, .. } => {
                if let Some(id) = world.find(hash) {
                    self.stored.insert(id);
                }
            }
            Event::Tip { hash, .. } => {
                if let Some(tip) = world.find(hash) {
                    self.tip = tip;
                    let mut at = Some(tip);
                    while let Some(id) = at.filter(|id| !self.is_validated(world, *id)) {
                        self.validated.insert(id);
                        at = world.parent(id);
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn tip(&self) -> BlockId {
        self.tip
    }

    /// Whether the block is stored, on whatever branch.
    pub(super) fn has(&self, world: &World, id: BlockId) -> bool {
        self.stored.contains(id) || world.ancestor(self.start, world.height(id)) == Some(id)
    }

    /// Whether the block is, or was once, on the best chain.
    pub(super) fn is_validated(&self, world: &World, id: BlockId) -> bool {
        self.validated.contains(id) || world.ancestor(self.start, world.height(id)) == Some(id)
    }

    /// Whether the block is on the best chain.
    pub(super) fn on_best(&self, world: &World, id: BlockId) -> bool {
        world.ancestor(self.tip, world.height(id)) == Some(id)
    }

    /// The block of the best chain at a height.
    pub(super) fn at(&self, world: &World, height: u32) -> Option<BlockId> {
        world.ancestor(self.tip, height)
    }

    /// Whether nobody could doubt that the subject is current: the last checkpoint is reached, the
    /// tip is younger than 24 hours (btcd blockchain, `IsCurrent`), and no peer is higher.
    pub(super) fn is_current(&self, world: &World, heights: &Heights, now: Time) -> bool {
        self.is_far_enough(world, now) && world.height(self.tip) >= heights.highest()
    }

    /// Whether the tip is young and at no checkpoint's feet, so that a client may count as current.
    pub(super) fn is_far_enough(&self, world: &World, now: Time) -> bool {
        let checkpoint = world.checkpoints().last().map_or(0, |checkpoint| checkpoint.height);
        world.height(self.tip) >= checkpoint && world.is_fresh(self.tip, now)
    }
}

/// The known blocks among `hashes`, as the world labels them, for messages to people.
pub(super) fn label(world: &World, hash: &BlockHash) -> String {
    world.label(hash)
}
