use std::fmt;

use schemars::{JsonSchema, Schema, schema_for};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::primitives::Loose;

use super::difference::{Mismatch, compare_parts, compare_whole, optional_fields};

/// A pure function of a family that table cases can be fed to.
#[derive(Clone, Copy, Debug)]
pub struct FunctionKind {
    /// The kind as files name it, in kebab case.
    pub kind: &'static str,
    /// What it computes, in one sentence.
    pub summary: &'static str,
    /// How much of a result an expectation must say.
    pub comparison: Comparison,
    /// What a text of an input is called in answers: the hash of a block's bytes, for example.
    pub name_of: Option<fn(text: &str) -> Option<String>>,
    /// Reads an input and answers it; see [`answer`].
    pub answer: fn(given: &Value) -> Result<Answered, InputError>,
    /// Reads a case and runs it; see [`evaluate`].
    pub evaluate: fn(given: &Value, expect: &Value) -> Result<Evaluated, InputError>,
    /// The JSON Schema of a file with cases; see [`table_schema`].
    pub schema: fn() -> Schema,
}

/// How much of a result an expectation must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Optional fields of an expectation that it leaves out are not compared: a case of another
    /// client's suite says only what that suite looks at. `null` says that there is none.
    Partial,
    /// All of it. An optional field that is left out says that there is none.
    Whole,
}

/// Why a case means nothing to its function. This is no wrong answer: nothing was compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// The field below the case, such as `given.chain.length`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// An input with its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The input as files have it.
    pub given: Value,
    /// What the function gives back.
    pub expect: Value,
}

/// What a case expects and what came out, both as files have them.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluated {
    /// The case's expectation.
    pub expected: Value,
    /// The function's result.
    pub got: Value,
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

impl FunctionKind {
    /// The same, with expectations that may leave optional fields out.
    #[must_use]
    pub const fn partial(self) -> Self {
        Self { comparison: Comparison::Partial, ..self }
    }

    /// The same, with a name in answers for texts of the input: a mismatch shows where in the input
    /// it stands, not the name.
    #[must_use]
    pub const fn naming(self, name_of: fn(&str) -> Option<String>) -> Self {
        Self { name_of: Some(name_of), ..self }
    }

    /// Whether a case holds: `None`, or what differs.
    ///
    /// # Errors
    /// When the case means nothing to the function, or its expectation compares nothing.
    pub fn judge(&self, given: &Value, expect: &Value) -> Result<Option<Mismatch>, InputError> {
        let Evaluated { expected, got } = (self.evaluate)(given, expect)?;
        let differing = match self.comparison {
            Comparison::Whole => compare_whole(&expected, &got),
            Comparison::Partial => {
                let compared = compare_parts(expect, &expected, &got);
                if compared.compared == 0 {
                    let message = format!(
                        "nothing would be compared; say one at least of {}",
                        self.may_be_left_out().join(", ")
                    );
                    return Err(InputError { field: "expect".to_owned(), message });
                }
                compared
            }
        };
        Ok(differing.mismatch(given, self.name_of))
    }

    /// The fields that an expectation may leave out, as in `steps[].answer`: all optional ones, if
    /// it is compared in part.
    pub fn may_be_left_out(&self) -> Vec<String> {
        match self.comparison {
            Comparison::Whole => Vec::new(),
            Comparison::Partial => optional_fields((self.schema)().as_value()),
        }
    }
}

impl InputError {
    /// An error in the field of which the message speaks, as in `steps[0].header: there is no
    /// header 5`, below `within`.
    pub fn of_message(within: &str, message: &str) -> Self {
        let mut field = within.to_owned();
        let mut rest = message;
        while let Some((part, after)) = rest.split_once(": ").filter(|(part, _)| is_field(part)) {
            field.push('.');
            field.push_str(part);
            rest = after;
        }
        Self { field, message: rest.to_owned() }
    }
}

