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
    why: "The answer to the first request is on its way, and the second costs the peer the same \
          again. Each repeat that is answered brings on the next, so that chains of them never end.",
    exceptions: "once, when another peer has been lost since: its successor may be asked from the \
                 start, whatever it was asked as one of many",
    source: "Bitcoin Core #6755, #8054, #25454: chains of the same getheaders; btcd peer \
             PushGetBlocksMsg, PushGetHeadersMsg: the same request is never sent twice in a row",
};

pub(super) fn no_repeated_request(_: &Context<HeadersFirst>) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(Repeats { open: FastMap::default(), judged: 0 })
}

struct Repeats {
    /// The requests that a peer has not answered: kind, first block, stop.
    open: FastMap<(PeerId, bool, BlockHash, BlockHash), Open>,
    judged: u64,
}

/// A request that was not answered.
#[derive(Clone, Copy)]
struct Open {
    at: Time,
    /// Another peer was lost since it was first sent.
    other_lost: bool,
    /// It was repeated for that.
    repeated: bool,
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
                let key = (*peer, headers, first, *stop);
                let earlier = self.open.get(&key).copied();
                let mut open = Open { at: step.at, other_lost: false, repeated: false };
                if let Some(earlier) = earlier
                    && step.at.since(earlier.at) < HeadersFirst::RETRY_MS
                {
                    if earlier.repeated || !earlier.other_lost {
                        let kind = if headers { "getheaders" } else { "getblocks" };
                        return Err(Violation::new(
                            &NO_REPEATED_REQUEST,
                            format!("{peer} answers the {kind} of {} first", earlier.at),
                            format!("the same {kind} at {}", step.at),
                        )
                        .about(*peer));
                    }
                    open.repeated = true;
                }
                self.open.insert(key, open);
                Ok(())
            }
            What::In { input: Input::Message { peer, message }, .. }
                if HeadersFirst::role(message) == Role::Response
                    || matches!(message, Message::Inv { .. } | Message::Headers { .. }) =>
            {
                self.open.retain(|(asked, ..), _| asked != peer);
                Ok(())
            }
            What::In { input: Input::Disconnected { peer }, .. }
            | What::Out { output: Output::Disconnect { peer, .. }, .. } => {
                self.open.retain(|(asked, ..), _| asked != peer);
                self.open.values_mut().for_each(|open| open.other_lost = true);
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
