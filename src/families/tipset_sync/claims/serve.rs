use std::sync::Arc;

use crate::families::tipset_sync::family::TipsetSync;
use crate::families::tipset_sync::message::{ChainTipset, Message, Request, status};
use crate::families::tipset_sync::server::{Answer, Shelf, answer};
use crate::families::tipset_sync::world::World;
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{Input, Output, PeerId};
use crate::primitives::filecoin::{BlockMessages, Cid, Tipset};
use crate::trace::{Step, What};

use super::view::{ChainView, event_of};

/// Hello tells the truth.
pub static HELLO_TELLS_HEAD: Claim = Claim {
    id: "hello-tells-head",
    summary: "Hello carries the head at that moment, its height, the weight of it or of its \
              parents, and the genesis block.",
    strength: Strength::Must,
    needs: Needs::Events,
    source: "/fil/hello/1.0.0; Venus venus-shared/libp2p/hello; Lotus node/hello",
};

/// What is served is right.
pub static SERVER_REPLIES_EXACT: Claim = Claim {
    id: "server-replies-exact",
    summary: "Each request is answered at once, with the status that it deserves, and for a \
              validated head with exactly the tipsets and messages that were asked for.",
    strength: Strength::Must,
    needs: Needs::Events,
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
        let shelf = WorldShelf(&self.view.world);
        let right = answer(request, &shelf, None, status::NOT_FOUND);
        let known = self.view.world.tree.form(&request.head);
        let validated = known.is_some_and(|head| self.view.validated.contains(head.key()));
        let fits = match right.status {
            status::BAD_REQUEST => status == right.status && chain.is_empty(),
            status::NOT_FOUND | status::INTERNAL_ERROR => {
                // Venus and Lotus answer so when they do not know the head.
                matches!(status, status::NOT_FOUND | status::INTERNAL_ERROR) && chain.is_empty()
            }
            _ if validated => status == right.status && right.chain == chain,
            // It may be stored or not.
            _ => true,
        };
        if fits {
            return Ok(());
        }
        let describe = |status, len| format!("status {status} with {len} tipsets");
        let Answer { status: right_status, chain: right_chain, .. } = &right;
        let mut got = describe(status, chain.len());
        if status == *right_status && chain.len() == right_chain.len() {
            got.push_str(" of other content");
        }
        Err(Violation::new(&SERVER_REPLIES_EXACT, describe(*right_status, right_chain.len()), got)
            .about(peer))
    }
}

/// All that the world has.
struct WorldShelf<'a>(&'a Arc<World>);

impl Shelf for WorldShelf<'_> {
    fn tipset(&self, cids: &[Cid]) -> Option<Arc<Tipset>> {
        self.0.tree.form(cids)
    }

    fn messages(&self, tipset: &Tipset) -> Option<Vec<Arc<BlockMessages>>> {
        Some(self.0.tree.messages(tipset))
    }
}
