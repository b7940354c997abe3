use std::path::Path;

use serde::de::DeserializeOwned;

use crate::families::{Catalog, FamilyId};
use crate::invariant::Context;
use crate::machine::Family;

use super::document::{Document, ExpectedVerdict, SCENARIO};
use super::error::DocumentError;
use super::file::VectorFile;
use super::header::{Header, Strict};
use super::locate::locate;

/// Reads what every file begins with, and which of the families of this program it is of.
///
/// # Errors
/// When the text is no such file, is one of another version or of a family that is not known, or
/// has what YAML parsers do not read alike.
pub fn read_header(path: &Path, text: &str) -> Result<(Header, FamilyId), DocumentError> {
    let Strict { header, .. } = parse(path, text)?;
    let family = family_of(path, text, &header)?;
    Ok((header, family))
}

/// The family of a file; one from outside of this program is none.
pub(super) fn family_of(
    path: &Path,
    text: &str,
    header: &Header,
) -> Result<FamilyId, DocumentError> {
    header.family.parse().map_err(|known: String| {
        error_at(path, text, "family", format!("{known}, got {:?}", header.family))
    })
}

/// Refuses a file of another family than `F`.
pub(super) fn expect_family<F: Family>(
    path: &Path,
    text: &str,
    family: &str,
) -> Result<(), DocumentError> {
    if family == F::NAME {
        return Ok(());
    }
    let message =
        format!("the file is one of {family:?}, and here it must be one of {:?}", F::NAME);
    Err(error_at(path, text, "family", message))
}

/// Refuses a file that holds something else than a scenario.
///
/// # Errors
/// When it does.
pub fn expect_scenario(path: &Path, text: &str, header: &Header) -> Result<(), DocumentError> {
    if header.kind == SCENARIO {
        return Ok(());
    }
    let message = format!(
        "here it must be {SCENARIO:?}, got {:?}; `syncheck vectors verify` takes all kinds",
        header.kind
    );
    Err(error_at(path, text, "kind", message))
}

/// Reads a scenario, checks it and builds its world.
///
/// # Errors
/// The first thing that is wrong, with line, column and field.
pub fn read_scenario<F: Catalog>(
    path: &Path,
    text: &str,
) -> Result<(Document<F>, Context<F>), DocumentError> {
    checked(path, text, parse(path, text)?)
}

/// Checks a scenario that is read, and builds its world.
pub(super) fn checked<F: Catalog>(
    path: &Path,
    text: &str,
    document: Document<F>,
) -> Result<(Document<F>, Context<F>), DocumentError> {
    expect_family::<F>(path, text, &document.family)?;
    check_names(&document).map_err(|(field, message)| error_at(path, text, field, message))?;
    let context = Context::new(document.scenario.clone()).map_err(|error| {
        let error = error.within("scenario");
        error_at(path, text, &error.field, error.message)
    })?;
    Ok((document, context))
}

/// Reads the scenario of a family from a file.
///
/// # Errors
/// When the file cannot be read or holds something else: the first thing that is wrong, with line,
/// column and field.
pub fn open_scenario<F: Catalog>(path: &Path) -> Result<(Document<F>, Context<F>), DocumentError> {
    let file = VectorFile::open(path)?;
    expect_scenario(path, file.text(), file.header())?;
    file.scenario()
}

/// An error in the named field of a text.
pub(super) fn error_at(
    path: &Path,
    text: &str,
    field: &str,
    message: impl std::fmt::Display,
) -> DocumentError {
    DocumentError {
        path: path.into(),
        place: locate(text, field),
        message: format!("{field}: {message}"),
    }
}

/// Whether the claim and the mutant that a file names are known.
fn check_names<F: Catalog>(document: &Document<F>) -> Result<(), (&'static str, String)> {
    let mutant = document.subject.as_ref().and_then(|subject| subject.mutant.as_ref());
    if let Some(id) = mutant
        && !F::mutants().iter().any(|mutant| mutant.id == id)
    {
        return Err(("subject.mutant", format!("{} has no mutant {id:?}", F::NAME)));
    }
    let Some(claim) = &document.expect.claim else { return Ok(()) };
    if document.expect.verdict == ExpectedVerdict::Pass {
        return Err(("expect.claim", "a run that passes breaks no claim".to_owned()));
    }
    if !F::claims().iter().any(|entry| entry.claim.id == claim) {
        return Err(("expect.claim", format!("{} has no claim {claim:?}", F::NAME)));
    }
    Ok(())
}

pub(super) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, DocumentError> {
    serde_yaml::from_str(text).map_err(|error| DocumentError::from_yaml(path, text, &error))
}
