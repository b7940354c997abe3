//! The claims leave room for all that a correct client may do, and no more.

use syncheck::adapters::InProcess;
use syncheck::campaign::{CaseId, Judge, draw, run_once};
use syncheck::families::Catalog;
use syncheck::families::skeleton::{
    Command, Event, Gauges, HeadAnswer, Settings, Skeleton, Start, Syncer,
};
use syncheck::invariant::Context;
use syncheck::machine::{Capabilities, Input, Machine, Observes, Outbox, Output, Time};
use syncheck::primitives::ethereum_state::Hash32;
use syncheck::scenario::Scenario;
use syncheck::sim::Record;
use syncheck::trace::What;
use syncheck::verdict::Verdict;

/// Cases of each client.
const CASES: u64 = 300;

/// The reference, with another way to do what is left open.
#[derive(Debug)]
struct Client {
    syncer: Syncer,
    way: Way,
    /// Whether what is filled is executed.
    executes: bool,
    /// Heads that were refused once.
    refused: Vec<Hash32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It gives a late batch to another before it drops the late peer.
    AsksFirst,
    /// It drops a peer before it writes what shows why.
    DropsFirst,
    /// It follows forced heads only, and answers others kindly.
    FollowsForced,
    /// It takes a forced head only when it is announced again.
    RefusesOnce,
    /// It never takes a forced head.
    RefusesAlways,
    /// It skips forced heads below what is filled.
    SkipsAncestors,
}

impl Client {
    fn answers_itself(&mut self, command: &Command) -> Option<HeadAnswer> {
        let Command::Head { header, force, .. } = command else { return None };
        let (number, hash) = (header.number(), header.hash());
        match self.way {
            Way::FollowsForced => (!force).then_some(HeadAnswer::Accepted),
            Way::RefusesAlways => force.then_some(HeadAnswer::Forked),
            Way::RefusesOnce if *force && !self.refused.contains(&hash) => {
                self.refused.push(hash);
                Some(HeadAnswer::Forked)
            }
            Way::SkipsAncestors => {
                let local = self.syncer.local();
                let filled = number <= local.snap_head().number();
                let known = filled && local.canonical(number) == Some(hash);
                (*force && known && self.executes).then_some(HeadAnswer::Accepted)
            }
            Way::AsksFirst | Way::DropsFirst | Way::RefusesOnce => None,
        }
    }
}

