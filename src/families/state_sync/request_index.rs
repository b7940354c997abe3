use hashbrown::HashTable;

use crate::primitives::ethereum_state::Hash32;

use super::scheduler::Request;

/// Finds requests by hash. It holds places only, so it stays small: the hashes stand in the
/// requests. It has no order that anything could depend on.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestIndex {
    places: HashTable<u32>,
}

impl RequestIndex {
    /// The place of the request for `hash`.
    pub(super) fn find(&self, requests: &[Request], hash: &Hash32) -> Option<u32> {
        self.places.find(hash.head(), |place| requests[*place as usize].hash == *hash).copied()
    }

    /// Adds the request at `place`, whose hash is new.
    pub(super) fn insert(&mut self, requests: &[Request], place: u32) {
        let head = |place: &u32| requests[*place as usize].hash.head();
        self.places.insert_unique(head(&place), place, head);
    }

    /// Takes out the request for `hash`, which stands at `place`.
    pub(super) fn remove(&mut self, hash: &Hash32, place: u32) {
        if let Ok(entry) = self.places.find_entry(hash.head(), |other| *other == place) {
            entry.remove();
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }
}
