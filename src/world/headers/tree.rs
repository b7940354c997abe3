use std::collections::BTreeMap;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::ethereum_state::Hash32;

/// A description of a tree of headers: a trunk from genesis on, and branches of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TreeSpec {
    /// The number of the trunk's last header.
    pub length: u64,
    /// What forks off, branch 1 first; the trunk is branch 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<BranchSpec>,
}

/// A branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BranchSpec {
    /// The branch that it forks off: one with a smaller index.
    pub of: u32,
    /// The last header that both have.
    pub after: u64,
    /// How many headers it has of its own.
    pub length: u64,
}

/// A tree of headers whose hashes link.
#[derive(Clone, Debug)]
pub struct HeaderTree {
    branches: Vec<Branch>,
    by_hash: BTreeMap<Hash32, (u32, u64)>,
}

#[derive(Clone, Debug)]
struct Branch {
    of: u32,
    /// The number of the first header of its own.
    first: u64,
    headers: Vec<SealedHeader>,
}

/// No tree has more headers.
const HEADERS_MAX: u64 = 2_000_000;

impl HeaderTree {
    /// Builds the tree.
    ///
    /// # Errors
    /// The field that fits nothing, and why.
    pub fn build(spec: &TreeSpec) -> Result<Self, (String, String)> {
        let total = spec.branches.iter().fold(spec.length, |sum, b| sum.saturating_add(b.length));
        if spec.length == 0 || total > HEADERS_MAX {
            return Err(("length".to_owned(), format!("1 to {HEADERS_MAX} headers, got {total}")));
        }
        let mut tree = Self { branches: Vec::new(), by_hash: BTreeMap::new() };
        tree.add(Branch { of: 0, first: 0, headers: trunk(spec.length) });
        for (index, branch) in spec.branches.iter().enumerate() {
            let field = |name: &str| format!("branches[{index}].{name}");
            if branch.of as usize > index {
                return Err((field("of"), format!("at most {index}, an earlier branch")));
            }
            let top = tree.top(branch.of);
            if branch.after >= top {
                return Err((field("after"), format!("less than {top}, got {}", branch.after)));
            }
            if branch.length == 0 {
                return Err((field("length"), "at least 1".to_owned()));
            }
            let parent = tree.header(branch.of, branch.after).expect("below the top").clone();
            let first = branch.after + 1;
            let headers = chain(&parent, branch.length, index as u64 + 1);
            tree.add(Branch { of: branch.of, first, headers });
        }
        Ok(tree)
    }

    /// A tree of one trunk, made of headers that stand elsewhere. The first has number 0.
    pub fn of_trunk(headers: Vec<SealedHeader>) -> Self {
        let mut tree = Self { branches: Vec::new(), by_hash: BTreeMap::new() };
        tree.add(Branch { of: 0, first: 0, headers });
        tree
    }

    /// The header with this number on a branch, or on what it forks off.
    pub fn header(&self, branch: u32, number: u64) -> Option<&SealedHeader> {
        let mut branch = self.branches.get(branch as usize)?;
        while number < branch.first {
            branch = self.branches.get(branch.of as usize)?;
        }
        branch.headers.get(usize::try_from(number - branch.first).ok()?)
    }

    /// The number of a branch's last header.
    pub fn top(&self, branch: u32) -> u64 {
        self.branches
            .get(branch as usize)
            .map_or(0, |branch| branch.first + branch.headers.len() as u64 - 1)
    }

    /// How many branches there are, the trunk included.
    pub fn branches(&self) -> u32 {
        u32::try_from(self.branches.len()).expect("a branch has a header, headers are bounded")
    }

    /// The branch that has a header of its own, and the header's number.
    pub fn find(&self, hash: &Hash32) -> Option<(u32, u64)> {
        self.by_hash.get(hash).copied()
    }

    /// Whether a branch, or what it forks off, has this header.
    pub fn is_on(&self, branch: u32, number: u64, hash: &Hash32) -> bool {
        self.header(branch, number).is_some_and(|header| header.hash() == *hash)
    }

    /// A header in words: its number, and its branch if it is not on the trunk.
    pub fn name(&self, hash: &Hash32) -> String {
        match self.find(hash) {
            Some((0, number)) => format!("{number}"),
            Some((branch, number)) => format!("{number}/{branch}"),
            None => format!("?{}", hash.short()),
        }
    }

    fn add(&mut self, branch: Branch) {
        let index = self.branches();
        let own = branch.headers.iter().map(|header| (header.hash(), (index, header.number())));
        self.by_hash.extend(own);
        self.branches.push(branch);
    }
}

fn trunk(length: u64) -> Vec<SealedHeader> {
    /// The trunks of all small trees begin alike, so they are hashed once.
    const SHARED: u64 = 2_048;
    static TRUNK: OnceLock<Vec<SealedHeader>> = OnceLock::new();
    let genesis = || SealedHeader::empty(0, Hash32::ZERO, 0);
    let from = |genesis: SealedHeader, length: u64| {
        let after = chain(&genesis, length, 0);
        std::iter::once(genesis).chain(after).collect::<Vec<_>>()
    };
    if length > SHARED {
        return from(genesis(), length);
    }
    let shared = TRUNK.get_or_init(|| from(genesis(), SHARED));
    shared.iter().take(length as usize + 1).cloned().collect()
}

/// Headers that follow `parent`.
fn chain(parent: &SealedHeader, length: u64, salt: u64) -> Vec<SealedHeader> {
    let mut headers: Vec<SealedHeader> = Vec::new();
    for _ in 0..length {
        let last = headers.last().unwrap_or(parent);
        headers.push(SealedHeader::empty(last.number() + 1, last.hash(), salt));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> HeaderTree {
        let branches = vec![
            BranchSpec { of: 0, after: 4, length: 3 },
            BranchSpec { of: 1, after: 6, length: 5 },
        ];
        HeaderTree::build(&TreeSpec { length: 9, branches }).unwrap()
    }

    #[test]
    fn headers_link() {
        let tree = tree();
        for branch in 0..tree.branches() {
            for number in 1..=tree.top(branch) {
                let header = tree.header(branch, number).unwrap();
                assert_eq!(header.number(), number);
                assert_eq!(header.parent(), tree.header(branch, number - 1).unwrap().hash());
            }
        }
        assert_eq!((tree.top(0), tree.top(1), tree.top(2)), (9, 7, 11));
    }

    #[test]
    fn branches_share_what_is_before_the_fork() {
        let tree = tree();
        assert_eq!(tree.header(2, 4), tree.header(0, 4));
        assert_eq!(tree.header(2, 6), tree.header(1, 6));
        assert_ne!(tree.header(2, 5), tree.header(0, 5));
        assert_eq!(tree.header(1, 8), None);
    }

    #[test]
    fn a_branch_of_nothing_is_refused() {
        let branches = vec![BranchSpec { of: 0, after: 9, length: 1 }];
        assert!(HeaderTree::build(&TreeSpec { length: 9, branches }).is_err());
    }
}
