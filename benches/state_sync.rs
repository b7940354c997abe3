//! A state of a million accounts, synced in virtual time, beside the time that hashing its nodes
//! takes alone.
//!
//! `cargo bench --bench state_sync -- [ACCOUNTS]`

#![expect(clippy::disallowed_methods, reason = "a benchmark reads a clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use syncheck::adapters::InProcess;
use syncheck::families::Catalog;
use syncheck::families::state_sync::{PeerSpec, Spec, StateSync};
use syncheck::invariant::{Context, Suite};
use syncheck::machine::PeerId;
use syncheck::primitives::ethereum_state::Hash32;
use syncheck::scenario::{Heal, Liars, Limits, PeerPlan, Scenario};
use syncheck::sim::{Record, simulate};
use syncheck::verdict::Verdict;
use syncheck::world::state::StateSpec;

fn main() {
    let accounts = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(1_000_000);
    let chain = StateSpec { blocks: 70, plain_accounts: accounts, ..StateSpec::default() };
    let has = PeerSpec { head: 70, ..PeerSpec::default() };
    let scenario = Scenario::<StateSync> {
        world: Spec { chain, ..Spec::default() },
        peers: (0..4).map(|id| PeerPlan::honest(PeerId(id), has.clone())).collect(),
        commands: Vec::new(),
        crashes: Vec::new(),
        heal: Heal { at_ms: 0, liars: Liars::Leave },
        limits: Limits { converge_ms: Some(100_000_000), ..Limits::default() },
    };
    let began = Instant::now();
    let context = Context::new(scenario).expect("the scenario is valid");
    let nodes = context.world.chain.nodes();
    println!("{accounts} accounts, {} nodes, built in {:.2?}", nodes.len(), began.elapsed());

    let bytes: Vec<Arc<[u8]>> = nodes.values().map(|node| node.blob.bytes().into()).collect();
    let began = Instant::now();
    for node in &bytes {
        black_box(Hash32::of(black_box(node)));
    }
    let keccak = began.elapsed();
    println!("hashing alone  {keccak:.2?}");

    let mut subject = InProcess::new(StateSync::reference);
    let began = Instant::now();
    let run = simulate(&context, &mut subject, Suite::new(Vec::new()), Record::Nothing);
    let sync = began.elapsed();
    assert_eq!(run.verdict, Verdict::Pass);
    println!("sync           {sync:.2?}, {} messages", run.tally.messages);
    println!("ratio          {:.2}", sync.as_secs_f64() / keccak.as_secs_f64());
}
