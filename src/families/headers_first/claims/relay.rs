use crate::families::headers_first::{Event, HeadersFirst, Inventory, Message};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{FastMap, Input, LookupMap, Output, PeerId};
use crate::primitives::bitcoin::BlockHash;
use crate::trace::{Step, What};
use crate::world::BlockSet;

use super::watch::{Connections, Heights, OwnChain, announced, label};

/// How many items a peer is known to know at least (btcd peer `maxKnownInventory`).
const KNOWN_INVENTORY_MIN: usize = 1_000;

/// When so many sent blocks are remembered, those are forgotten that may be announced again.
const SENT_MAX: usize = 16 * KNOWN_INVENTORY_MIN;

pub(super) static NO_ECHO: Claim = Claim {
    id: "no-echo",
    summary: "A block is not announced by inv to the peer that has just sent it.",
    strength: Strength::Profile(&["btcd-0.25", "btcd-0.26"]),
    needs: Needs::Messages,
    why: "The sender knows the block: server.go adds it to the peer's known inventory, which \
          QueueInventory leaves out.",
    exceptions: "a block that a thousand items were exchanged after, for known inventory is a cache \
                 of a thousand; an answer to getblocks or getdata; announcements by headers, which \
                 handleRelayInvMsg does not filter",
    source: "btcd peer QueueInventory: known inventory is not announced; server OnBlock",
};

pub(super) static RELAYS_WHEN_CURRENT: Claim = Claim {
    id: "relays-when-current",
    summary: "A current node announces each block that it accepts to all peers that are not known \
              to have it.",
    strength: Strength::Profile(&["btcd-0.25", "btcd-0.26"]),
    needs: Needs::Events,
    why: "Each block that is connected while netsync is current goes to all peers by \
          RelayInventory, whoever it came from.",
    exceptions: "while a peer is connected that claims or shows a greater height: the sync peer's \
                 claim alone makes btcd not current; a peer that knows the block already",
    source: "btcd netsync handleBlockchainNotification, server handleRelayInvMsg",
};

pub(super) static NOT_RELAYED_WHILE_BEHIND: Claim = Claim {
    id: "not-relayed-while-behind",
    summary: "A node whose tip is older than a day, or below the last checkpoint, announces no block \
              unasked.",
    strength: Strength::Profile(&["btcd-0.25", "btcd-0.26"]),
    needs: Needs::Events,
    why: "handleBlockchainNotification relays nothing while netsync is not current: all who are \
          current know the block, and each block of a long sync would go out to every peer. Bitcoin \
          Core does so until it has been current once.",
    exceptions: "answers to getblocks, getdata and getheaders",
    source: "btcd netsync handleBlockchainNotification, current; Bitcoin Core UpdatedBlockTip",
};

pub(super) fn not_relayed_while_behind(
    context: &Context<HeadersFirst>,
) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(Behind {
        own: OwnChain::new(&context.world),
        context: context.clone(),
        asking: None,
        judged: 0,
    })
}

pub(super) fn no_echo(context: &Context<HeadersFirst>) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(Echo {
        context: context.clone(),
        sent: LookupMap::default(),
        exchanged: FastMap::default(),
        asking: None,
        judged: 0,
    })
}

pub(super) fn relays_when_current(
    context: &Context<HeadersFirst>,
) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(Relays {
        own: OwnChain::new(&context.world),
        context: context.clone(),
        connections: Connections::default(),
        heights: Heights::claimed_or_shown(),
        known: FastMap::default(),
        was_current: false,
        accepted: Vec::new(),
        judged: 0,
    })
}

struct Echo {
    context: Context<HeadersFirst>,
    /// The blocks that each peer has sent, and how many items had been exchanged with it by then.
    sent: LookupMap<(PeerId, BlockHash), usize>,
    /// How many items have been exchanged with each peer, as announcements or whole.
    exchanged: FastMap<PeerId, usize>,
    /// The peer whose getblocks or getdata is being answered: the answer may name any block.
    asking: Option<PeerId>,
    judged: u64,
}

