//! States of up to a million accounts, synced in virtual time, beside the time that hashing their
//! nodes takes alone; and how much memory that takes.
//!
//! `cargo bench --bench state_sync -- [ACCOUNTS]..`

#![expect(clippy::disallowed_methods, reason = "a benchmark reads a clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    let mut sizes: Vec<u32> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![250_000, 500_000, 1_000_000];
    }
    sizes.into_iter().for_each(measure);
}

fn measure(accounts: u32) {
    let (context, built) = timed(|| Context::new(scenario(accounts)));
    let context = context.expect("the scenario is valid");
    let nodes = context.world.chain.nodes();
    println!("{accounts} accounts, {} nodes, built in {built:.2?}", nodes.len());

    // Hashing is measured before and after, for a shared machine has its moods.
    let bytes: Vec<Arc<[u8]>> = nodes.values().map(|node| node.blob.bytes().into()).collect();
    let before = hash_all(&bytes);
    let memory = memory_mib("VmRSS");
    // Linux begins the peak anew when it is told so.
    let peak_is_new = std::fs::write("/proc/self/clear_refs", "5").is_ok();

    let mut subject = InProcess::new(StateSync::reference);
    let (run, sync) =
        timed(|| simulate(&context, &mut subject, Suite::new(Vec::new()), Record::Nothing));
    assert_eq!(run.verdict, Verdict::Pass);
    let peak = memory_mib("VmHWM").filter(|_| peak_is_new);
    let keccak = before.min(hash_all(&bytes));
    println!("  hashing alone  {keccak:.2?}");
    println!("  sync           {sync:.2?}, {} messages", run.tally.messages);
    println!("  ratio          {:.2}", sync.as_secs_f64() / keccak.as_secs_f64());
    if let (Some(memory), Some(peak)) = (memory, peak) {
        let of_sync = peak.saturating_sub(memory);
        println!("  memory         {memory} MiB before the sync, {of_sync} MiB more at its peak");
    }
}

fn scenario(accounts: u32) -> Scenario<StateSync> {
    let chain = StateSpec { blocks: 70, plain_accounts: accounts, ..StateSpec::default() };
    let has = PeerSpec { head: 70, ..PeerSpec::default() };
    Scenario {
        world: Spec { chain, ..Spec::default() },
        peers: (0..4).map(|id| PeerPlan::honest(PeerId(id), has.clone())).collect(),
        commands: Vec::new(),
        crashes: Vec::new(),
        heal: Heal { at_ms: 0, liars: Liars::Leave },
        limits: Limits { converge_ms: Some(100_000_000), ..Limits::default() },
    }
}

fn hash_all(nodes: &[Arc<[u8]>]) -> Duration {
    let hash = |node: &Arc<[u8]>| {
        black_box(Hash32::of(black_box(node)));
    };
    timed(|| nodes.iter().for_each(hash)).1
}

/// The processor time of some work, where Linux tells it; else the time that went by.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let (began, busy) = (Instant::now(), processor_nanos());
    let result = work();
    let spent = match (busy, processor_nanos()) {
        (Some(before), Some(after)) => Duration::from_nanos(after.saturating_sub(before)),
        _ => began.elapsed(),
    };
    (result, spent)
}

fn processor_nanos() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// A line of `/proc/self/status`, where there is one.
fn memory_mib(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.trim_start_matches(':').split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024)
}
