use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{Family, LookupSet, Output, Role};
use crate::trace::{Step, What};

/// What is durable stays known.
pub static RESTART_LOSES_NOTHING: Claim = Claim {
    id: "restart-loses-nothing",
    summary: "After a restart nothing is asked for that was stored before.",
    strength: Strength::Must,
    needs: Needs::Restart,
    why: "What the subject calls stored is on disk; to fetch it again is the cost of the whole \
          sync once more.",
    exceptions: "what no event has called stored",
    source: "geth #15138: progress lost on restart; zebra #884: known hashes downloaded again",
};

/// Checks requests after a restart.
pub fn restart_loses_nothing<F: Family>(context: &Context<F>) -> Box<dyn Invariant<F>> {
    let context = context.clone();
    let crashes = !context.scenario.crashes.is_empty();
    Box::new(Restart::<F> {
        context,
        crashes,
        restarted: false,
        durable: LookupSet::default(),
        judged: 0,
    })
}

struct Restart<F: Family> {
    context: Context<F>,
    /// Whether the plan has a crash at all; if not, nothing need be remembered.
    crashes: bool,
    restarted: bool,
    durable: LookupSet<F::Key>,
    judged: u64,
}

impl<F: Family> Invariant<F> for Restart<F> {
    fn claim(&self) -> &'static Claim {
        &RESTART_LOSES_NOTHING
    }

    fn observe(&mut self, step: &Step<F>) -> Result<(), Violation> {
        if !self.crashes {
            return Ok(());
        }
        match &step.what {
            What::Crashed { .. } => {
                self.restarted = true;
                Ok(())
            }
            What::Out { output: Output::Event { event }, .. } => {
                self.durable.extend(F::durable(event));
                Ok(())
            }
            What::Out { output: Output::Send { peer, message }, .. }
                if self.restarted && F::role(message) == Role::Request =>
            {
                let mut known = None;
                F::asked(message, &mut |key| {
                    self.judged += 1;
                    if self.durable.contains(&key) {
                        known.get_or_insert(key);
                    }
                });
                match known {
                    None => Ok(()),
                    Some(key) => Err(Violation::new(
                        &RESTART_LOSES_NOTHING,
                        format!(
                            "{} is known: it was stored before the restart",
                            F::describe_key(&self.context.world, key)
                        ),
                        format!("asked of {peer} at {}", step.at),
                    )
                    .about(*peer)),
                }
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}
