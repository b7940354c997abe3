use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::families::{Catalog, FunctionKind, InputError, Mismatch};

use super::document::SCENARIO;
use super::error::DocumentError;
use super::file::VectorFile;
use super::header::Header;
use super::locate::locate;

/// How a file of table cases came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// The kind of the file.
    pub kind: String,
    /// One result a case.
    pub cases: Vec<CaseResult>,
}

/// How one case of a file came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// The case's name.
    pub name: String,
    /// Line and column at which a case begins that is not right, from 1.
    pub place: Option<(usize, usize)>,
    /// `None` if it passed, or what differs; the error says why the case means nothing to the
    /// function, which voids this case alone.
    pub outcome: Result<Option<Mismatch>, DocumentError>,
}

/// Checks a file of table cases of the family `F`, by its text alone.
///
/// # Errors
/// As [`verify_table`], and when the text is no file.
pub fn verify_text<F: Catalog>(
    path: &Path,
    _: &Header,
    text: &str,
) -> Result<FileReport, DocumentError> {
    verify_table::<F>(&VectorFile::read(path, text.to_owned())?)
}

/// Checks a file of table cases of the family `F`. A case that means nothing voids itself only.
///
/// # Errors
/// When the file is of another family, the kind is not one of the family's functions, or it has no
/// cases or other fields than a table.
pub fn verify_table<F: Catalog>(file: &VectorFile) -> Result<FileReport, DocumentError> {
    file.expect_family::<F>()?;
    let kind = &file.header().kind;
    let functions = F::functions();
    let Some(function) = functions.iter().find(|function| function.kind == *kind) else {
        let mut kinds: Vec<&str> = functions.iter().map(|function| function.kind).collect();
        kinds.push(SCENARIO);
        let message = format!("{} has the kinds {}, got {kind:?}", F::NAME, kinds.join(", "));
        return Err(file.error_at("kind", message));
    };
    let cases = cases_of(file)?;
    let table = TableRun { file, function, budget: Cell::new(PLACES_TEXT_MAX) };
    let mut names = BTreeSet::new();
    let run = |(index, case): (usize, &Value)| table.run(index, case, &mut names);
    Ok(FileReport { kind: kind.clone(), cases: cases.iter().enumerate().map(run).collect() })
}

/// The fields of a table.
const FIELDS: [&str; 7] = ["format", "family", "kind", "id", "title", "source", "cases"];

/// The fields of a case.
const CASE_FIELDS: [&str; 3] = ["name", "given", "expect"];

fn cases_of(file: &VectorFile) -> Result<&[Value], DocumentError> {
    let fields = file.body().as_object().into_iter().flatten();
    for (field, value) in fields {
        let is_text = value.is_string() || value.is_null();
        if !FIELDS.contains(&field.as_str()) {
            let message = format!("unknown field, a table has {}", FIELDS.join(", "));
            return Err(file.error_at(field, message));
        }
        if matches!(field.as_str(), "title" | "source") && !is_text {
            return Err(file.error_at(field, "it must be a string"));
        }
    }
    let Some(cases) = file.body().get("cases") else {
        return Err(file.error_at("cases", "missing, a table has some"));
    };
    match cases.as_array() {
        None => Err(file.error_at("cases", "it must be a list")),
        Some(cases) if cases.is_empty() => Err(file.error_at("cases", "there are none")),
        Some(cases) => Ok(cases),
    }
}

/// So many bytes are read again for the places of cases that are not right: in a small file all of
/// them have one, in a large file of many wrong cases the first ones.
const PLACES_TEXT_MAX: usize = 64 << 20;

struct TableRun<'a> {
    file: &'a VectorFile,
    function: &'a FunctionKind,
    /// Bytes that may still be read for places.
    budget: Cell<usize>,
}

impl TableRun<'_> {
    fn run(&self, index: usize, case: &Value, names: &mut BTreeSet<String>) -> CaseResult {
        let name = case.get("name").and_then(Value::as_str);
        let outcome = check_fields(case, names)
            .and_then(|(given, expect)| self.function.judge(given, expect))
            .map_err(|error| self.error(index, name, &error));
        let place = match &outcome {
            Ok(None) => None,
            Ok(Some(_)) => self.place(&format!("cases[{index}]")),
            Err(error) => error.place,
        };
        let name = name.map_or_else(|| format!("cases[{index}]"), str::to_owned);
        CaseResult { name, place, outcome }
    }

    fn error(&self, index: usize, name: Option<&str>, error: &InputError) -> DocumentError {
        let field = match error.field.as_str() {
            "" => format!("cases[{index}]"),
            below => format!("cases[{index}].{below}"),
        };
        let of = name.map_or_else(String::new, |name| format!(" (case {name:?})"));
        DocumentError {
            path: self.file.path().to_owned(),
            place: self.place(&field),
            message: format!("{field}: {}{of}", error.message),
        }
    }

    /// Where a field is, as long as that is affordable.
    fn place(&self, field: &str) -> Option<(usize, usize)> {
        let text = self.file.text();
        let rest = self.budget.get().checked_sub(text.len())?;
        self.budget.set(rest);
        locate(text, field)
    }
}

/// Whether a case has the fields that all have, and a name of its own. Gives back input and
/// expectation.
fn check_fields<'a>(
    case: &'a Value,
    names: &mut BTreeSet<String>,
) -> Result<(&'a Value, &'a Value), InputError> {
    let fail = |field: &str, message: String| InputError { field: field.to_owned(), message };
    let has = CASE_FIELDS.join(", ");
    let Some(fields) = case.as_object() else {
        return Err(fail("", format!("a case is a map with {has}")));
    };
    if let Some(unknown) = fields.keys().find(|field| !CASE_FIELDS.contains(&field.as_str())) {
        return Err(fail(unknown, format!("unknown field, a case has {has}")));
    }
    let field = |name: &str| {
        fields
            .get(name)
            .ok_or_else(|| fail("", format!("missing field `{name}`, a case has {has}")))
    };
    let name = field("name")?.as_str();
    let name = name.ok_or_else(|| fail("name", "it must be a string".to_owned()))?;
    if !names.insert(name.to_owned()) {
        return Err(fail("name", format!("{name:?} is the name of an earlier case")));
    }
    Ok((field("given")?, field("expect")?))
}

impl FileReport {
    /// The cases with a wrong answer, each with its mismatch.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &Mismatch)> {
        self.cases
            .iter()
            .filter_map(|case| Some((&*case.name, case.outcome.as_ref().ok()?.as_ref()?)))
    }

    /// Why cases mean nothing.
    pub fn errors(&self) -> impl Iterator<Item = &DocumentError> {
        self.cases.iter().filter_map(|case| case.outcome.as_ref().err())
    }
}
