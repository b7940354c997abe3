//! The pure functions that table cases can be fed to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::families::{FunctionKind, check_table};
use crate::primitives::filecoin::consensus::{Network, weight_of};
use crate::primitives::filecoin::{
    Block, BlockMessages, Cid, Construction, Tipset, TipsetError, TipsetKey, breaks_tie,
};
use crate::world::tipset::TipsetRef;

use super::message::{ChainTipset, FullBlock, Request, Settings, decimal, status};
use super::response::{Mismatch, check_response};
use super::rules::Rules;
use super::server::{Shelf, answer};
use super::tracker::{Target, TargetTracker};
use super::world::{Past, Spec, World};

/// All kinds.
pub(super) fn kinds() -> Vec<FunctionKind> {
    vec![
        FunctionKind {
            kind: "exchange-reply",
            summary: "What a server answers to a request of the chain exchange.",
            check: |text| check_table(text, exchange_reply),
        },
        FunctionKind {
            kind: "exchange-validation",
            summary: "Whether an answer of the chain exchange matches its request, and why not.",
            check: |text| check_table(text, exchange_validation),
        },
        FunctionKind {
            kind: "fork-search",
            summary: "The common ancestor of two chains, and whether to follow the other one.",
            check: |text| check_table(text, fork_search),
        },
        FunctionKind {
            kind: "target-tracker",
            summary: "Queue, selection and history after a series of additions and removals.",
            check: |text| check_table(text, target_tracker),
        },
        FunctionKind {
            kind: "tie-break",
            summary: "Whether a tipset wins over the head at equal weight.",
            check: |text| check_table(text, tie_break),
        },
        FunctionKind {
            kind: "tipset-construction",
            summary: "Whether blocks make a tipset for a client, its key, or why not.",
            check: |text| check_table(text, tipset_construction),
        },
        FunctionKind {
            kind: "tipset-key",
            summary: "The key of a tipset from its blocks in any order.",
            check: |text| check_table(text, tipset_key),
        },
        FunctionKind {
            kind: "weight",
            summary: "The weight of a tipset from its parents' weight and its wins.",
            check: |text| check_table(text, weight),
        },
    ]
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Blocks {
    /// Headers as they are encoded.
    blocks: Vec<Arc<Block>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: TipsetKey,
}

fn tipset_key(given: &Blocks) -> Result<Key, String> {
    let tipset = Tipset::new(given.blocks.clone(), Construction::Venus);
    let tipset = tipset.map_err(|error| error.to_string())?;
    Ok(Key { key: tipset.key().clone() })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Constructed {
    rules: Construction,
    blocks: Vec<Arc<Block>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Construct {
    Built { key: TipsetKey },
    Refused { error: TipsetError },
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of all functions")]
fn tipset_construction(given: &Constructed) -> Result<Construct, String> {
    Ok(match Tipset::new(given.blocks.clone(), given.rules) {
        Ok(tipset) => Construct::Built { key: tipset.key().clone() },
        Err(error) => Construct::Refused { error },
    })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weights {
    #[serde(with = "decimal")]
    parent_weight: u128,
    wins: u64,
    log2_power: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weight {
    #[serde(with = "decimal")]
    weight: u128,
}

fn weight(given: &Weights) -> Result<Weight, String> {
    if given.parent_weight > u128::MAX >> 8 || given.log2_power > 1 << 16 {
        return Err("too large".to_owned());
    }
    let weight = weight_of(given.parent_weight, u128::from(given.wins), given.log2_power);
    Ok(Weight { weight })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tie {
    challenger: Vec<Arc<Block>>,
    current: Vec<Arc<Block>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wins {
    wins: bool,
}

fn tie_break(given: &Tie) -> Result<Wins, String> {
    let tipset = |blocks: &[Arc<Block>]| {
        Tipset::new(blocks.to_vec(), Construction::Venus).map_err(|error| error.to_string())
    };
    Ok(Wins { wins: breaks_tie(&tipset(&given.challenger)?, &tipset(&given.current)?) })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Serve {
    request: Request,
    /// What is stored, oldest first.
    stored: Vec<Vec<FullBlock>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Served {
    status: u64,
    chain: Vec<Option<ChainTipset>>,
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of all functions")]
fn exchange_reply(given: &Serve) -> Result<Served, String> {
    let answer = answer(&given.request, given, None, status::NOT_FOUND);
    Ok(Served { status: answer.status, chain: answer.chain })
}

impl Serve {
    fn find(&self, cids: &[Cid]) -> Option<&Vec<FullBlock>> {
        let cids_of = |full: &[FullBlock]| full.iter().map(|b| b.header.cid()).collect::<Vec<_>>();
        self.stored.iter().find(|full| TipsetKey::new(&cids_of(full)).same_blocks(cids))
    }
}

impl Shelf for Serve {
    fn tipset(&self, cids: &[Cid]) -> Option<Arc<Tipset>> {
        let blocks = self.find(cids)?.iter().map(|full| Arc::clone(&full.header)).collect();
        Tipset::new(blocks, Construction::Venus).ok().map(Arc::new)
    }

    fn messages(&self, tipset: &Tipset) -> Option<Vec<Arc<BlockMessages>>> {
        let full = self.find(tipset.key())?;
        let of = |cid: &Cid| {
            let block = full.iter().find(|block| block.header.cid() == *cid)?;
            Some(Arc::clone(&block.messages))
        };
        tipset.key().iter().map(of).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Validate {
    request: Request,
    status: u64,
    chain: Vec<Option<ChainTipset>>,
    /// For a request for messages alone: the tipsets, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    known: Vec<Vec<Arc<Block>>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Validated {
    /// Why it does not match; absent if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mismatch: Option<Mismatch>,
}

fn exchange_validation(given: &Validate) -> Result<Validated, String> {
    let tipset =
        |blocks: &Vec<Arc<Block>>| Tipset::new(blocks.clone(), Construction::Venus).map(Arc::new);
    let known: Result<Vec<_>, TipsetError> = given.known.iter().map(tipset).collect();
    let checked = check_response(
        &given.request,
        given.status,
        &given.chain,
        &known.map_err(|error| error.to_string())?,
        Construction::Strict,
        &Rules::CORRECT.exchange,
    );
    Ok(Validated { mismatch: checked.err() })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fork {
    world: Spec,
    ours: TipsetRef,
    theirs: TipsetRef,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forked {
    ancestor: TipsetKey,
    /// How many tipsets each side has after it.
    ours: u64,
    theirs: u64,
    /// Whether a client with our head must follow theirs.
    follow: bool,
}

fn fork_search(given: &Fork) -> Result<Forked, String> {
    let world = World::build(&given.world).map_err(|error| error.to_string())?;
    let (ours, theirs) = (world.tree.tipset(&given.ours)?, world.tree.tipset(&given.theirs)?);
    let (ancestor, own, new) =
        world.tree.fork(&ours, &theirs).ok_or("the chains have no common ancestor")?;
    let past = Past { checkpoint: &world.checkpoint, highest: ours.height() };
    let follow = world.must_follow(&ours, &past, &theirs);
    Ok(Forked { ancestor: ancestor.key().clone(), ours: own, theirs: new, follow })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Series {
    profile: String,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    network: Network,
    steps: Vec<TrackerStep>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum TrackerStep {
    /// A tipset is announced.
    Add { blocks: Vec<Arc<Block>> },
    /// The sync of the oldest running target ends.
    Finish {},
    /// The sync of the selected target starts.
    Start {},
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tracked {
    queue: Vec<TipsetKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    selected: Option<TipsetKey>,
    history: Vec<TipsetKey>,
}

fn target_tracker(given: &Series) -> Result<Tracked, String> {
    let rules = Rules::of(&given.profile);
    let mut tracker = TargetTracker::new(&rules, &given.settings, given.network);
    let mut running = Vec::new();
    for (id, step) in (0..).zip(&given.steps) {
        match step {
            TrackerStep::Add { blocks } => {
                let head = Tipset::new(blocks.clone(), rules.construction);
                let head = Arc::new(head.map_err(|error| error.to_string())?);
                let target = Target { id, head, attempts: 0, running: false };
                tracker.add(target, &|_| false, &|_| false);
            }
            TrackerStep::Finish {} if !running.is_empty() => {
                tracker.remove(running.remove(0));
            }
            TrackerStep::Finish {} => return Err("no sync runs".to_owned()),
            TrackerStep::Start {} => {
                let id = tracker.select().ok_or("nothing waits")?.id;
                tracker.start(id);
                running.push(id);
            }
        }
    }
    let key = |target: &Target| target.head.key().clone();
    Ok(Tracked {
        queue: tracker.queue().iter().map(key).collect(),
        selected: tracker.select().map(key),
        history: tracker.history().map(key).collect(),
    })
}
