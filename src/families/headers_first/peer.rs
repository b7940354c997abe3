use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::{FastMap, PeerModel, Replies, Reply, Time};
use crate::primitives::bitcoin::{Block, BlockHash, Header, WholeTransaction};
use crate::world::{BlockId, BlockSet};

use super::serve::{BlockSource, answer_get_blocks, answer_get_data, answer_get_headers};
use super::{ChainView, HeadersFirst, Hello, Inventory, Message, Place, World};

/// What a peer has and how it serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerSpec {
    /// The tip of its best chain.
    pub tip: Place,
    /// The height that its handshake claims; that of its tip, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<u32>,
    /// What it says that it serves.
    #[serde(default, skip_serializing_if = "Services::is_full")]
    pub services: Services,
}

/// What a peer says that it serves.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Services {
    /// All blocks, with witnesses.
    #[default]
    Full,
    /// The last 288 blocks, with witnesses (BIP 159).
    Limited,
    /// All blocks, without witnesses.
    NoWitness,
    /// Nothing: a light client.
    Nothing,
}

impl Services {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    fn is_full(&self) -> bool {
        *self == Self::Full
    }
}

impl PeerSpec {
    /// A full node with this tip.
    pub fn full(tip: Place) -> Self {
        Self { tip, claims: None, services: Services::Full }
    }
}

/// What a peer does on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// It moves to another tip, if that has more work, and announces it.
    Advance {
        /// The new tip.
        tip: Place,
    },
    /// It announces a transaction, and has it.
    AnnounceTransaction {
        /// Makes transactions differ.
        number: u32,
    },
    /// It asks the subject for the hashes after a locator.
    AskBlocks {
        /// Blocks that it names, newest first.
        locator: Vec<Place>,
        /// The last one wanted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop: Option<Place>,
    },
    /// It asks the subject for blocks.
    AskData {
        /// The blocks.
        blocks: Vec<Place>,
        /// How many made-up hashes it asks for besides, in front.
        #[serde(default, skip_serializing_if = "is_zero")]
        unknown: u32,
    },
    /// It asks the subject for the headers after a locator.
    AskHeaders {
        /// Blocks that it names, newest first.
        locator: Vec<Place>,
        /// The last one wanted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop: Option<Place>,
    },
    /// It asks to be told of blocks by headers.
    SendHeaders {},
    /// It sends a message that the subject cannot know.
    SendUnknown {},
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Action {
    /// All blocks that it names, each with the path of its field.
    pub(super) fn places(&self) -> Vec<(String, &Place)> {
        match self {
            Self::Advance { tip } => vec![("tip".to_owned(), tip)],
            Self::AskBlocks { locator, stop } | Self::AskHeaders { locator, stop } => locator
                .iter()
                .enumerate()
                .map(|(index, place)| (format!("locator[{index}]"), place))
                .chain(stop.iter().map(|place| ("stop".to_owned(), place)))
                .collect(),
            Self::AskData { blocks, .. } => blocks
                .iter()
                .enumerate()
                .map(|(index, place)| (format!("blocks[{index}]"), place))
                .collect(),
            Self::AnnounceTransaction { .. } | Self::SendHeaders {} | Self::SendUnknown {} => {
                Vec::new()
            }
        }
    }
}

