//! Inputs of the pure functions, drawn for tables that are generated.

use std::ops::Range;

use serde_json::{Value, json};

use crate::families::{Draw, Sample, Sampler};

use super::{BranchSpec, Place, Profile, Spec, World};

/// Where a header's bits stand.
const BITS: Range<usize> = 72..76;

/// A sampler that changes the inputs of a table of this family.
macro_rules! varied {
    ($kind:literal) => {
        Sampler::varied(
            $kind,
            include_str!(concat!("../../../vectors/headers-first/", $kind, ".yaml")),
        )
    };
}

pub(super) fn samplers() -> Vec<Sampler> {
    vec![
        Sampler::drawn("best-tip", best_tip),
        Sampler::drawn("block", block),
        Sampler::drawn("fork-point", fork_point),
        Sampler::drawn("getblocks-reply", get_blocks),
        Sampler::drawn("getdata-reply", get_data),
        Sampler::drawn("getheaders-reply", get_headers),
        Sampler::drawn("header-acceptance", header_acceptance),
        Sampler::drawn("locate", locate),
        Sampler::drawn("locator", locator),
        Sampler::drawn("orphans", orphans),
        varied!("block-flags"),
        varied!("block-request"),
        varied!("chain-tips"),
        varied!("have-block"),
        varied!("header-list"),
        varied!("height-to-hash-range"),
        varied!("higher-peers"),
        varied!("interval-block-hashes"),
        varied!("is-current"),
        varied!("start-sync"),
        varied!("sync-candidate"),
    ]
}

