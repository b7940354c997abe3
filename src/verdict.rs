//! How a run ends.

use std::fmt;

use crate::invariant::Violation;
use crate::machine::{Millis, SubjectError, Time};

/// What a run says about its subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Claims were broken, at least one: each at most once, in the order in which that was seen.
    Fail(Vec<Violation>),
    /// Nothing can be said: a bound of the run was reached first.
    Inconclusive(Limit),
    /// Nothing can be said: somebody ended the run before anything was broken.
    Interrupted,
    /// All claims held.
    Pass,
    /// The subject failed to run as a program, or does not support the case.
    SubjectFailed(SubjectError),
}

impl Verdict {
    /// The claim that was broken first, if one was.
    pub fn violation(&self) -> Option<&Violation> {
        self.violations().first()
    }

    /// The broken claims, in the order in which that was seen.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Fail(violations) => violations,
            _ => &[],
        }
    }

    /// Whether this claim was broken.
    pub fn breaks(&self, claim: &str) -> bool {
        self.violations().iter().any(|violation| violation.claim == claim)
    }
}

/// A bound that ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Messages in all.
    Messages(u64),
    /// Messages on their way at once.
    Queue(u64),
    /// Virtual time.
    Time(Millis),
    /// Turns of the loop.
    Turns(u64),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Messages(most) => write!(f, "messages: {most} in all"),
            Self::Queue(most) => write!(f, "queue: {most} messages on their way at once"),
            Self::Time(most) => write!(f, "time_ms: {} of virtual time", Time::from_millis(*most)),
            Self::Turns(most) => write!(f, "turns: {most} of the loop"),
        }
    }
}
