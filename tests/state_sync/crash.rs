//! A small sync that dies at every instant at which it did something.

use std::collections::BTreeSet;

use syncheck::adapters::InProcess;
use syncheck::campaign::{Judge, run_once};
use syncheck::families::Catalog;
use syncheck::families::state_sync::{Event, Message, PeerSpec, Spec, StateSync};
use syncheck::invariant::Context;
use syncheck::machine::{Observes, Output, PeerId};
use syncheck::primitives::ethereum_state::{Hash32, Nibbles};
use syncheck::scenario::{Crash, Heal, Liars, Limits, PeerPlan, Scenario};
use syncheck::sim::Record;
use syncheck::trace::{Step, Trace, What};
use syncheck::verdict::Verdict;
use syncheck::world::state::{AccountSpec, CodeSpec, StateSpec, StorageSpec};

const HEAL_MS: u64 = 60_000;
const DOWN_MS: u64 = 500;

/// Many large codes, so that the sync writes several batches.
fn scenario() -> Scenario<StateSync> {
    let storage = StorageSpec { seed: 1, slots: 9, prefix: Nibbles::default(), value_bytes: 32 };
    let account = |id| AccountSpec {
        id,
        prefix: Nibbles::default(),
        balance: 1,
        storage: (id % 4 == 0).then(|| storage.clone()),
        code: Some(CodeSpec::Bytes { seed: id, length: 24_000 }),
    };
    let accounts = (0..32).map(account).collect();
    let chain = StateSpec { blocks: 70, accounts, plain_accounts: 8, changes: Vec::new() };
    let has = PeerSpec { head: 70, items_max: Some(3), ..PeerSpec::default() };
    Scenario {
        world: Spec { chain, ..Spec::default() },
        peers: vec![PeerPlan::honest(PeerId(0), has)],
        commands: Vec::new(),
        crashes: Vec::new(),
        heal: Heal { at_ms: HEAL_MS, liars: Liars::Leave },
        limits: Limits::default(),
    }
}

#[test]
fn a_crash_at_any_instant_loses_nothing_durable() {
    let (trace, verdict) = run(Vec::new());
    assert_eq!(verdict, Verdict::Pass);
    let commits: BTreeSet<u64> = trace
        .steps()
        .iter()
        .filter(|step| !written(step).is_empty())
        .map(|step| step.at.as_millis())
        .collect();
    assert!(commits.len() >= 4, "{commits:?} are too few batches to crash between");
    let all: BTreeSet<u64> = trace.steps().iter().map(|step| step.at.as_millis()).collect();
    let mut crashes = 0;
    // A crash comes before all else that happens in its millisecond.
    for at_ms in all.iter().flat_map(|at| [*at, at + 1]).filter(|at| *at < HEAL_MS) {
        check(&[at_ms]);
        crashes += 1;
    }
    for (first, second) in commits.iter().flat_map(|a| commits.iter().map(move |b| (*a, *b))) {
        // The second life has its boundaries that much later: it begins when it is forced to.
        check(&[first + 1, first + DOWN_MS + 10_001 + second.saturating_sub(10_000)]);
        crashes += 1;
    }
    println!("{crashes} runs with crashes, {} commits", commits.len());
}

/// The sync completes, and asks for nothing that was durable.
fn check(crashes: &[u64]) {
    let (trace, verdict) =
        run(crashes.iter().map(|at_ms| Crash { at_ms: *at_ms, down_ms: DOWN_MS }).collect());
    assert_eq!(verdict, Verdict::Pass, "after crashes at {crashes:?} ms");
    let mut durable: BTreeSet<Hash32> = BTreeSet::new();
    let mut committed = false;
    for step in trace.steps() {
        durable.extend(written(step));
        match &step.what {
            What::Out {
                output: Output::Send { message: Message::GetNodeData { hashes }, .. },
                ..
            } => {
                let again = hashes.iter().find(|hash| durable.contains(*hash));
                assert_eq!(again, None, "asked again at {} after crashes at {crashes:?}", step.at);
            }
            What::Out { output: Output::Event { event: Event::PivotCommitted { .. } }, .. } => {
                committed = true;
            }
            _ => {}
        }
    }
    assert!(committed, "no pivot is committed after crashes at {crashes:?}");
}

fn run(crashes: Vec<Crash>) -> (Trace<StateSync>, Verdict) {
    let judge = Judge::new(Some("geth-1.10"), Observes::ALL);
    let mut subject = InProcess::new(StateSync::reference);
    let scenario = Scenario { crashes, ..scenario() };
    let context = Context::new(scenario).expect("the scenario is valid");
    let run = run_once(&context, &mut subject, &judge, Record::Steps);
    (run.trace.expect("steps are recorded"), run.verdict)
}

fn written(step: &Step<StateSync>) -> Vec<Hash32> {
    match &step.what {
        What::Out {
            output: Output::Event { event: Event::Written { nodes, codes, .. } }, ..
        } => nodes.iter().chain(codes.iter()).copied().collect(),
        _ => Vec::new(),
    }
}