/// A chain with up to two side chains.
struct Tree {
    length: u32,
    /// Name, last common block with the main chain, length.
    sides: Vec<(&'static str, u32, u32)>,
    flaw: Option<(usize, u32, &'static str)>,
    tip: Option<String>,
    checkpoint: Option<u32>,
}

const FLAWS: [&str; 8] = [
    "coinbase_height",
    "coinbase_value",
    "difficulty",
    "merkle_root",
    "no_coinbase",
    "proof_of_work",
    "time_too_new",
    "time_too_old",
];

impl Tree {
    fn draw(draw: &mut Draw, length_max: u32, sides_max: u32) -> Self {
        let length = if draw.once_in(4) {
            *draw.one_of(&[1, 2, 11, 12, 13])
        } else {
            draw.number(3, length_max)
        };
        let side = |name, draw: &mut Draw| {
            let fork = draw.number(length.saturating_sub(20), length);
            (name, fork, draw.number(1, 12))
        };
        let sides = draw.number(0, sides_max);
        let sides = ["a", "b"][..sides as usize].iter().map(|name| side(*name, draw)).collect();
        Self { length, sides, flaw: None, tip: None, checkpoint: None }
    }

    fn with_flaw(mut self, draw: &mut Draw) -> Self {
        if !self.sides.is_empty() && draw.once_in(2) {
            let index = draw.between(0, self.sides.len() as u64 - 1) as usize;
            let (_, fork, length) = self.sides[index];
            self.flaw = Some((index, draw.number(fork + 1, fork + length), *draw.one_of(&FLAWS)));
        }
        self
    }

    fn with_tip(mut self, draw: &mut Draw) -> Self {
        if !self.sides.is_empty() && draw.once_in(2) {
            let (name, fork, length) = *draw.one_of(&self.sides);
            self.tip = Some(format!("{name}:{}", fork + length));
        }
        self
    }

    fn with_checkpoint(mut self, draw: &mut Draw) -> Self {
        self.checkpoint = draw.once_in(3).then(|| draw.number(1, self.length));
        self
    }

    fn shape(&self) -> Value {
        let mut shape = json!({ "length": self.length });
        let side = |(index, (name, fork, length)): (usize, &(&str, u32, u32))| {
            let mut side = json!({ "name": name, "fork": fork, "length": length });
            if let Some((_, height, kind)) = self.flaw.filter(|flaw| flaw.0 == index) {
                side["flaw"] = json!({ "height": height, "kind": kind });
            }
            side
        };
        if !self.sides.is_empty() {
            shape["side"] = self.sides.iter().enumerate().map(side).collect();
        }
        if let Some(tip) = &self.tip {
            shape["tip"] = json!(tip);
        }
        if let Some(height) = self.checkpoint {
            shape["checkpoints"] = json!([height.to_string()]);
        }
        shape
    }

    /// The shape in a few words.
    fn words(&self) -> String {
        let mut words = format!("{} blocks", self.length);
        for (name, fork, length) in &self.sides {
            words.push_str(&format!(", {name} of {length} from {fork}"));
        }
        if let Some((index, height, kind)) = self.flaw {
            let kind = kind.replace('_', " ");
            words.push_str(&format!(", {kind} wrong at {}:{height}", self.sides[index].0));
        }
        if let Some(height) = self.checkpoint {
            words.push_str(&format!(", checkpoint {height}"));
        }
        if let Some(tip) = &self.tip {
            words.push_str(&format!(", tip {tip}"));
        }
        words
    }

    /// Any block of the tree; of a side chain if it has one that is wanted.
    fn block(&self, draw: &mut Draw) -> String {
        if !self.sides.is_empty() && draw.once_in(2) {
            let (name, fork, length) = *draw.one_of(&self.sides);
            return format!("{name}:{}", draw.number(fork + 1, fork + length));
        }
        draw.number(0, self.length).to_string()
    }

    /// A block, or a hash that nobody knows.
    fn hash(&self, draw: &mut Draw) -> String {
        if draw.once_in(6) {
            return format!("?{}", draw.number(1, 3));
        }
        self.block(draw)
    }

    fn hashes(&self, draw: &mut Draw, max: u64) -> Vec<String> {
        (0..draw.between(0, max)).map(|_| self.hash(draw)).collect()
    }

    /// All blocks after genesis in runs: now and then one is left out, repeated or out of order.
    fn arrivals(&self, draw: &mut Draw) -> Vec<String> {
        let mut runs = Vec::new();
        let cut = draw.number(1, self.length);
        runs.push(format!("1..{cut}"));
        if cut < self.length {
            runs.push(format!("{}..{}", cut + 1, self.length));
        }
        for (name, fork, length) in &self.sides {
            let (first, last) = (fork + 1, fork + length);
            let (from, to) = if draw.once_in(4) { (last, first) } else { (first, last) };
            runs.push(format!("{name}:{from}..{to}"));
        }
        if draw.once_in(2) {
            let one = draw.between(0, runs.len() as u64 - 1) as usize;
            let other = draw.between(0, runs.len() as u64 - 1) as usize;
            runs.swap(one, other);
        }
        if draw.once_in(4) {
            runs.push(self.block_after_genesis(draw));
        }
        runs
    }

    fn block_after_genesis(&self, draw: &mut Draw) -> String {
        match self.block(draw).as_str() {
            "0" => "1".to_owned(),
            block => block.to_owned(),
        }
    }
}

fn locator(draw: &mut Draw) -> Sample {
    let tree = Tree::draw(draw, 300, 2).with_tip(draw);
    let mut given = json!({ "chain": tree.shape() });
    let mut of = "the best tip".to_owned();
    if !draw.once_in(3) {
        of = tree.hash(draw);
        given["of"] = json!(of);
    }
    Sample::new(format!("of {of} in {}", tree.words()), given)
}

fn question(draw: &mut Draw, tree: &Tree) -> (String, Value) {
    let locator = tree.hashes(draw, 3);
    let mut words = format!("after {}", some(&locator));
    let mut given = json!({ "chain": tree.shape(), "locator": locator });
    if draw.once_in(2) {
        let stop = tree.hash(draw);
        words.push_str(&format!(" up to {stop}"));
        given["stop"] = json!(stop);
    }
    (format!("{words} in {}", tree.words()), given)
}

fn some(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
}

fn locate(draw: &mut Draw) -> Sample {
    let tree = Tree::draw(draw, 80, 2).with_tip(draw);
    let (words, mut given) = question(draw, &tree);
    let max = draw.number(1, 40);
    given["max"] = json!(max);
    Sample::new(format!("{max} {words}"), given)
}

fn get_headers(draw: &mut Draw) -> Sample {
    let length = if draw.once_in(12) { 2_100 } else { 80 };
    let tree = Tree::draw(draw, length, 2).with_tip(draw);
    let (mut words, mut given) = question(draw, &tree);
    if draw.once_in(6) {
        given["current"] = json!(false);
        words.push_str(", not current");
    }
    Sample::new(words, given)
}

fn get_blocks(draw: &mut Draw) -> Sample {
    let length = if draw.once_in(6) { 700 } else { 80 };
    let tree = Tree::draw(draw, length, 2).with_tip(draw);
    let (words, given) = question(draw, &tree);
    Sample::new(words, given)
}

fn get_data(draw: &mut Draw) -> Sample {
    let tree = Tree::draw(draw, 40, 2).with_tip(draw);
    let missing = if draw.once_in(3) { vec![tree.block_after_genesis(draw)] } else { Vec::new() };
    let kinds = ["block", "witness_block", "block", "tx", "unknown"];
    let items: Vec<Value> = (0..draw.between(1, 3))
        .map(|_| {
            let mut of = tree.hashes(draw, 4);
            of.push(tree.hash(draw));
            json!({ "kind": draw.one_of(&kinds), "of": of })
        })
        .collect();
    let mut words = format!("{} lists", items.len());
    let mut given = json!({ "chain": tree.shape(), "items": items });
    if let Some(block) = missing.first() {
        words.push_str(&format!(" without the body of {block}"));
        given["missing"] = json!(missing);
    }
    if draw.once_in(3) {
        let block = tree.block(draw);
        words.push_str(&format!(", to continue after {block}"));
        given["continue_after"] = json!(block);
    }
    Sample::new(format!("{words} in {}", tree.words()), given)
}

fn fork_point(draw: &mut Draw) -> Sample {
    let tree = Tree::draw(draw, 60, 2);
    let (a, b) = (tree.block(draw), tree.block(draw));
    let words = format!("{a} and {b} in {}", tree.words());
    Sample::new(words, json!({ "chain": tree.shape(), "a": a, "b": b }))
}

fn header_acceptance(draw: &mut Draw) -> Sample {
    let tree = Tree::draw(draw, 30, 2).with_flaw(draw).with_checkpoint(draw);
    let mut given = json!({ "chain": tree.shape(), "headers": tree.arrivals(draw) });
    let stored = stored(draw, &tree, &mut given);
    Sample::new(format!("{stored}{}", tree.words()), given)
}

fn best_tip(draw: &mut Draw) -> Sample {
    let tree = Tree::draw(draw, 30, 2).with_flaw(draw).with_checkpoint(draw);
    let mut given = json!({ "chain": tree.shape(), "blocks": tree.arrivals(draw) });
    let stored = stored(draw, &tree, &mut given);
    Sample::new(format!("{stored}{}", tree.words()), given)
}

fn stored(draw: &mut Draw, tree: &Tree, given: &mut Value) -> String {
    if !draw.once_in(3) {
        return String::new();
    }
    let height = draw.number(1, tree.length);
    given["stored"] = json!(height.to_string());
    format!("{height} stored of ")
}

fn orphans(draw: &mut Draw) -> Sample {
    let tree = Tree::draw(draw, 30, 1);
    let mut at_ms = 0;
    let mut blocks = Vec::new();
    for _ in 0..draw.between(1, 4) {
        let of: Vec<String> =
            (0..draw.between(1, 3)).map(|_| tree.block_after_genesis(draw)).collect();
        blocks.push(json!({ "at_ms": at_ms, "of": of }));
        at_ms += *draw.one_of(&[1_000, 60_000, 3_599_999, 3_600_001]);
    }
    let mut given = json!({ "chain": tree.shape(), "blocks": blocks });
    let mut words = format!("{} arrivals", blocks.len());
    if draw.once_in(3) {
        let limit = draw.number(1, 3);
        given["limit"] = json!(limit);
        words.push_str(&format!(", room for {limit}"));
    }
    if draw.once_in(2) {
        let of = tree.block_after_genesis(draw);
        words.push_str(&format!(", root of {of}"));
        given["root_of"] = json!(of);
    }
    Sample::new(format!("{words}, {}", tree.words()), given)
}

/// A block of a small world as its bytes.
fn block(draw: &mut Draw) -> Sample {
    let length = draw.number(1, 40);
    let spec = Spec {
        profile: Profile::default(),
        main: length,
        branches: vec![BranchSpec {
            name: "a".to_owned(),
            fork: Place::main(draw.number(0, length)),
            length: draw.number(1, 5),
            flaw: None,
        }],
        checkpoints: Vec::new(),
        stored: None,
        tip_age_s: draw.number(0, 100_000),
        spacing_s: draw.number(1, 1_200),
    };
    let world = World::build(&spec).expect("the branch leaves a block of the main chain");
    let ids: Vec<_> = world.ids().collect();
    let block = world.block(*draw.one_of(&ids));
    let words = format!("{} of {length} blocks", world.label(&block.hash()));
    let mut bytes = block.to_bytes();
    let mut words = format!("block {words}, spacing {} s", spec.spacing_s);
    if draw.once_in(3) {
        let index = draw.between(0, bytes.len() as u64 - 1) as usize;
        // Libraries differ on bits that name no target: negative, or beyond 256 bits.
        let index = if BITS.contains(&index) { index - BITS.start } else { index };
        bytes[index] ^= 1 << draw.between(0, 7);
        words.push_str(&format!(", byte {index} changed"));
    }
    Sample::new(words, json!({ "bytes": const_hex::encode_prefixed(bytes) }))
}
