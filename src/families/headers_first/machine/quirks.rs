/// Decisions that a faulty machine takes in another way. All are `false` in the reference; the
/// mutants say which real bug each of them is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quirks {
    /// Blocks are announced also to the peers that know them.
    pub(crate) announces_to_all: bool,
    /// Blocks are announced also while the chain is not current.
    pub(crate) announces_always: bool,
    /// Peers of the same height are synced from too.
    pub(crate) asks_equal_heights: bool,
    /// What is on its way is asked for again.
    pub(crate) asks_in_flight: bool,
    /// The sync peer is asked for the blocks of the best headers, whoever showed those.
    pub(crate) fetches_best_headers: bool,
    /// Blocks up to the height of the own tip are not fetched, on whatever branch.
    pub(crate) fetches_from_tip_height: bool,
    /// A peer that is silent after getblocks is dropped after 30 s.
    pub(crate) inv_deadline: bool,
    /// A peer that was dropped can be chosen again until its connection is gone.
    pub(crate) keeps_dropped: bool,
    /// A peer may owe blocks for ever.
    pub(crate) keeps_debtors: bool,
    /// What a lost peer owed stays marked as on its way.
    pub(crate) keeps_marks: bool,
    /// A sync peer may take as long as it wants.
    pub(crate) turn_has_no_limit: bool,
}
