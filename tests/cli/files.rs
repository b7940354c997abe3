//! Files that mean nothing get one clear error, with line, column and field where there is one, and
//! exit code 2. Never a panic, a hang, or a run of something else.

use std::fmt::Write as _;

use crate::program::{Ended, Folder};

const GOOD: &str = r#"format: "syncheck/1"
family: "headers-first"
kind: "scenario"
expect:
  verdict: "pass"
scenario:
  world:
    profile: "btcd-0.26"
    main: 2
  peers:
    - id: 1
      has:
        tip: "main:2"
      latency_ms: 10
      sessions:
        - join_ms: 0
      lies:
        - how:
            type: "silent"
    - id: 2
      has:
        tip: "main:2"
      latency_ms: 10
      sessions:
        - join_ms: 0
  heal:
    at_ms: 0
    liars: "leave"
"#;

/// An edit of the good file (the first place only), where the error is, and words of it.
const WRONG: &[(&str, &str, &str, &str)] = &[
    // The header.
    ("syncheck/1", "syncheck/2", ":1:9: format: ", "\"syncheck/2\""),
    ("\"syncheck/1\"", "1", ":1:9: format: ", "syncheck/1"),
    ("headers-first", "footers-last", ":2:9: family: ", "headers-first"),
    ("\"scenario\"", "\"scene\"", ":3:7: kind: ", "\"scene\""),
    ("kind: \"scenario\"\n", "", ":1:1: ", "kind"),
    // Fields.
    ("latency_ms: 10", "latency: 10", ":14:7: scenario.peers[0]: ", "unknown field `latency`"),
    ("latency_ms: 10", "", "scenario.peers[0]: ", "latency_ms"),
    ("latency_ms: 10", "latency_ms: 10\n      latency_ms: 11", ":15:7: ", "duplicate field"),
    ("type: \"silent\"", "type: \"silent\"\n            by_ms: 1", ":18:", "by_ms"),
    (
        "type: \"silent\"",
        "type: \"slow\"\n            by_ms: 1\n            by_ms: 2",
        ":21:",
        "by_ms",
    ),
    ("type: \"silent\"", "type: \"silence\"", ":19:19: ", "unknown variant `silence`"),
    ("expect:\n", "subject:\n  mutant: \"nobody\"\nexpect:\n", ":5:11: subject.mutant: ", "nobody"),
    ("\"pass\"", "\"maybe\"", ":5:12: expect.verdict: ", "`fail`"),
    ("\"pass\"", "\"fail\"\n  claim: \"no-such\"", ":6:10: expect.claim: ", "no-such"),
    ("\"pass\"", "\"pass\"\n  claim: \"convergence\"", ":6:10: expect.claim: ", "breaks no claim"),
    // Values.
    ("latency_ms: 10", "latency_ms: -1", ":14:19: scenario.peers[0].latency_ms: ", "-1"),
    ("latency_ms: 10", "latency_ms: 1.5", ":14:19: scenario.peers[0].latency_ms: ", "1.5"),
    ("latency_ms: 10", "latency_ms: .inf", ":14:19: scenario.peers[0].latency_ms: ", "inf"),
    ("latency_ms: 10", "latency_ms: ~", ":14:19: scenario.peers[0].latency_ms: ", "unit"),
    ("latency_ms: 10", "latency_ms: \"10\"", ":14:19: scenario.peers[0].latency_ms: ", "string"),
    ("latency_ms: 10", "latency_ms: [10]", ":14:19: scenario.peers[0].latency_ms: ", "sequence"),
    ("latency_ms: 10", "latency_ms: 18446744073709551615", ":14:19: ", "at most"),
    ("latency_ms: 10", "latency_ms: 340282366920938463463374607431768211455", ":14:19: ", "large"),
    (
        "type: \"silent\"",
        "type: \"slow\"\n            by_ms: 18446744073709551615",
        ":20:20: ",
        "at most",
    ),
    (
        "type: \"silent\"",
        "type: \"unknown_inv\"\n            count: 4294967295",
        ":20:20: ",
        "at most",
    ),
    ("main: 2\n", "main: 4000000000\n", ":9:11: scenario.world.main: ", "4000000000"),
    ("main:2", "main:9", ":13:14: scenario.peers[0].has.tip: ", "no height 9"),
    ("main:2", "side:1", ":13:14: scenario.peers[0].has.tip: ", "side"),
    ("main:2", "main", ":13:14: scenario.peers[0].has.tip: ", "main:12"),
    (
        "join_ms: 0",
        "join_ms: 5\n          leave_ms: 5",
        ":17:21: scenario.peers[0].sessions[0].leave_ms: ",
        "after",
    ),
    ("- id: 2", "- id: 1", ":20:11: scenario.peers[1].id: ", "rising"),
    // A loop of parents.
    (
        "main: 2\n",
        "main: 2\n    branches:\n      - name: \"a\"\n        fork: \"b:1\"\n        length: 2\n      \
         - name: \"b\"\n        fork: \"a:1\"\n        length: 2\n",
        ":12:15: scenario.world.branches[0].fork: ",
        "\"b\"",
    ),
    // What YAML has and this format has not.
    ("latency_ms: 10", "latency_ms: !len 10", ":14:19: scenario.peers[0].latency_ms: ", "tags"),
    ("  world:", "  world: !tree", ":7:10: scenario.world: ", "tags"),
    ("liars: \"leave\"", "liars: !x \"leave\"", ":28:12: scenario.heal.liars: ", "tags"),
    ("liars: \"leave\"\n", "liars: \"leave\"\n---\na: 1\n", ":29:1: ", "more than one document"),
    ("main:2", "ma\u{0}in:2", ":13:17: ", "U+0000"),
    ("  world:", "\tworld:", ":7:1: ", "token"),
    ("\"main:2\"", "\"main:2", ":19:20: ", "key"),
];

