//! The claims of the family: folds over the trace that derive what is right from the world and
//! from what the subject was sent.

mod answers;
mod chain;
mod checkpoint;
mod dispatch;
mod finish;
mod serve;
mod truth;
mod view;

pub use answers::{ANSWER_MATCHES_REQUEST, answer_matches_request};
pub use chain::{
    EQUIVOCATORS_LEFT_OUT, HEAD_CHANGES_BALANCE, HEAD_NEVER_LIGHTER, ONE_BLOCK_PER_MINER,
    VALIDATED_IN_ORDER, equivocators_left_out, head_changes_balance, head_never_lighter,
    one_block_per_miner, validated_in_order,
};
pub use checkpoint::{
    CHECKPOINT_FINAL, CHECKPOINT_TAKEN, FORK_WITHIN_FINALITY, checkpoint_final, checkpoint_taken,
    fork_within_finality,
};
pub use dispatch::{
    BAD_NOT_RETRIED, COMPLETE_IS_VALIDATED, EPOCH_WINDOW, SYNCED_ONCE, SYNCS_BOUNDED,
    bad_not_retried, complete_is_validated, epoch_window, synced_once, syncs_bounded,
};
pub use finish::{
    HEAD_INDEPENDENT_OF_ORDER, HEAVIEST_TARGET_SYNCED, head_independent_of_order,
    heaviest_target_synced,
};
pub use serve::{HELLO_TELLS_HEAD, SERVER_REPLIES_EXACT, hello_tells_head, server_replies_exact};
