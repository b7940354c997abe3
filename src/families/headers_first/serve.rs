//! Answers to getheaders, getblocks and getdata, as btcd's `server.go` gives them.

use crate::primitives::bitcoin::{Block, BlockHash, Header};

use super::locator::{MAX_BLOCKS_PER_INV, MAX_HEADERS_PER_MESSAGE, locate};
use super::{ChainView, Inventory, InventoryKind, Message};

/// Where the one who serves has headers, blocks and transactions from.
pub trait BlockSource {
    /// A known header, on whatever branch.
    fn header(&self, hash: &BlockHash) -> Option<Header>;

    /// A stored block, on whatever branch.
    fn block(&self, hash: &BlockHash) -> Option<Block>;

    /// A transaction that can be served.
    fn transaction(&self, _id: &BlockHash) -> Option<Message> {
        None
    }
}

/// The answer to getheaders. Whoever is not `current` stays silent; whoever is answers always, with
/// an empty message if there is nothing (btcd since 2018; without it the asker stalls).
pub fn answer_get_headers<V: ChainView + BlockSource + ?Sized>(
    view: &V,
    locator: &[BlockHash],
    stop: &BlockHash,
    current: bool,
) -> Option<Message> {
    current.then(|| {
        let hashes = locate(view, locator, stop, MAX_HEADERS_PER_MESSAGE);
        Message::Headers { headers: hashes.iter().filter_map(|hash| view.header(hash)).collect() }
    })
}

/// The answer to getblocks: an inv, or silence if there is nothing after the locator.
///
/// A full answer of 500 hashes leaves its last hash in `continue_hash`; [`answer_get_data`] looks
/// there. Another answer leaves it alone.
pub fn answer_get_blocks<V: ChainView + ?Sized>(
    view: &V,
    locator: &[BlockHash],
    stop: &BlockHash,
    continue_hash: &mut Option<BlockHash>,
) -> Option<Message> {
    let hashes = locate(view, locator, stop, MAX_BLOCKS_PER_INV);
    let last = *hashes.last()?;
    if hashes.len() == MAX_BLOCKS_PER_INV as usize {
        *continue_hash = Some(last);
    }
    Some(Message::Inv { items: hashes.into_iter().map(Inventory::block).collect() })
}

/// The answers to getdata: what there is in the order asked for, then one notfound with the rest,
/// items of unknown kinds among them.
///
/// After the block in `continue_hash`, once, follows an inv with the best tip: the asker shall know
/// that there are more.
pub fn answer_get_data<V: ChainView + BlockSource + ?Sized>(
    view: &V,
    items: &[Inventory],
    continue_hash: &mut Option<BlockHash>,
) -> Vec<Message> {
    let mut answers = Vec::with_capacity(items.len());
    let mut missing = Vec::new();
    for item in items {
        match item.kind {
            InventoryKind::Block | InventoryKind::WitnessBlock => {
                let Some(block) = view.block(&item.hash) else {
                    missing.push(*item);
                    continue;
                };
                answers.push(Message::Block { block });
                if *continue_hash == Some(item.hash) {
                    *continue_hash = None;
                    let tip = view.hash_at(view.tip_height());
                    let items = tip.into_iter().map(Inventory::block).collect();
                    answers.push(Message::Inv { items });
                }
            }
            InventoryKind::Tx | InventoryKind::WitnessTx => match view.transaction(&item.hash) {
                Some(transaction) => answers.push(transaction),
                None => missing.push(*item),
            },
            InventoryKind::Unknown => missing.push(*item),
        }
    }
    if !missing.is_empty() {
        answers.push(Message::NotFound { items: missing });
    }
    answers
}
