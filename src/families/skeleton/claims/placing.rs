use crate::families::skeleton::family::words_of_answer;
use crate::families::skeleton::{Command, Event, HeadAnswer, Profile, Skeleton, Status, Subchain};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::Input;
use crate::primitives::ethereum_header::SealedHeader;
use crate::trace::{Step, What};

use super::ledger::{BOTH, Durable, Phase, event_of, is_input, show};

/// A new head does what its place demands.
pub(super) static HEAD_PLACED_RIGHTLY: Claim = Claim {
    id: "head-placed-rightly",
    summary: "An announced head is accepted, refused or begins a new cycle exactly as its place \
              demands, and what is persisted then is what was persisted before, with this head.",
    strength: Strength::Profile(BOTH),
    needs: Needs::Events,
    why: "Heads, refusals and restarts are the contract between the skeleton and what announces \
          heads.",
    exceptions: "A client that is busy, or does not say why it refuses, is believed.",
    source: "geth eth/downloader/skeleton.go `processNewHead`, `initSync`; #33428",
};

/// What is persisted is not lost.
pub(super) static LOADS_WHAT_IS_PERSISTED: Claim = Claim {
    id: "loads-what-is-persisted",
    summary: "The first cycle of a process begins with the subchains and the finalized number that \
              were persisted at whatever point the process before has died.",
    strength: Strength::Profile(BOTH),
    needs: Needs::Events,
    why: "What was fetched before a crash need not be fetched again.",
    exceptions: "",
    source: "geth eth/downloader/skeleton.go `initSync`; #26441: state in memory only",
};

pub(super) fn placed_rightly(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    Placing::boxed(context, &HEAD_PLACED_RIGHTLY)
}

pub(super) fn loads(context: &Context<Skeleton>) -> Box<dyn Invariant<Skeleton>> {
    Placing::boxed(context, &LOADS_WHAT_IS_PERSISTED)
}

struct Placing {
    claim: &'static Claim,
    context: Context<Skeleton>,
    profile: Profile,
    durable: Durable,
    phase: Phase,
    /// Whether the head that is announced is the first that this process takes, and something is
    /// persisted.
    loads: bool,
    announced: Option<Expected>,
    /// The head that a new cycle begins with, and the status that it must lead to.
    begins_with: Option<(SealedHeader, Option<Status>)>,
    judged: u64,
}

impl Placing {
    fn boxed(context: &Context<Skeleton>, claim: &'static Claim) -> Box<dyn Invariant<Skeleton>> {
        let start = context.world.start();
        Box::new(Self {
            claim,
            loads: false,
            profile: start.profile,
            durable: Durable::new(start),
            context: context.clone(),
            phase: Phase::default(),
            announced: None,
            begins_with: None,
            judged: 0,
        })
    }
}

struct Expected {
    header: SealedHeader,
    answer: HeadAnswer,
    status: Status,
}

