use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::invariant::Context;
use crate::machine::Family;

use super::document::{Document, FORMAT, Header};
use super::error::DocumentError;
use super::locate::locate;

/// No file may be larger.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reads a file as text.
///
/// # Errors
/// When it cannot be read, is too large, is empty or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, DocumentError> {
    let fail = |message: String| DocumentError::new(path, message);
    let file = File::open(path).map_err(|error| fail(format!("cannot be opened: {error}")))?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(fail(format!("is larger than {BYTES_MAX} bytes")));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(fail("is empty".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        DocumentError {
            path: path.into(),
            place: Some((line, 1)),
            message: "is not UTF-8".to_owned(),
        }
    })
}

/// Reads what every file begins with, and checks the version.
///
/// # Errors
/// When the text is no such file, or one of another version.
pub fn read_header(path: &Path, text: &str) -> Result<Header, DocumentError> {
    let header: Header = parse(path, text)?;
    if header.format != FORMAT {
        let message = format!("format: this program reads {FORMAT:?}, got {:?}", header.format);
        return Err(DocumentError { path: path.into(), place: locate(text, "format"), message });
    }
    Ok(header)
}

/// Reads a scenario, checks it and builds its world.
///
/// # Errors
/// The first thing that is wrong, with line, column and field.
pub fn read_scenario<F: Family>(
    path: &Path,
    text: &str,
) -> Result<(Document<F>, Context<F>), DocumentError> {
    let document: Document<F> = parse(path, text)?;
    let context = Context::new(document.scenario.clone()).map_err(|error| {
        let error = error.within("scenario");
        DocumentError {
            path: path.into(),
            place: locate(text, &error.field),
            message: error.to_string(),
        }
    })?;
    Ok((document, context))
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, DocumentError> {
    serde_yaml::from_str(text).map_err(|error| DocumentError::from_yaml(path, &error))
}
