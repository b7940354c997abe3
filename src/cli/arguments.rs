use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::adapters::drawn_seed;
use crate::corpus::{Notation, Size};
use crate::families::FamilyId;
use crate::reports::ShardRecord;

use super::grid::GridArguments;
use super::reports::Target;
use super::{
    Exit, adapter, baseline_update, grid, listing, mutants, replay, report, run, serve, vectors,
};

/// Finds the sync bugs of blockchain clients before a bad peer does.
///
/// Exit codes: 0 pass, 1 finding, 2 usage or configuration, 3 subject or adapter failed to run,
/// 4 baseline drift, 130 interrupted before anything was found.
#[derive(Debug, Parser)]
#[command(name = "syncheck", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Searches for a counterexample in a subject: the reference, or your adapter.
    Run(RunArguments),
    /// Runs one scenario file and shows what happens.
    Replay(ReplayArguments),
    /// Measures the harness: can it tell faulty machines from correct ones?
    Mutants(MutantsArguments),
    /// Lists what there is: families, invariants, misbehaviors, mutants, capabilities.
    List(ListArguments),
    /// Puts several subjects side by side on the same scenarios: which claims each keeps, and where
    /// scenarios end.
    Grid(GridArguments),
    /// Works with vector files.
    #[command(subcommand)]
    Vectors(VectorsCommand),
    /// Works with adapters: programs that put an implementation behind the child-process protocol.
    #[command(subcommand)]
    Adapter(AdapterCommand),
    /// Works with lists of known failures.
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Works with reports of searches.
    #[command(subcommand)]
    Report(ReportCommand),
    /// Puts the reference behind the child-process protocol, on standard input and output.
    Serve(ServeArguments),
    /// Prints the manual page of the program, or of one of its commands.
    Man {
        /// The command, such as `run` or `vectors verify`.
        command: Vec<String>,
    },
    /// Prints shell completions.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Which cases are searched, and how.
