//! Locators and answers against rules written in another way.

use proptest::prelude::*;

use crate::families::headers_first::{ChainView, latest_locator, locate, locator_of};
use crate::primitives::bitcoin::BlockHash;

use super::label::{Label, Labels};
use super::shape::{ChainShape, Shape};

fn shape(length: u32, side: &str, tip: Option<&str>) -> Shape {
    let tip = tip.map_or(String::new(), |tip| format!(", tip: \"{tip}\""));
    let text = format!("{{length: {length}, side: [{side}]{tip}}}");
    let shape: ChainShape = serde_yaml::from_str(&text).unwrap();
    Shape::build(&shape).unwrap()
}

/// A main chain with a side chain of which either may be the best, and a side chain of the side.
fn any_shape() -> impl Strategy<Value = Shape> {
    (2_u32..120, any::<prop::sample::Index>(), 1_u32..40, any::<prop::sample::Index>(), 0..3_u8)
        .prop_map(|(length, fork, own, second, best)| {
            let fork = fork.index(length as usize) as u32;
            let second = fork + second.index(own as usize) as u32;
            let side = format!(
                "{{name: a, fork: {fork}, length: {own}}}, \
                 {{name: b, parent: a, fork: {second}, length: 3}}"
            );
            let tip = match best {
                0 => format!("{length}"),
                1 => format!("a:{}", fork + own),
                _ => format!("b:{}", second + 3),
            };
            shape(length, &side, Some(&tip))
        })
}

/// All hashes of the shape and one that nobody knows.
fn hashes(shape: &Shape) -> Vec<BlockHash> {
    let unknown = shape.hash(&Label::Unknown(1)).unwrap();
    shape.world.ids().map(|id| shape.world.hash(id)).chain([unknown]).collect()
}

/// The best chain, block by block.
fn best(shape: &Shape) -> Vec<BlockHash> {
    (0..=shape.tip_height()).map(|height| shape.hash_at(height).unwrap()).collect()
}

/// The locator's heights in closed form: offsets 0 to 11, then 11 + 2, 11 + 2 + 4, and so on while
/// they are above genesis, then genesis.
fn offsets(height: u32) -> Vec<u32> {
    let single = 0..12_u32;
    let doubling = (1..31).map(|power| 11 + ((1_u32 << (power + 1)) - 2));
    let mut heights: Vec<u32> = single
        .chain(doubling)
        .take_while(|offset| *offset < height)
        .map(|offset| height - offset)
        .collect();
    heights.push(0);
    heights
}

#[test]
fn locators_have_the_known_heights_and_sizes() {
    let shape = shape(3_000, "", None);
    for height in (0..=100).chain([500, 1_000, 2_016, 2_999, 3_000]) {
        let locator = locator_of(&shape, &shape.hash_at(height).unwrap());
        let heights: Vec<u32> = locator.iter().map(|hash| shape.height_of(hash).unwrap()).collect();
        assert_eq!(heights, offsets(height));
        // The size that btcd reserves for it.
        let size = if height <= 12 { height + 1 } else { 12 + (height - 10).ilog2() };
        assert_eq!(locator.len() as u32, size, "height {height}");
    }
}

#[test]
fn labels_are_read_as_they_are_written() {
    for text in ["0", "12", "a:17", "?1"] {
        assert_eq!(text.parse::<Label>().unwrap().to_string(), text);
    }
    for text in ["", "01", "-1", "+1", "a:", ":1", "main:3", "?", "?x", "a:b:1x", "4294967296"] {
        assert!(text.parse::<Label>().is_err(), "{text}");
    }
    for text in ["[\"1..\"]", "[\"..1\"]", "[\"0..4000000000\"]", "[\"1..2..3\"]"] {
        assert!(serde_yaml::from_str::<Labels>(text).is_err(), "{text}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused_with_the_field() {
    let error = |text: &str| {
        let shape: ChainShape = serde_yaml::from_str(text).unwrap();
        Shape::build(&shape).unwrap_err()
    };
    assert!(error("{length: 0}").starts_with("chain.length: "));
    let fork = error("{length: 3, side: [{name: a, fork: 4, length: 1}]}");
    assert!(fork.starts_with("chain.side[0].fork: "), "{fork}");
    assert!(error("{length: 3, tip: \"4\"}").starts_with("4: "));
    assert!(error("{length: 3, tip: \"?1\"}").contains("a block of the chain"));
}

proptest! {
    #[test]
    fn a_locator_is_the_closed_form_on_the_blocks_own_branch(
        shape in any_shape(),
        of in any::<prop::sample::Index>(),
    ) {
        let hashes = hashes(&shape);
        let hash = hashes[of.index(hashes.len())];
        let expected: Vec<BlockHash> = match shape.known_height(&hash) {
            None => latest_locator(&shape),
            Some(height) => {
                offsets(height).into_iter().map(|h| shape.ancestor(&hash, h).unwrap()).collect()
            }
        };
        prop_assert_eq!(locator_of(&shape, &hash), expected);
    }

    #[test]
    fn what_a_locator_finds_is_a_walk_along_the_best_chain(
        shape in any_shape(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        stop in prop::option::of(any::<prop::sample::Index>()),
        max in 1_u32..40,
    ) {
        let hashes = hashes(&shape);
        let locator: Vec<BlockHash> =
            picks.iter().map(|pick| hashes[pick.index(hashes.len())]).collect();
        let stop = stop.map_or(BlockHash::ZERO, |stop| hashes[stop.index(hashes.len())]);
        let best = best(&shape);
        let mut expected = Vec::new();
        if locator.is_empty() {
            expected.extend(shape.known_height(&stop).map(|_| stop));
        } else {
            let start = locator
                .iter()
                .find_map(|hash| best.iter().position(|block| block == hash))
                .unwrap_or(0);
            for block in best.iter().skip(start + 1).take(max as usize) {
                expected.push(*block);
                if *block == stop {
                    break;
                }
            }
        }
        prop_assert_eq!(locate(&shape, &locator, &stop, max), expected);
    }

    #[test]
    fn a_locator_of_any_known_block_leads_to_the_fork(
        shape in any_shape(),
        of in any::<prop::sample::Index>(),
    ) {
        let known = hashes(&shape);
        let hash = known[of.index(known.len() - 1)];
        let best = best(&shape);
        let fork = (0..=shape.known_height(&hash).unwrap())
            .rev()
            .find(|height| shape.height_of(&shape.ancestor(&hash, *height).unwrap()).is_some())
            .unwrap();
        let found = locate(&shape, &locator_of(&shape, &hash), &BlockHash::ZERO, 1);
        // It may begin below the fork, never above it: nothing may be missing in between.
        match found.first() {
            None => prop_assert_eq!(fork as usize, best.len() - 1),
            Some(first) => prop_assert!(shape.height_of(first).unwrap() <= fork + 1),
        }
    }

    #[test]
    fn lists_are_read_as_they_are_written(
        labels in prop::collection::vec(("(a|b|main|\\?)", 0_u32..12), 0..40),
    ) {
        let labels: Labels = labels
            .iter()
            .map(|(branch, number)| match &**branch {
                "main" => number.to_string(),
                "?" => format!("?{number}"),
                branch => format!("{branch}:{number}"),
            })
            .map(|text| text.parse().unwrap())
            .collect();
        let text = serde_json::to_string(&labels).unwrap();
        prop_assert_eq!(serde_json::from_str::<Labels>(&text).unwrap(), labels);
    }
}
