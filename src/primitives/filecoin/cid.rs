use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::primitives::schema::string_schema;

/// The multicodec of DAG-CBOR.
const DAG_CBOR: u64 = 0x71;
/// The multihash code of blake2b-256.
const BLAKE2B_256: u64 = 0xb220;

/// The identifier of an object by its content: a CID of version 1 over DAG-CBOR and blake2b-256,
/// the only kind that Filecoin's chain uses. Only the hash is held.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cid([u8; 32]);

/// A text or bytes that are no CID of the chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a CID of version 1 over DAG-CBOR and blake2b-256: {0}")]
pub struct CidError(String);

impl Cid {
    /// The length of a CID in bytes.
    pub const LENGTH: usize = 38;

    /// The CID of an object's encoding.
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake2b_256(bytes))
    }

    /// The CID with this hash.
    pub const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The hash.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.0
    }

    /// The CID as bytes: version, codec, hash code and length, hash.
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..6].copy_from_slice(&[0x01, 0x71, 0xa0, 0xe4, 0x02, 0x20]);
        bytes[6..].copy_from_slice(&self.0);
        bytes
    }

    /// Reads a CID from its bytes.
    ///
    /// # Errors
    /// When they are another kind of CID or none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CidError> {
        let cid = cid::Cid::try_from(bytes).map_err(|error| CidError(error.to_string()))?;
        Self::narrow(&cid)
    }

    fn narrow(cid: &cid::Cid) -> Result<Self, CidError> {
        let right = cid.version() == cid::Version::V1
            && cid.codec() == DAG_CBOR
            && cid.hash().code() == BLAKE2B_256;
        let digest = cid.hash().digest().try_into();
        match (right, digest) {
            (true, Ok(digest)) => Ok(Self(digest)),
            _ => Err(CidError(cid.to_string())),
        }
    }

    /// The first bytes of the hash, for people.
    pub fn short(&self) -> String {
        const_hex::encode(&self.0[..4])
    }
}

/// The hash that CIDs and tickets are made of.
pub(crate) fn blake2b_256(bytes: &[u8]) -> [u8; 32] {
    let hash = blake2b_simd::Params::new().hash_length(32).hash(bytes);
    hash.as_bytes().try_into().expect("the hash has the length that was asked for")
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = cid::multihash::Multihash::wrap(BLAKE2B_256, &self.0).map_err(|_| fmt::Error)?;
        cid::Cid::new_v1(DAG_CBOR, hash).fmt(f)
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cid({})", self.short())
    }
}

impl FromStr for Cid {
    type Err = CidError;

    fn from_str(text: &str) -> Result<Self, CidError> {
        let cid = cid::Cid::try_from(text).map_err(|error| CidError(format!("{text}: {error}")))?;
        Self::narrow(&cid)
    }
}

string_schema!(Cid, "Cid", "A CID, version 1, in base 32.", "^b[a-z2-7]+$");

impl Serialize for Cid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_read_back() {
        let cid = Cid::of(b"a block");
        assert_eq!(cid.to_string().parse::<Cid>().unwrap(), cid);
        assert_eq!(Cid::from_bytes(&cid.to_bytes()).unwrap(), cid);
        assert!(cid.to_string().starts_with("bafy2bza"));
    }

    #[test]
    fn other_kinds_of_cid_are_refused() {
        let sha256 = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";
        assert!(sha256.parse::<Cid>().is_err());
        assert!("bafy".parse::<Cid>().is_err());
    }
}
