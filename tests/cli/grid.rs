use serde_json::Value;

use crate::program::{CLAIM, Folder, MUTANT, PROGRAM};

const FORM: [&str; 6] = ["--cases", "160", "--compare", "16", "--format", "json"];

fn subjects(folder: &Folder) {
    let entry = |name: &str, mutant: &str| {
        format!(
            "  - name: {name:?}\n    command: [{PROGRAM:?}, \"serve\", \"headers-first\"{mutant}]\n    \
             families: [\"headers-first\"]\n"
        )
    };
    let mutant = format!(", \"--mutant\", {MUTANT:?}");
    let list = format!(
        "format: \"syncheck/1\"\nkind: \"subjects\"\nsubjects:\n{}{}",
        entry("good", ""),
        entry("faulty", &mutant)
    );
    folder.write("subjects.yaml", list);
}

/// The state of a claim for each subject.
fn states(grid: &Value, claim: &str) -> Vec<String> {
    let rows = grid["sections"][0]["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["claim"] == claim).expect(claim);
    let state = |cell: &Value| cell["state"].as_str().unwrap().to_owned();
    row["cells"].as_array().unwrap().iter().map(state).collect()
}

#[test]
fn a_grid_shows_who_breaks_what_and_how_to_see_it() {
    let folder = Folder::new();
    subjects(&folder);
    let words = [&["grid", "subjects.yaml", "--report", "html=grid.html"], &FORM[..]].concat();
    let ended = folder.run(&words);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let grid = &ended.objects()[0];
    assert_eq!(states(grid, CLAIM), ["held", "broken"]);
    let finding = &grid["findings"][0];
    assert_eq!(finding["subject"], "faulty");
    let file = finding["finding"]["file"].as_str().unwrap();
    let words = ["replay", file, "--", PROGRAM, "serve", "headers-first", "--mutant", MUTANT];
    assert_eq!(folder.run(&words).code, Some(1));
    assert_eq!(grid["sections"][0]["compared"], 16);
    let page = std::fs::read_to_string(folder.path().join("grid.html")).unwrap();
    assert!(page.contains("href=\"#f1\"") && page.contains("id=\"f1\""));
}

#[test]
fn reports_of_separate_runs_make_the_same_grid() {
    let folder = Folder::new();
    subjects(&folder);
    let ended = folder.run(&[&["grid", "subjects.yaml"], &FORM[..]].concat());
    let words = [
        "grid",
        "--from",
        "good=syncheck-grid/good.ndjson",
        "--from",
        "faulty=syncheck-grid/faulty.ndjson",
        "--format",
        "json",
    ];
    let again = folder.run(&words);
    assert_eq!(again.code, Some(1), "{again:?}");
    let mut whole = ended.objects().remove(0);
    whole["sections"][0]["compared"] = 0.into();
    whole["sections"][0]["endings"] = Value::Array(Vec::new());
    assert_eq!(again.objects()[0], whole);
}

#[test]
fn a_subject_that_does_not_run_has_no_column() {
    let folder = Folder::new();
    folder.write(
        "subjects.yaml",
        "format: \"syncheck/1\"\nkind: \"subjects\"\nsubjects:\n  - name: \"gone\"\n    \
         command: [\"./gone\"]\n    families: [\"skeleton\"]\n",
    );
    let ended = folder.run(&["grid", "subjects.yaml"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("gone did not run"), "{ended:?}");
}

#[test]
fn wrong_arguments_and_files_are_named() {
    let folder = Folder::new();
    folder.write("wrong.yaml", "format: \"syncheck/1\"\nkind: \"subjects\"\nsubjects: []\n");
    folder.write("wrong.ndjson", "{}\n");
    subjects(&folder);
    for (words, said) in [
        (vec!["grid", "wrong.yaml"], "wrong.yaml:3"),
        (vec!["grid", "none.yaml"], "none.yaml"),
        (vec!["grid", "subjects.yaml", "--only", "other"], "other"),
        (vec!["grid", "--from", "a=wrong.ndjson"], "wrong.ndjson:1"),
        (vec!["grid", "--from", "a/b=wrong.ndjson"], "NAME=REPORT"),
        (vec!["grid"], "SUBJECTS"),
    ] {
        let ended = folder.run(&words);
        assert_eq!(ended.code, Some(2), "{words:?}: {ended:?}");
        assert!(ended.stderr.contains(said), "{words:?}: {ended:?}");
    }
}
