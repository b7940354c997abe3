use std::sync::Arc;

use crate::families::tipset_sync::family::TipsetSync;
use crate::families::tipset_sync::message::{
    ChainTipset, Event, FullBlock, Message, Request, status,
};
use crate::families::tipset_sync::world::World;
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{FastSet, Input, Output, PeerId};
use crate::primitives::filecoin::{Cid, Tipset};
use crate::trace::{Step, What};

use super::truth;
use super::view::event_of;

/// Only answers that match their request are used.
pub static ANSWER_MATCHES_REQUEST: Claim = Claim {
    id: "answer-matches-request",
    summary: "A tipset is validated only after its headers and messages came in an answer that \
              matches its request, or in an announcement: head, order, links, length, indices and \
              message roots.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "A peer can put anything into an answer. What names its content by hash is safe once the \
          hash is checked; what comes in the place of something else is not, and messages that no \
          header names make another state.",
    exceptions: "Headers and messages may come in different answers, from different peers, and in \
                 announcements.",
    source: "Lotus #10756, #2715, #3939; Forest #6828, #4454: answers not checked against requests",
};

/// Checks that all that is validated was received rightly.
pub fn answer_matches_request(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    let world = Arc::clone(&context.world);
    let (mut headers, mut roots) = (FastSet::default(), FastSet::default());
    let mut at = Some(Arc::clone(&world.stored));
    while let Some(tipset) = at {
        headers.extend(tipset.key().iter().copied());
        roots.extend(tipset.blocks().iter().map(|block| block.header().messages));
        at = world.tree.parent(&tipset);
    }
    Box::new(Answers { world, open: Vec::new(), headers, roots, judged: 0 })
}

struct Answers {
    world: Arc<World>,
    /// The requests that wait for an answer.
    open: Vec<(PeerId, Request)>,
    /// The blocks whose headers came rightly, or were stored.
    headers: FastSet<Cid>,
    /// The roots whose messages came rightly, or were stored; that of no messages is in genesis.
    roots: FastSet<Cid>,
    judged: u64,
}

impl Invariant<TipsetSync> for Answers {
    fn claim(&self) -> &'static Claim {
        &ANSWER_MATCHES_REQUEST
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        match &step.what {
            What::Out {
                output: Output::Send { peer, message: Message::Request { request } },
                ..
            } => {
                self.open.push((*peer, request.clone()));
            }
            What::In { input: Input::Disconnected { peer }, .. } => {
                self.open.retain(|(asked, _)| asked != peer);
            }
            What::In { input: Input::Message { peer, message }, .. } => {
                self.receive(*peer, message);
            }
            What::Crashed { .. } => self.open.clear(),
            _ => {}
        }
        match event_of(step) {
            Some(Event::Validated { tipset }) => match self.world.tipset(tipset) {
                Some(tipset) => self.judge(&tipset),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Answers {
    fn receive(&mut self, peer: PeerId, message: &Message) {
        match message {
            Message::Gossip { block } | Message::OwnBlock { block } => self.take(block),
            Message::Response { request, .. } => {
                let asks = |(to, open): &(PeerId, Request)| *to == peer && open == request;
                let Some(index) = self.open.iter().position(asks) else { return };
                self.open.swap_remove(index);
                self.take_answer(message);
            }
            Message::Checkpoint { .. } | Message::Hello { .. } | Message::Request { .. } => {}
        }
    }

    fn take(&mut self, block: &FullBlock) {
        let cid = block.header.cid();
        let Some(known) = self.world.tree.block(&cid) else { return };
        if known.messages == block.messages {
            self.headers.insert(cid);
            self.roots.insert(block.header.header().messages);
        }
    }

    fn take_answer(&mut self, message: &Message) {
        let Message::Response { request, status, chain, .. } = message else { return };
        let Some(tipsets) = matching(&self.world, request, *status, chain) else { return };
        for tipset in &tipsets {
            if request.options & Request::HEADERS != 0 {
                self.headers.extend(tipset.key().iter().copied());
            }
            if request.options & Request::MESSAGES != 0 {
                self.roots.extend(tipset.blocks().iter().map(|block| block.header().messages));
            }
        }
    }

    fn judge(&mut self, tipset: &Tipset) -> Result<(), Violation> {
        self.judged += 1;
        let name = self.world.name(tipset.key());
        for block in tipset.blocks() {
            if !self.headers.contains(&block.cid()) {
                return Err(Violation::new(
                    &ANSWER_MATCHES_REQUEST,
                    format!("the headers of {name} came in an answer that matches its request"),
                    "they did not, yet it is validated".to_owned(),
                ));
            }
            if !self.roots.contains(&block.header().messages) {
                return Err(Violation::new(
                    &ANSWER_MATCHES_REQUEST,
                    format!("the messages of {name} came and make the roots in its headers"),
                    "they did not, yet it is validated".to_owned(),
                ));
            }
        }
        Ok(())
    }
}

/// The tipsets of an answer that matches its request, newest first: from the head that was asked
/// for down, whole, and as long as its status says. That of another world matches nothing.
fn matching(
    world: &World,
    request: &Request,
    status: u64,
    chain: &[Option<ChainTipset>],
) -> Option<Vec<Arc<Tipset>>> {
    let length = chain.len() as u64;
    let fits = match status {
        status::OK => length == request.length,
        status::PARTIAL => length <= request.length,
        _ => false,
    };
    if length == 0 || !fits {
        return None;
    }
    let mut tipsets: Vec<Arc<Tipset>> = Vec::new();
    for item in chain {
        let tipset = match tipsets.last() {
            None => world.tree.form(&request.head)?,
            Some(child) => world.tree.parent(child)?,
        };
        truth::is_part(world, &tipset, request.options, item.as_ref()?).then_some(())?;
        tipsets.push(tipset);
    }
    Some(tipsets)
}
