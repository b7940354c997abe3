use std::fmt;

use proptest::strategy::BoxedStrategy;

use crate::invariant::{Claim, Context, Invariant};
use crate::machine::{Capabilities, Family, Machine};
use crate::scenario::{Drawing, Scenario};

use super::{FunctionKind, Sampler};

/// What a family brings besides its vocabulary: how to search for a counterexample, what to claim,
/// and how to check the checker.
pub trait Catalog: Family {
    /// The profiles (clients at versions) that the reference knows; the first is the default.
    fn profiles() -> &'static [&'static str];

    /// The reference machine, in the profile that `start` names.
    fn reference(start: &Self::Start) -> Box<dyn Machine<Self>>;

    /// The claims, each with the fold that checks it: the generic ones and the family's own.
    fn claims() -> Vec<ClaimEntry<Self>>;

    /// The *must* claims that clients are known to break: their profiles are not held to them.
    fn deviations() -> &'static [Deviation] {
        &[]
    }

    /// Whether a client is known to break a *must* claim.
    fn deviates(profile: &str, claim: &str) -> bool {
        Self::deviations().iter().any(|known| known.profile == profile && known.claim == claim)
    }

    /// The mutants: faulty machines, each a bug that a real client had.
    fn mutants() -> &'static [Mutant<Self>];

    /// The ways to lie, by the name that they have in files.
    fn misbehaviors() -> &'static [Misbehavior];

    /// What a subject can do or leave to others: the names that it may give in `capabilities`.
    fn capabilities() -> &'static [Capability] {
        &[]
    }

    /// The capabilities without which a subject cannot run a scenario.
    fn requires(_scenario: &Scenario<Self>) -> Vec<&'static str> {
        Vec::new()
    }

    /// Draws whole scenarios for a profile. Two draws are independent. For a subject that has all
    /// capabilities it always draws the same; for others it should draw few scenarios that require
    /// what they lack, for those are drawn again.
    fn strategy(profile: &str, capabilities: &Capabilities) -> BoxedStrategy<Scenario<Self>>;

    /// Scenarios with a smaller world or simpler parts than `scenario`, each of them valid, the
    /// boldest first. The parts that all families have are taken away elsewhere.
    fn reductions(scenario: &Scenario<Self>) -> Vec<Scenario<Self>>;

    /// Calls `label` with what is remarkable about a scenario: forks, depths, kinds of lies.
    fn labels(scenario: &Scenario<Self>, world: &Self::World, label: &mut dyn FnMut(&'static str));

    /// The world of a scenario as a picture, with what peers and subject have of it.
    fn drawing(scenario: &Scenario<Self>, world: &Self::World) -> Drawing;

    /// The pure functions that table cases can be fed to.
    fn functions() -> Vec<FunctionKind>;

    /// What draws inputs of the pure functions, for tables that are generated.
    fn samplers() -> Vec<Sampler> {
        Vec::new()
    }

    /// Where every correct subject may end in this scenario; nothing, where that depends on more
    /// than its world and its plan.
    fn endings(context: &Context<Self>) -> Vec<Self::Ending>;
}

/// A claim and the fold that checks it.
pub struct ClaimEntry<F: Family> {
    /// The claim.
    pub claim: &'static Claim,
    /// Makes a fold for one run.
    pub make: fn(&Context<F>) -> Box<dyn Invariant<F>>,
}

impl<F: Family> ClaimEntry<F> {
    /// A claim with what makes its fold.
    pub const fn new(
        claim: &'static Claim,
        make: fn(&Context<F>) -> Box<dyn Invariant<F>>,
    ) -> Self {
        Self { claim, make }
    }
}

/// A *must* claim that a client is known to break, by design or by a bug that is not mended.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// The profile of the client.
    pub profile: &'static str,
    /// The claim.
    pub claim: &'static str,
    /// What the client does, and where that is seen.
    pub source: &'static str,
}

/// Something that a subject need not be able to do.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// The name that it has in `capabilities`, in snake case.
    pub id: &'static str,
    /// What a subject that has it can do, in one sentence.
    pub summary: &'static str,
}

/// A faulty machine.
pub struct Mutant<F: Family> {
    /// Its name, in kebab case.
    pub id: &'static str,
    /// What is wrong with it, in one sentence.
    pub summary: &'static str,
    /// The real bug.
    pub source: &'static str,
    /// The profile that it is a mutant of.
    pub profile: &'static str,
    /// Makes one.
    pub make: fn(&F::Start) -> Box<dyn Machine<F>>,
}

/// A way to lie.
#[derive(Clone, Copy, Debug)]
pub struct Misbehavior {
    /// The name that it has in files, in snake case.
    pub id: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
}

impl<F: Family> Clone for ClaimEntry<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Family> Copy for ClaimEntry<F> {}

impl<F: Family> fmt::Debug for ClaimEntry<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClaimEntry").field(&self.claim.id).finish()
    }
}

impl<F: Family> fmt::Debug for Mutant<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mutant").field(&self.id).finish()
    }
}
