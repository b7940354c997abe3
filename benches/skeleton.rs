//! A million headers from 16 honest peers, beside the time that hashing them takes alone, in one
//! run.
//!
//! `cargo bench --bench skeleton`. The machine is given headers that are known by their hashes
//! already, as in a campaign, and then the RLP of headers, which it must hash first, as a client.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use syncheck::families::skeleton::{
    Command, Hello, LocalBlock, LocalStart, Message, Profile, Settings, Skeleton, Start, Syncer,
};
use syncheck::machine::{Dialer, Input, Machine, Outbox, Output, PeerId, Time};
use syncheck::primitives::ethereum_header::SealedHeader;
use syncheck::primitives::ethereum_state::Hash32;

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const HEADERS: u64 = 1_000_000;
const PEERS: u16 = 16;
/// Headers of one batch.
const BATCH: usize = 512;

/// The headers that are asked for, the highest first, and what is above and below.
struct Chain {
    head: SealedHeader,
    genesis: SealedHeader,
    /// By batches, as they are asked for.
    sealed: Vec<Arc<[SealedHeader]>>,
}

impl Chain {
    fn new() -> Self {
        let genesis = SealedHeader::empty(0, Hash32::ZERO, 0);
        let mut headers = Vec::new();
        let mut last = genesis.clone();
        for number in 1..=HEADERS {
            last = SealedHeader::empty(number, last.hash(), 0);
            headers.push(last.clone());
        }
        let head = SealedHeader::empty(HEADERS + 1, last.hash(), 0);
        headers.reverse();
        let sealed = headers.chunks(BATCH).map(Into::into).collect();
        Self { head, genesis, sealed }
    }

    /// A machine with its peers, and nothing but genesis.
    fn subject(&self) -> Syncer {
        let blocks = [LocalBlock { header: self.genesis.clone(), lacks: None }];
        let local = LocalStart { blocks: blocks.into(), head: self.genesis.hash(), snap_head: 0 };
        let (profile, settings) = (Profile::Geth117, Settings::default());
        let mut syncer =
            Syncer::new(&Start { profile, settings, status: None, rows: [].into(), local });
        let mut out = Outbox::new();
        for peer in (0..PEERS).map(PeerId) {
            let input = Input::Connected { peer, hello: Hello {}, dialer: Dialer::Peer };
            syncer.step(Time::ZERO, input, &mut out);
        }
        syncer
    }

    /// Syncs from the head to genesis; gives back the most headers that were held.
    fn sync(&self, mut syncer: Syncer, batch: impl Fn(usize) -> Arc<[SealedHeader]>) -> u64 {
        let mut out = Outbox::new();
        let (header, force, finalized) = (self.head.clone(), true, None);
        let command = Command::Head { header, force, finalized };
        syncer.step(Time::ZERO, Input::Command { command }, &mut out);
        let mut requests = VecDeque::new();
        let mut held = 0;
        loop {
            for output in out.drain() {
                if let Output::Send { peer, message } = output {
                    requests.push_back((peer, message));
                }
            }
            let Some((peer, request)) = requests.pop_front() else { break };
            let Message::GetHeaders { id, origin, .. } = request else { continue };
            let headers = batch((HEADERS - origin) as usize / BATCH);
            let message = Message::Headers { id, headers };
            syncer.step(Time::ZERO, Input::<Skeleton>::Message { peer, message }, &mut out);
            held = held.max(syncer.gauges().map_or(0, |gauges| gauges.scratch_headers));
        }
        assert_eq!(syncer.subchains().status().subchains[0].tail, 1, "all is there");
        held
    }
}

fn fill(c: &mut Criterion) {
    let chain = Chain::new();
    let rlp: Vec<Vec<Vec<u8>>> =
        chain.sealed.iter().map(|batch| batch.iter().map(SealedHeader::encode).collect()).collect();
    let mut group = c.benchmark_group("a million headers");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    group.throughput(Throughput::Elements(HEADERS));
    group.bench_function("hashing alone", |b| {
        b.iter(|| {
            for bytes in rlp.iter().flatten() {
                black_box(Hash32::of(black_box(bytes)));
            }
        });
    });
    group.bench_function("sync, headers known by hash", |b| {
        b.iter(|| {
            let held = chain.sync(chain.subject(), |index| chain.sealed[index].clone());
            assert!(held <= 131_072, "the scratch space bounds what is held: {held}");
        });
    });
    group.bench_function("sync, headers as RLP", |b| {
        let decode = |bytes: &Vec<u8>| SealedHeader::decode(bytes).expect("it was encoded");
        b.iter(|| chain.sync(chain.subject(), |index| rlp[index].iter().map(decode).collect()));
    });
    group.finish();
}

criterion_group!(benches, fill);
criterion_main!(benches);
