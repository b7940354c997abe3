use bitcoin::CompactTarget;

use crate::primitives::bitcoin::{Block, BlockHash, Header};

use super::index::Index;
use super::mine::{Flaw, Order, Rules, body, mine};

/// The name of a block in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub(super) u32);

/// A run of blocks, each on the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The block that its first block builds on.
    pub parent: BlockId,
    /// How many blocks.
    pub length: u32,
    /// The height of the block that has a flaw, if one has.
    pub flaw: Option<(u32, Flaw)>,
}

/// Blocks from one genesis, with forks. Bodies are made when they are asked for.
#[derive(Debug)]
pub struct BlockTree {
    rules: Rules,
    genesis: Block,
    spacing_s: u32,
    headers: Vec<Header>,
    /// Their hashes, close together: headers lie apart from each other.
    hashes: Vec<BlockHash>,
    /// Cumulative work. 128 bits hold the work of a thousand times the main chain of today.
    works: Vec<u128>,
    /// Most headers have the difficulty of the one before, and so its work.
    last_work: (CompactTarget, u128),
    index: Index,
    branches: Vec<Laid>,
    /// Bodies that were given and cannot be made: those of a real chain, after genesis.
    given: Vec<Block>,
}

/// A branch with its place in the tree.
#[derive(Clone, Copy, Debug)]
struct Laid {
    branch: Branch,
    /// The first block.
    first: BlockId,
    /// The height of the parent.
    fork: u32,
    salt: u64,
    /// Whether the parent and all below it are valid, as far as each [`Depth`] looks.
    sound: [bool; 3],
}

/// How much of a block is looked at.
#[derive(Clone, Copy, Debug)]
enum Depth {
    /// The header.
    Header,
    /// All but what the state of its own chain tells.
    Form,
    /// All.
    Whole,
}

impl Depth {
    const ALL: [Self; 3] = [Self::Header, Self::Form, Self::Whole];

    const fn shows(self, flaw: Flaw) -> bool {
        match self {
            Self::Header => flaw.in_header(),
            Self::Form => !flaw.in_state(),
            Self::Whole => true,
        }
    }
}

impl BlockTree {
    /// A tree with only a genesis block; mined blocks are `spacing_s` seconds apart.
    pub fn new(rules: Rules, genesis: Block, spacing_s: u32) -> Self {
        let mut tree = Self {
            rules,
            spacing_s,
            headers: Vec::new(),
            hashes: Vec::new(),
            works: Vec::new(),
            last_work: (CompactTarget::default(), 0),
            index: Index::default(),
            branches: Vec::new(),
            given: Vec::new(),
            genesis,
        };
        tree.push(tree.genesis.header().clone(), 0);
        tree
    }

    /// A tree with one branch of given blocks, each on the one before, the first on genesis.
    ///
    /// # Errors
    /// The height of the first block that does not link.
    pub fn of_blocks(rules: Rules, genesis: Block, blocks: Vec<Block>) -> Result<Self, u32> {
        let mut tree = Self::new(rules, genesis, 0);
        let branch = Branch {
            parent: tree.genesis(),
            length: u32::try_from(blocks.len()).expect("fewer blocks than hashes"),
            flaw: None,
        };
        tree.lay(branch, 0);
        for (block, height) in blocks.iter().zip(1..) {
            let parent = BlockId(height - 1);
            if block.parent() != tree.hash(parent) {
                return Err(height);
            }
            tree.push(block.header().clone(), tree.work(parent));
        }
        tree.given = blocks;
        Ok(tree)
    }

    /// Grows a branch; `salt` makes its blocks differ from those of a branch at the same place.
    ///
    /// # Panics
    /// When the parent is not in the tree.
    pub fn grow(&mut self, branch: Branch, salt: u64) {
        let laid = self.lay(branch, salt);
        self.headers.reserve(branch.length as usize);
        self.hashes.reserve(branch.length as usize);
        self.works.reserve(branch.length as usize);
        self.index.reserve(&self.hashes, branch.length as usize);
        let mut parent = branch.parent;
        for height in laid.fork + 1..=laid.fork + branch.length {
            let header = mine(&self.rules, self.order(&laid, height, self.hash(parent)));
            let work = self.work(parent);
            parent = self.push(header, work);
        }
    }

    /// How many blocks there are, genesis among them.
    pub fn len(&self) -> usize {
        self.headers.len()
    }

    /// Whether there is no block at all; there always is genesis.
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    /// The genesis block.
    pub const fn genesis(&self) -> BlockId {
        BlockId(0)
    }

    /// The block with this hash.
    pub fn find(&self, hash: &BlockHash) -> Option<BlockId> {
        self.index.find(&self.hashes, hash).map(BlockId)
    }

    /// The block of a branch, counted in the order in which they were grown, at a height.
    pub fn at(&self, branch: usize, height: u32) -> Option<BlockId> {
        let laid = self.branches.get(branch)?;
        if height <= laid.fork {
            return self.ancestor(laid.branch.parent, height);
        }
        (height - laid.fork <= laid.branch.length)
            .then(|| BlockId(laid.first.0 + (height - laid.fork - 1)))
    }

