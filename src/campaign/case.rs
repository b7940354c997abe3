use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sha3::{Digest, Sha3_256};

use crate::machine::Family;
use crate::scenario::Scenario;

/// Names one case of all campaigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseId<'a> {
    /// The family's name.
    pub family: &'a str,
    /// The profile's name.
    pub profile: &'a str,
    /// The seed of the campaign.
    pub seed: u64,
    /// The case's number in the campaign.
    pub index: u64,
}

/// Draws the scenario of a case, as a tree that knows simpler ones.
pub fn draw<F: Family>(
    strategy: &BoxedStrategy<Scenario<F>>,
    case: CaseId<'_>,
) -> Box<dyn ValueTree<Value = Scenario<F>>> {
    let mut runner = runner(case);
    strategy.new_tree(&mut runner).expect("strategies of families reject nothing")
}

fn runner(case: CaseId<'_>) -> TestRunner {
    let mut hasher = Sha3_256::new();
    for part in [case.family, case.profile] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.update(case.seed.to_le_bytes());
    hasher.update(case.index.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &hasher.finalize());
    let config = Config { failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, rng)
}
