//! The smallest family: who gets a number sends the next one, and tells its count a while later.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::{
    Family, Input, Machine, Millis, Outbox, PeerModel, Replies, Role, SpecError, Time,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, JsonSchema)]
pub(super) struct Toy;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    pub(super) delay_ms: Millis,
}

/// A number that makes the machine panic.
pub(super) const UNLUCKY: u32 = 13;

/// A number after which the machine cannot say how much it holds.
pub(super) const HEAVY: u32 = 99;

#[derive(Debug)]
pub(super) struct Counter {
    pub(super) delay_ms: Millis,
    pub(super) count: u32,
    pub(super) deadline: Option<Time>,
    pub(super) last: u32,
}

impl Counter {
    pub(super) fn boxed(start: &Start) -> Box<dyn Machine<Toy>> {
        Box::new(Self { delay_ms: start.delay_ms, count: 0, deadline: None, last: 0 })
    }
}

impl Machine<Toy> for Counter {
    fn step(&mut self, now: Time, input: Input<Toy>, out: &mut Outbox<Toy>) {
        match input {
            Input::Message { peer, message } => {
                assert_ne!(message, UNLUCKY, "this number is unlucky");
                self.count = self.count.wrapping_add(1);
                self.last = message;
                self.deadline = Some(now + self.delay_ms);
                out.send(peer, message + 1);
            }
            Input::Deadline {} => {
                self.deadline = None;
                out.event(self.count);
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }

    fn restart(&mut self, _now: Time, out: &mut Outbox<Toy>) {
        (self.count, self.deadline) = (0, None);
        out.event(0);
    }

    fn gauges(&self) -> Option<u32> {
        assert_ne!(self.last, HEAVY, "too much to hold");
        Some(self.count)
    }
}

impl Family for Toy {
    const NAME: &'static str = "toy";
    type Message = u32;
    type Command = ();
    type Event = u32;
    type Reason = ();
    type Hello = ();
    type Start = Start;
    type Gauges = u32;
    type Spec = ();
    type World = ();
    type PeerSpec = ();
    type Action = ();
    type Misbehavior = ();
    type Peer = Nobody;
    type Key = u32;
    type Progress = ();
    type Missing = ();
    type Ending = u32;

    fn build((): &()) -> Result<(), SpecError> {
        Ok(())
    }
    fn check_peer((): &(), (): &()) -> Result<(), SpecError> {
        Ok(())
    }
    fn check_action((): &(), (): &()) -> Result<(), SpecError> {
        Ok(())
    }
    fn check_command((): &(), (): &()) -> Result<(), SpecError> {
        Ok(())
    }
    fn start((): &()) -> Start {
        Start { delay_ms: 10 }
    }
    fn set_profile((): &mut (), _: &str) {}
    fn profile((): &()) -> &str {
        ""
    }
    fn peer(_: &Arc<()>, (): &()) -> Nobody {
        Nobody
    }
    fn misbehave((): &(), _: &mut Nobody, (): &(), _: &u32, _: u32, _: &mut Replies<Self>) {}
    fn role(_: &u32) -> Role {
        Role::Request
    }
    fn asked(_: &u32, _: &mut dyn FnMut(u32)) {}
    fn answered(_: &u32, _: &mut dyn FnMut(u32, bool)) {}
    fn over_limit(_: &u32) -> Option<(u64, u64)> {
        None
    }
    fn note((): &(), (): &mut (), _: &u32) {}
    fn ending(count: &u32) -> Option<u32> {
        Some(*count)
    }
    fn missing((): &(), _: &[&Nobody], (): &()) -> Option<()> {
        None
    }
    fn describe_missing((): &(), (): &(), (): &()) -> String {
        String::new()
    }
    fn patience((): &(), _: usize) -> Millis {
        0
    }
    fn describe_message((): &(), message: &u32) -> String {
        message.to_string()
    }
    fn describe_event((): &(), event: &u32) -> String {
        event.to_string()
    }
    fn describe_command((): &(), (): &()) -> String {
        String::new()
    }
}

/// The peer of a world without peers.
#[derive(Debug)]
pub(super) struct Nobody;

impl PeerModel<Toy> for Nobody {
    fn hello(&self) {}
    fn connected(&mut self, _: Time, _: &mut Replies<Toy>) {}
    fn receive(&mut self, _: Time, _: &u32, _: &mut Replies<Toy>) {}
    fn act(&mut self, _: Time, (): &(), _: bool, _: &mut Replies<Toy>) {}
}
