use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::primitives::{bytes_of_hex, from_string, schema::string_schema};

use super::Hash32;

/// Bytes with their Keccak-256, which is computed once when they come into being. Cheap to clone.
#[derive(Clone)]
pub struct Blob {
    hash: Hash32,
    /// Its bytes, and those of others beside it.
    shared: Arc<[u8]>,
    start: u32,
    end: u32,
}

impl Blob {
    /// A blob of these bytes.
    ///
    /// # Panics
    /// When they are 4 GiB or more.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let shared = bytes.into();
        let end = u32::try_from(shared.len()).expect("a blob has less than 4 GiB");
        Self { hash: Hash32::of(&shared), shared, start: 0, end }
    }

    /// Puts the bytes of many blobs side by side. They take less memory so, and whoever clones one
    /// after the other writes to one count of references, which is in the cache.
    pub fn pack<'a>(blobs: impl Iterator<Item = &'a mut Self>) {
        const TOGETHER: usize = 1_024;
        let mut blobs: Vec<&mut Self> = blobs.collect();
        for part in blobs.chunks_mut(TOGETHER) {
            let bytes: Vec<&[u8]> = part.iter().map(|blob| blob.bytes()).collect();
            let bytes = bytes.concat();
            if u32::try_from(bytes.len()).is_err() {
                continue;
            }
            let shared: Arc<[u8]> = bytes.into();
            let mut start = 0;
            for blob in part {
                let end = start + (blob.end - blob.start);
                (blob.shared, blob.start, blob.end) = (shared.clone(), start, end);
                start = end;
            }
        }
    }

    /// The Keccak-256 of the bytes.
    pub const fn hash(&self) -> Hash32 {
        self.hash
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.shared[self.start as usize..self.end as usize]
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
        write!(f, "Blob({}, {} bytes)", self.hash.short(), self.bytes().len())
    }
}

string_schema!(Blob, "Blob", "Bytes.", "^0x([0-9a-f]{2})*$");

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&const_hex::encode_prefixed(self.bytes()))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_string(deserializer, "bytes as hexadecimal string", bytes_of_hex).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_blobs_keep_their_bytes() {
        let blob = |index: u32| Blob::new(index.to_be_bytes()[index as usize % 5..].to_vec());
        let before: Vec<Blob> = (0..2_500).map(blob).collect();
        let mut after = before.clone();
        Blob::pack(after.iter_mut());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((before.hash(), before.bytes()), (after.hash(), after.bytes()));
        }
    }
}
