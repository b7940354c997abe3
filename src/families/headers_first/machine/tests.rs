//! Stories of the manager, driven by hand.

use crate::families::headers_first::testkit::{block_on, block_with, blocks_on};
use crate::families::headers_first::{
    Checkpoint, Event, Fault, HeadersFirst, Hello, Inventory, InventoryKind, Message, Network,
    Profile, Reason, Start,
};
use crate::machine::{Dialer, Input, Machine, Outbox, Output, PeerId, Time};
use crate::primitives::bitcoin::{Block, BlockHash};

use super::SyncManager;

const A: PeerId = PeerId(1);
const B: PeerId = PeerId(2);
const C: PeerId = PeerId(3);

type Out = Vec<Output<HeadersFirst>>;

/// A manager and its clock.
struct Story {
    manager: SyncManager,
    now: Time,
}

impl Story {
    fn new(profile: Profile) -> Self {
        Self::with(profile, &[], &[])
    }

    fn with(profile: Profile, checkpoints: &[Checkpoint], blocks: &[Block]) -> Self {
        let start = Start {
            profile,
            network: Network::Regtest,
            unix_time: Network::Regtest.genesis().header().fields().time + 3_600,
            checkpoints: checkpoints.to_vec(),
            blocks: blocks.to_vec(),
        };
        Self { manager: SyncManager::new(&start), now: Time::ZERO }
    }

    fn take(&mut self, input: Input<HeadersFirst>) -> Out {
        let mut out = Outbox::new();
        self.manager.step(self.now, input, &mut out);
        out.drain().collect()
    }

    fn join(&mut self, peer: PeerId, start_height: u32) -> Out {
        let hello = Hello { start_height, network: true, network_limited: true, witness: true };
        self.take(Input::Connected { peer, hello, dialer: Dialer::Peer })
    }

    fn leave(&mut self, peer: PeerId) -> Out {
        self.take(Input::Disconnected { peer })
    }

    fn hear(&mut self, peer: PeerId, message: Message) -> Out {
        self.take(Input::Message { peer, message })
    }

    fn hear_headers(&mut self, peer: PeerId, blocks: &[Block]) -> Out {
        let headers = blocks.iter().map(|block| block.header().clone()).collect();
        self.hear(peer, Message::Headers { headers })
    }

    fn hear_inv(&mut self, peer: PeerId, blocks: &[Block]) -> Out {
        let items = blocks.iter().map(|block| Inventory::block(block.hash())).collect();
        self.hear(peer, Message::Inv { items })
    }

    fn hear_block(&mut self, peer: PeerId, block: &Block) -> Out {
        self.hear(peer, Message::Block { block: block.clone() })
    }

    /// Lets time pass and gathers what happens.
    fn wait(&mut self, millis: u64) -> Out {
        let until = self.now + millis;
        let mut all = Vec::new();
        while let Some(deadline) = self.manager.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(deadline);
            all.extend(self.take(Input::Deadline {}));
        }
        self.now = until;
        all
    }

    /// Lets time pass until a peer is dropped, or for ten minutes.
    fn wait_for_drop(&mut self) -> Out {
        let until = self.now + 600_000;
        while let Some(deadline) = self.manager.deadline().filter(|at| *at <= until) {
            let out = self.wait(deadline.since(self.now));
            if !dropped(&out).is_empty() {
                return out;
            }
        }
        Vec::new()
    }

    fn tip(&self) -> BlockHash {
        self.manager.chain.hash(self.manager.chain.tip())
    }
}

fn genesis() -> Block {
    Network::Regtest.genesis()
}

/// The messages to a peer.
fn sent(out: &Out, to: PeerId) -> Vec<&Message> {
    out.iter()
        .filter_map(|output| match output {
            Output::Send { peer, message } if *peer == to => Some(message),
            _ => None,
        })
        .collect()
}

/// The blocks that a peer is asked for.
fn asked(out: &Out, of: PeerId) -> Vec<BlockHash> {
    let items = sent(out, of).into_iter().filter_map(|message| match message {
        Message::GetData { items } => Some(items),
        _ => None,
    });
    items.flatten().filter(|item| item.is_block()).map(|item| item.hash).collect()
}

fn dropped(out: &Out) -> Vec<(PeerId, Reason)> {
    out.iter()
        .filter_map(|output| match output {
            Output::Disconnect { peer, reason } => Some((*peer, reason.clone())),
            _ => None,
        })
        .collect()
}

fn hashes(blocks: &[Block]) -> Vec<BlockHash> {
    blocks.iter().map(Block::hash).collect()
}

