//! What an answer of the chain exchange says of a tipset, held against the world.

use std::sync::Arc;

use crate::families::tipset_sync::message::{ChainTipset, CompactedMessages, Request};
use crate::families::tipset_sync::world::World;
use crate::primitives::filecoin::{Block, BlockMessages, Cid, Tipset};

/// Whether a part of an answer is this tipset, with what was asked for: its blocks in whatever
/// order, and the messages of each block in the tipset's order.
pub(super) fn is_part(world: &World, tipset: &Tipset, options: u64, part: &ChainTipset) -> bool {
    let headers = options & Request::HEADERS == 0 || {
        let cid = |block: &Option<Arc<Block>>| block.as_ref().map(|block| block.cid());
        let cids: Option<Vec<Cid>> = part.blocks.iter().map(cid).collect();
        cids.is_some_and(|cids| tipset.key().same_blocks(&cids))
    };
    let messages = options & Request::MESSAGES == 0
        || part.messages.as_ref().and_then(unfold) == Some(world.tree.messages(tipset));
    headers && messages
}

/// Whether the messages stand once each, in the order in which the blocks first have them.
pub(super) fn is_compact(messages: &CompactedMessages) -> bool {
    let in_order = |includes: &[Vec<u64>], count: usize| {
        let mut next = 0;
        for &index in includes.iter().flatten() {
            if index > next {
                return false;
            }
            next += u64::from(index == next);
        }
        next == count as u64
    };
    in_order(&messages.bls_includes, messages.bls.len())
        && in_order(&messages.secp_includes, messages.secp.len())
}

/// The messages of each block; `None` if an index or a message is missing.
fn unfold(messages: &CompactedMessages) -> Option<Vec<Arc<BlockMessages>>> {
    if messages.bls_includes.len() != messages.secp_includes.len() {
        return None;
    }
    let pairs = messages.bls_includes.iter().zip(&messages.secp_includes);
    pairs
        .map(|(bls, secp)| {
            let bls = bls.iter().map(|index| pick(&messages.bls, *index)).collect::<Option<_>>()?;
            let secp =
                secp.iter().map(|index| pick(&messages.secp, *index)).collect::<Option<_>>()?;
            Some(Arc::new(BlockMessages { bls, secp }))
        })
        .collect()
}

fn pick<T: Clone>(list: &[Option<T>], index: u64) -> Option<T> {
    list.get(usize::try_from(index).ok()?)?.clone()
}
