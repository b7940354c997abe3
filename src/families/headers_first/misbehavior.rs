use bitcoin::TxMerkleNode;
use bitcoin::hashes::Hash as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::Misbehavior as Documented;
use crate::machine::{Millis, Replies, Reply, SpecError, Time};
use crate::primitives::bitcoin::{Block, Header};
use crate::scenario::in_range;

use super::peer::made_up;
use super::{HeadersFirst, HonestPeer, Inventory, Message, Network, Place, World};

/// A way to lie in answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Misbehavior {
    /// One header lacks its work, and what follows builds on it.
    BadWork {
        /// Which header of the answer.
        index: u32,
    },
    /// All is sent twice.
    Duplicates {},
    /// Headers are answered with none.
    EmptyHeaders {},
    /// Getheaders is answered with the first headers of the chain, which the subject knows.
    KnownHeaders {},
    /// Blocks come with other transactions than their headers commit to.
    MutatedBlocks {},
    /// Blocks that were announced are not found.
    NotFound {},
    /// Blocks without parents are announced beside each answer, and delivered when asked for.
    OrphanFlood {
        /// How many.
        count: u32,
    },
    /// The answer to getblocks begins so late that the blocks are orphans.
    OrphanInv {
        /// How many of the last hashes are kept.
        keep: u32,
    },
    /// It serves another chain of the world: one with a wrong checkpoint, an invalid block, or no
    /// end in sight.
    OtherChain {
        /// The tip that it pretends to have.
        tip: Place,
    },
    /// It sends one header or hash more than a message may have.
    Oversize {},
    /// Blocks come in the wrong order.
    Reversed {},
    /// It does not answer.
    Silent {},
    /// It answers late.
    Slow {
        /// How much later.
        by_ms: Millis,
    },
    /// It sends only the first messages of an answer: some blocks of many.
    StallMidway {
        /// How many messages.
        keep: u32,
    },
    /// It announces blocks that nobody has.
    UnknownInv {
        /// How many.
        count: u32,
    },
    /// The headers begin later than asked for.
    Unlinked {
        /// How many are left out.
        skip: u32,
    },
    /// A block comes that was not asked for.
    UnrequestedBlock {
        /// The block.
        block: Place,
    },
    /// Headers come that were not asked for.
    UnrequestedHeaders {
        /// The last one.
        tip: Place,
        /// How many.
        count: u32,
    },
}

/// The most hashes of one lie: more than a message may have.
const UNKNOWN_INV_MAX: u32 = 60_000;

/// The most orphans of one lie: ten times what the pool of btcd has.
const ORPHAN_FLOOD_MAX: u32 = 1_000;

/// The ways to lie, by the names that they have in files.
pub(super) static DOCUMENTED: [Documented; 18] = [
    doc("bad_work", "One header lacks its work, and what follows builds on it."),
    doc("duplicates", "All is sent twice."),
    doc("empty_headers", "Headers are answered with none."),
    doc("known_headers", "Getheaders is answered with headers that the subject knows."),
    doc("mutated_blocks", "Blocks come with other transactions than their headers commit to."),
    doc("not_found", "Blocks that were announced are not found."),
    doc("orphan_flood", "Blocks without parents are announced, and delivered when asked for."),
    doc("orphan_inv", "The answer to getblocks begins so late that the blocks are orphans."),
    doc("other_chain", "Another chain is served: a wrong checkpoint, an invalid block, no end."),
    doc("oversize", "One header or hash more is sent than a message may have."),
    doc("reversed", "Blocks come in the wrong order."),
    doc("silent", "No answer comes."),
    doc("slow", "The answer comes late."),
    doc("stall_midway", "Only the first messages of an answer come."),
    doc("unknown_inv", "Blocks are announced that nobody has."),
    doc("unlinked", "The headers begin later than asked for."),
    doc("unrequested_block", "A block comes that was not asked for."),
    doc("unrequested_headers", "Headers come that were not asked for."),
];

const fn doc(id: &'static str, summary: &'static str) -> Documented {
    Documented { id, summary }
}

