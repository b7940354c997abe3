use crate::machine::{PeerId, Time};
use crate::primitives::ethereum_state::Hash32;

use super::message::SyncError;

/// Blocks behind the head that are always executed (geth `fsMinFullBlocks`).
pub const FULL_BLOCKS_MIN: u32 = 64;
/// The last headers of a chain that come late, against small reorganisations (geth
/// `reorgProtHeaderDelay`).
pub const HEADERS_WITHHELD: u32 = 2;
/// Below this distance to the head none are withheld (geth `reorgProtThreshold`).
pub(super) const WITHHOLD_DISTANCE: u32 = 48;
/// Headers of one request (geth `MaxHeaderFetch`).
pub(super) const HEADERS_PER_REQUEST: u32 = 192;
/// Requests of one skeleton (geth `MaxSkeletonSize`).
pub(super) const SKELETON_LENGTH_MAX: u32 = 128;
/// Blocks that are imported in one go (geth `maxResultsProcess`).
pub(super) const RESULTS_MAX: u32 = 2_048;

/// A cycle of syncing with one master (geth v1.10.13 eth/downloader/downloader.go `syncWithPeer`).
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) master: PeerId,
    pub(super) master_connection: u64,
    /// The first header that was asked for.
    pub(super) ancestor: u32,
    pub(super) committed: bool,
    pub(super) pivot: u32,
    /// The next header to ask for.
    pub(super) header_from: u32,
    /// Whether headers still come as a skeleton that is filled.
    pub(super) skeleton: bool,
    pub(super) headers_done: bool,
    /// When to ask for headers again.
    pub(super) headers_at: Option<Time>,
    /// The last block whose content has come.
    pub(super) downloaded: u32,
    /// The last block that was taken from what has come.
    pub(super) taken: u32,
    pub(super) stage: Stage,
    /// The pivot whose state is waited for.
    pub(super) locked_pivot: Option<u32>,
    /// The last block that was taken behind it.
    pub(super) tail: u32,
    /// The sync of a state that goes on or has ended.
    pub(super) state_sync: Option<StateSyncHandle>,
}

/// What the import of blocks waits for (geth `processFastSyncContent`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The state of the pivot, with a look at the chain at this instant at the latest.
    AwaitState {
        /// `None` until the sync of the state has begun.
        look_at: Option<Time>,
    },
    /// These blocks can be imported once the sync of the state has begun.
    Split {
        /// The first.
        first: u32,
        /// The last.
        last: u32,
    },
    /// More blocks.
    Take,
}

/// A sync of a state as its session sees it.
#[derive(Clone, Debug)]
pub(super) struct StateSyncHandle {
    pub(super) root: Hash32,
    pub(super) ended: Option<Result<(), SyncError>>,
}

/// The pivot for a head; `None` when the chain is too short for one.
pub fn pivot_of(head: u32) -> Option<u32> {
    (head > FULL_BLOCKS_MIN).then(|| head - FULL_BLOCKS_MIN)
}

/// Where the pivot moves when the headers of the chain reach `head` (geth `fetchHeaders`): one step
/// ahead when the chain is almost two steps ahead.
pub fn pivot_after_headers(pivot: u32, head: u32) -> u32 {
    if head >= pivot + 2 * FULL_BLOCKS_MIN - 8 { pivot + FULL_BLOCKS_MIN } else { pivot }
}

/// Where the pivot moves when blocks up to `last` are there to be imported (geth
/// `processFastSyncContent`).
pub fn pivot_after_results(pivot: u32, last: u32) -> u32 {
    if last >= pivot + 2 * FULL_BLOCKS_MIN - HEADERS_WITHHELD {
        last - FULL_BLOCKS_MIN + HEADERS_WITHHELD
    } else {
        pivot
    }
}

/// Blocks from `first` to `last` around the pivot: the last one before it, whether it is among
/// them, and the first one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The last block before the pivot, if there is one.
    pub before_to: Option<u32>,
    /// Whether the pivot is there.
    pub has_pivot: bool,
    /// The first block after the pivot, if there is one.
    pub after_from: Option<u32>,
}

/// Splits the blocks from `first` to `last`, both included (geth `splitAroundPivot`).
pub fn split_around_pivot(pivot: u32, first: u32, last: u32) -> Split {
    Split {
        before_to: (first < pivot).then(|| last.min(pivot.saturating_sub(1))),
        has_pivot: (first..=last).contains(&pivot),
        after_from: (last > pivot).then(|| first.max(pivot + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pivot_is_chosen_and_moved_by_the_rule() {
        assert_eq!(pivot_of(64), None);
        assert_eq!(pivot_of(65), Some(1));
        assert_eq!(pivot_after_headers(100, 219), 100);
        assert_eq!(pivot_after_headers(100, 220), 164);
        assert_eq!(pivot_after_results(100, 225), 100);
        assert_eq!(pivot_after_results(100, 226), 164);
    }

    #[test]
    fn blocks_are_split_around_the_pivot() {
        let split = |before_to, has_pivot, after_from| Split { before_to, has_pivot, after_from };
        assert_eq!(split_around_pivot(10, 1, 9), split(Some(9), false, None));
        assert_eq!(split_around_pivot(10, 1, 12), split(Some(9), true, Some(11)));
        assert_eq!(split_around_pivot(10, 10, 10), split(None, true, None));
        assert_eq!(split_around_pivot(10, 11, 12), split(None, false, Some(11)));
        assert_eq!(split_around_pivot(0, 1, 2), split(None, false, Some(1)));
    }
}
