//! The tipset of a chain at a height.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::primitives::filecoin::{Block, Cid, Tipset, TipsetKey};

use super::{rules_of, usual_profile};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Seek {
    #[serde(default = "usual_profile")]
    profile: String,
    /// The headers that are stored, in any order.
    blocks: Vec<Arc<Block>>,
    /// Where the search starts.
    from: TipsetKey,
    height: i64,
    /// What is found at an epoch without a tipset.
    #[serde(default)]
    null_round: NullRound,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum NullRound {
    /// An error, which Forest alone can be asked for.
    Fail,
    /// The next tipset after it.
    #[default]
    Newer,
    /// The last tipset before it.
    Older,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Found {
    /// The tipset.
    Found {
        /// Its blocks.
        tipset: TipsetKey,
    },
    /// There is none.
    NotFound {
        /// Why not.
        reason: NotFound,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum NotFound {
    /// The height is beyond the start.
    AboveStart,
    /// A tipset on the way is not stored.
    Missing,
    /// The height is below 0.
    Negative,
    /// The epoch has no tipset.
    NullRound,
}

/// The search of Venus v1.17.0 (`pkg/chain/store.go` GetTipSetByHeight), Lotus v1.36.0
/// (`chain/store/store.go` GetTipsetByHeight) and Forest 0.39.0 (`src/chain/store/index.rs`
/// `tipset_by_height`). The skips of their indexes change how long it takes, not what is found.
pub(super) fn height_seek(given: &Seek) -> Result<Found, String> {
    let rules = rules_of(&given.profile)?;
    let forest = given.profile == "forest";
    if given.null_round == NullRound::Fail && !forest {
        return Err("null_round: only Forest can be asked to fail".to_owned());
    }
    let blocks: BTreeMap<Cid, &Arc<Block>> =
        given.blocks.iter().map(|block| (block.cid(), block)).collect();
    let load = |cids: &[Cid]| {
        let blocks = cids.iter().map(|cid| blocks.get(cid).map(|block| Arc::clone(block)));
        Tipset::new(blocks.collect::<Option<Vec<_>>>()?, rules.construction).ok()
    };
    let from = load(&given.from).ok_or("from: not a tipset of these blocks")?;
    if given.height < 0 {
        return Ok(Found::NotFound { reason: NotFound::Negative });
    }
    if given.height > from.height() {
        return Ok(Found::NotFound { reason: NotFound::AboveStart });
    }
    if forest && given.height == 0 {
        let genesis = given.blocks.iter().find(|block| block.height() == 0);
        let genesis = genesis.ok_or("blocks: Forest knows genesis, which has height 0")?;
        return Ok(Found::Found { tipset: TipsetKey::new(&[genesis.cid()]) });
    }
    Ok(match walk(from, given.height, given.null_round, &load) {
        Ok(tipset) => Found::Found { tipset: tipset.key().clone() },
        Err(reason) => Found::NotFound { reason },
    })
}

fn walk(
    from: Tipset,
    height: i64,
    null_round: NullRound,
    load: &dyn Fn(&[Cid]) -> Option<Tipset>,
) -> Result<Tipset, NotFound> {
    let mut at = from;
    while at.height() > height {
        let parent = load(at.parents()).filter(|parent| parent.height() < at.height());
        let parent = parent.ok_or(NotFound::Missing)?;
        if parent.height() < height {
            return match null_round {
                NullRound::Fail => Err(NotFound::NullRound),
                NullRound::Newer => Ok(at),
                NullRound::Older => Ok(parent),
            };
        }
        at = parent;
    }
    Ok(at)
}
