//! What becomes of the dials and refusals of a subject that chooses its peers.

use syncheck::adapters::InProcess;
use syncheck::campaign::{Judge, run_once};
use syncheck::families::headers_first::{
    HeadersFirst, PeerSpec, Place, Profile, Reason, Spec, Start,
};
use syncheck::invariant::Context;
use syncheck::machine::{Capabilities, Dialer, Input, Machine, Observes, Outbox, PeerId, Time};
use syncheck::scenario::{Heal, Liars, Limits, PeerPlan, Scenario, Session};
use syncheck::sim::Record;
use syncheck::trace::What;

/// What a subject does when a connection ends or begins; it never syncs.
#[derive(Clone, Copy)]
enum Manner {
    /// It drops the peer at once, the first time, and dials it then.
    DropsAndDials,
    /// It drops the peer at once, the first time, and waits.
    DropsAndWaits,
    /// It drops whoever is connected when the network heals, and waits.
    DropsLate,
    /// It dials whoever leaves.
    Dials,
    /// It refuses the peer.
    Refuses,
}

struct Chooser {
    manner: Manner,
    is_first: bool,
}

impl Machine<HeadersFirst> for Chooser {
    fn step(&mut self, now: Time, input: Input<HeadersFirst>, out: &mut Outbox<HeadersFirst>) {
        let reason = Reason::Other { text: Some("as I like".into()) };
        match (input, self.manner) {
            (Input::Connected { peer, .. }, Manner::DropsAndDials | Manner::DropsAndWaits)
                if self.is_first =>
            {
                self.is_first = false;
                out.disconnect(peer, reason);
            }
            (Input::Connected { peer, .. }, Manner::DropsLate)
                if now == Time::from_millis(HEAL_MS) =>
            {
                out.disconnect(peer, reason);
            }
            (Input::Connected { peer, .. }, Manner::Refuses) => out.refuse(peer, reason),
            (Input::Disconnected { peer }, Manner::DropsAndDials) => out.dial(peer),
            (Input::Disconnected { peer }, Manner::Dials) if self.is_first => {
                self.is_first = false;
                out.dial(peer);
                out.dial(peer);
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }

    fn restart(&mut self, _: Time, _: &mut Outbox<HeadersFirst>) {}
}

const HEAL_MS: u64 = 20_000;

/// One peer whose connection the subject has dialled, with these sessions, and then healing.
fn scenario(sessions: Vec<Session>) -> Scenario<HeadersFirst> {
    let spec = Spec {
        profile: Profile::Btcd026,
        main: 1,
        branches: Vec::new(),
        checkpoints: Vec::new(),
        stored: None,
        tip_age_s: 0,
        spacing_s: 600,
    };
    let peer = PeerPlan {
        latency_ms: 40,
        dialer: Dialer::Subject,
        sessions,
        ..PeerPlan::honest(PeerId(1), PeerSpec::full(Place::main(1)))
    };
    Scenario {
        world: spec,
        peers: vec![peer],
        commands: Vec::new(),
        crashes: Vec::new(),
        heal: Heal { at_ms: HEAL_MS, liars: Liars::Leave },
        limits: Limits { converge_ms: Some(100_000), ..Limits::default() },
    }
}

fn stays() -> Vec<Session> {
    vec![Session { join_ms: 0, leave_ms: None, lingers: false }]
}

fn leaves_at(leave_ms: u64) -> Vec<Session> {
    vec![Session { join_ms: 0, leave_ms: Some(leave_ms), lingers: false }]
}

/// The connections that opened (who dialled) and closed, each with its instant in milliseconds.
fn connections(manner: Manner, sessions: Vec<Session>) -> Vec<(u64, Option<Dialer>)> {
    let context = Context::new(scenario(sessions)).expect("it is valid");
    let mut subject =
        InProcess::new(move |_: &Start| Box::new(Chooser { manner, is_first: true }) as Box<_>)
            .with_capabilities(Capabilities::only([Capabilities::DIALS]));
    let judge = Judge::new(None, Observes::NONE).without(&names()).expect("all are claims");
    let run = run_once(&context, &mut subject, &judge, Record::Steps);
    let trace = run.trace.expect("it was asked for");
    let seen = trace.steps().iter().filter_map(|step| match &step.what {
        What::In { input: Input::Connected { dialer, .. }, .. } => Some((step.at, Some(*dialer))),
        What::In { input: Input::Disconnected { .. }, .. } => Some((step.at, None)),
        _ => None,
    });
    seen.map(|(at, what)| (at.as_millis(), what)).collect()
}

/// All claims: what is looked at here is what the engine does.
fn names() -> Vec<String> {
    use syncheck::families::Catalog as _;
    HeadersFirst::claims().iter().map(|entry| entry.claim.id.to_owned()).collect()
}

const DIALLED: Option<Dialer> = Some(Dialer::Subject);
const BY_PEER: Option<Dialer> = Some(Dialer::Peer);

#[test]
fn a_dialled_peer_that_is_there_is_connected_after_a_round_trip() {
    let seen = connections(Manner::DropsAndDials, stays());
    assert_eq!(seen, [(0, DIALLED), (0, None), (80, DIALLED)]);
}

#[test]
fn a_dial_of_a_peer_that_is_away_fails_after_a_second() {
    let seen = connections(Manner::Dials, leaves_at(500));
    // Two dials at once are one.
    assert_eq!(seen, [(0, DIALLED), (500, None), (1_500, None), (20_000, DIALLED)]);
}

#[test]
fn a_dropped_peer_is_left_to_the_subject_until_a_minute_after_the_healing() {
    // Nothing brings it back before the network heals.
    let seen = connections(Manner::DropsAndWaits, stays());
    assert_eq!(seen, [(0, DIALLED), (0, None), (20_000, DIALLED)]);
    let seen = connections(Manner::DropsLate, leaves_at(500));
    let late = [(20_000, DIALLED), (20_000, None), (80_000, BY_PEER)];
    assert_eq!(seen, [&[(0, DIALLED), (500, None)][..], &late].concat());
}

#[test]
fn a_refused_peer_does_not_come_back() {
    assert_eq!(connections(Manner::Refuses, stays()), [(0, DIALLED), (0, None)]);
}
