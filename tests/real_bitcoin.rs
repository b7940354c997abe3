//! The first blocks of the main network, unchanged, through world, server and machine.

use std::fs;
use std::io::Read as _;
use std::sync::Arc;

use bitcoin::consensus::encode;
use bzip2_rs::DecoderReader;
use syncheck::adapters::InProcess;
use syncheck::campaign::{Judge, run_once};
use syncheck::families::Catalog;
use syncheck::families::headers_first::{
    Ending, HeadersFirst, Network, PeerSpec, Place, Profile, Spec, World, latest_locator, locate,
};
use syncheck::families::headers_first::{HonestPeer, Message};
use syncheck::invariant::Context;
use syncheck::machine::{Observes, PeerId, PeerModel, Time};
use syncheck::primitives::bitcoin::{Block, BlockHash, Header};
use syncheck::scenario::{Heal, Liars, Limits, PeerPlan, Scenario};
use syncheck::sim::Record;
use syncheck::verdict::Verdict;

#[path = "support/real_data.rs"]
mod real_data;

use real_data::real_data;

/// Block 170 holds the first payment from one person to another.
const HASH_170: &str = "0x00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee";

#[test]
fn real_blocks_sync_in_both_profiles() {
    let Some(blocks) = real_blocks() else { return };
    for profile in [Profile::Btcd025, Profile::Btcd026] {
        let tip = blocks.last().expect("there are blocks").hash();
        let world = World::of_blocks(Network::Mainnet, profile, blocks.clone()).unwrap();
        let context = Context { scenario: Arc::new(one_peer(profile)), world: Arc::new(world) };
        let judge = Judge::<HeadersFirst>::new(Some(profile.name()), Observes::ALL);
        let mut subject = InProcess::new(HeadersFirst::reference);
        let run = run_once(&context, &mut subject, &judge, Record::Steps);
        assert_eq!(run.verdict, Verdict::Pass, "{}", profile.name());
        let trace = run.trace.expect("steps were recorded");
        assert_eq!(trace.ending(), Some(Ending { tip, height: 255 }), "{}", profile.name());
    }
}

#[test]
fn real_blocks_are_served_unchanged() {
    let Some(blocks) = real_blocks() else { return };
    let world = World::of_blocks(Network::Mainnet, Profile::Btcd026, blocks.clone()).unwrap();
    let genesis = world.hash(world.genesis());
    assert_eq!(world.label(&HASH_170.parse().expect("a hash")), "m170");
    let mut peer = HonestPeer::new(Arc::new(world), PeerSpec::full(Place::main(255)));
    let headers =
        ask(&mut peer, &Message::GetHeaders { locator: vec![genesis], stop: BlockHash::ZERO });
    let expected: Vec<Header> = blocks.iter().map(|block| block.header().clone()).collect();
    assert_eq!(headers, [Message::Headers { headers: expected }]);
    for block in &blocks {
        let items = vec![syncheck::families::headers_first::Inventory::block(block.hash())];
        let answers = ask(&mut peer, &Message::GetData { items });
        let [Message::Block { block: served }] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!(served.to_bytes(), block.to_bytes());
        assert!(served.merkle_root_matches() && served.header().meets_own_target());
    }
    // btcd sizes it as 12 + floor(log2(height - 10)).
    assert_eq!(latest_locator(&peer).len(), 12 + 7);
    assert_eq!(locate(&peer, &[blocks[249].hash()], &BlockHash::ZERO, 500).len(), 5);
}

#[test]
fn a_gap_in_real_blocks_is_refused() {
    let Some(mut blocks) = real_blocks() else { return };
    blocks.remove(99);
    let error = World::of_blocks(Network::Mainnet, Profile::Btcd026, blocks).unwrap_err();
    assert_eq!(error.field, "blocks[99]");
}

fn ask(peer: &mut HonestPeer, message: &Message) -> Vec<Message> {
    let mut replies = Vec::new();
    peer.receive(Time::ZERO, message, &mut replies);
    replies.into_iter().map(|reply| reply.message).collect()
}

/// The description of the world is not used: the world is made of the blocks.
fn one_peer(profile: Profile) -> Scenario<HeadersFirst> {
    Scenario {
        world: Spec {
            profile,
            main: 255,
            branches: Vec::new(),
            checkpoints: Vec::new(),
            stored: None,
            tip_age_s: 3_600,
            spacing_s: 600,
        },
        peers: vec![PeerPlan::honest(PeerId(1), PeerSpec::full(Place::main(255)))],
        commands: Vec::new(),
        crashes: Vec::new(),
        heal: Heal { at_ms: 0, liars: Liars::Leave },
        limits: Limits::default(),
    }
}

/// Blocks 1 to 255 as Bitcoin Core stores them: magic, length, block.
fn real_blocks() -> Option<Vec<Block>> {
    let packed = fs::read(real_data("bitcoin/blocks1-256.bz2")?).expect("it can be read");
    let mut bytes = Vec::new();
    DecoderReader::new(&packed[..]).read_to_end(&mut bytes).expect("the file is bzip2");
    let mut blocks = Vec::new();
    let mut rest = &bytes[..];
    while let Some((frame, after)) = rest.split_first_chunk::<8>() {
        assert_eq!(frame[..4], [0xf9, 0xbe, 0xb4, 0xd9], "the magic of the main network");
        let length = u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]]) as usize;
        let (raw, next) = after.split_at(length);
        let block: bitcoin::Block = encode::deserialize(raw).expect("a block");
        blocks.push(Block::new(Header::new(block.header), block.txdata));
        assert_eq!(blocks[blocks.len() - 1].to_bytes(), raw);
        rest = next;
    }
    assert_eq!((blocks.len(), rest.len()), (255, 0));
    Some(blocks)
}
