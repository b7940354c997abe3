//! The vectors of all families, and the examples of their pages, hold.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files fails")]

use std::fs;
use std::path::{Path, PathBuf};

use syncheck::adapters::InProcess;
use syncheck::campaign::{Judge, run_once};
use syncheck::corpus::walk;
use syncheck::families::headers_first::HeadersFirst;
use syncheck::families::skeleton::Skeleton;
use syncheck::families::state_sync::StateSync;
use syncheck::families::tipset_sync::TipsetSync;
use syncheck::families::{Catalog, FamilyId, FunctionKind, Visit};
use syncheck::machine::{Family, Observes};
use syncheck::sim::Record;
use syncheck::vectors::{
    ExpectedVerdict, SCENARIO, VectorFile, open_scenario, read_header, read_scenario, read_text,
    saved, to_yaml, verify_text,
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn all_vectors_hold() {
    let files = files(HeadersFirst::NAME);
    assert!(files.len() >= 9, "{files:?}");
    for file in files {
        verify::<HeadersFirst>(&file, &read_text(&file).unwrap());
    }
}

#[test]
fn each_kind_has_a_table_that_holds() {
    tables_hold::<HeadersFirst>(1);
    tables_hold::<StateSync>(1);
    tables_hold::<Skeleton>(1);
    tables_hold::<TipsetSync>(7);
}

#[test]
fn all_vectors_are_written_in_the_one_way_that_every_parser_reads() {
    for family in FamilyId::ALL {
        let files = files(family.name());
        assert!(files.len() >= 9, "{files:?}");
        for file in files {
            let text = read_text(&file).unwrap();
            let value: serde_json::Value = serde_yaml::from_str(&text).unwrap();
            assert_eq!(to_yaml(&value).unwrap(), text, "{}", file.display());
        }
    }
}

#[test]
fn the_pages_have_an_example_of_each_kind() {
    let kinds = examples_hold::<HeadersFirst>("docs/vectors.md");
    assert!(kinds.iter().any(|kind| kind == SCENARIO), "no example of a scenario");
    examples_hold::<StateSync>("docs/families/state-sync.md");
    examples_hold::<Skeleton>("docs/families/skeleton.md");
    examples_hold::<TipsetSync>("docs/families/tipset-sync.md");
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

#[test]
fn a_wrong_part_of_an_expectation_is_found() {
    let file = Path::new(ROOT).join("vectors/skeleton/merge.yaml");
    let text = read_text(&file).unwrap().replacen("merged: true", "merged: false", 1);
    let (header, _) = read_header(&file, &text).unwrap();
    let report = verify_text::<Skeleton>(&file, &header, &text).unwrap();
    let failures: Vec<_> = report.failures().collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].0, "an overlap by one header");
    assert!(failures[0].1.got.contains("\"merged\":true"), "{}", failures[0].1.got);
    let [difference] = &failures[0].1.differences[..] else { panic!("{failures:?}") };
    assert_eq!(
        (&*difference.path, &*difference.expected, &*difference.got),
        ("merged", "false", "true")
    );
}

#[test]
fn a_mismatch_names_blocks_by_their_place_in_the_input() {
    let file = Path::new(ROOT).join("vectors/tipset-sync/target-tracker.yaml");
    let text = read_text(&file).unwrap();
    let (from, to) = (text.find("      queue:\n        - - \"").unwrap(), "      queue: []\n");
    let end = from + text[from..].find("      selected:").unwrap();
    let text = format!("{}{to}{}", &text[..from], &text[end..]);
    let (header, _) = read_header(&file, &text).unwrap();
    let report = verify_text::<TipsetSync>(&file, &header, &text).unwrap();
    let failures: Vec<_> = report.failures().collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    let [difference] = &failures[0].1.differences[..] else { panic!("{failures:?}") };
    assert_eq!(difference.path, "queue");
    assert_eq!(difference.got, "[[\"<steps[0].blocks[0]>\"]]");
}

#[test]
fn a_file_of_another_family_is_refused_by_name_and_not_taken_for_a_finding_of_this_one() {
    let ours = Path::new(ROOT).join("vectors/headers-first/scenarios/lie-slow.yaml");
    let text = read_text(&ours).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Families from outside of this program, one of them with a name that begins like ours.
    let write = |file: &str, family: &str| {
        let text = text.replacen("\"headers-first\"", &format!("{family:?}"), 1);
        fs::write(folder.path().join(file), text).unwrap();
    };
    write("headers-first-convergence-00.yaml", "headers-first");
    write("headers-first-of-mine-convergence-00.yaml", "headers-first-of-mine");
    write("mine-convergence-00.yaml", "mine");
    let names = |family: &str| -> Vec<String> {
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        saved(folder.path(), family).iter().map(name).collect()
    };
    assert_eq!(names("headers-first"), ["headers-first-convergence-00.yaml"]);
    assert_eq!(names("headers-first-of-mine"), ["headers-first-of-mine-convergence-00.yaml"]);
    assert_eq!(names("mine"), ["mine-convergence-00.yaml"]);
    assert!(names("headers").is_empty());
    let mine = folder.path().join("mine-convergence-00.yaml");
    assert_eq!(VectorFile::open(&mine).unwrap().header().family, "mine");
    let error = open_scenario::<HeadersFirst>(&mine).unwrap_err().to_string();
    let words = "family: the file is one of \"mine\", and here it must be one of \"headers-first\"";
    assert!(error.contains(words), "{error}");
}

