use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A pure function of a family that table cases can be fed to.
#[derive(Clone, Copy, Debug)]
pub struct FunctionKind {
    /// The kind as files name it, in kebab case.
    pub kind: &'static str,
    /// What it computes, in one sentence.
    pub summary: &'static str,
    /// Checks the cases of one file. The text is a whole YAML document of this kind.
    pub check: fn(text: &str) -> Result<Vec<CaseResult>, serde_yaml::Error>,
}

/// How one case of a file came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// The case's name.
    pub name: String,
    /// `None` if it passed; otherwise what was expected and what came out, as compact JSON, or
    /// why the case cannot be run.
    pub failure: Option<Mismatch>,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The case's expectation.
    pub expected: String,
    /// The function's result.
    pub got: String,
}

/// A file of table cases: a header, and cases with an input and an expectation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    bound = "G: Serialize + DeserializeOwned, E: Serialize + DeserializeOwned"
)]
pub struct Table<G, E> {
    /// The version of the format: `syncheck/1`.
    pub format: String,
    /// The family's name.
    pub family: String,
    /// The function's kind.
    pub kind: String,
    /// What the file shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where the cases come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The cases.
    pub cases: Vec<Case<G, E>>,
}

/// One case of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    bound = "G: Serialize + DeserializeOwned, E: Serialize + DeserializeOwned"
)]
pub struct Case<G, E> {
    /// Its name, unique in the file.
    pub name: String,
    /// What the function is given.
    pub given: G,
    /// What it must give back.
    pub expect: E,
}

/// Checks a whole table with one function. The function's own error is a failed case: it says why
/// the input means nothing to it.
///
/// # Errors
/// When the text is not such a table; the error names line and field.
pub fn check_table<G, E>(
    text: &str,
    function: impl Fn(&G) -> Result<E, String>,
) -> Result<Vec<CaseResult>, serde_yaml::Error>
where
    G: Serialize + DeserializeOwned,
    E: Serialize + DeserializeOwned + PartialEq,
{
    let table: Table<G, E> = serde_yaml::from_str(text)?;
    let check = |case: &Case<G, E>| {
        let failure = match function(&case.given) {
            Ok(result) if result == case.expect => None,
            Ok(result) => Some(Mismatch { expected: compact(&case.expect), got: compact(&result) }),
            Err(message) => {
                Some(Mismatch { expected: compact(&case.expect), got: format!("error: {message}") })
            }
        };
        CaseResult { name: case.name.clone(), failure }
    };
    Ok(table.cases.iter().map(check).collect())
}

fn compact<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("(not writable: {error})"))
}
