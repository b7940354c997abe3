//! What several claims keep track of, from the world and the trace alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::families::skeleton::{
    Command, CycleEnd, Event, LocalBlock, Profile, Skeleton, Start, Status, Subchain, World,
};
use crate::invariant::{Claim, Violation};
use crate::machine::{FastMap, Input, Output};
use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::ethereum_state::Hash32;
use crate::trace::{Step, What};

/// All profiles.
pub(super) const BOTH: &[&str] = &["geth-1.17", "geth-1.10"];
/// The newer one only: the older has known bugs here.
pub(super) const NEW: &[&str] = &["geth-1.17"];

/// The event in a step, if it is one.
pub(super) fn event_of(step: &Step<Skeleton>) -> Option<&Event> {
    match &step.what {
        What::Out { output: Output::Event { event }, .. } => Some(event),
        _ => None,
    }
}

/// Whether the step comes from outside, so that all that the step before brought about is over.
pub(super) fn is_input(step: &Step<Skeleton>) -> bool {
    matches!(step.what, What::In { .. } | What::Crashed { .. })
}

/// The one claim that a fold reports, of those that it sees, and how often it was put to the test.
#[derive(Clone, Copy, Debug)]
pub(super) struct OneClaim {
    claim: &'static Claim,
    times: u64,
}

impl OneClaim {
    pub(super) fn new(claim: &'static Claim) -> Self {
        Self { claim, times: 0 }
    }

    pub(super) fn claim(&self) -> &'static Claim {
        self.claim
    }

    pub(super) fn times(&self) -> u64 {
        self.times
    }

    pub(super) fn is(&self, claim: &Claim) -> bool {
        self.claim.id == claim.id
    }

    /// A breach, if it is one of this claim. `words` are what is expected and what is there.
    pub(super) fn judge(
        &mut self,
        claim: &'static Claim,
        holds: bool,
        words: impl FnOnce() -> (String, String),
    ) -> Result<(), Violation> {
        if !self.is(claim) {
            return Ok(());
        }
        self.times += 1;
        if holds {
            return Ok(());
        }
        let (expected, got) = words();
        Err(Violation::new(claim, expected, got))
    }
}

/// What is durable: rows and status.
#[derive(Clone, Debug)]
pub(super) struct Durable {
    pub(super) status: Status,
    rows: BTreeMap<u64, (Hash32, Hash32)>,
    /// Rows whose parent is not the row below.
    loose: BTreeSet<u64>,
}

impl Durable {
    pub(super) fn new(start: &Start) -> Self {
        let status = start.status.as_deref().and_then(Status::of_json).unwrap_or_default();
        let mut durable = Self { status, rows: BTreeMap::new(), loose: BTreeSet::new() };
        durable.put(&start.rows);
        durable
    }

    pub(super) fn note(&mut self, event: &Event) {
        let Event::Stored { status, rows, deleted } = event else { return };
        self.put(rows);
        if let Some((from, to)) = *deleted
            && from <= to
        {
            let gone: Vec<u64> = self.rows.range(from..=to).map(|(number, _)| *number).collect();
            for number in gone {
                self.rows.remove(&number);
                self.loose.remove(&number);
            }
            self.look_at(to.saturating_add(1));
        }
        self.status = status.clone();
    }

    pub(super) fn hash(&self, number: u64) -> Option<Hash32> {
        self.rows.get(&number).map(|row| row.0)
    }

    pub(super) fn parent(&self, number: u64) -> Option<Hash32> {
        self.rows.get(&number).map(|row| row.1)
    }

    pub(super) fn primary(&self) -> Option<&Subchain> {
        self.status.subchains.first()
    }

    /// The highest number in `tail + 1 ..= head` whose row does not hang on the row below.
    pub(super) fn loose_in(&self, tail: u64, head: u64) -> Option<u64> {
        self.loose.range(..=head).next_back().copied().filter(|number| *number > tail)
    }

    fn put(&mut self, rows: &[SealedHeader]) {
        for row in rows {
            self.rows.insert(row.number(), (row.hash(), row.parent()));
        }
        for row in rows {
            self.look_at(row.number());
            self.look_at(row.number() + 1);
        }
    }

    fn look_at(&mut self, number: u64) {
        let below = number.checked_sub(1).and_then(|below| self.hash(below));
        match self.parent(number) {
            Some(parent) if below != Some(parent) => self.loose.insert(number),
            _ => self.loose.remove(&number),
        };
    }
}

/// The local chain.
#[derive(Clone, Debug)]
pub(super) struct Local {
    profile: Profile,
    /// Number, parent, and whether it is whole.
    blocks: FastMap<Hash32, (u64, Hash32, bool)>,
    canonical: Vec<Hash32>,
    snap_head: u64,
    /// A change that was asked for and is not confirmed.
    asked: Option<(Hash32, bool)>,
}

