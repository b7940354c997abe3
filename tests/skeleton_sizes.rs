//! The claims hold at geth's own sizes: batches of 512, a scratch space of 131 072 headers.

use std::collections::VecDeque;

use syncheck::adapters::InProcess;
use syncheck::campaign::{Judge, run_once};
use syncheck::families::Catalog;
use syncheck::families::skeleton::{
    Command, Hello, LocalSpec, LocalStart, Message, Misbehavior, PeerSpec, Profile, Settings,
    Skeleton, Spec, Start, StoredChainSpec, StoredSpec, Syncer, World,
};
use syncheck::invariant::Context;
use syncheck::machine::{Dialer, Input, Machine, Observes, Outbox, Output, PeerId, Time};
use syncheck::scenario::{
    At, Crash, Heal, Liars, Lie, Limits, PeerPlan, Reconnect, Scenario, Session,
};
use syncheck::sim::Record;
use syncheck::verdict::Verdict;
use syncheck::world::headers::{BranchSpec, HeaderTree, TreeSpec};

/// More than the scratch space, which ends 131 072 headers below the first head's parent.
const LENGTH: u64 = 140_000;

#[test]
fn the_sizes_are_those_of_geth() {
    let Settings { batch, scratch_batches, timeout_ms, fill_blocks, .. } = Settings::default();
    assert_eq!((batch, batch * scratch_batches), (512, 131_072));
    assert_eq!((timeout_ms, fill_blocks), (60_000, 2_048));
}

#[test]
fn liars_forks_merges_and_a_crash_at_real_sizes() {
    let settings = Settings { fill_ms: 50, ..Settings::default() };
    let branches = vec![BranchSpec { of: 0, after: 100_000, length: 30_000 }];
    let chain = |head, tail| StoredChainSpec { branch: 0, head, tail };
    let spec = Spec {
        profile: Profile::Geth117,
        settings,
        tree: TreeSpec { length: LENGTH, branches },
        local: LocalSpec { head: 900, ..LocalSpec::default() },
        stored: Some(StoredSpec {
            subchains: vec![chain(135_000, 134_000), chain(70_100, 70_000), chain(5_000, 4_000)],
            finalized: Some(120_000),
            garbled: false,
        }),
    };
    let head = |number| {
        let tree = HeaderTree::build(&spec.tree).expect("the tree is valid");
        tree.header(0, number).expect("on the trunk").clone()
    };
    let command = |at_ms, number, force| At {
        at_ms,
        what: Command::Head { header: head(number), force, finalized: Some(number - 64) },
    };
    let commands = vec![
        command(500, LENGTH - 2, true),
        command(9_000, LENGTH - 1, false),
        At { at_ms: 9_500, what: Command::Bounds {} },
        command(40_000, LENGTH - 1, true),
        command(90_000, LENGTH, true),
    ];
    judge(Scenario {
        world: spec,
        peers: peers(),
        commands,
        crashes: vec![Crash { at_ms: 20_000, down_ms: 5_000 }],
        heal: Heal { at_ms: 80_000, liars: Liars::Stay },
        limits: Limits::default(),
    });
}

#[test]
fn the_older_profile_at_real_sizes() {
    let spec = Spec {
        profile: Profile::Geth110,
        settings: Settings { fill_ms: 50, ..Settings::default() },
        tree: TreeSpec { length: LENGTH, branches: Vec::new() },
        local: LocalSpec { head: 300, ..LocalSpec::default() },
        stored: None,
    };
    let tree = HeaderTree::build(&spec.tree).expect("the tree is valid");
    let header = tree.header(0, LENGTH).expect("on the trunk").clone();
    let what = Command::Head { header, force: true, finalized: None };
    let mut peers = peers();
    peers.iter_mut().for_each(|peer| peer.has.branch = 0);
    judge(Scenario {
        world: spec,
        peers,
        commands: vec![At { at_ms: 500, what }],
        crashes: Vec::new(),
        heal: Heal { at_ms: 80_000, liars: Liars::Leave },
        limits: Limits::default(),
    });
}

/// Four honest peers, and one of each kind of trouble that real sizes matter to.
fn peers() -> Vec<PeerPlan<Skeleton>> {
    let honest = |id, latency_ms| {
        let plan = PeerPlan::honest(PeerId(id), PeerSpec::default());
        PeerPlan { latency_ms, ..plan }
    };
    let liar = |id, how| PeerPlan {
        lies: vec![Lie { from: 3, count: None, how }],
        reconnect: Some(Reconnect { after_ms: 1_000, times: 3 }),
        ..honest(id, 40)
    };
    let leaves = Session { join_ms: 0, leave_ms: Some(3_000), lingers: true };
    let returns = Session { join_ms: 8_000, leave_ms: None, lingers: false };
    let on_a_fork = PeerSpec { branch: 1, ..PeerSpec::default() };
    vec![
        honest(0, 30),
        honest(1, 50),
        honest(2, 80),
        honest(3, 200),
        liar(4, Misbehavior::Forged { salt: 1 }),
        liar(5, Misbehavior::Short { keep: 511 }),
        liar(6, Misbehavior::Silent {}),
        liar(7, Misbehavior::Broken { at: 511 }),
        PeerPlan { has: on_a_fork, ..honest(8, 40) },
        PeerPlan { sessions: vec![leaves, returns], ..honest(9, 500) },
    ]
}

