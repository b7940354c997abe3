//! How Forest checks an answer of the chain exchange (0.39.0).

use std::sync::Arc;

use crate::primitives::filecoin::{Block, Construction, Tipset};

use super::message::{ChainTipset, CompactedMessages, Request, status};
use super::response::{BLOCK_MESSAGES_MAX, Mismatch};

/// The most bytes of a request that Forest reads (`src/libp2p/chain_exchange/mod.rs`
/// `MAX_REQUEST_BYTES`).
pub(super) const REQUEST_BYTES_MAX: usize = 4_096;

/// How many tipsets Forest asks for with their messages at once, other than one
/// (`src/chain_sync/network_context.rs` `chain_exchange_full_tipsets`).
const FULL_TIPSETS: u64 = 16;

type Check = Result<(), Mismatch>;

/// Checks an answer as Forest does, whose functions are four: for headers; for one tipset with its
/// messages; for 16 of them; for the messages of one tipset that is `known`.
///
/// # Errors
/// A text, when Forest has no function that makes such a request.
pub(super) fn check_answer(
    request: &Request,
    status: u64,
    chain: &[Option<ChainTipset>],
    known: &[Arc<Tipset>],
) -> Result<Check, String> {
    let headers = request.options & Request::HEADERS != 0;
    let messages = request.options & Request::MESSAGES != 0;
    let check: fn(&Request, &[ChainTipset], &[Arc<Tipset>]) -> Check =
        match (headers, messages, request.length) {
            (true, false, 1..) => check_headers,
            (true, true, 1) => check_full_tipset,
            (true, true, FULL_TIPSETS) => |_, chain, _| full_tipsets(chain).map(|_| ()),
            (false, true, 1) if known.len() == 1 => check_messages,
            _ => {
                return Err(
                    "request: Forest asks for headers, for headers and messages of 1 or 16 \
                            tipsets, or for the messages of 1 tipset, which `known` has"
                        .to_owned(),
                );
            }
        };
    let Some(chain) = readable(status, chain) else { return Ok(Err(Mismatch::Undecodable {})) };
    if status != status::OK && status != status::PARTIAL {
        return Ok(Err(Mismatch::Status { status }));
    }
    Ok(check(request, &chain, known))
}

/// A status of more than 31 bits is not read, nor is null in the place of a tipset, a block or a
/// message (`src/libp2p/chain_exchange/message.rs`: the types have no room for it).
fn readable(status: u64, chain: &[Option<ChainTipset>]) -> Option<Vec<ChainTipset>> {
    i32::try_from(status).ok()?;
    has_no_null(chain).then(|| chain.iter().flatten().cloned().collect())
}

/// Whether each tipset, block and message is there.
pub(super) fn has_no_null(chain: &[Option<ChainTipset>]) -> bool {
    let whole = |item: &ChainTipset| {
        let messages = |messages: &CompactedMessages| {
            messages.bls.iter().all(Option::is_some) && messages.secp.iter().all(Option::is_some)
        };
        item.blocks.iter().all(Option::is_some) && item.messages.as_ref().is_none_or(messages)
    };
    chain.iter().all(|item| item.as_ref().is_some_and(whole))
}

fn check_headers(request: &Request, chain: &[ChainTipset], _: &[Arc<Tipset>]) -> Check {
    let tipset = |item: &ChainTipset| form(blocks_of(item));
    let tipsets: Vec<Tipset> = chain.iter().map(tipset).collect::<Result<_, _>>()?;
    check_chain(request, &tipsets)
}

fn check_full_tipset(request: &Request, chain: &[ChainTipset], _: &[Arc<Tipset>]) -> Check {
    let tipsets = full_tipsets(chain)?;
    check_chain(request, &tipsets)?;
    if tipsets.len() > 1 { Err(Mismatch::Longer {}) } else { Ok(()) }
}

fn check_messages(_: &Request, chain: &[ChainTipset], known: &[Arc<Tipset>]) -> Check {
    match chain {
        [] => Err(Mismatch::Empty {}),
        [item] => full_tipset(known[0].blocks().to_vec(), item.messages.as_ref()).map(|_| ()),
        _ => Err(Mismatch::Longer {}),
    }
}

/// `validate_network_tipsets`: the first tipset is the one that was asked for, each of the others
/// is what the one before names as its parents. Keys are compared in order, heights are not.
fn check_chain(request: &Request, tipsets: &[Tipset]) -> Check {
    let first = tipsets.first().ok_or(Mismatch::Empty {})?;
    if *first.key() != request.head {
        return Err(Mismatch::Head {});
    }
    let linked = |pair: &[Tipset]| pair[0].parents() == &pair[1].key()[..];
    if tipsets.windows(2).all(linked) { Ok(()) } else { Err(Mismatch::Link {}) }
}

fn full_tipsets(chain: &[ChainTipset]) -> Result<Vec<Tipset>, Mismatch> {
    chain.iter().map(|item| full_tipset(blocks_of(item), item.messages.as_ref())).collect()
}

/// `fts_from_bundle_parts`. The messages are held against the roots later, when they are stored.
fn full_tipset(
    blocks: Vec<Arc<Block>>,
    messages: Option<&CompactedMessages>,
) -> Result<Tipset, Mismatch> {
    let messages = messages.ok_or(Mismatch::NoMessages {})?;
    let (bls, secp) = (&messages.bls_includes, &messages.secp_includes);
    if bls.len() != blocks.len() || secp.len() != blocks.len() {
        return Err(Mismatch::Includes {});
    }
    for (bls, secp) in bls.iter().zip(secp) {
        if bls.len() + secp.len() > BLOCK_MESSAGES_MAX {
            return Err(Mismatch::TooManyMessages {});
        }
        let within = |list: &[u64], len: usize| list.iter().all(|index| *index < len as u64);
        if !within(bls, messages.bls.len()) || !within(secp, messages.secp.len()) {
            return Err(Mismatch::Index {});
        }
    }
    form(blocks)
}

fn blocks_of(item: &ChainTipset) -> Vec<Arc<Block>> {
    item.blocks.iter().flatten().cloned().collect()
}

fn form(blocks: Vec<Arc<Block>>) -> Result<Tipset, Mismatch> {
    Tipset::new(blocks, Construction::Forest).map_err(|error| Mismatch::Tipset { error })
}
