use crate::campaign::{Judge, run_once};
use crate::families::Catalog;
use crate::invariant::Context;
use crate::machine::Subject;
use crate::scenario::{Scenario, reductions};
use crate::sim::{Record, Run};

/// Takes one thing after the other from a scenario as long as its run stays worth `keep`ing and does
/// not grow. At most `runs_max` runs are spent.
pub(super) fn minimise<F: Catalog>(
    scenario: Scenario<F>,
    subject: &mut dyn Subject<F>,
    judge: &Judge<F>,
    runs_max: u32,
    keep: impl Fn(&Context<F>, &Run<F>) -> bool,
) -> Scenario<F> {
    let (mut best, mut inputs, mut runs) = (scenario, u64::MAX, 0);
    'again: loop {
        for candidate in reductions(&best).into_iter().chain(F::reductions(&best)) {
            if runs >= runs_max {
                return best;
            }
            // A reduction may leave something that another part refers to: then it is none.
            let Ok(context) = Context::new(candidate) else { continue };
            if *context.scenario == best {
                continue;
            }
            runs += 1;
            let run = run_once(&context, subject, judge, Record::Nothing);
            if run.tally.inputs <= inputs && keep(&context, &run) {
                inputs = run.tally.inputs;
                best = (*context.scenario).clone();
                continue 'again;
            }
        }
        return best;
    }
}