impl Misbehavior {
    /// Checks that the blocks that it names are in the world, and times within a run.
    pub(super) fn check(&self, world: &World) -> Result<(), SpecError> {
        let (field, place) = match self {
            Self::OtherChain { tip } | Self::UnrequestedHeaders { tip, .. } => ("tip", tip),
            Self::UnrequestedBlock { block } => ("block", block),
            Self::Slow { by_ms } => {
                return in_range(*by_ms).map_err(|error| error.within("by_ms"));
            }
            Self::OrphanFlood { count } if *count > ORPHAN_FLOOD_MAX => {
                let message = format!("at most {ORPHAN_FLOOD_MAX}, got {count}");
                return Err(SpecError::new("count", message));
            }
            Self::UnknownInv { count } if *count > UNKNOWN_INV_MAX => {
                let message = format!("at most {UNKNOWN_INV_MAX}, got {count}");
                return Err(SpecError::new("count", message));
            }
            _ => return Ok(()),
        };
        world.place(place).map(drop).map_err(|error| error.within(field))
    }

    /// Turns honest answers into the lie.
    pub(super) fn apply(
        &self,
        peer: &mut HonestPeer,
        request: &Message,
        replies: &mut Replies<HeadersFirst>,
    ) {
        match self {
            Self::BadWork { index } => each_headers(replies, |headers| bad_work(headers, *index)),
            Self::Duplicates {} => {
                *replies = replies.drain(..).flat_map(|reply| [reply.clone(), reply]).collect();
            }
            Self::EmptyHeaders {} => each_headers(replies, Vec::clear),
            Self::KnownHeaders {} => known_headers(peer, request, replies),
            Self::MutatedBlocks {} => each_message(replies, mutate),
            Self::NotFound {} => not_found(request, replies),
            Self::OrphanFlood { count } => flood(request, *count, replies),
            Self::OrphanInv { keep } => each_message(replies, |message| {
                if let Message::Inv { items } = message {
                    items.drain(..items.len().saturating_sub(*keep as usize));
                }
            }),
            Self::OtherChain { tip } => {
                let tip = peer.world().place(tip).expect("a checked lie has its block");
                replies.clear();
                peer.receive_with_tip(tip, Time::ZERO, request, replies);
            }
            Self::Oversize {} => each_message(replies, oversize),
            Self::Reversed {} => replies.reverse(),
            Self::Silent {} => replies.clear(),
            Self::Slow { by_ms } => replies.iter_mut().for_each(|reply| reply.delay += by_ms),
            Self::StallMidway { keep } => replies.truncate(*keep as usize),
            Self::UnknownInv { count } => {
                let items =
                    (0..*count).map(|number| Inventory::block(made_up(0x1e, number))).collect();
                replies.push(Reply::now(Message::Inv { items }));
            }
            Self::Unlinked { skip } => each_headers(replies, |headers| {
                headers.drain(..headers.len().min(*skip as usize));
            }),
            Self::UnrequestedBlock { block } => {
                let world = peer.world();
                let id = world.place(block).expect("a checked lie has its block");
                replies.push(Reply::now(Message::Block { block: world.block(id) }));
            }
            Self::UnrequestedHeaders { tip, count } => {
                replies.push(Reply::now(headers_up_to(peer.world(), tip, *count)));
            }
        }
    }
}

fn each_message(replies: &mut Replies<HeadersFirst>, edit: impl Fn(&mut Message)) {
    replies.iter_mut().for_each(|reply| edit(&mut reply.message));
}

fn each_headers(replies: &mut Replies<HeadersFirst>, edit: impl Fn(&mut Vec<Header>)) {
    each_message(replies, |message| {
        if let Message::Headers { headers } = message {
            edit(headers);
        }
    });
}