fn asks_headers(out: &Out, of: PeerId) -> Option<(Vec<BlockHash>, BlockHash)> {
    sent(out, of).into_iter().find_map(|message| match message {
        Message::GetHeaders { locator, stop } => Some((locator.clone(), *stop)),
        _ => None,
    })
}

fn asks_blocks(out: &Out, of: PeerId) -> Option<(Vec<BlockHash>, BlockHash)> {
    sent(out, of).into_iter().find_map(|message| match message {
        Message::GetBlocks { locator, stop } => Some((locator.clone(), *stop)),
        _ => None,
    })
}

#[test]
fn headers_come_first_then_blocks() {
    let blocks = blocks_on(&genesis(), 0, 3, 0);
    let mut story = Story::new(Profile::Btcd026);
    let out = story.join(A, 3);
    assert_eq!(asks_headers(&out, A), Some((vec![genesis().hash()], BlockHash::ZERO)));
    let out = story.hear_headers(A, &blocks);
    assert_eq!(asked(&out, A), hashes(&blocks));
    for block in &blocks {
        story.hear_block(A, block);
    }
    assert_eq!(story.tip(), blocks[2].hash());
    assert!(!story.manager.is_syncing());
    assert_eq!(story.manager.deadline(), None);
}

#[test]
fn up_to_the_last_checkpoint_headers_come_first_then_getblocks() {
    let blocks = blocks_on(&genesis(), 0, 6, 0);
    let at = |height: usize| Checkpoint { height: height as u32, hash: blocks[height - 1].hash() };
    let mut story = Story::with(Profile::Btcd025, &[at(2), at(4)], &[]);
    let out = story.join(A, 6);
    assert_eq!(asks_headers(&out, A), Some((vec![genesis().hash()], at(2).hash)));
    let out = story.hear_headers(A, &blocks[..1]);
    assert_eq!(asks_headers(&out, A), Some((vec![blocks[0].hash()], at(2).hash)));
    let out = story.hear_headers(A, &blocks[1..2]);
    assert_eq!(asked(&out, A), hashes(&blocks[..2]));
    story.hear_block(A, &blocks[0]);
    let out = story.hear_block(A, &blocks[1]);
    assert_eq!(asks_headers(&out, A), Some((vec![at(2).hash], at(4).hash)));
    let out = story.hear_headers(A, &blocks[2..4]);
    assert_eq!(asked(&out, A), hashes(&blocks[2..4]));
    story.hear_block(A, &blocks[2]);
    let out = story.hear_block(A, &blocks[3]);
    assert_eq!(asks_blocks(&out, A), Some((vec![at(4).hash], BlockHash::ZERO)));
    let out = story.hear_inv(A, &blocks[4..]);
    assert_eq!(asked(&out, A), hashes(&blocks[4..]));
    story.hear_block(A, &blocks[4]);
    story.hear_block(A, &blocks[5]);
    assert_eq!(story.tip(), blocks[5].hash());
    assert!(!story.manager.is_syncing());
}

#[test]
fn a_peer_below_the_next_checkpoint_is_followed_as_far_as_it_is() {
    let blocks = blocks_on(&genesis(), 0, 4, 0);
    let checkpoint = Checkpoint { height: 4, hash: blocks[3].hash() };
    let mut story = Story::with(Profile::Btcd025, &[checkpoint], &[]);
    story.join(A, 2);
    let out = story.hear_headers(A, &blocks[..2]);
    assert_eq!(asks_headers(&out, A), Some((vec![blocks[1].hash()], checkpoint.hash)));
    let out = story.hear_headers(A, &[]);
    assert_eq!(asked(&out, A), hashes(&blocks[..2]));
    story.hear_block(A, &blocks[0]);
    story.hear_block(A, &blocks[1]);
    assert_eq!(story.tip(), blocks[1].hash());
    assert_eq!(dropped(&story.wait(600_000)), []);
}

#[test]
fn headers_that_do_not_link_or_miss_a_checkpoint_cost_the_connection() {
    for profile in [Profile::Btcd025, Profile::Btcd026] {
        let blocks = blocks_on(&genesis(), 0, 3, 0);
        let others = blocks_on(&genesis(), 0, 3, 1);
        let checkpoint = Checkpoint { height: 2, hash: blocks[1].hash() };
        let mut story = Story::with(profile, &[checkpoint], &[]);
        story.join(A, 3);
        let out = story.hear_headers(A, &blocks[1..]);
        assert_eq!(dropped(&out), [(A, Reason::UnconnectedHeaders {})]);
        story.leave(A);
        story.join(B, 3);
        let out = story.hear_headers(B, &others);
        let fault = Fault::CheckpointMismatch;
        assert_eq!(dropped(&out), [(B, Reason::BadHeader { fault: Some(fault) })]);
    }
}

