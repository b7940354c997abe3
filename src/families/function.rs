use schemars::{JsonSchema, Schema, schema_for};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A pure function of a family that table cases can be fed to.
#[derive(Clone, Copy, Debug)]
pub struct FunctionKind {
    /// The kind as files name it, in kebab case.
    pub kind: &'static str,
    /// What it computes, in one sentence.
    pub summary: &'static str,
    /// Checks the cases of one file. The text is a whole YAML document of this kind, or a JSON list
    /// of inputs to be answered; see [`check_table`].
    pub check: fn(text: &str) -> Result<Vec<CaseResult>, serde_yaml::Error>,
    /// The JSON Schema of such a file; see [`table_schema`].
    pub schema: fn() -> Schema,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    bound = "G: Serialize + DeserializeOwned, E: Serialize + DeserializeOwned"
)]
#[schemars(bound = "G: JsonSchema, E: JsonSchema")]
pub struct Table<G, E> {
    /// The version of the format: `syncheck/1`.
    pub format: String,
    /// The family's name.
    pub family: String,
    /// The function's kind.
    pub kind: String,
    /// Its name, unique in a bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    bound = "G: Serialize + DeserializeOwned, E: Serialize + DeserializeOwned"
)]
#[schemars(bound = "G: JsonSchema, E: JsonSchema")]
pub struct Case<G, E> {
    /// Its name, unique in the file.
    pub name: String,
    /// What the function is given.
    pub given: G,
    /// What it must give back.
    pub expect: E,
}

/// An input with its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The input as files have it.
    pub given: Value,
    /// What the function gives back.
    pub expect: Value,
}

impl FunctionKind {
    /// What the function answers to each input, or why the input means nothing to it.
    ///
    /// # Errors
    /// When an input is none of this kind.
    pub fn answer(&self, givens: &[Value]) -> Result<Vec<Result<Answered, String>>, String> {
        let text = Value::from(givens).to_string();
        let results = (self.check)(&text).map_err(|error| format!("{}: {error}", self.kind))?;
        let answer = |case: CaseResult| {
            let answer = case.failure.map_or_else(String::new, |answer| answer.got);
            serde_json::from_str(&answer).map_err(|_| answer)
        };
        Ok(results.into_iter().map(answer).collect())
    }
}

/// Checks a whole table with one function. The function's own error is a failed case: it says why
/// the input means nothing to it.
///
/// A text that is a JSON list has inputs alone, which no file has: each fails, and what was got is
/// the [`Answered`] input as JSON.
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
    if let Some(answers) = answer_list(text, &function) {
        return answers;
    }
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

/// The JSON Schema of a file with cases of this function.
pub fn table_schema<G: JsonSchema, E: JsonSchema>(_: impl Fn(&G) -> Result<E, String>) -> Schema {
    schema_for!(Table<G, E>)
}

/// A function under its kind: `table_function!("weight", "The weight of a tipset.", weight)`. A
/// fourth argument compares in another way than [`check_table`].
macro_rules! table_function {
    ($kind:literal, $summary:literal, $function:expr) => {
        $crate::families::table_function!($kind, $summary, $function, $crate::families::check_table)
    };
    ($kind:literal, $summary:literal, $function:expr, $check:expr) => {
        $crate::families::FunctionKind {
            kind: $kind,
            summary: $summary,
            check: |text| $check(text, $function),
            schema: || $crate::families::table_schema($function),
        }
    };
}

pub(crate) use table_function;

/// The answers to a JSON list of inputs, as [`check_table`] gives them; `None` for other texts.
pub fn answer_list<G: Serialize + DeserializeOwned, E: Serialize>(
    text: &str,
    function: impl Fn(&G) -> Result<E, String>,
) -> Option<Result<Vec<CaseResult>, serde_yaml::Error>> {
    text.starts_with('[').then(|| {
        let givens: Vec<G> = serde_json::from_str(text).map_err(serde_yaml::Error::custom)?;
        Ok(givens.iter().map(|given| answered(given, &function)).collect())
    })
}

fn answered<G: Serialize, E: Serialize>(
    given: &G,
    function: impl Fn(&G) -> Result<E, String>,
) -> CaseResult {
    let value = |value: serde_json::Result<Value>| value.map_err(|error| error.to_string());
    let answer = function(given).and_then(|expect| {
        let given = value(serde_json::to_value(given))?;
        Ok(Answered { given, expect: value(serde_json::to_value(&expect))? })
    });
    let got = answer.map_or_else(|message| message, |answer| compact(&answer));
    CaseResult { name: String::new(), failure: Some(Mismatch { expected: String::new(), got }) }
}

fn compact<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("(not writable: {error})"))
}
