use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::Exit;
use crate::cli::arguments::VerifyArguments;
use crate::cli::output::{Output, refuse};
use crate::cli::progress::bar;
use crate::cli::subjects::Choice;
use crate::corpus::{CaseLine, CaseOutcome, MANIFEST, Manifest, Under, verify_document, walk};
use crate::families::{Catalog, FieldDifference, Mismatch, Visit};
use crate::vectors::{DocumentError, Header, VectorFile};

use super::known::KnownVectors;

/// Checks vector files.
pub(in crate::cli) fn verify(arguments: &VerifyArguments) -> Exit {
    let mut out = Output::new(arguments.format);
    let known = match KnownVectors::open(arguments.known_failures.as_deref()) {
        Ok(known) => known,
        Err(exit) => return exit,
    };
    let allow_stale = arguments.allow_stale;
    let mut tally = Tally { list: known, allow_stale, ..Tally::default() };
    let mut files = Vec::new();
    for path in &arguments.paths {
        tally.collect(path, &mut files);
    }
    if files.is_empty() {
        return Exit::Usage;
    }
    let progress = bar(files.len() as u64, "vectors");
    let mut ids = BTreeMap::new();
    for file in &files {
        progress.inc(1);
        match verify_file(arguments, file, &mut ids) {
            Ok((header, results)) => {
                for result in results {
                    let known = tally.count(&header, file, &result);
                    progress.suspend(|| show(&mut out, file, &result, known.as_deref()));
                }
            }
            Err(error) => progress.suspend(|| tally.refuse(&error)),
        }
    }
    progress.finish_and_clear();
    tally.show(&mut out, files.len())
}

#[derive(Debug, Default)]
struct Tally {
    list: KnownVectors,
    allow_stale: bool,
    passed: u64,
    failed: u64,
    known: u64,
    unsupported: u64,
    /// Cases that are invalid input to their function.
    invalid: u64,
    /// Files that mean nothing, and what else is wrong outside of cases.
    errors: u64,
}

impl Tally {
    fn refuse(&mut self, error: &DocumentError) {
        self.errors += 1;
        refuse(Exit::Usage, error);
    }

    /// Counts a case. Returns why it is known to fail, if it does and is.
    fn count(&mut self, header: &Header, file: &Path, result: &CaseLine) -> Option<String> {
        let path = file.to_string_lossy();
        let vector = header.id.as_deref().unwrap_or(&path);
        let fails = matches!(result.outcome, CaseOutcome::Fail(_));
        let known = self.list.note(&header.family, vector, &result.name, fails);
        let count = match &result.outcome {
            CaseOutcome::Fail(_) if known.is_some() => &mut self.known,
            CaseOutcome::Fail(_) => &mut self.failed,
            CaseOutcome::Invalid(_) => &mut self.invalid,
            CaseOutcome::Pass => &mut self.passed,
            CaseOutcome::Unsupported(_) => &mut self.unsupported,
        };
        *count += 1;
        known.map(str::to_owned)
    }

    /// A named file, or the vectors below a named folder. A folder with a manifest is compared with
    /// it first, and nothing in it may go unread.
    fn collect(&mut self, path: &Path, files: &mut Vec<PathBuf>) {
        if !path.exists() {
            return self.refuse(&DocumentError::new(path, "is not there"));
        }
        if !path.is_dir() {
            files.push(path.to_owned());
            return;
        }
        let walked = match walk(path) {
            Ok(walked) => walked,
            Err(error) => {
                return self.refuse(&DocumentError::new(path, format!("cannot be read: {error}")));
            }
        };
        if let Some(manifest) = Manifest::find(path) {
            match Manifest::read(&manifest) {
                Ok(manifest) => manifest.compare(path).iter().for_each(|error| self.refuse(error)),
                Err(error) => self.refuse(&error),
            }
        }
        for folder in walked.empty.iter().filter(|folder| *folder != path) {
            self.refuse(&DocumentError::new(folder, "is an empty folder"));
        }
        let before = files.len();
        let is_vector = |file: &PathBuf| {
            let known =
                file.extension().is_some_and(|ext| ext == "yaml" || ext == "yml" || ext == "json");
            known && !file.file_name().is_some_and(|name| MANIFEST.iter().any(|it| name == *it))
        };
        files.extend(walked.files.into_iter().filter(is_vector));
        if files.len() == before {
            self.refuse(&DocumentError::new(path, "has no .yaml, .yml or .json file"));
        }
    }

