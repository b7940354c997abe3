//! What the functions say to input that means nothing, and that samples hold what they say.

use crate::families::Catalog;
use crate::families::skeleton::Skeleton;

/// Checks one case and gives back what is wrong with it: why it means nothing, or what differs.
fn failure(kind: &str, given: &str, expect: &str) -> String {
    let functions = Skeleton::functions();
    let function = functions.iter().find(|function| function.kind == kind).unwrap();
    let value = |text: &str| serde_yaml::from_str(text).unwrap();
    match function.judge(&value(given), &value(expect)) {
        Err(error) => error.to_string(),
        Ok(mismatch) => mismatch.map_or_else(String::new, |mismatch| mismatch.got),
    }
}

#[test]
fn bad_heads_and_chains_get_one_clear_error() {
    refused(&[
        ("init", "{head: \"5\"}", "there is no header 5"),
        ("init", "{head: \"0\"}", "genesis is no head"),
        ("init", "{head: \"05\"}", "a header is named like"),
        ("init", "{head: \"-1x y\"}", "a header is named like"),
        ("init", "{head: \"0xab\"}", "a hash has 32 bytes"),
        ("init", "{head: \"a:5\"}", "there is no side chain \"a\""),
        ("init", "{chain: {length: 9}, head: \"5\", extra: 1}", "unknown field `extra`"),
        (
            "init",
            "{chain: {length: 9, side: [{name: a, fork: 9, length: 1}]}, head: \"5\"}",
            "chain.side[0].fork: less than 9, got 9",
        ),
        (
            "init",
            "{chain: {length: 9, side: [{name: a, parent: b, fork: 2, length: 1}]}, head: \"5\"}",
            "chain.side[0].parent: no side chain \"b\" before it",
        ),
        (
            "init",
            "{chain: {own: [{name: \"7\", header: {type: fields, number: 7}}]}, head: \"7\"}",
            "chain.own[0].name: \"7\" is no new name",
        ),
    ]);
}

#[test]
fn bad_stores_and_local_chains_get_one_clear_error() {
    refused(&[
        (
            "init",
            "{chain: {length: 9}, stored: {subchains: [{head: 3, tail: 5}]}, head: \"7\"}",
            "stored.subchains[0]: 1 <= tail <= head <= 9007199254740992, got head 3, tail 5",
        ),
        (
            "init",
            "{chain: {length: 9}, head: \"7\", stored: {json: \
              '{\"Subchains\":[{\"Head\":5,\"Tail\":0,\"Next\":\"0x0000000000000000000000000000000\
              000000000000000000000000000000000\"}]}'}}",
            "stored.json: a subchain has 1 <= Tail <= Head",
        ),
        (
            "init",
            "{chain: {own: [{name: x, header: {type: fields, number: 18446744073709551615}}]}, \
              head: \"x\"}",
            "chain.own[0].number: at most 9007199254740992",
        ),
        (
            "init",
            "{chain: {length: 9}, stored: {subchains: [{head: 5, tail: 3}]}, head: \"7\"}",
            "stored.subchains[0]: next, or a row with the number 3",
        ),
        (
            "init",
            "{chain: {length: 9}, stored: {rows: [\"9..12\"]}, head: \"7\"}",
            "stored.rows: there is no header 10",
        ),
        ("new-head", "{chain: {length: 9}, stored: {}, head: \"7\"}", "one subchain at least"),
        (
            "deliveries",
            "{chain: {length: 9}, stored: {subchains: [{head: 8, tail: 8}], rows: [\"8\"]}, \
              batches: [{peer: 1, headers: [\"7..2\"]}]}",
            "batches[0]: not one of the batches of 512 headers from 7 downwards",
        ),
        (
            "link",
            "{chain: {own: [{name: x, header: {type: fields, number: 3}}]}, \
              local: {head: \"x\"}, next: \"x\"}",
            "local.head: nothing leads to x",
        ),
    ]);
}

fn refused(bad: &[(&str, &str, &str)]) {
    for (kind, given, expected) in bad {
        let expect = if *kind == "link" { "true" } else { "{}" };
        let got = failure(kind, given, expect);
        assert!(got.contains(expected), "{kind} {given}: {got}");
    }
}

#[test]
fn bad_steps_get_one_clear_error() {
    let bad = [
        ("steps: [{type: head, header: \"0\"}]", "steps[0].header: genesis is no head"),
        ("steps: [{type: leave, peer: 1}]", "steps[0].peer: there is no p1"),
        ("peers: [{id: 1}], steps: [{type: join, peer: 1}]", "peer: p1 is there already"),
        ("peers: [{id: 1}, {id: 1}], steps: []", "peers[1]: p1 is there already"),
        ("peers: [{id: 1, has: [\"3\", \"3\"]}], steps: []", "two headers with the number 3"),
        ("steps: [{type: wait, ms: 99999999999}]", "steps[0].ms: at most 10000000"),
        ("settings: {batch: 0}, steps: []", "settings.batch: 1 to 1024, got 0"),
        ("steps: [{type: jump}]", "unknown variant `jump`"),
        (
            "stored: {subchains: [{head: 5, tail: 3}, {head: 3, tail: 2}], rows: [\"5..2\"]}, \
             steps: []",
            "stored.subchains: they stand highest first and disjoint",
        ),
        ("stored: {json: \"{}\", finalized: 3}, steps: []", "stored.json: it stands in place"),
    ];
    for (given, expected) in bad {
        let got =
            failure("transition", &format!("{{chain: {{length: 9}}, {given}}}"), "{steps: []}");
        assert!(got.contains(expected), "{given}: {got}");
    }
}

#[test]
fn what_an_expectation_leaves_out_is_not_compared_and_the_rest_is() {
    let given = "{chain: {length: 9}, head: \"5\"}";
    let nothing = failure("init", given, "{}");
    assert!(nothing.starts_with("expect: nothing would be compared; say one"), "{nothing}");
    assert_eq!(failure("init", given, "{subchains: [{head: 5, tail: 5}]}"), "");
    let other = failure("init", given, "{subchains: [{head: 5, tail: 4}]}");
    assert_eq!(other, "{\"subchains\":[{\"head\":5,\"tail\":5}]}");
    assert_eq!(failure("init", given, "{rows: []}"), "{\"rows\":[\"5\"]}");
    assert_eq!(failure("init", given, "{finalized: 3}"), "{}");
}
