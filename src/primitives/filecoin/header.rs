use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::primitives::schema::string_schema;

use super::cbor::{CborError, CborFault, Reader, Writer};
use super::cid::{Cid, blake2b_256};

/// A block header in the order of its encoding, an array of 16.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// The miner's address.
    pub miner: Vec<u8>,
    /// The ticket that orders blocks; absent in nobody's valid block but genesis.
    pub ticket: Option<Ticket>,
    /// The proof that the miner won this round.
    pub election_proof: Option<ElectionProof>,
    /// Randomness: round and data.
    pub beacon_entries: Vec<(u64, Vec<u8>)>,
    /// Proofs of storage: kind and bytes.
    pub win_post_proof: Vec<(i64, Vec<u8>)>,
    /// The blocks of the parent tipset, in its order.
    pub parents: Vec<Cid>,
    /// The weight of the parent tipset.
    pub parent_weight: u128,
    /// The epoch.
    pub height: i64,
    /// The state after the parent tipset.
    pub parent_state_root: Cid,
    /// The receipts of the parent tipset's messages.
    pub parent_message_receipts: Cid,
    /// The root of this block's messages.
    pub messages: Cid,
    /// The aggregate of the BLS messages' signatures.
    pub bls_aggregate: Option<Signature>,
    /// Seconds since 1970.
    pub timestamp: u64,
    /// The miner's signature over the rest.
    pub block_sig: Option<Signature>,
    /// Not used.
    pub fork_signaling: u64,
    /// The base fee of the parent tipset.
    pub parent_base_fee: u128,
}

/// A ticket: a verifiable random value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The proof, which is the value.
    pub vrf_proof: Vec<u8>,
}

/// The proof of a won election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElectionProof {
    /// How often it was won in one round.
    pub win_count: i64,
    /// The proof.
    pub vrf_proof: Vec<u8>,
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// 1 for secp256k1, 2 for BLS, 3 for delegated.
    pub kind: u8,
    /// The signature itself.
    pub data: Vec<u8>,
}

impl BlockHeader {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        self.encode_signed(self.block_sig.as_ref())
    }

    /// What the miner signs: the encoding without the signature.
    pub fn signing_bytes(&self) -> Vec<u8> {
        self.encode_signed(None)
    }

    /// Reads a header from its encoding.
    ///
    /// # Errors
    /// When the bytes are no header.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(bytes);
        let header = Self::read(&mut reader)?;
        reader.end()?;
        Ok(header)
    }

    fn encode_signed(&self, signature: Option<&Signature>) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.array(16);
        writer.bytes(&self.miner);
        match &self.ticket {
            None => writer.null(),
            Some(ticket) => {
                writer.array(1);
                writer.bytes(&ticket.vrf_proof);
            }
        }
        match &self.election_proof {
            None => writer.null(),
            Some(proof) => {
                writer.array(2);
                writer.int(proof.win_count);
                writer.bytes(&proof.vrf_proof);
            }
        }
        writer.array(self.beacon_entries.len());
        for (round, data) in &self.beacon_entries {
            writer.array(2);
            writer.uint(*round);
            writer.bytes(data);
        }
        writer.array(self.win_post_proof.len());
        for (kind, proof) in &self.win_post_proof {
            writer.array(2);
            writer.int(*kind);
            writer.bytes(proof);
        }
        writer.array(self.parents.len());
        for parent in &self.parents {
            writer.cid(parent);
        }
        writer.bigint(self.parent_weight);
        writer.int(self.height);
        writer.cid(&self.parent_state_root);
        writer.cid(&self.parent_message_receipts);
        writer.cid(&self.messages);
        write_signature(&mut writer, self.bls_aggregate.as_ref());
        writer.uint(self.timestamp);
        write_signature(&mut writer, signature);
        writer.uint(self.fork_signaling);
        writer.bigint(self.parent_base_fee);
        writer.into_bytes()
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CborError> {
        reader.tuple(16)?;
        let miner = reader.byte_string()?.to_vec();
        let ticket = if reader.null() {
            None
        } else {
            reader.tuple(1)?;
            Some(Ticket { vrf_proof: reader.byte_string()?.to_vec() })
        };
        let election_proof = if reader.null() {
            None
        } else {
            reader.tuple(2)?;
            let win_count = reader.int()?;
            Some(ElectionProof { win_count, vrf_proof: reader.byte_string()?.to_vec() })
        };
        let mut beacon_entries = Vec::new();
        for _ in 0..reader.array()? {
            reader.tuple(2)?;
            beacon_entries.push((reader.uint()?, reader.byte_string()?.to_vec()));
        }
        let mut win_post_proof = Vec::new();
        for _ in 0..reader.array()? {
            reader.tuple(2)?;
            win_post_proof.push((reader.int()?, reader.byte_string()?.to_vec()));
        }
        let mut parents = Vec::new();
        for _ in 0..reader.array()? {
            parents.push(reader.cid()?);
        }
        Ok(Self {
            miner,
            ticket,
            election_proof,
            beacon_entries,
            win_post_proof,
            parents,
            parent_weight: reader.bigint()?,
            height: reader.int()?,
            parent_state_root: reader.cid()?,
            parent_message_receipts: reader.cid()?,
            messages: reader.cid()?,
            bls_aggregate: read_signature(reader)?,
            timestamp: reader.uint()?,
            block_sig: read_signature(reader)?,
            fork_signaling: reader.uint()?,
            parent_base_fee: reader.bigint()?,
        })
    }
}