    fn show(&self, out: &mut Output, files: usize) -> Exit {
        let stale = self.list.stale();
        stale.iter().for_each(|line| out.text(line));
        let exit = match self {
            // What could not be read was not judged, so there may be more to find than is said.
            Self { errors: 1.., .. } | Self { invalid: 1.., .. } => Exit::Usage,
            Self { failed: 1.., .. } => Exit::Finding,
            Self { allow_stale: false, .. } if !stale.is_empty() => Exit::BaselineDrift,
            _ => Exit::Pass,
        };
        out.json(|| {
            json!({
                "type": "summary",
                "verdict": match exit {
                    Exit::Usage => "error",
                    Exit::Finding => "fail",
                    Exit::BaselineDrift => "stale",
                    _ => "pass",
                },
                "files": files,
                "passed": self.passed,
                "failed": self.failed,
                "known": self.known,
                "stale": stale,
                "unsupported": self.unsupported,
                "invalid": self.invalid,
                "errors": self.errors,
            })
        });
        let mut aside = String::new();
        for (count, what) in [
            (self.unsupported, "unsupported"),
            (self.known, "known to fail"),
            (self.invalid, "not valid"),
        ] {
            if count > 0 {
                aside.push_str(&format!(", {count} {what}"));
            }
        }
        if self.errors > 0 {
            aside.push_str(&format!("; errors: {}", self.errors));
        }
        let (passed, failed) = (self.passed, self.failed);
        out.text(format!("{files} files, {passed} cases passed, {failed} failed{aside}"));
        exit
    }
}

fn show(out: &mut Output, file: &Path, result: &CaseLine, known: Option<&str>) {
    let name = &result.name;
    let path = place_of(file, result.place);
    match (&result.outcome, known) {
        (CaseOutcome::Fail(_), Some(reason)) => out.text(format!("KNOWN {path}: {name}: {reason}")),
        (CaseOutcome::Fail(mismatch), None) => {
            out.text(format!("FAIL {path}: {name}\n{}", difference_of(mismatch)));
        }
        (CaseOutcome::Invalid(error), _) => {
            refuse(Exit::Usage, error);
        }
        (CaseOutcome::Unsupported(reason), _) => {
            out.text(format!("unsupported {path}: {name}: {reason}"));
        }
        (CaseOutcome::Pass, _) => {}
    }
    out.json(|| case_object(file, result, known));
}

fn case_object(file: &Path, result: &CaseLine, known: Option<&str>) -> serde_json::Value {
    let (outcome, failure, reason) = match &result.outcome {
        CaseOutcome::Fail(mismatch) if known.is_some() => ("known", Some(mismatch), None),
        CaseOutcome::Fail(mismatch) => ("fail", Some(mismatch), None),
        CaseOutcome::Invalid(error) => ("invalid", None, Some(error.message.as_str())),
        CaseOutcome::Pass => ("pass", None, None),
        CaseOutcome::Unsupported(reason) => ("unsupported", None, Some(reason.as_str())),
    };
    let differences = failure.map(|mismatch| {
        let of =
            |it: &FieldDifference| json!({ "path": it.path, "expected": it.expected, "got": it.got });
        mismatch.differences.iter().map(of).collect::<Vec<_>>()
    });
    json!({
        "type": "case",
        "file": file,
        "line": result.place.map(|(line, _)| line),
        "column": result.place.map(|(_, column)| column),
        "name": result.name,
        "passed": outcome == "pass",
        "outcome": outcome,
        "expected": failure.map(|mismatch| &mismatch.expected),
        "got": failure.map(|mismatch| &mismatch.got),
        "differences": differences,
        "reason": reason.or(known),
    })
}

fn place_of(file: &Path, place: Option<(usize, usize)>) -> String {
    match place {
        Some((line, column)) => format!("{}:{line}:{column}", file.display()),
        None => file.display().to_string(),
    }
}

/// What differs, field by field where it has fields.
fn difference_of(mismatch: &Mismatch) -> String {
    let Mismatch { expected, got, differences, more } = mismatch;
    let mut lines = Vec::new();
    for FieldDifference { path, expected, got } in differences {
        let path = if path.is_empty() { "expect".to_owned() } else { format!("expect.{path}") };
        lines.push(format!("  {path}\n    expected  {expected}\n    got       {got}"));
    }
    if differences.is_empty() {
        lines.push(format!("  expected  {expected}\n  got       {got}"));
    }
    if *more > 0 {
        lines.push(format!("  and {more} more fields"));
    }
    lines.join("\n")
}

fn verify_file(
    arguments: &VerifyArguments,
    path: &Path,
    ids: &mut BTreeMap<String, PathBuf>,
) -> Result<(Header, Vec<CaseLine>), DocumentError> {
    let file = VectorFile::open(path)?;
    let family = file.family()?;
    if let Some(id) = &file.header().id
        && let Some(other) = ids.insert(id.clone(), path.to_owned())
    {
        let message = format!("id: {id:?} is the name of {}", other.display());
        return Err(DocumentError::new(path, message));
    }
    let results = family.visit(Verify { arguments, file: &file })?;
    Ok((file.header().clone(), results))
}

struct Verify<'a> {
    arguments: &'a VerifyArguments,
    file: &'a VectorFile,
}

impl Visit for Verify<'_> {
    type Output = Result<Vec<CaseLine>, DocumentError>;

    fn visit<F: Catalog>(self) -> Self::Output {
        let child = &self.arguments.child;
        let under = if child.command.is_empty() {
            Under::Ours
        } else {
            Under::Other { profile: self.arguments.profile.as_deref() }
        };
        verify_document::<F>(self.file, &under, &mut |document| {
            let choice = match Choice::of(child) {
                Choice::Reference => Choice::named(document),
                choice => choice,
            };
            choice.make()
        })
    }
}
