use std::sync::Arc;

use crate::primitives::filecoin::consensus::{self, Network};
use crate::primitives::filecoin::{
    Block, BlockHeader, BlockMessages, Cid, ElectionProof, Message, Signature, SignedMessage,
    Ticket, Tipset,
};

use super::spec::{BlockSpec, Branch, Epoch, Fault, TreeSpec};
use super::tree::{EpochBlocks, KnownBlock, TipsetTree};

/// When the first block of every network was found, in seconds since 1970: that of Filecoin's
/// main network.
const GENESIS_TIME: u64 = 1_598_306_400;

/// The largest trees.
const TIPSETS_MAX: u64 = 2_000_000;
const BLOCKS_PER_EPOCH_MAX: usize = 15;
const WINS_MAX: u32 = 25;
const NULLS_MAX: u32 = 10_000;

/// A description without a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeError {
    /// The path of the field.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl TreeError {
    fn new(field: String, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

/// Builds the tree: all headers and messages with their right CIDs.
///
/// # Errors
/// The first field that does not fit.
pub fn build(spec: &TreeSpec) -> Result<TipsetTree, TreeError> {
    check(spec)?;
    let home = genesis("home");
    let mut tree = TipsetTree::new(spec.network, tipset_of(&[home]));
    for (number, branch) in spec.branches.iter().enumerate() {
        let (parent, valid) = start_of(&mut tree, branch, number)?;
        grow(&mut tree, branch, number as u32, parent, valid);
    }
    Ok(tree)
}

fn check(spec: &TreeSpec) -> Result<(), TreeError> {
    let network = &spec.network;
    if !(1..=1000).contains(&network.block_delay_s) {
        return Err(TreeError::new("network.block_delay_s".to_owned(), "between 1 and 1000"));
    }
    if !(1..=100).contains(&network.log2_power) {
        return Err(TreeError::new("network.log2_power".to_owned(), "between 1 and 100"));
    }
    if !(1..=100_000).contains(&network.finality) {
        return Err(TreeError::new("network.finality".to_owned(), "between 1 and 100000"));
    }
    let mut tipsets = 0;
    for (b, branch) in spec.branches.iter().enumerate() {
        for (e, epoch) in branch.epochs.iter().enumerate() {
            let path = format!("branches[{b}].epochs[{e}]");
            tipsets += u64::from(epoch.repeat);
            if epoch.repeat == 0 || tipsets > TIPSETS_MAX {
                return Err(TreeError::new(
                    format!("{path}.repeat"),
                    format!("at least 1, and at most {TIPSETS_MAX} tipsets in all"),
                ));
            }
            if epoch.nulls > NULLS_MAX {
                return Err(TreeError::new(
                    format!("{path}.nulls"),
                    format!("at most {NULLS_MAX}"),
                ));
            }
            if epoch.blocks.is_empty() || epoch.blocks.len() > BLOCKS_PER_EPOCH_MAX {
                return Err(TreeError::new(
                    format!("{path}.blocks"),
                    format!("between 1 and {BLOCKS_PER_EPOCH_MAX} blocks"),
                ));
            }
            if epoch.blocks.iter().any(|block| !(1..=WINS_MAX).contains(&block.wins)) {
                return Err(TreeError::new(
                    format!("{path}.blocks"),
                    format!("between 1 and {WINS_MAX} wins"),
                ));
            }
        }
    }
    Ok(())
}

fn start_of(
    tree: &mut TipsetTree,
    branch: &Branch,
    number: usize,
) -> Result<(Arc<Tipset>, bool), TreeError> {
    let path = format!("branches[{number}].from");
    match (&branch.from, branch.foreign) {
        (Some(_), true) => Err(TreeError::new(path, "a foreign branch has a genesis of its own")),
        (None, true) => {
            let foreign = tipset_of(&[genesis(&format!("foreign {number}"))]);
            tree.add_root(number as u32, Arc::clone(&foreign));
            Ok((foreign, false))
        }
        (None, false) => Ok((Arc::clone(tree.genesis()), true)),
        (Some(from), false) => {
            if from.branch as usize >= number {
                return Err(TreeError::new(path, "an earlier branch"));
            }
            let tipset = tree.tipset(from).map_err(|message| TreeError::new(path, message))?;
            let valid = tree.is_valid(tipset.key());
            tree.add_fork(number as u32, from);
            Ok((tipset, valid))
        }
    }
}

fn grow(tree: &mut TipsetTree, branch: &Branch, number: u32, parent: Arc<Tipset>, valid: bool) {
    let (mut parent, mut valid) = (parent, valid);
    let mut index = 0;
    let network = *tree.network();
    for epoch in &branch.epochs {
        for _ in 0..epoch.repeat {
            let blocks = mine(epoch, &parent, valid, (number, index), &network);
            let tipset = canonical(epoch, &blocks);
            valid = valid
                && tipset.blocks().iter().all(|block| {
                    blocks.iter().any(|known| known.valid && known.block.cid() == block.cid())
                });
            tree.add(number, EpochBlocks { blocks, tipset: Arc::clone(&tipset) });
            parent = tipset;
            index += 1;
        }
    }
}

/// The tipset that later blocks build on: the first block of each miner, of those without a fault
/// if there are any.
fn canonical(epoch: &Epoch, blocks: &[KnownBlock]) -> Arc<Tipset> {
    let sound = epoch.blocks.iter().any(|block| block.fault.is_none());
    let fault = if sound { None } else { epoch.blocks[0].fault };
    let mut miners = Vec::new();
    let mut chosen = Vec::new();
    for (spec, known) in epoch.blocks.iter().zip(blocks) {
        if spec.fault == fault && !miners.contains(&spec.miner) {
            miners.push(spec.miner);
            chosen.push(Arc::clone(&known.block));
        }
    }
    tipset_of(&chosen)
}

fn tipset_of(blocks: &[Arc<Block>]) -> Arc<Tipset> {
    let tipset = Tipset::of_network(blocks.to_vec());
    Arc::new(tipset.expect("blocks of one epoch with one fault share what a tipset shares"))
}

fn genesis(name: &str) -> Arc<Block> {
    let filler = Cid::of(name.as_bytes());
    Arc::new(Block::new(BlockHeader {
        miner: address(0),
        ticket: Some(Ticket { vrf_proof: filler.digest().to_vec() }),
        election_proof: Some(ElectionProof { win_count: 0, vrf_proof: Vec::new() }),
        beacon_entries: Vec::new(),
        win_post_proof: Vec::new(),
        // Real networks have one link to nothing here.
        parents: vec![Cid::of(b"before genesis")],
        parent_weight: 0,
        height: 0,
        parent_state_root: filler,
        parent_message_receipts: filler,
        messages: BlockMessages::default().root(),
        bls_aggregate: None,
        timestamp: GENESIS_TIME,
        block_sig: None,
        fork_signaling: 0,
        parent_base_fee: 100,
    }))
}

fn mine(
    epoch: &Epoch,
    parent: &Tipset,
    valid: bool,
    (branch, index): (u32, u32),
    network: &Network,
) -> Vec<KnownBlock> {
    let height = parent.height() + 1 + i64::from(epoch.nulls);
    let template = Template {
        weight: consensus::weight(parent, network),
        state_root: consensus::state_root(parent.key()),
        receipts: consensus::receipts(parent.key()),
        timestamp: consensus::timestamp(parent, height, network),
        height,
        parent,
    };
    let build = |(number, spec): (usize, &BlockSpec)| {
        let messages = messages(spec, (branch, index, number as u32));
        let block = Arc::new(Block::new(template.header(
            spec,
            number as u64 | u64::from(branch) << 8,
            &messages,
        )));
        let valid = valid && spec.fault.is_none();
        KnownBlock { block, messages: Arc::new(messages), valid, branch, index }
    };
    epoch.blocks.iter().enumerate().map(build).collect()
}

/// What the blocks of an epoch have in common.
struct Template<'a> {
    parent: &'a Tipset,
    height: i64,
    weight: u128,
    state_root: Cid,
    receipts: Cid,
    timestamp: u64,
}

