//! What the skeleton family persists, at every moment of its runs.

use std::collections::BTreeMap;

use syncheck::adapters::InProcess;
use syncheck::campaign::{CaseId, Judge, draw, run_once};
use syncheck::families::Catalog;
use syncheck::families::skeleton::{
    BoundsAnswer, Event, Profile, Skeleton, Status, Store, Subchains,
};
use syncheck::invariant::Context;
use syncheck::machine::{Capabilities, Observes, Output};
use syncheck::primitives::ethereum_header::SealedHeader;
use syncheck::sim::Record;
use syncheck::trace::What;

/// Cases of each profile.
const CASES: u64 = 500;

/// A process may die after any of its writes, also between two of one step: what is durable then
/// has bounds, its subchains link, and a head can begin on it.
#[test]
fn whatever_is_persisted_loads() {
    let mut written = 0;
    for name in Skeleton::profiles() {
        let strategy = Skeleton::strategy(name, &Capabilities::ALL);
        let judge = Judge::<Skeleton>::new(Some(name), Observes::ALL);
        for index in 0..CASES {
            let case = CaseId { family: "skeleton", profile: name, seed: 0, index };
            let context = Context::new(draw(&strategy, case).current()).expect("it is valid");
            let mut subject = InProcess::new(Skeleton::reference);
            let run = run_once(&context, &mut subject, &judge, Record::Steps);
            let start = context.world.start();
            let mut rows: BTreeMap<u64, SealedHeader> = BTreeMap::new();
            rows.extend(start.rows.iter().map(|row| (row.number(), row.clone())));
            for step in run.trace.expect("steps were recorded").steps() {
                let What::Out { output: Output::Event { event }, .. } = &step.what else {
                    continue;
                };
                let Event::Stored { status, rows: put, deleted } = event else { continue };
                rows.extend(put.iter().map(|row| (row.number(), row.clone())));
                if let Some((from, to)) = deleted {
                    rows.retain(|number, _| number < from || number > to);
                }
                loads(status, &rows, Profile::of_name(name));
                written += 1;
            }
        }
    }
    assert!(written > 1_000, "{written}");
}

fn loads(status: &Status, rows: &BTreeMap<u64, SealedHeader>, profile: Profile) {
    let all: Vec<SealedHeader> = rows.values().cloned().collect();
    let mut chains = Subchains::new(Store::new(&all, Some(status.to_json(profile))), profile);
    let primary = status.subchains[0];
    let BoundsAnswer::Known { head, tail, .. } = chains.bounds() else { panic!("no bounds") };
    assert_eq!((head, tail), (rows[&primary.head].hash(), rows[&primary.tail].hash()));
    for chain in &status.subchains {
        assert_eq!(rows[&chain.tail].parent(), chain.next);
        for number in chain.tail + 1..=chain.head {
            assert_eq!(rows[&number].parent(), rows[&(number - 1)].hash());
        }
    }
    let above = SealedHeader::empty(primary.head + 1, head, 77);
    chains.init(&above);
    let mut expected = status.clone();
    expected.subchains[0].head += 1;
    assert_eq!(*chains.status(), expected, "the next head extends what was loaded");
}