    /// The branch that a block belongs to; none for genesis.
    pub fn branch_of(&self, id: BlockId) -> Option<usize> {
        self.branches.partition_point(|laid| laid.first <= id).checked_sub(1)
    }

    /// The header.
    pub fn header(&self, id: BlockId) -> &Header {
        &self.headers[id.0 as usize]
    }

    /// The hash.
    pub fn hash(&self, id: BlockId) -> BlockHash {
        self.hashes[id.0 as usize]
    }

    /// The height; genesis is at 0.
    pub fn height(&self, id: BlockId) -> u32 {
        self.branch_of(id).map_or(0, |branch| {
            let laid = &self.branches[branch];
            laid.fork + 1 + (id.0 - laid.first.0)
        })
    }

    /// The block before; none for genesis.
    pub fn parent(&self, id: BlockId) -> Option<BlockId> {
        let laid = &self.branches[self.branch_of(id)?];
        Some(if id == laid.first { laid.branch.parent } else { BlockId(id.0 - 1) })
    }

    /// The work of the block and all before it.
    pub fn work(&self, id: BlockId) -> u128 {
        self.works[id.0 as usize]
    }

    /// The ancestor at a height; the block itself at its own.
    pub fn ancestor(&self, id: BlockId, height: u32) -> Option<BlockId> {
        let mut id = id;
        loop {
            let Some(branch) = self.branch_of(id) else {
                return (height == 0).then_some(id);
            };
            let laid = &self.branches[branch];
            let own = laid.fork + 1 + (id.0 - laid.first.0);
            if height > own {
                return None;
            }
            if height > laid.fork {
                return Some(BlockId(id.0 - (own - height)));
            }
            id = laid.branch.parent;
        }
    }

    /// Whether the headers of the block and of all before it are right.
    pub fn header_is_valid(&self, id: BlockId) -> bool {
        self.is_sound(id, Depth::Header)
    }

    /// Whether the block and all before it are right, but for what only the state of their own chain
    /// tells.
    pub fn form_is_valid(&self, id: BlockId) -> bool {
        self.is_sound(id, Depth::Form)
    }

    /// Whether the block and all before it are right.
    pub fn is_valid(&self, id: BlockId) -> bool {
        self.is_sound(id, Depth::Whole)
    }

    /// The whole block.
    pub fn block(&self, id: BlockId) -> Block {
        let Some(branch) = self.branch_of(id) else { return self.genesis.clone() };
        if let Some(block) = self.given.get(id.0 as usize - 1) {
            return block.clone();
        }
        let parent = self.header(id).parent();
        body(&self.rules, self.order(&self.branches[branch], self.height(id), parent))
    }

    /// The last block of each branch.
    pub fn tips(&self) -> impl Iterator<Item = BlockId> {
        self.branches.iter().map(|laid| BlockId(laid.first.0 + laid.branch.length - 1))
    }

    /// All blocks, each after its parent.
    pub fn ids(&self) -> impl Iterator<Item = BlockId> + use<> {
        (0..u32::try_from(self.headers.len()).expect("fewer blocks than hashes")).map(BlockId)
    }

    fn lay(&mut self, branch: Branch, salt: u64) -> Laid {
        let laid = Laid {
            branch,
            first: BlockId(u32::try_from(self.headers.len()).expect("fewer blocks than hashes")),
            fork: self.height(branch.parent),
            salt,
            sound: Depth::ALL.map(|depth| self.is_sound(branch.parent, depth)),
        };
        // An empty branch has no block that could be told from those of the next.
        if branch.length > 0 {
            self.branches.push(laid);
        }
        laid
    }

    fn push(&mut self, header: Header, work_before: u128) -> BlockId {
        let id = BlockId(u32::try_from(self.headers.len()).expect("fewer blocks than hashes"));
        let bits = header.fields().bits;
        if self.last_work.0 != bits {
            self.last_work = (bits, work_of(&header));
        }
        self.works.push(work_before.saturating_add(self.last_work.1));
        self.hashes.push(header.hash());
        self.headers.push(header);
        self.index.add(&self.hashes);
        id
    }

    fn order(&self, laid: &Laid, height: u32, parent: BlockHash) -> Order {
        let flaw = laid.branch.flaw.filter(|(at, _)| *at == height).map(|(_, flaw)| flaw);
        let genesis_time = self.genesis.header().fields().time;
        let time = match flaw {
            Some(Flaw::TimeTooNew) => u32::MAX - 1,
            Some(Flaw::TimeTooOld) => genesis_time,
            _ => genesis_time.saturating_add(height.saturating_mul(self.spacing_s)),
        };
        Order { parent, height, salt: laid.salt, time, flaw }
    }

    fn is_sound(&self, id: BlockId, depth: Depth) -> bool {
        let Some(branch) = self.branch_of(id) else { return true };
        let laid = &self.branches[branch];
        let flaw = laid.branch.flaw.filter(|(_, flaw)| depth.shows(*flaw));
        laid.sound[depth as usize] && flaw.is_none_or(|(at, _)| self.height(id) < at)
    }
}

fn work_of(header: &Header) -> u128 {
    let work = header.fields().work().to_be_bytes();
    u128::from_be_bytes(*work.last_chunk().expect("work has 32 bytes"))
}
