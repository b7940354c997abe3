use std::collections::BTreeSet;

use crate::families::headers_first::{HeadersFirst, Inventory, InventoryKind, Message};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, FastMap, Input, Output, PeerId};
use crate::primitives::bitcoin::BlockHash;
use crate::trace::{Step, What};
use crate::world::BlockId;

use super::watch::{Heights, OwnChain};

pub(super) static REPLIES_EXACT: Claim = Claim {
    id: "replies-exact",
    summary: "Getheaders, getblocks and getdata of a peer are answered with exactly what the \
              subject's chain has for them.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "",
    exceptions: "",
    source: "btcd blockchain locateInventory, server OnGetData; btcd ba4a2f77, #1233; the limits \
             2000, 500 and the continuing inv of Bitcoin Core",
};

/// Headers in one message at most.
const HEADERS_MAX: usize = 2_000;

/// Hashes in one answer to getblocks at most.
const BLOCKS_MAX: usize = 500;

pub(super) fn replies_exact(context: &Context<HeadersFirst>) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(Replies {
        own: OwnChain::new(&context.world),
        context: context.clone(),
        heights: Heights::default(),
        continues: FastMap::default(),
        due: None,
        away: BTreeSet::new(),
        judged: 0,
    })
}

struct Replies {
    context: Context<HeadersFirst>,
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
    allowed: Vec<Vec<Message>>,
    got: Vec<Message>,
}

impl Invariant<HeadersFirst> for Replies {
    fn claim(&self) -> &'static Claim {
        &REPLIES_EXACT
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
                    Input::Message { peer, message } if !self.away.contains(peer) => {
                        self.expect(*peer, message, step);
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
    fn judge(&mut self) -> Result<(), Violation> {
        let Some(due) = self.due.take() else { return Ok(()) };
        self.judged += 1;
        if due.allowed.contains(&due.got) {
            return Ok(());
        }
        let world = &self.context.world;
        let text = |messages: &[Message]| match messages {
            [] => "no answer".to_owned(),
            some => some
                .iter()
                .map(|message| HeadersFirst::describe_message(world, message))
                .collect::<Vec<_>>()
                .join(", "),
        };
        let mut expected: Vec<String> = due.allowed.iter().map(|messages| text(messages)).collect();
        expected.dedup();
        Err(Violation::new(
            &REPLIES_EXACT,
            format!("to {}: {}", due.asked, expected.join("; or ")),
            text(&due.got),
        )
        .about(due.peer))
    }

    fn expect(&mut self, peer: PeerId, message: &Message, step: &Step<HeadersFirst>) {
        let (asked, allowed) = match message {
            Message::GetHeaders { locator, stop } => {
                ("getheaders", self.headers_for(locator, stop, step))
            }
            Message::GetBlocks { locator, stop } => {
                ("getblocks", self.blocks_for(peer, locator, stop))
            }
            Message::GetData { items } => ("getdata", vec![self.data_for(peer, items)]),
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
        if !self.own.is_current(world, &self.heights, step.at) {
            allowed.push(reply(&[]));
            allowed.push(Vec::new());
        }
        allowed
    }

    /// Bitcoin Core and bcoin stop before the stop hash, btcd stops after it.
    fn blocks_for(
        &mut self,
        peer: PeerId,
        locator: &[BlockHash],
        stop: &BlockHash,
    ) -> Vec<Vec<Message>> {
        let world = &self.context.world;
        let mut allowed = Vec::new();
        for ids in self.located(locator, stop, BLOCKS_MAX) {
            let hashes: Vec<BlockHash> = ids.iter().map(|id| world.hash(*id)).collect();
            if hashes.len() == BLOCKS_MAX {
                self.continues.insert(peer, hashes[BLOCKS_MAX - 1]);
            }
            let before_stop = match hashes.split_last() {
                Some((last, before)) if last == stop => inv(before),
                _ => inv(&hashes),
            };
            allowed.push(inv(&hashes));
            allowed.push(before_stop);
        }
        allowed
    }

    /// Blocks in the order asked for, then what is missing; behind the last block of a full answer
    /// to getblocks comes the tip, so that the asker goes on.
    fn data_for(&mut self, peer: PeerId, items: &[Inventory]) -> Vec<Message> {
        let world = &self.context.world;
        let mut reply = Vec::new();
        let mut missing = Vec::new();
        for item in items {
            let stored = world.find(&item.hash).filter(|id| self.own.has(world, *id));
            match stored {
                Some(id) if item.is_block() => {
                    reply.push(Message::Block { block: world.block(id) });
                    if self.continues.get(&peer) == Some(&item.hash) {
                        self.continues.swap_remove(&peer);
                        reply.extend(inv(&[world.hash(self.own.tip())]));
                    }
                }
                _ => missing.push(*item),
            }
        }
        if !missing.is_empty() {
            reply.push(Message::NotFound { items: missing });
        }
        reply
    }

    /// The blocks that a locator and a stop ask for. More than one list is right where the subject
    /// may or may not know a block that no event told of.
    fn located(&self, locator: &[BlockHash], stop: &BlockHash, limit: usize) -> Vec<Vec<BlockId>> {
        let world = &self.context.world;
        let stop = world.find(stop);
        if locator.is_empty() {
            // Without a locator the stop block alone is asked for.
            return match stop {
                None => vec![Vec::new()],
                Some(stop) if self.own.has(world, stop) => vec![vec![stop]],
                Some(stop) => vec![Vec::new(), vec![stop]],
            };
        }
        let fork = locator
            .iter()
            .filter_map(|hash| world.find(hash))
            .find(|id| self.own.on_best(world, *id))
            .map_or(0, |id| world.height(id));
        let tip = world.height(self.own.tip());
        let last = stop
            .filter(|stop| self.own.on_best(world, *stop))
            .map(|stop| world.height(stop))
            .filter(|height| *height > fork)
            .unwrap_or(tip);
        let heights = (fork + 1..=last).take(limit);
        vec![heights.filter_map(|height| self.own.at(world, height)).collect()]
    }
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
