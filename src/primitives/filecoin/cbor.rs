//! The part of DAG-CBOR that Filecoin's chain uses: arrays, integers, bytes, text, links, null.
//!
//! DIFFERENCE: written by hand instead of with `serde_ipld_dagcbor`: the types of the chain are
//! tuples with optional members and big integers as bytes, and encoding is what a world of
//! 500 000 blocks spends its time with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Cid;

/// Writes DAG-CBOR.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self { bytes: Vec::with_capacity(512) }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The head of an array of `len` items, which follow.
    pub fn array(&mut self, len: usize) {
        self.head(4, len as u64);
    }

    /// A byte string.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.head(2, bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// A text string.
    pub fn text(&mut self, text: &str) {
        self.head(3, text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// An unsigned integer.
    pub fn uint(&mut self, value: u64) {
        self.head(0, value);
    }

    /// A signed integer.
    pub fn int(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.head(0, value),
            Err(_) => self.head(1, !(value as u64)),
        }
    }

    /// Something that is encoded already.
    pub fn raw(&mut self, encoded: &[u8]) {
        self.bytes.extend_from_slice(encoded);
    }

    /// Null.
    pub fn null(&mut self) {
        self.bytes.push(0xf6);
    }

    /// A link: tag 42 over the CID with a zero byte before it.
    pub fn cid(&mut self, cid: &Cid) {
        self.head(6, 42);
        self.head(2, Cid::LENGTH as u64 + 1);
        self.bytes.push(0);
        self.bytes.extend_from_slice(&cid.to_bytes());
    }

    /// A big integer that is not negative: empty for zero, else a sign byte and the magnitude.
    pub fn bigint(&mut self, value: u128) {
        let bytes = value.to_be_bytes();
        let magnitude = &bytes[value.leading_zeros() as usize / 8..];
        if magnitude.is_empty() {
            self.bytes(&[]);
        } else {
            self.head(2, magnitude.len() as u64 + 1);
            self.bytes.push(0);
            self.bytes.extend_from_slice(magnitude);
        }
    }

    fn head(&mut self, major: u8, value: u64) {
        let major = major << 5;
        match value {
            0..=23 => self.bytes.push(major | value as u8),
            24..=0xff => self.bytes.extend([major | 24, value as u8]),
            0x100..=0xffff => {
                self.bytes.push(major | 25);
                self.bytes.extend((value as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.bytes.push(major | 26);
                self.bytes.extend((value as u32).to_be_bytes());
            }
            _ => {
                self.bytes.push(major | 27);
                self.bytes.extend(value.to_be_bytes());
            }
        }
    }
}

/// Bytes that are not the DAG-CBOR that was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CBOR, byte {at}: expected {expected}")]
pub struct CborError {
    /// Where.
    pub at: usize,
    /// What was expected there.
    pub expected: &'static str,
    /// What kind of error it is.
    pub fault: CborFault,
}

/// What is wrong with an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CborFault {
    /// A big integer has no sign byte of 0 or 1.
    BigInt,
    /// A link is no CID.
    Cid,
    /// A list is empty where one item is the least.
    Empty,
    /// A length or an integer takes more bytes than it needs.
    NotCanonical,
    /// An integer is beyond its type.
    Range,
    /// Bytes follow the end.
    Rest,
    /// A list, a string or a big integer is longer than allowed.
    TooLong,
    /// The bytes end early.
    Truncated,
    /// A list has another number of fields than its type.
    WrongLength,
    /// Something of another type stands there.
    WrongType,
}

/// Reads DAG-CBOR. Non-canonical lengths are refused.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Read<T> = Result<T, CborError>;

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Whether all bytes were read.
    ///
    /// # Errors
    /// When bytes are left.
    pub fn end(&self) -> Read<()> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(self.error("the end", CborFault::Rest))
        }
    }

    /// The head of an array; how many items follow.
    ///
    /// # Errors
    /// When something else stands here. The same holds for the methods below.
    pub fn array(&mut self) -> Read<usize> {
        self.array_of_at_most(u64::MAX)
    }

    /// The head of an array of `most` items or fewer.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn array_of_at_most(&mut self, most: u64) -> Read<usize> {
        let len = self.head(4, "an array")?;
        if len > most {
            return Err(self.error("a shorter array", CborFault::TooLong));
        }
        // Each item takes a byte at least: a longer array cannot be complete.
        if len > (self.bytes.len() - self.at) as u64 {
            return Err(self.error("an array that fits", CborFault::Truncated));
        }
        Ok(len as usize)
    }

    /// The head of an array of exactly `len` items.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn tuple(&mut self, len: usize) -> Read<()> {
        if self.array()? == len {
            Ok(())
        } else {
            Err(self.error("an array of another length", CborFault::WrongLength))
        }
    }

    /// A byte string.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn byte_string(&mut self) -> Read<&'a [u8]> {
        self.byte_string_of_at_most(u64::MAX)
    }

    /// A byte string of `most` bytes or fewer.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn byte_string_of_at_most(&mut self, most: u64) -> Read<&'a [u8]> {
        self.string(2, most, "bytes")
    }

    /// A text string of `most` bytes or fewer.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn text_of_at_most(&mut self, most: u64) -> Read<&'a str> {
        let bytes = self.string(3, most, "text")?;
        std::str::from_utf8(bytes).map_err(|_| self.error("UTF-8", CborFault::WrongType))
    }

    fn string(&mut self, major: u8, most: u64, expected: &'static str) -> Read<&'a [u8]> {
        let len = self.head(major, expected)?;
        if len > most {
            return Err(self.error("a shorter string", CborFault::TooLong));
        }
        let rest = &self.bytes[self.at..];
        let len = usize::try_from(len).ok().filter(|len| *len <= rest.len());
        let len = len.ok_or_else(|| self.error("bytes that fit", CborFault::Truncated))?;
        self.at += len;
        Ok(&rest[..len])
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn uint(&mut self) -> Read<u64> {
        self.head(0, "an unsigned integer")
    }

    /// A signed integer.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn int(&mut self) -> Read<i64> {
        let negative = self.bytes.get(self.at).is_some_and(|byte| byte >> 5 == 1);
        let magnitude = self.head(u8::from(negative), "an integer")?;
        let value = i64::try_from(magnitude)
            .map_err(|_| self.error("an integer of 64 bits", CborFault::Range))?;
        Ok(if negative { -1 - value } else { value })
    }

    /// Whether null stands here; it is read if so.
    pub fn null(&mut self) -> bool {
        let null = self.bytes.get(self.at) == Some(&0xf6);
        self.at += usize::from(null);
        null
    }

    /// A link.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn cid(&mut self) -> Read<Cid> {
        if self.head(6, "a link")? != 42 {
            return Err(self.error("tag 42", CborFault::Cid));
        }
        let bytes = self.byte_string()?;
        let cid = bytes.strip_prefix(&[0]).and_then(|bytes| Cid::from_bytes(bytes).ok());
        cid.ok_or_else(|| self.error("a CID of the chain", CborFault::Cid))
    }

    /// A big integer that is not negative and fits 128 bits.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn bigint(&mut self) -> Read<u128> {
        let bytes = self.byte_string()?;
        let value = match bytes {
            [] => Some(0),
            [0, magnitude @ ..] if magnitude.len() <= 16 && magnitude.first() != Some(&0) => {
                Some(magnitude.iter().fold(0, |value, byte| value << 8 | u128::from(*byte)))
            }
            _ => None,
        };
        value.ok_or_else(|| self.error("a big integer", CborFault::BigInt))
    }

    fn head(&mut self, major: u8, expected: &'static str) -> Read<u64> {
        let wrong = |fault| CborError { at: self.at, expected, fault };
        let first = *self.bytes.get(self.at).ok_or_else(|| wrong(CborFault::Truncated))?;
        if first >> 5 != major {
            return Err(wrong(CborFault::WrongType));
        }
        let (len, least) = match first & 31 {
            small @ 0..=23 => {
                self.at += 1;
                return Ok(u64::from(small));
            }
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(wrong(CborFault::WrongType)),
        };
        let bytes = self.bytes.get(self.at + 1..self.at + 1 + len);
        let bytes = bytes.ok_or_else(|| wrong(CborFault::Truncated))?;
        let value = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        if value < least {
            return Err(wrong(CborFault::NotCanonical));
        }
        self.at += 1 + len;
        Ok(value)
    }

    fn error(&self, expected: &'static str, fault: CborFault) -> CborError {
        CborError { at: self.at, expected, fault }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_reads_back(u: u64, i: i64, big: u128, bytes: Vec<u8>) {
            let mut writer = Writer::new();
            writer.array(6);
            writer.uint(u);
            writer.int(i);
            writer.bigint(big);
            writer.bytes(&bytes);
            writer.null();
            writer.cid(&Cid::of(&bytes));
            let encoded = writer.into_bytes();
            let mut reader = Reader::new(&encoded);
            prop_assert_eq!(reader.array().unwrap(), 6);
            prop_assert_eq!(reader.uint().unwrap(), u);
            prop_assert_eq!(reader.int().unwrap(), i);
            prop_assert_eq!(reader.bigint().unwrap(), big);
            prop_assert_eq!(reader.byte_string().unwrap(), &bytes[..]);
            prop_assert!(reader.null());
            prop_assert_eq!(reader.cid().unwrap(), Cid::of(&bytes));
            prop_assert!(reader.end().is_ok());
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            let _ = reader.array();
            let _ = reader.cid();
            let _ = reader.bigint();
            let _ = reader.int();
        }
    }
}
