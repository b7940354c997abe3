use indexmap::{IndexMap, IndexSet};
use rustc_hash::FxBuildHasher;

/// A map with fast look-up whose order depends on insertions and removals alone, never on a random
/// state.
pub type FastMap<K, V> = IndexMap<K, V, FxBuildHasher>;

/// A set with fast look-up whose order depends on insertions and removals alone.
pub type FastSet<K> = IndexSet<K, FxBuildHasher>;
