use std::sync::Arc;

use crate::primitives::filecoin::{BlockMessages, Cid, Tipset};

use super::message::{ChainTipset, CompactedMessages, Request, status};
use super::rules::ExchangeRules;
use super::wire;

/// The most tipsets of one request, `MaxRequestLength`.
pub(super) const REQUEST_LENGTH_MAX: u64 = 900;

/// An answer of the chain exchange.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// How it went.
    pub status: u64,
    /// Why it went wrong.
    pub error: &'static str,
    /// The tipsets, newest first.
    pub chain: Vec<Option<ChainTipset>>,
}

/// Why a tipset cannot be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// Its blocks are stored, and make no tipset.
    Broken,
    /// A block is not stored.
    Missing,
}

/// What a server reads from.
pub(super) trait Shelf {
    /// A stored tipset.
    fn tipset(&self, cids: &[Cid]) -> Result<Arc<Tipset>, Absent>;
    /// The messages of a tipset's blocks, in its order, if all are stored.
    fn messages(&self, tipset: &Tipset) -> Option<Vec<Arc<BlockMessages>>>;
}

/// Answers a request as Venus does (v1.17.0 `pkg/net/exchange/server.go`): the checks in this
/// order, then tipsets from the head back until there are enough or genesis is reached. `limit` is
/// the most tipsets of one answer.
pub(super) fn answer(
    request: &Request,
    shelf: &dyn Shelf,
    limit: Option<u64>,
    rules: &ExchangeRules,
) -> Answer {
    if let Some(error) = fault(request) {
        return Answer { status: status::BAD_REQUEST, error, chain: Vec::new() };
    }
    let failed = |status| Answer { status, error: "failed to load tipset", chain: Vec::new() };
    let mut tipset = match shelf.tipset(&request.head) {
        Ok(tipset) => tipset,
        Err(Absent::Missing) => return failed(rules.unknown_head),
        Err(Absent::Broken) => return failed(status::INTERNAL_ERROR),
    };
    let wanted = limit.map_or(request.length, |limit| request.length.min(limit.max(1)));
    let mut chain = Vec::new();
    let mut bytes = 0;
    loop {
        let Some(item) = item(&tipset, shelf, request) else {
            return failed(status::INTERNAL_ERROR);
        };
        if let Some(most) = rules.answer_bytes_max {
            bytes += wire::tipset_bytes(&item);
            if !chain.is_empty() && bytes > most {
                break;
            }
        }
        chain.push(Some(item));
        if chain.len() as u64 >= wanted || tipset.height() == 0 {
            break;
        }
        tipset = match shelf.tipset(tipset.parents()) {
            Ok(parent) => parent,
            Err(_) if rules.answers_broken_chain => break,
            Err(_) => return failed(status::INTERNAL_ERROR),
        };
    }
    let whole = chain.len() as u64 == request.length;
    Answer { status: if whole { status::OK } else { status::PARTIAL }, error: "", chain }
}

/// What is wrong with a request.
fn fault(request: &Request) -> Option<&'static str> {
    if request.options & (Request::HEADERS | Request::MESSAGES) == 0 {
        Some("no options set")
    } else if request.length > REQUEST_LENGTH_MAX {
        Some("request length over maximum allowed (900)")
    } else if request.length == 0 {
        Some("invalid request length of zero")
    } else if request.head.is_empty() {
        Some("no cids in request")
    } else {
        None
    }
}

fn item(tipset: &Tipset, shelf: &dyn Shelf, request: &Request) -> Option<ChainTipset> {
    let messages = request.options & Request::MESSAGES != 0;
    let blocks = if request.options & Request::HEADERS != 0 {
        tipset.blocks().iter().map(|block| Some(Arc::clone(block))).collect()
    } else {
        Vec::new()
    };
    let messages = if messages { Some(compact(&shelf.messages(tipset)?)) } else { None };
    Some(ChainTipset { blocks, messages })
}

/// Writes each message once, in the order in which the blocks first have them.
pub(super) fn compact(blocks: &[Arc<BlockMessages>]) -> CompactedMessages {
    let mut compacted = CompactedMessages::default();
    let (mut bls, mut secp) = (Vec::new(), Vec::new());
    for block in blocks {
        let mut includes = Vec::new();
        for message in &block.bls {
            includes.push(index_of(&mut bls, message.cid(), || {
                compacted.bls.push(Some(Arc::clone(message)));
            }));
        }
        compacted.bls_includes.push(includes);
        let mut includes = Vec::new();
        for message in &block.secp {
            includes.push(index_of(&mut secp, message.cid(), || {
                compacted.secp.push(Some(Arc::clone(message)));
            }));
        }
        compacted.secp_includes.push(includes);
    }
    compacted
}

fn index_of(known: &mut Vec<Cid>, cid: Cid, add: impl FnOnce()) -> u64 {
    let index = known.iter().position(|known| *known == cid).unwrap_or_else(|| {
        known.push(cid);
        add();
        known.len() - 1
    });
    index as u64
}
