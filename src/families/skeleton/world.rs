use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::SpecError;
use crate::primitives::ethereum_header::SealedHeader;
use crate::world::headers::{HeaderTree, TreeSpec};

use super::message::{LocalBlock, LocalStart, Part, Start};
use super::{Profile, Settings, Status, Subchain};

/// A small description of a world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The client that the subject is measured by.
    #[serde(default)]
    pub profile: Profile,
    /// Sizes and times.
    #[serde(default)]
    pub settings: Settings,
    /// The headers that exist.
    pub tree: TreeSpec,
    /// What of them the subject has as blocks; genesis, if absent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub local: LocalSpec,
    /// What an earlier run left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<StoredSpec>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The local chain at the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalSpec {
    /// The canonical branch.
    #[serde(default, skip_serializing_if = "is_default")]
    pub branch: u32,
    /// The number of the canonical head.
    pub head: u64,
    /// The number of the last filled block, if it is not the head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snap_head: Option<u64>,
    /// Blocks of other branches that are there, up to these numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sides: Vec<SideSpec>,
    /// Canonical blocks above the last filled one that are not whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<LackSpec>,
}

/// A side chain that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SideSpec {
    /// Its branch.
    pub branch: u32,
    /// The number of its last block.
    pub head: u64,
}

/// A canonical block that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LackSpec {
    /// Its number.
    pub number: u64,
    /// What it lacks.
    pub part: Part,
}

/// What an earlier run left in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoredSpec {
    /// The subchains, the highest first.
    pub subchains: Vec<StoredChainSpec>,
    /// The finalized number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finalized: Option<u64>,
    /// Whether the status cannot be read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub garbled: bool,
}

/// A subchain of an earlier run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoredChainSpec {
    /// The branch that its headers are on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub branch: u32,
    /// The number of its highest header.
    pub head: u64,
    /// The number of its lowest header.
    pub tail: u64,
}

/// A world: all headers, and what the subject begins with.
#[derive(Debug)]
pub struct World {
    /// All headers.
    pub tree: HeaderTree,
    start: Start,
}

impl World {
    /// Builds a world.
    ///
    /// # Errors
    /// The field that fits nothing.
    pub fn build(spec: &Spec) -> Result<Self, SpecError> {
        let tree = HeaderTree::build(&spec.tree)
            .map_err(|(field, message)| SpecError::new(field, message).within("tree"))?;
        check_settings(&spec.settings).map_err(|error| error.within("settings"))?;
        let local = local(&tree, &spec.local).map_err(|error| error.within("local"))?;
        let (status, rows) = match &spec.stored {
            None => (None, Vec::new()),
            Some(stored) => store(&tree, stored, spec.profile).map_err(|e| e.within("stored"))?,
        };
        let (profile, settings, rows) = (spec.profile, spec.settings, rows.into());
        Ok(Self { tree, start: Start { profile, settings, status, rows, local } })
    }

    /// A world of headers that stand elsewhere, of which the subject has genesis.
    pub fn of_trunk(headers: Vec<SealedHeader>, settings: Settings) -> Self {
        let genesis = headers[0].clone();
        let head = genesis.hash();
        let blocks = Arc::new([LocalBlock { header: genesis, lacks: None }]);
        let local = LocalStart { blocks, head, snap_head: 0 };
        let (profile, rows) = (Profile::Geth117, Arc::new([]));
        let start = Start { profile, settings, status: None, rows, local };
        Self { tree: HeaderTree::of_trunk(headers), start }
    }

    /// What the subject is told at the beginning.
    pub fn start(&self) -> &Start {
        &self.start
    }
}

