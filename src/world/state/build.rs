use std::collections::BTreeMap;

use crate::primitives::ethereum_state::{Account, Blob, Hash32, build_trie};

use super::{AccountSpec, CodeSpec, StateError, StateSpec, StorageSpec, StoredTable};

/// The states of a chain, one after another.
pub(super) struct StateBuilder {
    accounts: BTreeMap<u32, AccountSpec>,
    plain: Vec<(Hash32, Vec<u8>)>,
    storage_roots: BTreeMap<StorageSpec, (Hash32, Vec<Blob>)>,
    pub(super) nodes: StoredTable,
    pub(super) codes: StoredTable,
}

impl StateBuilder {
    pub(super) fn new(spec: &StateSpec) -> Self {
        let plain = |index: u32| {
            let key = Hash32::of(&(index | 1 << 31).to_be_bytes());
            (key, Account::plain(0, u128::from(index) + 1).encode())
        };
        Self {
            accounts: spec.accounts.iter().map(|account| (account.id, account.clone())).collect(),
            plain: (0..spec.plain_accounts).map(plain).collect(),
            storage_roots: BTreeMap::new(),
            nodes: StoredTable::default(),
            codes: StoredTable::default(),
        }
    }

    pub(super) fn change(&mut self, set: &[AccountSpec], remove: &[u32]) {
        for id in remove {
            self.accounts.remove(id);
        }
        self.accounts.extend(set.iter().map(|account| (account.id, account.clone())));
    }

    /// Builds the tries of the present state, marks what belongs to it with `mark`, and returns
    /// the root.
    pub(super) fn finish(&mut self, mark: u64) -> Result<Hash32, StateError> {
        let mut leaves = self.plain.clone();
        for account in self.accounts.clone().into_values() {
            leaves.push((account.key(), self.account(&account, mark).encode()));
        }
        leaves.sort_unstable_by_key(|leaf| leaf.0);
        if leaves.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(StateError::new("accounts", "two accounts have the same key"));
        }
        let nodes = &mut self.nodes;
        Ok(build_trie(&leaves, &mut |blob| nodes.add(blob, mark)))
    }

    fn account(&mut self, spec: &AccountSpec, mark: u64) -> Account {
        let mut account = Account::plain(1, u128::from(spec.balance));
        if let Some(storage) = &spec.storage {
            let (root, blobs) = self.storage(storage);
            account.storage_root = root;
            for blob in blobs {
                self.nodes.add(blob, mark);
            }
        }
        if let Some(code) = &spec.code {
            let blob = self.code(code);
            account.code_hash = blob.hash();
            if blob.hash() != Account::EMPTY_CODE {
                self.codes.add(blob, mark);
            }
        }
        account
    }

    fn storage(&mut self, spec: &StorageSpec) -> (Hash32, Vec<Blob>) {
        if let Some(known) = self.storage_roots.get(spec) {
            return known.clone();
        }
        let leaf = |index: u32| {
            let key = Hash32::of(&[spec.seed.to_be_bytes(), index.to_be_bytes()].concat());
            let value = value_of(spec, index);
            (spec.prefix.over(key), alloy_rlp::encode(value.as_slice()))
        };
        let leaves: BTreeMap<_, _> = (0..spec.slots).map(leaf).collect();
        let leaves: Vec<_> = leaves.into_iter().collect();
        let mut blobs = Vec::new();
        let root = build_trie(&leaves, &mut |blob| blobs.push(blob));
        self.storage_roots.insert(spec.clone(), (root, blobs.clone()));
        (root, blobs)
    }

    fn code(&mut self, spec: &CodeSpec) -> Blob {
        match spec {
            CodeSpec::Bytes { seed, length } => {
                let bytes: Vec<u8> = (0..length.div_ceil(32))
                    .flat_map(|part| {
                        *Hash32::of(&[seed.to_be_bytes(), part.to_be_bytes()].concat()).as_bytes()
                    })
                    .take(*length as usize)
                    .collect();
                Blob::new(bytes)
            }
            CodeSpec::StorageRootNode { of } => {
                let (root, blobs) = self.storage(of);
                let node = blobs.into_iter().find(|blob| blob.hash() == root);
                node.unwrap_or_else(|| Blob::new(alloy_rlp::encode([0_u8; 0].as_slice())))
            }
        }
    }
}

/// A value without leading zeros, as Ethereum stores words.
fn value_of(spec: &StorageSpec, index: u32) -> Vec<u8> {
    let mut value = Hash32::of(&[index.to_be_bytes(), spec.seed.to_be_bytes()].concat());
    if value.as_bytes()[0] == 0 {
        value = Hash32::from_bytes([1; 32]);
    }
    value.as_bytes()[..usize::from(spec.value_bytes)].to_vec()
}

#[cfg(test)]
mod tests {
    use alloy_rlp::Encodable;

    use super::*;
    use crate::primitives::ethereum_state::{EMPTY_ROOT, Nibbles};

    #[test]
    fn rlp_of_values_has_the_length_that_encodable_says() {
        let spec = StorageSpec { seed: 1, slots: 1, prefix: Nibbles::default(), value_bytes: 32 };
        let value = value_of(&spec, 0);
        assert_eq!(alloy_rlp::encode(value.as_slice()).len(), value.as_slice().length());
        assert_ne!(build_trie(&[(Hash32::ZERO, [1])], &mut drop), EMPTY_ROOT);
    }
}
