//! States of up to a million accounts, synced in virtual time, beside the time that hashing their
//! nodes takes alone; and how much memory that takes.
//!
//! In this process a blob is hashed when it comes into being, and carries its hash along. So the
//! same sync is measured once more with a subject that hashes each blob anew when it comes, as one
//! behind a wire must.
//!
//! `cargo bench --bench state_sync -- [ACCOUNTS]..`

#![expect(clippy::disallowed_methods, reason = "a benchmark reads a clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mimalloc::MiMalloc;
use syncheck::adapters::InProcess;
use syncheck::families::Catalog;
use syncheck::families::state_sync::{Gauges, Message, PeerSpec, Spec, Start, StateSync};
use syncheck::invariant::{Context, Suite};
use syncheck::machine::{Input, Machine, Outbox, PeerId, Time};
use syncheck::primitives::ethereum_state::Hash32;
use syncheck::scenario::{Heal, Liars, Limits, PeerPlan, Scenario};
use syncheck::sim::{Record, simulate};
use syncheck::verdict::Verdict;
use syncheck::world::state::StateSpec;

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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

    let (messages, sync) = sync(&context, StateSync::reference);
    let peak = memory_mib("VmHWM").filter(|_| peak_is_new);
    let (_, hashing) = self::sync(&context, |start| Box::new(Hashing(StateSync::reference(start))));
    let keccak = before.min(hash_all(&bytes));
    let ratio = |time: Duration| time.as_secs_f64() / keccak.as_secs_f64();
    println!("  hashing alone  {keccak:.2?}");
    println!("  sync           {sync:.2?}, ratio {:.2}, {messages} messages", ratio(sync));
    println!("  sync, hashing  {hashing:.2?}, ratio {:.2}", ratio(hashing));
    if let (Some(memory), Some(peak)) = (memory, peak) {
        let of_sync = peak.saturating_sub(memory);
        println!("  memory         {memory} MiB before the sync, {of_sync} MiB more at its peak");
    }
}

/// Syncs, and returns how many messages and how much time that took.
fn sync(context: &Context<StateSync>, make: Make) -> (u64, Duration) {
    let mut subject = InProcess::new(make);
    let (run, spent) =
        timed(|| simulate(context, &mut subject, Suite::new(Vec::new()), Record::Nothing));
    assert_eq!(run.verdict, Verdict::Pass);
    (run.tally.messages, spent)
}

type Make = fn(&Start) -> Box<dyn Machine<StateSync>>;

/// A machine that hashes what comes, before anything else looks at it.
struct Hashing(Box<dyn Machine<StateSync>>);

impl Machine<StateSync> for Hashing {
    fn step(&mut self, now: Time, input: Input<StateSync>, out: &mut Outbox<StateSync>) {
        if let Input::Message { message: Message::NodeData { blobs }, .. } = &input {
            for blob in blobs.iter() {
                assert_eq!(Hash32::of(black_box(blob.bytes())), blob.hash());
            }
        }
        self.0.step(now, input, out);
    }

    fn deadline(&self) -> Option<Time> {
        self.0.deadline()
    }

    fn restart(&mut self, now: Time, out: &mut Outbox<StateSync>) {
        self.0.restart(now, out);
    }

    fn gauges(&self) -> Option<Gauges> {
        self.0.gauges()
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
