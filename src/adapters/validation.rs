use std::fmt;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::machine::Family;

use super::schemas::{reply_schema, request_schema};

/// The published schemas of a family's lines, ready to hold lines against them.
#[derive(Debug)]
pub struct LineSchemas {
    requests: Validator,
    replies: Validator,
}

/// Why a line does not fit its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The place in the line as a JSON pointer: `/outputs/0/peer`.
    pub path: String,
    /// What is wrong there.
    pub cause: String,
}

impl LineSchemas {
    /// Those of a family.
    pub fn of<F: Family>() -> Self {
        let validator = |schema: schemars::Schema| {
            jsonschema::validator_for(schema.as_value()).expect("our schemas are schemas")
        };
        Self { requests: validator(request_schema::<F>()), replies: validator(reply_schema::<F>()) }
    }

    /// Whether a line to the subject fits.
    ///
    /// # Errors
    /// The first place at which it does not.
    pub fn check_request(&self, line: &[u8]) -> Result<(), Misfit> {
        check(&self.requests, line)
    }

    /// Whether a line from the subject fits.
    ///
    /// # Errors
    /// The first place at which it does not.
    pub fn check_reply(&self, line: &[u8]) -> Result<(), Misfit> {
        check(&self.replies, line)
    }
}

fn check(validator: &Validator, line: &[u8]) -> Result<(), Misfit> {
    let line: Value = serde_json::from_slice(line).map_err(|error| Misfit {
        path: String::new(),
        cause: format!("it is no JSON: {error}"),
    })?;
    validator.validate(&line).map_err(|error| explain(&error))
}

/// The cause inside the alternative that was meant: the one with the right `type`.
fn explain(error: &ValidationError<'_>) -> Misfit {
    let here = error.instance_path().as_str();
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) =
        error.kind()
    else {
        return Misfit { path: here.to_owned(), cause: error.masked_with("this").to_string() };
    };
    let of_type = format!("{here}/type");
    let is_other = |error: &ValidationError<'_>| match error.kind() {
        ValidationErrorKind::Constant { .. } => {
            [here, of_type.as_str()].contains(&error.instance_path().as_str())
        }
        ValidationErrorKind::Type { .. } => error.instance_path().as_str() == here,
        _ => false,
    };
    let meant = context.iter().find(|errors| !errors.iter().any(is_other));
    if let Some(error) = meant.and_then(|errors| errors.first()) {
        return explain(error);
    }
    let constants = context.iter().flatten().filter_map(|error| match error.kind() {
        ValidationErrorKind::Constant { expected_value } if is_other(error) => {
            Some(expected_value.to_string())
        }
        _ => None,
    });
    let constants: Vec<String> = constants.collect();
    if constants.is_empty() {
        return Misfit { path: here.to_owned(), cause: error.masked_with("this").to_string() };
    }
    let has_type = error.instance().get("type").is_some();
    let path = if has_type { of_type.clone() } else { here.to_owned() };
    Misfit { path, cause: format!("this is none of {}", constants.join(", ")) }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        write!(f, "at {path}: {}", self.cause)
    }
}

impl std::error::Error for Misfit {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::toy::Toy;

    fn misfit(line: &str) -> Misfit {
        LineSchemas::of::<Toy>().check_reply(line.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_fits_fits() {
        let schemas = LineSchemas::of::<Toy>();
        let replies = [
            r#"{"type":"done","seq":1}"#,
            r#"{"type":"done","seq":1,"deadline":null,"gauges":3}"#,
            r#"{"type":"done","seq":1,"outputs":[{"type":"send","peer":1,"message":8}]}"#,
            r#"{"type":"error","seq":0,"message":"no"}"#,
        ];
        for line in replies {
            assert_eq!(schemas.check_reply(line.as_bytes()), Ok(()), "{line}");
        }
        let line = r#"{"type":"deliver","seq":2,"now":5,"input":{"type":"disconnected","peer":1}}"#;
        assert_eq!(schemas.check_request(line.as_bytes()), Ok(()));
    }

    #[test]
    fn the_place_and_the_cause_are_named() {
        let cases = [
            (r#"{"type":"maybe","seq":1}"#, "/type", r#""unsupported""#),
            (r#"{"type":"done","seq":-1}"#, "/seq", "minimum"),
            (r#"{"type":"done","seq":9007199254740992}"#, "/seq", "maximum"),
            (r#"{"type":"done","seq":1,"output":[]}"#, "", "'output'"),
            (r#"{"type":"done","seq":1,"outputs":[{"type":"shout"}]}"#, "/outputs/0/type", "send"),
            (
                r#"{"type":"done","seq":1,"outputs":[{"type":"send","peer":70000,"message":1}]}"#,
                "/outputs/0/peer",
                "65535",
            ),
            (
                r#"{"type":"done","seq":1,"outputs":[{"type":"send","peer":1,"message":"x"}]}"#,
                "/outputs/0/message",
                "integer",
            ),
            (r#"{"type":"error","seq":1}"#, "", "message"),
            ("[1]", "", "oneOf"),
            ("half", "", "no JSON"),
        ];
        for (line, path, cause) in cases {
            let misfit = misfit(line);
            assert_eq!(misfit.path, path, "{line}: {misfit}");
            assert!(misfit.cause.contains(cause), "{line}: {misfit}");
        }
    }

    #[test]
    fn the_deadline_of_a_machine_is_no_input() {
        let line = r#"{"type":"deliver","seq":2,"now":5,"input":{"type":"deadline"}}"#;
        let misfit = LineSchemas::of::<Toy>().check_request(line.as_bytes()).unwrap_err();
        assert_eq!(misfit.path, "/input/type", "{misfit}");
    }
}
