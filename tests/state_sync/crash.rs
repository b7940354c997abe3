//! A small sync that dies at every instant at which it did something.

use std::collections::BTreeSet;

use syncheck::adapters::InProcess;
use syncheck::campaign::{Judge, run_once};
use syncheck::families::Catalog;
use syncheck::families::state_sync::{PeerSpec, Spec, StateSync};
use syncheck::invariant::Context;
use syncheck::machine::{Observes, PeerId};
use syncheck::primitives::ethereum_state::Nibbles;
use syncheck::scenario::{Crash, Heal, Liars, Limits, PeerPlan, Scenario};
use syncheck::sim::Record;
use syncheck::verdict::Verdict;
use syncheck::world::state::{AccountSpec, CodeSpec, StateSpec, StorageSpec};

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
        heal: Heal { at_ms: 60_000, liars: Liars::Leave },
        limits: Limits::default(),
    }
}

#[test]
fn a_crash_at_any_instant_loses_nothing_durable() {
    let judge = Judge::new(Some("geth-1.10"), Observes::ALL);
    let mut subject = InProcess::new(StateSync::reference);
    let context = Context::new(scenario()).unwrap();
    let run = run_once(&context, &mut subject, &judge, Record::Steps);
    assert_eq!(run.verdict, Verdict::Pass);
    let trace = run.trace.unwrap();
    let batches = trace.to_text().matches("written:").count();
    assert!(batches >= 4, "{batches} batches are too few to crash between");
    let instants: BTreeSet<u64> = trace.steps().iter().map(|step| step.at.as_millis()).collect();
    let mut crashes = 0;
    for at_ms in instants.iter().flat_map(|at| [*at, at + 1]).filter(|at| *at < 60_000) {
        let mut scenario = scenario();
        scenario.crashes = vec![Crash { at_ms, down_ms: 500 }];
        let context = Context::new(scenario).unwrap();
        let run = run_once(&context, &mut subject, &judge, Record::Nothing);
        assert_eq!(run.verdict, Verdict::Pass, "after a crash at {at_ms} ms");
        crashes += 1;
    }
    println!("{crashes} crashes, {batches} batches");
}
