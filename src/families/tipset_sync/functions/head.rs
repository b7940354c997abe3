//! The head, when blocks of an epoch were validated: also when one of its miners turns out to have
//! two.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::tipset_sync::rules::Rules;
use crate::families::tipset_sync::store::{ChainStore, by_parents};
use crate::primitives::filecoin::consensus::Network;
use crate::primitives::filecoin::{Block, Construction, Tipset, TipsetKey, breaks_tie};

use super::{rules_of, usual_profile};

/// How far above and below the head another one is looked for.
const SEARCH: i64 = 5;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    #[serde(default = "usual_profile")]
    profile: String,
    #[serde(default)]
    network: Network,
    /// All headers of all chains, genesis among them, in any order.
    blocks: Vec<Arc<Block>>,
    /// The blocks that passed all checks: those of the head and others.
    valid: Vec<TipsetKey>,
    head: TipsetKey,
    /// The height at which blocks were validated.
    height: i64,
    /// Genesis, if absent.
    #[serde(default)]
    checkpoint: Option<TipsetKey>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Refreshed {
    head: TipsetKey,
}

pub(super) fn head_refresh(given: &Refresh) -> Result<Refreshed, String> {
    let rules = match given.profile.as_str() {
        "forest" => return Err("profile: Forest forms no heads of single blocks".to_owned()),
        other => rules_of(other)?,
    };
    let mut store = store_of(&given.blocks, given.network, &rules)?;
    let is_valid = |block: &&Arc<Block>| given.valid.iter().any(|k| k.contains(&block.cid()));
    let valid: Vec<Arc<Block>> = given.blocks.iter().filter(is_valid).cloned().collect();
    valid.iter().for_each(|block| store.add_valid_block(block));
    let head = chain_of(&store, "head", &given.head)?;
    let checkpoint = match &given.checkpoint {
        Some(key) => chain_of(&store, "checkpoint", key)?,
        None => Arc::clone(store.checkpoint()),
    };
    store.start_at(&head, checkpoint);
    if given.profile == "filecoin" {
        store.refresh(given.height);
        return Ok(Refreshed { head: store.head().key().clone() });
    }
    let heads = Heads {
        store: &store,
        valid: &valid,
        construction: rules.construction,
        network: given.network,
        measures_old_head: given.profile == "venus",
    };
    heads.refresh(&head, given.height).map(|head| Refreshed { head: head.key().clone() })
}

/// A store with all headers.
pub(super) fn store_of(
    blocks: &[Arc<Block>],
    network: Network,
    rules: &Rules,
) -> Result<ChainStore, String> {
    let genesis = blocks.iter().find(|block| block.height() == 0);
    let mut store = ChainStore::of_genesis(genesis.ok_or("no block of height 0")?, network, rules);
    blocks.iter().for_each(|block| store.put_header(block));
    Ok(store)
}

/// A tipset whose chain is there.
pub(super) fn chain_of(
    store: &ChainStore,
    name: &str,
    key: &TipsetKey,
) -> Result<Arc<Tipset>, String> {
    let tipset = store.tipset(key).ok_or_else(|| format!("{name}: not of these blocks"))?;
    if store.leads_to_genesis(&tipset) {
        Ok(tipset)
    } else {
        Err(format!("{name}: a block of its chain is missing"))
    }
}

/// How many tipsets of our chain Venus and Lotus leave at most, and whether a checkpoint: Venus
/// v1.17.0 `pkg/chain/store.go`, Lotus v1.36.0 `chain/store/store.go` exceedsForkLength.
pub(super) fn exceeds_fork_length(
    store: &ChainStore,
    network: Network,
    ours: &Arc<Tipset>,
    theirs: &Arc<Tipset>,
) -> bool {
    let (mut ours, mut theirs) = (Arc::clone(ours), Arc::clone(theirs));
    for _ in 0..network.finality {
        while theirs.height() > ours.height() {
            match store.parent(&theirs) {
                Some(parent) => theirs = parent,
                None => return true,
            }
        }
        if ours.key() == theirs.key() {
            return false;
        }
        if ours.key() == store.checkpoint().key() {
            return true;
        }
        match store.parent(&ours) {
            Some(parent) => ours = parent,
            None => return true,
        }
    }
    true
}

/// RefreshHeaviestTipSet of Venus v1.17.0 and Lotus v1.36.0.
struct Heads<'a> {
    store: &'a ChainStore,
    valid: &'a [Arc<Block>],
    construction: Construction,
    network: Network,
    measures_old_head: bool,
}

impl Heads<'_> {
    fn refresh(&self, head: &Arc<Tipset>, height: i64) -> Result<Arc<Tipset>, String> {
        let mut best = self.heaviest_at(head.height())?;
        let shrank = best.as_ref().is_none_or(|best| self.weight(best) < self.weight(head));
        if shrank {
            let lowest = head.height().saturating_sub(SEARCH - 1);
            for near in (lowest..=head.height().saturating_add(SEARCH)).rev() {
                let other = self.heaviest_at(near)?;
                if self.weight_or_zero(other.as_ref()) > self.weight_or_zero(best.as_ref()) {
                    best = other;
                }
            }
        }
        // Such a head is taken at once, whatever the fork.
        let taken = best.clone().unwrap_or_else(|| Arc::clone(head));
        let current = if shrank { Arc::clone(&taken) } else { Arc::clone(head) };
        let mut next = taken;
        if height != next.height() {
            // Without a head that can be formed anything is heavy enough.
            let to_beat = self.weight_or_zero(best.as_ref());
            match self.heaviest_at(height)? {
                Some(other) => {
                    let weight = self.weight(&other);
                    if weight > to_beat || (weight == to_beat && breaks_tie(&other, &next)) {
                        next = other;
                    }
                }
                None if best.is_none() => {
                    return Err("no head can be formed at any of these heights; Venus and Lotus \
                                have no answer"
                        .to_owned());
                }
                None => {}
            }
        }
        // Venus measures the fork from the head as it was, Lotus from the one just taken.
        let from = if self.measures_old_head { head } else { &current };
        if next.key() == current.key() || exceeds_fork_length(self.store, self.network, from, &next)
        {
            return Ok(current);
        }
        Ok(next)
    }

    /// FormHeaviestTipSetForHeight: miners with two blocks are left out.
    fn heaviest_at(&self, height: i64) -> Result<Option<Arc<Tipset>>, String> {
        let at = |block: &&Arc<Block>| block.height() == height;
        let blocks: Vec<&Arc<Block>> = self.valid.iter().filter(at).collect();
        let alone = |block: &&&Arc<Block>| {
            let same = |other: &&&Arc<Block>| other.header().miner == block.header().miner;
            blocks.iter().filter(same).count() == 1
        };
        let mut best: Option<Arc<Tipset>> = None;
        for group in by_parents(blocks.iter().filter(alone).copied()) {
            let tipset = Tipset::new(group, self.construction);
            let tipset = Arc::new(tipset.map_err(|e| format!("valid, at height {height}: {e}"))?);
            let better = best.as_ref().is_none_or(|best| {
                let (new, old) = (self.weight(&tipset), self.weight(best));
                new > old || (new == old && breaks_tie(&tipset, best))
            });
            if better {
                best = Some(tipset);
            }
        }
        Ok(best)
    }

    fn weight(&self, tipset: &Tipset) -> u128 {
        self.store.weight(tipset)
    }

    fn weight_or_zero(&self, tipset: Option<&Arc<Tipset>>) -> u128 {
        tipset.map_or(0, |tipset| self.weight(tipset))
    }
}
