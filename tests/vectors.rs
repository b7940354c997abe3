//! The vectors and the examples of the manual hold.

use std::fs;
use std::path::{Path, PathBuf};

use syncheck::adapters::InProcess;
use syncheck::campaign::{Judge, run_once};
use syncheck::corpus::walk;
use syncheck::families::Catalog;
use syncheck::families::headers_first::HeadersFirst;
use syncheck::machine::{Family, Observes};
use syncheck::sim::Record;
use syncheck::vectors::{
    ExpectedVerdict, SCENARIO, read_header, read_scenario, read_text, to_yaml, verify_text,
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn all_vectors_hold() {
    let files = files();
    assert!(files.len() >= 9, "{files:?}");
    for file in files {
        verify(&file, &read_text(&file).unwrap());
    }
}

#[test]
fn all_kinds_have_vectors() {
    for function in HeadersFirst::functions() {
        let file = Path::new(ROOT).join(format!("vectors/headers-first/{}.yaml", function.kind));
        let (header, _) = read_header(&file, &read_text(&file).unwrap()).unwrap();
        assert_eq!(header.kind, function.kind);
    }
}

#[test]
fn all_vectors_are_written_in_the_one_way_that_every_parser_reads() {
    for file in files() {
        let text = read_text(&file).unwrap();
        let value: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(to_yaml(&value).unwrap(), text, "{}", file.display());
    }
}

#[test]
fn the_examples_of_the_manual_hold() {
    let manual = Path::new(ROOT).join("docs/vectors.md");
    let text = fs::read_to_string(&manual).unwrap();
    let examples: Vec<&str> =
        text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let mut kinds: Vec<String> = Vec::new();
    for example in &examples {
        kinds.push(verify(&manual, example));
    }
    for function in HeadersFirst::functions() {
        assert!(kinds.iter().any(|kind| kind == function.kind), "no example of {}", function.kind);
    }
    assert!(kinds.iter().any(|kind| kind == SCENARIO), "no example of a scenario");
}

#[test]
fn a_wrong_expectation_is_found() {
    let file = Path::new(ROOT).join("vectors/headers-first/locator.yaml");
    let text = read_text(&file).unwrap().replace("\"2..0\"", "\"2..1\"");
    let (header, _) = read_header(&file, &text).unwrap();
    let report = verify_text::<HeadersFirst>(&file, &header, &text).unwrap();
    let failures: Vec<_> = report.failures().collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].0, "tip at height 2");
}

/// Checks one text and gives back its kind.
fn verify(path: &Path, text: &str) -> String {
    let (header, _) = read_header(path, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    if header.kind == SCENARIO {
        run(path, text);
        return header.kind;
    }
    let report = verify_text::<HeadersFirst>(path, &header, text)
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let failures: Vec<_> = report.failures().collect();
    assert!(failures.is_empty(), "{}: {failures:#?}", path.display());
    header.kind
}

fn run(path: &Path, text: &str) {
    let (document, context) =
        read_scenario::<HeadersFirst>(path, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let profile = HeadersFirst::profile(&context.scenario.world);
    let judge = Judge::<HeadersFirst>::new(Some(profile), Observes::ALL);
    let mut subject = InProcess::new(HeadersFirst::reference);
    let run = run_once(&context, &mut subject, &judge, Record::Nothing);
    let broken = run.verdict.violation().map(|violation| violation.claim.to_owned());
    match document.expect.verdict {
        ExpectedVerdict::Pass => assert_eq!(broken, None, "{:?}", run.verdict),
        ExpectedVerdict::Fail => assert_eq!(broken, document.expect.claim, "{:?}", run.verdict),
    }
}

fn files() -> Vec<PathBuf> {
    walk(&Path::new(ROOT).join("vectors/headers-first")).expect("the vectors are there").files
}
