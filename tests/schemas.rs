//! The JSON Schemas in `schemas/` are those of the types.
//!
//! `UPDATE_SCHEMAS=1 cargo test --test schemas` writes them.

use std::fs;
use std::path::Path;

use serde_json::Value;
use syncheck::corpus::schemas;

#[test]
fn the_schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    for (name, text) in schemas() {
        let path = folder.join(&name);
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(there == text, "{name}: run UPDATE_SCHEMAS=1 cargo test --test schemas");
    }
}

#[test]
fn the_schemas_are_closed() {
    for (name, text) in schemas() {
        let schema: Value = serde_json::from_str(&text).unwrap();
        open_objects(&name, &schema);
    }
}

/// No object may have fields that the schema does not name.
fn open_objects(path: &str, value: &Value) {
    if value.get("properties").is_some_and(Value::is_object) && value.get("type").is_some() {
        assert_eq!(value.get("additionalProperties"), Some(&Value::Bool(false)), "{path}");
    }
    match value {
        Value::Array(list) => list.iter().for_each(|value| open_objects(path, value)),
        Value::Object(map) => {
            for (key, value) in map {
                open_objects(&format!("{path}/{key}"), value);
            }
        }
        _ => {}
    }
}