#[derive(Debug, Args)]
pub(super) struct Search {
    /// Runs one part of the cases only: the first of three is 1/3.
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<Shard>,
    /// Ends the search after this time, such as 60s or 5m.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) time_limit: Option<Duration>,
    /// The seed: the same seed draws the same cases. `random` draws a new one and shows it.
    #[arg(long, value_name = "S", default_value = "0", value_parser = seed)]
    pub(super) seed: u64,
    /// Cases that run at once; as many as there are cores, if absent.
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<std::num::NonZeroUsize>,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Families to search; all, if none is named.
    #[arg(value_name = "FAMILY")]
    pub(super) families: Vec<FamilyId>,
    /// Cases for each family and profile.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub(super) cases: u64,
    #[command(flatten)]
    pub(super) search: Search,
    /// The profile: which client at which version. The reference runs all profiles of a family if
    /// none is named; another subject is held to the claims that bind everybody, and with a
    /// profile to those of that client too.
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Leaves a claim out, for example of a part that the subject does not have.
    #[arg(long, value_name = "CLAIM")]
    pub(super) without: Vec<String>,
    /// A list of claims that the subject is known to break: they are counted and no findings.
    #[arg(long, value_name = "FILE")]
    pub(super) known_failures: Option<PathBuf>,
    /// Passes though an entry of the known failures ought to go: it no longer fails, has expired,
    /// or is about no claim. Without this the exit code is 4.
    #[arg(long, requires = "known_failures")]
    pub(super) allow_stale: bool,
    /// Where findings are saved. Those that are there already run first.
    #[arg(long, value_name = "DIR", default_value = "syncheck-regressions")]
    pub(super) save: PathBuf,
    /// Stops after this many findings. Findings differ in their claim, or in what was seen.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) max_findings: usize,
    /// Runs spent on making one finding small.
    #[arg(long, value_name = "N")]
    pub(super) shrink_runs: Option<u64>,
    /// Reports elsewhere too: `html=PATH`, `junit=PATH`, `ndjson=PATH`, `github`. May be given
    /// several times.
    #[arg(long = "report", value_name = "KIND=PATH")]
    pub(super) reports: Vec<Target>,
    /// Goes on with the search that `--report ndjson=PATH` is of, if it was ended early.
    #[arg(long)]
    pub(super) resume: bool,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    #[command(flatten)]
    pub(super) child: Child,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub(super) struct ReplayArguments {
    /// The scenario file.
    pub(super) file: PathBuf,
    /// Holds the subject to the claims of this profile too; the reference is held to its own.
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Leaves a claim out, to see what else is broken.
    #[arg(long, value_name = "CLAIM")]
    pub(super) without: Vec<String>,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    #[command(flatten)]
    pub(super) child: Child,
}

/// Arguments of `mutants`.
#[derive(Debug, Args)]
pub(super) struct MutantsArguments {
    /// Families whose mutants are tried; all, if none is named.
    #[arg(value_name = "FAMILY")]
    pub(super) families: Vec<FamilyId>,
    /// Cases for each mutant.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub(super) cases: u64,
    /// The seed: the same seed draws the same cases. `random` draws a new one and shows it.
    #[arg(long, value_name = "S", default_value = "0", value_parser = seed)]
    pub(super) seed: u64,
    /// Mutants that are tried at once; as many as there are cores, if absent.
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<std::num::NonZeroUsize>,
    /// Saves the smallest scenario that kills each mutant.
    #[arg(long, value_name = "DIR")]
    pub(super) save: Option<PathBuf>,
    /// Tries only mutants whose id contains this.
    #[arg(long, value_name = "TEXT")]
    pub(super) only: Option<String>,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// What to list; all, if absent.
    pub(super) what: Option<Topic>,
    /// How the list is written.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// The family.
    pub(super) family: FamilyId,
    /// Serves this mutant instead of the reference.
    #[arg(long, value_name = "ID")]
    pub(super) mutant: Option<String>,
}

#[derive(Debug, Subcommand)]
enum VectorsCommand {
    /// Makes the bundle of a folder again and compares: exit code 1 if a file differs.
    Check(CheckVectorsArguments),
    /// Shows what changed in meaning between two files or folders: exit code 1 if an expectation
    /// did.
    Diff(DiffArguments),
    /// Makes a bundle: tables of the functions, and scenarios chosen for what they show.
    Generate(GenerateArguments),
    /// Checks vector files: runs scenarios, and feeds table cases to the family's functions.
    Verify(VerifyArguments),
}

/// Arguments of `vectors check`.
#[derive(Debug, Args)]
pub(super) struct CheckVectorsArguments {
    /// The folder of the bundle, with its manifest.
    #[arg(value_name = "DIR", default_value = "vectors")]
    pub(super) folder: PathBuf,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// Arguments of `vectors diff`.
#[derive(Debug, Args)]
pub(super) struct DiffArguments {
    /// A vector file, or a folder of them.
    pub(super) before: PathBuf,
    /// Another one.
    pub(super) after: PathBuf,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// Arguments of `vectors generate`.
#[derive(Debug, Args)]
pub(super) struct GenerateArguments {
    /// The families; all, if none is named.
    #[arg(value_name = "FAMILY")]
    pub(super) families: Vec<FamilyId>,
    /// How much to make.
    #[arg(long, value_enum, default_value_t)]
    pub(super) bundle: Size,
    /// The seed: the same seed makes the same files. `random` draws a new one and shows it.
    #[arg(long, value_name = "S", default_value = "0", value_parser = seed)]
    pub(super) seed: u64,
    /// Where the files go. Generated files there that are no longer made are taken away; files
    /// written by hand stay, and are listed in the manifest.
    #[arg(long, value_name = "DIR", default_value = "target/vectors")]
    pub(super) out: PathBuf,
    /// Makes the bundle of this folder once more, with the options of its manifest and its files
    /// that are written by hand, in another notation for example.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["families", "bundle", "seed"])]
    pub(super) like: Option<PathBuf>,
    /// The notation of the files.
    #[arg(long = "as", value_enum, default_value_t, value_name = "NOTATION")]
    pub(super) notation: Notation,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// Arguments of `vectors verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// Files, or folders of them. A folder with a manifest is compared with it first.
    #[arg(value_name = "PATH", default_value = "vectors")]
    pub(super) paths: Vec<PathBuf>,
    /// Holds a subject to the claims of this profile too, and to the scripts of its files; the
    /// reference is held to its own.
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// A list of vectors that are known to fail: they are counted apart.
    #[arg(long, value_name = "FILE")]
    pub(super) known_failures: Option<PathBuf>,
    /// Passes though an entry of the known failures ought to go: it no longer fails, has expired,
    /// or is about no vector. Without this the exit code is 4.
    #[arg(long, requires = "known_failures")]
    pub(super) allow_stale: bool,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    #[command(flatten)]
    pub(super) child: Child,
}

#[derive(Debug, Subcommand)]
enum AdapterCommand {
    /// Checks an adapter against the protocol, one line for each thing that it does right or wrong.
    Check(CheckArguments),
}

/// Arguments of `adapter check`.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// How the result is written.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    /// The seed of the cases that it is tried with. A new one is drawn and shown if it is absent, so
    /// that no adapter passes because it has seen the questions before.
    #[arg(long, value_name = "S", default_value = "random", value_parser = seed)]
    pub(super) seed: u64,
    #[command(flatten)]
    pub(super) bounds: Bounds,
    /// The adapter's command.
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
enum BaselineCommand {
    /// Brings a list up to date with the NDJSON report of a search: what was found is added, what
    /// is stale goes. A report of many findings needs a search with `--max-findings`.
    Update(UpdateArguments),
}

/// Arguments of `baseline update`.
#[derive(Debug, Args)]
pub(super) struct UpdateArguments {
    /// The list of known failures; made, if it is not there.
    pub(super) file: PathBuf,
    /// The NDJSON report of a search, or of shards put together.
    #[arg(long, value_name = "REPORT")]
    pub(super) from: PathBuf,
    /// Why the new entries fail. Without it their reason is `?`, and the list is refused until
    /// somebody has said why.
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// Puts the NDJSON reports of all shards of a search together. The result is what one run would
    /// have written, times aside, and so is the exit code.
    Merge(MergeArguments),
}

/// Arguments of `report merge`.
#[derive(Debug, Args)]
pub(super) struct MergeArguments {
    /// The NDJSON reports of all shards, or of one whole search.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// What to make of them: `junit=PATH`, `ndjson=PATH`, `html=PATH`, `github`. May be given several
    /// times.
    #[arg(long = "report", value_name = "KIND=PATH")]
    pub(super) reports: Vec<Target>,
    /// Writes the scenarios of the findings into this folder.
    #[arg(long, value_name = "DIR")]
    pub(super) save: Option<PathBuf>,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// A child process as the subject.
#[derive(Debug, Args)]
pub(super) struct Child {
    #[command(flatten)]
    pub(super) bounds: Bounds,
    /// The command of the subject's adapter; the reference, if absent.
    #[arg(last = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,
}

/// What a child process may do, and where it runs.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Child process")]
pub(super) struct Bounds {
    /// How long the child may take to answer, such as 5s.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) reply_timeout: Option<Duration>,
    /// How long the child may take to start and to say who it is; 10s, if absent.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) hello_timeout: Option<Duration>,
    /// Holds each line to the child and from it against the JSON Schemas of the protocol.
    #[arg(long, requires = "command")]
    pub(super) validate: bool,
    /// The most address space that a process of the child may have, such as 512M or 2G (Linux).
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(super) memory_limit: Option<u64>,
    /// Starts the child with an empty environment.
    #[arg(long)]
    pub(super) clean_env: bool,
    /// With --clean-env, a variable that the child gets all the same: NAME for the value that it
    /// has here, or NAME=VALUE.
    #[arg(long, value_name = "NAME", requires = "clean_env")]
    pub(super) env: Vec<OsString>,
    /// The directory in which the child runs.
    #[arg(long, value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line; the last is the summary.
    Json,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Topic {
    /// What subjects of a family need not be able to do.
    Capabilities,
    /// The families with their profiles and the kinds of their vectors.
    Families,
    /// The claims.
    Invariants,
    /// The ways to lie.
    Misbehaviors,
    /// The faulty machines.
    Mutants,
}

impl Arguments {
    /// Does what the arguments say.
    pub fn execute(self) -> Exit {
        match self.command {
            Command::Run(arguments) => run::run(&arguments),
            Command::Grid(arguments) => grid::grid(&arguments),
            Command::Replay(arguments) => replay::replay(&arguments),
            Command::Mutants(arguments) => mutants::mutants(&arguments),
            Command::List(arguments) => listing::list(&arguments),
            Command::Vectors(command) => command.execute(),
            Command::Adapter(AdapterCommand::Check(arguments)) => adapter::check(&arguments),
            Command::Baseline(BaselineCommand::Update(arguments)) => {
                baseline_update::update(&arguments)
            }
            Command::Man { command } => listing::man(&command),
            Command::Report(ReportCommand::Merge(arguments)) => report::merge_reports(&arguments),
            Command::Serve(arguments) => serve::serve(&arguments),
            Command::Completions { shell } => listing::completions(shell),
        }
    }
}

impl VectorsCommand {
    fn execute(self) -> Exit {
        match self {
            Self::Check(arguments) => vectors::check(&arguments),
            Self::Diff(arguments) => vectors::diff(&arguments),
            Self::Generate(arguments) => vectors::generate(&arguments),
            Self::Verify(arguments) => vectors::verify(&arguments),
        }
    }
}

/// One part of the cases of a search, in the order of their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    part: u64,
    of: u64,
}

impl Shard {
    /// The first case, and the one after the last. A search ends at the end of a lot, and shards
    /// put together end where one search does: so a shard ends there too.
    pub(super) fn of_cases(self, cases: u64, lot: u64) -> (u64, u64) {
        let lots = cases.div_ceil(lot);
        let end = |part: u64| {
            let end = u128::from(lots) * u128::from(part) / u128::from(self.of);
            let end = u64::try_from(end).expect("a part is not larger than the whole");
            end.saturating_mul(lot).min(cases)
        };
        (end(self.part - 1), end(self.part))
    }

