//! The sets of targets of Lotus's sync manager (v1.36.0 `chain/sync_manager.go`).

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::primitives::filecoin::{Block, Construction, Tipset, TipsetKey};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BucketSteps {
    /// Tipsets of one epoch on the same parents are merged: `LOTUS_SYNC_FORMTS_PEND=yes`.
    #[serde(default)]
    coalesce: bool,
    steps: Vec<BucketStep>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum BucketStep {
    /// `Heaviest`: the heaviest tipset of all buckets.
    Heaviest {},
    /// `Insert`: a tipset goes to the first bucket of its chain, or makes one.
    Insert { blocks: Vec<Arc<Block>> },
    /// `Pop`: the bucket with the heaviest tipset leaves.
    Pop {},
    /// `PopRelated`: all buckets of a tipset's chain leave.
    PopRelated { blocks: Vec<Arc<Block>> },
    /// `RelatedToAny`: whether a tipset is of any bucket's chain.
    Related { blocks: Vec<Arc<Block>> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BucketAnswers {
    /// One for each step but insertions.
    answers: Vec<BucketAnswer>,
    /// What is left.
    buckets: Vec<Vec<TipsetKey>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum BucketAnswer {
    /// A tipset.
    Heaviest {
        /// Absent if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tipset: Option<TipsetKey>,
    },
    /// What left.
    Popped {
        /// The tipsets of the bucket or buckets.
        bucket: Vec<TipsetKey>,
    },
    /// Whether it is.
    Related {
        /// It is.
        related: bool,
    },
}

pub(super) fn sync_buckets(given: &BucketSteps) -> Result<BucketAnswers, String> {
    let mut set = BucketSet::new(given.coalesce);
    let mut answers = Vec::new();
    for (number, step) in given.steps.iter().enumerate() {
        let tipset = |blocks| lotus_tipset(blocks).map_err(|e| format!("steps[{number}]: {e}"));
        match step {
            BucketStep::Heaviest {} => {
                let tipset = set.heaviest().map(|tipset| tipset.key().clone());
                answers.push(BucketAnswer::Heaviest { tipset });
            }
            BucketStep::Insert { blocks } => set.insert(&tipset(blocks)?),
            BucketStep::Pop {} if set.buckets.is_empty() => {
                return Err(format!("steps[{number}]: Lotus pops from no empty set"));
            }
            BucketStep::Pop {} => {
                answers.push(BucketAnswer::Popped { bucket: keys(&set.pop()) });
            }
            BucketStep::PopRelated { blocks } => {
                let bucket = keys(&set.pop_related(tipset(blocks)?.as_ref()));
                answers.push(BucketAnswer::Popped { bucket });
            }
            BucketStep::Related { blocks } => {
                let related = set.is_related(tipset(blocks)?.as_ref());
                answers.push(BucketAnswer::Related { related });
            }
        }
    }
    Ok(BucketAnswers { answers, buckets: set.keys() })
}

pub(super) fn lotus_tipset(blocks: &[Arc<Block>]) -> Result<Arc<Tipset>, String> {
    let tipset = Tipset::new(blocks.to_vec(), Construction::Lotus);
    tipset.map(Arc::new).map_err(|error| error.to_string())
}

/// Lotus compares targets by the weight that they claim for their parents.
pub(super) fn is_heavier(one: &Tipset, other: &Tipset) -> bool {
    one.parent_weight() > other.parent_weight()
}

/// `syncBucketSet`: targets that follow each other directly share a bucket.
#[derive(Debug)]
pub(super) struct BucketSet {
    coalesce: bool,
    buckets: Vec<Vec<Arc<Tipset>>>,
}

impl BucketSet {
    pub(super) fn new(coalesce: bool) -> Self {
        Self { coalesce, buckets: Vec::new() }
    }

    pub(super) fn keys(&self) -> Vec<Vec<TipsetKey>> {
        self.buckets.iter().map(|bucket| keys(bucket)).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    pub(super) fn is_related(&self, tipset: &Tipset) -> bool {
        self.buckets.iter().any(|bucket| is_same_chain(bucket, tipset))
    }

    pub(super) fn insert(&mut self, tipset: &Arc<Tipset>) {
        match self.buckets.iter_mut().find(|bucket| is_same_chain(bucket, tipset)) {
            Some(bucket) => add(bucket, tipset, self.coalesce),
            None => self.buckets.push(vec![Arc::clone(tipset)]),
        }
    }

    /// The bucket with the heaviest tipset, the first of them; nothing of an empty set.
    pub(super) fn pop(&mut self) -> Vec<Arc<Tipset>> {
        let mut best: Option<(usize, &Arc<Tipset>)> = None;
        for (index, bucket) in self.buckets.iter().enumerate() {
            let Some(tipset) = heaviest_of(bucket) else { continue };
            if best.is_none_or(|(_, best)| is_heavier(tipset, best)) {
                best = Some((index, tipset));
            }
        }
        let index = best.map(|(index, _)| index);
        index.map_or_else(Vec::new, |index| self.buckets.remove(index))
    }

    pub(super) fn pop_related(&mut self, tipset: &Tipset) -> Vec<Arc<Tipset>> {
        let mut popped = Vec::new();
        self.buckets.retain_mut(|bucket| {
            let related = is_same_chain(bucket, tipset);
            if related {
                popped.append(bucket);
            }
            !related
        });
        popped
    }

    pub(super) fn heaviest(&self) -> Option<&Arc<Tipset>> {
        heaviest(self.buckets.iter().flatten())
    }
}

/// The first of the heaviest tipsets of a bucket.
pub(super) fn heaviest_of(bucket: &[Arc<Tipset>]) -> Option<&Arc<Tipset>> {
    heaviest(bucket.iter())
}

fn heaviest<'a>(tipsets: impl Iterator<Item = &'a Arc<Tipset>>) -> Option<&'a Arc<Tipset>> {
    tipsets.reduce(|best, next| if is_heavier(next, best) { next } else { best })
}

fn keys(bucket: &[Arc<Tipset>]) -> Vec<TipsetKey> {
    bucket.iter().map(|tipset| tipset.key().clone()).collect()
}

/// The tipset itself, its parent or its child is there.
fn is_same_chain(bucket: &[Arc<Tipset>], tipset: &Tipset) -> bool {
    bucket.iter().any(|own| {
        own.key() == tipset.key()
            || tipset.key()[..] == *own.parents()
            || *tipset.parents() == own.key()[..]
    })
}

fn add(bucket: &mut Vec<Arc<Tipset>>, tipset: &Arc<Tipset>, coalesce: bool) {
    for own in bucket.iter_mut() {
        if own.key() == tipset.key() {
            return;
        }
        if coalesce
            && own.height() == tipset.height()
            && TipsetKey::new(tipset.parents()).same_blocks(own.parents())
            && let Ok(both) = merged(own, tipset)
        {
            *own = both;
            return;
        }
    }
    bucket.push(Arc::clone(tipset));
}

/// The first block of each miner.
fn merged(own: &Tipset, tipset: &Tipset) -> Result<Arc<Tipset>, String> {
    let mut blocks: Vec<Arc<Block>> = Vec::new();
    for block in own.blocks().iter().chain(tipset.blocks()) {
        if blocks.iter().all(|other| other.header().miner != block.header().miner) {
            blocks.push(Arc::clone(block));
        }
    }
    lotus_tipset(&blocks)
}
