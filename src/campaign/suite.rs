use crate::families::{Catalog, ClaimEntry, Deviation};
use crate::invariant::{Context, Needs, Strength, Suite};
use crate::machine::{Observes, Subject};
use crate::sim::{Record, Run, simulate};

/// The claims that a subject is held to.
#[derive(Debug)]
pub struct Judge<F: Catalog> {
    entries: Vec<ClaimEntry<F>>,
}

impl<F: Catalog> Judge<F> {
    /// Holds a subject that shows `observes` to all *must* claims, and to those of `profile` if
    /// one is named. Left out are claims that need more than the subject shows, and those that the
    /// client of the profile is known to break.
    pub fn new(profile: Option<&str>, observes: Observes) -> Self {
        let mut entries = F::claims();
        entries.retain(|entry| entry.claim.needs.met_by(observes) && binds(entry, profile));
        Self { entries }
    }

    /// The same judge without the named claims.
    ///
    /// # Errors
    /// The first name that is no claim of the family.
    pub fn without(mut self, claims: &[String]) -> Result<Self, String> {
        let known = F::claims();
        for name in claims {
            if !known.iter().any(|entry| entry.claim.id == name) {
                return Err(format!("{} has no claim {name:?}", F::NAME));
            }
            self.entries.retain(|entry| entry.claim.id != name);
        }
        Ok(self)
    }

    /// The claims in the order in which they judge.
    pub fn entries(&self) -> &[ClaimEntry<F>] {
        &self.entries
    }

    /// The claims that this judge leaves out because the subject does not show enough.
    pub fn unseen(profile: Option<&str>, observes: Observes) -> Vec<(&'static str, Needs)> {
        F::claims()
            .iter()
            .filter(|entry| binds(entry, profile) && !entry.claim.needs.met_by(observes))
            .map(|entry| (entry.claim.id, entry.claim.needs))
            .collect()
    }

    fn suite(&self, context: &Context<F>) -> Suite<F> {
        Suite::new(self.entries.iter().map(|entry| (entry.make)(context)).collect())
    }
}

fn binds<F: Catalog>(entry: &ClaimEntry<F>, profile: Option<&str>) -> bool {
    match entry.claim.strength {
        Strength::Must => profile.is_none_or(|name| {
            let breaks = |known: &Deviation| known.profile == name && known.claim == entry.claim.id;
            !F::deviations().iter().any(breaks)
        }),
        Strength::Profile(profiles) => profile.is_some_and(|name| profiles.contains(&name)),
    }
}

/// Runs one scenario.
pub fn run_once<F: Catalog>(
    context: &Context<F>,
    subject: &mut dyn Subject<F>,
    judge: &Judge<F>,
    record: Record,
) -> Run<F> {
    simulate(context, subject, judge.suite(context), record)
}