#[test]
fn unrequested_blocks_and_headers_cost_the_connection() {
    let blocks = blocks_on(&genesis(), 0, 2, 0);
    let mut story = Story::new(Profile::Btcd025);
    story.join(A, 2);
    let out = story.hear_headers(A, &blocks);
    assert_eq!(dropped(&out), [(A, Reason::UnrequestedHeaders {})]);
    story.leave(A);
    story.join(B, 2);
    let out = story.hear_block(B, &blocks[0]);
    assert_eq!(dropped(&out), [(B, Reason::UnrequestedBlock {})]);
}

#[test]
fn what_a_lost_peer_owed_is_asked_of_another() {
    let blocks = blocks_on(&genesis(), 0, 3, 0);
    let mut story = Story::new(Profile::Btcd026);
    story.join(A, 3);
    story.join(B, 3);
    story.hear_headers(A, &blocks);
    story.hear_block(A, &blocks[0]);
    let out = story.leave(A);
    assert_eq!(asked(&out, B), hashes(&blocks[1..]), "B claims no more than the best header");
}

#[test]
fn a_block_that_was_not_found_is_asked_of_another() {
    let blocks = blocks_on(&genesis(), 0, 3, 0);
    let mut story = Story::new(Profile::Btcd026);
    story.join(A, 3);
    story.join(B, 3);
    story.hear_headers(A, &blocks);
    story.hear_block(A, &blocks[0]);
    let items = vec![Inventory::witness_block(blocks[1].hash())];
    let out = story.hear(A, Message::NotFound { items });
    // The third block is still on its way from the first peer.
    assert_eq!(asked(&out, B), [blocks[1].hash()]);
    story.hear_block(A, &blocks[2]);
    story.hear_block(B, &blocks[1]);
    assert_eq!(story.tip(), blocks[2].hash());
}

#[test]
fn a_silent_sync_peer_is_replaced() {
    for profile in [Profile::Btcd025, Profile::Btcd026] {
        let blocks = blocks_on(&genesis(), 0, 2, 0);
        let mut story = Story::new(profile);
        story.join(A, 9);
        story.join(B, 2);
        assert_eq!(dropped(&story.wait_for_drop()), [(A, Reason::Stalled {})], "{profile:?}");
        let follow = match profile {
            Profile::Btcd025 => story.hear_inv(B, &blocks),
            Profile::Btcd026 => story.hear_headers(B, &blocks),
        };
        assert_eq!(asked(&follow, B), hashes(&blocks));
        story.hear_block(B, &blocks[0]);
        story.hear_block(B, &blocks[1]);
        assert_eq!(dropped(&story.wait(600_000)), []);
    }
}

#[test]
fn a_liar_that_comes_back_does_not_get_the_next_turn() {
    let mut story = Story::new(Profile::Btcd026);
    story.join(A, 9);
    story.join(B, 2);
    let out = story.leave(A);
    assert!(asks_headers(&out, B).is_some());
    story.join(A, 9);
    let out = story.hear_headers(B, &[]);
    assert!(asks_headers(&out, A).is_some(), "B has nothing, so it is the turn of A");
}

#[test]
fn known_headers_do_not_keep_a_sync_peer() {
    let blocks = blocks_on(&genesis(), 0, 4, 0);
    let mut story = Story::with(Profile::Btcd026, &[], &blocks[..2]);
    story.join(A, 9);
    story.join(B, 4);
    let out = story.hear_headers(A, &blocks[..2]);
    assert!(asks_headers(&out, A).is_some());
    let out = story.hear_headers(A, &blocks[..2]);
    assert!(asks_headers(&out, B).is_some(), "{out:?}");
}

#[test]
fn a_heavier_chain_that_is_withheld_bars_no_other() {
    let honest = blocks_on(&genesis(), 0, 2, 0);
    let heavy = blocks_on(&genesis(), 0, 5, 1);
    let mut story = Story::new(Profile::Btcd026);
    story.join(A, 5);
    story.hear_headers(A, &heavy);
    story.join(B, 2);
    let out = story.wait_for_drop();
    assert_eq!(dropped(&out), [(A, Reason::Stalled {})]);
    assert_eq!(asked(&out, B), hashes(&heavy[..2]), "as high as B claims to be");
    let items = heavy[..2].iter().map(|block| Inventory::witness_block(block.hash())).collect();
    story.hear(B, Message::NotFound { items });
    let out = story.wait(90_000);
    assert!(
        asks_headers(&out, B).is_some(),
        "it is on another chain than it was taken to be: {out:?}"
    );
    let out = story.hear_headers(B, &honest);
    assert_eq!(asked(&out, B), hashes(&honest));
}