#[test]
fn a_wrong_file_gets_one_error_with_line_and_field() {
    let folder = Folder::new();
    for (from, to, place, words) in WRONG {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        folder.write("wrong.yaml", text);
        check(&folder, "wrong.yaml", &["replay", "wrong.yaml"], &[place, words]);
        // To `verify` another kind is a function of the family.
        check(&folder, "wrong.yaml", &["vectors", "verify", "wrong.yaml"], &[place]);
    }
}

#[test]
fn a_file_cut_short_anywhere_is_no_panic() {
    let folder = Folder::new();
    for end in (0..GOOD.len()).step_by(7) {
        folder.write("cut.yaml", &GOOD[..end]);
        let ended = folder.run(&["replay", "cut.yaml"]);
        // Without its last lines the file may still be whole.
        let whole = ended.code == Some(0) && end > GOOD.len() - 4;
        assert!(whole || is_one_error(&ended, "cut.yaml"), "{end}: {ended:?}");
    }
}

#[test]
fn a_file_with_a_changed_byte_is_no_panic() {
    let folder = Folder::new();
    for (at, byte) in
        (0..GOOD.len()).step_by(11).zip(b"\0\n\t:-[{}]&*!|>'\"%@`#,?~0x\xff".iter().cycle())
    {
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes[at] = *byte;
        folder.write("changed.yaml", bytes);
        let ended = folder.run(&["replay", "changed.yaml"]);
        let ran = matches!(ended.code, Some(0 | 1)) && !ended.stderr.contains("panicked");
        assert!(ran || is_one_error(&ended, "changed.yaml"), "{at} {byte}: {ended:?}");
    }
}

