//! Wrong answers to others.

use crate::families::headers_first::{HeadersFirst, Message, SyncManager};
use crate::machine::{Input, Outbox, Output, Time};
use crate::primitives::bitcoin::BlockHash;

use super::bugged::Bug;

/// All hashes of an inv are its last one.
#[derive(Default)]
pub(super) struct LastHashRepeated;

impl Bug for LastHashRepeated {
    fn after(&mut self, _: &mut SyncManager, _: Time, out: &mut Outbox<HeadersFirst>) {
        for output in out.outputs_mut() {
            if let Output::Send { message: Message::Inv { items }, .. } = output
                && let Some(last) = items.last().copied()
            {
                items.fill(last);
            }
        }
    }
}

/// Getheaders is not answered when there is nothing to send.
#[derive(Default)]
pub(super) struct NoEmptyHeaders;

impl Bug for NoEmptyHeaders {
    fn after(&mut self, _: &mut SyncManager, _: Time, out: &mut Outbox<HeadersFirst>) {
        out.outputs_mut().retain(|output| {
            !matches!(output, Output::Send { message: Message::Headers { headers }, .. }
                if headers.is_empty())
        });
    }
}

/// Headers go on beyond the stop hash.
#[derive(Default)]
pub(super) struct StopIgnored {
    asked: Option<(Vec<BlockHash>, BlockHash)>,
}

impl Bug for StopIgnored {
    fn before(
        &mut self,
        _: &mut SyncManager,
        _: Time,
        input: &mut Input<HeadersFirst>,
        _: &mut Outbox<HeadersFirst>,
    ) -> bool {
        self.asked = match input {
            Input::Message { message: Message::GetHeaders { locator, stop }, .. } => {
                Some((locator.clone(), *stop))
            }
            _ => None,
        };
        true
    }

    fn after(&mut self, manager: &mut SyncManager, now: Time, out: &mut Outbox<HeadersFirst>) {
        let Some((locator, _)) = self.asked.take().filter(|(locator, _)| !locator.is_empty())
        else {
            return;
        };
        for output in out.outputs_mut() {
            if let Output::Send { message, .. } = output
                && matches!(message, Message::Headers { .. })
                && let Some(answer) = manager.headers_after(now, &locator)
            {
                *message = answer;
            }
        }
    }
}

/// What is not there is passed over in silence.
#[derive(Default)]
pub(super) struct NoNotFound;

impl Bug for NoNotFound {
    fn after(&mut self, _: &mut SyncManager, _: Time, out: &mut Outbox<HeadersFirst>) {
        out.outputs_mut().retain(|output| {
            !matches!(output, Output::Send { message: Message::NotFound { .. }, .. })
        });
    }
}
