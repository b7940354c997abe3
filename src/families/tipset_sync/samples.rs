//! Inputs of the pure functions, for tables that are generated.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::families::{Draw, Sample, Sampler};
use crate::primitives::filecoin::Block;
use crate::world::tipset::{BlockSpec, Branch, Epoch, TipsetRef, TreeSpec, build};

/// A sampler that changes the inputs of a table of this family.
macro_rules! varied {
    ($kind:literal) => {
        Sampler::varied(
            $kind,
            include_str!(concat!("../../../vectors/tipset-sync/", $kind, ".yaml")),
        )
    };
}

pub(super) fn samplers() -> Vec<Sampler> {
    vec![
        varied!("codec"),
        varied!("exchange-reply"),
        varied!("exchange-validation"),
        varied!("fork-search"),
        varied!("gossip-block"),
        varied!("head-refresh"),
        varied!("height-seek"),
        varied!("sync-buckets"),
        varied!("sync-manager"),
        Sampler::drawn("target-tracker", target_tracker),
        Sampler::drawn("tie-break", tie_break),
        Sampler::drawn("tipset-construction", construction),
        Sampler::drawn("tipset-key", tipset_key),
        Sampler::drawn("weight", weight),
    ]
}

/// The tipsets of two short chains from genesis, branch by branch.
fn tipsets(draw: &mut Draw) -> Vec<Vec<Arc<Block>>> {
    let mut branches = Vec::new();
    for _ in 0..2 {
        let mut epochs = Vec::new();
        for _ in 0..draw.between(1, 3) {
            let first = draw.number(1, 5) as u16;
            let block = |miner| BlockSpec {
                miner,
                wins: draw.number(1, 3),
                messages: draw.number(0, 2) as u8,
                fault: None,
            };
            let blocks = (first..first + 1 + first % 3).map(block).collect();
            epochs.push(Epoch { nulls: draw.number(0, 1), repeat: 1, blocks });
        }
        branches.push(Branch { epochs, ..Branch::default() });
    }
    let lengths: Vec<usize> = branches.iter().map(|branch| branch.epochs.len()).collect();
    let tree = build(&TreeSpec { branches, ..TreeSpec::default() })
        .expect("chains of honest blocks from genesis are a tree");
    let mut tipsets = Vec::new();
    for (branch, length) in (0..).zip(lengths) {
        for index in 0..length as u32 {
            if let Ok(tipset) = tree.tipset(&TipsetRef::new(branch, index)) {
                tipsets.push(tipset.blocks().to_vec());
            }
        }
    }
    tipsets
}

/// One of several tipsets, its blocks in any order.
fn tipset(draw: &mut Draw, tipsets: &[Vec<Arc<Block>>]) -> Vec<Arc<Block>> {
    let mut blocks = draw.one_of(tipsets).clone();
    let turn = draw.between(0, blocks.len() as u64 - 1) as usize;
    blocks.rotate_left(turn);
    blocks
}

fn words(blocks: &[Arc<Block>]) -> String {
    let height = blocks.first().map_or(0, |block| block.height());
    format!("{} blocks at height {height}", blocks.len())
}

fn tipset_key(draw: &mut Draw) -> Sample {
    let tipsets = tipsets(draw);
    let blocks = tipset(draw, &tipsets);
    Sample::new(words(&blocks), json!({ "blocks": blocks }))
}

fn construction(draw: &mut Draw) -> Sample {
    let tipsets = tipsets(draw);
    let mut blocks = tipset(draw, &tipsets);
    let mut name = words(&blocks);
    match draw.between(0, 3) {
        0 => {
            let other = tipset(draw, &tipsets);
            name.push_str(&format!(" with one at height {}", other[0].height()));
            blocks.extend(other.into_iter().take(1));
        }
        1 => {
            blocks.push(Arc::clone(&blocks[0]));
            name.push_str(", the first twice");
        }
        2 if draw.once_in(4) => {
            blocks.clear();
            "no blocks".clone_into(&mut name);
        }
        _ => {}
    }
    let rules = *draw.one_of(&["strict", "venus", "lotus", "forest"]);
    Sample::new(format!("{rules}: {name}"), json!({ "rules": rules, "blocks": blocks }))
}

fn tie_break(draw: &mut Draw) -> Sample {
    let tipsets = tipsets(draw);
    let (challenger, current) = (tipset(draw, &tipsets), tipset(draw, &tipsets));
    let name = format!("{} against {}", words(&challenger), words(&current));
    Sample::new(name, json!({ "challenger": challenger, "current": current }))
}

fn weight(draw: &mut Draw) -> Sample {
    let parent = *draw.one_of(&[0, 1, 255, 1 << 20, u64::MAX]);
    let parent = u128::from(parent) + u128::from(draw.between(0, 1_000));
    let (wins, log2_power) = (draw.between(0, 15), draw.number(1, 70));
    let name = format!("{wins} wins on {parent}, power 2^{log2_power}");
    let given =
        json!({ "parent_weight": parent.to_string(), "wins": wins, "log2_power": log2_power });
    Sample::new(name, given)
}

fn target_tracker(draw: &mut Draw) -> Sample {
    let tipsets = tipsets(draw);
    let (mut steps, mut waiting, mut running) = (Vec::<Value>::new(), 0_u32, 0_u32);
    for _ in 0..draw.between(1, 8) {
        let step = match draw.between(0, 5) {
            0 if waiting > 0 => {
                (waiting, running) = (waiting - 1, running + 1);
                json!({ "type": "start" })
            }
            1 if running > 0 => {
                running -= 1;
                json!({ "type": "finish" })
            }
            _ => {
                waiting += 1;
                json!({ "type": "add", "blocks": tipset(draw, &tipsets) })
            }
        };
        steps.push(step);
    }
    // Lotus and Forest have no target tracker.
    let profile = *draw.one_of(&["filecoin", "venus"]);
    let name = format!("{profile}: {} steps", steps.len());
    Sample::new(name, json!({ "profile": profile, "steps": steps }))
}
