use std::collections::BTreeMap;

use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, Input, Output, PeerId, Role, Time};
use crate::trace::{Step, What};

/// One request at a time, where the protocol says so.
pub static ONE_REQUEST_PER_PEER: Claim = Claim {
    id: "one-request-per-peer",
    summary: "A peer is not asked again before it has answered, been given up or gone.",
    strength: Strength::Must,
    needs: Needs::Messages,
    why: "The protocol of the family lets a peer answer one request at a time, or the answer \
          cannot be told from that of another.",
    exceptions: "a request that was not answered for the family's retry time counts as given up",
    source: "geth eth/downloader: a peer is idle or busy; Bitcoin Core #25454",
};

/// Checks that requests to one peer take turns. A request that was not answered for the family's
/// retry time counts as given up.
pub fn one_request_per_peer<F: Family>(_: &Context<F>) -> Box<dyn Invariant<F>> {
    Box::new(Turns { open: BTreeMap::new(), judged: 0 })
}

struct Turns {
    open: BTreeMap<PeerId, Time>,
    judged: u64,
}

impl<F: Family> Invariant<F> for Turns {
    fn claim(&self) -> &'static Claim {
        &ONE_REQUEST_PER_PEER
    }

    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        match &step.what {
            What::Out { output: Output::Send { peer, message }, connected: true }
                if F::role(message) == Role::Request =>
            {
                self.judged += 1;
                let earlier = self.open.insert(*peer, step.at);
                match earlier {
                    Some(at) if step.at.since(at) < F::RETRY_MS => Err(Violation::new(
                        &ONE_REQUEST_PER_PEER,
                        format!("{peer} still owes an answer to the request of {at}"),
                        format!("asked again at {}", step.at),
                    )
                    .about(*peer)),
                    _ => Ok(()),
                }
            }
            What::In { input: Input::Message { peer, message }, .. }
                if F::role(message) == Role::Response =>
            {
                self.open.remove(peer);
                Ok(())
            }
            What::In { input: Input::Disconnected { peer }, .. } => {
                self.open.remove(peer);
                Ok(())
            }
            What::Crashed { .. } => {
                self.open.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
