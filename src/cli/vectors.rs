use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::campaign::{Judge, run_once};
use crate::families::{CaseResult, Catalog, Visit};
use crate::machine::Observes;
use crate::sim::Record;
use crate::vectors::{
    DocumentError, ExpectedVerdict, Header, SCENARIO, read_header, read_scenario, read_text,
    verify_text,
};
use crate::verdict::Verdict;

use super::Exit;
use super::arguments::VerifyArguments;
use super::output::{Output, refuse};
use super::subjects::Choice;

/// Checks vector files.
pub(super) fn verify(arguments: &VerifyArguments) -> Exit {
    let files = match files_of(&arguments.paths) {
        Ok(files) => files,
        Err(error) => return refuse(Exit::Usage, error),
    };
    let mut out = Output::new(arguments.format);
    let (mut passed, mut failed, mut exit) = (0, 0, Exit::Pass);
    for file in &files {
        match verify_file(file) {
            Ok(results) => {
                for result in results {
                    let ok = result.failure.is_none();
                    passed += u64::from(ok);
                    failed += u64::from(!ok);
                    show(&mut out, file, &result);
                }
            }
            Err(error) => exit = refuse(Exit::Usage, error),
        }
    }
    out.json(|| {
        json!({
            "type": "summary",
            "verdict": if exit == Exit::Usage { "error" } else if failed > 0 { "fail" } else { "pass" },
            "files": files.len(),
            "passed": passed,
            "failed": failed,
        })
    });
    out.text(format!("{} files, {passed} cases passed, {failed} failed", files.len()));
    match exit {
        Exit::Pass if failed > 0 => Exit::Finding,
        exit => exit,
    }
}

struct CaseLine {
    name: String,
    failure: Option<(String, String)>,
}

fn show(out: &mut Output, file: &Path, result: &CaseLine) {
    if let Some((expected, got)) = &result.failure {
        let (file, name) = (file.display(), &result.name);
        out.text(format!("FAIL {file}: {name}\n  expected  {expected}\n  got       {got}"));
    }
    out.json(|| {
        json!({
            "type": "case",
            "file": file,
            "name": result.name,
            "passed": result.failure.is_none(),
            "expected": result.failure.as_ref().map(|(expected, _)| expected),
            "got": result.failure.as_ref().map(|(_, got)| got),
        })
    });
}

/// The named files, and the `.yaml` and `.yml` files below the named folders, in order of their names.
fn files_of(paths: &[PathBuf]) -> Result<Vec<PathBuf>, DocumentError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        walk(path, &mut files)
            .map_err(|error| DocumentError::new(path, format!("cannot be read: {error}")))?;
        if files.len() == before {
            return Err(DocumentError::new(path, "has no .yaml or .yml file"));
        }
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link to a folder is not followed: it may lead back.
        if entry.file_type()?.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml") {
            files.push(path);
        }
    }
    Ok(())
}

fn verify_file(path: &Path) -> Result<Vec<CaseLine>, DocumentError> {
    let text = read_text(path)?;
    let (header, family) = read_header(path, &text)?;
    family.visit(Verify { path, header, text })
}

struct Verify<'a> {
    path: &'a Path,
    header: Header,
    text: String,
}

impl Visit for Verify<'_> {
    type Output = Result<Vec<CaseLine>, DocumentError>;

    fn visit<F: Catalog>(self) -> Self::Output {
        if self.header.kind == SCENARIO {
            return Ok(vec![verify_scenario::<F>(self.path, &self.text)?]);
        }
        let report = verify_text::<F>(self.path, &self.header, &self.text)?;
        let line = |case: CaseResult| CaseLine {
            name: case.name,
            failure: case.failure.map(|mismatch| (mismatch.expected, mismatch.got)),
        };
        Ok(report.cases.into_iter().map(line).collect())
    }
}

/// Runs a scenario against the subject that its file names, and compares how it ends.
fn verify_scenario<F: Catalog>(path: &Path, text: &str) -> Result<CaseLine, DocumentError> {
    let (document, context) = read_scenario::<F>(path, text)?;
    let choice = Choice::named(&document);
    let judge = Judge::<F>::new(Some(F::profile(&context.scenario.world)), Observes::ALL);
    let mut subject = choice
        .make()
        .map_err(|error| DocumentError::new(path, format!("the subject cannot run: {error}")))?;
    let run = run_once(&context, subject.as_mut(), &judge, Record::Nothing);
    let got = match &run.verdict {
        Verdict::Fail(violation) => format!("fail {}", violation.claim),
        Verdict::Inconclusive(limit) => format!("inconclusive {limit:?}"),
        Verdict::Pass => "pass".to_owned(),
        Verdict::SubjectFailed(error) => format!("error {error}"),
    };
    let expected = match (&document.expect.verdict, &document.expect.claim) {
        (ExpectedVerdict::Fail, Some(claim)) => format!("fail {claim}"),
        (ExpectedVerdict::Fail, None) => "fail".to_owned(),
        (ExpectedVerdict::Pass, _) => "pass".to_owned(),
    };
    let holds = got == expected || (expected == "fail" && got.starts_with("fail "));
    let name = document.title.unwrap_or_else(|| SCENARIO.to_owned());
    Ok(CaseLine { name, failure: (!holds).then_some((expected, got)) })
}
