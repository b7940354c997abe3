use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::{Millis, SpecError};
use crate::primitives::ethereum_state::{Blob, Hash32};
use crate::world::state::{StateChain, StateSpec, StoredTable};

use super::Profile;
use super::message::Start;
use super::names::Names;

/// A chain with its states, and how the subject is set up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Which client at which version the subject shall be.
    #[serde(default, skip_serializing_if = "is_default")]
    pub profile: Profile,
    /// The chain.
    pub chain: StateSpec,
    /// The block whose whole state the subject has stored at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_state_of: Option<u32>,
}

fn is_default(profile: &Profile) -> bool {
    *profile == Profile::default()
}

/// What the honest network knows.
#[derive(Debug)]
pub struct World {
    /// The chain and all that its states are made of.
    pub chain: StateChain,
    pub(super) profile: Profile,
    stored_state_of: Option<u32>,
    spec: Option<StateSpec>,
    /// Only those who read of a run need names.
    names: OnceLock<Names>,
}

impl World {
    pub(super) fn build(spec: &Spec) -> Result<Self, SpecError> {
        let chain = StateChain::build(&spec.chain)
            .map_err(|error| SpecError::new(error.field, error.message).within("chain"))?;
        if spec.stored_state_of.is_some_and(|block| block > chain.head()) {
            return Err(SpecError::new("stored_state_of", "no such block"));
        }
        let stored_state_of = spec.stored_state_of;
        let profile = spec.profile;
        let spec = Some(spec.chain.clone());
        Ok(Self { chain, profile, stored_state_of, spec, names: OnceLock::new() })
    }

    /// A world around a chain that was built elsewhere.
    pub fn of_chain(chain: StateChain, profile: Profile) -> Self {
        Self { chain, profile, stored_state_of: None, spec: None, names: OnceLock::new() }
    }

    /// What to call an item: `root@38`, `account 3`, `storage 3/9a`, `code 3`.
    pub fn name(&self, hash: &Hash32) -> String {
        self.names.get_or_init(|| Names::new(&self.chain, self.spec.as_ref())).name(hash)
    }

    pub(super) fn start(&self) -> Start {
        let mark = self.stored_mark();
        let stored = |table: &StoredTable| {
            let stored = table.values().filter(|stored| stored.states & mark != 0);
            stored.map(|stored| stored.blob.clone()).collect::<Vec<Blob>>().into()
        };
        Start {
            profile: self.profile,
            blocks: self.chain.blocks().into(),
            nodes: stored(self.chain.nodes()),
            codes: stored(self.chain.codes()),
        }
    }

    /// The bit of the state that the subject has at the beginning; none, if it has none.
    pub(super) fn stored_mark(&self) -> u64 {
        self.stored_state_of.map_or(0, |block| self.chain.states_between(block, block))
    }

    /// Each item may be held back by one slow peer after the other, and all may have to be fetched
    /// anew a few times.
    pub(super) fn patience(&self, peers: usize) -> Millis {
        let items = (self.chain.nodes().len() + self.chain.codes().len()) as u64;
        (items + 20) * (peers as u64 + 2) * 61_000
    }
}
