use crate::campaign::LOT;

/// Cases between two lines that say how far a search is; more of them, the longer it goes on.
const STRIDES: (u64, u64) = (256, 65_536);

/// Whether a range of cases ends before the case `next`, when these cases have findings: so it is
/// behind a lot with a finding, where a search may end, and every so often.
///
/// It depends on the case and the findings alone, so that the ranges of shards can be put together
/// to those of one run.
pub fn ends_range(next: u64, mut found: impl Iterator<Item = u64>) -> bool {
    let lot = next.saturating_sub(1) / LOT;
    let (least, most) = STRIDES;
    // The largest power of two that is no more than a sixteenth of the way.
    let sixteenth = (next / 16).max(1);
    let stride = (1 << sixteenth.ilog2()).clamp(least, most);
    next.is_multiple_of(stride) || found.any(|case| case / LOT == lot)
}

#[cfg(test)]
mod tests {
    use super::ends_range;

    #[test]
    fn ranges_become_longer_and_stay_few() {
        let ends = |cases: u64| {
            (0..=cases).step_by(16).filter(|next| ends_range(*next, [].into_iter())).count()
        };
        assert_eq!(ends(4_096), 17);
        assert!(ends(1 << 20) < 300);
        assert!(ends_range(48, [33].into_iter()));
        assert!(!ends_range(64, [33].into_iter()));
    }
}
