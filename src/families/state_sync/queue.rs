use std::collections::BinaryHeap;

use super::position::Position;

/// Requests in the order in which they are handed out: by priority, then by their turn.
///
/// geth has one heap (common/prque). Here each depth has its own: nearly all comes and goes at the
/// lowest depths, whose heaps stay small.
///
/// An entry is a priority, then the turn, the smaller first, and the place, in one number: they are
/// compared often.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    heaps: Vec<BinaryHeap<u128>>,
    /// The heaps from here on are empty.
    end: usize,
}

impl Queue {
    /// Adds the request at `place`.
    pub(super) fn push(&mut self, priority: u64, turn: u32, place: u32) {
        let depth = Position::depth_of(priority);
        if self.heaps.len() <= depth {
            self.heaps.resize_with(depth + 1, BinaryHeap::new);
        }
        let entry = u128::from(priority) << 64 | u128::from(!turn) << 32 | u128::from(place);
        self.heaps[depth].push(entry);
        self.end = self.end.max(depth + 1);
    }

    /// The depth, turn and place of what comes next.
    pub(super) fn peek(&mut self) -> Option<(usize, u32, u32)> {
        loop {
            let depth = self.end.checked_sub(1)?;
            if let Some(&entry) = self.heaps[depth].peek() {
                return Some((depth, !((entry >> 32) as u32), entry as u32));
            }
            self.end = depth;
        }
    }

    /// Takes out what [`Self::peek`] has shown.
    pub(super) fn pop(&mut self) {
        if let Some(heap) = self.heaps[..self.end].last_mut() {
            heap.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_comes_first_then_the_smaller_path_then_the_earlier() {
        let at = |key: &[u8]| Position::ROOT.below(key).priority();
        let wanted = [at(&[1, 2, 3]), at(&[1, 1]), at(&[1, 2]), at(&[1, 2]), at(&[0])];
        let mut queue = Queue::default();
        for (place, index) in [(0, 4), (1, 2), (2, 0), (3, 1), (4, 3)] {
            queue.push(wanted[index], place + 7, place);
        }
        let mut places = Vec::new();
        while let Some((_, turn, place)) = queue.peek() {
            assert_eq!(turn, place + 7);
            places.push(place);
            queue.pop();
        }
        assert_eq!(places, [2, 3, 1, 4, 0]);
    }
}
