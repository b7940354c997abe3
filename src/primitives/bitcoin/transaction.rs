use std::sync::Arc;

use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode;
use bitcoin::hashes::Hash as _;
use bitcoin::{
    Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, WPubkeyHash, Witness,
    transaction,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::primitives::{bytes_of_hex, from_string, schema::string_schema};

use super::BlockHash;

/// A whole transaction. Cloning shares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeTransaction(Arc<Transaction>);

impl WholeTransaction {
    /// A payment that every client can read, one for each number. What it spends is in no block, so
    /// that no client can check it to the end.
    pub fn numbered(number: u32) -> Self {
        let mut spent = [0x7a; 32];
        spent[..4].copy_from_slice(&number.to_be_bytes());
        let previous_output = OutPoint { txid: Txid::from_byte_array(spent), vout: 0 };
        let payee = WPubkeyHash::from_byte_array([0x7a; 20]);
        Self(Arc::new(Transaction {
            version: transaction::Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                previous_output,
                script_sig: ScriptBuf::new(),
                sequence: Sequence::MAX,
                witness: Witness::new(),
            }],
            output: vec![TxOut {
                value: Amount::from_sat(10_000),
                script_pubkey: ScriptBuf::new_p2wpkh(&payee),
            }],
        }))
    }

    /// The id, which leaves the witnesses out.
    pub fn id(&self) -> BlockHash {
        BlockHash::from_bytes(self.0.compute_txid().to_byte_array())
    }
}

string_schema!(
    WholeTransaction,
    "WholeTransaction",
    "The wire encoding of a transaction.",
    "^0x([0-9a-f]{2})*$"
);

impl Serialize for WholeTransaction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&const_hex::encode_prefixed(encode::serialize(&*self.0)))
    }
}

impl<'de> Deserialize<'de> for WholeTransaction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_string(deserializer, "a transaction as hexadecimal string", |text| {
            let transaction = encode::deserialize(&bytes_of_hex(text)?)
                .map_err(|error| format!("not a transaction: {error}"))?;
            Ok::<_, String>(Self(Arc::new(transaction)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::WholeTransaction;

    #[test]
    fn a_transaction_is_read_as_it_was_written_and_keeps_its_id() {
        for number in [0, 1, u32::MAX] {
            let whole = WholeTransaction::numbered(number);
            let text = serde_json::to_string(&whole).unwrap();
            let again: WholeTransaction = serde_json::from_str(&text).unwrap();
            assert_eq!((&again, again.id()), (&whole, whole.id()));
        }
        assert_ne!(WholeTransaction::numbered(1).id(), WholeTransaction::numbered(2).id());
        assert!(serde_json::from_str::<WholeTransaction>("\"0x00\"").is_err());
    }
}
