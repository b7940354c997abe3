use crate::families::skeleton::family::words_of_end;
use crate::families::skeleton::{CycleEnd, Event, HeadAnswer, Profile, Skeleton, Status};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::primitives::ethereum_header::SealedHeader;
use crate::trace::Step;

use super::ledger::{BOTH, Durable, Local, OneClaim, Phase, event_of, is_input, show};

/// Headers hang on the primary subchain.
pub(super) static GROWS_FROM_THE_TAIL: Claim = Claim {
    id: "grows-from-the-tail",
    summary: "A header reaches the store only if it hangs on the primary subchain.",
    strength: Strength::Profile(BOTH),
    needs: Needs::Events,
    why: "A header below the tail is proven by the hash that the tail names, and by nothing else.",
    exceptions: "",
    source: "geth eth/downloader/skeleton.go `processResponse`",
};

/// Linking, exactly.
pub(super) static LINKS_EXACTLY: Claim = Claim {
    id: "links-exactly",
    summary: "The skeleton links at the first canonical local block that has header, body and \
              receipts and is not above the snap head; nowhere else, and not any more when that \
              block is gone.",
    strength: Strength::Profile(BOTH),
    needs: Needs::Events,
    why: "A link too low fetches what is there; one too high leaves a block without its ancestors.",
    exceptions: "",
    source: "geth #24550, #25578, #33428, #35190",
};

/// Merging, exactly.
pub(super) static MERGES_EXACTLY: Claim = Claim {
    id: "merges-exactly",
    summary: "A primary subchain that reaches an older one takes in all of it if they link, and \
              cuts it back if not; no other header is lost.",
    strength: Strength::Profile(BOTH),
    needs: Needs::Events,
    why: "Headers that were fetched once need not be fetched again, and those of another chain \
          must go.",
    exceptions: "",
    source: "geth eth/downloader/skeleton.go `mergeSubchains`; #23982, #26451, #33481",
};

pub(super) fn grows(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    Growth::boxed(context, &GROWS_FROM_THE_TAIL)
}

pub(super) fn links(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    Growth::boxed(context, &LINKS_EXACTLY)
}

pub(super) fn merges(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    Growth::boxed(context, &MERGES_EXACTLY)
}

/// One fold that sees all three; each claim has one of its own that reports only that.
struct Growth {
    reports: OneClaim,
    context: Context<Skeleton>,
    durable: Durable,
    local: Local,
    phase: Phase,
    must_end: Option<CycleEnd>,
    /// The subchains that a delivery must lead to, and those that it has led to. They are compared
    /// when it is known whether the subject takes itself for linked: a wrong link is not a wrong
    /// merge.
    merged: Option<(Status, Status)>,
}

impl Growth {
    fn boxed(context: &Context<Skeleton>, claim: &'static Claim) -> Box<dyn Invariant<Skeleton>> {
        let start = context.world.start();
        Box::new(Self {
            reports: OneClaim::new(claim),
            context: context.clone(),
            durable: Durable::new(start),
            local: Local::new(start),
            phase: Phase::default(),
            must_end: None,
            merged: None,
        })
    }

    fn stored(&mut self, status: &Status, rows: &[SealedHeader]) -> Result<(), Violation> {
        let Phase::Running { .. } = self.phase else { return Ok(()) };
        let Some(primary) = self.durable.primary().copied() else { return Ok(()) };
        let Some(last) = rows.last() else { return Ok(()) };
        if last.number() >= primary.tail {
            return Ok(());
        }
        let mut grown = self.durable.status.clone();
        let mut linked = None;
        for row in rows {
            let chain = &mut grown.subchains[0];
            let hangs = row.hash() == chain.next && row.number() + 1 == chain.tail;
            let (tail, next) = (chain.tail, chain.next);
            (chain.tail, chain.next) = (row.number(), row.parent());
            let name = |hash| self.context.world.tree.name(hash);
            let words = (format!("{} below {tail}", name(&next)), name(&row.hash()));
            self.reports.judge(&GROWS_FROM_THE_TAIL, hangs, || words)?;
            let below = row.number().saturating_sub(1);
            if linked.is_none() && self.local.links(below, &row.parent()) {
                linked = Some(below);
            }
        }
        if let Some(number) = linked {
            let lowest = grown.subchains[0].tail;
            self.reports.judge(&LINKS_EXACTLY, number + 1 == lowest, || {
                (format!("the skeleton links at {number}"), format!("it goes on to {lowest}"))
            })?;
        }
        let older = grown.subchains.len();
        let merged = self.merge(&mut grown) && linked.is_none();
        if linked.is_some() {
            grown.subchains.truncate(1);
        }
        self.must_end = match (linked, merged) {
            (Some(_), _) => Some(CycleEnd::Linked),
            (None, true) => Some(CycleEnd::Merged),
            (None, false) => None,
        };
        self.merged = (older > 1).then(|| (grown, status.clone()));
        Ok(())
    }

