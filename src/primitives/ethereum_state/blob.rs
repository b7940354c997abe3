use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::primitives::schema::string_schema;
use crate::primitives::{bytes_of_hex, from_string};

use super::Hash32;

/// Bytes with their Keccak-256, which is computed once when they come into being. Cheap to clone.
#[derive(Clone)]
pub struct Blob {
    hash: Hash32,
    bytes: Arc<[u8]>,
}

impl Blob {
    /// A blob of these bytes.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { hash: Hash32::of(&bytes), bytes }
    }

    /// The Keccak-256 of the bytes.
    pub const fn hash(&self) -> Hash32 {
        self.hash
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl PartialEq for Blob {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for Blob {}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({}, {} bytes)", self.hash.short(), self.bytes.len())
    }
}

string_schema!(Blob, "Blob", "Bytes: a trie node or code.", "^0x([0-9a-f]{2})*$");

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&const_hex::encode_prefixed(&self.bytes))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_string(deserializer, "bytes as hexadecimal string", bytes_of_hex).map(Self::new)
    }
}
