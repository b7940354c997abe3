//! What travels: messages between peers and subject, and what the subject does.

use crate::machine::{Family, Input, Output, PeerModel, Replies, Role, Time};
use crate::trace::{Loss, What};

use super::link;
use super::peer::{arrival, faults_for, lie_for};
use super::queue::{Flight, Point};
use super::simulator::{Simulator, Stop};

impl<F: Family> Simulator<'_, F> {
    pub(super) fn deliver_to_subject(&mut self, flight: Flight<F>) -> Result<(), Stop> {
        let state = &self.peers[flight.peer];
        let open = state.session == Some(flight.session)
            || (state.session.is_none() && state.lingering.contains(&flight.session) && !self.down);
        if !open {
            return self.lose(flight, Loss::Disconnected);
        }
        self.tally.messages += 1;
        let peer = self.plan(flight.peer).id;
        let what = What::In {
            input: Input::Message { peer, message: flight.message },
            lie: flight.lie,
            fault: flight.fault,
            closer: None,
        };
        self.deliver(flight.cause, what)?;
        self.look_for_convergence(false)
    }

    pub(super) fn deliver_to_peer(&mut self, flight: Flight<F>) -> Result<(), Stop> {
        let peer = flight.peer;
        if self.peers[peer].session != Some(flight.session) {
            return self.lose(flight, Loss::Disconnected);
        }
        self.tally.messages += 1;
        let mut replies = std::mem::take(&mut self.replies);
        let state = &mut self.peers[peer];
        state.model.receive(self.now, &flight.message, &mut replies);
        let mut told = None;
        if F::role(&flight.message) == Role::Request {
            let request = state.requests_seen;
            state.requests_seen += 1;
            let plan = &self.context.scenario.peers[peer];
            if let Some(lie) = lie_for(plan, request) {
                let honest = replies.clone();
                let how = &plan.lies[lie].how;
                let world = &self.context.world;
                let (model, told_so_far) = (&mut state.model, state.lies_told);
                F::misbehave(world, model, how, &flight.message, told_so_far, &mut replies);
                if honest != replies {
                    state.lies_told += 1;
                    told = Some(lie);
                    *self.tally.lies.entry((peer, lie)).or_default() += 1;
                }
            }
        }
        self.send_replies(peer, flight.cause, told, &mut replies);
        self.replies = replies;
        Ok(())
    }

    /// Puts a peer's messages on their way to the subject.
    pub(super) fn send_replies(
        &mut self,
        peer: usize,
        cause: Option<u64>,
        lie: Option<usize>,
        replies: &mut Replies<F>,
    ) {
        let context = self.context;
        let plan = &context.scenario.peers[peer];
        let heal_at = Time::from_millis(context.scenario.heal.at_ms);
        let Some(session) = self.peers[peer].session else {
            replies.clear();
            return;
        };
        for reply in replies.drain(..) {
            let state = &mut self.peers[peer];
            let ordinal = state.messages_sent;
            state.messages_sent += 1;
            let at = arrival(plan, self.now, reply.delay, heal_at);
            let healed = self.healed;
            let faults = faults_for(plan, ordinal).map(|fault| fault.kind).filter(|_| !healed);
            let passage = link::pass::<F>(faults, reply.message, at, heal_at, &mut self.tally);
            let Some(message) = passage.message else { continue };
            let flight = |message| Flight {
                peer,
                session,
                to_subject: true,
                message,
                cause,
                lie,
                fault: passage.fault,
            };
            if passage.copies == 0 {
                // Recording a loss cannot break a claim, for no claim judges what never arrived.
                let _ = self.lose(flight(message), Loss::Fault);
                continue;
            }
            let stream = self.peers[peer].to_subject;
            for _ in 1..passage.copies {
                self.queue.push_message(stream, passage.at, flight(message.clone()));
            }
            self.queue.push_message(stream, passage.at, flight(message));
        }
    }

    fn lose(&mut self, flight: Flight<F>, loss: Loss) -> Result<(), Stop> {
        let what = What::Lost {
            peer: self.plan(flight.peer).id,
            message: flight.message,
            from_subject: !flight.to_subject,
            loss,
        };
        self.observe(flight.cause, what).map(drop)
    }

    /// Shows an input to the invariants, gives it to the subject and routes what that does.
    pub(super) fn deliver(&mut self, cause: Option<u64>, what: What<F>) -> Result<u64, Stop> {
        self.tally.inputs += 1;
        let (seq, what) = self.observe_and_return(cause, what)?;
        if let What::In { input, .. } = what {
            let mut outbox = std::mem::take(&mut self.outbox);
            let delivered = self.subject.deliver(self.now, input, &mut outbox);
            self.outbox = outbox;
            delivered?;
        }
        self.route_outputs(Some(seq))?;
        self.measure()?;
        Ok(seq)
    }

    pub(super) fn measure(&mut self) -> Result<(), Stop> {
        if let Some(gauges) = self.subject.gauges()
            && self.suite.measure(self.now, &gauges)
        {
            self.objection()?;
        }
        Ok(())
    }

    pub(super) fn route_outputs(&mut self, cause: Option<u64>) -> Result<(), Stop> {
        let mut outbox = std::mem::take(&mut self.outbox);
        let routed = outbox.drain().try_for_each(|output| self.route(cause, output));
        self.outbox = outbox;
        routed
    }

    fn route(&mut self, cause: Option<u64>, output: Output<F>) -> Result<(), Stop> {
        if let Output::Event { event } = &output {
            F::note(&self.context.world, &mut self.progress, event);
            self.progressed = true;
            self.spent.progress();
        }
        let peer = match &output {
            Output::Dial { peer }
            | Output::Disconnect { peer, .. }
            | Output::Refuse { peer, .. }
            | Output::Send { peer, .. } => self.index_of(*peer),
            Output::Event { .. } => None,
        };
        let session = peer.and_then(|peer| self.peers[peer].session);
        let needs_nobody =
            matches!(output, Output::Dial { .. } | Output::Event { .. } | Output::Refuse { .. });
        let connected = session.is_some() || needs_nobody;
        let (seq, what) = self.observe_and_return(cause, What::Out { output, connected })?;
        let (Some(peer), What::Out { output, .. }) = (peer, what) else {
            return Ok(());
        };
        match (output, session) {
            (Output::Dial { .. }, None) => self.dial(peer),
            (Output::Disconnect { .. }, Some(_)) => self.drop_connection(peer),
            (Output::Refuse { .. }, _) => self.refuse(peer),
            (Output::Send { message, .. }, Some(session)) => {
                let heal_at = Time::from_millis(self.context.scenario.heal.at_ms);
                let plan = &self.context.scenario.peers[peer];
                let at = arrival(plan, self.now, 0, heal_at);
                let flight = Flight {
                    peer,
                    session,
                    to_subject: false,
                    message,
                    cause: Some(seq),
                    lie: None,
                    fault: None,
                };
                let stream = self.peers[peer].to_peer;
                self.queue.push_message(stream, at, flight);
            }
            _ => {}
        }
        Ok(())
    }

    /// The subject closes a connection, and sees its end as the next thing.
    pub(super) fn drop_connection(&mut self, peer: usize) {
        self.peers[peer].session = None;
        self.peers[peer].drop_unseen = true;
        self.queue.push_point(self.now, Point::Dropped(peer));
    }
}
