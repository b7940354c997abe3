use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// So many differences of one case are told; how many more there are is counted.
const TOLD_MAX: usize = 8;

/// A shown value is cut at this length.
const SHOWN_MAX: usize = 160;

/// What differs between an expectation and a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The whole expectation, as compact JSON.
    pub expected: String,
    /// The result, as far as the expectation speaks of it.
    pub got: String,
    /// The fields that differ, the first ones; none, where the whole is what differs.
    pub differences: Vec<FieldDifference>,
    /// How many more differ.
    pub more: usize,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDifference {
    /// Its path, such as `steps[2].subchains`.
    pub path: String,
    /// What is expected there.
    pub expected: String,
    /// What is there.
    pub got: String,
}

impl Mismatch {
    /// Two texts that differ as a whole.
    pub fn whole(expected: impl Into<String>, got: impl Into<String>) -> Self {
        let (expected, got) = (expected.into(), got.into());
        Self { expected, got, differences: Vec::new(), more: 0 }
    }
}

/// What a comparison has seen.
#[derive(Debug, Default)]
pub(super) struct Compared {
    expected: Value,
    /// The result, without what is not compared.
    got: Value,
    differing: Vec<(String, Value, Value)>,
    /// How many values were compared.
    pub(super) compared: usize,
}

/// Compares all of two values.
pub(super) fn compare_whole(expected: &Value, got: &Value) -> Compared {
    let mut compared =
        Compared { expected: expected.clone(), got: got.clone(), ..Compared::default() };
    compared.walk("", expected, got);
    compared
}

/// Compares what an expectation speaks of. `written` is the expectation as the file has it: a `null`
/// there speaks of a field that must be absent.
pub(super) fn compare_parts(written: &Value, expected: &Value, got: &Value) -> Compared {
    let expected = with_nulls(written, expected);
    let got = restrict(got, &expected);
    let mut compared = Compared::default();
    compared.walk("", &expected, &got);
    Compared { expected, got, ..compared }
}

/// The first field that differs between two values, with both.
pub fn first_difference(before: &Value, after: &Value) -> Option<FieldDifference> {
    let mut compared = Compared::default();
    compared.walk("", before, after);
    let (path, before, after) = compared.differing.into_iter().next()?;
    Some(FieldDifference { path, expected: shown(&before), got: shown(&after) })
}

/// The optional fields of an expectation by the schema of its table, by their paths.
pub(super) fn optional_fields(schema: &Value) -> Vec<String> {
    let case = schema.pointer("/properties/cases/items").map(|case| resolved(schema, case));
    let expect = case.and_then(|case| case.pointer("/properties/expect"));
    let mut fields = BTreeSet::new();
    if let Some(expect) = expect {
        collect_optional(schema, "", expect, 0, &mut fields);
    }
    fields.into_iter().collect()
}