    pub(super) fn is_first(self) -> bool {
        self.part == 1
    }
}

impl From<Shard> for ShardRecord {
    fn from(shard: Shard) -> Self {
        Self { part: shard.part, of: shard.of }
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(part, of)| {
            let (part, of) = (part.parse().ok()?, of.parse().ok()?);
            (1..=of).contains(&part).then_some(Self { part, of })
        });
        numbers.ok_or_else(|| "a part and of how many, such as 1/3".to_owned())
    }
}

/// The largest seed that JSON readers of all languages hold.
const SEED_MAX: u64 = (1 << 53) - 1;

/// A number, or `random`.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    match text.parse() {
        _ if text == "random" => Ok(drawn_seed()),
        Ok(seed) if seed <= SEED_MAX => Ok(seed),
        _ => Err(format!("a number up to {SEED_MAX}, or random")),
    }
}

/// A time such as `500ms`, `60s`, `5m` or `2h`; a bare number is seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| "a number and a unit, such as 60s".to_owned())?;
    let millis = match unit {
        "ms" => Some(number),
        "" | "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => return Err("the units are ms, s, m and h".to_owned()),
    };
    millis.map(Duration::from_millis).ok_or_else(|| "too long".to_owned())
}

/// Bytes such as `64K`, `512M` or `2GiB`; a bare number is bytes.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| "a number and a unit, such as 512M".to_owned())?;
    let shift = match unit {
        "" => 0,
        "K" | "KiB" => 10,
        "M" | "MiB" => 20,
        "G" | "GiB" => 30,
        _ => return Err("the units are K, M and G".to_owned()),
    };
    let bytes = number.checked_mul(1 << shift).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| "between 1 byte and 16 exbibytes".to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::CommandFactory as _;

    use super::{Arguments, SEED_MAX, Shard, duration, seed, size};

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn shards_have_each_case_once() {
        for cases in [0, 1, 7, 100, u64::MAX] {
            let mut next = 0;
            for part in 1..=7 {
                let (start, end) =
                    format!("{part}/7").parse::<Shard>().unwrap().of_cases(cases, 16);
                assert_eq!(start, next);
                next = end;
            }
            assert_eq!(next, cases);
        }
    }

    #[test]
    fn seeds_are_numbers_that_json_holds() {
        assert_eq!(seed("7"), Ok(7));
        assert!(seed("random").unwrap() <= SEED_MAX);
        assert!(seed(&u64::MAX.to_string()).is_err());
        assert!(seed("-1").is_err());
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("512M"), Ok(512 << 20));
        assert_eq!(size("7"), Ok(7));
        for wrong in ["", "M", "0", "1T", "1.5G", "99999999999999G"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_have_units() {
        assert_eq!(duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2"), Ok(Duration::from_secs(2)));
        assert!(duration("2 weeks").is_err());
        assert!(duration("99999999999999999999s").is_err());
        assert!(duration("9999999999999999h").is_err());
        assert!(duration("").is_err());
    }
}
