//! What a description says of its chains before the world is built.

use crate::families::headers_first::{Place, Spec};

/// The branches of a description, the main chain first.
#[derive(Clone, Debug)]
pub(super) struct Chains {
    branches: Vec<Chain>,
    /// The chain that the checkpoints stand on, and their heights.
    checkpoints: (usize, Vec<u32>),
}

#[derive(Clone, Debug)]
struct Chain {
    name: String,
    parent: usize,
    /// The height of the last block in common with the parent.
    fork: u32,
    tip: u32,
    /// The last height below which all is valid.
    sound: u32,
}

impl Chains {
    pub(super) fn of(spec: &Spec) -> Self {
        let main =
            Chain { name: "main".to_owned(), parent: 0, fork: 0, tip: spec.main, sound: spec.main };
        let mut branches = vec![main];
        for branch in &spec.branches {
            let parent =
                branches.iter().position(|earlier| earlier.name == branch.fork.branch).unwrap_or(0);
            let fork = branch.fork.height;
            let tip = fork + branch.length;
            let own = branch.flaw.map_or(tip, |flaw| flaw.height - 1);
            let sound = own.min(branches[parent].sound);
            // A branch that leaves its parent below the parent's flaw is free of it.
            let sound = if branches[parent].sound >= fork { own } else { sound };
            branches.push(Chain { name: branch.name.clone(), parent, fork, tip, sound });
        }
        let mut chains = Self { branches, checkpoints: (0, Vec::new()) };
        if let Some(last) = spec.checkpoints.last() {
            let heights = spec.checkpoints.iter().map(|place| place.height).collect();
            chains.checkpoints = (chains.index_of(&last.branch), heights);
        }
        chains
    }

    pub(super) fn len(&self) -> usize {
        self.branches.len()
    }

    pub(super) fn tip(&self, branch: usize) -> u32 {
        self.branches[branch].tip
    }

    /// The last valid height of a branch.
    pub(super) fn sound(&self, branch: usize) -> u32 {
        self.branches[branch].sound
    }

    pub(super) fn place(&self, branch: usize, height: u32) -> Place {
        let (branch, height) = self.resolve(branch, height);
        Place::new(self.branches[branch].name.clone(), height)
    }

    pub(super) fn index_of(&self, name: &str) -> usize {
        self.branches.iter().position(|branch| branch.name == name).unwrap_or(0)
    }

    /// The highest valid block that agrees with the checkpoints; of equals, on the first branch.
    pub(super) fn best(&self) -> (usize, u32) {
        (0..self.len())
            .map(|branch| (branch, self.sound(branch)))
            .filter(|(branch, height)| self.keeps_checkpoints(*branch, *height))
            .fold((self.checkpoints.0, 0), |best, next| if next.1 > best.1 { next } else { best })
    }

    pub(super) fn keeps_checkpoints(&self, branch: usize, height: u32) -> bool {
        let (chain, heights) = &self.checkpoints;
        heights
            .iter()
            .filter(|at| **at <= height)
            .all(|at| self.resolve(branch, *at) == self.resolve(*chain, *at))
    }

    /// The branch that has the block of a branch's chain at a height.
    fn resolve(&self, branch: usize, height: u32) -> (usize, u32) {
        let mut branch = branch;
        while branch != 0 && height <= self.branches[branch].fork {
            branch = self.branches[branch].parent;
        }
        (branch, height)
    }
}
