use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::machine::{SpecError, Time};
use crate::primitives::bitcoin::{Block, BlockHash, Header};
use crate::primitives::from_string;
use crate::primitives::schema::string_schema;
use crate::world::{BlockId, BlockTree, Branch, Flaw, Rules};

use super::{Checkpoint, Network, Profile, Start};

/// The longest main chain or branch.
const LENGTH_MAX: u32 = 2_000_000;

/// The most blocks in all.
const BLOCKS_MAX: u64 = 4_000_000;

/// The most branches beside the main chain.
const BRANCHES_MAX: usize = 64;

/// The name of the first branch.
const MAIN: &str = "main";

/// The description of a world: a tree of blocks, and how the subject is set up in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Which client at which version the subject shall be.
    #[serde(default)]
    pub profile: Profile,
    /// Blocks of the main chain after genesis.
    pub main: u32,
    /// Other chains that fork off from it or from each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<BranchSpec>,
    /// The subject's checkpoints, by rising height.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checkpoints: Vec<Place>,
    /// The tip of what the subject has stored at the start; genesis, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Place>,
    /// The age of the newest valid block at the start of the run, in seconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tip_age_s: u32,
    /// The time between two blocks, in seconds.
    #[serde(default = "spacing_default", skip_serializing_if = "is_spacing_default")]
    pub spacing_s: u32,
}

const SPACING_S: u32 = 600;

fn spacing_default() -> u32 {
    SPACING_S
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_spacing_default(spacing_s: &u32) -> bool {
    *spacing_s == SPACING_S
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A chain that forks off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BranchSpec {
    /// Its name: letters, digits, dashes.
    pub name: String,
    /// The last block that it has in common with an earlier branch.
    pub fork: Place,
    /// How many blocks of its own it has.
    pub length: u32,
    /// What is wrong with one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<FlawSpec>,
}

/// A block with something wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlawSpec {
    /// The block's height.
    pub height: u32,
    /// What is wrong.
    pub kind: Flaw,
}

/// A block of the world by branch and height, written `main:12`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The branch's name.
    pub branch: String,
    /// The height.
    pub height: u32,
}

impl Place {
    /// A block of a branch.
    pub fn new(branch: impl Into<String>, height: u32) -> Self {
        Self { branch: branch.into(), height }
    }

    /// A block of the main chain.
    pub fn main(height: u32) -> Self {
        Self::new(MAIN, height)
    }

    /// Whether it is on the main chain by name.
    pub fn is_main(&self) -> bool {
        self.branch == MAIN
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.branch, self.height)
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.rsplit_once(':')
            .and_then(|(branch, height)| Some(Self::new(branch, height.parse().ok()?)))
            .ok_or_else(|| {
                format!("a block is named by branch and height, as \"main:12\", got {text:?}")
            })
    }
}

string_schema!(
    Place,
    "Place",
    "A block by branch and height, such as main:12.",
    r"^[^:]+:(0|[1-9][0-9]*)$"
);

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_string(deserializer, "a block by branch and height", str::parse)
    }
}

/// A world of blocks.
#[derive(Debug)]
pub struct World {
    tree: BlockTree,
    names: Vec<String>,
    network: Network,
    profile: Profile,
    checkpoints: Vec<Checkpoint>,
    start_tip: BlockId,
    unix_time: u32,
}

