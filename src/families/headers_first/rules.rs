//! What a header and a block must fulfil, apart from the chain that they are put on.

use std::sync::OnceLock;

use bitcoin::block::Version;
use bitcoin::{CompactTarget, Target};

use crate::primitives::bitcoin::{Block, Header};

use super::{Fault, Network};

/// Seconds that a header's time may be ahead of the clock (btcd: `MaxTimeOffsetSeconds`).
pub(super) const MAX_AHEAD_S: u32 = 2 * 60 * 60;

/// Headers whose median time a header must be after (btcd: `medianTimeBlocks`).
pub(super) const MEDIAN_TIME_HEADERS: usize = 11;

/// Blocks from one change of the difficulty to the next.
pub(super) const RETARGET_BLOCKS: u32 = 2_016;

/// What the headers before a header say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its height.
    pub(super) height: u32,
    /// The difficulty of its parent.
    pub(super) parent_bits: CompactTarget,
    /// The median time of its parent and the ten before.
    pub(super) median_time: u32,
    /// Seconds that the interval before took, if the difficulty changes at this height.
    pub(super) interval_s: Option<i64>,
}

impl Network {
    /// The first block.
    pub fn genesis(self) -> Block {
        // Each world begins with it, and making it takes four hashes.
        static MAINNET: OnceLock<Block> = OnceLock::new();
        static REGTEST: OnceLock<Block> = OnceLock::new();
        let make = || {
            let block = bitcoin::constants::genesis_block(self.bitcoin());
            Block::new(Header::new(block.header), block.txdata)
        };
        let known = match self {
            Self::Mainnet => &MAINNET,
            Self::Regtest => &REGTEST,
        };
        known.get_or_init(make).clone()
    }

    /// Whether the difficulty changes at a height.
    pub const fn retargets_at(self, height: u32) -> bool {
        matches!(self, Self::Mainnet) && height.is_multiple_of(RETARGET_BLOCKS)
    }

    /// What a coinbase at a height may create, in satoshi.
    pub const fn subsidy(self, height: u32) -> u64 {
        let halvings = match self {
            Self::Mainnet => height / 210_000,
            Self::Regtest => height / 150,
        };
        if halvings >= 64 { 0 } else { 5_000_000_000 >> halvings }
    }

    /// Whether the coinbase at a height must begin with it (BIP 34). On our regtest always, so that
    /// an orphan tells its height.
    const fn demands_coinbase_height(self, height: u32) -> bool {
        match self {
            Self::Mainnet => height >= 227_931,
            Self::Regtest => true,
        }
    }

    /// The lowest version at a height (BIP 34, 66 and 65, by their heights in btcd's `chaincfg`).
    fn lowest_version(self, height: u32) -> Version {
        let (two, three, four) = match self {
            Self::Mainnet => (227_931, 363_725, 388_381),
            Self::Regtest => (100_000_000, 1_251, 1_351),
        };
        let version = match height {
            _ if height >= four => 4,
            _ if height >= three => 3,
            _ if height >= two => 2,
            _ => i32::MIN,
        };
        Version::from_consensus(version)
    }

    fn easiest_target(self) -> Target {
        match self {
            Self::Mainnet => Target::MAX_ATTAINABLE_MAINNET,
            Self::Regtest => Target::MAX_ATTAINABLE_REGTEST,
        }
    }

    const fn bitcoin(self) -> bitcoin::Network {
        match self {
            Self::Mainnet => bitcoin::Network::Bitcoin,
            Self::Regtest => bitcoin::Network::Regtest,
        }
    }
}

/// Checks a header by itself: its work and its time (btcd: `CheckBlockHeaderSanity`).
pub(super) fn check_header_alone(
    network: Network,
    header: &Header,
    unix_now: u32,
) -> Result<(), Fault> {
    let fields = header.fields();
    let target = fields.target();
    if target == Target::ZERO || target > network.easiest_target() {
        return Err(Fault::BadDifficulty);
    }
    // The hash is there already: to hash again would cost more than all other checks.
    if !target.is_met_by(header.hash().into()) {
        return Err(Fault::BadProofOfWork);
    }
    if fields.time > unix_now.saturating_add(MAX_AHEAD_S) {
        return Err(Fault::TimeTooNew);
    }
    Ok(())
}

