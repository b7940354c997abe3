use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::SpecError;
use crate::primitives::filecoin::consensus::Network;
use crate::primitives::filecoin::{Tipset, TipsetKey, breaks_tie};
use crate::world::tipset::{Branch, TipsetRef, TipsetTree, TreeSpec, build};

use super::message::{FullBlock, Settings, Start};
use super::rules::Rules;

/// How far the tree may reach beyond the clock at the start: such blocks are early for a while.
pub(super) const EARLY_EPOCHS_MAX: u64 = 4;

/// A description of a world of tipsets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Which client the subject shall be.
    pub profile: String,
    /// What the network agrees on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub network: Network,
    /// The client's own limits.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: Settings,
    /// The epoch at the start of the run.
    pub clock_epoch: u64,
    /// Selects how peers are shuffled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shuffle: u64,
    /// The chains.
    pub branches: Vec<Branch>,
    /// The subject's head at the start; genesis, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<TipsetRef>,
    /// The subject's checkpoint at the start; genesis, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<TipsetRef>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a subject cannot undo.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// Its checkpoint.
    pub checkpoint: &'a Tipset,
    /// The height of its highest head so far: finality is measured from there, for what was final
    /// once stays so when a heavier head is lower.
    pub highest: i64,
}

/// What the honest network knows.
#[derive(Debug)]
pub struct World {
    /// The description.
    pub spec: Spec,
    /// The tipsets.
    pub tree: TipsetTree,
    /// The subject's head at the start.
    pub stored: Arc<Tipset>,
    /// The subject's checkpoint at the start.
    pub checkpoint: Arc<Tipset>,
}

impl World {
    /// Builds the world.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn build(spec: &Spec) -> Result<Self, SpecError> {
        if !Rules::PROFILES.contains(&spec.profile.as_str()) {
            return Err(SpecError::new("profile", format!("one of {:?}", Rules::PROFILES)));
        }
        check_settings(&spec.settings)?;
        let tree = TreeSpec { network: spec.network, branches: spec.branches.clone() };
        let tree = build(&tree).map_err(|error| SpecError::new(error.field, error.message))?;
        check_forks(spec)?;
        check_heights(spec, &tree)?;
        let stored = start_tipset(&tree, spec.stored.as_ref(), "stored")?;
        let checkpoint = start_tipset(&tree, spec.checkpoint.as_ref(), "checkpoint")?;
        if !tree.leads_to(&checkpoint, &stored) {
            return Err(SpecError::new("checkpoint", "stands on the stored chain"));
        }
        Ok(Self { spec: spec.clone(), tree, stored, checkpoint })
    }

    /// Seconds since 1970 at the start of the run.
    pub fn unix_time(&self) -> u64 {
        let genesis = self.tree.genesis().min_timestamp();
        genesis + self.spec.clock_epoch * self.spec.network.block_delay_s
    }

    /// What the subject is told at the beginning.
    pub fn start(&self) -> Start {
        let mut chain = Vec::new();
        let mut at = Arc::clone(&self.stored);
        while at.height() > 0 {
            chain.push(self.full_blocks(&at));
            at = self.tree.parent(&at).expect("a tree leads to genesis");
        }
        chain.reverse();
        Start {
            profile: self.spec.profile.clone(),
            network: self.spec.network,
            settings: self.spec.settings,
            unix_time: self.unix_time(),
            shuffle: self.spec.shuffle,
            genesis: Arc::clone(&self.tree.genesis().blocks()[0]),
            chain,
            checkpoint: self.spec.checkpoint.as_ref().map(|_| self.checkpoint.key().clone()),
        }
    }

    /// The blocks of a tipset with their messages.
    pub fn full_blocks(&self, tipset: &Tipset) -> Vec<FullBlock> {
        let messages = self.tree.messages(tipset);
        let pairs = tipset.blocks().iter().zip(messages);
        let full =
            |(block, messages): (&Arc<_>, _)| FullBlock { header: Arc::clone(block), messages };
        pairs.map(full).collect()
    }

    /// Whether a subject whose head is `head` must go to `tip`, or beyond it: it is valid, better,
    /// and its fork is short enough. Of a tip that may be found not to count, because a miner of
    /// it has two blocks, that holds for what it builds on.
    pub fn must_follow(&self, head: &Arc<Tipset>, past: &Past<'_>, tip: &Arc<Tipset>) -> bool {
        self.sure_part(tip).is_some_and(|tip| self.is_ahead(head, past, &tip))
    }

    /// What of a chain counts for all that anybody may come to know; nothing of one whose tip is
    /// not valid.
    pub fn sure_part(&self, tip: &Arc<Tipset>) -> Option<Arc<Tipset>> {
        let mut tip = Some(Arc::clone(tip)).filter(|tip| self.tree.is_valid(tip.key()))?;
        while !self.tree.counts(&tip) {
            tip = self.tree.parent(&tip)?;
        }
        Some(tip)
    }

    /// Whether a valid tipset is better than the head, and its fork is short enough.
    pub fn is_ahead(&self, head: &Arc<Tipset>, past: &Past<'_>, tip: &Arc<Tipset>) -> bool {
        head.key() != tip.key()
            && self.is_better(tip, head)
            && self.tree.is_valid(tip.key())
            && self.fork_is_short(head, past, tip)
    }

    /// Whether going from `head` to `tip` stays above the checkpoint, and leaves our chain no
    /// further back than finality. All clients follow such a fork: neither side of it has more
    /// tipsets than there are epochs.
    pub fn fork_is_short(&self, head: &Arc<Tipset>, past: &Past<'_>, tip: &Arc<Tipset>) -> bool {
        let Some((ancestor, own, _)) = self.tree.fork(head, tip) else { return false };
        if own == 0 {
            return true;
        }
        let depth = (past.highest.max(head.height()) - ancestor.height()) as u64;
        // Clients refuse forks at genesis, but not a tipset beside the first one.
        let at_genesis = ancestor.height() == 0;
        (!at_genesis || (own == 1 && self.passes_beside(head, tip)))
            && ancestor.height() >= past.checkpoint.height()
            && depth <= self.spec.network.finality
    }

    /// Whether the chain of `tip` has a tipset with the parents of `head` that is not below it.
    fn passes_beside(&self, head: &Tipset, tip: &Arc<Tipset>) -> bool {
        let mut at = Arc::clone(tip);
        while at.parents() != head.parents() {
            match self.tree.parent(&at) {
                Some(parent) if parent.height() >= head.height() => at = parent,
                _ => return false,
            }
        }
        at.height() >= head.height()
    }

    /// How many tipsets a fork has after `ancestor` and below the height of `head`.
    pub fn fork_below(&self, ancestor: &Tipset, head: &Tipset, tip: &Arc<Tipset>) -> u64 {
        let mut below = 0;
        let mut at = Arc::clone(tip);
        while at.height() > ancestor.height() {
            below += u64::from(at.height() < head.height());
            let Some(parent) = self.tree.parent(&at) else { break };
            at = parent;
        }
        below
    }

    /// Whether a tipset is heavier, or as heavy with the smaller ticket.
    pub fn is_better(&self, tip: &Arc<Tipset>, head: &Arc<Tipset>) -> bool {
        let (new, old) = (self.tree.weight(tip), self.tree.weight(head));
        let decides_ties = self.spec.profile != "forest";
        new > old || (new == old && decides_ties && breaks_tie(tip, head))
    }

    /// A tipset by its key.
    pub fn tipset(&self, key: &TipsetKey) -> Option<Arc<Tipset>> {
        self.tree.form(key)
    }

    /// A tipset for people.
    pub fn name(&self, key: &TipsetKey) -> String {
        self.tree.name(key)
    }
}

