use super::BlockId;

/// A set of blocks of one tree, with a bit for each.
#[derive(Clone, Debug, Default)]
pub struct BlockSet {
    words: Vec<u64>,
}

impl BlockSet {
    /// Adds a block.
    pub fn insert(&mut self, id: BlockId) {
        let (word, bit) = place(id);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= bit;
    }

    /// Whether the block is in the set.
    pub fn contains(&self, id: BlockId) -> bool {
        let (word, bit) = place(id);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

fn place(id: BlockId) -> (usize, u64) {
    let index = id.0 as usize;
    (index / 64, 1 << (index % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_there_and_nothing_else() {
        let mut set = BlockSet::default();
        for index in [0, 63, 64, 1000] {
            set.insert(BlockId(index));
        }
        let there: Vec<u32> = (0..2000).filter(|index| set.contains(BlockId(*index))).collect();
        assert_eq!(there, [0, 63, 64, 1000]);
    }
}
