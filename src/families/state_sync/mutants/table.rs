use crate::families::Mutant;
use crate::families::state_sync::fault::Fault;
use crate::families::state_sync::{Downloader, Start, StateSync};
use crate::machine::Machine;

macro_rules! mutants {
    ($($fault:ident $profile:literal $id:literal $summary:literal $source:literal;)*) => {
        &[$(Mutant {
            id: $id,
            summary: $summary,
            source: $source,
            profile: $profile,
            make: |start: &Start| -> Box<dyn Machine<StateSync>> {
                Box::new(Downloader::with_fault(start, Some(Fault::$fault)))
            },
        }),*]
    };
}

/// All mutants by id.
pub(in crate::families::state_sync) static ALL: &[Mutant<StateSync>] = mutants! {
    AttemptsForgotten "geth-1.10" "attempts-forgotten"
        "Asks for an item for ever though every peer has said that it does not have it."
        "geth #14460: the fail counter was reset on delivery in place of on write";
    AttemptsKept "geth-1.10" "attempts-kept"
        "Counts a timeout or a partial answer against a peer as if it had nothing."
        "geth #3216: the fail counter was not reset on progress; spurious aborts";
    BreadthFirst "geth-1.10" "breadth-first"
        "Asks for the shallowest items first."
        "geth #21491: breadth-first expansion held the whole upper trie";
    CancelWithoutCommit "geth-1.10" "cancel-without-commit"
        "Throws away what is finished when a sync is cancelled or fails."
        "geth #16280: no final commit on abort";
    CodeStoredAsNode "geth-1.10" "code-stored-as-node"
        "Takes a trie node for present because a code of the same hash is."
        "geth #21080: code was stored under its bare hash";
    DepartureNotTracked "geth-1.10" "departure-not-tracked"
        "Waits for the timeout of a peer that has left, and blames it."
        "geth #15138: disconnects were not tracked";
    DepartureOverwrites "geth-1.10" "departure-overwrites"
        "Forgets the request of a peer that left and came back at once."
        "geth #14460: a new request overwrote the active one";
    DropCallbackMissing "geth-1.10" "drop-callback-missing"
        "Panics when it wants to drop a peer."
        "geth #15992, #19232: nil dropPeer callback";
    FinishedKept "geth-1.10" "finished-kept"
        "Keeps requests that have ended."
        "geth #15545: the slice of finished requests kept its references";
    JoinIdlesPeers "geth-1.10" "join-idles-peers"
        "Takes peers that owe an answer for idle when another one joins."
        "geth #14460: busy peers marked idle, two requests in flight, everything duplicated";
    JunkCounts "geth-1.10" "junk-counts"
        "Measures a peer's throughput with all that it sends."
        "geth #17983: items that nobody wanted counted";
    NilBloomAfterRestart "geth-1.10" "nil-bloom-after-restart"
        "Panics at the first answer after a restart."
        "geth #22332: nil bloom filter";
    ParentFirst "geth-1.10" "parent-first"
        "Writes a node before its children."
        "geth trie/sync.go: commit only when no dependency is left";
    PartialAnswerForgotten "geth-1.10" "partial-answer-forgotten"
        "Forgets what is missing in a partial answer."
        "geth #1280: overlapping good and bad deliveries left items behind";
    PivotMoveIdlesPeers "geth-1.10" "pivot-move-idles-peers"
        "Takes all peers for idle when the pivot moves, whatever they owe."
        "geth #21260: restart on a new root marked busy peers idle";
    PivotMovesAfterCommit "geth-1.10" "pivot-moves-after-commit"
        "Moves the pivot when it is committed already."
        "geth #28126, #35402";
    PivotNeverMoves "geth-1.10" "pivot-never-moves"
        "Stays with the first pivot though its state is gone from the network."
        "geth #21529, #26453";
    PivotTooEarly "geth-1.10" "pivot-too-early"
        "Moves the pivot long before it is stale."
        "geth v1.10.13 eth/downloader/downloader.go: 2*fsMinFullBlocks-reorgProtHeaderDelay";
    ProgressNotRestored "geth-1.10" "progress-not-restored"
        "Counts written entries from zero after a restart."
        "geth #16224";
    SecondParentForgotten "geth-1.10" "second-parent-forgotten"
        "Lets only the first parent wait for an item that two share."
        "geth trie/sync.go schedule: append the parents of the duplicate";
    SpindownLeavesBusy "geth-1.10" "spindown-leaves-busy"
        "Takes peers for busy for ever when their requests end after their sync."
        "geth #21260: peers that owed an answer when the root changed stayed busy";
    SpindownWithoutTimers "geth-1.10" "spindown-without-timers"
        "Waits for ever for a silent peer when a sync is replaced."
        "geth #21433: timers exited with the sync that had set them";
    StaleTasksKept "geth-1.10" "stale-tasks-kept"
        "Asks for items of the old state after the pivot has moved."
        "geth #3216: pending requests were kept when the root was switched";
    StallThresholdOne "geth-1.8" "stall-threshold-one"
        "Keeps a silent peer, because two items are asked for at least and one would be a stall."
        "geth #14460, #2855";
    TimeoutForgotten "geth-1.10" "timeout-forgotten"
        "Forgets what a silent peer was asked for."
        "geth #1206: hash timeouts were not handled";
    UnorderedFlush "geth-1.10" "unordered-flush"
        "Writes a batch piece by piece, parents first."
        "geth #19929: the order inside a batch was dropped because it is atomic";
    UnrequestedStored "geth-1.10" "unrequested-stored"
        "Stores whatever a peer sends."
        "geth trie/sync.go Process: ErrNotRequested";
};
