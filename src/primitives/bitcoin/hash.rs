use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use bitcoin::hashes::Hash as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::primitives::{bytes_of_hex, from_string, schema::string_schema};

/// The double SHA-256 of a header, in wire order.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockHash([u8; 32]);

impl BlockHash {
    /// The hash of no block: "no stop" in getheaders and getblocks.
    pub const ZERO: Self = Self([0; 32]);

    /// A hash from its bytes in wire order.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes in wire order.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this is [`BlockHash::ZERO`].
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

// The bytes are a hash already: the first eight tell any two apart in a table, and equal hashes
// have equal first bytes, as `Eq` asks.
impl Hash for BlockHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let first = self.0.first_chunk::<8>().expect("a hash has 32 bytes");
        state.write_u64(u64::from_le_bytes(*first));
    }
}

impl From<bitcoin::BlockHash> for BlockHash {
    fn from(hash: bitcoin::BlockHash) -> Self {
        Self(hash.to_byte_array())
    }
}

impl From<BlockHash> for bitcoin::BlockHash {
    fn from(hash: BlockHash) -> Self {
        Self::from_byte_array(hash.0)
    }
}

/// As Bitcoin software prints it: bytes reversed.
impl fmt::Display for BlockHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reversed = self.0;
        reversed.reverse();
        f.write_str(&const_hex::encode(reversed))
    }
}

impl fmt::Debug for BlockHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BlockHash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = bytes_of_hex(text)?;
        let mut bytes: [u8; 32] = bytes.try_into().map_err(|bytes: Vec<u8>| {
            format!("a hash has 32 bytes, got {} in {text:?}", bytes.len())
        })?;
        bytes.reverse();
        Ok(Self(bytes))
    }
}

string_schema!(
    BlockHash,
    "BlockHash",
    "A hash as Bitcoin software prints it: bytes reversed.",
    "^0x[0-9a-f]{64}$"
);

impl Serialize for BlockHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("0x{self}"))
    }
}

impl<'de> Deserialize<'de> for BlockHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_string(deserializer, "a hash as hexadecimal string", str::parse)
    }
}
