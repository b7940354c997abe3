use std::sync::Arc;

use crate::families::tipset_sync::family::TipsetSync;
use crate::families::tipset_sync::message::{ChainTipset, Message, Request, status};
use crate::families::tipset_sync::world::World;
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{Input, Output, PeerId};
use crate::primitives::filecoin::Tipset;
use crate::trace::{Step, What};

use super::truth;
use super::view::{ChainView, event_of};

/// The most tipsets that a request may ask for.
const LENGTH_MAX: u64 = 900;

/// Hello tells the truth.
pub static HELLO_TELLS_HEAD: Claim = Claim {
    id: "hello-tells-head",
    summary: "Hello carries the head at that moment, its height, the weight of it or of its \
              parents, and the genesis block.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "The other side decides by it whether to sync, and drops nodes of other networks by the \
          genesis.",
    exceptions: "The weight may be that of the head (Lotus) or of its parents (Venus).",
    source: "/fil/hello/1.0.0; Venus venus-shared/libp2p/hello; Lotus node/hello",
};

/// What is served is right.
pub static SERVER_REPLIES_EXACT: Claim = Claim {
    id: "server-replies-exact",
    summary: "Each request is answered at once, with the status that it deserves, and for a \
              validated head with exactly the tipsets and messages that were asked for.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "What a node answers is checked by hash and by length; an answer that does not match is \
          wasted, and counts against the node.",
    exceptions: "A server may answer with a part from the head on, with status 101, as Forest does \
                 beyond 10 MiB. Forest cannot read a request without a head, and answers nothing. \
                 A head that is stored but not validated may be served or not.",
    source: "/fil/chain/xchg/0.0.1; Venus #6171: never served; Venus #4245: BLS and secp swapped; \
             Forest #3598: wrong status",
};

/// Checks each hello.
pub fn hello_tells_head(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Hello { view: ChainView::new(context), judged: 0 })
}

/// Checks each answer.
pub fn server_replies_exact(context: &Context<TipsetSync>) -> Box<dyn Invariant<TipsetSync>> {
    Box::new(Server { view: ChainView::new(context), asked: None, judged: 0 })
}

struct Hello {
    view: ChainView,
    judged: u64,
}

