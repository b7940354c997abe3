//! The pure functions that table cases can be fed to.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::{FunctionKind, table_function};
use crate::primitives::filecoin::consensus::{Network, weight_of};
use crate::primitives::filecoin::{
    Block, BlockMessages, Cid, Construction, Tipset, TipsetError, TipsetKey, breaks_tie,
};
use crate::primitives::number::{Decimal, Number, decimal, number};

use super::message::{ChainTipset, FullBlock, Request, Settings};
use super::response::{Mismatch, check_response};
use super::rules::Rules;
use super::server::{Shelf, answer};
use super::store::ChainStore;
use super::tracker::{Target, TargetTracker};

/// All kinds.
pub(super) fn kinds() -> Vec<FunctionKind> {
    let kinds = vec![
        table_function!(
            "exchange-reply",
            "What a server answers to a request of the chain exchange.",
            exchange_reply
        ),
        table_function!(
            "exchange-validation",
            "Whether an answer of the chain exchange matches its request, and why not.",
            exchange_validation
        ),
        table_function!(
            "fork-search",
            "How to go from one chain to another, and whether to.",
            fork_search
        ),
        table_function!(
            "target-tracker",
            "Queue, selection and history after a series of additions and removals.",
            target_tracker
        ),
        table_function!(
            "tie-break",
            "Whether a tipset wins over the head at equal weight.",
            tie_break
        ),
        table_function!(
            "tipset-construction",
            "Whether blocks make a tipset for a client, its key, or why not.",
            tipset_construction
        ),
        table_function!(
            "tipset-key",
            "The key of a tipset from its blocks in any order.",
            tipset_key
        ),
        table_function!(
            "weight",
            "The weight of a tipset from its parents' weight and its wins.",
            weight
        ),
    ];
    kinds.into_iter().map(|kind| kind.naming(cid_of)).collect()
}

/// What answers call a block of the input: a mismatch shows where it stands, not its CID.
fn cid_of(bytes: &str) -> Option<String> {
    let block: Block = serde_json::from_value(bytes.into()).ok()?;
    Some(block.cid().to_string())
}

fn usual_profile() -> String {
    Rules::PROFILES[0].to_owned()
}

