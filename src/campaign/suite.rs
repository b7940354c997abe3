use std::fmt;

use crate::families::{Catalog, ClaimEntry};
use crate::invariant::{Claim, Context, NEVER_PANICS_OR_HANGS, Needs, Strength, Suite, Violation};
use crate::machine::{Observes, Subject, SubjectError};
use crate::sim::{Mode, Run, simulate};

use super::shape::shape_of;

/// The claims that a subject is held to.
pub struct Judge<F: Catalog> {
    entries: Vec<ClaimEntry<F>>,
    /// Names what the subject is known to break, by claim and shape.
    known: Known,
}

/// The name of what is known of a claim that was broken in a way of this shape; none, if it is news.
pub type Known = Box<dyn Fn(&str, &str) -> Option<String> + Send + Sync>;

impl<F: Catalog> fmt::Debug for Judge<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").field("entries", &self.entries).finish_non_exhaustive()
    }
}

impl<F: Catalog> Judge<F> {
    /// Holds a subject that shows `observes` to all *must* claims, and to those of `profile` if
    /// one is named. Left out are claims that need more than the subject shows, and those that the
    /// client of the profile is known to break.
    pub fn new(profile: Option<&str>, observes: Observes) -> Self {
        let mut entries = F::claims();
        entries.retain(|entry| entry.claim.needs.met_by(observes) && binds(entry, profile));
        Self { entries, known: Box::new(|_, _| None) }
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

    /// The same judge of a subject that is known to break some claims, perhaps in some ways only. A
    /// search counts how often it does, and goes on to look for what else it breaks.
    #[must_use]
    pub fn knowing(mut self, known: Known) -> Self {
        self.known = known;
        self
    }

    /// What is known of a violation, if it is no news.
    pub fn known(&self, violation: &Violation) -> Option<String> {
        (self.known)(violation.claim, &shape_of(violation))
    }

    /// The claims in the order in which they judge.
    pub fn entries(&self) -> &[ClaimEntry<F>] {
        &self.entries
    }

    /// The claim of a violation that this judge has found.
    pub fn claim_of(&self, violation: &Violation) -> &'static Claim {
        let mut claims = self.entries.iter().map(|entry| entry.claim);
        claims.find(|claim| claim.id == violation.claim).unwrap_or(&NEVER_PANICS_OR_HANGS)
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
        Strength::Must => profile.is_none_or(|name| !F::deviates(name, entry.claim.id)),
        Strength::Profile(profiles) => profile.is_some_and(|name| profiles.contains(&name)),
    }
}

/// Runs one scenario. A subject that lacks what the scenario requires is not asked.
pub fn run_once<'m, F: Catalog>(
    context: &Context<F>,
    subject: &mut dyn Subject<F>,
    judge: &Judge<F>,
    mode: impl Into<Mode<'m>>,
) -> Run<F> {
    let (required, mode) = (F::requires(&context.scenario), mode.into());
    if let Some(name) = subject.capabilities().lacking(&required) {
        let message = format!("{name}; it does not name this capability");
        return Run::not_made(context, SubjectError::Unsupported { message }, mode.record);
    }
    simulate(context, subject, judge.suite(context), mode)
}