fn judge(scenario: Scenario<Skeleton>) {
    let profile = scenario.world.profile.name();
    let context = Context::new(scenario).expect("the scenario is valid");
    let judge = Judge::<Skeleton>::new(Some(profile), Observes::ALL);
    let mut subject = InProcess::new(Skeleton::reference);
    let run = run_once(&context, &mut subject, &judge, Record::Nothing);
    assert_eq!(run.verdict, Verdict::Pass);
    let times = |id| {
        let found = run.exercise.iter().find(|exercise| exercise.claim.id == id);
        found.map_or(0, |exercise| exercise.times)
    };
    for id in ["batch-from-the-grid", "batch-asked-once", "grows-from-the-tail"] {
        assert!(times(id) >= LENGTH / 512, "{id}: {}", times(id));
    }
    for id in ["convergence", "dropped-for-cause", "links-exactly", "memory-bounded"] {
        assert!(times(id) > 0, "{id}");
    }
}

#[test]
fn no_more_than_the_scratch_space_is_held() {
    let length = LENGTH;
    let tree = TreeSpec { length, branches: Vec::new() };
    let tree = HeaderTree::build(&tree).expect("the tree is valid");
    let header = |number| tree.header(0, number).expect("on the trunk").clone();
    let trunk = (0..=length).map(header).collect();
    let world = World::of_trunk(trunk, Settings::default());
    let Start { local, .. } = world.start().clone();
    let mut subject = Subject::new(local);
    let head = Command::Head { header: header(length), force: true, finalized: None };
    subject.feed(Input::Command { command: head });
    // All but the batch next to the skeleton is delivered.
    let first = subject.requests.pop_front().expect("a batch is asked for");
    while let Some(request) = subject.requests.pop_front() {
        subject.answer(request, &header);
    }
    assert_eq!(subject.asked, 256, "the scratch space bounds what is asked for");
    assert_eq!(subject.held(), 255 * 512);
    assert_eq!(subject.syncer.subchains().status().subchains[0].tail, length);
    // Then it, and the rest.
    subject.answer(first, &header);
    while let Some(request) = subject.requests.pop_front() {
        subject.answer(request, &header);
        assert!(subject.held() <= 131_072);
    }
    assert_eq!(subject.syncer.subchains().status().subchains[0].tail, 1);
    assert_eq!(subject.asked, 140_000_u64.div_ceil(512));
    assert_eq!(subject.held(), 0);
}

struct Subject {
    syncer: Syncer,
    requests: VecDeque<(PeerId, u64, u64, u64)>,
    asked: u64,
}

impl Subject {
    fn new(local: LocalStart) -> Self {
        let (profile, settings) = (Profile::Geth117, Settings::default());
        let start = Start { profile, settings, status: None, rows: [].into(), local };
        let mut subject = Self { syncer: Syncer::new(&start), requests: VecDeque::new(), asked: 0 };
        for peer in (0..16).map(PeerId) {
            subject.feed(Input::Connected { peer, hello: Hello {}, dialer: Dialer::Peer });
        }
        subject
    }

    fn feed(&mut self, input: Input<Skeleton>) {
        let mut out = Outbox::new();
        self.syncer.step(Time::ZERO, input, &mut out);
        for output in out.drain() {
            match output {
                Output::Send { peer, message: Message::GetHeaders { id, origin, amount } } => {
                    self.asked += 1;
                    self.requests.push_back((peer, id, origin, amount));
                }
                Output::Disconnect { peer, reason } => panic!("{peer} is dropped: {reason:?}"),
                _ => {}
            }
        }
    }

    fn answer(
        &mut self,
        (peer, id, origin, amount): (PeerId, u64, u64, u64),
        header: &impl Fn(u64) -> syncheck::primitives::ethereum_header::SealedHeader,
    ) {
        let headers = (origin + 1 - amount..=origin).rev().map(header).collect();
        self.feed(Input::Message { peer, message: Message::Headers { id, headers } });
    }

    fn held(&self) -> u64 {
        self.syncer.gauges().expect("it counts").scratch_headers
    }
}
