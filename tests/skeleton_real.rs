//! Real headers go through the skeleton: Sepolia's first 8 192, from the head back to genesis.

use std::sync::Arc;

use syncheck::adapters::InProcess;
use syncheck::campaign::{Judge, run_once};
use syncheck::families::Catalog;
use syncheck::families::skeleton::{
    Command, Event, LocalSpec, Misbehavior, PeerSpec, Profile, Settings, Skeleton, Spec, World,
};
use syncheck::invariant::Context;
use syncheck::machine::{Observes, Output, PeerId};
use syncheck::primitives::ethereum_header::SealedHeader;
use syncheck::scenario::{At, Heal, Liars, Lie, Limits, PeerPlan, Scenario};
use syncheck::sim::Record;
use syncheck::trace::What;
use syncheck::verdict::Verdict;
use syncheck::world::headers::TreeSpec;

#[path = "support/real_data.rs"]
mod real_data;

use real_data::real_data;

/// Sepolia's first 8 192 headers, if they are there.
fn real_headers() -> Option<Vec<SealedHeader>> {
    let path = real_data("ethereum/sepolia-00000-643a00f7.era1")?;
    let file = std::fs::read(path).expect("it can be read");
    let headers = headers_of(&file);
    assert_eq!(headers.len(), 8_192);
    assert!(headers.windows(2).all(|pair| pair[1].parent() == pair[0].hash()));
    Some(headers)
}

#[test]
fn real_headers_are_synced_back_to_genesis() {
    let Some(headers) = real_headers() else { return };
    let head = headers[8_191].clone();

    let liar = |id, how| PeerPlan {
        lies: vec![Lie { from: 1, count: None, how }],
        ..PeerPlan::honest(PeerId(id), PeerSpec::default())
    };
    let honest = |id| PeerPlan::honest(PeerId(id), PeerSpec::default());
    let peers = vec![
        liar(0, Misbehavior::Forged { salt: 1 }),
        honest(1),
        liar(2, Misbehavior::Short { keep: 7 }),
        liar(3, Misbehavior::Silent {}),
        honest(4),
        liar(5, Misbehavior::Broken { at: 100 }),
    ];
    let settings = Settings::default();
    let spec = Spec {
        profile: Profile::Geth117,
        settings,
        // Only a description must be there: the world is made of the real headers.
        tree: TreeSpec { length: 1, branches: Vec::new() },
        local: LocalSpec::default(),
        stored: None,
    };
    let what = Command::Head { header: head, force: true, finalized: None };
    let scenario = Scenario {
        world: spec,
        peers,
        commands: vec![At { at_ms: 1_000, what }],
        crashes: Vec::new(),
        heal: Heal { at_ms: 2_000, liars: Liars::Stay },
        limits: Limits::default(),
    };
    let world = Arc::new(World::of_trunk(headers, settings));
    let context = Context { scenario: Arc::new(scenario), world };
    let judge = Judge::<Skeleton>::new(Some("geth-1.17"), Observes::ALL);
    let mut subject = InProcess::new(Skeleton::reference);
    let run = run_once(&context, &mut subject, &judge, Record::Steps);
    assert_eq!(run.verdict, Verdict::Pass);
    let stored = run.trace.expect("steps were recorded");
    let lowest = stored.steps().iter().filter_map(|step| match &step.what {
        What::Out { output: Output::Event { event: Event::Stored { rows, .. } }, .. } => {
            rows.iter().map(SealedHeader::number).min()
        }
        _ => None,
    });
    assert_eq!(lowest.min(), Some(1), "the headers go back to genesis");
    let converged = run.exercise.iter().find(|exercise| exercise.claim.id == "convergence");
    assert!(converged.is_some_and(|exercise| exercise.times > 0), "it must converge");
}

/// The headers of an era1 file: entries of type 3, each a snappy frame around an RLP.
fn headers_of(file: &[u8]) -> Vec<SealedHeader> {
    let mut headers = Vec::new();
    let mut rest = file;
    while let [kind, _, a, b, c, d, _, _, data @ ..] = rest {
        let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        if *kind == 3 {
            let rlp = unframe(&data[..length]);
            headers.push(SealedHeader::decode(&rlp).expect("the RLP of a header"));
        }
        rest = &data[length..];
    }
    headers
}

/// The content of a snappy frame (format: google/snappy framing_format.txt).
fn unframe(mut frame: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let [kind, a, b, c, data @ ..] = frame {
        let length = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
        match kind {
            0 => inflate(&data[4..length], &mut content),
            1 => content.extend(&data[4..length]),
            _ => {}
        }
        frame = &data[length..];
    }
    content
}

/// One snappy block (format: google/snappy format_description.txt).
fn inflate(mut block: &[u8], content: &mut Vec<u8>) {
    let start = content.len();
    while block[0] & 0x80 != 0 {
        block = &block[1..];
    }
    block = &block[1..];
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, byte| n << 8 | usize::from(*byte));
    while let [tag, rest @ ..] = block {
        let high = usize::from(tag >> 2);
        let (length, offset, used) = match tag & 3 {
            0 if high < 60 => (high + 1, None, 0),
            0 => (number(&rest[..high - 59]) + 1, None, high - 59),
            1 => (4 + (high & 7), Some((high >> 3) << 8 | usize::from(rest[0])), 1),
            2 => (high + 1, Some(number(&rest[..2])), 2),
            _ => (high + 1, Some(number(&rest[..4])), 4),
        };
        block = &rest[used..];
        match offset {
            None => {
                content.extend(&block[..length]);
                block = &block[length..];
            }
            Some(offset) => {
                for _ in 0..length {
                    let from = content.len() - offset;
                    assert!(from >= start, "a copy stays in its block");
                    content.push(content[from]);
                }
            }
        }
    }
}
