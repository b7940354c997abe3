use serde::Serialize;

/// The name that a variant has in files: its `type`. None, if it is of no such kind.
pub fn tag_of<T: Serialize>(value: &T) -> Option<String> {
    let value = serde_json::to_value(value).ok()?;
    value.get("type")?.as_str().map(str::to_owned)
}
