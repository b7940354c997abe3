use std::collections::BTreeSet;

use crate::families::state_sync::{
    Event, FULL_BLOCKS_MIN, HEADERS_WITHHELD, Profile, StateSync, pivot_after_headers,
    pivot_after_results, pivot_of,
};
use crate::invariant::{Claim, Context, End, Invariant, Needs, Strength, Violation};
use crate::machine::{Millis, PeerId, Time};
use crate::trace::Step;

use super::watch::{Seen, Watch};

/// The goal does not jump back.
pub(super) static PIVOT_ONLY_FORWARD: Claim = Claim {
    id: "pivot-only-forward",
    summary: "Within a cycle the pivot only moves forward; once it is committed there is no other.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Events,
    why: "The state of an older block is nearer to being pruned, and blocks after a committed \
          pivot are executed.",
    exceptions: "The next cycle: geth rolls back 2 048 headers when a cycle fails, and with them a \
                 committed pivot (v1.10.13 eth/downloader/downloader.go `fsHeaderSafetyNet`, #21943).",
    source: "geth #28126, #35402: the pivot moved after it was committed",
};

/// The goal is where the client says that it is.
pub(super) static PIVOT_BY_THE_RULE: Claim = Claim {
    id: "pivot-by-the-rule",
    summary: "The pivot is 64 blocks behind the head of the best peer, and moves when the chain is \
              almost 128 blocks ahead of it.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Events,
    why: "A pivot too near to the head may be reorganised away, one too far is pruned.",
    exceptions: "",
    source: "geth v1.10.13 eth/downloader/downloader.go fetchHeaders, processFastSyncContent",
};

/// Old states are gone from the network.
pub(super) static STALE_PIVOT_MOVES: Claim = Claim {
    id: "stale-pivot-moves",
    summary: "When the chain of the peer that is synced with is 128 blocks ahead of the pivot, the \
              pivot moves.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Events,
    why: "Peers keep the states of the last 128 blocks only.",
    exceptions: "",
    source: "geth #21529, #26453: the pivot stayed, and its state was pruned by all peers",
};

/// A stale pivot moves at the next look at headers (3 s) and then at blocks (1 s).
const MOVE_MS_MAX: Millis = 5_000;

pub(super) fn make_forward(_: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    Box::new(Forward { watch: Watch::default(), pivot: None, committed: None, judged: 0 })
}

pub(super) fn make_rule(_: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    Box::new(Rule { watch: Watch::default(), pivot: None, heard: 0, judged: 0 })
}

pub(super) fn make_stale(_: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    let (watch, masters) = (Watch::default(), BTreeSet::new());
    Box::new(Stale { watch, masters, pivot: None, since: None, judged: 0 })
}

struct Forward {
    watch: Watch,
    pivot: Option<u32>,
    committed: Option<u32>,
    judged: u64,
}

