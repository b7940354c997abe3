use crate::families::Mutant;
use crate::families::tipset_sync::family::TipsetSync;
use crate::families::tipset_sync::rules::Tie;

use super::{PROFILE, with};

pub(super) const FIRST_SEEN_EQUIVOCATION: Mutant<TipsetSync> = Mutant {
    id: "first-seen-equivocation",
    summary: "Of two blocks of a miner the first that was seen counts.",
    source: "Venus #6266, Lotus #11104 (FRC-0051)",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.head.drops_equivocators = false),
};

pub(super) const APPLIES_NEWEST_FIRST: Mutant<TipsetSync> = Mutant {
    id: "applies-newest-first",
    summary: "New tipsets are reported newest first.",
    source: "Venus #4252 (42b4882fa), Lotus #636",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.head.applies_newest_first = true),
};

pub(super) const SWALLOWS_ERRORS: Mutant<TipsetSync> = Mutant {
    id: "swallows-errors",
    summary: "A failed sync is reported as complete.",
    source: "Venus #3963 (865d40e8b): the error of another variable",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.swallows_errors = true),
};

pub(super) const REPEATS_INCOMING: Mutant<TipsetSync> = Mutant {
    id: "repeats-incoming",
    summary: "The search for the fork point returns the incoming tipset once more.",
    source: "Lotus #11541",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.repeats_incoming = true),
};

pub(super) const OWN_SIDE_UNBOUNDED: Mutant<TipsetSync> = Mutant {
    id: "own-side-unbounded",
    summary: "The length of a fork is bounded on the other side only.",
    source: "Lotus #5182",
    profile: PROFILE,
    make: |start| {
        with(start, |rules| {
            rules.sync.own_side_bounded = false;
            rules.head.own_side_bounded = false;
        })
    },
};

pub(super) const EXPANDS_CHECKPOINT: Mutant<TipsetSync> = Mutant {
    id: "expands-checkpoint",
    summary: "A tipset with a sibling block takes the place of the checkpoint.",
    source: "Lotus #12747, Venus #6435 (a76e376ee)",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.head.expands_checkpoint = true),
};

pub(super) const RETRIES_BAD: Mutant<TipsetSync> = Mutant {
    id: "retries-bad",
    summary: "Bad blocks are not remembered.",
    source: "Lotus #12763",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.remembers_bad = false),
};

pub(super) const TIE_BY_ANY_TICKET: Mutant<TipsetSync> = Mutant {
    id: "tie-by-any-ticket",
    summary: "Any pair of tickets decides a tie.",
    source: "Lotus #12253, Venus 32c7166ef",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.head.tie = Tie::AnyTicket),
};

pub(super) const KEEPS_FIRST_OF_EQUALS: Mutant<TipsetSync> = Mutant {
    id: "keeps-first-of-equals",
    summary: "Of equally heavy heads the first that was seen stays.",
    source: "Lotus #7378",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.head.tie = Tie::Keep),
};

pub(super) const ANCESTOR_WALK_STUCK: Mutant<TipsetSync> = Mutant {
    id: "ancestor-walk-stuck",
    summary: "The walk that looks for an ancestor never moves.",
    source: "Lotus #3717: IsAncestorOf",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.head.ancestor_walk_stuck = true),
};

pub(super) const HEIGHT_IGNORES_NULL_ROUNDS: Mutant<TipsetSync> = Mutant {
    id: "height-ignores-null-rounds",
    summary: "A tipset is looked up by height as if each epoch had one.",
    source: "Lotus #1915, #1985, #1991, #6240",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.head.ignores_null_rounds = true),
};

pub(super) const SUBSET_MOVES_HEAD: Mutant<TipsetSync> = Mutant {
    id: "subset-moves-head",
    summary: "A target that is a part of the head becomes the head.",
    source: "Lotus #2858, reverted in #2895",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.subset_moves_head = true),
};

pub(super) const WALKS_PAST_GENESIS: Mutant<TipsetSync> = Mutant {
    id: "walks-past-genesis",
    summary: "The parents of genesis are asked for, again and again.",
    source: "Lotus #182 (b5462542a)",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.stops_at_genesis = false),
};

pub(super) const LAST_SYNCED_WINS: Mutant<TipsetSync> = Mutant {
    id: "last-synced-wins",
    summary: "Whatever was synced last becomes the head.",
    source: "Forest #7019: the old head of a slow peer rewinds the chain",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.head.last_synced_wins = true),
};

pub(super) const EARLY_IS_BAD: Mutant<TipsetSync> = Mutant {
    id: "early-is-bad",
    summary: "An early block is bad for ever.",
    source: "Forest #6241, #6613",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.early_is_bad = true),
};

pub(super) const SKIPS_COMMON_ANCESTOR: Mutant<TipsetSync> = Mutant {
    id: "skips-common-ancestor",
    summary: "The walk back on both chains steps over the common ancestor.",
    source: "Forest #1985 (#1873)",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.skips_ancestor = true),
};
