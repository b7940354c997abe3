use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::headers_first::peer::made_up;
use crate::families::headers_first::{
    BlockSource, BranchSpec, ChainView, FlawSpec, Message, Place, Profile, Spec, World,
};
use crate::machine::FastSet;
use crate::primitives::bitcoin::{Block, BlockHash, Header};
use crate::world::BlockId;

use super::label::{Label, Labels};

/// The shape of a tree of blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChainShape {
    /// Blocks of the main chain after genesis; one at least.
    length: u32,
    /// Chains that leave it or each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    side: Vec<Side>,
    /// The tip of the best chain. If absent, the valid chain with the most work is the best, of
    /// equal ones the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tip: Option<Label>,
    /// Blocks that the best chain must have, by rising height.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    checkpoints: Labels,
    /// Seconds from the newest block's time to now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tip_age_s: Option<u32>,
}

/// A side chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Side {
    name: String,
    /// The side chain that it leaves, one of those before it; the main chain, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    /// The height of the last block that both have.
    fork: u32,
    length: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flaw: Option<FlawSpec>,
}

/// A shape's blocks as seen by one who knows all of them.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) world: World,
    tip: BlockId,
    /// Blocks of which only the headers are there.
    pub(super) missing: FastSet<BlockHash>,
    pub(super) transactions: FastSet<BlockHash>,
}

impl Shape {
    /// The blocks of a shape, or the first thing that does not fit.
    pub(super) fn build(shape: &ChainShape) -> Result<Self, String> {
        let branch = |side: &Side| BranchSpec {
            name: side.name.clone(),
            fork: Place::new(side.parent.as_deref().unwrap_or("main"), side.fork),
            length: side.length,
            flaw: side.flaw,
        };
        let place = |label: &Label| match label {
            Label::Block(place) => Ok(place.clone()),
            Label::Unknown(_) => Err(format!("chain.checkpoints: nobody knows {label}")),
        };
        let spec = Spec {
            profile: Profile::default(),
            main: shape.length,
            branches: shape.side.iter().map(branch).collect(),
            checkpoints: shape.checkpoints.0.iter().map(place).collect::<Result<_, _>>()?,
            stored: None,
            tip_age_s: shape.tip_age_s.unwrap_or(0),
            spacing_s: 600,
        };
        let world = World::build(&spec).map_err(|error| {
            // The names that a shape has for the fields of a world's description.
            let field = error.field.replace("branches", "side");
            let field = if field == "main" { "length" } else { &field };
            format!("chain.{field}: {}", error.message)
        })?;
        let best = best_tip(&world);
        let mut built = Self {
            tip: best,
            world,
            missing: FastSet::default(),
            transactions: FastSet::default(),
        };
        if let Some(tip) = &shape.tip {
            built.tip = built.block_of(tip)?;
        }
        Ok(built)
    }

    /// The tip of the best chain.
    pub(super) fn tip(&self) -> BlockId {
        self.tip
    }

    /// The hash that a label stands for.
    pub(super) fn hash(&self, label: &Label) -> Result<BlockHash, String> {
        match label {
            Label::Block(_) => self.block_of(label).map(|id| self.world.hash(id)),
            Label::Unknown(number) => Ok(made_up(0xee, *number)),
        }
    }

    pub(super) fn hashes(&self, labels: &Labels) -> Result<Vec<BlockHash>, String> {
        labels.0.iter().map(|label| self.hash(label)).collect()
    }

    /// The hash of a label; zero for none.
    pub(super) fn stop(&self, label: Option<&Label>) -> Result<BlockHash, String> {
        label.map_or(Ok(BlockHash::ZERO), |label| self.hash(label))
    }

    /// The block of a label, which must be one of the shape.
    pub(super) fn block_of(&self, label: &Label) -> Result<BlockId, String> {
        match label {
            Label::Block(place) => {
                self.world.place(place).map_err(|error| format!("{label}: {}", error.message))
            }
            Label::Unknown(_) => Err(format!("{label}: a block of the chain is wanted here")),
        }
    }

    /// The name of a hash that came out of a function.
    pub(super) fn label(&self, hash: &BlockHash) -> Label {
        let text = self.world.label(hash);
        // The world writes the main chain's blocks as `m12`.
        let text = if text.contains(':') { &text } else { text.trim_start_matches('m') };
        text.parse().unwrap_or_else(|_| {
            let bytes = hash.as_bytes();
            Label::Unknown(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        })
    }

    pub(super) fn labels(&self, hashes: &[BlockHash]) -> Labels {
        hashes.iter().map(|hash| self.label(hash)).collect()
    }
}

fn best_tip(world: &World) -> BlockId {
    world.ids().filter(|id| world.is_valid(*id) && world.keeps_checkpoints(*id)).fold(
        world.genesis(),
        |best, id| {
            if world.work(id) > world.work(best) { id } else { best }
        },
    )
}

impl ChainView for Shape {
    fn tip_height(&self) -> u32 {
        self.world.height(self.tip)
    }

    fn hash_at(&self, height: u32) -> Option<BlockHash> {
        self.world.ancestor(self.tip, height).map(|id| self.world.hash(id))
    }

    fn height_of(&self, hash: &BlockHash) -> Option<u32> {
        let id = self.world.find(hash)?;
        let height = self.world.height(id);
        (self.world.ancestor(self.tip, height) == Some(id)).then_some(height)
    }

    fn ancestor(&self, hash: &BlockHash, height: u32) -> Option<BlockHash> {
        let id = self.world.ancestor(self.world.find(hash)?, height)?;
        Some(self.world.hash(id))
    }

    fn known_height(&self, hash: &BlockHash) -> Option<u32> {
        self.world.find(hash).map(|id| self.world.height(id))
    }
}

impl BlockSource for Shape {
    fn header(&self, hash: &BlockHash) -> Option<Header> {
        self.world.find(hash).map(|id| self.world.header(id))
    }

    fn block(&self, hash: &BlockHash) -> Option<Block> {
        let id = self.world.find(hash).filter(|_| !self.missing.contains(hash))?;
        Some(self.world.block(id))
    }

    fn transaction(&self, id: &BlockHash) -> Option<Message> {
        self.transactions.contains(id).then_some(Message::Tx { id: *id, raw: None })
    }
}