/// Checks that sizes and times are ones that a run can have.
pub(super) fn check_settings(settings: &Settings) -> Result<(), SpecError> {
    let within = |field, value: u64, low: u64, high: u64| {
        let fits = (low..=high).contains(&value);
        fits.then_some(())
            .ok_or_else(|| SpecError::new(field, format!("{low} to {high}, got {value}")))
    };
    within("batch", settings.batch, 1, 1_024)?;
    within("scratch_batches", settings.scratch_batches, 1, 4_096)?;
    within("timeout_ms", settings.timeout_ms, 1, 1_000_000)?;
    within("fill_blocks", settings.fill_blocks, 1, 1_000_000)?;
    within("fill_ms", settings.fill_ms, 1, 1_000_000)?;
    within("state_ms", settings.state_ms, 1, 1_000_000)?;
    within("pivot_distance", settings.pivot_distance.unwrap_or(8), 8, 100_000)
}

fn local(tree: &HeaderTree, spec: &LocalSpec) -> Result<LocalStart, SpecError> {
    check_place(tree, "branch", "head", spec.branch, spec.head)?;
    let snap_head = spec.snap_head.unwrap_or(spec.head);
    if snap_head > spec.head {
        return Err(SpecError::new("snap_head", format!("at most {}, the head", spec.head)));
    }
    let mut blocks: Vec<LocalBlock> = Vec::new();
    for number in 0..=spec.head {
        let lack = spec.lacks.iter().find(|lack| lack.number == number);
        let header = tree.header(spec.branch, number).expect("checked above").clone();
        blocks.push(LocalBlock { header, lacks: lack.map(|lack| lack.part) });
    }
    if spec.lacks.iter().any(|lack| lack.number <= snap_head) {
        return Err(SpecError::new("lacks", "what is filled is whole: all up to the snap head"));
    }
    for (index, side) in spec.sides.iter().enumerate() {
        let at = |error: SpecError| error.within(&format!("sides[{index}]"));
        check_place(tree, "branch", "head", side.branch, side.head).map_err(at)?;
        for number in 1..=side.head {
            let header = tree.header(side.branch, number).expect("checked above");
            if !blocks.iter().any(|block| block.header.hash() == header.hash()) {
                blocks.push(LocalBlock { header: header.clone(), lacks: None });
            }
        }
    }
    let head = tree.header(spec.branch, spec.head).expect("checked above").hash();
    Ok(LocalStart { blocks: blocks.into(), head, snap_head })
}

fn store(
    tree: &HeaderTree,
    spec: &StoredSpec,
    profile: Profile,
) -> Result<(Option<String>, Vec<SealedHeader>), SpecError> {
    let mut status = Status { subchains: Vec::new(), finalized: spec.finalized };
    let mut rows = Vec::new();
    let mut above = u64::MAX;
    for (index, chain) in spec.subchains.iter().enumerate() {
        let path = format!("subchains[{index}]");
        check_place(tree, "branch", "head", chain.branch, chain.head)
            .map_err(|error| error.within(&path))?;
        let ordered = 1 <= chain.tail && chain.tail <= chain.head && chain.head < above;
        if !ordered {
            let message = "subchains stand highest first, disjoint, each with 1 <= tail <= head";
            return Err(SpecError::new(path, message));
        }
        above = chain.tail;
        let header = |number| tree.header(chain.branch, number).expect("checked above");
        rows.extend((chain.tail..=chain.head).map(header).cloned());
        let next = header(chain.tail).parent();
        status.subchains.push(Subchain { head: chain.head, tail: chain.tail, next });
    }
    let json = if spec.garbled { "{\"Subchains\":[".to_owned() } else { status.to_json(profile) };
    Ok((Some(json), rows))
}

/// Checks that a branch exists and has a header of this number.
pub(super) fn check_place(
    tree: &HeaderTree,
    branch_field: &str,
    number_field: &str,
    branch: u32,
    number: u64,
) -> Result<(), SpecError> {
    if branch >= tree.branches() {
        let message = format!("less than {}, got {branch}", tree.branches());
        return Err(SpecError::new(branch_field, message));
    }
    let top = tree.top(branch);
    if number > top {
        return Err(SpecError::new(number_field, format!("at most {top}, got {number}")));
    }
    Ok(())
}
