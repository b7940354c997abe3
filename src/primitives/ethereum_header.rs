//! Headers of Ethereum blocks by their RLP.

use std::sync::Arc;

use alloy_rlp::{Decodable, Encodable, Header as RlpHeader};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ethereum_state::{EMPTY_ROOT, Hash32};
use super::schema::string_schema;

/// The Keccak-256 of the RLP of an empty list: the uncles of most blocks.
const NO_UNCLES: [u8; 32] = [
    0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a, 0xab, 0x85, 0xb5, 0x67, 0xb6, 0xcc, 0xd4, 0x1a,
    0xd3, 0x12, 0x45, 0x1b, 0x94, 0x8a, 0x74, 0x13, 0xf0, 0xa1, 0x42, 0xfd, 0x40, 0xd4, 0x93, 0x47,
];

/// A header that is known by its hash. In files it is its RLP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedHeader {
    number: u64,
    parent: Hash32,
    hash: Hash32,
    content: Content,
}

/// What the hash covers beside number and parent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    /// An empty block after the merge, told from others by its extra data.
    Empty(u64),
    /// Any other block, as its RLP.
    Full(Arc<[u8]>),
}

/// The fields that a header written down by hand has. All others are zero, also those that are never
/// zero in a real chain, such as the hash of no uncles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderFields {
    /// The hash of the header before.
    pub parent: Hash32,
    /// The difficulty; zero after the merge.
    pub difficulty: u64,
    /// How many blocks came before.
    pub number: u64,
    /// The most gas that the block may use.
    pub gas_limit: u64,
    /// The gas that it uses.
    pub gas_used: u64,
    /// Seconds since 1970.
    pub time: u64,
    /// What its miner has written into it.
    pub extra: Vec<u8>,
}

impl SealedHeader {
    /// The header of an empty block. Blocks with another `salt` have another hash.
    pub fn empty(number: u64, parent: Hash32, salt: u64) -> Self {
        let hash = Hash32::of(&encode_empty(number, parent, salt));
        Self { number, parent, hash, content: Content::Empty(salt) }
    }

    /// A header of these fields; all others are zero.
    pub fn of_fields(fields: &HeaderFields) -> Self {
        let bytes = encode_fields(fields);
        let hash = Hash32::of(&bytes);
        let (number, parent) = (fields.number, fields.parent);
        Self { number, parent, hash, content: Content::Full(bytes.into()) }
    }

    /// Reads the RLP of a header of any fork.
    ///
    /// # Errors
    /// When the bytes are no header.
    pub fn decode(bytes: &[u8]) -> Result<Self, alloy_rlp::Error> {
        let mut rest = bytes;
        let mut fields = RlpHeader::decode_bytes(&mut rest, true)?;
        if !rest.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength);
        }
        let parent = Hash32::from_bytes(<[u8; 32]>::decode(&mut fields)?);
        // Uncles, miner, state, transactions, receipts, bloom, difficulty.
        for _ in 0..7 {
            RlpHeader::decode_bytes(&mut fields, false)?;
        }
        let number = u64::decode(&mut fields)?;
        // Gas limit, gas used, time.
        for _ in 0..3 {
            RlpHeader::decode_bytes(&mut fields, false)?;
        }
        let extra = RlpHeader::decode_bytes(&mut fields, false)?;
        let salt = <[u8; 8]>::try_from(extra).map(u64::from_be_bytes).ok();
        let hash = Hash32::of(bytes);
        if let Some(salt) = salt
            && encode_empty(number, parent, salt) == bytes
        {
            return Ok(Self { number, parent, hash, content: Content::Empty(salt) });
        }
        Ok(Self { number, parent, hash, content: Content::Full(bytes.into()) })
    }

    /// The RLP.
    pub fn encode(&self) -> Vec<u8> {
        match &self.content {
            Content::Empty(salt) => encode_empty(self.number, self.parent, *salt),
            Content::Full(bytes) => bytes.to_vec(),
        }
    }

    /// How many blocks came before.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The hash of the header before.
    pub const fn parent(&self) -> Hash32 {
        self.parent
    }

    /// The Keccak-256 of the RLP.
    pub const fn hash(&self) -> Hash32 {
        self.hash
    }
}