#[test]
fn the_page_says_what_expectations_may_leave_out() {
    struct Rows;
    impl Visit for Rows {
        type Output = Vec<String>;

        fn visit<F: Catalog>(self) -> Vec<String> {
            let row = |function: FunctionKind| {
                let fields = function.may_be_left_out();
                let fields: Vec<String> = fields.iter().map(|it| format!("`{it}`")).collect();
                let row = format!("| `{}` `{}` | {} |", F::NAME, function.kind, fields.join(", "));
                (!fields.is_empty()).then_some(row)
            };
            F::functions().into_iter().filter_map(row).collect()
        }
    }
    let rows: Vec<String> =
        FamilyId::ALL.into_iter().flat_map(|family| family.visit(Rows)).collect();
    assert!(rows.iter().any(|row| row.contains("`transition` | ") && row.contains("[].answer`")));
    let table = format!("| kind | may be left out |\n| --- | --- |\n{}\n", rows.join("\n"));
    let path = Path::new(ROOT).join("docs/vectors.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("writes this table -->\n\n").unwrap();
    let (there, after) = rest.split_once("\n<!-- end -->").unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = format!("{before}writes this table -->\n\n{table}\n<!-- end -->{after}");
        fs::write(&path, page).unwrap();
        return;
    }
    assert!(there == table, "run UPDATE_DOCS=1 cargo test --test vectors");
}

fn tables_hold<F: Catalog>(cases_min: usize) {
    for function in F::functions() {
        let name = format!("vectors/{}/{}.yaml", F::NAME, function.kind);
        let file = Path::new(ROOT).join(name);
        let text = read_text(&file).unwrap();
        let (header, _) = read_header(&file, &text).unwrap();
        assert_eq!((header.family.as_str(), header.kind.as_str()), (F::NAME, function.kind));
        let report = verify_text::<F>(&file, &header, &text).unwrap();
        assert!(report.cases.len() >= cases_min, "{} has {}", function.kind, report.cases.len());
        verify::<F>(&file, &text);
    }
}

/// Checks the examples on a page, one of each kind at least. Returns their kinds.
fn examples_hold<F: Catalog>(page: &str) -> Vec<String> {
    let page = Path::new(ROOT).join(page);
    let text = fs::read_to_string(&page).unwrap();
    let examples = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let kinds: Vec<String> = examples.map(|example| verify::<F>(&page, example)).collect();
    for function in F::functions() {
        assert!(kinds.iter().any(|kind| kind == function.kind), "no example of {}", function.kind);
    }
    kinds
}

/// Checks one text and gives back its kind.
fn verify<F: Catalog>(path: &Path, text: &str) -> String {
    let (header, _) = read_header(path, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(header.family, F::NAME);
    if header.kind == SCENARIO {
        run::<F>(path, text);
        return header.kind;
    }
    let report =
        verify_text::<F>(path, &header, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let failures: Vec<_> = report.failures().collect();
    assert!(failures.is_empty(), "{}: {failures:#?}", path.display());
    let errors: Vec<_> = report.errors().collect();
    assert!(errors.is_empty(), "{errors:#?}");
    header.kind
}

fn run<F: Catalog>(path: &Path, text: &str) {
    let (document, context) =
        read_scenario::<F>(path, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let profile = F::profile(&context.scenario.world);
    let judge = Judge::<F>::new(Some(profile), Observes::ALL);
    let mut subject = InProcess::new(F::reference);
    let run = run_once(&context, &mut subject, &judge, Record::Nothing);
    let broken = run.verdict.violation().map(|violation| violation.claim.to_owned());
    match document.expect.verdict {
        ExpectedVerdict::Pass => assert_eq!(broken, None, "{:?}", run.verdict),
        ExpectedVerdict::Fail => assert_eq!(broken, document.expect.claim, "{:?}", run.verdict),
    }
}

fn files(family: &str) -> Vec<PathBuf> {
    walk(&Path::new(ROOT).join("vectors").join(family)).expect("the vectors are there").files
}
