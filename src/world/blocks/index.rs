use crate::primitives::bitcoin::{BlockHash, Header};

/// Finds headers by hash in a list of them. It takes 8 to 16 bytes a header, where a map would copy
/// the hashes.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Open addressing: a number is one more than a header's position, 0 is a free slot.
    slots: Vec<u32>,
    len: usize,
}

impl Index {
    /// Makes room for `more` headers behind those in `headers`.
    pub(super) fn reserve(&mut self, headers: &[Header], more: usize) {
        let wanted = ((self.len + more) * 2).next_power_of_two();
        if wanted <= self.slots.len() {
            return;
        }
        self.slots = vec![0; wanted];
        for (position, header) in (1..).zip(&headers[..self.len]) {
            let slot = self.slot(headers, &header.hash());
            self.slots[slot] = position;
        }
    }

    /// Adds the next of the headers, which is there already.
    pub(super) fn add(&mut self, headers: &[Header]) {
        self.reserve(headers, 1);
        let slot = self.slot(headers, &headers[self.len].hash());
        self.len += 1;
        self.slots[slot] = u32::try_from(self.len).expect("fewer blocks than hashes");
    }

    /// The position of a header.
    pub(super) fn find(&self, headers: &[Header], hash: &BlockHash) -> Option<u32> {
        self.slots[self.slot(headers, hash)].checked_sub(1)
    }

    /// Where the hash is, or would be.
    fn slot(&self, headers: &[Header], hash: &BlockHash) -> usize {
        let mask = self.slots.len() - 1;
        let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
        // In wire order a hash begins with even bytes: work makes zeros at the other end.
        let mut slot = u64::from_le_bytes([a, b, c, d, e, f, g, h]) as usize & mask;
        while let Some(position) = self.slots[slot].checked_sub(1)
            && headers[position as usize].hash() != *hash
        {
            slot = (slot + 1) & mask;
        }
        slot
    }
}
