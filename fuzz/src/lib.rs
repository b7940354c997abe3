//! What the fuzz targets share: bytes become a scenario, the reference runs it, and its claims
//! judge.
#![forbid(unsafe_code)]

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use syncheck::adapters::InProcess;
use syncheck::campaign::{Judge, run_once};
use syncheck::families::Catalog;
use syncheck::invariant::Context;
use syncheck::machine::Observes;
use syncheck::sim::Record;
use syncheck::vectors::{Document, to_yaml};

/// Makes a scenario of the bytes, the first for the profile and the rest in place of random numbers,
/// and holds the reference to its claims.
///
/// # Panics
/// When a claim is broken. The message has the scenario: saved as a file, `syncheck replay` runs it.
pub fn judge<F: Catalog>(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let profiles = F::profiles();
    let profile = profiles[usize::from(*first) % profiles.len()];
    let config = Config { failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::PassThrough, rest);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let Ok(tree) = F::strategy(profile).new_tree(&mut runner) else { return };
    let scenario = tree.current();
    let context = Context::new(scenario.clone()).expect("strategies draw valid scenarios");
    let judge = Judge::<F>::new(Some(profile), Observes::ALL);
    let mut subject = InProcess::new(F::reference);
    let run = run_once(&context, &mut subject, &judge, Record::Nothing);
    if let Some(violation) = run.verdict.violation() {
        let text = to_yaml(&Document::failing(scenario, violation.claim)).unwrap_or_default();
        let (claim, expected, got) = (violation.claim, &violation.expected, &violation.got);
        panic!("{claim}\nexpected {expected}\ngot {got}\n{text}");
    }
}

#[cfg(test)]
mod tests {
    use syncheck::families::headers_first::HeadersFirst;
    use syncheck::families::skeleton::Skeleton;
    use syncheck::families::state_sync::StateSync;
    use syncheck::families::tipset_sync::TipsetSync;

    use super::judge;

    #[test]
    fn all_bytes_are_scenarios_of_all_families() {
        // Too few bytes, all alike, and some of each kind.
        let mixed: Vec<u8> = (0..4_096_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for bytes in [&[][..], &[1], &[0; 64], &[255; 512], &mixed] {
            judge::<HeadersFirst>(bytes);
            judge::<Skeleton>(bytes);
            judge::<StateSync>(bytes);
            judge::<TipsetSync>(bytes);
        }
    }
}
