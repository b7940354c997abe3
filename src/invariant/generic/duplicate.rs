use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, Input, LookupMap, Output, PeerId, Role, Time};
use crate::trace::{Step, What};

/// No item is asked for while it is on its way.
pub static NO_DUPLICATE_IN_FLIGHT: Claim = Claim {
    id: "no-duplicate-in-flight",
    summary: "An item that a connected peer has been asked for is not asked for again before it \
              is answered, or given up as late.",
    strength: Strength::Must,
    needs: Needs::Messages,
    why: "",
    exceptions: "",
    source: "Bitcoin Core #3514; bcoin fd2f1581; btcd #2428: the same block asked of two peers",
};

/// Checks that nothing is asked for twice at once.
pub fn no_duplicate_in_flight<F: Family>(context: &Context<F>) -> Box<dyn Invariant<F>> {
    Box::new(Duplicate::<F> { context: context.clone(), asked: LookupMap::default(), judged: 0 })
}

struct Duplicate<F: Family> {
    context: Context<F>,
    asked: LookupMap<F::Key, (PeerId, Time)>,
    judged: u64,
}

impl<F: Family> Invariant<F> for Duplicate<F> {
    fn claim(&self) -> &'static Claim {
        &NO_DUPLICATE_IN_FLIGHT
    }

    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        match &step.what {
            What::Out { output: Output::Send { peer, message }, connected: true }
                if F::role(message) == Role::Request =>
            {
                self.ask(step.at, *peer, message)
            }
            What::Out {
                output: Output::Disconnect { peer, .. } | Output::Refuse { peer, .. },
                ..
            }
            | What::In { input: Input::Disconnected { peer }, .. } => {
                self.asked.retain(|_, (asked_of, _)| asked_of != peer);
                Ok(())
            }
            What::In { input: Input::Message { peer, message }, .. } => {
                let asked = &mut self.asked;
                if F::RESPONSE_SETTLES_ALL && F::role(message) == Role::Response {
                    asked.retain(|_, (asked_of, _)| asked_of != peer);
                }
                F::answered(message, &mut |key, _| {
                    if asked.get(&key).is_some_and(|(asked_of, _)| asked_of == peer) {
                        asked.remove(&key);
                    }
                });
                Ok(())
            }
            What::Crashed { .. } => {
                self.asked.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl<F: Family> Duplicate<F> {
    fn ask(&mut self, now: Time, peer: PeerId, message: &F::Message) -> Result<(), Violation> {
        let mut broken = None;
        let world = &self.context.world;
        F::asked(message, &mut |key| {
            if F::is_two_items(world, key) {
                return;
            }
            self.judged += 1;
            if let Some((earlier, at)) = self.asked.insert(key, (peer, now))
                && now.since(at) < F::RETRY_MS
                && broken.is_none()
            {
                broken = Some((key, earlier, at));
            }
        });
        match broken {
            None => Ok(()),
            Some((key, earlier, at)) => Err(Violation::new(
                &NO_DUPLICATE_IN_FLIGHT,
                format!(
                    "{} is asked of {earlier} alone, as it was at {at}",
                    F::describe_key(&self.context.world, key)
                ),
                format!("asked of {peer} too at {now}"),
            )
            .about(peer)),
        }
    }
}
