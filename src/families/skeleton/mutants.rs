//! Machines with the bugs that geth had, to see whether the claims find them.

use crate::families::Mutant;
use crate::machine::Machine;

use super::fault::Fault;
use super::{Skeleton, Start, Syncer};

macro_rules! mutants {
    ($($fault:ident $id:literal $(in $profile:literal)? $summary:literal $source:literal;)*) => {
        &[$(Mutant {
            id: $id,
            summary: $summary,
            source: $source,
            profile: [$($profile,)? "geth-1.17"][0],
            make: |start: &Start| -> Box<dyn Machine<Skeleton>> {
                Box::new(Syncer::with_fault(start, Some(Fault::$fault)))
            },
        }),*]
    };
}

/// All mutants by id.
pub(super) static ALL: &[Mutant<Skeleton>] = mutants! {
    AnchorUnchecked "anchor-unchecked"
        "Takes a batch that begins with another number than was asked for."
        "geth eth/downloader/skeleton.go executeTask: invalid header batch anchor";
    CachedFilled "cached-filled"
        "Cleans by what was filled when the filler last ended, not by what is filled now."
        "geth #33481";
    CleansSideChain "cleans-side-chain"
        "Cleans by the number of the filled block, though it is on another chain."
        "geth #29358";
    CleanupOffByOne "cleanup-off-by-one"
        "Makes the filled header the tail in place of the one above."
        "geth #28581";
    DelivererBlamed "deliverer-blamed"
        "Drops the peer that delivered last, not the one whose batch does not fit."
        "geth eth/downloader/skeleton.go processResponse: scratchOwners[0]";
    EmptyBatchPanics "empty-batch-panics"
        "Reads the first header of an empty batch."
        "geth #24569";
    LeftoverRowDeleted "covered-row-deleted" in "geth-1.10"
        "Deletes a leftover's row at a link though the primary subchain has it."
        "geth #26451, as c4a6621 has it";
    FilledRowNotWritten "filled-row-not-written" in "geth-1.10"
        "Makes the filled block right above the head the whole skeleton, and stores no row of it."
        "geth #26441, #26300, as c4a6621 has it";
    FillerNotSuspended "filler-not-suspended"
        "Lets the filler run while the skeleton is rebuilt."
        "geth eth/downloader/skeleton.go sync: deferred suspend; #35515";
    FinalizedOutOfBounds "finalized-out-of-bounds"
        "Names a finalized header that is not between the bounds."
        "geth eth/downloader/skeleton.go Bounds";
    ForkedHeadAccepted "forked-head-accepted"
        "Takes a head whose parent is not the header below it."
        "geth eth/downloader/skeleton.go processNewHead: errChainForked";
    GappedHeadAccepted "gapped-head-accepted"
        "Takes a head though headers between are missing."
        "geth eth/downloader/skeleton.go processNewHead: errChainGapped";
    GenesisRequested "genesis-requested"
        "Asks for genesis."
        "geth eth/downloader/skeleton.go assignTasks: task*requestHeaders >= scratchHead";
    HeadNotPersisted "head-not-persisted"
        "Keeps an accepted head in memory only."
        "geth eth/downloader/skeleton.go processNewHead: one batch for row and status";
    LeaverKeepsSlots "leaver-keeps-slots"
        "Does not free the batches of a peer that has left."
        "geth eth/downloader/skeleton.go revertRequests";
    LeftoverRowDeleted "leftover-row-deleted"
        "Deletes a leftover's row at a link though the primary subchain has it, and merges nothing."
        "geth #26451 without its mask #33481";
    LinkNotRechecked "link-not-rechecked"
        "Believes in a link though the local chain was cut."
        "geth #33428";
    LinksAboveSnapHead "links-above-snap-head"
        "Links to a block above the snap head."
        "geth #33428";
    LinksToSideChain "links-to-side-chain"
        "Links to a block that is not canonical."
        "geth #35190";
    LinksWithoutBody "links-without-body"
        "Links to a header without a body."
        "geth eth/downloader/skeleton.go linked, without its mask #33428";
    LinksWithoutHeader "links-without-header"
        "Links to a body without a header."
        "geth #25578 without its mask #33428";
    MergeKeepsNext "merge-loses-tail"
        "Leaves the last header of the older subchain out of a merge."
        "geth eth/downloader/skeleton.go mergeSubchains";
    MissingParentPanics "missing-parent-panics"
        "Writes the missing parent of a head to its log."
        "geth #27945, #32221";
    NotForcedRestarts "not-forced-restarts"
        "Begins a new cycle for a head that is not forced."
        "geth eth/downloader/skeleton.go sync: errReorgDenied";
    OverlapNotTrimmed "overlap-not-trimmed"
        "Does not cut back what is persisted where a new head overlaps it."
        "geth eth/downloader/skeleton.go initSync: trimming";
    PivotBelowTailPanics "pivot-below-tail-panics"
        "Looks for the pivot in the skeleton only."
        "geth #24610";
    PivotMovesAfterCommit "pivot-moves-after-commit"
        "Moves the pivot when it is committed."
        "geth #28126, #35402";
    PivotNeverMoves "pivot-never-moves"
        "Stays with a stale pivot."
        "geth #26453, #26429";
    ProgressionUnchecked "progression-unchecked"
        "Does not look whether the headers of a batch link."
        "geth eth/downloader/skeleton.go executeTask: invalid hash progression";
    RequestsOutliveCycle "requests-outlive-cycle"
        "Takes answers to requests of a cycle that has ended."
        "geth eth/downloader/skeleton.go sync: requests are forgotten";
    ScratchConsumedAfterMerge "scratch-consumed-after-merge"
        "Goes on with the scratch space after a merge, and blames its owners."
        "geth #23982";
    ShortBatchAccepted "short-batch-accepted"
        "Takes a batch of another length than was asked for."
        "geth eth/downloader/skeleton.go executeTask: not enough headers";
    SlotNotReverted "slot-not-reverted"
        "Does not free the batch of a request that has failed."
        "geth eth/downloader/skeleton.go revertRequest";
    StatusNotLoaded "status-not-loaded"
        "Begins anew after a restart, whatever is persisted."
        "geth eth/downloader/skeleton.go initSync: ReadSkeletonSyncStatus";
    StaleRowsKept "stale-rows-kept"
        "Never deletes what is filled."
        "geth #24670";
    TimeoutMissing "timeout-missing"
        "Waits for a silent peer for ever."
        "geth eth/downloader/skeleton.go executeTask: TargetTimeout";
    WalksToGenesis "walks-to-genesis"
        "Does not stop when it reaches the local chain."
        "geth #24550";
    WrongChainNotDropped "wrong-chain-not-dropped"
        "Keeps a peer that delivered the wrong chain."
        "geth eth/downloader/skeleton.go processResponse: drop(scratchOwners[0])";
};
