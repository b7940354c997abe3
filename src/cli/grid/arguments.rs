use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::cli::arguments::{Format, Search};
use crate::vectors::is_name;

/// Arguments of `grid`.
#[derive(Debug, Args)]
#[command(mut_arg("time_limit", |limit| {
    limit.help("Ends the search of one subject after this time, such as 60s or 5m")
}))]
pub(in crate::cli) struct GridArguments {
    /// The subjects: a YAML file with their names, commands, families, profiles and known failures.
    #[arg(value_name = "SUBJECTS", required_unless_present = "from")]
    pub(super) subjects: Option<PathBuf>,
    /// Takes a search that ran elsewhere, by its NDJSON report, as a column of this name. May be
    /// given several times, with or without a file of subjects.
    #[arg(long, value_name = "NAME=REPORT")]
    pub(super) from: Vec<Named>,
    /// Takes only the subjects with these names.
    #[arg(long, value_name = "NAME")]
    pub(super) only: Vec<String>,
    /// Cases for each subject, family and profile.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub(super) cases: u64,
    #[command(flatten)]
    pub(super) search: Search,
    /// Stops the search of a subject after this many findings.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) max_findings: usize,
    /// Runs spent on making one finding small.
    #[arg(long, value_name = "N")]
    pub(super) shrink_runs: Option<u64>,
    /// How many scenarios of each profile all its subjects run once more, to compare where they
    /// end; none, if 0. Subjects that come by --from alone do not run.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(super) compare: u64,
    /// Where the report and the findings of each subject go, and scenarios that end differently.
    #[arg(long, value_name = "DIR", default_value = "syncheck-grid")]
    pub(super) out: PathBuf,
    /// Goes on with searches that an earlier grid in the same folder has begun.
    #[arg(long)]
    pub(super) resume: bool,
    /// The grid as a page (`html=PATH`) or as JSON (`json=PATH`). May be given several times.
    #[arg(long = "report", value_name = "KIND=PATH")]
    pub(super) reports: Vec<Target>,
    /// How the grid is written to standard output.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// A report with the name of its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The name.
    pub(super) name: String,
    /// The report.
    pub(super) path: PathBuf,
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, path)) if is_name(name) && !path.is_empty() => {
                Ok(Self { name: name.to_owned(), path: path.into() })
            }
            _ => Err("a name of letters, digits and -_.@+, and a file: NAME=REPORT".to_owned()),
        }
    }
}

/// Where else a grid is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// One page to look at.
    Html(PathBuf),
    /// One JSON object.
    Json(PathBuf),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some(("html", path)) if !path.is_empty() => Ok(Self::Html(path.into())),
            Some(("json", path)) if !path.is_empty() => Ok(Self::Json(path.into())),
            _ => Err("one of html=PATH and json=PATH".to_owned()),
        }
    }
}
