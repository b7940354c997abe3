use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::{PeerModel, Replies, Reply, Time};
use crate::primitives::ethereum_header::SealedHeader;

use super::message::{Hello, Message};
use super::{Skeleton, World};

/// The most headers of an answer (geth eth/protocols/eth/handler.go `maxHeadersServe`).
const SERVED_MAX: u64 = 1_024;

/// What a peer has and how it serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerSpec {
    /// The branch that it takes for canonical.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub branch: u32,
    /// The number of its head; the branch's last, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<u64>,
    /// How long it thinks about an answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub think_ms: u32,
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// What a peer does on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// It takes another branch for canonical, with all its headers.
    Follow {
        /// The branch.
        branch: u32,
    },
}

/// A peer that serves the headers of one branch.
#[derive(Clone, Debug)]
pub struct Peer {
    pub(super) world: Arc<World>,
    pub(super) branch: u32,
    pub(super) head: u64,
    think_ms: u32,
}

impl Peer {
    pub(super) fn new(world: &Arc<World>, spec: &PeerSpec) -> Self {
        let head = spec.head.unwrap_or_else(|| world.tree.top(spec.branch));
        Self { world: world.clone(), branch: spec.branch, head, think_ms: spec.think_ms }
    }

    /// What it has of its branch from `origin` downwards.
    pub(super) fn serve(&self, branch: u32, origin: u64, amount: u64) -> Vec<SealedHeader> {
        if origin > self.head.max(self.world.tree.top(branch)) {
            return Vec::new();
        }
        let lowest = (origin + 1).saturating_sub(amount.min(SERVED_MAX));
        (lowest..=origin)
            .rev()
            .map_while(|number| self.world.tree.header(branch, number).cloned())
            .collect()
    }

    /// Whether it has all that leads to a header: all of the headers below.
    pub(super) fn leads_to(&self, header: &SealedHeader) -> bool {
        let below = header.number() - 1;
        self.head >= below && self.world.tree.is_on(self.branch, below, &header.parent())
    }
}

impl PeerModel<Skeleton> for Peer {
    fn hello(&self) -> Hello {
        Hello {}
    }

    fn connected(&mut self, _now: Time, _replies: &mut Replies<Skeleton>) {}

    fn receive(&mut self, _now: Time, message: &Message, replies: &mut Replies<Skeleton>) {
        let Message::GetHeaders { id, origin, amount } = message else { return };
        let headers = if *origin > self.head {
            Vec::new()
        } else {
            self.serve(self.branch, *origin, *amount)
        };
        let message = Message::Headers { id: *id, headers: headers.into() };
        replies.push(Reply { message, delay: u64::from(self.think_ms) });
    }

    fn act(&mut self, _: Time, action: &Action, _online: bool, _: &mut Replies<Skeleton>) {
        let Action::Follow { branch } = action;
        self.branch = *branch;
        self.head = self.world.tree.top(*branch);
    }
}
