use crate::families::Deviation;

/// What geth breaks by bugs that are open.
pub(super) const DEVIATIONS: &[Deviation] = &[Deviation {
    profile: "geth-1.17",
    claim: "taken-head-kept",
    source: "v1.17.10 eth/downloader/skeleton.go: processNewHead reads the row of the announced \
             number where the primary subchain is one header, so a row of an older subchain, or one \
             left behind, passes for the head, which is not followed; cleanStales makes a filled \
             block above the head the whole skeleton if its row was left behind",
}];
