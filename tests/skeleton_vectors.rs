//! The skeleton family's vectors and the examples of its manual hold.

use std::fs;
use std::path::{Path, PathBuf};

use syncheck::families::Catalog;
use syncheck::families::skeleton::Skeleton;
use syncheck::vectors::{read_header, read_text, to_yaml, verify_text};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn all_kinds_have_vectors_and_they_hold() {
    for function in Skeleton::functions() {
        let file = file_of(function.kind);
        let text = read_text(&file).unwrap();
        assert_eq!(verify(&file, &text), function.kind);
    }
}

#[test]
fn all_vectors_are_written_in_the_one_way_that_every_parser_reads() {
    for function in Skeleton::functions() {
        let file = file_of(function.kind);
        let text = read_text(&file).unwrap();
        let value: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(to_yaml(&value).unwrap(), text, "{}", file.display());
    }
}

#[test]
fn the_examples_of_the_manual_hold() {
    let manual = Path::new(ROOT).join("docs/families/skeleton.md");
    let text = fs::read_to_string(&manual).unwrap();
    let examples = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let kinds: Vec<String> = examples.map(|example| verify(&manual, example)).collect();
    for function in Skeleton::functions() {
        assert!(kinds.iter().any(|kind| kind == function.kind), "no example of {}", function.kind);
    }
}

#[test]
fn a_wrong_expectation_is_found() {
    let file = file_of("merge");
    let text = read_text(&file).unwrap().replacen("merged: true", "merged: false", 1);
    let (header, _) = read_header(&file, &text).unwrap();
    let report = verify_text::<Skeleton>(&file, &header, &text).unwrap();
    let failures: Vec<_> = report.failures().collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].0, "an overlap by one header");
    assert!(failures[0].1.got.contains("\"merged\":true"), "{}", failures[0].1.got);
}

fn file_of(kind: &str) -> PathBuf {
    Path::new(ROOT).join(format!("vectors/skeleton/{kind}.yaml"))
}

/// Checks one text and gives back its kind.
fn verify(path: &Path, text: &str) -> String {
    let (header, _) = read_header(path, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let report = verify_text::<Skeleton>(path, &header, text)
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let failures: Vec<_> = report.failures().collect();
    assert!(failures.is_empty(), "{}: {failures:#?}", path.display());
    header.kind
}
