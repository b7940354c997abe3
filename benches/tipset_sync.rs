//! A chain of 100 000 tipsets of five blocks, synced in virtual time, beside the time that
//! encoding and hashing these tipsets takes alone.
//!
//! `cargo bench --bench tipset_sync`

#![expect(clippy::disallowed_methods, reason = "a benchmark reads a clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use syncheck::adapters::InProcess;
use syncheck::families::Catalog;
use syncheck::families::tipset_sync::{PeerSpec, Settings, Spec, TipsetSync};
use syncheck::invariant::{Context, Suite};
use syncheck::machine::PeerId;
use syncheck::primitives::filecoin::consensus::Network;
use syncheck::primitives::filecoin::{Cid, Tipset};
use syncheck::scenario::{Heal, Liars, Limits, PeerPlan, Scenario};
use syncheck::sim::{Record, simulate};
use syncheck::verdict::Verdict;
use syncheck::world::tipset::{BlockSpec, Branch, Epoch, TipsetRef};

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const TIPSETS: u32 = 100_000;
const BLOCKS: u16 = 5;

fn scenario() -> Scenario<TipsetSync> {
    let block = |miner| BlockSpec { miner, wins: 1, messages: 2, fault: None };
    let epoch = Epoch { nulls: 0, repeat: TIPSETS, blocks: (0..BLOCKS).map(block).collect() };
    let tip = TipsetRef::new(0, TIPSETS - 1);
    Scenario {
        world: Spec {
            profile: "filecoin".to_owned(),
            network: Network::default(),
            settings: Settings::default(),
            clock_epoch: u64::from(TIPSETS),
            shuffle: 0,
            branches: vec![Branch { from: None, foreign: false, epochs: vec![epoch] }],
            stored: None,
            checkpoint: None,
        },
        peers: vec![PeerPlan::honest(PeerId(1), PeerSpec::at(tip))],
        commands: Vec::new(),
        crashes: Vec::new(),
        heal: Heal { at_ms: 0, liars: Liars::Leave },
        limits: Limits::default(),
    }
}

/// All tipsets, newest first.
fn tipsets(context: &Context<TipsetSync>) -> Vec<Arc<Tipset>> {
    let tree = &context.world.tree;
    let mut tipsets = Vec::new();
    let mut at = tree.tipset(&TipsetRef::new(0, TIPSETS - 1)).ok();
    while let Some(tipset) = at {
        at = tree.parent(&tipset);
        tipsets.push(tipset);
    }
    tipsets
}

/// The least that a node does with what it receives: header CIDs, ticket hashes, message roots.
fn encode_and_hash(context: &Context<TipsetSync>, tipsets: &[Arc<Tipset>]) {
    for tipset in tipsets {
        for block in tipset.blocks() {
            black_box(Cid::of(&block.header().encode()));
            if let Some(ticket) = &block.header().ticket {
                black_box(Cid::of(&ticket.vrf_proof));
            }
        }
        for messages in context.world.tree.messages(tipset) {
            black_box(messages.root());
        }
    }
}

fn sync(context: &Context<TipsetSync>) -> u64 {
    let mut subject = InProcess::new(TipsetSync::reference);
    let run = simulate(context, &mut subject, Suite::new(Vec::new()), Record::Nothing);
    assert_eq!(run.verdict, Verdict::Pass);
    run.tally.messages
}

fn chain(c: &mut Criterion) {
    let began = Instant::now();
    let context = Context::new(scenario()).expect("the scenario is valid");
    println!("{TIPSETS} tipsets of {BLOCKS} blocks, built in {:.2?}", began.elapsed());
    let tipsets = tipsets(&context);
    let began = Instant::now();
    encode_and_hash(&context, &tipsets);
    let alone = began.elapsed();
    let began = Instant::now();
    let messages = sync(&context);
    let synced = began.elapsed();
    println!("encoding and hashing alone {alone:.2?}; sync {synced:.2?}, {messages} messages");
    println!("ratio {:.2}", synced.as_secs_f64() / alone.as_secs_f64());
    let mut group = c.benchmark_group("tipset-sync");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    group.throughput(Throughput::Elements(u64::from(TIPSETS)));
    group.bench_function("encoding and hashing alone", |b| {
        b.iter(|| encode_and_hash(&context, &tipsets));
    });
    group.bench_function("sync", |b| b.iter(|| sync(&context)));
    group.finish();
}

criterion_group!(benches, chain);
criterion_main!(benches);