impl World {
    /// Builds the world of a description.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn build(spec: &Spec) -> Result<Self, SpecError> {
        check_sizes(spec)?;
        let genesis = Network::Regtest.genesis();
        let mut tree = BlockTree::new(Rules::REGTEST, genesis, spec.spacing_s);
        let parent = tree.genesis();
        tree.grow(Branch { parent, length: spec.main, flaw: None }, 0);
        let mut names = vec![MAIN.to_owned()];
        for (index, branch) in spec.branches.iter().enumerate() {
            grow(&mut tree, &mut names, branch)
                .map_err(|error| error.within(&format!("branches[{index}]")))?;
        }
        let unix_time = newest_time(&tree).saturating_add(spec.tip_age_s);
        let mut world = Self {
            start_tip: tree.genesis(),
            tree,
            names,
            network: Network::Regtest,
            profile: spec.profile,
            checkpoints: Vec::new(),
            unix_time,
        };
        for (index, place) in spec.checkpoints.iter().enumerate() {
            let path = format!("checkpoints[{index}]");
            let id = world.place(place).map_err(|error| error.within(&path))?;
            let last = world.checkpoints.last().map_or(0, |checkpoint| checkpoint.height);
            if place.height <= last {
                return Err(SpecError::new(path, "checkpoints stand by rising height, above 0"));
            }
            let hash = world.hash(id);
            world.checkpoints.push(Checkpoint { height: place.height, hash });
        }
        if let Some(stored) = &spec.stored {
            world.start_tip = world.place(stored).map_err(|error| error.within("stored"))?;
            world.check_stored()?;
        }
        Ok(world)
    }

    /// A world of one given chain after genesis, with all the time in the world: the clock stands
    /// an hour after its last block.
    ///
    /// # Errors
    /// When the blocks do not follow each other from the network's genesis.
    pub fn of_blocks(
        network: Network,
        profile: Profile,
        blocks: Vec<Block>,
    ) -> Result<Self, SpecError> {
        const HOUR_S: u32 = 3_600;
        let last = blocks.last().map_or(0, |block| block.header().fields().time);
        let tree =
            BlockTree::of_blocks(Rules::REGTEST, network.genesis(), blocks).map_err(|height| {
                SpecError::new(format!("blocks[{}]", height - 1), "does not link to the one before")
            })?;
        Ok(Self {
            start_tip: tree.genesis(),
            tree,
            names: vec![MAIN.to_owned()],
            network,
            profile,
            checkpoints: Vec::new(),
            unix_time: last.saturating_add(HOUR_S),
        })
    }

    /// What the subject knows at the beginning.
    pub fn start(&self) -> Start {
        let height = self.height(self.start_tip);
        Start {
            profile: self.profile,
            network: self.network,
            unix_time: self.unix_time,
            checkpoints: self.checkpoints.clone(),
            blocks: (1..=height)
                .filter_map(|height| self.ancestor(self.start_tip, height))
                .map(|id| self.block(id))
                .collect(),
        }
    }

    /// The block that a description names.
    ///
    /// # Errors
    /// When there is none; the error's field is empty.
    pub fn place(&self, place: &Place) -> Result<BlockId, SpecError> {
        let branch = self.names.iter().position(|name| *name == place.branch).ok_or_else(|| {
            let names = self.names.join(", ");
            SpecError::new("", format!("no branch {:?}; there are {names}", place.branch))
        })?;
        self.tree.at(branch, place.height).ok_or_else(|| {
            SpecError::new("", format!("branch {:?} has no height {}", place.branch, place.height))
        })
    }

    /// The block with this hash.
    pub fn find(&self, hash: &BlockHash) -> Option<BlockId> {
        self.tree.find(hash)
    }

    /// The genesis block.
    pub fn genesis(&self) -> BlockId {
        self.tree.genesis()
    }

    /// The header.
    pub fn header(&self, id: BlockId) -> Header {
        self.tree.header(id).clone()
    }

    /// The whole block.
    pub fn block(&self, id: BlockId) -> Block {
        self.tree.block(id)
    }

    /// The hash.
    pub fn hash(&self, id: BlockId) -> BlockHash {
        self.tree.hash(id)
    }

    /// The height.
    pub fn height(&self, id: BlockId) -> u32 {
        self.tree.height(id)
    }

    /// The block before.
    pub fn parent(&self, id: BlockId) -> Option<BlockId> {
        self.tree.parent(id)
    }

    /// The work of the block and all before it.
    pub fn work(&self, id: BlockId) -> u128 {
        self.tree.work(id)
    }

    /// The block's time, in seconds since 1970.
    pub fn time(&self, id: BlockId) -> u32 {
        self.tree.header(id).fields().time
    }

    /// The ancestor at a height; the block itself at its own.
    pub fn ancestor(&self, id: BlockId, height: u32) -> Option<BlockId> {
        self.tree.ancestor(id, height)
    }

    /// Whether the block and all before it are right.
    pub fn is_valid(&self, id: BlockId) -> bool {
        self.tree.is_valid(id)
    }

    /// Whether a correct client may store the block on a side branch: it, and all before it, are
    /// right but for what only the state of its own chain can tell, which is what the coinbase may
    /// pay (Bitcoin Core `ConnectBlock`, btcd `checkConnectBlock`). Such a block must never become
    /// the tip.
    pub fn may_be_stored(&self, id: BlockId) -> bool {
        self.tree.form_is_valid(id)
    }

    /// Whether the block is younger than 24 hours at an instant of the run: no client counts as
    /// current with an older tip (Bitcoin Core `DEFAULT_MAX_TIP_AGE`; btcd blockchain, `IsCurrent`).
    pub fn is_fresh(&self, id: BlockId, now: Time) -> bool {
        const DAY_S: u64 = 24 * 60 * 60;
        let unix_now = u64::from(self.unix_time) + now.as_millis() / 1000;
        u64::from(self.time(id)) + DAY_S >= unix_now
    }

    /// Whether the headers of the block and of all before it are right.
    pub fn header_is_valid(&self, id: BlockId) -> bool {
        self.tree.header_is_valid(id)
    }

    /// Whether the chain to this block agrees with all checkpoints up to its height.
    pub fn keeps_checkpoints(&self, id: BlockId) -> bool {
        self.checkpoints.iter().all(|checkpoint| {
            self.ancestor(id, checkpoint.height)
                .is_none_or(|there| self.hash(there) == checkpoint.hash)
        })
    }

    /// Whether the block is on the way to all checkpoints above it and agrees with those below: a
    /// chain that forks off before a checkpoint is refused once that is reached.
    pub fn suits_checkpoints(&self, id: BlockId) -> bool {
        let height = self.height(id);
        self.checkpoints.iter().all(|checkpoint| {
            let common = height.min(checkpoint.height);
            let at_checkpoint =
                self.find(&checkpoint.hash).and_then(|there| self.ancestor(there, common));
            self.ancestor(id, common) == at_checkpoint
        })
    }

    /// The subject's checkpoints, by rising height.
    pub fn checkpoints(&self) -> &[Checkpoint] {
        &self.checkpoints
    }

    /// The tip of what the subject has stored at the start.
    pub fn start_tip(&self) -> BlockId {
        self.start_tip
    }

    /// Which client at which version the subject shall be.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Seconds since 1970 at the start of the run.
    pub fn unix_time(&self) -> u32 {
        self.unix_time
    }

    /// How many blocks there are, genesis among them.
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether there is no block at all; there always is genesis.
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// All blocks, each after its parent.
    pub fn ids(&self) -> impl Iterator<Item = BlockId> + use<> {
        self.tree.ids()
    }

    /// A short name for people: `m12` on the main chain, `side:17` on a branch, a part of the hash
    /// for what the world does not know.
    pub fn label(&self, hash: &BlockHash) -> String {
        let Some(id) = self.find(hash) else {
            return if hash.is_zero() {
                "0".to_owned()
            } else {
                format!("?{:.8}", hash.to_string())
            };
        };
        let height = self.height(id);
        match self.tree.branch_of(id) {
            None | Some(0) => format!("m{height}"),
            Some(branch) => format!("{}:{height}", self.names[branch]),
        }
    }

    fn check_stored(&self) -> Result<(), SpecError> {
        if !self.is_valid(self.start_tip) {
            return Err(SpecError::new("stored", "the subject can only have stored valid blocks"));
        }
        if !self.keeps_checkpoints(self.start_tip) {
            return Err(SpecError::new("stored", "what is stored contradicts a checkpoint"));
        }
        Ok(())
    }
}

