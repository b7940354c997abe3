use crate::machine::{Family, Time};
use crate::scenario::FaultKind;

use super::run::Tally;

/// What becomes of a message on a faulty link.
#[derive(Debug)]
pub(super) struct Passage<F: Family> {
    /// The message, if it arrives at all, as it arrives.
    pub(super) message: Option<F::Message>,
    /// When it arrives, before the order of its stream is applied.
    pub(super) at: Time,
    /// How often it arrives.
    pub(super) copies: u32,
    /// The fault that changed or repeated it.
    pub(super) fault: Option<FaultKind>,
}

/// Applies faults to a message that would arrive at `at`. No delay reaches beyond the healing.
pub(super) fn pass<F: Family>(
    faults: impl Iterator<Item = FaultKind>,
    message: F::Message,
    at: Time,
    heal_at: Time,
    tally: &mut Tally,
) -> Passage<F> {
    let mut passage = Passage { message: Some(message), at, copies: 1, fault: None };
    for fault in faults {
        let Some(message) = &passage.message else { break };
        match fault {
            FaultKind::Corrupt { salt } => {
                let Some(changed) = F::corrupt(message, salt) else { continue };
                passage.message = Some(changed);
                passage.fault = Some(fault);
                tally.fire("fault:corrupt");
            }
            FaultKind::Delay { by_ms } => {
                passage.at = (passage.at + by_ms).min(heal_at).max(passage.at);
                tally.fire("fault:delay");
            }
            FaultKind::Drop {} => {
                tally.fire("fault:drop");
                return Passage { message: passage.message, copies: 0, ..passage };
            }
            FaultKind::Duplicate {} => {
                passage.copies = 2;
                passage.fault = Some(fault);
                tally.fire("fault:duplicate");
            }
            FaultKind::Truncate { keep } => {
                let Some(cut) = F::truncate(message, keep) else { continue };
                passage.message = Some(cut);
                passage.fault = Some(fault);
                tally.fire("fault:truncate");
            }
        }
    }
    passage
}
