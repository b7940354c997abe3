use crate::families::state_sync::StateSync;
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::Output;
use crate::trace::{Step, What};

/// Who has left is not blamed.
pub(super) static DROPPED_PEER_WAS_THERE: Claim = Claim {
    id: "dropped-peer-was-there",
    summary: "A peer that has left already is not dropped.",
    strength: Strength::Must,
    needs: Needs::Messages,
    why: "Who has left cannot have stalled; by the same name somebody else may come.",
    exceptions: "",
    source: "geth #15138: a peer that left with a request in flight counted as stalling",
};

pub(super) fn make(_: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    Box::new(There { judged: 0 })
}

struct There {
    judged: u64,
}

impl Invariant<StateSync> for There {
    fn claim(&self) -> &'static Claim {
        &DROPPED_PEER_WAS_THERE
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        let What::Out {
            output: Output::Disconnect { peer, reason } | Output::Refuse { peer, reason },
            connected,
        } = &step.what
        else {
            return Ok(());
        };
        self.judged += 1;
        if *connected {
            return Ok(());
        }
        Err(Violation::new(
            &DROPPED_PEER_WAS_THERE,
            format!("{peer} is let alone: it has left already"),
            format!("dropped at {}: {reason:?}", step.at),
        )
        .about(*peer))
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
