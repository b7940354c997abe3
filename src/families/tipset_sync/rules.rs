//! What clients do differently, and what some did wrong.

use crate::primitives::filecoin::Construction;

/// How a client decides where clients differ, or where one of them was wrong. The profiles and
/// the mutants of the reference are values of this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What makes blocks a tipset.
    pub construction: Construction,
    /// How the tracker works.
    pub tracker: TrackerRules,
    /// How chains are collected and validated.
    pub sync: SyncRules,
    /// How the head is chosen.
    pub head: HeadRules,
    /// How the chain exchange works.
    pub exchange: ExchangeRules,
}

/// How the target tracker works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackerRules {
    /// What a new target must weigh.
    pub floor: Floor,
    /// Which waiting target makes way for a new one.
    pub replace: Replace,
    /// By what targets are compared: their own weight, or only that of their parents.
    pub own_weight: bool,
    /// What must be equal before blocks are merged besides height and parents.
    pub neighbours: Neighbours,
    /// What becomes of a second block of one miner while merging.
    pub second_block: SecondBlock,
    /// What made way is forgotten, not deferred.
    pub forgets_displaced: bool,
    /// Places beyond the capacity.
    pub extra_places: usize,
    /// A target that waits or runs is not taken again.
    pub knows_active: bool,
    /// Finished targets, failed ones too, bar all whose blocks they contain.
    pub history_bars: bool,
    /// A target leaves the waiting list when its sync starts.
    pub leaves_when_started: bool,
}

/// What a new target must weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// At least as much as the lightest entry that the queue ever had last, failed or not.
    Sticky,
    /// Nothing in particular while there is a place; more than the lightest that waits otherwise.
    WhenFull,
}

/// Which waiting target makes way for a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// Whichever waits last, whatever it is.
    AnyIdle,
    /// One whose blocks the new one contains, else any that waits.
    SubsetThenIdle,
    /// One whose blocks the new one contains; when the queue is full, a lighter one.
    SubsetThenLighter,
}

/// Which targets may be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbours {
    /// Height and parents are enough.
    AnyWeight,
    /// Weights and states must be equal too.
    SameClaims,
}

/// What becomes of a second block of one miner while targets are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondBlock {
    /// It is merged.
    Merge,
    /// The new target is refused; its own miners are not looked at.
    Refuse,
    /// Neither of the two is merged.
    Skip,
}

/// How chains are collected and validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncRules {
    /// Blocks beyond the clock's epoch by more than five are not looked at.
    pub epoch_window: bool,
    /// What failed for a passing reason is tried again.
    pub retries: bool,
    /// An early block is taken for a bad one.
    pub early_is_bad: bool,
    /// Bad blocks are remembered.
    pub remembers_bad: bool,
    /// A fork is given up when the first answer does not reach the common ancestor.
    pub one_fork_request: bool,
    /// The length of a fork is bounded on our own side too.
    pub own_side_bounded: bool,
    /// The search for the common ancestor moves on both sides when heights are equal.
    pub skips_ancestor: bool,
    /// The incoming tipset is part of the fork again.
    pub repeats_incoming: bool,
    /// The search ends at genesis.
    pub stops_at_genesis: bool,
    /// An answer with fewer messages than asked for is taken for a whole one.
    pub trusts_message_count: bool,
    /// The end of a failed sync is reported as success.
    pub swallows_errors: bool,
    /// A finished sync takes the targets that build on the same chain with it.
    pub consumes_prefix: bool,
    /// A peer can be asked from the start, not only after its head was fetched.
    pub announcer_usable: bool,
    /// A target within the head is taken for a step forward.
    pub subset_moves_head: bool,
    /// The worker wakes itself while all syncs are busy.
    pub spins_when_busy: bool,
}

/// How the head is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadRules {
    /// How equal weights are decided.
    pub tie: Tie,
    /// The head is whatever was synced last.
    pub last_synced_wins: bool,
    /// Miners with two blocks in an epoch are left out.
    pub drops_equivocators: bool,
    /// When a miner of the head turns out to have two blocks, the next best head is looked for at
    /// all heights, not only nearby; and each height that was validated is looked at.
    pub searches_all: bool,
    /// New tipsets are reported newest first.
    pub applies_newest_first: bool,
    /// A tipset of the chain is looked up by height as if no epoch were empty.
    pub ignores_null_rounds: bool,
    /// The walk to an ancestor never moves.
    pub ancestor_walk_stuck: bool,
    /// A fork is refused that leaves more of our chain than finality allows.
    pub own_side_bounded: bool,
    /// A tipset with the checkpoint's blocks and more may replace it.
    pub expands_checkpoint: bool,
}

/// How equal weights are decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// Any pair of tickets may decide.
    AnyTicket,
    /// The first pair of tickets that differs decides (FIP-0023).
    FirstTicket,
    /// The current head stays.
    Keep,
}

