use std::collections::BTreeMap;

use schemars::{Schema, schema_for};
use serde_json::Value;

use crate::families::Catalog;
use crate::families::headers_first::HeadersFirst;
use crate::machine::Described;
use crate::vectors::{Document, FORMAT};

use super::manifest::Manifest;

/// The JSON Schemas of all files, by their paths below `schemas/`, as text.
pub fn schemas() -> BTreeMap<String, String> {
    let mut schemas = BTreeMap::new();
    schemas.insert("manifest.json".to_owned(), text(schema_for!(Manifest), None));
    add::<HeadersFirst>(&mut schemas);
    schemas
}

fn add<F: Catalog + Described>(schemas: &mut BTreeMap<String, String>) {
    let scenario = ("scenario", schema_for!(Document<F>));
    for (kind, schema) in F::table_schemas().into_iter().chain([scenario]) {
        let path = format!("{}/{kind}.json", F::NAME);
        schemas.insert(path, text(schema, Some((F::NAME, kind))));
    }
}

/// A schema as text, with what is the same in all files of a kind said as constants.
fn text(schema: Schema, of: Option<(&str, &str)>) -> String {
    let mut value = schema.to_value();
    let mut constant = |field: &str, wanted: &str| {
        if let Some(field) = value.pointer_mut(&format!("/properties/{field}")) {
            field["const"] = Value::from(wanted);
        }
    };
    constant("format", FORMAT);
    if let Some((family, kind)) = of {
        constant("family", family);
        constant("kind", kind);
    }
    format!("{value:#}\n")
}
