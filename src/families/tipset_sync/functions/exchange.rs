//! Both sides of the chain exchange.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::tipset_sync::message::{ChainTipset, FullBlock, Request};
use crate::families::tipset_sync::response::{Mismatch, check_response};
use crate::families::tipset_sync::server::{Absent, Shelf, answer};
use crate::families::tipset_sync::{forest, wire};
use crate::primitives::filecoin::{Block, BlockMessages, Cid, Construction, Tipset, TipsetError};
use crate::primitives::number::{Number, number};

use super::{rules_of, usual_profile};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Serve {
    #[serde(default = "usual_profile")]
    profile: String,
    request: Request,
    /// What is stored.
    stored: Vec<Vec<FullBlock>>,
    /// The most bytes of an answer, if the client has such a limit: 10 MiB, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes_max: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Served {
    /// Absent if the client cannot read the request, and answers nothing.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "number::optional")]
    #[schemars(with = "Option<Number<u64>>")]
    status: Option<u64>,
    chain: Vec<Option<ChainTipset>>,
}

pub(super) fn exchange_reply(given: &Serve) -> Result<Served, String> {
    let rules = rules_of(&given.profile)?;
    let shelf = Stored::new(&given.stored, rules.construction)?;
    let mut exchange = rules.exchange;
    if given.bytes_max.is_some() && exchange.answer_bytes_max.is_none() {
        return Err("bytes_max: only Forest has such a limit".to_owned());
    }
    exchange.answer_bytes_max = given.bytes_max.or(exchange.answer_bytes_max);
    let readable = if given.profile == "forest" {
        // The list of CIDs is one that is not empty, by its type.
        !given.request.head.is_empty()
            && wire::request_bytes(&given.request) <= forest::REQUEST_BYTES_MAX
    } else {
        given.request.head.len() <= wire::LIST_MAX
    };
    if !readable {
        return Ok(Served { status: None, chain: Vec::new() });
    }
    let answer = answer(&given.request, &shelf, None, &exchange);
    Ok(Served { status: Some(answer.status), chain: answer.chain })
}

/// What is stored, block by block: any blocks that make a tipset for the client are one.
struct Stored<'a> {
    blocks: BTreeMap<Cid, &'a FullBlock>,
    construction: Construction,
}

impl<'a> Stored<'a> {
    fn new(stored: &'a [Vec<FullBlock>], construction: Construction) -> Result<Self, String> {
        for (number, full) in stored.iter().enumerate() {
            let mut blocks = full.iter();
            if !blocks.all(|block| block.messages.root() == block.header.header().messages) {
                return Err(format!(
                    "stored[{number}]: messages do not make the root in the header"
                ));
            }
        }
        let blocks = stored.iter().flatten().map(|block| (block.header.cid(), block)).collect();
        Ok(Self { blocks, construction })
    }
}

impl Shelf for Stored<'_> {
    fn tipset(&self, cids: &[Cid]) -> Result<Arc<Tipset>, Absent> {
        let block = |cid| self.blocks.get(cid).map(|full| Arc::clone(&full.header));
        let blocks = cids.iter().map(block).collect::<Option<Vec<_>>>().ok_or(Absent::Missing)?;
        Tipset::new(blocks, self.construction).map(Arc::new).map_err(|_| Absent::Broken)
    }

    fn messages(&self, tipset: &Tipset) -> Option<Vec<Arc<BlockMessages>>> {
        let of = |cid: &Cid| self.blocks.get(cid).map(|full| Arc::clone(&full.messages));
        tipset.key().iter().map(of).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Validate {
    #[serde(default = "usual_profile")]
    profile: String,
    request: Request,
    #[serde(with = "number")]
    #[schemars(with = "Number<u64>")]
    status: u64,
    /// Why it went wrong, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    error: String,
    chain: Vec<Option<ChainTipset>>,
    /// For a request for messages alone: the tipsets, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    known: Vec<Vec<Arc<Block>>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Validated {
    /// Why it does not match; absent if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mismatch: Option<Mismatch>,
}

pub(super) fn exchange_validation(given: &Validate) -> Result<Validated, String> {
    let rules = rules_of(&given.profile)?;
    let tipset =
        |blocks: &Vec<Arc<Block>>| Tipset::new(blocks.clone(), rules.construction).map(Arc::new);
    let known: Result<Vec<_>, TipsetError> = given.known.iter().map(tipset).collect();
    let known = known.map_err(|error| format!("known: {error}"))?;
    let (request, status, chain) = (&given.request, given.status, &given.chain[..]);
    let checked = if given.profile == "forest" {
        forest::check_answer(request, status, chain, &known)?
    } else if given.error.len() > wire::LIST_MAX {
        Err(Mismatch::Undecodable {})
    } else {
        let checked =
            check_response(request, status, chain, &known, rules.construction, &rules.exchange);
        checked.map(|_| ())
    };
    Ok(Validated { mismatch: checked.err() })
}
