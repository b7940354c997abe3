//! Questions to the index of blocks (btcd: `blockchain/chain.go`).

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::families::headers_first::{ChainView, Profile};
use crate::machine::Time;
use crate::world::BlockId;

use super::chains::{stored_chain, take};
use super::label::{Label, Labels};
use super::shape::{ChainShape, Shape};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RangeGiven {
    chain: ChainShape,
    /// Blocks that never were validated as part of the best chain.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    unvalidated: Labels,
    /// The height of the first block wanted.
    start: i32,
    /// The last block wanted.
    end: Label,
    /// No more than this.
    max: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IntervalGiven {
    chain: ChainShape,
    /// Blocks that never were validated as part of the best chain.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    unvalidated: Labels,
    /// The last block that counts.
    end: Label,
    /// Each block whose height is a multiple of it is wanted.
    interval: u32,
}

/// Blocks, or why there are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Range {
    Blocks { of: Labels },
    Refused { why: Why },
}

/// Why a range is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Why {
    /// The end was never validated.
    EndNotValidated,
    /// The end is not known.
    EndUnknown,
    /// The start is above the end.
    StartAboveEnd,
    /// The start is negative.
    StartBelowZero,
    /// There are more blocks than are wanted at most.
    TooMany,
}

/// The end of a range, if it is known and validated.
fn end_of(
    shape: &Shape,
    end: &Label,
    unvalidated: &Labels,
) -> Result<Result<BlockId, Why>, String> {
    for label in &unvalidated.0 {
        shape.block_of(label).map_err(|why| format!("unvalidated: {why}"))?;
    }
    if matches!(end, Label::Unknown(_)) {
        return Ok(Err(Why::EndUnknown));
    }
    let id = shape.block_of(end).map_err(|why| format!("end: {why}"))?;
    let is_validated = !unvalidated.0.contains(end);
    Ok(if is_validated { Ok(id) } else { Err(Why::EndNotValidated) })
}

/// The blocks from a height up to a block, on the block's own branch (btcd: `HeightToHashRange`).
pub(super) fn height_to_hash_range(given: &RangeGiven) -> Result<Range, String> {
    let shape = Shape::build(&given.chain)?;
    let end = match end_of(&shape, &given.end, &given.unvalidated)? {
        Ok(end) => end,
        Err(why) => return Ok(Range::Refused { why }),
    };
    let height = shape.world.height(end);
    let Ok(start) = u32::try_from(given.start) else {
        return Ok(Range::Refused { why: Why::StartBelowZero });
    };
    if start > height {
        return Ok(Range::Refused { why: Why::StartAboveEnd });
    }
    if height - start >= given.max {
        return Ok(Range::Refused { why: Why::TooMany });
    }
    Ok(Range::Blocks { of: ancestors(&shape, end, start..=height) })
}

/// Each block of a branch whose height is a multiple of the interval (btcd: `IntervalBlockHashes`).
pub(super) fn interval_block_hashes(given: &IntervalGiven) -> Result<Range, String> {
    let shape = Shape::build(&given.chain)?;
    if given.interval == 0 {
        return Err("interval: at least 1".to_owned());
    }
    let end = match end_of(&shape, &given.end, &given.unvalidated)? {
        Ok(end) => end,
        Err(why) => return Ok(Range::Refused { why }),
    };
    let count = shape.world.height(end) / given.interval;
    let heights = (1..=count).map(|index| index * given.interval);
    Ok(Range::Blocks { of: ancestors(&shape, end, heights) })
}

fn ancestors(shape: &Shape, of: BlockId, heights: impl Iterator<Item = u32>) -> Labels {
    let ancestor = |height| shape.world.ancestor(of, height).expect("at or below the block");
    heights.map(|height| shape.label(&shape.world.hash(ancestor(height)))).collect()
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TipsGiven {
    #[serde(default)]
    profile: Profile,
    /// All blocks; `tip` is that of the best chain.
    chain: ChainShape,
    /// Blocks of which only the header is there (btcd 0.26).
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    header_only: Labels,
    /// Blocks that were found to be invalid; what stands on them is so too.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    invalid: Labels,
}

/// Tips in any order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Tips(Vec<Tip>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tip {
    of: Label,
    /// Blocks since it left the best chain.
    branch_length: u32,
    status: TipStatus,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
enum TipStatus {
    /// The tip of the best chain.
    Active,
    /// It or a block below it is invalid.
    Invalid,
    /// Only its header is there.
    Unknown,
    /// Its block is there.
    ValidFork,
}

impl<'de> Deserialize<'de> for Tips {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut tips = Vec::deserialize(deserializer)?;
        tips.sort();
        Ok(Self(tips))
    }
}

