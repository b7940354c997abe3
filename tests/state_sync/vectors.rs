//! Scenarios that were once taken for findings, and what is wrong with bad table cases.

use std::fs;
use std::path::{Path, PathBuf};

use syncheck::adapters::InProcess;
use syncheck::campaign::{Judge, run_once};
use syncheck::families::state_sync::StateSync;
use syncheck::families::{Catalog, FunctionKind};
use syncheck::machine::{Family, Observes};
use syncheck::sim::Record;
use syncheck::vectors::{read_scenario, read_text};
use syncheck::verdict::Verdict;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn function(kind: &str) -> FunctionKind {
    let mut functions = StateSync::functions().into_iter();
    functions.find(|function| function.kind == kind).unwrap_or_else(|| panic!("no {kind}"))
}

/// What searches once took for findings, though the claims were wrong.
#[test]
fn the_reference_passes_the_scenarios() {
    let folder = Path::new(ROOT).join("vectors/state-sync/regressions");
    let names: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    for file in names {
        let text = read_text(&file).unwrap();
        let (_, context) = read_scenario::<StateSync>(&file, &text).unwrap();
        let judge = Judge::new(Some(StateSync::profile(&context.scenario.world)), Observes::ALL);
        let mut subject = InProcess::new(StateSync::reference);
        let run = run_once(&context, &mut subject, &judge, Record::Nothing);
        assert_eq!(run.verdict, Verdict::Pass, "{}", file.display());
    }
}

/// Why a case means nothing to its function.
fn refused(kind: &str, given: &str, expect: &str) -> String {
    let value = |text: &str| serde_yaml::from_str(text).expect("a value");
    function(kind).judge(&value(given), &value(expect)).expect_err(given).to_string()
}

const HASH: &str = "0x0100000000000000000000000000000000000000000000000000000000000000";

#[test]
fn what_cannot_be_read_is_refused_with_one_error_that_names_it() {
    let cases = [
        (
            "trie-root",
            "{leaves: [{key: \"0x01\", value: \"0x02\"}]}",
            "{root: \"HASH\"}",
            "32 bytes",
        ),
        ("trie-root", "{leaves: [], more: 1}", "{root: \"HASH\"}", "more"),
        ("trie-root", "{leaves: []}", "{root: \"HASHff\"}", "32 bytes"),
        ("node-children", "{node: \"0x0g\"}", "{type: invalid}", "given.node"),
        ("node-children", "{node: 12}", "{type: invalid}", "bytes begin with"),
        ("node-children", "{node: \"0x\"}", "{type: broken}", "broken"),
        ("pivot-choice", "{head: -1}", "{pivot: null}", "head"),
        ("pivot-choice", "{}", "{pivot: null}", "head"),
        ("pivot-split", "{pivot: 1, first: 1}", "{has_pivot: true}", "last"),
        ("request-assignment", "{profile: \"geth-9\", peers: []}", "{requests: []}", "geth-9"),
        ("request-assignment", "{peers: [{id: 70000}]}", "{requests: []}", "id"),
        ("scheduler", "{root: \"HASH\", steps: [{type: fetch}]}", "{steps: []}", "fetch"),
        ("scheduler", "{root: \"HASH\", steps: [{type: missing}]}", "{steps: []}", "max"),
    ];
    for (kind, given, expect, named) in cases {
        let error = refused(kind, &given.replace("HASH", HASH), &expect.replace("HASH", HASH));
        assert!(error.contains(named) && !error.contains('\n'), "{kind}: {error}");
    }
}

#[test]
fn what_means_nothing_fails_with_one_error_that_names_it() {
    let leaf = format!("{{key: \"{HASH}\", value: \"0x01\"}}");
    let item = format!("{{hash: \"{HASH}\"}}");
    let root = format!("{{root: \"{HASH}\"}}");
    let split = "{before_to: null, has_pivot: true, after_from: null}";
    let moved = "{after_headers: 1, after_blocks: 1}";
    let none = "{requests: []}";
    let cases = [
        ("trie-root", format!("{{leaves: [{leaf}, {leaf}]}}"), root.as_str(), "twice"),
        ("trie-root", format!("{{leaves: [{{key: \"{HASH}\", value: \"0x\"}}]}}"), &root, "value"),
        ("pivot-choice", "{head: 4294967295}".to_owned(), "{pivot: 1}", "head"),
        ("pivot-staleness", "{pivot: 4294967295, head: 1}".to_owned(), moved, "pivot"),
        ("pivot-staleness", "{pivot: 0, head: 1}".to_owned(), moved, "pivot"),
        ("pivot-split", "{pivot: 1, first: 2, last: 1}".to_owned(), split, "first"),
        ("request-assignment", "{peers: [{id: 1}, {id: 1}]}".to_owned(), none, "p1"),
        ("request-assignment", format!("{{peers: [], nodes: [{item}, {item}]}}"), none, "nodes"),
    ];
    for (kind, given, expect, named) in cases {
        let error = refused(kind, &given, expect);
        assert!(error.contains(named) && !error.contains('\n'), "{kind}: {error}");
    }
}