    fn settle_merge(&mut self) -> Result<(), Violation> {
        let Some((expected, got)) = self.merged.take() else { return Ok(()) };
        let world = self.context.world.clone();
        self.reports.judge(&MERGES_EXACTLY, expected.subchains == got.subchains, || {
            (show(&world, &expected), show(&world, &got))
        })
    }

    /// Takes in what the primary subchain overlaps; says whether something was linked to it.
    fn merge(&self, grown: &mut Status) -> bool {
        let profile = self.context.world.start().profile;
        let mut merged = false;
        let (primary, older) = grown.subchains.split_first_mut().expect("there is a primary");
        let linked = self.local.links(primary.tail.saturating_sub(1), &primary.next);
        if profile == Profile::Geth110 && linked {
            return false;
        }
        let mut kept = Vec::new();
        for chain in older.iter() {
            if chain.head < primary.tail {
                kept.push(*chain);
            } else if chain.tail < primary.tail {
                let below = primary.tail.saturating_sub(1);
                if self.durable.hash(below) == Some(primary.next) {
                    (primary.tail, primary.next) = (chain.tail, chain.next);
                    merged = true;
                } else {
                    kept.push(super::super::Subchain { head: below, ..*chain });
                }
            }
        }
        let primary = *primary;
        grown.subchains = std::iter::once(primary).chain(kept).collect();
        merged
    }

    fn ended(&mut self, why: CycleEnd) -> Result<(), Violation> {
        let expected = self.must_end.take();
        let outside = matches!(why, CycleEnd::Reorged | CycleEnd::Terminated);
        if expected.is_none() && outside {
            return Ok(());
        }
        let claim = claim_of(expected.unwrap_or(why));
        let local = self.local.in_words(&self.context.world);
        self.reports.judge(claim, expected == Some(why), || {
            let expected = expected.map_or_else(
                || "the cycle goes on".to_owned(),
                |expected| format!("the cycle ends, {}", words_of_end(expected)),
            );
            (expected, format!("it ends, {}; {local}", words_of_end(why)))
        })
    }

    fn started(&mut self, linked: bool) -> Result<(), Violation> {
        let expected = match self.durable.status.subchains[..] {
            [only] => self.local.links(only.tail.saturating_sub(1), &only.next),
            _ => false,
        };
        let shape = show(&self.context.world, &self.durable.status);
        let local = self.local.in_words(&self.context.world);
        let word = |linked: bool| if linked { "linked" } else { "not linked" };
        self.reports.judge(&LINKS_EXACTLY, expected == linked, || {
            (format!("{}: {shape}", word(expected)), format!("{}; {local}", word(linked)))
        })
    }

    /// A head was accepted: a link that is gone shows now.
    fn accepted(&mut self) {
        let new = self.context.world.start().profile == Profile::Geth117;
        if let (Phase::Running { linked: true }, Some(primary)) =
            (self.phase, self.durable.primary())
        {
            let linked = self.local.links(primary.tail.saturating_sub(1), &primary.next);
            self.must_end = (new && !linked).then_some(CycleEnd::Trimmed);
        }
    }
}

fn claim_of(why: CycleEnd) -> &'static Claim {
    match why {
        CycleEnd::Merged => &MERGES_EXACTLY,
        _ => &LINKS_EXACTLY,
    }
}

impl Invariant<Skeleton> for Growth {
    fn claim(&self) -> &'static Claim {
        self.reports.claim()
    }

    fn observe(&mut self, step: &Step<Skeleton>) -> Result<(), Violation> {
        if is_input(step) {
            self.settle_merge()?;
        }
        if is_input(step)
            && let Some(why) = self.must_end.take()
        {
            self.reports.judge(claim_of(why), false, || {
                (format!("the cycle ends, {}", words_of_end(why)), "it goes on".to_owned())
            })?;
        }
        match event_of(step) {
            Some(event @ Event::Stored { status, rows, .. }) => {
                self.stored(status, rows)?;
                self.durable.note(event);
            }
            Some(Event::CycleEnded { why }) => {
                self.ended(*why)?;
                self.settle_merge()?;
            }
            Some(Event::CycleStarted { linked }) => self.started(*linked)?,
            Some(Event::HeadAnswered { answer: HeadAnswer::Accepted, .. }) => self.accepted(),
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
