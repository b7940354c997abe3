use std::collections::BTreeSet;

use crate::families::headers_first::{HeadersFirst, Inventory, InventoryKind, Message};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, FastMap, Input, Output, PeerId};
use crate::primitives::bitcoin::BlockHash;
use crate::trace::{Step, What};
use crate::world::{BlockId, BlockSet};

use super::watch::{Heights, OwnChain};

pub(super) static REPLIES_EXACT: Claim = Claim {
    id: "replies-exact",
    summary: "Getheaders, getblocks and getdata of a peer are answered with exactly what the \
              subject's chain has for them.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "Peers build their next request on the answer: a hash too few or too many, or one of another \
          chain, makes them stall, or ask for what is not there.",
    exceptions: "a client that is not current may answer getheaders with nothing, or an empty \
                 message; the stop hash of getblocks may be part of the answer or not; getblocks \
                 without a locator means from genesis on (Bitcoin Core, bcoin) or the stop block \
                 alone (btcd); getheaders without a locator may stay unanswered where the stop is \
                 not on the best chain; a block that is stored and not validated may be served or \
                 not; a missing block may be passed over in silence (Bitcoin Core)",
    source: "btcd blockchain locateInventory, server OnGetData; Bitcoin Core net_processing.cpp \
             ProcessGetData and the limits 2000, 500, the continuing inv; bcoin lib/net/pool.js; \
             btcd ba4a2f77, #1233",
};

pub(super) static MISSING_IS_TOLD: Claim = Claim {
    id: "missing-is-told",
    summary: "What a getdata asks for and the subject does not have is named in one notfound, after \
              what it has.",
    strength: Strength::Profile(&["btcd-0.25", "btcd-0.26"]),
    needs: Needs::Events,
    why: "OnGetData collects what could not be queued and sends one notfound at the end. Bitcoin Core \
          does so for transactions alone.",
    exceptions: "",
    source: "btcd server.go OnGetData; the class of btcd #1233: to have nothing is an answer too",
};

/// Headers in one message at most.
const HEADERS_MAX: usize = 2_000;

/// Hashes in one answer to getblocks at most.
const BLOCKS_MAX: usize = 500;

pub(super) fn replies_exact(context: &Context<HeadersFirst>) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(Replies::new(context, false))
}

pub(super) fn missing_is_told(context: &Context<HeadersFirst>) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(Replies::new(context, true))
}

struct Replies {
    context: Context<HeadersFirst>,
    /// Whether only getdata is judged, and what is missing must be told.
    must_tell: bool,
    /// Blocks that have come, of which a client may or may not have kept the unvalidated ones.
    delivered: BlockSet,
    own: OwnChain,
    heights: Heights,
    /// The last hash of a full answer to getblocks, for each peer.
    continues: FastMap<PeerId, BlockHash>,
    due: Option<Due>,
    /// Peers that have left; what they sent before may still arrive, but cannot be answered.
    away: BTreeSet<PeerId>,
    judged: u64,
}

/// The answers that are right for a request, any one of them, and what came so far.
struct Due {
    peer: PeerId,
    cause: u64,
    asked: &'static str,
    allowed: Allowed,
    got: Vec<Message>,
}

/// Which answers are right.
enum Allowed {
    /// Any one of these.
    OneOf(Vec<Vec<Message>>),
    /// These parts in this order, then a notfound of what is missing.
    Data(Vec<Part>),
}

/// What a getdata asks for.
struct Part {
    item: Inventory,
    stored: Stored,
    /// The block, and behind the last one of a full answer to getblocks the tip.
    messages: Vec<Message>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stored {
    Yes,
    No,
    Perhaps,
}

impl Invariant<HeadersFirst> for Replies {
    fn claim(&self) -> &'static Claim {
        if self.must_tell { &MISSING_IS_TOLD } else { &REPLIES_EXACT }
    }

    fn observe(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        match &step.what {
            What::In { input, .. } => {
                self.judge()?;
                match input {
                    Input::Connected { peer, .. } => {
                        self.away.remove(peer);
                    }
                    Input::Disconnected { peer } => {
                        self.away.insert(*peer);
                        self.continues.swap_remove(peer);
                    }
                    Input::Message { peer, message } => {
                        if let Message::Block { block } = message
                            && let Some(id) = self.context.world.find(&block.hash())
                        {
                            self.delivered.insert(id);
                        }
                        if !self.away.contains(peer) {
                            self.expect(*peer, message, step);
                        }
                    }
                    _ => {}
                }
            }
            What::Out { output: Output::Send { peer, message }, .. } => {
                if let Some(due) = &mut self.due
                    && due.peer == *peer
                    && step.cause == Some(due.cause)
                {
                    due.got.push(message.clone());
                }
            }
            // A peer that is dropped is owed nothing.
            What::Out { output: Output::Disconnect { .. } | Output::Refuse { .. }, .. } => {
                self.due = None
            }
            What::Crashed { .. } => {
                self.due = None;
                self.continues.clear();
            }
            _ => {}
        }
        self.own.see(&self.context.world, step);
        self.heights.see(&self.context.world, step);
        Ok(())
    }

