use alloy_rlp::{Decodable, Encodable, Header as RlpHeader};

use super::{EMPTY_ROOT, Hash32};

/// A block header, as far as it matters to the sync of states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The hash of the header before.
    pub parent: Hash32,
    /// The root of the state after this block.
    pub state_root: Hash32,
    /// How many blocks came before.
    pub number: u64,
}

impl Header {
    /// The Keccak-256 of a list of no uncles: what most headers have for their uncles.
    const NO_UNCLES: [u8; 32] = [
        0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a, 0xab, 0x85, 0xb5, 0x67, 0xb6, 0xcc, 0xd4,
        0x1a, 0xd3, 0x12, 0x45, 0x1b, 0x94, 0x8a, 0x74, 0x13, 0xf0, 0xa1, 0x42, 0xfd, 0x40, 0xd4,
        0x93, 0x47,
    ];

    /// The RLP of the header; the fields that do not matter are those of an empty block.
    pub fn encode(&self) -> Vec<u8> {
        let (difficulty, gas_limit, gas_used) = (131_072_u64, 30_000_000_u64, 0_u64);
        let time = self.number * 12;
        let mut payload = Vec::with_capacity(512);
        self.parent.as_bytes().encode(&mut payload);
        Self::NO_UNCLES.encode(&mut payload);
        [0_u8; 20].encode(&mut payload);
        self.state_root.as_bytes().encode(&mut payload);
        EMPTY_ROOT.as_bytes().encode(&mut payload);
        EMPTY_ROOT.as_bytes().encode(&mut payload);
        [0_u8; 256].encode(&mut payload);
        for number in [difficulty, self.number, gas_limit, gas_used, time] {
            number.encode(&mut payload);
        }
        [0_u8; 0].encode(&mut payload);
        [0_u8; 32].encode(&mut payload);
        [0_u8; 8].encode(&mut payload);
        let mut out = Vec::with_capacity(payload.len() + 3);
        RlpHeader { list: true, payload_length: payload.len() }.encode(&mut out);
        out.append(&mut payload);
        out
    }

    /// Reads the RLP of a header of any fork.
    ///
    /// # Errors
    /// When the bytes are no header.
    pub fn decode(mut bytes: &[u8]) -> Result<Self, alloy_rlp::Error> {
        let mut payload = RlpHeader::decode_bytes(&mut bytes, true)?;
        let parent = <[u8; 32]>::decode(&mut payload)?;
        let _uncles = <[u8; 32]>::decode(&mut payload)?;
        let _miner = <[u8; 20]>::decode(&mut payload)?;
        let state_root = <[u8; 32]>::decode(&mut payload)?;
        let _transactions = <[u8; 32]>::decode(&mut payload)?;
        let _receipts = <[u8; 32]>::decode(&mut payload)?;
        let _bloom = RlpHeader::decode_bytes(&mut payload, false)?;
        let _difficulty = RlpHeader::decode_bytes(&mut payload, false)?;
        let number = u64::decode(&mut payload)?;
        let (parent, state_root) = (Hash32::from_bytes(parent), Hash32::from_bytes(state_root));
        Ok(Self { parent, state_root, number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_back() {
        let header = Header { parent: Hash32::of(&[1]), state_root: Hash32::of(&[2]), number: 77 };
        assert_eq!(Header::decode(&header.encode()), Ok(header));
        assert_eq!(Header::NO_UNCLES, *Hash32::of(&[0xc0]).as_bytes());
    }
}
