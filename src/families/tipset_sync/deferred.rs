use crate::machine::{Millis, PeerId, Time};
use crate::primitives::filecoin::TipsetKey;

use super::tracker::Target;

/// What is tried again later.
///
/// DIFFERENCE: Venus has nothing like it: a target that failed because a peer was silent or a
/// clock was wrong is forgotten, and the next block that is found must make up for it.
#[derive(Debug, Default)]
pub(super) struct Deferred {
    waiting: Vec<(Time, Later)>,
}

#[derive(Clone, Debug)]
pub(super) enum Later {
    /// A head that a peer told of, which it did not give.
    Fetch { peer: PeerId, head: TipsetKey, attempts: u32 },
    /// A target whose sync failed for a passing reason, or which had no place.
    Target(Target),
}

impl Deferred {
    /// So many things may wait.
    pub(super) const MAX: usize = 64;
    /// What waits this long waits for a change of our chain.
    pub(super) const NEVER: Millis = 1 << 40;
    /// What has no time of its own is looked at this long after a place is free.
    const IDLE: Time = Time::from_millis(1 << 39);

    pub(super) fn push(&mut self, later: Later, at: Time) {
        let same = |(_, other): &(Time, Later)| other.same(&later);
        if let Some(index) = self.waiting.iter().position(same) {
            let (old_at, _) = self.waiting.remove(index);
            self.waiting.push((old_at.min(at), later));
            return;
        }
        if self.waiting.len() >= Self::MAX {
            // The one that was tried most often and waits longest is the least promising.
            let worst = (0..self.waiting.len()).max_by_key(|index| {
                let (at, later) = &self.waiting[*index];
                (*at >= Self::IDLE, later.attempts(), *at)
            });
            if let Some(worst) = worst {
                self.waiting.remove(worst);
            }
        }
        self.waiting.push((at, later));
    }

    /// Takes out something whose time has come.
    pub(super) fn pop(&mut self, now: Time) -> Option<Later> {
        let index = self.waiting.iter().position(|(at, _)| *at <= now)?;
        Some(self.waiting.remove(index).1)
    }

    /// When the next thing's time comes.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.waiting.iter().map(|(at, _)| *at).filter(|at| *at < Self::IDLE).min()
    }

    /// A new peer may have what the others did not give.
    pub(super) fn wake(&mut self, now: Time) {
        for (at, later) in &mut self.waiting {
            if *at < Self::IDLE && later.attempts() > 0 {
                *at = (*at).min(now + 1_000);
            }
        }
    }

    /// Our chain has changed: everything may be possible now.
    pub(super) fn wake_all(&mut self, now: Time) {
        for (at, _) in &mut self.waiting {
            *at = (*at).min(now);
        }
    }

    pub(super) fn forget_peer(&mut self, gone: PeerId) {
        self.waiting
            .retain(|(_, later)| !matches!(later, Later::Fetch { peer, .. } if *peer == gone));
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.next_at().is_none()
    }
}

impl Later {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Target(one), Self::Target(other)) => one.head.key() == other.head.key(),
            (
                Self::Fetch { peer, head, .. },
                Self::Fetch { peer: other_peer, head: other_head, .. },
            ) => peer == other_peer && head == other_head,
            _ => false,
        }
    }

    fn attempts(&self) -> u32 {
        match self {
            Self::Fetch { attempts, .. } => *attempts,
            Self::Target(target) => target.attempts,
        }
    }
}
