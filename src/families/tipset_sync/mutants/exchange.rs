use crate::families::Mutant;
use crate::families::tipset_sync::family::TipsetSync;

use super::{PROFILE, with};

pub(super) const EMPTY_ANSWER_PANICS: Mutant<TipsetSync> = Mutant {
    id: "empty-answer-panics",
    summary: "The first tipset of an empty answer is looked at.",
    source: "Venus #4264 (f9a979a2b)",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.exchange.refuses_empty = false),
};

pub(super) const SWAPS_MESSAGE_KINDS: Mutant<TipsetSync> = Mutant {
    id: "swaps-message-kinds",
    summary: "The server swaps BLS and secp256k1 messages.",
    source: "Venus #4245 (d2a676b95)",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.exchange.swaps_kinds = true),
};

pub(super) const PARTIAL_MESSAGES_PANIC: Mutant<TipsetSync> = Mutant {
    id: "partial-messages-panic",
    summary: "An answer with fewer messages than asked for is indexed as if whole.",
    source: "Venus #6209 (ad5a595f3), Lotus #11373",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.trusts_message_count = true),
};

pub(super) const SIGNED_INDEX_CHECK: Mutant<TipsetSync> = Mutant {
    id: "signed-index-check",
    summary: "Indices beyond 63 bits pass the check.",
    source: "Venus #6258 (00c1abeb5)",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.exchange.checks_indices = false),
};

pub(super) const ANNOUNCER_NOT_REGISTERED: Mutant<TipsetSync> = Mutant {
    id: "announcer-not-registered",
    summary: "A peer can be asked only after its head was fetched, and fetching asks \
              registered peers.",
    source: "Venus #5748, issue #5747; Lotus #3667",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.announcer_usable = false),
};

pub(super) const NULL_PANICS: Mutant<TipsetSync> = Mutant {
    id: "null-panics",
    summary: "A null tipset, block or ticket is dereferenced.",
    source: "Lotus #13620",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.exchange.checks_null = false),
};

pub(super) const PARTIAL_FORK_IS_TOO_LONG: Mutant<TipsetSync> = Mutant {
    id: "partial-fork-is-too-long",
    summary: "A fork is too long when one answer does not reach its root.",
    source: "Lotus #11565",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.sync.one_fork_request = true),
};

pub(super) const PARTIAL_IS_FAILURE: Mutant<TipsetSync> = Mutant {
    id: "partial-is-failure",
    summary: "A partial answer counts as a failure.",
    source: "Lotus #1487",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.exchange.takes_partial = false),
};

pub(super) const HEAD_NOT_CHECKED: Mutant<TipsetSync> = Mutant {
    id: "head-not-checked",
    summary: "An answer may start at another tipset than was asked for.",
    source: "Lotus #10756, #2715: segments not checked to connect",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.exchange.checks_head = false),
};

pub(super) const MESSAGES_NOT_CHECKED: Mutant<TipsetSync> = Mutant {
    id: "messages-not-checked",
    summary: "Messages are taken without a look at the roots in the headers.",
    source: "Forest #6828, #4454; Lotus #3939",
    profile: PROFILE,
    make: |start| with(start, |rules| rules.exchange.checks_roots = false),
};
