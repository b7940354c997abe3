use crate::families::Mutant;
use crate::families::tipset_sync::family::TipsetSync;
use crate::families::tipset_sync::rules::{Floor, Neighbours, Replace, SecondBlock};
use crate::primitives::filecoin::Construction;

use super::{PROFILE, with};

pub(super) const NEIGHBOURS_OF_ANY_WEIGHT: Mutant<TipsetSync> = Mutant {
    id: "neighbours-of-any-weight",
    summary: "Merges targets of one height and parents whatever they claim, and refuses the \
              target when that makes no tipset.",
    source: "Venus #4322, fixed by #4416: a target's weight was compared with itself",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.tracker.neighbours = Neighbours::AnyWeight),
};

pub(super) const REPLACES_ANY_IDLE: Mutant<TipsetSync> = Mutant {
    id: "replaces-any-idle",
    summary: "A new target takes the place of any that waits.",
    source: "Venus #4379 (ca4ea7bab)",
    profile: PROFILE,
    make: |start| {
        with(start, |rules| {
            rules.tracker.replace = Replace::AnyIdle;
            rules.tracker.forgets_displaced = true;
        })
    },
};

pub(super) const ONE_OVER_CAPACITY: Mutant<TipsetSync> = Mutant {
    id: "one-over-capacity",
    summary: "The queue takes one target more than it may.",
    source: "Venus #4409 (0940e5d28): <= for <",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.tracker.extra_places = 1),
};

pub(super) const MERGES_EQUIVOCATOR: Mutant<TipsetSync> = Mutant {
    id: "merges-equivocator",
    summary: "Two blocks of one miner are merged into one target.",
    source: "Venus #4806 (616fabf9c)",
    profile: PROFILE,
    make: |start| {
        with(start, |rules| {
            rules.tracker.second_block = SecondBlock::Merge;
            rules.construction = Construction::Venus;
        })
    },
};

pub(super) const SPINS_WHEN_BUSY: Mutant<TipsetSync> = Mutant {
    id: "spins-when-busy",
    summary: "The worker loops while all syncs are busy and a target waits.",
    source: "Venus before #4555",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.spins_when_busy = true),
};

pub(super) const FLOOR_STAYS_RAISED: Mutant<TipsetSync> = Mutant {
    id: "floor-stays-raised",
    summary: "A heavy target raises the least weight for good, even if its sync fails.",
    source: "Venus #5771, open",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.tracker.floor = Floor::Sticky),
};

pub(super) const REQUEUES_ACTIVE: Mutant<TipsetSync> = Mutant {
    id: "requeues-active",
    summary: "A target that waits or runs is queued again when it is announced again.",
    source: "Lotus #4541, issue #4518",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.tracker.knows_active = false),
};

pub(super) const DEFERS_AND_STARTS: Mutant<TipsetSync> = Mutant {
    id: "defers-and-starts",
    summary: "A target is started and stays in the queue.",
    source: "Lotus #4599 (a26420f6e): deferred and spawned",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.tracker.leaves_when_started = false),
};

pub(super) const DROPS_SHARED_PREFIX: Mutant<TipsetSync> = Mutant {
    id: "drops-shared-prefix",
    summary: "A finished sync takes the base of waiting targets with it.",
    source: "Forest #5505: the second fork lost its shared prefix",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.consumes_prefix = true),
};

pub(super) const NO_EPOCH_WINDOW: Mutant<TipsetSync> = Mutant {
    id: "no-epoch-window",
    summary: "Blocks of impossible heights are synced.",
    source: "Lotus #10691, #2000",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.epoch_window = false),
};