#[test]
fn a_heavier_chain_that_is_invalid_bars_no_other() {
    let honest = blocks_on(&genesis(), 0, 2, 0);
    let bad = block_with(&genesis(), 1, 1, |coinbase| {
        coinbase.output[0].value += bitcoin::Amount::from_sat(1);
    });
    let mut heavy = vec![bad.clone()];
    heavy.extend(blocks_on(&bad, 1, 4, 1));
    let mut story = Story::new(Profile::Btcd026);
    story.join(A, 5);
    story.join(B, 2);
    story.hear_headers(A, &heavy);
    let out = story.hear_block(A, &bad);
    let reason = Fault::BadCoinbaseValue;
    let rejected = Event::BlockRejected { hash: bad.hash(), reason, text: None };
    assert!(out.contains(&Output::Event { event: rejected }));
    assert!(asks_headers(&out, B).is_some());
    let out = story.hear_headers(B, &honest);
    assert_eq!(asked(&out, B), hashes(&honest));
    for block in &heavy[1..] {
        assert_eq!(dropped(&story.hear_block(A, block)), []);
    }
    story.hear_block(B, &honest[0]);
    story.hear_block(B, &honest[1]);
    assert_eq!(story.tip(), honest[1].hash());
}

#[test]
fn an_announced_block_on_a_longer_branch_is_fetched_with_its_parents() {
    for profile in [Profile::Btcd025, Profile::Btcd026] {
        let ours = blocks_on(&genesis(), 0, 3, 0);
        let theirs = blocks_on(&ours[0], 1, 3, 1);
        let mut story = Story::with(profile, &[], &ours);
        assert_eq!(sent(&story.join(A, 3), A), Vec::<&Message>::new());
        let out = story.hear_inv(A, &theirs[2..]);
        assert_eq!(asked(&out, A), [theirs[2].hash()]);
        let out = story.hear_block(A, &theirs[2]);
        let (locator, stop) = asks_blocks(&out, A).expect("its parents are missing");
        assert_eq!((locator[0], stop), (ours[2].hash(), theirs[2].hash()));
        let out = story.hear_inv(A, &theirs);
        assert_eq!(asked(&out, A), hashes(&theirs[..2]));
        story.hear_block(A, &theirs[0]);
        story.hear_block(A, &theirs[1]);
        assert_eq!(story.tip(), theirs[2].hash(), "{profile:?}");
    }
}

#[test]
fn a_block_on_its_way_from_one_peer_is_not_asked_of_another() {
    let block = block_on(&genesis(), 1, 0);
    let mut story = Story::new(Profile::Btcd025);
    story.join(A, 0);
    story.join(B, 0);
    let announced = std::slice::from_ref(&block);
    assert_eq!(asked(&story.hear_inv(A, announced), A), [block.hash()]);
    assert_eq!(asked(&story.hear_inv(B, announced), B), []);
    assert_eq!(asked(&story.leave(A), B), [block.hash()]);
    story.hear_block(B, &block);
    assert_eq!(story.tip(), block.hash());
}

#[test]
fn a_mutated_block_is_asked_of_another() {
    let block = block_on(&genesis(), 1, 0);
    let other = block_on(&genesis(), 1, 1);
    let mutated = Block::new(block.header().clone(), other.transactions().to_vec());
    let mut story = Story::new(Profile::Btcd026);
    story.join(A, 0);
    story.join(B, 0);
    let announced = std::slice::from_ref(&block);
    story.hear_inv(A, announced);
    story.hear_inv(B, announced);
    assert_eq!(asked(&story.hear_block(A, &mutated), B), [block.hash()]);
    story.hear_block(B, &block);
    assert_eq!(story.tip(), block.hash());
}

#[test]
fn a_peer_that_sends_anything_but_the_block_does_not_keep_it() {
    let block = block_on(&genesis(), 1, 0);
    let mut story = Story::new(Profile::Btcd026);
    story.join(A, 0);
    story.join(B, 0);
    let announced = std::slice::from_ref(&block);
    story.hear_inv(A, announced);
    story.hear_inv(B, announced);
    let mut all = Vec::new();
    while dropped(&all).is_empty() && story.now < Time::from_millis(300_000) {
        all.extend(story.wait(10_000));
        all.extend(story.hear(A, Message::Tx { id: BlockHash::from_bytes([1; 32]), raw: None }));
    }
    assert_eq!(dropped(&all), [(A, Reason::Stalled {})]);
    assert_eq!(asked(&all, B), [block.hash()]);
}