/// Checks a header in its place, checkpoints aside (btcd: `CheckBlockHeaderContext`).
pub(super) fn check_header_in_place(
    network: Network,
    place: &Place,
    header: &Header,
) -> Result<(), Fault> {
    let fields = header.fields();
    if fields.bits != required_bits(network, place) {
        return Err(Fault::BadDifficulty);
    }
    if fields.time <= place.median_time {
        return Err(Fault::TimeTooOld);
    }
    if fields.version < network.lowest_version(place.height) {
        return Err(Fault::VersionTooOld);
    }
    Ok(())
}

/// Checks that a block's transactions are those of its header (btcd: `checkBlockSanity`).
///
/// Whoever relays a block can break this, so it says nothing about the header.
pub(super) fn check_block_whole(block: &Block) -> Result<(), Fault> {
    if block.transactions().is_empty() {
        return Err(Fault::NoCoinbase);
    }
    if !block.merkle_root_matches() {
        return Err(Fault::BadMerkleRoot);
    }
    Ok(())
}

/// Checks what a block's transactions must be at a height. A block that fails is invalid for good.
pub(super) fn check_block_in_place(
    network: Network,
    height: u32,
    block: &Block,
) -> Result<(), Fault> {
    let (coinbase, others) = block.transactions().split_first().ok_or(Fault::NoCoinbase)?;
    if !coinbase.is_coinbase() || others.iter().any(bitcoin::Transaction::is_coinbase) {
        return Err(Fault::NoCoinbase);
    }
    let script = coinbase.input[0].script_sig.as_bytes();
    if network.demands_coinbase_height(height) && !script.starts_with(&HeightPush::new(height)) {
        return Err(Fault::BadCoinbaseHeight);
    }
    // What the fees of a block with more transactions are is known only to who has all outputs.
    if others.is_empty() {
        let created: Option<u64> = coinbase
            .output
            .iter()
            .try_fold(0_u64, |sum, output| sum.checked_add(output.value.to_sat()));
        if created.is_none_or(|created| created > network.subsidy(height)) {
            return Err(Fault::BadCoinbaseValue);
        }
    }
    Ok(())
}

fn required_bits(network: Network, place: &Place) -> CompactTarget {
    match place.interval_s {
        None => place.parent_bits,
        Some(seconds) => CompactTarget::from_next_work_required(
            place.parent_bits,
            u64::try_from(seconds).unwrap_or(0),
            bitcoin::consensus::Params::new(network.bitcoin()),
        ),
    }
}

/// The shortest script that pushes a height, as BIP 34 demands it.
struct HeightPush {
    bytes: [u8; 6],
    len: usize,
}

impl HeightPush {
    fn new(height: u32) -> Self {
        let mut bytes = [0; 6];
        if height <= 16 {
            // OP_0, OP_1 to OP_16.
            bytes[0] = if height == 0 { 0 } else { 0x50 + height as u8 };
            return Self { bytes, len: 1 };
        }
        bytes[1..5].copy_from_slice(&height.to_le_bytes());
        // A number whose top bit is set needs one more byte for its sign.
        let len = (33 - height.leading_zeros() as usize).div_ceil(8);
        bytes[0] = len as u8;
        Self { bytes, len: len + 1 }
    }
}

impl std::ops::Deref for HeightPush {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_pushed_as_script_builders_do() {
        for height in [0, 1, 16, 17, 127, 128, 255, 256, 32_767, 32_768, 8_388_607, 8_388_608] {
            let script = bitcoin::script::Builder::new().push_int(height.into()).into_script();
            assert_eq!(*HeightPush::new(height), *script.as_bytes(), "height {height}");
        }
    }

    #[test]
    fn the_subsidy_halves_and_ends() {
        assert_eq!(Network::Regtest.subsidy(149), 5_000_000_000);
        assert_eq!(Network::Regtest.subsidy(150), 2_500_000_000);
        assert_eq!(Network::Mainnet.subsidy(210_000 * 64), 0);
    }

    #[test]
    fn genesis_is_valid_by_itself() {
        for network in [Network::Mainnet, Network::Regtest] {
            let genesis = network.genesis();
            assert_eq!(check_header_alone(network, genesis.header(), 1_300_000_000), Ok(()));
            assert_eq!(check_block_whole(&genesis), Ok(()));
        }
    }
}