impl Local {
    pub(super) fn new(start: &Start) -> Self {
        let row = |block: &LocalBlock| {
            let header = &block.header;
            (header.hash(), (header.number(), header.parent(), block.lacks.is_none()))
        };
        let blocks = start.local.blocks.iter().map(row).collect();
        let mut local = Self {
            profile: start.profile,
            blocks,
            canonical: Vec::new(),
            snap_head: 0,
            asked: None,
        };
        local.lead_to(start.local.head);
        local.snap_head = start.local.snap_head;
        local
    }

    pub(super) fn note(&mut self, step: &Step<Skeleton>) {
        if let What::In { input: Input::Command { command }, .. } = &step.what
            && let Command::SetHead { hash, delete } = command
        {
            self.asked = Some((*hash, *delete));
        }
        match event_of(step) {
            Some(Event::Filled { headers }) => headers.iter().for_each(|header| self.fill(header)),
            Some(Event::LocalHead { hash }) => {
                let delete = self.asked.take().is_some_and(|(_, delete)| delete);
                let Some((number, ..)) = self.blocks.get(hash).copied() else { return };
                let above = self.canonical.get(number as usize + 1..).unwrap_or_default().to_vec();
                if delete {
                    self.blocks.retain(|hash, _| !above.contains(hash));
                }
                self.lead_to(*hash);
                self.snap_head = number;
            }
            _ => {}
        }
    }

    /// How far it goes, for people.
    pub(super) fn in_words(&self, world: &World) -> String {
        let name = |hash: Option<Hash32>| {
            hash.map_or_else(|| "nothing".to_owned(), |hash| world.tree.name(&hash))
        };
        let (head, filled) = (name(self.canonical.last().copied()), name(self.snap_head()));
        format!("the local chain goes up to {head}, filled up to {filled}")
    }

    pub(super) fn knows(&self, hash: &Hash32) -> bool {
        self.blocks.contains_key(hash)
    }

    pub(super) fn canonical(&self, number: u64) -> Option<Hash32> {
        self.canonical.get(usize::try_from(number).ok()?).copied()
    }

    pub(super) fn snap_head(&self) -> Option<Hash32> {
        self.canonical(self.snap_head)
    }

    /// The number and the parent of a block.
    pub(super) fn block(&self, hash: &Hash32) -> Option<(u64, Hash32)> {
        self.blocks.get(hash).map(|(number, parent, _)| (*number, *parent))
    }

    /// Whether a chain of headers that ends above this block hangs on the local chain.
    pub(super) fn links(&self, number: u64, hash: &Hash32) -> bool {
        let whole = self.blocks.get(hash).is_some_and(|(_, _, whole)| *whole);
        match self.profile {
            Profile::Geth110 => whole,
            Profile::Geth117 => {
                whole && self.canonical(number) == Some(*hash) && number <= self.snap_head
            }
        }
    }

    fn fill(&mut self, header: &SealedHeader) {
        let (number, hash) = (header.number(), header.hash());
        self.blocks.insert(hash, (number, header.parent(), true));
        if self.canonical(number) == Some(hash) {
            self.snap_head = self.snap_head.max(number);
        } else {
            self.lead_to(hash);
            self.snap_head = number;
        }
    }

    /// The path from genesis to `head` is canonical.
    fn lead_to(&mut self, head: Hash32) {
        let mut path = Vec::new();
        let mut next = head;
        while let Some((number, parent, _)) = self.blocks.get(&next).copied() {
            if self.canonical(number) == Some(next) {
                self.canonical.truncate(number as usize + 1);
                break;
            }
            path.push(next);
            next = parent;
            if number == 0 {
                break;
            }
        }
        let kept = path.last().and_then(|hash| self.blocks.get(hash)).map(|block| block.0);
        self.canonical.truncate(kept.map_or(self.canonical.len(), |number| number as usize));
        self.canonical.extend(path.into_iter().rev());
        self.snap_head = self.snap_head.min(self.canonical.len() as u64 - 1);
    }
}

/// Where the life of the skeleton stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Waiting,
    Between,
    Running {
        linked: bool,
    },
    Terminated,
}

impl Phase {
    pub(super) fn note(&mut self, step: &Step<Skeleton>) {
        match (&step.what, event_of(step)) {
            (What::Crashed { .. }, _) => *self = Self::Waiting,
            (What::In { input: Input::Command { command: Command::Terminate {} }, .. }, _)
                if *self == Self::Waiting =>
            {
                *self = Self::Terminated;
            }
            (_, Some(Event::CycleStarted { linked })) => *self = Self::Running { linked: *linked },
            (_, Some(Event::CycleEnded { why: CycleEnd::Terminated })) => *self = Self::Terminated,
            (_, Some(Event::CycleEnded { .. })) => *self = Self::Between,
            _ => {}
        }
    }
}

/// Subchains in short, for people.
pub(super) fn show(world: &World, status: &Status) -> String {
    let show = |chain: &Subchain| {
        format!("{}..{} on {}", chain.head, chain.tail, world.tree.name(&chain.next))
    };
    let chains: Vec<String> = status.subchains.iter().map(show).collect();
    let finalized = status.finalized.map_or_else(String::new, |n| format!(", finalized {n}"));
    if chains.is_empty() { "none".to_owned() } else { format!("{}{finalized}", chains.join(", ")) }
}
