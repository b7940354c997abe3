//! Tables of cases on the command line: wrong input, wrong answers, and what never ended.

use serde_json::Value;

use crate::program::{Ended, Folder};

/// A table of locators with one case of each sort.
const MIXED: &str = r#"format: "syncheck/1"
family: "headers-first"
kind: "locator"
cases:
  - name: "right"
    given:
      chain:
        length: 2
    expect:
      - "2..0"
  - name: "a wrong answer"
    given:
      chain:
        length: 2
    expect:
      - "2"
      - "0"
  - name: "a wrong shape"
    given:
      chain:
        length: 3
        side:
          - name: "a"
            fork: 4
            length: 1
    expect:
      - "0"
  - name: "a wrong type"
    given:
      chain:
        length: "many"
    expect:
      - "0"
  - name: "a wrong expectation"
    given:
      chain:
        length: 2
    expect:
      - "x"
  - name: "a typo"
    givven:
      chain:
        length: 2
    expect:
      - "2..0"
  - name: "right"
    given:
      chain:
        length: 1
    expect:
      - "1..0"
  - name: "right again"
    given:
      chain:
        length: 1
    expect:
      - "1..0"
"#;

fn verify(text: &str, format: &[&str]) -> Ended {
    let folder = Folder::new();
    folder.write("table.yaml", text);
    folder.run(&[&["vectors", "verify", "table.yaml"], format].concat())
}

#[test]
fn what_means_nothing_voids_its_case_only_and_is_told_from_a_wrong_answer() {
    let ended = verify(MIXED, &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    for line in [
        "table.yaml:24:19: cases[2].given.chain.side[0].fork: ",
        "table.yaml:31:17: cases[3].given.chain.length: ",
        "table.yaml:39:7: cases[4].expect: a block is named like",
        "table.yaml:42:7: cases[5].givven: unknown field",
        "table.yaml:46:11: cases[6].name: \"right\" is the name of an earlier case",
    ] {
        assert!(ended.stderr.contains(line), "{line}\n{}", ended.stderr);
    }
    for name in ["a wrong shape", "a wrong type", "a wrong expectation", "a typo"] {
        assert!(ended.stderr.contains(&format!("(case {name:?})")), "{name}\n{}", ended.stderr);
    }
    assert_eq!(ended.stderr.matches("error: ").count(), 5, "{}", ended.stderr);
    assert!(ended.stdout.contains("FAIL table.yaml:11:5: a wrong answer"), "{}", ended.stdout);
    assert!(ended.stdout.contains("2 cases passed, 1 failed, 5 not valid"), "{}", ended.stdout);
}

#[test]
fn a_wrong_answer_alone_is_a_finding_and_wrong_input_alone_is_none() {
    let cases: Vec<&str> = MIXED.split("\n  - name: ").collect();
    let table = |chosen: &[usize]| {
        let chosen: Vec<String> =
            chosen.iter().map(|index| format!("\n  - name: {}", cases[*index])).collect();
        format!("{}{}", cases[0], chosen.concat())
    };
    assert_eq!(verify(&table(&[1, 2]), &[]).code, Some(1));
    assert_eq!(verify(&table(&[1, 3]), &[]).code, Some(2));
    assert_eq!(verify(&table(&[1, 8]), &[]).code, Some(0));
    let ended = verify(&table(&[1, 2, 3]), &["--format", "json"]);
    let lines: Vec<Value> = ended.objects();
    let outcomes: Vec<&str> = lines.iter().filter_map(|line| line["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["pass", "fail", "invalid"]);
    assert_eq!(lines[1]["line"], 11);
    assert_eq!(lines[1]["differences"][0]["path"], "");
    assert_eq!(ended.summary()["invalid"], 1);
    assert_eq!(ended.summary()["failed"], 1);
    assert_eq!(ended.summary()["verdict"], "error");
}

/// A table of one case of the skeleton's transition.
fn transition(given: &str, expect: &str) -> String {
    format!(
        "format: \"syncheck/1\"\nfamily: \"skeleton\"\nkind: \"transition\"\ncases:\n  \
         - {{name: \"a\", given: {{{given}}}, expect: {expect}}}\n"
    )
}

#[test]
fn a_forced_head_above_a_block_that_lacks_receipts_is_linked_below_it() {
    let given = "chain: {length: 4}, local: {head: \"2\", lacks: [{of: \"2\", part: receipts}]}, \
                 peers: [{id: 1, has: [\"4..1\"]}], \
                 steps: [{type: head, header: \"4\", force: true}]";
    let ended = verify(&transition(given, "{steps: [{linked: true, filled: \"1\"}]}"), &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = verify(&transition(given, "{steps: [{linked: false}]}"), &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("  expect.steps[0].linked\n"), "{}", ended.stdout);
}

#[test]
fn a_case_that_goes_round_in_circles_ends_with_an_error() {
    // The last block that was filled is said to be one that lacks its receipts: what is stored in
    // one cycle is taken away by the next.
    let given = "chain: {length: 4}, \
                 local: {head: \"2\", snap_head: 2, lacks: [{of: \"2\", part: receipts}]}, \
                 peers: [{id: 1, has: [\"4..1\"]}], \
                 steps: [{type: head, header: \"4\", force: true}]";
    let ended = verify(&transition(given, "{steps: [{linked: true}]}"), &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let words = "cases[0].given.steps[0]: the case does not end within 100000 inputs";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}

#[test]
fn an_expectation_that_compares_nothing_is_an_error() {
    let given = "chain: {length: 4}, steps: [{type: head, header: \"4\", force: true}]";
    let nothing = verify(&transition(given, "{steps: [{}]}"), &[]);
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
    let words = "cases[0].expect: nothing would be compared; say one at least of steps[].answer, ";
    assert!(nothing.stderr.contains(words), "{}", nothing.stderr);
    let short = verify(&transition(given, "{steps: []}"), &[]);
    assert_eq!(short.code, Some(2), "{short:?}");
    let words = "cases[0].expect.steps: there are 1 steps, so 1 outcomes, got 0";
    assert!(short.stderr.contains(words), "{}", short.stderr);
    for (expect, code) in [
        ("{steps: [{finalized: null}]}", 0),
        ("{steps: [{finalized: 3}]}", 1),
        ("{steps: [{answer: null}]}", 1),
    ] {
        assert_eq!(verify(&transition(given, expect), &[]).code, Some(code), "{expect}");
    }
}

#[test]
fn integers_beyond_2_53_are_read_in_both_forms() {
    let table = |wins: &str, weight: &str| {
        format!(
            "format: syncheck/1\nfamily: tipset-sync\nkind: weight\ncases:\n  - name: a\n    \
             given: {{parent_weight: {weight}, wins: {wins}, log2_power: 1}}\n    \
             expect: {{weight: \"0\"}}\n"
        )
    };
    for (wins, weight) in [
        ("18446744073709551615", "18446744073709551615"),
        ("\"18446744073709551615\"", "\"340282366920938463463374607431768211\""),
        ("5", "5"),
        ("\"5\"", "\"5\""),
    ] {
        let ended = verify(&table(wins, weight), &[]);
        assert_eq!(ended.code, Some(1), "{wins} {weight}: {ended:?}");
    }
    let ended = verify(&table("\"18446744073709551616\"", "0"), &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("cases[0].given.wins: "), "{}", ended.stderr);
}
