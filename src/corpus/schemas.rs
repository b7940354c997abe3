use std::collections::BTreeMap;

use schemars::{Schema, schema_for};
use serde_json::Value;

use crate::families::{Catalog, FamilyId, Visit};
use crate::vectors::{Document, FORMAT, SCENARIO};

use super::manifest::Manifest;

/// The JSON Schemas of all files, by their paths below `schemas/`, as text.
pub fn schemas() -> BTreeMap<String, String> {
    let mut schemas = BTreeMap::new();
    schemas.insert("manifest.json".to_owned(), text(schema_for!(Manifest), None));
    for family in FamilyId::ALL {
        family.visit(Add(&mut schemas));
    }
    schemas
}

struct Add<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Add<'_> {
    type Output = ();

    fn visit<F: Catalog>(self) {
        let scenario = (SCENARIO, schema_for!(Document<F>));
        let tables =
            F::functions().into_iter().map(|function| (function.kind, (function.schema)()));
        for (kind, schema) in tables.chain([scenario]) {
            let path = format!("{}/{kind}.json", F::NAME);
            self.0.insert(path, text(schema, Some((F::NAME, kind))));
        }
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
