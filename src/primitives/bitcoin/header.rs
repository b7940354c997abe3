use std::sync::Arc;

use bitcoin::consensus::encode;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::primitives::{bytes_of_hex, from_string, schema::string_schema};

use super::BlockHash;

/// A block header of 80 bytes with its hash. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Header(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    hash: BlockHash,
    fields: bitcoin::block::Header,
}

impl Header {
    /// A header from its fields; the hash is computed here, once.
    pub fn new(fields: bitcoin::block::Header) -> Self {
        Self(Arc::new(Inner { hash: fields.block_hash().into(), fields }))
    }

    /// A header whose hash is known already.
    pub(crate) fn with_hash(fields: bitcoin::block::Header, hash: BlockHash) -> Self {
        debug_assert_eq!(hash, fields.block_hash().into());
        Self(Arc::new(Inner { hash, fields }))
    }

    /// The double SHA-256 of the 80 bytes.
    pub fn hash(&self) -> BlockHash {
        self.0.hash
    }

    /// The hash of the header before.
    pub fn parent(&self) -> BlockHash {
        self.0.fields.prev_blockhash.into()
    }

    /// All fields.
    pub fn fields(&self) -> &bitcoin::block::Header {
        &self.0.fields
    }

    /// The 80 bytes.
    pub fn to_bytes(&self) -> [u8; 80] {
        let mut bytes = [0; 80];
        bytes.copy_from_slice(&encode::serialize(&self.0.fields));
        bytes
    }

    /// Whether the hash is within the target that the header itself names.
    pub fn meets_own_target(&self) -> bool {
        self.0.fields.validate_pow(self.0.fields.target()).is_ok()
    }
}

impl PartialEq for Header {
    fn eq(&self, other: &Self) -> bool {
        self.hash() == other.hash()
    }
}

impl Eq for Header {}

string_schema!(Header, "Header", "The 80 bytes of a header.", "^0x[0-9a-f]{160}$");

impl Serialize for Header {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&const_hex::encode_prefixed(self.to_bytes()))
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_string(deserializer, "a header as hexadecimal string", |text| {
            let bytes = bytes_of_hex(text)?;
            let fields = encode::deserialize(&bytes)
                .map_err(|_| format!("a header has 80 bytes, got {}", bytes.len()))?;
            Ok::<_, String>(Self::new(fields))
        })
    }
}
