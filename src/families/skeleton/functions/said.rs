use serde::{Deserialize, Deserializer};

/// Tells a field that is `null` from one that is left out: the first says that there is nothing, the
/// second says nothing.
pub(super) fn said<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
