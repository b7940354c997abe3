use std::sync::Arc;

use crate::primitives::filecoin::{BlockMessages, Cid, Tipset};

use super::message::{ChainTipset, CompactedMessages, Request, status};

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

/// What a server reads from.
pub(super) trait Shelf {
    /// A stored tipset.
    fn tipset(&self, cids: &[Cid]) -> Option<Arc<Tipset>>;
    /// The messages of a tipset's blocks, in its order, if all are stored.
    fn messages(&self, tipset: &Tipset) -> Option<Vec<Arc<BlockMessages>>>;
}

/// Answers a request as Venus does (`pkg/net/exchange/server.go`): the checks in this order, then
/// tipsets from the head back until there are enough or genesis is reached.
pub(super) fn answer(
    request: &Request,
    shelf: &dyn Shelf,
    limit: Option<u64>,
    unknown: u64,
) -> Answer {
    let bad = |error| Answer { status: status::BAD_REQUEST, error, chain: Vec::new() };
    let headers = request.options & Request::HEADERS != 0;
    let messages = request.options & Request::MESSAGES != 0;
    if !headers && !messages {
        return bad("no options set");
    }
    if request.length > REQUEST_LENGTH_MAX {
        return bad("request length over maximum allowed (900)");
    }
    if request.length == 0 {
        return bad("invalid request length of zero");
    }
    if request.head.is_empty() {
        return bad("no cids in request");
    }
    let failed = |status| Answer { status, error: "failed to load tipset", chain: Vec::new() };
    let Some(mut tipset) = shelf.tipset(&request.head) else { return failed(unknown) };
    let wanted = limit.map_or(request.length, |limit| request.length.min(limit.max(1)));
    let mut chain = Vec::new();
    loop {
        let Some(item) = item(&tipset, shelf, headers, messages) else {
            return failed(status::INTERNAL_ERROR);
        };
        chain.push(Some(item));
        if chain.len() as u64 >= wanted || tipset.height() == 0 {
            break;
        }
        let Some(parent) = shelf.tipset(tipset.parents()) else {
            return failed(status::INTERNAL_ERROR);
        };
        tipset = parent;
    }
    let whole = chain.len() as u64 == request.length;
    Answer { status: if whole { status::OK } else { status::PARTIAL }, error: "", chain }
}

fn item(tipset: &Tipset, shelf: &dyn Shelf, headers: bool, messages: bool) -> Option<ChainTipset> {
    let blocks = if headers {
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
