//! The scenarios of tipset-sync that once failed, and what is wrong with bad table cases.

use std::fs;
use std::path::{Path, PathBuf};

use syncheck::adapters::InProcess;
use syncheck::campaign::{Judge, run_once};
use syncheck::families::Catalog;
use syncheck::families::tipset_sync::TipsetSync;
use syncheck::machine::{Family, Observes};
use syncheck::sim::Record;
use syncheck::vectors::{read_header, read_scenario, read_text, verify_text};
use syncheck::verdict::Verdict;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn each_scenario_that_once_failed_passes() {
    let files = yaml_files("vectors/tipset-sync/regressions");
    assert!(files.len() >= 10, "{files:?}");
    for file in files {
        let text = read_text(&file).unwrap();
        let (_, context) = read_scenario::<TipsetSync>(&file, &text).unwrap();
        let profile = TipsetSync::profile(&context.scenario.world);
        let judge = Judge::<TipsetSync>::new(Some(profile), Observes::ALL);
        let mut subject = InProcess::new(TipsetSync::reference);
        let run = run_once(&context, &mut subject, &judge, Record::Nothing);
        assert_eq!(run.verdict, Verdict::Pass, "{}", file.display());
    }
}

#[test]
fn bad_input_gets_one_clear_error() {
    let failures = [
        (
            "weight",
            "parent_weight: \"0\"\n      wins: 1\n      log2_power: 0",
            "weight: \"0\"",
            "given.log2_power: between 1 and 100",
        ),
        ("tipset-key", "blocks: []", "key: []", "given: there is no block"),
        (
            "fork-search",
            "blocks: []\n      ours: []\n      theirs: []",
            "ancestor: []\n      revert: []\n      apply: []\n      follow: false",
            "given: no block of height 0",
        ),
        (
            "target-tracker",
            "profile: \"btcd\"\n      steps: []",
            "queue: []\n      history: []",
            "given.profile: one of filecoin, venus, lotus, forest",
        ),
        (
            "target-tracker",
            "steps:\n        - type: \"finish\"",
            "queue: []\n      history: []",
            "given.steps[0]: no sync runs",
        ),
        (
            "tie-break",
            "challenger: []\n      current: []",
            "wins: false",
            "given.challenger: there is no block",
        ),
    ];
    for (kind, given, expect, error) in failures {
        let got = check(Path::new("file.yaml"), &table(kind, given, expect)).unwrap_err();
        assert!(got.contains(&format!("cases[0].{error}")), "{kind}: {got}");
    }
}

#[test]
fn input_of_another_shape_is_refused_with_its_place() {
    let texts = [
        (
            "weight",
            "parent_weight: \"x\"\n      wins: 1\n      log2_power: 1",
            "weight: \"0\"",
            "invalid value: string \"x\", expected a decimal number",
        ),
        ("tipset-key", "blocks:\n        - \"0x90\"", "key: []", "cases[0].given.blocks"),
        ("tipset-key", "blocks: []\n      more: 1", "key: []", "more"),
        (
            "exchange-reply",
            "request: {}\n      stored: []",
            "status: 0\n      chain: []",
            "cases[0].given.request",
        ),
    ];
    for (kind, given, expect, place) in texts {
        let text = table(kind, given, expect);
        let error = check(Path::new("file.yaml"), &text).unwrap_err();
        assert!(error.contains(place), "{kind}: {error}");
    }
}

fn table(kind: &str, given: &str, expect: &str) -> String {
    format!(
        "format: \"syncheck/1\"\nfamily: \"tipset-sync\"\nkind: \"{kind}\"\ncases:\n  \
         - name: \"a\"\n    given:\n      {given}\n    expect:\n      {expect}\n"
    )
}

/// Checks a text and gives back how many cases it has.
fn check(path: &Path, text: &str) -> Result<usize, String> {
    let (header, _) = read_header(path, text).map_err(|error| error.to_string())?;
    let report =
        verify_text::<TipsetSync>(path, &header, text).map_err(|error| error.to_string())?;
    if let Some(error) = report.errors().next() {
        return Err(error.to_string());
    }
    let failures: Vec<_> = report.failures().collect();
    assert!(failures.is_empty(), "{}: {failures:#?}", path.display());
    Ok(report.cases.len())
}

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(ROOT).join(folder)).expect("the vectors are there");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}
