use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, Output};
use crate::trace::{Step, What};

/// Messages go to peers that are there.
pub static REQUEST_TO_CONNECTED_PEER: Claim = Claim {
    id: "request-to-connected-peer",
    summary: "The subject sends to connected peers only.",
    strength: Strength::Must,
    needs: Needs::Messages,
    why: "A message to a peer that is gone goes nowhere, and its answer never comes.",
    exceptions: "",
    source: "btcd #1485, #2480, e6f589e5: a dead peer stays candidate or sync peer",
};

/// Checks the receiver of each message.
pub fn request_to_connected_peer<F: Family>(_: &Context<F>) -> Box<dyn Invariant<F>> {
    Box::new(Target { judged: 0 })
}

struct Target {
    judged: u64,
}

impl<F: Family> Invariant<F> for Target {
    fn claim(&self) -> &'static Claim {
        &REQUEST_TO_CONNECTED_PEER
    }

    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        let What::Out { output: Output::Send { peer, .. }, connected } = &step.what else {
            return Ok(());
        };
        self.judged += 1;
        if *connected {
            return Ok(());
        }
        Err(Violation::new(
            &REQUEST_TO_CONNECTED_PEER,
            format!("nothing is sent to {peer}: it is not connected"),
            format!("a message at {}", step.at),
        )
        .about(*peer))
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