/// The id of a made-up transaction or block: no hash of a block looks like it.
pub(super) fn made_up(kind: u8, number: u32) -> BlockHash {
    let mut bytes = [kind; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    BlockHash::from_bytes(bytes)
}

/// An honest full node that serves one chain of the world.
#[derive(Debug)]
pub struct HonestPeer {
    world: Arc<World>,
    spec: PeerSpec,
    tip: BlockId,
    /// The tips that it has left: their blocks are still served.
    left: Vec<BlockId>,
    transactions: FastMap<BlockHash, WholeTransaction>,
    /// Whether the subject wants headers instead of inv.
    by_headers: bool,
    /// The blocks that the subject has announced or sent.
    known: BlockSet,
    continue_hash: Option<BlockHash>,
}

impl HonestPeer {
    /// A peer of this description, which fits the world.
    ///
    /// # Panics
    /// When the description does not fit the world.
    pub fn new(world: Arc<World>, spec: PeerSpec) -> Self {
        let tip = world.place(&spec.tip).expect("a checked peer has its tip in the world");
        Self {
            world,
            spec,
            tip,
            left: Vec::new(),
            transactions: FastMap::default(),
            by_headers: false,
            known: BlockSet::default(),
            continue_hash: None,
        }
    }

    /// The tip of its best chain.
    pub fn tip(&self) -> BlockId {
        self.tip
    }

    pub(super) fn world(&self) -> &World {
        &self.world
    }

    /// Answers as if its tip were another.
    pub(super) fn receive_with_tip(
        &mut self,
        tip: BlockId,
        now: Time,
        message: &Message,
        replies: &mut Replies<HeadersFirst>,
    ) {
        let own = std::mem::replace(&mut self.tip, tip);
        self.receive(now, message, replies);
        self.tip = own;
    }

    fn has(&self, id: BlockId) -> bool {
        let height = self.world.height(id);
        std::iter::once(&self.tip)
            .chain(&self.left)
            .any(|tip| self.world.ancestor(*tip, height) == Some(id))
    }

    fn find(&self, hash: &BlockHash) -> Option<BlockId> {
        self.world.find(hash).filter(|id| self.has(*id))
    }

    fn advance(&mut self, tip: &Place, online: bool, replies: &mut Replies<HeadersFirst>) {
        let world = Arc::clone(&self.world);
        let tip = world.place(tip).expect("a checked action has its block in the world");
        if world.work(tip) <= world.work(self.tip) {
            return;
        }
        self.left.push(std::mem::replace(&mut self.tip, tip));
        let hash = world.hash(tip);
        if !online || self.known.contains(tip) {
            return;
        }
        let message = if self.by_headers && world.parent(tip) == self.left.last().copied() {
            Message::Headers { headers: vec![world.header(tip)] }
        } else {
            Message::Inv { items: vec![Inventory::block(hash)] }
        };
        replies.push(Reply::now(message));
    }

    fn learn(&mut self, hash: &BlockHash) {
        if let Some(id) = self.world.find(hash) {
            self.known.insert(id);
        }
    }

    fn ask(&self, action: &Action) -> Message {
        let hash_of = |place: &Place| {
            let id = self.world.place(place).expect("a checked action has its blocks");
            self.world.hash(id)
        };
        match action {
            Action::AskBlocks { locator, stop } => Message::GetBlocks {
                locator: locator.iter().map(hash_of).collect(),
                stop: stop.as_ref().map_or(BlockHash::ZERO, hash_of),
            },
            Action::AskData { blocks, unknown } => {
                let made_up = (0..*unknown).map(|number| made_up(0xda, number));
                let items = made_up.chain(blocks.iter().map(hash_of));
                Message::GetData { items: items.map(Inventory::witness_block).collect() }
            }
            Action::AskHeaders { locator, stop } => Message::GetHeaders {
                locator: locator.iter().map(hash_of).collect(),
                stop: stop.as_ref().map_or(BlockHash::ZERO, hash_of),
            },
            Action::SendHeaders {} => Message::SendHeaders {},
            _ => Message::Unknown { command: "wtxidrelay".to_owned() },
        }
    }
}

impl PeerModel<HeadersFirst> for HonestPeer {
    fn hello(&self) -> Hello {
        let services = self.spec.services;
        Hello {
            start_height: self.spec.claims.unwrap_or_else(|| self.tip_height()),
            network: matches!(services, Services::Full | Services::NoWitness),
            network_limited: services == Services::Limited,
            witness: matches!(services, Services::Full | Services::Limited),
        }
    }

    fn connected(&mut self, _: Time, _: &mut Replies<HeadersFirst>) {
        self.by_headers = false;
        self.known = BlockSet::default();
        self.continue_hash = None;
    }

    fn receive(&mut self, _: Time, message: &Message, replies: &mut Replies<HeadersFirst>) {
        match message {
            Message::Block { block } => self.learn(&block.hash()),
            Message::GetBlocks { locator, stop } => {
                let mut continue_hash = self.continue_hash.take();
                let answer = answer_get_blocks(self, locator, stop, &mut continue_hash);
                self.continue_hash = continue_hash;
                replies.extend(answer.map(Reply::now));
            }
            Message::GetData { items } => {
                let mut continue_hash = self.continue_hash.take();
                let answers = answer_get_data(self, items, &mut continue_hash);
                self.continue_hash = continue_hash;
                replies.extend(answers.into_iter().map(Reply::now));
            }
            Message::GetHeaders { locator, stop } => {
                replies.extend(answer_get_headers(self, locator, stop, true).map(Reply::now));
            }
            Message::Headers { headers } => {
                headers.iter().for_each(|header| self.learn(&header.hash()));
            }
            Message::Inv { items } => items.iter().for_each(|item| self.learn(&item.hash)),
            Message::SendHeaders {} => self.by_headers = true,
            Message::NotFound { .. }
            | Message::Reject { .. }
            | Message::Tx { .. }
            | Message::Unknown { .. } => {}
        }
    }

    /// Blocks come every few minutes on a real network, so a lost announcement never stays the last
    /// one for long.
    fn healed(&mut self, _: Time, replies: &mut Replies<HeadersFirst>) {
        let tip = Inventory::block(self.world.hash(self.tip));
        replies.push(Reply::now(Message::Inv { items: vec![tip] }));
    }

    fn act(&mut self, _: Time, action: &Action, online: bool, replies: &mut Replies<HeadersFirst>) {
        match action {
            Action::Advance { tip } => self.advance(tip, online, replies),
            Action::AnnounceTransaction { number } => {
                let transaction = WholeTransaction::numbered(*number);
                let id = transaction.id();
                self.transactions.insert(id, transaction);
                replies.push(Reply::now(Message::Inv { items: vec![Inventory::tx(id)] }));
            }
            asks => replies.push(Reply::now(self.ask(asks))),
        }
    }
}

impl ChainView for HonestPeer {
    fn tip_height(&self) -> u32 {
        self.world.height(self.tip)
    }

    fn hash_at(&self, height: u32) -> Option<BlockHash> {
        self.world.ancestor(self.tip, height).map(|id| self.world.hash(id))
    }

    fn height_of(&self, hash: &BlockHash) -> Option<u32> {
        let id = self.world.find(hash)?;
        let height = self.world.height(id);
        (self.world.ancestor(self.tip, height) == Some(id)).then_some(height)
    }

    fn ancestor(&self, hash: &BlockHash, height: u32) -> Option<BlockHash> {
        let id = self.world.ancestor(self.find(hash)?, height)?;
        Some(self.world.hash(id))
    }

    fn known_height(&self, hash: &BlockHash) -> Option<u32> {
        self.find(hash).map(|id| self.world.height(id))
    }
}

impl BlockSource for HonestPeer {
    fn header(&self, hash: &BlockHash) -> Option<Header> {
        self.find(hash).map(|id| self.world.header(id))
    }

    fn block(&self, hash: &BlockHash) -> Option<Block> {
        self.find(hash).map(|id| self.world.block(id))
    }

    fn transaction(&self, id: &BlockHash) -> Option<Message> {
        let raw = Some(self.transactions.get(id)?.clone());
        Some(Message::Tx { id: *id, raw })
    }
}
