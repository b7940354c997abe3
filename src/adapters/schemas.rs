//! The JSON Schemas of the protocol's lines. `schemas/adapter/` has them as files.

use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, schema_for};
use serde_json::{Value, json};

use crate::machine::{Family, Input, Output, Time};

use super::protocol::{About, PROTOCOL_VERSIONS};

/// Numbers beyond it are decimal strings, for readers that keep numbers as 64-bit floats.
const NUMBER_MAX: u64 = (1 << 53) - 1;

/// The schema of the lines to a subject of a family.
pub fn request_schema<F: Family>() -> Schema {
    let mut schema = schema_for!(RequestForm<F>).to_value();
    schema["title"] = json!(format!("Requests of {}, protocol 1.1", F::NAME));
    constant(&mut schema, "family", &json!(F::NAME));
    // Only machines in this process see their own deadline as an input.
    for (_, definition) in schema["$defs"].as_object_mut().into_iter().flatten() {
        if let Some(variants) = definition.get_mut("oneOf").and_then(Value::as_array_mut) {
            variants.retain(|variant| variant["properties"]["type"]["const"] != "deadline");
        }
    }
    finished(schema)
}

/// The schema of the lines from a subject of a family.
pub fn reply_schema<F: Family>() -> Schema {
    let mut schema = schema_for!(ReplyForm<F>).to_value();
    schema["title"] = json!(format!("Replies of {}, protocol 1.1", F::NAME));
    for variant in schema["oneOf"].as_array_mut().into_iter().flatten() {
        if let Some(protocol) = variant["properties"].get_mut("protocol") {
            *protocol =
                json!({ "description": protocol["description"], "enum": PROTOCOL_VERSIONS });
        }
    }
    finished(schema)
}

/// A line to the subject.
#[expect(dead_code, reason = "its schema is what it is for")]
#[derive(JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(bound = "F: Family", rename = "Request")]
enum RequestForm<F: Family> {
    /// Time passes from `now` to `until`, unless the subject acts before.
    Advance {
        /// The number of the request.
        seq: u64,
        /// Milliseconds since the beginning of the case.
        now: Time,
        /// The end of the span, included.
        until: Time,
    },
    /// Starts a case. What was before it is forgotten.
    Begin {
        /// The number of the request.
        seq: u64,
        /// The family.
        family: String,
        /// What the subject knows at the beginning.
        start: F::Start,
        /// An empty directory for what is durable; only for subjects that ask for one.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        data: String,
    },
    /// Something happens.
    Deliver {
        /// The number of the request.
        seq: u64,
        /// Milliseconds since the beginning of the case.
        now: Time,
        /// What happens.
        input: Input<F>,
    },
    /// The case is over.
    End {
        /// The number of the request.
        seq: u64,
    },
    /// Comes first, and once.
    Hello {
        /// The number of the request.
        seq: u64,
        /// The versions of the protocol that the harness speaks.
        #[schemars(length(min = 1))]
        versions: Vec<u32>,
        /// Who calls.
        harness: String,
    },
    /// The subject was killed and this process is its next one: it starts from what is durable.
    Resume {
        /// The number of the request.
        seq: u64,
        /// Milliseconds since the beginning of the case.
        now: Time,
        /// The family.
        family: String,
        /// What the subject knew at the beginning of the case.
        start: F::Start,
        /// The directory with what is durable.
        data: String,
    },
    /// The subject dies and comes back with what is durable.
    Restart {
        /// The number of the request.
        seq: u64,
        /// Milliseconds since the beginning of the case.
        now: Time,
        /// Nothing: it ties the family to this type.
        #[schemars(skip)]
        family: PhantomData<F>,
    },
}

/// A line from the subject.
#[expect(dead_code, reason = "its schema is what it is for")]
#[derive(JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(bound = "F: Family", rename = "Reply")]
enum ReplyForm<F: Family> {
    /// The request was carried out.
    Done {
        /// The number of the request.
        seq: u64,
        /// What the subject does, in order.
        #[serde(default)]
        outputs: Vec<Output<F>>,
        /// When it acted on its own, in milliseconds since the beginning of the case; only in
        /// answers to `advance`.
        #[serde(default)]
        acted_at: Option<Time>,
        /// When it acts next if nothing happens before: an instant, or null for never. If it is
        /// absent, it is not known.
        #[serde(default)]
        deadline: Option<Time>,
        /// An instant before which the subject does nothing by itself, whatever it does then. Never
        /// beside `deadline`.
        #[serde(default)]
        not_before: Option<Time>,
        /// How much the subject holds; unchanged, if absent.
        #[serde(default)]
        gauges: Option<F::Gauges>,
    },
    /// The request makes no sense, or the subject failed.
    Error {
        /// The number of the request; 0, if it cannot be read.
        seq: u64,
        /// What is wrong.
        message: String,
    },
    /// Who the subject is.
    Hello {
        /// The number of the request.
        seq: u64,
        /// The version of the protocol that the subject has picked.
        protocol: u32,
        /// Who it is.
        about: About,
    },
    /// The subject cannot do this by design.
    Unsupported {
        /// The number of the request.
        seq: u64,
        /// What it cannot do.
        message: String,
    },
}

/// Says that a field has one value, wherever a message has it.
fn constant(schema: &mut Value, field: &str, wanted: &Value) {
    for variant in schema["oneOf"].as_array_mut().into_iter().flatten() {
        if let Some(field) = variant["properties"].get_mut(field) {
            field["const"] = wanted.clone();
        }
    }
}

fn finished(mut schema: Value) -> Schema {
    bound_numbers(&mut schema);
    Schema::try_from(schema).expect("a schema was made from a schema")
}

/// No number is larger than all languages hold.
fn bound_numbers(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(bound_numbers),
        Value::Object(map) => {
            let is_integer = match map.get("type") {
                Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "integer"),
                kind => kind.is_some_and(|kind| kind == "integer"),
            };
            if is_integer {
                map.entry("maximum").or_insert(json!(NUMBER_MAX));
                map.entry("minimum").or_insert(json!(-(NUMBER_MAX as i64)));
            }
            map.iter_mut().for_each(|(_, value)| bound_numbers(value));
        }
        _ => {}
    }
}
