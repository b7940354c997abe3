/// A bug that geth had, or came close to, which the reference machine can be given.
///
/// It stands in the machine itself: most of these bugs are a line that is not there, and cannot be
/// made from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// What was filled last is remembered, not asked for.
    CachedFilled,
    /// Cleaning looks at the number of the filled header only.
    CleansSideChain,
    /// Cleaning leaves the filled header as the tail.
    CleanupOffByOne,
    /// The one who delivered last is blamed for the batch at the front.
    DelivererBlamed,
    /// An empty batch has a first header.
    EmptyBatchPanics,
    /// The bounds name a finalized header that is not between them.
    FinalizedOutOfBounds,
    /// A filled header right above the head becomes the skeleton without a row.
    FilledRowNotWritten,
    /// The filler goes on while the skeleton is rebuilt.
    FillerNotSuspended,
    /// A head is taken whatever its parent is.
    ForkedHeadAccepted,
    /// A head is taken though there is a gap below it.
    GappedHeadAccepted,
    /// Genesis is asked for.
    GenesisRequested,
    /// An accepted head changes the status in memory only.
    HeadNotPersisted,
    /// The slots of a peer that leaves stay taken.
    LeaverKeepsSlots,
    /// A leftover's row is deleted though the primary subchain has it, which is not merged.
    LeftoverRowDeleted,
    /// A new head on a linked skeleton does not look whether it is linked still.
    LinkNotRechecked,
    /// The snap head does not matter to a link.
    LinksAboveSnapHead,
    /// A side chain will do for a link.
    LinksToSideChain,
    /// A block without its body will do for a link.
    LinksWithoutBody,
    /// A block without its header will do for a link.
    LinksWithoutHeader,
    /// A merge leaves out the last header of the older chain.
    MergeKeepsNext,
    /// A log line names the missing ancestor.
    MissingParentPanics,
    /// A head that is not forced restarts the cycle too.
    NotForcedRestarts,
    /// What is persisted is not trimmed where it overlaps a new head.
    OverlapNotTrimmed,
    /// A peer that delivered the wrong chain is asked again.
    WrongChainNotDropped,
    /// The pivot is taken from the skeleton though it lies below.
    PivotBelowTailPanics,
    /// A pivot that is committed moves.
    PivotMovesAfterCommit,
    /// The pivot stays though the head runs away.
    PivotNeverMoves,
    /// Only the first header of a batch is looked at.
    ProgressionUnchecked,
    /// A cycle that ends leaves its requests, and takes their answers.
    RequestsOutliveCycle,
    /// Batches in the scratch space are used after a merge.
    ScratchConsumedAfterMerge,
    /// A batch of any length is taken.
    ShortBatchAccepted,
    /// A slot whose request has failed stays taken.
    SlotNotReverted,
    /// What is persisted is not looked at.
    StatusNotLoaded,
    /// Filled rows are never deleted.
    StaleRowsKept,
    /// Requests have no time limit.
    TimeoutMissing,
    /// A link is looked for at genesis only.
    WalksToGenesis,
    /// The number of the first header is not looked at.
    AnchorUnchecked,
}
