use crate::primitives::ethereum_state::{Account, Child, EMPTY_ROOT, Hash32, HashTable, Node};
use crate::world::state::{StateChain, StateSpec};

/// What to call the items of a chain's states: `root@38` is the root of the state that begins with
/// block 38, `node 5a` what stands at that path of the state trie, `account 3` the leaf of an
/// account, `storage 3/9` a node of its storage trie, `code 3` its code. What is new in a later
/// state has its block behind an `@` too.
#[derive(Debug)]
pub(super) struct Names {
    of: HashTable<String>,
}

/// Longer paths are cut.
const PATH_SHOWN_MAX: usize = 8;

impl Names {
    /// Names all items. What several tries share is called by its first place.
    pub(super) fn new(chain: &StateChain, spec: Option<&StateSpec>) -> Self {
        let accounts = spec.map(accounts_by_key).unwrap_or_default();
        let mut walk = Walk { chain, accounts, names: HashTable::default(), since: String::new() };
        let mut last = None;
        for (number, block) in chain.blocks().iter().enumerate() {
            if last.replace(block.state_root) == Some(block.state_root) {
                continue;
            }
            walk.since = if number == 0 { String::new() } else { format!("@{number}") };
            walk.enter(block.state_root, &mut Vec::new(), None);
            walk.names.insert(block.state_root, format!("root@{number}"));
        }
        Self { of: walk.names }
    }

    /// The name of an item; a hash that no state has is shown by its first bytes.
    pub(super) fn name(&self, hash: &Hash32) -> String {
        self.of.get(hash).cloned().unwrap_or_else(|| format!("?{}", hash.short()))
    }
}

struct Walk<'a> {
    chain: &'a StateChain,
    accounts: HashTable<String>,
    names: HashTable<String>,
    since: String,
}

impl Walk<'_> {
    /// Names a node and all below it. `owner` is the account whose storage it belongs to.
    fn enter(&mut self, hash: Hash32, path: &mut Vec<u8>, owner: Option<&str>) {
        if hash == EMPTY_ROOT || self.names.contains_key(&hash) {
            return;
        }
        let Some(stored) = self.chain.nodes().get(&hash) else { return };
        let Ok(node) = Node::decode(stored.blob.bytes()) else { return };
        self.names.insert(hash, self.name_of(&node, path, owner));
        node.walk(path, &mut |path, child| match child {
            Child::Hash(hash) => self.enter(hash, &mut path.to_vec(), owner),
            Child::Value(value) if owner.is_none() => {
                let Ok(account) = Account::decode(value) else { return };
                let name = self.account(path);
                self.enter(account.storage_root, &mut Vec::new(), Some(&name));
                let code = format!("code {name}{}", self.since);
                if self.chain.codes().contains_key(&account.code_hash) {
                    self.names.entry(account.code_hash).or_insert(code);
                }
            }
            _ => {}
        });
    }

    fn name_of(&self, node: &Node<'_>, path: &[u8], owner: Option<&str>) -> String {
        let since = &self.since;
        match (owner, node) {
            (Some(owner), _) => format!("storage {owner}/{}{since}", shown(path)),
            (None, Node::Short { key, child: Child::Value(_) }) => {
                format!("account {}{since}", self.account(&[path, key].concat()))
            }
            (None, _) => format!("node {}{since}", shown(path)),
        }
    }

    /// An account by the path to its leaf.
    fn account(&self, path: &[u8]) -> String {
        let bytes: Vec<u8> = path.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        let key = <[u8; 32]>::try_from(bytes).map(Hash32::from_bytes);
        let known = key.ok().and_then(|key| self.accounts.get(&key).cloned());
        known.unwrap_or_else(|| shown(path))
    }
}

fn accounts_by_key(spec: &StateSpec) -> HashTable<String> {
    let set = spec.changes.iter().flat_map(|change| &change.set);
    let named = spec.accounts.iter().chain(set);
    named.map(|account| (account.key(), account.id.to_string())).collect()
}

fn shown(path: &[u8]) -> String {
    let digits = |path: &[u8]| path.iter().map(|nibble| format!("{nibble:x}")).collect::<String>();
    match path.get(..PATH_SHOWN_MAX) {
        Some(head) if path.len() > PATH_SHOWN_MAX => format!("{}..", digits(head)),
        _ => digits(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::ethereum_state::Nibbles;
    use crate::world::state::{AccountSpec, ChangeSpec, CodeSpec, StorageSpec};

    #[test]
    fn items_are_called_by_their_place() {
        let plain = |id| AccountSpec {
            id,
            prefix: Nibbles::default(),
            balance: 1,
            storage: None,
            code: None,
        };
        let storage =
            StorageSpec { seed: 1, slots: 2, prefix: Nibbles::default(), value_bytes: 32 };
        let contract = AccountSpec {
            storage: Some(storage),
            code: Some(CodeSpec::Bytes { seed: 1, length: 5 }),
            ..plain(3)
        };
        let changes = vec![ChangeSpec { block: 7, set: vec![plain(9)], remove: Vec::new() }];
        let spec =
            StateSpec { blocks: 9, accounts: vec![plain(1), contract], plain_accounts: 0, changes };
        let chain = StateChain::build(&spec).unwrap();
        let names = Names::new(&chain, Some(&spec));
        let mut all: Vec<String> = chain
            .nodes()
            .keys()
            .chain(chain.codes().keys())
            .map(|hash| names.name(&hash))
            .collect();
        all.sort();
        let leaves: Vec<&String> =
            all.iter().filter(|name| name.starts_with("storage 3/") && name.len() > 10).collect();
        assert_eq!(leaves.len(), 2, "{all:?}");
        for name in
            ["account 1", "account 3", "account 9@7", "code 3", "root@0", "root@7", "storage 3/"]
        {
            assert!(all.iter().any(|found| found == name), "{name} of {all:?}");
        }
        assert_eq!(names.name(&Hash32::ZERO), "?00000000");
    }
}
