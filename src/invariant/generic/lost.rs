use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, FastMap, Input, Output, PeerId, Role, Time};
use crate::trace::{Step, What};

/// Nothing that was asked for is forgotten.
pub static NO_LOST_REQUEST: Claim = Claim {
    id: "no-lost-request",
    summary: "An item that was asked for and not delivered is asked for again while a peer that \
              has it is there.",
    strength: Strength::Must,
    // What is still wanted depends on what was reached: one may leave a chain for a better one.
    needs: Needs::Events,
    why: "",
    exceptions: "",
    source: "geth #14460; btcd #229, 24db7d7c, #1625; dcrd 1510b02e; zebra #5709",
};

/// Checks that what was not delivered is asked for again.
pub fn no_lost_request<F: Family>(context: &Context<F>) -> Box<dyn Invariant<F>> {
    Box::new(Lost::<F> { context: context.clone(), asked: FastMap::default(), judged: 0 })
}

struct Lost<F: Family> {
    context: Context<F>,
    asked: FastMap<F::Key, Asked>,
    judged: u64,
}

#[derive(Clone, Copy)]
struct Asked {
    of: PeerId,
    at: Time,
    lost: Option<(Time, Cause)>,
}

/// How a request ended without what it asked for.
#[derive(Clone, Copy)]
enum Cause {
    Gone,
    NotDelivered,
}

impl<F: Family> Invariant<F> for Lost<F> {
    fn claim(&self) -> &'static Claim {
        &NO_LOST_REQUEST
    }

    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        let now = step.at;
        match &step.what {
            What::Out { output: Output::Send { peer, message }, connected: true }
                if F::role(message) == Role::Request =>
            {
                let asked = &mut self.asked;
                F::asked(message, &mut |key| {
                    asked.insert(key, Asked { of: *peer, at: now, lost: None });
                });
            }
            What::Out {
                output: Output::Disconnect { peer, .. } | Output::Refuse { peer, .. },
                ..
            }
            | What::In { input: Input::Disconnected { peer }, .. } => {
                for asked in self.asked.values_mut().filter(|asked| asked.of == *peer) {
                    asked.lost.get_or_insert((now, Cause::Gone));
                    self.judged += 1;
                }
            }
            What::In { input: Input::Message { peer, message }, .. } => {
                let (asked, judged) = (&mut self.asked, &mut self.judged);
                F::answered(message, &mut |key, delivered| {
                    if delivered {
                        asked.swap_remove(&key);
                    } else if let Some(asked) = asked.get_mut(&key)
                        && asked.of == *peer
                    {
                        asked.lost = Some((now, Cause::NotDelivered));
                        *judged += 1;
                    }
                });
                if F::RESPONSE_SETTLES_ALL && F::role(message) == Role::Response {
                    for asked in asked.values_mut().filter(|asked| asked.of == *peer) {
                        asked.lost.get_or_insert((now, Cause::NotDelivered));
                        *judged += 1;
                    }
                }
            }
            What::Out { output: Output::Event { event }, .. } if F::asks_anew(event) => {
                self.asked.clear();
            }
            // A new process may go about it in another way.
            What::Crashed { .. } => self.asked.clear(),
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, end: &End<'_, F>) -> Result<(), Violation> {
        if end.pending.is_none() || end.fell_back.is_some() || end.honest.is_empty() {
            return Ok(());
        }
        let world = &self.context.world;
        for (key, asked) in &self.asked {
            let Some((at, cause)) = asked.lost else { continue };
            if !F::wanted(world, end.honest, end.progress, *key) {
                continue;
            }
            let how = match cause {
                Cause::Gone => "was gone",
                Cause::NotDelivered => "did not deliver it",
            };
            let again = end.honest.iter().map(PeerId::to_string).collect::<Vec<_>>().join(", ");
            return Err(Violation::new(
                &NO_LOST_REQUEST,
                format!(
                    "{}, asked of {} at {}, is asked for again of {again}",
                    F::describe_key(world, *key),
                    asked.of,
                    asked.at
                ),
                format!("{} {how} at {at}; never asked again until {}", asked.of, end.at),
            )
            .about(asked.of));
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