fn newest_time(tree: &BlockTree) -> u32 {
    tree.tips()
        .filter_map(|tip| {
            (0..=tree.height(tip))
                .rev()
                .filter_map(|height| tree.ancestor(tip, height))
                .find(|id| tree.header_is_valid(*id))
        })
        .map(|id| tree.header(id).fields().time)
        .max()
        .unwrap_or(0)
}

fn check_sizes(spec: &Spec) -> Result<(), SpecError> {
    let in_range = |field: String, length: u32| {
        if (1..=LENGTH_MAX).contains(&length) {
            return Ok(());
        }
        Err(SpecError::new(field, format!("from 1 to {LENGTH_MAX} blocks, got {length}")))
    };
    in_range("main".to_owned(), spec.main)?;
    if spec.branches.len() > BRANCHES_MAX {
        let got = spec.branches.len();
        return Err(SpecError::new("branches", format!("at most {BRANCHES_MAX}, got {got}")));
    }
    let mut total = u64::from(spec.main);
    for (index, branch) in spec.branches.iter().enumerate() {
        in_range(format!("branches[{index}].length"), branch.length)?;
        total += u64::from(branch.length);
    }
    if total > BLOCKS_MAX {
        let message = format!("at most {BLOCKS_MAX} blocks in all, got {total}");
        return Err(SpecError::new("branches", message));
    }
    if !(1..=100_000).contains(&spec.spacing_s) {
        let message = format!("from 1 to 100000 seconds, got {}", spec.spacing_s);
        return Err(SpecError::new("spacing_s", message));
    }
    Ok(())
}

fn grow(tree: &mut BlockTree, names: &mut Vec<String>, spec: &BranchSpec) -> Result<(), SpecError> {
    let well_named = !spec.name.is_empty()
        && spec.name.len() <= 32
        && spec.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !well_named {
        return Err(SpecError::new("name", "has 1 to 32 letters, digits or dashes"));
    }
    if names.contains(&spec.name) {
        return Err(SpecError::new("name", format!("{:?} is taken", spec.name)));
    }
    // Only earlier branches count, so that branches cannot hang on each other in a loop.
    let fork = names.iter().position(|name| *name == spec.fork.branch).ok_or_else(|| {
        let message = format!("no branch {:?} before this one", spec.fork.branch);
        SpecError::new("fork", message)
    })?;
    let parent = tree.at(fork, spec.fork.height).ok_or_else(|| {
        let message = format!("branch {:?} has no height {}", spec.fork.branch, spec.fork.height);
        SpecError::new("fork", message)
    })?;
    if let Some(flaw) = &spec.flaw {
        let own = tree.height(parent) + 1..=tree.height(parent) + spec.length;
        if !own.contains(&flaw.height) {
            let message = format!(
                "the branch's own blocks are at {} to {}, got {}",
                own.start(),
                own.end(),
                flaw.height
            );
            return Err(SpecError::new("flaw.height", message));
        }
    }
    let flaw = spec.flaw.map(|flaw| (flaw.height, flaw.kind));
    tree.grow(Branch { parent, length: spec.length, flaw }, salt_of(&spec.name));
    names.push(spec.name.clone());
    Ok(())
}

/// Makes the blocks of a branch its own, by its name alone (FNV-1a): taking another branch away
/// does not change them.
fn salt_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
