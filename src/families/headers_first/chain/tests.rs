use crate::families::headers_first::testkit::{block_on, block_with, blocks_on, mine, mine_badly};
use crate::families::headers_first::{ChainView, Checkpoint, Fault, Network};
use crate::machine::Time;
use crate::primitives::bitcoin::{Block, Header};

use super::BlockOutcome;
use super::*;

/// After all blocks of these tests.
const NOW: u32 = 1_300_000_000;

fn genesis() -> Block {
    Network::Regtest.genesis()
}

fn chain() -> Chain {
    Chain::new(Network::Regtest, &[])
}

fn store(chain: &mut Chain, blocks: &[Block]) {
    for block in blocks {
        let outcome = chain.accept_block(block, Time::ZERO, NOW);
        assert!(matches!(outcome, BlockOutcome::Stored { .. }), "{outcome:?}");
    }
}

fn reject(chain: &mut Chain, block: &Block) -> Fault {
    match chain.accept_block(block, Time::ZERO, NOW) {
        BlockOutcome::Rejected(fault) => fault,
        outcome => panic!("{outcome:?}"),
    }
}

fn header_fault(chain: &mut Chain, header: &Header) -> Fault {
    chain.accept_header(header, NOW).unwrap_err()
}

#[test]
fn headers_need_a_known_parent_and_work() {
    let blocks = blocks_on(&genesis(), 0, 2, 0);
    let mut chain = chain();
    assert_eq!(header_fault(&mut chain, blocks[1].header()), Fault::ParentUnknown);
    let weak = mine_badly(*blocks[0].header().fields());
    assert_eq!(header_fault(&mut chain, &weak), Fault::BadProofOfWork);
    let (_, is_new) = chain.accept_header(blocks[0].header(), NOW).unwrap();
    assert!(is_new);
    let (_, is_new) = chain.accept_header(blocks[0].header(), NOW).unwrap();
    assert!(!is_new);
}

#[test]
fn headers_need_the_right_time_difficulty_and_version() {
    let block = block_on(&genesis(), 1, 0);
    let mut chain = chain();
    let with = |edit: &dyn Fn(&mut bitcoin::block::Header)| {
        let mut fields = *block.header().fields();
        edit(&mut fields);
        mine(fields)
    };
    let old = with(&|fields| fields.time = genesis().header().fields().time);
    assert_eq!(header_fault(&mut chain, &old), Fault::TimeTooOld);
    let new = with(&|fields| fields.time = NOW + 7_201);
    assert_eq!(header_fault(&mut chain, &new), Fault::TimeTooNew);
    let just = with(&|fields| fields.time = NOW + 7_200);
    assert!(chain.accept_header(&just, NOW).is_ok());
    let hard = with(&|fields| fields.bits = bitcoin::CompactTarget::from_consensus(0x200f_ffff));
    assert_eq!(header_fault(&mut chain, &hard), Fault::BadDifficulty);
}

#[test]
fn the_median_of_eleven_is_what_time_must_be_after() {
    let mut chain = chain();
    let blocks = blocks_on(&genesis(), 0, 12, 0);
    store(&mut chain, &blocks[..11]);
    let mut fields = *blocks[11].header().fields();
    // The median of blocks 1 to 11 is the time of block 6.
    fields.time = blocks[5].header().fields().time;
    assert_eq!(header_fault(&mut chain, &mine(fields)), Fault::TimeTooOld);
    fields.time += 1;
    assert!(chain.accept_header(&mine(fields), NOW).is_ok());
}

#[test]
fn checkpoints_bind() {
    let blocks = blocks_on(&genesis(), 0, 4, 0);
    let others = blocks_on(&genesis(), 0, 4, 1);
    let checkpoint = Checkpoint { height: 2, hash: blocks[1].hash() };
    let mut chain = Chain::new(Network::Regtest, &[checkpoint]);
    assert!(chain.accept_header(others[0].header(), NOW).is_ok());
    assert_eq!(header_fault(&mut chain, others[1].header()), Fault::CheckpointMismatch);
    assert_eq!(chain.next_checkpoint(1), Some(checkpoint));
    store(&mut chain, &blocks[..2]);
    assert_eq!(chain.next_checkpoint(2), None);
    let third = block_on(&genesis(), 1, 3);
    assert_eq!(header_fault(&mut chain, third.header()), Fault::ForkBelowCheckpoint);
    let fork = block_on(&blocks[1], 3, 3);
    store(&mut chain, &[fork]);
}

#[test]
fn blocks_need_their_transactions_and_a_right_coinbase() {
    let mut chain = chain();
    let good = block_on(&genesis(), 1, 0);
    let other = block_on(&genesis(), 1, 1);
    let mutated = Block::new(good.header().clone(), other.transactions().to_vec());
    assert_eq!(reject(&mut chain, &mutated), Fault::BadMerkleRoot);
    let empty = Block::new(good.header().clone(), Vec::new());
    assert_eq!(reject(&mut chain, &empty), Fault::NoCoinbase);
    let wrong_height = block_on(&genesis(), 2, 0);
    assert_eq!(reject(&mut chain, &wrong_height), Fault::BadCoinbaseHeight);
    let rich = block_with(&genesis(), 1, 2, |coinbase| {
        coinbase.output[0].value += bitcoin::Amount::from_sat(1);
    });
    assert_eq!(reject(&mut chain, &rich), Fault::BadCoinbaseValue);
    let child = block_on(&rich, 2, 0);
    assert_eq!(reject(&mut chain, &child), Fault::BadAncestor);
    // A mutated block says nothing about its header.
    store(&mut chain, std::slice::from_ref(&good));
    assert_eq!(reject(&mut chain, &good), Fault::Duplicate);
}

