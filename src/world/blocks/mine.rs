use std::cell::RefCell;

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header as Fields, Version};
use bitcoin::script::Builder;
use bitcoin::{
    Amount, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxMerkleNode, TxOut,
    Witness, transaction,
};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::primitives::bitcoin::{Block, BlockHash, Header};

/// What is wrong with a block of the world.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// The coinbase begins with another height (BIP 34).
    CoinbaseHeight,
    /// The coinbase pays one satoshi too much.
    CoinbaseValue,
    /// The difficulty bits are not the required ones, though the work is done.
    Difficulty,
    /// The transactions are not those of the merkle root.
    MerkleRoot,
    /// The block has no transaction.
    NoCoinbase,
    /// The hash is above the target.
    ProofOfWork,
    /// The time is years ahead.
    TimeTooNew,
    /// The time is that of genesis.
    TimeTooOld,
}

impl Flaw {
    /// All flaws.
    pub const ALL: [Self; 8] = [
        Self::CoinbaseHeight,
        Self::CoinbaseValue,
        Self::Difficulty,
        Self::MerkleRoot,
        Self::NoCoinbase,
        Self::ProofOfWork,
        Self::TimeTooNew,
        Self::TimeTooOld,
    ];

    /// Whether the header alone shows it.
    pub const fn in_header(self) -> bool {
        matches!(self, Self::Difficulty | Self::ProofOfWork | Self::TimeTooNew | Self::TimeTooOld)
    }

    /// Whether only the state of the block's own chain shows it.
    pub const fn in_state(self) -> bool {
        matches!(self, Self::CoinbaseValue)
    }
}

/// What all mined blocks of a tree have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The difficulty bits: two hashes a block on average.
    pub bits: u32,
    /// The bits of a block with [`Flaw::Difficulty`]: as easy, but not the required ones.
    pub wrong_bits: u32,
    /// The subsidy of the first blocks, in satoshi.
    pub subsidy: u64,
    /// How often the subsidy is halved.
    pub halving_blocks: u32,
}

impl Rules {
    /// Regtest: `0x207fffff`, 50 coins, halved each 150 blocks (Bitcoin Core, `chainparams.cpp`).
    pub const REGTEST: Self = Self {
        bits: 0x207f_ffff,
        wrong_bits: 0x207f_fffe,
        subsidy: 50 * 100_000_000,
        halving_blocks: 150,
    };

    /// The subsidy at a height, in satoshi.
    pub const fn subsidy_at(&self, height: u32) -> u64 {
        let halvings = height / self.halving_blocks;
        if halvings >= 64 { 0 } else { self.subsidy >> halvings }
    }
}

/// A block that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Order {
    pub(super) parent: BlockHash,
    pub(super) height: u32,
    /// Makes blocks of different branches differ.
    pub(super) salt: u64,
    pub(super) time: u32,
    pub(super) flaw: Option<Flaw>,
}

/// The header of a block.
pub(super) fn mine(rules: &Rules, order: Order) -> Header {
    remembered(rules, order, |made| made.header.clone())
}

/// The block to a header that [`mine`] made for the same order.
pub(super) fn body(rules: &Rules, order: Order) -> Block {
    remembered(rules, order, |made| {
        made.block.get_or_insert_with(|| body_anew(rules, order, made.header.clone())).clone()
    })
}

/// What was made for an order.
struct Made {
    header: Header,
    block: Option<Block>,
}

/// What is made for an order is always the same, so the last ones are remembered: the worlds of a
/// campaign have most of their blocks in common.
fn remembered<T>(rules: &Rules, order: Order, take: impl FnOnce(&mut Made) -> T) -> T {
    const REMEMBERED_MAX: usize = 30_000;
    thread_local! {
        static MADE: RefCell<IndexMap<Order, Made, FxBuildHasher>> =
            RefCell::new(IndexMap::default());
    }
    MADE.with_borrow_mut(|all| {
        if all.len() >= REMEMBERED_MAX && !all.contains_key(&order) {
            all.clear();
        }
        let made = all
            .entry(order)
            .or_insert_with(|| Made { header: mine_anew(rules, order), block: None });
        take(made)
    })
}

fn mine_anew(rules: &Rules, order: Order) -> Header {
    let committed = coinbase(rules, order);
    let bits = match order.flaw {
        Some(Flaw::Difficulty) => rules.wrong_bits,
        _ => rules.bits,
    };
    let mut fields = Fields {
        version: Version::from_consensus(0x2000_0000),
        prev_blockhash: order.parent.into(),
        merkle_root: TxMerkleNode::from_raw_hash(committed.compute_txid().to_raw_hash()),
        time: order.time,
        bits: CompactTarget::from_consensus(bits),
        nonce: 0,
    };
    let target = fields.target();
    let wanted = order.flaw != Some(Flaw::ProofOfWork);
    loop {
        let hash = fields.block_hash();
        if target.is_met_by(hash) == wanted {
            return Header::with_hash(fields, hash.into());
        }
        fields.nonce += 1;
    }
}

fn body_anew(rules: &Rules, order: Order, header: Header) -> Block {
    let transactions = match order.flaw {
        Some(Flaw::NoCoinbase) => Vec::new(),
        // Another coinbase than the one that the merkle root commits to.
        Some(Flaw::MerkleRoot) => {
            vec![coinbase(rules, Order { salt: !order.salt, ..order })]
        }
        _ => vec![coinbase(rules, order)],
    };
    Block::new(header, transactions)
}

/// The height (BIP 34), eight bytes that make it unique, and the subsidy to anybody.
fn coinbase(rules: &Rules, order: Order) -> Transaction {
    let height = match order.flaw {
        Some(Flaw::CoinbaseHeight) => order.height + 1,
        _ => order.height,
    };
    let extra = u64::from(order.flaw == Some(Flaw::CoinbaseValue));
    Transaction {
        version: transaction::Version::ONE,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig: Builder::new()
                .push_int(i64::from(height))
                .push_slice(order.salt.to_le_bytes())
                .into_script(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }],
        output: vec![TxOut {
            value: Amount::from_sat(rules.subsidy_at(order.height) + extra),
            script_pubkey: ScriptBuf::from_bytes(vec![OP_TRUE]),
        }],
    }
}

/// Anybody can spend it.
const OP_TRUE: u8 = 0x51;
