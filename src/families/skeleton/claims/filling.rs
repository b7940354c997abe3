use crate::families::skeleton::{BoundsAnswer, Event, Profile, Skeleton, Status, Subchain};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::FastSet;
use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::ethereum_state::Hash32;
use crate::trace::{Step, What};

use super::ledger::{BOTH, Durable, Local, NEW, OneClaim, Phase, event_of, is_input, show};

/// The filler and the link.
pub(super) static FILLS_ONLY_WHEN_LINKED: Claim = Claim {
    id: "fills-only-when-linked",
    summary: "The filler runs only while the skeleton is linked, and is suspended before the \
              skeleton is rebuilt.",
    strength: Strength::Profile(BOTH),
    needs: Needs::Events,
    why: "Blocks below a gap cannot be executed, and a filler that runs while rows are rewritten \
          reads a mixture of two chains.",
    exceptions: "",
    source: "geth eth/downloader/skeleton.go `sync`: resume and suspend",
};

/// The filler and the rows.
pub(super) static FILLS_THE_SKELETON: Claim = Claim {
    id: "fills-the-skeleton",
    summary: "The filler stores the blocks of the skeleton's headers, each on a block that is \
              there.",
    strength: Strength::Profile(BOTH),
    needs: Needs::Events,
    why: "Only the headers under the announced head are known to be those of the chain.",
    exceptions: "Headers that another has replaced in place while the filler ran: they may be in \
                 its queue.",
    source: "geth eth/downloader/beaconsync.go `fetchHeaders`; #24691",
};

/// Cleaning.
pub(super) static CLEANS_WHAT_IS_FILLED: Claim = Claim {
    id: "cleans-what-is-filled",
    summary: "When a cycle ends, the rows of the primary subchain that the local chain has filled \
              are deleted, and no other.",
    strength: Strength::Profile(NEW),
    needs: Needs::Events,
    why: "Rows that are filled are of no use and would stay for ever; rows that are not filled are \
          needed.",
    exceptions: "",
    source: "geth eth/downloader/skeleton.go `cleanStales`; #24670, #26441, #28581, #29358, #33481",
};

/// The bounds.
pub(super) static BOUNDS_CONSISTENT: Claim = Claim {
    id: "bounds-consistent",
    summary: "The bounds are head and tail of the persisted primary subchain, and the finalized \
              header if it lies between them.",
    strength: Strength::Profile(BOTH),
    needs: Needs::Events,
    why: "The filler works from these bounds alone.",
    exceptions: "Bounds with a missing row: another claim is about that.",
    source: "geth eth/downloader/skeleton.go `Bounds`; #26441, #32221",
};

pub(super) fn only_when_linked(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    Filling::boxed(context, &FILLS_ONLY_WHEN_LINKED)
}

pub(super) fn the_skeleton(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    Filling::boxed(context, &FILLS_THE_SKELETON)
}

pub(super) fn cleans(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    Filling::boxed(context, &CLEANS_WHAT_IS_FILLED)
}

pub(super) fn bounds(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    Filling::boxed(context, &BOUNDS_CONSISTENT)
}

struct Filling {
    reports: OneClaim,
    context: Context<Skeleton>,
    durable: Durable,
    local: Local,
    phase: Phase,
    runs: bool,
    /// Headers of the skeleton that others have replaced while the filler ran: it may have them in
    /// its queue.
    replaced: FastSet<Hash32>,
    /// What cleaning must lead to; `None` outside of it.
    cleaning: Option<Option<Subchain>>,
}

impl Filling {
    fn boxed(context: &Context<Skeleton>, claim: &'static Claim) -> Box<dyn Invariant<Skeleton>> {
        let start = context.world.start();
        Box::new(Self {
            reports: OneClaim::new(claim),
            context: context.clone(),
            durable: Durable::new(start),
            local: Local::new(start),
            phase: Phase::default(),
            runs: false,
            replaced: FastSet::default(),
            cleaning: None,
        })
    }

    fn filled(&mut self, headers: &[SealedHeader]) -> Result<(), Violation> {
        let tail = self.durable.primary().map_or(0, |primary| primary.tail);
        let mut below = None;
        for header in headers {
            let number = header.number();
            let expected = if number >= tail {
                self.durable.hash(number)
            } else {
                self.local.canonical(number)
            };
            let queued = self.replaced.contains(&header.hash());
            let on = below == Some(header.parent()) || self.local.knows(&header.parent());
            below = Some(header.hash());
            let world = self.context.world.clone();
            self.reports.judge(
                &FILLS_THE_SKELETON,
                (queued || expected == Some(header.hash())) && on,
                || {
                    let name = |hash: &Hash32| world.tree.name(hash);
                    let expected = expected.as_ref().map_or_else(|| "nothing".to_owned(), name);
                    (expected, name(&header.hash()))
                },
            )?;
        }
        Ok(())
    }

    fn note_replaced(&mut self, rows: &[SealedHeader]) {
        let Some(head) = self.durable.primary().map(|primary| primary.head) else { return };
        for row in rows.iter().filter(|_| self.runs) {
            // What stood on it is out of the skeleton, too.
            let before = (row.number()..=head).filter_map(|number| self.durable.hash(number));
            self.replaced.extend(before.filter(|hash| *hash != row.hash()));
        }
    }