impl Template<'_> {
    fn header(&self, spec: &BlockSpec, mark: u64, messages: &BlockMessages) -> BlockHeader {
        // A miner has one ticket an epoch, however many blocks it makes of it.
        let mut seed = self.parent.key()[0].digest().to_vec();
        seed.extend(spec.miner.to_be_bytes());
        seed.extend(self.height.to_be_bytes());
        let proof = Cid::of(&seed).digest().to_vec();
        let fault = |wrong| spec.fault == Some(wrong);
        let mut header = BlockHeader {
            miner: address(spec.miner),
            ticket: (!fault(Fault::Ticket)).then(|| Ticket { vrf_proof: proof.clone() }),
            election_proof: Some(ElectionProof {
                win_count: if fault(Fault::Election) { 0 } else { i64::from(spec.wins) },
                vrf_proof: proof,
            }),
            beacon_entries: vec![(self.height as u64, vec![spec.miner as u8; 8])],
            win_post_proof: vec![(0, b"valid proof".to_vec())],
            parents: self.parent.key().to_vec(),
            parent_weight: self.weight + if fault(Fault::ParentWeight) { 1 << 40 } else { 0 },
            height: self.height,
            parent_state_root: self.state_root,
            parent_message_receipts: self.receipts,
            messages: messages.root(),
            bls_aggregate: Some(Signature { kind: 2, data: vec![0; 32] }),
            timestamp: self.timestamp + u64::from(fault(Fault::Timestamp)),
            block_sig: None,
            // Tells the blocks of one miner in one epoch apart.
            fork_signaling: mark,
            parent_base_fee: 100,
        };
        if fault(Fault::StateRoot) {
            header.parent_state_root = Cid::of(b"another state");
        }
        if fault(Fault::Receipts) {
            header.parent_message_receipts = Cid::of(b"other receipts");
        }
        let mut signature = consensus::signature(&header);
        if fault(Fault::Signature) {
            signature.data[0] ^= 1;
        }
        header.block_sig = Some(signature);
        header
    }
}

fn messages(spec: &BlockSpec, (branch, index, number): (u32, u32, u32)) -> BlockMessages {
    let mut messages = BlockMessages::default();
    for nonce in 0..u64::from(spec.messages) {
        // The first message stands in all blocks of the epoch.
        let sender = if nonce == 0 { 0 } else { number as u16 + 1 };
        let message = Message {
            version: 0,
            to: address(7),
            from: address(1000 + sender),
            nonce: u64::from(branch) << 40 | u64::from(index) << 8 | nonce,
            value: 1,
            gas_limit: 1_000_000,
            gas_fee_cap: 100,
            gas_premium: 10,
            method: 0,
            params: Vec::new(),
        };
        if nonce % 2 == 0 {
            messages.bls.push(Arc::new(message));
        } else {
            let signature = Signature { kind: 1, data: vec![sender as u8; 8] };
            messages.secp.push(Arc::new(SignedMessage { message, signature }));
        }
    }
    messages
}

/// The address of an actor by number: protocol 0, then the number as LEB128.
fn address(number: u16) -> Vec<u8> {
    let mut bytes = vec![0];
    let mut rest = u32::from(number) + 1000;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}
