use std::path::Path;

use crate::families::{CaseResult, Catalog, Mismatch};

use super::document::SCENARIO;
use super::error::DocumentError;
use super::header::Header;
use super::read::error_at;

/// How a file of table cases came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// The kind of the file.
    pub kind: String,
    /// One result a case.
    pub cases: Vec<CaseResult>,
}

/// Checks a file of table cases of the family `F`, by its text alone.
///
/// # Errors
/// When the kind is not one of the family's functions, the text is no such table, it has no cases,
/// or two of them have the same name.
pub fn verify_text<F: Catalog>(
    path: &Path,
    header: &Header,
    text: &str,
) -> Result<FileReport, DocumentError> {
    let fail = |field: &str, message: String| error_at(path, text, field, message);
    let functions = F::functions();
    let Some(function) = functions.iter().find(|function| function.kind == header.kind) else {
        let mut kinds: Vec<&str> = functions.iter().map(|function| function.kind).collect();
        kinds.push(SCENARIO);
        let message =
            format!("{} has the kinds {}, got {:?}", F::NAME, kinds.join(", "), header.kind);
        return Err(fail("kind", message));
    };
    let cases =
        (function.check)(text).map_err(|error| DocumentError::from_yaml(path, text, &error))?;
    if cases.is_empty() {
        return Err(fail("cases", "there are none".to_owned()));
    }
    for (index, case) in cases.iter().enumerate() {
        if cases[..index].iter().any(|earlier| earlier.name == case.name) {
            let field = format!("cases[{index}].name");
            return Err(fail(&field, format!("{:?} is the name of an earlier case", case.name)));
        }
    }
    Ok(FileReport { kind: header.kind.clone(), cases })
}

impl FileReport {
    /// The cases that failed, each with its mismatch.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &Mismatch)> {
        self.cases
            .iter()
            .filter_map(|case| case.failure.as_ref().map(|mismatch| (&*case.name, mismatch)))
    }
}
