use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::{PeerModel, Replies, Reply, Time};
use crate::primitives::ethereum_state::{Blob, Hash32, Nibbles};

use super::message::{Hello, Message};
use super::{StateSync, World};

/// Most items of an answer (geth eth/protocols/eth/handlers.go `maxNodeDataServe`).
const ITEMS_SERVED_MAX: usize = 1_024;
/// An answer ends with the item that goes beyond this (geth `softResponseLimit`).
const BYTES_SERVED_MAX: usize = 2 * 1024 * 1024;

/// What a peer has and how it serves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerSpec {
    /// The number of its head at the beginning.
    pub head: u32,
    /// It has the states of that many blocks, its head included; of all, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps: Option<u32>,
    /// It lacks all items whose hash begins with one of these nibbles.
    #[serde(default, skip_serializing_if = "Nibbles::is_empty")]
    pub lacks: Nibbles,
    /// The most items that it answers with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items_max: Option<u32>,
    /// How long it thinks about an answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub think_ms: u32,
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// What a peer does on its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Its chain grows, and it says so.
    Grow {
        /// The new head.
        to: u32,
    },
}

/// A peer that serves what it has.
#[derive(Clone, Debug)]
pub struct Peer {
    pub(super) world: Arc<World>,
    spec: PeerSpec,
    head: u32,
    /// What it answered last and before that, for peers that mix them up.
    pub(super) answered: [Arc<[Blob]>; 2],
}

impl Peer {
    pub(super) fn new(world: &Arc<World>, spec: &PeerSpec) -> Self {
        let nothing: Arc<[Blob]> = Arc::new([]);
        Self {
            world: world.clone(),
            spec: spec.clone(),
            head: spec.head,
            answered: [nothing.clone(), nothing],
        }
    }

    /// Whether it has all states of the whole chain, so that nothing can stay missing beside it.
    pub(super) fn has_everything(&self) -> bool {
        self.head == self.world.chain.head() && self.spec.has_all_states()
    }

    /// What it has of an item.
    pub(super) fn find(&self, hash: &Hash32) -> Option<&Blob> {
        let first = hash.as_bytes()[0] >> 4;
        if self.spec.lacks.as_slice().contains(&first) {
            return None;
        }
        let oldest = self.spec.keeps.map_or(0, |keeps| (self.head + 1).saturating_sub(keeps));
        let states = self.world.chain.states_between(oldest, self.head);
        let chain = &self.world.chain;
        let node = chain.nodes().get(hash).filter(|node| node.states & states != 0);
        let code = || chain.codes().get(hash).filter(|code| code.states & states != 0);
        node.or_else(code).map(|stored| &stored.blob)
    }

    fn answer(&self, hashes: &[Hash32]) -> Arc<[Blob]> {
        let most = self.spec.items_max.map_or(ITEMS_SERVED_MAX, |most| most as usize);
        let mut bytes = 0;
        let within = |blob: &&Blob| {
            let fits = bytes < BYTES_SERVED_MAX;
            bytes += blob.bytes().len();
            fits
        };
        // Looked up first and cloned then: so the look-ups need not wait for each other.
        let mut found = Vec::with_capacity(hashes.len());
        found.extend(hashes.iter().filter_map(|hash| self.find(hash)));
        let served = found.iter().copied().take_while(within).count();
        found.truncate(served.min(most).min(ITEMS_SERVED_MAX));
        found.into_iter().cloned().collect()
    }
}

impl PeerSpec {
    /// Whether it keeps the states of all blocks and lacks nothing of them.
    pub(super) fn has_all_states(&self) -> bool {
        self.keeps.is_none() && self.lacks.is_empty() && self.items_max != Some(0)
    }
}

impl PeerModel<StateSync> for Peer {
    fn hello(&self) -> Hello {
        Hello { head: self.head }
    }

    fn connected(&mut self, _now: Time, _replies: &mut Replies<StateSync>) {}

    fn receive(&mut self, _now: Time, message: &Message, replies: &mut Replies<StateSync>) {
        let Message::GetNodeData { hashes } = message else { return };
        let blobs = self.answer(hashes);
        self.answered = [blobs.clone(), self.answered[0].clone()];
        let message = Message::NodeData { blobs };
        replies.push(Reply { message, delay: u64::from(self.spec.think_ms) });
    }

    fn act(&mut self, _now: Time, action: &Action, online: bool, replies: &mut Replies<StateSync>) {
        let Action::Grow { to } = action;
        self.head = self.head.max(*to);
        if online {
            replies.push(Reply::now(Message::NewBlock { number: self.head }));
        }
    }
}
