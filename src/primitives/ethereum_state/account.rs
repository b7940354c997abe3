use alloy_rlp::{Decodable, Encodable, Header as RlpHeader};

use super::{EMPTY_ROOT, Hash32};

/// An account as a leaf of the state trie holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// How many transactions it has sent.
    pub nonce: u64,
    /// What it owns, in wei.
    pub balance: u128,
    /// The root of its storage trie.
    pub storage_root: Hash32,
    /// The Keccak-256 of its code.
    pub code_hash: Hash32,
}

impl Account {
    /// The code hash of an account without code: the Keccak-256 of nothing.
    pub const EMPTY_CODE: Hash32 = Hash32::from_bytes([
        0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03,
        0xc0, 0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85,
        0xa4, 0x70,
    ]);

    /// An account that owns `balance` and has neither storage nor code.
    pub const fn plain(nonce: u64, balance: u128) -> Self {
        Self { nonce, balance, storage_root: EMPTY_ROOT, code_hash: Self::EMPTY_CODE }
    }

    /// The RLP of the account.
    pub fn encode(&self) -> Vec<u8> {
        let payload_length = self.nonce.length() + self.balance.length() + 2 * 33;
        let mut out = Vec::with_capacity(payload_length + 2);
        RlpHeader { list: true, payload_length }.encode(&mut out);
        self.nonce.encode(&mut out);
        self.balance.encode(&mut out);
        self.storage_root.as_bytes().encode(&mut out);
        self.code_hash.as_bytes().encode(&mut out);
        out
    }

    /// Reads the RLP of an account.
    ///
    /// # Errors
    /// When the bytes are no account.
    pub fn decode(mut bytes: &[u8]) -> Result<Self, alloy_rlp::Error> {
        let mut payload = RlpHeader::decode_bytes(&mut bytes, true)?;
        let account = Self {
            nonce: u64::decode(&mut payload)?,
            balance: u128::decode(&mut payload)?,
            storage_root: Hash32::from_bytes(<[u8; 32]>::decode(&mut payload)?),
            code_hash: Hash32::from_bytes(<[u8; 32]>::decode(&mut payload)?),
        };
        if bytes.is_empty() && payload.is_empty() {
            Ok(account)
        } else {
            Err(alloy_rlp::Error::UnexpectedLength)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_reads_back() {
        assert_eq!(Account::EMPTY_CODE, Hash32::of(&[]));
        for account in [Account::plain(0, 0), Account::plain(u64::MAX, 1 << 90)] {
            assert_eq!(Account::decode(&account.encode()), Ok(account));
        }
        assert!(Account::decode(&[0xc0]).is_err());
        assert!(Account::decode(&[&Account::plain(1, 1).encode()[..], &[0]].concat()).is_err());
    }
}
