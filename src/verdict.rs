//! How a run ends.

use crate::invariant::Violation;
use crate::machine::SubjectError;

/// What a run says about its subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// A claim was broken.
    Fail(Violation),
    /// Nothing can be said: a bound of the run was reached first.
    Inconclusive(Limit),
    /// All claims held.
    Pass,
    /// The subject failed to run as a program.
    SubjectFailed(SubjectError),
}

impl Verdict {
    /// The broken claim, if there is one.
    pub fn violation(&self) -> Option<&Violation> {
        match self {
            Self::Fail(violation) => Some(violation),
            _ => None,
        }
    }
}

/// A bound that ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Messages on their way at once.
    Queue(u64),
    /// Turns of the loop.
    Turns(u64),
}
