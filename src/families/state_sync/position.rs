/// Where an item stands, as far as the order of fetching needs it: its depth and the first
/// fourteen nibbles of its path (geth trie/sync.go `schedule`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The depth in the upper byte, then fourteen nibbles, each as 15 minus its value.
    priority: u64,
}

/// Nibbles that count for the order.
const NIBBLES: u32 = 14;

impl Position {
    /// The root of the state trie.
    pub(super) const ROOT: Self = Self { priority: 0 };

    /// The place below this one along `key`.
    pub(super) fn below(self, key: &[u8]) -> Self {
        let mut priority = self.priority;
        let above = (priority >> 56) as u32;
        for (depth, &nibble) in (above..NIBBLES).zip(key) {
            priority |= u64::from(15 - nibble.min(15)) << (52 - 4 * depth);
        }
        let depth = u64::from(above) + key.len() as u64;
        Self { priority: priority & (u64::MAX >> 8) | depth << 56 }
    }

    /// The depth in nibbles. Storage and code begin at the depth of their account, 64.
    pub(super) fn depth(self) -> usize {
        Self::depth_of(self.priority)
    }

    /// The deepest first; within a depth by rising path.
    pub(super) fn priority(self) -> u64 {
        self.priority
    }

    /// The shallowest first: the order before geth #21491.
    pub(super) fn breadth_first_priority(self) -> u64 {
        (self.priority & (u64::MAX >> 8)) | (128 - (self.priority >> 56).min(128)) << 56
    }

    /// The depth in a priority.
    pub(super) fn depth_of(priority: u64) -> usize {
        ((priority >> 56) as usize).min(128)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeper_comes_first_then_the_smaller_path() {
        let a = Position::ROOT.below(&[1, 2, 3]);
        assert_eq!(a, Position::ROOT.below(&[1]).below(&[2, 3]));
        assert!(a.priority() > Position::ROOT.below(&[1, 2]).priority());
        assert!(a.priority() > Position::ROOT.below(&[1, 2, 4]).priority());
        assert!(Position::ROOT.below(&[15]).priority() > Position::ROOT.priority());
        let deep = Position::ROOT.below(&[7; 64]).below(&[0; 64]);
        assert_eq!(deep.depth(), 128);
    }
}
