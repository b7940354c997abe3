//! What one who syncs makes of headers and blocks.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::headers_first::chain::{BlockOutcome, Chain};
use crate::families::headers_first::{Fault, Network};
use crate::machine::{Millis, Time};
use crate::primitives::bitcoin::{Block, BlockHash};

use super::label::{Label, Labels};
use super::shape::{ChainShape, Shape};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ForkGiven {
    chain: ChainShape,
    a: Label,
    b: Label,
}

pub(super) fn fork_point(given: &ForkGiven) -> Result<Label, String> {
    let shape = Shape::build(&given.chain)?;
    let mut chain = empty_chain(&shape);
    for label in [&given.a, &given.b] {
        let tip = shape.block_of(label)?;
        for height in 1..=shape.world.height(tip) {
            let id = shape.world.ancestor(tip, height).expect("below the tip");
            chain
                .accept_header(&shape.world.header(id), shape.world.unix_time())
                .map_err(|fault| format!("the header of {label} is refused: {fault:?}"))?;
        }
    }
    let node = |label: &Label| {
        let hash = shape.hash(label)?;
        chain.find(&hash).ok_or_else(|| format!("{label} is not there"))
    };
    Ok(shape.label(&chain.hash(chain.fork(node(&given.a)?, node(&given.b)?))))
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadersGiven {
    chain: ChainShape,
    /// The tip of what is stored before: headers and blocks. Genesis, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stored: Option<Label>,
    /// The headers that come, in this order.
    headers: Labels,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadersOutcome {
    /// Headers that are new and right.
    accepted: Labels,
    /// Headers that were there before.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    known: Labels,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Refused>,
    /// The tip of the chain of headers with the most work; of equal ones the first.
    best: Label,
}

/// Something that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Refused {
    of: Label,
    fault: Fault,
}

pub(super) fn header_acceptance(given: &HeadersGiven) -> Result<HeadersOutcome, String> {
    let shape = Shape::build(&given.chain)?;
    let mut chain = stored_chain(&shape, given.stored.as_ref())?;
    let (mut accepted, mut known) = (Labels::default(), Labels::default());
    let mut refused = Vec::new();
    for label in &given.headers.0 {
        let header = shape.world.header(shape.block_of(label)?);
        match chain.accept_header(&header, shape.world.unix_time()) {
            Ok((_, true)) => accepted.0.push(label.clone()),
            Ok((_, false)) => known.0.push(label.clone()),
            Err(fault) => refused.push(Refused { of: label.clone(), fault }),
        }
    }
    let best = shape.label(&chain.hash(chain.best_header()));
    Ok(HeadersOutcome { accepted, known, refused, best })
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BlocksGiven {
    chain: ChainShape,
    /// The tip of what is stored before. Genesis, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stored: Option<Label>,
    /// The blocks that come, in this order.
    blocks: Labels,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TipOutcome {
    tip: Label,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Refused>,
}

pub(super) fn best_tip(given: &BlocksGiven) -> Result<TipOutcome, String> {
    let shape = Shape::build(&given.chain)?;
    let mut chain = stored_chain(&shape, given.stored.as_ref())?;
    let mut refused = Vec::new();
    for label in &given.blocks.0 {
        take(&mut chain, &shape, label, Time::ZERO, &mut refused)?;
    }
    Ok(TipOutcome { tip: shape.label(&chain.hash(chain.tip())), refused })
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrphansGiven {
    chain: ChainShape,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stored: Option<Label>,
    /// How many orphans are kept at most; 100, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    /// The blocks that come, by rising time.
    blocks: Vec<Arrival>,
    /// An orphan whose root is asked for at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root_of: Option<Label>,
}

/// Blocks that come at one time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arrival {
    #[serde(default)]
    at_ms: Millis,
    of: Labels,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrphansOutcome {
    /// The orphans in the order in which they came.
    kept: Labels,
    tip: Label,
    /// The orphan that the chain of orphans up to `root_of` begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root: Option<Label>,
}

pub(super) fn orphans(given: &OrphansGiven) -> Result<OrphansOutcome, String> {
    let shape = Shape::build(&given.chain)?;
    let mut chain = stored_chain(&shape, given.stored.as_ref())?;
    if let Some(limit) = given.limit {
        chain.orphan_limit = limit as usize;
    }
    let mut came: Vec<&Label> = Vec::new();
    for arrival in &given.blocks {
        for label in &arrival.of.0 {
            let now = Time::from_millis(arrival.at_ms);
            take(&mut chain, &shape, label, now, &mut Vec::new())?;
            came.retain(|earlier| *earlier != label);
            came.push(label);
        }
    }
    let mut kept = Labels::default();
    for label in came {
        if chain.is_orphan(&shape.hash(label)?) {
            kept.0.push(label.clone());
        }
    }
    let root = match &given.root_of {
        None => None,
        Some(label) => Some(shape.label(&chain.orphan_root(&shape.hash(label)?))),
    };
    Ok(OrphansOutcome { kept, tip: shape.label(&chain.hash(chain.tip())), root })
}

fn empty_chain(shape: &Shape) -> Chain {
    Chain::new(Network::Regtest, shape.world.checkpoints())
}

pub(super) fn stored_chain(shape: &Shape, stored: Option<&Label>) -> Result<Chain, String> {
    let mut chain = empty_chain(shape);
    if let Some(label) = stored {
        let tip = shape.block_of(label)?;
        if !shape.world.is_valid(tip) || !shape.world.keeps_checkpoints(tip) {
            return Err(format!("stored: {label} is not on a valid chain"));
        }
        for height in 1..=shape.world.height(tip) {
            let id = shape.world.ancestor(tip, height).expect("below the tip");
            chain.restore(&shape.world.block(id));
        }
    }
    Ok(chain)
}

/// Gives a block to the chain, and then the orphans that waited for it.
pub(super) fn take(
    chain: &mut Chain,
    shape: &Shape,
    label: &Label,
    now: Time,
    refused: &mut Vec<Refused>,
) -> Result<(), String> {
    let block = shape.world.block(shape.block_of(label)?);
    let mut parents = VecDeque::new();
    let mut give = |chain: &mut Chain, block: &Block, parents: &mut VecDeque<BlockHash>| match chain
        .accept_block(block, now, shape.world.unix_time())
    {
        BlockOutcome::Orphan { .. } => {}
        BlockOutcome::Rejected(fault) => {
            refused.push(Refused { of: shape.label(&block.hash()), fault });
        }
        BlockOutcome::Stored { .. } => parents.push_back(block.hash()),
    };
    give(chain, &block, &mut parents);
    while let Some(parent) = parents.pop_front() {
        while let Some(orphan) = chain.take_orphan_of(&parent) {
            give(chain, &orphan, &mut parents);
        }
    }
    Ok(())
}