impl Invariant<TipsetSync> for Hello {
    fn claim(&self) -> &'static Claim {
        &HELLO_TELLS_HEAD
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        if let What::Out { output: Output::Send { peer, message }, .. } = &step.what
            && let Message::Hello { head, height, weight, genesis } = message
        {
            self.judged += 1;
            let (tree, own) = (&self.view.world.tree, &self.view.head);
            let weights = [tree.weight(own), own.parent_weight()];
            let right = head == own.key()
                && *height == own.height()
                && weights.contains(weight)
                && *genesis == tree.genesis().blocks()[0].cid();
            if !right {
                return Err(Violation::new(
                    &HELLO_TELLS_HEAD,
                    format!(
                        "hello {} (height {}, weight {})",
                        tree.name(own.key()),
                        own.height(),
                        weights[0]
                    ),
                    format!("hello {} (height {height}, weight {weight})", tree.name(head)),
                )
                .about(*peer));
            }
        }
        if let Some(event) = event_of(step) {
            self.view.note(event);
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct Server {
    view: ChainView,
    asked: Option<(PeerId, Request)>,
    judged: u64,
}

impl Invariant<TipsetSync> for Server {
    fn claim(&self) -> &'static Claim {
        &SERVER_REPLIES_EXACT
    }

    fn observe(&mut self, step: &Step<TipsetSync>) -> Result<(), Violation> {
        match &step.what {
            What::In { input, .. } => {
                self.expect_none()?;
                if let Input::Message { peer, message: Message::Request { request } } = input {
                    self.asked = Some((*peer, request.clone()));
                }
            }
            What::Crashed { .. } => self.asked = None,
            What::Out {
                output:
                    Output::Send { peer, message: Message::Response { request, status, chain, .. } },
                ..
            } => {
                let asked = self.asked.take();
                if asked.is_none_or(|asked| asked != (*peer, request.clone())) {
                    return Err(Violation::new(
                        &SERVER_REPLIES_EXACT,
                        "an answer to the request that came",
                        format!("an answer to {request:?}"),
                    )
                    .about(*peer));
                }
                self.judged += 1;
                self.judge(*peer, request, *status, chain)?;
            }
            _ => {}
        }
        if let Some(event) = event_of(step) {
            self.view.note(event);
        }
        Ok(())
    }

    fn finish(&mut self, _: &End<'_, TipsetSync>) -> Result<(), Violation> {
        self.expect_none()
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Server {
    fn expect_none(&mut self) -> Result<(), Violation> {
        match self.asked.take() {
            None => Ok(()),
            // To Forest the head is a list that is not empty: it cannot read such a request.
            Some((_, request)) if request.head.is_empty() => Ok(()),
            Some((peer, request)) => Err(Violation::new(
                &SERVER_REPLIES_EXACT,
                format!("an answer to {request:?}"),
                "none",
            )
            .about(peer)),
        }
    }

    fn judge(
        &self,
        peer: PeerId,
        request: &Request,
        status: u64,
        chain: &[Option<ChainTipset>],
    ) -> Result<(), Violation> {
        let world = &self.view.world;
        let (fits, expected) = match Expected::of(world, request) {
            Expected::BadRequest => {
                let fits = status == status::BAD_REQUEST && chain.is_empty();
                (fits, "status 204 without tipsets".to_owned())
            }
            Expected::Unknown => {
                // Venus and Lotus answer 203, Forest 201.
                let says_so = matches!(status, status::NOT_FOUND | status::INTERNAL_ERROR);
                (says_so && chain.is_empty(), "status 201 or 203 without tipsets".to_owned())
            }
            // It may be stored or not.
            Expected::Chain(tipsets) if !self.view.validated.contains(tipsets[0].key()) => {
                return Ok(());
            }
            Expected::Chain(tipsets) => {
                let whole = tipsets.len() as u64 == request.length;
                let right = if whole { status::OK } else { status::PARTIAL };
                // A part is an answer too, if it says so.
                let part = status == status::PARTIAL && !chain.is_empty();
                let of =
                    if part { &tipsets[..chain.len().min(tipsets.len())] } else { &tipsets[..] };
                let says_so = status == right || (part && chain.len() < tipsets.len());
                let fits = says_so && is_chain(world, of, request.options, chain);
                (fits, format!("status {right} with {} tipsets", tipsets.len()))
            }
        };
        if fits {
            return Ok(());
        }
        let mut got = format!("status {status} with {} tipsets", chain.len());
        if got == expected {
            got.push_str(" of other content");
        }
        Err(Violation::new(&SERVER_REPLIES_EXACT, expected, got).about(peer))
    }
}

/// What a request deserves.
enum Expected {
    BadRequest,
    /// Nobody has its head.
    Unknown,
    /// These tipsets, newest first.
    Chain(Vec<Arc<Tipset>>),
}

impl Expected {
    fn of(world: &World, request: &Request) -> Self {
        let both = Request::HEADERS | Request::MESSAGES;
        if request.options & both == 0
            || !(1..=LENGTH_MAX).contains(&request.length)
            || request.head.is_empty()
        {
            return Self::BadRequest;
        }
        let Some(head) = world.tree.form(&request.head) else { return Self::Unknown };
        let mut tipsets = vec![head];
        while (tipsets.len() as u64) < request.length
            && let Some(parent) = tipsets.last().and_then(|tipset| world.tree.parent(tipset))
        {
            tipsets.push(parent);
        }
        Self::Chain(tipsets)
    }
}

/// Whether an answer has exactly these tipsets, with what was asked for and nothing else.
fn is_chain(
    world: &World,
    tipsets: &[Arc<Tipset>],
    options: u64,
    chain: &[Option<ChainTipset>],
) -> bool {
    let exact = |(tipset, part): (&Arc<Tipset>, &Option<ChainTipset>)| {
        part.as_ref().is_some_and(|part| {
            let cids: Vec<_> = part.blocks.iter().flatten().map(|block| block.cid()).collect();
            let headers = options & Request::HEADERS != 0;
            let messages = options & Request::MESSAGES != 0;
            // The blocks stand in the tipset's order.
            let in_order = if headers { cids == tipset.key()[..] } else { part.blocks.is_empty() };
            in_order
                && part.messages.is_some() == messages
                && part.messages.as_ref().is_none_or(truth::is_compact)
                && truth::is_part(world, tipset, options, part)
        })
    };
    tipsets.len() == chain.len() && tipsets.iter().zip(chain).all(exact)
}
