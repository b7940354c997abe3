use std::ops::Index;

use crate::primitives::ethereum_state::{Blob, Hash32};

/// A trie node or a code, with the states that it belongs to.
///
/// There are millions, looked up in no order: so each shall be one line of the cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct Stored {
    /// Its bytes.
    pub blob: Blob,
    /// One bit for each different state of the chain.
    pub states: u64,
}

/// Trie nodes or codes by hash, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct StoredTable {
    items: Vec<Stored>,
    places: hashbrown::HashTable<u32>,
}

impl StoredTable {
    /// The item of this hash.
    pub fn get(&self, hash: &Hash32) -> Option<&Stored> {
        let is_it = |place: &u32| self.items[*place as usize].blob.hash() == *hash;
        self.places.find(hash.head(), is_it).map(|place| &self.items[*place as usize])
    }

    /// Whether there is an item of this hash.
    pub fn contains_key(&self, hash: &Hash32) -> bool {
        self.get(hash).is_some()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All items.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Stored> {
        self.items.iter()
    }

    /// All hashes.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = Hash32> {
        self.items.iter().map(|stored| stored.blob.hash())
    }

    /// Adds a blob, if it is new, and the states that it belongs to.
    pub(super) fn add(&mut self, blob: Blob, states: u64) {
        let Self { items, places } = self;
        let hash = blob.hash();
        let is_it = |place: &u32| items[*place as usize].blob.hash() == hash;
        if let Some(place) = places.find(hash.head(), is_it) {
            items[*place as usize].states |= states;
            return;
        }
        let place = u32::try_from(items.len()).expect("no world has so many items");
        items.push(Stored { blob, states });
        let head = |place: &u32| items[*place as usize].blob.hash().head();
        places.insert_unique(hash.head(), place, head);
    }

    /// Puts the bytes of all items side by side.
    pub(super) fn pack(&mut self) {
        Blob::pack(self.items.iter_mut().map(|stored| &mut stored.blob));
    }
}

impl Index<&Hash32> for StoredTable {
    type Output = Stored;

    fn index(&self, hash: &Hash32) -> &Stored {
        self.get(hash).expect("the item is there")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_twice_stands_there_once_with_all_its_states() {
        let blob = |index: u32| Blob::new(index.to_be_bytes().to_vec());
        let mut table = StoredTable::default();
        (0..600).for_each(|index| table.add(blob(index % 300), 1 << (index % 7)));
        table.pack();
        assert_eq!((table.len(), table.values().len(), table.is_empty()), (300, 300, false));
        for (index, hash) in (0..).zip(table.keys()) {
            assert_eq!(
                (table[&hash].blob.bytes(), hash),
                (blob(index).bytes(), blob(index).hash())
            );
            assert_eq!(table[&hash].states, 1 << (index % 7) | 1 << ((index + 300) % 7));
        }
        assert!(!table.contains_key(&blob(300).hash()));
    }
}
