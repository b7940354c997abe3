//! The points of the plan: what happens at an instant because the scenario says so.

use crate::machine::{Dialer, Family, Input, Millis, PeerModel};
use crate::scenario::Liars;
use crate::trace::{Closer, What};

use super::queue::Point;
use super::simulator::{Simulator, Stop};

/// An honest peer that was dropped after the healing comes back after this time.
const RETURN_MS: Millis = 1_000;

impl<F: Family> Simulator<'_, F> {
    pub(super) fn reach(&mut self, point: Point) -> Result<(), Stop> {
        match point {
            Point::Act(peer, action) => self.act(peer, action),
            Point::Command(index) => self.command(index),
            Point::Crash(index) => self.crash(index),
            Point::Dialled(peer) => self.dialled(peer),
            Point::Dropped(peer) => self.dropped(peer),
            Point::Heal => self.heal(),
            Point::Join(peer, planned) => self.join(peer, planned),
            Point::Leave(peer, planned) => self.leave(peer, planned),
            Point::Repeat(index) => self.repeat(index),
            Point::Up => self.come_up(),
        }
    }

    fn act(&mut self, peer: usize, action: usize) -> Result<(), Stop> {
        self.plan_left -= 1;
        let action = &self.plan(peer).actions[action].what;
        let id = self.plan(peer).id;
        let cause = self.observe(None, What::Acted { peer: id, action: action.clone() })?;
        let online = self.peers[peer].session.is_some();
        let mut replies = std::mem::take(&mut self.replies);
        self.peers[peer].model.act(self.now, action, online, &mut replies);
        self.send_replies(peer, Some(cause), None, &mut replies);
        self.replies = replies;
        self.goal_moved();
        self.look_for_convergence(true)
    }

    fn command(&mut self, index: usize) -> Result<(), Stop> {
        if self.down {
            self.postponed.push(index);
            return Ok(());
        }
        self.plan_left -= 1;
        self.goal_moved();
        self.plan_repeat(index);
        self.give(index)?;
        self.look_for_convergence(true)
    }

    /// Gives the subject a command of the plan.
    fn give(&mut self, index: usize) -> Result<(), Stop> {
        let command = self.context.scenario.commands[index].what.clone();
        F::note_command(&self.context.world, &mut self.progress, &command);
        self.deliver(None, self.input(Input::Command { command })).map(drop)
    }

    /// Whoever gives the last command gives it again, if it is one of those.
    fn plan_repeat(&mut self, index: usize) {
        let commands = &self.context.scenario.commands;
        let later = commands.iter().skip(index + 1);
        let is_last = later.filter(|c| F::repeats_after(&c.what).is_some()).count() == 0;
        if let Some(after) = F::repeats_after(&commands[index].what).filter(|_| is_last) {
            self.queue.push_point(self.now + after, Point::Repeat(index));
        }
    }

    /// A repetition gives the subject another chance, not more time.
    fn repeat(&mut self, index: usize) -> Result<(), Stop> {
        self.plan_repeat(index);
        if !self.healed || self.down || self.converged_at.is_some() {
            return Ok(());
        }
        self.give(index)?;
        self.look_for_convergence(false)
    }

    fn crash(&mut self, index: usize) -> Result<(), Stop> {
        self.plan_left -= 1;
        let down = self.context.scenario.crashes[index].down_ms;
        self.tally.fire("crash");
        self.observe(None, What::Crashed { down })?;
        for peer in &mut self.peers {
            peer.awaits_subject |= peer.session.take().is_some();
        }
        self.down = true;
        F::note_restart(&self.context.world, &mut self.progress);
        self.queue.push_point(self.now + down, Point::Up);
        self.look_for_convergence(true)
    }

    fn come_up(&mut self) -> Result<(), Stop> {
        self.down = false;
        self.goal_moved();
        let mut outbox = std::mem::take(&mut self.outbox);
        let restarted = self.subject.restart(self.now, &mut outbox);
        self.outbox = outbox;
        restarted?;
        self.route_outputs(None)?;
        for command in std::mem::take(&mut self.postponed) {
            self.queue.push_point(self.now, Point::Command(command));
        }
        for peer in 0..self.peers.len() {
            if std::mem::take(&mut self.peers[peer].awaits_subject) {
                let planned = self.peers[peer].planned;
                self.queue.push_point(self.now, Point::Join(peer, planned));
            }
        }
        self.look_for_convergence(true)
    }

    fn heal(&mut self) -> Result<(), Stop> {
        self.healed = true;
        let cause = self.observe(None, What::Healed)?;
        self.goal_moved();
        for peer in 0..self.peers.len() {
            let plan = self.plan(peer);
            if plan.is_truthful() && self.peers[peer].session.is_none() {
                self.queue.push_point(self.now, Point::Join(peer, None));
            } else if plan.is_truthful() && !plan.is_honest() {
                let mut replies = std::mem::take(&mut self.replies);
                self.peers[peer].model.healed(self.now, &mut replies);
                self.send_replies(peer, Some(cause), None, &mut replies);
                self.replies = replies;
            } else if !plan.is_truthful() && self.context.scenario.heal.liars == Liars::Leave {
                self.close(peer)?;
            }
        }
        self.look_for_convergence(true)
    }

    pub(super) fn join(&mut self, peer: usize, planned: Option<usize>) -> Result<(), Stop> {
        let gone = self.healed
            && self.context.scenario.heal.liars == Liars::Leave
            && !self.plan(peer).is_truthful();
        if gone || self.peers[peer].is_refused || self.peers[peer].session.is_some() {
            return Ok(());
        }
        if self.peers[peer].drop_unseen {
            // The subject shall see the end of one connection before the next begins.
            self.queue.push_point(self.now, Point::Join(peer, planned));
            return Ok(());
        }
        self.peers[peer].planned = planned;
        if self.down {
            self.peers[peer].awaits_subject = true;
            return Ok(());
        }
        self.sessions += 1;
        let state = &mut self.peers[peer];
        state.session = Some(self.sessions);
        state.to_subject = self.queue.open(Some(state.to_subject));
        state.to_peer = self.queue.open(Some(state.to_peer));
        let mut replies = std::mem::take(&mut self.replies);
        state.model.connected(self.now, &mut replies);
        let hello = state.model.hello();
        let (id, planned) = (self.plan(peer).id, self.plan(peer).dialer);
        let dialer = *self.peers[peer].dialer.get_or_insert(planned);
        let cause = self.deliver(None, self.input(Input::Connected { peer: id, hello, dialer }))?;
        self.send_replies(peer, Some(cause), None, &mut replies);
        self.replies = replies;
        self.goal_moved();
        self.look_for_convergence(true)
    }

    fn leave(&mut self, peer: usize, planned: usize) -> Result<(), Stop> {
        let stays = self.healed && self.plan(peer).is_truthful();
        if stays || self.peers[peer].planned != Some(planned) {
            return Ok(());
        }
        self.peers[peer].awaits_subject = false;
        self.close(peer)?;
        self.look_for_convergence(true)
    }

    /// A peer closes its connection, if it has one.
    fn close(&mut self, peer: usize) -> Result<(), Stop> {
        let Some(session) = self.peers[peer].session.take() else { return Ok(()) };
        self.peers[peer].dialer = None;
        let lingers = self.peers[peer]
            .planned
            .is_some_and(|planned| self.plan(peer).sessions[planned].lingers);
        if lingers {
            self.peers[peer].lingering.push(session);
        }
        let id = self.plan(peer).id;
        let what = What::In {
            input: Input::Disconnected { peer: id },
            lie: None,
            fault: None,
            closer: Some(Closer::Peer),
        };
        self.deliver(None, what).map(drop)
    }

    /// The subject sees the end of a connection that it closed.
    fn dropped(&mut self, peer: usize) -> Result<(), Stop> {
        let id = self.plan(peer).id;
        let what = What::In {
            input: Input::Disconnected { peer: id },
            lie: None,
            fault: None,
            closer: Some(Closer::Subject),
        };
        if !self.down {
            self.deliver(None, what)?;
        }
        self.peers[peer].drop_unseen = false;
        self.plan_return(peer);
        self.look_for_convergence(true)
    }

    /// Plans the return of a peer that the subject has dropped.
    fn plan_return(&mut self, peer: usize) {
        let plan = self.plan(peer);
        let comes_back = plan.is_truthful() && F::must_keep(&self.context.world, &plan.has);
        if let Some(after) = self.return_of_dialled(peer) {
            if let Some(after) = after.filter(|_| comes_back) {
                self.peers[peer].dialer = Some(Dialer::Peer);
                self.queue.push_point(self.now + after, Point::Join(peer, None));
            }
            return;
        }
        self.peers[peer].dialer = None;
        let reconnect = plan.reconnect;
        let state = &mut self.peers[peer];
        if let Some(reconnect) = reconnect
            && state.reconnects_left > 0
        {
            state.reconnects_left -= 1;
            self.tally.fire("reconnect");
            let planned = state.planned;
            self.queue.push_point(self.now + reconnect.after_ms, Point::Join(peer, planned));
        } else if self.healed && comes_back {
            self.queue.push_point(self.now + RETURN_MS, Point::Join(peer, None));
        }
    }
}
