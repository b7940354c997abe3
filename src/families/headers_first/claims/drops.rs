use crate::families::headers_first::{HeadersFirst, Message, Profile};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{Input, LookupSet, Output, PeerId};
use crate::primitives::bitcoin::BlockHash;
use crate::trace::{Step, What};

use super::watch::{Connections, MustDrop, label};

pub(super) static UNREQUESTED_BLOCK_DROPS: Claim = Claim {
    id: "unrequested-block-drops",
    summary: "A peer that sends a block which it was not asked for is dropped.",
    strength: Strength::Profile(&["btcd-0.25", "btcd-0.26"]),
    needs: Needs::Messages,
    why: "handleBlockMsg keeps a map of what each peer was asked for, and closes the connection \
          to who sends anything else.",
    exceptions: "on btcd's own regtest, where such blocks are processed; what a notfound has \
                 taken back is no longer asked for",
    source: "btcd netsync handleBlockMsg: \"Got unrequested block\"",
};

pub(super) static UNREQUESTED_HEADERS_DROP: Claim = Claim {
    id: "unrequested-headers-drop",
    summary: "A peer that sends headers before the subject has asked anybody for headers is dropped.",
    strength: Strength::Profile(&["btcd-0.25"]),
    needs: Needs::Messages,
    why: "Up to v0.25 headers count only in headers-first mode, which the first getheaders \
          begins.",
    exceptions: "",
    source: "btcd v0.25 netsync handleHeadersMsg: \"Got unrequested headers\"",
};

pub(super) fn unrequested_block_drops(
    context: &Context<HeadersFirst>,
) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(UnrequestedBlock {
        context: context.clone(),
        connections: Connections::default(),
        asked: LookupSet::default(),
        due: MustDrop::new(&UNREQUESTED_BLOCK_DROPS),
        judged: 0,
    })
}

pub(super) fn unrequested_headers_drop(
    context: &Context<HeadersFirst>,
) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(UnrequestedHeaders {
        context: context.clone(),
        connections: Connections::default(),
        asked: false,
        due: MustDrop::new(&UNREQUESTED_HEADERS_DROP),
        judged: 0,
    })
}

struct UnrequestedBlock {
    context: Context<HeadersFirst>,
    connections: Connections,
    /// What each peer owes.
    asked: LookupSet<(PeerId, BlockHash)>,
    due: MustDrop,
    judged: u64,
}

impl Invariant<HeadersFirst> for UnrequestedBlock {
    fn claim(&self) -> &'static Claim {
        &UNREQUESTED_BLOCK_DROPS
    }

    fn observe(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        self.due.see(step)?;
        match &step.what {
            What::Out {
                output: Output::Send { peer, message: Message::GetData { items } },
                ..
            } => {
                let blocks = items.iter().filter(|item| item.is_block());
                self.asked.extend(blocks.map(|item| (*peer, item.hash)));
            }
            What::In {
                input: Input::Message { peer, message: Message::NotFound { items } },
                ..
            } => {
                for item in items {
                    self.asked.remove(&(*peer, item.hash));
                }
            }
            What::In {
                input: Input::Message { peer, message: Message::Block { block } }, ..
            } if self.connections.contains(*peer) && !self.asked.remove(&(*peer, block.hash())) => {
                self.judged += 1;
                let block = label(&self.context.world, &block.hash());
                self.due.expect(*peer, format!("sent {block} without being asked"));
            }
            What::In { input: Input::Disconnected { peer }, .. } => {
                self.asked.retain(|(asked_of, _)| asked_of != peer);
            }
            What::Crashed { .. } => self.asked.clear(),
            _ => {}
        }
        self.connections.see(step);
        Ok(())
    }

    fn finish(&mut self, _: &End<'_, HeadersFirst>) -> Result<(), Violation> {
        self.due.finish()
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct UnrequestedHeaders {
    context: Context<HeadersFirst>,
    connections: Connections,
    /// Whether headers were ever asked for by this process.
    asked: bool,
    due: MustDrop,
    judged: u64,
}

impl Invariant<HeadersFirst> for UnrequestedHeaders {
    fn claim(&self) -> &'static Claim {
        &UNREQUESTED_HEADERS_DROP
    }

    fn observe(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        if self.context.world.profile() != Profile::Btcd025 {
            return Ok(());
        }
        self.due.see(step)?;
        match &step.what {
            What::Out {
                output: Output::Send { message: Message::GetHeaders { .. }, .. }, ..
            } => {
                self.asked = true;
            }
            What::In {
                input: Input::Message { peer, message: Message::Headers { headers } },
                ..
            } if self.connections.contains(*peer) && !self.asked => {
                self.judged += 1;
                let count = headers.len();
                self.due.expect(*peer, format!("sent {count} headers without being asked"));
            }
            What::Crashed { .. } => self.asked = false,
            _ => {}
        }
        self.connections.see(step);
        Ok(())
    }

    fn finish(&mut self, _: &End<'_, HeadersFirst>) -> Result<(), Violation> {
        self.due.finish()
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
