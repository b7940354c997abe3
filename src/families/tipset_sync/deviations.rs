use crate::families::Deviation;

/// What Venus at the pinned commit breaks by design, or by bugs that are open.
pub(super) const DEVIATIONS: &[Deviation] = &[
    venus(
        "bad-not-retried",
        "pkg/chainsync/syncer/syncer.go: badTipSets is written and never read",
    ),
    venus(
        "convergence",
        "pkg/chainsync/types/target_tracker.go: the weight of the parents decides, a failed \
         target is forgotten and bars others (#5771, #6337, #6338)",
    ),
    venus(
        "epoch-window",
        "pkg/chainsync/dispatcher/dispatcher.go sendHead: no look at the clock; Lotus has one",
    ),
    venus(
        "head-independent-of-order",
        "pkg/chain/store.go RefreshHeaviestTipSet: looks at two heights, and a few epochs around \
         a head that lost a block",
    ),
    venus(
        "heaviest-target-synced",
        "pkg/chainsync/types/target_tracker.go Add: the least weight never falls (#5771), any \
         waiting target is replaced",
    ),
    venus("lie-never-becomes-progress", "as one-block-per-miner: such a tipset is validated"),
    venus(
        "one-block-per-miner",
        "pkg/chainsync/types/target_tracker.go widen: a target's own miners are not compared; \
         venus-shared/types NewTipSet does not look at miners",
    ),
];

const fn venus(claim: &'static str, source: &'static str) -> Deviation {
    Deviation { profile: "venus", claim, source }
}