fn start_tipset(
    tree: &TipsetTree,
    at: Option<&TipsetRef>,
    field: &str,
) -> Result<Arc<Tipset>, SpecError> {
    let tipset = tree.tipset_or_genesis(at).map_err(|message| SpecError::new(field, message))?;
    if !tree.is_valid(tipset.key()) {
        return Err(SpecError::new(field, "a valid tipset"));
    }
    Ok(tipset)
}

fn check_settings(settings: &Settings) -> Result<(), SpecError> {
    let check = |field: &str, fits: bool| {
        if fits { Ok(()) } else { Err(SpecError::new(format!("settings.{field}"), "out of range")) }
    };
    check("concurrent_max", (1..=100).contains(&settings.concurrent_max))?;
    check("queue_max", (1..=1_000).contains(&settings.queue_max))?;
    check("history_max", settings.history_max <= 1_000)?;
    check("window", (1..=900).contains(&settings.window))?;
    check("segment", (1..=900).contains(&settings.segment))?;
    check("reply_ms", (3_000..=60_000).contains(&settings.reply_ms))
}

/// All chains of the network share their first tipset: clients refuse forks at genesis, so that
/// nothing can be said of them.
fn check_forks(spec: &Spec) -> Result<(), SpecError> {
    for (number, branch) in spec.branches.iter().enumerate().skip(1) {
        let at_genesis = match &branch.from {
            None => !branch.foreign,
            Some(from) => from.branch == 0 && from.index == 0 && !from.blocks.is_empty(),
        };
        if at_genesis {
            return Err(SpecError::new(
                format!("branches[{number}].from"),
                "builds on the whole first tipset of branch 0 or later",
            ));
        }
    }
    Ok(())
}

/// Nothing stands so far ahead of the clock that subjects need not look at it, and what is stored
/// is not early.
fn check_heights(spec: &Spec, tree: &TipsetTree) -> Result<(), SpecError> {
    for (number, branch) in spec.branches.iter().enumerate() {
        let tipsets: u32 = branch.epochs.iter().map(|epoch| epoch.repeat).sum();
        let Some(last) = tipsets.checked_sub(1) else { continue };
        let at = TipsetRef::new(number as u32, last);
        let height = tree.tipset(&at).map_or(0, |tipset| tipset.height());
        if height as u64 > spec.clock_epoch + EARLY_EPOCHS_MAX {
            return Err(SpecError::new(
                format!("branches[{number}].epochs"),
                format!("end by epoch {}, got {height}", spec.clock_epoch + EARLY_EPOCHS_MAX),
            ));
        }
    }
    let stored = tree.tipset_or_genesis(spec.stored.as_ref());
    if stored.is_ok_and(|stored| stored.height() as u64 > spec.clock_epoch) {
        return Err(SpecError::new("stored", "not early"));
    }
    Ok(())
}
