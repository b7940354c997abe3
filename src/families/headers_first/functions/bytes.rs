//! What the bytes of a block say.

use bitcoin::consensus::encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::primitives::bitcoin::{Block, BlockHash, Header};
use crate::primitives::bytes_of_hex;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BytesGiven {
    /// The wire encoding of a block, which may be damaged.
    bytes: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum BytesOutcome {
    Block {
        /// The double SHA-256 of the first 80 bytes.
        hash: BlockHash,
        /// The block before.
        parent: BlockHash,
        /// Whether the hash is within the target that the header names.
        work: bool,
        /// Whether the merkle root is that of the transactions.
        merkle_root_matches: bool,
        /// The ids of the transactions.
        transactions: Vec<BlockHash>,
    },
    Malformed {},
}

pub(super) fn block(given: &BytesGiven) -> Result<BytesOutcome, String> {
    let bytes = bytes_of_hex(&given.bytes)?;
    let Ok(block) = encode::deserialize::<bitcoin::Block>(&bytes) else {
        return Ok(BytesOutcome::Malformed {});
    };
    let id = |tx: &bitcoin::Transaction| bitcoin::BlockHash::from(tx.compute_txid().to_raw_hash());
    let transactions = block.txdata.iter().map(|tx| id(tx).into()).collect();
    let block = Block::new(Header::new(block.header), block.txdata);
    Ok(BytesOutcome::Block {
        hash: block.hash(),
        parent: block.parent(),
        work: block.header().meets_own_target(),
        merkle_root_matches: block.merkle_root_matches(),
        transactions,
    })
}
