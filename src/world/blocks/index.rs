use std::sync::atomic::{AtomicU32, Ordering};

use crate::primitives::bitcoin::BlockHash;

/// Finds hashes in a list of them. It takes 8 to 16 bytes a hash, where a map would hold them a second
/// time.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Open addressing: a number is one more than a hash's position, 0 is a free slot.
    slots: Vec<u32>,
    len: usize,
    /// What was found last: many ask for the same hash, one after the other.
    last: AtomicU32,
}

impl Index {
    /// Makes room for `more` hashes behind those in `hashes`.
    pub(super) fn reserve(&mut self, hashes: &[BlockHash], more: usize) {
        let wanted = ((self.len + more) * 2).next_power_of_two();
        if wanted <= self.slots.len() {
            return;
        }
        self.slots = vec![0; wanted];
        for (position, hash) in (1..).zip(&hashes[..self.len]) {
            let slot = self.slot(hashes, hash);
            self.slots[slot] = position;
        }
    }

    /// Adds the next of the hashes, which is there already.
    pub(super) fn add(&mut self, hashes: &[BlockHash]) {
        self.reserve(hashes, 1);
        let slot = self.slot(hashes, &hashes[self.len]);
        self.len += 1;
        self.slots[slot] = u32::try_from(self.len).expect("fewer blocks than hashes");
    }

    /// The position of a hash.
    pub(super) fn find(&self, hashes: &[BlockHash], hash: &BlockHash) -> Option<u32> {
        let last = self.last.load(Ordering::Relaxed);
        if hashes.get(last as usize) == Some(hash) {
            return Some(last);
        }
        let found = self.slots[self.slot(hashes, hash)].checked_sub(1)?;
        self.last.store(found, Ordering::Relaxed);
        Some(found)
    }

    /// Where the hash is, or would be.
    fn slot(&self, hashes: &[BlockHash], hash: &BlockHash) -> usize {
        let mask = self.slots.len() - 1;
        let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
        // In wire order a hash begins with even bytes: work makes zeros at the other end.
        let mut slot = u64::from_le_bytes([a, b, c, d, e, f, g, h]) as usize & mask;
        while let Some(position) = self.slots[slot].checked_sub(1)
            && hashes[position as usize] != *hash
        {
            slot = (slot + 1) & mask;
        }
        slot
    }
}
