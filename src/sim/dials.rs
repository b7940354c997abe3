//! Subjects that choose their peers: what comes of their dialling and refusing.

use crate::machine::{Capabilities, Dialer, Family, Input, Millis, Time};
use crate::scenario::Liars;
use crate::trace::{Closer, What};

use super::queue::Point;
use super::simulator::{Simulator, Stop};

/// How long a dial of a peer that is away takes to fail: as long as a kernel needs to give up at the
/// earliest, so that a subject that dials again and again lets time pass.
const DIAL_FAILS_MS: Millis = 1_000;

/// A peer that a dialling subject had dialled and dropped after the healing comes back by itself
/// after this time. The timers by which clients fill up their connections are shorter: bcoin's
/// `Pool` has 3 s, Core's `ThreadOpenConnections` half a second, btcd's `connmgr` 5 s to 5 min.
const RETURN_TO_DIALER_MS: Millis = 60_000;

impl<F: Family> Simulator<'_, F> {
    /// Whether the subject fills up its connections by itself.
    pub(super) fn subject_dials(&self) -> bool {
        self.subject.capabilities().names(Capabilities::DIALS)
    }

    /// The subject dials a peer to which it is not connected.
    pub(super) fn dial(&mut self, peer: usize) {
        // One dial of a peer is on its way at a time.
        if std::mem::replace(&mut self.peers[peer].is_dialled, true) {
            return;
        }
        let takes = if self.is_online(peer) {
            2 * self.plan(peer).latency_ms.max(1)
        } else {
            DIAL_FAILS_MS
        };
        self.queue.push_point(self.now + takes, Point::Dialled(peer));
    }

    /// A dial comes to its end.
    pub(super) fn dialled(&mut self, peer: usize) -> Result<(), Stop> {
        if !std::mem::take(&mut self.peers[peer].is_dialled) || self.down {
            return Ok(());
        }
        if self.peers[peer].session.is_some() {
            return Ok(());
        }
        if self.is_online(peer) {
            let planned = if self.healed { None } else { self.planned_now(peer) };
            self.peers[peer].is_refused = false;
            self.peers[peer].dialer = Some(Dialer::Subject);
            return self.join(peer, planned);
        }
        let what = What::In {
            input: Input::Disconnected { peer: self.plan(peer).id },
            lie: None,
            fault: None,
            closer: Some(Closer::Peer),
        };
        self.deliver(None, what).map(drop)
    }

    /// The subject does not want a peer any more.
    pub(super) fn refuse(&mut self, peer: usize) {
        self.peers[peer].is_refused = true;
        if self.peers[peer].session.is_some() {
            self.drop_connection(peer);
        }
    }

    /// After how long a peer that was dropped comes back by itself, where that is another time than
    /// for subjects that do not choose their peers; or that it does not come back at all.
    pub(super) fn return_of_dialled(&self, peer: usize) -> Option<Option<Millis>> {
        if self.peers[peer].is_refused {
            return Some(None);
        }
        let is_its_own = self.subject_dials() && self.peers[peer].dialer == Some(Dialer::Subject);
        is_its_own.then(|| self.healed.then_some(RETURN_TO_DIALER_MS))
    }

    fn is_online(&self, peer: usize) -> bool {
        let is_truthful = self.plan(peer).is_truthful();
        let has_left = self.context.scenario.heal.liars == Liars::Leave && !is_truthful;
        match self.healed {
            true if is_truthful => true,
            true if has_left => false,
            _ => self.planned_now(peer).is_some(),
        }
    }

    /// The session of the plan in which a peer is there.
    fn planned_now(&self, peer: usize) -> Option<usize> {
        self.plan(peer).sessions.iter().position(|session| {
            let leaves = session.leave_ms.map(Time::from_millis);
            Time::from_millis(session.join_ms) <= self.now
                && leaves.is_none_or(|leaves| self.now < leaves)
        })
    }
}
