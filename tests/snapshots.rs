//! What the references do in chosen scenarios, for review: `cargo insta review` shows what changed.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files fails")]

use std::path::Path;

use syncheck::families::FamilyId;
use syncheck::families::{Catalog, Visit};
use syncheck::testing::Check;

/// The scenarios, small ones that show one thing each.
const CHOSEN: &[&str] = &[
    "headers-first/scenarios/label-heavier-but-invalid-chain",
    "headers-first/scenarios/label-peer-that-leaves",
    "headers-first/scenarios/lie-not-found",
    "headers-first/scenarios/lie-other-chain",
    "headers-first/scenarios/lie-slow",
    "headers-first/scenarios/lie-unlinked",
    "headers-first/scenarios/mutant-lost-peer-keeps-requests",
    "headers-first/scenarios/mutant-restart-forgets-blocks",
    "skeleton/scenarios/fault-duplicate",
    "skeleton/scenarios/lie-other-branch",
    "skeleton/scenarios/lie-forged",
    "skeleton/scenarios/lie-late",
    "state-sync/scenarios/fault-reconnect",
    "state-sync/scenarios/lie-reversed",
    "state-sync/scenarios/lie-junk",
    "state-sync/scenarios/lie-stale",
    "tipset-sync/scenarios/lie-go-away",
    "tipset-sync/scenarios/lie-repeated-message",
    "tipset-sync/scenarios/lie-partial",
    "tipset-sync/scenarios/lie-unlinked",
];

struct Trace(String);

impl Visit for Trace {
    type Output = String;

    fn visit<F: Catalog>(self) -> String {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(self.0);
        let trace = Check::<F>::new(F::reference).trace(file).unwrap();
        assert_eq!(trace.broken, None);
        trace.text
    }
}

#[test]
fn the_references_do_what_was_reviewed() {
    for name in CHOSEN {
        let (family, scenario) = name.split_once("/scenarios/").unwrap();
        let family: FamilyId = family.parse().unwrap();
        let text = family.visit(Trace(format!("{name}.yaml")));
        insta::assert_snapshot!(format!("{family}-{scenario}"), text);
    }
}
