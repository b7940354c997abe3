use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::primitives::filecoin::{Block, BlockMessages, Cid, Construction, Tipset, TipsetError};

use super::message::{ChainTipset, CompactedMessages, Request, status};
use super::rules::ExchangeRules;
use super::wire;

/// The most messages of one block, `BlockMessageLimit`.
pub(super) const BLOCK_MESSAGES_MAX: usize = 10_000;

/// What a good answer brings.
#[derive(Clone, Debug, Default)]
pub struct Valid {
    /// The tipsets, newest first, if headers were asked for.
    pub tipsets: Vec<Arc<Tipset>>,
    /// For each tipset the messages of its blocks, if messages were asked for.
    pub messages: Vec<Vec<Arc<BlockMessages>>>,
}

/// Why an answer does not match its request.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error,
)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Mismatch {
    /// It has no tipset.
    #[error("no tipset in a successful answer")]
    Empty {},
    /// It starts at another tipset.
    #[error("starts at another tipset")]
    Head {},
    /// A list of indices is not as long as the tipset.
    #[error("a list of indices for each block is missing")]
    Includes {},
    /// An index is beyond the messages.
    #[error("an index is beyond the messages")]
    Index {},
    /// Its tipsets do not follow each other.
    #[error("tipsets do not follow each other")]
    Link {},
    /// It has more tipsets than were asked for.
    #[error("longer than asked")]
    Longer {},
    /// It has no messages for a tipset.
    #[error("messages are missing")]
    NoMessages {},
    /// A block is null.
    #[error("a block is null")]
    NullBlock {},
    /// A message is null.
    #[error("a message is null")]
    NullMessage {},
    /// A tipset is null.
    #[error("a tipset is null")]
    NullTipset {},
    /// Messages do not make the root that the header names.
    #[error("messages do not make the root in the header")]
    Root {},
    /// It has fewer tipsets than asked for and does not say so.
    #[error("shorter than asked, without saying so")]
    Shorter {},
    /// The status is not one of success.
    #[error("status {status}")]
    Status {
        /// The status.
        status: u64,
    },
    /// Nothing was asked for.
    #[error("nothing was asked for")]
    NoOptions {},
    /// Blocks make no tipset.
    #[error("no tipset: {error}")]
    Tipset {
        /// Why not.
        error: TipsetError,
    },
    /// A block has more messages than blocks may have.
    #[error("too many messages in a block")]
    TooManyMessages {},
    /// It is longer in a part than the client reads, or has null where the client knows none.
    #[error("not an answer that the client reads")]
    Undecodable {},
}

/// Checks an answer against its request, in the order of Venus v1.17.0
/// `pkg/net/exchange/client.go` processResponse, which is that of Lotus v1.36.0 too. `known`
/// are the tipsets whose messages alone were asked for, newest first.
///
/// # Errors
/// The first thing that does not match.
pub fn check_response(
    request: &Request,
    status: u64,
    chain: &[Option<ChainTipset>],
    known: &[Arc<Tipset>],
    construction: Construction,
    rules: &ExchangeRules,
) -> Result<Valid, Mismatch> {
    if !wire::is_readable(chain) {
        return Err(Mismatch::Undecodable {});
    }
    let partial = status == status::PARTIAL && rules.takes_partial;
    if status != status::OK && !partial {
        return Err(Mismatch::Status { status });
    }
    if request.options & (Request::HEADERS | Request::MESSAGES) == 0 {
        return Err(Mismatch::NoOptions {});
    }
    let length = chain.len() as u64;
    if length == 0 && rules.refuses_empty {
        return Err(Mismatch::Empty {});
    }
    if length > request.length {
        return Err(Mismatch::Longer {});
    }
    if length < request.length && !partial {
        return Err(Mismatch::Shorter {});
    }
    let mut valid = Valid::default();
    let with_headers = request.options & Request::HEADERS != 0;
    if with_headers {
        valid.tipsets = check_headers(request, chain, construction, rules)?;
    }
    if request.options & Request::MESSAGES != 0 {
        let tipsets = if with_headers { &valid.tipsets } else { known };
        valid.messages = check_messages(chain, tipsets, rules)?;
    }
    Ok(valid)
}