/// How the chain exchange works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeRules {
    /// The status for a head that is not known.
    pub unknown_head: u64,
    /// The server answers with what it has where an ancestor is missing, in place of an error.
    pub answers_broken_chain: bool,
    /// The most bytes of an answer that the server sends; its first tipset may be larger.
    pub answer_bytes_max: Option<usize>,
    /// Hello carries the weight of the head, not that of its parents.
    pub hello_own_weight: bool,
    /// Messages are checked against the headers before the answer counts as good.
    pub checks_roots: bool,
    /// Messages are checked after the answer counted as good: nobody else is asked.
    pub checks_roots_late: bool,
    /// The answer must start at the head that was asked for.
    pub checks_head: bool,
    /// Partial answers are good answers.
    pub takes_partial: bool,
    /// An answer without a tipset is an error.
    pub refuses_empty: bool,
    /// Tickets and members may be absent.
    pub checks_null: bool,
    /// Indices are compared as unsigned integers.
    pub checks_indices: bool,
    /// The server swaps the kinds of messages.
    pub swaps_kinds: bool,
}

impl Rules {
    /// What a correct client does.
    pub const CORRECT: Self = Self {
        construction: Construction::Strict,
        tracker: TrackerRules {
            floor: Floor::WhenFull,
            replace: Replace::SubsetThenLighter,
            own_weight: true,
            neighbours: Neighbours::SameClaims,
            second_block: SecondBlock::Skip,
            forgets_displaced: false,
            extra_places: 0,
            knows_active: true,
            history_bars: false,
            leaves_when_started: true,
        },
        sync: SyncRules {
            epoch_window: true,
            retries: true,
            early_is_bad: false,
            remembers_bad: true,
            one_fork_request: false,
            own_side_bounded: true,
            skips_ancestor: false,
            repeats_incoming: false,
            stops_at_genesis: true,
            trusts_message_count: false,
            swallows_errors: false,
            consumes_prefix: false,
            announcer_usable: true,
            subset_moves_head: false,
            spins_when_busy: false,
        },
        head: HeadRules {
            tie: Tie::FirstTicket,
            last_synced_wins: false,
            drops_equivocators: true,
            searches_all: true,
            applies_newest_first: false,
            ignores_null_rounds: false,
            ancestor_walk_stuck: false,
            own_side_bounded: true,
            expands_checkpoint: false,
        },
        exchange: ExchangeRules {
            unknown_head: super::message::status::NOT_FOUND,
            answers_broken_chain: false,
            answer_bytes_max: None,
            hello_own_weight: true,
            checks_roots: true,
            checks_roots_late: false,
            checks_head: true,
            takes_partial: true,
            refuses_empty: true,
            checks_null: true,
            checks_indices: true,
            swaps_kinds: false,
        },
    };

    /// What Venus does at the pinned commit. A source for each difference stands in the family's
    /// page.
    pub const VENUS: Self = Self {
        construction: Construction::Venus,
        tracker: TrackerRules {
            floor: Floor::Sticky,
            replace: Replace::SubsetThenIdle,
            own_weight: false,
            second_block: SecondBlock::Refuse,
            history_bars: true,
            forgets_displaced: true,
            ..Self::CORRECT.tracker
        },
        sync: SyncRules {
            epoch_window: false,
            retries: false,
            remembers_bad: false,
            one_fork_request: true,
            ..Self::CORRECT.sync
        },
        head: HeadRules { searches_all: false, ..Self::CORRECT.head },
        exchange: ExchangeRules {
            unknown_head: super::message::status::INTERNAL_ERROR,
            hello_own_weight: false,
            checks_roots: false,
            checks_roots_late: true,
            ..Self::CORRECT.exchange
        },
    };

    /// The correct client with the wire habits of Lotus.
    pub const LOTUS: Self = Self {
        construction: Construction::Lotus,
        exchange: ExchangeRules {
            unknown_head: super::message::status::INTERNAL_ERROR,
            ..Self::CORRECT.exchange
        },
        ..Self::CORRECT
    };

    /// The correct client with the construction, the tie-break and the server of Forest.
    pub const FOREST: Self = Self {
        construction: Construction::Forest,
        exchange: ExchangeRules {
            answers_broken_chain: true,
            answer_bytes_max: Some(10 << 20),
            ..Self::CORRECT.exchange
        },
        head: HeadRules { tie: Tie::Keep, ..Self::CORRECT.head },
        ..Self::CORRECT
    };

    /// The names of the profiles; the first is the default.
    pub const PROFILES: [&'static str; 4] = ["filecoin", "venus", "lotus", "forest"];

    /// The rules of a profile; those of a correct client for names that are not known.
    pub fn of(profile: &str) -> Self {
        match profile {
            "venus" => Self::VENUS,
            "lotus" => Self::LOTUS,
            "forest" => Self::FOREST,
            _ => Self::CORRECT,
        }
    }
}
