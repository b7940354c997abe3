use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::primitives::ethereum_state::{Hash32, Nibbles};

/// A chain of blocks with their states.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateSpec {
    /// How many blocks follow the genesis block.
    pub blocks: u32,
    /// The accounts of the genesis state, by rising id.
    pub accounts: Vec<AccountSpec>,
    /// How many accounts with nothing but a balance the genesis state has besides.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub plain_accounts: u32,
    /// What later blocks change, by rising block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeSpec>,
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// An account. Its key is the Keccak-256 of its id as four bytes, with the prefix over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountSpec {
    /// Its name.
    pub id: u32,
    /// The first nibbles of its key. Accounts with a long common prefix are deep in the trie.
    #[serde(default, skip_serializing_if = "Nibbles::is_empty")]
    pub prefix: Nibbles,
    /// What it owns.
    pub balance: u64,
    /// Its storage; nothing, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<StorageSpec>,
    /// Its code; nothing, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeSpec>,
}

/// A storage trie. Equal descriptions are the same trie; those with the same seed share leaves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageSpec {
    /// Selects keys and values.
    pub seed: u32,
    /// How many slots are set.
    pub slots: u32,
    /// The first nibbles of all keys. Under a prefix of 40 nibbles and more, leaves with short
    /// values are shorter than a hash and stand in their parents.
    #[serde(default, skip_serializing_if = "Nibbles::is_empty")]
    pub prefix: Nibbles,
    /// How many bytes a value has, 1 to 32.
    pub value_bytes: u8,
}

/// A contract's code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum CodeSpec {
    /// Bytes that follow from a seed.
    Bytes {
        /// Selects the bytes.
        seed: u32,
        /// How many.
        length: u32,
    },
    /// The very bytes of the root node of another trie, so that a code hash is a node hash too.
    StorageRootNode {
        /// The trie.
        of: StorageSpec,
    },
}

/// What a block changes in the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSpec {
    /// The block's number.
    pub block: u32,
    /// Accounts that are new or have changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<AccountSpec>,
    /// Ids of accounts that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<u32>,
}

/// Why a description has no chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateError {
    /// The path of the field.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl StateError {
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl StateSpec {
    /// Checks the bounds that keep a world buildable.
    pub(super) fn check(&self) -> Result<(), StateError> {
        at_most("blocks", self.blocks, 100_000)?;
        at_most("plain_accounts", self.plain_accounts, 5_000_000)?;
        check_accounts("accounts", &self.accounts)?;
        if self.changes.len() >= 64 {
            return Err(StateError::new("changes", "at most 63 blocks change the state"));
        }
        let mut last = 0;
        for (index, change) in self.changes.iter().enumerate() {
            let path = format!("changes[{index}]");
            if change.block <= last || change.block > self.blocks {
                return Err(StateError::new(
                    format!("{path}.block"),
                    "changes stand by rising block, from 1 to the last block",
                ));
            }
            last = change.block;
            check_accounts(&format!("{path}.set"), &change.set)?;
        }
        Ok(())
    }
}

fn check_accounts(list: &str, accounts: &[AccountSpec]) -> Result<(), StateError> {
    at_most(list, accounts.len() as u32, 100_000)?;
    for (index, account) in accounts.iter().enumerate() {
        let path = format!("{list}[{index}]");
        if index > 0 && accounts[index - 1].id >= account.id {
            return Err(StateError::new(format!("{path}.id"), "accounts stand by rising id"));
        }
        at_most(&format!("{path}.id"), account.id, (1 << 31) - 1)?;
        at_most(&format!("{path}.prefix"), account.prefix.len() as u32, 63)?;
        if let Some(storage) = &account.storage {
            storage.check(&format!("{path}.storage"))?;
        }
        match &account.code {
            Some(CodeSpec::Bytes { length, .. }) => {
                at_most(&format!("{path}.code.length"), *length, 24_576)?;
            }
            Some(CodeSpec::StorageRootNode { of }) => of.check(&format!("{path}.code.of"))?,
            None => {}
        }
    }
    Ok(())
}

impl AccountSpec {
    /// The account's key in the state trie.
    pub fn key(&self) -> Hash32 {
        self.prefix.over(Hash32::of(&self.id.to_be_bytes()))
    }
}

impl StorageSpec {
    fn check(&self, path: &str) -> Result<(), StateError> {
        at_most(&format!("{path}.slots"), self.slots, 1_000_000)?;
        at_most(&format!("{path}.prefix"), self.prefix.len() as u32, 63)?;
        if self.value_bytes == 0 || self.value_bytes > 32 {
            return Err(StateError::new(format!("{path}.value_bytes"), "from 1 to 32"));
        }
        Ok(())
    }
}

fn at_most(field: &str, got: u32, most: u32) -> Result<(), StateError> {
    if got > most {
        return Err(StateError::new(field, format!("at most {most}, got {got}")));
    }
    Ok(())
}
