use std::fmt;

use serde_json::Value;
use sha3::{Digest, Sha3_256};

/// Draws inputs of one pure function, for tables that are generated.
#[derive(Clone, Copy)]
pub struct Sampler {
    /// The function's kind.
    pub kind: &'static str,
    /// Where the inputs come from.
    pub source: Source,
}

/// Where inputs of a function come from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// They are drawn.
    Drawn(fn(&mut Draw) -> Sample),
    /// They are those of a table that is written by hand, with small changes.
    Varied(&'static str),
}

impl Sampler {
    /// Draws inputs with a function.
    pub const fn drawn(kind: &'static str, draw: fn(&mut Draw) -> Sample) -> Self {
        Self { kind, source: Source::Drawn(draw) }
    }

    /// Changes the inputs of a table: the text of its file.
    pub const fn varied(kind: &'static str, table: &'static str) -> Self {
        Self { kind, source: Source::Varied(table) }
    }
}

/// One input of a pure function.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// What it shows, in a few words.
    pub name: String,
    /// The input as files have it.
    pub given: Value,
}

impl Sample {
    /// An input with its name.
    pub fn new(name: impl Into<String>, given: Value) -> Self {
        Self { name: name.into(), given }
    }
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sampler").field(&self.kind).finish()
    }
}

/// Small numbers, the same ones for the same seed on every machine (SplitMix64).
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// Numbers that depend on the seed and the words alone.
    pub fn new(seed: u64, words: &[&str]) -> Self {
        let mut hasher = Sha3_256::new();
        hasher.update(seed.to_le_bytes());
        for word in words {
            hasher.update((word.len() as u64).to_le_bytes());
            hasher.update(word);
        }
        let digest = hasher.finalize();
        Self(digest[..8].iter().fold(0, |state, byte| state << 8 | u64::from(*byte)))
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.any() % (high - low + 1)
    }

    /// The same for heights and counts.
    pub fn number(&mut self, low: u32, high: u32) -> u32 {
        let number = self.between(u64::from(low), u64::from(high));
        u32::try_from(number).expect("it is not above `high`")
    }

    /// Whether something happens that happens once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.any().is_multiple_of(times)
    }

    /// One of several.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.between(0, choices.len() as u64 - 1) as usize]
    }

    /// Any bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.any() as u8).collect()
    }
}
