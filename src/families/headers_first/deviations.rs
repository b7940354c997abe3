use crate::families::Deviation;

const OLD: &str = "btcd-0.25";
const NEW: &str = "btcd-0.26";

/// The *must* claims that btcd itself breaks, read in tags v0.25.0 and v0.26.2. The reference does the
/// right thing there; each place has a comment that begins with `DIFFERENCE`.
pub(super) const CLIENT_DEVIATIONS: &[Deviation] = &[
    btcd(OLD, "convergence", STALLS_OLD),
    btcd(NEW, "convergence", STALLS_NEW),
    btcd(OLD, "headers-link", LIST_OF_HEADERS),
    btcd(OLD, "honest-peer-kept", SILENCE),
    btcd(NEW, "honest-peer-kept", SILENCE),
    btcd(OLD, "lie-never-becomes-progress", LIST_OF_HEADERS),
    btcd(OLD, "locator-descends", LIST_OF_HEADERS),
    btcd(
        OLD,
        "no-duplicate-in-flight",
        "v0.25.0 netsync/manager.go startSync: a new sync peer clears the map of all requests",
    ),
    btcd(
        NEW,
        "no-duplicate-in-flight",
        "v0.26.2 netsync/manager.go handleStallSample: clears the marks of a stalled peer that may \
         stay connected (shouldDCStalledSyncPeer)",
    ),
    btcd(OLD, "no-echo", POINTERS),
    btcd(NEW, "no-echo", POINTERS),
    btcd(OLD, "no-lost-request", NOT_FOUND),
    btcd(NEW, "no-lost-request", NOT_FOUND),
    btcd(OLD, "replies-exact", NOT_CURRENT),
    btcd(NEW, "replies-exact", NOT_CURRENT),
    btcd(
        NEW,
        "request-to-connected-peer",
        "v0.26.2 netsync/manager.go updateSyncPeer, startSync: a peer that was just disconnected is \
         still in peerStates, and can be chosen",
    ),
    btcd(
        OLD,
        "request-to-connected-peer",
        "v0.25.0 netsync/manager.go updateSyncPeer, startSync: a peer that was just disconnected is \
         still in peerStates, and can be chosen",
    ),
];

const STALLS_OLD: &str = "v0.25.0 netsync/manager.go handleInvMsg: without a sync peer that is \
    behind, announcements are not heard; peer/peer.go PushGetBlocksMsg: a lost answer is never asked \
    for again (#229)";

const STALLS_NEW: &str = "v0.26.2 netsync/manager.go handleInvMsg: ibdMode stays on when the sync \
    peer is lost and nobody is higher, and announcements are not heard (#2606); handleBlockMsg: a \
    rejected block is asked of nobody again";

const LIST_OF_HEADERS: &str = "v0.25.0 netsync/manager.go handleHeadersMsg: only the link and the \
    checkpoint are checked, not the work";

const SILENCE: &str = "peer/peer.go maybeAddDeadline in v0.25.0 and v0.26.2: getblocks demands an inv \
    within 30 s, and silence is the answer of who has nothing";

const POINTERS: &str = "peer/peer.go AddKnownInventory, QueueInventory from v0.21.0 on: the cache of \
    what a peer knows is keyed by pointers, so that nothing is found in it";

const NOT_FOUND: &str = "netsync/manager.go handleNotFoundMsg in v0.25.0 and v0.26.2: what a peer does \
    not have is forgotten";

const NOT_CURRENT: &str = "server.go OnGetHeaders, netsync/manager.go current in v0.25.0 and v0.26.2: \
    silent while the sync peer claims a greater height, proven or not";

const fn btcd(profile: &'static str, claim: &'static str, source: &'static str) -> Deviation {
    Deviation { profile, claim, source }
}
