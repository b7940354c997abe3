use std::collections::VecDeque;
use std::sync::Arc;

use crate::machine::PeerId;
use crate::primitives::ethereum_header::SealedHeader;

/// Where batches wait that are not next to the skeleton yet.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    head: u64,
    batch: u64,
    slots: VecDeque<Slot>,
}

/// Room for one batch.
#[derive(Clone, Debug, Default)]
struct Slot {
    /// Who was asked for it; it stays after the delivery, as the one to blame.
    owner: Option<PeerId>,
    headers: Option<Arc<[SealedHeader]>>,
}

impl Scratch {
    /// Room for `slots` batches of `batch` headers, from number `head` downwards.
    pub fn new(head: u64, batch: u64, slots: u64) -> Self {
        let slots = usize::try_from(slots).unwrap_or(usize::MAX).min(1 << 20);
        Self { head, batch, slots: vec![Slot::default(); slots].into() }
    }

    /// The number of the first header that is missing below the skeleton.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// The origins of the batches that nobody was asked for, the highest first. Genesis is not
    /// among them; `with_genesis` is the bug that it is.
    pub fn free(&self, with_genesis: bool) -> impl Iterator<Item = u64> {
        let origins = (0_u64..).map(|slot| self.head.checked_sub(slot * self.batch));
        self.slots
            .iter()
            .zip(origins)
            .map_while(move |(slot, origin)| {
                let origin = origin.filter(|origin| *origin > 0 || with_genesis)?;
                Some((slot, origin))
            })
            .filter(|(slot, _)| slot.owner.is_none())
            .map(|(_, origin)| origin)
    }

    /// Notes who was asked for a batch.
    pub fn assign(&mut self, origin: u64, owner: PeerId) {
        if let Some(slot) = self.slot_mut(origin) {
            slot.owner = Some(owner);
        }
    }

    /// A request is lost: its slot is free again.
    pub fn revert(&mut self, origin: u64) {
        if let Some(slot) = self.slot_mut(origin) {
            slot.owner = None;
        }
    }

    /// Puts a delivered batch into its slot.
    pub fn deliver(&mut self, origin: u64, headers: Arc<[SealedHeader]>) {
        if let Some(slot) = self.slot_mut(origin) {
            slot.headers = Some(headers);
        }
    }

    /// The batch next to the skeleton, if it was delivered.
    pub fn front(&self) -> Option<Arc<[SealedHeader]>> {
        self.slots.front()?.headers.clone()
    }

    /// Throws away the batch next to the skeleton and returns who delivered it.
    pub fn reject_front(&mut self) -> Option<PeerId> {
        std::mem::take(self.slots.front_mut()?).owner
    }

    /// The batch next to the skeleton is stored: all slots move on.
    pub fn shift(&mut self, consumed: u64) {
        self.slots.pop_front();
        self.slots.push_back(Slot::default());
        self.head -= consumed;
    }

    /// Headers that wait.
    pub fn headers(&self) -> u64 {
        self.slots.iter().filter_map(|slot| slot.headers.as_ref()).map(|h| h.len() as u64).sum()
    }

    fn slot_mut(&mut self, origin: u64) -> Option<&mut Slot> {
        let index = self.head.checked_sub(origin)? / self.batch;
        self.slots.get_mut(usize::try_from(index).ok()?)
    }
}
