use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::families::first_difference;
use crate::vectors::{DocumentError, VectorFile};

use super::files::walk;
use super::manifest::{MANIFEST, relative};

/// How a vector differs between two corpora.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The same input has another answer.
    Expectation,
    /// It is in the first only.
    Gone,
    /// The input is another one, and so may be the answer.
    Input,
    /// It is in the second only.
    New,
}

/// A vector that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The vector's name.
    pub id: String,
    /// How.
    pub change: Change,
    /// For a changed expectation: the first field that differs, before and after.
    pub detail: Option<String>,
}

/// What changed in meaning from one corpus to another: files or folders.
///
/// # Errors
/// When a file cannot be read, or a name stands twice.
pub fn diff(before: &Path, after: &Path) -> Result<Vec<Difference>, DocumentError> {
    let (before, mut after) = (load(before)?, load(after)?);
    let mut differences = Vec::new();
    for (id, (input, expect)) in before {
        let (change, detail) = match after.remove(&id) {
            None => (Change::Gone, None),
            Some((new_input, _)) if new_input != input => (Change::Input, None),
            Some((_, new_expect)) if new_expect != expect => {
                let shown = first_difference(&expect, &new_expect)
                    .map(|it| format!("{}: {} -> {}", it.path, it.expected, it.got));
                (Change::Expectation, shown)
            }
            Some(_) => continue,
        };
        differences.push(Difference { id, change, detail });
    }
    let new = after.into_keys().map(|id| Difference { id, change: Change::New, detail: None });
    differences.extend(new);
    differences.sort_by(|a, b| (a.change, &a.id).cmp(&(b.change, &b.id)));
    Ok(differences)
}

/// Input and expectation of all vectors by name.
type Vectors = BTreeMap<String, (Value, Value)>;

fn load(root: &Path) -> Result<Vectors, DocumentError> {
    let mut vectors = Vectors::new();
    let files = if root.is_dir() {
        walk(root).map_err(|error| DocumentError::new(root, error.to_string()))?.files
    } else {
        vec![root.to_owned()]
    };
    for path in files {
        let name = relative(root, &path);
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        let known = name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
        if MANIFEST.contains(&name.as_str()) || (root.is_dir() && !known) {
            continue;
        }
        let file = VectorFile::open(&path)?;
        file.family()?;
        let id = file.header().id.as_deref().unwrap_or(stem);
        for (id, vector) in vectors_of(id, file.body().clone()) {
            if vectors.insert(id.clone(), vector).is_some() {
                return Err(DocumentError::new(path, format!("{id} stands twice")));
            }
        }
    }
    Ok(vectors)
}

fn vectors_of(id: &str, mut file: Value) -> Vec<(String, (Value, Value))> {
    if let Some(Value::Array(cases)) = file.get_mut("cases").map(Value::take) {
        let case = |mut case: Value| {
            let name = case["name"].as_str().unwrap_or_default();
            let id = format!("{id}: {name}");
            (id, (case["given"].take(), case["expect"].take()))
        };
        return cases.into_iter().map(case).collect();
    }
    // What the reference does stands between the inputs of a script: it is taken out of them.
    let mut expect = Map::new();
    for field in ["expect", "endings"] {
        expect.insert(field.to_owned(), file[field].take());
    }
    let mut script = file["script"].take();
    let mut answers = vec![script["begins"].take()];
    if let Some(steps) = script["steps"].as_array_mut() {
        answers.extend(steps.iter_mut().map(|step| step["expect"].take()));
    }
    expect.insert("script".to_owned(), Value::Array(answers));
    let input = json!({ "scenario": file["scenario"].take(), "subject": file["subject"].take() });
    vec![(id.to_owned(), (input, Value::Object(expect)))]
}
