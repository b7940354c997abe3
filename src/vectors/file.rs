use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::Value;

use crate::families::{Catalog, FamilyId};
use crate::invariant::Context;
use crate::machine::Family;
use crate::primitives::Loose;

use super::document::Document;
use super::error::DocumentError;
use super::header::{Header, Strict};
use super::read::{checked, error_at, expect_family, family_of, parse, read_scenario};
use super::text::read_text;

/// A file that is read once: its text, what it begins with, and all its fields.
#[derive(Clone, Debug)]
pub struct VectorFile {
    path: PathBuf,
    text: String,
    header: Header,
    body: Value,
}

impl VectorFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no file of this version, or has what YAML parsers do not read
    /// alike.
    pub fn open(path: &Path) -> Result<Self, DocumentError> {
        Self::read(path, read_text(path)?)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// As [`VectorFile::open`].
    pub fn read(path: &Path, text: String) -> Result<Self, DocumentError> {
        let Strict { header, body } = parse(path, &text)?;
        Ok(Self { path: path.to_owned(), text, header, body })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it begins with.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Its family, which is one of this program's.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn family(&self) -> Result<FamilyId, DocumentError> {
        family_of(&self.path, &self.text, &self.header)
    }

    /// The scenario that it holds, checked and with its world.
    ///
    /// # Errors
    /// When it holds none of this family: the first thing that is wrong, with line, column and
    /// field.
    pub fn scenario<F: Catalog>(&self) -> Result<(Document<F>, Context<F>), DocumentError> {
        self.expect_family::<F>()?;
        match Document::deserialize(Loose(&self.body)) {
            Ok(document) => checked(&self.path, &self.text, document),
            // The reader of the text says where the error is, and knows how scalars are spelled.
            Err(_) => read_scenario(&self.path, &self.text),
        }
    }

    /// Refuses a file of another family than `F`.
    pub(super) fn expect_family<F: Family>(&self) -> Result<(), DocumentError> {
        expect_family::<F>(&self.path, &self.text, &self.header.family)
    }

    /// All its fields.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// An error in one of its fields.
    pub(super) fn error_at(&self, field: &str, message: impl std::fmt::Display) -> DocumentError {
        error_at(&self.path, &self.text, field, message)
    }
}
