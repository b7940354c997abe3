use std::sync::{Arc, OnceLock};

use bitcoin::consensus::{Encodable, encode};
use bitcoin::{Transaction, VarInt};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::primitives::{bytes_of_hex, from_string, schema::string_schema};

use super::{BlockHash, Header};

/// A block: a header and its transactions. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Block(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    header: Header,
    transactions: Vec<Transaction>,
    merkle_root_matches: OnceLock<bool>,
}

impl Block {
    /// A block from its parts, which need not fit together.
    pub fn new(header: Header, transactions: Vec<Transaction>) -> Self {
        Self(Arc::new(Inner { header, transactions, merkle_root_matches: OnceLock::new() }))
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.0.header
    }

    /// The hash of the header.
    pub fn hash(&self) -> BlockHash {
        self.0.header.hash()
    }

    /// The hash of the block before.
    pub fn parent(&self) -> BlockHash {
        self.0.header.parent()
    }

    /// The transactions, the coinbase first.
    pub fn transactions(&self) -> &[Transaction] {
        &self.0.transactions
    }

    /// Whether the header's merkle root is that of the transactions. A block without transactions
    /// has none.
    pub fn merkle_root_matches(&self) -> bool {
        *self.0.merkle_root_matches.get_or_init(|| {
            let ids = self.transactions().iter().map(|tx| tx.compute_txid().to_raw_hash());
            bitcoin::merkle_tree::calculate_root(ids)
                .is_some_and(|root| root == self.header().fields().merkle_root.to_raw_hash())
        })
    }

    /// The transactions as they stand behind the header in the wire encoding.
    pub fn encode_transactions(&self) -> Box<[u8]> {
        let mut bytes = Vec::with_capacity(128);
        let count = VarInt::from(self.transactions().len());
        count.consensus_encode(&mut bytes).expect("memory takes all");
        for transaction in self.transactions() {
            transaction.consensus_encode(&mut bytes).expect("memory takes all");
        }
        bytes.into()
    }

    /// A block from its header and its encoded transactions.
    ///
    /// # Errors
    /// When the bytes are no transactions, or go on after them.
    pub fn decode(header: Header, transactions: &[u8]) -> Result<Self, encode::Error> {
        Ok(Self::new(header, encode::deserialize(transactions)?))
    }

    /// The wire encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode::serialize(&bitcoin::Block {
            header: *self.header().fields(),
            txdata: self.transactions().to_vec(),
        })
    }
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        self.hash() == other.hash() && self.transactions() == other.transactions()
    }
}

impl Eq for Block {}

string_schema!(Block, "Block", "The wire encoding of a block.", "^0x([0-9a-f]{2})*$");

impl Serialize for Block {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&const_hex::encode_prefixed(self.to_bytes()))
    }
}

impl<'de> Deserialize<'de> for Block {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_string(deserializer, "a block as hexadecimal string", |text| {
            let block: bitcoin::Block = encode::deserialize(&bytes_of_hex(text)?)
                .map_err(|error| format!("not a block: {error}"))?;
            Ok::<_, String>(Self::new(Header::new(block.header), block.txdata))
        })
    }
}