#[test]
fn files_that_hold_something_else() {
    let folder = Folder::new();
    let cases: [(&str, &[u8], &str); 8] = [
        ("empty.yaml", b"", "is empty"),
        ("blank.yaml", b" \n\n\t ", "is empty"),
        ("comment.yaml", b"# nothing\n", "format"),
        ("list.yaml", b"- 1\n- 2\n", "a map with format, family and kind"),
        ("word.yaml", b"hello", "a map with format, family and kind"),
        ("binary.yaml", b"format: \"a\"\nfamily: \"\xff\"\n", ":2:10: is not UTF-8"),
        ("json.yaml", br#"{"format": "syncheck/1"}"#, "family"),
        ("key.yaml", b"? [1]\n: 2\n", "a string as the key"),
    ];
    for (name, content, words) in cases {
        folder.write(name, content);
        check(&folder, name, &["replay", name], &[words]);
    }
    std::fs::create_dir(folder.path().join("folder.yaml")).unwrap();
    check(&folder, "folder.yaml", &["replay", "folder.yaml"], &["cannot be read"]);
    let huge = std::fs::File::create(folder.path().join("huge.yaml")).unwrap();
    huge.set_len(1 << 30).unwrap();
    check(&folder, "huge.yaml", &["replay", "huge.yaml"], &["is larger than"]);
}

#[test]
fn bombs_do_not_go_off() {
    let folder = Folder::new();
    let mut billion = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in "bcdefghijk".chars().zip("abcdefghij".chars()) {
        let items = [format!("*{of}").as_str(); 9].join(", ");
        let _ = writeln!(billion, "{name}: &{name} [{items}]");
    }
    let bombs = [
        ("aliases", billion.clone(), "repetition limit"),
        ("inside", GOOD.replacen("expect:", &format!("{billion}expect:"), 1), "repetition limit"),
        ("itself", "a: &a [*a]\n".to_owned(), "recursion limit"),
        ("lists", "[".repeat(1_000_000), ":1:101: "),
        ("maps", "{a: ".repeat(1_000_000), ":1:401: "),
        ("dashes", "- ".repeat(1_000_000), "a map with format"),
        ("questions", "? ".repeat(100_000), "a string as the key"),
        ("key", "k".repeat(1_000_000), "a map with format"),
        ("many", format!("format: [{}]", "a,".repeat(300_000)), "format"),
    ];
    for (name, text, words) in bombs {
        folder.write("bomb.yaml", text);
        let ended = folder.run(&["replay", "bomb.yaml"]);
        assert!(is_one_error(&ended, "bomb.yaml"), "{name}: {ended:?}");
        assert!(ended.stderr.contains(words), "{name}: {}", ended.stderr);
    }
}

#[test]
fn a_file_written_by_hand_runs() {
    let folder = Folder::new();
    let by_hand = GOOD.replace('"', "").replace("syncheck/1", "'syncheck/1'");
    folder.write("by-hand.yaml", format!("# A comment.\n{by_hand}"));
    let ended = folder.run(&["replay", "by-hand.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
}

#[test]
fn all_files_are_verified_even_if_one_is_wrong() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path().join("all/deeper")).unwrap();
    folder.write("all/a.yaml", GOOD);
    folder.write("all/b.yaml", "format: \"syncheck/7\"\n");
    folder.write("all/deeper/c.yml", GOOD.replace("\"pass\"", "\"fail\""));
    folder.write("all/notes.txt", "no vector");
    let ended = folder.run(&["vectors", "verify", "all", "--format", "json"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let summary = ended.summary();
    assert_eq!(summary["files"], 3);
    assert_eq!((summary["passed"].as_u64(), summary["failed"].as_u64()), (Some(1), Some(1)));
    assert!(ended.stderr.contains("all/b.yaml:1:9: format"), "{}", ended.stderr);
    std::fs::remove_file(folder.path().join("all/b.yaml")).unwrap();
    let ended = folder.run(&["vectors", "verify", "all"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("FAIL all/deeper/c.yml"), "{}", ended.stdout);
    assert!(ended.stdout.contains("2 files, 1 cases passed, 1 failed"), "{}", ended.stdout);
}

fn check(folder: &Folder, name: &str, arguments: &[&str], parts: &[&str]) {
    let ended = folder.run(arguments);
    assert!(is_one_error(&ended, name), "{arguments:?} {parts:?}: {ended:?}");
    for part in parts {
        assert!(ended.stderr.contains(part), "{arguments:?} {part}: {}", ended.stderr);
    }
}

/// Exit code 2 and one line that begins with the file's name.
fn is_one_error(ended: &Ended, name: &str) -> bool {
    ended.code == Some(2)
        && ended.stderr.lines().count() == 1
        && ended.stderr.starts_with(&format!("error: {name}:"))
}
