use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Up to so many heights each have a column, remarkable or not.
const SINGLE_MAX: u64 = 18;

/// The most columns.
const COLUMNS_MAX: usize = 40;

/// Heights as columns: remarkable ones alone, the others between them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The heights of each column, without gaps, by rising height.
    columns: Vec<RangeInclusive<u64>>,
}

impl Axis {
    /// An axis from 0 to `last`.
    pub fn new(last: u64, remarkable: &BTreeSet<u64>) -> Self {
        let mut alone: Vec<u64> = if last < SINGLE_MAX {
            (0..=last).collect()
        } else {
            remarkable.iter().copied().filter(|height| *height <= last).collect()
        };
        // A remarkable height and the gap behind it are two columns; both ends tell most.
        let most = COLUMNS_MAX / 2;
        if last >= SINGLE_MAX && alone.len() > most {
            alone.drain(most / 2..alone.len() - most / 2);
        }
        let mut columns = Vec::new();
        let mut next = 0;
        for height in alone {
            if next < height {
                columns.push(next..=height - 1);
            }
            columns.push(height..=height);
            next = height + 1;
        }
        if next <= last {
            columns.push(next..=last);
        }
        Self { columns }
    }

    /// The heights of each column.
    pub fn columns(&self) -> &[RangeInclusive<u64>] {
        &self.columns
    }

    /// The column of a height.
    pub fn column_of(&self, height: u64) -> Option<usize> {
        let column = self.columns.partition_point(|heights| *heights.end() < height);
        (column < self.columns.len()).then_some(column)
    }

    /// What stands above each column.
    pub fn titles(&self) -> Vec<String> {
        let title = |heights: &RangeInclusive<u64>| match (heights.start(), heights.end()) {
            (start, end) if start == end => start.to_string(),
            (start, end) => format!("{start}..{end}"),
        };
        self.columns.iter().map(title).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(last: u64, remarkable: &[u64]) -> Vec<String> {
        Axis::new(last, &remarkable.iter().copied().collect()).titles()
    }

    #[test]
    fn few_heights_have_a_column_each() {
        assert_eq!(axis(3, &[]), ["0", "1", "2", "3"]);
    }

    #[test]
    fn many_heights_stand_together_between_remarkable_ones() {
        assert_eq!(axis(90, &[0, 4, 5, 90]), ["0", "1..3", "4", "5", "6..89", "90"]);
        assert_eq!(axis(90, &[1]), ["0", "1", "2..90"].map(str::to_owned));
    }

    #[test]
    fn there_are_never_too_many_columns() {
        let all: Vec<u64> = (0..10_000).step_by(2).collect();
        let axis = Axis::new(10_000, &all.into_iter().collect());
        assert!(axis.columns().len() <= COLUMNS_MAX + 1, "{}", axis.columns().len());
        assert_eq!(axis.column_of(5_000), axis.column_of(5_001));
        assert_eq!(axis.column_of(10_001), None);
    }
}
