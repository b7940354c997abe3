use std::path::Path;

use chrono::NaiveDate;
use glob::Pattern;
use serde::{Deserialize, Serialize};

use crate::families::FamilyId;

use super::document::FORMAT;
use super::error::DocumentError;
use super::read::{error_at, parse};
use super::text::read_text;

/// What a file of known failures says it is.
pub const KNOWN_FAILURES: &str = "known-failures";

/// The reason of an entry that nobody has given one; it is refused.
pub const UNSAID: &str = "?";

/// A list of claims that a subject is known to break, each with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFailures {
    /// The version of the format.
    pub format: String,
    /// `known-failures`.
    pub kind: String,
    /// The entries.
    pub failures: Vec<KnownFailure>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFailure {
    /// The claim's name, for searches; `*` stands for any characters, `?` for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// The shape in which the claim is broken, as reports name it, with `*` and `?` too; all, if
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<String>,
    /// The name of a vector, or of a case in one, for the verification of vectors; with `*` and `?`
    /// too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<String>,
    /// The family; all, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Why it fails, for people.
    pub reason: String,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The last day on which it counts, as year-month-day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<NaiveDate>,
}

impl KnownFailures {
    /// Reads the list in a file.
    ///
    /// # Errors
    /// When the file cannot be read, or is no such list.
    pub fn open(path: &Path) -> Result<Self, DocumentError> {
        Self::read(path, &read_text(path)?)
    }

    /// Reads a list.
    ///
    /// # Errors
    /// When the text is no such list: the first thing that is wrong, with line, column and field.
    pub fn read(path: &Path, text: &str) -> Result<Self, DocumentError> {
        let list: Self = parse(path, text)?;
        let wrong = |field: &str, message: String| Err(error_at(path, text, field, message));
        if list.format != FORMAT {
            return wrong(
                "format",
                format!("this program reads {FORMAT:?}, got {:?}", list.format),
            );
        }
        if list.kind != KNOWN_FAILURES {
            return wrong("kind", format!("it must be {KNOWN_FAILURES:?}, got {:?}", list.kind));
        }
        for (index, failure) in list.failures.iter().enumerate() {
            let field = |name: &str| format!("failures[{index}].{name}");
            let (name, glob) = match (&failure.claim, &failure.vector) {
                (Some(claim), None) => ("claim", claim),
                (None, Some(vector)) => ("vector", vector),
                _ => {
                    let message = "an entry is about a claim or about a vector".to_owned();
                    return wrong(&format!("failures[{index}]"), message);
                }
            };
            if let Err(error) = Pattern::new(glob) {
                return wrong(&field(name), error.to_string());
            }
            if let Some(shape) = &failure.shape {
                if name == "vector" {
                    let message = "only a claim is broken in a shape".to_owned();
                    return wrong(&field("shape"), message);
                }
                if let Err(error) = Pattern::new(shape) {
                    return wrong(&field("shape"), error.to_string());
                }
            }
            if let Some(family) = &failure.family
                && let Err(known) = family.parse::<FamilyId>()
            {
                return wrong(&field("family"), format!("{known}, got {family:?}"));
            }
            if failure.reason.trim().is_empty() || failure.reason == UNSAID {
                return wrong(&field("reason"), "it says nothing; say why it fails".to_owned());
            }
        }
        Ok(list)
    }
}

impl KnownFailure {
    /// Whether it is about this claim of this family, if it is broken in this shape.
    pub fn covers(&self, family: &str, claim: &str, shape: &str) -> bool {
        let is_it = |glob: &str| covers_claim(glob, self.family.as_deref(), family, claim);
        self.claim.as_deref().is_some_and(is_it) && covers_shape(self.shape.as_deref(), shape)
    }

    /// Whether it is about this vector of this family, or this case in it.
    pub fn covers_vector(&self, family: &str, vector: &str, case: &str) -> bool {
        let is_family = self.family.as_ref().is_none_or(|named| named == family);
        let covers =
            |glob: &str| matches(glob, vector) || matches(glob, &format!("{vector}/{case}"));
        is_family && self.vector.as_deref().is_some_and(covers)
    }

    /// Whether it no longer counts on a day.
    pub fn has_expired(&self, today: NaiveDate) -> bool {
        self.expires.is_some_and(|last| last < today)
    }
}

/// Whether a glob of claims, of one family or of all, is about a claim.
pub fn covers_claim(glob: &str, only: Option<&str>, family: &str, claim: &str) -> bool {
    only.is_none_or(|named| named == family) && matches(glob, claim)
}

/// Whether a glob of shapes, or none, is about a shape.
pub fn covers_shape(glob: Option<&str>, shape: &str) -> bool {
    glob.is_none_or(|glob| matches(glob, shape))
}

fn matches(glob: &str, name: &str) -> bool {
    Pattern::new(glob).is_ok_and(|pattern| pattern.matches(name))
}
