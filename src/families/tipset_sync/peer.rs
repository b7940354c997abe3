use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::{PeerModel, Replies, Reply, SpecError, Time};
use crate::primitives::filecoin::{Block, BlockMessages, Cid, Tipset, TipsetKey};
use crate::world::tipset::{Path, TipsetRef};

use super::family::TipsetSync;
use super::message::{FullBlock, Handshake, Message, Request};
use super::rules::Rules;
use super::server::{Absent, Shelf, answer};
use super::world::World;

/// What a peer has and how it serves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerSpec {
    /// Its head; genesis, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tip: Option<TipsetRef>,
    /// It is the subject's operator: its miner and its command line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub operator: bool,
    /// It is of another network but claims our genesis block.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub poses: bool,
    /// It claims a weight in its hello that its chain does not have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub boasts: bool,
    /// The most tipsets of one answer; more are cut off, and the status says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

impl PeerSpec {
    /// A peer with this head.
    pub fn at(tip: TipsetRef) -> Self {
        Self { tip: Some(tip), operator: false, poses: false, boasts: false, limit: None }
    }
}

/// Something that a peer does on its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// It asks the subject for tipsets.
    Ask {
        /// From this one back; from one that nobody knows, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        head: Option<TipsetRef>,
        /// How many.
        length: u64,
        /// Bit 0: headers; bit 1: messages.
        options: u64,
    },
    /// The operator makes a checkpoint.
    Checkpoint {
        /// The tipset.
        tipset: TipsetRef,
    },
    /// It gossips a block that nobody signed, of an epoch far ahead.
    Forge {
        /// How far ahead of the peer's head.
        epochs: u64,
    },
    /// It gossips the blocks of a tipset, each on its own.
    Gossip {
        /// The tipset.
        tipset: TipsetRef,
    },
    /// Its head moves, and it gossips the new blocks.
    Move {
        /// The new head.
        tipset: TipsetRef,
    },
    /// The operator's miner hands in blocks.
    Submit {
        /// The blocks.
        tipset: TipsetRef,
    },
}

impl Action {
    /// The tipset that it is about.
    pub fn tipset(&self) -> Option<&TipsetRef> {
        match self {
            Self::Ask { head, .. } => head.as_ref(),
            Self::Checkpoint { tipset }
            | Self::Gossip { tipset }
            | Self::Move { tipset }
            | Self::Submit { tipset } => Some(tipset),
            Self::Forge { .. } => None,
        }
    }

    /// Checks that it fits the world.
    ///
    /// # Errors
    /// The error names the field.
    pub fn check(&self, world: &World) -> Result<(), SpecError> {
        match self.tipset() {
            None => Ok(()),
            Some(at) => match world.tree.tipset(at) {
                Ok(_) => Ok(()),
                Err(message) => Err(SpecError::new("tipset", message)),
            },
        }
    }
}

/// An honest peer: it says hello, gossips what it finds, and serves what it has.
#[derive(Debug)]
pub struct Peer {
    world: Arc<World>,
    spec: PeerSpec,
    tip: Arc<Tipset>,
    genesis: Cid,
    /// The chains that it has.
    paths: Vec<Path>,
}

impl Peer {
    /// A peer of this world.
    pub fn new(world: &Arc<World>, spec: &PeerSpec) -> Self {
        let tip = world.tree.tipset_or_genesis(spec.tip.as_ref());
        let tip = tip.unwrap_or_else(|_| Arc::clone(world.tree.genesis()));
        let mut root = Arc::clone(&tip);
        while let Some(parent) = world.tree.parent(&root) {
            root = parent;
        }
        let root = if spec.poses { world.tree.genesis() } else { &root };
        Self {
            genesis: root.blocks()[0].cid(),
            paths: vec![world.tree.path(spec.tip.as_ref())],
            world: Arc::clone(world),
            spec: spec.clone(),
            tip,
        }
    }

    /// Its head.
    pub fn tip(&self) -> &Arc<Tipset> {
        &self.tip
    }

    /// Whether it is the subject's operator, who has no chain.
    pub fn is_operator(&self) -> bool {
        self.spec.operator
    }

    /// Whether it has this tipset.
    pub fn has(&self, key: &[Cid]) -> bool {
        key.iter().all(|cid| self.has_block(cid))
    }

    fn has_block(&self, cid: &Cid) -> bool {
        let passes = |branch, index| self.paths.iter().any(|path| path.passes(branch, index));
        match self.world.tree.block(cid) {
            Some(known) => passes(known.branch, known.index),
            // A genesis block, of this network or another.
            None => true,
        }
    }