    fn finish(&mut self, _: &End<'_, HeadersFirst>) -> Result<(), Violation> {
        self.judge()
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Replies {
    fn new(context: &Context<HeadersFirst>, must_tell: bool) -> Self {
        Self {
            own: OwnChain::new(&context.world),
            context: context.clone(),
            must_tell,
            delivered: BlockSet::default(),
            heights: Heights::shown(),
            continues: FastMap::default(),
            due: None,
            away: BTreeSet::new(),
            judged: 0,
        }
    }

    fn judge(&mut self) -> Result<(), Violation> {
        let Some(due) = self.due.take() else { return Ok(()) };
        self.note_continuation(&due);
        if self.must_tell && matches!(due.allowed, Allowed::OneOf(_)) {
            return Ok(());
        }
        self.judged += 1;
        let expected = match &due.allowed {
            Allowed::OneOf(answers) if answers.contains(&due.got) => return Ok(()),
            Allowed::OneOf(answers) => answers.clone(),
            Allowed::Data(parts) if is_data(parts, &due.got, self.must_tell) => return Ok(()),
            Allowed::Data(parts) => vec![usual(parts)],
        };
        let world = &self.context.world;
        let text = |messages: &[Message]| match messages {
            [] => "no answer".to_owned(),
            some => some
                .iter()
                .map(|message| HeadersFirst::describe_message(world, message))
                .collect::<Vec<_>>()
                .join(", "),
        };
        let mut expected: Vec<String> = expected.iter().map(|messages| text(messages)).collect();
        expected.dedup();
        Err(Violation::new(
            self.claim(),
            format!("to {}: {}", due.asked, expected.join("; or ")),
            text(&due.got),
        )
        .about(due.peer))
    }

    /// A full answer to getblocks is followed by the tip when its last block is served.
    fn note_continuation(&mut self, due: &Due) {
        if due.asked == "getblocks"
            && let [Message::Inv { items }] = due.got.as_slice()
            && items.len() == BLOCKS_MAX
        {
            self.continues.insert(due.peer, items[BLOCKS_MAX - 1].hash);
        }
    }

    fn expect(&mut self, peer: PeerId, message: &Message, step: &Step<HeadersFirst>) {
        let (asked, allowed) = match message {
            // Silence may be right: nothing must be told.
            Message::GetHeaders { .. } if self.must_tell => return,
            // What follows a full answer must be known all the same.
            Message::GetBlocks { .. } if self.must_tell => {
                ("getblocks", Allowed::OneOf(Vec::new()))
            }
            Message::GetHeaders { locator, stop } => {
                ("getheaders", Allowed::OneOf(self.headers_for(locator, stop, step)))
            }
            Message::GetBlocks { locator, stop } => {
                ("getblocks", Allowed::OneOf(self.blocks_for(locator, stop)))
            }
            Message::GetData { items } => ("getdata", Allowed::Data(self.data_for(peer, items))),
            _ => return,
        };
        self.due = Some(Due { peer, cause: step.seq, asked, allowed, got: Vec::new() });
    }

    /// While it is not current, a node may stay silent or send nothing but an empty message.
    fn headers_for(
        &self,
        locator: &[BlockHash],
        stop: &BlockHash,
        step: &Step<HeadersFirst>,
    ) -> Vec<Vec<Message>> {
        let world = &self.context.world;
        let reply = |ids: &[BlockId]| {
            let headers = ids.iter().map(|id| world.header(*id)).collect();
            vec![Message::Headers { headers }]
        };
        let mut allowed: Vec<Vec<Message>> =
            self.located(locator, stop, HEADERS_MAX).iter().map(|ids| reply(ids)).collect();
        // Bitcoin Core is silent about a stop block that it does not have, or has not validated.
        let stop = world.find(stop);
        if locator.is_empty() && !stop.is_some_and(|stop| self.own.on_best(world, stop)) {
            allowed.push(Vec::new());
        }
        if !self.is_current(step) {
            allowed.push(reply(&[]));
            allowed.push(Vec::new());
        }
        allowed
    }

    /// What a peer claims without proof is no reason to stay silent towards others.
    fn is_current(&self, step: &Step<HeadersFirst>) -> bool {
        self.own.is_current(&self.context.world, &self.heights, step.at)
    }

    /// Bitcoin Core and bcoin stop before the stop hash, btcd stops after it.
    fn blocks_for(&self, locator: &[BlockHash], stop: &BlockHash) -> Vec<Vec<Message>> {
        let world = &self.context.world;
        let mut lists = self.located(locator, stop, BLOCKS_MAX);
        if locator.is_empty() {
            let from_genesis = [world.hash(world.genesis())];
            lists.extend(self.located(&from_genesis, stop, BLOCKS_MAX));
        }
        let mut allowed = Vec::new();
        for ids in lists {
            let hashes: Vec<BlockHash> = ids.iter().map(|id| world.hash(*id)).collect();
            let before_stop = match hashes.split_last() {
                Some((last, before)) if last == stop => inv(before),
                _ => inv(&hashes),
            };
            allowed.push(inv(&hashes));
            allowed.push(before_stop);
        }
        allowed
    }

    /// Blocks in the order asked for; behind the last block of a full answer to getblocks comes the
    /// tip, so that the asker goes on.
    fn data_for(&mut self, peer: PeerId, items: &[Inventory]) -> Vec<Part> {
        let world = &self.context.world;
        let mut parts = Vec::with_capacity(items.len());
        for item in items {
            let id = world.find(&item.hash).filter(|_| item.is_block());
            let stored = id.map_or(Stored::No, |id| self.stored(id));
            let mut messages = Vec::new();
            if let Some(id) = id.filter(|_| stored != Stored::No) {
                messages.push(Message::Block { block: world.block(id) });
                if self.continues.get(&peer) == Some(&item.hash) {
                    self.continues.swap_remove(&peer);
                    messages.extend(inv(&[world.hash(self.own.tip())]));
                }
            }
            parts.push(Part { item: *item, stored, messages });
        }
        parts
    }

    /// Bitcoin Core keeps side blocks and does not serve them before they are validated; btcd and
    /// bcoin serve them. Whether a block is kept that only full validation would refuse is open too.
    fn stored(&self, id: BlockId) -> Stored {
        let world = &self.context.world;
        if self.own.is_validated(world, id) {
            Stored::Yes
        } else if self.own.has(world, id)
            || (self.delivered.contains(id) && !world.is_valid(id) && world.may_be_stored(id))
        {
            Stored::Perhaps
        } else {
            Stored::No
        }
    }

    /// The blocks that a locator and a stop ask for. More than one list is right where the subject
    /// may or may not know a block that no event told of, or that it has the header of.
    fn located(&self, locator: &[BlockHash], stop: &BlockHash, limit: usize) -> Vec<Vec<BlockId>> {
        let world = &self.context.world;
        let stop = world.find(stop);
        if locator.is_empty() {
            // Without a locator the stop block alone is asked for.
            return match stop {
                None => vec![Vec::new()],
                Some(stop) if self.own.is_validated(world, stop) => vec![vec![stop]],
                Some(stop) => vec![Vec::new(), vec![stop]],
            };
        }
        let known = locator.iter().filter_map(|hash| world.find(hash)).collect::<Vec<_>>();
        let fork = known.iter().position(|id| self.own.on_best(world, *id));
        let height = fork.map_or(0, |index| world.height(known[index]));
        let tip = world.height(self.own.tip());
        let last = stop
            .filter(|stop| self.own.on_best(world, *stop))
            .map(|stop| world.height(stop))
            .filter(|last| *last > height)
            .unwrap_or(tip);
        let heights = (height + 1..=last).take(limit);
        let mut lists = vec![heights.filter_map(|height| self.own.at(world, height)).collect()];
        // Who knows the header of a block above its tip has nothing after it (Bitcoin Core,
        // `FindForkInGlobalIndex`).
        let above = &known[..fork.unwrap_or(known.len())];
        if above.iter().any(|id| world.ancestor(*id, tip) == Some(self.own.tip())) {
            lists.push(Vec::new());
        }
        lists
    }
}

/// Whether messages are a right answer to a getdata of `parts`.
fn is_data(parts: &[Part], got: &[Message], must_tell: bool) -> bool {
    let mut rest = got;
    let mut missing = Vec::new();
    for part in parts {
        let served = part.stored != Stored::No && rest.starts_with(&part.messages);
        if served {
            rest = &rest[part.messages.len()..];
        } else if part.stored == Stored::Yes {
            return false;
        } else {
            missing.push(part.item);
        }
    }
    match rest {
        [] => missing.is_empty() || (!must_tell && missing.iter().all(Inventory::is_block)),
        [Message::NotFound { items }] => *items == missing,
        _ => false,
    }
}

/// The answer of most clients, for people.
fn usual(parts: &[Part]) -> Vec<Message> {
    let mut messages: Vec<Message> =
        parts.iter().flat_map(|part| part.messages.iter().cloned()).collect();
    let missing = parts.iter().filter(|part| part.messages.is_empty());
    let items: Vec<Inventory> = missing.map(|part| part.item).collect();
    if !items.is_empty() {
        messages.push(Message::NotFound { items });
    }
    messages
}

/// An inv of blocks; nothing, if there are none.
fn inv(hashes: &[BlockHash]) -> Vec<Message> {
    if hashes.is_empty() {
        return Vec::new();
    }
    let items =
        hashes.iter().map(|hash| Inventory { kind: InventoryKind::Block, hash: *hash }).collect();
    vec![Message::Inv { items }]
}
