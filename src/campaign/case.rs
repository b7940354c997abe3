use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sha3::{Digest, Sha3_256};

use crate::families::Catalog;
use crate::machine::{Capabilities, Family};
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
    draw_attempt(strategy, case, 0)
}

/// How often a case is drawn until one is found that the subject supports.
const ATTEMPTS_MAX: u32 = 50;

/// Draws the scenario of a case for a subject that has only some capabilities: the first of many
/// attempts that it supports, or the last of them. Which one that is depends on the case and the
/// capabilities alone. For a subject that has all capabilities it is what [`draw`] draws.
pub fn draw_supported<F: Catalog>(
    strategy: &BoxedStrategy<Scenario<F>>,
    case: CaseId<'_>,
    capabilities: &Capabilities,
) -> Box<dyn ValueTree<Value = Scenario<F>>> {
    let mut attempt = 0;
    loop {
        let tree = draw_attempt(strategy, case, attempt);
        attempt += 1;
        let is_last = capabilities.are_all() || attempt == ATTEMPTS_MAX;
        if is_last || capabilities.lacking(&F::requires(&tree.current())).is_none() {
            return tree;
        }
    }
}

fn draw_attempt<F: Family>(
    strategy: &BoxedStrategy<Scenario<F>>,
    case: CaseId<'_>,
    attempt: u32,
) -> Box<dyn ValueTree<Value = Scenario<F>>> {
    let mut runner = runner(case, attempt);
    strategy.new_tree(&mut runner).expect("strategies of families reject nothing")
}

fn runner(case: CaseId<'_>, attempt: u32) -> TestRunner {
    let mut hasher = Sha3_256::new();
    for part in [case.family, case.profile] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.update(case.seed.to_le_bytes());
    hasher.update(case.index.to_le_bytes());
    if attempt > 0 {
        hasher.update(attempt.to_le_bytes());
    }
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &hasher.finalize());
    let config = Config { failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, rng)
}