    fn learn(&mut self, at: &TipsetRef) -> Option<Arc<Tipset>> {
        let tipset = self.world.tree.tipset(at).ok()?;
        self.paths.push(self.world.tree.path(Some(at)));
        Some(tipset)
    }

    fn gossip(&self, tipset: &Tipset, own: bool, replies: &mut Replies<TipsetSync>) {
        for block in self.world.full_blocks(tipset) {
            let message = if own { Message::OwnBlock { block } } else { Message::Gossip { block } };
            replies.push(Reply::now(message));
        }
    }

    /// A block of an epoch ahead that carries no valid signature.
    fn forge(&self, epochs: u64) -> FullBlock {
        let mut header = self.tip.blocks()[0].header().clone();
        header.height += epochs as i64;
        header.timestamp += epochs * self.world.spec.network.block_delay_s;
        header.parents = self.tip.key().to_vec();
        header.parent_weight += 1 << 60;
        let messages = Arc::new(BlockMessages::default());
        header.messages = messages.root();
        // Anybody can sign: what makes the block wrong is its place and its claims.
        header.block_sig = Some(crate::primitives::filecoin::consensus::signature(&header));
        FullBlock { header: Arc::new(Block::new(header)), messages }
    }
}

impl Shelf for Peer {
    fn tipset(&self, cids: &[Cid]) -> Result<Arc<Tipset>, Absent> {
        let tipset = self.world.tree.form(cids).filter(|tipset| self.has(tipset.key()));
        tipset.ok_or(Absent::Missing)
    }

    fn messages(&self, tipset: &Tipset) -> Option<Vec<Arc<BlockMessages>>> {
        Some(self.world.tree.messages(tipset))
    }
}

impl PeerModel<TipsetSync> for Peer {
    fn hello(&self) -> Handshake {
        Handshake { exchange: !self.spec.operator, operator: self.spec.operator }
    }

    fn connected(&mut self, _now: Time, replies: &mut Replies<TipsetSync>) {
        if self.spec.operator {
            return;
        }
        let weight = self.world.tree.weight(&self.tip);
        replies.push(Reply::now(Message::Hello {
            head: self.tip.key().clone(),
            height: self.tip.height(),
            weight: if self.spec.boasts { weight << 20 } else { weight },
            genesis: self.genesis,
        }));
    }

    fn healed(&mut self, now: Time, replies: &mut Replies<TipsetSync>) {
        // What was gossiped and got lost is found again by the head: a new hello stands for the next
        // block.
        self.connected(now, replies);
    }

    fn receive(&mut self, _now: Time, message: &Message, replies: &mut Replies<TipsetSync>) {
        let Message::Request { request } = message else { return };
        let answer = answer(request, self, self.spec.limit, &Rules::CORRECT.exchange);
        replies.push(Reply::now(Message::Response {
            request: request.clone(),
            status: answer.status,
            error: answer.error.to_owned(),
            chain: Arc::new(answer.chain),
        }));
    }

    fn act(
        &mut self,
        _now: Time,
        action: &Action,
        online: bool,
        replies: &mut Replies<TipsetSync>,
    ) {
        match action {
            Action::Ask { head, length, options } => {
                let head = match head {
                    Some(at) => self.world.tree.tipset(at).map(|tipset| tipset.key().clone()),
                    None => Ok(TipsetKey::new(&[Cid::of(b"nobody knows this block")])),
                };
                if let Ok(head) = head {
                    let request = Request { head, length: *length, options: *options };
                    replies.push(Reply::now(Message::Request { request }));
                }
            }
            Action::Checkpoint { tipset } => {
                if let Ok(tipset) = self.world.tree.tipset(tipset) {
                    let tipset = tipset.key().clone();
                    replies.push(Reply::now(Message::Checkpoint { tipset }));
                }
            }
            Action::Forge { epochs } => {
                replies.push(Reply::now(Message::Gossip { block: self.forge(*epochs) }));
            }
            Action::Gossip { tipset } => {
                if let Some(tipset) = self.learn(tipset) {
                    self.gossip(&tipset, false, replies);
                }
            }
            Action::Move { tipset } => {
                if let Some(tipset) = self.learn(tipset) {
                    self.gossip(&tipset, false, replies);
                    self.tip = tipset;
                }
            }
            Action::Submit { tipset } => {
                if let Ok(tipset) = self.world.tree.tipset(tipset) {
                    self.gossip(&tipset, true, replies);
                }
            }
        }
        if !online {
            replies.clear();
        }
    }
}
