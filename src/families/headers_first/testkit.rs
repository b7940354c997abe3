//! Small chains for unit tests.

use bitcoin::absolute::LockTime;
use bitcoin::block::Version;
use bitcoin::script::Builder;
use bitcoin::{
    Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, transaction,
};

use crate::primitives::bitcoin::{Block, Header};

use super::Network;

/// A valid block on `parent`, at `height`. Blocks of another `salt` have another hash.
pub(super) fn block_on(parent: &Block, height: u32, salt: u32) -> Block {
    block_with(parent, height, salt, |_| {})
}

/// A block whose coinbase is changed by `edit`.
pub(super) fn block_with(
    parent: &Block,
    height: u32,
    salt: u32,
    edit: impl Fn(&mut Transaction),
) -> Block {
    let script_sig = Builder::new().push_int(height.into()).push_int(salt.into()).push_int(7);
    let mut coinbase = Transaction {
        version: transaction::Version::ONE,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig: script_sig.into_script(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }],
        output: vec![TxOut {
            value: Amount::from_sat(Network::Regtest.subsidy(height)),
            script_pubkey: ScriptBuf::new(),
        }],
    };
    edit(&mut coinbase);
    let fields = parent.header().fields();
    let header = bitcoin::block::Header {
        version: Version::from_consensus(0x2000_0000),
        prev_blockhash: parent.hash().into(),
        merkle_root: bitcoin::TxMerkleNode::from_raw_hash(coinbase.compute_txid().to_raw_hash()),
        time: fields.time + 600,
        bits: fields.bits,
        nonce: 0,
    };
    Block::new(mine(header), vec![coinbase])
}

/// `count` valid blocks after `parent`, which is at `height`.
pub(super) fn blocks_on(parent: &Block, height: u32, count: u32, salt: u32) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for above in 1..=count {
        let parent = blocks.last().unwrap_or(parent);
        blocks.push(block_on(parent, height + above, salt));
    }
    blocks
}

/// A header with enough work.
pub(super) fn mine(mut fields: bitcoin::block::Header) -> Header {
    loop {
        let header = Header::new(fields);
        if header.meets_own_target() {
            return header;
        }
        fields.nonce += 1;
    }
}

/// A header without enough work.
pub(super) fn mine_badly(mut fields: bitcoin::block::Header) -> Header {
    loop {
        let header = Header::new(fields);
        if !header.meets_own_target() {
            return header;
        }
        fields.nonce += 1;
    }
}