impl Invariant<StateSync> for Forward {
    fn claim(&self) -> &'static Claim {
        &PIVOT_ONLY_FORWARD
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        let broken = |expected: String, got: String| {
            Err(Violation::new(&PIVOT_ONLY_FORWARD, expected, format!("{got} at {}", step.at)))
        };
        match self.watch.see(step) {
            Seen::Crashed => self.pivot = None,
            Seen::Event(Event::SessionEnded { .. }) => (self.pivot, self.committed) = (None, None),
            Seen::Event(Event::Pivot { number, .. }) => {
                self.judged += 1;
                let earlier = self.pivot.replace(*number);
                if let Some(committed) = self.committed {
                    let expected = format!("block {committed} was committed as pivot for good");
                    return broken(expected, format!("the pivot moves to {number}"));
                }
                if let Some(earlier) = earlier.filter(|earlier| earlier >= number) {
                    let expected = format!("a pivot behind {earlier}");
                    return broken(expected, format!("the pivot moves to {number}"));
                }
            }
            Seen::Event(Event::PivotCommitted { number }) => {
                self.judged += 1;
                if self.pivot != Some(*number) {
                    let expected = format!("the pivot, {:?}, is committed", self.pivot);
                    return broken(expected, format!("block {number} is committed"));
                }
                self.committed = Some(*number);
            }
            _ => {}
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct Rule {
    watch: Watch,
    pivot: Option<u32>,
    /// The highest head that any peer has told of. What was downloaded stays when the peer leaves.
    heard: u32,
    judged: u64,
}

impl Invariant<StateSync> for Rule {
    fn claim(&self) -> &'static Claim {
        &PIVOT_BY_THE_RULE
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        let best = self.watch.best_head();
        self.heard = self.heard.max(best.unwrap_or(0));
        let (number, head) = match self.watch.see(step) {
            Seen::Crashed | Seen::Event(Event::SessionEnded { .. }) => {
                self.pivot = None;
                return Ok(());
            }
            Seen::Event(Event::Pivot { number, head }) => (*number, *head),
            _ => return Ok(()),
        };
        self.judged += 1;
        let (allowed, highest) = match self.pivot.replace(number) {
            None => (best.and_then(pivot_of).into_iter().collect(), best.unwrap_or(0)),
            Some(pivot) => {
                let moved = [pivot_after_headers(pivot, head), pivot_after_results(pivot, head)];
                (BTreeSet::from(moved), self.heard)
            }
        };
        if allowed.contains(&number) && head <= highest {
            return Ok(());
        }
        let allowed: Vec<String> = allowed.iter().map(u32::to_string).collect();
        Err(Violation::new(
            &PIVOT_BY_THE_RULE,
            format!("pivot {} for a head of {highest} at most", allowed.join(" or ")),
            format!("pivot {number} for the head {head} at {}", step.at),
        ))
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct Stale {
    watch: Watch,
    /// Who may be the peer that the cycle goes on with.
    masters: BTreeSet<PeerId>,
    pivot: Option<u32>,
    /// Since when the pivot is stale while its state is being synced.
    since: Option<Time>,
    judged: u64,
}

impl Invariant<StateSync> for Stale {
    fn claim(&self) -> &'static Claim {
        &STALE_PIVOT_MOVES
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        self.overdue(step.at)?;
        match self.watch.see(step) {
            Seen::Crashed
            | Seen::Event(Event::SessionEnded { .. } | Event::PivotCommitted { .. }) => {
                self.pivot = None;
            }
            Seen::Peers { peer } => {
                self.masters.remove(&peer);
            }
            Seen::Event(Event::Pivot { number, head }) => {
                if self.pivot.replace(*number).is_none() {
                    let best = self.watch.connected.iter().filter(|(_, known)| *known == head);
                    self.masters = best.map(|(peer, _)| *peer).collect();
                }
                self.since = None;
            }
            _ => {}
        }
        self.note(step.at);
        Ok(())
    }

    fn finish(&mut self, end: &End<'_, StateSync>) -> Result<(), Violation> {
        self.overdue(end.at)
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Stale {
    fn note(&mut self, now: Time) {
        let stale_at = |pivot: u32| pivot + 2 * FULL_BLOCKS_MIN + HEADERS_WITHHELD;
        let heads = &self.watch.connected;
        let stale = self.watch.running.is_some()
            && !self.masters.is_empty()
            && self.pivot.is_some_and(|pivot| {
                let stale = |peer| heads.get(peer).is_some_and(|head| *head >= stale_at(pivot));
                self.masters.iter().all(stale)
            });
        if !stale {
            self.since = None;
        } else if self.since.is_none() {
            self.judged += 1;
            self.since = Some(now);
        }
    }

    fn overdue(&self, now: Time) -> Result<(), Violation> {
        match (self.since, self.pivot) {
            (Some(since), Some(pivot)) if now.since(since) > MOVE_MS_MAX => Err(Violation::new(
                &STALE_PIVOT_MOVES,
                format!("pivot {pivot}, stale since {since}, moves"),
                format!("it has not moved at {now}"),
            )),
            _ => Ok(()),
        }
    }
}
