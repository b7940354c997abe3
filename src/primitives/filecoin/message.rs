use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::primitives::schema::string_schema;

use super::cbor::{CborError, Reader, Writer};
use super::header::{NO_SIGNATURE, Signature, read_signature, write_signature};
use super::{Cid, messages_root};

/// A message whose signature is part of its block's BLS aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// 0.
    pub version: u64,
    /// The receiver's address.
    pub to: Vec<u8>,
    /// The sender's address.
    pub from: Vec<u8>,
    /// Counts the sender's messages.
    pub nonce: u64,
    /// What is transferred.
    pub value: u128,
    /// The most gas to use.
    pub gas_limit: i64,
    /// The highest price of gas.
    pub gas_fee_cap: u128,
    /// The miner's share of it.
    pub gas_premium: u128,
    /// What is called.
    pub method: u64,
    /// The call's parameters.
    pub params: Vec<u8>,
}

impl Message {
    /// The CID of the encoding.
    pub fn cid(&self) -> Cid {
        Cid::of(&self.encode())
    }

    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.write(&mut writer);
        writer.into_bytes()
    }

    fn write(&self, writer: &mut Writer) {
        writer.array(10);
        writer.uint(self.version);
        writer.bytes(&self.to);
        writer.bytes(&self.from);
        writer.uint(self.nonce);
        writer.bigint(self.value);
        writer.int(self.gas_limit);
        writer.bigint(self.gas_fee_cap);
        writer.bigint(self.gas_premium);
        writer.uint(self.method);
        writer.bytes(&self.params);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CborError> {
        reader.tuple(10)?;
        Ok(Self {
            version: reader.uint()?,
            to: reader.byte_string()?.to_vec(),
            from: reader.byte_string()?.to_vec(),
            nonce: reader.uint()?,
            value: reader.bigint()?,
            gas_limit: reader.int()?,
            gas_fee_cap: reader.bigint()?,
            gas_premium: reader.bigint()?,
            method: reader.uint()?,
            params: reader.byte_string()?.to_vec(),
        })
    }
}

/// A message with a signature of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMessage {
    /// What is signed.
    pub message: Message,
    /// The signature.
    pub signature: Signature,
}

impl SignedMessage {
    /// The CID of the encoding.
    pub fn cid(&self) -> Cid {
        Cid::of(&self.encode())
    }

    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.array(2);
        self.message.write(&mut writer);
        write_signature(&mut writer, Some(&self.signature));
        writer.into_bytes()
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CborError> {
        reader.tuple(2)?;
        let message = Message::read(reader)?;
        let signature = read_signature(reader)?;
        let signature = signature.ok_or(NO_SIGNATURE)?;
        Ok(Self { message, signature })
    }
}

/// The messages of one block, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockMessages {
    /// Those of the BLS aggregate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bls: Vec<Arc<Message>>,
    /// Those with a signature of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secp: Vec<Arc<SignedMessage>>,
}

impl BlockMessages {
    /// The root that the block's header must name.
    pub fn root(&self) -> Cid {
        let bls: Vec<Cid> = self.bls.iter().map(|message| message.cid()).collect();
        let secp: Vec<Cid> = self.secp.iter().map(|message| message.cid()).collect();
        messages_root(&bls, &secp)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bls.len() + self.secp.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn from_hex<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl Fn(&mut Reader<'_>) -> Result<T, CborError>,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = const_hex::decode(&text).map_err(serde::de::Error::custom)?;
    let mut reader = Reader::new(&bytes);
    let value = read(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(serde::de::Error::custom)
}

string_schema!(Message, "Message", "The DAG-CBOR of a message.", "^0x([0-9a-f]{2})+$");

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&const_hex::encode_prefixed(self.encode()))
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_hex(deserializer, Self::read)
    }
}

string_schema!(
    SignedMessage,
    "SignedMessage",
    "The DAG-CBOR of a message and its signature.",
    "^0x([0-9a-f]{2})+$"
);

impl Serialize for SignedMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&const_hex::encode_prefixed(self.encode()))
    }
}

impl<'de> Deserialize<'de> for SignedMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_hex(deserializer, Self::read)
    }
}
