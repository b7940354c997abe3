use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::reports::{CampaignRecords, html_text, junit_text, summary_markdown};
use crate::vectors::write_file;

use super::Exit;
use super::output::refuse;

/// Where else a search is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// JUnit XML, one test for each claim.
    Junit(PathBuf),
    /// One JSON object a line, as with `--format json`.
    Ndjson(PathBuf),
    /// One page to look at, with diagrams.
    Html(PathBuf),
    /// Annotations and a job summary of GitHub Actions.
    Github,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some(("junit", path)) if !path.is_empty() => Ok(Self::Junit(path.into())),
            Some(("html", path)) if !path.is_empty() => Ok(Self::Html(path.into())),
            Some(("ndjson", path)) if !path.is_empty() => Ok(Self::Ndjson(path.into())),
            None if text == "github" => Ok(Self::Github),
            _ => Err("one of html=PATH, junit=PATH, ndjson=PATH and github".to_owned()),
        }
    }
}

/// The file that gets each record at once, so that an end by force loses none.
pub(super) fn ndjson_path(targets: &[Target]) -> Option<&Path> {
    targets.iter().find_map(|target| match target {
        Target::Ndjson(path) => Some(path.as_path()),
        _ => None,
    })
}

/// Writes what is written at the end of a search.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write_reports(targets: &[Target], records: &CampaignRecords) -> Result<(), Exit> {
    for target in targets {
        match target {
            Target::Junit(path) => {
                let text = junit_text(records).map_err(|error| cannot_write(path, &error))?;
                write(path, &text)?;
            }
            Target::Html(path) => write(path, &html_text(records))?,
            Target::Github => append_summary(&summary_markdown(records))?,
            Target::Ndjson(_) => {}
        }
    }
    Ok(())
}

/// GitHub Actions names the file to append to.
fn append_summary(text: &str) -> Result<(), Exit> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from) else {
        return Ok(());
    };
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .map_err(|error| cannot_write(&path, &error))?;
    file.write_all(text.as_bytes()).map_err(|error| cannot_write(&path, &error))
}

/// Writes a file as a whole.
///
/// # Errors
/// When that does not work; it was said then.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Exit> {
    write_file(path, text).map_err(|error| cannot_write(path, &error))
}

/// Says that a file cannot be written.
pub(super) fn cannot_write(path: &Path, error: &dyn std::fmt::Display) -> Exit {
    refuse(Exit::Usage, format!("{} cannot be written: {error}", path.display()))
}