fn rules_of(profile: &str) -> Result<Rules, String> {
    if Rules::PROFILES.contains(&profile) {
        Ok(Rules::of(profile))
    } else {
        Err(format!("profile: one of {}", Rules::PROFILES.join(", ")))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Blocks {
    /// Headers as they are encoded.
    blocks: Vec<Arc<Block>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Key {
    key: TipsetKey,
}

fn tipset_key(given: &Blocks) -> Result<Key, String> {
    let tipset = Tipset::new(given.blocks.clone(), Construction::Venus);
    let tipset = tipset.map_err(|error| error.to_string())?;
    Ok(Key { key: tipset.key().clone() })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Constructed {
    rules: Construction,
    blocks: Vec<Arc<Block>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Weights {
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
struct Weight {
    #[serde(with = "decimal")]
    #[schemars(with = "Decimal")]
    weight: u128,
}

fn weight(given: &Weights) -> Result<Weight, String> {
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
struct Tie {
    challenger: Vec<Arc<Block>>,
    current: Vec<Arc<Block>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wins {
    wins: bool,
}

fn tie_break(given: &Tie) -> Result<Wins, String> {
    let tipset = |name: &str, blocks: &[Arc<Block>]| {
        let tipset = Tipset::new(blocks.to_vec(), Construction::Venus);
        tipset.map_err(|error| format!("{name}: {error}"))
    };
    let challenger = tipset("challenger", &given.challenger)?;
    Ok(Wins { wins: breaks_tie(&challenger, &tipset("current", &given.current)?) })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Serve {
    #[serde(default = "usual_profile")]
    profile: String,
    request: Request,
    /// What is stored, oldest first.
    stored: Vec<Vec<FullBlock>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Served {
    #[serde(with = "number")]
    #[schemars(with = "Number<u64>")]
    status: u64,
    chain: Vec<Option<ChainTipset>>,
}

fn exchange_reply(given: &Serve) -> Result<Served, String> {
    for (number, full) in given.stored.iter().enumerate() {
        let headers = full.iter().map(|block| Arc::clone(&block.header)).collect();
        let tipset = Tipset::new(headers, Construction::Venus);
        tipset.map_err(|error| format!("stored[{number}]: {error}"))?;
        let mut blocks = full.iter();
        if !blocks.all(|block| block.messages.root() == block.header.header().messages) {
            return Err(format!("stored[{number}]: messages do not make the root in the header"));
        }
    }
    let unknown = rules_of(&given.profile)?.exchange.unknown_head;
    let answer = answer(&given.request, given, None, unknown);
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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Validate {
    #[serde(default = "usual_profile")]
    profile: String,
    request: Request,
    #[serde(with = "number")]
    #[schemars(with = "Number<u64>")]
    status: u64,
    chain: Vec<Option<ChainTipset>>,
    /// For a request for messages alone: the tipsets, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    known: Vec<Vec<Arc<Block>>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    let rules = rules_of(&given.profile)?;
    let checked = check_response(
        &given.request,
        given.status,
        &given.chain,
        &known.map_err(|error| format!("known: {error}"))?,
        rules.construction,
        &rules.exchange,
    );
    Ok(Validated { mismatch: checked.err() })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Fork {
    #[serde(default = "usual_profile")]
    profile: String,
    #[serde(default)]
    network: Network,
    /// All headers of both chains, genesis among them, in any order.
    blocks: Vec<Arc<Block>>,
    ours: TipsetKey,
    theirs: TipsetKey,
    /// Genesis, if absent.
    #[serde(default)]
    checkpoint: Option<TipsetKey>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Forked {
    ancestor: TipsetKey,
    /// What leaves the chain, newest first.
    revert: Vec<TipsetKey>,
    /// What joins it, oldest first.
    apply: Vec<TipsetKey>,
    /// Whether their tipset becomes the head.
    follow: bool,
}

fn fork_search(given: &Fork) -> Result<Forked, String> {
    let rules = rules_of(&given.profile)?;
    let genesis = given.blocks.iter().find(|block| block.height() == 0);
    let genesis = genesis.ok_or("no block of height 0")?;
    let mut store = ChainStore::of_genesis(genesis, given.network, &rules);
    given.blocks.iter().for_each(|block| store.put_header(block));
    let tipset = |name: &str, key: &TipsetKey| {
        let tipset = store.tipset(key).ok_or_else(|| format!("{name}: not of these blocks"))?;
        if store.leads_to_genesis(&tipset) {
            Ok(tipset)
        } else {
            Err(format!("{name}: a block of its chain is missing"))
        }
    };
    let (ours, theirs) = (tipset("ours", &given.ours)?, tipset("theirs", &given.theirs)?);
    let checkpoint = given.checkpoint.as_ref().map(|key| tipset("checkpoint", key)).transpose()?;
    let (ancestor, revert, apply) = store.join(&ours, &theirs);
    store.start_at(&ours, checkpoint.unwrap_or_else(|| Arc::clone(store.checkpoint())));
    Ok(Forked {
        ancestor: ancestor.key().clone(),
        follow: store.would_follow(&ours, &theirs),
        revert,
        apply,
    })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Series {
    #[serde(default = "usual_profile")]
    profile: String,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    network: Network,
    steps: Vec<TrackerStep>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum TrackerStep {
    /// A tipset is announced.
    Add { blocks: Vec<Arc<Block>> },
    /// The sync of the oldest running target ends.
    Finish {},
    /// The sync of the selected target starts.
    Start {},
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tracked {
    queue: Vec<TipsetKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    selected: Option<TipsetKey>,
    history: Vec<TipsetKey>,
}

fn target_tracker(given: &Series) -> Result<Tracked, String> {
    let rules = rules_of(&given.profile)?;
    if !(1..=1_000).contains(&given.settings.queue_max) || given.settings.history_max > 1_000 {
        return Err(
            "settings: queue_max is between 1 and 1000, history_max at most 1000".to_owned()
        );
    }
    let mut tracker = TargetTracker::new(&rules, &given.settings, given.network);
    let mut running = Vec::new();
    for (id, step) in (0..).zip(&given.steps) {
        match step {
            TrackerStep::Add { blocks } => {
                let head = Tipset::new(blocks.clone(), rules.construction);
                let head = Arc::new(head.map_err(|error| format!("steps[{id}]: {error}"))?);
                let target = Target { id, head, attempts: 0, running: false };
                tracker.add(target, &|_| false, &|_| false);
            }
            TrackerStep::Finish {} if !running.is_empty() => {
                tracker.remove(running.remove(0));
            }
            TrackerStep::Finish {} => return Err(format!("steps[{id}]: no sync runs")),
            TrackerStep::Start {} => {
                let waits = tracker.select().map(|target| target.id);
                let id = waits.ok_or_else(|| format!("steps[{id}]: nothing waits"))?;
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
