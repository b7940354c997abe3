use crate::families::skeleton::Skeleton;
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::trace::Step;

use super::ledger::{BOTH, Durable, event_of, show};

/// The subchains are what their numbers say.
pub(super) static SUBCHAINS_WELL_FORMED: Claim = Claim {
    id: "subchains-well-formed",
    summary: "Whatever is persisted: subchains stand highest first and disjoint, their rows are \
              there and link, and `Next` is the parent of the tail.",
    strength: Strength::Profile(BOTH),
    needs: Needs::Events,
    why: "All decisions of the next cycle are made from these rows and numbers.",
    exceptions: "",
    source: "geth eth/downloader/skeleton.go `subchain`; #26451, #29358, #28581",
};

pub(super) fn well_formed(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    let durable = Durable::new(context.world.start());
    Box::new(WellFormed { context: context.clone(), durable, judged: 0 })
}

struct WellFormed {
    context: Context<Skeleton>,
    durable: Durable,
    judged: u64,
}

impl Invariant<Skeleton> for WellFormed {
    fn claim(&self) -> &'static Claim {
        &SUBCHAINS_WELL_FORMED
    }

    fn observe(&mut self, step: &Step<Skeleton>) -> Result<(), Violation> {
        let Some(event @ crate::families::skeleton::Event::Stored { .. }) = event_of(step) else {
            return Ok(());
        };
        self.durable.note(event);
        self.judged += 1;
        match self.breach() {
            None => Ok(()),
            Some((expected, got)) => {
                let shape = show(&self.context.world, &self.durable.status);
                Err(Violation::new(&SUBCHAINS_WELL_FORMED, expected, format!("{got}: {shape}")))
            }
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl WellFormed {
    fn breach(&self) -> Option<(String, String)> {
        let chains = &self.durable.status.subchains;
        if chains.is_empty() {
            return Some(("a primary subchain".to_owned(), "none".to_owned()));
        }
        for pair in chains.windows(2) {
            if pair[1].head >= pair[0].tail {
                let expected = "subchains stand highest first and disjoint".to_owned();
                return Some((expected, format!("{} is not below {}", pair[1].head, pair[0].tail)));
            }
        }
        for chain in chains {
            let (head, tail) = (chain.head, chain.tail);
            if tail == 0 || tail > head {
                return Some(("1 <= tail <= head".to_owned(), format!("{tail}, {head}")));
            }
            for number in [head, tail] {
                if self.durable.hash(number).is_none() {
                    let got = "no such row".to_owned();
                    return Some((format!("a row of number {number}"), got));
                }
            }
            if let Some(loose) = self.durable.loose_in(tail, head) {
                let got = "it does not".to_owned();
                return Some((
                    format!("row {loose} hangs on row {}", loose.saturating_sub(1)),
                    got,
                ));
            }
            let parent = self.durable.parent(tail);
            if parent != Some(chain.next) {
                let got = self.context.world.tree.name(&chain.next);
                return Some((format!("`Next` is the parent of row {tail}"), got));
            }
        }
        None
    }
}
