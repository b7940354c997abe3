//! Locators: the short list of hashes by which a peer finds the last block in common.

use crate::primitives::bitcoin::BlockHash;

/// The most headers in one message (wire: `MaxBlockHeadersPerMsg`).
pub const MAX_HEADERS_PER_MESSAGE: u32 = 2_000;

/// The most hashes in an answer to getblocks (wire: `MaxBlocksPerMsg`).
pub const MAX_BLOCKS_PER_INV: u32 = 500;

/// The most items in inv, getdata and notfound (wire: `MaxInvPerMsg`).
pub const MAX_INVENTORY_PER_MESSAGE: u32 = 50_000;

/// The most hashes in a locator that btcd reads (wire: `MaxBlockLocatorsPerMsg`).
pub const MAX_LOCATOR_HASHES: u32 = 500;

/// The most hashes in a locator that Bitcoin Core reads (`MAX_LOCATOR_SZ`); a longer one costs the
/// sender its connection.
pub const MAX_LOCATOR_HASHES_CORE: u32 = 101;

/// What locators and serving need of a best chain.
pub trait ChainView {
    /// The height of the best chain's tip.
    fn tip_height(&self) -> u32;

    /// The block of the best chain at this height.
    fn hash_at(&self, height: u32) -> Option<BlockHash>;

    /// The height of a block, only if it is on the best chain.
    fn height_of(&self, hash: &BlockHash) -> Option<u32>;

    /// The ancestor at `height` of any known block, on that block's own branch. A block is its own
    /// ancestor.
    fn ancestor(&self, hash: &BlockHash, height: u32) -> Option<BlockHash>;

    /// The height of any known block, on whatever branch.
    fn known_height(&self, hash: &BlockHash) -> Option<u32>;
}

/// The locator of a known block on whatever branch; that of the best tip for an unknown block
/// (btcd, `blockchain/chain.go`, `BlockLocatorFromHash`).
pub fn locator_of<V: ChainView + ?Sized>(view: &V, hash: &BlockHash) -> Vec<BlockHash> {
    let Some(height) = view.known_height(hash) else {
        return latest_locator(view);
    };
    if view.height_of(hash).is_some() {
        return heights(height).filter_map(|height| view.hash_at(height)).collect();
    }
    heights(height).filter_map(|height| view.ancestor(hash, height)).collect()
}

/// The locator of the best chain's tip.
pub fn latest_locator<V: ChainView + ?Sized>(view: &V) -> Vec<BlockHash> {
    heights(view.tip_height()).filter_map(|height| view.hash_at(height)).collect()
}

/// The blocks of the best chain after the first locator hash that is on it, up to `stop` or `max`
/// of them, oldest first (btcd, `blockchain/chain.go`, `locateInventory`):
///
/// * an empty locator asks for the block `stop` alone, from any branch;
/// * a locator without a hash of the best chain starts after genesis;
/// * `stop` counts only if it is on the best chain and not before the first result; it is the last
///   one then.
pub fn locate<V: ChainView + ?Sized>(
    view: &V,
    locator: &[BlockHash],
    stop: &BlockHash,
    max: u32,
) -> Vec<BlockHash> {
    if locator.is_empty() {
        return view.known_height(stop).map(|_| *stop).into_iter().collect();
    }
    let common = locator.iter().find_map(|hash| view.height_of(hash)).unwrap_or(0);
    let first = common + 1;
    let last = match view.height_of(stop) {
        Some(height) if height >= first => height,
        _ => view.tip_height(),
    };
    let end = last.saturating_add(1).min(first.saturating_add(max));
    (first..end).filter_map(|height| view.hash_at(height)).collect()
}

/// The heights in the locator of a block at `tip`, from the top down to genesis: single steps for
/// the first eleven, then each step twice the one before (btcd, `blockchain/chainview.go`).
fn heights(tip: u32) -> impl Iterator<Item = u32> {
    let mut step = 1_u32;
    let mut taken = 0;
    std::iter::successors(Some(tip), move |&height| {
        taken += 1;
        let below = height.checked_sub(1)?.saturating_sub(step - 1);
        if taken > 10 {
            step = step.saturating_mul(2);
        }
        Some(below)
    })
}
