//! How fast the engine is, beside what one would write without it, in one run.
//!
//! `cargo bench --bench engine`. The same machine and the same honest peer sync the same chain:
//! in the engine with all claims, in the engine without claims, in two tasks of a plain tokio
//! runtime, and on two hosts of turmoil.

mod support;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use syncheck::adapters::InProcess;
use syncheck::campaign::{CaseId, Judge, draw, run_once};
use syncheck::families::Catalog;
use syncheck::families::headers_first::{HeadersFirst, PeerSpec, Place, Profile, Spec, World};
use syncheck::invariant::{Context, Suite};
use syncheck::machine::{Capabilities, Observes, PeerId};
use syncheck::scenario::{Heal, Liars, Limits, PeerPlan, Scenario};
use syncheck::sim::{Record, simulate};
use syncheck::verdict::Verdict;

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const BLOCKS: u32 = 20_000;

fn spec(blocks: u32) -> Spec {
    Spec {
        profile: Profile::Btcd026,
        main: blocks,
        branches: Vec::new(),
        checkpoints: Vec::new(),
        stored: None,
        tip_age_s: 0,
        spacing_s: 600,
    }
}

fn one_honest_peer(blocks: u32) -> Context<HeadersFirst> {
    let peer = PeerPlan::honest(PeerId(1), PeerSpec::full(Place::main(blocks)));
    let scenario = Scenario {
        world: spec(blocks),
        peers: vec![peer],
        commands: Vec::new(),
        crashes: Vec::new(),
        heal: Heal { at_ms: 0, liars: Liars::Leave },
        limits: Limits::default(),
    };
    Context::new(scenario).expect("the scenario is valid")
}

fn messages(c: &mut Criterion) {
    let context = one_honest_peer(BLOCKS);
    let mut subject = InProcess::new(HeadersFirst::reference);
    let judge = Judge::<HeadersFirst>::new(Some("btcd-0.26"), Observes::ALL);
    let run = run_once(&context, &mut subject, &judge, Record::Nothing);
    assert_eq!(run.verdict, Verdict::Pass);
    let mut group = c.benchmark_group("messages");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(run.tally.messages));
    group.bench_function("engine, all claims", |b| {
        b.iter(|| run_once(&context, &mut subject, &judge, Record::Nothing));
    });
    group.bench_function("engine, no claims", |b| {
        b.iter(|| simulate(&context, &mut subject, Suite::new(Vec::new()), Record::Nothing));
    });
    group.bench_function("plain tokio", |b| {
        b.iter(|| assert_eq!(support::on_tokio(&context.world, BLOCKS), run.tally.messages));
    });
    group.bench_function("turmoil", |b| {
        b.iter(|| assert_eq!(support::on_turmoil(&context.world, BLOCKS), run.tally.messages));
    });
    group.finish();
}

/// From the strategy to the verdict, for cases whose chains have less than 24 blocks.
fn cases(c: &mut Criterion) {
    let judge = Judge::<HeadersFirst>::new(Some("btcd-0.26"), Observes::ALL);
    let strategy = HeadersFirst::strategy("btcd-0.26", &Capabilities::ALL);
    let case = |index| CaseId { family: "headers-first", profile: "btcd-0.26", seed: 0, index };
    let small: Vec<u64> = (0..3_000)
        .filter(|index| draw(&strategy, case(*index)).current().world.main < 24)
        .collect();
    let mut subject = InProcess::new(HeadersFirst::reference);
    let mut group = c.benchmark_group("cases");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(small.len() as u64));
    group.bench_function("small, strategy to verdict", |b| {
        b.iter(|| {
            for index in &small {
                let scenario = draw(&strategy, case(*index)).current();
                let context = Context::new(scenario).expect("drawn scenarios are valid");
                black_box(run_once(&context, &mut subject, &judge, Record::Nothing));
            }
        });
    });
    group.bench_function("small, strategy alone", |b| {
        b.iter(|| {
            for index in &small {
                black_box(draw(&strategy, case(*index)).current());
            }
        });
    });
    group.finish();
}

fn worlds(c: &mut Criterion) {
    let mut group = c.benchmark_group("world");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for blocks in [1_000, 100_000] {
        group.throughput(Throughput::Elements(u64::from(blocks)));
        group.bench_with_input(BenchmarkId::new("headers", blocks), &blocks, |b, blocks| {
            b.iter(|| Arc::new(World::build(&spec(*blocks)).expect("the world is valid")));
        });
    }
    group.finish();
}

criterion_group!(benches, messages, cases, worlds);
criterion_main!(benches);
