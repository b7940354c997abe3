use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::Exit;
use crate::cli::arguments::VerifyArguments;
use crate::cli::output::{Output, refuse};
use crate::cli::progress::bar;
use crate::cli::subjects::Choice;
use crate::corpus::{CaseLine, CaseOutcome, MANIFEST, Manifest, Under, verify_document, walk};
use crate::families::{Catalog, Visit};
use crate::vectors::{DocumentError, Header, read_header, read_text};

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
            Self { errors: 1.., .. } => Exit::Usage,
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
                "errors": self.errors,
            })
        });
        let (passed, failed, unsupported) = (self.passed, self.failed, self.unsupported);
        let mut aside = String::new();
        for (count, what) in [(unsupported, "unsupported"), (self.known, "known to fail")] {
            if count > 0 {
                aside.push_str(&format!(", {count} {what}"));
            }
        }
        out.text(format!("{files} files, {passed} cases passed, {failed} failed{aside}"));
        exit
    }
}

fn show(out: &mut Output, file: &Path, result: &CaseLine, known: Option<&str>) {
    let name = &result.name;
    let (outcome, failure, reason) = match &result.outcome {
        CaseOutcome::Fail(mismatch) if known.is_some() => ("known", Some(mismatch), None),
        CaseOutcome::Fail(mismatch) => ("fail", Some(mismatch), None),
        CaseOutcome::Pass => ("pass", None, None),
        CaseOutcome::Unsupported(reason) => ("unsupported", None, Some(reason)),
    };
    if let Some(mismatch) = failure {
        let file = file.display();
        let (expected, got) = (&mismatch.expected, &mismatch.got);
        match known {
            Some(reason) => out.text(format!("KNOWN {file}: {name}: {reason}")),
            None => {
                out.text(format!("FAIL {file}: {name}\n  expected  {expected}\n  got       {got}"))
            }
        }
    }
    if let Some(reason) = reason {
        out.text(format!("unsupported {}: {name}: {reason}", file.display()));
    }
    out.json(|| {
        json!({
            "type": "case",
            "file": file,
            "name": name,
            "passed": outcome == "pass",
            "outcome": outcome,
            "expected": failure.map(|mismatch| &mismatch.expected),
            "got": failure.map(|mismatch| &mismatch.got),
            "reason": reason.map(String::as_str).or(known),
        })
    });
}

fn verify_file(
    arguments: &VerifyArguments,
    path: &Path,
    ids: &mut BTreeMap<String, PathBuf>,
) -> Result<(Header, Vec<CaseLine>), DocumentError> {
    let text = read_text(path)?;
    let (header, family) = read_header(path, &text)?;
    if let Some(id) = &header.id
        && let Some(other) = ids.insert(id.clone(), path.to_owned())
    {
        let message = format!("id: {id:?} is the name of {}", other.display());
        return Err(DocumentError::new(path, message));
    }
    let results = family.visit(Verify { arguments, path, header: &header, text })?;
    Ok((header, results))
}

struct Verify<'a> {
    arguments: &'a VerifyArguments,
    path: &'a Path,
    header: &'a Header,
    text: String,
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
        verify_document::<F>(self.path, self.header, &self.text, &under, &mut |document| {
            let choice = match Choice::of(child) {
                Choice::Reference => Choice::named(document),
                choice => choice,
            };
            choice.make()
        })
    }
}
