/// A bug that a real client had, which the reference machine can be given.
///
/// It stands in the machine itself: most of these bugs are a line that is not there, and cannot be
/// made from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Every item is asked for until somebody has it: attempts do not count.
    AttemptsForgotten,
    /// Attempts count for a peer that has not answered, or has answered in part.
    AttemptsKept,
    /// The shallowest items come first.
    BreadthFirst,
    /// What is finished is thrown away when a sync is cancelled or fails.
    CancelWithoutCommit,
    /// A code makes a trie node of the same hash present.
    CodeStoredAsNode,
    /// The end of a connection is not noticed.
    DepartureNotTracked,
    /// The end of a connection is noticed late, and until then a new request to the same peer
    /// overwrites the open one.
    DepartureOverwrites,
    /// There is no way to drop a peer, and nobody asks.
    DropCallbackMissing,
    /// Requests that have ended are kept.
    FinishedKept,
    /// All blobs of an answer count for the throughput, wanted or not.
    JunkCounts,
    /// The filter in front of the store is gone after a restart.
    NilBloomAfterRestart,
    /// Parents are written before their children.
    ParentFirst,
    /// What is missing in an answer is forgotten.
    PartialAnswerForgotten,
    /// A sync that moves on takes all peers for idle.
    PivotMoveIdlesPeers,
    /// The pivot moves when it is already committed.
    PivotMovesAfterCommit,
    /// The pivot stays where it was chosen first.
    PivotNeverMoves,
    /// The pivot moves ahead of the confirmed chain.
    PivotTooEarly,
    /// The number of written entries begins anew after a restart.
    ProgressNotRestored,
    /// An item that two parents share counts for the first alone.
    SecondParentForgotten,
    /// Peers whose requests end while no sync goes on stay busy.
    SpindownLeavesBusy,
    /// Timers end with the sync that set them, so nobody wakes the wait for silent peers.
    SpindownWithoutTimers,
    /// All peers are idle when another one joins.
    JoinIdlesPeers,
    /// Only a request of one item makes a silent peer a stalling one.
    StallThresholdOne,
    /// Items of the old state are asked for after the pivot has moved.
    StaleTasksKept,
    /// What a silent peer was asked for is forgotten.
    TimeoutForgotten,
    /// A batch is written piece by piece, in any order.
    UnorderedFlush,
    /// Whatever a peer sends is stored as code.
    UnrequestedStored,
}