    fn suspended(&mut self, filled: Option<Hash32>) -> Result<(), Violation> {
        self.runs = false;
        let snap_head = self.local.snap_head();
        let world = self.context.world.clone();
        self.reports.judge(&CLEANS_WHAT_IS_FILLED, filled == snap_head, || {
            let name = |hash: Option<Hash32>| {
                hash.map_or_else(|| "nothing".to_owned(), |hash| world.tree.name(&hash))
            };
            (format!("{} is what is filled", name(snap_head)), name(filled))
        })?;
        self.cleaning = Some(snap_head.and_then(|hash| self.cleaned(hash)));
        Ok(())
    }

    /// What cleaning makes of the primary subchain when the block of this hash is filled;
    /// `None` if nothing.
    fn cleaned(&self, filled: Hash32) -> Option<Subchain> {
        let (number, parent) = self.local.block(&filled)?;
        let primary = *self.durable.primary()?;
        let same = self.durable.hash(number) == Some(filled);
        if number < primary.tail || !same {
            return None;
        }
        // A row above the head was left behind by an earlier one.
        if number >= primary.head {
            return Some(Subchain { head: number, tail: number, next: parent });
        }
        Some(Subchain { tail: number + 1, next: filled, ..primary })
    }

    fn stored(&mut self, status: &Status, deleted: Option<(u64, u64)>) -> Result<(), Violation> {
        let Some(expected) = self.cleaning else { return Ok(()) };
        let Some(primary) = status.subchains.first().copied() else { return Ok(()) };
        if expected == Some(primary) {
            self.cleaning = Some(None);
            return Ok(());
        }
        // A part of the way there.
        let partial = expected.is_some_and(|expected| primary.tail < expected.tail);
        if deleted.is_none() && expected.is_none() || partial && deleted.is_some() {
            return Ok(());
        }
        let world = self.context.world.clone();
        self.reports.judge(&CLEANS_WHAT_IS_FILLED, false, || {
            let show = |chain: Subchain| {
                let (subchains, finalized) = (vec![chain], None);
                show(&world, &Status { subchains, finalized })
            };
            (expected.map_or_else(|| "nothing is cleaned".to_owned(), show), show(primary))
        })
    }

    fn clean_is_over(&mut self) -> Result<(), Violation> {
        let missing = self.cleaning.take().flatten();
        self.reports.judge(&CLEANS_WHAT_IS_FILLED, missing.is_none(), || {
            ("what is filled is deleted".to_owned(), "it is kept".to_owned())
        })
    }

    fn bounded(&mut self, answer: &BoundsAnswer) -> Result<(), Violation> {
        let expected = match self.durable.primary() {
            None => BoundsAnswer::NotStarted {},
            Some(primary) => {
                let (head, tail) = (primary.head, primary.tail);
                let within = |number: &u64| tail <= *number && *number <= head;
                let finalized = self.durable.status.finalized.filter(within);
                match (self.durable.hash(head), self.durable.hash(tail)) {
                    (Some(head), Some(tail)) => {
                        let finalized = finalized.and_then(|number| self.durable.hash(number));
                        BoundsAnswer::Known { head, tail, finalized }
                    }
                    _ => return Ok(()),
                }
            }
        };
        self.reports.judge(&BOUNDS_CONSISTENT, *answer == expected, || {
            (format!("{expected:?}"), format!("{answer:?}"))
        })
    }

    fn must_run(&mut self, runs: bool, what: &str) -> Result<(), Violation> {
        let holds = self.runs == runs;
        let words = |runs| if runs { "the filler runs" } else { "the filler is suspended" };
        self.reports.judge(&FILLS_ONLY_WHEN_LINKED, holds, || {
            (format!("{} when {what}", words(runs)), words(!runs).to_owned())
        })
    }
}

impl Invariant<Skeleton> for Filling {
    fn claim(&self) -> &'static Claim {
        self.reports.claim()
    }

    fn observe(&mut self, step: &Step<Skeleton>) -> Result<(), Violation> {
        if is_input(step) && self.cleaning.is_some() {
            self.clean_is_over()?;
        }
        if matches!(step.what, What::Crashed { .. }) {
            self.runs = false;
        }
        match event_of(step) {
            Some(event @ Event::Stored { status, deleted, rows }) => {
                self.stored(status, *deleted)?;
                self.note_replaced(rows);
                self.durable.note(event);
            }
            Some(Event::CycleStarted { .. }) => {
                self.must_run(false, "a cycle begins")?;
                if self.cleaning.is_some() {
                    self.clean_is_over()?;
                }
            }
            Some(Event::FillerResumed {}) => {
                let linked = self.phase == Phase::Running { linked: true };
                self.reports.judge(&FILLS_ONLY_WHEN_LINKED, linked, || {
                    ("the filler waits for a link".to_owned(), "it runs".to_owned())
                })?;
                self.runs = true;
                self.replaced.clear();
            }
            Some(Event::Filled { headers }) => {
                self.must_run(true, "blocks are filled")?;
                self.filled(headers)?;
            }
            Some(Event::FillerDone { .. }) => {
                self.must_run(true, "it says that it is done")?;
                self.runs = false;
            }
            Some(Event::FillerSuspended { filled })
                if self.context.world.start().profile == Profile::Geth117 =>
            {
                self.suspended(*filled)?;
            }
            Some(Event::FillerSuspended { .. }) => self.runs = false,
            Some(Event::Bounds { answer }) => self.bounded(answer)?,
            _ => {}
        }
        self.local.note(step);
        self.phase.note(step);
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.reports.times()
    }
}