#[test]
fn accepted_blocks_are_relayed_to_those_who_do_not_know_them() {
    let block = block_on(&genesis(), 1, 0);
    let mut story = Story::new(Profile::Btcd026);
    for peer in [A, B, C] {
        story.join(peer, 0);
    }
    story.hear(C, Message::SendHeaders {});
    story.hear_inv(A, std::slice::from_ref(&block));
    let out = story.hear_block(A, &block);
    assert_eq!(sent(&out, A), Vec::<&Message>::new());
    let items = vec![Inventory::block(block.hash())];
    assert_eq!(sent(&out, B), [&Message::Inv { items }]);
    let headers = vec![block.header().clone()];
    assert_eq!(sent(&out, C), [&Message::Headers { headers }]);
}

#[test]
fn transactions_trickle_to_the_others() {
    let id = BlockHash::from_bytes([7; 32]);
    let mut story = Story::new(Profile::Btcd026);
    story.join(A, 0);
    story.join(B, 0);
    let items = vec![Inventory::tx(id)];
    let out = story.hear(A, Message::Inv { items: items.clone() });
    let wanted = vec![Inventory { kind: InventoryKind::WitnessTx, hash: id }];
    assert_eq!(sent(&out, A), [&Message::GetData { items: wanted }]);
    assert_eq!(story.hear(A, Message::Tx { id, raw: None }), []);
    let out = story.wait(10_000);
    assert_eq!(sent(&out, B), [&Message::Inv { items }]);
    assert_eq!(sent(&out, A), Vec::<&Message>::new());
}

#[test]
fn it_serves_what_it_has_stored() {
    let blocks = blocks_on(&genesis(), 0, 3, 0);
    let mut story = Story::with(Profile::Btcd026, &[], &blocks);
    story.join(A, 0);
    let locator = vec![blocks[0].hash()];
    let out =
        story.hear(A, Message::GetHeaders { locator: locator.clone(), stop: BlockHash::ZERO });
    let headers = blocks[1..].iter().map(|block| block.header().clone()).collect();
    assert_eq!(sent(&out, A), [&Message::Headers { headers }]);
    let out = story.hear(A, Message::GetBlocks { locator, stop: blocks[1].hash() });
    let items = vec![Inventory::block(blocks[1].hash())];
    assert_eq!(sent(&out, A), [&Message::Inv { items }]);
    let unknown = Inventory::block(BlockHash::from_bytes([9; 32]));
    let items = vec![unknown, Inventory::block(blocks[2].hash())];
    let out = story.hear(A, Message::GetData { items });
    let block = Message::Block { block: blocks[2].clone() };
    assert_eq!(sent(&out, A), [&block, &Message::NotFound { items: vec![unknown] }]);
}

#[test]
fn oversize_messages_cost_the_connection() {
    let mut story = Story::new(Profile::Btcd026);
    story.join(A, 0);
    let items = vec![Inventory::tx(BlockHash::ZERO); 50_001];
    let out = story.hear(A, Message::Inv { items });
    assert_eq!(dropped(&out), [(A, Reason::Oversize {})]);
}

#[test]
fn a_restart_keeps_the_chain_and_loses_the_peers() {
    let blocks = blocks_on(&genesis(), 0, 4, 0);
    let mut story = Story::new(Profile::Btcd026);
    story.join(A, 4);
    story.hear_headers(A, &blocks);
    story.hear_block(A, &blocks[0]);
    story.manager.restart(story.now, &mut Outbox::new());
    assert_eq!(story.tip(), blocks[0].hash());
    let out = story.join(A, 4);
    assert_eq!(asked(&out, A), hashes(&blocks[1..]), "the header chain is stored");
}

#[test]
fn a_peer_no_higher_than_the_best_header_is_asked_for_blocks_at_once() {
    let blocks = blocks_on(&Network::Regtest.genesis(), 0, 3, 0);
    let mut story = Story::new(Profile::Btcd026);
    story.join(A, 3);
    story.hear_headers(A, &blocks);
    story.leave(A);
    let out = story.join(B, 3);
    let sent = |wanted: fn(&Message) -> bool| {
        out.iter().any(
            |output| matches!(output, Output::Send { peer, message } if *peer == B && wanted(message)),
        )
    };
    assert!(sent(|message| matches!(message, Message::GetData { .. })), "{out:?}");
    assert!(!sent(|message| matches!(message, Message::GetHeaders { .. })), "{out:?}");
}