impl Machine<Skeleton> for Client {
    fn step(&mut self, now: Time, input: Input<Skeleton>, out: &mut Outbox<Skeleton>) {
        if let Input::Command { command } = &input
            && let Some(answer) = self.answers_itself(command)
            && let Command::Head { header, .. } = command
        {
            return out.event(Event::HeadAnswered { hash: header.hash(), answer });
        }
        self.syncer.step(now, input, out);
        let outputs = out.outputs_mut();
        let begins = |output: &Output<Skeleton>| {
            matches!(output, Output::Event { event: Event::CycleStarted { .. } })
        };
        match self.way {
            Way::AsksFirst if !outputs.iter().any(begins) => {
                outputs.sort_by_key(|output| match output {
                    Output::Send { .. } => 1,
                    Output::Disconnect { .. } => 2,
                    _ => 0,
                });
            }
            Way::DropsFirst => {
                outputs.sort_by_key(|output| !matches!(output, Output::Disconnect { .. }));
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.syncer.deadline()
    }

    fn restart(&mut self, now: Time, out: &mut Outbox<Skeleton>) {
        self.syncer.restart(now, out);
    }

    fn gauges(&self) -> Option<Gauges> {
        self.syncer.gauges()
    }
}

fn client(start: &Start, way: Way) -> Box<dyn Machine<Skeleton>> {
    let executes = start.settings.pivot_distance.is_none();
    Box::new(Client { syncer: Syncer::new(start), way, executes, refused: Vec::new() })
}

/// What breaks, by case, when a client is held to the claims of a profile, or to those of all.
fn broken(way: Way, profile: Option<&'static str>) -> Vec<(u64, Verdict)> {
    let name = "geth-1.17";
    let strategy = Skeleton::strategy(name, &Capabilities::ALL);
    let known: Vec<String> = Skeleton::deviations().iter().map(|it| it.claim.to_owned()).collect();
    let judge = Judge::<Skeleton>::new(profile, Observes::ALL);
    // What geth is known to break, this client does as well.
    let judge = if profile.is_none() {
        judge.without(&known).expect("claims of the family")
    } else {
        judge
    };
    let mut broken = Vec::new();
    for index in 0..CASES {
        let case = CaseId { family: "skeleton", profile: name, seed: 5, index };
        let context = Context::new(draw(&strategy, case).current()).expect("it is valid");
        let mut subject = InProcess::new(move |start: &Start| client(start, way));
        let run = run_once(&context, &mut subject, &judge, Record::Nothing);
        if run.verdict != Verdict::Pass {
            broken.push((index, run.verdict));
        }
    }
    broken
}

#[test]
fn what_happens_at_one_instant_has_no_order() {
    for way in [Way::DropsFirst, Way::AsksFirst] {
        assert_eq!(broken(way, Some("geth-1.17")), [], "{way:?}");
    }
}

#[test]
fn a_forced_head_below_what_is_filled_may_be_skipped() {
    assert_eq!(broken(Way::SkipsAncestors, None), []);
}

#[test]
fn a_head_without_force_need_not_be_followed() {
    assert_eq!(broken(Way::FollowsForced, None), []);
}

/// Consensus clients announce their head in each slot.
#[test]
fn a_head_that_is_refused_once_comes_again() {
    assert_eq!(broken(Way::RefusesOnce, None), []);
}

#[test]
fn a_forced_head_must_be_followed() {
    let broken = broken(Way::RefusesAlways, None);
    assert!(broken.len() as u64 > CASES / 4, "{} cases", broken.len());
    for (index, verdict) in broken {
        let Verdict::Fail(_) = &verdict else { panic!("case {index}: {verdict:?}") };
        assert!(verdict.breaks("convergence"), "case {index}: {verdict:?}");
    }
}

/// A subject that cannot take other sizes gets none.
#[test]
fn cases_have_the_sizes_that_the_subject_can_take() {
    let has = Capabilities::only(["stored"]);
    let strategy = Skeleton::strategy("geth-1.17", &has);
    let own = |scenario: &Scenario<Skeleton>| {
        let Settings { batch, scratch_batches, .. } = scenario.world.settings;
        (batch, scratch_batches) == (512, 256)
    };
    let (mut long, mut shared) = (0, 0);
    for index in 0..100 {
        let case = CaseId { family: "skeleton", profile: "geth-1.17", seed: 3, index };
        let scenario = draw(&strategy, case).current();
        assert!(own(&scenario), "case {index}");
        assert_eq!(has.lacking(&Skeleton::requires(&scenario)), None, "case {index}");
        long += u64::from(scenario.world.tree.length > 1_024);
        let all = Skeleton::strategy("geth-1.17", &Capabilities::ALL);
        shared += u64::from(own(&draw(&all, case).current()));
    }
    assert!((4..40).contains(&long), "{long} long chains");
    assert!((1..30).contains(&shared), "{shared} cases of a subject that takes all");
}

/// A repeated announcement gives another chance, not more time: the run ends.
#[test]
fn repetitions_are_seen_and_end() {
    let strategy = Skeleton::strategy("geth-1.17", &Capabilities::ALL);
    let judge = Judge::<Skeleton>::new(None, Observes::ALL);
    let mut seen = 0;
    for index in 0..20 {
        let case = CaseId { family: "skeleton", profile: "geth-1.17", seed: 5, index };
        let context = Context::new(draw(&strategy, case).current()).expect("it is valid");
        let planned = context.scenario.commands.len();
        let refuses = |start: &Start| client(start, Way::RefusesAlways);
        let run = run_once(&context, &mut InProcess::new(refuses), &judge, Record::Steps);
        let trace = run.trace.expect("steps were recorded");
        let is_command =
            |what: &What<Skeleton>| matches!(what, What::In { input: Input::Command { .. }, .. });
        let given = trace.steps().iter().filter(|step| is_command(&step.what)).count();
        seen += given.saturating_sub(planned);
    }
    assert!(seen > 20, "{seen} repetitions");
}
