//! Tipsets: their keys, what makes them, their weight, and ties.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::tipset_sync::rules::Tie;
use crate::primitives::filecoin::consensus::weight_of;
use crate::primitives::filecoin::{
    Block, Construction, Tipset, TipsetError, TipsetKey, breaks_tie,
};
use crate::primitives::number::{Decimal, Number, decimal, number};

use super::{rules_of, usual_profile};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Blocks {
    /// Headers as they are encoded.
    blocks: Vec<Arc<Block>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    key: TipsetKey,
}

pub(super) fn tipset_key(given: &Blocks) -> Result<Key, String> {
    let tipset = Tipset::new(given.blocks.clone(), Construction::Venus);
    let tipset = tipset.map_err(|error| error.to_string())?;
    Ok(Key { key: tipset.key().clone() })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Constructed {
    rules: Construction,
    blocks: Vec<Arc<Block>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Construct {
    Built { key: TipsetKey },
    Refused { error: TipsetError },
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of all functions")]
pub(super) fn tipset_construction(given: &Constructed) -> Result<Construct, String> {
    Ok(match Tipset::new(given.blocks.clone(), given.rules) {
        Ok(tipset) => Construct::Built { key: tipset.key().clone() },
        Err(error) => Construct::Refused { error },
    })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Weights {
    #[serde(with = "decimal")]
    #[schemars(with = "Decimal")]
    parent_weight: u128,
    #[serde(with = "number")]
    #[schemars(with = "Number<u64>")]
    wins: u64,
    log2_power: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Weight {
    #[serde(with = "decimal")]
    #[schemars(with = "Decimal")]
    weight: u128,
}

pub(super) fn weight(given: &Weights) -> Result<Weight, String> {
    if given.parent_weight > u128::MAX >> 8 {
        return Err("parent_weight: at most 2^120 - 1".to_owned());
    }
    if !(1..=100).contains(&given.log2_power) {
        return Err("log2_power: between 1 and 100".to_owned());
    }
    let weight = weight_of(given.parent_weight, u128::from(given.wins), given.log2_power);
    Ok(Weight { weight })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pair {
    #[serde(default = "usual_profile")]
    profile: String,
    challenger: Vec<Arc<Block>>,
    current: Vec<Arc<Block>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wins {
    wins: bool,
}

pub(super) fn tie_break(given: &Pair) -> Result<Wins, String> {
    let rules = rules_of(&given.profile)?;
    let tipset = |name: &str, blocks: &[Arc<Block>]| {
        if blocks.iter().any(|block| block.header().ticket.is_none()) {
            return Err(format!("{name}: a block has no ticket"));
        }
        let tipset = Tipset::new(blocks.to_vec(), rules.construction);
        tipset.map_err(|error| format!("{name}: {error}"))
    };
    let challenger = tipset("challenger", &given.challenger)?;
    let current = tipset("current", &given.current)?;
    // Forest has no rule for ties in what it ships: its head stays (0.39.0 `src/chain/weight.rs`).
    Ok(Wins { wins: rules.head.tie != Tie::Keep && breaks_tie(&challenger, &current) })
}