impl Invariant<Skeleton> for Placing {
    fn claim(&self) -> &'static Claim {
        self.claim
    }

    fn observe(&mut self, step: &Step<Skeleton>) -> Result<(), Violation> {
        if is_input(step) {
            if let Some(expected) = self.announced.take()
                && self.claim.id == HEAD_PLACED_RIGHTLY.id
            {
                let expected = words_of_answer(expected.answer);
                return Err(self.violation(format!("the head {expected}"), "no answer".into()));
            }
            self.begins_with = None;
        }
        if let What::In { input: Input::Command { command }, .. } = &step.what
            && let Command::Head { header, force, finalized } = command
        {
            self.loads = self.phase == Phase::Waiting && self.durable.primary().is_some();
            self.announced = Some(self.expect(header, *force, *finalized));
        }
        match event_of(step) {
            Some(event @ Event::Stored { status, rows, .. }) => {
                self.before_the_answer(status, rows)?;
                if let Some((head, expected)) = &mut self.begins_with {
                    *expected = Some(begun(&self.durable, head));
                }
                self.durable.note(event);
            }
            Some(Event::HeadAnswered { answer, .. }) => self.answered(*answer)?,
            Some(Event::CycleStarted { .. }) => self.cycle_started()?,
            _ => {}
        }
        self.phase.note(step);
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Placing {
    fn expect(&self, header: &SealedHeader, force: bool, finalized: Option<u64>) -> Expected {
        let mut status = self.durable.status.clone();
        let answer = match self.phase {
            Phase::Terminated => HeadAnswer::Terminated,
            Phase::Waiting | Phase::Between if force => HeadAnswer::Restarted,
            Phase::Waiting | Phase::Between => HeadAnswer::NotStarted,
            Phase::Running { .. } => {
                if self.profile == Profile::Geth117 {
                    status.finalized = finalized.or(status.finalized);
                }
                let answer = self.place(header, &mut status);
                let refused = answer != HeadAnswer::Accepted;
                if refused && force { HeadAnswer::Restarted } else { answer }
            }
        };
        Expected { header: header.clone(), answer, status }
    }

    fn place(&self, header: &SealedHeader, status: &mut Status) -> HeadAnswer {
        let Some(primary) = status.subchains.first_mut() else { return HeadAnswer::Accepted };
        let number = header.number();
        let is_there = self.durable.hash(number) == Some(header.hash());
        if number <= primary.tail {
            // Any row will do, be it of an older subchain.
            let alone = primary.head == primary.tail;
            return if alone && is_there { HeadAnswer::Accepted } else { HeadAnswer::Reorged };
        }
        if number > primary.head.saturating_add(1) {
            return HeadAnswer::Gapped;
        }
        let is_head = number == primary.head && is_there;
        if !is_head && self.durable.hash(number - 1) != Some(header.parent()) {
            return HeadAnswer::Forked;
        }
        primary.head = number;
        HeadAnswer::Accepted
    }

    /// A head that is refused, or that begins a new cycle, is not stored as if it were taken in.
    fn before_the_answer(
        &mut self,
        status: &Status,
        rows: &[SealedHeader],
    ) -> Result<(), Violation> {
        let Some(expected) = &self.announced else { return Ok(()) };
        if self.claim.id != HEAD_PLACED_RIGHTLY.id {
            return Ok(());
        }
        let stored = rows.iter().any(|row| row.hash() == expected.header.hash());
        let fits = match expected.answer {
            HeadAnswer::Accepted => true,
            HeadAnswer::Restarted => *status == begun(&self.durable, &expected.header),
            _ => false,
        };
        if !stored || fits {
            return Ok(());
        }
        let (number, answer) = (expected.header.number(), words_of_answer(expected.answer));
        let world = &self.context.world;
        let before = show(world, &self.durable.status);
        let got = format!("it is stored: {}; before: {before}", show(world, status));
        Err(self.violation(format!("head {number} {answer}"), got))
    }

    fn answered(&mut self, answer: HeadAnswer) -> Result<(), Violation> {
        let places = self.claim.id == HEAD_PLACED_RIGHTLY.id;
        let Some(expected) = self.announced.take() else {
            let got = format!("a head {}", words_of_answer(answer));
            return if places { Err(self.violation("no answer".into(), got)) } else { Ok(()) };
        };
        if !places {
            let begins = self.loads && answer == HeadAnswer::Restarted;
            self.begins_with = begins.then_some((expected.header, None));
            return Ok(());
        }
        self.judged += 1;
        let number = expected.header.number();
        let refuses = !matches!(expected.answer, HeadAnswer::Accepted | HeadAnswer::Restarted);
        let fits = match answer {
            HeadAnswer::Busy => return Ok(()),
            HeadAnswer::Refused => refuses,
            answer => answer == expected.answer,
        };
        if !fits {
            let shape = show(&self.context.world, &self.durable.status);
            let got = format!("it {}; subchains are {shape}", words_of_answer(answer));
            let expected = words_of_answer(expected.answer);
            return Err(self.violation(format!("head {number} {expected}"), got));
        }
        if answer == HeadAnswer::Restarted {
            self.begins_with = Some((expected.header, None));
            return Ok(());
        }
        let stored = answer != HeadAnswer::Accepted
            || self.durable.hash(number) == Some(expected.header.hash());
        if self.durable.status == expected.status && stored {
            return Ok(());
        }
        let world = &self.context.world;
        let shape = show(world, &expected.status);
        Err(self.violation(
            format!("persisted with head {number}: {shape}"),
            show(world, &self.durable.status),
        ))
    }

    fn cycle_started(&mut self) -> Result<(), Violation> {
        let Some((head, expected)) = self.begins_with.take() else { return Ok(()) };
        self.judged += u64::from(self.claim.id == LOADS_WHAT_IS_PERSISTED.id);
        let there = self.durable.hash(head.number()) == Some(head.hash());
        if there && expected.as_ref() == Some(&self.durable.status) {
            return Ok(());
        }
        let world = &self.context.world;
        let expected = expected.map_or_else(
            || "what was persisted, with the new head".to_owned(),
            |status| show(world, &status),
        );
        let got = show(world, &self.durable.status);
        Err(self.violation(format!("a cycle begins with {expected}"), got))
    }

    fn violation(&self, expected: String, got: String) -> Violation {
        Violation::new(self.claim, expected, got)
    }
}

/// What a cycle that begins with `head` makes of what is persisted.
fn begun(before: &Durable, head: &SealedHeader) -> Status {
    let number = head.number();
    let mut subchains: Vec<Subchain> =
        before.status.subchains.iter().filter(|chain| chain.tail < number).copied().collect();
    if let Some(first) = subchains.first_mut() {
        first.head = first.head.min(number - 1);
    }
    let hangs = before.hash(number - 1) == Some(head.parent());
    match subchains.first_mut() {
        Some(first) if first.head.saturating_add(1) == number && hangs => first.head = number,
        _ => subchains.insert(0, Subchain { head: number, tail: number, next: head.parent() }),
    }
    Status { subchains, finalized: before.status.finalized }
}