impl Invariant<HeadersFirst> for Echo {
    fn claim(&self) -> &'static Claim {
        &NO_ECHO
    }

    fn observe(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        match &step.what {
            What::In { input, .. } => {
                self.see(input);
                Ok(())
            }
            What::Out {
                output: Output::Send { peer, message: Message::Inv { items } }, ..
            } => {
                if self.asking != Some(*peer) {
                    self.judge(*peer, items)?;
                }
                *self.exchanged.entry(*peer).or_default() += items.len();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Echo {
    fn see(&mut self, input: &Input<HeadersFirst>) {
        self.asking = None;
        match input {
            Input::Connected { peer, .. } => self.sent.retain(|(sender, _), _| sender != peer),
            Input::Message { peer, message } => {
                let exchanged = self.exchanged.entry(*peer).or_default();
                match message {
                    Message::Block { block } => {
                        *exchanged += 1;
                        self.sent.insert((*peer, block.hash()), *exchanged);
                        if self.sent.len() > SENT_MAX {
                            let exchanged = &self.exchanged;
                            self.sent
                                .retain(|(peer, _), at| exchanged[peer] - at < KNOWN_INVENTORY_MIN);
                        }
                    }
                    Message::Tx { .. } => *exchanged += 1,
                    Message::Inv { items } => *exchanged += items.len(),
                    Message::GetBlocks { .. } | Message::GetData { .. } => {
                        self.asking = Some(*peer);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// A block that was sent long ago may be announced: what a peer knows is remembered for a
    /// thousand items.
    fn judge(&mut self, peer: PeerId, items: &[Inventory]) -> Result<(), Violation> {
        self.judged += 1;
        let exchanged = self.exchanged.entry(peer).or_default();
        let is_echo = |item: &&Inventory| {
            let sent_at = self.sent.get(&(peer, item.hash));
            sent_at.is_some_and(|at| *exchanged - at < KNOWN_INVENTORY_MIN)
        };
        match items.iter().find(is_echo) {
            None => Ok(()),
            Some(item) => Err(Violation::new(
                &NO_ECHO,
                format!(
                    "{peer} is not told of {}, which it sent",
                    label(&self.context.world, &item.hash)
                ),
                "an inv of it".to_owned(),
            )
            .about(peer)),
        }
    }
}

struct Behind {
    context: Context<HeadersFirst>,
    own: OwnChain,
    /// The peer whose question is being answered.
    asking: Option<PeerId>,
    judged: u64,
}

impl Invariant<HeadersFirst> for Behind {
    fn claim(&self) -> &'static Claim {
        &NOT_RELAYED_WHILE_BEHIND
    }

    fn observe(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        let world = &self.context.world;
        match &step.what {
            What::In { input, .. } => self.asking = asking(input),
            What::Out { output: Output::Event { event: Event::BlockAccepted { .. } }, .. }
                if !self.own.is_far_enough(world, step.at) =>
            {
                self.judged += 1
            }
            What::Out { output: Output::Send { peer, message }, .. }
                if self.asking != Some(*peer) && !self.own.is_far_enough(world, step.at) =>
            {
                if let Some(block) = announced(message) {
                    return Err(Violation::new(
                        &NOT_RELAYED_WHILE_BEHIND,
                        format!("{peer} is told of no block: the tip is old or low"),
                        format!("it is told of {}", label(world, &block)),
                    )
                    .about(*peer));
                }
            }
            _ => {}
        }
        self.own.see(world, step);
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

/// Who asks by this input for what an announcement may answer.
fn asking(input: &Input<HeadersFirst>) -> Option<PeerId> {
    match input {
        Input::Message {
            peer,
            message:
                Message::GetBlocks { .. } | Message::GetData { .. } | Message::GetHeaders { .. },
        } => Some(*peer),
        _ => None,
    }
}

struct Relays {
    context: Context<HeadersFirst>,
    own: OwnChain,
    connections: Connections,
    heights: Heights,
    /// The blocks that each peer is known to have: it told so, or was told.
    known: FastMap<PeerId, BlockSet>,
    /// Whether the subject was current before the last input.
    was_current: bool,
    /// The blocks accepted since.
    accepted: Vec<BlockHash>,
    judged: u64,
}

impl Invariant<HeadersFirst> for Relays {
    fn claim(&self) -> &'static Claim {
        &RELAYS_WHEN_CURRENT
    }

    fn observe(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        match &step.what {
            What::In { input, .. } => {
                self.judge()?;
                self.was_current = self.own.is_current(&self.context.world, &self.heights, step.at);
                if let Input::Message { peer, message } = input {
                    self.learn(*peer, message);
                } else if let Input::Connected { peer, .. } = input {
                    self.known.swap_remove(peer);
                }
            }
            What::Out { output: Output::Send { peer, message }, .. } => {
                self.learn(*peer, message);
            }
            What::Out {
                output: Output::Event { event: Event::BlockAccepted { hash, .. } },
                ..
            } if self.was_current => {
                self.accepted.push(*hash);
            }
            What::Crashed { .. } => {
                self.accepted.clear();
                self.known.clear();
            }
            _ => {}
        }
        self.own.see(&self.context.world, step);
        self.connections.see(step);
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

impl Relays {
    /// Inventory counts from the start: a peer that announced a block early keeps it in its known
    /// inventory (btcd netsync `handleInvMsg`). Headers are many on the long way to being current, and
    /// are not marked as known by btcd.
    fn learn(&mut self, peer: PeerId, message: &Message) {
        let world = &self.context.world;
        let known = self.known.entry(peer).or_default();
        let mut note = |hash: &BlockHash| {
            if let Some(id) = world.find(hash) {
                known.insert(id);
            }
        };
        match message {
            Message::Block { block } => note(&block.hash()),
            Message::Headers { headers } if self.was_current => {
                headers.iter().for_each(|header| note(&header.hash()));
            }
            Message::Inv { items } => {
                items.iter().filter(|item| item.is_block()).for_each(|item| note(&item.hash));
            }
            _ => {}
        }
    }

    fn judge(&mut self) -> Result<(), Violation> {
        for hash in std::mem::take(&mut self.accepted) {
            // What the world does not know is judged by `lie-never-becomes-progress`.
            let Some(id) = self.context.world.find(&hash) else { continue };
            for peer in self.connections.iter() {
                self.judged += 1;
                if !self.known.get(&peer).is_some_and(|known| known.contains(id)) {
                    let block = label(&self.context.world, &hash);
                    return Err(Violation::new(
                        &RELAYS_WHEN_CURRENT,
                        format!("{peer} is told of {block}"),
                        "it is not".to_owned(),
                    )
                    .about(peer));
                }
            }
        }
        Ok(())
    }
}