/// Bytes without the byte of the kind, or none, where a signature must stand.
pub(super) const NO_SIGNATURE: CborError =
    CborError { at: 0, expected: "a signature", fault: CborFault::WrongType };

/// Signatures are bytes: the kind, then the data.
pub(super) fn write_signature(writer: &mut Writer, signature: Option<&Signature>) {
    match signature {
        None => writer.null(),
        Some(signature) => {
            let mut bytes = Vec::with_capacity(signature.data.len() + 1);
            bytes.push(signature.kind);
            bytes.extend_from_slice(&signature.data);
            writer.bytes(&bytes);
        }
    }
}

pub(super) fn read_signature(reader: &mut Reader<'_>) -> Result<Option<Signature>, CborError> {
    if reader.null() {
        return Ok(None);
    }
    let bytes = reader.byte_string()?;
    let signature =
        bytes.split_first().map(|(kind, data)| Signature { kind: *kind, data: data.to_vec() });
    signature.map(Some).ok_or(NO_SIGNATURE)
}

/// A header with its CID and the hash of its ticket, which are asked for all the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    header: BlockHeader,
    cid: Cid,
    ticket_digest: Option<[u8; 32]>,
}

impl Block {
    /// The block with this header.
    pub fn new(header: BlockHeader) -> Self {
        let cid = Cid::of(&header.encode());
        let ticket_digest = header.ticket.as_ref().map(|ticket| blake2b_256(&ticket.vrf_proof));
        Self { header, cid, ticket_digest }
    }

    /// The header.
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// The block's CID.
    pub fn cid(&self) -> Cid {
        self.cid
    }

    /// The hash of the ticket, by which blocks are ordered. Raw ticket bytes are not what counts
    /// (Forest #777).
    pub fn ticket_digest(&self) -> Option<&[u8; 32]> {
        self.ticket_digest.as_ref()
    }

    /// The epoch.
    pub fn height(&self) -> i64 {
        self.header.height
    }

    /// How often its miner won; 0 without a proof.
    pub fn win_count(&self) -> i64 {
        self.header.election_proof.as_ref().map_or(0, |proof| proof.win_count)
    }
}

string_schema!(Block, "BlockHeader", "The DAG-CBOR of a block header.", "^0x([0-9a-f]{2})+$");

impl Serialize for Block {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&const_hex::encode_prefixed(self.header.encode()))
    }
}

impl<'de> Deserialize<'de> for Block {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = const_hex::decode(&text).map_err(serde::de::Error::custom)?;
        BlockHeader::decode(&bytes).map(Self::new).map_err(serde::de::Error::custom)
    }
}
