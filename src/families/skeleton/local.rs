use std::collections::BTreeMap;

use crate::machine::FastMap;
use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::ethereum_state::Hash32;

use super::message::{LocalBlock, LocalStart, Part};
use super::{Fault, Profile};

/// Faults that do not look at the snap head: below it all blocks are whole, so that it would mask
/// the other two.
const UNMASKED: [Fault; 3] =
    [Fault::LinksAboveSnapHead, Fault::LinksWithoutBody, Fault::LinksWithoutHeader];

/// The local chain: blocks that are known, and which of them are canonical.
#[derive(Clone, Debug, Default)]
pub struct LocalChain {
    blocks: FastMap<Hash32, LocalBlock>,
    canonical: BTreeMap<u64, Hash32>,
    snap_head: u64,
    /// The last block that is said to be filled, if it is above all that is there.
    filled_above: Option<SealedHeader>,
}

impl LocalChain {
    /// The local chain at the beginning.
    pub fn new(start: &LocalStart) -> Self {
        let blocks = start.blocks.iter().map(|block| (block.header.hash(), block.clone()));
        let mut chain = Self {
            blocks: blocks.collect(),
            canonical: BTreeMap::new(),
            snap_head: 0,
            filled_above: None,
        };
        chain.make_canonical(start.head);
        chain.snap_head = start.snap_head;
        chain
    }

    /// Whether the block is there with header, body and receipts.
    pub fn has_all(&self, hash: &Hash32) -> bool {
        self.blocks.get(hash).is_some_and(|block| block.lacks.is_none())
    }

    /// The canonical hash of this number.
    pub fn canonical(&self, number: u64) -> Option<Hash32> {
        self.canonical.get(&number).copied()
    }

    /// Whether the block is canonical and there with all its data.
    pub fn has_canonical(&self, number: u64, hash: &Hash32) -> bool {
        self.canonical(number) == Some(*hash) && self.has_all(hash)
    }

    /// Whether a skeleton whose tail has this parent is linked to the local chain (geth
    /// eth/downloader/skeleton.go `linked`).
    pub(super) fn links(
        &self,
        number: u64,
        hash: &Hash32,
        profile: Profile,
        fault: Option<Fault>,
    ) -> bool {
        let Some(block) = self.blocks.get(hash) else { return false };
        let whole = match fault {
            Some(Fault::LinksWithoutHeader) => block.lacks.is_none_or(|part| part == Part::Header),
            Some(Fault::LinksWithoutBody) => block.lacks.is_none_or(|part| part == Part::Body),
            _ => block.lacks.is_none(),
        };
        // DIFFERENCE between the profiles: geth #35190 asks for the canonical chain, #33428 for
        // blocks up to the snap head.
        let canonical = profile == Profile::Geth110
            || fault == Some(Fault::LinksToSideChain)
            || self.canonical(number) == Some(*hash);
        let filled = profile == Profile::Geth110
            || fault.is_some_and(|fault| UNMASKED.contains(&fault))
            || self.snap_head().number() >= number;
        whole && canonical && filled
    }

    /// The last block that was filled (geth `CurrentSnapBlock`).
    pub fn snap_head(&self) -> &SealedHeader {
        if let Some(above) = self.filled_above.as_ref().filter(|it| it.number() > self.snap_head) {
            return above;
        }
        let hash = self.canonical.get(&self.snap_head).expect("the snap head is canonical");
        &self.blocks[hash].header
    }

    /// The client says that it has filled up to a header above all that is there (geth's
    /// `CurrentSnapBlock` is a pointer of its own).
    pub(super) fn fill_above(&mut self, header: SealedHeader) {
        self.filled_above = Some(header);
    }

    /// The header of this hash.
    pub fn header(&self, hash: &Hash32) -> Option<&SealedHeader> {
        self.blocks.get(hash).map(|block| &block.header)
    }

    /// Stores a block with all its data and makes it the canonical one of its number.
    /// `false` if its parent is not known.
    pub fn import(&mut self, header: &SealedHeader) -> bool {
        if !self.blocks.contains_key(&header.parent()) {
            return false;
        }
        let (number, hash) = (header.number(), header.hash());
        self.blocks.insert(hash, LocalBlock { header: header.clone(), lacks: None });
        if self.canonical(number) != Some(hash) {
            self.make_canonical(hash);
            self.snap_head = number;
        }
        self.snap_head = self.snap_head.max(number);
        true
    }

    /// Makes a whole block on whole blocks the canonical head; `delete` says whether the canonical
    /// blocks above are deleted.
    pub fn set_head(&mut self, hash: Hash32, delete: bool) -> bool {
        let Some(block) = self.blocks.get(&hash) else { return false };
        let number = block.header.number();
        if !self.is_whole(hash) {
            return false;
        }
        if delete {
            let above: Vec<Hash32> =
                self.canonical.range(number + 1..).map(|(_, hash)| *hash).collect();
            for hash in above {
                self.blocks.swap_remove(&hash);
            }
        }
        self.make_canonical(hash);
        (self.snap_head, self.filled_above) = (number, None);
        true
    }

    /// Whether the block and all its ancestors are there with all their data.
    fn is_whole(&self, hash: Hash32) -> bool {
        let mut next = hash;
        while let Some(block) = self.blocks.get(&next).filter(|block| block.lacks.is_none()) {
            if block.header.number() == 0 {
                return true;
            }
            next = block.header.parent();
        }
        false
    }

    /// The block and its ancestors become canonical, what was above is not any more.
    fn make_canonical(&mut self, hash: Hash32) {
        let mut next = hash;
        let mut is_head = true;
        while let Some(block) = self.blocks.get(&next) {
            let number = block.header.number();
            if std::mem::take(&mut is_head) {
                self.canonical.split_off(&(number + 1));
            }
            if self.canonical.insert(number, next) == Some(next) || number == 0 {
                break;
            }
            next = block.header.parent();
        }
        self.snap_head = self.snap_head.min(self.canonical.len() as u64 - 1);
    }
}