#[test]
fn the_best_chain_has_the_most_work_and_the_first_wins_a_tie() {
    let mut chain = chain();
    let short = blocks_on(&genesis(), 0, 3, 0);
    let long = blocks_on(&short[0], 1, 3, 1);
    store(&mut chain, &short);
    store(&mut chain, &long[..2]);
    assert_eq!(chain.hash(chain.tip()), short[2].hash());
    store(&mut chain, &long[2..]);
    assert_eq!(chain.hash(chain.tip()), long[2].hash());
    assert_eq!(chain.tip_height(), 4);
    let heights: Vec<_> = short.iter().map(|block| chain.height_of(&block.hash())).collect();
    assert_eq!(heights, [Some(1), None, None]);
    let (a, b) = (chain.find(&short[2].hash()).unwrap(), chain.tip());
    assert_eq!(chain.hash(chain.fork(a, b)), short[0].hash());
}

#[test]
fn an_invalid_block_takes_its_descendants_from_the_header_chain() {
    let mut chain = chain();
    let honest = blocks_on(&genesis(), 0, 2, 0);
    let bad = block_with(&genesis(), 1, 9, |coinbase| {
        coinbase.output[0].value += bitcoin::Amount::from_sat(1);
    });
    let lie = blocks_on(&bad, 1, 4, 9);
    chain.accept_header(bad.header(), NOW).unwrap();
    for block in &lie {
        chain.accept_header(block.header(), NOW).unwrap();
    }
    for block in &honest {
        chain.accept_header(block.header(), NOW).unwrap();
    }
    assert_eq!(chain.hash(chain.best_header()), lie[3].hash());
    assert_eq!(reject(&mut chain, &bad), Fault::BadCoinbaseValue);
    assert_eq!(chain.hash(chain.best_header()), honest[1].hash());
    assert_eq!(header_fault(&mut chain, block_on(&lie[3], 6, 0).header()), Fault::BadAncestor);
}

#[test]
fn orphans_wait_for_their_parents_within_bounds() {
    let mut chain = chain();
    let blocks = blocks_on(&genesis(), 0, 103, 0);
    for (index, block) in blocks[1..].iter().enumerate() {
        let outcome = chain.accept_block(block, Time::ZERO, NOW);
        assert_eq!(outcome, BlockOutcome::Orphan { evicted: index >= 100 });
    }
    assert_eq!(chain.orphans(), 100);
    assert!(!chain.is_orphan(&blocks[1].hash()));
    assert_eq!(chain.orphan_root(&blocks[50].hash()), blocks[3].hash());
    store(&mut chain, &blocks[..3]);
    let orphan = chain.take_orphan_of(&blocks[2].hash()).unwrap();
    assert_eq!(orphan.hash(), blocks[3].hash());
    let hour = Time::from_millis(60 * 60 * 1_000);
    let late = block_on(&blocks[102], 104, 5);
    assert_eq!(chain.accept_block(&late, hour, NOW), BlockOutcome::Orphan { evicted: true });
    assert_eq!(chain.orphans(), 1);
}

#[test]
fn ancestors_and_forks_are_found_on_long_branches() {
    let mut chain = chain();
    let trunk = blocks_on(&genesis(), 0, 300, 0);
    let branch = blocks_on(&trunk[99], 100, 250, 1);
    for block in trunk.iter().chain(&branch) {
        chain.accept_header(block.header(), NOW).unwrap();
    }
    let (a, b) = (trunk[299].hash(), branch[249].hash());
    let (a, b) = (chain.find(&a).unwrap(), chain.find(&b).unwrap());
    assert_eq!(chain.hash(chain.fork(a, b)), trunk[99].hash());
    for height in 1..=300 {
        assert_eq!(chain.hash(chain.ancestor(a, height)), trunk[height as usize - 1].hash());
    }
    assert_eq!(chain.best_header(), b);
}

#[test]
fn a_restart_keeps_stored_blocks_and_where_it_does_so_headers() {
    let blocks = blocks_on(&genesis(), 0, 6, 0);
    for headers_are_stored in [false, true] {
        let mut chain = chain();
        store(&mut chain, &blocks[..2]);
        for block in &blocks[2..4] {
            chain.accept_header(block.header(), NOW).unwrap();
        }
        chain.accept_block(&blocks[5], Time::ZERO, NOW);
        chain.restart(headers_are_stored);
        assert_eq!(chain.tip_height(), 2);
        assert_eq!(chain.orphans(), 0);
        assert_eq!(chain.height(chain.best_header()), if headers_are_stored { 4 } else { 2 });
    }
}