/// The last blocks of all branches (btcd: `ChainTips`).
pub(super) fn chain_tips(given: &TipsGiven) -> Result<Tips, String> {
    let shape = Shape::build(&given.chain)?;
    if given.profile == Profile::Btcd025 && !given.header_only.is_empty() {
        return Err("header_only: btcd 0.25 keeps no header without its block".to_owned());
    }
    let ids = |field: &str, labels: &Labels| -> Result<BTreeSet<BlockId>, String> {
        let id = |label| shape.block_of(label).map_err(|why| format!("{field}: {why}"));
        labels.0.iter().map(id).collect()
    };
    let header_only = ids("header_only", &given.header_only)?;
    let invalid = ids("invalid", &given.invalid)?;
    let world = &shape.world;
    let height = |id| world.height(id);
    let is_best = |id| shape.height_of(&world.hash(id)).is_some();
    let best_height = shape.tip_height();
    // The parents of blocks outside of the best chain: a block of the best chain but its tip is none
    // that counts anyway.
    let outside = world.ids().filter(|id| !is_best(*id));
    let parent = |id| world.ancestor(id, height(id) - 1).expect("genesis is on the best chain");
    let parents: BTreeSet<BlockId> = outside.map(parent).collect();
    let mut tips = Vec::new();
    for id in world.ids() {
        let is_active = is_best(id) && height(id) == best_height;
        if !is_active && (is_best(id) || parents.contains(&id)) {
            continue;
        }
        let below = |height| world.ancestor(id, height).expect("at or below the block");
        let fork = (0..=height(id)).rev().find(|height| is_best(below(*height))).unwrap_or(0);
        let is_invalid = invalid.iter().any(|bad| world.ancestor(id, height(*bad)) == Some(*bad));
        let status = match () {
            () if is_active => TipStatus::Active,
            () if is_invalid => TipStatus::Invalid,
            () if header_only.contains(&id) => TipStatus::Unknown,
            () => TipStatus::ValidFork,
        };
        let of = shape.label(&world.hash(id));
        tips.push(Tip { of, branch_length: height(id) - fork, status });
    }
    tips.sort();
    Ok(Tips(tips))
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HaveGiven {
    #[serde(default)]
    profile: Profile,
    chain: ChainShape,
    /// The tip of what is stored before. Genesis, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stored: Option<Label>,
    /// Headers that came then, without their blocks (btcd 0.26).
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    headers: Labels,
    /// Blocks that came then; those without parents wait as orphans.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    blocks: Labels,
    /// The blocks that are asked about.
    of: Labels,
}

/// Those blocks that are there in any form: on the best chain, on another one, or as orphan (btcd:
/// `HaveBlock`). A header alone is no block.
pub(super) fn have_block(given: &HaveGiven) -> Result<Labels, String> {
    let shape = Shape::build(&given.chain)?;
    if given.profile == Profile::Btcd025 && !given.headers.is_empty() {
        return Err("headers: btcd 0.25 keeps no header without its block".to_owned());
    }
    let mut chain = stored_chain(&shape, given.stored.as_ref())?;
    for label in &given.headers.0 {
        let id = shape.block_of(label).map_err(|why| format!("headers: {why}"))?;
        chain
            .accept_header(&shape.world.header(id), shape.world.unix_time())
            .map_err(|fault| format!("headers: {label} is refused: {fault:?}"))?;
    }
    for label in &given.blocks.0 {
        take(&mut chain, &shape, label, Time::ZERO, &mut Vec::new())
            .map_err(|why| format!("blocks: {why}"))?;
    }
    let mut had = Labels::default();
    for label in &given.of.0 {
        if chain.has(&shape.hash(label).map_err(|why| format!("of: {why}"))?) {
            had.0.push(label.clone());
        }
    }
    Ok(had)
}