impl Compared {
    fn walk(&mut self, path: &str, expected: &Value, got: &Value) {
        match (expected, got) {
            (Value::Object(a), Value::Object(b)) => {
                let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
                for key in keys {
                    let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    let of = |map: &serde_json::Map<String, Value>| {
                        map.get(key).cloned().unwrap_or(Value::Null)
                    };
                    self.walk(&below, &of(a), &of(b));
                }
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() && !a.is_empty() => {
                for (index, (a, b)) in a.iter().zip(b).enumerate() {
                    self.walk(&format!("{path}[{index}]"), a, b);
                }
            }
            _ => {
                self.compared += 1;
                if expected != got {
                    self.differing.push((path.to_owned(), expected.clone(), got.clone()));
                }
            }
        }
    }

    /// What differs, if anything does. What stands in the input is named by its place there.
    pub(super) fn mismatch(
        self,
        given: &Value,
        name_of: Option<fn(&str) -> Option<String>>,
    ) -> Option<Mismatch> {
        if self.differing.is_empty() {
            return None;
        }
        let names = name_of.map(|name_of| Names::of(given, name_of)).unwrap_or_default();
        let more = self.differing.len().saturating_sub(TOLD_MAX);
        let told = self.differing.into_iter().take(TOLD_MAX);
        let differences = told.map(|(path, expected, got)| FieldDifference {
            path,
            expected: shown(&names.apply(expected)),
            got: shown(&names.apply(got)),
        });
        Some(Mismatch {
            differences: differences.collect(),
            more,
            expected: self.expected.to_string(),
            got: self.got.to_string(),
        })
    }
}

/// Where things stand in the input, by the names that answers have for them.
#[derive(Debug, Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn of(given: &Value, name_of: fn(&str) -> Option<String>) -> Self {
        let mut names = Self::default();
        names.collect("", given, name_of);
        names
    }

    fn collect(&mut self, path: &str, value: &Value, name_of: fn(&str) -> Option<String>) {
        match value {
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    self.collect(&format!("{path}[{index}]"), value, name_of);
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    let dot = if path.is_empty() { "" } else { "." };
                    self.collect(&format!("{path}{dot}{key}"), value, name_of);
                }
            }
            Value::String(text) => {
                if let Some(name) = name_of(text) {
                    self.0.entry(name).or_insert_with(|| format!("<{path}>"));
                }
            }
            Value::Bool(_) | Value::Null | Value::Number(_) => {}
        }
    }

    fn apply(&self, value: Value) -> Value {
        match value {
            Value::Array(list) => list.into_iter().map(|value| self.apply(value)).collect(),
            Value::Object(map) => {
                map.into_iter().map(|(key, value)| (key, self.apply(value))).collect()
            }
            Value::String(text) => Value::String(self.0.get(&text).cloned().unwrap_or(text)),
            scalar => scalar,
        }
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        value => value.to_string(),
    };
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// The expectation in the one form that results have, with what it says to be absent.
fn with_nulls(written: &Value, expected: &Value) -> Value {
    match (written, expected) {
        (Value::Object(written), Value::Object(expected)) => {
            let mut map = serde_json::Map::new();
            for (key, value) in expected {
                let value = match written.get(key) {
                    Some(written) => with_nulls(written, value),
                    None => value.clone(),
                };
                map.insert(key.clone(), value);
            }
            for (key, _) in written.iter().filter(|(_, value)| value.is_null()) {
                map.entry(key.clone()).or_insert(Value::Null);
            }
            Value::Object(map)
        }
        // A list of ranges may have another length.
        (Value::Array(written), Value::Array(expected)) if written.len() == expected.len() => {
            written
                .iter()
                .zip(expected)
                .map(|(written, value)| with_nulls(written, value))
                .collect()
        }
        (_, expected) => expected.clone(),
    }
}

/// The part of `got` that `expected` speaks of.
fn restrict(got: &Value, expected: &Value) -> Value {
    match (got, expected) {
        (Value::Object(got), Value::Object(expected)) => {
            let spoken_of = |(key, value): (&String, &Value)| {
                let expected = expected.get(key)?;
                Some((key.clone(), restrict(value, expected)))
            };
            Value::Object(got.iter().filter_map(spoken_of).collect())
        }
        (Value::Array(got), Value::Array(expected)) if got.len() == expected.len() => {
            got.iter().zip(expected).map(|(got, expected)| restrict(got, expected)).collect()
        }
        (got, _) => got.clone(),
    }
}

/// Types that hold each other stand no deeper.
const SCHEMA_DEPTH_MAX: usize = 12;

fn collect_optional(
    schema: &Value,
    path: &str,
    part: &Value,
    depth: usize,
    fields: &mut BTreeSet<String>,
) {
    if depth > SCHEMA_DEPTH_MAX {
        return;
    }
    let part = resolved(schema, part);
    let of = |key: &str| part.get(key).and_then(Value::as_array).into_iter().flatten();
    for variant in of("anyOf").chain(of("oneOf")).chain(of("allOf")) {
        collect_optional(schema, path, variant, depth + 1, fields);
    }
    if let Some(items) = part.get("items") {
        collect_optional(schema, &format!("{path}[]"), items, depth + 1, fields);
    }
    let required: Vec<&str> = of("required").filter_map(Value::as_str).collect();
    for (key, value) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if !required.contains(&key.as_str()) {
            fields.insert(below.clone());
        }
        collect_optional(schema, &below, value, depth + 1, fields);
    }
}

/// What a reference of a schema stands for.
fn resolved<'a>(schema: &'a Value, part: &'a Value) -> &'a Value {
    let reference = part.get("$ref").and_then(Value::as_str);
    reference.and_then(|reference| schema.pointer(reference.strip_prefix('#')?)).unwrap_or(part)
}