/// Whether a text is the path of a field, as in `chain.side[0].fork`.
fn is_field(text: &str) -> bool {
    let is_part = |part: &str| {
        let (name, index) = part.split_once('[').unwrap_or((part, "0]"));
        let is_index = |index: &str| {
            index.strip_suffix(']').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
        };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(plain)
            && index.split('[').all(is_index)
    };
    text.split('.').all(is_part)
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl std::error::Error for InputError {}

/// Reads an input and answers it.
///
/// # Errors
/// When it is no input of the function.
pub fn answer<G, E>(
    given: &Value,
    function: impl Fn(&G) -> Result<E, String>,
) -> Result<Answered, InputError>
where
    G: Serialize + DeserializeOwned,
    E: Serialize,
{
    let input: G = decode("given", given)?;
    let result = function(&input).map_err(|message| InputError::of_message("given", &message))?;
    Ok(Answered { given: encode("given", &input)?, expect: encode("expect", &result)? })
}

/// Reads a case and runs it. `fits` says what is wrong with an expectation that no answer to this
/// input can meet.
///
/// # Errors
/// When input or expectation are none of the function, or do not fit each other.
pub fn evaluate<G, E>(
    given: &Value,
    expect: &Value,
    function: impl Fn(&G) -> Result<E, String>,
    fits: impl Fn(&G, &E) -> Result<(), String>,
) -> Result<Evaluated, InputError>
where
    G: DeserializeOwned,
    E: Serialize + DeserializeOwned,
{
    let input: G = decode("given", given)?;
    let expected: E = decode("expect", expect)?;
    let result = function(&input).map_err(|message| InputError::of_message("given", &message))?;
    fits(&input, &expected).map_err(|message| InputError::of_message("expect", &message))?;
    Ok(Evaluated { expected: encode("expect", &expected)?, got: encode("expect", &result)? })
}

/// The JSON Schema of a file with cases of this function.
pub fn table_schema<G: JsonSchema, E: JsonSchema>(_: impl Fn(&G) -> Result<E, String>) -> Schema {
    schema_for!(Table<G, E>)
}

fn decode<T: DeserializeOwned>(field: &str, value: &Value) -> Result<T, InputError> {
    serde_path_to_error::deserialize(Loose(value)).map_err(|error| {
        let path = error.path().to_string();
        let below = path.trim_end_matches('?').trim_end_matches('.');
        let field = match below {
            "" => field.to_owned(),
            list if list.starts_with('[') => format!("{field}{list}"),
            below => format!("{field}.{below}"),
        };
        InputError { field, message: error.into_inner().to_string() }
    })
}

fn encode<T: Serialize>(field: &str, value: &T) -> Result<Value, InputError> {
    serde_json::to_value(value)
        .map_err(|error| InputError { field: field.to_owned(), message: error.to_string() })
}

/// A function under its kind: `table_function!("weight", "The weight of a tipset.", weight)`. A
/// fourth argument says what is wrong with an expectation that no answer can meet; see [`evaluate`].
macro_rules! table_function {
    ($kind:literal, $summary:literal, $function:expr) => {
        $crate::families::table_function!($kind, $summary, $function, |_, _| Ok(()))
    };
    ($kind:literal, $summary:literal, $function:expr, $fits:expr) => {
        $crate::families::FunctionKind {
            kind: $kind,
            summary: $summary,
            comparison: $crate::families::Comparison::Whole,
            name_of: None,
            answer: |given| $crate::families::answer(given, $function),
            evaluate: |given, expect| $crate::families::evaluate(given, expect, $function, $fits),
            schema: || $crate::families::table_schema($function),
        }
    };
}

pub(crate) use table_function;

#[cfg(test)]
mod tests {
    use super::InputError;

    #[test]
    fn the_field_stands_in_front_of_a_message() {
        let read = |message: &str| {
            let error = InputError::of_message("given", message);
            (error.field, error.message)
        };
        let pair = |field: &str, message: &str| (field.to_owned(), message.to_owned());
        assert_eq!(read("chain.side[0].fork: less"), pair("given.chain.side[0].fork", "less"));
        assert_eq!(read("steps[0]: header: no: 5"), pair("given.steps[0].header.no", "5"));
        assert_eq!(read("the header of a:3 is bad"), pair("given", "the header of a:3 is bad"));
        assert_eq!(read("4: no such height"), pair("given", "4: no such height"));
    }
}