string_schema!(SealedHeader, "SealedHeader", "The RLP of a header.", "^0x([0-9a-f]{2})+$");

impl Serialize for SealedHeader {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&const_hex::encode_prefixed(self.encode()))
    }
}

impl<'de> Deserialize<'de> for SealedHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let digits = text
            .strip_prefix("0x")
            .ok_or_else(|| serde::de::Error::custom("a header's RLP begins with \"0x\""))?;
        let bytes = const_hex::decode(digits).map_err(serde::de::Error::custom)?;
        Self::decode(&bytes)
            .map_err(|error| serde::de::Error::custom(format!("not the RLP of a header: {error}")))
    }
}

fn encode_fields(fields: &HeaderFields) -> Vec<u8> {
    let mut payload = Vec::new();
    fields.parent.as_bytes().encode(&mut payload);
    [0_u8; 32].encode(&mut payload);
    [0_u8; 20].encode(&mut payload);
    for _ in 0..3 {
        [0_u8; 32].encode(&mut payload);
    }
    [0_u8; 256].encode(&mut payload);
    let HeaderFields { difficulty, number, gas_limit, gas_used, time, .. } = *fields;
    for field in [difficulty, number, gas_limit, gas_used, time] {
        field.encode(&mut payload);
    }
    fields.extra.as_slice().encode(&mut payload);
    [0_u8; 32].encode(&mut payload);
    [0_u8; 8].encode(&mut payload);
    as_list(payload)
}

fn encode_empty(number: u64, parent: Hash32, salt: u64) -> Vec<u8> {
    let mut payload = Vec::with_capacity(560);
    parent.as_bytes().encode(&mut payload);
    NO_UNCLES.encode(&mut payload);
    [0_u8; 20].encode(&mut payload);
    for root in [EMPTY_ROOT; 3] {
        root.as_bytes().encode(&mut payload);
    }
    [0_u8; 256].encode(&mut payload);
    let (difficulty, gas_limit, gas_used, time) = (0_u64, 30_000_000_u64, 0_u64, number * 12);
    for field in [difficulty, number, gas_limit, gas_used, time] {
        field.encode(&mut payload);
    }
    salt.to_be_bytes().encode(&mut payload);
    [0_u8; 32].encode(&mut payload);
    [0_u8; 8].encode(&mut payload);
    as_list(payload)
}

fn as_list(mut payload: Vec<u8>) -> Vec<u8> {
    let mut rlp = Vec::with_capacity(payload.len() + 3);
    RlpHeader { list: true, payload_length: payload.len() }.encode(&mut rlp);
    rlp.append(&mut payload);
    rlp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_back() {
        let header = SealedHeader::empty(77, Hash32::of(&[1]), 5);
        assert_eq!(SealedHeader::decode(&header.encode()), Ok(header.clone()));
        let text = serde_json::to_string(&header).unwrap();
        assert_eq!(serde_json::from_str::<SealedHeader>(&text).unwrap(), header);
        assert_ne!(header.hash(), SealedHeader::empty(77, Hash32::of(&[1]), 6).hash());
    }

    #[test]
    fn a_header_of_no_fields_has_the_hash_that_geth_gives_it() {
        let header = SealedHeader::of_fields(&HeaderFields::default());
        let hash = const_hex::encode(header.hash().as_bytes());
        assert_eq!(hash, "c3bd2d00745c03048a5616146a96f5ff78e54efb9e5b04af208cdaff6f3830ee");
        assert_eq!(SealedHeader::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn a_header_of_another_form_keeps_its_bytes() {
        let mut bytes = SealedHeader::empty(3, Hash32::ZERO, 0).encode();
        let last = bytes.len() - 1;
        bytes[last] = 9;
        let header = SealedHeader::decode(&bytes).unwrap();
        assert_eq!(header.encode(), bytes);
        assert_eq!(header.hash(), Hash32::of(&bytes));
    }
}