fn check_headers(
    request: &Request,
    chain: &[Option<ChainTipset>],
    construction: Construction,
    rules: &ExchangeRules,
) -> Result<Vec<Arc<Tipset>>, Mismatch> {
    let mut tipsets = Vec::with_capacity(chain.len());
    for item in chain {
        let blocks = match item {
            Some(item) => &item.blocks,
            None if rules.checks_null => return Err(Mismatch::NullTipset {}),
            None => panic!("a nil tipset was dereferenced (Lotus #13620)"),
        };
        let blocks: Option<Vec<Arc<Block>>> = blocks.iter().cloned().collect();
        let blocks = match blocks {
            Some(blocks) => blocks,
            None if rules.checks_null => return Err(Mismatch::NullBlock {}),
            None => panic!("a nil block was dereferenced (Lotus #13620)"),
        };
        if !rules.checks_null {
            let has_ticket = |block: &Arc<Block>| block.header().ticket.is_some();
            assert!(blocks.iter().all(has_ticket), "a nil ticket was dereferenced (Lotus #13620)");
        }
        let tipset = Tipset::new(blocks, construction);
        tipsets.push(Arc::new(tipset.map_err(|error| Mismatch::Tipset { error })?));
    }
    if rules.checks_head && !request.head.same_blocks(tipsets[0].key()) {
        return Err(Mismatch::Head {});
    }
    if !tipsets.windows(2).all(|pair| pair[0].is_child_of(&pair[1])) {
        return Err(Mismatch::Link {});
    }
    Ok(tipsets)
}

fn check_messages(
    chain: &[Option<ChainTipset>],
    tipsets: &[Arc<Tipset>],
    rules: &ExchangeRules,
) -> Result<Vec<Vec<Arc<BlockMessages>>>, Mismatch> {
    let mut compacted = Vec::with_capacity(chain.len());
    for item in chain {
        let item = item.as_ref().ok_or(Mismatch::NullTipset {})?;
        compacted.push(item.messages.as_ref().ok_or(Mismatch::NoMessages {})?);
    }
    if tipsets.len() < chain.len() {
        return Err(Mismatch::Longer {});
    }
    for (compacted, tipset) in compacted.iter().zip(tipsets) {
        check_indices(compacted, tipset.blocks().len(), rules)?;
    }
    let unpack = |(compacted, tipset): (&&CompactedMessages, &Arc<Tipset>)| {
        let messages = unpack(compacted)?;
        if rules.checks_roots {
            check_roots(tipset, &messages)?;
        }
        Ok(messages)
    };
    compacted.iter().zip(tipsets).map(unpack).collect()
}

fn check_indices(
    compacted: &CompactedMessages,
    blocks: usize,
    rules: &ExchangeRules,
) -> Result<(), Mismatch> {
    if compacted.bls_includes.len() != blocks || compacted.secp_includes.len() != blocks {
        return Err(Mismatch::Includes {});
    }
    for (includes, len) in [
        (&compacted.bls_includes, compacted.bls.len()),
        (&compacted.secp_includes, compacted.secp.len()),
    ] {
        let beyond = |index: &u64| {
            if rules.checks_indices {
                *index >= len as u64
            } else {
                // Lotus and Venus once compared as signed integers: 2^63 and more pass.
                *index as i64 >= len as i64
            }
        };
        if includes.iter().flatten().any(beyond) {
            return Err(Mismatch::Index {});
        }
    }
    Ok(())
}

/// Checks that messages are those that the headers name.
///
/// # Errors
/// When a root differs.
pub(super) fn check_roots(
    tipset: &Tipset,
    messages: &[Arc<BlockMessages>],
) -> Result<(), Mismatch> {
    for (block, messages) in tipset.blocks().iter().zip(messages) {
        if messages.len() > BLOCK_MESSAGES_MAX {
            return Err(Mismatch::TooManyMessages {});
        }
        let named: Cid = block.header().messages;
        if messages.root() != named {
            return Err(Mismatch::Root {});
        }
    }
    Ok(())
}

fn unpack(compacted: &CompactedMessages) -> Result<Vec<Arc<BlockMessages>>, Mismatch> {
    let mut blocks = Vec::with_capacity(compacted.bls_includes.len());
    for (bls, secp) in compacted.bls_includes.iter().zip(&compacted.secp_includes) {
        let bls = bls.iter().map(|index| compacted.bls[*index as usize].clone());
        let secp = secp.iter().map(|index| compacted.secp[*index as usize].clone());
        let (Some(bls), Some(secp)) = (bls.collect(), secp.collect()) else {
            return Err(Mismatch::NullMessage {});
        };
        blocks.push(Arc::new(BlockMessages { bls, secp }));
    }
    Ok(blocks)
}
