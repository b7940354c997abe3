use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, Input, LookupMap, Output, PeerId, Role, Time};
use crate::trace::{Step, What};

/// What is asked for and not yet received is bounded.
pub static IN_FLIGHT_BOUNDED: Claim = Claim {
    id: "in-flight-bounded",
    summary: "The items that are asked for and not yet answered stay within the client's limit.",
    strength: Strength::Must,
    needs: Needs::Messages,
    why: "",
    exceptions: "",
    source: "btcd netsync: maxRequestedBlocks 50 000; geth #14460: unbounded in-flight maps",
};

/// What is held is bounded.
pub static MEMORY_BOUNDED: Claim = Claim {
    id: "memory-bounded",
    summary: "Queues, pools and maps stay within their limits, whatever peers send.",
    strength: Strength::Must,
    needs: Needs::Gauges,
    why: "",
    exceptions: "",
    source: "Bitcoin Core #3514 (orphan pool), #25717 (headers); bcoin e32f521a (locators)",
};

/// Messages keep the limits of the protocol.
pub static REQUEST_WITHIN_LIMITS: Claim = Claim {
    id: "request-within-limits",
    summary: "No message of the subject is larger than the protocol allows.",
    strength: Strength::Must,
    needs: Needs::Messages,
    why: "",
    exceptions: "",
    source: "btcd wire: MaxInvPerMsg, MaxBlockLocatorsPerMsg; bcoin e32f521a",
};

/// Checks the number of items in flight.
pub fn in_flight_bounded<F: Family>(context: &Context<F>) -> Box<dyn Invariant<F>> {
    Box::new(InFlight::<F> {
        limit: F::in_flight_max(&context.world),
        asked: LookupMap::default(),
        judged: 0,
    })
}

/// Checks the gauges.
pub fn memory_bounded<F: Family>(context: &Context<F>) -> Box<dyn Invariant<F>> {
    Box::new(Memory { context: context.clone(), judged: 0 })
}

/// Checks the size of each message.
pub fn request_within_limits<F: Family>(_: &Context<F>) -> Box<dyn Invariant<F>> {
    Box::new(WithinLimits { judged: 0 })
}

struct InFlight<F: Family> {
    limit: u64,
    asked: LookupMap<F::Key, PeerId>,
    judged: u64,
}

impl<F: Family> Invariant<F> for InFlight<F> {
    fn claim(&self) -> &'static Claim {
        &IN_FLIGHT_BOUNDED
    }

    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        if self.limit == u64::MAX {
            return Ok(());
        }
        match &step.what {
            What::Out { output: Output::Send { peer, message }, connected: true }
                if F::role(message) == Role::Request =>
            {
                let asked = &mut self.asked;
                F::asked(message, &mut |key| {
                    asked.insert(key, *peer);
                });
                self.judged += 1;
            }
            What::Out {
                output: Output::Disconnect { peer, .. } | Output::Refuse { peer, .. },
                ..
            }
            | What::In { input: Input::Disconnected { peer }, .. } => {
                self.asked.retain(|_, asked_of| asked_of != peer);
            }
            What::In { input: Input::Message { peer, message }, .. } => {
                let asked = &mut self.asked;
                if F::RESPONSE_SETTLES_ALL && F::role(message) == Role::Response {
                    asked.retain(|_, asked_of| asked_of != peer);
                }
                F::answered(message, &mut |key, _| {
                    asked.remove(&key);
                });
            }
            What::Crashed { .. } => self.asked.clear(),
            _ => {}
        }
        let got = self.asked.len() as u64;
        if got <= self.limit {
            return Ok(());
        }
        Err(Violation::new(
            &IN_FLIGHT_BOUNDED,
            format!("at most {} items in flight", self.limit),
            format!("{got} at {}", step.at),
        ))
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct Memory<F: Family> {
    context: Context<F>,
    judged: u64,
}

impl<F: Family> Invariant<F> for Memory<F> {
    fn claim(&self) -> &'static Claim {
        &MEMORY_BOUNDED
    }

    fn observe(&mut self, _: &Step<F>) -> Result<(), Violation> {
        Ok(())
    }

    fn measure(&mut self, now: Time, gauges: &F::Gauges) -> Result<(), Violation> {
        self.judged += 1;
        match F::over_memory(&self.context.world, gauges) {
            None => Ok(()),
            Some(over) => Err(Violation::new(
                &MEMORY_BOUNDED,
                format!("at most {} of {}", over.limit, over.what),
                format!("{} at {now}", over.got),
            )),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct WithinLimits {
    judged: u64,
}

impl<F: Family> Invariant<F> for WithinLimits {
    fn claim(&self) -> &'static Claim {
        &REQUEST_WITHIN_LIMITS
    }

    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        let What::Out { output: Output::Send { peer, message }, .. } = &step.what else {
            return Ok(());
        };
        self.judged += 1;
        match F::over_limit(message) {
            None => Ok(()),
            Some((got, limit)) => Err(Violation::new(
                &REQUEST_WITHIN_LIMITS,
                format!("a message of at most {limit} items"),
                format!("{got} items to {peer} at {}", step.at),
            )
            .about(*peer)),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
