//! A sync machine of one's own, with a bug that shipped in several clients: what was asked of a
//! peer stays marked as asked after the peer has gone.
//!
//! `cargo run --example forgetful_sync` shows how syncheck finds it. Take away the line marked
//! "the bug" and the claim that it breaks holds.

#![expect(clippy::print_stdout, reason = "a program for people")]

use std::collections::{BTreeMap, BTreeSet};

use syncheck::families::headers_first::{
    Event, Fault, HeadersFirst, Inventory, Message, Reason, Start,
};
use syncheck::machine::{Input, Machine, Outbox, PeerId, Time};
use syncheck::primitives::bitcoin::{Block, BlockHash, Header};
use syncheck::testing::{Check, Failure};

/// Follows one chain from any peer: headers first, then their blocks.
struct ForgetfulSync {
    /// The stored chain, genesis first.
    chain: Vec<BlockHash>,
    /// Headers that link to the chain and wait for their blocks.
    wanted: Vec<Header>,
    requested: BTreeSet<BlockHash>,
    peers: BTreeMap<PeerId, u32>,
}

impl ForgetfulSync {
    fn new(start: &Start) -> Self {
        let genesis = start.network.genesis().hash();
        let stored = start.blocks.iter().map(Block::hash);
        Self {
            chain: [genesis].into_iter().chain(stored).collect(),
            wanted: Vec::new(),
            requested: BTreeSet::new(),
            peers: BTreeMap::new(),
        }
    }

    fn tip(&self) -> BlockHash {
        self.wanted.last().map_or(self.chain[self.chain.len() - 1], Header::hash)
    }

    fn ask_headers(&self, peer: PeerId, out: &mut Outbox<HeadersFirst>) {
        out.send(peer, Message::GetHeaders { locator: vec![self.tip()], stop: BlockHash::ZERO });
    }

    fn ask_blocks(&mut self, peer: PeerId, out: &mut Outbox<HeadersFirst>) {
        let missing = self.wanted.iter().map(Header::hash);
        let items: Vec<Inventory> = missing
            .filter(|hash| self.requested.insert(*hash))
            .map(Inventory::witness_block)
            .collect();
        if !items.is_empty() {
            out.send(peer, Message::GetData { items });
        }
    }

    fn take_headers(&mut self, peer: PeerId, headers: &[Header], out: &mut Outbox<HeadersFirst>) {
        for header in headers {
            if header.parent() != self.tip() {
                continue;
            }
            if !header.meets_own_target() {
                let reason = Reason::BadHeader { fault: Some(Fault::BadProofOfWork) };
                return out.disconnect(peer, reason);
            }
            self.wanted.push(header.clone());
        }
        self.ask_blocks(peer, out);
    }

    fn take_block(&mut self, block: &Block, out: &mut Outbox<HeadersFirst>) {
        let next = self.wanted.first().map(Header::hash);
        if next != Some(block.hash()) || !block.merkle_root_matches() {
            return;
        }
        self.wanted.remove(0);
        self.requested.remove(&block.hash());
        let (hash, height) = (block.hash(), self.chain.len() as u32);
        self.chain.push(hash);
        out.event(Event::BlockAccepted { hash, height });
        out.event(Event::Tip { hash, height });
    }
}

impl Machine<HeadersFirst> for ForgetfulSync {
    fn step(&mut self, _: Time, input: Input<HeadersFirst>, out: &mut Outbox<HeadersFirst>) {
        match input {
            Input::Connected { peer, hello, .. } => {
                self.peers.insert(peer, hello.start_height);
                self.ask_headers(peer, out);
                self.ask_blocks(peer, out);
            }
            Input::Disconnected { peer } => {
                self.peers.remove(&peer);
                // The bug: `self.requested` still names what this peer was asked for, and nobody
                // else will be asked for it.
            }
            Input::Message { peer, message } => match message {
                Message::Block { block } => self.take_block(&block, out),
                Message::Headers { headers } => self.take_headers(peer, &headers, out),
                Message::Inv { .. } => self.ask_headers(peer, out),
                _ => {}
            },
            Input::Command { .. } | Input::Deadline {} => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }

    fn restart(&mut self, _: Time, _: &mut Outbox<HeadersFirst>) {
        self.wanted.clear();
        self.requested.clear();
        self.peers.clear();
    }
}

/// The machine serves nobody, so it is not held to serving well.
fn check() -> Check<HeadersFirst> {
    Check::new(|start| Box::new(ForgetfulSync::new(start))).without("replies-exact")
}

fn main() {
    let regressions = std::env::temp_dir().join("syncheck-example");
    match check().regressions(regressions).run() {
        Ok(_) => println!("no finding"),
        Err(Failure::Finding(report)) => println!("{}", report.to_text()),
        Err(Failure::NotRun(message)) => println!("not run: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bug_is_found_and_shown_in_a_few_messages() {
        let folder = std::env::temp_dir().join(format!("syncheck-example-{}", std::process::id()));
        let check = check().regressions(&folder);
        let found = check.run();
        let again = check.run();
        std::fs::remove_dir_all(&folder).expect("the finding was saved there");
        let (Err(Failure::Finding(found)), Err(Failure::Finding(again))) = (found, again) else {
            panic!("the bug is found, and found again from the saved scenario");
        };
        assert!(found.inputs <= 10, "{}", found.to_text());
        assert_eq!(found.claim, again.claim);
        assert_eq!(found.digest, again.digest);
    }
}
