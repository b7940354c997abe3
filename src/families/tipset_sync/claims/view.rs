use std::sync::Arc;

use crate::families::tipset_sync::family::TipsetSync;
use crate::families::tipset_sync::message::Event;
use crate::families::tipset_sync::world::{Past, World};
use crate::invariant::Context;
use crate::machine::{FastSet, Output};
use crate::primitives::filecoin::{Tipset, TipsetKey};
use crate::trace::{Step, What};

/// The event that a step reports, if it reports one.
pub(super) fn event_of(step: &Step<TipsetSync>) -> Option<&Event> {
    match &step.what {
        What::Out { output: Output::Event { event }, .. } => Some(event),
        _ => None,
    }
}

/// What the subject's own events say of its chain.
#[derive(Debug)]
pub(super) struct ChainView {
    pub(super) world: Arc<World>,
    pub(super) head: Arc<Tipset>,
    pub(super) checkpoint: Arc<Tipset>,
    pub(super) highest: i64,
    pub(super) validated: FastSet<TipsetKey>,
}

impl ChainView {
    pub(super) fn new(context: &Context<TipsetSync>) -> Self {
        let world = Arc::clone(&context.world);
        let mut validated = FastSet::default();
        let mut at = Some(Arc::clone(&world.stored));
        while let Some(tipset) = at {
            validated.insert(tipset.key().clone());
            at = world.tree.parent(&tipset);
        }
        Self {
            head: Arc::clone(&world.stored),
            highest: world.stored.height(),
            checkpoint: Arc::clone(&world.checkpoint),
            validated,
            world,
        }
    }

    pub(super) fn past(&self) -> Past<'_> {
        Past { checkpoint: &self.checkpoint, highest: self.highest }
    }

    /// Takes an event in, after it was judged.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::HeadChanged { head, .. } => {
                if let Some(head) = self.world.tipset(head) {
                    self.highest = self.highest.max(head.height());
                    self.head = head;
                }
            }
            Event::CheckpointSet { tipset } => {
                if let Some(tipset) = self.world.tipset(tipset) {
                    self.checkpoint = tipset;
                }
            }
            Event::Validated { tipset } => {
                self.validated.insert(tipset.clone());
            }
            Event::SyncEnded { .. } | Event::SyncStarted { .. } => {}
        }
    }
}
