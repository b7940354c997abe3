//! What goes over the wire, and how tipset keys are stored: bytes and their values.

use std::str::FromStr;
use std::sync::Arc;

use num_bigint::{BigInt, Sign};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::tipset_sync::forest;
use crate::families::tipset_sync::message::{ChainTipset, CompactedMessages, Request};
use crate::families::tipset_sync::response::BLOCK_MESSAGES_MAX;
use crate::families::tipset_sync::wire::{self, LIST_MAX, MESSAGES_MAX};
use crate::primitives::filecoin::cbor::{CborError, CborFault, Reader, Writer};
use crate::primitives::filecoin::{
    Block, BlockHeader, Cid, Message as ChainMessage, SignedMessage, TipsetKey,
};
use crate::primitives::number::{Number, number};

use super::{rules_of, usual_profile};

/// The most bytes of a big integer, its sign among them (go-state-types v0.16.0 `big/int.go`;
/// `fvm_shared` 4.8.4 has the same).
const BIG_INT_MAX: usize = 128;
/// The most bytes of a stored key, cbor-gen's `ByteArrayMaxLen`.
const BYTES_MAX: u64 = 2 << 20;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Coded {
    #[serde(default = "usual_profile")]
    profile: String,
    /// Bytes to read; this or `encode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decode: Option<Encoded>,
    /// A value to write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encode: Option<WireValue>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Encoded {
    /// What they shall be.
    what: Kind,
    bytes: Hex,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Coding {
    /// What was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<WireValue>,
    /// What was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<Hex>,
    /// Why neither was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<CborFault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    BigInt,
    Hello,
    Latency,
    Request,
    Response,
    /// A key as a CBOR byte string, as it is stored.
    StoredKey,
    /// A key as it is: the CIDs one after another.
    TipsetKey,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum WireValue {
    BigInt {
        value: BigText,
    },
    Hello {
        head: TipsetKey,
        height: i64,
        weight: BigText,
        genesis: Cid,
    },
    Latency {
        /// Nanoseconds.
        arrival: i64,
        /// Nanoseconds.
        sent: i64,
    },
    Request {
        request: Request,
    },
    Response {
        #[serde(with = "number")]
        #[schemars(with = "Number<u64>")]
        status: u64,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        error: String,
        chain: Vec<Option<ChainTipset>>,
    },
    StoredKey {
        key: Vec<AnyCid>,
    },
    TipsetKey {
        key: Vec<AnyCid>,
    },
}

/// Bytes in hexadecimal, which may be none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
struct Hex(#[schemars(with = "String")] Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = const_hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const_hex::decode(text).map(Self)
    }
}

impl From<Hex> for String {
    fn from(hex: Hex) -> Self {
        const_hex::encode_prefixed(hex.0)
    }
}

/// A big integer as decimal text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
struct BigText(#[schemars(with = "String")] BigInt);

impl TryFrom<String> for BigText {
    type Error = num_bigint::ParseBigIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        BigInt::from_str(&text).map(Self)
    }
}

impl From<BigText> for String {
    fn from(value: BigText) -> Self {
        value.0.to_string()
    }
}

/// A CID of whatever kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
struct AnyCid(#[schemars(with = "String")] cid::Cid);

impl TryFrom<String> for AnyCid {
    type Error = cid::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        cid::Cid::try_from(text.as_str()).map(Self)
    }
}

impl From<AnyCid> for String {
    fn from(cid: AnyCid) -> Self {
        cid.0.to_string()
    }
}

/// Venus v1.17.0 and Lotus v1.36.0 read and write by cbor-gen's code with its limits; Forest 0.39.0
/// by the types of `src/libp2p`, whose heads are lists that are not empty.
pub(super) fn codec(given: &Coded) -> Result<Coding, String> {
    rules_of(&given.profile)?;
    let codec = Codec { forest: given.profile == "forest" };
    let (value, bytes, error) = match (&given.decode, &given.encode) {
        (Some(encoded), None) => match codec.decode(encoded.what, &encoded.bytes.0) {
            Ok(value) => (Some(value), None, None),
            Err(CborFault::NotCanonical) if codec.forest => {
                return Err("decode: what Forest makes of lengths that are longer than they need \
                            be is not modelled"
                    .to_owned());
            }
            Err(fault) => (None, None, Some(fault)),
        },
        (None, Some(value)) => match codec.encode(value) {
            Ok(bytes) => (None, Some(Hex(bytes)), None),
            Err(fault) => (None, None, Some(fault)),
        },
        _ => return Err("either decode or encode".to_owned()),
    };
    Ok(Coding { value, bytes, error })
}

#[derive(Clone, Copy)]
struct Codec {
    forest: bool,
}

type Faulty<T> = Result<T, CborFault>;

impl Codec {
    fn decode(self, what: Kind, bytes: &[u8]) -> Faulty<WireValue> {
        let mut reader = Reader::new(bytes);
        Ok(match what {
            Kind::BigInt => WireValue::BigInt { value: read_big_int(&mut reader)? },
            Kind::Hello => self.read_hello(&mut reader)?,
            Kind::Latency => {
                reader.tuple(2).map_err(fault)?;
                let (arrival, sent) = (self.read_time(&mut reader)?, self.read_time(&mut reader)?);
                WireValue::Latency { arrival, sent }
            }
            Kind::Request if self.forest && bytes.len() > forest::REQUEST_BYTES_MAX => {
                return Err(CborFault::TooLong);
            }
            Kind::Request => {
                reader.tuple(3).map_err(fault)?;
                let head = self.read_head(&mut reader)?;
                let (length, options) = (reader.uint().map_err(fault)?, reader.uint());
                let options = options.map_err(fault)?;
                WireValue::Request { request: Request { head, length, options } }
            }
            Kind::Response => self.read_response(&mut reader)?,
            Kind::StoredKey => {
                let bytes = reader.byte_string_of_at_most(BYTES_MAX).map_err(fault)?;
                WireValue::StoredKey { key: self.read_key(bytes)? }
            }
            Kind::TipsetKey => WireValue::TipsetKey { key: self.read_key(bytes)? },
        })
    }

    fn encode(self, value: &WireValue) -> Faulty<Vec<u8>> {
        let mut writer = Writer::new();
        match value {
            WireValue::BigInt { value } => write_big_int(&mut writer, value)?,
            WireValue::Hello { head, height, weight, genesis } => {
                writer.array(4);
                self.write_head(&mut writer, head)?;
                writer.int(*height);
                write_big_int(&mut writer, weight)?;
                writer.cid(genesis);
            }
            WireValue::Latency { arrival, sent } => {
                if self.forest && (*arrival < 0 || *sent < 0) {
                    return Err(CborFault::Range);
                }
                writer.array(2);
                writer.int(*arrival);
                writer.int(*sent);
            }
            WireValue::Request { request } => {
                writer.array(3);
                self.write_head(&mut writer, &request.head)?;
                writer.uint(request.length);
                writer.uint(request.options);
            }
            WireValue::Response { status, error, chain } => {
                self.write_response(&mut writer, *status, error, chain)?;
            }
            WireValue::StoredKey { key } => writer.bytes(&self.write_key(key)?),
            WireValue::TipsetKey { key } => return self.write_key(key),
        }
        Ok(writer.into_bytes())
    }

    fn read_hello(self, reader: &mut Reader<'_>) -> Faulty<WireValue> {
        reader.tuple(4).map_err(fault)?;
        Ok(WireValue::Hello {
            head: self.read_head(reader)?,
            height: reader.int().map_err(fault)?,
            weight: read_big_int(reader)?,
            genesis: reader.cid().map_err(fault)?,
        })
    }

    /// Nanoseconds: signed to Venus and Lotus, unsigned to Forest.
    fn read_time(self, reader: &mut Reader<'_>) -> Faulty<i64> {
        if self.forest {
            i64::try_from(reader.uint().map_err(fault)?).map_err(|_| CborFault::Range)
        } else {
            reader.int().map_err(fault)
        }
    }

    fn read_head(self, reader: &mut Reader<'_>) -> Faulty<TipsetKey> {
        let len = self.read_list(reader)?;
        let cids = (0..len).map(|_| reader.cid().map_err(fault)).collect::<Faulty<Vec<_>>>()?;
        if self.forest && cids.is_empty() {
            return Err(CborFault::Empty);
        }
        Ok(TipsetKey::new(&cids))
    }

    fn write_head(self, writer: &mut Writer, head: &TipsetKey) -> Faulty<()> {
        if self.forest && head.is_empty() {
            return Err(CborFault::Empty);
        }
        self.write_list(writer, head.len(), LIST_MAX)?;
        head.iter().for_each(|cid| writer.cid(cid));
        Ok(())
    }

    /// The CIDs of a key. Forest cuts keys into pieces as long as a block's CID.
    fn read_key(self, bytes: &[u8]) -> Faulty<Vec<AnyCid>> {
        let read =
            |rest: &mut &[u8]| cid::Cid::read_bytes(rest).map(AnyCid).map_err(|_| CborFault::Cid);
        if self.forest {
            let cids: Vec<AnyCid> = bytes
                .chunks(Cid::LENGTH)
                .map(|mut chunk| read(&mut chunk))
                .collect::<Faulty<_>>()?;
            return if cids.is_empty() { Err(CborFault::Empty) } else { Ok(cids) };
        }
        let (mut rest, mut cids) = (bytes, Vec::new());
        while !rest.is_empty() {
            cids.push(read(&mut rest)?);
        }
        Ok(cids)
    }

    fn write_key(self, key: &[AnyCid]) -> Faulty<Vec<u8>> {
        if self.forest && key.is_empty() {
            return Err(CborFault::Empty);
        }
        Ok(key.iter().flat_map(|cid| cid.0.to_bytes()).collect())
    }

    fn read_response(self, reader: &mut Reader<'_>) -> Faulty<WireValue> {
        reader.tuple(3).map_err(fault)?;
        let status = reader.uint().map_err(fault)?;
        if self.forest && i32::try_from(status).is_err() {
            return Err(CborFault::Range);
        }
        let most = if self.forest { u64::MAX } else { LIST_MAX as u64 };
        let error = reader.text_of_at_most(most).map_err(fault)?.to_owned();
        let len = self.read_list(reader)?;
        let chain = (0..len).map(|_| self.read_nullable(reader, |r| self.read_tipset(r)));
        Ok(WireValue::Response { status, error, chain: chain.collect::<Faulty<_>>()? })
    }

    fn read_tipset(self, reader: &mut Reader<'_>) -> Faulty<ChainTipset> {
        reader.tuple(2).map_err(fault)?;
        let len = self.read_list(reader)?;
        let block = |reader: &mut Reader<'_>| {
            BlockHeader::read(reader).map(|h| Arc::new(Block::new(h))).map_err(fault)
        };
        let blocks = (0..len).map(|_| self.read_nullable(reader, block)).collect::<Faulty<_>>()?;
        let messages = if reader.null() { None } else { Some(self.read_compacted(reader)?) };
        Ok(ChainTipset { blocks, messages })
    }

    fn read_compacted(self, reader: &mut Reader<'_>) -> Faulty<CompactedMessages> {
        reader.tuple(4).map_err(fault)?;
        let bls = self.read_messages(reader, ChainMessage::read)?;
        let bls_includes = self.read_includes(reader)?;
        let secp = self.read_messages(reader, SignedMessage::read)?;
        let secp_includes = self.read_includes(reader)?;
        Ok(CompactedMessages { bls, bls_includes, secp, secp_includes })
    }

    fn read_messages<T>(
        self,
        reader: &mut Reader<'_>,
        read: impl Fn(&mut Reader<'_>) -> Result<T, CborError>,
    ) -> Faulty<Vec<Option<Arc<T>>>> {
        let len = self.read_list_of(reader, MESSAGES_MAX)?;
        let message = |reader: &mut Reader<'_>| read(reader).map(Arc::new).map_err(fault);
        (0..len).map(|_| self.read_nullable(reader, message)).collect()
    }

    fn read_includes(self, reader: &mut Reader<'_>) -> Faulty<Vec<Vec<u64>>> {
        let len = self.read_list(reader)?;
        let list = |_| {
            let len = self.read_list_of(reader, BLOCK_MESSAGES_MAX)?;
            (0..len).map(|_| reader.uint().map_err(fault)).collect()
        };
        (0..len).map(list).collect()
    }

    fn write_response(
        self,
        writer: &mut Writer,
        status: u64,
        error: &str,
        chain: &[Option<ChainTipset>],
    ) -> Faulty<()> {
        if self.forest {
            i32::try_from(status).map_err(|_| CborFault::Range)?;
            if !forest::has_no_null(chain) {
                return Err(CborFault::WrongType);
            }
        } else if error.len() > LIST_MAX || !wire::is_readable(chain) {
            return Err(CborFault::TooLong);
        }
        writer.array(3);
        writer.uint(status);
        writer.text(error);
        writer.array(chain.len());
        for item in chain {
            wire::write_tipset(writer, item.as_ref());
        }
        Ok(())
    }

    fn read_list(self, reader: &mut Reader<'_>) -> Faulty<usize> {
        self.read_list_of(reader, LIST_MAX)
    }

    /// Forest has no limit but that of the whole message.
    fn read_list_of(self, reader: &mut Reader<'_>, most: usize) -> Faulty<usize> {
        let most = if self.forest { u64::MAX } else { most as u64 };
        reader.array_of_at_most(most).map_err(fault)
    }

    fn write_list(self, writer: &mut Writer, len: usize, most: usize) -> Faulty<()> {
        if !self.forest && len > most {
            return Err(CborFault::TooLong);
        }
        writer.array(len);
        Ok(())
    }

    /// Venus and Lotus take null where a tipset, a block or a message may stand.
    fn read_nullable<T>(
        self,
        reader: &mut Reader<'_>,
        read: impl Fn(&mut Reader<'_>) -> Faulty<T>,
    ) -> Faulty<Option<T>> {
        if !self.forest && reader.null() { Ok(None) } else { read(reader).map(Some) }
    }
}

fn fault(error: CborError) -> CborFault {
    error.fault
}

fn read_big_int(reader: &mut Reader<'_>) -> Faulty<BigText> {
    match reader.byte_string_of_at_most(BIG_INT_MAX as u64).map_err(fault)? {
        [] => Ok(BigText(BigInt::default())),
        [0, magnitude @ ..] => Ok(BigText(BigInt::from_bytes_be(Sign::Plus, magnitude))),
        [1, magnitude @ ..] => Ok(BigText(BigInt::from_bytes_be(Sign::Minus, magnitude))),
        _ => Err(CborFault::BigInt),
    }
}

fn write_big_int(writer: &mut Writer, value: &BigText) -> Faulty<()> {
    let (sign, magnitude) = value.0.to_bytes_be();
    let mut bytes = match sign {
        Sign::NoSign => Vec::new(),
        Sign::Plus => vec![0],
        Sign::Minus => vec![1],
    };
    if sign != Sign::NoSign {
        bytes.extend(magnitude);
    }
    if bytes.len() > BIG_INT_MAX {
        return Err(CborFault::TooLong);
    }
    writer.bytes(&bytes);
    Ok(())
}