/// Takes the work out of one header, and lets the next ones build on it with work of their own.
fn bad_work(headers: &mut [Header], index: u32) {
    let index = index as usize;
    if index >= headers.len() {
        return;
    }
    let mut parent = None;
    for (position, header) in headers.iter_mut().enumerate().skip(index) {
        let mut fields = *header.fields();
        if let Some(parent) = parent {
            fields.prev_blockhash = parent;
        }
        let target = fields.target();
        let wanted = position != index;
        while fields.validate_pow(target).is_ok() != wanted {
            fields.nonce = fields.nonce.wrapping_add(1);
        }
        parent = Some(fields.block_hash());
        *header = Header::new(fields);
    }
}

fn known_headers(peer: &HonestPeer, request: &Message, replies: &mut Replies<HeadersFirst>) {
    let Message::GetHeaders { locator, .. } = request else { return };
    let world = peer.world();
    let newest = locator.first().and_then(|hash| world.find(hash));
    // Genesis is never sent, so the one after it is, which is known from the second time on.
    let known = newest.and_then(|id| match world.height(id) {
        0 => world.ancestor(peer.tip(), 1),
        _ => Some(id),
    });
    let Some(known) = known else { return };
    replies.clear();
    replies.push(Reply::now(Message::Headers { headers: vec![world.header(known)] }));
}

/// Another body under the same header.
fn mutate(message: &mut Message) {
    let Message::Block { block } = message else { return };
    let mut transactions = block.transactions().to_vec();
    if let Some(coinbase) = transactions.first_mut() {
        coinbase.lock_time = bitcoin::absolute::LockTime::from_consensus(1);
    }
    *message = Message::Block { block: Block::new(block.header().clone(), transactions) };
}

fn not_found(request: &Message, replies: &mut Replies<HeadersFirst>) {
    let Message::GetData { items } = request else { return };
    replies.clear();
    replies.push(Reply::now(Message::NotFound { items: items.clone() }));
}

fn flood(request: &Message, count: u32, replies: &mut Replies<HeadersFirst>) {
    let blocks = (0..count).map(orphan);
    if let Message::GetData { items } = request {
        let is_asked = |block: &Block| items.iter().any(|item| item.hash == block.hash());
        replies.retain(|reply| !matches!(reply.message, Message::NotFound { .. }));
        let asked = blocks.filter(is_asked).map(|block| Reply::now(Message::Block { block }));
        replies.extend(asked);
    } else {
        let items = blocks.map(|block| Inventory::block(block.hash())).collect();
        replies.push(Reply::now(Message::Inv { items }));
    }
}

/// A block with enough work whose parent nobody has.
fn orphan(number: u32) -> Block {
    let genesis = Network::Regtest.genesis();
    let mut fields = *genesis.header().fields();
    fields.prev_blockhash = made_up(0x0f, number).into();
    fields.time += 600;
    let target = fields.target();
    while fields.validate_pow(target).is_err() {
        fields.nonce = fields.nonce.wrapping_add(1);
    }
    Block::new(Header::new(fields), genesis.transactions().to_vec())
}

/// Fills a message to one item beyond its limit: 2000 headers, 50 000 hashes.
fn oversize(message: &mut Message) {
    match message {
        Message::Headers { headers } => {
            let Some(last) = headers.last().cloned() else { return };
            let mut fields = *last.fields();
            while headers.len() <= 2_000 {
                fields.prev_blockhash = fields.block_hash();
                fields.merkle_root = TxMerkleNode::all_zeros();
                let target = fields.target();
                while fields.validate_pow(target).is_err() {
                    fields.nonce = fields.nonce.wrapping_add(1);
                }
                headers.push(Header::new(fields));
            }
        }
        Message::Inv { items } => {
            let made_up = (0..50_001).map(|number| Inventory::block(made_up(0x05, number)));
            items.extend(made_up.skip(items.len()));
        }
        _ => {}
    }
}

fn headers_up_to(world: &World, tip: &Place, count: u32) -> Message {
    let tip = world.place(tip).expect("a checked lie has its block");
    let height = world.height(tip);
    let first = height.saturating_sub(count.saturating_sub(1)).max(1);
    let headers = (first..=height)
        .filter_map(|height| world.ancestor(tip, height))
        .map(|id| world.header(id))
        .collect();
    Message::Headers { headers }
}
