use crate::families::headers_first::{HeadersFirst, Message};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, FastMap, Input, Output, PeerId, Role, Time};
use crate::primitives::bitcoin::BlockHash;
use crate::trace::{Step, What};

pub(super) static NO_REPEATED_REQUEST: Claim = Claim {
    id: "no-repeated-request",
    summary: "The same getheaders or getblocks is not sent to a peer again before it has answered \
              or been given up.",
    strength: Strength::Must,
    needs: Needs::Messages,
    why: "",
    exceptions: "",
    source: "Bitcoin Core #6755, #8054, #25454: chains of the same getheaders; btcd's filter",
};

pub(super) fn no_repeated_request(_: &Context<HeadersFirst>) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(Repeats { open: FastMap::default(), judged: 0 })
}

struct Repeats {
    /// The requests that a peer has not answered: kind, first block, stop.
    open: FastMap<(PeerId, bool, BlockHash, BlockHash), Time>,
    judged: u64,
}

impl Invariant<HeadersFirst> for Repeats {
    fn claim(&self) -> &'static Claim {
        &NO_REPEATED_REQUEST
    }

    fn observe(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        match &step.what {
            What::Out { output: Output::Send { peer, message }, connected: true } => {
                let (headers, locator, stop) = match message {
                    Message::GetBlocks { locator, stop } => (false, locator, stop),
                    Message::GetHeaders { locator, stop } => (true, locator, stop),
                    _ => return Ok(()),
                };
                self.judged += 1;
                let first = locator.first().copied().unwrap_or(BlockHash::ZERO);
                let earlier = self.open.insert((*peer, headers, first, *stop), step.at);
                match earlier {
                    Some(at) if step.at.since(at) < HeadersFirst::RETRY_MS => {
                        let kind = if headers { "getheaders" } else { "getblocks" };
                        Err(Violation::new(
                            &NO_REPEATED_REQUEST,
                            format!("{peer} answers the {kind} of {at} first"),
                            format!("the same {kind} at {}", step.at),
                        )
                        .about(*peer))
                    }
                    _ => Ok(()),
                }
            }
            What::In { input: Input::Message { peer, message }, .. }
                if HeadersFirst::role(message) == Role::Response
                    || matches!(message, Message::Inv { .. } | Message::Headers { .. }) =>
            {
                self.open.retain(|(asked, ..), _| asked != peer);
                Ok(())
            }
            What::In { input: Input::Disconnected { peer }, .. } => {
                self.open.retain(|(asked, ..), _| asked != peer);
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
